/* SPDX-License-Identifier: MIT */
#include "infer/session.h"

#include <assert.h>
#include <math.h>
#include <pthreadpool.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "infer/graph_int.h"
#include "infer/pages.h"
#include "infer/xnn_compat.h"

struct session {
	xnn_runtime_t runtime;
	pthreadpool_t pool; /* NULL for one thread */
	size_t inputs, outputs;
	float *input[GRAPH_PORTS_MAX], *output[GRAPH_PORTS_MAX];
};

/* What exists only while a session is being opened. */
struct builder {
	const struct graph *g;
	size_t batch;
	xnn_subgraph_t sub;
	uint32_t *value;      /* XNNPACK's id of each operation's result */
	struct pages scratch; /* folded filters and biases, until XNNPACK has packed them */
	float *next;          /* in scratch */
};

static const struct {
	enum xnn_status status;
	enum err code;
	const char *text;
} status_codes[] = {
	{xnn_status_success, OK, ""},
	{xnn_status_out_of_memory, ERR_NOMEM, "out of memory"},
	{xnn_status_unsupported_hardware, ERR_UNSUPPORTED,
		"this processor is not supported (or /proc is not mounted)"},
	{xnn_status_unsupported_parameter, ERR_UNSUPPORTED, "XNNPACK cannot do this operation"},
};

static enum err check(enum xnn_status status, const char *doing, struct error *why)
{
	for (size_t i = 0; i < sizeof(status_codes) / sizeof(status_codes[0]); i++) {
		if (status_codes[i].status == status && status == xnn_status_success)
			return OK;
		if (status_codes[i].status == status)
			return err_set(why, status_codes[i].code, "cannot %s: %s", doing,
				status_codes[i].text);
	}
	return err_set(why, ERR_INTERNAL, "cannot %s: XNNPACK's status is %d", doing, (int)status);
}

/* --- one function a kind of operation ------------------------------------------------ */

static float act_min(enum activation act)
{
	return act == ACT_NONE ? -INFINITY : 0;
}

static float act_max(enum activation act)
{
	return act == ACT_RELU6 ? 6 : INFINITY;
}

/* Makes the values of a convolution's folded filter and bias. */
static enum xnn_status define_weights(
	struct builder *b, const struct op *op, uint32_t *filter, uint32_t *bias)
{
	const struct conv *c = &op->conv;
	const bool depthwise = op->kind == OP_DEPTHWISE;
	const size_t dims[] = {depthwise ? 1 : c->out, c->filter_h, c->filter_w, c->in};
	float *filter_data = b->next, *bias_data = filter_data + op_filter_count(op);
	b->next = bias_data + c->out;
	op_fold_filter(op, filter_data);
	op_fold_bias(op, bias_data);
	enum xnn_status status = xnn_define_tensor_value(
		b->sub, xnn_datatype_fp32, 4, dims, filter_data, XNN_INVALID_VALUE_ID, 0, filter);
	if (status == xnn_status_success)
		status = xnn_define_tensor_value(b->sub, xnn_datatype_fp32, 1, &c->out, bias_data,
			XNN_INVALID_VALUE_ID, 0, bias);
	return status;
}

static enum xnn_status define_conv(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	const uint32_t stride = (uint32_t)w->stride, dilation = (uint32_t)w->dilation;
	uint32_t filter, bias;
	enum xnn_status status = define_weights(b, op, &filter, &bias);
	if (status != xnn_status_success)
		return status;
	return xnn_define_convolution_2d(b->sub, (uint32_t)w->top, (uint32_t)w->right,
		(uint32_t)w->bottom, (uint32_t)w->left, (uint32_t)w->h, (uint32_t)w->w, stride,
		stride, dilation, dilation, 1, op->conv.in, op->conv.out, act_min(op->act),
		act_max(op->act), b->value[op->a], filter, bias, out, 0);
}

static enum xnn_status define_depthwise(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	const uint32_t stride = (uint32_t)w->stride, dilation = (uint32_t)w->dilation;
	uint32_t filter, bias;
	enum xnn_status status = define_weights(b, op, &filter, &bias);
	if (status != xnn_status_success)
		return status;
	return xnn_define_depthwise_convolution_2d(b->sub, (uint32_t)w->top, (uint32_t)w->right,
		(uint32_t)w->bottom, (uint32_t)w->left, (uint32_t)w->h, (uint32_t)w->w, stride,
		stride, dilation, dilation, 1, op->conv.in, act_min(op->act), act_max(op->act),
		b->value[op->a], filter, bias, out, 0);
}

static enum xnn_status define_max_pool(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	const uint32_t stride = (uint32_t)w->stride, dilation = (uint32_t)w->dilation;
	return xnn_define_max_pooling_2d(b->sub, (uint32_t)w->top, (uint32_t)w->right,
		(uint32_t)w->bottom, (uint32_t)w->left, (uint32_t)w->h, (uint32_t)w->w, stride,
		stride, dilation, dilation, -INFINITY, INFINITY, b->value[op->a], out, 0);
}

static enum xnn_status define_avg_pool(struct builder *b, const struct op *op, uint32_t out)
{
	const struct window *w = &op->window;
	const uint32_t stride = (uint32_t)w->stride;
	return xnn_define_average_pooling_2d(b->sub, 0, 0, 0, 0, (uint32_t)w->h, (uint32_t)w->w,
		stride, stride, -INFINITY, INFINITY, b->value[op->a], out, 0);
}

static enum xnn_status define_global_avg(struct builder *b, const struct op *op, uint32_t out)
{
	return compat_global_avg(b->sub, b->value[op->a], out);
}

static enum xnn_status define_add(struct builder *b, const struct op *op, uint32_t out)
{
	return compat_add(
		b->sub, act_min(op->act), act_max(op->act), b->value[op->a], b->value[op->b], out);
}

static enum xnn_status define_activation(struct builder *b, const struct op *op, uint32_t out)
{
	if (op->act == ACT_LEAKY)
		return compat_leaky(b->sub, op->slope, b->value[op->a], out);
	return compat_clamp(b->sub, act_min(op->act), act_max(op->act), b->value[op->a], out);
}

static enum xnn_status define_sigmoid(struct builder *b, const struct op *op, uint32_t out)
{
	return compat_sigmoid(b->sub, b->value[op->a], out);
}

static enum xnn_status define_pad_end(struct builder *b, const struct op *op, uint32_t out)
{
	const struct shape in = graph_op(b->g, (size_t)op->a)->shape;
	const size_t before[] = {0, 0, 0, 0};
	const size_t after[] = {0, op->shape.h - in.h, op->shape.w - in.w, op->shape.c - in.c};
	return xnn_define_static_constant_pad(b->sub, before, after, 0, b->value[op->a], out, 0);
}

static enum xnn_status (*const define_op[OP_KINDS])(
	struct builder *b, const struct op *op, uint32_t out) = {
	[OP_CONV] = define_conv,
	[OP_DEPTHWISE] = define_depthwise,
	[OP_MAX_POOL] = define_max_pool,
	[OP_AVG_POOL] = define_avg_pool,
	[OP_GLOBAL_AVG] = define_global_avg,
	[OP_ADD] = define_add,
	[OP_ACTIVATION] = define_activation,
	[OP_SIGMOID] = define_sigmoid,
	[OP_PAD_END] = define_pad_end,
};

/* --- the whole ------------------------------------------------------------------------ */

/* The id reserved for a result that is a port: inputs first, then outputs. */
static uint32_t port_id(const struct graph *g, size_t op, uint32_t *flags)
{
	const size_t inputs = graph_inputs(g);
	*flags = 0;
	for (size_t i = 0; i < inputs; i++) {
		if (graph_input_op(g, i) == op) {
			*flags = XNN_VALUE_FLAG_EXTERNAL_INPUT;
			return (uint32_t)i;
		}
	}
	for (size_t i = 0; i < graph_outputs(g); i++) {
		if (graph_output_op(g, i) == op) {
			*flags = XNN_VALUE_FLAG_EXTERNAL_OUTPUT;
			return (uint32_t)(inputs + i);
		}
	}
	return XNN_INVALID_VALUE_ID;
}

static enum err add_op(struct builder *b, size_t index, struct error *why)
{
	const struct op *op = graph_op(b->g, index);
	const size_t dims[] = {b->batch, op->shape.h, op->shape.w, op->shape.c};
	uint32_t flags;
	const uint32_t external = port_id(b->g, index, &flags);
	enum xnn_status status = xnn_define_tensor_value(
		b->sub, xnn_datatype_fp32, 4, dims, NULL, external, flags, &b->value[index]);
	if (status == xnn_status_success && define_op[op->kind] != NULL)
		status = define_op[op->kind](b, op, b->value[index]);
	return check(status, "build the network", why);
}

static bool alloc_scratch(struct builder *b)
{
	size_t floats = 0, bytes;
	for (size_t i = 0; i < graph_ops(b->g); i++) {
		const struct op *op = graph_op(b->g, i);
		const size_t filter = op->live ? op_filter_count(op) : 0;
		if (filter > 0 && !size_add(floats, filter + op->conv.out, &floats))
			return false;
	}
	if (!size_mul(floats, sizeof(float), &bytes) || !size_add(bytes, XNN_EXTRA_BYTES, &bytes) ||
		!pages_init(&b->scratch, bytes))
		return false;
	b->next = b->scratch.data;
	return true;
}

/* Gives XNNPACK the network; afterwards it has its own copy of everything. */
static enum err build_runtime(struct session *s, struct builder *b, struct error *why)
{
	const size_t ops = graph_ops(b->g);
	b->value = mem_array(ops, sizeof(*b->value));
	if (b->value == NULL || !alloc_scratch(b))
		return err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	enum err e = check(xnn_create_subgraph((uint32_t)(s->inputs + s->outputs), 0, &b->sub),
		"build the network", why);
	for (size_t i = 0; e == OK && i < ops; i++) {
		if (graph_op(b->g, i)->live)
			e = add_op(b, i, why);
	}
	if (e == OK)
		e = check(xnn_create_runtime_v2(b->sub, s->pool, 0, &s->runtime),
			"build the network", why);
	/* Version 2022-02 reports success when it found no memory for its workspace. */
	if (e == OK && s->runtime == NULL)
		e = err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	return e;
}

static void builder_finish(struct builder *b)
{
	if (b->sub != NULL)
		xnn_delete_subgraph(b->sub);
	pages_finish(&b->scratch);
	free(b->value);
}

static float *port_buffer(struct shape shape, size_t batch)
{
	size_t bytes = shape.h * shape.w * shape.c; /* at most GRAPH_ELEMENTS_MAX */
	if (!size_mul(bytes, batch * sizeof(float), &bytes) ||
		!size_add(bytes, XNN_EXTRA_BYTES, &bytes))
		return NULL;
	return mem_aligned(bytes);
}

static enum err bind_ports(
	struct session *s, const struct graph *g, size_t batch, struct error *why)
{
	struct xnn_external_value port[2 * GRAPH_PORTS_MAX];
	for (size_t i = 0; i < s->inputs; i++) {
		s->input[i] = port_buffer(graph_input_shape(g, i), batch);
		port[i] = (struct xnn_external_value){(uint32_t)i, s->input[i]};
	}
	for (size_t i = 0; i < s->outputs; i++) {
		const size_t n = s->inputs + i;
		s->output[i] = port_buffer(graph_output_shape(g, i), batch);
		port[n] = (struct xnn_external_value){(uint32_t)n, s->output[i]};
	}
	for (size_t i = 0; i < s->inputs + s->outputs; i++) {
		if (port[i].data == NULL)
			return err_set(why, ERR_NOMEM, "cannot run the network: out of memory");
	}
	return check(
		compat_setup(s->runtime, s->inputs + s->outputs, port), "set up the network", why);
}

static enum err open_with(
	struct session *s, const struct graph *g, size_t batch, size_t threads, struct error *why)
{
	struct builder b = {.g = g, .batch = batch};
	s->inputs = graph_inputs(g);
	s->outputs = graph_outputs(g);
	/* Does its work once in a process, whoever calls it first, and is safe from any thread. */
	enum err e = check(xnn_initialize(NULL), "start XNNPACK", why);
	if (e == OK && threads > 1) {
		s->pool = pthreadpool_create(threads);
		if (s->pool == NULL)
			e = err_set(why, ERR_NOMEM, "cannot start %zu threads", threads);
	}
	if (e == OK)
		e = build_runtime(s, &b, why);
	builder_finish(&b);
	return e == OK ? bind_ports(s, g, batch, why) : e;
}

enum err session_open(struct session **out, const struct graph *g, size_t batch, size_t threads,
	struct error *why)
{
	*out = NULL;
	if (!graph_finished(g))
		return err_set(why, ERR_ARG, "the network is not finished");
	if (batch < 1 || batch > SESSION_BATCH_MAX)
		return err_set(why, ERR_ARG, "a batch of %zu is not between 1 and %d", batch,
			SESSION_BATCH_MAX);
	if (threads < 1 || threads > SESSION_THREADS_MAX)
		return err_set(why, ERR_ARG, "%zu threads are not between 1 and %d", threads,
			SESSION_THREADS_MAX);
	struct session *s = mem_array(1, sizeof(*s));
	if (s == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err e = open_with(s, g, batch, threads, why);
	if (e != OK)
		session_close(s);
	else
		*out = s;
	return e;
}

void session_close(struct session *s)
{
	if (s == NULL)
		return;
	if (s->runtime != NULL)
		xnn_delete_runtime(s->runtime);
	if (s->pool != NULL)
		pthreadpool_destroy(s->pool);
	for (size_t i = 0; i < s->inputs; i++)
		free(s->input[i]);
	for (size_t i = 0; i < s->outputs; i++)
		free(s->output[i]);
	free(s);
}

float *session_input(struct session *s, size_t i)
{
	assert(i < s->inputs);
	return s->input[i];
}

const float *session_output(const struct session *s, size_t i)
{
	assert(i < s->outputs);
	return s->output[i];
}

enum err session_run(struct session *s, struct error *why)
{
	return check(xnn_invoke_runtime(s->runtime), "run the network", why);
}
