/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_int.h"

void query_fail(struct query *q, enum err err)
{
	if (q->err == OK)
		q->err = err;
}

void query_start_global(struct query *q, struct store *s, const char *sql, struct error *why)
{
	*q = (struct query){.s = s, .why = why, .next = 1};
	/* A full disk ends a transaction: what comes after must not be kept on its own. */
	bool within = s->in_transaction || s->changes > 0;
	if (within && !s->ops->in_transaction(s->db)) {
		q->err = err_set(why, ERR_IO,
			"the change was undone because of an earlier error: do it again");
		return;
	}
	q->err = s->ops->prepare(s->db, sql, &q->stmt, why);
}

void query_start(struct query *q, struct store *s, const char *sql, struct error *why)
{
	query_start_global(q, s, sql, why);
	query_text(q, s->org_id);
}

static void bind(struct query *q, const struct db_value *value)
{
	if (q->err == OK)
		q->err = q->s->ops->bind(q->stmt, q->next++, value, q->why);
}

void query_text(struct query *q, const char *text)
{
	bind(q, &(struct db_value){.type = DB_TEXT, .bytes = text, .len = strlen(text)});
}

void query_text_or_null(struct query *q, const char *text)
{
	if (text[0] != '\0')
		query_text(q, text);
	else
		bind(q, &(struct db_value){.type = DB_NULL});
}

void query_int(struct query *q, int64_t value)
{
	bind(q, &(struct db_value){.type = DB_INT, .integer = value});
}

void query_int_or_null(struct query *q, int64_t value, int64_t null)
{
	bind(q, &(struct db_value){.type = value != null ? DB_INT : DB_NULL, .integer = value});
}

void query_real(struct query *q, double value)
{
	bind(q, &(struct db_value){.type = isnan(value) ? DB_NULL : DB_REAL, .real = value});
}

void query_blob(struct query *q, const void *bytes, size_t len)
{
	bind(q, &(struct db_value){.type = DB_BLOB, .bytes = bytes, .len = len});
}

void query_hash(struct query *q, const uint8_t hash[static PHOTO_HASH_BYTES])
{
	static const uint8_t none[PHOTO_HASH_BYTES];
	if (memcmp(hash, none, PHOTO_HASH_BYTES) == 0)
		bind(q, &(struct db_value){.type = DB_NULL});
	else
		query_blob(q, hash, PHOTO_HASH_BYTES);
}

bool query_row(struct query *q)
{
	bool row = false;
	if (q->err == OK)
		q->err = q->s->ops->step(q->stmt, &row, q->why);
	return q->err == OK && row;
}

enum err query_end(struct query *q)
{
	if (q->stmt != NULL)
		q->s->ops->reset(q->stmt);
	q->stmt = NULL;
	return q->err;
}

enum err query_run(struct query *q, int64_t *changed)
{
	(void)query_row(q);
	if (changed != NULL)
		*changed = q->err == OK ? q->s->ops->changes(q->s->db) : 0;
	return query_end(q);
}

enum err run_all(struct store *s, const char *const *sql, size_t count, const char *id,
	int64_t *rows, struct error *why)
{
	enum err err = OK;
	for (size_t i = 0; err == OK && i < count; i++) {
		struct query q;
		query_start(&q, s, sql[i], why);
		query_text(&q, id);
		err = query_run(&q, rows);
	}
	return err;
}

enum err query_one(struct query *q, const struct row_kind *kind, void *out)
{
	bool found = query_row(q);
	if (found)
		kind->read(q, out);
	else if (q->err == OK)
		q->err = err_set(q->why, ERR_NOT_FOUND, "there is no such %s", kind->one);
	return query_end(q);
}

enum err query_all(struct query *q, const struct row_kind *kind, struct rows *rows)
{
	while (query_row(q)) {
		if (!mem_grow(&rows->item, *rows->count, rows->capacity, kind->size)) {
			query_fail(q,
				err_set(q->why, ERR_NOMEM, "cannot list %s: out of memory",
					kind->many));
			break;
		}
		kind->read(q, (char *)rows->item + *rows->count * kind->size);
		++*rows->count;
	}
	return query_end(q);
}

static void damaged(struct query *q, int at)
{
	if (q->err == OK)
		q->err = err_set(q->why, ERR_FORMAT,
			"the database '%s' is damaged (column %d): restore a backup", q->s->db_path,
			at);
}

void column_text(struct query *q, int at, char *out, size_t size)
{
	struct db_value value = q->s->ops->column(q->stmt, at);
	out[0] = '\0';
	if (value.type == DB_NULL)
		return;
	bool fits = value.type == DB_TEXT && value.len < size &&
		(value.len == 0 || value.bytes != NULL);
	if (!fits) {
		damaged(q, at);
		return;
	}
	if (value.len > 0)
		memcpy(out, value.bytes, value.len);
	out[value.len] = '\0';
}

int64_t column_int(struct query *q, int at)
{
	struct db_value value = q->s->ops->column(q->stmt, at);
	if (value.type != DB_INT && value.type != DB_NULL)
		damaged(q, at);
	return value.integer;
}

bool column_null(struct query *q, int at)
{
	return q->s->ops->column(q->stmt, at).type == DB_NULL;
}

double column_real(struct query *q, int at)
{
	struct db_value value = q->s->ops->column(q->stmt, at);
	return value.type == DB_INT || value.type == DB_REAL ? value.real : NAN;
}

void column_hash(struct query *q, int at, uint8_t out[static PHOTO_HASH_BYTES])
{
	memset(out, 0, PHOTO_HASH_BYTES);
	size_t len;
	const void *bytes = column_blob(q, at, &len);
	if (len == PHOTO_HASH_BYTES)
		memcpy(out, bytes, len);
	else if (len != 0)
		damaged(q, at);
}

const void *column_blob(struct query *q, int at, size_t *len)
{
	struct db_value value = q->s->ops->column(q->stmt, at);
	bool blob = value.type == DB_BLOB && value.bytes != NULL;
	*len = blob ? value.len : 0;
	return blob ? value.bytes : NULL;
}
