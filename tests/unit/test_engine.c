/* SPDX-License-Identifier: MIT */
/*
 * Recognition and store together, on the sample photos of the model package. Skipped
 * without the folders $ROLLCALL_MODELS and $ROLLCALL_SAMPLES.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "attend/engine.h"
#include "base/file.h"
#include "store/stamp.h"
#include "tests/support/home.h"
#include "tests/support/samples.h"

enum { NOW = 1000 };

/* A rectangle of a sample photo with one person in it. */
struct portrait {
	int sample;
	struct rect part;
};

/* The same person: on the right of the first sample, in the middle of the third. */
static const struct portrait her_first = {1, {1376, 79, 403, 481}};
static const struct portrait her_third = {3, {985, 115, 380, 480}};
/* Others. */
static const struct portrait left_first = {1, {320, 240, 380, 480}};
static const struct portrait middle_first = {1, {740, 310, 380, 460}};

struct fixture {
	struct home home;
	struct store *store;
	struct engine *engine;
};

static void open_engine(struct fixture *f, float min_score)
{
	struct error why = {0};
	struct pipeline_options options = {
		.models = folder_or_skip("ROLLCALL_MODELS"), .min_score = min_score, .threads = 1};
	if (engine_open(&f->engine, f->store, &options, &why) != OK)
		fail_msg("%s", why.text);
}

static void setup(struct fixture *f)
{
	*f = (struct fixture){0};
	folder_or_skip("ROLLCALL_MODELS");
	folder_or_skip("ROLLCALL_SAMPLES");
	assert_true(home_begin(&f->home, &f->store));
	open_engine(f, 0);
}

static void teardown(struct fixture *f)
{
	engine_close(f->engine);
	home_end(&f->home, f->store);
}

/* Writes an image below the test's folder; the path stays good until the next call. */
static const char *saved(const struct fixture *f, struct image *image, const char *name)
{
	static char path[HOME_PATH + 64];
	struct error why = {0};
	snprintf(path, sizeof(path), "%s/%s.png", f->home.folder, name);
	if (image_save(image, path, &why) != OK)
		fail_msg("%s", why.text);
	image_finish(image);
	return path;
}

static enum err enrol_file(
	struct fixture *f, const char *id, const char *path, bool any, struct error *why)
{
	struct enrol_photo taken;
	struct enrol_options options = {.largest = any};
	enum err err = engine_enrol_photo(f->engine, path, &options, &taken, why);
	return err == OK ? engine_enrol(f->engine, id, &taken, NOW, why) : err;
}

static void enrol(
	struct fixture *f, const char *name, const struct portrait *p, char id[static UUID_TEXT])
{
	struct error why = {0};
	struct image crop = sample_part(p->sample, &p->part);
	assert_int_equal(home_person(f->store, name, "", id, &why), OK);
	if (enrol_file(f, id, saved(f, &crop, name), false, &why) != OK)
		fail_msg("%s", why.text);
}

static size_t count(const struct identified *found, enum decision decision)
{
	size_t n = 0;
	for (size_t i = 0; i < found->faces.count; i++)
		n += found->verdict[i].decision == decision;
	return n;
}

static void identify(struct fixture *f, const struct image *photo, struct identified *found)
{
	struct error why = {0};
	if (engine_identify_image(f->engine, photo, found, &why) != OK)
		fail_msg("%s", why.text);
}

static void who_is_enrolled_is_named_in_another_photo(void **unused)
{
	struct fixture f;
	char her[UUID_TEXT], left[UUID_TEXT];
	setup(&f);
	enrol(&f, "Her", &her_first, her);
	enrol(&f, "Left", &left_first, left);
	char path[SAMPLE_PATH];
	sample_path(3, path);
	struct identified found = {0};
	struct error why = {0};
	assert_int_equal(engine_identify_file(f.engine, path, &found, &why), OK);
	assert_int_equal(found.faces.count, 3);
	assert_int_equal(count(&found, DECISION_MATCH), 1);
	for (size_t i = 0; i < found.faces.count; i++) {
		if (found.verdict[i].decision == DECISION_UNKNOWN)
			assert_string_equal(found.person[i].id, "");
		if (found.verdict[i].decision != DECISION_MATCH)
			continue;
		assert_string_equal(found.person[i].id, her);
		assert_string_equal(found.person[i].name, "Her");
		assert_true(found.faces.face[i].box.x > 985 && found.faces.face[i].box.x < 1365);
	}
	assert_true(found.width == found.photo.width && found.height == found.photo.height);
	assert_true(found.ms_decode > 0);
	static const uint8_t none[PHOTO_HASH_BYTES] = {0};
	assert_memory_not_equal(found.photo_hash, none, sizeof(none));
	identified_finish(&found);
	teardown(&f);
}

static void templates_outlive_the_engine(void **unused)
{
	struct fixture f;
	char her[UUID_TEXT];
	setup(&f);
	enrol(&f, "Her", &her_first, her);
	engine_close(f.engine);
	open_engine(&f, 0);
	assert_int_equal(gallery_people(engine_gallery(f.engine)), 1);
	struct identified found = {0};
	struct image photo = sample_photo(3);
	identify(&f, &photo, &found);
	assert_int_equal(count(&found, DECISION_MATCH), 1);
	image_finish(&photo);
	identified_finish(&found);
	teardown(&f);
}

/* Two pictures beside each other on grey. */
static struct image beside(const struct image *a, const struct image *b)
{
	struct image both;
	struct error why = {0};
	int height = a->height > b->height ? a->height : b->height;
	assert_int_equal(image_new(&both, a->width + b->width, height, &why), OK);
	memset(both.rgb, 128, 3 * (size_t)both.width * (size_t)both.height);
	for (int y = 0; y < height; y++) {
		uint8_t *row = both.rgb + 3 * (size_t)y * (size_t)both.width;
		if (y < a->height)
			memcpy(row, a->rgb + 3 * (size_t)y * (size_t)a->width,
				3 * (size_t)a->width);
		if (y < b->height)
			memcpy(row + 3 * (size_t)a->width,
				b->rgb + 3 * (size_t)y * (size_t)b->width, 3 * (size_t)b->width);
	}
	return both;
}

static void two_faces_of_a_photo_are_never_the_same_person(void **unused)
{
	struct fixture f;
	char her[UUID_TEXT];
	setup(&f);
	enrol(&f, "Her", &her_first, her);
	struct image first = sample_part(her_first.sample, &her_first.part),
		     third = sample_part(her_third.sample, &her_third.part);
	struct image both = beside(&third, &first);
	struct identified found = {0};
	identify(&f, &both, &found);
	assert_int_equal(found.faces.count, 2);
	assert_int_equal(count(&found, DECISION_MATCH), 1);
	assert_int_equal(count(&found, DECISION_REVIEW), 1);
	size_t named = found.verdict[0].decision == DECISION_MATCH ? 0 : 1;
	/* The picture that she was enrolled with is the nearer one: it is on the right. */
	assert_true(found.faces.face[named].box.x > (float)third.width);
	assert_true(found.verdict[named].distance < found.verdict[1 - named].distance);
	assert_string_equal(found.person[1 - named].id, her);
	assert_non_null(strstr(found.verdict[1 - named].reason, "nearer"));
	image_finish(&first);
	image_finish(&third);
	image_finish(&both);
	identified_finish(&found);
	teardown(&f);
}

static void a_photo_of_several_is_refused_unless_the_largest_will_do(void **unused)
{
	struct fixture f;
	char id[UUID_TEXT];
	struct error why = {0};
	setup(&f);
	assert_int_equal(home_person(f.store, "Ann", "", id, &why), OK);
	struct image photo = sample_photo(3);
	const char *path = saved(&f, &photo, "several");
	assert_int_equal(enrol_file(&f, id, path, false, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "3 faces"));
	assert_int_equal(gallery_templates(engine_gallery(f.engine)), 0);
	assert_int_equal(enrol_file(&f, id, path, true, &why), OK);
	assert_int_equal(gallery_templates(engine_gallery(f.engine)), 1);
	teardown(&f);
}

/* Lines over the eyes, as lashes of shut lids are, on skin from below them. */
static void shut_eyes(struct fixture *f, struct image *photo)
{
	struct identified found = {0};
	identify(f, photo, &found);
	assert_int_equal(found.faces.count, 1);
	const struct point *p = found.faces.face[0].landmark;
	for (int first = 36; first <= 42; first += 6) {
		struct point a = p[first], b = p[first + 3];
		float x = (a.x + b.x) / 2, y = (a.y + b.y) / 2, half = fabsf(a.x - b.x) * 0.75f;
		for (int v = (int)(-half * 0.7f); v < half * 0.7f; v++) {
			for (int u = (int)-half; u < half; u++) {
				uint8_t *to =
					photo->rgb + 3 * (((int)y + v) * photo->width + (int)x + u);
				const uint8_t *skin = photo->rgb +
					3 *
						(((int)(y + half) + abs(v) / 8) * photo->width +
							(int)x + u / 2);
				for (int c = 0; c < 3; c++)
					to[c] = abs(v) < half * 0.08f ? 30 : skin[c];
			}
		}
	}
	identified_finish(&found);
}

static void a_photo_with_shut_eyes_is_refused_unless_forced(void **unused)
{
	struct fixture f;
	char id[UUID_TEXT];
	struct error why = {0};
	struct enrol_photo taken;
	const struct enrol_options force = {.force = true};
	setup(&f);
	assert_int_equal(home_person(f.store, "Ann", "", id, &why), OK);
	struct image photo = sample_part(her_third.sample, &her_third.part);
	shut_eyes(&f, &photo);
	/* The detector hardly believes such a drawing. */
	engine_close(f.engine);
	open_engine(&f, 0.1f);
	const char *path = saved(&f, &photo, "shut");
	assert_int_equal(enrol_file(&f, id, path, false, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "the face is shown with eyes closed"));
	assert_non_null(strstr(why.text, "open the eyes"));
	assert_int_equal(engine_enrol_photo(f.engine, path, &force, &taken, &why), OK);
	teardown(&f);
}

static void a_small_face_behind_does_not_matter(void **unused)
{
	struct fixture f;
	char id[UUID_TEXT];
	struct error why = {0};
	setup(&f);
	assert_int_equal(home_person(f.store, "Ann", "", id, &why), OK);
	struct image near = sample_part(her_third.sample, &her_third.part),
		     far = sample_part(left_first.sample, &left_first.part), tiny;
	/* A third of the size. */
	assert_int_equal(image_new(&tiny, far.width / 3, far.height / 3, &why), OK);
	for (int i = 0; i < tiny.width * tiny.height; i++)
		memcpy(tiny.rgb + 3 * i,
			far.rgb + 3 * (i / tiny.width * 3 * far.width + i % tiny.width * 3), 3);
	struct image both = beside(&near, &tiny);
	struct identified found = {0};
	identify(&f, &both, &found);
	assert_int_equal(found.faces.count, 2);
	assert_int_equal(enrol_file(&f, id, saved(&f, &both, "both"), false, &why), OK);
	identified_finish(&found);
	image_finish(&near);
	image_finish(&far);
	image_finish(&tiny);
	teardown(&f);
}

static void a_photo_without_a_usable_face_is_refused(void **unused)
{
	struct fixture f;
	char id[UUID_TEXT];
	struct error why = {0};
	struct image blank, crop;
	setup(&f);
	assert_int_equal(home_person(f.store, "Ann", "", id, &why), OK);
	assert_int_equal(image_new(&blank, 320, 240, &why), OK);
	assert_int_equal(
		enrol_file(&f, id, saved(&f, &blank, "blank"), false, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "no face"));
	crop = sample_part(her_third.sample, &her_third.part);
	for (int i = 0; i < 3 * crop.width * crop.height; i++)
		crop.rgb[i] = crop.rgb[i] < 128 ? (uint8_t)(crop.rgb[i] * 2) : 255;
	/* Too bright: whether it is still found as a face is the detector's affair. */
	enum err bright = enrol_file(&f, id, saved(&f, &crop, "bright"), false, &why);
	assert_true(bright == ERR_ARG || bright == ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, bright == ERR_ARG ? "too bright" : "no face"));
	assert_int_equal(enrol_file(&f, id, "/nowhere/photo.jpg", false, &why), ERR_NOT_FOUND);
	assert_int_equal(gallery_templates(engine_gallery(f.engine)), 0);
	teardown(&f);
}

static void the_same_photo_again_is_refused(void **unused)
{
	struct fixture f;
	char ann[UUID_TEXT], bob[UUID_TEXT];
	struct error why = {0};
	setup(&f);
	enrol(&f, "Ann", &middle_first, ann);
	assert_int_equal(home_person(f.store, "Bob", "", bob, &why), OK);
	struct image crop = sample_part(middle_first.sample, &middle_first.part);
	const char *path = saved(&f, &crop, "again");
	assert_int_equal(enrol_file(&f, ann, path, false, &why), ERR_EXISTS);
	assert_int_equal(enrol_file(&f, bob, path, false, &why), ERR_EXISTS);
	assert_int_equal(gallery_templates(engine_gallery(f.engine)), 1);
	teardown(&f);
}

static void somebody_erased_meanwhile_is_not_named(void **unused)
{
	struct fixture f;
	char her[UUID_TEXT];
	struct error why = {0};
	setup(&f);
	enrol(&f, "Her", &her_first, her);
	assert_int_equal(store_person_remove(f.store, her, &why), OK);
	struct identified found = {0};
	struct image photo = sample_photo(3);
	identify(&f, &photo, &found);
	assert_int_equal(found.faces.count, 3);
	assert_int_equal(count(&found, DECISION_UNKNOWN), 3);
	assert_int_equal(gallery_people(engine_gallery(f.engine)), 0);
	image_finish(&photo);
	identified_finish(&found);
	teardown(&f);
}

static void a_broken_file_leaves_the_result_empty(void **unused)
{
	struct fixture f;
	struct error why = {0};
	char path[HOME_PATH + 64];
	setup(&f);
	snprintf(path, sizeof(path), "%s/broken.jpg", f.home.folder);
	assert_int_equal(file_write(path, "no image", 8, 0600, &why), OK);
	struct identified found = {0};
	assert_int_equal(engine_identify_file(f.engine, path, &found, &why), ERR_FORMAT);
	assert_int_equal(found.faces.count, 0);
	identified_finish(&found);
	identified_finish(&found);
	teardown(&f);
}

static void an_engine_without_models_says_what_to_do(void **unused)
{
	struct home home;
	struct error why = {0};
	struct engine *e;
	assert_true(home_make_quick(&home));
	struct store *s = home_open(&home);
	assert_non_null(s);
	struct pipeline_options options = {.models = home.folder};
	assert_int_equal(engine_open(&e, s, &options, &why), ERR_NOT_FOUND);
	assert_null(e);
	assert_non_null(strstr(why.text, "./run build"));
	engine_close(NULL);
	store_close(s);
	home_remove(&home);
}

static void an_open_engine_follows_the_models_in_use(void **unused)
{
	struct fixture f;
	struct org org;
	struct error why = {0};
	setup(&f);
	struct gallery_stamp before, after;
	assert_int_equal(store_gallery_stamp(f.store, &before, &why), OK);
	assert_int_equal(store_org(f.store, &org, &why), OK);
	snprintf(org.detector, sizeof(org.detector), "tiny_face_detector");
	assert_int_equal(store_org_update(f.store, &org, &why), OK);
	assert_int_equal(store_gallery_stamp(f.store, &after, &why), OK);
	assert_false(gallery_stamp_same(&before, &after));
	assert_int_equal(engine_reload(f.engine, &why), OK);
	snprintf(org.detector, sizeof(org.detector), "no-such-model");
	assert_int_equal(store_org_update(f.store, &org, &why), OK);
	assert_int_not_equal(engine_reload(f.engine, &why), OK);
	assert_non_null(strstr(why.text, "no-such-model"));
	org.detector[0] = '\0';
	assert_int_equal(store_org_update(f.store, &org, &why), OK);
	assert_int_equal(engine_reload(f.engine, &why), OK);
	assert_non_null(engine_pipeline(f.engine));
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_enrolled_is_named_in_another_photo),
		cmocka_unit_test(templates_outlive_the_engine),
		cmocka_unit_test(two_faces_of_a_photo_are_never_the_same_person),
		cmocka_unit_test(a_photo_of_several_is_refused_unless_the_largest_will_do),
		cmocka_unit_test(a_photo_with_shut_eyes_is_refused_unless_forced),
		cmocka_unit_test(a_small_face_behind_does_not_matter),
		cmocka_unit_test(a_photo_without_a_usable_face_is_refused),
		cmocka_unit_test(the_same_photo_again_is_refused),
		cmocka_unit_test(somebody_erased_meanwhile_is_not_named),
		cmocka_unit_test(a_broken_file_leaves_the_result_empty),
		cmocka_unit_test(an_engine_without_models_says_what_to_do),
		cmocka_unit_test(an_open_engine_follows_the_models_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
