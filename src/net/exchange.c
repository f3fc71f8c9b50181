/* SPDX-License-Identifier: MIT */
/* A request and its answer, whatever protocol they come over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/server_int.h"

struct exchange *exchange_new(struct conn *c, int32_t stream)
{
	struct server *s = c->server;
	struct exchange *ex = calloc(1, sizeof(*ex));
	if (ex == NULL)
		return NULL;
	ex->kind = JOB_EXCHANGE;
	ex->server = s;
	ex->conn = c;
	ex->stream = stream;
	ex->begin_us = mono_us();
	ex->match.index = s->options.routes;
	request_init(&ex->req, s->options.now_ms());
	ex->req.peer = c->peer;
	ex->req.secure = c->tls != NULL;
	response_init(&ex->res, &ex->req);
	exchange_phase(ex, PHASE_HEAD);
	ex->next = c->exchanges;
	if (ex->next != NULL)
		ex->next->prev = ex;
	c->exchanges = ex;
	COUNT(s->requests, 1);
	return ex;
}

void exchange_phase(struct exchange *ex, enum exchange_phase phase)
{
	ex->phase = phase;
	ex->phase_ms = ex->moved_ms = ex->server->now_ms;
	ex->moved = 0;
}

void exchange_moved(struct exchange *ex, uint64_t n)
{
	ex->moved += n;
	ex->moved_ms = ex->server->now_ms;
}

bool exchange_is_late(const struct exchange *ex)
{
	const struct server_options *o = &ex->server->options;
	int64_t now = ex->server->now_ms;
	int64_t patience = o->head_timeout_s;
	if (ex->phase == PHASE_WORK)
		return false;
	if (ex->phase == PHASE_HEAD)
		return now >= ex->phase_ms + patience * 1000;
	patience = (ex->phase == PHASE_BODY ? o->body_timeout_s : o->write_timeout_s) * 1000L;
	int64_t earned = (int64_t)(ex->moved / (uint64_t)o->body_rate_min) * 1000;
	return now >= ex->moved_ms + patience || now >= ex->phase_ms + patience + earned;
}

static double ms_between(int64_t from_us, int64_t to_us)
{
	return from_us > 0 && to_us > from_us ? (double)(to_us - from_us) / 1000 : 0;
}

const double stats_bound_ms[STATS_BUCKETS - 1] = {1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 5000};

static void count(struct exchange *ex, int status)
{
	struct server *s = ex->server;
	if (ex->counted)
		return;
	ex->counted = true;
	double total_ms = ms_between(ex->begin_us, mono_us());
	struct route_stats *stats = &s->route_stats[ex->match.index];
	int bucket = 0;
	while (bucket < STATS_BUCKETS - 1 && total_ms > stats_bound_ms[bucket])
		bucket++;
	COUNT(stats->status[status / 100], 1);
	COUNT(stats->bucket[bucket], 1);
	COUNT(stats->total_us, (uint64_t)(total_ms * 1000));
	bool quiet = ex->match.route != NULL && (ex->match.route->flags & ROUTE_QUIET) != 0;
	if (s->options.access_log == NULL || quiet)
		return;
	struct access_entry entry = {.request = &ex->req,
		.protocol = ex->req.protocol,
		.status = status,
		.wait_ms = ms_between(ex->queued_us, ex->work_us),
		.work_ms = ms_between(ex->work_us, ex->done_us),
		.total_ms = total_ms,
		.bytes_in = ex->bytes_in,
		.bytes_out = ex->bytes_out};
	s->options.access_log(s->options.user, &entry);
}

void exchange_free(struct exchange *ex)
{
	UNCOUNT(ex->server->body_bytes, ex->req.body.len);
	request_finish(&ex->req);
	response_finish(&ex->res);
	free(ex->target);
	free(ex);
}

static void drop_channel(struct exchange *ex)
{
	if (ex->channel == NULL)
		return;
	if (ex->accepted)
		channel_detach(ex->channel, 1006);
	channel_release(ex->channel);
	ex->channel = NULL;
}

void exchange_forget(struct exchange *ex)
{
	count(ex, 0);
	drop_channel(ex);
	exchange_free(ex);
}

bool exchange_has_length(const struct exchange *ex)
{
	int status = ex->res.status;
	return status >= 200 && status != 204 && status != 304;
}

void exchange_end(struct exchange *ex)
{
	struct conn *c = ex->conn;
	/* What a worker has is its own until it comes back; see exchange_forget. */
	if (!ex->queued) {
		bool sent = ex->completed && ex->phase == PHASE_ANSWER && ex->sent >= ex->res.len;
		/* One that never had a head is a connection that was closed, not a request. */
		if (ex->phase != PHASE_HEAD || ex->completed)
			count(ex, sent ? ex->res.status : 0);
	}
	if (ex->prev != NULL)
		ex->prev->next = ex->next;
	else
		c->exchanges = ex->next;
	if (ex->next != NULL)
		ex->next->prev = ex->prev;
	ex->prev = ex->next = NULL;
	ex->conn = NULL;
	if (!ex->queued)
		drop_channel(ex);
	atomic_store(&ex->req.gone, true);
	if (!ex->queued)
		exchange_free(ex);
}

static void complete(struct exchange *ex)
{
	const struct server_options *o = &ex->server->options;
	struct response_rules rules = {.csp = o->csp,
		.hsts_s = o->hsts_s,
		.cors_origin = o->cors_origin,
		.cors_origins = o->cors_origins,
		.allow = ex->match.allow,
		.any_origin = ex->match.any_origin};
	if (response_complete(&ex->res, &ex->req, &rules) == OK)
		return;
	/* Out of memory, most likely: the plainest of answers. */
	response_reset(&ex->res);
	response_empty(&ex->res, 500);
}

void exchange_complete(struct exchange *ex)
{
	if (!ex->completed)
		complete(ex);
	ex->completed = true;
}

void exchange_refuse(struct exchange *ex, int status, const char *code, const char *text)
{
	response_reset(&ex->res);
	if (response_problem(&ex->res, status, code, NULL, "%s", text) != OK)
		response_empty(&ex->res, status);
	exchange_complete(ex);
}

static void refuse_for_now(
	struct exchange *ex, int status, const char *code, int retry_s, const char *text)
{
	response_reset(&ex->res);
	if (response_later(&ex->res, status, code, retry_s, text) != OK)
		response_empty(&ex->res, status);
	exchange_complete(ex);
}

void exchange_unreadable(struct exchange *ex, enum err err, const struct error *why)
{
	switch (err) {
	case ERR_LIMIT:
		exchange_refuse(ex, 431, "head_too_large", why->text);
		return;
	case ERR_UNSUPPORTED:
		exchange_refuse(ex, 501, "method_unknown", why->text);
		return;
	case ERR_VERSION:
		exchange_refuse(ex, 505, "version_unknown", why->text);
		return;
	case ERR_FORMAT:
		exchange_refuse(ex, 400, "bad_request", why->text);
		return;
	default:
		exchange_refuse(ex, 500, "internal", "the server could not do this");
		return;
	}
}

/* Neither route nor OPTIONS: 404 or 405. */
static bool find_route(struct exchange *ex)
{
	struct server *s = ex->server;
	struct request *r = &ex->req;
	bool everything = r->method == METHOD_OPTIONS && r->parts.text == NULL;
	if (!everything &&
		router_find(s->router, r->method, &r->parts, &ex->match, &r->param) != OK) {
		exchange_refuse(ex, 500, "internal", "the server could not do this");
		return false;
	}
	r->route = ex->match.route;
	if (r->route != NULL)
		return true;
	if (r->method == METHOD_OPTIONS && (everything || ex->match.allow[0] != '\0')) {
		response_empty(&ex->res, 204);
		exchange_complete(ex);
	} else if (ex->match.allow[0] != '\0') {
		exchange_refuse(
			ex, 405, "method_not_allowed", "this address does not know the method");
	} else {
		exchange_refuse(ex, 404, "not_found", "there is nothing at this address");
	}
	return false;
}

/* Within the rate of this address. */
static bool within_rate(struct exchange *ex)
{
	struct server *s = ex->server;
	int rate = ex->match.route->rate;
	if (rate == 0)
		return true;
	const struct rate_class *class = &s->options.rate[rate];
	char key[ADDRESS_TEXT];
	address_key(&ex->req.client, key);
	struct limit_rate limit = {class->address_per_minute, class->address_burst};
	int retry_s;
	if (limit_take(s->limit, rate, key, limit, s->now_ms, &retry_s))
		return true;
	COUNT(s->rate_limited, 1);
	refuse_for_now(
		ex, 429, "too_many_requests", retry_s, "too many requests from this address");
	return false;
}

static void refuse_large(struct exchange *ex)
{
	char text[128];
	snprintf(
		text, sizeof(text), "the body is larger than %zu bytes", ex->match.route->body_max);
	exchange_refuse(ex, 413, "too_large", text);
}

static bool room_for(struct exchange *ex, uint64_t more)
{
	struct server *s = ex->server;
	uint64_t now = atomic_load_explicit(&s->body_bytes, memory_order_relaxed);
	if (more <= s->options.bodies_max && now <= s->options.bodies_max - more)
		return true;
	refuse_for_now(ex, 503, "busy", RETRY_BUSY_S, "too many uploads at this moment");
	return false;
}

/* A page elsewhere must not open sockets with this browser's cookies. */
static bool origin_fine(struct exchange *ex)
{
	const struct server_options *o = &ex->server->options;
	const char *origin = request_header(&ex->req, "origin");
	if (request_same_origin(&ex->req) || (ex->match.route->flags & ROUTE_ANY_ORIGIN) != 0)
		return true;
	for (size_t i = 0; origin != NULL && i < o->cors_origins; i++) {
		if (strcmp(o->cors_origin[i], origin) == 0)
			return true;
	}
	exchange_refuse(ex, 403, "origin", "this origin may not open a WebSocket here");
	return false;
}

bool exchange_head(struct exchange *ex, bool has_length, uint64_t length)
{
	struct server *s = ex->server;
	struct error why = {0};
	exchange_phase(ex, PHASE_BODY);
	enum err err = request_head_done(&ex->req, s->trusted, s->trusted_count, &why);
	if (err != OK) {
		exchange_unreadable(ex, err, &why);
		return false;
	}
	if (!find_route(ex) || !within_rate(ex))
		return false;
	const struct route *route = ex->match.route;
	if (route->channel != NULL && !origin_fine(ex))
		return false;
	if (has_length && length > route->body_max) {
		refuse_large(ex);
		return false;
	}
	ex->req.body.max = route->body_max;
	return !has_length || room_for(ex, length);
}

bool exchange_body(struct exchange *ex, const uint8_t *bytes, size_t len)
{
	if (ex->completed)
		return true; /* refused already; the rest is read over */
	exchange_moved(ex, len);
	ex->bytes_in += len;
	if (len == 0)
		return true;
	if (!room_for(ex, len))
		return false;
	enum err err = buf_add(&ex->req.body, bytes, len);
	if (err == ERR_LIMIT)
		refuse_large(ex);
	else if (err != OK)
		refuse_for_now(ex, 503, "busy", RETRY_BUSY_S, "the server is out of memory");
	else
		COUNT(ex->server->body_bytes, len);
	return err == OK;
}

/* A route that answers on the loop's thread. */
static void answer_now(struct exchange *ex)
{
	struct worker w = {.server = ex->server};
	ex->work_us = mono_us();
	enum err err = ex->match.route->handler(&ex->req, &ex->res, &w);
	if (err != OK && !ex->res.answered &&
		response_error(&ex->res, err, response_why(&ex->res)) != OK)
		response_empty(&ex->res, 500);
	ex->done_us = mono_us();
	exchange_complete(ex);
}

bool exchange_dispatch(struct exchange *ex)
{
	struct server *s = ex->server;
	const struct route *route = ex->match.route;
	exchange_phase(ex, PHASE_WORK);
	if ((route->flags & ROUTE_NOW) != 0) {
		answer_now(ex);
		return false;
	}
	if (route->channel != NULL) {
		ex->channel = channel_new(s, route->channel);
		if (ex->channel == NULL) {
			refuse_for_now(
				ex, 503, "busy", RETRY_BUSY_S, "the server is out of memory");
			return false;
		}
	}
	ex->queued_us = mono_us();
	ex->queued = true;
	s->in_hand++;
	if (pool_add(s->pool, ex) == OK)
		return true;
	s->in_hand--;
	ex->queued = false;
	if (ex->channel != NULL)
		channel_release(ex->channel);
	ex->channel = NULL;
	COUNT(s->queue_full, 1);
	refuse_for_now(ex, 503, "busy", RETRY_BUSY_S, "the server is busy");
	return false;
}

long exchange_read(struct exchange *ex, uint8_t *space, size_t room)
{
	struct response *res = &ex->res;
	uint64_t left = res->len - ex->sent;
	size_t len = left < room ? (size_t)left : room;
	if (len == 0)
		return 0;
	if (res->fd < 0) {
		memcpy(space, res->bytes + res->first + ex->sent, len);
	} else {
		ssize_t got = pread(res->fd, space, len, (off_t)(res->first + ex->sent));
		if (got <= 0) {
			log_at(LOG_WARN, "request %s: the file became shorter while it was sent",
				ex->req.id);
			return -1;
		}
		len = (size_t)got;
	}
	ex->sent += len;
	ex->bytes_out += len;
	exchange_moved(ex, len);
	return (long)len;
}
