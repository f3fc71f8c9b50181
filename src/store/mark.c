/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_int.h"

static const char *const status_words[] = {
	[MARK_PRESENT] = "present",
	[MARK_LATE] = "late",
	[MARK_ABSENT] = "absent",
	[MARK_EXCUSED] = "excused",
	[MARK_LEFT_EARLY] = "left_early",
};

enum { STATUSES = sizeof(status_words) / sizeof(status_words[0]) };

#define MARK_COLUMNS                                                                             \
	"m.session_id, m.person_id, m.status, m.at_ms, coalesce(m.sighting_id, ''),"             \
	" m.actor, m.reason, s.distance, s.margin, s.threshold FROM mark m LEFT JOIN sighting s" \
	" ON s.org_id = m.org_id AND s.id = m.sighting_id"

const char *mark_status_word(enum mark_status status)
{
	return (unsigned)status < STATUSES ? status_words[status] : "unknown";
}

enum err mark_status_parse(const char *word, enum mark_status *out, struct error *why)
{
	for (size_t i = 0; i < STATUSES; i++) {
		if (strcmp(word, status_words[i]) == 0) {
			*out = (enum mark_status)i;
			return OK;
		}
	}
	return err_set(why, ERR_ARG,
		"'%s' is no status: give present, late, absent, excused or left_early", word);
}

void mark_list_finish(struct mark_list *list)
{
	free(list->item);
	*list = (struct mark_list){0};
}

static void read_mark(struct query *q, struct mark *out)
{
	*out = (struct mark){0};
	char word[16];
	column_text(q, 0, out->session_id, sizeof(out->session_id));
	column_text(q, 1, out->person_id, sizeof(out->person_id));
	column_text(q, 2, word, sizeof(word));
	out->at_ms = column_int(q, 3);
	column_text(q, 4, out->sighting_id, sizeof(out->sighting_id));
	column_text(q, 5, out->actor, sizeof(out->actor));
	column_text(q, 6, out->reason, sizeof(out->reason));
	out->distance = column_real(q, 7);
	out->margin = column_real(q, 8);
	out->threshold = column_real(q, 9);
	if (q->err == OK)
		query_fail(q, mark_status_parse(word, &out->status, q->why));
}

/* `sql` takes the columns of a mark as ?2 to ?9. *rows = how many were written. */
static enum err write_mark(struct store *s, const char *sql, const struct mark *mark,
	int64_t now_ms, int64_t *rows, struct error *why)
{
	struct query q;
	query_start(&q, s, sql, why);
	query_text(&q, mark->session_id);
	query_text(&q, mark->person_id);
	query_text(&q, mark_status_word(mark->status));
	query_int(&q, mark->at_ms);
	query_text_or_null(&q, mark->sighting_id);
	query_text(&q, mark->actor);
	query_text(&q, mark->reason);
	query_int(&q, now_ms);
	enum err err = query_run(&q, rows);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such session, person or sighting");
	return err;
}

#define INSERT_MARK                                                                    \
	"INSERT INTO mark (org_id, session_id, person_id, status, at_ms, sighting_id," \
	" actor, reason, written_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"      \
	" ON CONFLICT (session_id, person_id, org_id)"

enum err store_mark_add(struct store *s, const struct mark *mark, int64_t now_ms, struct error *why)
{
	static const char sql[] = INSERT_MARK " DO NOTHING";
	int64_t rows;
	enum err err = write_mark(s, sql, mark, now_ms, &rows, why);
	if (err == OK && rows == 0)
		err = err_set(why, ERR_EXISTS, "the person has a mark in this session already");
	return err;
}

enum err store_mark_set(struct store *s, const struct mark *mark, int64_t now_ms, struct error *why)
{
	static const char sql[] =
		INSERT_MARK " DO UPDATE SET status = excluded.status, at_ms = excluded.at_ms,"
			    " sighting_id = excluded.sighting_id, actor = excluded.actor,"
			    " reason = excluded.reason, written_ms = excluded.written_ms";
	return write_mark(s, sql, mark, now_ms, NULL, why);
}

enum err store_mark(struct store *s, const char *session_id, const char *person_id,
	struct mark *out, struct error *why)
{
	*out = (struct mark){.distance = NAN, .margin = NAN, .threshold = NAN};
	struct query q;
	query_start(&q, s,
		"SELECT " MARK_COLUMNS
		" WHERE m.org_id = ?1 AND m.session_id = ?2 AND m.person_id = ?3",
		why);
	query_text(&q, session_id);
	query_text(&q, person_id);
	bool found = query_row(&q);
	if (found)
		read_mark(&q, out);
	enum err err = query_end(&q);
	if (err == OK && !found)
		err = err_set(why, ERR_NOT_FOUND, "the person has no mark in this session");
	return err;
}

/* `sql` takes one id as ?2. */
static enum err list_marks(
	struct store *s, const char *sql, const char *id, struct mark_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s, sql, why);
	query_text(&q, id);
	while (query_row(&q)) {
		void *items = out->item;
		if (!mem_grow(&items, out->count, &out->capacity, sizeof(*out->item))) {
			query_fail(&q, err_set(why, ERR_NOMEM, "cannot list marks: out of memory"));
			break;
		}
		out->item = items;
		read_mark(&q, &out->item[out->count]);
		out->count++;
	}
	return query_end(&q);
}

enum err store_marks(
	struct store *s, const char *session_id, struct mark_list *out, struct error *why)
{
	static const char sql[] =
		"SELECT " MARK_COLUMNS " WHERE m.org_id = ?1 AND m.session_id = ?2"
		" ORDER BY m.at_ms, m.person_id";
	return list_marks(s, sql, session_id, out, why);
}

enum err store_marks_by(
	struct store *s, const char *sighting_id, struct mark_list *out, struct error *why)
{
	static const char sql[] =
		"SELECT " MARK_COLUMNS " WHERE m.org_id = ?1 AND m.sighting_id = ?2"
		" ORDER BY m.session_id, m.person_id";
	return list_marks(s, sql, sighting_id, out, why);
}

enum err store_mark_remove(
	struct store *s, const char *session_id, const char *person_id, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"DELETE FROM mark WHERE org_id = ?1 AND session_id = ?2 AND person_id = ?3", why);
	query_text(&q, session_id);
	query_text(&q, person_id);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	if (err == OK && rows == 0)
		err = err_set(why, ERR_NOT_FOUND, "the person has no mark in this session");
	return err;
}
