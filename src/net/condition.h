/* SPDX-License-Identifier: MIT */
/* Dates, entity tags and ranges of HTTP (RFC 9110, sections 5.6.7, 8.8, 13, 14). Any thread. */
#ifndef NET_CONDITION_H
#define NET_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HTTP_DATE_TEXT = 30, ETAG_MAX = 128 };

/* "Sun, 06 Nov 1994 08:49:37 GMT" of `seconds` since 1970. */
void http_date(int64_t seconds, char out[static HTTP_DATE_TEXT]);

/* Reads that form (the only one sent since 1999). false when it is none. */
bool http_date_parse(const char *text, int64_t *seconds);

/*
 * Whether the list of an If-None-Match or If-Match ("*", or quoted tags) has `etag`. `weak`:
 * W/ in front is ignored (If-None-Match); otherwise weak tags never match (If-Match).
 */
bool etag_in_list(const char *list, const char *etag, bool weak);

struct byte_range {
	uint64_t first, count;
};

/*
 * What part of `size` bytes a Range header asks for. OK: *out. ERR_LIMIT: none of it exists (416).
 * ERR_UNSUPPORTED: several ranges, another unit or no range at all: the whole is answered. Fuzzed.
 */
enum err range_parse(const char *value, uint64_t size, struct byte_range *out) MUST_USE;

/* Whether If-Range (an entity tag or a date) says that the client's part is still of this. */
bool range_still_holds(const char *if_range, const char *etag, const char *last_modified);

#endif
