/* SPDX-License-Identifier: MIT */
#include "infer/graph_ops.h"

#include <math.h>

#include "infer/graph_int.h"

static const struct op no_op = {.a = -1, .b = -1, .low = -INFINITY, .high = INFINITY};

static bool same_shape(struct shape a, struct shape b)
{
	return a.h == b.h && a.w == b.w && a.c == b.c;
}

static size_t count_of(struct shape s)
{
	return s.h * s.w * s.c; /* at most GRAPH_ELEMENTS_MAX */
}

static struct op on(const struct graph *g, int x, enum op_kind kind)
{
	struct op op = no_op;
	op.kind = kind;
	op.a = x;
	op.shape = graph_shape(g, x);
	op.flops = shape_elements(op.shape);
	return op;
}

int graph_const(struct graph *g, struct shape shape, const float *data)
{
	struct op op = no_op;
	if (data == NULL)
		return graph_fail(g, ERR_ARG, "a constant without values");
	op.kind = OP_CONST;
	op.shape = shape;
	op.data = data;
	return graph_append(g, &op);
}

/* The side that both can be stretched to; 0 if there is none. */
static size_t stretched(size_t a, size_t b)
{
	if (a == b || b == 1)
		return a;
	return a == 1 ? b : 0;
}

int graph_binary(struct graph *g, int a, int b, enum binary how)
{
	if (!graph_known(g, a) || !graph_known(g, b))
		return -1;
	struct op op = on(g, a, OP_BINARY);
	const struct shape x = op.shape, y = graph_shape(g, b);
	op.b = b;
	op.how.binary = how;
	op.shape = (struct shape){stretched(x.h, y.h), stretched(x.w, y.w), stretched(x.c, y.c)};
	op.flops = shape_elements(op.shape);
	if (op.shape.h == 0 || op.shape.w == 0 || op.shape.c == 0)
		return graph_fail(g, ERR_ARG, "operands of different shapes");
	return graph_append(g, &op);
}

int graph_unary(struct graph *g, int x, enum unary how)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, how >= UNARY_EXP ? OP_MAP : OP_UNARY);
	op.how.unary = how;
	return graph_append(g, &op);
}

int graph_clamp(struct graph *g, int x, float low, float high)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_CLAMP);
	if (!(low < high))
		return graph_fail(g, ERR_UNSUPPORTED, "limits that leave nothing between them");
	op.low = low;
	op.high = high;
	return graph_append(g, &op);
}

int graph_leaky(struct graph *g, int x, float slope)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_LEAKY);
	if (!(slope > 0 && slope < 1))
		return graph_fail(g, ERR_ARG, "a slope that is not between 0 and 1");
	op.slope = slope;
	return graph_append(g, &op);
}

int graph_prelu(struct graph *g, int x, const float *slopes)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_PRELU);
	if (slopes == NULL)
		return graph_fail(g, ERR_ARG, "an activation without slopes");
	op.data = slopes;
	return graph_append(g, &op);
}

int graph_elu(struct graph *g, int x, float alpha)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_ELU);
	if (!(alpha > 0) || !isfinite(alpha))
		return graph_fail(g, ERR_UNSUPPORTED, "an alpha that is not positive");
	op.slope = alpha;
	return graph_append(g, &op);
}

/* A depthwise convolution of one cell, for which XNNPACK has a kernel of its own. */
int graph_affine(struct graph *g, int x, const float *scale, const float *offset)
{
	if (!graph_known(g, x))
		return -1;
	const size_t channels = graph_shape(g, x).c;
	float *ones = graph_floats(g, channels);
	if (ones == NULL)
		return -1;
	for (size_t i = 0; i < channels; i++)
		ones[i] = 1;
	const struct conv conv = {.filter_h = 1,
		.filter_w = 1,
		.in = channels,
		.out = channels,
		.filter = ones,
		.scale = scale,
		.offset = offset};
	return graph_depthwise(g, x, &conv);
}

int graph_softmax(struct graph *g, int x)
{
	if (!graph_known(g, x))
		return -1;
	const struct op op = on(g, x, OP_SOFTMAX);
	return graph_append(g, &op);
}

int graph_bilinear(struct graph *g, int x, size_t h, size_t w, enum resize how)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_BILINEAR);
	op.shape.h = h;
	op.shape.w = w;
	op.how.resize = how;
	op.flops = 8 * shape_elements(op.shape);
	return graph_append(g, &op);
}

int graph_pad(struct graph *g, int x, const struct pad *pad)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_PAD);
	size_t *side[] = {&op.shape.h, &op.shape.w, &op.shape.c};
	for (int i = 0; i < 3; i++) {
		if (pad->before[i] > GRAPH_ELEMENTS_MAX || pad->after[i] > GRAPH_ELEMENTS_MAX)
			return graph_fail(g, ERR_LIMIT, "too much padding");
		*side[i] += pad->before[i] + pad->after[i];
	}
	op.pad = *pad;
	op.flops = 0;
	return graph_append(g, &op);
}

int graph_view(struct graph *g, int x, struct shape shape)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_VIEW);
	if (same_shape(op.shape, shape))
		return x;
	if (shape_elements(shape) != shape_elements(op.shape))
		return graph_fail(g, ERR_ARG, "a view of another size");
	if (graph_op(g, (size_t)x)->kind == OP_CONST)
		return graph_const(g, shape, graph_op(g, (size_t)x)->data);
	op.shape = shape;
	op.flops = 0;
	return graph_append(g, &op);
}

/* Whether a walk stays within `room` floats and has `count` steps. */
static bool walk_fits(const struct walk *w, size_t room, size_t count)
{
	double low = (double)w->offset, high = low, steps = 1;
	if (w->rank < 0 || w->rank > WALK_RANK_MAX)
		return false;
	for (int i = 0; i < w->rank; i++) {
		const double reach = (double)w->stride[i] * ((double)w->dim[i] - 1);
		low += reach < 0 ? reach : 0;
		high += reach > 0 ? reach : 0;
		steps *= (double)w->dim[i];
	}
	return steps == (double)count && low >= 0 && high < (double)room;
}

int graph_copy(struct graph *g, int x, const struct walk *walk, struct shape shape)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_COPY);
	if (shape_elements(shape) > GRAPH_ELEMENTS_MAX ||
		!walk_fits(walk, count_of(op.shape), count_of(shape)))
		return graph_fail(g, ERR_ARG, "a copy of what is not there");
	op.walk = *walk;
	op.shape = shape;
	op.flops = 0;
	return graph_append(g, &op);
}

/* Whether the runs cover all of x and all of a result of this shape. */
static bool runs_fit(const struct runs *r, struct shape x, struct shape result)
{
	const double part = (double)r->outer * (double)r->inner;
	return r->from > 0 && r->count > 0 && part * (double)r->from == shape_elements(x) &&
		part * (double)r->count == shape_elements(result);
}

static bool indices_fit(const int32_t *index, size_t count, size_t limit)
{
	for (size_t i = 0; i < count; i++) {
		if (index[i] < 0 || (size_t)index[i] >= limit)
			return false;
	}
	return true;
}

int graph_gather(
	struct graph *g, int x, const struct runs *runs, const int32_t *index, struct shape shape)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_GATHER);
	if (index == NULL || !runs_fit(runs, op.shape, shape) ||
		!indices_fit(index, runs->count, runs->from))
		return graph_fail(g, ERR_ARG, "a choice of what is not there");
	op.runs = *runs;
	op.index = index;
	op.shape = shape;
	op.flops = 0;
	return graph_append(g, &op);
}

int graph_lerp(struct graph *g, int x, const struct runs *runs, const int32_t *index,
	const float *weight, struct shape shape)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_LERP);
	if (index == NULL || weight == NULL || !runs_fit(runs, op.shape, shape) ||
		!indices_fit(index, 2 * runs->count, runs->from))
		return graph_fail(g, ERR_ARG, "a resize of what is not there");
	op.runs = *runs;
	op.index = index;
	op.data = weight;
	op.shape = shape;
	op.flops = 3 * shape_elements(shape);
	return graph_append(g, &op);
}

int graph_concat(struct graph *g, const int *x, size_t count, size_t outer, struct shape shape)
{
	struct op op = no_op;
	double together = 0;
	if (count < 1 || count > GRAPH_LIST_MAX || outer < 1)
		return graph_fail(g, ERR_LIMIT, "none or too many operands to put together");
	for (size_t i = 0; i < count; i++) {
		if (!graph_known(g, x[i]))
			return -1;
		if (count_of(graph_shape(g, x[i])) % outer != 0)
			return graph_fail(g, ERR_ARG, "operands that do not fit together");
		together += shape_elements(graph_shape(g, x[i]));
	}
	if (together != shape_elements(shape))
		return graph_fail(g, ERR_ARG, "operands that do not fit together");
	/* Ids are small enough to be kept in floats' memory. */
	_Static_assert(sizeof(float) == sizeof(int), "graph_floats has room for ids");
	int *list = (int *)(void *)graph_floats(g, count);
	if (list == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		list[i] = x[i];
	op.kind = OP_CONCAT;
	op.list = list;
	op.runs = (struct runs){.outer = outer, .count = count};
	op.shape = shape;
	return graph_append(g, &op);
}

int graph_reduce(
	struct graph *g, int x, enum reduce how, const struct walk *walk, struct shape shape)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = on(g, x, OP_REDUCE);
	if (shape_elements(shape) > GRAPH_ELEMENTS_MAX ||
		!walk_fits(walk, count_of(shape), count_of(op.shape)))
		return graph_fail(g, ERR_ARG, "a sum of what is not there");
	op.how.reduce = how;
	op.walk = *walk;
	op.shape = shape;
	return graph_append(g, &op);
}

int graph_matmul(struct graph *g, int a, int b, const struct matrices *product, struct shape shape)
{
	if (!graph_known(g, a) || !graph_known(g, b))
		return -1;
	const struct matrices *p = product;
	struct op op = on(g, a, OP_MATMUL);
	const double batch = (double)p->batch, m = (double)p->m, k = (double)p->k, n = (double)p->n;
	op.b = b;
	if (shape_elements(op.shape) != (p->a_shared ? 1 : batch) * m * k ||
		shape_elements(graph_shape(g, b)) != (p->b_shared ? 1 : batch) * k * n ||
		shape_elements(shape) != batch * m * n)
		return graph_fail(g, ERR_ARG, "a product of matrices that do not fit");
	op.product = *p;
	op.shape = shape;
	op.flops = 2 * batch * m * k * n;
	return graph_append(g, &op);
}

bool graph_fuse_clamp(struct graph *g, int x, float low, float high)
{
	if (!graph_known(g, x) || !(low < high))
		return false;
	struct op *op = graph_edit(g, x);
	if (!op_clamps(op) || op->low != -INFINITY || op->high != INFINITY)
		return false;
	op->low = low;
	op->high = high;
	return true;
}

/* a * b, where NULL stands for ones; NULL for both. */
static const float *times(
	struct graph *g, const float *a, const float *b, size_t count, bool *failed)
{
	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	float *out = graph_floats(g, count);
	*failed = *failed || out == NULL;
	for (size_t i = 0; out != NULL && i < count; i++)
		out[i] = a[i] * b[i];
	return out;
}

bool graph_fuse_affine(struct graph *g, int x, const float *scale, const float *offset)
{
	if (!graph_known(g, x))
		return false;
	struct op *op = graph_edit(g, x);
	struct conv *c = &op->conv;
	if ((op->kind != OP_CONV && op->kind != OP_DEPTHWISE) || op->low != -INFINITY ||
		op->high != INFINITY)
		return false;
	/* (y * s1 + o1) * s2 + o2 = y * (s1 * s2) + (o1 * s2 + o2) */
	bool failed = false;
	const float *new_scale = times(g, c->scale, scale, c->out, &failed);
	const float *new_offset =
		c->offset != NULL ? times(g, c->offset, scale, c->out, &failed) : offset;
	if (!failed && c->offset != NULL && offset != NULL) {
		float *sum = graph_floats(g, c->out);
		failed = sum == NULL;
		for (size_t i = 0; sum != NULL && i < c->out; i++)
			sum[i] = new_offset[i] + offset[i];
		new_offset = sum;
	}
	if (failed)
		return false;
	c->scale = new_scale;
	c->offset = new_offset;
	return true;
}

bool graph_is_affine(
	const struct graph *g, int x, int *operand, const float **scale, const float **offset)
{
	if (x < 0 || (size_t)x >= graph_ops(g))
		return false;
	const struct op *op = graph_op(g, (size_t)x);
	const struct conv *c = &op->conv;
	if (op->kind != OP_DEPTHWISE || c->filter_h != 1 || c->filter_w != 1 || c->bias != NULL ||
		op->window.stride != 1 || op->window.stride_w != 1 || op->low != -INFINITY ||
		op->high != INFINITY || op->window.top + op->window.left > 0 ||
		op->window.bottom + op->window.right > 0)
		return false;
	for (size_t i = 0; i < c->out; i++) {
		if (c->filter[i] != 1)
			return false;
	}
	*operand = op->a;
	*scale = c->scale;
	*offset = c->offset;
	return true;
}
