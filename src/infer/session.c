/* SPDX-License-Identifier: MIT */
#include "infer/session.h"

#include <assert.h>
#include <pthreadpool.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "infer/fast.h"
#include "infer/packs.h"
#include "infer/pages.h"
#include "infer/plain.h"
#include "infer/plan.h"
#include "infer/segment.h"

/* After each buffer: XNNPACK reads, but does not use, up to XNN_EXTRA_BYTES more. */
enum { BUFFER_EXTRA = 128 };

/* One of the three. */
struct step {
	struct segment *segment;
	struct plain *plain;
	struct fast *fast;
};

struct session {
	pthreadpool_t pool; /* NULL for one thread */
	size_t batch, inputs, outputs;
	float *input[GRAPH_PORTS_MAX], *output[GRAPH_PORTS_MAX];
	struct step *step;
	size_t steps;
	struct pages buffers, constants;
	struct packs *packs; /* what our own kernels read; shared */
};

/* What exists only while a session is being opened; arrays have one element an operation. */
struct builder {
	struct session *s;
	const struct graph *g;
	struct fast_map fast;
	struct plan plan;
	float **buffer;
	const float **constant;
	uint32_t *value;
};

static size_t count_of(const struct op *op)
{
	return op->shape.h * op->shape.w * op->shape.c;
}

/* How many floats of an operation's data the session has to keep. */
static size_t kept_floats(const struct op *op)
{
	if (!op->live)
		return 0;
	if (op->kind == OP_CONST)
		return count_of(op);
	return op->kind == OP_PRELU ? op->shape.c : 0;
}

static enum err keep_constants(struct builder *b, struct error *why)
{
	size_t floats = 0, bytes = 0;
	bool fits = true;
	for (size_t i = 0; fits && i < graph_ops(b->g); i++)
		fits = size_add(floats, kept_floats(graph_op(b->g, i)), &floats);
	if (fits && floats == 0)
		return OK;
	if (!fits || !size_mul(floats, sizeof(float), &bytes) ||
		!size_add(bytes, BUFFER_EXTRA, &bytes) || !pages_init(&b->s->constants, bytes))
		return err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	float *next = b->s->constants.data;
	for (size_t i = 0; i < graph_ops(b->g); i++) {
		const struct op *op = graph_op(b->g, i);
		const size_t count = kept_floats(op);
		if (count == 0)
			continue;
		memcpy(next, op->data, count * sizeof(*next));
		b->constant[i] = next;
		next += count;
	}
	return OK;
}

static enum err place_buffers(struct builder *b, struct error *why)
{
	struct session *s = b->s;
	if (!pages_init(&s->buffers, b->plan.bytes))
		return err_set(why, ERR_NOMEM, "cannot run the network: out of memory");
	for (size_t i = 0; i < graph_ops(b->g); i++) {
		if (b->plan.offset[i] != PLAN_NO_BUFFER)
			b->buffer[i] =
				(float *)(void *)((char *)s->buffers.data + b->plan.offset[i]);
	}
	for (size_t i = 0; i < s->inputs; i++)
		s->input[i] = b->buffer[graph_input_op(b->g, i)];
	for (size_t i = 0; i < s->outputs; i++)
		s->output[i] = b->buffer[graph_output_op(b->g, i)];
	return OK;
}

/* Where a step in plain C finds an operation's result. */
static struct plain_port port_of(const struct builder *b, size_t op)
{
	const size_t count = count_of(graph_op(b->g, op));
	if (b->constant[op] != NULL && b->buffer[op] == NULL)
		return (struct plain_port){(float *)(uintptr_t)b->constant[op], 0, count};
	return (struct plain_port){b->buffer[op], count, count};
}

static enum err add_plain(struct builder *b, size_t index, struct error *why)
{
	const struct op *op = graph_op(b->g, index);
	struct step *step = &b->s->step[b->s->steps];
	enum err e = plain_new(&step->plain, op, why);
	if (e != OK)
		return e;
	b->s->steps++;
	const int operands[] = {op->a, op->b};
	for (size_t i = 0; i < plain_operands(step->plain); i++) {
		const int x = op->list != NULL ? op->list[i] : operands[i];
		plain_bind(step->plain, i, port_of(b, (size_t)x));
	}
	plain_bind_result(step->plain, port_of(b, index));
	return OK;
}

static enum err add_fast(struct builder *b, size_t index, struct error *why)
{
	struct step *step = &b->s->step[b->s->steps];
	const int extra = b->fast.extra[index];
	const struct fast_place at = {b->g, &b->fast, b->s->packs};
	enum err e = fast_new(&step->fast, &at, index, why);
	if (e != OK)
		return e;
	b->s->steps++;
	fast_bind(step->fast, port_of(b, (size_t)b->fast.input[index]),
		extra >= 0 ? port_of(b, (size_t)extra) : (struct plain_port){0}, port_of(b, index));
	return OK;
}

/* All operations of one stage after another: one segment, or a step each. */
static enum err add_steps(struct builder *b, struct error *why)
{
	struct segment_setting setting = {.g = b->g,
		.pool = b->s->pool,
		.batch = b->s->batch,
		.buffer = b->buffer,
		.constant = b->constant,
		.value = b->value};
	const struct plan *p = &b->plan;
	enum err e = OK;
	for (size_t i = 0, end; e == OK && i < p->count; i = end) {
		const uint32_t stage = p->stage[p->order[i]];
		for (end = i + 1; end < p->count && p->stage[p->order[end]] == stage; end++)
			continue;
		if (stage % 2 == 0) {
			e = segment_new(&b->s->step[b->s->steps].segment, &setting, p->order + i,
				end - i, why);
			b->s->steps += e == OK;
			continue;
		}
		for (size_t k = i; e == OK && k < end; k++)
			e = b->fast.role[p->order[k]] == FAST_LAST ? add_fast(b, p->order[k], why)
								   : add_plain(b, p->order[k], why);
	}
	return e;
}

static enum err build(struct builder *b, struct error *why)
{
	struct session *s = b->s;
	const size_t ops = graph_ops(b->g);
	/* Our own kernels know one thread. */
	enum err e = fast_map_init(&b->fast, b->g, s->pool == NULL, why);
	if (e == OK)
		e = plan_init(&b->plan, b->g, &b->fast, s->batch, BUFFER_EXTRA, why);
	if (e != OK)
		return e;
	s->step = mem_array(b->plan.count, sizeof(*s->step));
	b->buffer = mem_array(ops, sizeof(*b->buffer));
	b->constant = mem_array(ops, sizeof(*b->constant));
	b->value = mem_array(ops, sizeof(*b->value));
	if (s->step == NULL || b->buffer == NULL || b->constant == NULL || b->value == NULL)
		return err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	e = keep_constants(b, why);
	if (e == OK)
		e = place_buffers(b, why);
	return e == OK ? add_steps(b, why) : e;
}

static enum err open_with(struct session *s, const struct graph *g, const struct session *like,
	size_t threads, struct error *why)
{
	struct builder b = {.s = s, .g = g};
	s->inputs = graph_inputs(g);
	s->outputs = graph_outputs(g);
	/* Does its work once in a process, whoever calls it first, and is safe from any thread. */
	enum err e = segment_start(why);
	if (e == OK)
		e = packs_for(&s->packs, g, like != NULL ? like->packs : NULL, why);
	if (e == OK && threads > 1) {
		s->pool = pthreadpool_create(threads);
		if (s->pool == NULL)
			e = err_set(why, ERR_NOMEM, "cannot start %zu threads", threads);
	}
	if (e == OK)
		e = build(&b, why);
	plan_finish(&b.plan);
	fast_map_finish(&b.fast);
	free(b.buffer);
	free(b.constant);
	free(b.value);
	return e;
}

enum err session_open(struct session **out, const struct graph *g, size_t batch, size_t threads,
	struct error *why)
{
	return session_open_like(out, g, NULL, batch, threads, why);
}

enum err session_open_like(struct session **out, const struct graph *g, const struct session *like,
	size_t batch, size_t threads, struct error *why)
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
	s->batch = batch;
	enum err e = open_with(s, g, like, threads, why);
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
	for (size_t i = 0; i < s->steps; i++) {
		segment_free(s->step[i].segment);
		plain_free(s->step[i].plain);
		fast_free(s->step[i].fast);
	}
	if (s->pool != NULL)
		pthreadpool_destroy(s->pool);
	free(s->step);
	pages_finish(&s->buffers);
	pages_finish(&s->constants);
	packs_release(s->packs);
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
	enum err e = OK;
	for (size_t i = 0; e == OK && i < s->steps; i++) {
		if (s->step[i].segment != NULL)
			e = segment_run(s->step[i].segment, why);
		else if (s->step[i].fast != NULL)
			fast_run(s->step[i].fast, s->batch);
		else
			plain_run(s->step[i].plain, s->batch);
	}
	return e;
}
