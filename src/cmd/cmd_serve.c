/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "cmd/cmd.h"
#include "cmd/recognise.h"
#include "store/users.h"

struct serve_options {
	const char *host;
	int port;
	bool insecure_lan;
	bool list_routes;
	struct engine_choice choice;
};

static const struct serve_options defaults = {.host = "localhost", .port = 5000};

static const struct option_spec options[] = {
	{.name = "host",
		.kind = OPTION_TEXT,
		.value = "HOST",
		.help = "address or name to listen on (localhost)",
		.offset = offsetof(struct serve_options, host)},
	{.name = "port",
		.kind = OPTION_INT,
		.value = "PORT",
		.help = "port to listen on (5000)",
		.offset = offsetof(struct serve_options, port),
		.min = 0,
		.max = 65535,
		.complete = "-"},
	{.name = "insecure-lan",
		.kind = OPTION_FLAG,
		.help = "listen beyond this machine without TLS: passwords and faces can be read "
			"on the way",
		.offset = offsetof(struct serve_options, insecure_lan)},
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

/* Says where the server is, and how the first administrator gets in. */
static enum err greet(struct cmd *c, const char *base, struct error *why)
{
	char token[TOKEN_TEXT];
	bool has_administrator;
	fprintf(stderr, "Rollcall is at %s\n", base);
	enum err err = administered(c->store, &has_administrator, why);
	if (err != OK || has_administrator)
		return err;
	err = invite(c->store, clock_now_ms(), token, why);
	if (err == OK)
		fprintf(stderr,
			"Nobody can sign in yet. The first administrator opens this once, within "
			"%d days:\n  %s/link#%s\n",
			LINK_DAYS_INVITATION, base, token);
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

static bool is_local(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
		strcmp(host, "::1") == 0;
}

static enum err serve(
	struct cmd *c, struct api *api, const struct serve_options *o, struct error *why)
{
	struct server_options so;
	char base[300];
	server_options_default(&so);
	so.listen[so.listens++] = (struct listen_address){.host = o->host, .port = o->port};
	so.now_ms = clock_now_ms;
	api_serve(api, &so);
	enum err err = server_open(&running, &so, why);
	if (err != OK)
		return err;
	snprintf(base, sizeof(base), "http://%s:%d", o->host, server_port(running, 0));
	err = greet(c, base, why);
	if (err == OK) {
		catch_signals();
		err = server_run(running, why);
	}
	server_close(running);
	return err;
}

static int run(struct cmd *c)
{
	const struct serve_options *o = c->options;
	struct error why = {0};
	struct api *api = NULL;
	char *models = NULL, *home_models = NULL;
	if (o->list_routes) {
		enum err listed = list_routes(c, &why);
		return listed == OK ? EXIT_OK : cmd_fail(&why);
	}
	if (!o->insecure_lan && !is_local(o->host))
		return cmd_usage(c,
			"listening on '%s' needs TLS, or --insecure-lan: browsers give no camera "
			"to "
			"plain HTTP except on localhost",
			o->host);
	enum err err = cmd_store(c, STORE_CREATE, &why);
	if (err == OK)
		err = models_folder(c->models_given, &models, &why);
	if (err == OK)
		err = recognise_home(c, &home_models, &why);
	if (err == OK) {
		struct api_options ao;
		api_options_default(&ao);
		ao.home = c->home;
		ao.now_ms = clock_now_ms;
		ao.pipeline = (struct pipeline_options){.models = models,
			.home_models = home_models,
			.detector = o->choice.detector,
			.embedding = o->choice.embedding,
			.min_score = (float)o->choice.min_score,
			.min_face = (float)o->choice.min_face,
			.threads = c->threads};
		err = api_open(&api, &ao, &why);
	}
	if (err == OK)
		err = serve(c, api, o, &why);
	api_close(api);
	free(models);
	free(home_models);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

const struct command cmd_serve = {
	.name = "serve",
	.summary = "answer browsers, devices and scripts over HTTP",
	.usage = "[--host HOST] [--port PORT]",
	.about = "Serves the web pages, the API and the older systems' interfaces until it is "
		 "stopped (Ctrl-C, SIGTERM). The home folder and the database are made if they are "
		 "not there; the first administrator gets a link to set a password by.",
	.examples = "$ rollcall serve\n"
		    "$ rollcall serve --host 0.0.0.0 --insecure-lan",
	.options = options,
	.options_size = sizeof(struct serve_options),
	.defaults = &defaults,
	.run = run,
};
