/* SPDX-License-Identifier: MIT */
#include "infer/fast.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "infer/kernels.h"
#include "infer/pages.h"

enum {
	STAGES_MAX = 12,
	GROUP_BYTES = 256 << 10, /* of input rows whose results are made together */
	LINES_MAX = 16,
};

enum stage_kind { STAGE_DENSE, STAGE_DEPTHWISE, STAGE_HALVE };

/*
 * One operation of a chain. Its window reads rows of `padded` floats, which hold a row of
 * the input between zeros; `slots` of them are kept, row r in slot r % slots.
 */
struct stage {
	enum stage_kind kind;
	struct window window;
	struct shape in, out;
	const float *weights; /* packed as the kernels want them; the packs' */
	struct finish finish;
	size_t padded, slots, lines; /* lines: results that are made together */
	float *ring, *zeros;
	size_t next; /* the row of the input that comes next */
};

struct fast {
	const struct kernels *kernels;
	struct stage stage[STAGES_MAX];
	size_t stages;
	bool flat; /* a single convolution of single cells: rows do not matter */
	struct plain_port in, add, out;
	struct pages memory; /* slopes, rings, zeros */
	float *free_floats;
};

static size_t round_up(size_t n)
{
	return (n + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
}

/* --- what each stage needs ------------------------------------------------------------------- */

static size_t window_cells(const struct stage *s)
{
	const size_t area = s->window.h * s->window.w;
	return s->kind == STAGE_DENSE ? area * s->in.c : area;
}

static size_t weight_floats(const struct stage *s)
{
	return s->kind == STAGE_HALVE ? 0 : round_up(s->out.c) * (window_cells(s) + 1);
}

static size_t ring_floats(const struct stage *s)
{
	return s->slots * s->padded;
}

/* Whether the stage can read its input where it is. */
static bool reads_in_place(const struct stage *s)
{
	const struct window *w = &s->window;
	return w->h == 1 && w->w == 1 && w->top + w->bottom + w->left + w->right == 0;
}

static void size_stage(struct stage *s, bool alone)
{
	const struct window *w = &s->window;
	const size_t reach = (s->out.w - 1) * w->stride_w + w->w;
	const size_t width = w->left + s->in.w > reach ? w->left + s->in.w : reach;
	s->padded = round_up(width * s->in.c);
	s->lines = 1;
	if (alone && s->kind == STAGE_DENSE) {
		size_t lines = GROUP_BYTES / sizeof(float) / s->padded / w->stride;
		const size_t table = (KERNEL_ROWS_MAX - w->h) / w->stride + 1;
		lines = lines > LINES_MAX ? LINES_MAX : lines;
		lines = lines > table ? table : lines;
		lines = lines > s->out.h ? s->out.h : lines;
		s->lines = lines > 0 ? lines : 1;
	}
	s->slots = (s->lines - 1) * w->stride + w->h;
}

static void init_stage(struct stage *s, const struct graph *g, const struct op *op)
{
	s->kind = op->kind == OP_CONV      ? STAGE_DENSE
		: op->kind == OP_DEPTHWISE ? STAGE_DEPTHWISE
					   : STAGE_HALVE;
	s->window = op->window;
	s->in = graph_op(g, (size_t)op->a)->shape;
	s->out = op->shape;
	s->finish = (struct finish){.low = op->low, .high = op->high};
}

/* --- packing --------------------------------------------------------------------------------- */

static float *take(struct fast *f, size_t floats)
{
	float *at = f->free_floats;
	f->free_floats += round_up(floats);
	return at;
}

/*
 * Panels of `lanes` outputs, the last of 16 where they are enough, each with its biases in
 * front; `to` is zeroed.
 */
static void pack(
	const struct stage *s, const struct op *op, const float *bias, size_t lanes, float *to)
{
	const size_t cells = window_cells(s);
	for (size_t n = 0; n < s->out.c;) {
		const size_t left = s->out.c - n, wide = left > KERNEL_LANES ? lanes : KERNEL_LANES;
		const size_t count = left < wide ? left : wide;
		memcpy(to, bias + n, count * sizeof(*to));
		op_fold_columns(op, n, count, to + wide, wide);
		to += (cells + 1) * wide;
		n += wide;
	}
}

static enum err pack_stage(struct stage *s, const struct graph *g, size_t index,
	struct packs *packs, struct error *why)
{
	const struct op *op = graph_op(g, index);
	bool fresh = false;
	float *weights = packs_at(packs, g, index, weight_floats(s), &fresh);
	s->weights = weights;
	if (weights != NULL && !fresh)
		return OK;
	float *bias = weights != NULL ? mem_array(op->conv.out, sizeof(*bias)) : NULL;
	if (bias == NULL)
		return err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	op_fold_bias(op, bias);
	pack(s, op, bias, s->kind == STAGE_DENSE ? 2 * KERNEL_LANES : KERNEL_LANES, weights);
	free(bias);
	return OK;
}

/* What comes after a convolution: slopes of an activation, or the limits of a sum. */
static void attach(struct fast *f, const struct op *op)
{
	struct stage *s = &f->stage[f->stages - 1];
	if (op->kind == OP_BINARY) {
		s->finish.low = op->low;
		s->finish.high = op->high;
		return;
	}
	float *slope = take(f, s->out.c);
	for (size_t i = 0; i < s->out.c; i++)
		slope[i] = op->kind == OP_LEAKY ? op->slope : op->data[i];
	s->finish.slope = slope;
}

/* --- making ---------------------------------------------------------------------------------- */

static bool is_stage(const struct op *op)
{
	return op->kind == OP_CONV || op->kind == OP_DEPTHWISE || op->kind == OP_MAX_POOL;
}

/* The chain's operations, first to last; how many. */
static size_t list_chain(const struct fast_map *map, size_t last, int *op)
{
	size_t count = 0;
	for (int i = (int)last; i >= 0; i = map->before[i])
		count++;
	size_t at = count;
	for (int i = (int)last; i >= 0; i = map->before[i])
		op[--at] = i;
	return count;
}

static bool alloc(struct fast *f)
{
	size_t floats = 0, bytes;
	for (size_t i = 0; i < f->stages; i++) {
		struct stage *s = &f->stage[i];
		size_stage(s, f->stages == 1);
		const bool in_place = i == 0 && reads_in_place(s);
		const size_t rows = in_place ? 0 : ring_floats(s) + s->padded;
		if (!size_add(floats, round_up(s->out.c) + rows, &floats) ||
			!size_add(floats, 4 * (size_t)KERNEL_LANES, &floats))
			return false;
	}
	if (!size_mul(floats, sizeof(float), &bytes) || !pages_init(&f->memory, bytes))
		return false;
	f->free_floats = f->memory.data;
	return true;
}

static enum err fill(struct fast *f, const struct fast_place *at, const int *chain, size_t count,
	struct error *why)
{
	const struct graph *g = at->graph;
	for (size_t i = 0; i < count; i++) {
		const struct op *op = graph_op(g, (size_t)chain[i]);
		if (is_stage(op))
			init_stage(&f->stage[f->stages++], g, op);
	}
	if (!alloc(f))
		return err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	f->flat = f->stages == 1 && f->stage[0].kind == STAGE_DENSE &&
		reads_in_place(&f->stage[0]) && f->stage[0].window.stride == 1 &&
		f->stage[0].window.stride_w == 1;
	f->stages = 0;
	for (size_t i = 0; i < count; i++) {
		const struct op *op = graph_op(g, (size_t)chain[i]);
		if (!is_stage(op)) {
			attach(f, op);
			continue;
		}
		struct stage *s = &f->stage[f->stages++];
		if (f->stages > 1 || !reads_in_place(s)) {
			s->ring = take(f, ring_floats(s));
			s->zeros = take(f, s->padded);
		}
		enum err e = s->kind == STAGE_HALVE
			? OK
			: pack_stage(s, g, (size_t)chain[i], at->packs, why);
		if (e != OK)
			return e;
	}
	return OK;
}

enum err fast_new(struct fast **out, const struct fast_place *at, size_t last, struct error *why)
{
	int chain[3 * STAGES_MAX];
	*out = NULL;
	struct fast *f = mem_array(1, sizeof(*f));
	if (f == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	f->kernels = kernels_here();
	enum err e = fill(f, at, chain, list_chain(at->map, last, chain), why);
	if (e != OK)
		fast_free(f);
	else
		*out = f;
	return e;
}

void fast_free(struct fast *f)
{
	if (f == NULL)
		return;
	pages_finish(&f->memory);
	free(f);
}

void fast_bind(struct fast *f, struct plain_port in, struct plain_port add, struct plain_port out)
{
	f->in = in;
	f->add = add;
	f->out = out;
}

/* --- running --------------------------------------------------------------------------------- */

struct image {
	const float *in, *add;
};

static void make_lines(
	struct fast *f, size_t stage, const struct image *image, size_t y, float *out);

/* Row r of a stage's input, with zeros around it. */
static const float *row_of(struct fast *f, size_t stage, const struct image *image, size_t r)
{
	struct stage *s = &f->stage[stage];
	const size_t floats = s->in.w * s->in.c;
	if (stage == 0 && reads_in_place(s))
		return image->in + r * floats;
	for (; s->next <= r; s->next++) {
		float *to = s->ring + s->next % s->slots * s->padded + s->window.left * s->in.c;
		if (stage == 0)
			memcpy(to, image->in + s->next * floats, floats * sizeof(*to));
		else
			make_lines(f, stage - 1, image, s->next, to);
	}
	return s->ring + r % s->slots * s->padded;
}

static void run_stage(const struct fast *f, const struct stage *s, const float *const *row,
	size_t lines, const float *add, float *out)
{
	const struct dense dense = {.row = row,
		.lines = lines,
		.line_rows = s->window.stride,
		.rows = s->window.h,
		.run = s->window.w * s->in.c,
		.step = s->window.stride_w * s->in.c,
		.weights = s->weights,
		.outputs = s->out.c,
		.pixels = s->out.w,
		.out = out,
		.add = add,
		.finish = s->finish};
	const struct depthwise depthwise = {.row = row,
		.rows = s->window.h,
		.columns = s->window.w,
		.stride = s->window.stride_w,
		.weights = s->weights,
		.channels = s->in.c,
		.pixels = s->out.w,
		.out = out,
		.finish = s->finish};
	if (s->kind == STAGE_DENSE)
		f->kernels->dense(&dense);
	else if (s->kind == STAGE_DEPTHWISE)
		f->kernels->depthwise(&depthwise);
	else
		f->kernels->largest(row, s->in.c, s->out.w, out);
}

/* The lines of results from y on, as many as the stage makes together. */
static void make_lines(
	struct fast *f, size_t stage, const struct image *image, size_t y, float *out)
{
	struct stage *s = &f->stage[stage];
	const float *row[KERNEL_ROWS_MAX];
	const size_t left = s->out.h - y, lines = left < s->lines ? left : s->lines;
	const size_t rows = (lines - 1) * s->window.stride + s->window.h;
	for (size_t i = 0; i < rows; i++) {
		const size_t at = y * s->window.stride + i; /* in the padded image */
		const bool inside = at >= s->window.top && at - s->window.top < s->in.h;
		row[i] = inside ? row_of(f, stage, image, at - s->window.top) : s->zeros;
	}
	const bool last = stage + 1 == f->stages;
	const float *add = last && image->add != NULL ? image->add + y * s->out.w * s->out.c : NULL;
	run_stage(f, s, row, lines, add, out);
}

static void run_flat(struct fast *f, size_t batch)
{
	struct stage *s = &f->stage[0];
	const float *row[] = {f->in.data};
	struct stage all = *s;
	all.out.w = batch * s->out.h * s->out.w;
	run_stage(f, &all, row, 1, f->add.data, f->out.data);
}

void fast_run(struct fast *f, size_t batch)
{
	struct stage *last = &f->stage[f->stages - 1];
	if (f->flat) {
		run_flat(f, batch);
		return;
	}
	for (size_t i = 0; i < batch; i++) {
		const struct image image = {.in = f->in.data + i * f->in.step,
			.add = f->add.data != NULL ? f->add.data + i * f->add.step : NULL};
		float *out = f->out.data + i * f->out.step;
		for (size_t k = 0; k < f->stages; k++)
			f->stage[k].next = 0;
		for (size_t y = 0; y < last->out.h; y += last->lines)
			make_lines(
				f, f->stages - 1, &image, y, out + y * last->out.w * last->out.c);
	}
}
