/* SPDX-License-Identifier: MIT */
/* Did you mean? Words of commands, options and settings, by base/name's distance. Any thread. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

enum { NEAREST_WORD_MAX = 64 };

/* Remembers the nearest of the words offered to it. */
struct nearest {
	const char *word; /* what was typed */
	const char *best; /* borrowed from the offers; NULL when nothing is near */
	size_t best_len, distance;
};

/* Begins a search for what is nearest to `word`, which is borrowed. */
struct nearest nearest_to(const char *word);
/*
 * Offers `len` bytes at `candidate`, borrowed, at most NEAREST_WORD_MAX; of equally near ones
 * the first is kept.
 */
void nearest_offer(struct nearest *n, const char *candidate, size_t len);

#endif
