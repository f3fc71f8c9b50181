/* SPDX-License-Identifier: MIT */
/*
 * What a graph consists of: for the session that runs it (any thread, once it is
 * finished) and for the files that build it (one thread).
 */
#ifndef INFER_GRAPH_INT_H
#define INFER_GRAPH_INT_H

#include <stdint.h>

#include "infer/graph.h"
#include "infer/graph_ops.h"

/* XNNPACK does those from OP_CONV to OP_VIEW, those after are plain C. */
enum op_kind {
	OP_INPUT,
	OP_CONST,
	OP_CONV,
	OP_DEPTHWISE,
	OP_MAX_POOL,
	OP_AVG_POOL,
	OP_GLOBAL_AVG,
	OP_BINARY,
	OP_CLAMP,
	OP_LEAKY,
	OP_PRELU,
	OP_ELU,
	OP_UNARY,
	OP_SOFTMAX,
	OP_BILINEAR,
	OP_PAD,
	OP_VIEW,
	OP_COPY,
	OP_GATHER,
	OP_LERP,
	OP_CONCAT,
	OP_REDUCE,
	OP_MATMUL,
	OP_MAP,
	OP_KINDS,
	OP_FIRST_PLAIN = OP_COPY,
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
	float low, high;  /* the result is clamped to this, by those that can (op_clamps) */
	float slope;      /* OP_LEAKY, OP_ELU */
	union {
		enum binary binary;
		enum unary unary;
		enum reduce reduce;
		enum resize resize;
	} how;
	const float *data;       /* OP_CONST: the values; OP_PRELU: slopes; OP_LERP: weights */
	const int32_t *index;    /* OP_GATHER, OP_LERP */
	const int *list;         /* OP_CONCAT: operands; a and b are not used */
	struct walk walk;        /* OP_COPY, OP_REDUCE */
	struct runs runs;        /* OP_GATHER, OP_LERP, OP_CONCAT */
	struct matrices product; /* OP_MATMUL */
	struct pad pad;          /* OP_PAD */
	const char *label;       /* what an error calls it, NULL for nothing; borrowed */
	double flops;
	bool live; /* an output needs it */
};

/* Keeps the first failure; always -1. */
int graph_fail(struct graph *g, enum err code, const char *reason);

/* Whether `x` may be an operand; keeps the failure if not. */
bool graph_known(struct graph *g, int x);

/* Takes up an operation, giving its id; -1 after any failure. */
int graph_append(struct graph *g, const struct op *op);

/* The same operation again while the graph is being built, to change it; x is known. */
struct op *graph_edit(struct graph *g, int x);

/* The floating-point values of one result, as a number that cannot overflow. */
double shape_elements(struct shape s);

/* Whether an operation's result can be clamped by itself, without one more pass. */
bool op_clamps(const struct op *op);

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

/*
 * `count` outputs from `first` on of the same filter, as kernels want them that make several
 * at once: (h, w, in, lanes), of which the lanes from `count` on are left alone.
 */
void op_fold_columns(const struct op *op, size_t first, size_t count, float *to, size_t lanes);

#endif
