/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "attend/register.h"
#include "base/file.h"
#include "tests/support/home.h"

/* A school in Berlin: Ada and Bo in 4b, Ada also in Choir, Cy in no group. */
struct school {
	struct home home;
	struct store *store;
	struct zone *zone;
	struct registrar r;
	char ada[UUID_TEXT], bo[UUID_TEXT], cy[UUID_TEXT];
	char class_4b[UUID_TEXT], choir[UUID_TEXT];
};

static int set_up(void **state)
{
	*state = NULL;
	if (!file_exists("/usr/share/zoneinfo/Europe/Berlin"))
		return 0;
	struct school *f = calloc(1, sizeof(*f));
	struct error why = {0};
	if (f == NULL || !home_make_quick(&f->home) || (f->store = home_open(&f->home)) == NULL)
		return -1;
	enum err err = zone_open(&f->zone, "Europe/Berlin", &why);
	if (err == OK)
		err = home_person(f->store, "Ada", "1", f->ada, &why);
	if (err == OK)
		err = home_person(f->store, "Bo", "2", f->bo, &why);
	if (err == OK)
		err = home_person(f->store, "Cy", NULL, f->cy, &why);
	if (err == OK)
		err = home_group(f->store, "4b", f->class_4b, &why);
	if (err == OK)
		err = home_group(f->store, "Choir", f->choir, &why);
	if (err == OK)
		err = store_member_add(f->store, f->class_4b, f->ada, HOME_NOW, &why);
	if (err == OK)
		err = store_member_add(f->store, f->class_4b, f->bo, HOME_NOW, &why);
	f->r = (struct registrar){f->store, f->zone, 0};
	*state = f;
	if (err != OK)
		print_error("%s\n", why.text);
	return err == OK ? 0 : -1;
}

static int tear_down(void **state)
{
	struct school *f = *state;
	if (f == NULL)
		return 0;
	store_close(f->store);
	zone_close(f->zone);
	home_remove(&f->home);
	free(f);
	return 0;
}

static struct school *need(void **state)
{
	if (*state == NULL) {
		print_message("skipped: the package tzdata is not installed\n");
		skip();
	}
	return *state;
}

/* Fails the test with the reason; `call` puts it into &reason. */
#define ok(call)                                                \
	do {                                                    \
		struct error reason = {0};                      \
		if ((call) != OK)                               \
			fail_msg("%s: %s", #call, reason.text); \
	} while (0)

/* Local time in Berlin to UTC milliseconds. */
static int64_t at(const struct school *f, const char *local)
{
	int64_t ms = 0;
	ok(zone_parse(f->zone, local, 0, &ms, &reason));
	return ms;
}

static void join_choir(struct school *f, const char *person)
{
	ok(store_member_add(f->store, f->choir, person, HOME_NOW, &reason));
}

static struct look match(const struct school *f, const char *person, const char *local)
{
	return (struct look){
		.at_ms = at(f, local),
		.source = "photo",
		.decision = DECISION_MATCH,
		.person_id = person,
		.distance = 0.31,
		.margin = INFINITY,
		.threshold = 0.5,
		.quality = 0.9,
		.score = 0.99,
	};
}

/* Writes a look at once. */
static struct recorded write_look(struct school *f, const struct look *look)
{
	struct recorded out;
	f->r.now_ms = look->at_ms;
	ok(register_look(&f->r, look, &out, &reason));
	return out;
}

static struct recorded seen(struct school *f, const char *person, const char *local)
{
	struct look look = match(f, person, local);
	return write_look(f, &look);
}

static enum err count_one(void *ctx, const struct sighting *sighting, struct error *why)
{
	(void)sighting;
	(void)why;
	++*(size_t *)ctx;
	return OK;
}

static size_t sightings(struct school *f)
{
	size_t count = 0;
	ok(store_sightings(f->store, 0, INT64_MAX, count_one, &count, &reason));
	return count;
}

/* The person's line in the register of a day, read at `now`; NULL if there is none. */
static const struct roll_line *line_of(const struct roll *roll, const char *person)
{
	for (size_t i = 0; i < roll->count; i++) {
		if (strcmp(roll->line[i].person_id, person) == 0)
			return &roll->line[i];
	}
	return NULL;
}

static struct roll read_roll(struct school *f, const char *group, const char *day, const char *now)
{
	struct roll roll;
	f->r.now_ms = at(f, now);
	ok(register_roll(&f->r, group, day, &roll, &reason));
	return roll;
}

static void assert_mark(
	struct school *f, const char *person, enum mark_status status, const char *local)
{
	char day[DAY_TEXT];
	int64_t at_ms = at(f, local);
	zone_day(f->zone, at_ms, day);
	struct roll roll;
	f->r.now_ms = at_ms;
	ok(register_roll(&f->r, NULL, day, &roll, &reason));
	const struct roll_line *line = line_of(&roll, person);
	assert_non_null(line);
	assert_false(line->expected);
	assert_int_equal(line->status, status);
	assert_int_equal(line->at_ms, at_ms);
	roll_finish(&roll);
}

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
	/* Not on its list. */
	look = match(f, f->cy, "2026-11-20 08:31");
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

/* --- closing --- */

static void in_a_closed_register_nothing_is_marked(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 09:00");
	f->r.now_ms = at(f, "2026-11-20 10:00");
	ok(register_close(&f->r, f->class_4b, "2026-11-20", "ms.smith", &reason));
	struct recorded out = seen(f, f->ada, "2026-11-20 10:05");
	assert_int_equal(out.entry[0].outcome, OUTCOME_CLOSED);
	assert_true(uuid_valid(out.sighting_id));
	/* Also not by a look of before that arrives after. */
	assert_int_equal(seen(f, f->ada, "2026-11-20 08:50").entry[0].outcome, OUTCOME_CLOSED);
	out = seen(f, f->bo, "2026-11-20 08:40");
	assert_int_equal(out.entry[0].outcome, OUTCOME_ALREADY);
	assert_int_equal(out.entry[0].at_ms, at(f, "2026-11-20 09:00"));
	struct roll roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-20 11:00");
	assert_true(roll.closed);
	assert_int_equal(roll.present, 1);
	assert_int_equal(roll.absent, 1);
	assert_int_equal(roll.expected, 0);
	assert_int_equal(line_of(&roll, f->ada)->status, MARK_ABSENT);
	assert_false(line_of(&roll, f->ada)->expected);
	roll_finish(&roll);
}

static void a_look_after_the_day_still_counts_for_it(void **state)
{
	struct school *f = need(state);
	struct look look = match(f, f->bo, "2026-11-20 08:55");
	f->r.now_ms = at(f, "2026-11-25 12:00");
	struct recorded out;
	ok(register_look(&f->r, &look, &out, &reason));
	assert_int_equal(out.entry[0].outcome, OUTCOME_MARKED);
	assert_int_equal(out.entry[0].status, MARK_PRESENT);
}

static void closing_closes_what_was_asked_for(void **state)
{
	struct school *f = need(state);
	struct error why = {0};
	f->r.now_ms = at(f, "2026-11-20 12:00");
	/* Nothing to close, a group that is none, a day to come, nobody's name. */
	assert_int_equal(register_close(&f->r, NULL, "2026-11-20", "a", &why), ERR_NOT_FOUND);
	assert_int_equal(register_close(&f->r, "x", "2026-11-20", "a", &why), ERR_NOT_FOUND);
	assert_int_equal(register_close(&f->r, f->choir, "2026-11-21", "a", &why), ERR_ARG);
	assert_int_equal(register_close(&f->r, f->choir, "2026-11-20", " ", &why), ERR_ARG);
	assert_int_equal(register_close(&f->r, f->choir, "2026-11-31", "a", &why), ERR_ARG);
	struct session_list sessions = {0};
	ok(store_sessions(f->store, "2026-11-20", &sessions, &reason));
	assert_int_equal(sessions.count, 0);
	/* A group where nobody was seen. */
	join_choir(f, f->ada);
	ok(register_close(&f->r, f->choir, "2026-11-20", "a", &reason));
	struct roll roll = read_roll(f, f->choir, "2026-11-20", "2026-11-20 12:00");
	assert_true(roll.closed);
	assert_int_equal(roll.absent, 1);
	roll_finish(&roll);
	/* All that were opened; again, which changes nothing. */
	seen(f, f->bo, "2026-11-20 12:01");
	seen(f, f->cy, "2026-11-20 12:01");
	ok(register_close(&f->r, NULL, "2026-11-20", "a", &reason));
	f->r.now_ms += 1000;
	ok(register_close(&f->r, NULL, "2026-11-20", "a", &reason));
	ok(store_sessions(f->store, "2026-11-20", &sessions, &reason));
	assert_int_equal(sessions.count, 3);
	for (size_t i = 0; i < sessions.count; i++) {
		bool choir = strcmp(sessions.item[i].group_id, f->choir) == 0;
		assert_int_equal(sessions.item[i].closed_ms,
			at(f, choir ? "2026-11-20 12:00" : "2026-11-20 12:01"));
	}
	session_list_finish(&sessions);
}

/* --- corrections --- */

static void a_mark_by_hand_stays(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 09:30");
	f->r.now_ms = at(f, "2026-11-20 12:00");
	const struct correction excused = {
		NULL, "2026-11-20", f->bo, MARK_EXCUSED, "ms.smith", "dentist"};
	ok(register_override(&f->r, &excused, &reason));
	assert_mark(f, f->bo, MARK_EXCUSED, "2026-11-20 12:00");
	/* No camera changes it, not by an earlier look either. */
	assert_int_equal(seen(f, f->bo, "2026-11-20 08:30").entry[0].outcome, OUTCOME_ALREADY);
	assert_int_equal(seen(f, f->bo, "2026-11-20 13:30").entry[0].outcome, OUTCOME_ALREADY);
	assert_mark(f, f->bo, MARK_EXCUSED, "2026-11-20 12:00");
	struct roll roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-20 14:00");
	const struct roll_line *line = line_of(&roll, f->bo);
	assert_string_equal(line->actor, "ms.smith");
	assert_string_equal(line->reason, "dentist");
	assert_string_equal(line->sighting_id, "");
	assert_true(isnan(line->distance));
	assert_int_equal(roll.excused, 1);
	roll_finish(&roll);
	/* Another hand does, also in a closed register. */
	ok(register_close(&f->r, f->class_4b, "2026-11-20", "a", &reason));
	f->r.now_ms = at(f, "2026-11-22 08:00");
	struct correction again = excused;
	again.status = MARK_LEFT_EARLY;
	ok(register_override(&f->r, &again, &reason));
	roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-22 14:00");
	assert_int_equal(roll.left_early, 1);
	assert_int_equal(roll.absent, 1);
	roll_finish(&roll);
}

static void a_correction_goes_where_it_was_meant(void **state)
{
	struct school *f = need(state);
	join_choir(f, f->ada);
	f->r.now_ms = at(f, "2026-11-20 12:00");
	struct correction c = {f->choir, "2026-11-20", f->ada, MARK_EXCUSED, "a", "ill"};
	ok(register_override(&f->r, &c, &reason));
	struct roll roll = read_roll(f, NULL, "2026-11-20", "2026-11-20 12:00");
	assert_int_equal(roll.excused, 1);
	roll_finish(&roll);
	c.group_id = NULL;
	ok(register_override(&f->r, &c, &reason));
	roll = read_roll(f, NULL, "2026-11-20", "2026-11-20 12:00");
	assert_int_equal(roll.excused, 2);
	roll_finish(&roll);
	c.person_id = f->cy;
	ok(register_override(&f->r, &c, &reason));
	roll = read_roll(f, NULL, "2026-11-20", "2026-11-20 12:00");
	assert_int_equal(roll.excused, 3);
	roll_finish(&roll);
}

static void corrections_without_name_or_reason_are_refused(void **state)
{
	struct school *f = need(state);
	f->r.now_ms = at(f, "2026-11-20 12:00");
	const struct correction good = {f->class_4b, "2026-11-20", f->bo, MARK_LATE, "a", "b"};
	struct correction bad[10];
	for (size_t i = 0; i < 10; i++)
		bad[i] = good;
	char long_reason[REASON_BYTES + 1];
	memset(long_reason, 'x', sizeof(long_reason) - 1);
	long_reason[sizeof(long_reason) - 1] = '\0';
	bad[0].actor = "";
	bad[1].reason = NULL;
	bad[2].reason = "  ";
	bad[3].reason = "two\nlines";
	bad[4].reason = "\xFF";
	bad[5].reason = long_reason;
	bad[6].status = (enum mark_status)99;
	bad[7].day = "2026-11-31";
	bad[8].group_id = f->choir; /* Bo is not in it */
	bad[9].person_id = "nobody";
	for (size_t i = 0; i < 10; i++) {
		struct error why = {0};
		enum err err = register_override(&f->r, &bad[i], &why);
		if (err != (i == 9 ? ERR_NOT_FOUND : ERR_ARG) || why.text[0] == '\0')
			fail_msg("correction %zu: %d %s", i, err, why.text);
	}
	struct session_list sessions = {0};
	ok(store_sessions(f->store, "2026-11-20", &sessions, &reason));
	assert_int_equal(sessions.count, 0);
	session_list_finish(&sessions);
	ok(register_override(&f->r, &good, &reason));
}

/* --- the roll --- */

static void a_roll_names_everybody_by_group_then_name(void **state)
{
	struct school *f = need(state);
	join_choir(f, f->ada);
	seen(f, f->bo, "2026-11-20 08:55");
	struct roll roll = read_roll(f, NULL, "2026-11-20", "2026-11-20 10:00");
	static const char *const wanted[][2] = {
		{"4b", "Ada"}, {"4b", "Bo"}, {"Choir", "Ada"}, {"", "Cy"}};
	assert_int_equal(roll.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(roll.line[i].group, wanted[i][0]);
		assert_string_equal(roll.line[i].name, wanted[i][1]);
	}
	assert_string_equal(roll.day, "2026-11-20");
	assert_false(roll.closed);
	assert_int_equal(roll.present, 1);
	assert_int_equal(roll.expected, 3);
	assert_string_equal(roll.line[0].number, "1");
	assert_true(isinf(roll.line[1].margin) || isnan(roll.line[1].margin));
	assert_true(roll.line[1].distance == 0.31);
	assert_true(uuid_valid(roll.line[1].sighting_id));
	assert_string_equal(roll.line[2].session_id, "");
	roll_finish(&roll);
}

static void after_its_day_who_was_not_seen_is_absent(void **state)
{
	struct school *f = need(state);
	join_choir(f, f->ada);
	seen(f, f->bo, "2026-11-20 08:55");
	static const struct {
		const char *now;
		bool closed;
		size_t count, absent, expected;
	} cases[] = {
		{"2026-11-20 23:59:59", false, 4, 0, 3},
		/* Midnight: 4b had a day, the choir and the others had none. */
		{"2026-11-21 00:00:00", true, 2, 1, 0},
		{"2027-11-21 00:00:00", true, 2, 1, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct roll roll = read_roll(f, NULL, "2026-11-20", cases[i].now);
		assert_int_equal(roll.closed, cases[i].closed);
		assert_int_equal(roll.count, cases[i].count);
		assert_int_equal(roll.absent, cases[i].absent);
		assert_int_equal(roll.expected, cases[i].expected);
		assert_int_equal(roll.present, 1);
		roll_finish(&roll);
	}
}

static void a_day_without_school_has_no_absent_people(void **state)
{
	struct school *f = need(state);
	struct roll roll = read_roll(f, NULL, "2026-11-20", "2026-11-21 10:00");
	assert_int_equal(roll.count, 0);
	assert_int_equal(roll.absent + roll.expected, 0);
	assert_true(roll.closed);
	roll_finish(&roll);
	/* An excuse given for it in advance does not make one. */
	f->r.now_ms = at(f, "2026-11-19 10:00");
	struct correction c = {f->class_4b, "2026-11-20", f->bo, MARK_EXCUSED, "a", "ill"};
	ok(register_override(&f->r, &c, &reason));
	roll = read_roll(f, NULL, "2026-11-20", "2026-11-21 10:00");
	assert_int_equal(roll.count, 1);
	assert_int_equal(roll.excused, 1);
	assert_int_equal(roll.absent, 0);
	roll_finish(&roll);
}

static void a_day_to_come_expects_everybody(void **state)
{
	struct school *f = need(state);
	struct roll roll = read_roll(f, f->class_4b, "2026-11-23", "2026-11-20 10:00");
	assert_int_equal(roll.count, 2);
	assert_int_equal(roll.expected, 2);
	assert_false(roll.closed);
	roll_finish(&roll);
	struct error why = {0};
	assert_int_equal(register_roll(&f->r, "x", "2026-11-23", &roll, &why), ERR_NOT_FOUND);
	assert_int_equal(register_roll(&f->r, NULL, "2026-11-32", &roll, &why), ERR_ARG);
	roll_finish(&roll);
}

static void who_left_the_group_stays_in_its_register(void **state)
{
	struct school *f = need(state);
	seen(f, f->ada, "2026-11-20 08:55");
	seen(f, f->bo, "2026-11-20 08:55");
	ok(store_member_remove(f->store, f->class_4b, f->ada, &reason));
	struct roll roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-21 10:00");
	assert_int_equal(roll.count, 2);
	assert_string_equal(roll.line[0].name, "Ada");
	assert_string_equal(roll.line[1].name, "Bo");
	assert_int_equal(roll.present, 2);
	roll_finish(&roll);
	/* Erased, nothing is left. */
	ok(store_person_remove(f->store, f->ada, &reason));
	roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-21 10:00");
	assert_int_equal(roll.count, 1);
	roll_finish(&roll);
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

#define school_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		school_test(in_a_closed_register_nothing_is_marked),
		school_test(a_look_after_the_day_still_counts_for_it),
		school_test(closing_closes_what_was_asked_for),
		school_test(a_mark_by_hand_stays),
		school_test(a_correction_goes_where_it_was_meant),
		school_test(corrections_without_name_or_reason_are_refused),
		school_test(a_roll_names_everybody_by_group_then_name),
		school_test(after_its_day_who_was_not_seen_is_absent),
		school_test(a_day_without_school_has_no_absent_people),
		school_test(a_day_to_come_expects_everybody),
		school_test(who_left_the_group_stays_in_its_register),
		cmocka_unit_test(outcomes_have_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
