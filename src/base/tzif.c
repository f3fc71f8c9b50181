/* SPDX-License-Identifier: MIT */
#include "base/tzif.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	HEADER_BYTES = 44,
	TYPE_BYTES = 6,
	TYPES_MAX = 256, /* they are counted by one byte */
	OFFSET_MIN = -89999,
	OFFSET_MAX = 93599, /* RFC 8536, section 3.2, "utoff" */
	DAY_S = 86400,
	RULE_YEAR_MIN = 1900,
	RULE_HOURS_MAX = 167, /* section 3.3.1: a rule's time may reach into the days around */
	FOOTER_MAX = 256,
};

/* --- the calendar: Howard Hinnant, "chrono-compatible low-level date algorithms" --- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

int64_t days_of_date(int64_t year, int month, int day)
{
	year -= month <= 2 ? 1 : 0;
	int64_t era = floor_div(year, 400);
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_of_days(int64_t days, int *year, int *month, int *day)
{
	days += 719468;
	int64_t era = floor_div(days, 146097);
	int64_t of_era = days - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2 ? 1 : 0));
}

/* --- the table --- */

void tz_table_finish(struct tz_table *table)
{
	free(table->change);
	*table = (struct tz_table){0};
}

size_t tz_table_find(const struct tz_table *table, int64_t at_s)
{
	size_t low = 0, high = table->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (table->change[middle].at_s <= at_s)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct builder {
	struct tz_table table;
	size_t capacity;
	int64_t last_s; /* of the changes written in the file, also of those without effect */
};

/* Adds a change, keeping the table's invariants: of two at one moment the later added holds. */
static bool add_change(struct builder *b, int64_t at_s, int32_t offset_s)
{
	struct tz_table *t = &b->table;
	if (t->count > 0 && t->change[t->count - 1].at_s == at_s)
		t->count--;
	if (t->count > 0 && t->change[t->count - 1].offset_s == offset_s)
		return true;
	void *items = t->change;
	if (!mem_grow(&items, t->count, &b->capacity, sizeof(*t->change)))
		return false;
	t->change = items;
	t->change[t->count++] = (struct tz_change){at_s, offset_s};
	return true;
}

/* --- the file --- */

/* Bytes not yet read. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct cursor *c, size_t len)
{
	if (len > c->left)
		return NULL;
	const uint8_t *bytes = c->at;
	c->at += len;
	c->left -= len;
	return bytes;
}

static uint32_t big32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t big_signed(const uint8_t *b, size_t bytes)
{
	if (bytes == 4)
		return (int32_t)big32(b);
	return (int64_t)((uint64_t)big32(b) << 32 | big32(b + 4));
}

struct header {
	uint8_t version;
	size_t isut, isstd, leap, time, type, chars;
};

static enum err read_header(struct cursor *c, struct header *h, struct error *why)
{
	const uint8_t *b = take(c, HEADER_BYTES);
	if (b == NULL || memcmp(b, "TZif", 4) != 0)
		return err_set(why, ERR_FORMAT, "no time zone file");
	*h = (struct header){
		.version = b[4],
		.isut = big32(b + 20),
		.isstd = big32(b + 24),
		.leap = big32(b + 28),
		.time = big32(b + 32),
		.type = big32(b + 36),
		.chars = big32(b + 40),
	};
	if (h->time > TZIF_CHANGES_MAX)
		return err_set(why, ERR_LIMIT, "more than %d changes", TZIF_CHANGES_MAX);
	if (h->type > TYPES_MAX || h->chars > TZIF_BYTES_MAX || h->leap > TZIF_BYTES_MAX ||
		h->isstd > TYPES_MAX || h->isut > TYPES_MAX)
		return err_set(why, ERR_FORMAT, "impossible counts in its header");
	return OK;
}

/* The parts of a data block that we use. */
struct block {
	const uint8_t *time, *index, *type;
	size_t time_bytes; /* of one time: 4 or 8 */
};

static bool take_block(
	struct cursor *c, const struct header *h, size_t time_bytes, struct block *out)
{
	out->time_bytes = time_bytes;
	out->time = take(c, h->time * time_bytes);
	out->index = take(c, h->time);
	out->type = take(c, h->type * TYPE_BYTES);
	bool rest = take(c, h->chars) != NULL && take(c, h->leap * (time_bytes + 4)) != NULL &&
		take(c, h->isstd) != NULL && take(c, h->isut) != NULL;
	return out->time != NULL && out->index != NULL && out->type != NULL && rest;
}

static enum err read_offset(
	const struct block *block, size_t type, int32_t *offset_s, struct error *why)
{
	int64_t offset = big_signed(block->type + type * TYPE_BYTES, 4);
	if (offset < OFFSET_MIN || offset > OFFSET_MAX)
		return err_set(why, ERR_FORMAT, "an offset of %lld seconds", (long long)offset);
	*offset_s = (int32_t)offset;
	return OK;
}

static enum err read_changes(
	struct builder *b, const struct header *h, const struct block *block, struct error *why)
{
	int32_t offset_s = 0;
	enum err err = read_offset(block, 0, &offset_s, why);
	if (err == OK && !add_change(b, INT64_MIN, offset_s))
		err = err_set(why, ERR_NOMEM, "out of memory");
	b->last_s = INT64_MIN;
	for (size_t i = 0; i < h->time && err == OK; i++) {
		int64_t at = big_signed(block->time + i * block->time_bytes, block->time_bytes);
		if (block->index[i] >= h->type || at <= b->last_s)
			return err_set(why, ERR_FORMAT, "its changes are out of order");
		b->last_s = at;
		err = read_offset(block, block->index[i], &offset_s, why);
		if (err == OK && !add_change(b, at, offset_s))
			err = err_set(why, ERR_NOMEM, "out of memory");
	}
	return err;
}

/* --- the footer: a POSIX TZ string for the time after the last change --- */

enum rule_kind { RULE_JULIAN, RULE_DAY, RULE_WEEKDAY };

/* A moment of every year, in local time. */
struct rule {
	enum rule_kind kind;
	int month, week, day; /* month and week of RULE_WEEKDAY only */
	int time_s;
};

struct footer {
	bool daylight; /* else there is one offset for ever, and no rules */
	int32_t standard_s, daylight_s;
	struct rule start, end;
};

static bool skip_name(const char **text)
{
	const char *c = *text;
	bool quoted = *c == '<';
	const char *allowed = quoted
		? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
		: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	c += quoted;
	size_t len = strspn(c, allowed);
	c += len;
	if (len < 3 || (quoted && *c++ != '>'))
		return false;
	*text = c;
	return true;
}

/* A number of 1 to 3 digits within [min, max]. */
static bool read_number(const char **text, int min, int max, int *out)
{
	const char *c = *text;
	int value = 0, digits = 0;
	for (; *c >= '0' && *c <= '9' && digits < 3; c++, digits++)
		value = value * 10 + (*c - '0');
	if (digits == 0 || (*c >= '0' && *c <= '9') || value < min || value > max)
		return false;
	*text = c;
	*out = value;
	return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(const char **text, int hours_max, int *out_s)
{
	const char *c = *text;
	int sign = *c == '-' ? -1 : 1;
	if (*c == '-' || *c == '+')
		c++;
	int hour, minute = 0, second = 0;
	if (!read_number(&c, 0, hours_max, &hour))
		return false;
	if (*c == ':' && (c++, !read_number(&c, 0, 59, &minute)))
		return false;
	if (*c == ':' && (c++, !read_number(&c, 0, 59, &second)))
		return false;
	*text = c;
	*out_s = sign * (hour * 3600 + minute * 60 + second);
	return true;
}

/* ",M3.5.0/2", ",J60" or ",59/3:30". */
static bool read_rule(const char **text, struct rule *out)
{
	const char *c = *text;
	if (*c++ != ',')
		return false;
	*out = (struct rule){.time_s = 2 * 3600};
	bool good;
	if (*c == 'M') {
		out->kind = RULE_WEEKDAY;
		c++;
		good = read_number(&c, 1, 12, &out->month) && *c++ == '.' &&
			read_number(&c, 1, 5, &out->week) && *c++ == '.' &&
			read_number(&c, 0, 6, &out->day);
	} else if (*c == 'J') {
		out->kind = RULE_JULIAN;
		c++;
		good = read_number(&c, 1, 365, &out->day);
	} else {
		out->kind = RULE_DAY;
		good = read_number(&c, 0, 365, &out->day);
	}
	if (good && *c == '/')
		good = (c++, read_time(&c, RULE_HOURS_MAX, &out->time_s));
	*text = c;
	return good;
}

/* Offsets in the string count westwards. */
static bool read_footer(const char *text, struct footer *out)
{
	*out = (struct footer){0};
	int west;
	if (!skip_name(&text) || !read_time(&text, 24, &west))
		return false;
	out->standard_s = -west;
	if (*text == '\0')
		return true;
	out->daylight = true;
	if (!skip_name(&text))
		return false;
	out->daylight_s = out->standard_s + 3600;
	if (*text != ',') {
		if (!read_time(&text, 24, &west))
			return false;
		out->daylight_s = -west;
	}
	return read_rule(&text, &out->start) && read_rule(&text, &out->end) && *text == '\0';
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* When the rule holds in a year, as seconds of a clock that shows local time. */
static int64_t rule_local_s(const struct rule *rule, int64_t year)
{
	int64_t day;
	if (rule->kind == RULE_WEEKDAY) {
		int64_t first = days_of_date(year, rule->month, 1);
		int64_t next = rule->month == 12 ? days_of_date(year + 1, 1, 1)
						 : days_of_date(year, rule->month + 1, 1);
		/* 1970-01-01 was a Thursday; first > -4 * 10^5 keeps the sum positive. */
		int64_t weekday = (first + 4 + 7 * 100000) % 7;
		day = first + (rule->day - weekday + 7) % 7 + 7 * (rule->week - 1);
		while (day >= next)
			day -= 7;
	} else {
		bool skip_29 = rule->kind == RULE_JULIAN && is_leap(year) && rule->day >= 60;
		int offset = rule->kind == RULE_JULIAN ? rule->day - 1 + skip_29 : rule->day;
		day = days_of_date(year, 1, 1) + offset;
	}
	return day * DAY_S + rule->time_s;
}

/* Continues the table by the footer's rules, from the year of its last change on. */
static bool follow_rules(struct builder *b, const struct footer *footer)
{
	int64_t last = b->last_s;
	int64_t from = RULE_YEAR_MIN;
	int year, month, day;
	int64_t limit = days_of_date(TZIF_RULE_YEAR_MAX + 1, 1, 1) * DAY_S;
	if (last >= limit)
		return true;
	if (last > days_of_date(RULE_YEAR_MIN + 1, 1, 1) * DAY_S) {
		date_of_days(floor_div(last, DAY_S), &year, &month, &day);
		from = year - 1;
	}
	for (int64_t y = from; y <= TZIF_RULE_YEAR_MAX; y++) {
		struct tz_change start = {
			rule_local_s(&footer->start, y) - footer->standard_s, footer->daylight_s};
		struct tz_change end = {
			rule_local_s(&footer->end, y) - footer->daylight_s, footer->standard_s};
		bool start_first = start.at_s <= end.at_s;
		struct tz_change pair[2] = {start_first ? start : end, start_first ? end : start};
		for (size_t i = 0; i < 2; i++) {
			/* What a file says itself is truer than its rule; rules may not go back. */
			bool newer = pair[i].at_s > last &&
				pair[i].at_s >= b->table.change[b->table.count - 1].at_s;
			if (newer && !add_change(b, pair[i].at_s, pair[i].offset_s))
				return false;
		}
	}
	return true;
}

static enum err add_footer(struct builder *b, struct cursor *c, struct error *why)
{
	const uint8_t *newline = c->left > 0 ? memchr(c->at + 1, '\n', c->left - 1) : NULL;
	if (newline == NULL || c->at[0] != '\n' || newline - c->at > FOOTER_MAX)
		return err_set(why, ERR_FORMAT, "its last line is missing");
	size_t len = (size_t)(newline - c->at) - 1;
	if (len == 0)
		return OK; /* nothing is known of the time after the last change: it stays */
	char text[FOOTER_MAX];
	memcpy(text, c->at + 1, len);
	text[len] = '\0';
	struct footer footer;
	if (strlen(text) != len || !read_footer(text, &footer))
		return err_set(why, ERR_FORMAT, "its last line is no time zone rule");
	if (footer.daylight && !follow_rules(b, &footer))
		return err_set(why, ERR_NOMEM, "out of memory");
	return OK;
}

enum err tzif_parse(const uint8_t *bytes, size_t len, struct tz_table *out, struct error *why)
{
	*out = (struct tz_table){0};
	struct cursor c = {bytes, len};
	struct header h;
	struct block block;
	struct builder b = {0};
	if (len > TZIF_BYTES_MAX)
		return err_set(why, ERR_LIMIT, "larger than %d bytes", TZIF_BYTES_MAX);
	enum err err = read_header(&c, &h, why);
	if (err != OK)
		return err;
	size_t time_bytes = 4;
	bool good = take_block(&c, &h, time_bytes, &block);
	if (good && h.version >= '2') {
		/* All again with times of 64 bits, and the footer. */
		time_bytes = 8;
		err = read_header(&c, &h, why);
		if (err != OK)
			return err;
		good = take_block(&c, &h, time_bytes, &block);
	}
	if (!good)
		return err_set(why, ERR_FORMAT, "it ends too early");
	if (h.type == 0)
		return err_set(why, ERR_FORMAT, "it has no offset");
	if (h.leap != 0)
		return err_set(why, ERR_UNSUPPORTED, "it counts leap seconds");
	err = read_changes(&b, &h, &block, why);
	if (err == OK && time_bytes == 8)
		err = add_footer(&b, &c, why);
	if (err != OK) {
		tz_table_finish(&b.table);
		return err;
	}
	*out = b.table;
	return OK;
}
