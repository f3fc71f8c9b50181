/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/school.h"

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
	/* A group of nobody. */
	ok(register_close(&f->r, f->choir, "2026-11-19", "a", &reason));
	struct roll empty = read_roll(f, f->choir, "2026-11-19", "2026-11-19 12:00");
	assert_true(empty.closed);
	roll_finish(&empty);
	/* A group where nobody was seen. */
	f->r.now_ms = at(f, "2026-11-20 12:00");
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

static size_t reopened(const struct school *f)
{
	struct session_list sessions = {0};
	size_t open = 0;
	ok(store_sessions(f->store, "2026-11-20", &sessions, &reason));
	for (size_t i = 0; i < sessions.count; i++)
		open += sessions.item[i].closed_ms == 0;
	session_list_finish(&sessions);
	return open;
}

static void a_closed_register_can_be_opened_again(void **state)
{
	static const char day[] = "2026-11-20";
	struct school *f = need(state);
	struct error why = {0};
	seen(f, f->bo, "2026-11-20 08:55");
	seen(f, f->cy, "2026-11-20 08:55");
	f->r.now_ms = at(f, "2026-11-20 10:00");
	/* Nothing is closed; nobody's name, no reason, no such group. */
	assert_int_equal(register_reopen(&f->r, NULL, day, "a", "why", &why), ERR_ARG);
	ok(register_close(&f->r, NULL, day, "a", &reason));
	assert_int_equal(register_reopen(&f->r, NULL, day, " ", "why", &why), ERR_ARG);
	assert_int_equal(register_reopen(&f->r, NULL, day, "a", "", &why), ERR_ARG);
	assert_int_equal(register_reopen(&f->r, "x", day, "a", "why", &why), ERR_NOT_FOUND);
	assert_int_equal(register_reopen(&f->r, f->choir, day, "a", "why", &why), ERR_ARG);
	assert_int_equal(reopened(f), 0);
	ok(register_reopen(&f->r, f->class_4b, day, "ms.smith", "the bus was late", &reason));
	assert_int_equal(reopened(f), 1);
	assert_int_equal(seen(f, f->ada, "2026-11-20 10:05").entry[0].outcome, OUTCOME_MARKED);
	assert_mark(f, f->bo, MARK_PRESENT, "2026-11-20 08:55");
	ok(register_reopen(&f->r, NULL, day, "ms.smith", "all of them", &reason));
	assert_int_equal(reopened(f), 2);
	assert_int_equal(register_reopen(&f->r, NULL, day, "a", "again", &why), ERR_ARG);
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
	/* Also what a camera might have said. */
	struct correction late = excused;
	late.status = MARK_LATE;
	ok(register_override(&f->r, &late, &reason));
	assert_int_equal(seen(f, f->bo, "2026-11-20 08:20").entry[0].outcome, OUTCOME_ALREADY);
	roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-20 14:00");
	assert_int_equal(roll.late, 1);
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

/* The details of all audit entries of an action, oldest first, a line each. */
static void audits(const struct school *f, const char *action, char out[static 2048])
{
	char path[HOME_PATH];
	home_file(&f->home, "rollcall.db", path);
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
				 "SELECT actor || ' ' || detail FROM audit JOIN audit_detail"
				 " USING (org_id, seq) WHERE action = ?1 ORDER BY seq",
				 -1, &stmt, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_bind_text(stmt, 1, action, -1, SQLITE_STATIC), SQLITE_OK);
	size_t len = 0;
	out[0] = '\0';
	while (sqlite3_step(stmt) == SQLITE_ROW && len < 2048)
		len += (size_t)snprintf(
			out + len, 2048 - len, "%s\n", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static void what_hands_do_is_in_the_audit(void **state)
{
	struct school *f = need(state);
	struct recorded out = seen(f, f->bo, "2026-11-20 09:30");
	f->r.now_ms = at(f, "2026-11-20 12:00");
	struct correction c = {
		NULL, "2026-11-20", f->bo, MARK_EXCUSED, "ms.smith", "a \"dentist\""};
	ok(register_override(&f->r, &c, &reason));
	c.status = MARK_PRESENT;
	c.reason = "no";
	f->r.now_ms += 1000;
	ok(register_override(&f->r, &c, &reason));
	ok(register_close(&f->r, NULL, "2026-11-20", "mr.jones", &reason));
	ok(register_close(&f->r, NULL, "2026-11-20", "mr.jones", &reason));
	char text[2048], wanted[2048];
	audits(f, "mark.override", text);
	snprintf(wanted, sizeof(wanted),
		"cli:ms.smith {\"day\":\"2026-11-20\",\"person\":\"%s\",\"status\":\"excused\","
		"\"reason\":\"a \\\"dentist\\\"\",\"before\":{\"status\":\"late\",\"at_ms\":%lld,"
		"\"sighting\":\"%s\",\"actor\":null,\"reason\":null}}\n"
		"cli:ms.smith {\"day\":\"2026-11-20\",\"person\":\"%s\",\"status\":\"present\","
		"\"reason\":\"no\",\"before\":{\"status\":\"excused\",\"at_ms\":%lld,"
		"\"sighting\":null,\"actor\":\"ms.smith\",\"reason\":\"a \\\"dentist\\\"\"}}\n",
		f->bo, (long long)at(f, "2026-11-20 09:30"), out.sighting_id, f->bo,
		(long long)at(f, "2026-11-20 12:00"));
	assert_string_equal(text, wanted);
	audits(f, "register.close", text);
	snprintf(wanted, sizeof(wanted), "cli:mr.jones {\"day\":\"2026-11-20\",\"group\":\"%s\"}\n",
		f->class_4b);
	assert_string_equal(text, wanted);
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

static void correcting_the_only_mark_does_not_make_a_day_without_school(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 08:55");
	struct correction c = {NULL, "2026-11-20", f->bo, MARK_ABSENT, "a", "not Bo"};
	ok(register_override(&f->r, &c, &reason));
	struct roll roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-21 10:00");
	assert_int_equal(roll.count, 2);
	assert_int_equal(roll.absent, 2);
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
	ok(store_member_remove(f->store, f->class_4b, f->ada, HOME_NOW + 1, &reason));
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

static void who_was_in_a_group_that_is_removed_stays_in_its_register(void **state)
{
	struct school *f = need(state);
	join_choir(f, f->ada);
	seen(f, f->ada, "2026-11-20 08:55");
	ok(store_member_remove(f->store, f->choir, f->ada, HOME_NOW + 1, &reason));
	ok(store_group_remove(f->store, f->choir, &reason));
	struct roll roll = read_roll(f, NULL, "2026-11-20", "2026-11-21 10:00");
	assert_int_equal(roll.present, 2);
	const struct roll_line *line = &roll.line[roll.count - 1];
	assert_string_equal(line->name, "Ada");
	assert_string_equal(line->group, "Choir");
	roll_finish(&roll);
}

static void a_register_names_who_was_in_the_group_then(void **state)
{
	struct school *f = need(state);
	seen(f, f->bo, "2026-11-20 08:55");
	/* On another day Ada leaves, comes back and leaves again, and Cy joins. */
	int64_t later_ms = at(f, "2026-11-23 12:00");
	ok(store_member_remove(f->store, f->class_4b, f->ada, later_ms, &reason));
	ok(store_member_add(f->store, f->class_4b, f->ada, later_ms + 1, &reason));
	ok(store_member_remove(f->store, f->class_4b, f->ada, later_ms + 2, &reason));
	ok(store_member_add(f->store, f->class_4b, f->cy, later_ms, &reason));
	struct roll roll = read_roll(f, NULL, "2026-11-20", "2026-11-24 10:00");
	assert_int_equal(roll.count, 2);
	assert_int_equal(line_of(&roll, f->ada)->status, MARK_ABSENT);
	assert_null(line_of(&roll, f->cy));
	roll_finish(&roll);
	seen(f, f->bo, "2026-11-24 08:55");
	roll = read_roll(f, f->class_4b, "2026-11-24", "2026-11-25 10:00");
	assert_int_equal(roll.count, 2);
	assert_null(line_of(&roll, f->ada));
	assert_int_equal(line_of(&roll, f->cy)->status, MARK_ABSENT);
	roll_finish(&roll);
	/* A register of a day before that is opened only now is about those who are there now. */
	struct look look = match(f, f->bo, "2026-11-19 08:55");
	struct recorded out;
	f->r.now_ms = later_ms + 3;
	ok(register_look(&f->r, &look, &out, &reason));
	roll = read_roll(f, f->class_4b, "2026-11-19", "2026-11-24 10:00");
	assert_int_equal(roll.count, 2);
	assert_int_equal(line_of(&roll, f->cy)->status, MARK_ABSENT);
	roll_finish(&roll);
	/* Closed by hand it stays as it is, whoever comes later that day. */
	seen(f, f->bo, "2026-11-26 08:55");
	f->r.now_ms = at(f, "2026-11-26 09:30");
	ok(register_close(&f->r, f->class_4b, "2026-11-26", "a", &reason));
	ok(store_member_add(f->store, f->class_4b, f->ada, f->r.now_ms + 1, &reason));
	roll = read_roll(f, f->class_4b, "2026-11-26", "2026-11-26 10:00");
	assert_int_equal(roll.count, 2);
	roll_finish(&roll);
	/* Erasing a person takes that out too. */
	ok(store_person_remove(f->store, f->ada, &reason));
	roll = read_roll(f, f->class_4b, "2026-11-20", "2026-11-26 10:00");
	assert_int_equal(roll.count, 1);
	roll_finish(&roll);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		school_test(in_a_closed_register_nothing_is_marked),
		school_test(a_look_after_the_day_still_counts_for_it),
		school_test(closing_closes_what_was_asked_for),
		school_test(a_closed_register_can_be_opened_again),
		school_test(a_mark_by_hand_stays),
		school_test(a_correction_goes_where_it_was_meant),
		school_test(corrections_without_name_or_reason_are_refused),
		school_test(what_hands_do_is_in_the_audit),
		school_test(a_roll_names_everybody_by_group_then_name),
		school_test(after_its_day_who_was_not_seen_is_absent),
		school_test(a_day_without_school_has_no_absent_people),
		school_test(correcting_the_only_mark_does_not_make_a_day_without_school),
		school_test(a_day_to_come_expects_everybody),
		school_test(who_left_the_group_stays_in_its_register),
		school_test(a_register_names_who_was_in_the_group_then),
		school_test(who_was_in_a_group_that_is_removed_stays_in_its_register),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
