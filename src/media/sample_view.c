/* SPDX-License-Identifier: MIT */
#include "media/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The source pixels of one output pixel along an axis, clipped to the source. */
struct run {
	int first, count;
	size_t weight; /* index of the first one's */
};

struct axis {
	struct run *run;
	float *weight; /* those of a run sum to 1 where none of it lies outside */
};

static void axis_finish(struct axis *a)
{
	free(a->run);
	free(a->weight);
}

/*
 * The weight of source pixel k for the output pixel [from, from + step): the share that it
 * covers, or for an enlargement linear between pixels' centres.
 */
static float weight_of(double from, double step, int k)
{
	if (step <= 1)
		return (float)fmax(0, 1 - fabs(from + step / 2 - 0.5 - k));
	double begin = fmax(from, k), end = fmin(from + step, k + 1.0);
	return (float)(fmax(0, end - begin) / step);
}

static bool axis_init(struct axis *a, double from, double step, int count, int len)
{
	size_t room = (size_t)ceil(step) + 2, used = 0, all;
	*a = (struct axis){0};
	if (!size_mul((size_t)count, room, &all))
		return false;
	a->run = mem_array((size_t)count, sizeof(*a->run));
	a->weight = mem_array(all, sizeof(*a->weight));
	if (a->run == NULL || a->weight == NULL) {
		axis_finish(a);
		*a = (struct axis){0};
		return false;
	}
	for (int i = 0; i < count; i++) {
		double begin = from + i * step, end = begin + step;
		if (step <= 1) {
			begin = (begin + end) / 2 - 0.5;
			end = begin + 1;
		}
		int first = (int)fmin(fmax(floor(begin), 0), len);
		int last = (int)fmin(fmax(ceil(step <= 1 ? end + 0.5 : end), 0), len);
		a->run[i] = (struct run){first, last > first ? last - first : 0, used};
		for (int k = first; k < last; k++)
			a->weight[used++] = weight_of(from + i * step, step, k);
	}
	return true;
}

/* The weighted sum of source rows, between two columns, into `sum`. */
static void add_rows(const struct image *src, const struct run *rows, const float *weight,
	const size_t column[static 2], float *restrict sum)
{
	size_t begin = column[0] * 3, end = column[1] * 3;
	memset(sum + begin, 0, (end - begin) * sizeof(*sum));
	for (int k = 0; k < rows->count; k++) {
		const uint8_t *restrict row =
			src->rgb + (size_t)(rows->first + k) * (size_t)src->width * 3;
		float share = weight[k];
		for (size_t i = begin; i < end; i++)
			sum[i] += share * (float)row[i];
	}
}

static void add_columns(const float *sum, const struct axis *x, int width, float *out)
{
	for (int i = 0; i < width; i++, out += 3) {
		const float *weight = x->weight + x->run[i].weight;
		const float *from = sum + 3 * (size_t)x->run[i].first;
		float r = 0, g = 0, b = 0;
		for (int k = 0; k < x->run[i].count; k++, from += 3) {
			r += weight[k] * from[0];
			g += weight[k] * from[1];
			b += weight[k] * from[2];
		}
		out[0] = r;
		out[1] = g;
		out[2] = b;
	}
}

enum err sample_view(
	const struct image *src, const struct sample_window *window, float *out, struct error *why)
{
	const int width = window->width, height = window->height;
	const double step = window->step;
	struct axis x = {0}, y = {0};
	float *sum = NULL;
	enum err err = OK;
	if (!(step > 0 && step <= IMAGE_SIDE_MAX) || !isfinite(window->left) ||
		!isfinite(window->top))
		return err_set(why, ERR_ARG, "cannot look at %g pixels at once", step);
	sum = mem_array(3 * (size_t)src->width, sizeof(*sum));
	if (sum == NULL || !axis_init(&x, window->left, step, width, src->width) ||
		!axis_init(&y, window->top, step, height, src->height)) {
		err = err_set(why, ERR_NOMEM, "no memory to look at a part of an image");
		goto out;
	}
	size_t column[2] = {(size_t)src->width, 0};
	for (int i = 0; i < width; i++) {
		size_t first = (size_t)x.run[i].first, end = first + (size_t)x.run[i].count;
		if (first == end)
			continue;
		column[0] = first < column[0] ? first : column[0];
		column[1] = end > column[1] ? end : column[1];
	}
	for (int i = 0; i < height; i++, out += 3 * (size_t)width) {
		if (y.run[i].count == 0 || column[0] >= column[1]) {
			memset(out, 0, 3 * (size_t)width * sizeof(*out));
			continue;
		}
		add_rows(src, &y.run[i], y.weight + y.run[i].weight, column, sum);
		add_columns(sum, &x, width, out);
	}
out:
	free(sum);
	axis_finish(&x);
	axis_finish(&y);
	return err;
}
