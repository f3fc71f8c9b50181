/* SPDX-License-Identifier: MIT */
/*
 * Time: UTC milliseconds since 1970 inside, a local day and time of day in an
 * IANA zone outside. Any thread; a struct zone may be shared once opened.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"

enum {
	ZONE_NAME_MAX = 64,
	DAY_TEXT = 11,   /* "2026-11-21" and the final zero */
	STAMP_TEXT = 32, /* "2026-11-21T08:55:00.123+05:45" and the final zero */
	DAY_MINUTES = 24 * 60,
};

struct zone;

/*
 * Now, UTC milliseconds. Only src/cmd and above ask: everything below takes the time as an
 * argument.
 */
int64_t clock_now_ms(void);

/*
 * Opens an IANA zone ("Europe/Berlin", "UTC") of the system's tzdata ($TZDIR, else
 * /usr/share/zoneinfo); right for 1970 to 2100. ERR_NOT_FOUND for an unknown name, with the
 * nearest known one in `why`; ERR_FORMAT when the system's file is damaged.
 */
enum err zone_open(struct zone **out, const char *name, struct error *why) MUST_USE;
void zone_close(struct zone *z);

/* The name it was opened with; borrowed for the zone's life. */
const char *zone_name(const struct zone *z);

/* The name of this machine's own zone ($TZ, /etc/localtime, /etc/timezone), else "UTC". */
void zone_of_machine(char out[static ZONE_NAME_MAX]);

/* A wall-clock moment in some zone. month 1-12, day 1-31, weekday 0 = Monday. */
struct civil {
	int year, month, day, hour, minute, second, millisecond, weekday;
	int offset_s; /* east of UTC, at that moment */
};

/* The wall clock in `z` at `utc_ms`. */
struct civil zone_civil(const struct zone *z, int64_t utc_ms);

/* The local day in `z` at `utc_ms`, "YYYY-MM-DD"; of years 1 to 9999, else the nearest. */
void zone_day(const struct zone *z, int64_t utc_ms, char out[static DAY_TEXT]);

/*
 * The first moment of a local day and of the one after it: a day is 23, 24 or 25
 * hours long, and may begin at 01:00 where clocks change at midnight.
 * ERR_ARG when `day` is no date (2026-02-30), not "YYYY-MM-DD", or a day that the zone's
 * calendar skipped (Samoa's 30th of December 2011).
 */
enum err zone_day_bounds(const struct zone *z, const char *day, int64_t *begin_ms, int64_t *end_ms,
	struct error *why) MUST_USE;

/*
 * When the wall clock shows `minute` minutes after midnight on `day` (0..1439).
 * A time that the clocks skip is moved forward by the gap; of one that comes twice
 * the first is meant.
 */
enum err zone_day_minute(const struct zone *z, const char *day, int minute, int64_t *utc_ms,
	struct error *why) MUST_USE;

/*
 * "2026-11-21T08:55:00+01:00", with milliseconds only if there are some; offset "Z" for UTC
 * itself.
 */
void zone_stamp(const struct zone *z, int64_t utc_ms, char out[static STAMP_TEXT]);

/*
 * What people type: "2026-11-21 08:55", "2026-11-21T08:55:30", either with "Z" or an
 * offset "+01:00", "08:55" (today at `now_ms`), "yesterday 08:55", "now". Local where no
 * offset is given, with gaps and overlaps as for zone_day_minute.
 */
enum err zone_parse(const struct zone *z, const char *text, int64_t now_ms, int64_t *utc_ms,
	struct error *why) MUST_USE;

/* "today", "yesterday" or "YYYY-MM-DD" to a checked day. */
enum err zone_parse_day(const struct zone *z, const char *text, int64_t now_ms,
	char out[static DAY_TEXT], struct error *why) MUST_USE;

/* "09:00" to minutes after midnight and back ("HH:MM" and final zero: 6 bytes). */
enum err minute_parse(const char *text, int *minute, struct error *why) MUST_USE;
void minute_text(int minute, char out[static 6]);

#endif
