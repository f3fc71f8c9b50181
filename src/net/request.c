/* SPDX-License-Identifier: MIT */
#include "net/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/condition.h"
#include "net/header.h"
#include "net/request_int.h"

static const char *const method_names[METHOD_COUNT] = {
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/* Headers of which a second line is an attack or a mistake, not a longer list. */
static const char *const single_headers[] = {
	"authorization", "content-length", "content-type", "host", "transfer-encoding", "upgrade"};

const char *method_name(enum method method)
{
	return method < METHOD_COUNT ? method_names[method] : "";
}

bool method_parse(const char *text, size_t len, enum method *out)
{
	for (int m = 0; m < METHOD_COUNT; m++) {
		if (strlen(method_names[m]) == len && memcmp(method_names[m], text, len) == 0) {
			*out = (enum method)m;
			return true;
		}
	}
	return false;
}

void request_init(struct request *r, int64_t now_ms)
{
	*r = (struct request){.now_ms = now_ms, .protocol = "HTTP/1.1"};
	buf_init(&r->body, 0);
	atomic_init(&r->gone, false);
	uuid_make(now_ms, r->id);
}

void request_finish(struct request *r)
{
	if (r->release != NULL)
		r->release(r->caller);
	r->release = NULL;
	free(r->path);
	free(r->query_string);
	r->path = r->query_string = NULL;
	url_path_finish(&r->parts);
	params_finish(&r->param);
	params_finish(&r->query);
	params_finish(&r->header);
	params_finish(&r->cookie);
	buf_finish(&r->body);
}

/* A proxy's way to write a target: what stands before the path is the Host header's matter. */
static void skip_authority(const char **target, size_t *len)
{
	if (*len < 8 || (*target)[0] == '/')
		return;
	const char *slashes = memmem(*target, *len, "://", 3);
	if (slashes == NULL ||
		(strncasecmp(*target, "http://", 7) != 0 &&
			strncasecmp(*target, "https://", 8) != 0))
		return;
	const char *end = *target + *len;
	const char *path = memchr(slashes + 3, '/', (size_t)(end - slashes - 3));
	if (path == NULL)
		return;
	*target = path;
	*len = (size_t)(end - path);
}

enum err request_set_target(struct request *r, const char *target, size_t len, struct error *why)
{
	if (len > URL_TARGET_MAX)
		return err_set(
			why, ERR_LIMIT, "the address is longer than %d bytes", URL_TARGET_MAX);
	if (memchr(target, '#', len) != NULL)
		return err_set(why, ERR_FORMAT, "the address has a fragment");
	skip_authority(&target, &len);
	const char *mark = memchr(target, '?', len);
	size_t path_len = mark != NULL ? (size_t)(mark - target) : len;
	size_t query_len = mark != NULL ? len - path_len - 1 : 0;
	r->path = strndup(target, path_len);
	r->query_string = mark != NULL ? strndup(mark + 1, query_len) : strdup("");
	if (r->path == NULL || r->query_string == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err err = OK;
	/* "OPTIONS *" asks about the server as a whole. */
	if (!(r->method == METHOD_OPTIONS && len == 1 && target[0] == '*'))
		err = url_path_parse(&r->parts, target, path_len);
	if (err == ERR_LIMIT)
		return err_set(
			why, ERR_FORMAT, "the path has more than %d segments", URL_SEGMENTS_MAX);
	if (err != OK)
		return err_set(why, err,
			err == ERR_NOMEM ? "out of memory" : "the path is not properly encoded");
	if (mark != NULL)
		err = url_query_parse(&r->query, mark + 1, query_len, QUERY_PARAMS_MAX);
	if (err == ERR_LIMIT)
		return err_set(
			why, ERR_FORMAT, "the query has more than %d parameters", QUERY_PARAMS_MAX);
	if (err != OK)
		return err_set(why, err,
			err == ERR_NOMEM ? "out of memory" : "the query is not properly encoded");
	return OK;
}

static bool is_single(const char *name)
{
	for (size_t i = 0; i < sizeof(single_headers) / sizeof(single_headers[0]); i++) {
		if (strcmp(single_headers[i], name) == 0)
			return true;
	}
	return false;
}

static enum err join_header(
	struct request *r, const char *name, const char *value, size_t value_len, struct error *why)
{
	if (is_single(name))
		return err_set(why, ERR_FORMAT, "the header '%s' is there twice", name);
	for (size_t i = 0; i < r->header.count; i++) {
		if (strcmp(r->header.item[i].name, name) != 0)
			continue;
		const char *glue = strcmp(name, "cookie") == 0 ? "; " : ", ";
		if (params_join(&r->header, i, glue, value, value_len) != OK)
			return err_set(why, ERR_NOMEM, "out of memory");
	}
	return OK;
}

enum err request_add_header(struct request *r, const char *name, size_t name_len, const char *value,
	size_t value_len, struct error *why)
{
	char lower[256];
	if (++r->header_lines > REQUEST_HEADERS_MAX)
		return err_set(
			why, ERR_LIMIT, "there are more than %d headers", REQUEST_HEADERS_MAX);
	if (name_len >= sizeof(lower))
		return err_set(why, ERR_LIMIT, "the name of a header is too long");
	if (!header_is_token_text(name, name_len) || !header_is_value(value, value_len))
		return err_set(why, ERR_FORMAT, "a header holds characters that it may not");
	for (size_t i = 0; i < name_len; i++)
		lower[i] =
			name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + ('a' - 'A')) : name[i];
	lower[name_len] = '\0';
	if (params_get(&r->header, lower) != NULL)
		return join_header(r, lower, value, value_len, why);
	if (params_add(&r->header, lower, name_len, value, value_len) != OK)
		return err_set(why, ERR_NOMEM, "out of memory");
	return OK;
}

/* RFC 6265, section 5.4: "a=b; c=d". What is odd is left out, as servers do. */
static enum err read_cookies(struct request *r, const char *at)
{
	while (*at != '\0' && r->cookie.count < REQUEST_COOKIES_MAX) {
		at += strspn(at, " \t;");
		size_t len = strcspn(at, ";");
		const char *equals = memchr(at, '=', len);
		if (equals != NULL) {
			const char *value = equals + 1;
			size_t value_len = len - (size_t)(value - at);
			while (value_len > 0 && value[value_len - 1] == ' ')
				value_len--;
			if (value_len >= 2 && value[0] == '"' && value[value_len - 1] == '"') {
				value++;
				value_len -= 2;
			}
			enum err err =
				params_add(&r->cookie, at, (size_t)(equals - at), value, value_len);
			if (err != OK)
				return err;
		}
		at += len;
	}
	return OK;
}

static bool is_trusted(const struct request *r, const struct network *trusted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (network_has(&trusted[i], &r->peer))
			return true;
	}
	return false;
}

static void find_client(struct request *r, const struct network *trusted, size_t count)
{
	const char *list = request_header(r, "forwarded");
	const char *old_list = request_header(r, "x-forwarded-for");
	r->client = r->peer;
	if (is_trusted(r, trusted, count)) {
		const char *proto = request_header(r, "x-forwarded-proto");
		r->client = address_behind(
			&r->peer, old_list != NULL ? old_list : list, trusted, count);
		if (proto != NULL ? strcasecmp(proto, "https") == 0
				  : list != NULL && forwarded_https(list))
			r->secure = true;
	}
	address_text(&r->client, r->client_text);
}

enum err request_head_done(
	struct request *r, const struct network *trusted, size_t count, struct error *why)
{
	const char *type = request_header(r, "content-type");
	if (type != NULL)
		header_media_type(type, r->type, sizeof(r->type));
	find_client(r, trusted, count);
	const char *cookies = request_header(r, "cookie");
	if (cookies != NULL && read_cookies(r, cookies) != OK)
		return err_set(why, ERR_NOMEM, "out of memory");
	return OK;
}

enum method request_method(const struct request *r)
{
	return r->method;
}

const struct route *request_route(const struct request *r)
{
	return r->route;
}

const char *request_path(const struct request *r)
{
	return r->path != NULL ? r->path : "";
}

const char *request_query_string(const struct request *r)
{
	return r->query_string != NULL ? r->query_string : "";
}

const char *request_param(const struct request *r, const char *name)
{
	return params_get(&r->param, name);
}

const char *request_query(const struct request *r, const char *name)
{
	return params_get(&r->query, name);
}

const struct params *request_query_all(const struct request *r)
{
	return &r->query;
}

const char *request_header(const struct request *r, const char *name)
{
	return params_get_nocase(&r->header, name);
}

const char *request_cookie(const struct request *r, const char *name)
{
	return params_get(&r->cookie, name);
}

const uint8_t *request_body(const struct request *r, size_t *len)
{
	*len = r->body.len;
	return r->body.data != NULL ? r->body.data : (const uint8_t *)"";
}

const char *request_type(const struct request *r)
{
	return r->type;
}

const char *request_peer(const struct request *r)
{
	return r->client_text;
}

bool request_secure(const struct request *r)
{
	return r->secure;
}

const char *request_host(const struct request *r)
{
	const char *host = request_header(r, "host");
	return host != NULL ? host : "";
}

bool request_same_origin(const struct request *r)
{
	const char *site = request_header(r, "sec-fetch-site");
	if (site != NULL)
		return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
	const char *origin = request_header(r, "origin");
	if (origin == NULL)
		return true;
	const char *scheme = r->secure ? "https://" : "http://";
	size_t len = strlen(scheme);
	return strncasecmp(origin, scheme, len) == 0 &&
		strcasecmp(origin + len, request_host(r)) == 0;
}

int64_t request_now_ms(const struct request *r)
{
	return r->now_ms;
}

const char *request_id(const struct request *r)
{
	return r->id;
}

bool request_gone(const struct request *r)
{
	return atomic_load_explicit(&r->gone, memory_order_relaxed);
}

void request_set_caller(struct request *r, void *caller, void (*release)(void *caller))
{
	if (r->release != NULL)
		r->release(r->caller);
	r->caller = caller;
	r->release = release;
}

void *request_caller(const struct request *r)
{
	return r->caller;
}

void request_set_account(struct request *r, const char *account)
{
	snprintf(r->account, sizeof(r->account), "%s", account);
}

const char *request_account(const struct request *r)
{
	return r->account;
}

bool request_if_match(const struct request *r, const char *etag, bool *given)
{
	const char *list = request_header(r, "if-match");
	*given = list != NULL;
	return list != NULL && etag_in_list(list, etag, false);
}
