/* SPDX-License-Identifier: MIT */
/* Operators that move values about: most of them only change what a value is taken for. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "infer/onnx_int.h"

/* --- known values --------------------------------------------------------------------------- */

/* A known value with the same values as other dimensions. */
static enum err known_view(struct loader *l, const struct known *k, struct dims dims)
{
	struct known *out = known_new(l, dims);
	if (out == NULL)
		return node_bad(l, ERR_LIMIT, "a constant that is too large");
	out->f = k->f;
	out->i = k->i;
	out->from_file = k->from_file;
	return make_known(l, out);
}

enum err known_walk(struct loader *l, size_t output, const struct known *k, const struct walk *w,
	struct dims dims)
{
	struct known *out = known_new(l, dims);
	size_t at[WALK_RANK_MAX] = {0};
	ptrdiff_t place = (ptrdiff_t)w->offset;
	if (out == NULL)
		return node_bad(l, ERR_LIMIT, "a constant that is too large");
	float *f = k->f != NULL ? arena_array(l->arena, out->count, sizeof(*f)) : NULL;
	int64_t *i = k->f == NULL ? arena_array(l->arena, out->count, sizeof(*i)) : NULL;
	if (f == NULL && i == NULL)
		return node_nomem(l);
	for (size_t n = 0; n < out->count; n++) {
		if (f != NULL)
			f[n] = k->f[place];
		else
			i[n] = k->i[place];
		for (int a = w->rank - 1; a >= 0; a--) {
			place += w->stride[a];
			if (++at[a] < w->dim[a])
				break;
			place -= w->stride[a] * (ptrdiff_t)w->dim[a];
			at[a] = 0;
		}
	}
	out->f = f;
	out->i = i;
	out->from_file = k->from_file;
	return make_known_at(l, output, out);
}

/* --- reshaping ------------------------------------------------------------------------------ */

/* Dimensions from..to of both sides hold the same values. */
struct group {
	int in_from, in_to, out_from, out_to;
};

/* Splits a reshape into groups as small as can be; their number, 0 if it is none. */
static int split_groups(const struct dims *in, const struct dims *out, struct group *group)
{
	int i = 0, o = 0, n = 0;
	while (i < in->rank || o < out->rank) {
		struct group g = {i, i, o, o};
		size_t x = 1, y = 1;
		do {
			if ((x <= y && i < in->rank) || o == out->rank) {
				if (i == in->rank)
					return 0;
				x *= in->d[i++];
			} else {
				y *= out->d[o++];
			}
		} while (x != y);
		g.in_to = i;
		g.out_to = o;
		group[n++] = g;
	}
	return n;
}

/*
 * The order in which v's memory is a value of dimensions `out`; false when that is no
 * order at all. A group's dimensions must lie together, and one after another.
 */
static bool order_as(const struct value *v, const struct dims *out, uint8_t *order)
{
	struct group group[2 * ONNX_RANK_MAX];
	bool placed[ONNX_RANK_MAX] = {false};
	const int groups = split_groups(&v->dims, out, group);
	int n = 0, i = 0;
	if (groups == 0 && (v->dims.rank > 0 || out->rank > 0))
		return false;
	while (i < v->dims.rank) {
		const int axis = v->order[i];
		int g = 0;
		if (v->dims.d[axis] == 1) {
			i++;
			continue;
		}
		while (axis >= group[g].in_to)
			g++;
		/* All of the group that is not 1 has to follow, ascending. */
		for (int a = group[g].in_from; a < group[g].in_to; a++) {
			if (v->dims.d[a] == 1)
				continue;
			while (i < v->dims.rank && v->dims.d[v->order[i]] == 1)
				i++;
			if (i == v->dims.rank || v->order[i] != a)
				return false;
			i++;
		}
		for (int a = group[g].out_from; a < group[g].out_to; a++) {
			order[n++] = (uint8_t)a;
			placed[a] = true;
		}
	}
	/* What is left has sides of 1: anywhere, but keep channels-last what may be that. */
	int left = 0;
	for (int a = 0; a < out->rank; a++)
		left += placed[a] ? 0 : 1;
	memmove(order + left, order, (size_t)n * sizeof(order[0]));
	for (int a = 0, k = 0; a < out->rank; a++) {
		if (!placed[a])
			order[k++] = (uint8_t)a;
	}
	return true;
}

enum err reshape(struct loader *l, struct value *v, struct dims dims)
{
	uint8_t order[ONNX_RANK_MAX];
	size_t have = 0, want = 0;
	if (!dims_count(&v->dims, &have) || !dims_count(&dims, &want) || have != want)
		return node_bad(l, ERR_FORMAT, "%zu values as a shape of %zu", have, want);
	if (v->known != NULL)
		return known_view(l, v->known, dims);
	if (order_as(v, &dims, order))
		return make_alias(l, v, dims, order);
	order_plain(dims.rank, order);
	return make(l, 0, op_plain(l, v), dims, order);
}

static bool scale_side(size_t *side, size_t from, size_t to)
{
	size_t product;
	if (from > 0 && !__builtin_mul_overflow(*side, to, &product) && product % from == 0) {
		*side = product / from;
		return true;
	}
	return false;
}

/* The largest side of a group grows (or shrinks) with what it is made of. */
static bool rescale_group(
	const struct group *g, const struct dims *was, const struct dims *in, struct dims *out)
{
	size_t before = 1, now = 1;
	int largest = g->out_from;
	for (int i = g->in_from; i < g->in_to; i++) {
		before *= was->d[i];
		now *= in->d[i];
	}
	if (before == now)
		return true;
	for (int i = g->out_from; i < g->out_to; i++)
		largest = out->d[i] > out->d[largest] ? i : largest;
	return g->out_to > g->out_from && scale_side(&out->d[largest], before, now);
}

bool dims_rescale(const struct trace *t, const struct dims *in, struct dims *out)
{
	struct group group[2 * ONNX_RANK_MAX];
	if (t->in.rank != in->rank)
		return false;
	*out = t->out;
	const int groups = split_groups(&t->in, &t->out, group);
	for (int i = 0; i < groups; i++) {
		if (!rescale_group(&group[i], &t->in, in, out))
			return false;
	}
	size_t have, want = 0;
	return dims_count(in, &have) && dims_count(out, &want) && have == want;
}

/* Resolves the zeros and the -1 of a Reshape; false when it does not come out even. */
static bool resolve(
	const struct dims *in, const struct known *to, bool zero_is_zero, struct dims *out)
{
	int open = -1;
	size_t have, rest = 1;
	out->rank = (int)to->count;
	for (int i = 0; i < out->rank; i++) {
		const int64_t side = to->i[i];
		const bool copied = side == 0 && !zero_is_zero;
		if (side < -1 || side > GRAPH_ELEMENTS_MAX || (side == -1 && open >= 0) ||
			(copied && i >= in->rank))
			return false;
		if (side == -1)
			open = i;
		out->d[i] = copied ? in->d[i] : side == -1 ? 1 : (size_t)side;
	}
	if (!dims_count(in, &have) || !dims_count(out, &rest))
		return false;
	if (open < 0)
		return have == rest;
	if (rest == 0 || have % rest != 0)
		return false;
	out->d[open] = have / rest;
	return true;
}

enum err do_reshape(struct loader *l)
{
	struct value *v = node_in(l, 0);
	const struct known *to;
	struct dims dims = {0};
	enum err e = node_list(l, "shape", 1, &to);
	if (e != OK)
		return e;
	if (to == NULL || to->count > ONNX_RANK_MAX)
		return node_bad(l, ERR_FORMAT, "no shape, or one of too many dimensions");
	const struct trace *t = l->traced ? &l->trace[l->index] : NULL;
	if (t != NULL && to->from_file && !dims_same(&t->in, &v->dims) &&
		dims_rescale(t, &v->dims, &dims))
		return reshape(l, v, dims);
	if (resolve(&v->dims, to, attr_int(l, "allowzero", 0) != 0, &dims) ||
		(t != NULL && dims_rescale(t, &v->dims, &dims)))
		return reshape(l, v, dims);
	return node_bad(l, ERR_FORMAT, "its shape does not fit its input");
}

enum err do_flatten(struct loader *l)
{
	struct value *v = node_in(l, 0);
	struct dims dims = {.rank = 2, .d = {1, 1}};
	int64_t axis = attr_int(l, "axis", 1);
	axis = axis < 0 ? axis + v->dims.rank : axis;
	if (axis < 0 || axis > v->dims.rank)
		return node_bad(l, ERR_FORMAT, "an axis that is not there");
	for (int i = 0; i < v->dims.rank; i++)
		dims.d[i < axis ? 0 : 1] *= v->dims.d[i];
	return reshape(l, v, dims);
}

enum err do_squeeze(struct loader *l)
{
	struct value *v = node_in(l, 0);
	struct dims dims = {0};
	const struct known *list;
	bool named[ONNX_RANK_MAX];
	enum err e = node_list(l, l->opset < 13 ? "axes" : NULL, 1, &list);
	if (e == OK)
		e = axes_of(l, list, v->dims.rank, named);
	if (e != OK)
		return e;
	for (int i = 0; i < v->dims.rank; i++) {
		if (!named[i] || (list == NULL && v->dims.d[i] != 1))
			dims.d[dims.rank++] = v->dims.d[i];
		else if (v->dims.d[i] != 1)
			return node_bad(l, ERR_FORMAT, "dimension %d is not 1", i);
	}
	return reshape(l, v, dims);
}

enum err do_unsqueeze(struct loader *l)
{
	struct value *v = node_in(l, 0);
	struct dims dims = {0};
	const struct known *list;
	bool named[ONNX_RANK_MAX];
	enum err e = node_list(l, l->opset < 13 ? "axes" : NULL, 1, &list);
	if (e != OK)
		return e;
	if (list == NULL || list->count + (size_t)v->dims.rank > ONNX_RANK_MAX)
		return node_bad(l, ERR_LIMIT, "no or too many dimensions");
	dims.rank = v->dims.rank + (int)list->count;
	e = axes_of(l, list, dims.rank, named);
	for (int i = 0, k = 0; e == OK && i < dims.rank; i++)
		dims.d[i] = named[i] ? 1 : v->dims.d[k++];
	return e == OK ? reshape(l, v, dims) : e;
}

/* --- the same values ------------------------------------------------------------------------ */

enum err do_identity(struct loader *l)
{
	struct value *v = node_in(l, 0);
	if (v->known != NULL)
		return make_known(l, v->known);
	return make_alias(l, v, v->dims, v->order);
}

enum err do_cast(struct loader *l)
{
	const int64_t to = attr_int(l, "to", 0);
	if (to != 1 && to != 10 && to != 11) /* float, half, double */
		return node_bad(l, ERR_UNSUPPORTED, "results that are no floats");
	return do_identity(l);
}

/* --- transposing ---------------------------------------------------------------------------- */

/* v with its dimensions taken in another sequence: the memory stays. */
static struct value transposed(const struct value *v, const int *perm)
{
	struct value out = *v;
	for (int i = 0; i < v->dims.rank; i++) {
		out.dims.d[i] = v->dims.d[perm[i]];
		for (int k = 0; k < v->dims.rank; k++) {
			if (v->order[k] == perm[i])
				out.order[k] = (uint8_t)i;
		}
	}
	return out;
}

static enum err transpose_known(struct loader *l, const struct value *v, const int *perm)
{
	struct walk walk = {.rank = v->dims.rank};
	struct dims dims = v->dims;
	for (int i = 0; i < v->dims.rank; i++) {
		dims.d[i] = walk.dim[i] = v->dims.d[perm[i]];
		walk.stride[i] = 1;
		for (int k = perm[i] + 1; k < v->dims.rank; k++)
			walk.stride[i] *= (ptrdiff_t)v->dims.d[k];
	}
	return known_walk(l, 0, v->known, &walk, dims);
}

enum err do_transpose(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	const OnnxFile__Attribute *a = node_attr(l, "perm");
	int perm[ONNX_RANK_MAX];
	bool seen[ONNX_RANK_MAX] = {false};
	if (a != NULL && a->n_ints != (size_t)v->dims.rank)
		return node_bad(l, ERR_FORMAT, "a permutation of %zu of %d dimensions", a->n_ints,
			v->dims.rank);
	for (int i = 0; i < v->dims.rank; i++) {
		const int64_t from = a != NULL ? a->ints[i] : v->dims.rank - 1 - i;
		if (from < 0 || from >= v->dims.rank || seen[from])
			return node_bad(l, ERR_FORMAT, "a permutation that is none");
		seen[from] = true;
		perm[i] = (int)from;
	}
	if (v->known != NULL)
		return transpose_known(l, v, perm);
	const struct value out = transposed(v, perm);
	return make_alias(l, v, out.dims, out.order);
}

/* --- blocks of cells to channels and back --------------------------------------------------- */

/*
 * An image as six dimensions, permuted, and those as an image again; copied such that the
 * result is channels-last.
 */
static enum err shuffle(
	struct loader *l, struct dims six, const int *perm, const uint8_t *last, struct dims image)
{
	struct value v = *node_in(l, 0);
	uint8_t order[ONNX_RANK_MAX];
	if (v.known != NULL || !order_as(&v, &six, order)) {
		v.op = op_plain(l, &v);
		v.known = NULL;
		order_plain(6, order);
	}
	v.dims = six;
	memcpy(v.order, order, sizeof(order));
	v = transposed(&v, perm);
	const int op = op_in_order(l, &v, last);
	order_channels_last(4, order);
	return make(l, 0, op, image, order);
}

static enum err read_block(struct loader *l, size_t *block)
{
	const struct value *v = node_in(l, 0);
	const int64_t b = attr_int(l, "blocksize", 0);
	if (v->dims.rank != 4 || v->dims.d[0] != 1 || b < 1 || b > 256)
		return node_bad(l, ERR_UNSUPPORTED, "only blocks of up to 256 of one image");
	*block = (size_t)b;
	return OK;
}

enum err do_depth_to_space(struct loader *l)
{
	static const int dcr[] = {0, 3, 4, 1, 5, 2}, crd[] = {0, 1, 4, 2, 5, 3};
	static const uint8_t last[] = {0, 2, 3, 4, 5, 1};
	const size_t *d = node_in(l, 0)->dims.d;
	const bool columns = attr_is(l, "mode", "CRD", false);
	size_t b = 1;
	enum err e = read_block(l, &b);
	if (e == OK && d[1] % (b * b) != 0)
		e = node_bad(l, ERR_FORMAT, "%zu channels in blocks of %zu", d[1], b);
	if (e != OK)
		return e;
	const size_t c = d[1] / (b * b);
	const struct dims first = {.rank = 6, .d = {1, b, b, c, d[2], d[3]}};
	const struct dims second = {.rank = 6, .d = {1, c, b, b, d[2], d[3]}};
	const struct dims image = {.rank = 4, .d = {1, c, d[2] * b, d[3] * b}};
	return shuffle(l, columns ? second : first, columns ? crd : dcr, last, image);
}

enum err do_space_to_depth(struct loader *l)
{
	static const int perm[] = {0, 3, 5, 1, 2, 4}; /* (1, b, b, c, h, w) */
	static const uint8_t last[] = {0, 4, 5, 1, 2, 3};
	const size_t *d = node_in(l, 0)->dims.d;
	size_t b = 1;
	enum err e = read_block(l, &b);
	if (e == OK && (d[2] % b != 0 || d[3] % b != 0))
		e = node_bad(l, ERR_FORMAT, "an image that is no multiple of its blocks");
	if (e != OK)
		return e;
	const struct dims six = {.rank = 6, .d = {1, d[1], d[2] / b, b, d[3] / b, b}};
	const struct dims image = {.rank = 4, .d = {1, d[1] * b * b, d[2] / b, d[3] / b}};
	return shuffle(l, six, perm, last, image);
}
