/* SPDX-License-Identifier: MIT */
#include "store/idempotency.h"

#include <string.h>

#include "store/store_int.h"

static enum err check_key(const struct idempotency_key *key, struct error *why)
{
	size_t len = strlen(key->key);
	if (len == 0 || len >= IDEMPOTENCY_KEY_BYTES || strlen(key->actor) >= ACTOR_BYTES)
		return err_set(why, ERR_ARG, "an idempotency key has 1 to %d bytes",
			IDEMPOTENCY_KEY_BYTES - 1);
	return OK;
}

static enum err drop_old(
	struct store *s, const struct idempotency_key *key, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"DELETE FROM idempotency WHERE org_id = ?1 AND actor = ?2 AND key = ?3"
		" AND (created_ms <= ?4 OR (status IS NULL AND created_ms <= ?5))",
		why);
	query_text(&q, key->actor);
	query_text(&q, key->key);
	query_int(&q, now_ms - (int64_t)IDEMPOTENCY_HOURS * 3600 * 1000);
	query_int(&q, now_ms - IDEMPOTENCY_LEASE_S * 1000);
	return query_run(&q, NULL);
}

static enum err take(struct store *s, const struct idempotency_key *key, int64_t now_ms,
	struct idempotency_record *out, struct error *why)
{
	uuid_make(now_ms, out->lease);
	struct query q;
	query_start(&q, s,
		"INSERT INTO idempotency (org_id, actor, key, request, lease, created_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (actor, key, org_id) DO NOTHING",
		why);
	query_text(&q, key->actor);
	query_text(&q, key->key);
	query_blob(&q, key->request, sizeof(key->request));
	query_text(&q, out->lease);
	query_int(&q, now_ms);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	out->outcome = rows > 0 ? IDEMPOTENCY_NEW : IDEMPOTENCY_RUNNING;
	return err;
}

static void read_answer(struct query *q, const uint8_t *request, struct idempotency_record *out)
{
	size_t len;
	const void *kept = column_blob(q, 0, &len);
	if (len != IDEMPOTENCY_HASH_BYTES || memcmp(kept, request, len) != 0) {
		out->outcome = IDEMPOTENCY_OTHER;
		return;
	}
	if (column_null(q, 1))
		return;
	out->outcome = IDEMPOTENCY_REPLAY;
	out->status = (int)column_int(q, 1);
	column_text(q, 2, out->type, sizeof(out->type));
	const void *body = column_blob(q, 3, &len);
	if (q->err == OK && len > 0 && buf_add(&out->body, body, len) != OK)
		query_fail(q, err_set(q->why, ERR_NOMEM, "out of memory for an answer"));
}

static enum err look(struct store *s, const struct idempotency_key *key,
	struct idempotency_record *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT request, status, type, body FROM idempotency"
		" WHERE org_id = ?1 AND actor = ?2 AND key = ?3",
		why);
	query_text(&q, key->actor);
	query_text(&q, key->key);
	if (query_row(&q))
		read_answer(&q, key->request, out);
	return query_end(&q);
}

enum err store_idempotency_begin(struct store *s, const struct idempotency_key *key, int64_t now_ms,
	struct idempotency_record *out, struct error *why)
{
	*out = (struct idempotency_record){0};
	buf_init(&out->body, IDEMPOTENCY_BODY_MAX);
	enum err err = check_key(key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = drop_old(s, key, now_ms, why);
	if (err == OK)
		err = take(s, key, now_ms, out, why);
	if (err == OK && out->outcome != IDEMPOTENCY_NEW)
		err = look(s, key, out, why);
	err = change_end(s, err, why);
	if (err != OK)
		buf_finish(&out->body);
	return err;
}

enum err store_idempotency_end(struct store *s, const struct idempotency_key *key,
	const char *lease, const struct idempotency_answer *answer, struct error *why)
{
	bool fits = answer->len <= IDEMPOTENCY_BODY_MAX;
	if (strlen(answer->type) >= IDEMPOTENCY_TYPE_BYTES)
		return err_set(why, ERR_ARG, "the type of an answer is longer than %d bytes",
			IDEMPOTENCY_TYPE_BYTES - 1);
	struct query q;
	query_start(&q, s,
		"UPDATE idempotency SET status = ?5, type = ?6, body = ?7"
		" WHERE org_id = ?1 AND actor = ?2 AND key = ?3 AND lease = ?4",
		why);
	query_text(&q, key->actor);
	query_text(&q, key->key);
	query_text(&q, lease);
	query_int(&q, answer->status);
	query_text(&q, answer->type);
	query_blob(&q, fits && answer->len > 0 ? answer->body : "", fits ? answer->len : 0);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0
		? err_set(why, ERR_CONFLICT, "the same request was taken over meanwhile")
		: err;
}

enum err store_idempotency_drop(
	struct store *s, const struct idempotency_key *key, const char *lease, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"DELETE FROM idempotency WHERE org_id = ?1 AND actor = ?2 AND key = ?3"
		" AND lease = ?4 AND status IS NULL",
		why);
	query_text(&q, key->actor);
	query_text(&q, key->key);
	query_text(&q, lease);
	return query_run(&q, NULL);
}

enum err store_idempotency_purge(struct store *s, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start_global(&q, s, "DELETE FROM idempotency WHERE created_ms <= ?1", why);
	query_int(&q, now_ms - (int64_t)IDEMPOTENCY_HOURS * 3600 * 1000);
	return query_run(&q, NULL);
}
