/* SPDX-License-Identifier: MIT */
/* The grammar that header values share (RFC 9110, section 5.6). Any thread. */
#ifndef NET_HEADER_H
#define NET_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Whether `c` may stand in a token: a method, a header's name. */
bool header_is_token(unsigned char c);

/* Whether all `len` bytes are token characters and there is at least one. */
bool header_is_token_text(const char *text, size_t len);

/* Whether a header value may be `text`: no control characters but tab. */
bool header_is_value(const char *text, size_t len);

/*
 * The media type of a Content-Type ("Text/HTML; charset=x" -> "text/html") into out, which has
 * `room` bytes; "" when it is none or too long.
 */
void header_media_type(const char *value, char *out, size_t room);

/*
 * The value of a parameter (`; name=value` or `; name="quoted \" value"`, name without regard to
 * case) into `out` of `room` bytes. ERR_NOT_FOUND; ERR_LIMIT when it does not fit; ERR_FORMAT when
 * a quote is not closed.
 */
enum err header_parameter(const char *value, const char *name, char *out, size_t room) MUST_USE;

/*
 * Whether the comma-separated list `value` (may be NULL) has an element whose first word is
 * `token`, case ignored: "gzip;q=0" has not (its quality is zero).
 */
bool header_list_has(const char *value, const char *token);

#endif
