/* SPDX-License-Identifier: MIT */
#include "infer/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>

/* Everything is inlined into the three kernels, which ask for the instruction set. */
#define KERNEL __attribute__((target("avx512f")))
#define INLINE static inline __attribute__((always_inline, target("avx512f")))

enum {
	TALL = 14,      /* pixels of a tile: 14 x 2 sums leave room for what they are made of */
	TILE_SIZES = 7, /* for when there are fewer, smaller ones */
	GROUP = 3,      /* pixels that one pointer serves: it, and one and two steps on */
	GROUPS = 5,     /* of TALL */
	WHOLE = 0xFFFF, /* a mask of all lanes */
	BLOCK_BYTES = 128 << 10, /* of pixels that are gone through for each 32 outputs */
};

/* What is the same for all results of a call. */
struct ending {
	__m512 low, high;
	const float *slope;
};

INLINE struct ending ending_of(const struct finish *f)
{
	return (struct ending){
		.low = _mm512_set1_ps(f->low), .high = _mm512_set1_ps(f->high), .slope = f->slope};
}

/* The results of channels from `channel` on. */
INLINE __m512 finished(__m512 x, __mmask16 mask, size_t channel, struct ending e)
{
	if (e.slope != NULL) {
		const __mmask16 below = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
		const __m512 slope = _mm512_maskz_loadu_ps(mask, e.slope + channel);
		x = _mm512_mask_mul_ps(x, below & mask, x, slope);
	}
	return _mm512_max_ps(e.low, _mm512_min_ps(e.high, x));
}

/* A tile: where it begins, and which lanes of its two vectors there are. */
struct tile {
	const float *const *row; /* of its line */
	size_t pixel;
	const float *weights;
	size_t output;
	float *out;
	const float *add;
	__mmask16 mask[2];
};

INLINE void store(const struct dense *d, const struct tile *t, __m512 x, size_t pixel,
	size_t vector, struct ending e)
{
	const size_t channel = vector * KERNEL_LANES, at = pixel * d->outputs + channel;
	const __mmask16 mask = t->mask[vector];
	if (t->add != NULL)
		x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, t->add + at));
	_mm512_mask_storeu_ps(t->out + at, mask, finished(x, mask, t->output + channel, e));
}

/*
 * A statement for each pixel of a tile. Spelled out, so that every compiler sees that the
 * sums can stay in registers.
 */
#define EACH(what)                                                                               \
	what(0) what(1) what(2) what(3) what(4) what(5) what(6) what(7) what(8) what(9) what(10) \
		what(11) what(12) what(13)
#define BEGIN(i)            \
	if (i < pixels) {   \
		one[i] = a; \
		two[i] = b; \
	}
#define ADD(i)                                                                             \
	if (i < pixels) {                                                                  \
		const __m512 x = _mm512_set1_ps(p[i / GROUP][(size_t)(i % GROUP) * step]); \
		one[i] = _mm512_fmadd_ps(x, a, one[i]);                                    \
		if (vectors > 1)                                                           \
			two[i] = _mm512_fmadd_ps(x, b, two[i]);                            \
	}
#define END(i)                                        \
	if (i < pixels) {                             \
		store(d, t, one[i], i, 0, e);         \
		if (vectors > 1)                      \
			store(d, t, two[i], i, 1, e); \
	}

/* `pixels` x `vectors` sums, kept in registers; both are constants where this is inlined. */
INLINE void run_tile(const struct dense *d, const struct tile *t, const int pixels,
	const int vectors, struct ending e)
{
	__m512 one[TALL], two[TALL];
	const float *w = t->weights;
	const size_t step = d->step;
	__m512 a = _mm512_loadu_ps(w), b = vectors > 1 ? _mm512_loadu_ps(w + KERNEL_LANES) : a;
	EACH(BEGIN)
	w += vectors * KERNEL_LANES;
	for (size_t y = 0; y < d->rows; y++) {
		const float *first = t->row[y] + t->pixel * step;
		const float *p[GROUPS] = {first, first + GROUP * step, first + 2 * GROUP * step,
			first + 3 * GROUP * step, first + 4 * GROUP * step};
		for (size_t k = 0; k < d->run; k++) {
			a = _mm512_loadu_ps(w);
			b = vectors > 1 ? _mm512_loadu_ps(w + KERNEL_LANES) : a;
			w += vectors * KERNEL_LANES;
			EACH(ADD)
			p[0]++, p[1]++, p[2]++, p[3]++, p[4]++;
		}
	}
	EACH(END)
}

/* `count` tiles side by side. */
typedef void tiles_fn(const struct dense *d, const struct tile *first, size_t count);

INLINE void run_tiles(const struct dense *d, struct tile t, size_t count, const int pixels,
	const int vectors, struct ending e)
{
	for (; count > 0; count--) {
		run_tile(d, &t, pixels, vectors, e);
		t.pixel += (size_t)pixels;
		t.out += (size_t)pixels * d->outputs;
		t.add = t.add != NULL ? t.add + (size_t)pixels * d->outputs : NULL;
	}
}

#define TILES(name, pixels, vectors)                                                       \
	KERNEL static void name(const struct dense *d, const struct tile *t, size_t count) \
	{                                                                                  \
		run_tiles(d, *t, count, pixels, vectors, ending_of(&d->finish));           \
	}

#define BOTH_TILES(pixels)             \
	TILES(one_##pixels, pixels, 1) \
	TILES(two_##pixels, pixels, 2)
BOTH_TILES(1)
BOTH_TILES(2)
BOTH_TILES(4)
BOTH_TILES(5)
BOTH_TILES(7)
BOTH_TILES(9)
BOTH_TILES(14)

static const struct tile_size {
	size_t pixels;
	tiles_fn *run[2]; /* with one vector of outputs, with two */
} tile_size[TILE_SIZES] = {{1, {one_1, two_1}}, {2, {one_2, two_2}}, {4, {one_4, two_4}},
	{5, {one_5, two_5}}, {7, {one_7, two_7}}, {9, {one_9, two_9}}, {TALL, {one_14, two_14}}};

/* The smallest that does all that is left, else the largest; not more than there is in all. */
static const struct tile_size *tile_for(size_t left, size_t all)
{
	size_t i = 0;
	while (i + 1 < TILE_SIZES && tile_size[i].pixels < left && tile_size[i + 1].pixels <= all)
		i++;
	return &tile_size[i];
}

/* Pixels from..to of a line, for 16 or 32 outputs; the last tile goes back over some. */
static void run_pixels(const struct dense *d, const struct tile *line, size_t from, size_t to)
{
	const size_t two = line->mask[1] != 0;
	struct tile t = *line;
	for (size_t at = from; at < to;) {
		const struct tile_size *size = tile_for(to - at, to - from);
		const size_t pixels = size->pixels, whole = (to - at) / pixels;
		const size_t count = whole > 0 ? whole : 1;
		if (pixels > to - at)
			at = to - pixels;
		t.pixel = at;
		t.out = line->out + at * d->outputs;
		t.add = line->add != NULL ? line->add + at * d->outputs : NULL;
		size->run[two](d, &t, count);
		at += count * pixels;
	}
}

static __mmask16 mask_of(size_t left)
{
	return left >= KERNEL_LANES ? WHOLE : (__mmask16)((1U << left) - 1);
}

/* All outputs of some pixels. */
KERNEL static void run_block(const struct dense *d, size_t from, size_t to)
{
	const size_t window = d->rows * d->run + 1; /* and the bias */
	const float *w = d->weights;
	for (size_t n = 0; n < d->outputs;) {
		const size_t left = d->outputs - n;
		const size_t vectors = left > KERNEL_LANES ? 2 : 1;
		for (size_t line = 0; line < d->lines; line++) {
			const size_t at = line * d->pixels * d->outputs + n;
			const struct tile t = {.row = d->row + line * d->line_rows,
				.weights = w,
				.output = n,
				.out = d->out + at,
				.add = d->add != NULL ? d->add + at : NULL,
				.mask = {mask_of(left),
					vectors > 1 ? mask_of(left - KERNEL_LANES) : 0}};
			run_pixels(d, &t, from, to);
		}
		w += window * vectors * KERNEL_LANES;
		n += vectors * KERNEL_LANES;
	}
}

KERNEL static void dense(const struct dense *d)
{
	size_t block = BLOCK_BYTES / sizeof(float) / d->step / TALL * TALL;
	if (block < TALL)
		block = TALL;
	for (size_t at = 0; at < d->pixels;) {
		/* No small rest, for which the tiles are too large. */
		const size_t left = d->pixels - at;
		const size_t count = left < block + TALL ? left : block;
		run_block(d, at, at + count);
		at += count;
	}
}

/* --- channel by channel ----------------------------------------------------------------------- */

/* Some channels of a line: their bias and nine weights, kept in registers. */
struct lane {
	__m512 w[10];
	size_t channel;
	__mmask16 mask;
};

/* One more cell of a 3x3 window for four (or one) results that lie side by side. */
#define CELL(sum, i, x)                                                                \
	sum = _mm512_fmadd_ps(                                                         \
		_mm512_maskz_loadu_ps(lane->mask, p + (size_t)((i)*stride + (x)) * c), \
		lane->w[1 + 3 * y + (x)], sum);
#define CELLS(sum, i) CELL(sum, i, 0) CELL(sum, i, 1) CELL(sum, i, 2)

INLINE void run_four(const struct depthwise *d, const struct lane *lane, size_t pixel,
	const int stride, struct ending e)
{
	const size_t c = d->channels;
	__m512 s0 = lane->w[0], s1 = s0, s2 = s0, s3 = s0;
#pragma GCC unroll 3
	for (int y = 0; y < 3; y++) {
		const float *p = d->row[y] + pixel * (size_t)stride * c + lane->channel;
		CELLS(s0, 0)
		CELLS(s1, 1)
		CELLS(s2, 2)
		CELLS(s3, 3)
	}
	float *out = d->out + pixel * c + lane->channel;
	const __m512 sum[] = {s0, s1, s2, s3};
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		_mm512_mask_storeu_ps(out + (size_t)i * c, lane->mask,
			finished(sum[i], lane->mask, lane->channel, e));
}

INLINE void run_one(const struct depthwise *d, const struct lane *lane, size_t pixel,
	const int stride, struct ending e)
{
	const size_t c = d->channels;
	__m512 sum = lane->w[0];
#pragma GCC unroll 3
	for (int y = 0; y < 3; y++) {
		const float *p = d->row[y] + pixel * (size_t)stride * c + lane->channel;
		CELLS(sum, 0)
	}
	_mm512_mask_storeu_ps(d->out + pixel * c + lane->channel, lane->mask,
		finished(sum, lane->mask, lane->channel, e));
}

INLINE void three_channels(const struct depthwise *d, const float *weights, size_t channel,
	const int stride, struct ending e)
{
	struct lane lane = {.channel = channel, .mask = mask_of(d->channels - channel)};
#pragma GCC unroll 10
	for (int i = 0; i < 10; i++)
		lane.w[i] = _mm512_loadu_ps(weights + i * KERNEL_LANES);
	size_t x = 0;
	for (; x + 4 <= d->pixels; x += 4)
		run_four(d, &lane, x, stride, e);
	for (; x < d->pixels; x++)
		run_one(d, &lane, x, stride, e);
}

KERNEL static void any_channels(
	const struct depthwise *d, const float *weights, size_t channel, struct ending e)
{
	const __mmask16 mask = mask_of(d->channels - channel);
	const size_t c = d->channels;
	for (size_t pixel = 0; pixel < d->pixels; pixel++) {
		__m512 sum = _mm512_loadu_ps(weights);
		const float *w = weights + KERNEL_LANES;
		for (size_t y = 0; y < d->rows; y++) {
			const float *p = d->row[y] + pixel * d->stride * c + channel;
			for (size_t x = 0; x < d->columns; x++, w += KERNEL_LANES)
				sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, p + x * c),
					_mm512_loadu_ps(w), sum);
		}
		_mm512_mask_storeu_ps(
			d->out + pixel * c + channel, mask, finished(sum, mask, channel, e));
	}
}

KERNEL static void depthwise(const struct depthwise *d)
{
	const struct ending e = ending_of(&d->finish);
	const bool three = d->rows == 3 && d->columns == 3;
	const size_t step = (d->rows * d->columns + 1) * KERNEL_LANES;
	const float *w = d->weights;
	for (size_t c = 0; c < d->channels; c += KERNEL_LANES, w += step) {
		if (three && d->stride == 1)
			three_channels(d, w, c, 1, e);
		else if (three && d->stride == 2)
			three_channels(d, w, c, 2, e);
		else
			any_channels(d, w, c, e);
	}
}

KERNEL static void largest(const float *const row[2], size_t channels, size_t pixels, float *out)
{
	for (size_t pixel = 0; pixel < pixels; pixel++, out += channels) {
		const float *a = row[0] + 2 * pixel * channels, *b = row[1] + 2 * pixel * channels;
		for (size_t c = 0; c < channels; c += KERNEL_LANES) {
			const __mmask16 m = mask_of(channels - c);
			const __m512 p = _mm512_max_ps(_mm512_maskz_loadu_ps(m, a + c),
				_mm512_maskz_loadu_ps(m, a + channels + c));
			const __m512 q = _mm512_max_ps(_mm512_maskz_loadu_ps(m, b + c),
				_mm512_maskz_loadu_ps(m, b + channels + c));
			_mm512_mask_storeu_ps(out + c, m, _mm512_max_ps(p, q));
		}
	}
}

const struct kernels *kernels_here(void)
{
	static const struct kernels avx512 = {dense, depthwise, largest};
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f") ? &avx512 : NULL;
}

#else

const struct kernels *kernels_here(void)
{
	return NULL;
}

#endif
