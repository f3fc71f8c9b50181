/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/tzif.h"

static bool have_zones(void)
{
	if (file_exists("/usr/share/zoneinfo/Europe/Berlin"))
		return true;
	print_message("skipped: the package tzdata is not installed\n");
	return false;
}

#define need_zones()               \
	do {                       \
		if (!have_zones()) \
			skip();    \
	} while (0)

static struct zone *open_zone(const char *name)
{
	struct zone *z = NULL;
	struct error why = {0};
	if (zone_open(&z, name, &why) != OK)
		fail_msg("%s", why.text);
	return z;
}

/* An ISO moment to UTC milliseconds. */
static int64_t at(const char *iso)
{
	struct zone *utc = open_zone("UTC");
	int64_t ms = 0;
	struct error why = {0};
	if (zone_parse(utc, iso, 0, &ms, &why) != OK)
		fail_msg("%s", why.text);
	zone_close(utc);
	return ms;
}

static void utc_needs_no_files(void **state)
{
	(void)state;
	setenv("TZDIR", "/nowhere", 1);
	struct zone *z = open_zone("UTC");
	assert_string_equal(zone_name(z), "UTC");
	char stamp[STAMP_TEXT];
	zone_stamp(z, 0, stamp);
	assert_string_equal(stamp, "1970-01-01T00:00:00Z");
	zone_stamp(z, 1795251300123, stamp);
	assert_string_equal(stamp, "2026-11-21T08:55:00.123Z");
	zone_stamp(z, -1, stamp);
	assert_string_equal(stamp, "1969-12-31T23:59:59.999Z");
	zone_close(z);
	struct error why = {0};
	assert_int_equal(zone_open(&z, "Europe/Berlin", &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "tzdata"));
	unsetenv("TZDIR");
}

static void the_calendar_knows_its_leap_days(void **state)
{
	(void)state;
	assert_int_equal(days_of_date(1970, 1, 1), 0);
	assert_int_equal(days_of_date(2000, 3, 1) - days_of_date(2000, 2, 1), 29);
	assert_int_equal(days_of_date(2100, 3, 1) - days_of_date(2100, 2, 1), 28);
	assert_int_equal(days_of_date(1, 1, 1), -719162);
	for (int64_t days = -719162; days < 2932896; days += 1) {
		int year, month, day;
		date_of_days(days, &year, &month, &day);
		if (days_of_date(year, month, day) != days)
			fail_msg("%d-%d-%d is not day %lld", year, month, day, (long long)days);
	}
}

static void names_that_are_no_zones_are_refused(void **state)
{
	(void)state;
	need_zones();
	static const char *const names[] = {"", "Europe", "Europe/", "/Europe/Berlin",
		"../../etc/passwd", "Europe/../Europe/Berlin", "Europe//Berlin",
		"posix/Europe/Berlin", "right/Europe/Berlin", "localtime", "zone.tab", "tzdata.zi",
		"./UTC", "Europe/Berlin\n", "Europe/B\xFFrlin", "CET-1CEST,M3.5.0,M10.5.0/3",
		"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *z = NULL;
		struct error why = {0};
		enum err err = zone_open(&z, names[i], &why);
		if (err != ERR_NOT_FOUND || z != NULL || why.text[0] == '\0')
			fail_msg("'%s' gave %d", names[i], err);
	}
}

static void a_mistyped_zone_gets_the_nearest_name(void **state)
{
	(void)state;
	need_zones();
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{"Europe/Berln", "Europe/Berlin"},
		{"europe/berlin", "Europe/Berlin"},
		{"Berlin", "Europe/Berlin"},
		{"New York", "America/New_York"},
		{"Asia/Kathmadnu", "Asia/Kathmandu"},
		{"Kathmandu", "Asia/Kathmandu"},
		{"utc", "UTC"},
		{"America/Buenos_Aires ", "America/Buenos_Aires"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone *z = NULL;
		struct error why = {0};
		assert_int_equal(zone_open(&z, cases[i].typed, &why), ERR_NOT_FOUND);
		char wanted[128];
		snprintf(wanted, sizeof(wanted), "did you mean '%s'?", cases[i].meant);
		if (strstr(why.text, wanted) == NULL)
			fail_msg("'%s': %s", cases[i].typed, why.text);
	}
}

static void stamps_show_the_zone_s_offset(void **state)
{
	(void)state;
	need_zones();
	static const struct {
		const char *zone, *utc, *stamp;
	} cases[] = {
		{"Europe/Berlin", "2026-11-21T07:55:00Z", "2026-11-21T08:55:00+01:00"},
		{"Europe/Berlin", "2026-03-29T00:59:59.999Z", "2026-03-29T01:59:59.999+01:00"},
		{"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"},
		{"Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"},
		{"Europe/Berlin", "2099-07-01T00:00:00Z", "2099-07-01T02:00:00+02:00"},
		{"Europe/London", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"},
		{"America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T01:59:59-05:00"},
		{"America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00-04:00"},
		{"Asia/Kathmandu", "2026-11-21T18:14:59Z", "2026-11-21T23:59:59+05:45"},
		{"Asia/Kathmandu", "2026-11-21T18:15:00Z", "2026-11-22T00:00:00+05:45"},
		{"Australia/Lord_Howe", "2026-01-01T00:00:00Z", "2026-01-01T11:00:00+11:00"},
		{"Australia/Lord_Howe", "2026-07-01T00:00:00Z", "2026-07-01T10:30:00+10:30"},
		{"America/St_Johns", "2026-01-01T00:00:00Z", "2025-12-31T20:30:00-03:30"},
		{"America/Sao_Paulo", "2014-02-16T01:59:59Z", "2014-02-15T23:59:59-02:00"},
		{"America/Sao_Paulo", "2014-02-16T02:00:00Z", "2014-02-15T23:00:00-03:00"},
		{"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T23:59:59-10:00"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T00:00:00+14:00"},
		{"Antarctica/Troll", "2026-07-01T00:00:00Z", "2026-07-01T02:00:00+02:00"},
		{"Europe/Dublin", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"},
		{"Europe/Dublin", "2050-07-01T00:00:00Z", "2050-07-01T01:00:00+01:00"},
		{"Asia/Jerusalem", "2013-03-29T00:00:00Z", "2013-03-29T03:00:00+03:00"},
		{"Africa/Casablanca", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00+00:00"},
		{"Africa/Casablanca", "2026-06-01T00:00:00Z", "2026-06-01T01:00:00+01:00"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone *z = open_zone(cases[i].zone);
		char stamp[STAMP_TEXT];
		zone_stamp(z, at(cases[i].utc), stamp);
		assert_string_equal(stamp, cases[i].stamp);
		/* And back. */
		assert_int_equal(at(stamp), at(cases[i].utc));
		zone_close(z);
	}
}

static void offsets_agree_with_the_c_library(void **state)
{
	(void)state;
	need_zones();
	static const char *const names[] = {"Europe/Berlin", "America/New_York", "Asia/Kathmandu",
		"Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia",
		"Antarctica/Troll", "Europe/Dublin", "America/Cuiaba", "Pacific/Easter",
		"Pacific/Fiji", "Asia/Jerusalem", "Asia/Tehran", "Asia/Gaza", "America/Asuncion",
		"Asia/Damascus", "America/Scoresbysund", "EST5EDT", "America/Caracas",
		"Asia/Pyongyang"};
	const int64_t from = at("1971-01-01T00:00:00Z") / 1000;
	const int64_t to = at("2060-01-01T00:00:00Z") / 1000;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *z = open_zone(names[i]);
		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t s = from; s < to; s += 5400) {
			time_t t = (time_t)s;
			struct tm right;
			localtime_r(&t, &right);
			struct civil c = zone_civil(z, s * 1000);
			if (c.offset_s != right.tm_gmtoff || c.hour != right.tm_hour ||
				c.weekday != (right.tm_wday + 6) % 7)
				fail_msg("%s at %lld: %d, not %ld", names[i], (long long)s,
					c.offset_s, right.tm_gmtoff);
		}
		zone_close(z);
	}
	unsetenv("TZ");
	tzset();
}

static void a_day_is_as_long_as_its_clocks_make_it(void **state)
{
	(void)state;
	need_zones();
	static const struct {
		const char *zone, *day, *begin;
		int minutes;
	} cases[] = {
		{"UTC", "2026-11-21", "2026-11-21T00:00:00Z", 1440},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 1380},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 1500},
		{"Europe/Berlin", "2024-02-29", "2024-02-28T23:00:00Z", 1440},
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 1500},
		{"Asia/Kathmandu", "2026-11-21", "2026-11-20T18:15:00Z", 1440},
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 1470},
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 1410},
		/* From 24:00 to 01:00, and from 24:00 back to 23:00. */
		{"America/Sao_Paulo", "2014-10-19", "2014-10-19T03:00:00Z", 1380},
		{"America/Sao_Paulo", "2014-02-15", "2014-02-15T02:00:00Z", 1500},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 1440},
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 1440},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone *z = open_zone(cases[i].zone);
		int64_t begin_ms = 0, end_ms = 0;
		assert_int_equal(zone_day_bounds(z, cases[i].day, &begin_ms, &end_ms, NULL), OK);
		assert_int_equal(begin_ms, at(cases[i].begin));
		assert_int_equal((end_ms - begin_ms) / 60000, cases[i].minutes);
		char day[DAY_TEXT];
		zone_day(z, begin_ms, day);
		assert_string_equal(day, cases[i].day);
		zone_day(z, end_ms - 1, day);
		assert_string_equal(day, cases[i].day);
		zone_day(z, begin_ms - 1, day);
		assert_string_not_equal(day, cases[i].day);
		zone_day(z, end_ms, day);
		assert_string_not_equal(day, cases[i].day);
		zone_close(z);
	}
}

static void days_follow_each_other_without_a_hole(void **state)
{
	(void)state;
	need_zones();
	static const char *const names[] = {"Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo",
		"Australia/Lord_Howe", "Asia/Beirut", "Africa/Cairo", "America/Havana",
		"Asia/Tehran"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *z = open_zone(names[i]);
		int64_t last_end = 0;
		for (int64_t d = days_of_date(2005, 1, 1); d < days_of_date(2030, 1, 1); d++) {
			int year, month, day;
			date_of_days(d, &year, &month, &day);
			char text[DAY_TEXT * 3], seen[DAY_TEXT];
			snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
			int64_t begin_ms = 0, end_ms = 0;
			assert_int_equal(zone_day_bounds(z, text, &begin_ms, &end_ms, NULL), OK);
			if (last_end != 0 && begin_ms != last_end)
				fail_msg("a hole before %s in %s", text, names[i]);
			zone_day(z, begin_ms, seen);
			assert_string_equal(seen, text);
			last_end = end_ms;
		}
		zone_close(z);
	}
}

static void a_skipped_day_is_refused(void **state)
{
	(void)state;
	need_zones();
	struct zone *z = open_zone("Pacific/Apia");
	int64_t begin_ms, end_ms;
	struct error why = {0};
	assert_int_equal(zone_day_bounds(z, "2011-12-30", &begin_ms, &end_ms, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "2011-12-30"));
	assert_int_equal(zone_day_minute(z, "2011-12-30", 540, &begin_ms, &why), ERR_ARG);
	zone_close(z);
}

static void words_that_are_no_day_are_refused(void **state)
{
	(void)state;
	struct zone *z = open_zone("UTC");
	static const char *const days[] = {"", "2026", "2026-02-30", "2023-02-29", "1900-02-29",
		"2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01", "2026-1-1", "2026-01-01 ",
		" 2026-01-01", "2026-01-01T", "26-01-01", "2026/01/01", "-026-01-01",
		"12026-01-01"};
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		int64_t begin_ms, end_ms;
		struct error why = {0};
		if (zone_day_bounds(z, days[i], &begin_ms, &end_ms, &why) != ERR_ARG)
			fail_msg("'%s' was taken for a day", days[i]);
		assert_true(why.text[0] != '\0');
	}
	zone_close(z);
}

static void a_minute_of_a_day_follows_gaps_and_overlaps(void **state)
{
	(void)state;
	need_zones();
	static const struct {
		const char *zone, *day;
		int minute;
		const char *stamp;
	} cases[] = {
		{"Europe/Berlin", "2026-11-21", 540, "2026-11-21T09:00:00+01:00"},
		{"Europe/Berlin", "2026-03-29", 540, "2026-03-29T09:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29", 119, "2026-03-29T01:59:00+01:00"},
		{"Europe/Berlin", "2026-03-29", 120, "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29", 150, "2026-03-29T03:30:00+02:00"},
		{"Europe/Berlin", "2026-03-29", 180, "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25", 120, "2026-10-25T02:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25", 179, "2026-10-25T02:59:00+02:00"},
		{"Europe/Berlin", "2026-10-25", 180, "2026-10-25T03:00:00+01:00"},
		{"Australia/Lord_Howe", "2026-10-04", 135, "2026-10-04T02:45:00+11:00"},
		{"America/Sao_Paulo", "2014-10-19", 0, "2014-10-19T01:00:00-02:00"},
		{"America/Sao_Paulo", "2014-02-15", 1439, "2014-02-15T23:59:00-02:00"},
		{"Asia/Kathmandu", "2026-11-21", 0, "2026-11-21T00:00:00+05:45"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone *z = open_zone(cases[i].zone);
		int64_t ms = 0;
		assert_int_equal(zone_day_minute(z, cases[i].day, cases[i].minute, &ms, NULL), OK);
		char stamp[STAMP_TEXT];
		zone_stamp(z, ms, stamp);
		assert_string_equal(stamp, cases[i].stamp);
		zone_close(z);
	}
	struct zone *utc = open_zone("UTC");
	int64_t ms;
	assert_int_equal(zone_day_minute(utc, "2026-11-21", -1, &ms, NULL), ERR_ARG);
	assert_int_equal(zone_day_minute(utc, "2026-11-21", 1440, &ms, NULL), ERR_ARG);
	zone_close(utc);
}

static void times_are_read_as_people_type_them(void **state)
{
	(void)state;
	need_zones();
	/* Half past midnight in Berlin: the day there is not that of UTC. */
	int64_t now_ms = at("2026-11-20T23:30:00Z");
	static const struct {
		const char *text, *utc;
	} cases[] = {
		{"now", "2026-11-20T23:30:00Z"},
		{" now\n", "2026-11-20T23:30:00Z"},
		{"08:55", "2026-11-21T07:55:00Z"},
		{"8:55", "2026-11-21T07:55:00Z"},
		{"08:55:30", "2026-11-21T07:55:30Z"},
		{"today 08:55", "2026-11-21T07:55:00Z"},
		{"yesterday 08:55", "2026-11-20T07:55:00Z"},
		{"2026-11-21 08:55", "2026-11-21T07:55:00Z"},
		{"2026-11-21T08:55:30", "2026-11-21T07:55:30Z"},
		{"2026-11-21T08:55:30.250", "2026-11-21T07:55:30.250Z"},
		{"2026-07-21 08:55", "2026-07-21T06:55:00Z"},
		{"2026-11-21 08:55Z", "2026-11-21T08:55:00Z"},
		{"2026-11-21t08:55z", "2026-11-21T08:55:00Z"},
		{"2026-11-21 08:55 +05:45", "2026-11-21T03:10:00Z"},
		{"2026-11-21T08:55:00-0330", "2026-11-21T12:25:00Z"},
		{"2026-11-21T08:55:00+01", "2026-11-21T07:55:00Z"},
		{"2026-03-29 02:30", "2026-03-29T01:30:00Z"},
		{"2026-10-25 02:30", "2026-10-25T00:30:00Z"},
	};
	struct zone *z = open_zone("Europe/Berlin");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 0;
		struct error why = {0};
		if (zone_parse(z, cases[i].text, now_ms, &ms, &why) != OK)
			fail_msg("%s", why.text);
		if (ms != at(cases[i].utc))
			fail_msg("'%s' is %lld", cases[i].text, (long long)ms);
	}
	zone_close(z);
}

static void words_that_are_no_time_are_refused(void **state)
{
	(void)state;
	struct zone *z = open_zone("UTC");
	static const char *const texts[] = {"", "later", "2026-11-21", "24:00", "12:60", "12:30:60",
		"2026-02-30 12:00", "2026-11-21 12", "2026-11-21  ", "2026-11-21 12:30+25:00",
		"2026-11-21 12:30+1", "2026-11-21 12:30 PM", "12:3", "123:30", "12:30:5", "12:30.5",
		"today", "2026-11-21x12:30", "12:30Z0", "+01:00", "nowadays", ":",
		"12:", "2026-11-21 12:30:00.1234",
		"2026-11-21                                                          08:55"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t ms;
		struct error why = {0};
		if (zone_parse(z, texts[i], 0, &ms, &why) != ERR_ARG)
			fail_msg("'%s' was taken for a time", texts[i]);
		assert_true(why.text[0] != '\0');
	}
	zone_close(z);
}

static void days_are_read_as_people_type_them(void **state)
{
	(void)state;
	need_zones();
	struct zone *z = open_zone("Asia/Kathmandu");
	int64_t now_ms = at("2026-11-30T18:15:00Z"); /* the first moment of December there */
	static const struct {
		const char *text, *day;
	} cases[] = {{"today", "2026-12-01"}, {"yesterday", "2026-11-30"},
		{"2024-02-29", "2024-02-29"}, {" 2026-11-21 ", "2026-11-21"}};
	char day[DAY_TEXT];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(zone_parse_day(z, cases[i].text, now_ms, day, NULL), OK);
		assert_string_equal(day, cases[i].day);
	}
	static const char *const wrong[] = {"", "tomorrow", "today 08:55", "2026-02-29", "todayy"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(zone_parse_day(z, wrong[i], now_ms, day, NULL), ERR_ARG);
	zone_close(z);
}

static void minutes_are_read_and_written(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int minute; /* -1: refused */
	} cases[] = {{"09:00", 540}, {"9:00", 540}, {"00:00", 0}, {"23:59", 1439}, {" 7:30 ", 450},
		{"24:00", -1}, {"9", -1}, {"9:0", -1}, {"09:00:00", -1}, {"", -1}, {"-1:00", -1},
		{"9:60", -1}, {"9:00x", -1}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int minute = -1;
		enum err err = minute_parse(cases[i].text, &minute, NULL);
		assert_int_equal(err, cases[i].minute < 0 ? ERR_ARG : OK);
		assert_int_equal(minute, cases[i].minute);
	}
	char text[6];
	minute_text(545, text);
	assert_string_equal(text, "09:05");
	minute_text(1439, text);
	assert_string_equal(text, "23:59");
}

static void the_machine_s_zone_can_be_opened(void **state)
{
	(void)state;
	need_zones();
	char name[ZONE_NAME_MAX];
	static const char *const forms[] = {
		"Asia/Kathmandu", ":Asia/Kathmandu", "/usr/share/zoneinfo/Asia/Kathmandu"};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		setenv("TZ", forms[i], 1);
		zone_of_machine(name);
		assert_string_equal(name, "Asia/Kathmandu");
	}
	/* What is no IANA name is passed over. */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	zone_of_machine(name);
	zone_close(open_zone(name));
	unsetenv("TZ");
	zone_of_machine(name);
	zone_close(open_zone(name));
}

/* --- files made here --- */

struct made {
	uint8_t bytes[512];
	size_t len;
};

static void put(struct made *m, const void *bytes, size_t len)
{
	assert_true(m->len + len <= sizeof(m->bytes));
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put_big(struct made *m, int64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		uint8_t b = (uint8_t)((uint64_t)value >> (8 * i));
		put(m, &b, 1);
	}
}

static void put_header(struct made *m, char version, int leap, int time, int type, int chars)
{
	put(m, "TZif", 4);
	put(m, &version, 1);
	static const uint8_t zero[15];
	put(m, zero, sizeof(zero));
	const int counts[] = {0, 0, leap, time, type, chars};
	for (size_t i = 0; i < 6; i++)
		put_big(m, counts[i], 4);
}

/* A version 2 file with one change from `before_s` to `after_s` at `at_s`, and a footer. */
static struct made make(int64_t at_s, int before_s, int after_s, const char *footer)
{
	struct made m = {0};
	put_header(&m, '2', 0, 0, 1, 1);
	put_big(&m, 0, 4);
	put(&m, "\0\0", 2); /* of the type: daylight flag and name */
	put(&m, "", 1);
	put_header(&m, '2', 0, 1, 2, 4);
	put_big(&m, at_s, 8);
	put_big(&m, 1, 1);
	put_big(&m, before_s, 4);
	put(&m, "\0\0", 2);
	put_big(&m, after_s, 4);
	put(&m, "\0\0", 2);
	put(&m, "ABC", 4);
	put(&m, "\n", 1);
	put(&m, footer, strlen(footer));
	put(&m, "\n", 1);
	return m;
}

static void a_footer_s_rule_is_followed(void **state)
{
	(void)state;
	static const struct {
		const char *footer, *utc;
		int offset_s;
	} cases[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2100-10-31T00:59:59Z", 7200},
		{"CET-1CEST,M3.5.0,M10.5.0/3", "2100-10-31T01:00:00Z", 3600},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-15T00:00:00Z", 0},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-15T00:00:00Z", 3600},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600},
		{"IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-26T23:59:59Z", 7200},
		{"IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 10800},
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01T00:00:00Z", 39600},
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-06-01T00:00:00Z", 37800},
		/* Daylight time all year (RFC 8536, section 3.3.1). */
		{"EST5EDT,0/0,J365/25", "2026-01-01T04:30:00Z", -14400},
		{"EST5EDT,0/0,J365/25", "2026-07-01T00:00:00Z", -14400},
		{"EST5EDT,0/0,J365/25", "2027-01-01T04:59:59Z", -14400},
		/* J60 is the first of March in every year, 59 the day before it in leap years. */
		{"AAA0BBB,J60/0,J300/0", "2024-02-29T23:59:59Z", 0},
		{"AAA0BBB,J60/0,J300/0", "2024-03-01T00:00:00Z", 3600},
		{"AAA0BBB,59/0,J300/0", "2024-02-28T23:59:59Z", 0},
		{"AAA0BBB,59/0,J300/0", "2024-02-29T00:00:00Z", 3600},
		{"", "2026-07-01T00:00:00Z", 5400},
		{"XYZ-1:30", "2026-07-01T00:00:00Z", 5400},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made m = make(at("1996-01-01T00:00:00Z") / 1000, 0, 5400, cases[i].footer);
		struct tz_table table;
		struct error why = {0};
		if (tzif_parse(m.bytes, m.len, &table, &why) != OK)
			fail_msg("%s: %s", cases[i].footer, why.text);
		int64_t s = at(cases[i].utc) / 1000;
		int offset_s = table.change[tz_table_find(&table, s)].offset_s;
		if (offset_s != cases[i].offset_s)
			fail_msg("%s at %s: %d", cases[i].footer, cases[i].utc, offset_s);
		assert_int_equal(table.change[tz_table_find(&table, 0)].offset_s, 0);
		for (size_t c = 1; c < table.count; c++)
			assert_true(table.change[c - 1].at_s < table.change[c].at_s);
		tz_table_finish(&table);
	}
}

static void malformed_files_are_refused(void **state)
{
	(void)state;
	static const char *const footers[] = {"CET", "CET-1CEST", "C-1", "CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,J366,J5",
		"CET-1CEST,366,5", "CET-25", "CET-1CEST,M3.5.0,M10.5.0 ", "<CE-1", "CET-1:60",
		"CET-1CEST,M3.5.0,M10.5.0/", "CET-1CEST,M0003.5.0,M10.5.0"};
	struct tz_table table;
	struct error why = {0};
	for (size_t i = 0; i < sizeof(footers) / sizeof(footers[0]); i++) {
		struct made m = make(0, 0, 3600, footers[i]);
		if (tzif_parse(m.bytes, m.len, &table, &why) != ERR_FORMAT)
			fail_msg("'%s' was accepted", footers[i]);
		assert_null(table.change);
	}
	/* Cut short anywhere, it is either refused or (only the last byte) still whole. */
	struct made whole = make(0, 0, 3600, "CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t len = 0; len < whole.len; len++)
		assert_int_equal(tzif_parse(whole.bytes, len, &table, &why), ERR_FORMAT);
	assert_int_equal(tzif_parse(whole.bytes, whole.len, &table, &why), OK);
	tz_table_finish(&table);
	struct made far = make(0, 0, 100000, "");
	assert_int_equal(tzif_parse(far.bytes, far.len, &table, &why), ERR_FORMAT);
	struct made leap = {0};
	put_header(&leap, '\0', 1, 0, 1, 1);
	static const uint8_t body[6 + 1 + 8];
	put(&leap, body, sizeof(body));
	assert_int_equal(tzif_parse(leap.bytes, leap.len, &table, &why), ERR_UNSUPPORTED);
	struct made many = {0};
	put_header(&many, '\0', 0, 1 << 30, 1, 1);
	assert_int_equal(tzif_parse(many.bytes, many.len, &table, &why), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utc_needs_no_files),
		cmocka_unit_test(the_calendar_knows_its_leap_days),
		cmocka_unit_test(names_that_are_no_zones_are_refused),
		cmocka_unit_test(a_mistyped_zone_gets_the_nearest_name),
		cmocka_unit_test(stamps_show_the_zone_s_offset),
		cmocka_unit_test(offsets_agree_with_the_c_library),
		cmocka_unit_test(a_day_is_as_long_as_its_clocks_make_it),
		cmocka_unit_test(days_follow_each_other_without_a_hole),
		cmocka_unit_test(a_skipped_day_is_refused),
		cmocka_unit_test(words_that_are_no_day_are_refused),
		cmocka_unit_test(a_minute_of_a_day_follows_gaps_and_overlaps),
		cmocka_unit_test(times_are_read_as_people_type_them),
		cmocka_unit_test(words_that_are_no_time_are_refused),
		cmocka_unit_test(days_are_read_as_people_type_them),
		cmocka_unit_test(minutes_are_read_and_written),
		cmocka_unit_test(the_machine_s_zone_can_be_opened),
		cmocka_unit_test(a_footer_s_rule_is_followed),
		cmocka_unit_test(malformed_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
