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

/* When a day's register of a group begins and from when on one is late. `group` may be NULL. */
enum err rules_session(const struct org *org, const struct group *group, const struct zone *zone,
	const char *day, struct session_row *out, struct error *why) MUST_USE;

/* Present, or late when the first match comes after late_ms. */
enum mark_status rules_first_match(const struct session_row *session, int64_t at_ms);

/* Whether a sighting at `at_ms` adds nothing because the last (0 = none) was less than the cooldown ago. */
bool rules_in_cooldown(const struct org *org, int64_t last_ms, int64_t at_ms);

/* A register is closed by hand, or once its local day is over. */
bool rules_closed(const struct session_row *session, int64_t day_end_ms, int64_t now_ms);

#endif
