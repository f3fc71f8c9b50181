/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock_int.h"

enum { PARSE_TEXT_MAX = 64 };

/* Exactly `count` digits. */
static bool read_digits(const char **text, int count, int *out)
{
	const char *c = *text;
	int value = 0;
	for (int i = 0; i < count; i++, c++) {
		if (*c < '0' || *c > '9')
			return false;
		value = value * 10 + (*c - '0');
	}
	*text = c;
	*out = value;
	return true;
}

static int days_in_month(int year, int month)
{
	int64_t next =
		month == 12 ? days_of_date(year + 1, 1, 1) : days_of_date(year, month + 1, 1);
	return (int)(next - days_of_date(year, month, 1));
}

/* "2026-11-21" at the beginning of a text. */
static bool read_date(const char **text, int64_t *days)
{
	const char *c = *text;
	int year, month, day;
	if (!read_digits(&c, 4, &year) || *c++ != '-' || !read_digits(&c, 2, &month) ||
		*c++ != '-' || !read_digits(&c, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*text = c;
	*days = days_of_date(year, month, day);
	return true;
}

/* "8:55", "08:55", "08:55:30" or "08:55:30.123" to milliseconds after midnight. */
static bool read_clock(const char **text, int64_t *ms)
{
	const char *c = *text;
	int hour, minute, second = 0, millisecond = 0;
	bool two = c[0] != '\0' && c[1] != ':';
	if (!read_digits(&c, two ? 2 : 1, &hour) || *c++ != ':' || !read_digits(&c, 2, &minute))
		return false;
	if (*c == ':' && (c++, !read_digits(&c, 2, &second)))
		return false;
	if (*c == '.' && (c++, !read_digits(&c, 3, &millisecond)))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*text = c;
	*ms = ((hour * 60LL + minute) * 60 + second) * 1000 + millisecond;
	return true;
}

/* "Z", "+01:00", "+0100" or "+01", or nothing: then *given is false. */
static bool read_offset(const char **text, bool *given, int *offset_s)
{
	const char *c = *text;
	*given = *c != '\0';
	*offset_s = 0;
	if (*c == 'Z' || *c == 'z') {
		*text = c + 1;
		return true;
	}
	if (*c != '+' && *c != '-')
		return !*given;
	int sign = *c++ == '-' ? -1 : 1, hour, minute = 0;
	if (!read_digits(&c, 2, &hour))
		return false;
	if (*c == ':')
		c++;
	if (*c != '\0' && !read_digits(&c, 2, &minute))
		return false;
	if (hour > 23 || minute > 59)
		return false;
	*text = c;
	*offset_s = sign * (hour * 3600 + minute * 60);
	return true;
}

/* Copies without the white space around; false when it does not fit. */
static bool trimmed(const char *text, char out[static PARSE_TEXT_MAX])
{
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	if (len >= PARSE_TEXT_MAX)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

static int64_t local_day(const struct zone *z, int64_t now_ms)
{
	struct civil c = zone_civil(z, now_ms);
	return days_of_date(c.year, c.month, c.day);
}

/* A date, "today" or "yesterday" at the beginning of a text. */
static bool read_day(const struct zone *z, int64_t now_ms, const char **text, int64_t *days)
{
	static const struct {
		const char *word;
		int days;
	} words[] = {{"today", 0}, {"yesterday", -1}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);
		if (strncmp(*text, words[i].word, len) == 0) {
			*text += len;
			*days = local_day(z, now_ms) + words[i].days;
			return true;
		}
	}
	return read_date(text, days);
}

enum err clock_days_of_text(const char *day, int64_t *days, struct error *why)
{
	const char *at = day;
	if (!read_date(&at, days) || *at != '\0')
		return err_set(why, ERR_ARG, "'%s' is no day: give it as 2026-11-21", day);
	return OK;
}

enum err zone_parse_day(const struct zone *z, const char *text, int64_t now_ms,
	char out[static DAY_TEXT], struct error *why)
{
	char word[PARSE_TEXT_MAX];
	const char *at = word;
	int64_t days;
	if (!trimmed(text, word) || !read_day(z, now_ms, &at, &days) || *at != '\0')
		return err_set(why, ERR_ARG,
			"'%s' is no day: give it as 2026-11-21, 'today' or 'yesterday'", text);
	clock_day_text(days, out);
	return OK;
}

/* Day, time and offset, the first and the last if they are there. */
static bool read_moment(const struct zone *z, const char *at, int64_t now_ms, int64_t *utc_ms)
{
	int64_t days, ms;
	if (read_day(z, now_ms, &at, &days)) {
		if (*at != 'T' && *at != 't' && *at != ' ')
			return false;
		at += *at == ' ' ? strspn(at, " ") : 1;
	} else {
		days = local_day(z, now_ms);
	}
	bool given;
	int offset_s;
	if (!read_clock(&at, &ms))
		return false;
	at += strspn(at, " ");
	if (!read_offset(&at, &given, &offset_s) || *at != '\0')
		return false;
	int64_t local_s = days * CLOCK_DAY_S + ms / 1000;
	int64_t utc_s = given ? local_s - offset_s : clock_utc_of_local(z, local_s);
	*utc_ms = utc_s * 1000 + ms % 1000;
	return true;
}

enum err zone_parse(
	const struct zone *z, const char *text, int64_t now_ms, int64_t *utc_ms, struct error *why)
{
	char word[PARSE_TEXT_MAX];
	bool good = trimmed(text, word);
	if (good && strcmp(word, "now") == 0)
		*utc_ms = now_ms;
	else
		good = good && read_moment(z, word, now_ms, utc_ms);
	if (!good)
		return err_set(why, ERR_ARG,
			"'%s' is no time: give it as '2026-11-21 08:55', '08:55' or 'now'", text);
	return OK;
}

enum err minute_parse(const char *text, int *minute, struct error *why)
{
	char word[PARSE_TEXT_MAX];
	const char *at = word;
	int64_t ms = 0;
	bool good = trimmed(text, word) && strlen(word) <= strlen("09:00") &&
		read_clock(&at, &ms) && *at == '\0';
	if (!good)
		return err_set(why, ERR_ARG, "'%s' is no time of day: give it as 09:00", text);
	*minute = (int)(ms / 60000);
	return OK;
}
