/* SPDX-License-Identifier: MIT */
/* A node's parts, and the table of operators. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/onnx_int.h"

enum err node_bad(struct loader *l, enum err code, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(l->why, code, "%s: %s", l->label, text);
}

enum err node_nomem(struct loader *l)
{
	return node_bad(l, ERR_NOMEM, "out of memory");
}

enum err node_check(struct loader *l)
{
	return graph_error(l->g, l->why);
}

static int compare_names(const void *key, const void *value)
{
	return strcmp(key, ((const struct value *)value)->name);
}

static struct value *by_name(struct loader *l, const char *name)
{
	if (name[0] == '\0' || l->values == 0)
		return NULL;
	return bsearch(name, l->value, l->values, sizeof(*l->value), compare_names);
}

struct value *node_in(struct loader *l, size_t i)
{
	return i < l->node->n_input ? by_name(l, l->node->input[i]) : NULL;
}

struct value *node_out(struct loader *l, size_t i)
{
	return i < l->node->n_output ? by_name(l, l->node->output[i]) : NULL;
}

const OnnxFile__Attribute *node_attr(const struct loader *l, const char *name)
{
	for (size_t i = 0; i < l->node->n_attribute; i++) {
		const OnnxFile__Attribute *a = l->node->attribute[i];
		if (a->name != NULL && strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

int64_t attr_int(const struct loader *l, const char *name, int64_t otherwise)
{
	const OnnxFile__Attribute *a = node_attr(l, name);
	return a != NULL ? a->has_i ? a->i : 0 : otherwise;
}

float attr_float(const struct loader *l, const char *name, float otherwise)
{
	const OnnxFile__Attribute *a = node_attr(l, name);
	return a != NULL ? a->has_f ? a->f : 0 : otherwise;
}

bool attr_is(const struct loader *l, const char *name, const char *text, bool otherwise)
{
	const OnnxFile__Attribute *a = node_attr(l, name);
	if (a == NULL || !a->has_s)
		return otherwise;
	return a->s.len == strlen(text) && memcmp(a->s.data, text, a->s.len) == 0;
}

enum err node_list(struct loader *l, const char *name, size_t i, const struct known **out)
{
	const OnnxFile__Attribute *a = name != NULL ? node_attr(l, name) : NULL;
	const struct value *v = node_in(l, i);
	*out = NULL;
	if (a != NULL) {
		struct known *k = known_new(l, (struct dims){.rank = 1, .d = {a->n_ints}});
		if (k == NULL)
			return node_nomem(l);
		k->i = a->ints;
		k->from_file = true;
		*out = k;
		return OK;
	}
	if (v == NULL)
		return OK;
	if (v->known == NULL)
		return node_bad(
			l, ERR_UNSUPPORTED, "input '%s' is only known when it runs", v->name);
	if (v->known->count > 0 && v->known->i == NULL)
		return node_bad(l, ERR_FORMAT, "input '%s' is not of whole numbers", v->name);
	*out = v->known;
	return OK;
}

enum err node_floats(struct loader *l, size_t i, size_t count, const float **out)
{
	const struct value *v = node_in(l, i);
	*out = NULL;
	if (v == NULL)
		return node_bad(l, ERR_FORMAT, "has no input %zu", i);
	if (v->known == NULL)
		return node_bad(
			l, ERR_UNSUPPORTED, "input '%s' is only known when it runs", v->name);
	if (v->known->f == NULL || (count > 0 && v->known->count != count))
		return node_bad(l, ERR_FORMAT, "input '%s' is not of %zu floats", v->name, count);
	for (size_t k = 0; k < v->known->count; k++) {
		if (!isfinite(v->known->f[k]))
			return node_bad(l, ERR_FORMAT, "input '%s' has a value that is not finite",
				v->name);
	}
	*out = v->known->f;
	return OK;
}

/* Sorted by name. */
static const struct {
	const char *name;
	operator_fn run;
} operators[] = {
	{"Abs", do_unary},
	{"Add", do_binary},
	{"AveragePool", do_pool},
	{"BatchNormalization", do_batch_norm},
	{"Cast", do_cast},
	{"Ceil", do_unary},
	{"Clip", do_clip},
	{"Concat", do_concat},
	{"Conv", do_conv},
	{"DepthToSpace", do_depth_to_space},
	{"Div", do_binary},
	{"Dropout", do_identity},
	{"Elu", do_elu},
	{"Erf", do_unary},
	{"Exp", do_unary},
	{"Expand", do_expand},
	{"Flatten", do_flatten},
	{"Floor", do_unary},
	{"Gather", do_gather},
	{"Gemm", do_gemm},
	{"GlobalAveragePool", do_global_pool},
	{"GlobalMaxPool", do_global_pool},
	{"HardSigmoid", do_hard_sigmoid},
	{"HardSwish", do_unary},
	{"Identity", do_identity},
	{"LeakyRelu", do_leaky},
	{"Log", do_unary},
	{"LpNormalization", do_lp_norm},
	{"MatMul", do_matmul},
	{"Max", do_binary},
	{"MaxPool", do_pool},
	{"Min", do_binary},
	{"Mul", do_binary},
	{"Neg", do_unary},
	{"PRelu", do_prelu},
	{"Pad", do_pad},
	{"Pow", do_pow},
	{"Reciprocal", do_unary},
	{"ReduceL1", do_reduce},
	{"ReduceL2", do_reduce},
	{"ReduceMax", do_reduce},
	{"ReduceMean", do_reduce},
	{"ReduceMin", do_reduce},
	{"ReduceProd", do_reduce},
	{"ReduceSum", do_reduce},
	{"ReduceSumSquare", do_reduce},
	{"Relu", do_relu},
	{"Reshape", do_reshape},
	{"Resize", do_resize},
	{"Sigmoid", do_unary},
	{"Slice", do_slice},
	{"Softmax", do_softmax},
	{"Softplus", do_unary},
	{"SpaceToDepth", do_space_to_depth},
	{"Split", do_split},
	{"Sqrt", do_unary},
	{"Squeeze", do_squeeze},
	{"Sub", do_binary},
	{"Sum", do_binary},
	{"Tanh", do_unary},
	{"Transpose", do_transpose},
	{"Unsqueeze", do_unsqueeze},
	{"Upsample", do_resize},
};

operator_fn operator_find(const char *name)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (strcmp(operators[i].name, name) == 0)
			return operators[i].run;
	}
	return NULL;
}
