/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <string.h>

#include "base/name.h"

struct nearest nearest_to(const char *word)
{
	return (struct nearest){.word = word, .distance = strlen(word) / 3 + 1};
}

void nearest_offer(struct nearest *n, const char *candidate, size_t len)
{
	char word[NEAREST_WORD_MAX + 1];
	if (len > NEAREST_WORD_MAX)
		return;
	memcpy(word, candidate, len);
	word[len] = '\0';
	size_t typed = strlen(n->word);
	/* What somebody began to type is near, however long the rest is. */
	bool begun = typed >= 2 && typed < len && memcmp(n->word, word, typed) == 0;
	size_t distance = begun ? 1 : name_distance(n->word, word);
	if (distance < n->distance || (n->best == NULL && distance == n->distance)) {
		n->best = candidate;
		n->best_len = len;
		n->distance = distance;
	}
}
