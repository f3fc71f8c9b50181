/* SPDX-License-Identifier: MIT */
/* What a finished graph consists of, for the session that runs it. Any thread. */
#ifndef INFER_GRAPH_INT_H
#define INFER_GRAPH_INT_H

#include "infer/graph.h"

enum op_kind {
	OP_INPUT,
	OP_CONV,
	OP_DEPTHWISE,
	OP_MAX_POOL,
	OP_AVG_POOL,
	OP_GLOBAL_AVG,
	OP_ADD,
	OP_ACTIVATION,
	OP_SIGMOID,
	OP_PAD_END,
	OP_KINDS,
};

/*
 * One operation and its result. Operands come before it in the list. `window` is
 * resolved: stride and dilation at least 1, padding in numbers.
 */
struct op {
	enum op_kind kind;
	int a, b;           /* operands, -1 where there is none */
	struct shape shape; /* of the result */
	struct window window;
	struct conv conv; /* filter, bias, scale and offset of OP_CONV and OP_DEPTHWISE */
	enum activation act;
	float slope;
	double flops;
	bool live; /* an output needs it */
};

/* Whether graph_finish has succeeded. */
bool graph_finished(const struct graph *g);

/* The number of operations, and the i-th of them; borrowed from the graph. */
size_t graph_ops(const struct graph *g);
const struct op *graph_op(const struct graph *g, size_t i);

/* The operation behind a port. */
size_t graph_input_op(const struct graph *g, size_t i);
size_t graph_output_op(const struct graph *g, size_t i);

/* How many floats the filter of a convolution has; 0 for everything else. */
size_t op_filter_count(const struct op *op);

/*
 * A convolution's filter with its scale folded in, as XNNPACK wants it: (out, h, w, in),
 * for depthwise (1, h, w, channels). And its bias (out), scale and offset folded in.
 */
void op_fold_filter(const struct op *op, float *filter);
void op_fold_bias(const struct op *op, float *bias);

#endif
