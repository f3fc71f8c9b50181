/* SPDX-License-Identifier: MIT */
/* The rules of attendance. Pure: no input or output, time is an argument. Any thread. */
#ifndef ATTEND_RULES_H
#define ATTEND_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/store.h"

enum {
	DEFAULT_START_MINUTE = 9 * 60,
	DEFAULT_GRACE_MINUTES = 15,
	DEFAULT_COOLDOWN_S = 60,
	GRACE_MINUTES_MAX = 12 * 60,
	COOLDOWN_S_MAX = 24 * 3600,
};

/*
 * When a day's register of a group begins and from when on one is late: the group's own start
 * and grace, else (also where `group` is NULL) the organisation's. The grace is elapsed time,
 * not a time of day. Fills group_id, day, start_ms and late_ms; id "" and closed_ms 0.
 * ERR_ARG for a day or a setting that is none.
 */
enum err rules_session(const struct org *org, const struct group *group, const struct zone *zone,
	const char *day, struct session_row *out, struct error *why) MUST_USE;

/* Present, or late when the first match comes after late_ms; at late_ms itself one is in time. */
enum mark_status rules_first_match(const struct session_row *session, int64_t at_ms);

/*
 * Whether a sighting at `at_ms` adds nothing because another of the same person (0 = none)
 * is less than the cooldown away, before it or, as looks may arrive out of order, after it.
 */
bool rules_in_cooldown(const struct org *org, int64_t last_ms, int64_t at_ms);

/*
 * A register is closed by hand, or once its local day is over: from then on who has no mark
 * is absent. Only the first refuses marks: what a device saw and could not say before
 * midnight still counts.
 */
bool rules_closed(const struct session_row *session, int64_t day_end_ms, int64_t now_ms);

#endif
