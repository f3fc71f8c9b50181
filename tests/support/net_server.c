/* SPDX-License-Identifier: MIT */
/*
 * A small server on src/net for tests/e2e/net.test.mjs and for measurements: routes that show
 * what a handler gets, options as NAME=VALUE arguments. Prints "port N" for each address, then
 * serves until SIGTERM; SIGHUP reloads. At the end it prints its counters as JSON.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/dataurl.h"
#include "net/form.h"
#include "net/server.h"
#include "net/tls_self.h"

enum { RATE_NONE, RATE_SLOW, RATE_ACCOUNT, RATES };
enum { MAY_ALL, MAY_KEY };

static struct server *running;

static enum err get_hello(const struct request *req, struct response *res, struct worker *w)
{
	return response_text(res, NULL, "hello\n");
}

/* All that the handler sees, as JSON. */
static enum err show(const struct request *req, struct response *res, struct worker *w)
{
	size_t len;
	const uint8_t *body = request_body(req, &len);
	json_t *query = json_object();
	const struct params *all = request_query_all(req);
	for (size_t i = 0; i < all->count; i++)
		json_object_set_new(query, all->item[i].name, json_string(all->item[i].value));
	const char *id = request_param(req, "id");
	const char *rest = request_param(req, "rest");
	const char *header = request_header(req, "X-API-KEY");
	const char *cookie = request_cookie(req, "session");
	json_t *doc = json_pack("{s:s,s:s,s:s*,s:s*,s:o,s:s*,s:s*,s:s,s:b,s:s,s:i,s:s,s:s%}",
		"method", method_name(request_method(req)), "path", request_path(req), "id", id,
		"rest", rest, "query", query, "key", header, "cookie", cookie, "peer",
		request_peer(req), "secure", request_secure(req), "host", request_host(req),
		"length", (int)len, "type", request_type(req), "body",
		len < 200 ? (const char *)body : "", len < 200 ? len : 0);
	return response_json(res, 200, doc);
}

static enum err post_json(const struct request *req, struct response *res, struct worker *w)
{
	json_t *doc;
	enum err err = request_json(req, &doc, response_why(res));
	return err == OK ? response_json(res, 201, doc) : err;
}

static enum err post_form(const struct request *req, struct response *res, struct worker *w)
{
	struct form form;
	enum err err = form_read(&form, req, response_why(res));
	if (err == OK) {
		const char *name = form_field(&form, "name");
		const struct part *image = form_part(&form, "image");
		err = response_json(res, 200,
			json_pack("{s:s*,s:I,s:s*,s:s*}", "name", name, "bytes",
				(json_int_t)(image != NULL ? image->len : 0), "filename",
				image != NULL ? image->filename : NULL, "type",
				image != NULL ? image->type : NULL));
	}
	form_finish(&form);
	return err;
}

static enum err get_slow(const struct request *req, struct response *res, struct worker *w)
{
	const char *ms = request_query(req, "ms");
	long left = ms != NULL ? strtol(ms, NULL, 10) : 100;
	for (; left > 0 && !request_gone(req); left -= 5)
		usleep(5000);
	return response_text(res, NULL, "slow\n");
}

static enum err get_file(const struct request *req, struct response *res, struct worker *w)
{
	return response_file(
		res, getenv("NET_FILE"), "application/octet-stream", response_why(res));
}

static enum err get_big(const struct request *req, struct response *res, struct worker *w)
{
	const char *text = request_query(req, "bytes");
	size_t len = text != NULL ? strtoul(text, NULL, 10) : 1 << 20;
	uint8_t *bytes = malloc(len);
	if (bytes == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i % 251);
	response_take(res, "application/octet-stream", bytes, len);
	return OK;
}

static const uint8_t plain[] = "plain plain plain plain";
static const uint8_t gzip[] = "(gzip)";
static const uint8_t brotli[] = "(br)";
static const struct asset asset = {.path = "/asset",
	.type = "text/plain; charset=utf-8",
	.etag = "\"a1\"",
	.bytes = plain,
	.len = sizeof(plain) - 1,
	.gzip = gzip,
	.gzip_len = sizeof(gzip) - 1,
	.brotli = brotli,
	.brotli_len = sizeof(brotli) - 1,
	.immutable = true};

static enum err get_asset(const struct request *req, struct response *res, struct worker *w)
{
	return response_asset(res, &asset);
}

static enum err get_fail(const struct request *req, struct response *res, struct worker *w)
{
	const char *code = request_query(req, "code");
	enum err err = (enum err)(code != NULL ? strtol(code, NULL, 10) : ERR_NOT_FOUND);
	return err_set(response_why(res), err, "it did not work");
}

static enum err get_cookie(const struct request *req, struct response *res, struct worker *w)
{
	enum err err = response_cookie(res, "session", "abc", 60);
	if (err == OK)
		err = response_cookie(res, "other", "x", -1);
	return err == OK ? response_redirect(res, 303, "/hello") : err;
}

static enum err may(struct request *req, struct response *res, struct worker *w)
{
	if (request_route(req)->access != MAY_KEY)
		return OK;
	const char *key = request_header(req, "x-api-key");
	if (key == NULL || strcmp(key, "right") != 0) {
		enum err err = response_problem(res, 401, "key_wrong", "send X-API-Key", "denied");
		return err == OK ? ERR_DENIED : err;
	}
	request_set_account(req, "account-1");
	return OK;
}

static enum err echo_open(
	const struct request *req, struct response *res, struct channel *ch, struct worker *w)
{
	if (request_query(req, "refuse") != NULL) {
		enum err err = response_problem(res, 403, "refused", NULL, "not you");
		return err == OK ? ERR_DENIED : err;
	}
	enum err err = channel_send(ch, "welcome", 7, false);
	if (request_query(req, "end") != NULL)
		channel_close(ch, 1003, "no device");
	return err;
}

static void echo_message(
	struct channel *ch, const uint8_t *data, size_t len, bool binary, struct worker *w)
{
	if (len == 3 && memcmp(data, "bye", 3) == 0)
		channel_close(ch, 4001, "bye");
	else if (channel_send(ch, data, len, binary) != OK)
		channel_close(ch, 1011, "cannot echo");
}

static atomic_int closes;

static void echo_close(struct channel *ch, int code, struct worker *w)
{
	atomic_fetch_add(&closes, 1);
}

/* Sends much more than it gets: for clients that do not read. */
static void flood_message(
	struct channel *ch, const uint8_t *data, size_t len, bool binary, struct worker *w)
{
	static const char kilobyte[1024] = {'x'};
	for (int i = 0; i < 40000; i++) {
		enum err err = channel_send(ch, kilobyte, sizeof(kilobyte), true);
		if (err != OK)
			return;
	}
	if (channel_send(ch, "last", 4, false) != OK)
		return;
}

static void slow_message(
	struct channel *ch, const uint8_t *data, size_t len, bool binary, struct worker *w)
{
	usleep(50000);
	echo_message(ch, data, len, binary, w);
}

static const char *const protocols[] = {"rollcall.v1", NULL};
static const struct channel_ops echo_ops = {.open = echo_open,
	.message = echo_message,
	.close = echo_close,
	.message_max = 1 << 20,
	.out_max = 4 << 20,
	.protocols = protocols};
static const struct channel_ops close_ops = {
	.message = flood_message, .close = echo_close, .slow = CHANNEL_CLOSE};
static const struct channel_ops drop_ops = {
	.message = flood_message, .close = echo_close, .slow = CHANNEL_DROP_OLDEST};
static const struct channel_ops newest_ops = {
	.message = slow_message, .close = echo_close, .busy = CHANNEL_NEWEST};
static const struct channel_ops wait_ops = {.message = slow_message, .close = echo_close};
static const struct channel_ops idle_ops = {.message = echo_message, .idle_s = 2};

static const struct route routes[] = {
	{METHOD_GET, "/hello", .handler = get_hello},
	{METHOD_GET, "/now", .handler = get_hello, .flags = ROUTE_NOW | ROUTE_QUIET},
	{METHOD_GET, "/show", .handler = show},
	{METHOD_POST, "/show", .handler = show, .body_max = 1 << 20},
	{METHOD_DELETE, "/show", .handler = show},
	{METHOD_GET, "/things/{id}", .handler = show},
	{METHOD_PATCH, "/things/{id}", .handler = show, .body_max = 1024},
	{METHOD_GET, "/things/new", .handler = get_hello},
	{METHOD_GET, "/files/{rest...}", .handler = show},
	{METHOD_POST, "/json", .handler = post_json, .body_max = 1 << 16},
	{METHOD_POST, "/form", .handler = post_form, .body_max = 8 << 20},
	{METHOD_GET, "/slow", .handler = get_slow},
	{METHOD_GET, "/file", .handler = get_file},
	{METHOD_GET, "/big", .handler = get_big},
	{METHOD_GET, "/asset", .handler = get_asset},
	{METHOD_GET, "/fail", .handler = get_fail},
	{METHOD_GET, "/cookie", .handler = get_cookie},
	{METHOD_GET, "/limited", .handler = get_hello, .rate = RATE_SLOW},
	{METHOD_GET, "/key", .handler = show, .access = MAY_KEY, .rate = RATE_ACCOUNT},
	{METHOD_GET, "/open", .handler = get_hello, .flags = ROUTE_ANY_ORIGIN},
	{METHOD_GET, "/echo", .channel = &echo_ops},
	{METHOD_GET, "/flood-close", .channel = &close_ops},
	{METHOD_GET, "/flood-drop", .channel = &drop_ops},
	{METHOD_GET, "/newest", .channel = &newest_ops},
	{METHOD_GET, "/wait", .channel = &wait_ops},
	{METHOD_GET, "/idle", .channel = &idle_ops},
};

static const struct rate_class rates[RATES] = {
	[RATE_SLOW] = {"slow", .address_per_minute = 60, .address_burst = 3},
	[RATE_ACCOUNT] = {"account", .account_per_minute = 60, .account_burst = 5},
};

static void on_signal(int number)
{
	if (number == SIGHUP)
		server_reload(running);
	else
		server_stop(running);
}

static void log_line(void *user, const struct access_entry *e)
{
	if (getenv("NET_LOG") != NULL)
		fprintf(stderr, "%s %s %s %d\n", e->protocol,
			method_name(request_method(e->request)), request_path(e->request),
			e->status);
}

struct setting {
	const char *name;
	size_t offset;
	bool is_size;
};

#define NUMBER(field)                                                 \
	{                                                             \
#field, offsetof(struct server_options, field), false \
	}
#define SIZE(field)                                                  \
	{                                                            \
#field, offsetof(struct server_options, field), true \
	}

static const struct setting settings[] = {
	NUMBER(workers),
	SIZE(queue_max),
	SIZE(connections_max),
	SIZE(address_max),
	SIZE(bodies_max),
	NUMBER(head_timeout_s),
	NUMBER(body_timeout_s),
	NUMBER(body_rate_min),
	NUMBER(write_timeout_s),
	NUMBER(idle_timeout_s),
	NUMBER(stop_timeout_s),
};

static bool set(struct server_options *o, const char *text)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL)
		return false;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t len = (size_t)(equals - text);
		if (strlen(settings[i].name) != len || strncmp(settings[i].name, text, len) != 0)
			continue;
		unsigned long value = strtoul(equals + 1, NULL, 10);
		char *at = (char *)o + settings[i].offset;
		if (settings[i].is_size)
			*(size_t *)(void *)at = value;
		else
			*(int *)(void *)at = (int)value;
		return true;
	}
	return false;
}

static void print_counters(struct server_stats st)
{
	printf("{\"requests\":%lu,\"connections\":%lu,\"channels\":%lu,\"queue_full\":%lu,"
	       "\"rate_limited\":%lu,\"timeouts\":%lu,\"body_bytes\":%lu,\"dropped\":%lu,"
	       "\"closes\":%d}\n",
		st.requests, st.connections, st.channels, st.queue_full, st.rate_limited,
		st.timeouts, st.body_bytes, st.messages_dropped, atomic_load(&closes));
}

/* A certificate of this machine's own, in the folder $NET_SELF. */
static enum err self_signed(struct tls_self *self, struct server_options *o, struct error *why)
{
	struct tls_names names;
	if (getenv("NET_SELF") == NULL)
		return OK;
	enum err err = tls_names_of_machine(&names, why);
	if (err == OK)
		err = tls_self_make(self, getenv("NET_SELF"), &names, clock_now_ms(), why);
	o->tls_cert = self->cert;
	o->tls_key = self->key;
	return err;
}

int main(int argc, char **argv)
{
	static const char *const trusted[] = {"127.0.0.2/32"};
	static const char *const origins[] = {"https://school.example"};
	struct server_options o;
	struct error why = {0};
	server_options_default(&o);
	o.listen[o.listens++] = (struct listen_address){.host = "127.0.0.1"};
	o.route = routes;
	o.routes = sizeof(routes) / sizeof(routes[0]);
	o.rate = rates;
	o.rates = RATES;
	o.trust_proxy = trusted;
	o.trust_proxies = 1;
	o.cors_origin = origins;
	o.cors_origins = 1;
	o.now_ms = clock_now_ms;
	o.authorise = may;
	o.access_log = log_line;
	o.tls_cert = getenv("NET_CERT");
	o.tls_key = getenv("NET_KEY");
	struct tls_self self = {.made = false};
	if (self_signed(&self, &o, &why) != OK) {
		fprintf(stderr, "net_server: %s\n", why.text);
		return 1;
	}
	if (o.tls_cert != NULL)
		o.listen[o.listens++] = (struct listen_address){.host = "127.0.0.1", .tls = true};
	for (int i = 1; i < argc; i++) {
		if (!set(&o, argv[i])) {
			fprintf(stderr, "net_server: no setting '%s'\n", argv[i]);
			return 2;
		}
	}
	if (server_open(&running, &o, &why) != OK) {
		fprintf(stderr, "net_server: %s\n", why.text);
		return 1;
	}
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	for (size_t i = 0; i < o.listens; i++)
		printf("port %d\n", server_port(running, i));
	fflush(stdout);
	enum err err = server_run(running, &why);
	struct server_stats stats;
	server_stats_get(running, &stats);
	server_close(running); /* the last channels hear of their end */
	print_counters(stats);
	tls_self_finish(&self);
	return err == OK ? 0 : 1;
}
