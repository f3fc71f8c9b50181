/* SPDX-License-Identifier: MIT */
#include "store/org.h"

#include <string.h>

#include "store/store_int.h"

enum { START_DEFAULT = 9 * 60, GRACE_DEFAULT = 15, COOLDOWN_DEFAULT_S = 60 };
enum { COOLDOWN_MAX_S = 24 * 60 * 60, KEEP_FACES_MAX_DAYS = 3650 };
#define BUDGET_LARGEST 0.1

enum err org_make_first(struct store *s, int64_t now_ms, struct error *why)
{
	char id[UUID_TEXT], zone[ZONE_NAME_MAX];
	uuid_make(now_ms, id);
	zone_of_machine(zone);
	struct query q;
	query_start_global(&q, s,
		"INSERT INTO org (id, name, zone, start_minute, grace_minutes, cooldown_s,"
		" created_ms) SELECT ?1, 'My organisation', ?2, ?3, ?4, ?5, ?6"
		" WHERE NOT EXISTS (SELECT 1 FROM org)",
		why);
	query_text(&q, id);
	query_text(&q, zone);
	query_int(&q, START_DEFAULT);
	query_int(&q, GRACE_DEFAULT);
	query_int(&q, COOLDOWN_DEFAULT_S);
	query_int(&q, now_ms);
	return query_run(&q, NULL);
}

enum err org_use_first(struct store *s, struct error *why)
{
	struct query q;
	query_start_global(&q, s, "SELECT id FROM org ORDER BY created_ms, id LIMIT 1", why);
	if (query_row(&q))
		column_text(&q, 0, s->org_id, sizeof(s->org_id));
	return query_end(&q);
}

static enum err none(struct error *why)
{
	return err_set(why, ERR_NOT_FOUND, "there is no such organisation");
}

enum err store_use_org(struct store *s, const char *org_id, struct error *why)
{
	struct query q;
	query_start_global(&q, s, "SELECT id FROM org WHERE id = ?1", why);
	query_text(&q, org_id);
	char id[UUID_TEXT] = "";
	if (query_row(&q))
		column_text(&q, 0, id, sizeof(id));
	enum err err = query_end(&q);
	if (err == OK && id[0] == '\0')
		err = none(why);
	if (err == OK)
		memcpy(s->org_id, id, sizeof(id));
	return err;
}

enum err store_org(struct store *s, struct org *out, struct error *why)
{
	*out = (struct org){0};
	struct query q;
	query_start(&q, s,
		"SELECT id, name, zone, start_minute, grace_minutes, cooldown_s, budget,"
		" keep_faces_days, detector, embedding, embedding_coming, keep_photos"
		" FROM org WHERE id = ?1",
		why);
	if (query_row(&q)) {
		column_text(&q, 0, out->id, sizeof(out->id));
		column_text(&q, 1, out->name, sizeof(out->name));
		column_text(&q, 2, out->zone, sizeof(out->zone));
		out->start_minute = (int)column_int(&q, 3);
		out->grace_minutes = (int)column_int(&q, 4);
		out->cooldown_s = (int)column_int(&q, 5);
		out->budget = column_real(&q, 6);
		out->keep_faces_days = (int)column_int(&q, 7);
		column_text(&q, 8, out->detector, sizeof(out->detector));
		column_text(&q, 9, out->embedding, sizeof(out->embedding));
		column_text(&q, 10, out->coming, sizeof(out->coming));
		out->keep_photos = column_int(&q, 11) != 0;
	}
	enum err err = query_end(&q);
	return err == OK && out->id[0] == '\0' ? none(why) : err;
}

static enum err check_org(const struct org *org, struct error *why)
{
	if (org->start_minute < 0 || org->start_minute >= DAY_MINUTES)
		return err_set(why, ERR_ARG, "the start time is not between 00:00 and 23:59");
	if (org->grace_minutes < 0 || org->grace_minutes >= DAY_MINUTES)
		return err_set(
			why, ERR_ARG, "the grace is not between 0 and %d minutes", DAY_MINUTES - 1);
	if (org->cooldown_s < 0 || org->cooldown_s > COOLDOWN_MAX_S)
		return err_set(why, ERR_ARG, "the cooldown is not between 0 and %d seconds",
			COOLDOWN_MAX_S);
	if (!(org->budget > 0 && org->budget <= BUDGET_LARGEST))
		return err_set(why, ERR_ARG, "the budget is not more than 0 and at most %g",
			BUDGET_LARGEST);
	if (org->keep_faces_days < 0 || org->keep_faces_days > KEEP_FACES_MAX_DAYS)
		return err_set(
			why, ERR_ARG, "faces are kept for 0 to %d days", KEEP_FACES_MAX_DAYS);
	struct zone *zone;
	enum err err = zone_open(&zone, org->zone, why);
	if (err == OK)
		zone_close(zone);
	return err;
}

enum err store_org_update(struct store *s, const struct org *org, struct error *why)
{
	char name[NAME_BYTES];
	enum err err = name_clean(org->name, "organisation's name", name, why);
	if (err == OK)
		err = check_org(org, why);
	if (err != OK)
		return err;
	if (strcmp(org->id, s->org_id) != 0)
		return none(why);
	struct query q;
	query_start(&q, s,
		"UPDATE org SET name = ?2, zone = ?3, start_minute = ?4, grace_minutes = ?5,"
		" cooldown_s = ?6, budget = ?7, keep_faces_days = ?8, detector = ?9,"
		" embedding = ?10, embedding_coming = ?11, keep_photos = ?12 WHERE id = ?1",
		why);
	query_text(&q, name);
	query_text(&q, org->zone);
	query_int(&q, org->start_minute);
	query_int(&q, org->grace_minutes);
	query_int(&q, org->cooldown_s);
	query_real(&q, org->budget);
	query_int(&q, org->keep_faces_days);
	query_text(&q, org->detector);
	query_text(&q, org->embedding);
	query_text(&q, org->coming);
	query_int(&q, org->keep_photos);
	return query_run(&q, NULL);
}
