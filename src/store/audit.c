/* SPDX-License-Identifier: MIT */
#include "store/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit_int.h"
#include "store/store_int.h"

enum { SALT_BYTES = 32 };

static const char domain[] = "rollcall audit 1";

/* --- hashing --- */

static void put_number(crypto_generichash_state *state, uint64_t value)
{
	uint8_t bytes[8];
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

static void put_text(crypto_generichash_state *state, const char *text)
{
	size_t len = strlen(text);
	put_number(state, len);
	crypto_generichash_update(state, (const uint8_t *)text, len);
}

/* `commitment` NULL: without a detail. */
static void hash_entry(const struct store *s, const struct audit_row *row, const uint8_t *before,
	const uint8_t *commitment, uint8_t out[static AUDIT_HASH_BYTES])
{
	crypto_generichash_state state;
	const uint8_t has_detail = commitment != NULL;
	crypto_generichash_init(&state, s->key.audit, sizeof(s->key.audit), AUDIT_HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)domain, sizeof(domain));
	crypto_generichash_update(&state, before, AUDIT_HASH_BYTES);
	put_number(&state, (uint64_t)row->seq);
	put_number(&state, (uint64_t)row->at_ms);
	put_text(&state, s->org_id);
	put_text(&state, row->id);
	put_text(&state, row->actor);
	put_text(&state, row->action);
	put_text(&state, row->subject);
	crypto_generichash_update(&state, &has_detail, 1);
	if (has_detail)
		crypto_generichash_update(&state, commitment, AUDIT_HASH_BYTES);
	crypto_generichash_final(&state, out, AUDIT_HASH_BYTES);
}

static void commit_to(const uint8_t salt[static SALT_BYTES], const char *detail, size_t len,
	uint8_t out[static AUDIT_HASH_BYTES])
{
	crypto_generichash(out, AUDIT_HASH_BYTES, (const uint8_t *)detail, len, salt, SALT_BYTES);
}

/* --- the head --- */

enum err store_audit_head(struct store *s, struct audit_head *out, struct error *why)
{
	*out = (struct audit_head){0};
	struct query q;
	query_start(&q, s, "SELECT seq, hash FROM audit_head WHERE org_id = ?1", why);
	if (query_row(&q)) {
		out->seq = column_int(&q, 0);
		column_hash(&q, 1, out->hash);
	}
	return query_end(&q);
}

static enum err put_head(struct store *s, const struct audit_head *head, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO audit_head (org_id, seq, hash) VALUES (?1, ?2, ?3)"
		" ON CONFLICT (org_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
		why);
	query_int(&q, head->seq);
	query_blob(&q, head->hash, sizeof(head->hash));
	return query_run(&q, NULL);
}

void audit_head_text(const struct audit_head *head, char out[static AUDIT_HEAD_TEXT])
{
	char hex[2 * AUDIT_HASH_BYTES + 1];
	sodium_bin2hex(hex, sizeof(hex), head->hash, sizeof(head->hash));
	snprintf(out, AUDIT_HEAD_TEXT, "%" PRId64 ":%s", head->seq, hex);
}

enum err audit_head_parse(const char *text, struct audit_head *out, struct error *why)
{
	size_t len = 0, digits = strspn(text, "0123456789");
	*out = (struct audit_head){0};
	bool fits = digits > 0 && digits <= 18 && text[digits] == ':' &&
		sodium_hex2bin(out->hash, sizeof(out->hash), text + digits + 1,
			strlen(text + digits + 1), NULL, &len, NULL) == 0 &&
		len == sizeof(out->hash);
	if (!fits)
		return err_set(why, ERR_ARG,
			"'%.64s' is no head of an audit: give SEQ:HASH as 'verify' prints it",
			text);
	out->seq = strtoll(text, NULL, 10);
	return OK;
}

/* --- writing --- */

static enum err insert_detail(struct store *s, int64_t seq, const uint8_t salt[static SALT_BYTES],
	const char *detail, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO audit_detail (org_id, seq, salt, detail) VALUES (?1, ?2, ?3, ?4)",
		why);
	query_int(&q, seq);
	query_blob(&q, salt, SALT_BYTES);
	query_text(&q, detail);
	return query_run(&q, NULL);
}

static enum err insert_entry(struct store *s, const struct audit_row *row,
	const uint8_t *commitment, const uint8_t hash[static AUDIT_HASH_BYTES], struct error *why)
{
	static const uint8_t none[AUDIT_HASH_BYTES];
	struct query q;
	query_start(&q, s,
		"INSERT INTO audit (org_id, seq, id, at_ms, actor, action, subject, commitment,"
		" hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		why);
	query_int(&q, row->seq);
	query_text(&q, row->id);
	query_int(&q, row->at_ms);
	query_text(&q, row->actor);
	query_text(&q, row->action);
	query_text(&q, row->subject);
	query_hash(&q, commitment != NULL ? commitment : none);
	query_blob(&q, hash, AUDIT_HASH_BYTES);
	return query_run(&q, NULL);
}

enum err audit_append(struct store *s, struct audit_row *row, struct error *why)
{
	struct audit_head head;
	uint8_t salt[SALT_BYTES], commitment[AUDIT_HASH_BYTES], before[AUDIT_HASH_BYTES];
	const uint8_t *committed = NULL;
	enum err err = store_audit_head(s, &head, why);
	if (err != OK)
		return err;
	memcpy(before, head.hash, sizeof(before));
	row->seq = ++head.seq;
	if (row->detail != NULL) {
		randombytes_buf(salt, sizeof(salt));
		commit_to(salt, row->detail, strlen(row->detail), commitment);
		committed = commitment;
	}
	hash_entry(s, row, before, committed, head.hash);
	err = insert_entry(s, row, committed, head.hash, why);
	if (err == OK && committed != NULL)
		err = insert_detail(s, row->seq, salt, row->detail, why);
	return err == OK ? put_head(s, &head, why) : err;
}

static enum err check_entry(const struct audit_entry *entry, struct error *why)
{
	size_t actor = strlen(entry->actor), action = strlen(entry->action),
	       subject = strlen(entry->subject);
	if (actor == 0 || actor >= ACTOR_BYTES || action == 0 || action >= AUDIT_WORD_BYTES ||
		subject >= AUDIT_WORD_BYTES)
		return err_set(why, ERR_ARG,
			"an entry of the audit needs who did what to what, of at most %d bytes "
			"each",
			AUDIT_WORD_BYTES - 1);
	if (entry->detail != NULL && strlen(entry->detail) > AUDIT_DETAIL_MAX)
		return err_set(why, ERR_LIMIT,
			"the detail of an audit entry is longer than %d bytes", AUDIT_DETAIL_MAX);
	return OK;
}

enum err store_audit(
	struct store *s, int64_t now_ms, const struct audit_entry *entry, struct error *why)
{
	struct audit_row row = {.at_ms = now_ms};
	enum err err = check_entry(entry, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	uuid_make(now_ms, row.id);
	bool bare = strchr(entry->actor, ':') == NULL;
	snprintf(row.actor, sizeof(row.actor), "%s%s", bare ? "cli:" : "", entry->actor);
	snprintf(row.action, sizeof(row.action), "%s", entry->action);
	snprintf(row.subject, sizeof(row.subject), "%s", entry->subject);
	row.detail = entry->detail != NULL && entry->detail[0] != '\0' ? entry->detail : NULL;
	return change_end(s, audit_append(s, &row, why), why);
}

/* --- reading --- */

#define AUDIT_COLUMNS                                                                          \
	"a.seq, a.id, a.at_ms, a.actor, a.action, a.subject, a.commitment, d.detail, d.salt, " \
	"a.hash"
#define AUDIT_DETAIL " LEFT JOIN audit_detail d ON d.org_id = a.org_id AND d.seq = a.seq"

/* The detail as a string of its own, as the row has it without a final zero. */
static char *copy_detail(struct query *q, int at)
{
	struct db_value value = q->s->ops->column(q->stmt, at);
	if (value.type != DB_TEXT)
		return NULL;
	char *text = malloc(value.len + 1);
	if (text == NULL) {
		query_fail(q, err_set(q->why, ERR_NOMEM, "cannot read the audit: out of memory"));
		return NULL;
	}
	if (value.len > 0)
		memcpy(text, value.bytes, value.len);
	text[value.len] = '\0';
	return text;
}

/* `*detail` is for free(3). */
static void read_row(struct query *q, struct audit_row *out, char **detail)
{
	*out = (struct audit_row){0};
	out->seq = column_int(q, 0);
	column_text(q, 1, out->id, sizeof(out->id));
	out->at_ms = column_int(q, 2);
	column_text(q, 3, out->actor, sizeof(out->actor));
	column_text(q, 4, out->action, sizeof(out->action));
	column_text(q, 5, out->subject, sizeof(out->subject));
	*detail = copy_detail(q, 7);
	out->detail = *detail;
	out->erased = !column_null(q, 6) && *detail == NULL;
}

enum err store_audit_read(struct store *s, const struct audit_filter *filter, store_audit_fn *fn,
	void *ctx, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " AUDIT_COLUMNS " FROM audit a" AUDIT_DETAIL
		" WHERE a.org_id = ?1 AND a.seq < ?2"
		" AND a.at_ms >= ?3 AND a.at_ms < ?4 AND (?5 IS NULL OR a.actor = ?5)"
		" AND (?6 IS NULL OR a.action = ?6) AND (?7 IS NULL OR a.subject = ?7)"
		" ORDER BY a.seq DESC LIMIT ?8",
		why);
	query_int(&q, filter->before_seq != 0 ? filter->before_seq : INT64_MAX);
	query_int(&q, filter->from_ms != 0 ? filter->from_ms : INT64_MIN);
	query_int(&q, filter->to_ms != 0 ? filter->to_ms : INT64_MAX);
	query_text_or_null(&q, filter->actor != NULL ? filter->actor : "");
	query_text_or_null(&q, filter->action != NULL ? filter->action : "");
	query_text_or_null(&q, filter->subject != NULL ? filter->subject : "");
	query_int(&q, filter->limit > 0 ? filter->limit : -1);
	while (query_row(&q)) {
		struct audit_row row;
		char *detail;
		read_row(&q, &row, &detail);
		query_fail(&q, q.err == OK ? fn(ctx, &row, why) : q.err);
		free(detail);
	}
	return query_end(&q);
}

/* --- verifying --- */

/* How far the chain was followed. */
struct walk {
	struct audit_report *report;
	const struct audit_head *noted;
	struct audit_head last, head; /* the last entry that fits; what the database says it is */
};

static void defect(struct walk *w, int64_t seq, const char *text)
{
	if (w->report->problem[0] != '\0')
		return;
	w->report->bad_seq = seq;
	snprintf(
		w->report->problem, sizeof(w->report->problem), "entry %" PRId64 ": %s", seq, text);
}

/* Columns as AUDIT_COLUMNS; looks at the detail of a row that has one. */
static void check_detail(struct query *q, struct walk *w, const struct audit_row *row,
	const uint8_t commitment[static AUDIT_HASH_BYTES])
{
	uint8_t now[AUDIT_HASH_BYTES];
	size_t len;
	const uint8_t *salt = column_blob(q, 8, &len);
	bool committed = !column_null(q, 6);
	if (row->detail == NULL) {
		w->report->erased += committed;
		return;
	}
	w->report->details++;
	if (!committed || len != SALT_BYTES) {
		defect(w, row->seq, "has a detail that was not written with it");
		return;
	}
	commit_to(salt, row->detail, strlen(row->detail), now);
	if (sodium_memcmp(now, commitment, sizeof(now)) != 0)
		defect(w, row->seq, "its detail was changed");
}

static void check_row(struct query *q, struct walk *w, const struct audit_row *row)
{
	uint8_t commitment[AUDIT_HASH_BYTES], kept[AUDIT_HASH_BYTES], now[AUDIT_HASH_BYTES];
	column_hash(q, 6, commitment);
	column_hash(q, 9, kept);
	if (q->err != OK)
		return;
	if (row->seq != w->last.seq + 1) {
		defect(w, w->last.seq + 1, "is missing");
		return;
	}
	hash_entry(q->s, row, w->last.hash, column_null(q, 6) ? NULL : commitment, now);
	if (sodium_memcmp(now, kept, sizeof(now)) != 0) {
		defect(w, row->seq, "was changed, moved, or an entry before it was taken away");
		return;
	}
	check_detail(q, w, row, commitment);
	w->last.seq = row->seq;
	memcpy(w->last.hash, kept, sizeof(kept));
	w->report->entries++;
	if (w->noted != NULL && w->noted->seq == row->seq &&
		sodium_memcmp(w->noted->hash, kept, sizeof(kept)) != 0)
		defect(w, row->seq, "is another one than when its hash was noted");
}

/* In one statement, which sees one moment of the database: others may write meanwhile. */
static enum err walk_chain(struct store *s, struct walk *w, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " AUDIT_COLUMNS ", h.seq, h.hash FROM audit_head h"
		" LEFT JOIN audit a ON a.org_id = h.org_id" AUDIT_DETAIL
		" WHERE h.org_id = ?1 ORDER BY a.seq",
		why);
	while (w->report->problem[0] == '\0' && query_row(&q)) {
		struct audit_row row;
		char *detail = NULL;
		w->head.seq = column_int(&q, 10);
		column_hash(&q, 11, w->head.hash);
		if (column_null(&q, 0))
			break; /* all entries were taken away */
		read_row(&q, &row, &detail);
		if (q.err == OK)
			check_row(&q, w, &row);
		free(detail);
	}
	return query_end(&q);
}

/* Entries without any head: somebody has taken it away. */
static enum err check_headless(struct store *s, struct walk *w, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT max(seq) FROM audit WHERE org_id = ?1"
		" AND NOT EXISTS (SELECT 1 FROM audit_head WHERE org_id = ?1)",
		why);
	if (query_row(&q) && !column_null(&q, 0))
		defect(w, column_int(&q, 0), "the head of the chain was taken away");
	return query_end(&q);
}

enum err store_audit_verify(struct store *s, const struct audit_head *noted,
	struct audit_report *out, struct error *why)
{
	*out = (struct audit_report){0};
	struct walk w = {.report = out, .noted = noted};
	enum err err = walk_chain(s, &w, why);
	if (err == OK)
		err = check_headless(s, &w, why);
	if (err != OK)
		return err;
	out->head = w.last;
	if (w.head.seq > w.last.seq)
		defect(&w, w.last.seq + 1, "is missing: the end was cut off");
	else if (w.head.seq != w.last.seq ||
		memcmp(w.head.hash, w.last.hash, sizeof(w.last.hash)) != 0)
		defect(&w, w.last.seq, "is not the last that was written");
	if (noted != NULL && noted->seq > w.last.seq)
		defect(&w, w.last.seq + 1, "is missing: more were there when the head was noted");
	return OK;
}

/* --- bringing an older database up --- */

static enum err chain_org(struct store *s, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT 0, id, at_ms, actor, action, subject, NULL, detail FROM audit_old"
		" WHERE org_id = ?1 ORDER BY at_ms, id",
		why);
	while (query_row(&q)) {
		struct audit_row row;
		char *detail;
		read_row(&q, &row, &detail);
		if (q.err == OK)
			query_fail(&q, audit_append(s, &row, why));
		free(detail);
	}
	return query_end(&q);
}

enum err audit_chain_old(struct store *s, struct error *why)
{
	char org[UUID_TEXT];
	memcpy(org, s->org_id, sizeof(org));
	struct query q;
	query_start_global(&q, s, "SELECT DISTINCT org_id FROM audit_old", why);
	while (query_row(&q)) {
		column_text(&q, 0, s->org_id, sizeof(s->org_id));
		if (q.err == OK)
			query_fail(&q, chain_org(s, why));
	}
	memcpy(s->org_id, org, sizeof(org));
	enum err err = query_end(&q);
	return err == OK ? s->ops->run(s->db, "DROP TABLE audit_old", why) : err;
}
