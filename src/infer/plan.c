/* SPDX-License-Identifier: MIT */
#include "infer/plan.h"

#include <stdlib.h>

#include "base/mem.h"

enum { BUFFER_ALIGNMENT = 64 };

/* A buffer and the stages during which it must not be touched by others. */
struct life {
	uint32_t op, first, last;
	size_t offset, bytes;
};

struct maker {
	struct plan *p;
	const struct graph *g;
	const struct fast_map *fast;
	uint32_t *last; /* the last stage that needs each result */
	bool *shared;   /* whether it leaves the stage that makes it */
	struct life *life;
	size_t lives;
};

static bool runs(const struct maker *m, size_t i)
{
	const struct op *op = graph_op(m->g, i);
	return op->live && op->kind != OP_INPUT && op->kind != OP_CONST &&
		m->fast->role[i] != FAST_ABSORBED;
}

/* Calls `what` for each operand of operation `i`. */
static void each_operand(
	struct maker *m, size_t i, void (*what)(struct maker *m, size_t i, size_t operand))
{
	const struct op *op = graph_op(m->g, i);
	if (m->fast->role[i] == FAST_LAST) {
		what(m, i, (size_t)m->fast->input[i]);
		if (m->fast->extra[i] >= 0)
			what(m, i, (size_t)m->fast->extra[i]);
		return;
	}
	for (size_t k = 0; op->list != NULL && k < op->runs.count; k++)
		what(m, i, (size_t)op->list[k]);
	if (op->a >= 0)
		what(m, i, (size_t)op->a);
	if (op->b >= 0)
		what(m, i, (size_t)op->b);
}

static void come_after(struct maker *m, size_t i, size_t operand)
{
	if (m->p->stage[i] < m->p->stage[operand])
		m->p->stage[i] = m->p->stage[operand];
}

/* The first stage of its kind in which everything that it needs is there. */
static void set_stages(struct maker *m)
{
	for (size_t i = 0; i < graph_ops(m->g); i++) {
		const struct op *op = graph_op(m->g, i);
		if (!runs(m, i))
			continue;
		each_operand(m, i, come_after);
		const bool ours = op->kind >= OP_FIRST_PLAIN || m->fast->role[i] == FAST_LAST;
		const uint32_t parity = ours ? 1 : 0;
		if (m->p->stage[i] % 2 != parity)
			m->p->stage[i]++;
	}
}

static void set_order(struct maker *m)
{
	uint32_t stages = 0;
	const size_t ops = graph_ops(m->g);
	for (size_t i = 0; i < ops; i++)
		stages = m->p->stage[i] >= stages ? m->p->stage[i] + 1 : stages;
	for (uint32_t stage = 0; stage < stages; stage++) {
		for (size_t i = 0; i < ops; i++) {
			if (m->p->stage[i] == stage && runs(m, i))
				m->p->order[m->p->count++] = (uint32_t)i;
		}
	}
}

static void use(struct maker *m, size_t i, size_t operand)
{
	const uint32_t stage = m->p->stage[i];
	if (m->last[operand] < stage)
		m->last[operand] = stage;
	if (m->p->stage[operand] != stage || stage % 2 == 1)
		m->shared[operand] = true;
}

/* Who needs each result, and until when; ports are kept from one run to the next. */
static void set_lives(struct maker *m)
{
	const size_t ops = graph_ops(m->g);
	for (size_t i = 0; i < ops; i++)
		m->last[i] = m->p->stage[i];
	for (size_t i = 0; i < ops; i++) {
		if (runs(m, i))
			each_operand(m, i, use);
	}
	for (size_t i = 0; i < ops; i++) {
		if (graph_op(m->g, i)->kind == OP_CONST)
			m->shared[i] = false;
	}
	for (size_t i = 0; i < graph_inputs(m->g); i++) {
		m->shared[graph_input_op(m->g, i)] = true;
		m->last[graph_input_op(m->g, i)] = UINT32_MAX;
	}
	for (size_t i = 0; i < graph_outputs(m->g); i++) {
		m->shared[graph_output_op(m->g, i)] = true;
		m->last[graph_output_op(m->g, i)] = UINT32_MAX;
	}
}

/* A port's buffer is nobody else's, not even before it is filled. */
static bool is_port(const struct life *l)
{
	return l->last == UINT32_MAX;
}

static bool overlap(const struct life *a, const struct life *b)
{
	return is_port(a) || is_port(b) || (a->first <= b->last && b->first <= a->last);
}

static int larger_first(const void *a, const void *b)
{
	const struct life *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->op < y->op ? -1 : 1;
}

/* Puts life n where it fits among those before it, which are sorted by offset. */
static void place(struct life *life, size_t n)
{
	struct life now = life[n];
	size_t at = 0, i;
	for (i = 0; i < n; i++) {
		if (!overlap(&life[i], &now))
			continue;
		if (life[i].offset >= at + now.bytes)
			break;
		if (life[i].offset + life[i].bytes > at)
			at = life[i].offset + life[i].bytes;
	}
	now.offset = at;
	for (i = n; i > 0 && life[i - 1].offset > at; i--)
		life[i] = life[i - 1];
	life[i] = now;
}

static bool add_life(struct maker *m, size_t i, size_t batch, size_t extra)
{
	const struct shape s = graph_op(m->g, i)->shape;
	size_t bytes = s.h * s.w * s.c; /* at most GRAPH_ELEMENTS_MAX */
	if (!size_mul(bytes, batch * sizeof(float), &bytes) ||
		!size_add(bytes, extra + BUFFER_ALIGNMENT - 1, &bytes))
		return false;
	bytes -= bytes % BUFFER_ALIGNMENT;
	m->life[m->lives++] = (struct life){
		.op = (uint32_t)i, .first = m->p->stage[i], .last = m->last[i], .bytes = bytes};
	return size_add(m->p->bytes, bytes, &m->p->bytes);
}

static enum err set_buffers(struct maker *m, size_t batch, size_t extra, struct error *why)
{
	for (size_t i = 0; i < graph_ops(m->g); i++) {
		m->p->offset[i] = PLAN_NO_BUFFER;
		if (m->shared[i] && graph_op(m->g, i)->live && !add_life(m, i, batch, extra))
			return err_set(why, ERR_LIMIT, "the network is too large");
	}
	qsort(m->life, m->lives, sizeof(*m->life), larger_first);
	m->p->bytes = 0;
	for (size_t i = 0; i < m->lives; i++)
		place(m->life, i);
	for (size_t i = 0; i < m->lives; i++) {
		const struct life *l = &m->life[i];
		m->p->offset[l->op] = l->offset;
		if (l->offset + l->bytes > m->p->bytes)
			m->p->bytes = l->offset + l->bytes;
	}
	return OK;
}

enum err plan_init(struct plan *p, const struct graph *g, const struct fast_map *fast, size_t batch,
	size_t extra, struct error *why)
{
	const size_t ops = graph_ops(g);
	struct maker m = {.p = p, .g = g, .fast = fast};
	enum err e = OK;
	*p = (struct plan){0};
	p->order = mem_array(ops, sizeof(*p->order));
	p->stage = mem_array(ops, sizeof(*p->stage));
	p->offset = mem_array(ops, sizeof(*p->offset));
	m.last = mem_array(ops, sizeof(*m.last));
	m.shared = mem_array(ops, sizeof(*m.shared));
	m.life = mem_array(ops, sizeof(*m.life));
	if (p->order == NULL || p->stage == NULL || p->offset == NULL || m.last == NULL ||
		m.shared == NULL || m.life == NULL)
		e = err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	if (e == OK) {
		set_stages(&m);
		set_order(&m);
		set_lives(&m);
		e = set_buffers(&m, batch, extra, why);
	}
	free(m.life);
	free(m.shared);
	free(m.last);
	if (e != OK)
		plan_finish(p);
	return e;
}

void plan_finish(struct plan *p)
{
	free(p->order);
	free(p->stage);
	free(p->offset);
	*p = (struct plan){0};
}
