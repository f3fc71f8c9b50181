/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/throttle.h"
#include "store/user_int.h"
#include "store/web.h"

enum { MINUTE_MS = 60 * 1000 };
#define DAY_MS ((int64_t)DAY_MINUTES * MINUTE_MS)

/* After the columns of the user. */
#define SESSION_COLUMNS                                                 \
	"w.id, w.user_id, w.address, w.agent, w.created_ms, w.seen_ms," \
	" min(w.expires_ms, w.seen_ms + w.idle_ms)"

void web_session_list_finish(struct web_session_list *list)
{
	free(list->item);
	*list = (struct web_session_list){0};
}

struct web_limits web_limits_default(void)
{
	return (struct web_limits){
		(int64_t)WEB_IDLE_MINUTES * MINUTE_MS, WEB_ABSOLUTE_DAYS * DAY_MS};
}

static void read_at(struct query *q, int at, struct web_session *out)
{
	*out = (struct web_session){0};
	column_text(q, at, out->id, sizeof(out->id));
	column_text(q, at + 1, out->user_id, sizeof(out->user_id));
	column_text(q, at + 2, out->address, sizeof(out->address));
	column_text(q, at + 3, out->agent, sizeof(out->agent));
	out->created_ms = column_int(q, at + 4);
	out->seen_ms = column_int(q, at + 5);
	out->expires_ms = column_int(q, at + 6);
}

static void read_session(struct query *q, void *row)
{
	read_at(q, 0, row);
}

static const struct row_kind kind = {
	read_session, sizeof(struct web_session), "browser session", "browser sessions"};

/* --- opening --- */

static enum err insert(struct store *s, const struct web_session *session,
	const struct web_limits *limits, const char *token, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	secret_hash(&s->key, "web", token, hash);
	struct query q;
	query_start(&q, s,
		"INSERT INTO web_session (org_id, token_hash, id, user_id, address, agent,"
		" created_ms, seen_ms, idle_ms, expires_ms)"
		" SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9 FROM app_user"
		"  WHERE org_id = ?1 AND id = ?4 AND state = 'active'",
		why);
	query_blob(&q, hash, sizeof(hash));
	query_text(&q, session->id);
	query_text(&q, session->user_id);
	query_text(&q, session->address);
	query_text(&q, session->agent);
	query_int(&q, session->created_ms);
	query_int(&q, limits->idle_ms);
	query_int(&q, session->created_ms + limits->absolute_ms);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0 ? err_set(why, ERR_DENIED, "the account is blocked") : err;
}

/* Keeps so many of a user: this one, and of the others those that were used last. */
static enum err drop_oldest(struct store *s, const struct web_session *newest, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"DELETE FROM web_session WHERE org_id = ?1 AND user_id = ?2 AND token_hash IN"
		" (SELECT token_hash FROM web_session WHERE org_id = ?1 AND user_id = ?2"
		"  AND id <> ?4 ORDER BY seen_ms DESC, id DESC LIMIT -1 OFFSET ?3)",
		why);
	query_text(&q, newest->user_id);
	query_int(&q, WEB_SESSIONS_MAX - 1);
	query_text(&q, newest->id);
	return query_run(&q, NULL);
}

enum err store_web_open(struct store *s, const char *user_id, const struct web_origin *from,
	int64_t now_ms, char token[static TOKEN_TEXT], struct error *why)
{
	const struct web_limits limits =
		from->limits != NULL ? *from->limits : web_limits_default();
	struct web_session session = {.created_ms = now_ms};
	token[0] = '\0';
	if (strlen(user_id) >= UUID_TEXT)
		return err_set(why, ERR_NOT_FOUND, "there is no such user");
	memcpy(session.user_id, user_id, strlen(user_id));
	label_copy(session.address, sizeof(session.address), from->address);
	label_copy(session.agent, sizeof(session.agent), from->agent);
	uuid_make(now_ms, session.id);
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	secret_make(token);
	if (from->before != NULL && from->before[0] != '\0')
		err = store_web_close(s, from->before, why);
	if (err == OK)
		err = insert(s, &session, &limits, token, why);
	if (err == OK)
		err = drop_oldest(s, &session, why);
	err = change_end(s, err, why);
	if (err != OK)
		sodium_memzero(token, TOKEN_TEXT);
	return err;
}

/* --- finding --- */

/*
 * Notes that it is in use, unless that was noted a moment ago. A database that is busy or full
 * is no reason to turn somebody away.
 */
static enum err touch(
	struct store *s, const struct web_session *session, int64_t now_ms, struct error *why)
{
	if (now_ms - session->seen_ms < WEB_SEEN_EVERY_S * 1000)
		return OK;
	struct query q;
	query_start(&q, s,
		"UPDATE web_session SET seen_ms = ?3 WHERE org_id = ?1 AND id = ?2"
		" AND seen_ms < ?3",
		why);
	query_text(&q, session->id);
	query_int(&q, now_ms);
	enum err err = query_run(&q, NULL);
	return err == ERR_BUSY || err == ERR_FULL ? OK : err;
}

enum err store_web_find(struct store *s, const char *token, int64_t now_ms,
	struct web_session *session, struct user *user, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	struct web_session found = {0};
	struct user whose = {0};
	secret_hash(&s->key, "web", token, hash);
	struct query q;
	query_start_global(&q, s,
		"SELECT " USER_COLUMNS ", " SESSION_COLUMNS " FROM web_session w JOIN app_user u"
		" ON u.org_id = w.org_id AND u.id = w.user_id"
		" WHERE w.token_hash = ?1 AND w.expires_ms > ?2 AND w.seen_ms + w.idle_ms > ?2"
		" AND u.state = 'active'",
		why);
	query_blob(&q, hash, sizeof(hash));
	query_int(&q, now_ms);
	if (query_row(&q)) {
		user_read(&q, &whose);
		read_at(&q, USER_COLUMN_COUNT, &found);
	}
	enum err err = query_end(&q);
	if (err == OK && found.id[0] == '\0')
		err = err_set(why, ERR_DENIED, "not signed in, or not any more");
	if (err == OK)
		err = store_use_org(s, whose.org_id, why);
	if (err == OK)
		err = touch(s, &found, now_ms, why);
	if (err != OK)
		return err;
	if (session != NULL)
		*session = found;
	if (user != NULL)
		*user = whose;
	return OK;
}

/* --- CSRF --- */

void web_csrf(const struct store *s, const char *token, char out[static TOKEN_TEXT])
{
	uint8_t hash[SECRET_HASH_BYTES];
	secret_hash(&s->key, "csrf", token, hash);
	sodium_bin2base64(
		out, TOKEN_TEXT, hash, sizeof(hash), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool web_csrf_matches(const struct store *s, const char *token, const char *given)
{
	char right[TOKEN_TEXT];
	web_csrf(s, token, right);
	return strlen(given) == TOKEN_TEXT - 1 && sodium_memcmp(right, given, TOKEN_TEXT - 1) == 0;
}

/* --- ending --- */

enum err store_web_close(struct store *s, const char *token, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	secret_hash(&s->key, "web", token, hash);
	struct query q;
	query_start_global(&q, s, "DELETE FROM web_session WHERE token_hash = ?1", why);
	query_blob(&q, hash, sizeof(hash));
	return query_run(&q, NULL);
}

enum err store_web_sessions(struct store *s, const char *user_id, int64_t now_ms,
	struct web_session_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " SESSION_COLUMNS " FROM web_session w WHERE w.org_id = ?1"
		" AND w.user_id = ?2 AND w.expires_ms > ?3 AND w.seen_ms + w.idle_ms > ?3"
		" ORDER BY w.seen_ms DESC, w.id DESC",
		why);
	query_text(&q, user_id);
	query_int(&q, now_ms);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_web_revoke(struct store *s, const char *user_id, const char *id, struct error *why)
{
	struct query q;
	query_start(&q, s, "DELETE FROM web_session WHERE org_id = ?1 AND user_id = ?2 AND id = ?3",
		why);
	query_text(&q, user_id);
	query_text(&q, id);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0
		? err_set(why, ERR_NOT_FOUND, "there is no such browser session")
		: err;
}

enum err store_web_revoke_all(
	struct store *s, const char *user_id, const char *keep, struct error *why)
{
	return user_sign_out(s, user_id, keep, why);
}

enum err store_web_purge(struct store *s, int64_t now_ms, struct error *why)
{
	static const struct {
		const char *sql;
		int64_t after_ms;
	} old[] = {
		{"DELETE FROM web_session WHERE expires_ms <= ?1 OR seen_ms + idle_ms <= ?1", 0},
		{"DELETE FROM user_link WHERE expires_ms <= ?1", 0},
		{"DELETE FROM known_browser WHERE seen_ms <= ?1", KNOWN_BROWSER_DAYS * DAY_MS},
		{"DELETE FROM throttle WHERE last_ms <= ?1", THROTTLE_FORGET_MS},
		{"DELETE FROM pairing WHERE expires_ms <= ?1", 0},
	};
	enum err err = OK;
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]) && err == OK; i++) {
		struct query q;
		query_start_global(&q, s, old[i].sql, why);
		query_int(&q, now_ms - old[i].after_ms);
		err = query_run(&q, NULL);
	}
	return err;
}
