/* SPDX-License-Identifier: MIT */
/* Resizing and warping against slow loops that say plainly what is wanted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "media/sample.h"
#include "tests/support/faults.h"
#include "tests/support/pictures.h"

static void fill(struct image *image, int r, int g, int b)
{
	for (size_t i = 0; i < (size_t)image->width * (size_t)image->height; i++) {
		image->rgb[3 * i] = (uint8_t)r;
		image->rgb[3 * i + 1] = (uint8_t)g;
		image->rgb[3 * i + 2] = (uint8_t)b;
	}
}

static void make(struct image *out, int width, int height)
{
	assert_int_equal(image_new(out, width, height, NULL), OK);
}

static void make_noise(struct image *out, int width, int height)
{
	uint32_t state = 12345;
	make(out, width, height);
	for (size_t i = 0; i < 3 * (size_t)width * (size_t)height; i++) {
		state = state * 1664525 + 1013904223;
		out->rgb[i] = (uint8_t)(state >> 24);
	}
}

static int pixel(const struct image *image, int x, int y, int c)
{
	if (x < 0 || y < 0 || x >= image->width || y >= image->height)
		return 0;
	return image->rgb[3 * ((size_t)y * (size_t)image->width + (size_t)x) + (size_t)c];
}

/* padToSquare and resizeBilinear of TensorFlow 1, word for word, in double precision. */
static double square_slowly(const struct image *src, int centre, int size, int x, int y, int c)
{
	int square = src->width > src->height ? src->width : src->height;
	/* Math.round(difference * 0.5) goes after the image, the rest before it. */
	int after_x = (int)floor((square - src->width) * (centre ? 0.5 : 1) + 0.5);
	int after_y = (int)floor((square - src->height) * (centre ? 0.5 : 1) + 0.5);
	int before_x = square - src->width - after_x, before_y = square - src->height - after_y;
	double at_x = x * ((double)square / size), at_y = y * ((double)square / size);
	int left = (int)floor(at_x), top = (int)floor(at_y);
	int right = (int)fmin(ceil(at_x), square - 1), bottom = (int)fmin(ceil(at_y), square - 1);
	double upper_left = pixel(src, left - before_x, top - before_y, c);
	double upper_right = pixel(src, right - before_x, top - before_y, c);
	double lower_left = pixel(src, left - before_x, bottom - before_y, c);
	double lower_right = pixel(src, right - before_x, bottom - before_y, c);
	double upper = upper_left + (upper_right - upper_left) * (at_x - left);
	double lower = lower_left + (lower_right - lower_left) * (at_x - left);
	return upper + (lower - upper) * (at_y - top);
}

static void the_square_is_tensorflows(void **state)
{
	(void)state;
	static const int sizes[][3] = {{97, 64, 40}, {64, 97, 40}, {50, 50, 50}, {31, 30, 112},
		{1, 1, 5}, {1, 9, 4}, {700, 333, 300}, {640, 480, 512}, {3, 2, 2}};
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		const int *s = sizes[i / 2];
		int centre = i % 2, size = s[2];
		struct image src;
		make_noise(&src, s[0], s[1]);
		float *out = calloc((size_t)size * (size_t)size * 3, sizeof(*out));
		assert_non_null(out);
		sample_square_tf(&src, centre, size, out);
		for (int n = 0; n < size * size * 3; n++) {
			int x = n / 3 % size, y = n / 3 / size;
			double wanted = square_slowly(&src, centre, size, x, y, n % 3);
			if (fabs(wanted - (double)out[n]) > 2e-4)
				fail_msg("%dx%d to %d at (%d, %d): %g, not %g", s[0], s[1], size, x,
					y, (double)out[n], wanted);
		}
		free(out);
		image_finish(&src);
	}
}

static void a_constant_stays_constant(void **state)
{
	(void)state;
	static const int sizes[][2] = {{10, 10}, {300, 7}, {1, 1}, {37, 55}, {1000, 3}, {99, 101}};
	struct image src, out;
	make(&src, 100, 60);
	fill(&src, 7, 128, 255);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct image wanted;
		assert_int_equal(sample_resize(&src, sizes[i][0], sizes[i][1], &out, NULL), OK);
		make(&wanted, sizes[i][0], sizes[i][1]);
		fill(&wanted, 7, 128, 255);
		assert_int_equal(picture_difference(&out, &wanted), 0);
		image_finish(&wanted);
		image_finish(&out);
	}
	image_finish(&src);
}

static void the_same_size_is_the_same_picture(void **state)
{
	(void)state;
	static const struct affine identity = {.a = 1, .e = 1};
	struct image src, out;
	make_noise(&src, 53, 31);
	assert_int_equal(sample_resize(&src, 53, 31, &out, NULL), OK);
	assert_int_equal(picture_difference(&src, &out), 0);
	fill(&out, 1, 2, 3);
	sample_warp(&src, &identity, &out);
	assert_int_equal(picture_difference(&src, &out), 0);
	image_finish(&out);
	image_finish(&src);
}

/* The mean over what a pixel covers, by very many points of the source's squares. */
static double mean_slowly(const struct image *src, const struct affine *m, int x, int y, int c)
{
	enum { POINTS = 32 };
	double sum = 0;
	for (int j = 0; j < POINTS; j++) {
		for (int i = 0; i < POINTS; i++) {
			double u = x + (i + 0.5) / POINTS - 0.5, v = y + (j + 0.5) / POINTS - 0.5;
			double at_x = m->a * u + m->b * v + m->c, at_y = m->d * u + m->e * v + m->f;
			sum += pixel(src, (int)floor(at_x + 0.5), (int)floor(at_y + 0.5), c);
		}
	}
	return sum / (POINTS * POINTS);
}

static double overlap(int k, double begin, double end)
{
	double from = fmax(k, begin), to = fmin(k + 1, end);
	return to > from ? to - from : 0;
}

static void shrinking_counts_every_pixel_by_its_area(void **state)
{
	(void)state;
	static const int sizes[][2] = {{20, 20}, {33, 17}, {60, 1}, {59, 39}, {1, 1}};
	struct image src, out;
	make_noise(&src, 60, 40);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int width = sizes[i][0], height = sizes[i][1];
		double sx = 60.0 / width, sy = 40.0 / height;
		assert_int_equal(sample_resize(&src, width, height, &out, NULL), OK);
		for (int n = 0; n < width * height * 3; n += 7) {
			int x = n / 3 % width, y = n / 3 / width;
			double sum = 0;
			for (int k = 0; k < 60 * 40; k++)
				sum += pixel(&src, k % 60, k / 60, n % 3) *
					overlap(k % 60, x * sx, (x + 1) * sx) *
					overlap(k / 60, y * sy, (y + 1) * sy);
			assert_true(fabs(sum / (sx * sy) - out.rgb[n]) < 0.51);
		}
		image_finish(&out);
	}
	image_finish(&src);
}

static void enlarging_is_bilinear_between_centres(void **state)
{
	(void)state;
	struct image src, out;
	make(&src, 2, 1);
	src.rgb[0] = 0;
	src.rgb[3] = 200;
	assert_int_equal(sample_resize(&src, 8, 3, &out, NULL), OK);
	static const int wanted[8] = {0, 0, 25, 75, 125, 175, 200, 200};
	for (int i = 0; i < 24; i++)
		assert_int_equal(out.rgb[3 * i], wanted[i % 8]);
	image_finish(&out);
	image_finish(&src);
}

static void a_shrunk_checkerboard_is_grey(void **state)
{
	(void)state;
	struct image src, out;
	make(&src, 640, 640);
	for (int i = 0; i < 640 * 640; i++)
		memset(src.rgb + 3 * i, (i % 640 + i / 640) % 2 * 255, 3);
	for (int size = 16; size <= 160; size *= 2) {
		double scale = 640.0 / size;
		for (int turned = 0; turned < 2; turned++) {
			double cosine = turned ? 0.8 : 1, sine = turned ? 0.6 : 0;
			struct affine m = {.a = scale * cosine,
				.b = -scale * sine,
				.d = scale * sine,
				.e = scale * cosine,
				.c = 100,
				.f = 120};
			make(&out, size / 4, size / 4);
			sample_warp(&src, &m, &out);
			for (int i = 0; i < out.width * out.height * 3; i++)
				assert_in_range(out.rgb[i], 127 - 20, 128 + 20);
			image_finish(&out);
		}
		assert_int_equal(sample_resize(&src, size, size, &out, NULL), OK);
		for (int i = 0; i < size * size * 3; i++)
			assert_in_range(out.rgb[i], 122, 133);
		image_finish(&out);
	}
	image_finish(&src);
}

static void compare_warp(const struct image *src, double scale, double degrees, double limits[2])
{
	enum { SIZE = 24 };
	double angle = degrees * 3.14159265358979 / 180;
	double a = scale * cos(angle), b = scale * sin(angle);
	double middle_x = src->width / 2.0, middle_y = src->height / 2.0;
	struct affine m = {.a = a, .b = -b, .d = b, .e = a};
	m.c = middle_x - (m.a + m.b) * (SIZE - 1) / 2;
	m.f = middle_y - (m.d + m.e) * (SIZE - 1) / 2;
	struct image out;
	double most = 0, squares = 0;
	make(&out, SIZE, SIZE);
	sample_warp(src, &m, &out);
	for (int n = 0; n < SIZE * SIZE * 3; n += 11) {
		double wanted = mean_slowly(src, &m, n / 3 % SIZE, n / 3 / SIZE, n % 3);
		double off = fabs(wanted - out.rgb[n]);
		most = fmax(most, off);
		squares += off * off;
	}
	double root = sqrt(squares / (SIZE * SIZE * 3 / 11.0));
	if (most > limits[0] || root > limits[1])
		fail_msg("scale %g, %g degrees: off by %.2f, %.2f in the mean square", scale,
			degrees, most, root);
	image_finish(&out);
}

static void a_shrinking_warp_is_the_mean_over_the_area(void **state)
{
	(void)state;
	static const double scales[] = {1, 1.3, 2, 3.9, 6.7, 8, 11.3, 20};
	static const double angles[] = {0, 10, 45, 200};
	struct image smooth, noise;
	picture_fill(&smooth, 500, 480);
	make_noise(&noise, 500, 480);
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		for (size_t k = 0; k < sizeof(angles) / sizeof(angles[0]); k++) {
			/* Noise is the worst there is: 74 levels, 74 / scale are left of it. */
			double worst[2] = {18, 5.5}, common[2] = {12, 1.2};
			compare_warp(&noise, scales[i], angles[k], worst);
			compare_warp(&smooth, scales[i], angles[k], common);
		}
	}
	image_finish(&smooth);
	image_finish(&noise);
}

/* Keys, Cubic convolution interpolation (1981), with a = -1/2: Catmull and Rom's. */
static double keys(double t)
{
	t = fabs(t);
	if (t <= 1)
		return (1.5 * t - 2.5) * t * t + 1;
	return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

static double cubic(const struct image *src, double x, double y, int c)
{
	double sum = 0;
	for (int row = (int)floor(y) - 1; row <= (int)floor(y) + 2; row++)
		for (int column = (int)floor(x) - 1; column <= (int)floor(x) + 2; column++)
			sum += keys(x - column) * keys(y - row) * pixel(src, column, row, c);
	return fmin(fmax(sum, 0), 255);
}

static void an_enlarging_warp_is_bicubic(void **state)
{
	(void)state;
	struct image src, out;
	struct affine m = {.a = 0.3, .b = 0.1, .c = 5.25, .d = -0.1, .e = 0.3, .f = 9.5};
	make_noise(&src, 40, 40);
	make(&out, 30, 30);
	sample_warp(&src, &m, &out);
	for (int n = 0; n < 30 * 30 * 3; n++) {
		int c = n % 3, column = n / 3 % 30, row = n / 90;
		double x = m.a * column + m.b * row + m.c, y = m.d * column + m.e * row + m.f;
		assert_true(fabs(cubic(&src, x, y, c) - out.rgb[n]) < 0.51);
	}
	image_finish(&out);
	image_finish(&src);
}

static void outside_the_image_is_black(void **state)
{
	(void)state;
	static const double scales[] = {0.2, 1, 3, 9};
	struct image src, out;
	make(&src, 40, 40);
	fill(&src, 255, 255, 255);
	make(&out, 30, 30);
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		double s = scales[i];
		/* The image's left edge runs through the output's middle. */
		struct affine m = {.a = s, .c = -15 * s, .e = s, .f = 1};
		sample_warp(&src, &m, &out);
		for (int y = 0; y < (s < 1 ? 30 : 4); y++) {
			for (int x = 0; x < (s < 1 ? 9 : 14); x++)
				assert_int_equal(pixel(&out, x, y, 1), 0);
		}
		assert_int_equal(pixel(&out, 17, 2, 1), 255);
	}
	static const struct affine odd[] = {{.a = NAN, .e = 1}, {.a = 1, .e = 1, .c = INFINITY},
		{.a = 1e300, .e = 1e300}, {.a = 1, .e = 1, .c = 1e12},
		{.a = 1, .e = 1, .f = -1e300}, {.a = 1e6, .e = 1e-6, .c = -1e9}, {0}};
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		sample_warp(&src, &odd[i], &out);
		assert_int_equal(pixel(&out, 29, 29, 0), i == 6 ? 255 : 0);
	}
	image_finish(&out);
	image_finish(&src);
}

static void a_crop_is_clipped_at_the_edges(void **state)
{
	(void)state;
	struct image src, out;
	struct error why = {0};
	make_noise(&src, 30, 20);
	assert_int_equal(sample_crop(&src, &(struct rect){-5, 12, 10, 100}, &out, &why), OK);
	assert_int_equal(out.width, 5);
	assert_int_equal(out.height, 8);
	assert_int_equal(pixel(&out, 4, 7, 2), pixel(&src, 4, 19, 2));
	image_finish(&out);
	assert_int_equal(sample_crop(&src, &(struct rect){30, 0, 5, 5}, &out, &why), ERR_ARG);
	assert_int_equal(sample_crop(&src, &(struct rect){3, 3, 0, 5}, &out, &why), ERR_ARG);
	assert_int_equal(sample_crop(&src, &(struct rect){3, 3, -5, 5}, &out, &why), ERR_ARG);
	assert_int_equal(
		sample_crop(&src, &(struct rect){2147483647, 0, 2147483647, 5}, &out, &why),
		ERR_ARG);
	assert_null(out.rgb);
	image_finish(&src);
}

static void a_map_and_its_inverse_cancel_out(void **state)
{
	(void)state;
	struct affine m = {.a = 2, .b = -1, .c = 30, .d = 0.5, .e = 3, .f = -7}, back;
	assert_true(affine_invert(&m, &back));
	double x = m.a * 11 + m.b * 13 + m.c, y = m.d * 11 + m.e * 13 + m.f;
	assert_true(fabs(back.a * x + back.b * y + back.c - 11) < 1e-9);
	assert_true(fabs(back.d * x + back.e * y + back.f - 13) < 1e-9);
	m = (struct affine){.a = 1, .b = 2, .d = 2, .e = 4};
	assert_false(affine_invert(&m, &back));
}

static enum err resize(void *arg, struct error *why)
{
	struct image out;
	enum err err = sample_resize(arg, 13, 90, &out, why);
	image_finish(&out);
	return err;
}

static enum err warp(void *arg, struct error *why)
{
	struct affine m = {.a = 9, .e = 9};
	struct image out;
	enum err err = image_new(&out, 6, 6, why);
	if (err == OK)
		sample_warp(arg, &m, &out);
	if (err == OK && pixel(&out, 5, 3, 1) != 99)
		err = err_set(why, ERR_INTERNAL, "another picture");
	image_finish(&out);
	return err;
}

static void every_allocation_of_sampling_fails_once(void **state)
{
	(void)state;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct image src;
	make(&src, 60, 60);
	fill(&src, 99, 99, 99);
	struct faults_result result = faults_each(resize, &src, NULL);
	assert_string_equal(result.problem, "");
	assert_true(result.failed > 3);
	result = faults_each(warp, &src, NULL);
	assert_string_equal(result.problem, "");
	assert_int_equal(result.failed, 1);
	assert_int_equal(result.calm, 2); /* without the smaller copy it is only slower */
	image_finish(&src);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_square_is_tensorflows),
		cmocka_unit_test(a_constant_stays_constant),
		cmocka_unit_test(the_same_size_is_the_same_picture),
		cmocka_unit_test(shrinking_counts_every_pixel_by_its_area),
		cmocka_unit_test(enlarging_is_bilinear_between_centres),
		cmocka_unit_test(a_shrunk_checkerboard_is_grey),
		cmocka_unit_test(a_shrinking_warp_is_the_mean_over_the_area),
		cmocka_unit_test(an_enlarging_warp_is_bicubic),
		cmocka_unit_test(outside_the_image_is_black),
		cmocka_unit_test(a_crop_is_clipped_at_the_edges),
		cmocka_unit_test(a_map_and_its_inverse_cancel_out),
		cmocka_unit_test(every_allocation_of_sampling_fails_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
