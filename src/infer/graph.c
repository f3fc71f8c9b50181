/* SPDX-License-Identifier: MIT */
#include "infer/graph.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "infer/graph_int.h"

enum {
	SIDE_MAX = 1 << 18,     /* rows, columns, window sizes, strides, padding */
	CHANNELS_MAX = 1 << 20, /* of one tensor */
};

/* Values computed while building, freed with the graph. */
struct block {
	struct block *next;
	float value[];
};

/* Invariant: op[i].a and op[i].b are below i, or -1. */
struct graph {
	struct op *op;
	size_t ops, capacity;
	size_t input[GRAPH_PORTS_MAX], inputs;
	size_t output[GRAPH_PORTS_MAX], outputs;
	struct block *block;
	const char *label; /* of the operations to come */
	bool finished;
	enum err code; /* the first failure, with its reason */
	struct error why;
};

int graph_fail(struct graph *g, enum err code, const char *reason)
{
	if (g->code == OK && g->label != NULL)
		g->code = err_set(&g->why, code, "%s: %s", g->label, reason);
	else if (g->code == OK)
		g->code =
			err_set(&g->why, code, "operation %zu of the network: %s", g->ops, reason);
	return -1;
}

void graph_label(struct graph *g, const char *label)
{
	g->label = label;
}

enum err graph_error(const struct graph *g, struct error *why)
{
	return g->code == OK ? OK : err_set(why, g->code, "%s", g->why.text);
}

enum err graph_new(struct graph **out, struct error *why)
{
	*out = mem_array(1, sizeof(**out));
	return *out != NULL ? OK : err_set(why, ERR_NOMEM, "out of memory");
}

void graph_free(struct graph *g)
{
	if (g == NULL)
		return;
	for (struct block *b = g->block, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(g->op);
	free(g);
}

float *graph_floats(struct graph *g, size_t count)
{
	size_t bytes;
	if (g->code != OK)
		return NULL;
	struct block *b = NULL;
	if (size_mul(count, sizeof(float), &bytes) && size_add(bytes, sizeof(*b), &bytes))
		b = mem_array(1, bytes);
	if (b == NULL) {
		graph_fail(g, ERR_NOMEM, "out of memory");
		return NULL;
	}
	b->next = g->block;
	g->block = b;
	return b->value;
}

static bool shape_ok(struct shape s)
{
	return s.h >= 1 && s.h <= SIDE_MAX && s.w >= 1 && s.w <= SIDE_MAX && s.c >= 1 &&
		s.c <= CHANNELS_MAX && s.h <= GRAPH_ELEMENTS_MAX / s.w / s.c;
}

double shape_elements(struct shape s)
{
	return (double)s.h * (double)s.w * (double)s.c;
}

bool graph_known(struct graph *g, int x)
{
	if (g->code == OK && (x < 0 || (size_t)x >= g->ops))
		graph_fail(g, ERR_ARG, "an operand that does not exist");
	if (g->code == OK && g->finished)
		graph_fail(g, ERR_ARG, "the network is finished already");
	return g->code == OK;
}

static bool is_const(const struct graph *g, int x)
{
	return x >= 0 && g->op[x].kind == OP_CONST;
}

/* Whether XNNPACK would find a single image where it expects a batch. */
static bool needs_batch(const struct graph *g, const struct op *op)
{
	if (op->kind >= OP_FIRST_PLAIN || !is_const(g, op->a))
		return false;
	return op->kind != OP_BINARY || is_const(g, op->b);
}

int graph_append(struct graph *g, const struct op *op)
{
	struct op spread = *op;
	if (g->code == OK && needs_batch(g, op)) {
		const struct shape s = g->op[op->a].shape;
		const struct walk all = {.rank = 1, .dim = {s.h * s.w * s.c}, .stride = {1}};
		spread.a = graph_copy(g, op->a, &all, s);
		op = &spread;
	}
	if (g->code != OK)
		return -1;
	if (!shape_ok(op->shape))
		return graph_fail(g, ERR_ARG, "a result that is empty or too large");
	if (g->ops == GRAPH_OPS_MAX)
		return graph_fail(g, ERR_LIMIT, "too many operations");
	if (!mem_grow((void **)&g->op, g->ops, &g->capacity, sizeof(*g->op)))
		return graph_fail(g, ERR_NOMEM, "out of memory");
	g->op[g->ops] = *op;
	g->op[g->ops].label = g->label;
	return (int)g->ops++;
}

struct op *graph_edit(struct graph *g, int x)
{
	assert(x >= 0 && (size_t)x < g->ops && !g->finished);
	return &g->op[x];
}

struct shape graph_shape(const struct graph *g, int x)
{
	return x >= 0 && (size_t)x < g->ops ? g->op[x].shape : (struct shape){0};
}

int graph_input(struct graph *g, struct shape shape)
{
	const struct op op = {.kind = OP_INPUT, .a = -1, .b = -1, .shape = shape};
	if (g->finished)
		return graph_fail(g, ERR_ARG, "the network is finished already");
	if (g->inputs == GRAPH_PORTS_MAX)
		return graph_fail(g, ERR_LIMIT, "too many inputs");
	int id = graph_append(g, &op);
	if (id >= 0)
		g->input[g->inputs++] = (size_t)id;
	return id;
}

/* One axis of a sliding window. */
struct axis {
	size_t size, stride, dilation, before, after;
};

/*
 * Resolves the padding and gives the number of positions; 0 when the window does
 * not fit. 'same' as in TensorFlow: ceil(in / stride) positions, the odd cell of
 * padding at the end.
 */
static size_t axis_resolve(struct axis *a, size_t in, enum padding padding)
{
	if (a->size < 1 || a->size > SIDE_MAX || a->stride > SIDE_MAX || a->dilation > SIDE_MAX ||
		a->before > SIDE_MAX || a->after > SIDE_MAX)
		return 0;
	size_t reach = (a->size - 1) * a->dilation + 1;
	if (reach > SIDE_MAX)
		return 0;
	if (padding != PAD_EXPLICIT)
		a->before = a->after = 0;
	if (padding == PAD_SAME) {
		size_t covered = ((in + a->stride - 1) / a->stride - 1) * a->stride + reach;
		size_t missing = covered > in ? covered - in : 0;
		a->before = missing / 2;
		a->after = missing - a->before;
	}
	if (a->before >= reach || a->after >= reach)
		return 0;
	size_t padded = in + a->before + a->after;
	return padded < reach ? 0 : (padded - reach) / a->stride + 1;
}

/* Makes `w` explicit for the operand's rows and columns and gives those of the result. */
static bool window_resolve(struct window *w, struct shape in, struct shape *out)
{
	w->stride = w->stride > 0 ? w->stride : 1;
	w->dilation = w->dilation > 0 ? w->dilation : 1;
	w->stride_w = w->stride_w > 0 ? w->stride_w : w->stride;
	w->dilation_w = w->dilation_w > 0 ? w->dilation_w : w->dilation;
	struct axis v = {w->h, w->stride, w->dilation, w->top, w->bottom};
	struct axis h = {w->w, w->stride_w, w->dilation_w, w->left, w->right};
	out->h = axis_resolve(&v, in.h, w->padding);
	out->w = axis_resolve(&h, in.w, w->padding);
	w->top = v.before;
	w->bottom = v.after;
	w->left = h.before;
	w->right = h.after;
	w->padding = PAD_EXPLICIT;
	return out->h > 0 && out->w > 0;
}

static float act_low(enum activation act)
{
	return act == ACT_NONE || act == ACT_LEAKY ? -INFINITY : 0;
}

static float act_high(enum activation act)
{
	return act == ACT_RELU6 ? 6 : INFINITY;
}

/* The leaky kind is no clamp: it becomes an operation of its own. */
static int with_activation(struct graph *g, struct op *op, const struct conv *conv)
{
	op->low = act_low(conv->act);
	op->high = act_high(conv->act);
	int id = graph_append(g, op);
	return conv->act == ACT_LEAKY ? graph_activation(g, id, ACT_LEAKY, conv->slope) : id;
}

static int add_conv(struct graph *g, int x, const struct conv *conv, enum op_kind kind)
{
	if (!graph_known(g, x))
		return -1;
	const struct shape in = g->op[x].shape;
	struct op op = {.kind = kind, .a = x, .b = -1, .window = conv->window, .conv = *conv};
	if (conv->filter == NULL)
		return graph_fail(g, ERR_ARG, "a convolution without filter");
	op.conv.groups = conv->groups > 0 && kind == OP_CONV ? conv->groups : 1;
	if (conv->in > in.c || conv->in * op.conv.groups != in.c ||
		conv->out % op.conv.groups != 0 || (kind == OP_DEPTHWISE && conv->out != conv->in))
		return graph_fail(g, ERR_ARG, "a convolution for another number of channels");
	if (op.conv.groups > 1 && conv->order != FILTER_OIHW)
		return graph_fail(g, ERR_ARG, "a convolution in groups whose filter is not OIHW");
	op.window.h = conv->filter_h;
	op.window.w = conv->filter_w;
	op.shape.c = conv->out;
	if (!window_resolve(&op.window, in, &op.shape))
		return graph_fail(g, ERR_ARG, "a convolution larger than its operand");
	if (conv->out < 1 || conv->out > GRAPH_ELEMENTS_MAX / conv->in / op.window.h / op.window.w)
		return graph_fail(g, ERR_LIMIT, "a convolution with too large a filter");
	double per_value = 2.0 * (double)conv->filter_h * (double)conv->filter_w;
	if (kind == OP_CONV)
		per_value *= (double)conv->in;
	op.flops = shape_elements(op.shape) * per_value;
	return with_activation(g, &op, conv);
}

int graph_conv(struct graph *g, int x, const struct conv *conv)
{
	return add_conv(g, x, conv, OP_CONV);
}

int graph_depthwise(struct graph *g, int x, const struct conv *conv)
{
	return add_conv(g, x, conv, OP_DEPTHWISE);
}

/* A matrix over the flattened operand is a convolution as large as the operand. */
int graph_dense(struct graph *g, int x, size_t out, const float *matrix, const float *bias)
{
	if (!graph_known(g, x))
		return -1;
	const struct shape in = g->op[x].shape;
	const struct conv conv = {.filter_h = in.h,
		.filter_w = in.w,
		.in = in.c,
		.out = out,
		.filter = matrix,
		.bias = bias};
	return graph_conv(g, x, &conv);
}

static int add_pool(struct graph *g, int x, struct window window, enum op_kind kind)
{
	if (!graph_known(g, x))
		return -1;
	struct op op = {.kind = kind,
		.a = x,
		.b = -1,
		.window = window,
		.low = -INFINITY,
		.high = INFINITY};
	op.shape.c = g->op[x].shape.c;
	if (window.h == 1 && window.w == 1)
		return graph_fail(g, ERR_ARG, "a pooling window of one cell");
	if (kind == OP_AVG_POOL && (window.dilation > 1 || window.dilation_w > 1))
		return graph_fail(g, ERR_UNSUPPORTED, "an average pooling with dilation");
	if (!window_resolve(&op.window, g->op[x].shape, &op.shape))
		return graph_fail(g, ERR_ARG, "a pooling window larger than its operand");
	op.flops = shape_elements(op.shape) * (double)window.h * (double)window.w;
	return graph_append(g, &op);
}

int graph_max_pool(struct graph *g, int x, struct window window)
{
	return add_pool(g, x, window, OP_MAX_POOL);
}

int graph_avg_pool(struct graph *g, int x, struct window window)
{
	return add_pool(g, x, window, OP_AVG_POOL);
}

int graph_global_avg(struct graph *g, int x)
{
	if (!graph_known(g, x))
		return -1;
	const struct shape in = g->op[x].shape;
	const struct op op = {.kind = OP_GLOBAL_AVG,
		.a = x,
		.b = -1,
		.shape = {1, 1, in.c},
		.flops = shape_elements(in)};
	return graph_append(g, &op);
}

int graph_add(struct graph *g, int a, int b, enum activation act)
{
	if (!graph_known(g, a) || !graph_known(g, b))
		return -1;
	const struct shape x = g->op[a].shape, y = g->op[b].shape;
	if (x.h != y.h || x.w != y.w || x.c != y.c)
		return graph_fail(g, ERR_ARG, "a sum of tensors of different shapes");
	if (act == ACT_LEAKY)
		return graph_fail(g, ERR_ARG, "a sum cannot be leaky, put an activation after it");
	int id = graph_binary(g, a, b, BINARY_ADD);
	if (id >= 0 && act != ACT_NONE)
		(void)graph_fuse_clamp(g, id, act_low(act), act_high(act));
	return id;
}

int graph_activation(struct graph *g, int x, enum activation act, float slope)
{
	if (act == ACT_LEAKY)
		return graph_leaky(g, x, slope);
	if (act == ACT_NONE)
		return graph_known(g, x) ? x : -1;
	return graph_clamp(g, x, act_low(act), act_high(act));
}

int graph_sigmoid(struct graph *g, int x)
{
	return graph_unary(g, x, UNARY_SIGMOID);
}

int graph_pad_end(struct graph *g, int x, size_t h, size_t w, size_t c)
{
	if (h > SIDE_MAX || w > SIDE_MAX || c > CHANNELS_MAX)
		return graph_fail(g, ERR_ARG, "too much padding");
	const struct pad pad = {.after = {h, w, c}};
	return h == 0 && w == 0 && c == 0 ? x : graph_pad(g, x, &pad);
}

void graph_output(struct graph *g, int x)
{
	if (!graph_known(g, x))
		return;
	if (g->op[x].kind == OP_INPUT || g->op[x].kind == OP_CONST) {
		graph_fail(g, ERR_ARG, "an input is no output");
		return;
	}
	for (size_t i = 0; i < g->outputs; i++) {
		if (g->output[i] == (size_t)x) {
			graph_fail(g, ERR_ARG, "an output named twice");
			return;
		}
	}
	if (g->outputs == GRAPH_PORTS_MAX) {
		graph_fail(g, ERR_LIMIT, "too many outputs");
		return;
	}
	g->output[g->outputs++] = (size_t)x;
}

/* Operands come first, so one pass backwards finds everything that is needed. */
static void mark_live(struct graph *g)
{
	for (size_t i = 0; i < g->outputs; i++)
		g->op[g->output[i]].live = true;
	for (size_t i = g->ops; i-- > 0;) {
		const struct op *op = &g->op[i];
		if (op->live && op->a >= 0)
			g->op[op->a].live = true;
		if (op->live && op->b >= 0)
			g->op[op->b].live = true;
		for (size_t k = 0; op->live && op->list != NULL && k < op->runs.count; k++)
			g->op[op->list[k]].live = true;
	}
}

enum err graph_finish(struct graph *g, struct error *why)
{
	if (g->code == OK && (g->inputs == 0 || g->outputs == 0))
		graph_fail(g, ERR_ARG, "a network needs an input and an output");
	if (g->code == OK)
		mark_live(g);
	for (size_t i = 0; g->code == OK && i < g->inputs; i++) {
		if (!g->op[g->input[i]].live)
			graph_fail(g, ERR_ARG, "an input that no output needs");
	}
	if (g->code != OK)
		return err_set(why, g->code, "%s", g->why.text);
	g->finished = true;
	return OK;
}

size_t graph_inputs(const struct graph *g)
{
	return g->inputs;
}

size_t graph_outputs(const struct graph *g)
{
	return g->outputs;
}

struct shape graph_input_shape(const struct graph *g, size_t i)
{
	return g->op[graph_input_op(g, i)].shape;
}

struct shape graph_output_shape(const struct graph *g, size_t i)
{
	return g->op[graph_output_op(g, i)].shape;
}

double graph_flops(const struct graph *g)
{
	double flops = 0;
	for (size_t i = 0; i < g->ops; i++)
		flops += g->op[i].live ? g->op[i].flops : 0;
	return flops;
}

bool graph_finished(const struct graph *g)
{
	return g->finished;
}

size_t graph_ops(const struct graph *g)
{
	return g->ops;
}

const struct op *graph_op(const struct graph *g, size_t i)
{
	assert(i < g->ops);
	return &g->op[i];
}

size_t graph_input_op(const struct graph *g, size_t i)
{
	assert(i < g->inputs);
	return g->input[i];
}

size_t graph_output_op(const struct graph *g, size_t i)
{
	assert(i < g->outputs);
	return g->output[i];
}

size_t op_filter_count(const struct op *op)
{
	const struct conv *c = &op->conv;
	if (op->kind == OP_CONV)
		return c->filter_h * c->filter_w * c->in * c->out;
	return op->kind == OP_DEPTHWISE ? c->filter_h * c->filter_w * c->out : 0;
}

/* conv->scale or 1 for every channel. */
static float scale_of(const struct conv *c, size_t channel)
{
	return c->scale != NULL ? c->scale[channel] : 1;
}

void op_fold_filter(const struct op *op, float *filter)
{
	const struct conv *c = &op->conv;
	const size_t inner = op_filter_count(op) / c->out, area = c->filter_h * c->filter_w;
	const bool depthwise = op->kind == OP_DEPTHWISE, hwio = c->order == FILTER_HWIO;
	/* The filter's cells of one output channel, as (h, w, in), where they are and go. */
	const size_t in = depthwise ? 1 : c->in, step = depthwise ? c->out : 1;
	for (size_t o = 0; o < c->out; o++) {
		const float scale = scale_of(c, o);
		const float *from = c->filter + (hwio ? o : o * inner);
		float *to = filter + (depthwise ? o : o * inner);
		for (size_t cell = 0; cell < area; cell++) {
			for (size_t i = 0; i < in; i++) {
				const size_t at = hwio ? (cell * in + i) * c->out : i * area + cell;
				to[(cell * in + i) * step] = from[at] * scale;
			}
		}
	}
}

void op_fold_columns(const struct op *op, size_t first, size_t count, float *to, size_t lanes)
{
	const struct conv *c = &op->conv;
	const size_t in = op->kind == OP_DEPTHWISE ? 1 : c->in;
	const size_t area = c->filter_h * c->filter_w, inner = area * in;
	const bool scaled = c->scale != NULL;
	if (c->order == FILTER_HWIO) {
		for (size_t k = 0; k < inner; k++) {
			const float *from = c->filter + k * c->out + first;
			for (size_t o = 0; o < count; o++)
				to[k * lanes + o] =
					scaled ? from[o] * c->scale[first + o] : from[o];
		}
		return;
	}
	for (size_t o = 0; o < count; o++) {
		const float *from = c->filter + (first + o) * inner;
		const float scale = scale_of(c, first + o);
		for (size_t cell = 0; cell < area; cell++) {
			for (size_t i = 0; i < in; i++)
				to[(cell * in + i) * lanes + o] = from[i * area + cell] * scale;
		}
	}
}

bool op_clamps(const struct op *op)
{
	return op->kind == OP_CONV || op->kind == OP_DEPTHWISE || op->kind == OP_MAX_POOL ||
		op->kind == OP_AVG_POOL || (op->kind == OP_BINARY && op->how.binary <= BINARY_DIV);
}

void op_fold_bias(const struct op *op, float *bias)
{
	const struct conv *c = &op->conv;
	for (size_t o = 0; o < c->out; o++) {
		float value = c->bias != NULL ? c->bias[o] : 0;
		bias[o] = value * scale_of(c, o) + (c->offset != NULL ? c->offset[o] : 0);
	}
}
