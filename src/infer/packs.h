/* SPDX-License-Identifier: MIT */
/*
 * Weights of convolutions as our own kernels want them. Sessions of one network for inputs
 * of different sizes share them: a detector has several. Opening and closing of sessions that
 * share belong to one thread at a time; running reads only.
 */
#ifndef INFER_PACKS_H
#define INFER_PACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "infer/graph_int.h"

struct packs;

/* For the operations of a graph: those of `like` where it is not NULL and has the same
 * weights, else new ones. Release with packs_release. ERR_NOMEM. */
enum err packs_for(
	struct packs **out, const struct graph *g, struct packs *like, struct error *why) MUST_USE;
/* Accepts NULL; the last of those that share frees them. */
void packs_release(struct packs *p);

/*
 * `floats` floats for operation `op` of `g`, always as many; `*fresh`: they are zeros and for
 * the caller to fill, at once. NULL without memory. Borrowed.
 */
float *packs_at(struct packs *p, const struct graph *g, size_t op, size_t floats, bool *fresh);

#endif
