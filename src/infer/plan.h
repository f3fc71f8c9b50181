/* SPDX-License-Identifier: MIT */
/*
 * In which order a graph's operations run, which of them XNNPACK does together, and where
 * the results lie that more than one such group needs. One thread.
 */
#ifndef INFER_PLAN_H
#define INFER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "infer/fast.h"
#include "infer/graph_int.h"

/*
 * Arrays have one element an operation of the graph, except `order`: the indices of the
 * `count` operations to run, by stage. XNNPACK does a whole even stage, an odd one has
 * only operations in plain C and chains of our own kernels. `offset` is
 * PLAN_NO_BUFFER for what has no buffer; those of others may overlap where their lives do
 * not.
 */
struct plan {
	uint32_t *order;
	size_t count;
	uint32_t *stage;
	size_t *offset; /* bytes */
	size_t bytes;   /* of all buffers together */
};

#define PLAN_NO_BUFFER SIZE_MAX

/* `extra` bytes of room follow each buffer; `fast` is borrowed. ERR_NOMEM, ERR_LIMIT. */
enum err plan_init(struct plan *p, const struct graph *g, const struct fast_map *fast, size_t batch,
	size_t extra, struct error *why) MUST_USE;

/* Accepts a zeroed struct. */
void plan_finish(struct plan *p);

#endif
