/* SPDX-License-Identifier: MIT */
#include "infer/arena.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "infer/pages.h"

enum { BLOCK = 256 << 10, ALIGNMENT = 64, SMALL = 16 };

struct block {
	struct block *next;
	struct pages pages;
};

struct arena {
	struct block *block;
	uint8_t *next;
	size_t left; /* in the block begun */
	size_t room; /* of the ceiling */
	enum err refused;
};

struct arena *arena_new(size_t max)
{
	struct arena *a = mem_array(1, sizeof(*a));
	if (a != NULL)
		a->room = max;
	return a;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct block *b = a->block, *next; b != NULL; b = next) {
		next = b->next;
		pages_finish(&b->pages);
		free(b);
	}
	free(a);
}

/* A new block of memory; NULL when there is none. */
static void *add_block(struct arena *a, size_t bytes)
{
	struct block *b = mem_array(1, sizeof(*b));
	if (b == NULL || !pages_init(&b->pages, bytes)) {
		a->refused = ERR_NOMEM;
		free(b);
		return NULL;
	}
	b->next = a->block;
	a->block = b;
	return b->pages.data;
}

void *arena_take(struct arena *a, size_t bytes)
{
	/* Small things need not each have a line of the cache. */
	const size_t alignment = bytes < ALIGNMENT ? SMALL : ALIGNMENT;
	size_t whole = 0;
	if (bytes == 0)
		bytes = 1;
	const bool fits = size_add(bytes, alignment - 1, &whole);
	whole -= fits ? whole % alignment : 0;
	if (!fits || whole > a->room) {
		a->refused = ERR_LIMIT;
		return NULL;
	}
	a->room -= whole;
	/* What is large has a block of its own, and the one begun stays in use. */
	if (whole >= BLOCK / 2)
		return add_block(a, whole);
	size_t skip = (alignment - (uintptr_t)a->next % alignment) % alignment;
	if (skip + whole > a->left) {
		a->next = add_block(a, BLOCK);
		a->left = a->next != NULL ? BLOCK : 0;
		skip = 0;
	}
	if (a->next == NULL)
		return NULL;
	void *at = a->next + skip;
	a->next += skip + whole;
	a->left -= skip + whole;
	return at;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;
	return size_mul(count, size, &bytes) ? arena_take(a, bytes) : NULL;
}

enum err arena_error(const struct arena *a)
{
	return a->refused;
}
