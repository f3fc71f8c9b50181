/* SPDX-License-Identifier: MIT */
/*
 * More operations of a graph (graph.h), as networks from elsewhere need them. The rules
 * are graph.h's: one thread, a negative id after any failure, data borrowed until the
 * graph is freed. Shapes are those of one image, batches are none of a graph's business.
 */
#ifndef INFER_GRAPH_OPS_H
#define INFER_GRAPH_OPS_H

#include <stdint.h>

#include "infer/graph.h"

enum {
	WALK_RANK_MAX = 8,
	GRAPH_LIST_MAX = 256, /* operands of one concatenation */
};

enum binary { BINARY_ADD, BINARY_SUB, BINARY_MUL, BINARY_DIV, BINARY_MAX, BINARY_MIN };

/* From UNARY_EXP on in plain C, the others by XNNPACK. */
enum unary {
	UNARY_SIGMOID,
	UNARY_HARDSWISH,
	UNARY_ABS,
	UNARY_CEIL,
	UNARY_FLOOR,
	UNARY_NEG,
	UNARY_SQUARE,
	UNARY_SQRT,
	UNARY_EXP,
	UNARY_LOG,
	UNARY_TANH,
	UNARY_RECIPROCAL,
	UNARY_ERF,
	UNARY_SOFTPLUS,
};

enum reduce {
	REDUCE_SUM,
	REDUCE_MEAN,
	REDUCE_MAX,
	REDUCE_MIN,
	REDUCE_PROD,
	REDUCE_L1,
	REDUCE_L2,
	REDUCE_SQUARES,
};

/* Which point of the source belongs to a row or column of the result. */
enum resize { RESIZE_HALF_PIXEL, RESIZE_ASYMMETRIC, RESIZE_ALIGN_CORNERS };

/*
 * A walk over memory, outermost dimension first: element (i, j, ...) lies at
 * offset + i * stride[0] + j * stride[1] + ..., counted in floats.
 */
struct walk {
	int rank;
	size_t dim[WALK_RANK_MAX];
	ptrdiff_t stride[WALK_RANK_MAX];
	size_t offset;
};

/* Memory seen as (outer, axis, inner): `from` cells along the axis become `count` cells. */
struct runs {
	size_t outer, from, count, inner;
};

/* `batch` products of (m, k) and (k, n); b_shared: the same second matrix for all. */
struct matrices {
	size_t batch, m, k, n;
	bool a_shared, b_shared;
};

/* Cells of `value` before and after each of height, width and channels. */
struct pad {
	size_t before[3], after[3];
	float value;
};

/* What errors call the operations that follow ("Conv 'conv1'"); borrowed, NULL for nothing. */
void graph_label(struct graph *g, const char *label);

/* The first failure so far, with its reason; OK if there is none. */
enum err graph_error(const struct graph *g, struct error *why);

/* The shape of a result; zeros for an id that is none. */
struct shape graph_shape(const struct graph *g, int x);

/* Values that are the same for every image; `data` is borrowed. */
int graph_const(struct graph *g, struct shape shape, const float *data);

/* Element by element; a side of 1 is stretched to the other operand's. */
int graph_binary(struct graph *g, int a, int b, enum binary how);
int graph_unary(struct graph *g, int x, enum unary how);
/* Values below `low` become low, those above `high` high; low < high, either infinite. */
int graph_clamp(struct graph *g, int x, float low, float high);
/* Negative values times `slope`: 0 < slope < 1; or `slopes`, one a channel. */
int graph_leaky(struct graph *g, int x, float slope);
int graph_prelu(struct graph *g, int x, const float *slopes);
/* Negative values become alpha * (e^x - 1), alpha > 0. */
int graph_elu(struct graph *g, int x, float alpha);
/* y = x * scale + offset, one of each a channel; either may be NULL. */
int graph_affine(struct graph *g, int x, const float *scale, const float *offset);
/* Over the channels. */
int graph_softmax(struct graph *g, int x);
/* To h rows and w columns, linear between the four nearest cells. */
int graph_bilinear(struct graph *g, int x, size_t h, size_t w, enum resize how);
int graph_pad(struct graph *g, int x, const struct pad *pad);
/* The same values in the same order as another shape. */
int graph_view(struct graph *g, int x, struct shape shape);

/* --- in plain C: these cut XNNPACK's part in two --------------------------------------- */

/* The elements of `x` in the order of a walk: transposing, slicing, stretching. */
int graph_copy(struct graph *g, int x, const struct walk *walk, struct shape shape);
/* Cell i of the result's axis is cell index[i] of x's; indices below runs->from. */
int graph_gather(
	struct graph *g, int x, const struct runs *runs, const int32_t *index, struct shape shape);
/*
 * Cell i of the result's axis lies between cells index[2i] and index[2i + 1] of x's, and
 * weight[i] of the way (0..1) from the first to the second.
 */
int graph_lerp(struct graph *g, int x, const struct runs *runs, const int32_t *index,
	const float *weight, struct shape shape);
/*
 * `count` operands one after another along an axis that has `outer` cells before it; of
 * operand i each of these has as many values as its size allows.
 */
int graph_concat(struct graph *g, const int *x, size_t count, size_t outer, struct shape shape);
/*
 * Reduces over some dimensions: `walk` goes through x in memory order and gives the place
 * in the result, so that a dimension of stride 0 is reduced.
 */
int graph_reduce(
	struct graph *g, int x, enum reduce how, const struct walk *walk, struct shape shape);
int graph_matmul(struct graph *g, int a, int b, const struct matrices *product, struct shape shape);

/* --- changing what is there: only where nothing else uses the result of `x` ------------ */

/* Clamps the result of x itself; false, and nothing done, where that cannot be. */
bool graph_fuse_clamp(struct graph *g, int x, float low, float high);

/*
 * Takes y = x * scale + offset (one of each a channel, either may be NULL) into the
 * convolution that makes x; false, and nothing done, where that cannot be.
 */
bool graph_fuse_affine(struct graph *g, int x, const float *scale, const float *offset);

/*
 * Whether x was made by graph_affine and not clamped: then its operand, scale and offset
 * (NULL where there is none), borrowed.
 */
bool graph_is_affine(
	const struct graph *g, int x, int *operand, const float **scale, const float **offset);

#endif
