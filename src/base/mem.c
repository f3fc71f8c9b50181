/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SIMD_ALIGNMENT = 64, GROW_FIRST = 8 };

bool size_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

bool size_add(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

void *mem_array(size_t count, size_t size)
{
	return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

bool mem_grow(void **items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return true;
	size_t wanted = *capacity < GROW_FIRST ? GROW_FIRST : *capacity + *capacity / 2;
	size_t bytes;
	if (wanted <= count || !size_mul(wanted, size, &bytes))
		return false;
	void *grown = realloc(*items, bytes);
	if (grown == NULL)
		return false;
	memset((char *)grown + *capacity * size, 0, (wanted - *capacity) * size);
	*items = grown;
	*capacity = wanted;
	return true;
}

char *mem_strdup(const char *text)
{
	return text != NULL ? strdup(text) : NULL;
}

void *mem_aligned(size_t count)
{
	size_t rounded;
	if (!size_add(count, SIMD_ALIGNMENT, &rounded))
		return NULL;
	rounded -= rounded % SIMD_ALIGNMENT;
	void *memory = aligned_alloc(SIMD_ALIGNMENT, rounded);
	if (memory != NULL)
		memset(memory, 0, rounded);
	return memory;
}
