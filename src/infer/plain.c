/* SPDX-License-Identifier: MIT */
#include "infer/plain.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Pointers into `op` that must outlive the graph point into `own`. */
struct plain {
	struct op op;
	void *own;
	struct plain_port *in, out;
	size_t ins;
};

/* --- walks ------------------------------------------------------------------------------ */

/* Drops dimensions of 1 and joins those that one stride can walk. */
static void simplify(struct walk *w)
{
	int rank = 0;
	for (int i = 0; i < w->rank; i++) {
		if (w->dim[i] == 1)
			continue;
		if (rank > 0 && w->stride[rank - 1] == w->stride[i] * (ptrdiff_t)w->dim[i]) {
			w->dim[rank - 1] *= w->dim[i];
			w->stride[rank - 1] = w->stride[i];
			continue;
		}
		w->dim[rank] = w->dim[i];
		w->stride[rank++] = w->stride[i];
	}
	if (rank == 0) {
		w->dim[0] = 1;
		w->stride[0] = 1;
		rank = 1;
	}
	w->rank = rank;
}

/* Where a walk is: all dimensions but the innermost. */
struct place {
	size_t at[WALK_RANK_MAX];
	ptrdiff_t offset;
};

/* Steps to the next run of the innermost dimension; false at the end. */
static bool advance(const struct walk *w, struct place *p)
{
	for (int i = w->rank - 2; i >= 0; i--) {
		p->offset += w->stride[i];
		if (++p->at[i] < w->dim[i])
			return true;
		p->offset -= w->stride[i] * (ptrdiff_t)w->dim[i];
		p->at[i] = 0;
	}
	return false;
}

static void copy_run(float *dst, const float *src, size_t count, ptrdiff_t stride)
{
	if (stride == 1) {
		memcpy(dst, src, count * sizeof(*dst));
		return;
	}
	for (size_t i = 0; i < count; i++)
		dst[i] = src[(ptrdiff_t)i * stride];
}

static void run_copy(const struct plain *p, const float *const *in, float *out)
{
	const struct walk *w = &p->op.walk;
	const size_t count = w->dim[w->rank - 1];
	const ptrdiff_t stride = w->stride[w->rank - 1];
	struct place place = {.offset = (ptrdiff_t)w->offset};
	do {
		copy_run(out, in[0] + place.offset, count, stride);
		out += count;
	} while (advance(w, &place));
}

/* --- reductions ------------------------------------------------------------------------- */

static float absorb(enum reduce how, float sum, float x)
{
	switch (how) {
	case REDUCE_MAX:
		return x > sum ? x : sum;
	case REDUCE_MIN:
		return x < sum ? x : sum;
	case REDUCE_PROD:
		return sum * x;
	case REDUCE_L1:
		return sum + fabsf(x);
	case REDUCE_L2:
	case REDUCE_SQUARES:
		return sum + x * x;
	default:
		return sum + x;
	}
}

static float start_of(enum reduce how)
{
	if (how == REDUCE_MAX)
		return -INFINITY;
	if (how == REDUCE_MIN)
		return INFINITY;
	return how == REDUCE_PROD ? 1 : 0;
}

static void finish_sums(const struct plain *p, float *out)
{
	const float share = (float)p->out.count / (float)p->in[0].count;
	for (size_t i = 0; i < p->out.count; i++) {
		if (p->op.how.reduce == REDUCE_MEAN)
			out[i] *= share;
		else if (p->op.how.reduce == REDUCE_L2)
			out[i] = sqrtf(out[i]);
	}
}

static void run_reduce(const struct plain *p, const float *const *in, float *out)
{
	const struct walk *w = &p->op.walk;
	const enum reduce how = p->op.how.reduce;
	const size_t count = w->dim[w->rank - 1];
	const ptrdiff_t stride = w->stride[w->rank - 1];
	const float *x = in[0];
	struct place place = {.offset = (ptrdiff_t)w->offset};
	for (size_t i = 0; i < p->out.count; i++)
		out[i] = start_of(how);
	do {
		for (size_t i = 0; i < count; i++) {
			float *sum = out + place.offset + (ptrdiff_t)i * stride;
			*sum = absorb(how, *sum, *x++);
		}
	} while (advance(w, &place));
	finish_sums(p, out);
}

/* --- along one axis --------------------------------------------------------------------- */

static void run_gather(const struct plain *p, const float *const *in, float *out)
{
	const struct runs *r = &p->op.runs;
	const float *x = in[0];
	for (size_t o = 0; o < r->outer; o++) {
		for (size_t i = 0; i < r->count; i++) {
			memcpy(out, x + (size_t)p->op.index[i] * r->inner, r->inner * sizeof(*out));
			out += r->inner;
		}
		x += r->from * r->inner;
	}
}

static void run_lerp(const struct plain *p, const float *const *in, float *out)
{
	const struct runs *r = &p->op.runs;
	const float *x = in[0];
	for (size_t o = 0; o < r->outer; o++) {
		for (size_t i = 0; i < r->count; i++) {
			const float *a = x + (size_t)p->op.index[2 * i] * r->inner;
			const float *b = x + (size_t)p->op.index[2 * i + 1] * r->inner;
			const float weight = p->op.data[i];
			for (size_t k = 0; k < r->inner; k++)
				*out++ = a[k] + (b[k] - a[k]) * weight;
		}
		x += r->from * r->inner;
	}
}

static void run_concat(const struct plain *p, const float *const *in, float *out)
{
	for (size_t o = 0; o < p->op.runs.outer; o++) {
		for (size_t i = 0; i < p->ins; i++) {
			const size_t count = p->in[i].count / p->op.runs.outer;
			memcpy(out, in[i] + o * count, count * sizeof(*out));
			out += count;
		}
	}
}

/* --- the rest --------------------------------------------------------------------------- */

static void multiply(const struct matrices *m, const float *a, const float *b, float *out)
{
	memset(out, 0, m->m * m->n * sizeof(*out));
	for (size_t i = 0; i < m->m; i++, out += m->n) {
		for (size_t k = 0; k < m->k; k++) {
			const float x = a[i * m->k + k], *row = b + k * m->n;
			for (size_t j = 0; j < m->n; j++)
				out[j] += x * row[j];
		}
	}
}

static void run_matmul(const struct plain *p, const float *const *in, float *out)
{
	const struct matrices *m = &p->op.product;
	for (size_t i = 0; i < m->batch; i++) {
		const float *a = in[0] + (m->a_shared ? 0 : i * m->m * m->k);
		const float *b = in[1] + (m->b_shared ? 0 : i * m->k * m->n);
		multiply(m, a, b, out + i * m->m * m->n);
	}
}

static float reciprocal(float x)
{
	return 1 / x;
}

static float softplus(float x)
{
	return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
}

static void run_map(const struct plain *p, const float *const *in, float *out)
{
	static float (*const map[])(float) = {
		[UNARY_EXP] = expf,
		[UNARY_LOG] = logf,
		[UNARY_TANH] = tanhf,
		[UNARY_RECIPROCAL] = reciprocal,
		[UNARY_ERF] = erff,
		[UNARY_SOFTPLUS] = softplus,
	};
	for (size_t i = 0; i < p->out.count; i++)
		out[i] = map[p->op.how.unary](in[0][i]);
}

static void (*const run_op[OP_KINDS])(const struct plain *p, const float *const *in, float *out) = {
	[OP_COPY] = run_copy,
	[OP_GATHER] = run_gather,
	[OP_LERP] = run_lerp,
	[OP_CONCAT] = run_concat,
	[OP_REDUCE] = run_reduce,
	[OP_MATMUL] = run_matmul,
	[OP_MAP] = run_map,
};

/* --- life ------------------------------------------------------------------------------- */

/* Copies the index and weight tables, which belong to the graph. */
static bool own_tables(struct plain *p)
{
	const struct op *op = &p->op;
	const size_t count = op->runs.count;
	const size_t indices = op->kind == OP_LERP ? 2 * count : count;
	if (op->kind != OP_GATHER && op->kind != OP_LERP)
		return true;
	p->own = mem_array(indices + count, sizeof(float));
	if (p->own == NULL)
		return false;
	memcpy(p->own, op->index, indices * sizeof(int32_t));
	p->op.index = p->own;
	if (op->kind == OP_LERP) {
		float *weight = (float *)p->own + indices;
		memcpy(weight, op->data, count * sizeof(float));
		p->op.data = weight;
	}
	return true;
}

enum err plain_new(struct plain **out, const struct op *op, struct error *why)
{
	assert(op->kind >= OP_FIRST_PLAIN && run_op[op->kind] != NULL);
	*out = NULL;
	struct plain *p = mem_array(1, sizeof(*p));
	if (p == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	p->op = *op;
	p->ins = op->kind == OP_CONCAT ? op->runs.count : op->kind == OP_MATMUL ? 2 : 1;
	p->in = mem_array(p->ins, sizeof(*p->in));
	if (p->in == NULL || !own_tables(p)) {
		plain_free(p);
		return err_set(why, ERR_NOMEM, "out of memory");
	}
	if (op->kind == OP_COPY || op->kind == OP_REDUCE)
		simplify(&p->op.walk);
	*out = p;
	return OK;
}

void plain_free(struct plain *p)
{
	if (p == NULL)
		return;
	free(p->in);
	free(p->own);
	free(p);
}

size_t plain_operands(const struct plain *p)
{
	return p->ins;
}

void plain_bind(struct plain *p, size_t i, struct plain_port operand)
{
	assert(i < p->ins);
	p->in[i] = operand;
}

void plain_bind_result(struct plain *p, struct plain_port result)
{
	p->out = result;
}

void plain_run(const struct plain *p, size_t batch)
{
	const float *in[GRAPH_LIST_MAX];
	for (size_t image = 0; image < batch; image++) {
		for (size_t i = 0; i < p->ins; i++)
			in[i] = p->in[i].data + image * p->in[i].step;
		run_op[p->op.kind](p, in, p->out.data + image * p->out.step);
	}
}
