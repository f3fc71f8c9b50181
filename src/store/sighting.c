/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "store/store_int.h"

#define SIGHTING_COLUMNS                                                          \
	"id, at_ms, source, coalesce(person_id, ''), decision, distance, margin," \
	" threshold, quality, score, box_x, box_y, box_w, box_h, photo_hash"

static void read_sighting(struct query *q, struct sighting *out)
{
	*out = (struct sighting){0};
	column_text(q, 0, out->id, sizeof(out->id));
	out->at_ms = column_int(q, 1);
	column_text(q, 2, out->source, sizeof(out->source));
	column_text(q, 3, out->person_id, sizeof(out->person_id));
	column_text(q, 4, out->decision, sizeof(out->decision));
	out->distance = column_real(q, 5);
	out->margin = column_real(q, 6);
	out->threshold = column_real(q, 7);
	out->quality = column_real(q, 8);
	out->score = column_real(q, 9);
	for (int i = 0; i < 4; i++)
		out->box[i] = (float)column_real(q, 10 + i);
	column_hash(q, 14, out->photo_hash);
}

enum err store_sighting_add(
	struct store *s, struct sighting *sighting, int64_t now_ms, struct error *why)
{
	char id[UUID_TEXT];
	uuid_make(now_ms, id);
	struct query q;
	query_start(&q, s,
		"INSERT INTO sighting (org_id, id, at_ms, source, person_id, decision, distance,"
		" margin, threshold, quality, score, box_x, box_y, box_w, box_h, photo_hash,"
		" created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
		" ?15, ?16, ?17)",
		why);
	query_text(&q, id);
	query_int(&q, sighting->at_ms);
	query_text(&q, sighting->source);
	query_text_or_null(&q, sighting->person_id);
	query_text(&q, sighting->decision);
	query_real(&q, sighting->distance);
	query_real(&q, sighting->margin);
	query_real(&q, sighting->threshold);
	query_real(&q, sighting->quality);
	query_real(&q, sighting->score);
	for (int i = 0; i < 4; i++)
		query_real(&q, (double)sighting->box[i]);
	query_hash(&q, sighting->photo_hash);
	query_int(&q, now_ms);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such person");
	if (err == OK)
		memcpy(sighting->id, id, sizeof(id));
	return err;
}

static enum err none(struct error *why)
{
	return err_set(why, ERR_NOT_FOUND, "there is no such sighting");
}

enum err store_sighting(struct store *s, const char *id, struct sighting *out, struct error *why)
{
	*out = (struct sighting){0};
	struct query q;
	query_start(&q, s,
		"SELECT " SIGHTING_COLUMNS " FROM sighting WHERE org_id = ?1 AND id = ?2", why);
	query_text(&q, id);
	bool found = query_row(&q);
	if (found)
		read_sighting(&q, out);
	enum err err = query_end(&q);
	return err == OK && !found ? none(why) : err;
}

enum err store_sighting_last(struct store *s, const char *person_id, int64_t from_ms, int64_t to_ms,
	int64_t *at_ms, struct error *why)
{
	*at_ms = 0;
	struct query q;
	query_start(&q, s,
		"SELECT at_ms FROM sighting WHERE org_id = ?1 AND person_id = ?2"
		" AND at_ms BETWEEN ?3 AND ?4 AND decision IN ('match', 'manual')"
		" AND NOT EXISTS (SELECT 1 FROM rejection r WHERE r.org_id = ?1"
		"  AND r.sighting_id = sighting.id AND r.person_id = ?2)"
		" ORDER BY at_ms DESC LIMIT 1",
		why);
	query_text(&q, person_id);
	query_int(&q, from_ms);
	query_int(&q, to_ms);
	bool found = query_row(&q);
	if (found)
		*at_ms = column_int(&q, 0);
	enum err err = query_end(&q);
	return err == OK && !found ? none(why) : err;
}

enum err store_sighting_first(struct store *s, const struct sighting_search *what,
	struct sighting *out, struct error *why)
{
	*out = (struct sighting){0};
	struct query q;
	query_start(&q, s,
		"SELECT " SIGHTING_COLUMNS " FROM sighting WHERE org_id = ?1 AND person_id = ?2"
		" AND at_ms >= ?3 AND at_ms < ?4 AND decision = 'match'"
		" AND NOT EXISTS (SELECT 1 FROM rejection r WHERE r.org_id = ?1"
		"  AND r.sighting_id = sighting.id AND r.person_id = ?2)"
		" AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.org_id = ?1"
		"  AND e.sighting_id = sighting.id AND e.group_id IS NOT NULL"
		"  AND e.group_id <> ?5)"
		" ORDER BY at_ms, id LIMIT 1",
		why);
	query_text(&q, what->person_id);
	query_int(&q, what->from_ms);
	query_int(&q, what->to_ms);
	query_text(&q, what->group_id);
	bool found = query_row(&q);
	if (found)
		read_sighting(&q, out);
	enum err err = query_end(&q);
	return err == OK && !found ? none(why) : err;
}

enum err store_sightings(struct store *s, int64_t from_ms, int64_t to_ms, store_sighting_fn *fn,
	void *ctx, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " SIGHTING_COLUMNS " FROM sighting WHERE org_id = ?1 AND at_ms >= ?2"
		" AND at_ms < ?3 ORDER BY at_ms, id",
		why);
	query_int(&q, from_ms);
	query_int(&q, to_ms);
	while (query_row(&q)) {
		struct sighting sighting;
		read_sighting(&q, &sighting);
		query_fail(&q, q.err == OK ? fn(ctx, &sighting, why) : q.err);
	}
	return query_end(&q);
}
