/* SPDX-License-Identifier: MIT */
/*
 * Request targets: paths and query strings, decoded strictly (RFC 3986). Fuzzed
 * (fuzz_url.c). Any thread.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stddef.h>

#include "base/err.h"
#include "net/params.h"

enum {
	URL_TARGET_MAX = 8192, /* bytes of a request target */
	URL_SEGMENTS_MAX = 16, /* of a path */
	QUERY_PARAMS_MAX = 128,
};

/*
 * Decodes %XX in place and returns the new length. With `plus`, '+' is a blank (forms and
 * queries). ERR_FORMAT, `text` in no certain state: broken escapes, a zero byte, bytes that are
 * not UTF-8.
 */
enum err url_decode(char *text, size_t *len, int plus) MUST_USE;

/*
 * A path taken apart: what stands between its slashes, each decoded. A trailing slash gives an
 * empty last segment.
 */
struct url_path {
	char *text; /* the memory of all segments */
	const char *segment[URL_SEGMENTS_MAX];
	size_t count;
};

/*
 * Takes apart `len` bytes of a path that begins with a slash ("/" has one empty segment).
 * ERR_FORMAT for anything a router should not guess about: broken escapes, an escaped slash or
 * zero or backslash, control characters, "." or ".." (escaped or not), an empty segment before the
 * last; ERR_LIMIT for too many segments. Nothing to finish after an error.
 */
enum err url_path_parse(struct url_path *out, const char *path, size_t len) MUST_USE;
void url_path_finish(struct url_path *p);

/*
 * Adds the parameters of "a=1&b=2" to `out`, decoded; a name without '=' has the value "".
 * ERR_FORMAT for broken escapes, ERR_LIMIT for more than `max` of them, ERR_NOMEM; then `out` keeps
 * those before.
 */
enum err url_query_parse(struct params *out, const char *query, size_t len, size_t max) MUST_USE;

#endif
