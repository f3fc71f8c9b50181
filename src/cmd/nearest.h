/* SPDX-License-Identifier: MIT */
/* Did you mean? Pure, any thread. */
#ifndef CMD_NEAREST_H
#define CMD_NEAREST_H

#include <stddef.h>

/*
 * Letters to insert, delete, replace or swap with a neighbour to make one word of the
 * other (optimal string alignment), at most `limit`; limit + 1 when more, or when a word
 * is longer than NEAREST_WORD_MAX.
 */
enum { NEAREST_WORD_MAX = 64 };
size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit);

/* Remembers the nearest of the words offered to it. */
struct nearest {
	const char *word; /* what was typed */
	const char *best; /* borrowed from the offers; NULL when nothing is near */
	size_t best_len, distance;
};

/* Begins a search for what is nearest to `word`, which is borrowed. */
struct nearest nearest_to(const char *word);
/* Offers `len` bytes at `candidate`, borrowed; of equally near ones the first is kept. */
void nearest_offer(struct nearest *n, const char *candidate, size_t len);

#endif
