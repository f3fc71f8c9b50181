/* SPDX-License-Identifier: MIT */
/* Convolutions, products with weights, batch normalisation and pooling. */
#include <math.h>
#include <string.h>

#include "infer/onnx_int.h"

enum { WINDOW_SIDE_MAX = 1 << 16 };

/* --- windows -------------------------------------------------------------------------------- */

/* `count` whole numbers of an attribute, each from `low` on; left as they are without it. */
static enum err attr_sides(
	struct loader *l, const char *name, size_t count, int64_t low, size_t *side)
{
	const OnnxFile__Attribute *a = node_attr(l, name);
	if (a == NULL)
		return OK;
	if (a->n_ints != count)
		return node_bad(
			l, ERR_UNSUPPORTED, "%s of %zu numbers, not %zu", name, a->n_ints, count);
	for (size_t i = 0; i < count; i++) {
		if (a->ints[i] < low || a->ints[i] > WINDOW_SIDE_MAX)
			return node_bad(
				l, ERR_UNSUPPORTED, "%s of %lld", name, (long long)a->ints[i]);
		side[i] = (size_t)a->ints[i];
	}
	return OK;
}

/* One direction of a window. */
struct axis {
	size_t in, size, stride, dilation, before, after;
};

static void pad_same(struct axis *a, bool upper)
{
	const size_t reach = (a->size - 1) * a->dilation + 1;
	const size_t out = (a->in + a->stride - 1) / a->stride;
	const size_t covered = (out - 1) * a->stride + reach;
	const size_t missing = covered > a->in ? covered - a->in : 0;
	a->before = upper ? missing / 2 : missing - missing / 2;
	a->after = missing - a->before;
}

/* Cells after the end that a rounded-up number of positions covers beyond the padding. */
static size_t ceil_extra(const struct axis *a)
{
	const size_t reach = (a->size - 1) * a->dilation + 1;
	const size_t padded = a->in + a->before + a->after;
	if (padded < reach)
		return 0;
	size_t out = (padded - reach + a->stride - 1) / a->stride + 1;
	/* A window must begin inside the image or the padding before it. */
	if ((out - 1) * a->stride >= a->in + a->before)
		out--;
	const size_t covered = (out - 1) * a->stride + reach;
	return covered > padded ? covered - padded : 0;
}

/* The two directions of the node's window; `size` is taken from kernel_shape if it is 0. */
static enum err read_axes(struct loader *l, const struct value *x, struct axis axis[2])
{
	size_t size[] = {axis[0].size, axis[1].size}, stride[] = {1, 1}, dilation[] = {1, 1};
	size_t pads[4] = {0};
	enum err e = attr_sides(l, "kernel_shape", 2, 1, size);
	if (e == OK)
		e = attr_sides(l, "strides", 2, 1, stride);
	if (e == OK)
		e = attr_sides(l, "dilations", 2, 1, dilation);
	if (e == OK)
		e = attr_sides(l, "pads", 4, 0, pads);
	if (e != OK)
		return e;
	if (x->dims.rank != 4)
		return node_bad(
			l, ERR_UNSUPPORTED, "its input has %d dimensions, not 4", x->dims.rank);
	const bool upper = attr_is(l, "auto_pad", "SAME_UPPER", false);
	const bool lower = attr_is(l, "auto_pad", "SAME_LOWER", false);
	const bool valid = attr_is(l, "auto_pad", "VALID", false);
	if (!upper && !lower && !valid && !attr_is(l, "auto_pad", "NOTSET", true))
		return node_bad(l, ERR_UNSUPPORTED, "an auto_pad that is not known");
	for (int i = 0; i < 2; i++) {
		if (size[i] == 0 || (axis[i].size != 0 && axis[i].size != size[i]))
			return node_bad(l, ERR_FORMAT, "no kernel_shape, or not its weights'");
		axis[i] = (struct axis){.in = x->dims.d[2 + i],
			.size = size[i],
			.stride = stride[i],
			.dilation = dilation[i],
			.before = valid ? 0 : pads[i],
			.after = valid ? 0 : pads[2 + i]};
		if (upper || lower)
			pad_same(&axis[i], upper);
	}
	return OK;
}

static struct window window_of(const struct axis axis[2])
{
	return (struct window){.h = axis[0].size,
		.w = axis[1].size,
		.stride = axis[0].stride,
		.stride_w = axis[1].stride,
		.dilation = axis[0].dilation,
		.dilation_w = axis[1].dilation,
		.padding = PAD_EXPLICIT,
		.top = axis[0].before,
		.bottom = axis[0].after,
		.left = axis[1].before,
		.right = axis[1].after};
}

static bool padded(const struct axis axis[2])
{
	return axis[0].before + axis[0].after + axis[1].before + axis[1].after > 0;
}

/* Padding that a window cannot have, because it is wider than the window: put it in front. */
static int pad_first(struct loader *l, int x, struct axis axis[2], float value)
{
	const struct pad pad = {.before = {axis[0].before, axis[1].before},
		.after = {axis[0].after, axis[1].after},
		.value = value};
	for (int i = 0; i < 2; i++) {
		axis[i].in += axis[i].before + axis[i].after;
		axis[i].before = axis[i].after = 0;
	}
	return graph_pad(l->g, x, &pad);
}

static bool wide_padding(const struct axis axis[2])
{
	for (int i = 0; i < 2; i++) {
		const size_t reach = (axis[i].size - 1) * axis[i].dilation + 1;
		if (axis[i].before >= reach || axis[i].after >= reach)
			return true;
	}
	return false;
}

/* --- convolution ---------------------------------------------------------------------------- */

/* The convolution's arithmetic from the node's weights and attributes. */
static enum err read_conv(struct loader *l, const struct value *x, struct conv *c)
{
	const struct value *w = node_in(l, 1);
	const int64_t groups = attr_int(l, "group", 1);
	if (w == NULL || w->dims.rank != 4 || x->dims.rank != 4)
		return node_bad(l, ERR_UNSUPPORTED, "only images of two dimensions, with weights");
	const size_t *d = w->dims.d;
	if (groups < 1 || (size_t)groups > x->dims.d[1] || d[0] % (size_t)groups != 0 ||
		d[1] * (size_t)groups != x->dims.d[1])
		return node_bad(l, ERR_FORMAT,
			"weights of %zux%zu channels in %lld groups for an input of %zu", d[0],
			d[1], (long long)groups, x->dims.d[1]);
	enum err e = node_floats(l, 1, 0, &c->filter);
	if (e == OK && node_in(l, 2) != NULL)
		e = node_floats(l, 2, d[0], &c->bias);
	c->order = FILTER_OIHW;
	c->filter_h = d[2];
	c->filter_w = d[3];
	c->in = d[1];
	c->out = d[0];
	c->groups = (size_t)groups;
	return e;
}

/*
 * conv(x * scale + offset) as a convolution of x: the scale goes into the filter, and what
 * the offsets sum up to into the bias. Exact where no padding comes between.
 */
static bool absorb(struct loader *l, struct conv *c, const float *scale, const float *offset)
{
	const size_t area = c->filter_h * c->filter_w, inner = c->in * area;
	float *filter = arena_array(l->arena, c->out * inner, sizeof(*filter));
	float *bias = arena_array(l->arena, c->out, sizeof(*bias));
	if (filter == NULL || bias == NULL)
		return false;
	for (size_t o = 0; o < c->out; o++) {
		const size_t first = o / (c->out / c->groups) * c->in;
		double sum = c->bias != NULL ? (double)c->bias[o] : 0;
		for (size_t i = 0; i < inner; i++) {
			const size_t channel = first + i / area;
			const float w = c->filter[o * inner + i];
			filter[o * inner + i] = scale != NULL ? w * scale[channel] : w;
			sum += offset != NULL ? (double)w * (double)offset[channel] : 0;
		}
		bias[o] = (float)sum;
	}
	c->filter = filter;
	c->bias = bias;
	return true;
}

static bool all_zero(const float *x, size_t count)
{
	for (size_t i = 0; x != NULL && i < count; i++) {
		if (x[i] != 0)
			return false;
	}
	return true;
}

/* Looks through a scaling in front of the convolution. */
static int absorb_before(
	struct loader *l, const struct value *v, int x, struct conv *c, bool is_padded)
{
	const float *scale, *offset;
	int operand;
	if (!v->only || x != v->op || !graph_is_affine(l->g, x, &operand, &scale, &offset))
		return x;
	if (is_padded && !all_zero(offset, c->in * c->groups))
		return x;
	return absorb(l, c, scale, offset) ? operand : x;
}

enum err do_conv(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	struct conv c = {0};
	struct axis axis[2] = {0};
	int x;
	enum err e = read_conv(l, v, &c);
	axis[0].size = c.filter_h;
	axis[1].size = c.filter_w;
	if (e == OK)
		e = read_axes(l, v, axis);
	if (e == OK)
		e = op_image(l, v, &x);
	if (e != OK)
		return e;
	x = absorb_before(l, v, x, &c, padded(axis));
	if (wide_padding(axis))
		x = pad_first(l, x, axis, 0);
	c.window = window_of(axis);
	if (c.in == 1 && c.groups == c.out) {
		c.in = c.out;
		c.groups = 1;
		return make_image(l, graph_depthwise(l->g, x, &c));
	}
	return make_image(l, graph_conv(l->g, x, &c));
}

/* --- matrices with weights ------------------------------------------------------------------ */

/* x as (1, rows, c->in) times the weights, as a convolution of one cell. */
static int multiply(struct loader *l, int x, const struct dims *d, struct conv *c)
{
	struct shape s = {1, 1, c->in};
	if (d->rank > 1)
		s.w = d->d[d->rank - 2];
	for (int i = 0; i + 2 < d->rank; i++)
		s.h *= d->d[i];
	c->filter_h = c->filter_w = 1;
	c->groups = 1;
	return graph_conv(l->g, graph_view(l->g, x, s), c);
}

static float *filled(struct loader *l, size_t count, float value)
{
	float *out = arena_array(l->arena, count, sizeof(*out));
	for (size_t i = 0; out != NULL && i < count; i++)
		out[i] = value;
	return out;
}

/* Gemm's third operand, as one value an output. */
static enum err read_gemm_bias(struct loader *l, struct conv *c)
{
	const struct value *v = node_in(l, 2);
	const float beta = attr_float(l, "beta", 1), *data;
	if (v == NULL || beta == 0)
		return OK;
	enum err e = node_floats(l, 2, 0, &data);
	if (e != OK)
		return e;
	if (v->known->count != 1 &&
		(v->known->count != c->out || v->dims.d[v->dims.rank - 1] != c->out))
		return node_bad(l, ERR_UNSUPPORTED, "a third operand that is no row");
	float *offset = filled(l, c->out, 0);
	if (offset == NULL)
		return node_nomem(l);
	for (size_t i = 0; i < c->out; i++)
		offset[i] = beta * data[v->known->count == 1 ? 0 : i];
	c->offset = offset;
	return OK;
}

enum err do_gemm(struct loader *l)
{
	const struct value *a = node_in(l, 0), *b = node_in(l, 1);
	const bool turned = attr_int(l, "transB", 0) != 0;
	const float alpha = attr_float(l, "alpha", 1);
	uint8_t order[ONNX_RANK_MAX];
	if (b == NULL || a->dims.rank != 2 || b->dims.rank != 2)
		return node_bad(l, ERR_FORMAT, "operands that are no matrices");
	if (attr_int(l, "transA", 0) != 0)
		return node_bad(l, ERR_UNSUPPORTED, "transA");
	struct conv c = {.in = b->dims.d[turned ? 1 : 0],
		.out = b->dims.d[turned ? 0 : 1],
		.order = turned ? FILTER_OIHW : FILTER_HWIO};
	if (c.in != a->dims.d[1])
		return node_bad(l, ERR_FORMAT, "operands that do not fit");
	enum err e = node_floats(l, 1, 0, &c.filter);
	if (e == OK)
		e = read_gemm_bias(l, &c);
	if (e == OK && alpha != 1) {
		c.scale = filled(l, c.out, alpha);
		e = c.scale == NULL ? node_nomem(l) : OK;
	}
	if (e != OK)
		return e;
	const struct dims dims = {.rank = 2, .d = {a->dims.d[0], c.out}};
	order_plain(2, order);
	return make(l, 0, multiply(l, op_plain(l, a), &a->dims, &c), dims, order);
}

/* The product of two matrices, or stacks of them, in plain C. */
static enum err matmul_of_results(struct loader *l, const struct value *a, const struct value *b)
{
	const int ra = a->dims.rank, rb = b->dims.rank, rank = ra > rb ? ra : rb;
	const struct dims *long_one = ra >= rb ? &a->dims : &b->dims;
	struct matrices m = {.batch = 1};
	struct dims dims = {.rank = rank};
	uint8_t order[ONNX_RANK_MAX];
	if (ra < 2 || rb < 2)
		return node_bad(l, ERR_UNSUPPORTED, "a vector as operand");
	m.m = a->dims.d[ra - 2];
	m.k = a->dims.d[ra - 1];
	m.n = b->dims.d[rb - 1];
	for (int i = 0; i + 2 < rank; i++) {
		dims.d[i] = long_one->d[i];
		m.batch *= dims.d[i];
		const int pa = i - (rank - ra), pb = i - (rank - rb);
		m.a_shared |= pa < 0 && dims.d[i] != 1;
		m.b_shared |= pb < 0 && dims.d[i] != 1;
		if ((pa >= 0 && a->dims.d[pa] != dims.d[i]) ||
			(pb >= 0 && b->dims.d[pb] != dims.d[i]))
			return node_bad(l, ERR_UNSUPPORTED, "stacks of different heights");
	}
	dims.d[rank - 2] = m.m;
	dims.d[rank - 1] = m.n;
	size_t count;
	if (b->dims.d[rb - 2] != m.k || !dims_count(&dims, &count))
		return node_bad(l, ERR_FORMAT, "operands that do not fit");
	order_plain(rank, order);
	return make(l, 0,
		graph_matmul(
			l->g, op_plain(l, a), op_plain(l, b), &m, shape_in_order(&dims, order)),
		dims, order);
}

enum err do_matmul(struct loader *l)
{
	const struct value *a = node_in(l, 0), *b = node_in(l, 1);
	uint8_t order[ONNX_RANK_MAX];
	if (b == NULL)
		return node_bad(l, ERR_FORMAT, "has only one operand");
	if (b->known == NULL || b->dims.rank != 2 || a->dims.rank < 2)
		return matmul_of_results(l, a, b);
	struct conv c = {.in = b->dims.d[0], .out = b->dims.d[1]};
	struct dims dims = a->dims;
	if (dims.d[dims.rank - 1] != c.in)
		return node_bad(l, ERR_FORMAT, "operands that do not fit");
	dims.d[dims.rank - 1] = c.out;
	enum err e = node_floats(l, 1, 0, &c.filter);
	if (e != OK)
		return e;
	order_plain(dims.rank, order);
	return make(l, 0, multiply(l, op_plain(l, a), &a->dims, &c), dims, order);
}

/* --- batch normalisation -------------------------------------------------------------------- */

enum err do_batch_norm(struct loader *l)
{
	struct value *x = node_in(l, 0);
	const size_t channels = x->dims.rank > 1 ? x->dims.d[1] : 0;
	const double epsilon = (double)attr_float(l, "epsilon", 1e-5F);
	const float *in[4];
	enum err e = OK;
	if (x->dims.rank < 2 || attr_int(l, "training_mode", 0) != 0 ||
		attr_int(l, "spatial", 1) != 1)
		return node_bad(l, ERR_UNSUPPORTED, "not as used in inference, by channels");
	for (size_t i = 0; e == OK && i < 4; i++)
		e = node_floats(l, i + 1, channels, &in[i]);
	if (e != OK)
		return e;
	float *scale = arena_array(l->arena, channels, sizeof(*scale));
	float *offset = arena_array(l->arena, channels, sizeof(*offset));
	if (scale == NULL || offset == NULL)
		return node_nomem(l);
	for (size_t i = 0; i < channels; i++) {
		const double spread = (double)in[3][i] + epsilon;
		if (!(spread > 0))
			return node_bad(l, ERR_FORMAT, "a variance that is negative");
		const double factor = (double)in[0][i] / sqrt(spread);
		scale[i] = (float)factor;
		offset[i] = (float)((double)in[1][i] - (double)in[2][i] * factor);
	}
	return affine(l, x, 1, scale, offset);
}

/* --- pooling -------------------------------------------------------------------------------- */

/* Every stride-th cell. */
static int pick(struct loader *l, int x, const struct axis axis[2])
{
	const struct shape s = graph_shape(l->g, x);
	const struct shape out = {
		(s.h - 1) / axis[0].stride + 1, (s.w - 1) / axis[1].stride + 1, s.c};
	const struct walk walk = {.rank = 3,
		.dim = {out.h, out.w, s.c},
		.stride = {(ptrdiff_t)(axis[0].stride * s.w * s.c),
			(ptrdiff_t)(axis[1].stride * s.c), 1}};
	return graph_copy(l->g, x, &walk, out);
}

enum err do_pool(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	const bool largest = strcmp(l->node->op_type, "MaxPool") == 0;
	struct axis axis[2] = {0};
	int x;
	enum err e = read_axes(l, v, axis);
	if (e == OK)
		e = op_image(l, v, &x);
	if (e != OK)
		return e;
	const bool counted = !largest && attr_int(l, "count_include_pad", 0) != 0;
	const size_t extra[] = {ceil_extra(&axis[0]), ceil_extra(&axis[1])};
	if (padded(axis) && (counted || wide_padding(axis)))
		x = pad_first(l, x, axis, largest ? -INFINITY : 0);
	for (int i = 0; i < 2 && attr_int(l, "ceil_mode", 0) != 0; i++)
		axis[i].after += extra[i];
	if (axis[0].size == 1 && axis[1].size == 1 && !padded(axis))
		return make_image(l, pick(l, x, axis));
	return make_image(l,
		largest ? graph_max_pool(l->g, x, window_of(axis))
			: graph_avg_pool(l->g, x, window_of(axis)));
}

enum err do_global_pool(struct loader *l)
{
	int x;
	enum err e = op_image(l, node_in(l, 0), &x);
	if (e != OK)
		return e;
	const struct shape s = graph_shape(l->g, x);
	const struct window all = {.h = s.h, .w = s.w};
	if (strcmp(l->node->op_type, "GlobalAveragePool") == 0)
		return make_image(l, graph_global_avg(l->g, x));
	return make_image(l, s.h * s.w == 1 ? x : graph_max_pool(l->g, x, all));
}
