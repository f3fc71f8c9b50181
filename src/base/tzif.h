/* SPDX-License-Identifier: MIT */
/*
 * Time zone files as zic writes them (RFC 8536, "TZif", versions 1 to 4) to a table of
 * changes. Why not a library: docs/decisions/0002-time-zones.md. Pure, any thread.
 */
#ifndef BASE_TZIF_H
#define BASE_TZIF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	TZIF_BYTES_MAX = 256 * 1024, /* of a file; the largest of tzdata has 4 KiB */
	TZIF_CHANGES_MAX = 8192,     /* written in the file */
	TZIF_RULE_YEAR_MAX = 2100,   /* the footer's rule is followed to the end of this year */
};

/* From `at_s` (UTC seconds) on, clocks are `offset_s` seconds ahead of UTC. */
struct tz_change {
	int64_t at_s;
	int32_t offset_s;
};

/*
 * Invariants: count >= 1; at_s ascends strictly; change[0].at_s is INT64_MIN; neighbours
 * have different offsets; offsets are within -24:59:59 and 25:59:59.
 */
struct tz_table {
	struct tz_change *change;
	size_t count;
};

/*
 * Reads a file's bytes. ERR_FORMAT when they are no such file, are cut short or contradict
 * themselves; ERR_UNSUPPORTED when they count leap seconds ("right/"); ERR_LIMIT, ERR_NOMEM.
 * On success release with tz_table_finish; on failure `out` is empty.
 */
enum err tzif_parse(
	const uint8_t *bytes, size_t len, struct tz_table *out, struct error *why) MUST_USE;
void tz_table_finish(struct tz_table *table);

/* The entry in force at a moment. */
size_t tz_table_find(const struct tz_table *table, int64_t at_s);

/* Days from 1970-01-01 to a date of the Gregorian calendar (month 1-12, day 1-31), and back. */
int64_t days_of_date(int64_t year, int month, int day);
void date_of_days(int64_t days, int *year, int *month, int *day);

#endif
