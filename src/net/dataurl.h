/* SPDX-License-Identifier: MIT */
/*
 * data: URLs (RFC 2397) and base64 (RFC 4648) of images in JSON. Fuzzed (fuzz_dataurl.c).
 * Any thread.
 */
#ifndef NET_DATAURL_H
#define NET_DATAURL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { DATAURL_TYPE_MAX = 128 };

/* What a data URL holds; `bytes` for free(3), never NULL after OK. */
struct dataurl {
	char type[DATAURL_TYPE_MAX]; /* media type, lower case, no parameters; "" if not said */
	uint8_t *bytes;
	size_t len;
};

/*
 * Decodes "data:[type][;param]*[;base64],..." or, with no "data:" in front, plain base64. Blanks
 * and line breaks within base64 are skipped, padding may be missing, the URL-safe alphabet is
 * taken too. ERR_FORMAT; ERR_LIMIT when there are more than `max` bytes; ERR_NOMEM.
 */
enum err dataurl_decode(
	struct dataurl *out, const char *text, size_t len, size_t max, struct error *why) MUST_USE;
void dataurl_finish(struct dataurl *d);

#endif
