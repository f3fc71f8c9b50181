/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "store/events.h"
#include "store/store_int.h"

void event_list_finish(struct event_list *list)
{
	free(list->item);
	*list = (struct event_list){0};
}

static void read_event(struct query *q, void *row)
{
	struct event *out = row;
	*out = (struct event){0};
	out->seq = column_int(q, 0);
	out->at_ms = column_int(q, 1);
	column_text(q, 2, out->kind, sizeof(out->kind));
	column_text(q, 3, out->subject, sizeof(out->subject));
	column_text(q, 4, out->person_id, sizeof(out->person_id));
	column_text(q, 5, out->group_id, sizeof(out->group_id));
}

static const struct row_kind kind = {read_event, sizeof(struct event), "event", "events"};

static enum err read_head(struct store *s, int64_t *head, int64_t *pruned, struct error *why)
{
	*head = *pruned = 0;
	struct query q;
	query_start(&q, s, "SELECT seq, pruned FROM event_head WHERE org_id = ?1", why);
	if (query_row(&q)) {
		*head = column_int(&q, 0);
		*pruned = column_int(&q, 1);
	}
	return query_end(&q);
}

enum err store_event_head(struct store *s, int64_t *out, struct error *why)
{
	int64_t pruned;
	return read_head(s, out, &pruned, why);
}

enum err store_events(struct store *s, const struct event_filter *filter, struct event_list *out,
	int64_t *head, bool *gap, struct error *why)
{
	int64_t pruned;
	/* Before the rows: one that comes in between is read next time. */
	enum err err = read_head(s, head, &pruned, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s,
		"SELECT e.seq, e.at_ms, e.kind, e.subject, coalesce(e.person_id, ''),"
		" coalesce(e.group_id, '') FROM event e WHERE e.org_id = ?1 AND e.seq > ?2"
		" AND e.seq <= ?3 AND (?4 IS NULL OR e.person_id = ?4) AND (?5 IS NULL"
		"  OR e.group_id IN (SELECT group_id FROM user_group WHERE org_id = ?1"
		"   AND user_id = ?5)"
		"  OR (e.group_id IS NULL AND EXISTS (SELECT 1 FROM membership m JOIN user_group g"
		"   ON g.org_id = m.org_id AND g.group_id = m.group_id"
		"   WHERE m.org_id = ?1 AND m.person_id = e.person_id AND g.user_id = ?5)))"
		" ORDER BY e.seq LIMIT ?6",
		why);
	query_int(&q, filter->after_seq);
	query_int(&q, *head);
	query_text_or_null(&q, filter->person_id != NULL ? filter->person_id : "");
	query_text_or_null(&q, filter->user_id != NULL ? filter->user_id : "");
	query_int(&q, (int64_t)filter->limit);
	struct rows rows = {out->item, &out->count, &out->capacity};
	err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	*gap = filter->after_seq < pruned || filter->after_seq > *head;
	return err;
}

enum err store_events_prune(struct store *s, int64_t before_ms, int64_t keep, struct error *why)
{
	struct query q;
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	query_start(&q, s,
		"UPDATE event_head SET pruned = max(pruned, seq - ?3, coalesce((SELECT max(e.seq)"
		" FROM event e WHERE e.org_id = ?1 AND e.at_ms < ?2), 0)) WHERE org_id = ?1",
		why);
	query_int(&q, before_ms);
	query_int(&q, keep);
	err = query_run(&q, NULL);
	if (err == OK) {
		query_start(&q, s,
			"DELETE FROM event WHERE org_id = ?1 AND seq <="
			" (SELECT pruned FROM event_head WHERE org_id = ?1)",
			why);
		err = query_run(&q, NULL);
	}
	return change_end(s, err, why);
}
