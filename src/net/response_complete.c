/* SPDX-License-Identifier: MIT */
/* What every answer gets before it goes out: see response_int.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/condition.h"
#include "net/header.h"
#include "net/response_int.h"

static const char default_csp[] = "default-src 'self'; img-src 'self' blob: data:; media-src "
				  "'self' blob:; object-src 'none'; "
				  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct header_default {
	const char *name, *value;
};

static const struct header_default defaults[] = {
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(self), microphone=(), geolocation=()"},
	{"Cache-Control", "no-store"},
};

static bool has_field(const struct response *res, const char *name)
{
	for (size_t i = 0; i < res->fields; i++) {
		if (strcasecmp(res->field[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Unless the handler has set it or taken it away. */
static enum err set_default(struct response *res, const char *name, const char *value)
{
	return has_field(res, name) ? OK : response_header(res, name, value);
}

static enum err add_vary(struct response *res, const char *name)
{
	const char *old = response_get_header(res, "Vary");
	if (old == NULL)
		return response_header(res, "Vary", name);
	if (header_list_has(old, name))
		return OK;
	char text[512];
	snprintf(text, sizeof(text), "%s, %s", old, name);
	return response_header(res, "Vary", text);
}

static enum err write_problem(struct response *res)
{
	char *text = json_dumps(res->problem, JSON_COMPACT);
	if (text == NULL)
		return ERR_NOMEM;
	int status = res->status;
	response_take(res, "application/problem+json", text, strlen(text));
	res->ranges = false;
	res->status = status;
	return OK;
}

/* An entity tag names one encoding's bytes (RFC 9110, section 8.8.3.3). */
static enum err tag_encoding(struct response *res, const char *encoding)
{
	const char *tag = response_get_header(res, "ETag");
	char text[ETAG_MAX];
	size_t len = tag != NULL ? strlen(tag) : 0;
	if (len < 2 || len + 8 > sizeof(text) || tag[len - 1] != '"')
		return OK;
	snprintf(text, sizeof(text), "%.*s-%s\"", (int)(len - 1), tag, encoding);
	return response_header(res, "ETag", text);
}

static enum err choose_encoding(struct response *res, const struct request *req)
{
	const struct asset *a = res->asset;
	if (a == NULL || (a->gzip == NULL && a->brotli == NULL))
		return OK;
	enum err err = add_vary(res, "Accept-Encoding");
	const char *accept = request_header(req, "accept-encoding");
	const char *encoding = NULL;
	if (a->brotli != NULL && header_list_has(accept, "br")) {
		encoding = "br";
		res->bytes = a->brotli;
		res->len = a->brotli_len;
	} else if (a->gzip != NULL && header_list_has(accept, "gzip")) {
		encoding = "gzip";
		res->bytes = a->gzip;
		res->len = a->gzip_len;
	}
	if (err != OK || encoding == NULL)
		return err;
	err = response_header(res, "Content-Encoding", encoding);
	return err == OK ? tag_encoding(res, encoding) : err;
}

static bool reads(const struct request *req)
{
	return req->method == METHOD_GET || req->method == METHOD_HEAD;
}

/* Whether the client has it already. */
static bool not_modified(const struct response *res, const struct request *req)
{
	const char *tag = response_get_header(res, "ETag");
	const char *list = request_header(req, "if-none-match");
	if (list != NULL)
		return tag != NULL && etag_in_list(list, tag, true);
	const char *date = response_get_header(res, "Last-Modified");
	const char *since = request_header(req, "if-modified-since");
	int64_t have, asked;
	return date != NULL && since != NULL && http_date_parse(date, &have) &&
		http_date_parse(since, &asked) && have <= asked;
}

static void leave_body(struct response *res, int status)
{
	free(res->owned);
	res->owned = NULL;
	res->bytes = NULL;
	if (res->fd >= 0)
		close(res->fd);
	res->fd = -1;
	res->first = res->len = 0;
	res->has_body = false;
	res->status = status;
}

static enum err apply_range(struct response *res, const struct request *req)
{
	enum err err = set_default(res, "Accept-Ranges", "bytes");
	const char *value = request_header(req, "range");
	if (err != OK || value == NULL || req->method != METHOD_GET)
		return err;
	if (!range_still_holds(request_header(req, "if-range"), response_get_header(res, "ETag"),
		    response_get_header(res, "Last-Modified")))
		return OK;
	struct byte_range range;
	char text[96];
	switch (range_parse(value, res->len, &range)) {
	case OK:
		snprintf(text, sizeof(text), "bytes %llu-%llu/%llu",
			(unsigned long long)range.first,
			(unsigned long long)(range.first + range.count - 1),
			(unsigned long long)res->len);
		res->status = 206;
		res->first = range.first;
		res->len = range.count;
		return response_header(res, "Content-Range", text);
	case ERR_LIMIT:
		snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)res->len);
		leave_body(res, 416);
		return response_header(res, "Content-Range", text);
	default:
		return OK;
	}
}

static enum err apply_conditions(struct response *res, const struct request *req)
{
	if (res->status != 200 || !reads(req))
		return OK;
	if (not_modified(res, req)) {
		leave_body(res, 304);
		return OK;
	}
	return res->ranges ? apply_range(res, req) : OK;
}

static bool origin_allowed(const struct response_rules *rules, const char *origin)
{
	for (size_t i = 0; i < rules->cors_origins; i++) {
		if (strcasecmp(rules->cors_origin[i], origin) == 0)
			return true;
	}
	return false;
}

struct cors_header {
	const char *name, *value;
	bool preflight;
};

static const struct cors_header cors_headers[] = {
	{"Access-Control-Expose-Headers", "ETag, Location, Link, Retry-After, X-Request-Id", false},
	{"Access-Control-Allow-Headers",
		"Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-API-Key",
		true},
	{"Access-Control-Max-Age", "600", true},
};

static enum err apply_cors(
	struct response *res, const struct request *req, const struct response_rules *rules)
{
	const char *origin = request_header(req, "origin");
	enum err err = rules->cors_origins > 0 ? add_vary(res, "Origin") : OK;
	if (origin == NULL || err != OK)
		return err;
	bool known = origin_allowed(rules, origin);
	if (!known && !rules->any_origin)
		return OK;
	bool preflight = req->method == METHOD_OPTIONS &&
		request_header(req, "access-control-request-method") != NULL;
	err = response_header(res, "Access-Control-Allow-Origin", known ? origin : "*");
	if (err == OK && known)
		err = response_header(res, "Access-Control-Allow-Credentials", "true");
	if (err == OK && preflight)
		err = response_header(res, "Access-Control-Allow-Methods", rules->allow);
	for (size_t i = 0; err == OK && i < sizeof(cors_headers) / sizeof(cors_headers[0]); i++) {
		if (cors_headers[i].preflight == preflight)
			err = response_header(res, cors_headers[i].name, cors_headers[i].value);
	}
	if (err == OK)
		err = response_header(res, "Cross-Origin-Resource-Policy", "cross-origin");
	return err;
}

static enum err apply_defaults(
	struct response *res, const struct request *req, const struct response_rules *rules)
{
	enum err err = OK;
	for (size_t i = 0; err == OK && i < sizeof(defaults) / sizeof(defaults[0]); i++)
		err = set_default(res, defaults[i].name, defaults[i].value);
	if (err == OK)
		err = set_default(res, "Content-Security-Policy",
			rules->csp != NULL ? rules->csp : default_csp);
	if (err == OK && rules->hsts_s > 0 && req->secure) {
		char text[64];
		snprintf(text, sizeof(text), "max-age=%ld", rules->hsts_s);
		err = set_default(res, "Strict-Transport-Security", text);
	}
	if (err == OK)
		err = response_header(res, "X-Request-Id", req->id);
	if (err == OK && (res->status == 405 || req->method == METHOD_OPTIONS) &&
		rules->allow[0] != '\0')
		err = set_default(res, "Allow", rules->allow);
	return err;
}

enum err response_complete(
	struct response *res, const struct request *req, const struct response_rules *rules)
{
	enum err err = res->problem != NULL ? write_problem(res) : OK;
	if (err == OK)
		err = choose_encoding(res, req);
	if (err == OK)
		err = apply_conditions(res, req);
	if (err == OK)
		err = apply_cors(res, req, rules);
	if (err == OK)
		err = apply_defaults(res, req, rules);
	return err;
}
