/* SPDX-License-Identifier: MIT */
/* Operators that cut values into pieces and put pieces together. */
#include <limits.h>
#include <string.h>

#include "infer/onnx_int.h"

/* --- slices --------------------------------------------------------------------------------- */

/* Which cells of each dimension: count from first, every step-th. */
struct cut {
	size_t count[ONNX_RANK_MAX];
	size_t first[ONNX_RANK_MAX];
	int64_t step[ONNX_RANK_MAX];
};

static struct cut cut_all(const struct dims *d)
{
	struct cut c = {0};
	for (int i = 0; i < d->rank; i++) {
		c.count[i] = d->d[i];
		c.step[i] = 1;
	}
	return c;
}

static bool cuts_nothing(const struct dims *d, const struct cut *c)
{
	for (int i = 0; i < d->rank; i++) {
		if (c->count[i] != d->d[i] || (c->step[i] != 1 && d->d[i] > 1))
			return false;
	}
	return true;
}

/* Output i is a cut of v, in v's memory order. */
static enum err make_cut(struct loader *l, size_t i, const struct value *v, const struct cut *c)
{
	struct walk walk = {.rank = v->dims.rank};
	struct dims dims = v->dims;
	ptrdiff_t step = 1;
	for (int k = v->dims.rank - 1; k >= 0; k--) {
		const int axis = v->order[k];
		dims.d[axis] = walk.dim[k] = c->count[axis];
		walk.stride[k] = step * (ptrdiff_t)c->step[axis];
		walk.offset += c->first[axis] * (size_t)step;
		step *= (ptrdiff_t)v->dims.d[axis];
	}
	if (v->known != NULL)
		return known_walk(l, i, v->known, &walk, dims);
	if (cuts_nothing(&v->dims, c) && i == 0)
		return make_alias(l, v, dims, v->order);
	const struct shape shape = shape_in_order(&dims, v->order);
	return make(l, i, graph_copy(l->g, v->op, &walk, shape), dims, v->order);
}

static int64_t limited(int64_t x, int64_t low, int64_t high)
{
	return x < low ? low : x > high ? high : x;
}

/* One dimension of a Slice, as numpy understands the numbers. */
static enum err cut_axis(
	struct loader *l, struct cut *c, int axis, size_t side, const int64_t range[3])
{
	const int64_t n = (int64_t)side, step = range[2];
	if (step == 0 || step == INT64_MIN)
		return node_bad(l, ERR_FORMAT, "a step of 0");
	int64_t from = range[0] < 0 ? limited(range[0], -n, 0) + n : range[0];
	int64_t to = range[1] < 0 ? limited(range[1], -n - 1, 0) + n : range[1];
	if (step > 0) {
		from = limited(from, 0, n);
		to = limited(to, 0, n);
		c->count[axis] = to > from ? (size_t)((to - from - 1) / step) + 1 : 0;
	} else {
		from = limited(from, 0, n - 1);
		to = limited(to, -1, n - 1);
		c->count[axis] = from > to ? (size_t)((from - to - 1) / -step) + 1 : 0;
	}
	c->first[axis] = c->count[axis] > 0 ? (size_t)from : 0;
	c->step[axis] = c->count[axis] > 1 ? step : 1;
	return OK;
}

/* The lists of a Slice: starts, ends, axes, steps; the last two may be missing. */
static enum err read_slice(struct loader *l, const struct known *list[4])
{
	static const char *const name[] = {"starts", "ends", "axes", NULL};
	enum err e = OK;
	for (size_t i = 0; e == OK && i < 4; i++) {
		list[i] = NULL;
		if (l->opset >= 10 || name[i] != NULL)
			e = node_list(l, l->opset < 10 ? name[i] : NULL, i + 1, &list[i]);
	}
	if (e != OK)
		return e;
	for (size_t i = 0; i < 4; i++) {
		if (list[0] == NULL || (list[i] == NULL && i < 2) ||
			(list[i] != NULL && list[i]->count != list[0]->count))
			return node_bad(l, ERR_FORMAT, "lists that do not fit each other");
	}
	return OK;
}

enum err do_slice(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	const struct known *list[4];
	struct cut c = cut_all(&v->dims);
	enum err e = read_slice(l, list);
	if (e != OK)
		return e;
	for (size_t i = 0; e == OK && i < list[0]->count; i++) {
		const int64_t range[] = {
			list[0]->i[i], list[1]->i[i], list[3] != NULL ? list[3]->i[i] : 1};
		int axis = 0;
		e = axis_of(l, list[2] != NULL ? list[2]->i[i] : (int64_t)i, v->dims.rank, &axis);
		if (e == OK)
			e = cut_axis(l, &c, axis, v->dims.d[axis], range);
		if (e == OK && c.count[axis] == 0 && v->known == NULL)
			e = node_bad(l, ERR_UNSUPPORTED, "nothing is left");
	}
	return e == OK ? make_cut(l, 0, v, &c) : e;
}

enum err do_split(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	const struct known *parts;
	const size_t outputs = l->node->n_output;
	struct cut c = cut_all(&v->dims);
	int axis = 0;
	enum err e = node_list(l, l->opset < 13 ? "split" : NULL, 1, &parts);
	if (e == OK)
		e = axis_of(l, attr_int(l, "axis", 0), v->dims.rank, &axis);
	if (e != OK)
		return e;
	if (outputs < 1 || (parts != NULL && parts->count != outputs))
		return node_bad(l, ERR_FORMAT, "sizes that do not fit its outputs");
	const size_t side = v->dims.d[axis], even = (side + outputs - 1) / outputs;
	for (size_t i = 0, at = 0; e == OK && i < outputs; i++, at += c.count[axis]) {
		const size_t left = side - at;
		if (parts != NULL && (parts->i[i] < 0 || (size_t)parts->i[i] > left))
			return node_bad(l, ERR_FORMAT, "sizes larger than its input");
		c.count[axis] = parts != NULL ? (size_t)parts->i[i] : left < even ? left : even;
		c.first[axis] = at;
		if (c.count[axis] == 0 && v->known == NULL)
			return node_bad(l, ERR_UNSUPPORTED, "a part of nothing");
		e = make_cut(l, i, v, &c);
	}
	return e;
}

/* --- choosing ------------------------------------------------------------------------------- */

/* Output 0 is cell index[i] of x's dimension for each i; x is a result. */
static enum err gather_result(
	struct loader *l, const struct value *v, int axis, const struct known *index)
{
	struct runs runs = {.outer = 1, .from = v->dims.d[axis], .count = index->count, .inner = 1};
	struct dims dims = v->dims;
	bool before = true;
	int32_t *table = arena_array(l->arena, index->count, sizeof(*table));
	if (table == NULL)
		return node_nomem(l);
	for (size_t i = 0; i < index->count; i++)
		table[i] =
			(int32_t)(index->i[i] < 0 ? index->i[i] + (int64_t)runs.from : index->i[i]);
	for (int i = 0; i < v->dims.rank; i++) {
		if (v->order[i] == axis)
			before = false;
		else if (before)
			runs.outer *= v->dims.d[v->order[i]];
		else
			runs.inner *= v->dims.d[v->order[i]];
	}
	dims.d[axis] = index->count;
	const struct shape shape = shape_in_order(&dims, v->order);
	return make(l, 0, graph_gather(l->g, v->op, &runs, table, shape), dims, v->order);
}

/* The same where v is known; the index may have any number of dimensions. */
static enum err gather_known(
	struct loader *l, const struct value *v, int axis, const struct known *index)
{
	const struct known *k = v->known;
	struct dims dims = {.rank = v->dims.rank - 1 + index->dims.rank};
	size_t outer = 1, inner = 1, n = 0;
	if (dims.rank > ONNX_RANK_MAX)
		return node_bad(l, ERR_LIMIT, "too many dimensions");
	for (int i = 0, o = 0; i < v->dims.rank; i++) {
		for (int x = 0; i == axis && x < index->dims.rank; x++)
			dims.d[o++] = index->dims.d[x];
		if (i != axis)
			dims.d[o++] = v->dims.d[i];
		outer *= i < axis ? v->dims.d[i] : 1;
		inner *= i > axis ? v->dims.d[i] : 1;
	}
	struct known *out = known_new(l, dims);
	if (out == NULL)
		return node_bad(l, ERR_LIMIT, "a constant that is too large");
	float *f = k->f != NULL ? arena_array(l->arena, out->count, sizeof(*f)) : NULL;
	int64_t *w = k->f == NULL ? arena_array(l->arena, out->count, sizeof(*w)) : NULL;
	if (f == NULL && w == NULL)
		return node_nomem(l);
	for (size_t o = 0; o < outer; o++) {
		for (size_t i = 0; i < index->count; i++) {
			const int64_t x = index->i[i];
			const size_t cell = (size_t)(x < 0 ? x + (int64_t)v->dims.d[axis] : x);
			const size_t from = (o * v->dims.d[axis] + cell) * inner;
			for (size_t c = 0; c < inner; c++, n++) {
				if (f != NULL)
					f[n] = k->f[from + c];
				else
					w[n] = k->i[from + c];
			}
		}
	}
	out->f = f;
	out->i = w;
	out->from_file = k->from_file && index->from_file;
	return make_known(l, out);
}

enum err do_gather(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	const struct known *index;
	int axis = 0;
	enum err e = node_list(l, NULL, 1, &index);
	if (e == OK)
		e = axis_of(l, attr_int(l, "axis", 0), v->dims.rank, &axis);
	if (e != OK)
		return e;
	if (index == NULL || (index->dims.rank > 1 && v->known == NULL) ||
		(index->count == 0 && v->known == NULL))
		return node_bad(l, ERR_UNSUPPORTED, "no index, or one of several dimensions");
	const int64_t side = (int64_t)v->dims.d[axis];
	for (size_t i = 0; i < index->count; i++) {
		if (index->i[i] < -side || index->i[i] >= side)
			return node_bad(l, ERR_FORMAT, "index %lld of %lld cells",
				(long long)index->i[i], (long long)side);
	}
	if (v->known != NULL)
		return gather_known(l, v, axis, index);
	e = gather_result(l, v, axis, index);
	if (e != OK || index->dims.rank == 1 || node_out(l, 0) == NULL)
		return e;
	/* A single number takes its dimension away. */
	struct value one = *node_out(l, 0);
	struct dims dims = {.rank = one.dims.rank - 1};
	for (int i = 0, o = 0; i < one.dims.rank; i++) {
		if (i != axis)
			dims.d[o++] = one.dims.d[i];
	}
	return reshape(l, &one, dims);
}

/* --- stretching ----------------------------------------------------------------------------- */

/* The sides and the walk of a value stretched to a shape; dims->rank is set. */
static enum err expand_walk(struct loader *l, const struct known *to, struct dims *dims,
	struct walk *walk, uint8_t *order)
{
	const struct value *v = node_in(l, 0);
	const int more = dims->rank - v->dims.rank, fewer = dims->rank - (int)to->count;
	ptrdiff_t stride[ONNX_RANK_MAX];
	strides_of(v, stride);
	walk->rank = dims->rank;
	/* The new dimensions are outermost, the others keep their order. */
	for (int i = 0; i < dims->rank; i++) {
		const int axis = i < more ? i : v->order[i - more] + more;
		const size_t have = axis >= more ? v->dims.d[axis - more] : 1;
		const int64_t want = axis >= fewer ? to->i[axis - fewer] : 1;
		if (want < 0 || want > GRAPH_ELEMENTS_MAX ||
			(have != 1 && want != 1 && (size_t)want != have))
			return node_bad(l, ERR_FORMAT, "a shape that does not fit");
		order[i] = (uint8_t)axis;
		dims->d[axis] = have == 1 ? (size_t)want : have;
		walk->dim[i] = dims->d[axis];
		walk->stride[i] = axis >= more && have != 1 ? stride[axis - more] : 0;
	}
	return OK;
}

enum err do_expand(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	const struct known *to;
	struct walk walk = {0};
	struct dims dims = {0};
	uint8_t order[ONNX_RANK_MAX];
	size_t count;
	enum err e = node_list(l, NULL, 1, &to);
	if (e == OK && (to == NULL || to->count > ONNX_RANK_MAX))
		e = node_bad(l, ERR_FORMAT, "no shape, or one of too many dimensions");
	if (e != OK)
		return e;
	dims.rank = v->dims.rank > (int)to->count ? v->dims.rank : (int)to->count;
	e = expand_walk(l, to, &dims, &walk, order);
	if (e == OK && (!dims_count(&dims, &count) || (count == 0 && v->known == NULL)))
		e = node_bad(l, ERR_LIMIT, "a result that is empty or too large");
	if (e != OK)
		return e;
	if (v->known != NULL)
		return known_walk(l, 0, v->known, &walk, dims);
	const struct shape shape = shape_in_order(&dims, order);
	return make(l, 0, graph_copy(l->g, v->op, &walk, shape), dims, order);
}

/* --- putting together ----------------------------------------------------------------------- */

/* All dimensions of all operands must be alike but for `axis`, whose sides add up. */
static enum err concat_dims(struct loader *l, int axis, struct dims *dims)
{
	*dims = node_in(l, 0)->dims;
	dims->d[axis] = 0;
	for (size_t i = 0; i < l->node->n_input; i++) {
		const struct value *v = node_in(l, i);
		bool fits = v != NULL && v->dims.rank == dims->rank;
		for (int k = 0; fits && k < dims->rank; k++)
			fits = k == axis || v->dims.d[k] == dims->d[k];
		if (!fits)
			return node_bad(l, ERR_FORMAT, "operands that do not fit together");
		dims->d[axis] += v->dims.d[axis];
	}
	size_t count;
	return dims_count(dims, &count) ? OK : node_bad(l, ERR_LIMIT, "a result too large");
}

static enum err concat_known(struct loader *l, int axis, struct dims dims)
{
	struct known *out = known_new(l, dims);
	const bool floats = node_in(l, 0)->known->f != NULL;
	size_t outer = 1, n = 0;
	if (out == NULL)
		return node_bad(l, ERR_LIMIT, "a constant that is too large");
	float *f = floats ? arena_array(l->arena, out->count, sizeof(*f)) : NULL;
	int64_t *w = floats ? NULL : arena_array(l->arena, out->count, sizeof(*w));
	if (f == NULL && w == NULL)
		return node_nomem(l);
	for (int i = 0; i < axis; i++)
		outer *= dims.d[i];
	out->from_file = true;
	for (size_t o = 0; o < outer; o++) {
		for (size_t i = 0; i < l->node->n_input; i++) {
			const struct known *k = node_in(l, i)->known;
			const size_t part = k->count / outer;
			out->from_file = out->from_file && k->from_file;
			if (part > 0 && (k->f != NULL) != floats)
				return node_bad(l, ERR_FORMAT, "operands of different types");
			for (size_t c = 0; c < part; c++, n++) {
				if (floats)
					f[n] = k->f[o * part + c];
				else
					w[n] = k->i[o * part + c];
			}
		}
	}
	out->f = f;
	out->i = w;
	return make_known(l, out);
}

/* The order of the largest operand that is a result. */
static const uint8_t *concat_order(struct loader *l)
{
	const struct value *best = NULL;
	size_t most = 0;
	for (size_t i = 0; i < l->node->n_input; i++) {
		const struct value *v = node_in(l, i);
		size_t count = 0;
		if (v->known != NULL || !dims_count(&v->dims, &count) || count <= most)
			continue;
		best = v;
		most = count;
	}
	return best != NULL ? best->order : NULL;
}

enum err do_concat(struct loader *l)
{
	struct dims dims;
	uint8_t order[ONNX_RANK_MAX];
	size_t outer = 1;
	int axis, list[GRAPH_LIST_MAX];
	enum err e = axis_of(l, attr_int(l, "axis", 1), node_in(l, 0)->dims.rank, &axis);
	if (e == OK)
		e = concat_dims(l, axis, &dims);
	if (e != OK)
		return e;
	if (concat_order(l) == NULL)
		return concat_known(l, axis, dims);
	if (l->node->n_input > GRAPH_LIST_MAX)
		return node_bad(l, ERR_LIMIT, "more than %d operands", GRAPH_LIST_MAX);
	memcpy(order, concat_order(l), sizeof(order));
	for (int i = 0; i < dims.rank && order[i] != axis; i++)
		outer *= dims.d[order[i]];
	size_t count = 0;
	for (size_t i = 0; i < l->node->n_input; i++) {
		if (node_in(l, i)->dims.d[axis] > 0)
			list[count++] = op_in_order(l, node_in(l, i), order);
	}
	const struct shape shape = shape_in_order(&dims, order);
	return make(l, 0, graph_concat(l->g, list, count, outer, shape), dims, order);
}

/* --- padding -------------------------------------------------------------------------------- */

enum pad_mode { PAD_WITH_VALUE, PAD_REFLECTED, PAD_WITH_EDGE };

/* Cells before and after each dimension. */
static enum err read_pads(struct loader *l, const struct value *v, size_t before[ONNX_RANK_MAX],
	size_t after[ONNX_RANK_MAX])
{
	const struct known *pads, *axes;
	enum err e = node_list(l, l->opset < 11 ? "pads" : NULL, 1, &pads);
	if (e == OK)
		e = node_list(l, NULL, 3, &axes);
	if (e != OK)
		return e;
	const size_t count = axes != NULL ? axes->count : (size_t)v->dims.rank;
	if (pads == NULL || pads->count != 2 * count)
		return node_bad(l, ERR_FORMAT, "pads that do not fit its input");
	for (size_t i = 0; e == OK && i < count; i++) {
		int axis = 0;
		e = axis_of(l, axes != NULL ? axes->i[i] : (int64_t)i, v->dims.rank, &axis);
		const int64_t x = pads->i[i], y = pads->i[i + count];
		if (e == OK && (x < 0 || y < 0 || x > ONNX_SIDE_MAX || y > ONNX_SIDE_MAX))
			e = node_bad(l, ERR_UNSUPPORTED, "pads below 0 or above %d", ONNX_SIDE_MAX);
		before[axis] = (size_t)x;
		after[axis] = (size_t)y;
	}
	return e;
}

/* The cell that stands at a place outside 0..side-1. */
static int64_t mirrored(int64_t at, int64_t side, enum pad_mode mode)
{
	if (mode == PAD_WITH_EDGE)
		return limited(at, 0, side - 1);
	return at < 0 ? -at : at >= side ? 2 * (side - 1) - at : at;
}

/* Reflected and edge padding, one dimension after another. */
static enum err pad_by_choice(struct loader *l, const struct value *in, const size_t *before,
	const size_t *after, enum pad_mode mode)
{
	struct value v = *in;
	for (int axis = 0; axis < in->dims.rank; axis++) {
		const int64_t side = (int64_t)in->dims.d[axis];
		const size_t count = in->dims.d[axis] + before[axis] + after[axis];
		if (before[axis] + after[axis] == 0)
			continue;
		if (mode == PAD_REFLECTED &&
			((int64_t)before[axis] >= side || (int64_t)after[axis] >= side))
			return node_bad(l, ERR_UNSUPPORTED, "reflected more than once");
		struct known index = {.dims = {.rank = 1, .d = {count}}, .count = count};
		int64_t *table = arena_array(l->arena, count, sizeof(*table));
		if (table == NULL)
			return node_nomem(l);
		for (size_t i = 0; i < count; i++)
			table[i] = mirrored((int64_t)i - (int64_t)before[axis], side, mode);
		index.i = table;
		enum err e = gather_result(l, &v, axis, &index);
		if (e == OK)
			e = node_check(l);
		if (e != OK || node_out(l, 0) == NULL)
			return e;
		v = *node_out(l, 0);
	}
	return make(l, 0, v.op, v.dims, v.order);
}

static enum err pad_by_value(struct loader *l, const struct value *v, const size_t *before,
	const size_t *after, float value)
{
	struct pad pad = {.value = value};
	struct dims dims = v->dims;
	size_t others = 1;
	for (int i = 0; i < v->dims.rank; i++) {
		const int axis = v->order[i], place = 2 - (v->dims.rank - 1 - i);
		dims.d[axis] += before[axis] + after[axis];
		if (place >= 1) {
			pad.before[place] = before[axis];
			pad.after[place] = after[axis];
		} else if (before[axis] + after[axis] > 0) {
			/* The first of three sides may stand for several dimensions of 1. */
			if (pad.before[0] + pad.after[0] > 0 || others != 1)
				return node_bad(l, ERR_UNSUPPORTED, "too many dimensions");
			for (int k = i + 1; k < v->dims.rank - 2; k++)
				others *= v->dims.d[v->order[k]];
			pad.before[0] = before[axis] * others;
			pad.after[0] = after[axis] * others;
			others = 1;
		} else {
			others *= v->dims.d[axis];
		}
	}
	const int x = graph_view(l->g, v->op, shape_in_order(&v->dims, v->order));
	return make(l, 0, graph_pad(l->g, x, &pad), dims, v->order);
}

enum err do_pad(struct loader *l)
{
	struct value v = *node_in(l, 0);
	size_t before[ONNX_RANK_MAX] = {0}, after[ONNX_RANK_MAX] = {0};
	const float *constant = NULL;
	float value = attr_float(l, "value", 0);
	enum pad_mode mode = PAD_WITH_VALUE;
	if (attr_is(l, "mode", "reflect", false))
		mode = PAD_REFLECTED;
	else if (attr_is(l, "mode", "edge", false))
		mode = PAD_WITH_EDGE;
	else if (!attr_is(l, "mode", "constant", true))
		return node_bad(l, ERR_UNSUPPORTED, "a mode that is not known");
	enum err e = read_pads(l, &v, before, after);
	if (e == OK && l->opset >= 11 && node_in(l, 2) != NULL)
		e = node_floats(l, 2, 1, &constant);
	if (e == OK && v.known != NULL)
		e = node_bad(l, ERR_UNSUPPORTED, "of a constant");
	if (e != OK)
		return e;
	value = constant != NULL ? constant[0] : value;
	size_t all = 0;
	for (int i = 0; i < v.dims.rank; i++)
		all += before[i] + after[i];
	if (all == 0)
		return make_alias(l, node_in(l, 0), v.dims, v.order);
	return mode == PAD_WITH_VALUE ? pad_by_value(l, &v, before, after, value)
				      : pad_by_choice(l, &v, before, after, mode);
}
