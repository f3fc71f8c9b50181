/* SPDX-License-Identifier: MIT */
#include "cmd/nearest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit)
{
	if (a_len > NEAREST_WORD_MAX || b_len > NEAREST_WORD_MAX)
		return limit + 1;
	/* Three rows of the usual matrix: two ago (for swaps), the last, this one. */
	size_t row[3][NEAREST_WORD_MAX + 1];
	for (size_t j = 0; j <= b_len; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = row[i % 3], *last = row[(i - 1) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t replace = last[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = least(replace, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	size_t distance = row[a_len % 3][b_len];
	return distance <= limit ? distance : limit + 1;
}

struct nearest nearest_to(const char *word)
{
	return (struct nearest){.word = word, .distance = strlen(word) / 3 + 1};
}

void nearest_offer(struct nearest *n, const char *candidate, size_t len)
{
	size_t typed = strlen(n->word);
	/* What somebody began to type is near, however long the rest is. */
	size_t distance = typed >= 2 && typed < len && memcmp(n->word, candidate, typed) == 0
		? 1
		: word_distance(n->word, typed, candidate, len, n->distance);
	if (distance < n->distance || (n->best == NULL && distance == n->distance)) {
		n->best = candidate;
		n->best_len = len;
		n->distance = distance;
	}
}
