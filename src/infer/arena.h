/* SPDX-License-Identifier: MIT */
/*
 * Memory that is given back all at once, in large blocks straight from the operating
 * system (pages.h), with a ceiling. One thread at a time.
 */
#ifndef INFER_ARENA_H
#define INFER_ARENA_H

#include <stddef.h>

#include "base/err.h"

struct arena;

/* An arena that hands out at most `max` bytes; NULL when out of memory. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a);

/* `bytes` zeroed bytes on a 64-byte boundary; NULL when there is none left. */
void *arena_take(struct arena *a, size_t bytes);

/* The same for `count` elements of `size` bytes. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* Why it had to refuse memory: ERR_LIMIT for its ceiling, else ERR_NOMEM; OK if it never did. */
enum err arena_error(const struct arena *a);

#endif
