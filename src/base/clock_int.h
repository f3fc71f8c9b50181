/* SPDX-License-Identifier: MIT */
/* Shared by clock.c, clock_zone.c and clock_parse.c. Pure, any thread. */
#ifndef BASE_CLOCK_INT_H
#define BASE_CLOCK_INT_H

#include "base/clock.h"
#include "base/tzif.h"

enum { CLOCK_DAY_S = 86400 };

/* Never changed once opened, so threads may share it. */
struct zone {
	char name[ZONE_NAME_MAX];
	struct tz_table table;
};

/* a / b, rounded down; b > 0. */
int64_t clock_floor_div(int64_t a, int64_t b);

/* "2026-11-21" to days after 1970-01-01, checked, and back (years 1 to 9999). */
enum err clock_days_of_text(const char *day, int64_t *days, struct error *why) MUST_USE;
void clock_day_text(int64_t days, char out[static DAY_TEXT]);

/*
 * When the wall clock shows `local_s` seconds after 1970-01-01 00:00 local: the first of
 * two, or as much later as the clocks skip.
 */
int64_t clock_utc_of_local(const struct zone *z, int64_t local_s);

#endif
