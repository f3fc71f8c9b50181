/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/school.h"

/* --- looks --- */

static void the_first_match_of_a_day_marks(void **state)
{
	struct school *f = need(state);
	static const struct {
		const char *at;
		enum mark_status status;
	} cases[] = {
		{"2026-11-16 00:00:00", MARK_PRESENT},
		{"2026-11-17 08:55:00", MARK_PRESENT},
		{"2026-11-18 09:15:00", MARK_PRESENT},
		{"2026-11-19 09:15:01", MARK_LATE},
		{"2026-11-20 23:59:59", MARK_LATE},
		/* Both clock changes, around midnight and at the start. */
		{"2026-03-28 23:59:59", MARK_LATE},
		{"2026-03-29 00:00:00", MARK_PRESENT},
		{"2026-03-30 09:15:00", MARK_PRESENT},
		{"2026-10-24 09:15:01", MARK_LATE},
		{"2026-10-25 09:15:00", MARK_PRESENT},
		{"2026-10-26 09:15:01", MARK_LATE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recorded out = seen(f, f->bo, cases[i].at);
		assert_int_equal(out.count, 1);
		assert_int_equal(out.entry[0].outcome, OUTCOME_MARKED);
		assert_int_equal(out.entry[0].status, cases[i].status);
		assert_int_equal(out.entry[0].at_ms, at(f, cases[i].at));
		assert_string_equal(out.entry[0].group, "4b");
		assert_true(uuid_valid(out.sighting_id));
		assert_mark(f, f->bo, cases[i].status, cases[i].at);
	}
}

static void a_day_is_that_of_the_zone(void **state)
{
	struct school *f = need(state);
	zone_close(f->zone);
	ok(zone_open(&f->zone, "Asia/Kathmandu", &reason));
	f->r.zone = f->zone;
	/* 18:14:59 UTC is the last second of the day in Kathmandu. */
	struct look look = match(f, f->bo, "2026-11-21T18:14:59Z");
	struct recorded out = write_look(f, &look);
	struct session_row session;
	ok(store_session(f->store, out.entry[0].session_id, &session, &reason));
	assert_string_equal(session.day, "2026-11-21");
	assert_int_equal(session.start_ms, at(f, "2026-11-21T03:15:00Z"));
	look = match(f, f->bo, "2026-11-21T18:16:00Z");
	out = write_look(f, &look);
	ok(store_session(f->store, out.entry[0].session_id, &session, &reason));
	assert_string_equal(session.day, "2026-11-22");
	assert_int_equal(out.entry[0].status, MARK_PRESENT);
}

static void a_long_day_has_one_mark(void **state)
{
	struct school *f = need(state);
	/* The day of 25 hours: its first and its last minute. */
	assert_int_equal(seen(f, f->bo, "2026-10-25 00:00").entry[0].outcome, OUTCOME_MARKED);
	assert_int_equal(
		seen(f, f->bo, "2026-10-25 02:30+02:00").entry[0].outcome, OUTCOME_ALREADY);
	assert_int_equal(
		seen(f, f->bo, "2026-10-25 02:30+01:00").entry[0].outcome, OUTCOME_ALREADY);
	assert_int_equal(seen(f, f->bo, "2026-10-25 23:59").entry[0].outcome, OUTCOME_ALREADY);
	assert_int_equal(seen(f, f->bo, "2026-10-26 00:00:59").entry[0].outcome, OUTCOME_MARKED);
	assert_mark(f, f->bo, MARK_PRESENT, "2026-10-25 00:00");
}

static void a_second_match_is_recorded_and_changes_nothing(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 08:55");
	struct recorded out = seen(f, f->bo, "2026-11-20 09:30");
	assert_int_equal(out.entry[0].outcome, OUTCOME_ALREADY);
	assert_int_equal(out.entry[0].status, MARK_PRESENT);
	assert_int_equal(out.entry[0].at_ms, at(f, "2026-11-20 08:55"));
	assert_true(uuid_valid(out.sighting_id));
	assert_int_equal(sightings(f), 2);
	assert_mark(f, f->bo, MARK_PRESENT, "2026-11-20 08:55");
}

static void within_the_cooldown_nothing_is_recorded(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 08:55:00");
	static const struct {
		const char *at;
		enum outcome outcome;
		size_t sightings;
	} cases[] = {
		{"2026-11-20 08:55:00", OUTCOME_COOLDOWN, 1},
		{"2026-11-20 08:55:59.999", OUTCOME_COOLDOWN, 1},
		/* Out of order: before what is known. */
		{"2026-11-20 08:54:00.001", OUTCOME_COOLDOWN, 1},
		{"2026-11-20 08:56:00", OUTCOME_ALREADY, 2},
		{"2026-11-20 08:56:59", OUTCOME_COOLDOWN, 2},
		{"2026-11-20 08:54:00", OUTCOME_MARKED, 3},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recorded out = seen(f, f->bo, cases[i].at);
		assert_int_equal(out.count, 1);
		assert_int_equal(out.entry[0].outcome, cases[i].outcome);
		assert_int_equal(sightings(f), cases[i].sightings);
		assert_int_equal(out.sighting_id[0] == '\0', cases[i].outcome == OUTCOME_COOLDOWN);
	}
	/* Exactly a cooldown before one sighting, and less than that after another. */
	seen(f, f->bo, "2026-11-20 10:00:00");
	seen(f, f->bo, "2026-11-20 10:01:30");
	assert_int_equal(seen(f, f->bo, "2026-11-20 10:00:30").entry[0].outcome, OUTCOME_COOLDOWN);
	/* Another person has a cooldown of their own. */
	assert_int_equal(seen(f, f->ada, "2026-11-20 08:55:00").entry[0].outcome, OUTCOME_MARKED);
}

static void a_cooldown_does_not_hide_the_first_of_a_day(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 23:59:50");
	struct recorded out = seen(f, f->bo, "2026-11-21 00:00:10");
	assert_int_equal(out.entry[0].outcome, OUTCOME_MARKED);
	assert_mark(f, f->bo, MARK_PRESENT, "2026-11-21 00:00:10");
	assert_mark(f, f->bo, MARK_LATE, "2026-11-20 23:59:50");
	assert_int_equal(seen(f, f->bo, "2026-11-21 00:00:20").entry[0].outcome, OUTCOME_COOLDOWN);
}

static void a_cooldown_of_nothing_records_all(void **state)
{
	struct school *f = need(state);
	struct org org;
	ok(store_org(f->store, &org, &reason));
	org.cooldown_s = 0;
	ok(store_org_update(f->store, &org, &reason));
	for (int i = 0; i < 3; i++)
		seen(f, f->bo, "2026-11-20 08:55:00");
	assert_int_equal(sightings(f), 3);
}

static void the_earliest_look_decides_in_whatever_order(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 09:30");
	assert_mark(f, f->bo, MARK_LATE, "2026-11-20 09:30");
	/* Told later, seen earlier. */
	struct look look = match(f, f->bo, "2026-11-20 08:50");
	look.distance = 0.22;
	f->r.now_ms = at(f, "2026-11-22 12:00");
	struct recorded out;
	ok(register_look(&f->r, &look, &out, &reason));
	assert_int_equal(out.entry[0].outcome, OUTCOME_MARKED);
	assert_int_equal(out.entry[0].status, MARK_PRESENT);
	assert_mark(f, f->bo, MARK_PRESENT, "2026-11-20 08:50");
	struct mark mark;
	ok(store_mark(f->store, out.entry[0].session_id, f->bo, &mark, &reason));
	assert_string_equal(mark.sighting_id, out.sighting_id);
	assert_true(fabs(mark.distance - 0.22) < 1e-9);
	/* And one between changes nothing. */
	assert_int_equal(seen(f, f->bo, "2026-11-20 09:05").entry[0].outcome, OUTCOME_ALREADY);
	assert_mark(f, f->bo, MARK_PRESENT, "2026-11-20 08:50");
}

static void review_and_unknown_are_recorded_and_never_marked(void **state)
{
	struct school *f = need(state);
	struct look look = match(f, f->bo, "2026-11-20 08:55");
	look.decision = DECISION_REVIEW;
	for (size_t i = 1; i <= 3; i++) {
		struct recorded out = write_look(f, &look);
		assert_int_equal(out.count, 1);
		assert_int_equal(out.entry[0].outcome, OUTCOME_REVIEW);
		assert_string_equal(out.entry[0].session_id, "");
		assert_int_equal(sightings(f), i); /* no cooldown for them */
		struct sighting sighting;
		ok(store_sighting(f->store, out.sighting_id, &sighting, &reason));
		assert_string_equal(sighting.decision, "review");
		assert_string_equal(sighting.person_id, f->bo);
	}
	look.decision = DECISION_UNKNOWN;
	struct recorded out = write_look(f, &look);
	assert_int_equal(out.entry[0].outcome, OUTCOME_UNKNOWN);
	struct sighting sighting;
	ok(store_sighting(f->store, out.sighting_id, &sighting, &reason));
	assert_string_equal(sighting.person_id, "");
	look.person_id = NULL;
	assert_int_equal(write_look(f, &look).entry[0].outcome, OUTCOME_UNKNOWN);
	struct session_list sessions = {0};
	ok(store_sessions(f->store, "2026-11-20", &sessions, &reason));
	assert_int_equal(sessions.count, 0);
	session_list_finish(&sessions);
	/* Nor do they begin a cooldown. */
	assert_int_equal(seen(f, f->bo, "2026-11-20 08:55:10").entry[0].outcome, OUTCOME_MARKED);
}

static void evidence_is_kept_as_it_was(void **state)
{
	struct school *f = need(state);
	uint8_t hash[PHOTO_HASH_BYTES];
	memset(hash, 7, sizeof(hash));
	struct look look = match(f, f->bo, "2026-11-20 08:55");
	look.box = (struct box){1.5f, -2.0f, 30.0f, 40.0f};
	look.photo_hash = hash;
	look.source = "camera";
	struct recorded out = write_look(f, &look);
	struct sighting sighting;
	ok(store_sighting(f->store, out.sighting_id, &sighting, &reason));
	assert_int_equal(sighting.at_ms, look.at_ms);
	assert_string_equal(sighting.source, "camera");
	assert_string_equal(sighting.decision, "match");
	assert_true(sighting.distance == 0.31 && sighting.threshold == 0.5);
	assert_true(sighting.quality == 0.9 && sighting.score == 0.99);
	assert_true(sighting.box[0] == 1.5f && sighting.box[1] == -2.0f);
	assert_memory_equal(sighting.photo_hash, hash, sizeof(hash));
}

/* --- groups and sessions --- */

static void a_person_in_several_groups_is_marked_in_all(void **state)
{
	struct school *f = need(state);
	join_choir(f, f->ada);
	struct group choir;
	ok(store_group(f->store, f->choir, &choir, &reason));
	choir.start_minute = 8 * 60;
	choir.grace_minutes = 0;
	ok(store_group_update(f->store, &choir, &reason));
	struct recorded out = seen(f, f->ada, "2026-11-20 08:30");
	assert_int_equal(out.count, 2);
	for (size_t i = 0; i < 2; i++) {
		bool late = strcmp(out.entry[i].group, "Choir") == 0;
		assert_int_equal(out.entry[i].outcome, OUTCOME_MARKED);
		assert_int_equal(out.entry[i].status, late ? MARK_LATE : MARK_PRESENT);
	}
	assert_string_not_equal(out.entry[0].session_id, out.entry[1].session_id);
	assert_int_equal(sightings(f), 1);
}

static void a_person_without_a_group_has_a_register_too(void **state)
{
	struct school *f = need(state);
	struct recorded out = seen(f, f->cy, "2026-11-20 08:30");
	assert_int_equal(out.count, 1);
	assert_int_equal(out.entry[0].outcome, OUTCOME_MARKED);
	assert_string_equal(out.entry[0].group, "");
	assert_mark(f, f->cy, MARK_PRESENT, "2026-11-20 08:30");
}

static void only_the_named_group_is_marked(void **state)
{
	struct school *f = need(state);
	join_choir(f, f->ada);
	struct look look = match(f, f->ada, "2026-11-20 08:30");
	look.group_id = f->choir;
	struct recorded out = write_look(f, &look);
	assert_int_equal(out.count, 1);
	assert_string_equal(out.entry[0].group, "Choir");
	assert_int_equal(out.entry[0].outcome, OUTCOME_MARKED);
	/* The other one is not hidden by the cooldown. */
	look.group_id = NULL;
	look.at_ms += 5000;
	out = write_look(f, &look);
	assert_int_equal(out.count, 2);
	for (size_t i = 0; i < 2; i++) {
		bool choir = strcmp(out.entry[i].group, "Choir") == 0;
		assert_int_equal(out.entry[i].outcome, choir ? OUTCOME_ALREADY : OUTCOME_MARKED);
	}
	/* Who is not on its list is recorded only, and once. */
	look = match(f, f->bo, "2026-11-20 08:30");
	look.group_id = f->choir;
	out = write_look(f, &look);
	assert_int_equal(out.count, 1);
	assert_int_equal(out.entry[0].outcome, OUTCOME_NOT_IN_GROUP);
	assert_true(uuid_valid(out.sighting_id));
	assert_int_equal(write_look(f, &look).entry[0].outcome, OUTCOME_COOLDOWN);
	look.group_id = f->class_4b;
	assert_int_equal(write_look(f, &look).entry[0].outcome, OUTCOME_MARKED);
}

static void only_the_named_session_is_marked(void **state)
{
	struct school *f = need(state);
	join_choir(f, f->ada);
	join_choir(f, f->bo);
	struct recorded out = seen(f, f->bo, "2026-11-20 08:30");
	const struct entry *entry = &out.entry[strcmp(out.entry[0].group, "Choir") == 0 ? 0 : 1];
	assert_string_equal(entry->group, "Choir");
	struct look look = match(f, f->ada, "2026-11-20 08:31");
	look.session_id = entry->session_id;
	struct recorded marked = write_look(f, &look);
	assert_int_equal(marked.count, 1);
	assert_int_equal(marked.entry[0].outcome, OUTCOME_MARKED);
	assert_string_equal(marked.entry[0].session_id, entry->session_id);
	/* Nor do those of a group belong to the session of those without one. */
	struct recorded cy = seen(f, f->cy, "2026-11-20 08:31");
	look.session_id = cy.entry[0].session_id;
	look.at_ms += 120000;
	assert_int_equal(write_look(f, &look).entry[0].outcome, OUTCOME_NOT_IN_GROUP);
	/* Not on its list. */
	look = match(f, f->cy, "2026-11-20 08:35");
	look.session_id = entry->session_id;
	assert_int_equal(write_look(f, &look).entry[0].outcome, OUTCOME_NOT_IN_GROUP);
}

static void looks_that_contradict_themselves_are_refused(void **state)
{
	struct school *f = need(state);
	struct recorded first = seen(f, f->bo, "2026-11-20 08:30");
	const char *nobody = "01938b0e-0000-7000-8000-000000000000";
	struct look good = match(f, f->bo, "2026-11-21 08:30");
	struct look look[9];
	for (size_t i = 0; i < 9; i++)
		look[i] = good;
	look[0].at_ms = 0;
	look[1].person_id = NULL;
	look[2].person_id = nobody;
	look[3].group_id = nobody;
	look[4].session_id = nobody;
	look[5].session_id = first.entry[0].session_id; /* of the day before */
	look[6] = match(f, f->bo, "2026-11-20 10:30");
	look[6].session_id = first.entry[0].session_id;
	look[6].group_id = f->choir; /* the session is 4b's */
	look[7].source = NULL;
	look[8].person_id = "01938b0e-0000-7000-8000-0000000000000000000000000000000000000000";
	const enum err wanted[] = {ERR_ARG, ERR_ARG, ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_NOT_FOUND,
		ERR_ARG, ERR_ARG, ERR_ARG, ERR_NOT_FOUND};
	for (size_t i = 0; i < 9; i++) {
		struct recorded out;
		struct error why = {0};
		enum err err = register_look(&f->r, &look[i], &out, &why);
		if (err != wanted[i] || out.count != 0 || why.text[0] == '\0')
			fail_msg("look %zu: %d %s", i, err, why.text);
	}
	/* All or nothing: nothing. */
	assert_int_equal(sightings(f), 1);
	struct session_list sessions = {0};
	ok(store_sessions(f->store, "2026-11-21", &sessions, &reason));
	assert_int_equal(sessions.count, 0);
	session_list_finish(&sessions);
	assert_int_equal(write_look(f, &good).entry[0].outcome, OUTCOME_MARKED);
}

static void a_person_in_too_many_groups_is_refused_whole(void **state)
{
	struct school *f = need(state);
	for (int i = 0; i < ENTRIES_MAX; i++) {
		char name[16], id[UUID_TEXT];
		snprintf(name, sizeof(name), "group %d", i);
		ok(home_group(f->store, name, id, &reason));
		ok(store_member_add(f->store, id, f->cy, HOME_NOW, &reason));
	}
	assert_int_equal(seen(f, f->cy, "2026-11-20 08:30").count, ENTRIES_MAX);
	ok(store_member_add(f->store, f->choir, f->cy, HOME_NOW, &reason));
	struct look look = match(f, f->cy, "2026-11-21 08:30");
	struct recorded out;
	struct error why = {0};
	assert_int_equal(register_look(&f->r, &look, &out, &why), ERR_LIMIT);
	assert_int_equal(sightings(f), 1);
}

static void outcomes_have_words(void **state)
{
	(void)state;
	assert_string_equal(outcome_word(OUTCOME_NOT_IN_GROUP), "not_in_group");
	for (int o = (int)OUTCOME_MARKED; o <= (int)OUTCOME_CLOSED; o++) {
		assert_true(outcome_word((enum outcome)o)[0] != '\0');
		assert_true(outcome_reason((enum outcome)o)[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		school_test(the_first_match_of_a_day_marks),
		school_test(a_day_is_that_of_the_zone),
		school_test(a_long_day_has_one_mark),
		school_test(a_second_match_is_recorded_and_changes_nothing),
		school_test(within_the_cooldown_nothing_is_recorded),
		school_test(a_cooldown_does_not_hide_the_first_of_a_day),
		school_test(a_cooldown_of_nothing_records_all),
		school_test(the_earliest_look_decides_in_whatever_order),
		school_test(review_and_unknown_are_recorded_and_never_marked),
		school_test(evidence_is_kept_as_it_was),
		school_test(a_person_in_several_groups_is_marked_in_all),
		school_test(a_person_without_a_group_has_a_register_too),
		school_test(only_the_named_group_is_marked),
		school_test(only_the_named_session_is_marked),
		school_test(looks_that_contradict_themselves_are_refused),
		school_test(a_person_in_too_many_groups_is_refused_whole),
		cmocka_unit_test(outcomes_have_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
