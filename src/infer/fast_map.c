/* SPDX-License-Identifier: MIT */
/* Which operations our own kernels do, and which of them in one chain. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "infer/fast.h"
#include "infer/kernels.h"

enum {
	CHAIN_BYTES_MIN = 384 << 10,     /* of a result that is worth not writing out */
	CHAIN_WIDTH_MIN = 40,            /* rows must fill the kernels' tiles */
	CHAIN_TILE = 14,                 /* but of a width like this none is wasted, */
	CHAIN_TILE_BYTES_MIN = 64 << 10, /* so that less is worth it */
	CHAIN_MAX = 12,
};

struct chooser {
	struct fast_map *map;
	const struct graph *g;
	uint32_t *uses;
};

static bool same_shape(struct shape a, struct shape b)
{
	return a.h == b.h && a.w == b.w && a.c == b.c;
}

static bool is_dense(const struct op *op)
{
	return op->kind == OP_CONV && op->conv.groups == 1 && op->window.dilation == 1 &&
		op->window.dilation_w == 1 && op->window.h <= KERNEL_WINDOW_MAX;
}

static bool is_depthwise(const struct op *op)
{
	return op->kind == OP_DEPTHWISE && op->window.dilation == 1 && op->window.dilation_w == 1 &&
		op->window.h <= KERNEL_WINDOW_MAX && op->window.h * op->window.w > 1;
}

/* Only behind something else: by itself XNNPACK's is as good. */
static bool is_halving(const struct op *op)
{
	const struct window *w = &op->window;
	return op->kind == OP_MAX_POOL && w->h == 2 && w->w == 2 && w->stride == 2 &&
		w->stride_w == 2 && w->dilation == 1 && w->dilation_w == 1 &&
		w->top + w->bottom + w->left + w->right == 0 && op->low == -INFINITY &&
		op->high == INFINITY;
}

static void count_uses(struct chooser *c)
{
	for (size_t i = 0; i < graph_ops(c->g); i++) {
		const struct op *op = graph_op(c->g, i);
		if (!op->live)
			continue;
		for (size_t k = 0; op->list != NULL && k < op->runs.count; k++)
			c->uses[op->list[k]]++;
		if (op->a >= 0)
			c->uses[op->a]++;
		if (op->b >= 0)
			c->uses[op->b]++;
	}
	for (size_t i = 0; i < graph_outputs(c->g); i++)
		c->uses[graph_output_op(c->g, i)] += 2;
}

/* Whether x ends a chain and is of use to nobody else. */
static bool can_follow(const struct chooser *c, int x)
{
	return x >= 0 && c->map->role[x] == FAST_LAST && c->uses[x] == 1 && c->map->extra[x] < 0;
}

static int length(const struct chooser *c, int x)
{
	int count = 0;
	for (; x >= 0; x = c->map->before[x])
		count++;
	return count;
}

/* Whether what x makes is better not written out whole. */
static bool worth_chaining(const struct chooser *c, int x)
{
	const struct shape s = graph_op(c->g, (size_t)x)->shape;
	const size_t bytes = s.h * s.w * s.c * sizeof(float);
	const bool whole = s.w % CHAIN_TILE == 0 && bytes >= CHAIN_TILE_BYTES_MIN;
	return length(c, x) < CHAIN_MAX &&
		(whole || (s.w >= CHAIN_WIDTH_MIN && bytes >= CHAIN_BYTES_MIN));
}

static void follow(struct chooser *c, size_t i, int x)
{
	struct fast_map *m = c->map;
	m->role[x] = FAST_ABSORBED;
	m->role[i] = FAST_LAST;
	m->before[i] = x;
	m->input[i] = m->input[x];
	m->extra[i] = -1;
}

static void begin(struct chooser *c, size_t i)
{
	c->map->role[i] = FAST_LAST;
	c->map->before[i] = -1;
	c->map->input[i] = graph_op(c->g, i)->a;
	c->map->extra[i] = -1;
}

/* A convolution without anything after its sums yet. */
static bool is_bare(const struct chooser *c, int x)
{
	const struct op *op = graph_op(c->g, (size_t)x);
	return (is_dense(op) || is_depthwise(op)) && op->low == -INFINITY && op->high == INFINITY;
}

/* A sum with what a convolution makes; the other may be anything that is not constant. */
static void choose_sum(struct chooser *c, size_t i, const struct op *op)
{
	const int pair[2][2] = {{op->b, op->a}, {op->a, op->b}};
	for (int k = 0; k < 2; k++) {
		const int x = pair[k][0], other = pair[k][1];
		if (x == other || !can_follow(c, x) || !is_bare(c, x) ||
			!is_dense(graph_op(c->g, (size_t)x)) ||
			graph_op(c->g, (size_t)other)->kind == OP_CONST ||
			!same_shape(graph_op(c->g, (size_t)other)->shape, op->shape) ||
			!same_shape(graph_op(c->g, (size_t)x)->shape, op->shape))
			continue;
		follow(c, i, x);
		c->map->extra[i] = other;
		return;
	}
}

static void choose(struct chooser *c, size_t i)
{
	const struct op *op = graph_op(c->g, i);
	if (is_dense(op) || is_depthwise(op)) {
		begin(c, i);
		if (can_follow(c, op->a) && worth_chaining(c, op->a))
			follow(c, i, op->a);
	} else if (is_halving(op)) {
		if (can_follow(c, op->a) && worth_chaining(c, op->a))
			follow(c, i, op->a);
	} else if (op->kind == OP_PRELU || op->kind == OP_LEAKY) {
		if (can_follow(c, op->a) && is_bare(c, op->a))
			follow(c, i, op->a);
	} else if (op->kind == OP_BINARY && op->how.binary == BINARY_ADD) {
		choose_sum(c, i, op);
	}
}

enum err fast_map_init(struct fast_map *map, const struct graph *g, bool wanted, struct error *why)
{
	const size_t ops = graph_ops(g);
	struct chooser c = {.map = map, .g = g};
	map->role = mem_array(ops, sizeof(*map->role));
	map->input = mem_array(ops, sizeof(*map->input));
	map->extra = mem_array(ops, sizeof(*map->extra));
	map->before = mem_array(ops, sizeof(*map->before));
	c.uses = mem_array(ops, sizeof(*c.uses));
	if (map->role == NULL || map->input == NULL || map->extra == NULL || map->before == NULL ||
		c.uses == NULL) {
		free(c.uses);
		fast_map_finish(map);
		return err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	}
	count_uses(&c);
	for (size_t i = 0; wanted && kernels_here() != NULL && i < ops; i++) {
		if (graph_op(g, i)->live)
			choose(&c, i);
	}
	free(c.uses);
	return OK;
}

void fast_map_finish(struct fast_map *map)
{
	free(map->role);
	free(map->input);
	free(map->extra);
	free(map->before);
	*map = (struct fast_map){0};
}
