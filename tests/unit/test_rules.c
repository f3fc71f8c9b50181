/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "attend/rules.h"
#include "base/file.h"

static const struct org school = {.start_minute = DEFAULT_START_MINUTE,
	.grace_minutes = DEFAULT_GRACE_MINUTES,
	.cooldown_s = DEFAULT_COOLDOWN_S};

static struct zone *open_zone(const char *name)
{
	struct zone *z = NULL;
	struct error why = {0};
	if (zone_open(&z, name, &why) != OK)
		fail_msg("%s", why.text);
	return z;
}

static void a_session_begins_at_the_local_start(void **state)
{
	(void)state;
	if (!file_exists("/usr/share/zoneinfo/Europe/Berlin")) {
		print_message("skipped: the package tzdata is not installed\n");
		skip();
	}
	static const struct {
		const char *zone, *day;
		int start, grace; /* of the group; -1 = the organisation's 09:00 and 15 minutes */
		const char *start_at, *late_at;
	} cases[] = {
		{"UTC", "2026-11-21", -1, -1, "2026-11-21T09:00:00Z", "2026-11-21T09:15:00Z"},
		{"UTC", "2026-11-21", 0, 0, "2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z"},
		{"UTC", "2026-11-21", 1439, 720, "2026-11-21T23:59:00Z", "2026-11-22T11:59:00Z"},
		{"Asia/Kathmandu", "2026-11-21", 600, -1, "2026-11-21T10:00:00+05:45",
			"2026-11-21T10:15:00+05:45"},
		/* The days on which clocks change have the same nine o'clock. */
		{"Europe/Berlin", "2026-03-29", -1, 5, "2026-03-29T09:00:00+02:00",
			"2026-03-29T09:05:00+02:00"},
		{"Europe/Berlin", "2026-10-25", -1, -1, "2026-10-25T09:00:00+01:00",
			"2026-10-25T09:15:00+01:00"},
		/* Grace is elapsed time: 40 minutes after 01:30 it is 03:10. */
		{"Europe/Berlin", "2026-03-29", 90, 40, "2026-03-29T01:30:00+01:00",
			"2026-03-29T03:10:00+02:00"},
		/* A start that the clocks skip comes as much later. */
		{"Europe/Berlin", "2026-03-29", 150, 0, "2026-03-29T03:30:00+02:00",
			"2026-03-29T03:30:00+02:00"},
		/* Of one that comes twice it is the first. */
		{"Europe/Berlin", "2026-10-25", 150, 0, "2026-10-25T02:30:00+02:00",
			"2026-10-25T02:30:00+02:00"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone *z = open_zone(cases[i].zone);
		struct group group = {
			.id = "g", .start_minute = cases[i].start, .grace_minutes = cases[i].grace};
		struct session_row session;
		assert_int_equal(
			rules_session(&school, &group, z, cases[i].day, &session, NULL), OK);
		char stamp[STAMP_TEXT];
		zone_stamp(z, session.start_ms, stamp);
		assert_string_equal(stamp, cases[i].start_at);
		zone_stamp(z, session.late_ms, stamp);
		assert_string_equal(stamp, cases[i].late_at);
		assert_string_equal(session.group_id, "g");
		assert_string_equal(session.day, cases[i].day);
		assert_int_equal(session.closed_ms, 0);
		zone_close(z);
	}
}

static void people_without_a_group_follow_the_organisation(void **state)
{
	(void)state;
	struct zone *z = open_zone("UTC");
	struct session_row session;
	assert_int_equal(rules_session(&school, NULL, z, "1970-01-02", &session, NULL), OK);
	assert_string_equal(session.group_id, "");
	assert_int_equal(session.start_ms, (24 + 9) * 3600 * 1000);
	assert_int_equal(session.late_ms - session.start_ms, 15 * 60 * 1000);
	zone_close(z);
}

static void settings_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct zone *z = open_zone("UTC");
	static const struct {
		int start, grace;
		const char *day;
	} cases[] = {{1440, 15, "2026-11-21"}, {-1, 15, "2026-11-21"}, {540, -1, "2026-11-21"},
		{540, GRACE_MINUTES_MAX + 1, "2026-11-21"}, {540, 15, "2026-02-29"}, {540, 15, ""}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct org org = {.start_minute = cases[i].start, .grace_minutes = cases[i].grace};
		struct session_row session;
		struct error why = {0};
		assert_int_equal(
			rules_session(&org, NULL, z, cases[i].day, &session, &why), ERR_ARG);
		assert_true(why.text[0] != '\0');
	}
	zone_close(z);
}

static void one_is_late_after_the_grace_and_not_at_its_end(void **state)
{
	(void)state;
	const struct session_row session = {.start_ms = 1000, .late_ms = 2000};
	assert_int_equal(rules_first_match(&session, 0), MARK_PRESENT);
	assert_int_equal(rules_first_match(&session, 1000), MARK_PRESENT);
	assert_int_equal(rules_first_match(&session, 2000), MARK_PRESENT);
	assert_int_equal(rules_first_match(&session, 2001), MARK_LATE);
}

static void the_cooldown_holds_in_both_directions(void **state)
{
	(void)state;
	static const struct {
		int cooldown_s;
		int64_t last_ms, at_ms;
		bool in;
	} cases[] = {
		{60, 0, 1000, false},
		{60, 100000, 100000, true},
		{60, 100000, 159999, true},
		{60, 100000, 160000, false},
		{60, 160000, 100001, true},
		{60, 160000, 100000, false},
		{0, 100000, 100000, false},
		{-1, 100000, 100000, false},
		{COOLDOWN_S_MAX, 1, 86400000, true},
		{60, INT64_MIN, INT64_MAX, false},
		{60, INT64_MAX, -1, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct org org = {.cooldown_s = cases[i].cooldown_s};
		if (rules_in_cooldown(&org, cases[i].last_ms, cases[i].at_ms) != cases[i].in)
			fail_msg("case %zu", i);
	}
}

static void a_register_closes_by_hand_or_with_its_day(void **state)
{
	(void)state;
	const struct session_row open = {0}, closed = {.closed_ms = 500};
	assert_false(rules_closed(&open, 1000, 999));
	assert_true(rules_closed(&open, 1000, 1000));
	assert_true(rules_closed(&closed, 1000, 600));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_begins_at_the_local_start),
		cmocka_unit_test(people_without_a_group_follow_the_organisation),
		cmocka_unit_test(settings_that_cannot_be_are_refused),
		cmocka_unit_test(one_is_late_after_the_grace_and_not_at_its_end),
		cmocka_unit_test(the_cooldown_holds_in_both_directions),
		cmocka_unit_test(a_register_closes_by_hand_or_with_its_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
