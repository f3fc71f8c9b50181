/* SPDX-License-Identifier: MIT */
/*
 * The operations of a graph that XNNPACK does not have (in all versions we know), in plain
 * C. A step keeps copies of everything it needs of its operation, but not the buffers.
 * One thread at a time; running allocates nothing.
 */
#ifndef INFER_PLAIN_H
#define INFER_PLAIN_H

#include <stddef.h>

#include "base/err.h"
#include "infer/graph_int.h"

struct plain;

/* An operand or result in memory: image i of the batch begins at data + i * step. */
struct plain_port {
	float *data;
	size_t step;  /* floats; 0 when all images share the values */
	size_t count; /* floats of one image */
};

/* Makes a step of an operation from OP_FIRST_PLAIN on. ERR_NOMEM. */
enum err plain_new(struct plain **out, const struct op *op, struct error *why) MUST_USE;
void plain_free(struct plain *p);

/* How many operands it has. */
size_t plain_operands(const struct plain *p);

/* Says where operand i and the result are; borrowed as long as the step runs. */
void plain_bind(struct plain *p, size_t i, struct plain_port operand);
void plain_bind_result(struct plain *p, struct plain_port result);

/* Fills the result for all images of the batch. */
void plain_run(const struct plain *p, size_t batch);

#endif
