/* SPDX-License-Identifier: MIT */
/*
 * Resize and Upsample. Coordinates and rounding as in the ONNX operator specification,
 * Resize: coordinate_transformation_mode and nearest_mode.
 */
#include <math.h>
#include <string.h>

#include "infer/onnx_int.h"

enum coordinates { COORD_HALF_PIXEL, COORD_TORCH, COORD_CORNERS, COORD_ASYMMETRIC, COORD_TF_HALF };
enum rounding { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, ROUND_FLOOR, ROUND_CEIL };

/* A resize: per dimension, the new side and the factor that coordinates are computed with. */
struct resizing {
	bool linear;
	enum coordinates coordinates;
	enum rounding rounding;
	size_t side[ONNX_RANK_MAX];
	double scale[ONNX_RANK_MAX];
};

/* Where cell `i` of the result lies in the source; in floats, as onnxruntime rounds. */
static double source_of(const struct resizing *r, int axis, size_t from, size_t i)
{
	const float scale = (float)r->scale[axis], x = (float)i;
	const size_t to = r->side[axis];
	switch (r->coordinates) {
	case COORD_ASYMMETRIC:
		return (double)(x / scale);
	case COORD_CORNERS:
		return to == 1 ? 0 : (double)(x * (float)(from - 1) / (float)(to - 1));
	case COORD_TORCH:
		return to == 1 ? 0 : (double)((x + 0.5F) / scale - 0.5F);
	case COORD_TF_HALF:
		return (double)((x + 0.5F) / scale);
	default:
		return (double)((x + 0.5F) / scale - 0.5F);
	}
}

static double rounded(enum rounding how, double x)
{
	switch (how) {
	case ROUND_FLOOR:
		return floor(x);
	case ROUND_CEIL:
		return ceil(x);
	case ROUND_PREFER_CEIL:
		return floor(x + 0.5);
	default:
		return ceil(x - 0.5);
	}
}

static size_t within(double x, size_t side)
{
	return !(x > 0) ? 0 : x >= (double)side ? side - 1 : (size_t)x;
}

/* --- what the node says --------------------------------------------------------------------- */

struct word {
	const char *text;
	int value;
};

static const struct word coordinate_words[] = {
	{"half_pixel", COORD_HALF_PIXEL},
	{"pytorch_half_pixel", COORD_TORCH},
	{"align_corners", COORD_CORNERS},
	{"asymmetric", COORD_ASYMMETRIC},
	{"tf_half_pixel_for_nn", COORD_TF_HALF},
};

static const struct word rounding_words[] = {
	{"round_prefer_floor", ROUND_PREFER_FLOOR},
	{"round_prefer_ceil", ROUND_PREFER_CEIL},
	{"floor", ROUND_FLOOR},
	{"ceil", ROUND_CEIL},
};

/* The value of a word attribute; the first one's without it, -1 for an unknown word. */
static int read_word(struct loader *l, const char *name, const struct word *word, size_t words)
{
	if (node_attr(l, name) == NULL)
		return word[0].value;
	for (size_t i = 0; i < words; i++) {
		if (attr_is(l, name, word[i].text, false))
			return word[i].value;
	}
	return -1;
}

static enum err read_how(struct loader *l, struct resizing *r)
{
	const bool nearest = attr_is(l, "mode", "nearest", true);
	r->linear = attr_is(l, "mode", "linear", false) || attr_is(l, "mode", "bilinear", false);
	/* Upsample, and Resize of opset 10, know only this. */
	r->coordinates = COORD_ASYMMETRIC;
	r->rounding = ROUND_FLOOR;
	if (!nearest && !r->linear)
		return node_bad(l, ERR_UNSUPPORTED, "a mode that is neither nearest nor linear");
	if (attr_int(l, "antialias", 0) != 0 || attr_int(l, "exclude_outside", 0) != 0 ||
		!attr_is(l, "keep_aspect_ratio_policy", "stretch", true))
		return node_bad(l, ERR_UNSUPPORTED,
			"antialias, exclude_outside or keep_aspect_ratio_policy");
	if (l->opset < 11 || strcmp(l->node->op_type, "Upsample") == 0)
		return OK;
	const int coordinates = read_word(l, "coordinate_transformation_mode", coordinate_words,
		sizeof(coordinate_words) / sizeof(coordinate_words[0]));
	const int rounding = read_word(l, "nearest_mode", rounding_words,
		sizeof(rounding_words) / sizeof(rounding_words[0]));
	if (coordinates < 0 || rounding < 0)
		return node_bad(l, ERR_UNSUPPORTED,
			"a coordinate_transformation_mode or nearest_mode that is not known");
	r->coordinates = (enum coordinates)coordinates;
	r->rounding = (enum rounding)rounding;
	return OK;
}

/* Scales come as an attribute (Upsample 7) or input; `count` of them, NULL for none. */
static enum err read_scales(struct loader *l, const float **scale, size_t *count)
{
	const OnnxFile__Attribute *a = node_attr(l, "scales");
	const size_t input = l->opset >= 11 ? 2 : 1;
	const struct value *v = node_in(l, input);
	*scale = NULL;
	*count = 0;
	if (a != NULL && l->opset < 9) {
		*scale = a->floats;
		*count = a->n_floats;
		return OK;
	}
	if (v == NULL || (v->known != NULL && v->known->count == 0))
		return OK;
	*count = v->dims.rank == 1 ? v->dims.d[0] : 0;
	return node_floats(l, input, 0, scale);
}

static enum err scale_axis(struct loader *l, struct resizing *r, int axis, size_t from, double x)
{
	const double side = floor((double)from * x);
	if (!(x > 0) || !(side >= 1) || side > GRAPH_ELEMENTS_MAX)
		return node_bad(l, ERR_UNSUPPORTED, "a scale of %g", x);
	r->scale[axis] = x;
	r->side[axis] = (size_t)side;
	return OK;
}

/* A size in the file was meant for the file's own input: it is taken as a factor. */
static size_t meant_side(struct loader *l, int axis, size_t side, size_t from, bool fixed)
{
	const struct trace *t = l->traced ? &l->trace[l->index] : NULL;
	if (t == NULL || !fixed || t->in.d[axis] == 0)
		return side;
	return (size_t)((double)side * (double)from / (double)t->in.d[axis]);
}

static enum err size_axis(struct loader *l, struct resizing *r, int axis, size_t from,
	const struct known *sizes, size_t i)
{
	if (sizes->i[i] < 1 || sizes->i[i] > GRAPH_ELEMENTS_MAX)
		return node_bad(l, ERR_FORMAT, "a size of %lld", (long long)sizes->i[i]);
	r->side[axis] = meant_side(l, axis, (size_t)sizes->i[i], from, sizes->from_file);
	if (r->side[axis] < 1)
		return node_bad(l, ERR_ARG, "the network does not take this size");
	r->scale[axis] = (double)r->side[axis] / (double)from;
	return OK;
}

static enum err read_sides(struct loader *l, const struct value *v, struct resizing *r)
{
	const struct known *sizes = NULL, *axes;
	const float *scale;
	size_t count;
	enum err e = read_scales(l, &scale, &count);
	if (e == OK && l->opset >= 11 && scale == NULL)
		e = node_list(l, NULL, 3, &sizes);
	if (e == OK)
		e = node_list(l, "axes", SIZE_MAX, &axes);
	if (e != OK)
		return e;
	count = sizes != NULL ? sizes->count : count;
	if ((sizes == NULL && scale == NULL) ||
		count != (axes != NULL ? axes->count : (size_t)v->dims.rank))
		return node_bad(l, ERR_FORMAT, "no scales or sizes that fit its input");
	for (size_t i = 0; e == OK && i < count; i++) {
		int axis = 0;
		e = axis_of(l, axes != NULL ? axes->i[i] : (int64_t)i, v->dims.rank, &axis);
		const size_t from = v->dims.d[axis];
		if (e == OK)
			e = scale != NULL ? scale_axis(l, r, axis, from, (double)scale[i])
					  : size_axis(l, r, axis, from, sizes, i);
	}
	return e;
}

/* --- doing it ------------------------------------------------------------------------------- */

static struct runs runs_of(const struct value *v, int axis, size_t side)
{
	struct runs runs = {.outer = 1, .from = v->dims.d[axis], .count = side, .inner = 1};
	bool before = true;
	for (int i = 0; i < v->dims.rank; i++) {
		if (v->order[i] == axis)
			before = false;
		else if (before)
			runs.outer *= v->dims.d[v->order[i]];
		else
			runs.inner *= v->dims.d[v->order[i]];
	}
	return runs;
}

/* v resized along one dimension. */
static enum err resize_axis(struct loader *l, struct value *v, const struct resizing *r, int axis)
{
	const size_t from = v->dims.d[axis], to = r->side[axis];
	const struct runs runs = runs_of(v, axis, to);
	int32_t *index = arena_array(l->arena, to, 2 * sizeof(*index));
	float *weight = arena_array(l->arena, to, sizeof(*weight));
	if (index == NULL || weight == NULL)
		return node_nomem(l);
	for (size_t i = 0; i < to; i++) {
		const double x = source_of(r, axis, from, i);
		if (!r->linear) {
			index[i] = (int32_t)within(rounded(r->rounding, x), from);
			continue;
		}
		const double inside = x < 0 ? 0 : x > (double)(from - 1) ? (double)(from - 1) : x;
		index[2 * i] = (int32_t)within(floor(inside), from);
		index[2 * i + 1] = (int32_t)within(floor(inside) + 1, from);
		weight[i] = (float)(inside - floor(inside));
	}
	v->dims.d[axis] = to;
	const struct shape shape = shape_in_order(&v->dims, v->order);
	v->op = r->linear ? graph_lerp(l->g, v->op, &runs, index, weight, shape)
			  : graph_gather(l->g, v->op, &runs, index, shape);
	return node_check(l);
}

/*
 * An image to twice its size and the like, to the nearest cell: each is repeated, which is
 * one walk with strides of 0. False when this is something else.
 */
static bool repeat(struct loader *l, const struct value *v, const struct resizing *r, int *op)
{
	uint8_t order[ONNX_RANK_MAX];
	const size_t *d = v->dims.d;
	order_channels_last(4, order);
	if (r->linear || v->dims.rank != 4 || d[0] != 1 || r->side[0] != 1 || r->side[1] != d[1] ||
		!order_same(&v->dims, v->order, order) || r->side[2] % d[2] != 0 ||
		r->side[3] % d[3] != 0)
		return false;
	for (int axis = 2; axis < 4; axis++) {
		const size_t times = r->side[axis] / d[axis];
		for (size_t i = 0; i < r->side[axis]; i++) {
			const double x = source_of(r, axis, d[axis], i);
			if (within(rounded(r->rounding, x), d[axis]) != i / times)
				return false;
		}
	}
	const ptrdiff_t row = (ptrdiff_t)(d[3] * d[1]), cell = (ptrdiff_t)d[1];
	const struct walk walk = {.rank = 5,
		.dim = {d[2], r->side[2] / d[2], d[3], r->side[3] / d[3], d[1]},
		.stride = {row, 0, cell, 0, 1}};
	*op = graph_copy(l->g, v->op, &walk, (struct shape){r->side[2], r->side[3], d[1]});
	return true;
}

/* Linear, as XNNPACK does it: rows and columns of an image, by a ratio of sizes. */
static bool bilinear(struct loader *l, const struct value *v, const struct resizing *r, int *op)
{
	uint8_t order[ONNX_RANK_MAX];
	const size_t *d = v->dims.d;
	enum resize how = RESIZE_HALF_PIXEL;
	order_channels_last(4, order);
	if (!r->linear || v->dims.rank != 4 || d[0] != 1 || r->side[0] != 1 || r->side[1] != d[1] ||
		!order_same(&v->dims, v->order, order) || r->side[2] < 2 || r->side[3] < 2 ||
		r->coordinates == COORD_TF_HALF)
		return false;
	for (int axis = 2; axis < 4; axis++) {
		if (fabs(r->scale[axis] * (double)d[axis] - (double)r->side[axis]) > 1e-4)
			return false;
	}
	if (r->coordinates == COORD_ASYMMETRIC)
		how = RESIZE_ASYMMETRIC;
	else if (r->coordinates == COORD_CORNERS)
		how = RESIZE_ALIGN_CORNERS;
	int image;
	if (op_image(l, v, &image) != OK)
		return false;
	*op = graph_bilinear(l->g, image, r->side[2], r->side[3], how);
	return true;
}

enum err do_resize(struct loader *l)
{
	struct value *in = node_in(l, 0), v = *in;
	struct resizing r = {0};
	int op;
	for (int i = 0; i < v.dims.rank; i++) {
		r.side[i] = v.dims.d[i];
		r.scale[i] = 1;
	}
	enum err e = read_how(l, &r);
	if (e == OK)
		e = read_sides(l, in, &r);
	if (e == OK && v.known != NULL)
		e = node_bad(l, ERR_UNSUPPORTED, "of a constant");
	if (e != OK)
		return e;
	if (repeat(l, &v, &r, &op) || bilinear(l, &v, &r, &op))
		return make_image(l, op);
	bool any = false;
	for (int axis = 0; e == OK && axis < v.dims.rank; axis++) {
		if (r.side[axis] == v.dims.d[axis] && r.scale[axis] == 1)
			continue;
		any = true;
		e = resize_axis(l, &v, &r, axis);
	}
	if (e != OK)
		return e;
	return any ? make(l, 0, v.op, v.dims, v.order) : make_alias(l, in, v.dims, v.order);
}
