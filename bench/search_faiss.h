/* SPDX-License-Identifier: MIT */
/* FAISS's flat index, as bench/search.c needs it. One thread. */
#ifndef BENCH_SEARCH_FAISS_H
#define BENCH_SEARCH_FAISS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct flat;

/* An index over `count` rows of `dim` floats, copied; NULL when that fails. */
struct flat *flat_new(const float *row, size_t count, size_t dim);
void flat_free(struct flat *f);

/* Rows of the `near` nearest of each of `count` probes: (count, near), nearest first. */
void flat_search(const struct flat *f, const float *probe, size_t count, size_t near, int64_t *row,
	float *squared);

#ifdef __cplusplus
}
#endif

#endif
