/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock_int.h"
#include "base/mem.h"

#define MS_MIN (-62135596800000LL) /* 0001-01-01 */
#define MS_MAX 253402300799999LL   /* 9999-12-31T23:59:59.999 */

int64_t clock_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/* --- from UTC to the wall --- */

struct civil zone_civil(const struct zone *z, int64_t utc_ms)
{
	/* Leaves room for any offset, so that years have four digits. */
	if (utc_ms < MS_MIN + 2 * CLOCK_DAY_S * 1000LL)
		utc_ms = MS_MIN + 2 * CLOCK_DAY_S * 1000LL;
	if (utc_ms > MS_MAX - 2 * CLOCK_DAY_S * 1000LL)
		utc_ms = MS_MAX - 2 * CLOCK_DAY_S * 1000LL;
	int64_t utc_s = clock_floor_div(utc_ms, 1000);
	struct civil c = {
		.millisecond = (int)(utc_ms - utc_s * 1000),
		.offset_s = z->table.change[tz_table_find(&z->table, utc_s)].offset_s,
	};
	int64_t local_s = utc_s + c.offset_s;
	int64_t days = clock_floor_div(local_s, CLOCK_DAY_S);
	int of_day = (int)(local_s - days * CLOCK_DAY_S);
	date_of_days(days, &c.year, &c.month, &c.day);
	c.hour = of_day / 3600;
	c.minute = of_day / 60 % 60;
	c.second = of_day % 60;
	/* 1970-01-01 was a Thursday, 3 when Monday is 0. */
	c.weekday = (int)((days % 7 + 7 + 3) % 7);
	return c;
}

/* The lowest `count` decimal digits of a number that is not negative. */
static char *put_digits(char *at, int value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + count;
}

static char *put_date(char *at, int year, int month, int day)
{
	at = put_digits(at, year, 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	return put_digits(at, day, 2);
}

void clock_day_text(int64_t days, char out[static DAY_TEXT])
{
	int year, month, day;
	date_of_days(days, &year, &month, &day);
	*put_date(out, year, month, day) = '\0';
}

void zone_day(const struct zone *z, int64_t utc_ms, char out[static DAY_TEXT])
{
	struct civil c = zone_civil(z, utc_ms);
	*put_date(out, c.year, c.month, c.day) = '\0';
}

void zone_stamp(const struct zone *z, int64_t utc_ms, char out[static STAMP_TEXT])
{
	struct civil c = zone_civil(z, utc_ms);
	char *at = put_date(out, c.year, c.month, c.day);
	*at++ = 'T';
	at = put_digits(at, c.hour, 2);
	*at++ = ':';
	at = put_digits(at, c.minute, 2);
	*at++ = ':';
	at = put_digits(at, c.second, 2);
	if (c.millisecond != 0) {
		*at++ = '.';
		at = put_digits(at, c.millisecond, 3);
	}
	if (z->table.count == 1 && c.offset_s == 0) {
		*at++ = 'Z';
	} else {
		int minutes = abs(c.offset_s) / 60;
		*at++ = c.offset_s < 0 ? '-' : '+';
		at = put_digits(at, minutes / 60, 2);
		*at++ = ':';
		at = put_digits(at, minutes % 60, 2);
	}
	*at = '\0';
}

void minute_text(int minute, char out[static 6])
{
	minute = ((minute % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
	char *at = put_digits(out, minute / 60, 2);
	*at++ = ':';
	*put_digits(at, minute % 60, 2) = '\0';
}

/* --- from the wall to UTC --- */

/* What a wall clock's reading means. */
struct moment {
	int64_t utc_s; /* the first time it is shown; where it is skipped: as if it were not */
	int64_t gap_s; /* where it is skipped: when the clocks change; else INT64_MIN */
};

static struct moment moment_of_local(const struct zone *z, int64_t local_s)
{
	const struct tz_change *change = z->table.change;
	/* No offset is as long as two days: the answer is in one of the entries around. */
	for (size_t i = tz_table_find(&z->table, local_s - 2 * CLOCK_DAY_S);; i++) {
		int64_t utc_s = local_s - change[i].offset_s;
		int64_t end_s = i + 1 < z->table.count ? change[i + 1].at_s : INT64_MAX;
		if (utc_s >= change[i].at_s && utc_s < end_s)
			return (struct moment){utc_s, INT64_MIN};
		/* Not before the change, and not after it either. */
		if (utc_s >= end_s && local_s - change[i + 1].offset_s < end_s)
			return (struct moment){utc_s, end_s};
	}
}

int64_t clock_utc_of_local(const struct zone *z, int64_t local_s)
{
	return moment_of_local(z, local_s).utc_s;
}

/* The first moment of the local day `days` after 1970-01-01. */
static int64_t day_begin_s(const struct zone *z, int64_t days)
{
	struct moment m = moment_of_local(z, days * CLOCK_DAY_S);
	return m.gap_s != INT64_MIN ? m.gap_s : m.utc_s;
}

enum err zone_day_bounds(const struct zone *z, const char *day, int64_t *begin_ms, int64_t *end_ms,
	struct error *why)
{
	int64_t days;
	enum err err = clock_days_of_text(day, &days, why);
	if (err != OK)
		return err;
	int64_t begin_s = day_begin_s(z, days), end_s = day_begin_s(z, days + 1);
	if (begin_s >= end_s)
		return err_set(why, ERR_ARG, "there was no %s in %s: the calendar skipped it", day,
			z->name);
	*begin_ms = begin_s * 1000;
	*end_ms = end_s * 1000;
	return OK;
}

enum err zone_day_minute(
	const struct zone *z, const char *day, int minute, int64_t *utc_ms, struct error *why)
{
	if (minute < 0 || minute >= DAY_MINUTES)
		return err_set(why, ERR_ARG, "minute %d is not within a day (0 to 1439)", minute);
	int64_t days, begin_ms, end_ms;
	enum err err = zone_day_bounds(z, day, &begin_ms, &end_ms, why);
	if (err == OK)
		err = clock_days_of_text(day, &days, why);
	if (err == OK)
		*utc_ms = clock_utc_of_local(z, days * CLOCK_DAY_S + minute * 60) * 1000;
	return err;
}
