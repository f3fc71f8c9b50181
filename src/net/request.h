/* SPDX-License-Identifier: MIT */
/*
 * What a client asks. A handler gets it const, on a worker's thread, with the body complete
 * in memory; everything it gives is borrowed until the handler returns (for a WebSocket: until
 * its open callback returns).
 */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/params.h"

struct request;
struct route;

enum method {
	METHOD_GET,
	METHOD_HEAD, /* handlers of GET get it too; the body is left out for them */
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_COUNT,
};

enum {
	REQUEST_HEADERS_MAX = 100,          /* lines */
	REQUEST_HEAD_BYTES_MAX = 32 * 1024, /* request line and headers together */
	REQUEST_COOKIES_MAX = 64,
	REQUEST_JSON_DEPTH_MAX = 32,
};

/* What is asked: a HEAD is said to be one. */
enum method request_method(const struct request *r);
/* "GET", ... */
const char *method_name(enum method method);

/* The route that was chosen; its `data` and `access` are the upper layer's. */
const struct route *request_route(const struct request *r);

/* The path as it was sent, escapes and all, without the query. */
const char *request_path(const struct request *r);

/* The query as it was sent, without '?'; "" when there is none. */
const char *request_query_string(const struct request *r);

/* What stands for {name} in the route's path, decoded; never NULL for a name of the pattern. */
const char *request_param(const struct request *r, const char *name);

/* The first value of a query parameter, decoded, or NULL. */
const char *request_query(const struct request *r, const char *name);
const struct params *request_query_all(const struct request *r);

/*
 * The value of a header by its name in any case, or NULL. Of a header that came in several
 * lines the values are joined with ", ".
 */
const char *request_header(const struct request *r, const char *name);

/* The value of a cookie, or NULL. */
const char *request_cookie(const struct request *r, const char *name);

/* The body; `len` 0 when there is none. Never NULL; a zero byte follows it. */
const uint8_t *request_body(const struct request *r, size_t *len);

/* The media type of the body in lower case without parameters ("application/json"), or "". */
const char *request_type(const struct request *r);

/*
 * The body as JSON into *out, for json_decref. ERR_UNSUPPORTED when the content type is not
 * application/json (or +json), ERR_FORMAT for bad JSON (with where), duplicate keys, nesting deeper
 * than REQUEST_JSON_DEPTH_MAX, zero characters in strings, or anything but an object or array.
 */
enum err request_json(const struct request *r, json_t **out, struct error *why) MUST_USE;

/*
 * The client's address as text ("192.168.1.7", "fe80::1"): that of the socket, or what trusted
 * proxies say (server_options.trust_proxy).
 */
const char *request_peer(const struct request *r);

/* Whether the client speaks TLS with us or with a trusted proxy. */
bool request_secure(const struct request *r);

/* "host[:port]" that the client asked for; "" when it did not say (HTTP/1.0). */
const char *request_host(const struct request *r);

/*
 * Whether the browser says that this came from a page of this server: Sec-Fetch-Site
 * same-origin or none, else an Origin equal to scheme and host. true when neither header is
 * there (no browser).
 */
bool request_same_origin(const struct request *r);

/* When it came, UTC milliseconds: the time for everything that the handler does. */
int64_t request_now_ms(const struct request *r);

/* A UUID for the log and for problem documents; also the header X-Request-Id of the answer. */
const char *request_id(const struct request *r);

/* true when nobody waits for the answer any more: long handlers may stop. */
bool request_gone(const struct request *r);

/*
 * For the authorise callback: who calls, as the upper layer knows it. `release` (may be NULL) is
 * called once with it, on the loop's thread, after the answer has been sent. Replaces an earlier
 * one.
 */
void request_set_caller(struct request *r, void *caller, void (*release)(void *caller));
void *request_caller(const struct request *r);

/*
 * For the authorise callback: a text that names the account (an id), under which rates are
 * counted besides the address. Cut at 63 bytes.
 */
void request_set_account(struct request *r, const char *account);
const char *request_account(const struct request *r);

/*
 * Whether If-Match allows a change of what has this entity tag (quoted, as in the ETag header):
 * true when the header is there and names it or is "*". *given says whether there was one.
 */
bool request_if_match(const struct request *r, const char *etag, bool *given);

#endif
