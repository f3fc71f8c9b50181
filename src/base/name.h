/* SPDX-License-Identifier: MIT */
/* Names of people and groups: Unicode NFC, trimmed, compared without case. Any thread. */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	NAME_CHARS_MAX = 120,                /* code points of a name */
	NAME_BYTES = NAME_CHARS_MAX * 4 + 1, /* room for it in UTF-8, and the final zero */
	/* Case folding can turn a code point into three; room for the key of a name. */
	NAME_KEY_BYTES = NAME_CHARS_MAX * 12 + 1,
};

/*
 * The name to store: NFC, trimmed, inner runs of white space collapsed to one
 * space. ERR_ARG with the reason when it is empty, not UTF-8, longer than
 * NAME_CHARS_MAX, has nothing visible, or holds control, invisible formatting (such as
 * text-direction overrides), unassigned or private-use characters. `what` names the thing
 * in the error ("name", "group").
 */
enum err name_clean(const char *text, const char *what, char out[static NAME_BYTES],
	struct error *why) MUST_USE;

/*
 * The key to compare cleaned names by: NFKC case folding, so that JOSÉ, José and
 * a decomposed José are one.
 */
enum err name_key(const char *clean, char out[static NAME_KEY_BYTES], struct error *why) MUST_USE;

/*
 * How many characters must be inserted, dropped, changed or swapped with their neighbour
 * to make one text of the other (optimal string alignment); for "did you mean". Bytes that
 * are no UTF-8 end a text; what is beyond NAME_CHARS_MAX is not looked at.
 */
size_t name_distance(const char *a, const char *b);

/* Whether `b` is so near to what somebody typed, `a`, that it may be what was meant. */
bool name_is_near(const char *a, const char *b, size_t *distance);

/* Whether `text` is well-formed UTF-8. */
int utf8_valid(const char *text, size_t len);

/*
 * A copy of any bytes (a file's path) fit to print: what is no UTF-8 and control
 * characters become '?'. Free with free(3); NULL when out of memory.
 */
char *utf8_printable(const char *text);

/* How many terminal columns the text takes (wide characters take two). */
size_t utf8_columns(const char *text);

#endif
