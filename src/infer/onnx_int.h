/* SPDX-License-Identifier: MIT */
/*
 * What the files of the ONNX loader share. One thread.
 *
 * Values (ONNX's tensors by name) are either known while loading (`known`, plain memory
 * order) or the result of an operation. A result's memory order is tracked for each value:
 * order[i] is the dimension that is the i-th from outside in memory, so that transposing,
 * and most reshaping, moves nothing. Dimensions of 1 may stand anywhere.
 */
#ifndef INFER_ONNX_INT_H
#define INFER_ONNX_INT_H

#include <stdint.h>

#include "infer/arena.h"
#include "infer/graph_ops.h"
#include "infer/onnx.h"
#include "infer/onnx.pb-c.h"

enum { LABEL_MAX = 160 };

struct dims {
	int rank;
	size_t d[ONNX_RANK_MAX];
};

/* Floats, or whole numbers for shapes and indices. Borrowed from the arena. */
struct known {
	struct dims dims;
	size_t count;
	const float *f; /* one of the two */
	const int64_t *i;
	bool from_file; /* not computed from a shape */
};

struct value {
	const char *name;
	const struct known *known; /* NULL for a result */
	int op;                    /* of the graph */
	struct dims dims;
	uint8_t order[ONNX_RANK_MAX];
	unsigned uses; /* by nodes and as an output of the network */
	bool made;     /* by something before the node that asks */
	bool only;     /* one use, and nothing else uses the operation either */
};

/* What a node's first operand and result were at the file's own size. */
struct trace {
	struct dims in, out;
};

struct loader {
	struct graph *g;
	struct arena *arena;
	const OnnxFile__Model *file;
	int64_t opset;
	const char **initializer; /* names, sorted */
	struct value *value;      /* sorted by name */
	size_t values;
	struct trace *trace;        /* one a node */
	bool tracing;               /* writing the trace, not using it */
	bool traced;                /* there is one, of another size */
	const OnnxFile__Node *node; /* at work on this one */
	size_t index;               /* of it */
	size_t first_op;            /* what the graph has from there on was made for it */
	char *label;
	struct error *why;
};

/* --- errors: all give the code they are given --------------------------------------------- */

/* "Conv 'name': reason". */
enum err node_bad(struct loader *l, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum err node_nomem(struct loader *l);

/* OK, or the failure that the graph keeps. */
enum err node_check(struct loader *l);

/* --- a node's parts ----------------------------------------------------------------------- */

/* Input or output i; NULL when it is left out. */
struct value *node_in(struct loader *l, size_t i);
struct value *node_out(struct loader *l, size_t i);

/* The attribute, NULL when it is left out; ints, floats and text with what stands for none. */
const OnnxFile__Attribute *node_attr(const struct loader *l, const char *name);
int64_t attr_int(const struct loader *l, const char *name, int64_t otherwise);
float attr_float(const struct loader *l, const char *name, float otherwise);
bool attr_is(const struct loader *l, const char *name, const char *text, bool otherwise);

/* A list of whole numbers: the attribute, or (if it is left out) input i; NULL when neither is. */
enum err node_list(struct loader *l, const char *name, size_t i, const struct known **out);

/* Input i, known, floats; `count` values if it is not 0. */
enum err node_floats(struct loader *l, size_t i, size_t count, const float **out);

/* --- known values (onnx_known.c) ------------------------------------------------------------ */

/* An initializer, or the value of a Constant, checked. */
enum err known_from_file(struct loader *l, const OnnxFile__Tensor *t, const struct known **out);

/* Room for a known value of that shape; NULL, with `why` set, when there is none. */
struct known *known_new(struct loader *l, struct dims dims);

/* The values in the memory order of `order`. */
const float *known_in_order(struct loader *l, const struct known *k, const uint8_t *order);

/* The current node on known values only; *done is false when that operator is not for this. */
enum err fold_node(struct loader *l, bool *done);

/* --- shapes (onnx_layout.c) ----------------------------------------------------------------- */

/* How many values; false when that is more than a tensor may have. */
bool dims_count(const struct dims *d, size_t *count);
/* Whether all sides are alike. */
bool dims_same(const struct dims *a, const struct dims *b);

/* `axis` counted from the front; ERR_FORMAT when there is none such. */
enum err axis_of(struct loader *l, int64_t axis, int rank, int *out);

/* Which of `rank` dimensions a list names; all when the list is NULL. */
enum err axes_of(struct loader *l, const struct known *list, int rank, bool *named);

/* The file's order, and that of images here; whether two are alike for these sides. */
void order_plain(int rank, uint8_t *order);
void order_channels_last(int rank, uint8_t *order);
bool order_same(const struct dims *d, const uint8_t *a, const uint8_t *b);

/* How far apart neighbours along each dimension of a result are. */
void strides_of(const struct value *v, ptrdiff_t *stride);

/* The sides of a result in memory order. */
struct shape shape_in_order(const struct dims *d, const uint8_t *order);

/* The operation of a value, in a certain memory order (copied if it must be). */
int op_in_order(struct loader *l, const struct value *v, const uint8_t *order);
int op_plain(struct loader *l, const struct value *v);

/* The operation of an image of one, (height, width, channels). ERR_UNSUPPORTED if it is none. */
enum err op_image(struct loader *l, const struct value *v, int *op);

/* --- results: each gives OK or the failure that the graph keeps ------------------------------ */

enum err make_known(struct loader *l, const struct known *k); /* output 0 */
enum err make_known_at(struct loader *l, size_t i, const struct known *k);
/* Output i is the elements of a known value in the order of a walk. */
enum err known_walk(
	struct loader *l, size_t i, const struct known *k, const struct walk *w, struct dims dims);
/* Output i of the node is `op` in that order. */
enum err make(struct loader *l, size_t i, int op, struct dims dims, const uint8_t *order);
enum err make_image(struct loader *l, int op);
/* Output 0 has the memory of `v` under other dimensions or another order. */
enum err make_alias(
	struct loader *l, const struct value *v, struct dims dims, const uint8_t *order);
/* Output 0 is v with a new operation for the same values' places. */
enum err make_like(struct loader *l, const struct value *v, int op);

/* --- the operators, one function each --------------------------------------------------------- */

typedef enum err (*operator_fn)(struct loader *l);

/* The function for the current node's operator; NULL when there is none. */
operator_fn operator_find(const char *name);

/* With weights, and windows (onnx_conv.c). */
enum err do_conv(struct loader *l);
enum err do_batch_norm(struct loader *l);
enum err do_gemm(struct loader *l);
enum err do_matmul(struct loader *l);
enum err do_pool(struct loader *l);
enum err do_global_pool(struct loader *l);

/* Element by element, and along dimensions (onnx_point.c). */
enum err do_binary(struct loader *l);
enum err do_unary(struct loader *l);
enum err do_relu(struct loader *l);
enum err do_clip(struct loader *l);
enum err do_prelu(struct loader *l);
enum err do_leaky(struct loader *l);
enum err do_elu(struct loader *l);
enum err do_hard_sigmoid(struct loader *l);
enum err do_pow(struct loader *l);
enum err do_softmax(struct loader *l);
enum err do_reduce(struct loader *l);
enum err do_lp_norm(struct loader *l);

/* Moving values about (onnx_shape.c, onnx_cut.c, onnx_resize.c). */
enum err do_identity(struct loader *l);
enum err do_cast(struct loader *l);
enum err do_reshape(struct loader *l);
enum err do_flatten(struct loader *l);
enum err do_squeeze(struct loader *l);
enum err do_unsqueeze(struct loader *l);
enum err do_transpose(struct loader *l);
enum err do_concat(struct loader *l);
enum err do_slice(struct loader *l);
enum err do_split(struct loader *l);
enum err do_gather(struct loader *l);
enum err do_expand(struct loader *l);
enum err do_pad(struct loader *l);
enum err do_resize(struct loader *l);
enum err do_depth_to_space(struct loader *l);
enum err do_space_to_depth(struct loader *l);

/*
 * y = x * scale + offset along dimension `axis` (one of each, or one for all when axis is
 * -1): taken into the operation that makes x if nothing else needs that.
 */
enum err affine(
	struct loader *l, struct value *x, int axis, const float *scale, const float *offset);

/* y = min(max(x, low), high), likewise. */
enum err clamp(struct loader *l, struct value *x, float low, float high);

/* Two values (NULL for the current node's inputs 0 and 1), stretched as numpy does. */
enum err binary(struct loader *l, struct value *a, struct value *b, enum binary how);

/* Dimensions for a Reshape that was meant for another size; see onnx_reshape.c. */
bool dims_rescale(const struct trace *t, const struct dims *in, struct dims *out);

/* Output 0 is v as these dimensions, moved only if it must be. */
enum err reshape(struct loader *l, struct value *v, struct dims dims);

#endif
