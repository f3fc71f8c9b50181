/* SPDX-License-Identifier: MIT */
/* UUIDv7 (RFC 9562, section 5.7): sorted by time, made without asking anybody. Any thread. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

/* Room for the 36 characters of a UUID and the final zero. */
enum { UUID_TEXT = 37 };

/* A new id for the moment `now_ms` (UTC milliseconds) in lower-case text. */
void uuid_make(int64_t now_ms, char out[static UUID_TEXT]);

/* Whether `text` is a UUID of any version, in lower case with hyphens. */
bool uuid_valid(const char *text);

#endif
