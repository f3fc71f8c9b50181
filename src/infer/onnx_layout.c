/* SPDX-License-Identifier: MIT */
/* Dimensions, memory orders, and what a node gives. */
#include "infer/graph_int.h"
#include "infer/onnx_int.h"

#include <string.h>

#include "base/mem.h"

bool dims_count(const struct dims *d, size_t *count)
{
	*count = 1;
	for (int i = 0; i < d->rank; i++) {
		if (!size_mul(*count, d->d[i], count))
			return false;
	}
	return *count <= GRAPH_ELEMENTS_MAX;
}

bool dims_same(const struct dims *a, const struct dims *b)
{
	if (a->rank != b->rank)
		return false;
	for (int i = 0; i < a->rank; i++) {
		if (a->d[i] != b->d[i])
			return false;
	}
	return true;
}

enum err axis_of(struct loader *l, int64_t axis, int rank, int *out)
{
	*out = 0;
	if (axis < -rank || axis >= rank)
		return node_bad(l, ERR_FORMAT, "axis %lld of %d", (long long)axis, rank);
	*out = (int)(axis < 0 ? axis + rank : axis);
	return OK;
}

enum err axes_of(struct loader *l, const struct known *list, int rank, bool *named)
{
	for (int i = 0; i < rank; i++)
		named[i] = list == NULL;
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		int axis;
		enum err e = axis_of(l, list->i[i], rank, &axis);
		if (e == OK && named[axis])
			e = node_bad(l, ERR_FORMAT, "axis %d twice", axis);
		if (e != OK)
			return e;
		named[axis] = true;
	}
	return OK;
}

/* --- memory orders -------------------------------------------------------------------------- */

void order_plain(int rank, uint8_t *order)
{
	for (int i = 0; i < rank; i++)
		order[i] = (uint8_t)i;
}

void order_channels_last(int rank, uint8_t *order)
{
	order_plain(rank, order);
	for (int i = 1; i + 1 < rank; i++)
		order[i] = (uint8_t)(i + 1);
	if (rank > 1)
		order[rank - 1] = 1;
}

bool order_same(const struct dims *d, const uint8_t *a, const uint8_t *b)
{
	int i = 0, k = 0;
	for (;;) {
		while (i < d->rank && d->d[a[i]] == 1)
			i++;
		while (k < d->rank && d->d[b[k]] == 1)
			k++;
		if (i == d->rank || k == d->rank)
			return i == d->rank && k == d->rank;
		if (a[i++] != b[k++])
			return false;
	}
}

struct shape shape_in_order(const struct dims *d, const uint8_t *order)
{
	struct shape s = {1, 1, 1};
	for (int i = 0; i < d->rank; i++) {
		size_t *side = i == d->rank - 1 ? &s.c : i == d->rank - 2 ? &s.w : &s.h;
		if (!size_mul(*side, d->d[order[i]], side))
			*side = SIZE_MAX; /* refused by the graph */
	}
	return s;
}

void strides_of(const struct value *v, ptrdiff_t *stride)
{
	ptrdiff_t step = 1;
	for (int i = v->dims.rank - 1; i >= 0; i--) {
		stride[v->order[i]] = step;
		step *= (ptrdiff_t)v->dims.d[v->order[i]];
	}
}

int op_in_order(struct loader *l, const struct value *v, const uint8_t *order)
{
	const struct shape shape = shape_in_order(&v->dims, order);
	if (v->known != NULL) {
		const float *data = known_in_order(l, v->known, order);
		return data != NULL ? graph_const(l->g, shape, data)
				    : graph_fail(l->g, ERR_UNSUPPORTED, "a constant operand");
	}
	if (order_same(&v->dims, v->order, order))
		return v->op;
	ptrdiff_t stride[ONNX_RANK_MAX];
	struct walk walk = {.rank = v->dims.rank};
	strides_of(v, stride);
	for (int i = 0; i < v->dims.rank; i++) {
		walk.dim[i] = v->dims.d[order[i]];
		walk.stride[i] = stride[order[i]];
	}
	return graph_copy(l->g, v->op, &walk, shape);
}

int op_plain(struct loader *l, const struct value *v)
{
	uint8_t order[ONNX_RANK_MAX];
	order_plain(v->dims.rank, order);
	return op_in_order(l, v, order);
}

enum err op_image(struct loader *l, const struct value *v, int *op)
{
	uint8_t order[ONNX_RANK_MAX];
	*op = -1;
	if (v->dims.rank != 4 || v->dims.d[0] != 1)
		return node_bad(l, ERR_UNSUPPORTED,
			"only one image of two dimensions can be its input (not %d dimensions)",
			v->dims.rank);
	order_channels_last(4, order);
	*op = graph_view(l->g, op_in_order(l, v, order), shape_in_order(&v->dims, order));
	return node_check(l);
}

/* --- results -------------------------------------------------------------------------------- */

enum err make_known(struct loader *l, const struct known *k)
{
	return make_known_at(l, 0, k);
}

enum err make_known_at(struct loader *l, size_t i, const struct known *k)
{
	struct value *out = node_out(l, i);
	if (out == NULL)
		return OK;
	out->known = k;
	out->dims = k->dims;
	order_plain(k->dims.rank, out->order);
	out->made = true;
	return OK;
}

enum err make(struct loader *l, size_t i, int op, struct dims dims, const uint8_t *order)
{
	struct value *out = node_out(l, i);
	if (op < 0)
		return node_check(l);
	if (out == NULL)
		return OK;
	out->op = op;
	out->dims = dims;
	memcpy(out->order, order, sizeof(out->order[0]) * (size_t)dims.rank);
	out->made = true;
	out->only = out->uses == 1 && (size_t)op >= l->first_op;
	return OK;
}

enum err make_image(struct loader *l, int op)
{
	const struct shape s = graph_shape(l->g, op);
	const struct dims dims = {.rank = 4, .d = {1, s.c, s.h, s.w}};
	uint8_t order[ONNX_RANK_MAX];
	order_channels_last(4, order);
	return make(l, 0, op, dims, order);
}

enum err make_alias(struct loader *l, const struct value *v, struct dims dims, const uint8_t *order)
{
	const bool only = v->only;
	enum err e = make(l, 0, v->op, dims, order);
	if (node_out(l, 0) != NULL)
		node_out(l, 0)->only = only && node_out(l, 0)->uses == 1;
	return e;
}

enum err make_like(struct loader *l, const struct value *v, int op)
{
	return make(l, 0, op, v->dims, v->order);
}
