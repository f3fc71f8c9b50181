/* SPDX-License-Identifier: MIT */
/* What is kept of an enrolment photo gives the template that the photo itself gives. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attend/coming.h"
#include "tests/support/samples.h"

/*
 * Two photos of one person are some 0.3 to 0.5 apart: what is lost by the crop, its size and the
 * JPEG must be far less.
 */
#define NEAR 0.25

static struct pipeline *opened(void)
{
	struct pipeline *p;
	struct error why = {0};
	const struct pipeline_options options = {
		.models = folder_or_skip("ROLLCALL_MODELS"), .threads = 1};
	if (pipeline_open(&p, &options, &why) != OK)
		fail_msg("%s", why.text);
	return p;
}

/* The distance between a face's template and that of its kept crop; the crop must have one. */
static double lost(struct pipeline *p, const struct image *photo, const struct face *face)
{
	struct buf jpeg;
	struct image crop;
	struct face_list faces = {0};
	struct error why = {0};
	const struct image_options full_size = {0};
	double squared = 0;
	buf_init(&jpeg, STORE_PHOTO_MAX);
	assert_int_equal(kept_crop(photo, face, &jpeg, &why), OK);
	print_message("%zu bytes; ", jpeg.len);
	assert_int_equal(image_decode(jpeg.data, jpeg.len, &full_size, &crop, NULL, &why), OK);
	assert_true(crop.width <= KEPT_SIDE_MAX && crop.height <= KEPT_SIDE_MAX);
	assert_int_equal(pipeline_run(p, &crop, PIPELINE_TEMPLATE, &faces, NULL, &why), OK);
	assert_true(faces.count >= 1);
	const struct face *best = &faces.face[0];
	for (size_t i = 1; i < faces.count; i++)
		if (faces.face[i].box.w > best->box.w)
			best = &faces.face[i];
	for (size_t i = 0; i < pipeline_dim(p); i++) {
		double d = (double)best->embedding[i] - (double)face->embedding[i];
		squared += d * d;
	}
	face_list_finish(&faces);
	image_finish(&crop);
	buf_finish(&jpeg);
	return sqrt(squared);
}

static void a_kept_crop_gives_the_same_template(void **unused)
{
	struct pipeline *p = opened();
	struct error why = {0};
	static const int samples[] = {1, 3, 4};
	folder_or_skip("ROLLCALL_SAMPLES");
	size_t seen = 0;
	for (size_t s = 0; s < sizeof(samples) / sizeof(samples[0]); s++) {
		struct image photo = sample_photo(samples[s]);
		struct face_list faces = {0};
		assert_int_equal(
			pipeline_run(p, &photo, PIPELINE_TEMPLATE, &faces, NULL, &why), OK);
		for (size_t i = 0; i < faces.count; i++, seen++) {
			double d = lost(p, &photo, &faces.face[i]);
			print_message("sample %d, face %zu, %.0f pixels: %.3f\n", samples[s], i,
				(double)faces.face[i].box.w, d);
			assert_true(d < NEAR);
		}
		face_list_finish(&faces);
		image_finish(&photo);
	}
	assert_true(seen > 3);
	pipeline_close(p);
}

static void a_face_at_the_edge_is_kept_as_far_as_it_is_there(void **unused)
{
	struct image photo;
	struct buf jpeg;
	struct error why = {0};
	struct face face = {.box = {-20, -30, 60, 80}};
	assert_int_equal(image_new(&photo, 100, 100, &why), OK);
	buf_init(&jpeg, STORE_PHOTO_MAX);
	assert_int_equal(kept_crop(&photo, &face, &jpeg, &why), OK);
	assert_true(jpeg.len > 0);
	buf_finish(&jpeg);
	image_finish(&photo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kept_crop_gives_the_same_template),
		cmocka_unit_test(a_face_at_the_edge_is_kept_as_far_as_it_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
