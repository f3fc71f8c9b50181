/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/configure.h"
#include "cmd/recognise.h"
#include "cmd/serve.h"
#include "store/users.h"

/* Most are settings of the configuration too, which takes them by their names. */
struct serve_options {
	const char *host, *tls_cert, *tls_key, *trust_proxy;
	int port, tls, workers;
	bool insecure_lan;
	bool list_routes;
	struct engine_choice choice;
};

static const struct option_spec options[] = {
	{.name = "host",
		.kind = OPTION_TEXT,
		.value = "HOST",
		.help = "address or name to listen on (localhost); 0.0.0.0 or :: for every address",
		.offset = offsetof(struct serve_options, host)},
	{.name = "port",
		.kind = OPTION_INT,
		.value = "PORT",
		.help = "port to listen on (5000); 0 for any free one",
		.offset = offsetof(struct serve_options, port),
		.min = 0,
		.max = 65535,
		.complete = "-"},
	{.name = "tls",
		.kind = OPTION_CHOICE,
		.value = "HOW",
		.help = "off; self to make a certificate for this machine; files to take one",
		.offset = offsetof(struct serve_options, tls),
		.choices = "off|self|files"},
	{.name = "tls-cert",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "the certificate with its chain, PEM",
		.offset = offsetof(struct serve_options, tls_cert),
		.complete = "file"},
	{.name = "tls-key",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "its key, PEM",
		.offset = offsetof(struct serve_options, tls_key),
		.complete = "file"},
	{.name = "insecure-lan",
		.kind = OPTION_FLAG,
		.help = "listen beyond this machine without TLS: passwords and faces can be read "
			"on the way",
		.offset = offsetof(struct serve_options, insecure_lan)},
	{.name = "trust-proxy",
		.kind = OPTION_TEXT,
		.value = "NETWORKS",
		.help = "networks of proxies whose X-Forwarded-For is believed, such as "
			"127.0.0.1/32",
		.offset = offsetof(struct serve_options, trust_proxy)},
	{.name = "workers",
		.kind = OPTION_INT,
		.value = "N",
		.help = "how many requests are worked on at a time; 0 for one a processor (0)",
		.offset = offsetof(struct serve_options, workers),
		.min = 0,
		.max = 64,
		.complete = "-"},
	{.name = "list-routes",
		.kind = OPTION_FLAG,
		.help = "print what the server answers, and leave",
		.offset = offsetof(struct serve_options, list_routes)},
	RECOGNISE_OPTIONS(struct serve_options),
	{0},
};

/* --- what it answers -------------------------------------------------------------------- */

static bool has_route(const struct route *route, size_t count, const struct route *one)
{
	for (size_t i = 0; i < count; i++)
		if (route[i].method == one->method && strcmp(route[i].path, one->path) == 0)
			return true;
	return false;
}

static json_t *route_json(const struct route *r, bool legacy)
{
	return json_pack("{s:s,s:s,s:I,s:b,s:b}", "method", method_name(r->method), "path", r->path,
		"body_max", (json_int_t)r->body_max, "websocket", r->channel != NULL, "legacy",
		legacy);
}

/* Every route, those of the older systems with a mark; a test holds the description to it. */
static enum err list_routes(struct cmd *c, struct error *why)
{
	struct route *own = NULL, *all = NULL;
	size_t owns = 0, count = 0;
	enum err err = api_table(0, &own, &owns, why);
	if (err == OK)
		err = api_table(~0u, &all, &count, why);
	json_t *list = json_array();
	for (size_t i = 0; err == OK && i < count; i++) {
		bool legacy = !has_route(own, owns, &all[i]);
		if (c->json)
			json_array_append_new(list, route_json(&all[i], legacy));
		else
			printf("%-7s %s\n", method_name(all[i].method), all[i].path);
	}
	free(own);
	free(all);
	if (err == OK && c->json && cmd_print_json(json_pack("{s:O}", "routes", list)) != EXIT_OK)
		err = err_set(why, ERR_IO, "the routes were not printed");
	json_decref(list);
	return err;
}

/* --- the first administrator ------------------------------------------------------------ */

/* Whether anybody can sign in to administrate. */
static enum err administered(struct store *store, bool *out, struct error *why)
{
	size_t count = 0;
	enum err err = store_user_count(store, ROLE_ADMINISTRATOR, USER_ACTIVE, &count, why);
	*out = count > 0;
	return err;
}

/* A one-time link for the first administrator; an earlier one that nobody used is replaced. */
static enum err invite(
	struct store *store, int64_t now_ms, char token[static TOKEN_TEXT], struct error *why)
{
	struct user_list users = {0};
	struct user first = {.role = ROLE_ADMINISTRATOR, .name = "Administrator"};
	enum err err = store_users(store, &users, why);
	for (size_t i = 0; err == OK && i < users.count; i++)
		if (users.item[i].role == ROLE_ADMINISTRATOR && users.item[i].state == USER_INVITED)
			first = users.item[i];
	user_list_finish(&users);
	if (err == OK && first.id[0] == '\0')
		err = store_user_add(store, &first, now_ms, why);
	if (err == OK)
		err = store_link_make(store, first.id, LINK_INVITATION, now_ms, token, why);
	return err;
}

/* Says where the server is, whom to trust, and how the first administrator gets in. */
static enum err greet(struct serving *s, struct error *why)
{
	char token[TOKEN_TEXT];
	bool has_administrator;
	fprintf(stderr, "Rollcall is at %s\n", s->base);
	if (s->tls.ca_cert != NULL)
		fprintf(stderr,
			"Its certificate is signed by an authority of this machine's own. Devices "
			"that trust it give no warning:\n  %s\n  SHA-256 %s\n",
			s->tls.ca_cert, s->tls.fingerprint);
	enum err err = administered(s->c->store, &has_administrator, why);
	if (err != OK || has_administrator)
		return err;
	err = invite(s->c->store, clock_now_ms(), token, why);
	if (err == OK)
		fprintf(stderr,
			"Nobody can sign in yet. The first administrator opens this once, within "
			"%d days:\n  %s/link#%s\n",
			LINK_DAYS_INVITATION, s->base, token);
	return err;
}

/* --- running ---------------------------------------------------------------------------- */

static struct server *running; /* for the signal handlers alone */

static void on_signal(int number)
{
	if (number == SIGHUP)
		server_reload(running);
	else
		server_stop(running);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* From now on there is no server for a handler to tell. */
static void ignore_signals(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

/* Serves until a signal says that it is enough. */
static enum err serve(struct serving *s, struct error *why)
{
	enum err err = greet(s, why);
	if (err != OK)
		return err;
	running = s->server;
	catch_signals();
	err = server_run(s->server, why);
	ignore_signals();
	running = NULL;
	return err;
}

static int run(struct cmd *c)
{
	const struct serve_options *o = c->options;
	struct serving s = {0};
	struct error why = {0};
	enum err err;
	if (o->list_routes) {
		err = list_routes(c, &why);
		return err == OK ? EXIT_OK : cmd_fail(&why);
	}
	err = configure_all(c, &why);
	if (err == OK)
		err = config_fill(c->config, server_keys, &s.config, &why);
	if (err == OK)
		err = server_config_check(&s.config, &why);
	if (err == OK)
		err = cmd_store(c, STORE_CREATE, &why);
	if (err == OK)
		err = serving_open(&s, c, &o->choice, &why);
	if (err == OK)
		err = serve(&s, &why);
	serving_close(&s);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

const struct command cmd_serve = {
	.name = "serve",
	.summary = "answer browsers, devices and scripts over HTTP",
	.usage = "[--host HOST] [--port PORT] [--tls self]",
	.about =
		"Serves the web pages, the API and the older systems' interfaces until it is "
		"stopped (Ctrl-C, SIGTERM). The home folder and the database are made if they are "
		"not there; the first administrator gets a link to set a password by.\n"
		"\n"
		"Every setting is in the configuration ('rollcall config'); the options here come "
		"before it. Listening beyond this machine needs TLS or --insecure-lan, as browsers "
		"give no camera to plain HTTP except on localhost. SIGHUP reads the configuration "
		"and the certificate again; the log says what needs a restart.",
	.examples = "$ rollcall serve\n"
		    "$ rollcall serve --host 0.0.0.0 --tls self\n"
		    "$ rollcall serve --host :: --tls-cert chain.pem --tls-key key.pem --port 443\n"
		    "$ rollcall serve --trust-proxy 127.0.0.1/32",
	.options = options,
	.options_size = sizeof(struct serve_options),
	.run = run,
};
