/* SPDX-License-Identifier: MIT */
/*
 * A labelled set of four pictures, cut from the sample photos of the model package.
 * Skipped without the folders $ROLLCALL_MODELS and $ROLLCALL_SAMPLES.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "gallery/evaluate.h"
#include "tests/support/home.h"
#include "tests/support/samples.h"

/* Ann is on the right of the first sample and in the middle of the third. */
static const struct {
	const char *name;
	int number, sample;
	struct rect part;
} picture[] = {
	{"Ann", 1, 1, {1376, 79, 403, 481}}, {"Ann", 2, 3, {985, 115, 380, 480}},
	{"Bea", 1, 1, {320, 240, 380, 480}}, {"Sky", 1, 1, {1700, 900, 100, 100}}, /* nobody */
};

static const char text[] = "2\nAnn 1 2\nAnn 2 1\nAnn 1 Bea 1\nAnn 2 Sky 1\n";

static void cut(const struct home *home, size_t i)
{
	char path[4096];
	struct image crop = sample_part(picture[i].sample, &picture[i].part);
	struct error why = {0};
	snprintf(path, sizeof(path), "%s/%s", home->folder, picture[i].name);
	assert_int_equal(file_make_folder(path, 0700, &why), OK);
	snprintf(path, sizeof(path), "%s/%s/%s_%04d.jpg", home->folder, picture[i].name,
		picture[i].name, picture[i].number);
	assert_int_equal(image_save(&crop, path, &why), OK);
	image_finish(&crop);
}

struct count {
	size_t calls, total, stop_at;
};

static enum err on_progress(void *ctx, size_t done, size_t total)
{
	struct count *count = ctx;
	assert_int_equal(done, ++count->calls);
	count->total = total;
	return done == count->stop_at ? ERR_STOPPED : OK;
}

static enum err run(const char *images, double scale, struct count *count, struct evaluation *out)
{
	struct error why = {0};
	struct pipeline *p;
	struct pair_list pairs;
	struct pipeline_options options = {
		.models = folder_or_skip("ROLLCALL_MODELS"), .threads = 1};
	assert_int_equal(pairs_parse(&pairs, text, strlen(text), &why), OK);
	assert_int_equal(pipeline_open(&p, &options, &why), OK);
	enum err err = evaluate_run(p,
		&(struct evaluate_options){&pairs, images, scale, on_progress, count}, out, &why);
	pipeline_close(p);
	pair_list_finish(&pairs);
	return err;
}

static void a_small_set_is_measured_as_a_whole(void **unused)
{
	folder_or_skip("ROLLCALL_MODELS");
	folder_or_skip("ROLLCALL_SAMPLES");
	struct home home;
	struct evaluation found;
	assert_true(home_make_quick(&home));
	for (size_t i = 0; i < sizeof(picture) / sizeof(picture[0]); i++)
		cut(&home, i);
	for (int scale = 0; scale < 2; scale++) {
		struct count count = {0};
		assert_int_equal(run(home.folder, scale * 0.5, &count, &found), OK);
		assert_int_equal(count.calls, 4); /* each photo once */
		assert_int_equal(count.total, 4);
		assert_int_equal(found.photos, 4);
		assert_int_equal(found.photos_failed, 1);
		assert_int_equal(found.pairs.used, 3);
		assert_int_equal(found.pairs.failed, 1);
		assert_true(found.pairs.eer == 0 && found.pairs.tar[0] == 1);
		assert_int_equal(found.same->total, 1);
		assert_int_equal(found.different->total, 2);
		assert_true(distances_rate(found.same, 0.55) == 1);
		assert_true(distances_rate(found.different, 0.55) == 0);
		evaluation_finish(&found);
	}
	struct count stop = {.stop_at = 2};
	assert_int_equal(run(home.folder, 1, &stop, &found), ERR_STOPPED);
	assert_int_equal(stop.calls, 2);
	evaluation_finish(&found);
	home_remove(&home);
}

static void a_missing_photo_stops_it(void **unused)
{
	struct evaluation found;
	struct count count = {0};
	folder_or_skip("ROLLCALL_MODELS");
	assert_int_equal(run("/nowhere", 1, &count, &found), ERR_NOT_FOUND);
	assert_int_equal(count.calls, 0);
	evaluation_finish(&found);
}

static void the_face_nearest_the_centre_is_meant(void **unused)
{
	struct face face[3] = {
		{.box = {0, 0, 10, 10}}, {.box = {40, 45, 20, 20}}, {.box = {70, 70, 30, 30}}};
	struct face_list faces = {face, 3, 3};
	struct image photo = {.width = 100, .height = 100};
	assert_ptr_equal(face_nearest_centre(&faces, &photo), &face[1]);
	assert_null(face_nearest_centre(&(struct face_list){0}, &photo));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_set_is_measured_as_a_whole),
		cmocka_unit_test(a_missing_photo_stops_it),
		cmocka_unit_test(the_face_nearest_the_centre_is_meant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
