/* SPDX-License-Identifier: MIT */
/* Allocation with checked sizes. Everything here is released with free(3). Any thread. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* *out = a * b or a + b; false, and *out untouched, when it does not fit a size_t. */
bool size_mul(size_t a, size_t b, size_t *out);
bool size_add(size_t a, size_t b, size_t *out);

/*
 * `count` zeroed elements of `size` bytes; NULL when out of memory or too large. count 0
 * gives a valid pointer.
 */
void *mem_array(size_t count, size_t size);

/*
 * Makes room for one element more in *items (which holds `count` of `size`
 * bytes, *capacity allocated), growing by half. On false everything is as before.
 */
bool mem_grow(void **items, size_t count, size_t *capacity, size_t size);

/* A copy of `text`, which may be NULL (then the result is NULL too). */
char *mem_strdup(const char *text);

/* `count` zeroed bytes on a 64-byte boundary, for SIMD; free(3). */
void *mem_aligned(size_t count);

#endif
