/* SPDX-License-Identifier: MIT */
/* People, groups, templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>

#include <cmocka.h>

#include "base/file.h"
#include "store/store_int.h"
#include "tests/support/home.h"

#define JOSE "Jos\xC3\xA9"
#define NOBODY "00000000-0000-7000-8000-000000000000"

struct fixture {
	struct home home;
	struct store *s;
	struct error why;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	return f != NULL && home_begin(&f->home, &f->s) ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_end(&f->home, f->s);
	free(f);
	return 0;
}

static void assert_says(const struct fixture *f, const char *text)
{
	if (strstr(f->why.text, text) == NULL)
		fail_msg("'%s' does not say '%s'", f->why.text, text);
}

static enum err add(struct fixture *f, const char *name, const char *number)
{
	char id[UUID_TEXT];
	return home_person(f->s, name, number, id, &f->why);
}

/* --- people --- */

static void a_person_is_found_by_id_number_and_name(void **state)
{
	struct fixture *f = *state;
	struct person person = {.face_id = 7}, found;
	snprintf(person.name, sizeof(person.name), "  Jose\xCC\x81   Lima ");
	snprintf(person.number, sizeof(person.number), " 0042 ");
	assert_int_equal(store_person_add(f->s, &person, 1234, &f->why), OK);
	assert_string_equal(person.name, JOSE " Lima");
	assert_string_equal(person.number, "0042");
	assert_true(uuid_valid(person.id));
	assert_int_equal(person.created_ms, 1234);
	const char *const ways[] = {person.id, "0042", "JOS\xC3\x89  lima", JOSE " Lima"};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(store_person_find(f->s, ways[i], &found, &f->why), OK);
		assert_memory_equal(&found, &person, sizeof(found));
	}
	assert_int_equal(store_person(f->s, person.id, &found, &f->why), OK);
	assert_int_equal(found.face_id, 7);
	assert_int_equal(store_person(f->s, NOBODY, &found, &f->why), ERR_NOT_FOUND);
}

static void who_is_not_found_is_told_with_the_nearest_name(void **state)
{
	struct fixture *f = *state;
	struct person found;
	assert_int_equal(store_person_find(f->s, "Ada", &found, &f->why), ERR_NOT_FOUND);
	assert_string_equal(f->why.text, "there is no person called 'Ada'");
	assert_int_equal(add(f, "Ada Lovelace", NULL), OK);
	assert_int_equal(add(f, "Grace Hopper", NULL), OK);
	assert_int_equal(store_person_find(f->s, "ada lovelcae", &found, &f->why), ERR_NOT_FOUND);
	assert_string_equal(f->why.text,
		"there is no person called 'ada lovelcae': did you mean 'Ada Lovelace'?");
	assert_string_equal(found.id, "");
	assert_int_equal(store_person_find(f->s, "Alan Turing", &found, &f->why), ERR_NOT_FOUND);
	assert_null(strstr(f->why.text, "did you mean"));
	assert_int_equal(store_person_find(f->s, "Jos\xE9", &found, &f->why), ERR_ARG);
	assert_says(f, "not UTF-8");
}

static void namesakes_need_two_different_numbers(void **state)
{
	struct fixture *f = *state;
	struct person found;
	assert_int_equal(add(f, JOSE, NULL), OK);
	assert_int_equal(add(f, "JOS\xC3\x89", NULL), ERR_EXISTS);
	assert_string_equal(f->why.text,
		"there is already a person called '" JOSE
		"': give both a --number to tell them apart");
	assert_int_equal(add(f, JOSE, "12"), ERR_EXISTS);
	assert_int_equal(store_person_find(f->s, JOSE, &found, &f->why), OK);
	snprintf(found.number, sizeof(found.number), "11");
	assert_int_equal(store_person_update(f->s, &found, &f->why), OK);
	assert_int_equal(add(f, JOSE, NULL), ERR_EXISTS);
	assert_int_equal(add(f, JOSE, "11"), ERR_EXISTS);
	assert_string_equal(f->why.text, "the number '11' is already that of '" JOSE "'");
	assert_int_equal(add(f, JOSE, "12"), OK);
	assert_int_equal(store_person_find(f->s, JOSE, &found, &f->why), ERR_ARG);
	assert_says(f, "give the number instead (such as 11 or 12)");
	assert_int_equal(store_person_find(f->s, "12", &found, &f->why), OK);
	assert_string_equal(found.number, "12");
	/* Nor does the number go while the other one is there. */
	found.number[0] = '\0';
	assert_int_equal(store_person_update(f->s, &found, &f->why), ERR_EXISTS);
}

static void numbers_and_face_ids_are_unique(void **state)
{
	struct fixture *f = *state;
	struct person a = {.name = "Ada", .number = "1", .face_id = 65535};
	struct person b = {.name = "Bo", .number = "1"};
	assert_int_equal(store_person_add(f->s, &a, 1, &f->why), OK);
	assert_int_equal(store_person_add(f->s, &b, 1, &f->why), ERR_EXISTS);
	assert_string_equal(b.id, "");
	b = (struct person){.name = "Bo", .face_id = 65535};
	assert_int_equal(store_person_add(f->s, &b, 1, &f->why), ERR_EXISTS);
	assert_string_equal(f->why.text, "the face id 65535 is already that of 'Ada'");
	b.face_id = 65536;
	assert_int_equal(store_person_add(f->s, &b, 1, &f->why), ERR_ARG);
	b.face_id = -1;
	assert_int_equal(store_person_add(f->s, &b, 1, &f->why), ERR_ARG);
	b.face_id = 1;
	assert_int_equal(store_person_add(f->s, &b, 1, &f->why), OK);
	b.face_id = 65535;
	assert_int_equal(store_person_update(f->s, &b, &f->why), ERR_EXISTS);
	/* A change that leaves everything as it is clashes with nobody. */
	assert_int_equal(store_person_update(f->s, &a, &f->why), OK);
}

static void bad_names_and_numbers_are_refused(void **state)
{
	struct fixture *f = *state;
	struct person person = {.name = "Ada\x1b[2J"};
	assert_int_equal(store_person_add(f->s, &person, 1, &f->why), ERR_ARG);
	assert_says(f, "control character");
	person = (struct person){.name = "Ad\xFF"};
	assert_int_equal(store_person_add(f->s, &person, 1, &f->why), ERR_ARG);
	assert_says(f, "not UTF-8");
	memset(person.name, 'a', sizeof(person.name)); /* no final zero at all */
	assert_int_equal(store_person_add(f->s, &person, 1, &f->why), ERR_ARG);
	person.name[400] = '\0';
	assert_int_equal(store_person_add(f->s, &person, 1, &f->why), ERR_ARG);
	assert_says(f, "the name has 400 characters, the most is 120");
	person = (struct person){.name = "Ada", .number = "1\n2"};
	assert_int_equal(store_person_add(f->s, &person, 1, &f->why), ERR_ARG);
	memset(person.number, '7', sizeof(person.number));
	assert_int_equal(store_person_add(f->s, &person, 1, &f->why), ERR_ARG);
	assert_says(f, "longer than 64 bytes");
	struct person_list list = {0};
	assert_int_equal(store_people(f->s, NULL, &list, &f->why), OK);
	assert_int_equal(list.count, 0);
	person_list_finish(&list);
}

static void a_person_can_be_renamed(void **state)
{
	struct fixture *f = *state;
	struct person person = {.name = "Ada"}, found;
	assert_int_equal(store_person_add(f->s, &person, 1, &f->why), OK);
	assert_int_equal(add(f, "Grace", NULL), OK);
	snprintf(person.name, sizeof(person.name), "grace");
	assert_int_equal(store_person_update(f->s, &person, &f->why), ERR_EXISTS);
	snprintf(person.name, sizeof(person.name), "ADA ");
	assert_int_equal(store_person_update(f->s, &person, &f->why), OK);
	assert_string_equal(person.name, "ADA");
	assert_int_equal(store_person(f->s, person.id, &found, &f->why), OK);
	assert_string_equal(found.name, "ADA");
	snprintf(person.id, sizeof(person.id), NOBODY);
	snprintf(person.name, sizeof(person.name), "Alan");
	assert_int_equal(store_person_update(f->s, &person, &f->why), ERR_NOT_FOUND);
}

/* --- groups --- */

static void groups_hold_people(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT], bo[UUID_TEXT], b3[UUID_TEXT], a1[UUID_TEXT];
	assert_int_equal(home_person(f->s, "bo", NULL, bo, &f->why), OK);
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	assert_int_equal(home_group(f->s, "3B", b3, &f->why), OK);
	assert_int_equal(home_group(f->s, "1A", a1, &f->why), OK);
	assert_int_equal(home_group(f->s, "3b", a1, &f->why), ERR_EXISTS);
	assert_string_equal(f->why.text, "there is already a group called '3B'");
	struct group group;
	assert_int_equal(store_group_find(f->s, "1a", &group, &f->why), OK);
	assert_int_equal(store_member_add(f->s, b3, ada, 1, &f->why), OK);
	assert_int_equal(store_member_add(f->s, b3, ada, 2, &f->why), OK);
	assert_int_equal(store_member_add(f->s, b3, bo, 1, &f->why), OK);
	assert_int_equal(store_member_add(f->s, group.id, bo, 1, &f->why), OK);
	assert_int_equal(store_member_add(f->s, NOBODY, bo, 1, &f->why), ERR_NOT_FOUND);
	assert_int_equal(store_member_add(f->s, b3, NOBODY, 1, &f->why), ERR_NOT_FOUND);
	struct person_list people = {0};
	assert_int_equal(store_people(f->s, b3, &people, &f->why), OK);
	assert_int_equal(people.count, 2);
	assert_string_equal(people.item[0].name, "Ada");
	assert_string_equal(people.item[1].name, "bo");
	person_list_finish(&people);
	struct group_list groups = {0};
	assert_int_equal(store_groups(f->s, &groups, &f->why), OK);
	assert_int_equal(groups.count, 2);
	assert_string_equal(groups.item[0].name, "1A");
	assert_int_equal(groups.item[1].members, 2);
	assert_int_equal(groups.item[1].start_minute, -1);
	group_list_finish(&groups);
	assert_int_equal(store_person_groups(f->s, ada, &groups, &f->why), OK);
	assert_int_equal(groups.count, 1);
	assert_string_equal(groups.item[0].id, b3);
	group_list_finish(&groups);
	assert_int_equal(store_member_remove(f->s, b3, ada, HOME_NOW + 1, &f->why), OK);
	assert_int_equal(store_member_remove(f->s, b3, ada, HOME_NOW + 1, &f->why), OK);
	assert_int_equal(store_group(f->s, b3, &group, &f->why), OK);
	assert_int_equal(group.members, 1);
}

static void a_group_has_times_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct group group = {.name = "Early birds", .start_minute = 450, .grace_minutes = 0};
	struct group found;
	assert_int_equal(store_group_add(f->s, &group, 1, &f->why), OK);
	assert_int_equal(store_group(f->s, group.id, &found, &f->why), OK);
	assert_int_equal(found.start_minute, 450);
	assert_int_equal(found.grace_minutes, 0);
	group.start_minute = 1440;
	assert_int_equal(store_group_update(f->s, &group, &f->why), ERR_ARG);
	group.start_minute = -1;
	group.grace_minutes = 5;
	snprintf(group.name, sizeof(group.name), "Birds");
	assert_int_equal(store_group_update(f->s, &group, &f->why), OK);
	assert_int_equal(store_group_find(f->s, "birds", &found, &f->why), OK);
	assert_int_equal(found.start_minute, -1);
	assert_int_equal(found.grace_minutes, 5);
	assert_int_equal(store_group_find(f->s, "brids", &found, &f->why), ERR_NOT_FOUND);
	assert_says(f, "did you mean 'Birds'?");
}

static void a_group_is_not_deleted_while_it_has_members(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT], id[UUID_TEXT];
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	assert_int_equal(home_group(f->s, "3B", id, &f->why), OK);
	assert_int_equal(store_member_add(f->s, id, ada, 1, &f->why), OK);
	assert_int_equal(store_group_remove(f->s, id, &f->why), ERR_ARG);
	assert_string_equal(
		f->why.text, "Cannot delete '3B' because 1 user(s) are still assigned to it.");
	assert_int_equal(store_member_remove(f->s, id, ada, HOME_NOW + 1, &f->why), OK);
	assert_int_equal(store_group_remove(f->s, id, &f->why), OK);
	assert_int_equal(store_group_remove(f->s, id, &f->why), ERR_NOT_FOUND);
	assert_int_equal(home_group(f->s, "3B", id, &f->why), OK);
}

static void a_removed_group_stays_for_its_registers_only(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT], id[UUID_TEXT], again[UUID_TEXT];
	struct session_row row = {.day = "2026-11-20"};
	struct group group;
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	assert_int_equal(home_group(f->s, "3B", id, &f->why), OK);
	memcpy(row.group_id, id, sizeof(id));
	assert_int_equal(store_session_day(f->s, &row, 1, &f->why), OK);
	assert_int_equal(store_group_remove(f->s, id, &f->why), OK);
	assert_int_equal(store_group_find(f->s, "3B", &group, &f->why), ERR_NOT_FOUND);
	struct group_list groups = {0};
	assert_int_equal(store_groups(f->s, &groups, &f->why), OK);
	assert_int_equal(groups.count, 0);
	assert_int_equal(store_member_add(f->s, id, ada, 1, &f->why), ERR_NOT_FOUND);
	assert_int_equal(store_group(f->s, id, &group, &f->why), OK);
	assert_string_equal(group.name, "3B");
	assert_int_equal(home_group(f->s, "3B", again, &f->why), OK);
	assert_int_equal(store_check(f->s, &f->why), OK);
}

/* --- templates --- */

enum { DIM = 128 };

struct seen {
	size_t count;
	float first[DIM];
	char person[UUID_TEXT];
	enum err answer;
};

static enum err look(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why)
{
	struct seen *seen = ctx;
	if (seen->count++ == 0 && dim == DIM) {
		memcpy(seen->first, vector, sizeof(seen->first));
		snprintf(seen->person, sizeof(seen->person), "%s", person_id);
	}
	return seen->answer == OK ? OK : err_set(why, seen->answer, "enough");
}

static enum err add_template(struct fixture *f, const char *person, const char *model, int seed)
{
	float vector[DIM];
	for (int i = 0; i < DIM; i++)
		vector[i] = (float)(seed + i) / 100.0F;
	struct template_new t = {
		.person_id = person, .model = model, .vector = vector, .dim = DIM, .quality = 0.5F};
	store_photo_hash(f->s, &seed, sizeof(seed), t.photo_hash);
	return store_template_add(f->s, &t, 1, &f->why);
}

static void templates_come_back_as_they_were(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT];
	struct person person;
	struct seen seen = {0};
	size_t count;
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	assert_int_equal(add_template(f, ada, "m", 5), OK);
	assert_int_equal(add_template(f, ada, "m", 6), OK);
	assert_int_equal(add_template(f, ada, "other", 7), OK);
	assert_int_equal(add_template(f, NOBODY, "m", 8), ERR_NOT_FOUND);
	assert_int_equal(store_templates(f->s, "m", look, &seen, &f->why), OK);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.person, ada);
	int shift = seen.first[0] == 0.05F ? 5 : 6; /* made in the same millisecond: any order */
	for (int i = 0; i < DIM; i++)
		assert_true(seen.first[i] == (float)(shift + i) / 100.0F);
	assert_int_equal(store_template_count(f->s, "m", &count, &f->why), OK);
	assert_int_equal(count, 2);
	assert_int_equal(store_template_count(f->s, "none", &count, &f->why), OK);
	assert_int_equal(count, 0);
	assert_int_equal(store_person(f->s, ada, &person, &f->why), OK);
	assert_int_equal(person.templates, 3);
	seen = (struct seen){.answer = ERR_STOPPED};
	assert_int_equal(store_templates(f->s, "m", look, &seen, &f->why), ERR_STOPPED);
	assert_int_equal(seen.count, 1);
	assert_string_equal(f->why.text, "enough");
}

static void the_same_photo_is_refused_for_anybody(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT], bo[UUID_TEXT];
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	assert_int_equal(home_person(f->s, "Bo", NULL, bo, &f->why), OK);
	assert_int_equal(add_template(f, ada, "m", 5), OK);
	assert_int_equal(add_template(f, ada, "m", 5), ERR_EXISTS);
	assert_int_equal(add_template(f, bo, "m", 5), ERR_EXISTS);
	assert_string_equal(f->why.text, "the same photo is enrolled already, for 'Ada'");
	assert_int_equal(add_template(f, bo, "other", 5), OK);
}

static void bad_templates_are_refused(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT];
	float vector[STORE_DIM_MAX + 1] = {0};
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	struct template_new t = {.person_id = ada, .model = "m", .vector = vector, .dim = 0};
	assert_int_equal(store_template_add(f->s, &t, 1, &f->why), ERR_ARG);
	t.dim = STORE_DIM_MAX + 1;
	assert_int_equal(store_template_add(f->s, &t, 1, &f->why), ERR_ARG);
	t.dim = STORE_DIM_MAX;
	vector[3] = NAN;
	assert_int_equal(store_template_add(f->s, &t, 1, &f->why), ERR_ARG);
	vector[3] = INFINITY;
	assert_int_equal(store_template_add(f->s, &t, 1, &f->why), ERR_ARG);
	vector[3] = 1;
	t.model = "";
	assert_int_equal(store_template_add(f->s, &t, 1, &f->why), ERR_ARG);
	t.model = "m";
	/* Without a photo's hash as often as wanted. */
	assert_int_equal(store_template_add(f->s, &t, 1, &f->why), OK);
	assert_int_equal(store_template_add(f->s, &t, 1, &f->why), OK);
}

static bool file_holds(const char *path, const void *bytes, size_t len)
{
	struct buf file;
	buf_init(&file, 1 << 24);
	bool held = file_exists(path) && file_read(path, &file, NULL) == OK && file.len > 0 &&
		memmem(file.data, file.len, bytes, len) != NULL;
	buf_finish(&file);
	return held;
}

static bool home_holds(const struct home *home, const void *bytes, size_t len)
{
	char path[HOME_PATH];
	home_file(home, "rollcall.db", path);
	bool held = file_holds(path, bytes, len);
	home_file(home, "rollcall.db-wal", path);
	return held || file_holds(path, bytes, len);
}

static void no_vector_is_in_the_files_in_clear(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT];
	assert_int_equal(home_person(f->s, "Ada Lovelace", NULL, ada, &f->why), OK);
	assert_int_equal(add_template(f, ada, "a model", 5), OK);
	float piece[4];
	for (int i = 0; i < 4; i++)
		piece[i] = (float)(5 + i) / 100.0F;
	assert_false(home_holds(&f->home, piece, sizeof(piece)));
	assert_true(home_holds(&f->home, "a model", 7)); /* the search can find */
}

static void assert_tampered(struct fixture *f, const char *sql)
{
	struct seen seen = {0};
	assert_int_equal(f->s->ops->run(f->s->db, "BEGIN", &f->why), OK);
	assert_int_equal(f->s->ops->run(f->s->db, sql, &f->why), OK);
	assert_int_equal(store_templates(f->s, "m", look, &seen, &f->why), ERR_FORMAT);
	assert_says(f, "was tampered with or damaged");
	assert_int_equal(seen.count, 0);
	assert_int_equal(f->s->ops->run(f->s->db, "ROLLBACK", &f->why), OK);
}

static void a_template_opens_in_its_own_row_only(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT], bo[UUID_TEXT];
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	assert_int_equal(home_person(f->s, "Bo", NULL, bo, &f->why), OK);
	assert_int_equal(add_template(f, ada, "m", 5), OK);
	/* The row given to somebody else. */
	assert_tampered(f,
		"UPDATE template SET person_id ="
		" (SELECT id FROM person WHERE name = 'Bo')");
	assert_tampered(f, "UPDATE template SET id = '" NOBODY "'");
	assert_tampered(f, "UPDATE template SET sealed = substr(sealed, 1, length(sealed) - 4)");
	assert_tampered(f, "UPDATE template SET sealed = x'00'");
	assert_tampered(f, "UPDATE template SET dim = 127");
	assert_tampered(f, "UPDATE template SET sealed = zeroblob(length(sealed))");
	/* The sealed vector of one copied over another's: both rows, one opens. */
	assert_int_equal(add_template(f, bo, "other", 6), OK);
	assert_tampered(f,
		"UPDATE template SET sealed ="
		" (SELECT sealed FROM template WHERE model = 'other') WHERE model = 'm'");
	assert_tampered(f,
		"DELETE FROM template WHERE model = 'm';"
		"UPDATE template SET model = 'm'");
	struct seen seen = {0};
	assert_int_equal(store_templates(f->s, "m", look, &seen, &f->why), OK);
	assert_int_equal(seen.count, 1);
}

static void photo_hashes_are_keyed(void **state)
{
	struct fixture *f = *state;
	struct home other;
	assert_true(home_make(&other));
	struct store *s = home_open(&other);
	uint8_t one[PHOTO_HASH_BYTES], two[PHOTO_HASH_BYTES], again[PHOTO_HASH_BYTES];
	store_photo_hash(f->s, "photo", 5, one);
	store_photo_hash(f->s, "photo", 5, again);
	store_photo_hash(s, "photo", 5, two);
	assert_memory_equal(one, again, sizeof(one));
	assert_memory_not_equal(one, two, sizeof(one));
	store_close(s);
	home_remove(&other);
}

static enum err call_back_in(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why)
{
	struct fixture *f = ctx;
	struct seen seen = {0};
	struct person person;
	enum err err = store_person(f->s, person_id, &person, why);
	return err == OK ? store_templates(f->s, "m", look, &seen, why) : err;
}

static void a_callback_may_ask_other_things_but_not_the_same(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT];
	assert_int_equal(home_person(f->s, "Ada", NULL, ada, &f->why), OK);
	assert_int_equal(add_template(f, ada, "m", 5), OK);
	assert_int_equal(store_templates(f->s, "m", call_back_in, f, &f->why), ERR_INTERNAL);
	assert_says(f, "inside its own callback");
}

/* --- erasure --- */

static void an_erased_person_leaves_nothing_but_anonymous_sightings(void **state)
{
	struct fixture *f = *state;
	char ada[UUID_TEXT], id[UUID_TEXT];
	assert_int_equal(home_person(f->s, "Augusta Ada Byron", "X-1815", ada, &f->why), OK);
	assert_int_equal(home_group(f->s, "3B", id, &f->why), OK);
	assert_int_equal(store_member_add(f->s, id, ada, 1, &f->why), OK);
	assert_int_equal(add_template(f, ada, "m", 5), OK);
	struct session_row row = {.day = "2026-11-20"};
	assert_int_equal(store_session_day(f->s, &row, 1, &f->why), OK);
	struct sighting sighting = {.at_ms = 5, .source = "photo", .decision = "match"};
	memcpy(sighting.person_id, ada, sizeof(ada));
	assert_int_equal(store_sighting_add(f->s, &sighting, 5, &f->why), OK);
	struct mark mark = {.at_ms = 5};
	memcpy(mark.session_id, row.id, sizeof(row.id));
	memcpy(mark.person_id, ada, sizeof(ada));
	memcpy(mark.sighting_id, sighting.id, sizeof(sighting.id));
	assert_int_equal(store_mark_add(f->s, &mark, 5, &f->why), OK);
	assert_true(home_holds(&f->home, ada, UUID_TEXT - 1));

	assert_int_equal(store_person_remove(f->s, ada, &f->why), OK);
	assert_int_equal(store_person_remove(f->s, ada, &f->why), ERR_NOT_FOUND);
	struct sighting left;
	assert_int_equal(store_sighting(f->s, sighting.id, &left, &f->why), OK);
	assert_string_equal(left.person_id, "");
	assert_string_equal(left.source, "photo");
	struct mark_list marks = {0};
	assert_int_equal(store_marks(f->s, row.id, &marks, &f->why), OK);
	assert_int_equal(marks.count, 0);
	size_t templates;
	assert_int_equal(store_template_count(f->s, "m", &templates, &f->why), OK);
	assert_int_equal(templates, 0);
	assert_int_equal(store_check(f->s, &f->why), OK);
	/* Not in the bytes of the files either. */
	assert_false(home_holds(&f->home, "Augusta Ada", 11));
	assert_false(home_holds(&f->home, "X-1815", 6));
	assert_false(home_holds(&f->home, ada, UUID_TEXT - 1));
	assert_int_equal(add(f, "Augusta Ada Byron", "X-1815"), OK);
}

static void ten_thousand_people_are_added_in_one_change(void **state)
{
	struct fixture *f = *state;
	char name[64], number[32], id[UUID_TEXT];
	assert_int_equal(store_begin(f->s, &f->why), OK);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "Person %d of many", i / 2);
		snprintf(number, sizeof(number), "%d", i);
		assert_int_equal(home_person(f->s, name, number, id, &f->why), OK);
		assert_int_equal(add_template(f, id, "m", i), OK);
	}
	assert_int_equal(store_commit(f->s, &f->why), OK);
	struct person_list list = {0};
	assert_int_equal(store_people(f->s, NULL, &list, &f->why), OK);
	assert_int_equal(list.count, 10000);
	assert_int_equal(list.item[9999].templates, 1);
	person_list_finish(&list);
	struct seen seen = {0};
	assert_int_equal(store_templates(f->s, "m", look, &seen, &f->why), OK);
	assert_int_equal(seen.count, 10000);
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(a_person_is_found_by_id_number_and_name),
		case_of(who_is_not_found_is_told_with_the_nearest_name),
		case_of(namesakes_need_two_different_numbers),
		case_of(numbers_and_face_ids_are_unique),
		case_of(bad_names_and_numbers_are_refused),
		case_of(a_person_can_be_renamed),
		case_of(groups_hold_people),
		case_of(a_group_has_times_of_its_own),
		case_of(a_group_is_not_deleted_while_it_has_members),
		case_of(a_removed_group_stays_for_its_registers_only),
		case_of(templates_come_back_as_they_were),
		case_of(the_same_photo_is_refused_for_anybody),
		case_of(bad_templates_are_refused),
		case_of(no_vector_is_in_the_files_in_clear),
		case_of(a_template_opens_in_its_own_row_only),
		case_of(photo_hashes_are_keyed),
		case_of(a_callback_may_ask_other_things_but_not_the_same),
		case_of(an_erased_person_leaves_nothing_but_anonymous_sightings),
		case_of(ten_thousand_people_are_added_in_one_change),
	};
	return cmocka_run_group_tests_name("store_people", tests, NULL, NULL);
}
