/* SPDX-License-Identifier: MIT */
/* Operators that work element by element, and reductions. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "infer/graph_int.h"
#include "infer/onnx_int.h"

static const float *repeated(struct loader *l, float value, size_t count)
{
	float *out = arena_array(l->arena, count, sizeof(*out));
	for (size_t i = 0; out != NULL && i < count; i++)
		out[i] = value;
	return out;
}

/* The operation of a value in whatever order it has. */
static int op_of(struct loader *l, const struct value *v)
{
	return op_in_order(l, v, v->order);
}

/* --- scaling -------------------------------------------------------------------------------- */

/* The dimension that lies innermost, of those that are not 1; -1 if there is none. */
static int innermost(const struct value *v)
{
	for (int i = v->dims.rank - 1; i >= 0; i--) {
		if (v->dims.d[v->order[i]] != 1)
			return v->order[i];
	}
	return -1;
}

/*
 * The operation of v in an order in which dimension `axis` is innermost and the channels
 * of its shape; the order too.
 */
static int op_with_last(struct loader *l, const struct value *v, int axis, uint8_t *order)
{
	const size_t side = v->dims.d[axis];
	int n = 0;
	if (side == 1 || innermost(v) == axis) {
		memcpy(order, v->order, sizeof(v->order));
	} else {
		for (int i = 0; i < v->dims.rank; i++) {
			if (i != axis)
				order[n++] = (uint8_t)i;
		}
		order[n] = (uint8_t)axis;
	}
	int op = op_in_order(l, v, order);
	struct shape s = graph_shape(l->g, op);
	if (s.c == side || op < 0)
		return op;
	s = (struct shape){1, s.h * s.w * s.c / side, side};
	return graph_view(l->g, op, s);
}

enum err affine(
	struct loader *l, struct value *x, int axis, const float *scale, const float *offset)
{
	uint8_t order[ONNX_RANK_MAX];
	memcpy(order, x->order, sizeof(order));
	int op = axis < 0 ? op_of(l, x) : op_with_last(l, x, axis, order);
	const size_t channels = graph_shape(l->g, op).c;
	if (axis < 0 || x->dims.d[axis] == 1) {
		scale = scale != NULL ? repeated(l, scale[0], channels) : NULL;
		offset = offset != NULL ? repeated(l, offset[0], channels) : NULL;
	}
	if (scale == NULL && offset == NULL)
		return node_nomem(l);
	if (x->only && op == x->op && graph_fuse_affine(l->g, op, scale, offset))
		return make_alias(l, x, x->dims, x->order);
	return make(l, 0, graph_affine(l->g, op, scale, offset), x->dims, order);
}

enum err clamp(struct loader *l, struct value *x, float low, float high)
{
	if (low == -INFINITY && high == INFINITY && x->known == NULL)
		return make_alias(l, x, x->dims, x->order);
	if (x->only && x->known == NULL && graph_fuse_clamp(l->g, x->op, low, high))
		return make_alias(l, x, x->dims, x->order);
	return make_like(l, x, graph_clamp(l->g, op_of(l, x), low, high));
}

/* --- two operands --------------------------------------------------------------------------- */

/*
 * Two operands stretched to each other, the dimensions in memory order from outside:
 * `ext` has each operand's sides (1 where it is stretched).
 */
struct pair {
	struct value *v[2];
	struct dims dims; /* of the result */
	uint8_t order[ONNX_RANK_MAX];
	size_t ext[2][ONNX_RANK_MAX];
	int op[2];
};

static size_t side_of(const struct value *v, int rank, int axis)
{
	const int own = axis - (rank - v->dims.rank);
	return own >= 0 ? v->dims.d[own] : 1;
}

static enum err pair_dims(struct loader *l, struct pair *p)
{
	const int ra = p->v[0]->dims.rank, rb = p->v[1]->dims.rank;
	p->dims.rank = ra > rb ? ra : rb;
	for (int i = 0; i < p->dims.rank; i++) {
		const size_t a = side_of(p->v[0], p->dims.rank, i);
		const size_t b = side_of(p->v[1], p->dims.rank, i);
		if ((a != b && a != 1 && b != 1) || a == 0 || b == 0)
			return node_bad(
				l, ERR_FORMAT, "operands that do not fit (%zu and %zu)", a, b);
		p->dims.d[i] = a > b ? a : b;
	}
	return OK;
}

/* The order of the operand that has more to say, with new dimensions outermost. */
static void pair_order(struct pair *p)
{
	size_t a = 0, b = 0;
	(void)dims_count(&p->v[0]->dims, &a);
	(void)dims_count(&p->v[1]->dims, &b);
	const bool second = p->v[0]->known != NULL || (p->v[1]->known == NULL && b > a);
	const struct value *v = p->v[second];
	const int more = p->dims.rank - v->dims.rank;
	for (int i = 0; i < p->dims.rank; i++)
		p->order[i] = (uint8_t)(i < more ? i : v->order[i - more] + more);
}

/* An operand's operation in the pair's order, and its sides in that order. */
static void pair_operand(struct loader *l, struct pair *p, int which)
{
	const struct value *v = p->v[which];
	const int more = p->dims.rank - v->dims.rank;
	uint8_t own[ONNX_RANK_MAX];
	int n = 0;
	for (int i = 0; i < p->dims.rank; i++) {
		p->ext[which][i] = side_of(v, p->dims.rank, p->order[i]);
		if (p->order[i] >= more)
			own[n++] = (uint8_t)(p->order[i] - more);
	}
	p->op[which] = op_in_order(l, v, own);
}

/* Writes out what is stretched, where the shapes of XNNPACK have no room for it. */
static int stretch(struct loader *l, const struct pair *p, int which)
{
	struct walk walk = {.rank = p->dims.rank};
	ptrdiff_t step = 1;
	for (int i = p->dims.rank - 1; i >= 0; i--) {
		walk.dim[i] = p->dims.d[p->order[i]];
		walk.stride[i] = p->ext[which][i] == 1 ? 0 : step;
		step *= (ptrdiff_t)p->ext[which][i];
	}
	return graph_copy(l->g, p->op[which], &walk, shape_in_order(&p->dims, p->order));
}

/* Joins dimensions that are stretched alike: at most three are left, or false. */
static bool pair_shapes(const struct pair *p, struct shape s[2])
{
	size_t side[2][3] = {{1, 1, 1}, {1, 1, 1}};
	int groups = 0, last = -1;
	for (int i = 0; i < p->dims.rank; i++) {
		const size_t a = p->ext[0][i], b = p->ext[1][i];
		const int kind = (a != 1 ? 1 : 0) | (b != 1 ? 2 : 0);
		if (kind == 0)
			continue;
		if (kind != last && ++groups > 3)
			return false;
		last = kind;
		side[0][groups - 1] *= a;
		side[1][groups - 1] *= b;
	}
	const int shift = 3 - groups;
	for (int k = 0; k < 2; k++) {
		size_t t[3] = {1, 1, 1};
		for (int i = 0; i < groups; i++)
			t[shift + i] = side[k][i];
		s[k] = (struct shape){t[0], t[1], t[2]};
	}
	return true;
}

/*
 * Whether operand `full`, which has all of the result, can keep its operation's shape, and
 * what that means for the other: saves a view of the larger one.
 */
static bool keep_shape(struct loader *l, const struct pair *p, int full, struct shape s[2])
{
	const struct shape own = graph_shape(l->g, p->op[full]);
	const struct shape natural = shape_in_order(&p->dims, p->order);
	size_t side[3] = {1, 1, 1}, whole[3] = {1, 1, 1};
	const int rank = p->dims.rank;
	if (own.h != natural.h || own.w != natural.w || own.c != natural.c)
		return false;
	for (int i = 0; i < rank; i++) {
		const int at = i == rank - 1 ? 2 : i == rank - 2 ? 1 : 0;
		if (p->ext[full][i] != p->dims.d[p->order[i]])
			return false;
		side[at] *= p->ext[1 - full][i];
		whole[at] *= p->ext[full][i];
	}
	for (int i = 0; i < 3; i++) {
		if (side[i] != 1 && side[i] != whole[i])
			return false;
	}
	s[full] = own;
	s[1 - full] = (struct shape){side[0], side[1], side[2]};
	return true;
}

static int pair_add(struct loader *l, struct pair *p, enum binary how)
{
	struct shape s[2];
	if (p->op[0] < 0 || p->op[1] < 0)
		return -1;
	const struct shape a = graph_shape(l->g, p->op[0]), b = graph_shape(l->g, p->op[1]);
	if (a.h == b.h && a.w == b.w && a.c == b.c &&
		memcmp(p->ext[0], p->ext[1], sizeof(p->ext[0][0]) * (size_t)p->dims.rank) == 0)
		return graph_binary(l->g, p->op[0], p->op[1], how);
	if (!keep_shape(l, p, 0, s) && !keep_shape(l, p, 1, s) && !pair_shapes(p, s)) {
		for (int i = 0; i < 2; i++)
			p->op[i] = stretch(l, p, i);
		return graph_binary(l->g, p->op[0], p->op[1], how);
	}
	return graph_binary(
		l->g, graph_view(l->g, p->op[0], s[0]), graph_view(l->g, p->op[1], s[1]), how);
}

/*
 * The dimension of the result along which a constant differs: -1 if it is one number for
 * all, -2 if there are several.
 */
static int axis_of_constant(const struct value *k, const struct dims *dims)
{
	int axis = -1;
	for (int i = 0; i < dims->rank; i++) {
		if (side_of(k, dims->rank, i) == 1)
			continue;
		if (axis != -1)
			return -2;
		axis = i;
	}
	return axis;
}

/* x + k, x - k, k - x, x * k or x / k, where k differs along `axis` only. */
static enum err scaled(
	struct loader *l, struct value *x, int axis, enum binary how, const float *k, bool swapped)
{
	const size_t count = axis < 0 ? 1 : x->dims.d[axis];
	const bool product = how == BINARY_MUL || how == BINARY_DIV;
	float *y = arena_array(l->arena, count, sizeof(*y));
	float *sign = arena_array(l->arena, count, sizeof(*sign));
	if (y == NULL || sign == NULL)
		return node_nomem(l);
	for (size_t i = 0; i < count; i++) {
		sign[i] = -1;
		y[i] = how == BINARY_DIV ? 1 / k[i] : k[i];
		if (how == BINARY_SUB && !swapped)
			y[i] = -k[i];
	}
	if (product)
		return affine(l, x, axis, y, NULL);
	return affine(l, x, axis, how == BINARY_SUB && swapped ? sign : NULL, y);
}

/* A result and a constant as a scaling or a limit; *done is false if it is neither. */
static enum err binary_constant(struct loader *l, const struct pair *p, enum binary how, bool *done)
{
	const bool swapped = p->v[0]->known != NULL;
	struct value *x = p->v[swapped ? 1 : 0];
	const struct value *k = p->v[swapped ? 0 : 1];
	const float *f = k->known->f;
	*done = false;
	if (f == NULL || !dims_same(&x->dims, &p->dims))
		return OK;
	const int axis = axis_of_constant(k, &p->dims);
	if (axis == -2 || (axis >= 0 && innermost(x) != axis))
		return OK;
	if (how == BINARY_MAX || how == BINARY_MIN) {
		*done = axis == -1 && isfinite(f[0]);
		if (!*done)
			return OK;
		return how == BINARY_MAX ? clamp(l, x, f[0], INFINITY)
					 : clamp(l, x, -INFINITY, f[0]);
	}
	*done = how != BINARY_DIV || !swapped;
	return *done ? scaled(l, x, axis, how, f, swapped) : OK;
}

enum err binary(struct loader *l, struct value *a, struct value *b, enum binary how)
{
	struct pair p = {.v = {a, b}};
	bool done = false;
	enum err e = pair_dims(l, &p);
	if (e == OK && (a->known != NULL) != (b->known != NULL))
		e = binary_constant(l, &p, how, &done);
	if (e != OK || done)
		return e;
	pair_order(&p);
	pair_operand(l, &p, 0);
	pair_operand(l, &p, 1);
	return make(l, 0, pair_add(l, &p, how), p.dims, p.order);
}

enum err do_binary(struct loader *l)
{
	static const struct {
		const char *name;
		enum binary how;
	} names[] = {{"Add", BINARY_ADD}, {"Sum", BINARY_ADD}, {"Sub", BINARY_SUB},
		{"Mul", BINARY_MUL}, {"Div", BINARY_DIV}, {"Max", BINARY_MAX}, {"Min", BINARY_MIN}};
	struct value *a = node_in(l, 0), *b = node_in(l, 1), sum;
	enum binary how = BINARY_ADD;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, l->node->op_type) == 0)
			how = names[i].how;
	}
	if (l->node->n_input == 1 && a->known == NULL)
		return make_alias(l, a, a->dims, a->order);
	if (b == NULL)
		return node_bad(l, ERR_FORMAT, "has only one operand");
	enum err e = binary(l, a, b, how);
	/* More than two: the result so far takes part again. */
	for (size_t i = 2; e == OK && i < l->node->n_input; i++) {
		b = node_in(l, i);
		if (b == NULL || node_out(l, 0) == NULL)
			return node_bad(l, ERR_FORMAT, "an operand is left out");
		sum = *node_out(l, 0);
		sum.only = false;
		e = node_check(l);
		if (e == OK)
			e = binary(l, &sum, b, how);
	}
	return e;
}

/* --- one operand ---------------------------------------------------------------------------- */

enum err do_unary(struct loader *l)
{
	static const struct {
		const char *name;
		enum unary how;
	} names[] = {{"Abs", UNARY_ABS}, {"Ceil", UNARY_CEIL}, {"Erf", UNARY_ERF},
		{"Exp", UNARY_EXP}, {"Floor", UNARY_FLOOR}, {"HardSwish", UNARY_HARDSWISH},
		{"Log", UNARY_LOG}, {"Neg", UNARY_NEG}, {"Reciprocal", UNARY_RECIPROCAL},
		{"Sigmoid", UNARY_SIGMOID}, {"Softplus", UNARY_SOFTPLUS}, {"Sqrt", UNARY_SQRT},
		{"Tanh", UNARY_TANH}};
	const struct value *x = node_in(l, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, l->node->op_type) == 0)
			return make_like(l, x, graph_unary(l->g, op_of(l, x), names[i].how));
	}
	return node_bad(l, ERR_INTERNAL, "is in one table and not in the other");
}

enum err do_relu(struct loader *l)
{
	return clamp(l, node_in(l, 0), 0, INFINITY);
}

/* A limit of Clip: an input from opset 11 on, an attribute before. */
static enum err read_limit(struct loader *l, const char *name, size_t i, float *limit)
{
	const float *one;
	if (l->opset < 11)
		*limit = attr_float(l, name, *limit);
	if (l->opset < 11 || node_in(l, i) == NULL)
		return OK;
	if (node_in(l, i)->known == NULL)
		return node_bad(l, ERR_UNSUPPORTED, "a limit that is only known when it runs");
	one = node_in(l, i)->known->f;
	if (one == NULL || node_in(l, i)->known->count != 1 || isnan(one[0]))
		return node_bad(l, ERR_FORMAT, "a limit that is no number");
	*limit = one[0];
	return OK;
}

enum err do_clip(struct loader *l)
{
	float low = -INFINITY, high = INFINITY;
	enum err e = read_limit(l, "min", 1, &low);
	if (e == OK)
		e = read_limit(l, "max", 2, &high);
	/* What exporters write for "no limit". */
	low = low <= -FLT_MAX ? -INFINITY : low;
	high = high >= FLT_MAX ? INFINITY : high;
	return e == OK ? clamp(l, node_in(l, 0), low, high) : e;
}

/* Slopes that differ along another dimension: max(x, 0) + slope * min(x, 0). */
static enum err prelu_spelled_out(struct loader *l, struct value *x, struct value *slope)
{
	struct value above = *x, below = *x;
	above.op = graph_clamp(l->g, op_of(l, x), 0, INFINITY);
	below.op = graph_clamp(l->g, op_of(l, x), -INFINITY, 0);
	above.only = below.only = false;
	above.known = below.known = NULL;
	enum err e = node_check(l);
	if (e == OK)
		e = binary(l, &below, slope, BINARY_MUL);
	if (e == OK)
		e = node_check(l);
	if (e != OK || node_out(l, 0) == NULL)
		return e;
	below = *node_out(l, 0);
	return binary(l, &above, &below, BINARY_ADD);
}

static enum err sloped(struct loader *l, struct value *x, int axis, const float *slope)
{
	uint8_t order[ONNX_RANK_MAX];
	memcpy(order, x->order, sizeof(order));
	const int op = axis < 0 ? op_of(l, x) : op_with_last(l, x, axis, order);
	if (axis < 0 || x->dims.d[axis] == 1)
		slope = repeated(l, slope[0], graph_shape(l->g, op).c);
	if (slope == NULL)
		return node_nomem(l);
	return make(l, 0, graph_prelu(l->g, op, slope), x->dims, order);
}

enum err do_prelu(struct loader *l)
{
	struct value *x = node_in(l, 0), *slope = node_in(l, 1);
	const float *data;
	enum err e = node_floats(l, 1, 0, &data);
	if (e != OK)
		return e;
	if (slope->dims.rank > x->dims.rank || slope->known->count == 0)
		return node_bad(l, ERR_FORMAT, "slopes that do not fit");
	const int axis = axis_of_constant(slope, &x->dims);
	if (axis == -2 ||
		(axis >= 0 && (x->dims.d[axis] != slope->known->count || innermost(x) != axis)))
		return prelu_spelled_out(l, x, slope);
	return sloped(l, x, axis, data);
}

enum err do_leaky(struct loader *l)
{
	struct value *x = node_in(l, 0);
	const float slope = attr_float(l, "alpha", 0.01F);
	if (slope > 0 && slope < 1)
		return make_like(l, x, graph_leaky(l->g, op_of(l, x), slope));
	return sloped(l, x, -1, &slope);
}

enum err do_elu(struct loader *l)
{
	const struct value *x = node_in(l, 0);
	return make_like(l, x, graph_elu(l->g, op_of(l, x), attr_float(l, "alpha", 1)));
}

enum err do_hard_sigmoid(struct loader *l)
{
	const struct value *x = node_in(l, 0);
	const int op = op_of(l, x);
	const size_t channels = graph_shape(l->g, op).c;
	const float *scale = repeated(l, attr_float(l, "alpha", 0.2F), channels);
	const float *offset = repeated(l, attr_float(l, "beta", 0.5F), channels);
	if (scale == NULL || offset == NULL)
		return node_nomem(l);
	const int y = graph_affine(l->g, op, scale, offset);
	if (y >= 0)
		(void)graph_fuse_clamp(l->g, y, 0, 1);
	return make_like(l, x, y);
}

enum err do_pow(struct loader *l)
{
	const struct value *x = node_in(l, 0), *y = node_in(l, 1);
	const float *power = y != NULL && y->known != NULL ? y->known->f : NULL;
	if (power == NULL || y->known->count != 1 || (power[0] != 2 && power[0] != 0.5F))
		return node_bad(l, ERR_UNSUPPORTED, "a power that is neither 2 nor 0.5");
	return make_like(
		l, x, graph_unary(l->g, op_of(l, x), power[0] == 2 ? UNARY_SQUARE : UNARY_SQRT));
}

/* --- along dimensions ----------------------------------------------------------------------- */

enum err do_softmax(struct loader *l)
{
	const struct value *x = node_in(l, 0);
	const int rank = x->dims.rank;
	uint8_t order[ONNX_RANK_MAX];
	int axis;
	if (rank == 0)
		return node_bad(l, ERR_UNSUPPORTED, "of a single number");
	enum err e = axis_of(l, attr_int(l, "axis", l->opset < 13 ? 1 : -1), rank, &axis);
	if (e != OK)
		return e;
	if (l->opset >= 13) {
		const int op = op_with_last(l, x, axis, order);
		return make(l, 0, graph_softmax(l->g, op), x->dims, order);
	}
	/* Before opset 13: over this dimension and all after it. */
	struct shape s = {1, 1, 1};
	for (int i = 0; i < rank; i++) {
		size_t *side = i < axis ? &s.w : &s.c;
		*side *= x->dims.d[i];
	}
	order_plain(rank, order);
	const int op = graph_view(l->g, op_plain(l, x), s);
	return make(l, 0, graph_softmax(l->g, op), x->dims, order);
}

/* Reduces the named dimensions, leaving sides of 1. */
static int reduced(struct loader *l, const struct value *x, const bool *named, enum reduce how)
{
	struct dims dims = x->dims;
	struct walk walk = {.rank = x->dims.rank};
	ptrdiff_t step = 1;
	for (int i = x->dims.rank - 1; i >= 0; i--) {
		const int axis = x->order[i];
		walk.dim[i] = x->dims.d[axis];
		walk.stride[i] = named[axis] ? 0 : step;
		if (named[axis])
			dims.d[axis] = 1;
		else
			step *= (ptrdiff_t)x->dims.d[axis];
	}
	return graph_reduce(l->g, op_of(l, x), how, &walk, shape_in_order(&dims, x->order));
}

static bool is_image_mean(const struct value *x, const bool *named, enum reduce how)
{
	uint8_t order[ONNX_RANK_MAX];
	order_channels_last(x->dims.rank, order);
	return how == REDUCE_MEAN && x->known == NULL && x->dims.rank == 4 && x->dims.d[0] == 1 &&
		!named[1] && named[2] && named[3] && order_same(&x->dims, x->order, order);
}

/* Output 0 is y, the reduced x, without the named dimensions if they are not kept. */
static enum err make_reduced(struct loader *l, const struct value *x, const bool *named, int y)
{
	const bool keep = attr_int(l, "keepdims", 1) != 0;
	struct dims dims = {0};
	uint8_t order[ONNX_RANK_MAX];
	int place[ONNX_RANK_MAX];
	for (int i = 0; i < x->dims.rank; i++) {
		place[i] = dims.rank;
		if (!named[i] || keep)
			dims.d[dims.rank++] = named[i] ? 1 : x->dims.d[i];
	}
	for (int i = 0, k = 0; i < x->dims.rank; i++) {
		if (!named[x->order[i]] || keep)
			order[k++] = (uint8_t)place[x->order[i]];
	}
	return make(l, 0, y, dims, order);
}

static const struct {
	const char *name;
	enum reduce how;
	int64_t input_from; /* the opset from which on axes are an input */
} reductions[] = {
	{"ReduceSum", REDUCE_SUM, 13},
	{"ReduceMean", REDUCE_MEAN, 18},
	{"ReduceMax", REDUCE_MAX, 18},
	{"ReduceMin", REDUCE_MIN, 18},
	{"ReduceProd", REDUCE_PROD, 18},
	{"ReduceL1", REDUCE_L1, 18},
	{"ReduceL2", REDUCE_L2, 18},
	{"ReduceSumSquare", REDUCE_SQUARES, 18},
};

enum err do_reduce(struct loader *l)
{
	const struct value *x = node_in(l, 0);
	const struct known *list;
	bool named[ONNX_RANK_MAX];
	size_t n = 0;
	int image;
	while (n + 1 < sizeof(reductions) / sizeof(reductions[0]) &&
		strcmp(reductions[n].name, l->node->op_type) != 0)
		n++;
	const enum reduce how = reductions[n].how;
	enum err e = node_list(l, l->opset < reductions[n].input_from ? "axes" : NULL, 1, &list);
	if (e == OK && list != NULL && list->count == 0)
		list = NULL;
	if (e == OK && list == NULL && attr_int(l, "noop_with_empty_axes", 0) != 0)
		e = node_bad(l, ERR_UNSUPPORTED, "over no dimension");
	if (e == OK)
		e = axes_of(l, list, x->dims.rank, named);
	if (e != OK)
		return e;
	if (!is_image_mean(x, named, how))
		return make_reduced(l, x, named, reduced(l, x, named, how));
	e = op_image(l, x, &image);
	return e == OK ? make_reduced(l, x, named, graph_global_avg(l->g, image)) : e;
}

/* x / |x|, and 0 where there is nothing to divide by. */
enum err do_lp_norm(struct loader *l)
{
	struct value *x = node_in(l, 0), norm;
	bool named[ONNX_RANK_MAX] = {false};
	const int64_t p = attr_int(l, "p", 2);
	int axis;
	enum err e = axis_of(l, attr_int(l, "axis", -1), x->dims.rank, &axis);
	if (e == OK && p != 1 && p != 2)
		e = node_bad(l, ERR_UNSUPPORTED, "a norm that is neither L1 nor L2");
	if (e == OK && x->known != NULL)
		e = node_bad(l, ERR_UNSUPPORTED, "of a constant");
	if (e != OK)
		return e;
	named[axis] = true;
	norm = *x;
	norm.dims.d[axis] = 1;
	norm.only = false;
	norm.op = reduced(l, x, named, p == 1 ? REDUCE_L1 : REDUCE_L2);
	norm.op = graph_clamp(l->g, norm.op, FLT_MIN, INFINITY);
	e = node_check(l);
	return e == OK ? binary(l, x, &norm, BINARY_DIV) : e;
}
