/* SPDX-License-Identifier: MIT */
/*
 * Token buckets by key with bounded memory: a key's bucket holds `burst` tokens and fills at
 * `per_minute`. When there is no room for another key, one that has been left alone longest
 * among a few gives way: what is forgotten is full again, so nobody is locked out. Any thread.
 */
#ifndef NET_LIMIT_H
#define NET_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct limit;

enum { LIMIT_KEYS = 65536 }; /* buckets remembered; 24 bytes each */

struct limit_rate {
	double per_minute, burst;
};

/* A table of `keys` buckets, all full. ERR_NOMEM. */
enum err limit_open(struct limit **out, size_t keys, struct error *why) MUST_USE;
void limit_close(struct limit *l);

/*
 * Takes one token of (`scope`, `key`) at `now_ms` (any clock that does not run backwards). false
 * when there is none; then *retry_s (may be NULL) is after how many seconds there is, at least 1. A
 * burst of 0 is no limit.
 */
bool limit_take(struct limit *l, int scope, const char *key, struct limit_rate rate, int64_t now_ms,
	int *retry_s);

#endif
