/* SPDX-License-Identifier: MIT */
#include "infer/segment.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "infer/xnn_compat.h"

struct segment {
	xnn_runtime_t runtime;
};

/* What exists only while a segment is being made. */
struct builder {
	const struct segment_setting *set;
	const struct graph *g;
	xnn_subgraph_t sub;
	float *next; /* in the scratch memory */
	struct xnn_external_value *port;
	uint32_t ports;
};

static const struct {
	enum xnn_status status;
	enum err code;
	const char *text;
} status_codes[] = {
	{xnn_status_out_of_memory, ERR_NOMEM, "out of memory"},
	{xnn_status_unsupported_hardware, ERR_UNSUPPORTED,
		"this processor is not supported (or /proc is not mounted)"},
	{xnn_status_unsupported_parameter, ERR_UNSUPPORTED, "XNNPACK cannot do this operation"},
	{xnn_status_invalid_parameter, ERR_UNSUPPORTED, "XNNPACK cannot do this operation"},
};

static enum err check(enum xnn_status status, const char *doing, struct error *why)
{
	if (status == xnn_status_success)
		return OK;
	for (size_t i = 0; i < sizeof(status_codes) / sizeof(status_codes[0]); i++) {
		if (status_codes[i].status == status)
			return err_set(why, status_codes[i].code, "cannot %s: %s", doing,
				status_codes[i].text);
	}
	return err_set(why, ERR_INTERNAL, "cannot %s: XNNPACK's status is %d", doing, (int)status);
}

/* --- one function a kind of operation --------------------------------------------------- */

static uint32_t operand(const struct builder *b, int op)
{
	return b->set->value[op];
}

static enum xnn_status define_static(
	struct builder *b, const size_t dims[4], const float *data, uint32_t *id)
{
	return xnn_define_tensor_value(
		b->sub, xnn_datatype_fp32, 4, dims, data, XNN_INVALID_VALUE_ID, 0, id);
}

/* Makes the values of a convolution's folded filter and bias. */
static enum xnn_status define_weights(
	struct builder *b, const struct op *op, uint32_t *filter, uint32_t *bias)
{
	const struct conv *c = &op->conv;
	const bool depthwise = op->kind == OP_DEPTHWISE;
	const size_t dims[] = {
		depthwise ? 1 : c->out, c->filter_h, c->filter_w, depthwise ? c->out : c->in};
	float *filter_data = b->next, *bias_data = filter_data + op_filter_count(op);
	b->next = bias_data + c->out;
	op_fold_filter(op, filter_data);
	op_fold_bias(op, bias_data);
	enum xnn_status status = define_static(b, dims, filter_data, filter);
	if (status == xnn_status_success)
		status = xnn_define_tensor_value(b->sub, xnn_datatype_fp32, 1, &c->out, bias_data,
			XNN_INVALID_VALUE_ID, 0, bias);
	return status;
}

static enum xnn_status define_conv(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	const struct conv *c = &op->conv;
	uint32_t filter, bias;
	enum xnn_status status = define_weights(b, op, &filter, &bias);
	if (status != xnn_status_success)
		return status;
	return xnn_define_convolution_2d(b->sub, (uint32_t)w->top, (uint32_t)w->right,
		(uint32_t)w->bottom, (uint32_t)w->left, (uint32_t)w->h, (uint32_t)w->w,
		(uint32_t)w->stride, (uint32_t)w->stride_w, (uint32_t)w->dilation,
		(uint32_t)w->dilation_w, (uint32_t)c->groups, c->in, c->out / c->groups, op->low,
		op->high, operand(b, op->a), filter, bias, out, 0);
}

static enum xnn_status define_depthwise(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	uint32_t filter, bias;
	enum xnn_status status = define_weights(b, op, &filter, &bias);
	if (status != xnn_status_success)
		return status;
	return xnn_define_depthwise_convolution_2d(b->sub, (uint32_t)w->top, (uint32_t)w->right,
		(uint32_t)w->bottom, (uint32_t)w->left, (uint32_t)w->h, (uint32_t)w->w,
		(uint32_t)w->stride, (uint32_t)w->stride_w, (uint32_t)w->dilation,
		(uint32_t)w->dilation_w, 1, op->conv.out, op->low, op->high, operand(b, op->a),
		filter, bias, out, 0);
}

static enum xnn_status define_max_pool(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	return xnn_define_max_pooling_2d(b->sub, (uint32_t)w->top, (uint32_t)w->right,
		(uint32_t)w->bottom, (uint32_t)w->left, (uint32_t)w->h, (uint32_t)w->w,
		(uint32_t)w->stride, (uint32_t)w->stride_w, (uint32_t)w->dilation,
		(uint32_t)w->dilation_w, op->low, op->high, operand(b, op->a), out, 0);
}

static enum xnn_status define_avg_pool(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	return xnn_define_average_pooling_2d(b->sub, (uint32_t)w->top, (uint32_t)w->right,
		(uint32_t)w->bottom, (uint32_t)w->left, (uint32_t)w->h, (uint32_t)w->w,
		(uint32_t)w->stride, (uint32_t)w->stride_w, op->low, op->high, operand(b, op->a),
		out, 0);
}

static enum xnn_status define_global_avg(struct builder *b, const struct op *op, uint32_t out)
{
	return compat_global_avg(b->sub, operand(b, op->a), out);
}

static enum xnn_status define_binary(struct builder *b, const struct op *op, uint32_t out)
{
	static const enum compat_binary of[] = {
		[BINARY_ADD] = COMPAT_ADD,
		[BINARY_SUB] = COMPAT_SUB,
		[BINARY_MUL] = COMPAT_MUL,
		[BINARY_DIV] = COMPAT_DIV,
		[BINARY_MAX] = COMPAT_MAX,
		[BINARY_MIN] = COMPAT_MIN,
	};
	const float limits[] = {op->low, op->high};
	return compat_binary(
		b->sub, of[op->how.binary], limits, operand(b, op->a), operand(b, op->b), out);
}

static enum xnn_status define_clamp(struct builder *b, const struct op *op, uint32_t out)
{
	return compat_clamp(b->sub, op->low, op->high, operand(b, op->a), out);
}

static enum xnn_status define_leaky(struct builder *b, const struct op *op, uint32_t out)
{
	return compat_leaky(b->sub, op->slope, operand(b, op->a), out);
}

static enum xnn_status define_prelu(struct builder *b, const struct op *op, uint32_t out)
{
	const float *slopes = b->set->constant[op - graph_op(b->g, 0)];
	uint32_t id;
	enum xnn_status status = xnn_define_tensor_value(
		b->sub, xnn_datatype_fp32, 1, &op->shape.c, slopes, XNN_INVALID_VALUE_ID, 0, &id);
	return status == xnn_status_success ? compat_prelu(b->sub, operand(b, op->a), id, out)
					    : status;
}

static enum xnn_status define_elu(struct builder *b, const struct op *op, uint32_t out)
{
	return compat_elu(b->sub, op->slope, operand(b, op->a), out);
}

static enum xnn_status define_unary(struct builder *b, const struct op *op, uint32_t out)
{
	static const enum compat_unary of[] = {
		[UNARY_SIGMOID] = COMPAT_SIGMOID,
		[UNARY_HARDSWISH] = COMPAT_HARDSWISH,
		[UNARY_ABS] = COMPAT_ABS,
		[UNARY_CEIL] = COMPAT_CEIL,
		[UNARY_FLOOR] = COMPAT_FLOOR,
		[UNARY_NEG] = COMPAT_NEG,
		[UNARY_SQUARE] = COMPAT_SQUARE,
		[UNARY_SQRT] = COMPAT_SQRT,
	};
	return compat_unary(b->sub, of[op->how.unary], operand(b, op->a), out);
}

static enum xnn_status define_softmax(struct builder *b, const struct op *op, uint32_t out)
{
	return xnn_define_softmax(b->sub, operand(b, op->a), out, 0);
}

static enum xnn_status define_bilinear(struct builder *b, const struct op *op, uint32_t out)
{
	static const uint32_t flags[] = {
		[RESIZE_HALF_PIXEL] = 0,
		[RESIZE_ASYMMETRIC] = XNN_FLAG_TENSORFLOW_LEGACY_MODE,
		[RESIZE_ALIGN_CORNERS] = XNN_FLAG_ALIGN_CORNERS,
	};
	return xnn_define_static_resize_bilinear_2d(
		b->sub, op->shape.h, op->shape.w, operand(b, op->a), out, flags[op->how.resize]);
}

static enum xnn_status define_pad(struct builder *b, const struct op *op, uint32_t out)
{
	const size_t *x = op->pad.before, *y = op->pad.after;
	const size_t before[] = {0, x[0], x[1], x[2]}, after[] = {0, y[0], y[1], y[2]};
	return xnn_define_static_constant_pad(
		b->sub, before, after, op->pad.value, operand(b, op->a), out, 0);
}

static enum xnn_status define_view(struct builder *b, const struct op *op, uint32_t out)
{
	const size_t dims[] = {b->set->batch, op->shape.h, op->shape.w, op->shape.c};
	return xnn_define_static_reshape(b->sub, 4, dims, operand(b, op->a), out, 0);
}

static enum xnn_status (*const define_op[OP_FIRST_PLAIN])(
	struct builder *b, const struct op *op, uint32_t out) = {
	[OP_CONV] = define_conv,
	[OP_DEPTHWISE] = define_depthwise,
	[OP_MAX_POOL] = define_max_pool,
	[OP_AVG_POOL] = define_avg_pool,
	[OP_GLOBAL_AVG] = define_global_avg,
	[OP_BINARY] = define_binary,
	[OP_CLAMP] = define_clamp,
	[OP_LEAKY] = define_leaky,
	[OP_PRELU] = define_prelu,
	[OP_ELU] = define_elu,
	[OP_UNARY] = define_unary,
	[OP_SOFTMAX] = define_softmax,
	[OP_BILINEAR] = define_bilinear,
	[OP_PAD] = define_pad,
	[OP_VIEW] = define_view,
};

/* --- the whole -------------------------------------------------------------------------- */

/* Gives an operation that crosses the segment's border a number, once. */
static void number_port(struct builder *b, int op)
{
	if (op < 0 || b->set->buffer[op] == NULL || b->set->value[op] != XNN_INVALID_VALUE_ID)
		return;
	b->set->value[op] = b->ports;
	b->port[b->ports] = (struct xnn_external_value){b->ports, b->set->buffer[op]};
	b->ports++;
}

static enum xnn_status define_result(struct builder *b, uint32_t index, uint32_t flags)
{
	const struct op *op = graph_op(b->g, index);
	const bool fixed = op->kind == OP_CONST;
	const size_t dims[] = {fixed ? 1 : b->set->batch, op->shape.h, op->shape.w, op->shape.c};
	const float *data = fixed ? b->set->constant[index] : NULL;
	uint32_t *value = &b->set->value[index];
	return xnn_define_tensor_value(b->sub, xnn_datatype_fp32, 4, dims, data, *value,
		*value == XNN_INVALID_VALUE_ID ? 0 : flags, value);
}

/* An operand that is new to this segment: it comes from outside, or is a constant. */
static enum xnn_status define_operand(struct builder *b, int op)
{
	if (op < 0)
		return xnn_status_success;
	const bool outside = b->set->buffer[op] != NULL;
	if (!outside && b->set->value[op] != XNN_INVALID_VALUE_ID)
		return xnn_status_success;
	return define_result(b, (uint32_t)op, XNN_VALUE_FLAG_EXTERNAL_INPUT);
}

/* Declares all that comes in, then each operation; a result may be an operand later on. */
static enum err add_op(struct builder *b, uint32_t index, bool *made, struct error *why)
{
	const struct op *op = graph_op(b->g, index);
	const int operands[] = {op->a, op->b};
	enum xnn_status status = xnn_status_success;
	for (int i = 0; i < 2 && status == xnn_status_success; i++) {
		if (operands[i] >= 0 && !made[operands[i]])
			status = define_operand(b, operands[i]);
		if (operands[i] >= 0)
			made[operands[i]] = true;
	}
	if (status == xnn_status_success)
		status = define_result(b, index, XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
	made[index] = true;
	if (status == xnn_status_success)
		status = define_op[op->kind](b, op, b->set->value[index]);
	enum err e = check(status, "build the network", why);
	return e != OK && op->label != NULL ? err_prefix(why, e, "%s", op->label) : e;
}

static bool alloc_scratch(struct builder *b, struct pages *scratch, const uint32_t *op, size_t ops)
{
	size_t floats = 0, bytes;
	for (size_t i = 0; i < ops; i++) {
		const struct op *one = graph_op(b->g, op[i]);
		const size_t filter = op_filter_count(one);
		if (filter > 0 && !size_add(floats, filter + one->conv.out, &floats))
			return false;
	}
	if (!size_mul(floats, sizeof(float), &bytes) || !size_add(bytes, XNN_EXTRA_BYTES, &bytes) ||
		!pages_init(scratch, bytes))
		return false;
	b->next = scratch->data;
	return true;
}

/* Gives XNNPACK the operations; afterwards it has its own copy of all weights. */
static enum err build(
	struct segment *s, struct builder *b, const uint32_t *op, size_t ops, struct error *why)
{
	const size_t all = graph_ops(b->g);
	bool *made = mem_array(all, sizeof(*made));
	b->port = mem_array(3 * ops, sizeof(*b->port));
	enum err e =
		made == NULL || b->port == NULL ? err_set(why, ERR_NOMEM, "out of memory") : OK;
	for (size_t i = 0; i < all; i++)
		b->set->value[i] = XNN_INVALID_VALUE_ID;
	for (size_t i = 0; e == OK && i < ops; i++) {
		const struct op *one = graph_op(b->g, op[i]);
		number_port(b, one->a);
		number_port(b, one->b);
		number_port(b, (int)op[i]);
	}
	if (e == OK)
		e = check(xnn_create_subgraph(b->ports, 0, &b->sub), "build the network", why);
	for (size_t i = 0; e == OK && i < ops; i++)
		e = add_op(b, op[i], made, why);
	if (e == OK)
		e = check(xnn_create_runtime_v2(b->sub, b->set->pool, 0, &s->runtime),
			"build the network", why);
	/* Version 2022-02 reports success when it found no memory for its workspace. */
	if (e == OK && s->runtime == NULL)
		e = err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	if (e == OK)
		e = check(compat_setup(s->runtime, b->ports, b->port), "set up the network", why);
	free(made);
	return e;
}

enum err segment_new(struct segment **out, struct segment_setting *setting, const uint32_t *op,
	size_t ops, struct error *why)
{
	struct builder b = {.set = setting, .g = setting->g};
	*out = NULL;
	struct segment *s = mem_array(1, sizeof(*s));
	enum err e = OK;
	if (s == NULL || !alloc_scratch(&b, &setting->scratch, op, ops))
		e = err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	if (e == OK)
		e = build(s, &b, op, ops, why);
	if (b.sub != NULL)
		xnn_delete_subgraph(b.sub);
	pages_finish(&setting->scratch);
	free(b.port);
	if (e != OK)
		segment_free(s);
	else
		*out = s;
	return e;
}

void segment_free(struct segment *s)
{
	if (s == NULL)
		return;
	if (s->runtime != NULL)
		xnn_delete_runtime(s->runtime);
	free(s);
}

enum err segment_run(struct segment *s, struct error *why)
{
	return check(xnn_invoke_runtime(s->runtime), "run the network", why);
}

enum err segment_start(struct error *why)
{
	return check(xnn_initialize(NULL), "start XNNPACK", why);
}
