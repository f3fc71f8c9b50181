/* SPDX-License-Identifier: MIT */
/*
 * What is answered. A handler fills it on its worker's thread; nothing is sent before the
 * handler returns. Every function may be called in any order, later calls win. Functions that
 * return enum err fail with ERR_NOMEM unless said otherwise, and a handler may simply pass that
 * on: the server then answers for it.
 *
 * HEAD, ranges (206, 416) and conditions (304, 412) are the server's work: a handler answers
 * as for a plain GET, with an ETag or a Last-Modified header where it has one.
 */
#ifndef NET_RESPONSE_H
#define NET_RESPONSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct response;

enum { RESPONSE_HEADERS_MAX = 64, RESPONSE_HEADER_BYTES_MAX = 8192 };

/* The status; 200 until it is called. */
void response_status(struct response *res, int status);
int response_get_status(const struct response *res);

/*
 * Sets a header, in place of an earlier one of that name (Set-Cookie: adds another). ERR_ARG
 * for a name or value that would break the head (line breaks and other control characters).
 * Headers of the connection and Content-Length are the server's (ERR_ARG). A value of NULL takes
 * the header away, also one the server sets by itself (Content-Security-Policy, Cache-Control).
 */
enum err response_header(struct response *res, const char *name, const char *value) MUST_USE;

/* The value set so far, or NULL. */
const char *response_get_header(const struct response *res, const char *name);

/*
 * Sets a cookie for "/", HttpOnly and SameSite=Lax, Secure when the request was. max_age_s < 0:
 * until the browser is closed; 0: removes it.
 */
enum err response_cookie(
	struct response *res, const char *name, const char *value, long max_age_s) MUST_USE;

/* The body: a copy of `len` bytes; bytes that the response now owns (free); bytes that stay. */
enum err response_body(
	struct response *res, const char *type, const void *bytes, size_t len) MUST_USE;
void response_take(struct response *res, const char *type, void *bytes, size_t len);
void response_static(struct response *res, const char *type, const void *bytes, size_t len);

/* A text body, printf-wise; "text/plain; charset=utf-8" when `type` is NULL. */
enum err response_text(struct response *res, const char *type, const char *fmt, ...)
	PRINTF_LIKE(3, 4) MUST_USE;

/*
 * A file, sent piece by piece while the answer goes out, with ETag and Last-Modified from its
 * size and time unless set, and with ranges. ERR_NOT_FOUND, ERR_IO; a folder is not found.
 */
enum err response_file(
	struct response *res, const char *path, const char *type, struct error *why) MUST_USE;

/*
 * Bytes that are built into the program, perhaps also compressed ahead; `etag` with its
 * quotes. The server chooses by Accept-Encoding and says Vary.
 */
struct asset {
	const char *path, *type, *etag;
	const uint8_t *bytes, *gzip, *brotli; /* gzip, brotli: NULL when there is none */
	size_t len, gzip_len, brotli_len;
	bool immutable; /* its name changes with its content: may be kept for a year */
};

/* An asset, which must outlive the server. */
enum err response_asset(struct response *res, const struct asset *asset) MUST_USE;

/*
 * A JSON document with this status; takes `doc` over, also when it fails. NULL is ERR_NOMEM: so
 * json_pack's result can be passed as it is (NULL also when a string in it is not UTF-8).
 */
enum err response_json(struct response *res, int status, json_t *doc) MUST_USE;

/*
 * A problem document (RFC 9457) in place of everything else but headers: {"type": "urn:rollcall:
 * problem:CODE", "title": words for the status, "status", "detail": the text, "code", "hint",
 * "instance": "urn:uuid:REQUEST-ID"}. `code`: stable, snake_case. `hint`: what to do, or NULL.
 */
enum err response_problem(struct response *res, int status, const char *code, const char *hint,
	const char *fmt, ...) PRINTF_LIKE(5, 6) MUST_USE;

/* Adds a member to the problem that was set; takes `value` over, also when it fails. */
enum err response_problem_add(struct response *res, const char *name, json_t *value) MUST_USE;

/* 303 (or another status of redirection) to `location`. */
enum err response_redirect(struct response *res, int status, const char *location) MUST_USE;

/* No body (204). */
void response_empty(struct response *res, int status);

/*
 * A place for the reason of a failure: `return store_person_get(s, id, &p, response_why(res));`.
 * When a handler returns an error without having answered with a problem, the server makes one
 * of the code and this text: 404 not_found, 409 exists, 412 changed, 400 bad_request (ERR_ARG,
 * ERR_FORMAT), 413 too_large (ERR_LIMIT), 415 unsupported, 403 forbidden, 503 busy, 507 full;
 * anything else is a 500 internal whose text goes to the log only.
 */
struct error *response_why(struct response *res);

/* The problem for an error of below, as described above; for handlers that want to see it first. */
enum err response_error(struct response *res, enum err err, const struct error *why) MUST_USE;

/* Words for a status ("Not Found"); "" for one that has none. */
const char *status_text(int status);

#endif
