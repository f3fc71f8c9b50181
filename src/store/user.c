/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store/near.h"
#include "store/user_int.h"

static const char *const role_words[] = {
	[ROLE_ADMINISTRATOR] = "administrator",
	[ROLE_TEACHER] = "teacher",
	[ROLE_STUDENT] = "student",
	[ROLE_VIEWER] = "viewer",
};
static const char *const state_words[] = {
	[USER_INVITED] = "invited",
	[USER_WAITING] = "waiting",
	[USER_ACTIVE] = "active",
	[USER_DISABLED] = "disabled",
};

enum {
	ROLES = sizeof(role_words) / sizeof(role_words[0]),
	STATES = sizeof(state_words) / sizeof(state_words[0]),
	EMAIL_LOCAL_MAX = 64, /* RFC 5321, section 4.5.3.1.1 */
};

int word_index(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0)
			return (int)i;
	}
	return -1;
}

const char *user_role_word(enum user_role role)
{
	return (unsigned)role < ROLES ? role_words[role] : "unknown";
}

const char *user_state_word(enum user_state state)
{
	return (unsigned)state < STATES ? state_words[state] : "unknown";
}

enum err user_role_parse(const char *word, enum user_role *out, struct error *why)
{
	int at = word_index(role_words, ROLES, word);
	if (at < 0)
		return err_set(why, ERR_ARG,
			"'%s' is no role: give administrator, teacher, student or viewer", word);
	*out = (enum user_role)at;
	return OK;
}

enum err user_state_parse(const char *word, enum user_state *out, struct error *why)
{
	int at = word_index(state_words, STATES, word);
	if (at < 0)
		return err_set(why, ERR_ARG,
			"'%s' is no state: give invited, waiting, active or disabled", word);
	*out = (enum user_state)at;
	return OK;
}

void user_list_finish(struct user_list *list)
{
	free(list->item);
	*list = (struct user_list){0};
}

void user_read(struct query *q, void *row)
{
	struct user *out = row;
	char word[16];
	*out = (struct user){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->org_id, sizeof(out->org_id));
	column_text(q, 2, out->email, sizeof(out->email));
	column_text(q, 3, out->name, sizeof(out->name));
	column_text(q, 4, word, sizeof(word));
	if (q->err == OK)
		query_fail(q, user_role_parse(word, &out->role, q->why));
	column_text(q, 5, word, sizeof(word));
	if (q->err == OK)
		query_fail(q, user_state_parse(word, &out->state, q->why));
	column_text(q, 6, out->person_id, sizeof(out->person_id));
	out->has_password = column_int(q, 7) != 0;
	out->created_ms = column_int(q, 8);
	out->signed_in_ms = column_int(q, 9);
	out->version = column_int(q, 10);
}

const struct row_kind user_kind = {user_read, sizeof(struct user), "user", "users"};

/* --- e-mail addresses --- */

static bool plain_domain(const char *domain)
{
	size_t len = strlen(domain);
	if (len == 0 || domain[0] == '.' || domain[0] == '-' || domain[len - 1] == '.' ||
		strstr(domain, "..") != NULL)
		return false;
	for (const char *c = domain; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
			return false;
	}
	return true;
}

/* An atom or dots (RFC 5322, section 3.2.3): quoted local parts are nobody's in practice. */
static bool plain_local(const char *local, size_t len)
{
	if (len == 0 || len > EMAIL_LOCAL_MAX || local[0] == '.' || local[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)local[i]) &&
			strchr("!#$%&'*+-/=?^_`{|}~.", local[i]) == NULL)
			return false;
	}
	return true;
}

enum err email_clean(const char *text, char out[static EMAIL_BYTES], char *key, struct error *why)
{
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	const char *at = memchr(text, '@', len);
	if (len == 0 || len >= EMAIL_BYTES || at == NULL)
		return err_set(why, ERR_ARG, "'%.64s' is no e-mail address", text);
	char clean[EMAIL_BYTES] = "";
	memcpy(clean, text, len);
	if (!plain_local(clean, (size_t)(at - text)) || !plain_domain(clean + (at - text) + 1))
		return err_set(why, ERR_ARG, "'%.64s' is no e-mail address", clean);
	memcpy(out, clean, sizeof(clean));
	for (size_t i = 0; key != NULL && i <= len; i++)
		key[i] = (char)tolower((unsigned char)clean[i]);
	return OK;
}

/* --- adding and changing --- */

static enum err clean_user(struct user *user, char email_key[static EMAIL_BYTES], struct error *why)
{
	char key[NAME_KEY_BYTES];
	email_key[0] = '\0';
	enum err err = near_clean(user->name, "name", key, why);
	if (err == OK && user->email[0] != '\0')
		err = email_clean(user->email, user->email, email_key, why);
	if (err == OK && user->email[0] == '\0' && user->state != USER_INVITED)
		err = err_set(why, ERR_ARG, "the e-mail address is missing");
	if (err == OK && (unsigned)user->role >= ROLES)
		err = err_set(why, ERR_ARG, "%d is no role", (int)user->role);
	if (err == OK && user->person_id[0] != '\0' && user->role != ROLE_STUDENT)
		err = err_set(why, ERR_ARG, "only a student's account is that of a person");
	return err;
}

/* The address is looked for in all organisations, the person in this one. */
static enum err check_free(
	struct store *s, const struct user *user, const char *email_key, struct error *why)
{
	struct query q;
	query_start_global(&q, s,
		"SELECT coalesce(email_key = ?2, 0) FROM app_user WHERE id <> ?3 AND (email_key = "
		"?2"
		" OR (org_id = ?1 AND person_id = ?4))",
		why);
	query_text(&q, s->org_id);
	query_text_or_null(&q, email_key);
	query_text(&q, user->id);
	query_text_or_null(&q, user->person_id);
	if (query_row(&q))
		query_fail(&q,
			column_int(&q, 0) != 0
				? err_set(why, ERR_EXISTS,
					  "there is already a user with the address '%s'",
					  user->email)
				: err_set(why, ERR_EXISTS, "the person has an account already"));
	return query_end(&q);
}

/* What of a row is sealed: bound to it, so that nobody can give himself another's password. */
static size_t seal_hash(const struct store *s, const char *user_id, const char *hash,
	uint8_t sealed[static PASSWORD_HASH_BYTES + SEAL_EXTRA_BYTES])
{
	char bound[2 * UUID_TEXT + 32];
	char padded[PASSWORD_HASH_BYTES] = "";
	snprintf(bound, sizeof(bound), "password1|%s|%s", s->org_id, user_id);
	snprintf(padded, sizeof(padded), "%s", hash);
	key_seal(&s->key, bound, padded, sizeof(padded), sealed);
	sodium_memzero(padded, sizeof(padded));
	return PASSWORD_HASH_BYTES + SEAL_EXTRA_BYTES;
}

enum err user_put_hash(struct store *s, const char *user_id, const char *hash, struct error *why)
{
	uint8_t sealed[PASSWORD_HASH_BYTES + SEAL_EXTRA_BYTES];
	size_t len = seal_hash(s, user_id, hash, sealed);
	struct query q;
	query_start(&q, s,
		"UPDATE app_user SET password = ?3, version = version + 1"
		" WHERE org_id = ?1 AND id = ?2",
		why);
	query_text(&q, user_id);
	query_blob(&q, sealed, len);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0 ? err_set(why, ERR_NOT_FOUND, "there is no such user") : err;
}

static enum err insert_row(
	struct store *s, const struct user *user, const char *email_key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO app_user (org_id, id, email, email_key, name, role, state, person_id,"
		" created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		why);
	query_text(&q, user->id);
	query_text_or_null(&q, user->email);
	query_text_or_null(&q, email_key);
	query_text(&q, user->name);
	query_text(&q, user_role_word(user->role));
	query_text(&q, user_state_word(user->state));
	query_text_or_null(&q, user->person_id);
	query_int(&q, user->created_ms);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such person");
	return err;
}

enum err user_insert(
	struct store *s, struct user *user, const char *hash, int64_t now_ms, struct error *why)
{
	struct user added = *user;
	char email_key[EMAIL_BYTES];
	enum err err = clean_user(&added, email_key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	uuid_make(now_ms, added.id);
	memcpy(added.org_id, s->org_id, sizeof(added.org_id));
	added.created_ms = now_ms;
	added.signed_in_ms = 0;
	added.version = hash != NULL ? 2 : 1;
	added.has_password = hash != NULL;
	err = check_free(s, &added, email_key, why);
	if (err == OK)
		err = insert_row(s, &added, email_key, why);
	if (err == OK && hash != NULL)
		err = user_put_hash(s, added.id, hash, why);
	err = change_end(s, err, why);
	if (err == OK)
		*user = added;
	return err;
}

enum err store_user_add(struct store *s, struct user *user, int64_t now_ms, struct error *why)
{
	struct user added = *user;
	added.state = USER_INVITED;
	added.id[0] = '\0';
	enum err err = user_insert(s, &added, NULL, now_ms, why);
	if (err == OK)
		*user = added;
	return err;
}

/* Somebody must be left who can let others in. */
static enum err check_administrator(struct store *s, struct error *why)
{
	size_t count;
	enum err err = store_user_count(s, ROLE_ADMINISTRATOR, USER_ACTIVE, &count, why);
	if (err == OK && count == 0)
		err = err_set(
			why, ERR_ARG, "this is the last administrator: make another one first");
	return err;
}

static enum err check_change(const struct user *before, const struct user *after, struct error *why)
{
	if (after->version != 0 && after->version != before->version)
		return err_set(why, ERR_CONFLICT,
			"the user was changed meanwhile: read it again, then change it");
	if (after->state == before->state)
		return OK;
	if (after->state != USER_ACTIVE && after->state != USER_DISABLED)
		return err_set(why, ERR_ARG, "a user can be made active or disabled, not %s",
			user_state_word(after->state));
	if (after->state == USER_ACTIVE && before->state == USER_WAITING)
		return err_set(why, ERR_ARG, "approve the registration instead");
	if (after->state == USER_ACTIVE && !before->has_password)
		return err_set(why, ERR_ARG,
			"the user has no password yet: make an invitation link instead");
	return OK;
}

static enum err update_row(
	struct store *s, const struct user *user, const char *email_key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"UPDATE app_user SET email = ?3, email_key = ?4, name = ?5, role = ?6, state = ?7,"
		" person_id = ?8, version = version + 1 WHERE org_id = ?1 AND id = ?2",
		why);
	query_text(&q, user->id);
	query_text_or_null(&q, user->email);
	query_text_or_null(&q, email_key);
	query_text(&q, user->name);
	query_text(&q, user_role_word(user->role));
	query_text(&q, user_state_word(user->state));
	query_text_or_null(&q, user->person_id);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such person");
	return err;
}

static const char *const drop_links = "DELETE FROM user_link WHERE org_id = ?1 AND user_id = ?2";

static enum err change_user(struct store *s, const struct user *before, const struct user *after,
	const char *email_key, struct error *why)
{
	enum err err = check_change(before, after, why);
	if (err == OK)
		err = check_free(s, after, email_key, why);
	if (err == OK)
		err = update_row(s, after, email_key, why);
	bool was = before->role == ROLE_ADMINISTRATOR && before->state == USER_ACTIVE;
	if (err == OK && was)
		err = check_administrator(s, why);
	if (err == OK && after->state == USER_DISABLED)
		err = user_sign_out(s, after->id, NULL, why);
	/* Nor does a link to a new password go to where the address was before. */
	bool elsewhere = strcmp(before->email, after->email) != 0;
	if (err == OK && (after->state == USER_DISABLED || elsewhere))
		err = run_all(s, &drop_links, 1, after->id, NULL, why);
	return err;
}

enum err store_user_update(struct store *s, struct user *user, struct error *why)
{
	struct user changed = *user, before;
	char email_key[EMAIL_BYTES];
	enum err err = clean_user(&changed, email_key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_user(s, changed.id, &before, why);
	if (err == OK)
		err = change_user(s, &before, &changed, email_key, why);
	if (err == OK)
		err = store_user(s, changed.id, &changed, why);
	err = change_end(s, err, why);
	if (err == OK)
		*user = changed;
	return err;
}

enum err user_erase(struct store *s, const char *id, int64_t *rows, struct error *why)
{
	static const char *const sql[] = {
		("DELETE FROM audit_detail WHERE org_id = ?1 AND (instr(detail, ?2) > 0"
		 " OR seq IN (SELECT seq FROM audit WHERE org_id = ?1 AND subject = ?2))"),
		"DELETE FROM web_session WHERE org_id = ?1 AND user_id = ?2",
		"DELETE FROM known_browser WHERE org_id = ?1 AND user_id = ?2",
		"DELETE FROM user_link WHERE org_id = ?1 AND user_id = ?2",
		"DELETE FROM user_group WHERE org_id = ?1 AND user_id = ?2",
		"DELETE FROM registration_face WHERE org_id = ?1 AND user_id = ?2",
		"DELETE FROM registration WHERE org_id = ?1 AND user_id = ?2",
		"DELETE FROM app_user WHERE org_id = ?1 AND id = ?2",
	};
	return run_all(s, sql, sizeof(sql) / sizeof(sql[0]), id, rows, why);
}

enum err store_user_remove(struct store *s, const char *id, struct error *why)
{
	struct user user;
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_user(s, id, &user, why);
	if (err == OK)
		err = user_erase(s, id, NULL, why);
	if (err == OK && user.role == ROLE_ADMINISTRATOR && user.state == USER_ACTIVE)
		err = check_administrator(s, why);
	err = change_end(s, err, why);
	if (err == OK && !s->in_transaction)
		s->ops->scrub(s->db);
	return err;
}

/* --- reading --- */

enum err store_user(struct store *s, const char *id, struct user *out, struct error *why)
{
	/* `id` may be that of `out`. */
	struct user found = {0};
	struct query q;
	query_start(&q, s,
		"SELECT " USER_COLUMNS " FROM app_user u WHERE u.org_id = ?1 AND u.id = ?2", why);
	query_text(&q, id);
	enum err err = query_one(&q, &user_kind, &found);
	*out = found;
	return err;
}

enum err store_user_find(struct store *s, const char *who, struct user *out, struct error *why)
{
	char email[EMAIL_BYTES], key[EMAIL_BYTES];
	*out = (struct user){0};
	if (uuid_valid(who))
		return store_user(s, who, out, why);
	enum err err = email_clean(who, email, key, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s,
		"SELECT " USER_COLUMNS " FROM app_user u WHERE u.org_id = ?1 AND u.email_key = ?2",
		why);
	query_text(&q, key);
	err = query_one(&q, &user_kind, out);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no user with the address '%s'", email);
	return err;
}

enum err store_users(struct store *s, struct user_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " USER_COLUMNS " FROM app_user u WHERE u.org_id = ?1"
		" ORDER BY u.email_key, u.id",
		why);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &user_kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_user_count(
	struct store *s, enum user_role role, enum user_state state, size_t *out, struct error *why)
{
	*out = 0;
	struct query q;
	query_start(&q, s,
		"SELECT count(*) FROM app_user WHERE org_id = ?1 AND role = ?2 AND state = ?3",
		why);
	query_text(&q, user_role_word(role));
	query_text(&q, user_state_word(state));
	if (query_row(&q))
		*out = (size_t)column_int(&q, 0);
	return query_end(&q);
}
