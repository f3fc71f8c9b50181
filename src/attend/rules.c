/* SPDX-License-Identifier: MIT */
#include "attend/rules.h"

#include <string.h>

enum err rules_session(const struct org *org, const struct group *group, const struct zone *zone,
	const char *day, struct session_row *out, struct error *why)
{
	*out = (struct session_row){0};
	int start_minute = org->start_minute, grace_minutes = org->grace_minutes;
	if (group != NULL && group->start_minute >= 0)
		start_minute = group->start_minute;
	if (group != NULL && group->grace_minutes >= 0)
		grace_minutes = group->grace_minutes;
	if (grace_minutes < 0 || grace_minutes > GRACE_MINUTES_MAX)
		return err_set(why, ERR_ARG, "%d minutes of grace: give 0 to %d", grace_minutes,
			GRACE_MINUTES_MAX);
	int64_t start_ms;
	enum err err = zone_day_minute(zone, day, start_minute, &start_ms, why);
	if (err != OK)
		return err;
	if (group != NULL)
		memcpy(out->group_id, group->id, sizeof(out->group_id));
	memcpy(out->day, day, sizeof(out->day)); /* its length has just been checked */
	out->start_ms = start_ms;
	out->late_ms = start_ms + grace_minutes * 60000LL;
	return OK;
}

enum mark_status rules_first_match(const struct session_row *session, int64_t at_ms)
{
	return at_ms > session->late_ms ? MARK_LATE : MARK_PRESENT;
}

bool rules_in_cooldown(const struct org *org, int64_t last_ms, int64_t at_ms)
{
	if (last_ms == 0 || org->cooldown_s <= 0)
		return false;
	int64_t apart_ms;
	if (__builtin_sub_overflow(at_ms, last_ms, &apart_ms) || apart_ms == INT64_MIN)
		return false;
	return (apart_ms < 0 ? -apart_ms : apart_ms) < org->cooldown_s * 1000LL;
}

bool rules_closed(const struct session_row *session, int64_t day_end_ms, int64_t now_ms)
{
	return session->closed_ms != 0 || now_ms >= day_end_ms;
}
