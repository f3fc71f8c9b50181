/* SPDX-License-Identifier: MIT */
/* Sessions, sightings, marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>

#include <cmocka.h>

#include "store/store_int.h"
#include "tests/support/home.h"

#define NOBODY "00000000-0000-7000-8000-000000000000"

struct fixture {
	struct home home;
	struct store *s;
	struct error why;
	char ada[UUID_TEXT], bo[UUID_TEXT], group[UUID_TEXT];
	struct session_row day;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	if (f == NULL || !home_begin(&f->home, &f->s))
		return -1;
	f->day = (struct session_row){.day = "2026-11-20", .start_ms = 100, .late_ms = 200};
	bool made = home_person(f->s, "Ada", NULL, f->ada, &f->why) == OK &&
		home_person(f->s, "Bo", NULL, f->bo, &f->why) == OK &&
		home_group(f->s, "3B", f->group, &f->why) == OK &&
		store_session_day(f->s, &f->day, 1, &f->why) == OK;
	return made ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_end(&f->home, f->s);
	free(f);
	return 0;
}

static void a_day_has_one_register_a_group(void **state)
{
	struct fixture *f = *state;
	struct session_row again = {.day = "2026-11-20", .start_ms = 1, .closed_ms = 9};
	assert_int_equal(store_session_day(f->s, &again, 2, &f->why), OK);
	assert_memory_equal(&again, &f->day, sizeof(again));
	struct session_row own = {.day = "2026-11-20", .start_ms = 50, .late_ms = 60};
	memcpy(own.group_id, f->group, UUID_TEXT);
	assert_int_equal(store_session_day(f->s, &own, 2, &f->why), OK);
	assert_string_not_equal(own.id, f->day.id);
	assert_string_equal(own.group_id, f->group);
	struct session_row next = {.day = "2026-11-21"};
	assert_int_equal(store_session_day(f->s, &next, 2, &f->why), OK);
	struct session_list list = {0};
	assert_int_equal(store_sessions(f->s, "2026-11-20", &list, &f->why), OK);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.item[0].id, own.id); /* begins first */
	session_list_finish(&list);
	assert_int_equal(store_session(f->s, own.id, &again, &f->why), OK);
	assert_memory_equal(&again, &own, sizeof(own));
	struct session_row wrong = {.day = "2026-11-20", .group_id = NOBODY};
	assert_int_equal(store_session_day(f->s, &wrong, 2, &f->why), ERR_NOT_FOUND);
	assert_string_equal(f->why.text, "there is no such group");
}

static void a_session_is_closed(void **state)
{
	struct fixture *f = *state;
	struct session_row row;
	assert_int_equal(store_session_close(f->s, f->day.id, 777, &f->why), OK);
	assert_int_equal(store_session(f->s, f->day.id, &row, &f->why), OK);
	assert_int_equal(row.closed_ms, 777);
	assert_int_equal(store_session_close(f->s, NOBODY, 1, &f->why), ERR_NOT_FOUND);
	assert_int_equal(store_session(f->s, NOBODY, &row, &f->why), ERR_NOT_FOUND);
}

static struct sighting seen_at(const struct fixture *f, int64_t at_ms, const char *decision)
{
	struct sighting sighting = {.at_ms = at_ms,
		.source = "photo",
		.distance = 0.25,
		.margin = NAN,
		.threshold = 0.6,
		.quality = 0.75,
		.score = 0.99,
		.box = {1, 2.5F, 30, 40},
		.photo_hash = {1, 2, 3}};
	memcpy(sighting.person_id, f->ada, UUID_TEXT);
	snprintf(sighting.decision, sizeof(sighting.decision), "%s", decision);
	return sighting;
}

static void a_sighting_comes_back_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct sighting one = seen_at(f, 5, "match"), back;
	assert_int_equal(store_sighting_add(f->s, &one, 5, &f->why), OK);
	assert_int_equal(store_sighting(f->s, one.id, &back, &f->why), OK);
	assert_true(isnan(back.margin));
	assert_true(back.distance == 0.25 && back.threshold == 0.6 && back.score == 0.99);
	assert_memory_equal(back.box, one.box, sizeof(one.box));
	assert_memory_equal(back.photo_hash, one.photo_hash, sizeof(one.photo_hash));
	assert_string_equal(back.person_id, f->ada);
	assert_string_equal(back.decision, "match");
	struct sighting nobody = seen_at(f, 6, "unknown");
	nobody.person_id[0] = '\0';
	assert_int_equal(store_sighting_add(f->s, &nobody, 6, &f->why), OK);
	assert_int_equal(store_sighting(f->s, nobody.id, &back, &f->why), OK);
	assert_string_equal(back.person_id, "");
	struct sighting wrong = seen_at(f, 6, "perhaps");
	assert_int_equal(store_sighting_add(f->s, &wrong, 6, &f->why), ERR_ARG);
	wrong = seen_at(f, 6, "match");
	snprintf(wrong.person_id, sizeof(wrong.person_id), NOBODY);
	assert_int_equal(store_sighting_add(f->s, &wrong, 6, &f->why), ERR_NOT_FOUND);
}

static void the_last_sighting_is_of_a_match_or_by_hand(void **state)
{
	struct fixture *f = *state;
	const struct {
		int64_t at_ms;
		const char *decision;
	} all[] = {{10, "match"}, {20, "manual"}, {30, "review"}, {40, "match"}};
	for (size_t i = 0; i < 4; i++) {
		struct sighting s = seen_at(f, all[i].at_ms, all[i].decision);
		assert_int_equal(store_sighting_add(f->s, &s, 1, &f->why), OK);
	}
	int64_t at_ms;
	assert_int_equal(store_sighting_last(f->s, f->ada, 0, 35, &at_ms, &f->why), OK);
	assert_int_equal(at_ms, 20);
	assert_int_equal(store_sighting_last(f->s, f->ada, 0, 40, &at_ms, &f->why), OK);
	assert_int_equal(at_ms, 40);
	assert_int_equal(store_sighting_last(f->s, f->ada, 21, 39, &at_ms, &f->why), ERR_NOT_FOUND);
	assert_int_equal(store_sighting_last(f->s, f->bo, 0, 99, &at_ms, &f->why), ERR_NOT_FOUND);
}

struct counted {
	int count, stop_at;
	int64_t last_ms;
};

static enum err count(void *ctx, const struct sighting *sighting, struct error *why)
{
	struct counted *c = ctx;
	assert_true(sighting->at_ms >= c->last_ms);
	c->last_ms = sighting->at_ms;
	return ++c->count == c->stop_at ? err_set(why, ERR_STOPPED, "stopped") : OK;
}

static void sightings_are_listed_by_time(void **state)
{
	struct fixture *f = *state;
	const int64_t times[] = {30, 10, 20, 40, 20};
	for (size_t i = 0; i < 5; i++) {
		struct sighting s = seen_at(f, times[i], "review");
		assert_int_equal(store_sighting_add(f->s, &s, 1, &f->why), OK);
	}
	struct counted c = {0};
	assert_int_equal(store_sightings(f->s, 10, 40, count, &c, &f->why), OK);
	assert_int_equal(c.count, 4);
	c = (struct counted){.stop_at = 2};
	assert_int_equal(store_sightings(f->s, 0, 99, count, &c, &f->why), ERR_STOPPED);
	assert_int_equal(c.count, 2);
}

static void sightings_cannot_be_changed_or_deleted(void **state)
{
	struct fixture *f = *state;
	struct sighting one = seen_at(f, 5, "match"), back;
	assert_int_equal(store_sighting_add(f->s, &one, 5, &f->why), OK);
	const char *const tries[] = {
		"DELETE FROM sighting",
		"UPDATE sighting SET at_ms = 6",
		"UPDATE sighting SET decision = 'manual'",
		"UPDATE sighting SET distance = NULL",
		"UPDATE sighting SET photo_hash = NULL, person_id = NULL",
		"UPDATE sighting SET person_id = (SELECT id FROM person WHERE name = 'Bo')",
		"INSERT OR REPLACE INTO sighting SELECT org_id, id, 9, source, person_id, decision,"
		" distance, margin, threshold, quality, score, box_x, box_y, box_w, box_h,"
		" photo_hash, created_ms FROM sighting",
	};
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		f->why.text[0] = '\0';
		enum err err = f->s->ops->run(f->s->db, tries[i], &f->why);
		if (err != ERR_ARG || strstr(f->why.text, "append-only") == NULL)
			fail_msg("%s: %d %s", tries[i], (int)err, f->why.text);
	}
	assert_int_equal(store_sighting(f->s, one.id, &back, &f->why), OK);
	assert_int_equal(back.at_ms, 5);
	assert_string_equal(back.person_id, f->ada);
}

static struct mark mark_of(const struct fixture *f, const char *person, enum mark_status status)
{
	struct mark mark = {.status = status, .at_ms = 150};
	memcpy(mark.session_id, f->day.id, UUID_TEXT);
	snprintf(mark.person_id, sizeof(mark.person_id), "%s", person);
	return mark;
}

static void a_mark_is_added_once_and_keeps_its_evidence(void **state)
{
	struct fixture *f = *state;
	struct sighting seen = seen_at(f, 150, "match");
	assert_int_equal(store_sighting_add(f->s, &seen, 5, &f->why), OK);
	struct mark mark = mark_of(f, f->ada, MARK_LATE), back;
	memcpy(mark.sighting_id, seen.id, UUID_TEXT);
	assert_int_equal(store_mark(f->s, f->day.id, f->ada, &back, &f->why), ERR_NOT_FOUND);
	assert_int_equal(store_mark_add(f->s, &mark, 5, &f->why), OK);
	struct mark second = mark_of(f, f->ada, MARK_PRESENT);
	assert_int_equal(store_mark_add(f->s, &second, 6, &f->why), ERR_EXISTS);
	assert_int_equal(store_mark(f->s, f->day.id, f->ada, &back, &f->why), OK);
	assert_int_equal(back.status, MARK_LATE);
	assert_int_equal(back.at_ms, 150);
	assert_string_equal(back.sighting_id, seen.id);
	assert_true(back.distance == 0.25);
	assert_true(isnan(back.margin));
}

static void a_mark_is_replaced_by_hand_with_name_and_reason(void **state)
{
	struct fixture *f = *state;
	struct mark mark = mark_of(f, f->ada, MARK_ABSENT), back;
	assert_int_equal(store_mark_set(f->s, &mark, 5, &f->why), OK);
	mark.status = MARK_EXCUSED;
	snprintf(mark.actor, sizeof(mark.actor), "Ms Hopper");
	snprintf(mark.reason, sizeof(mark.reason), "ill, 'flu'; DROP TABLE mark");
	assert_int_equal(store_mark_set(f->s, &mark, 6, &f->why), OK);
	assert_int_equal(store_mark(f->s, f->day.id, f->ada, &back, &f->why), OK);
	assert_int_equal(back.status, MARK_EXCUSED);
	assert_string_equal(back.actor, "Ms Hopper");
	assert_string_equal(back.reason, mark.reason);
	assert_true(isnan(back.distance));
	struct mark_list list = {0};
	struct mark other = mark_of(f, f->bo, MARK_LEFT_EARLY);
	other.at_ms = 10;
	assert_int_equal(store_mark_add(f->s, &other, 6, &f->why), OK);
	assert_int_equal(store_marks(f->s, f->day.id, &list, &f->why), OK);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.item[0].person_id, f->bo);
	mark_list_finish(&list);
}

static void a_mark_needs_what_it_refers_to(void **state)
{
	struct fixture *f = *state;
	struct mark mark = mark_of(f, NOBODY, MARK_PRESENT);
	assert_int_equal(store_mark_add(f->s, &mark, 5, &f->why), ERR_NOT_FOUND);
	mark = mark_of(f, f->ada, MARK_PRESENT);
	snprintf(mark.session_id, sizeof(mark.session_id), NOBODY);
	assert_int_equal(store_mark_set(f->s, &mark, 5, &f->why), ERR_NOT_FOUND);
	mark = mark_of(f, f->ada, MARK_PRESENT);
	snprintf(mark.sighting_id, sizeof(mark.sighting_id), NOBODY);
	assert_int_equal(store_mark_add(f->s, &mark, 5, &f->why), ERR_NOT_FOUND);
	mark = mark_of(f, f->ada, (enum mark_status)17);
	assert_int_equal(store_mark_add(f->s, &mark, 5, &f->why), ERR_ARG);
}

static void statuses_have_words(void **state)
{
	(void)state;
	enum mark_status status;
	struct error why = {0};
	for (int i = MARK_PRESENT; i <= MARK_LEFT_EARLY; i++) {
		const char *word = mark_status_word((enum mark_status)i);
		assert_int_equal(mark_status_parse(word, &status, &why), OK);
		assert_int_equal(status, i);
	}
	assert_int_equal(mark_status_parse("here", &status, &why), ERR_ARG);
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(a_day_has_one_register_a_group),
		case_of(a_session_is_closed),
		case_of(a_sighting_comes_back_as_it_was),
		case_of(the_last_sighting_is_of_a_match_or_by_hand),
		case_of(sightings_are_listed_by_time),
		case_of(sightings_cannot_be_changed_or_deleted),
		case_of(a_mark_is_added_once_and_keeps_its_evidence),
		case_of(a_mark_is_replaced_by_hand_with_name_and_reason),
		case_of(a_mark_needs_what_it_refers_to),
		cmocka_unit_test(statuses_have_words),
	};
	return cmocka_run_group_tests_name("store_marks", tests, NULL, NULL);
}
