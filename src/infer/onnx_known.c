/* SPDX-License-Identifier: MIT */
/* Tensors from the file, and arithmetic on them while loading. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "infer/onnx_int.h"

/* TensorProto.DataType */
enum {
	TYPE_FLOAT = 1,
	TYPE_UINT8 = 2,
	TYPE_INT8 = 3,
	TYPE_UINT16 = 4,
	TYPE_INT16 = 5,
	TYPE_INT32 = 6,
	TYPE_INT64 = 7,
	TYPE_BOOL = 9,
	TYPE_FLOAT16 = 10,
	TYPE_DOUBLE = 11,
	TYPE_UINT32 = 12,
};

struct known *known_new(struct loader *l, struct dims dims)
{
	struct known *k = arena_take(l->arena, sizeof(*k));
	size_t count;
	if (k == NULL || !dims_count(&dims, &count) || count > ONNX_CONST_ELEMENTS_MAX)
		return NULL;
	k->dims = dims;
	k->count = count;
	return k;
}

/* --- from the file -------------------------------------------------------------------------- */

static float of_half(uint16_t h)
{
	const int exponent = h >> 10 & 31, mantissa = h & 1023;
	float x;
	if (exponent == 0)
		x = ldexpf((float)mantissa, -24);
	else if (exponent == 31)
		x = mantissa != 0 ? NAN : INFINITY;
	else
		x = ldexpf((float)(mantissa + 1024), exponent - 25);
	return h & 0x8000 ? -x : x;
}

/* One little-endian value of a raw tensor. */
static int64_t raw_whole(int type, const uint8_t *at, size_t bytes)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < bytes; i++)
		bits |= (uint64_t)at[i] << (8 * i);
	switch (type) {
	case TYPE_INT8:
		return (int8_t)bits;
	case TYPE_INT16:
		return (int16_t)bits;
	case TYPE_INT32:
		return (int32_t)bits;
	default:
		return (int64_t)bits;
	}
}

static float raw_float(int type, const uint8_t *at)
{
	double wide;
	float x;
	if (type == TYPE_FLOAT16)
		return of_half((uint16_t)(at[0] | at[1] << 8));
	if (type == TYPE_DOUBLE) {
		memcpy(&wide, at, sizeof(wide));
		return (float)wide;
	}
	memcpy(&x, at, sizeof(x));
	return x;
}

static const struct {
	int type;
	size_t bytes;
	bool whole;
} types[] = {
	{TYPE_FLOAT, 4, false},
	{TYPE_FLOAT16, 2, false},
	{TYPE_DOUBLE, 8, false},
	{TYPE_UINT8, 1, true},
	{TYPE_INT8, 1, true},
	{TYPE_UINT16, 2, true},
	{TYPE_INT16, 2, true},
	{TYPE_INT32, 4, true},
	{TYPE_INT64, 8, true},
	{TYPE_UINT32, 4, true},
	{TYPE_BOOL, 1, true},
};

static enum err from_raw(
	struct loader *l, const OnnxFile__Tensor *t, struct known *k, size_t bytes, bool whole)
{
	if (t->raw_data.len != k->count * bytes)
		return err_set(l->why, ERR_FORMAT, "%zu bytes instead of %zu", t->raw_data.len,
			k->count * bytes);
	if (t->data_type == TYPE_FLOAT) {
		/* The arena has put it where floats may lie. */
		k->f = (const float *)(const void *)t->raw_data.data;
		return OK;
	}
	float *f = whole ? NULL : arena_array(l->arena, k->count, sizeof(*f));
	int64_t *i = whole ? arena_array(l->arena, k->count, sizeof(*i)) : NULL;
	if (f == NULL && i == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	for (size_t n = 0; n < k->count; n++) {
		const uint8_t *at = t->raw_data.data + n * bytes;
		if (whole)
			i[n] = raw_whole(t->data_type, at, bytes);
		else
			f[n] = raw_float(t->data_type, at);
	}
	k->f = f;
	k->i = i;
	return OK;
}

static enum err from_lists(struct loader *l, const OnnxFile__Tensor *t, struct known *k, bool whole)
{
	size_t have = t->n_int32_data;
	if (t->data_type == TYPE_FLOAT)
		have = t->n_float_data;
	else if (t->data_type == TYPE_DOUBLE)
		have = t->n_double_data;
	else if (t->data_type == TYPE_INT64)
		have = t->n_int64_data;
	if (have != k->count)
		return err_set(l->why, ERR_FORMAT, "%zu values instead of %zu", have, k->count);
	if (t->data_type == TYPE_FLOAT)
		k->f = t->float_data;
	if (t->data_type == TYPE_INT64)
		k->i = t->int64_data;
	if (k->f != NULL || k->i != NULL || k->count == 0)
		return OK;
	float *f = whole ? NULL : arena_array(l->arena, k->count, sizeof(*f));
	int64_t *i = whole ? arena_array(l->arena, k->count, sizeof(*i)) : NULL;
	if (f == NULL && i == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	for (size_t n = 0; n < k->count; n++) {
		if (whole)
			i[n] = t->int32_data[n];
		else if (t->data_type == TYPE_DOUBLE)
			f[n] = (float)t->double_data[n];
		else
			f[n] = of_half((uint16_t)t->int32_data[n]);
	}
	k->f = f;
	k->i = i;
	return OK;
}

enum err known_from_file(struct loader *l, const OnnxFile__Tensor *t, const struct known **out)
{
	struct dims d = {.rank = (int)t->n_dims};
	size_t n = 0;
	*out = NULL;
	if (t->data_location != 0 || t->n_external_data > 0)
		return err_set(l->why, ERR_UNSUPPORTED, "lies in another file");
	if (t->has_segment)
		return err_set(l->why, ERR_UNSUPPORTED, "is in several parts");
	if (t->n_dims > ONNX_RANK_MAX)
		return err_set(l->why, ERR_LIMIT, "more than %d dimensions", ONNX_RANK_MAX);
	for (size_t i = 0; i < t->n_dims; i++) {
		if (t->dims[i] < 0 || t->dims[i] > ONNX_CONST_ELEMENTS_MAX)
			return err_set(l->why, ERR_LIMIT, "a side of %lld", (long long)t->dims[i]);
		d.d[i] = (size_t)t->dims[i];
	}
	while (n < sizeof(types) / sizeof(types[0]) && types[n].type != t->data_type)
		n++;
	if (n == sizeof(types) / sizeof(types[0]))
		return err_set(l->why, ERR_UNSUPPORTED, "values of type %d", t->data_type);
	struct known *k = known_new(l, d);
	if (k == NULL)
		return err_set(l->why, ERR_LIMIT, "too large");
	k->from_file = true;
	*out = k;
	return t->has_raw_data ? from_raw(l, t, k, types[n].bytes, types[n].whole)
			       : from_lists(l, t, k, types[n].whole);
}

/* --- arithmetic ----------------------------------------------------------------------------- */

/* A known value being computed, with writable memory. */
struct draft {
	struct known *k;
	float *f;
	int64_t *i;
};

static enum err draft_new(struct loader *l, struct dims dims, bool whole, struct draft *d)
{
	*d = (struct draft){.k = known_new(l, dims)};
	if (d->k == NULL)
		return node_bad(l, ERR_LIMIT, "a constant that is too large");
	if (whole)
		d->i = arena_array(l->arena, d->k->count, sizeof(*d->i));
	else
		d->f = arena_array(l->arena, d->k->count, sizeof(*d->f));
	if (d->f == NULL && d->i == NULL)
		return node_nomem(l);
	d->k->f = d->f;
	d->k->i = d->i;
	d->k->from_file = true;
	for (size_t i = 0; i < l->node->n_input; i++) {
		const struct value *v = node_in(l, i);
		if (v != NULL && (v->known == NULL || !v->known->from_file))
			d->k->from_file = false;
	}
	return OK;
}

static enum err fold_shape(struct loader *l)
{
	const struct value *v = node_in(l, 0);
	if (v == NULL)
		return node_bad(l, ERR_FORMAT, "has no input");
	int64_t from = attr_int(l, "start", 0), to = attr_int(l, "end", v->dims.rank);
	from = from < 0 ? from + v->dims.rank : from;
	to = to < 0 ? to + v->dims.rank : to > v->dims.rank ? v->dims.rank : to;
	if (from < 0 || from > to)
		return node_bad(l, ERR_FORMAT, "a part of a shape that is not there");
	struct draft d;
	enum err e = draft_new(l, (struct dims){.rank = 1, .d = {(size_t)(to - from)}}, true, &d);
	if (e != OK)
		return e;
	for (int64_t i = from; i < to; i++)
		d.i[i - from] = (int64_t)v->dims.d[i];
	d.k->from_file = false;
	return make_known(l, d.k);
}

static enum err fold_constant(struct loader *l)
{
	const OnnxFile__Attribute *t = node_attr(l, "value");
	const OnnxFile__Attribute *f = node_attr(l, "value_float");
	const OnnxFile__Attribute *i = node_attr(l, "value_int");
	const OnnxFile__Attribute *fs = node_attr(l, "value_floats");
	const OnnxFile__Attribute *is = node_attr(l, "value_ints");
	const struct known *from_file;
	if (t != NULL && t->t != NULL) {
		enum err e = known_from_file(l, t->t, &from_file);
		return e == OK ? make_known(l, from_file) : err_prefix(l->why, e, "%s", l->label);
	}
	struct dims dims = {0};
	if (fs != NULL || is != NULL)
		dims = (struct dims){.rank = 1, .d = {fs != NULL ? fs->n_floats : is->n_ints}};
	else if (f == NULL && i == NULL)
		return node_bad(l, ERR_UNSUPPORTED, "a constant of an unknown kind");
	struct known *k = known_new(l, dims);
	if (k == NULL)
		return node_bad(l, ERR_LIMIT, "a constant that is too large");
	k->from_file = true;
	k->f = fs != NULL ? fs->floats : f != NULL ? &f->f : NULL;
	k->i = is != NULL ? is->ints : i != NULL ? &i->i : NULL;
	return make_known(l, k);
}

static enum err fold_constant_of_shape(struct loader *l)
{
	const OnnxFile__Attribute *a = node_attr(l, "value");
	const struct known *sides, *fill = NULL;
	struct dims dims = {0};
	struct draft d;
	enum err e = node_list(l, NULL, 0, &sides);
	if (e == OK && a != NULL && a->t != NULL)
		e = known_from_file(l, a->t, &fill);
	if (e != OK)
		return e;
	if (sides == NULL || sides->count > ONNX_RANK_MAX || (fill != NULL && fill->count != 1))
		return node_bad(l, ERR_FORMAT, "a shape or value that is none");
	dims.rank = (int)sides->count;
	for (size_t i = 0; i < sides->count; i++) {
		if (sides->i[i] < 0 || sides->i[i] > ONNX_CONST_ELEMENTS_MAX)
			return node_bad(l, ERR_LIMIT, "a side of %lld", (long long)sides->i[i]);
		dims.d[i] = (size_t)sides->i[i];
	}
	e = draft_new(l, dims, fill != NULL && fill->i != NULL, &d);
	for (size_t n = 0; e == OK && n < d.k->count; n++) {
		if (d.i != NULL)
			d.i[n] = fill->i[0];
		else
			d.f[n] = fill != NULL ? fill->f[0] : 0;
	}
	return e == OK ? make_known(l, d.k) : e;
}

/* A float as a whole number, without undefined behaviour at the ends. */
static int64_t whole_of(float x)
{
	if (!(x > -9.2e18F))
		return isnan(x) ? 0 : INT64_MIN;
	return x < 9.2e18F ? (int64_t)x : INT64_MAX;
}

static enum err fold_cast(struct loader *l)
{
	const struct known *k = node_in(l, 0)->known;
	const int64_t to = attr_int(l, "to", 0);
	const bool whole = to != TYPE_FLOAT && to != TYPE_DOUBLE && to != TYPE_FLOAT16;
	struct draft d;
	enum err e = draft_new(l, k->dims, whole, &d);
	for (size_t n = 0; e == OK && n < k->count; n++) {
		if (!whole)
			d.f[n] = k->f != NULL ? k->f[n] : (float)k->i[n];
		else if (to == TYPE_BOOL)
			d.i[n] = k->f != NULL ? k->f[n] != 0 : k->i[n] != 0;
		else
			d.i[n] = k->f != NULL ? whole_of(k->f[n]) : k->i[n];
	}
	return e == OK ? make_known(l, d.k) : e;
}

enum arithmetic {
	DO_ADD,
	DO_SUB,
	DO_MUL,
	DO_DIV,
	DO_MIN,
	DO_MAX,
	DO_MOD,
	DO_EQUAL,
	DO_LESS,
	DO_GREATER,
	DO_POW
};

static int64_t whole_result(enum arithmetic how, int64_t a, int64_t b)
{
	int64_t x = 0;
	switch (how) {
	case DO_ADD:
		return __builtin_add_overflow(a, b, &x) ? INT64_MAX : x;
	case DO_SUB:
		return __builtin_sub_overflow(a, b, &x) ? INT64_MAX : x;
	case DO_MUL:
		return __builtin_mul_overflow(a, b, &x) ? INT64_MAX : x;
	case DO_DIV:
		return b == 0 || (a == INT64_MIN && b == -1) ? 0 : a / b;
	case DO_MOD:
		return b == 0 || b == -1 ? 0 : a % b + ((a % b != 0 && (a < 0) != (b < 0)) ? b : 0);
	case DO_MIN:
		return a < b ? a : b;
	case DO_MAX:
		return a > b ? a : b;
	case DO_EQUAL:
		return a == b;
	case DO_LESS:
		return a < b;
	case DO_GREATER:
		return a > b;
	default:
		return whole_of(powf((float)a, (float)b));
	}
}

static float float_result(enum arithmetic how, float a, float b)
{
	switch (how) {
	case DO_ADD:
		return a + b;
	case DO_SUB:
		return a - b;
	case DO_MUL:
		return a * b;
	case DO_DIV:
		return a / b;
	case DO_MIN:
		return fminf(a, b);
	case DO_MAX:
		return fmaxf(a, b);
	case DO_MOD:
		return fmodf(a, b);
	case DO_POW:
		return powf(a, b);
	case DO_LESS:
		return a < b;
	case DO_GREATER:
		return a > b;
	default:
		return a == b;
	}
}

/* The dimensions of two stretched to each other; false when they do not fit. */
static bool dims_stretch(const struct dims *a, const struct dims *b, struct dims *out)
{
	out->rank = a->rank > b->rank ? a->rank : b->rank;
	for (int i = 0; i < out->rank; i++) {
		const int x = i - (out->rank - a->rank), y = i - (out->rank - b->rank);
		const size_t p = x >= 0 ? a->d[x] : 1, q = y >= 0 ? b->d[y] : 1;
		if (p != q && p != 1 && q != 1)
			return false;
		out->d[i] = p == 1 ? q : p;
	}
	return true;
}

/* Where element n of a value of `dims` lies in one that is stretched to it. */
static size_t place_in(const struct dims *dims, const struct dims *d, size_t n)
{
	size_t at = 0, step = 1;
	for (int i = dims->rank - 1, k = d->rank - 1; k >= 0; i--, k--) {
		at += d->d[k] == 1 ? 0 : n % dims->d[i] * step;
		n /= dims->d[i];
		step *= d->d[k];
	}
	return at;
}

static enum err fold_two(struct loader *l, enum arithmetic how)
{
	const struct value *a = node_in(l, 0), *b = node_in(l, 1);
	struct dims dims;
	struct draft d;
	if (b == NULL || l->node->n_input != 2 || !dims_stretch(&a->dims, &b->dims, &dims))
		return node_bad(l, ERR_FORMAT, "operands that do not fit");
	const struct known *x = a->known, *y = b->known;
	const bool whole = x->f == NULL && y->f == NULL;
	const bool logical = how == DO_EQUAL || how == DO_LESS || how == DO_GREATER;
	enum err e = draft_new(l, dims, whole || logical, &d);
	for (size_t n = 0; e == OK && n < d.k->count; n++) {
		const size_t p = place_in(&dims, &x->dims, n), q = place_in(&dims, &y->dims, n);
		if (whole) {
			d.i[n] = whole_result(how, x->i[p], y->i[q]);
			continue;
		}
		const float r = float_result(how, x->f != NULL ? x->f[p] : (float)x->i[p],
			y->f != NULL ? y->f[q] : (float)y->i[q]);
		if (logical)
			d.i[n] = r != 0;
		else
			d.f[n] = r;
	}
	return e == OK ? make_known(l, d.k) : e;
}

static enum err fold_where(struct loader *l)
{
	const struct value *c = node_in(l, 0), *a = node_in(l, 1), *b = node_in(l, 2);
	struct dims two, dims;
	struct draft d;
	if (a == NULL || b == NULL || !dims_stretch(&a->dims, &b->dims, &two) ||
		!dims_stretch(&two, &c->dims, &dims) || c->known->i == NULL ||
		(a->known->f == NULL) != (b->known->f == NULL))
		return node_bad(l, ERR_FORMAT, "operands that do not fit");
	enum err e = draft_new(l, dims, a->known->f == NULL, &d);
	for (size_t n = 0; e == OK && n < d.k->count; n++) {
		const bool first = c->known->i[place_in(&dims, &c->dims, n)] != 0;
		const struct known *k = first ? a->known : b->known;
		const size_t at = place_in(&dims, &k->dims, n);
		if (d.i != NULL)
			d.i[n] = k->i[at];
		else
			d.f[n] = k->f[at];
	}
	return e == OK ? make_known(l, d.k) : e;
}

enum single { DO_NEG, DO_ABS, DO_FLOOR, DO_CEIL, DO_SQRT, DO_EXP, DO_LOG, DO_RECIPROCAL, DO_NOT };

static float single_result(enum single how, float x)
{
	switch (how) {
	case DO_NEG:
		return -x;
	case DO_ABS:
		return fabsf(x);
	case DO_FLOOR:
		return floorf(x);
	case DO_CEIL:
		return ceilf(x);
	case DO_SQRT:
		return sqrtf(x);
	case DO_EXP:
		return expf(x);
	case DO_LOG:
		return logf(x);
	case DO_RECIPROCAL:
		return 1 / x;
	default:
		return x == 0;
	}
}

static enum err fold_one(struct loader *l, enum single how)
{
	const struct known *k = node_in(l, 0)->known;
	struct draft d;
	enum err e = draft_new(l, k->dims, k->f == NULL, &d);
	for (size_t n = 0; e == OK && n < k->count; n++) {
		if (k->f != NULL)
			d.f[n] = single_result(how, k->f[n]);
		else if (how == DO_NOT)
			d.i[n] = k->i[n] == 0;
		else if (how == DO_NEG || (how == DO_ABS && k->i[n] < 0))
			d.i[n] = k->i[n] == INT64_MIN ? INT64_MAX : -k->i[n];
		else
			d.i[n] = k->i[n];
	}
	return e == OK ? make_known(l, d.k) : e;
}

/* Of whole numbers, all together: how many values a shape has. */
static enum err fold_product(struct loader *l)
{
	const struct known *k = node_in(l, 0)->known;
	const bool keep = attr_int(l, "keepdims", 1) != 0;
	struct dims dims = {.rank = keep ? k->dims.rank : 0, .d = {1, 1, 1, 1, 1, 1, 1, 1}};
	struct draft d;
	enum err e = draft_new(l, dims, true, &d);
	if (e != OK)
		return e;
	d.i[0] = 1;
	for (size_t n = 0; n < k->count; n++)
		d.i[0] = whole_result(DO_MUL, d.i[0], k->i[n]);
	return make_known(l, d.k);
}

static enum err fold_range(struct loader *l)
{
	const struct value *v[] = {node_in(l, 0), node_in(l, 1), node_in(l, 2)};
	struct draft d;
	for (int i = 0; i < 3; i++) {
		if (v[i] == NULL || v[i]->known->i == NULL || v[i]->known->count != 1)
			return node_bad(l, ERR_UNSUPPORTED, "a range that is not of whole numbers");
	}
	const int64_t from = v[0]->known->i[0], to = v[1]->known->i[0], by = v[2]->known->i[0];
	const double count = by == 0 ? -1 : ceil(((double)to - (double)from) / (double)by);
	if (by == 0 || count > ONNX_CONST_ELEMENTS_MAX)
		return node_bad(l, ERR_LIMIT, "a range that is too long");
	enum err e = draft_new(
		l, (struct dims){.rank = 1, .d = {count > 0 ? (size_t)count : 0}}, true, &d);
	for (size_t n = 0; e == OK && n < d.k->count; n++)
		d.i[n] = whole_result(DO_ADD, from, whole_result(DO_MUL, (int64_t)n, by));
	return e == OK ? make_known(l, d.k) : e;
}

/* What is done on known values only, beside what moves them about. */
static const struct {
	const char *name;
	enum err (*run)(struct loader *l);
	enum err (*two)(struct loader *l, enum arithmetic how);
	enum err (*one)(struct loader *l, enum single how);
	int how;
	bool always; /* the inputs need not be known */
} folds[] = {
	{.name = "Shape", .run = fold_shape, .always = true},
	{.name = "Constant", .run = fold_constant, .always = true},
	{.name = "ConstantOfShape", .run = fold_constant_of_shape},
	{.name = "Cast", .run = fold_cast},
	{.name = "Where", .run = fold_where},
	{.name = "Range", .run = fold_range},
	{.name = "ReduceProd", .run = fold_product},
	{.name = "Add", .two = fold_two, .how = DO_ADD},
	{.name = "Sub", .two = fold_two, .how = DO_SUB},
	{.name = "Mul", .two = fold_two, .how = DO_MUL},
	{.name = "Div", .two = fold_two, .how = DO_DIV},
	{.name = "Min", .two = fold_two, .how = DO_MIN},
	{.name = "Max", .two = fold_two, .how = DO_MAX},
	{.name = "Mod", .two = fold_two, .how = DO_MOD},
	{.name = "Pow", .two = fold_two, .how = DO_POW},
	{.name = "Equal", .two = fold_two, .how = DO_EQUAL},
	{.name = "Less", .two = fold_two, .how = DO_LESS},
	{.name = "Greater", .two = fold_two, .how = DO_GREATER},
	{.name = "Neg", .one = fold_one, .how = DO_NEG},
	{.name = "Abs", .one = fold_one, .how = DO_ABS},
	{.name = "Floor", .one = fold_one, .how = DO_FLOOR},
	{.name = "Ceil", .one = fold_one, .how = DO_CEIL},
	{.name = "Sqrt", .one = fold_one, .how = DO_SQRT},
	{.name = "Exp", .one = fold_one, .how = DO_EXP},
	{.name = "Log", .one = fold_one, .how = DO_LOG},
	{.name = "Reciprocal", .one = fold_one, .how = DO_RECIPROCAL},
	{.name = "Not", .one = fold_one, .how = DO_NOT},
};

static bool all_known(struct loader *l)
{
	for (size_t i = 0; i < l->node->n_input; i++) {
		const struct value *v = node_in(l, i);
		if (v == NULL || v->known == NULL)
			return false;
	}
	return l->node->n_input > 0;
}

/* A sum or product of a whole list of whole numbers; other reductions are done as they run. */
static bool product_of_whole(struct loader *l)
{
	return node_in(l, 0)->known->i != NULL && node_in(l, 0)->dims.rank <= 1;
}

enum err fold_node(struct loader *l, bool *done)
{
	const bool known = all_known(l);
	*done = false;
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
		if (strcmp(folds[i].name, l->node->op_type) != 0 || (!known && !folds[i].always))
			continue;
		if (folds[i].run == fold_product && !product_of_whole(l))
			continue;
		*done = true;
		if (folds[i].two != NULL)
			return folds[i].two(l, (enum arithmetic)folds[i].how);
		return folds[i].one != NULL ? folds[i].one(l, (enum single)folds[i].how)
					    : folds[i].run(l);
	}
	return OK;
}

/* --- in another order ----------------------------------------------------------------------- */

const float *known_in_order(struct loader *l, const struct known *k, const uint8_t *order)
{
	uint8_t plain[ONNX_RANK_MAX];
	size_t step[ONNX_RANK_MAX], at[ONNX_RANK_MAX] = {0}, place = 0;
	order_plain(k->dims.rank, plain);
	if (k->f == NULL)
		node_bad(l, ERR_UNSUPPORTED, "whole numbers where floats are needed");
	if (k->f == NULL || order_same(&k->dims, order, plain))
		return k->f;
	float *out = arena_array(l->arena, k->count, sizeof(*out));
	if (out == NULL)
		return NULL;
	for (int i = 0; i < k->dims.rank; i++) {
		step[i] = 1;
		for (int after = order[i] + 1; after < k->dims.rank; after++)
			step[i] *= k->dims.d[after];
	}
	for (size_t n = 0; n < k->count; n++) {
		out[n] = k->f[place];
		for (int i = k->dims.rank - 1; i >= 0; i--) {
			place += step[i];
			if (++at[i] < k->dims.d[order[i]])
				break;
			place -= step[i] * at[i];
			at[i] = 0;
		}
	}
	return out;
}
