/* SPDX-License-Identifier: MIT */
/*
 * Convolutions with kernels of our own where the processor has them (kernels.h), and
 * chains of operations row by row: what one makes is used by the next while it is still
 * in the cache. One thread.
 */
#ifndef INFER_FAST_H
#define INFER_FAST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "infer/graph_int.h"
#include "infer/packs.h"
#include "infer/plain.h"

/* What becomes of an operation. */
enum fast_role {
	FAST_NOT,      /* it is none of ours */
	FAST_ABSORBED, /* a later one's chain does it */
	FAST_LAST,     /* the last of a chain: makes its result */
};

/* Arrays have one element an operation of the graph. */
struct fast_map {
	uint8_t *role;
	int *input;  /* of FAST_LAST: the operation whose result the chain takes */
	int *extra;  /* of FAST_LAST: the one whose result is added at the end, or -1 */
	int *before; /* of both: the one before it in the chain, -1 for the first */
};

/* Which operations are done here; with `wanted` false, or without kernels, none. ERR_NOMEM. */
enum err fast_map_init(
	struct fast_map *map, const struct graph *g, bool wanted, struct error *why) MUST_USE;

/* Accepts a zeroed struct. */
void fast_map_finish(struct fast_map *map);

struct fast;

/* Where it is made: a session's graph, what is done here of it, and where packed weights go. */
struct fast_place {
	const struct graph *graph;
	const struct fast_map *map;
	struct packs *packs;
};

/* Makes the step of a FAST_LAST operation; it borrows from the packs alone. ERR_NOMEM. */
enum err fast_new(
	struct fast **out, const struct fast_place *at, size_t last, struct error *why) MUST_USE;
void fast_free(struct fast *f);

/* Says where its input, what is added (if anything) and its result are; borrowed. */
void fast_bind(struct fast *f, struct plain_port in, struct plain_port add, struct plain_port out);

/* Fills the result for all images of the batch; allocates nothing. */
void fast_run(struct fast *f, size_t batch);

#endif
