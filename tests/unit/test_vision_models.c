/* SPDX-License-Identifier: MIT */
/*
 * The pipeline with its models on the sample photos of the model package. Skipped without
 * the folders $ROLLCALL_MODELS and $ROLLCALL_SAMPLES.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/sample.h"
#include "vision/detect.h"
#include "tests/support/samples.h"
#include "vision/pipeline.h"

enum { SAMPLES = 6, FACES = 32 };

/* What the photos show, counted by eye. */
static const size_t people_in[SAMPLES] = {3, 3, 3, 4, 5, 4};

static struct pipeline *open_or_skip(const char *detector)
{
	struct error why = {0};
	struct pipeline *p = NULL;
	struct pipeline_options options = {
		.models = folder_or_skip("ROLLCALL_MODELS"), .detector = detector, .threads = 1};
	folder_or_skip("ROLLCALL_SAMPLES");
	if (pipeline_open(&p, &options, &why) != OK)
		fail_msg("%s", why.text);
	return p;
}

static void run(struct pipeline *p, const struct image *photo, enum pipeline_depth depth,
	struct face_list *faces)
{
	struct error why = {0};
	struct pipeline_times ms;
	if (pipeline_run(p, photo, depth, faces, &ms, &why) != OK)
		fail_msg("%s", why.text);
	assert_true(ms.detect > 0 && ms.landmarks >= 0 && ms.embed >= 0);
}

static double distance(const struct face *a, const struct face *b)
{
	double sum = 0;
	for (int i = 0; i < FACE_DIM_MAX; i++) {
		double d = (double)a->embedding[i] - (double)b->embedding[i];
		sum += d * d;
	}
	return sqrt(sum);
}

static void every_face_of_the_samples_is_found(void **unused)
{
	struct pipeline *p = open_or_skip("ssd");
	struct face_list faces = {0};
	for (int i = 0; i < SAMPLES; i++) {
		struct image photo = sample_photo(i + 1);
		run(p, &photo, PIPELINE_DETECT, &faces);
		assert_int_equal(faces.count, people_in[i]);
		for (size_t k = 0; k < faces.count; k++) {
			const struct face *f = &faces.face[k];
			assert_true(f->score >= PIPELINE_MIN_SCORE && f->score <= 1);
			assert_true(k == 0 || f->score <= faces.face[k - 1].score);
			assert_true(f->box.w > 100 && f->box.h > 100 && f->box.w < 400);
			/* The chin is below the nose, and that about in the box, in profile too. */
			struct point nose = f->landmark[30], chin = f->landmark[8];
			float room = 0.2f * f->box.w;
			assert_true(
				nose.x > f->box.x - room && nose.x < f->box.x + f->box.w + room);
			assert_true(nose.y > f->box.y && nose.y < f->box.y + f->box.h);
			assert_true(chin.y > nose.y);
		}
		image_finish(&photo);
	}
	face_list_finish(&faces);
	pipeline_close(p);
}

static void the_quick_detector_finds_somebody_in_each_sample(void **unused)
{
	struct pipeline *p = open_or_skip("tiny");
	struct face_list faces = {0};
	for (int i = 0; i < SAMPLES; i++) {
		struct image photo = sample_photo(i + 1);
		run(p, &photo, PIPELINE_DETECT, &faces);
		assert_in_range(faces.count, 1, 2 * people_in[i]);
		image_finish(&photo);
	}
	face_list_finish(&faces);
	pipeline_close(p);
}

static void people_of_one_photo_are_all_different(void **unused)
{
	struct pipeline *p = open_or_skip("ssd");
	struct face_list faces = {0};
	for (int i = 0; i < SAMPLES; i++) {
		struct image photo = sample_photo(i + 1);
		run(p, &photo, PIPELINE_EMBED, &faces);
		for (size_t a = 0; a < faces.count; a++)
			for (size_t b = 0; b < a; b++)
				assert_true(distance(&faces.face[a], &faces.face[b]) > 0.5);
		image_finish(&photo);
	}
	face_list_finish(&faces);
	pipeline_close(p);
}

/* The face whose box holds (x, y), or NULL. */
static const struct face *face_around(const struct face_list *faces, float x, float y)
{
	for (size_t i = 0; i < faces->count; i++) {
		const struct box *b = &faces->face[i].box;
		if (x > b->x && x < b->x + b->w && y > b->y && y < b->y + b->h)
			return &faces->face[i];
	}
	return NULL;
}

static void the_same_person_in_two_photos_is_nearest(void **unused)
{
	struct pipeline *p = open_or_skip("ssd");
	struct face_list first = {0}, third = {0};
	struct image photo = sample_photo(1);
	run(p, &photo, PIPELINE_TEMPLATE, &first);
	image_finish(&photo);
	photo = sample_photo(3);
	run(p, &photo, PIPELINE_EMBED, &third);
	image_finish(&photo);
	/* On the right of the first photo, in the middle of the third. */
	const struct face *her = face_around(&first, 1577, 319);
	const struct face *again = face_around(&third, 1185, 364);
	assert_non_null(her);
	assert_non_null(again);
	assert_true(distance(her, again) < 0.5);
	for (size_t i = 0; i < third.count; i++)
		if (&third.face[i] != again)
			assert_true(distance(her, &third.face[i]) > 0.55);
	face_list_finish(&first);
	face_list_finish(&third);
	pipeline_close(p);
}

static void a_smaller_copy_of_a_photo_shows_the_same_people(void **unused)
{
	struct pipeline *p = open_or_skip("ssd");
	struct face_list large = {0}, small = {0};
	struct error why = {0};
	struct image photo = sample_photo(6), half;
	assert_int_equal(sample_resize(&photo, photo.width / 2, photo.height / 2, &half, &why), OK);
	run(p, &photo, PIPELINE_EMBED, &large);
	run(p, &half, PIPELINE_EMBED, &small);
	assert_int_equal(small.count, large.count);
	for (size_t i = 0; i < large.count; i++) {
		const struct box *b = &large.face[i].box;
		const struct face *same =
			face_around(&small, (b->x + b->w / 2) / 2, (b->y + b->h / 2) / 2);
		assert_non_null(same);
		assert_true(distance(&large.face[i], same) < 0.25);
	}
	image_finish(&photo);
	image_finish(&half);
	face_list_finish(&large);
	face_list_finish(&small);
	pipeline_close(p);
}

static void a_run_gives_the_same_again(void **unused)
{
	struct pipeline *p = open_or_skip("ssd");
	struct face_list once = {0}, again = {0};
	struct image photo = sample_photo(5);
	run(p, &photo, PIPELINE_EMBED, &once);
	run(p, &photo, PIPELINE_EMBED, &again);
	assert_int_equal(once.count, again.count);
	for (size_t i = 0; i < once.count; i++)
		assert_true(distance(&once.face[i], &again.face[i]) == 0);
	image_finish(&photo);
	face_list_finish(&once);
	face_list_finish(&again);
	pipeline_close(p);
}

/* Of photos that are seen in several views; each number is that of one thread. */
static void several_threads_find_what_one_finds(void **unused)
{
	struct error why = {0};
	struct pipeline *one = open_or_skip("ssd"), *three = NULL;
	const struct pipeline_options options = {
		.models = folder_or_skip("ROLLCALL_MODELS"), .detector = "ssd", .threads = 3};
	if (pipeline_open(&three, &options, &why) != OK)
		fail_msg("%s", why.text);
	struct face_list alone = {0}, together = {0};
	for (int i = 0; i < 3; i++) {
		struct image photo = sample_photo(i + 1);
		run(one, &photo, PIPELINE_EMBED, &alone);
		run(three, &photo, PIPELINE_EMBED, &together);
		assert_int_equal(alone.count, people_in[i]);
		assert_int_equal(together.count, alone.count);
		for (size_t k = 0; k < alone.count; k++)
			assert_memory_equal(
				&together.face[k], &alone.face[k], sizeof(alone.face[k]));
		image_finish(&photo);
	}
	face_list_finish(&alone);
	face_list_finish(&together);
	pipeline_close(one);
	pipeline_close(three);
}

static void a_face_that_fills_the_photo_is_found(void **unused)
{
	/* The detector alone is unsure of it: the second look finds it. */
	struct pipeline *p = open_or_skip("ssd");
	struct face_list faces = {0};
	struct image crop = sample_part(3, &(struct rect){1055, 180, 260, 340});
	run(p, &crop, PIPELINE_EMBED, &faces);
	assert_int_equal(faces.count, 1);
	image_finish(&crop);
	face_list_finish(&faces);
	pipeline_close(p);
}

static void a_photo_of_nothing_has_no_faces(void **unused)
{
	struct pipeline *p = open_or_skip("ssd");
	struct face_list faces = {0};
	struct error why = {0};
	static const int sides[][2] = {{1, 1}, {1, 500}, {500, 1}, {640, 480}, {3000, 10}};
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct image photo;
		assert_int_equal(image_new(&photo, sides[i][0], sides[i][1], &why), OK);
		run(p, &photo, PIPELINE_EMBED, &faces);
		assert_int_equal(faces.count, 0);
		image_finish(&photo);
	}
	face_list_finish(&faces);
	pipeline_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_face_of_the_samples_is_found),
		cmocka_unit_test(the_quick_detector_finds_somebody_in_each_sample),
		cmocka_unit_test(people_of_one_photo_are_all_different),
		cmocka_unit_test(the_same_person_in_two_photos_is_nearest),
		cmocka_unit_test(a_smaller_copy_of_a_photo_shows_the_same_people),
		cmocka_unit_test(a_run_gives_the_same_again),
		cmocka_unit_test(several_threads_find_what_one_finds),
		cmocka_unit_test(a_face_that_fills_the_photo_is_found),
		cmocka_unit_test(a_photo_of_nothing_has_no_faces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
