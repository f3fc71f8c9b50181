/* SPDX-License-Identifier: MIT */
#include "media/sample.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	SQUARE_COLUMNS =
		256, /* of sample_square_tf's output worked on at once: tables on the stack */
	/* Samples an axis of one output pixel of sample_warp: beyond this the map is absurd. */
	WARP_SAMPLES_MAX = 256,
	/*
	 * Source pixels a step from which on a smaller source is made first, and how many at
	 * least it keeps. Measured on white noise against the exact mean: 0.3 to 1.5 levels off
	 * without it, 2.5 with it at these values (8 are left of the noise there), 7 at 4 and 2.
	 */
	WARP_REDUCE_FROM = 8,
	WARP_REDUCE_TO = 4,
};

/* A linear interpolation along one axis: offsets and weights of two source pixels. */
struct tap {
	size_t low, high;
	float low_weight, high_weight;
};

/*
 * TensorFlow's resizeBilinear without half-pixel centres: output i lies at i * scale of the
 * square, whose pixels before `pad` and from `pad + len` on are black.
 */
static struct tap square_tap(int i, double scale, int square, int pad, int len)
{
	double at = i * scale;
	int low = (int)at;
	int high = low + 1 < square ? low + 1 : square - 1;
	float part = (float)(at - low);
	struct tap tap = {.low_weight = 1 - part, .high_weight = part};
	low -= pad;
	high -= pad;
	if (low < 0 || low >= len) {
		low = 0;
		tap.low_weight = 0;
	}
	if (high < 0 || high >= len) {
		high = 0;
		tap.high_weight = 0;
	}
	tap.low = (size_t)low;
	tap.high = (size_t)high;
	return tap;
}

static void square_row(const uint8_t *upper, const uint8_t *lower, const struct tap *y,
	const struct tap *x, int count, float *out)
{
	for (int i = 0; i < count; i++, x++, out += 3) {
		for (int c = 0; c < 3; c++) {
			float top = (float)upper[x->low + (size_t)c] * x->low_weight +
				(float)upper[x->high + (size_t)c] * x->high_weight;
			float bottom = (float)lower[x->low + (size_t)c] * x->low_weight +
				(float)lower[x->high + (size_t)c] * x->high_weight;
			out[c] = top * y->low_weight + bottom * y->high_weight;
		}
	}
}

void sample_square_tf(const struct image *src, int centre, int size, float *out)
{
	int square = src->width > src->height ? src->width : src->height;
	int pad_x = centre ? (square - src->width) / 2 : 0;
	int pad_y = centre ? (square - src->height) / 2 : 0;
	double scale = (double)square / size;
	size_t row_bytes = 3 * (size_t)src->width;
	struct tap column[SQUARE_COLUMNS];
	for (int first = 0; first < size; first += SQUARE_COLUMNS) {
		int count = size - first < SQUARE_COLUMNS ? size - first : SQUARE_COLUMNS;
		for (int i = 0; i < count; i++) {
			column[i] = square_tap(first + i, scale, square, pad_x, src->width);
			column[i].low *= 3;
			column[i].high *= 3;
		}
		for (int y = 0; y < size; y++) {
			struct tap row = square_tap(y, scale, square, pad_y, src->height);
			float *to = out + 3 * ((size_t)y * (size_t)size + (size_t)first);
			if (row.low_weight == 0 && row.high_weight == 0)
				memset(to, 0, 3 * sizeof(*to) * (size_t)count);
			else
				square_row(src->rgb + row.low * row_bytes,
					src->rgb + row.high * row_bytes, &row, column, count, to);
		}
	}
}

/* The source pixels of each output pixel along one axis, and their weights (sum 1). */
struct axis {
	struct span {
		int first, count;
		size_t weight; /* index of the first one's */
	} * span;
	float *weight;
};

static void axis_finish(struct axis *a)
{
	free(a->span);
	free(a->weight);
}

/* Output pixel i covers [i, i + 1) * scale of the source: each pixel by how much of it that is. */
static void area_span(struct span *span, float *weight, int i, double scale, int len)
{
	double begin = i * scale, end = (i + 1) * scale;
	int first = (int)begin < len ? (int)begin : len - 1;
	int last = (int)ceil(end) - 1;
	last = last < first ? first : last > len - 1 ? len - 1 : last;
	double sum = 0;
	for (int k = first; k <= last; k++) {
		double from = k > begin ? k : begin, to = k + 1 < end ? k + 1 : end;
		sum += to - from > 0 ? to - from : 0;
	}
	for (int k = first; k <= last; k++) {
		double from = k > begin ? k : begin, to = k + 1 < end ? k + 1 : end;
		weight[k - first] = sum > 0 ? (float)((to - from > 0 ? to - from : 0) / sum) : 0;
	}
	if (sum <= 0)
		weight[0] = 1;
	span->first = first;
	span->count = last - first + 1;
}

/* Half-pixel centres; beyond the edges the edge goes on. */
static void linear_span(struct span *span, float *weight, int i, double scale, int len)
{
	double at = (i + 0.5) * scale - 0.5;
	at = at < 0 ? 0 : at > len - 1 ? len - 1 : at;
	int first = (int)at < len - 1 ? (int)at : len - 1;
	span->first = first;
	span->count = first + 1 < len ? 2 : 1;
	weight[0] = span->count == 2 ? (float)(1 - (at - first)) : 1;
	if (span->count == 2)
		weight[1] = (float)(at - first);
}

static enum err axis_init(struct axis *a, int from, int to, struct error *why)
{
	double scale = (double)from / to;
	size_t room = scale > 1 ? (size_t)ceil(scale) + 1 : 2;
	size_t weights;
	*a = (struct axis){0};
	if (!size_mul((size_t)to, room, &weights))
		return err_set(why, ERR_LIMIT, "cannot resize %d to %d pixels", from, to);
	a->span = mem_array((size_t)to, sizeof(*a->span));
	a->weight = mem_array(weights, sizeof(*a->weight));
	if (a->span == NULL || a->weight == NULL) {
		axis_finish(a);
		*a = (struct axis){0};
		return err_set(why, ERR_NOMEM, "cannot resize an image: out of memory");
	}
	for (int i = 0; i < to; i++) {
		struct span *span = &a->span[i];
		span->weight = (size_t)i * room;
		if (scale > 1)
			area_span(span, a->weight + span->weight, i, scale, from);
		else
			linear_span(span, a->weight + span->weight, i, scale, from);
	}
	return OK;
}

/* The weighted sum of source rows into `sum`, three floats a pixel. */
static void sum_rows(
	const struct image *src, const struct span *rows, const float *weight, float *restrict sum)
{
	size_t count = 3 * (size_t)src->width;
	const uint8_t *restrict row = src->rgb + (size_t)rows->first * count;
	for (size_t i = 0; i < count; i++)
		sum[i] = weight[0] * (float)row[i];
	for (int k = 1; k < rows->count; k++) {
		row += count;
		for (size_t i = 0; i < count; i++)
			sum[i] += weight[k] * (float)row[i];
	}
}

static uint8_t to_byte(float value)
{
	float rounded = value + 0.5f;
	return rounded <= 0 ? 0 : rounded >= 255 ? 255 : (uint8_t)rounded;
}

static void sum_columns(const float *row, const struct axis *x, int count, uint8_t *out)
{
	for (int i = 0; i < count; i++, out += 3) {
		const struct span *span = &x->span[i];
		const float *weight = x->weight + span->weight;
		const float *from = row + 3 * (size_t)span->first;
		float sum[3] = {0};
		for (int k = 0; k < span->count; k++, from += 3) {
			sum[0] += weight[k] * from[0];
			sum[1] += weight[k] * from[1];
			sum[2] += weight[k] * from[2];
		}
		for (int c = 0; c < 3; c++)
			out[c] = to_byte(sum[c]);
	}
}

enum err sample_resize(
	const struct image *src, int width, int height, struct image *out, struct error *why)
{
	struct axis x = {0}, y = {0};
	float *row = NULL;
	enum err err = image_new(out, width, height, why);
	if (err != OK)
		return err;
	err = axis_init(&x, src->width, width, why);
	if (err == OK)
		err = axis_init(&y, src->height, height, why);
	if (err != OK)
		goto out;
	row = mem_array(3 * (size_t)src->width, sizeof(*row));
	if (row == NULL) {
		err = err_set(why, ERR_NOMEM, "cannot resize an image: out of memory");
		goto out;
	}
	for (int i = 0; i < height; i++) {
		sum_rows(src, &y.span[i], y.weight + y.span[i].weight, row);
		sum_columns(row, &x, width, out->rgb + 3 * (size_t)i * (size_t)width);
	}
out:
	free(row);
	axis_finish(&x);
	axis_finish(&y);
	if (err != OK)
		image_finish(out);
	return err;
}

enum err sample_crop(
	const struct image *src, const struct rect *part, struct image *out, struct error *why)
{
	*out = (struct image){0};
	int64_t left = part->x > 0 ? part->x : 0, top = part->y > 0 ? part->y : 0;
	int64_t right = (int64_t)part->x + part->width;
	int64_t bottom = (int64_t)part->y + part->height;
	right = right < src->width ? right : src->width;
	bottom = bottom < src->height ? bottom : src->height;
	if (left >= right || top >= bottom)
		return err_set(why, ERR_ARG, "nothing of %dx%d at (%d, %d) lies in the image",
			part->width, part->height, part->x, part->y);
	enum err err = image_new(out, (int)(right - left), (int)(bottom - top), why);
	if (err != OK)
		return err;
	size_t row_bytes = 3 * (size_t)out->width;
	for (int row = 0; row < out->height; row++) {
		size_t from = (size_t)(top + row) * (size_t)src->width + (size_t)left;
		memcpy(out->rgb + (size_t)row * row_bytes, src->rgb + 3 * from, row_bytes);
	}
	return OK;
}

int affine_invert(const struct affine *m, struct affine *out)
{
	double det = m->a * m->e - m->b * m->d;
	if (det == 0 || !isfinite(1 / det))
		return 0;
	struct affine inverse = {
		.a = m->e / det, .b = -m->b / det, .d = -m->d / det, .e = m->a / det};
	inverse.c = -(inverse.a * m->c + inverse.b * m->f);
	inverse.f = -(inverse.d * m->c + inverse.e * m->f);
	*out = inverse;
	return 1;
}

/* Adds the bilinear sample at (x, y); what lies outside the image is black. */
static void add_sample(const struct image *src, double x, double y, float sum[static 3])
{
	/* Also false for NaN. */
	if (!(x > -1 && y > -1 && x < src->width && y < src->height))
		return;
	int left = (int)(x + 1) - 1, top = (int)(y + 1) - 1;
	float fx = (float)(x - left), fy = (float)(y - top);
	float weight[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
	ptrdiff_t row_bytes = 3 * (ptrdiff_t)src->width;
	ptrdiff_t at = top * row_bytes + 3 * (ptrdiff_t)left;
	if (left >= 0 && top >= 0 && left + 1 < src->width && top + 1 < src->height) {
		const uint8_t *upper = src->rgb + at, *lower = upper + row_bytes;
		for (int c = 0; c < 3; c++)
			sum[c] += weight[0] * upper[c] + weight[1] * upper[c + 3] +
				weight[2] * lower[c] + weight[3] * lower[c + 3];
		return;
	}
	for (int i = 0; i < 4; i++) {
		int column = left + i % 2, row = top + i / 2;
		if (column < 0 || row < 0 || column >= src->width || row >= src->height)
			continue;
		const uint8_t *pixel = src->rgb + (row * row_bytes + 3 * (ptrdiff_t)column);
		for (int c = 0; c < 3; c++)
			sum[c] += weight[i] * pixel[c];
	}
}

/* Pixels of the source an output pixel, from which down a finer kernel shows. */
#define WARP_ENLARGES 0.99

/* Weights of the four pixels around a point `f` behind the second: Catmull and Rom's spline. */
static void cubic_weights(float f, float weight[static 4])
{
	float f2 = f * f, f3 = f2 * f;
	weight[0] = -0.5f * f3 + f2 - 0.5f * f;
	weight[1] = 1.5f * f3 - 2.5f * f2 + 1;
	weight[2] = -1.5f * f3 + 2 * f2 + 0.5f * f;
	weight[3] = 0.5f * f3 - 0.5f * f2;
}

/* Adds the bicubic sample at (x, y), where all its sixteen pixels are inside. */
static bool add_cubic(const struct image *src, double x, double y, float sum[static 3])
{
	if (!(x >= 1 && y >= 1 && x < src->width - 2 && y < src->height - 2))
		return false;
	int left = (int)x, top = (int)y;
	float across[4], down[4];
	cubic_weights((float)(x - left), across);
	cubic_weights((float)(y - top), down);
	for (int j = 0; j < 4; j++) {
		const uint8_t *p = src->rgb +
			3 * ((size_t)(top - 1 + j) * (size_t)src->width + (size_t)(left - 1));
		for (int c = 0; c < 3; c++)
			sum[c] += down[j] *
				(across[0] * p[c] + across[1] * p[c + 3] + across[2] * p[c + 6] +
					across[3] * p[c + 9]);
	}
	return true;
}

/*
 * How an output pixel is averaged along one of its axes, which is (x, y) long in the source:
 * `count` bilinear samples, (dx, dy) apart, centred. A bilinear sample is itself the mean
 * over a square of one pixel; n of them, s apart, have variance (1 + s^2 (n^2 - 1)) / 12
 * along the axis. s makes that the variance r^2 / 12 of the mean over r pixels: for whole r
 * the two are the same thing. r <= 1 enlarges: one sample.
 */
struct steps {
	int count;
	double dx, dy;
};

static struct steps steps_along(double x, double y)
{
	double length = hypot(x, y);
	struct steps s = {.count = 1};
	if (!(length > 1))
		return s;
	s.count = length < WARP_SAMPLES_MAX ? (int)ceil(length) : WARP_SAMPLES_MAX;
	double apart = sqrt((length * length - 1) / ((double)s.count * s.count - 1));
	s.dx = x / length * apart;
	s.dy = y / length * apart;
	return s;
}

static void warp_from(const struct image *src, const struct affine *m, struct image *out)
{
	struct steps u = steps_along(m->a, m->d), v = steps_along(m->b, m->e);
	float share = 1.0f / ((float)u.count * (float)v.count);
	double back_x = ((u.count - 1) * u.dx + (v.count - 1) * v.dx) / 2;
	double back_y = ((u.count - 1) * u.dy + (v.count - 1) * v.dy) / 2;
	bool enlarges = hypot(m->a, m->d) < WARP_ENLARGES && hypot(m->b, m->e) < WARP_ENLARGES;
	uint8_t *to = out->rgb;
	for (int row = 0; row < out->height; row++) {
		for (int column = 0; column < out->width; column++, to += 3) {
			double x = m->a * column + m->b * row + m->c - back_x;
			double y = m->d * column + m->e * row + m->f - back_y;
			float sum[3] = {0};
			if (enlarges && add_cubic(src, x, y, sum)) {
				for (int c = 0; c < 3; c++)
					to[c] = to_byte(sum[c]);
				continue;
			}
			for (int j = 0; j < v.count; j++) {
				for (int i = 0; i < u.count; i++)
					add_sample(src, x + i * u.dx + j * v.dx,
						y + i * u.dy + j * v.dy, sum);
			}
			for (int c = 0; c < 3; c++)
				to[c] = to_byte(sum[c] * share);
		}
	}
}

/* A rectangle of pixels, right and bottom exclusive. */
struct area {
	int left, top, right, bottom;
};

static int clamp(double value, int max)
{
	return value <= 0 ? 0 : value >= max ? max : (int)value;
}

/* The part of the source that the output's pixels cover, with `margin` around it. */
static struct area area_seen(
	const struct image *src, const struct affine *m, const struct image *out, double margin)
{
	double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
	for (int corner = 0; corner < 4; corner++) {
		double column = corner % 2 == 0 ? -0.5 : out->width - 0.5;
		double row = corner / 2 == 0 ? -0.5 : out->height - 0.5;
		double x = m->a * column + m->b * row + m->c;
		double y = m->d * column + m->e * row + m->f;
		left = fmin(left, x);
		right = fmax(right, x);
		top = fmin(top, y);
		bottom = fmax(bottom, y);
	}
	return (struct area){.left = clamp(floor(left - margin), src->width),
		.top = clamp(floor(top - margin), src->height),
		.right = clamp(ceil(right + margin) + 1, src->width),
		.bottom = clamp(ceil(bottom + margin) + 1, src->height)};
}

/*
 * The area at 1/k: means of blocks of k x k pixels, black where a block passes the source's
 * edges. False when out of memory.
 */
static bool reduce(const struct image *src, const struct area *area, int k, struct image *out)
{
	size_t columns = 3 * (size_t)(area->right - area->left);
	int width = (area->right - area->left + k - 1) / k;
	int height = (area->bottom - area->top + k - 1) / k;
	uint32_t *sum = mem_array(columns, sizeof(*sum));
	if (sum == NULL || image_new(out, width, height, NULL) != OK) {
		free(sum);
		return false;
	}
	double share = 1.0 / ((double)k * k);
	for (int y = 0; y < height; y++) {
		memset(sum, 0, columns * sizeof(*sum));
		int first = area->top + y * k;
		int end = area->bottom - first < k ? area->bottom : first + k;
		for (int row = first; row < end; row++) {
			const uint8_t *from = src->rgb +
				3 * ((size_t)row * (size_t)src->width + (size_t)area->left);
			for (size_t i = 0; i < columns; i++)
				sum[i] += from[i];
		}
		uint8_t *to = out->rgb + 3 * (size_t)y * (size_t)width;
		for (size_t x = 0; x < (size_t)width; x++) {
			for (size_t c = 0; c < 3; c++) {
				uint64_t block = 0;
				size_t last = 3 * (x + 1) * (size_t)k;
				for (size_t i = 3 * x * (size_t)k + c; i < last && i < columns;
					i += 3)
					block += sum[i];
				*to++ = (uint8_t)((double)block * share + 0.5);
			}
		}
	}
	free(sum);
	return true;
}

static bool is_finite(const struct affine *m)
{
	return isfinite(m->a) && isfinite(m->b) && isfinite(m->c) && isfinite(m->d) &&
		isfinite(m->e) && isfinite(m->f);
}

void sample_warp(const struct image *src, const struct affine *to_src, struct image *out)
{
	if (!is_finite(to_src)) {
		memset(out->rgb, 0, 3 * (size_t)out->width * (size_t)out->height);
		return;
	}
	double shrink = fmin(hypot(to_src->a, to_src->d), hypot(to_src->b, to_src->e));
	if (shrink < WARP_REDUCE_FROM) {
		warp_from(src, to_src, out);
		return;
	}
	int k = shrink < IMAGE_SIDE_MAX ? (int)(shrink / WARP_REDUCE_TO) : IMAGE_SIDE_MAX;
	struct area area = area_seen(src, to_src, out, k);
	struct image small = {0};
	if (area.left >= area.right || area.top >= area.bottom) {
		memset(out->rgb, 0, 3 * (size_t)out->width * (size_t)out->height);
		return;
	}
	if (!reduce(src, &area, k, &small)) {
		warp_from(src, to_src, out); /* slower, and just as right */
		return;
	}
	/* Centre of block i: left + k i + (k - 1) / 2. */
	double shift_x = area.left + (k - 1) / 2.0, shift_y = area.top + (k - 1) / 2.0;
	struct affine to_small = {.a = to_src->a / k,
		.b = to_src->b / k,
		.c = (to_src->c - shift_x) / k,
		.d = to_src->d / k,
		.e = to_src->e / k,
		.f = (to_src->f - shift_y) / k};
	warp_from(&small, &to_small, out);
	image_finish(&small);
}
