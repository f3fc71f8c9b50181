/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "store/store_int.h"

#define SESSION_COLUMNS                                                                            \
	"id, coalesce(group_id, ''), day, start_ms, late_ms, coalesce(closed_ms, 0), created_ms, " \
	"version"

void session_list_finish(struct session_list *list)
{
	free(list->item);
	*list = (struct session_list){0};
}

static void read_session(struct query *q, void *row)
{
	struct session_row *out = row;
	*out = (struct session_row){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->group_id, sizeof(out->group_id));
	column_text(q, 2, out->day, sizeof(out->day));
	out->start_ms = column_int(q, 3);
	out->late_ms = column_int(q, 4);
	out->closed_ms = column_int(q, 5);
	out->opened_ms = column_int(q, 6);
	out->version = column_int(q, 7);
}

static const struct row_kind kind = {
	read_session, sizeof(struct session_row), "session", "sessions"};

/* *found tells whether there is one; then `row` is it. */
static enum err find_day(struct store *s, struct session_row *row, bool *found, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " SESSION_COLUMNS " FROM session WHERE org_id = ?1 AND day = ?2"
		" AND coalesce(group_id, '') = ?3",
		why);
	/* The row is read into while its strings are bound. */
	struct session_row key = *row;
	query_text(&q, key.day);
	query_text(&q, key.group_id);
	*found = query_row(&q);
	if (*found)
		read_session(&q, row);
	return query_end(&q);
}

static enum err insert_session(
	struct store *s, const struct session_row *row, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO session (org_id, id, group_id, day, start_ms, late_ms, closed_ms,"
		" created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		why);
	query_text(&q, row->id);
	query_text_or_null(&q, row->group_id);
	query_text(&q, row->day);
	query_int(&q, row->start_ms);
	query_int(&q, row->late_ms);
	query_int_or_null(&q, row->closed_ms, 0);
	query_int(&q, now_ms);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such group");
	return err;
}

enum err store_session_day(
	struct store *s, struct session_row *row, int64_t now_ms, struct error *why)
{
	bool found;
	enum err err = find_day(s, row, &found, why);
	if (err != OK || found)
		return err;
	err = change_begin(s, why);
	if (err != OK)
		return err;
	struct session_row made = *row;
	/* Once more: somebody else may have made it before we had the right to write. */
	err = find_day(s, &made, &found, why);
	if (err == OK && !found) {
		uuid_make(now_ms, made.id);
		made.closed_ms = 0;
		made.opened_ms = now_ms;
		made.version = 1;
		err = insert_session(s, &made, now_ms, why);
	}
	err = change_end(s, err, why);
	if (err == OK)
		*row = made;
	return err;
}

enum err store_session(struct store *s, const char *id, struct session_row *out, struct error *why)
{
	*out = (struct session_row){0};
	struct query q;
	query_start(&q, s, "SELECT " SESSION_COLUMNS " FROM session WHERE org_id = ?1 AND id = ?2",
		why);
	query_text(&q, id);
	return query_one(&q, &kind, out);
}

enum err store_sessions(
	struct store *s, const char *day, struct session_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " SESSION_COLUMNS " FROM session WHERE org_id = ?1 AND day = ?2"
		" ORDER BY start_ms, id",
		why);
	query_text(&q, day);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_sessions_marked(
	struct store *s, const char *person_id, struct session_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " SESSION_COLUMNS " FROM session WHERE org_id = ?1 AND id IN"
		" (SELECT session_id FROM mark WHERE org_id = ?1 AND person_id = ?2)"
		" ORDER BY day, start_ms, id",
		why);
	query_text(&q, person_id);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_session_close(struct store *s, const char *id, int64_t closed_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"UPDATE session SET closed_ms = ?3, version = version + 1 WHERE org_id = ?1 AND id "
		"= ?2",
		why);
	query_text(&q, id);
	query_int_or_null(&q, closed_ms, 0);
	int64_t rows;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0 ? err_set(why, ERR_NOT_FOUND, "there is no such session")
				      : err;
}
