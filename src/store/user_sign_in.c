/* SPDX-License-Identifier: MIT */
/* Passwords and the links that lead to one. */
#include <string.h>

#include "store/user_int.h"

enum { HOUR_MS = 60 * 60 * 1000 };

static const struct {
	const char *word;
	int64_t valid_ms;
	enum user_state state; /* whom it is for */
	const char *refusal;
} links[] = {
	[LINK_INVITATION] = {"invitation", (int64_t)LINK_DAYS_INVITATION * 24 * HOUR_MS,
		USER_INVITED, "only who is invited and was never in gets an invitation"},
	[LINK_RESET] = {"reset", (int64_t)LINK_HOURS_RESET *HOUR_MS, USER_ACTIVE,
		"only an active user gets a link to a new password"},
};

enum { LINKS = sizeof(links) / sizeof(links[0]) };

/* --- passwords --- */

enum err user_sign_out(struct store *s, const char *user_id, const char *keep, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"DELETE FROM web_session WHERE org_id = ?1 AND user_id = ?2 AND id IS NOT ?3", why);
	query_text(&q, user_id);
	query_text_or_null(&q, keep != NULL ? keep : "");
	return query_run(&q, NULL);
}

enum err store_user_set_password(struct store *s, const char *id, const char *password,
	const struct password_cost *cost, const char *keep, struct error *why)
{
	char hash[PASSWORD_HASH_BYTES];
	struct user user;
	enum err err = store_user(s, id, &user, why);
	if (err == OK)
		err = password_check(password, user.email, why);
	if (err == OK)
		err = password_hash(password, cost, hash, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = user_put_hash(s, id, hash, why);
	if (err == OK)
		err = user_sign_out(s, id, keep, why);
	sodium_memzero(hash, sizeof(hash));
	return change_end(s, err, why);
}

/* Column `at`: the sealed hash of a user; *found = false when there is none. */
static void unseal_hash(struct query *q, int at, const struct user *user,
	char out[static PASSWORD_HASH_BYTES], bool *found)
{
	char bound[2 * UUID_TEXT + 32];
	size_t len;
	const uint8_t *sealed = column_blob(q, at, &len);
	*found = sealed != NULL && q->err == OK;
	if (!*found)
		return;
	snprintf(bound, sizeof(bound), "password1|%s|%s", user->org_id, user->id);
	if (len == PASSWORD_HASH_BYTES + SEAL_EXTRA_BYTES &&
		key_unseal(&q->s->key, bound, sealed, len, out) == OK &&
		memchr(out, '\0', PASSWORD_HASH_BYTES) != NULL)
		return;
	*found = false;
	query_fail(q,
		err_set(q->why, ERR_FORMAT,
			"the password of the user %s was tampered with or damaged: make a link to "
			"a new one",
			user->id));
}

/* The user of that address in any organisation. *found = whether a password can be right. */
static enum err find_hash(struct store *s, const char *key, struct user *out,
	char hash[static PASSWORD_HASH_BYTES], bool *found, struct error *why)
{
	*found = false;
	struct query q;
	query_start_global(&q, s,
		"SELECT " USER_COLUMNS ", u.password FROM app_user u WHERE u.email_key = ?1", why);
	query_text(&q, key);
	if (query_row(&q)) {
		user_read(&q, out);
		if (q.err == OK)
			unseal_hash(&q, USER_COLUMN_COUNT, out, hash, found);
	}
	return query_end(&q);
}

/* After the right password: notes the time, and hashes anew if the cost has changed. */
static enum err signed_in(
	struct store *s, struct user *user, const char *new_hash, int64_t now_ms, struct error *why)
{
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s,
		"UPDATE app_user SET signed_in_ms = ?3 WHERE org_id = ?1 AND id = ?2"
		" AND state = 'active'",
		why);
	query_text(&q, user->id);
	query_int(&q, now_ms);
	int64_t rows = 0;
	err = query_run(&q, &rows);
	if (err == OK && rows == 0)
		err = err_set(why, ERR_DENIED, "the account is blocked");
	if (err == OK && new_hash != NULL)
		err = user_put_hash(s, user->id, new_hash, why);
	if (err == OK)
		err = store_user(s, user->id, user, why);
	return change_end(s, err, why);
}

static enum err check_state(const struct user *user, struct error *why)
{
	if (user->state == USER_ACTIVE)
		return OK;
	return err_set(why, ERR_DENIED,
		user->state == USER_WAITING ? "the account is not approved yet"
					    : "the account is blocked");
}

enum err store_user_sign_in(struct store *s, const struct credentials *given, int64_t now_ms,
	struct user *out, struct error *why)
{
	char clean[EMAIL_BYTES], key[EMAIL_BYTES] = "", hash[PASSWORD_HASH_BYTES];
	char new_hash[PASSWORD_HASH_BYTES];
	bool found = false;
	enum err err = email_clean(given->email, clean, key, NULL);
	*out = (struct user){0};
	if (err == OK)
		err = find_hash(s, key, out, hash, &found, why);
	if (err != OK && err != ERR_ARG)
		return err;
	err = password_verify(found ? hash : NULL, given->password, given->cost, why);
	bool renew = err == OK && password_outdated(hash, given->cost);
	sodium_memzero(hash, sizeof(hash));
	if (err == OK)
		err = check_state(out, why);
	if (err == OK && renew)
		err = password_hash(given->password, given->cost, new_hash, why);
	if (err == OK)
		err = store_use_org(s, out->org_id, why);
	if (err == OK)
		err = signed_in(s, out, renew ? new_hash : NULL, now_ms, why);
	sodium_memzero(new_hash, sizeof(new_hash));
	if (err != OK)
		*out = (struct user){0};
	return err;
}

/* --- links --- */

static enum err insert_link(struct store *s, const char *user_id, enum link_kind kind,
	int64_t now_ms, const char *token, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	secret_hash(&s->key, "link", token, hash);
	struct query q;
	query_start(&q, s,
		"INSERT INTO user_link (org_id, token_hash, user_id, kind, created_ms, expires_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		why);
	query_blob(&q, hash, sizeof(hash));
	query_text(&q, user_id);
	query_text(&q, links[kind].word);
	query_int(&q, now_ms);
	query_int(&q, now_ms + links[kind].valid_ms);
	return query_run(&q, NULL);
}

static enum err drop_links(struct store *s, const char *user_id, struct error *why)
{
	static const char *const sql = "DELETE FROM user_link WHERE org_id = ?1 AND user_id = ?2";
	return run_all(s, &sql, 1, user_id, NULL, why);
}

enum err store_link_make(struct store *s, const char *user_id, enum link_kind kind, int64_t now_ms,
	char token[static TOKEN_TEXT], struct error *why)
{
	struct user user;
	token[0] = '\0';
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_user(s, user_id, &user, why);
	if (err == OK && user.state != links[kind].state)
		err = err_set(why, ERR_ARG, "%s", links[kind].refusal);
	if (err == OK)
		err = drop_links(s, user_id, why);
	if (err == OK) {
		secret_make(token);
		err = insert_link(s, user_id, kind, now_ms, token, why);
	}
	err = change_end(s, err, why);
	if (err != OK)
		sodium_memzero(token, TOKEN_TEXT);
	return err;
}

enum err store_link_look(struct store *s, const char *token, int64_t now_ms, enum link_kind *kind,
	struct user *out, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	char word[16] = "";
	*out = (struct user){0};
	secret_hash(&s->key, "link", token, hash);
	struct query q;
	query_start_global(&q, s,
		"SELECT " USER_COLUMNS ", l.kind FROM user_link l JOIN app_user u"
		" ON u.org_id = l.org_id AND u.id = l.user_id"
		" WHERE l.token_hash = ?1 AND l.expires_ms > ?2",
		why);
	query_blob(&q, hash, sizeof(hash));
	query_int(&q, now_ms);
	if (query_row(&q)) {
		user_read(&q, out);
		column_text(&q, USER_COLUMN_COUNT, word, sizeof(word));
	}
	enum err err = query_end(&q);
	for (int i = 0; i < LINKS; i++) {
		if (strcmp(links[i].word, word) == 0)
			*kind = (enum link_kind)i;
	}
	if (err == OK && (word[0] == '\0' || out->state != links[*kind].state)) {
		*out = (struct user){0};
		err = err_set(why, ERR_NOT_FOUND,
			"this link does not work: it was used, has expired, or there is a newer "
			"one; ask for another");
	}
	return err == OK ? store_use_org(s, out->org_id, why) : err;
}

/* What the answer changes of the user, in the transaction that uses the link up. */
static enum err let_in(struct store *s, const struct link_answer *answer, struct user *user,
	const char *hash, struct error *why)
{
	char key[EMAIL_BYTES];
	enum err err = OK;
	if (user->email[0] == '\0' && answer->email != NULL)
		err = email_clean(answer->email, user->email, key, why);
	if (answer->name != NULL && answer->name[0] != '\0')
		snprintf(user->name, sizeof(user->name), "%s", answer->name);
	if (err == OK)
		err = drop_links(s, user->id, why);
	if (err == OK)
		err = user_put_hash(s, user->id, hash, why);
	if (err == OK)
		err = user_sign_out(s, user->id, NULL, why);
	user->state = USER_ACTIVE;
	user->version = 0;
	return err == OK ? store_user_update(s, user, why) : err;
}

enum err store_link_use(struct store *s, const struct link_answer *answer,
	const struct password_cost *cost, int64_t now_ms, struct user *out, struct error *why)
{
	char hash[PASSWORD_HASH_BYTES];
	enum link_kind kind;
	struct user user;
	/* Looked at before the work of hashing, and again when nobody else can write. */
	enum err err = store_link_look(s, answer->token, now_ms, &kind, &user, why);
	if (err == OK)
		err = password_check(
			answer->password, user.email[0] != '\0' ? user.email : answer->email, why);
	if (err == OK && answer->name != NULL && strlen(answer->name) >= sizeof(user.name))
		err = err_set(
			why, ERR_ARG, "the name is longer than %d characters", NAME_CHARS_MAX);
	if (err == OK)
		err = password_hash(answer->password, cost, hash, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_link_look(s, answer->token, now_ms, &kind, &user, why);
	if (err == OK)
		err = let_in(s, answer, &user, hash, why);
	sodium_memzero(hash, sizeof(hash));
	err = change_end(s, err, why);
	*out = err == OK ? user : (struct user){0};
	return err;
}
