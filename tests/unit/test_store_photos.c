/* SPDX-License-Identifier: MIT */
/* Photos that are kept, and templates of several models side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "store/person_photos.h"
#include "tests/support/home.h"

enum { FILE_MAX = 1 << 24 };

static const char jpeg[] = "these bytes stand for a picture of a face";

struct fixture {
	struct home home;
	struct store *s;
	char ada[UUID_TEXT], bob[UUID_TEXT];
};

static int begin(void **state)
{
	static struct fixture f;
	struct error why = {0};
	*state = &f;
	assert_true(home_begin(&f.home, &f.s));
	assert_int_equal(home_person(f.s, "Ada", "", f.ada, &why), OK);
	assert_int_equal(home_person(f.s, "Bob", "", f.bob, &why), OK);
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	home_end(&f->home, f->s);
	return 0;
}

static struct kept_photo key(const char *person, uint8_t number)
{
	struct kept_photo photo = {.photo_hash = {number}};
	snprintf(photo.person_id, sizeof(photo.person_id), "%s", person);
	return photo;
}

static void keep(struct fixture *f, const char *person, uint8_t number)
{
	struct error why = {0};
	struct buf bytes;
	struct kept_photo photo = key(person, number);
	buf_init(&bytes, sizeof(jpeg));
	assert_int_equal(buf_add(&bytes, jpeg, sizeof(jpeg)), OK);
	assert_int_equal(store_photo_keep(f->s, &photo, &bytes, HOME_NOW, &why), OK);
	buf_finish(&bytes);
}

static void add(struct fixture *f, const char *person, const char *model, uint8_t photo)
{
	struct error why = {0};
	const float vector[] = {1, 0};
	const struct template_new t = {.person_id = person,
		.model = model,
		.vector = vector,
		.dim = 2,
		.quality = 1,
		.photo_hash = {photo}};
	assert_int_equal(store_template_add(f->s, &t, HOME_NOW, &why), OK);
}

static size_t kept(struct fixture *f)
{
	size_t count;
	struct error why = {0};
	assert_int_equal(store_photos_count(f->s, &count, &why), OK);
	return count;
}

static void a_kept_photo_comes_back_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct error why = {0};
	struct buf bytes;
	struct kept_photo photo = key(f->ada, 7), other = key(f->bob, 7);
	keep(f, f->ada, 7);
	keep(f, f->ada, 7);
	assert_int_equal(kept(f), 1);
	buf_init(&bytes, STORE_PHOTO_MAX);
	assert_int_equal(store_photo_bytes(f->s, &photo, &bytes, &why), OK);
	assert_int_equal(bytes.len, sizeof(jpeg));
	assert_memory_equal(bytes.data, jpeg, sizeof(jpeg));
	assert_int_equal(store_photo_bytes(f->s, &other, &bytes, &why), ERR_NOT_FOUND);
	buf_finish(&bytes);
}

static void nothing_of_a_photo_can_be_read_in_the_file(void **state)
{
	struct fixture *f = *state;
	char path[HOME_PATH];
	struct buf file;
	keep(f, f->ada, 7);
	store_close(f->s);
	f->s = NULL;
	home_file(&f->home, "rollcall.db", path);
	buf_init(&file, FILE_MAX);
	assert_int_equal(file_read(path, &file, NULL), OK);
	assert_null(memmem(file.data, file.len, "picture of a face", 17));
	buf_finish(&file);
}

static void photos_go_with_the_person_and_when_told(void **state)
{
	struct fixture *f = *state;
	struct error why = {0};
	size_t removed;
	keep(f, f->ada, 1);
	keep(f, f->ada, 2);
	keep(f, f->bob, 3);
	assert_int_equal(store_person_remove(f->s, f->ada, &why), OK);
	assert_int_equal(kept(f), 1);
	assert_int_equal(store_photos_remove(f->s, &removed, &why), OK);
	assert_int_equal(removed, 1);
	assert_int_equal(kept(f), 0);
}

static void photos_without_a_template_of_a_model_are_found(void **state)
{
	struct fixture *f = *state;
	struct error why = {0};
	struct kept_photo_list list = {0};
	keep(f, f->ada, 1);
	keep(f, f->bob, 2);
	add(f, f->ada, "new", 1);
	add(f, f->bob, "old", 2);
	assert_int_equal(store_photos_without(f->s, "new", &list, &why), OK);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.item[0].person_id, f->bob);
	assert_int_equal(list.item[0].photo_hash[0], 2);
	kept_photo_list_finish(&list);
}

static void who_must_be_enrolled_anew_is_known(void **state)
{
	struct fixture *f = *state;
	struct error why = {0};
	struct person_list list = {0};
	char owner[UUID_TEXT];
	add(f, f->ada, "old", 1);
	add(f, f->ada, "new", 1);
	add(f, f->bob, "old", 2);
	assert_int_equal(store_people_without(f->s, "new", &list, &why), OK);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.item[0].name, "Bob");
	person_list_finish(&list);
	assert_int_equal(
		store_photo_owner(f->s, "old", (uint8_t[PHOTO_HASH_BYTES]){2}, owner, &why), OK);
	assert_string_equal(owner, f->bob);
	assert_int_equal(
		store_photo_owner(f->s, "new", (uint8_t[PHOTO_HASH_BYTES]){2}, owner, &why), OK);
	assert_string_equal(owner, "");
	/* Two models, one photo. */
	struct person ada;
	assert_int_equal(store_person(f->s, f->ada, &ada, &why), OK);
	assert_int_equal(ada.templates, 1);
}

static void the_old_templates_go_only_where_there_are_new_ones(void **state)
{
	struct fixture *f = *state;
	struct error why = {0};
	size_t count;
	add(f, f->ada, "old", 1);
	add(f, f->ada, "new", 1);
	add(f, f->bob, "old", 2);
	assert_int_equal(store_templates_replace(f->s, "new", &count, &why), OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_template_count(f->s, "old", &count, &why), OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_templates_remove(f->s, "old", &count, &why), OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_template_count(f->s, "new", &count, &why), OK);
	assert_int_equal(count, 1);
}

static void the_models_in_use_are_settings(void **state)
{
	struct fixture *f = *state;
	struct error why = {0};
	struct org org;
	assert_int_equal(store_org(f->s, &org, &why), OK);
	assert_string_equal(org.detector, "");
	assert_false(org.keep_photos);
	snprintf(org.detector, sizeof(org.detector), "yunet");
	snprintf(org.embedding, sizeof(org.embedding), "a");
	snprintf(org.coming, sizeof(org.coming), "b");
	org.keep_photos = true;
	assert_int_equal(store_org_update(f->s, &org, &why), OK);
	struct org again;
	assert_int_equal(store_org(f->s, &again, &why), OK);
	assert_string_equal(again.detector, "yunet");
	assert_string_equal(again.embedding, "a");
	assert_string_equal(again.coming, "b");
	assert_true(again.keep_photos);
}

static void photos_are_listed_and_erased_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct error why = {0};
	struct person_photo_list photos = {0};
	struct person_photo one;
	add(f, f->ada, "a", 1);
	add(f, f->ada, "b", 1);
	add(f, f->ada, "a", 2);
	add(f, f->bob, "a", 3);
	keep(f, f->ada, 1);
	assert_int_equal(store_person_photos(f->s, f->ada, &photos, &why), OK);
	assert_int_equal(photos.count, 3);
	const char *first = NULL;
	for (size_t i = 0; i < photos.count; i++) {
		assert_int_equal(photos.item[i].kept, photos.item[i].photo_hash[0] == 1);
		if (photos.item[i].kept)
			first = photos.item[i].id;
	}
	assert_non_null(first);
	assert_int_equal(store_person_photo(f->s, f->bob, first, &one, &why), ERR_NOT_FOUND);
	assert_int_equal(store_person_photo_remove(f->s, f->bob, first, &why), ERR_NOT_FOUND);
	/* All that came of the photo goes, and nothing of another. */
	assert_int_equal(store_person_photo_remove(f->s, f->ada, first, &why), OK);
	assert_int_equal(store_person_photo_remove(f->s, f->ada, first, &why), ERR_NOT_FOUND);
	person_photo_list_finish(&photos);
	assert_int_equal(store_person_photos(f->s, f->ada, &photos, &why), OK);
	assert_int_equal(photos.count, 1);
	assert_int_equal(photos.item[0].photo_hash[0], 2);
	person_photo_list_finish(&photos);
	assert_int_equal(kept(f), 0);
	assert_int_equal(store_person_photos(f->s, f->bob, &photos, &why), OK);
	assert_int_equal(photos.count, 1);
	person_photo_list_finish(&photos);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_kept_photo_comes_back_as_it_was, begin, end),
		cmocka_unit_test_setup_teardown(
			nothing_of_a_photo_can_be_read_in_the_file, begin, end),
		cmocka_unit_test_setup_teardown(
			photos_go_with_the_person_and_when_told, begin, end),
		cmocka_unit_test_setup_teardown(
			photos_without_a_template_of_a_model_are_found, begin, end),
		cmocka_unit_test_setup_teardown(who_must_be_enrolled_anew_is_known, begin, end),
		cmocka_unit_test_setup_teardown(
			the_old_templates_go_only_where_there_are_new_ones, begin, end),
		cmocka_unit_test_setup_teardown(the_models_in_use_are_settings, begin, end),
		cmocka_unit_test_setup_teardown(
			photos_are_listed_and_erased_one_by_one, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
