/* SPDX-License-Identifier: MIT */
/* A run of operations that XNNPACK does in one go: one of its run-times. */
#ifndef INFER_SEGMENT_H
#define INFER_SEGMENT_H

#include <pthreadpool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "infer/graph_int.h"
#include "infer/pages.h"

/*
 * What all segments of a session have in common; arrays have one element an operation of
 * the graph. One thread. `constant` holds what XNNPACK reads while it runs.
 */
struct segment_setting {
	const struct graph *g;
	pthreadpool_t pool; /* NULL for one thread */
	size_t batch;
	float *const *buffer;   /* of results that several segments or ports share, else NULL */
	const float **constant; /* a session's copy of op->data, NULL where there is none */
	uint32_t *value;        /* room to work in */
	struct pages scratch;   /* room for folded filters, emptied by segment_new's caller */
};

struct segment;

/*
 * Makes a segment of the operations with these indices, which are in an order that works.
 * ERR_UNSUPPORTED when XNNPACK cannot do one of them on this machine, ERR_NOMEM.
 */
enum err segment_new(struct segment **out, struct segment_setting *setting, const uint32_t *op,
	size_t ops, struct error *why) MUST_USE;
void segment_free(struct segment *s);

/* Fills the shared buffers of its results. */
enum err segment_run(struct segment *s, struct error *why) MUST_USE;

/* Must have succeeded before anything else here. Any thread, does its work once. */
enum err segment_start(struct error *why) MUST_USE;

#endif
