/* SPDX-License-Identifier: MIT */
/* A growing run of bytes that is born with a ceiling. One thread at a time. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Invariants: len <= cap <= max; data[len] is '\0' whenever data is not NULL.
 * A zeroed struct is empty and can hold nothing: call buf_init first.
 */
struct buf {
	uint8_t *data;
	size_t len, cap, max;
};

/* An empty buffer that will never hold more than `max` bytes. */
void buf_init(struct buf *b, size_t max);

/* Releases the memory; the buffer can be initialised again. Accepts a zeroed struct. */
void buf_finish(struct buf *b);

/* Forgets the content, keeps the memory. */
void buf_reset(struct buf *b);

/* Appends. ERR_LIMIT over the ceiling, ERR_NOMEM; then nothing is appended. */
enum err buf_add(struct buf *b, const void *bytes, size_t len) MUST_USE;
enum err buf_add_str(struct buf *b, const char *text) MUST_USE;
enum err buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* The content as a string, never NULL; borrowed until the next call on `b`. */
const char *buf_str(const struct buf *b);

#endif
