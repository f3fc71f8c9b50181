/* SPDX-License-Identifier: MIT */
/*
 * multipart/form-data (RFC 7578, RFC 2046): the parts of a body that is complete in memory,
 * without copying them. Fuzzed (fuzz_multipart.c). Any thread.
 */
#ifndef NET_MULTIPART_H
#define NET_MULTIPART_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	MULTIPART_PARTS_MAX = 64,
	MULTIPART_BOUNDARY_MAX = 70,    /* RFC 2046, section 5.1.1 */
	MULTIPART_PART_HEAD_MAX = 4096, /* bytes of one part's headers */
	MULTIPART_NAME_MAX = 255,       /* bytes of a name, a file name, a type */
};

/* Strings are the part's own; `data` points into the body that was parsed. */
struct part {
	char *name;     /* never NULL */
	char *filename; /* NULL when not given; without folders, perhaps empty */
	char *type;     /* media type in lower case without parameters, or "" */
	const uint8_t *data;
	size_t len;
};

struct multipart {
	struct part *item;
	size_t count, capacity;
};

/*
 * Takes `body` apart; `content_type` is the whole header ("multipart/form-data; boundary=x").
 * The parts borrow the body. On an error `out` is empty: ERR_UNSUPPORTED when it is another type,
 * ERR_FORMAT with what is wrong (no boundary, cut short, a part without a name), ERR_LIMIT,
 * ERR_NOMEM.
 */
enum err multipart_parse(struct multipart *out, const char *content_type, const void *body,
	size_t len, struct error *why) MUST_USE;
void multipart_finish(struct multipart *m);

/* The first part of that name, or NULL. */
const struct part *multipart_get(const struct multipart *m, const char *name);

#endif
