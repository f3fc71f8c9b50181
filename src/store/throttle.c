/* SPDX-License-Identifier: MIT */
#include "store/throttle.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/user_int.h"

enum { DOUBLINGS_MAX = 20 };
#define DAY_MS ((int64_t)DAY_MINUTES * 60 * 1000)

/* --- the rule --- */

/* When a counter lets the next attempt through: 0, 1, 2, 4 ... steps after the last failure. */
static int64_t free_at(const struct throttle_count *count, int64_t free, int64_t max_ms)
{
	int64_t over = count->failures - free;
	if (over < 0)
		return 0;
	int64_t wait_ms = (int64_t)THROTTLE_STEP_MS
		<< (over < DOUBLINGS_MAX ? over : DOUBLINGS_MAX);
	return count->last_ms + (wait_ms < max_ms ? wait_ms : max_ms);
}

int64_t throttle_wait_ms(const struct throttle_state *state, int64_t now_ms)
{
	bool attacked = state->account.failures >= THROTTLE_ACCOUNT_FREE;
	int64_t pair =
		free_at(&state->pair, attacked ? 1 : THROTTLE_PAIR_FREE, THROTTLE_PAIR_MAX_MS);
	int64_t address = free_at(&state->address, THROTTLE_ADDRESS_FREE, THROTTLE_ADDRESS_MAX_MS);
	int64_t at = pair > address ? pair : address;
	/* A clock that was set back must not keep anybody out for longer than the longest wait. */
	int64_t wait_ms = at - now_ms;
	if (wait_ms > THROTTLE_PAIR_MAX_MS)
		wait_ms = THROTTLE_PAIR_MAX_MS;
	return wait_ms > 0 ? wait_ms : 0;
}

/* --- the counters --- */

/* What is counted, as hashes: what people type into the wrong field is not kept. */
struct subjects {
	uint8_t pair[SECRET_HASH_BYTES], address[SECRET_HASH_BYTES], account[SECRET_HASH_BYTES];
	bool known; /* by its cookie */
};

/* Whether the browser's token was given to the user with that address. */
static enum err is_known(struct store *s, const char *email_key, const char *browser,
	int64_t now_ms, bool *known, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	*known = false;
	if (browser == NULL || browser[0] == '\0')
		return OK;
	secret_hash(&s->key, "browser", browser, hash);
	struct query q;
	query_start_global(&q, s,
		"SELECT 1 FROM known_browser b JOIN app_user u ON u.org_id = b.org_id"
		" AND u.id = b.user_id WHERE b.token_hash = ?1 AND u.email_key = ?2"
		" AND b.seen_ms > ?3",
		why);
	query_blob(&q, hash, sizeof(hash));
	query_text(&q, email_key);
	query_int(&q, now_ms - KNOWN_BROWSER_DAYS * DAY_MS);
	*known = query_row(&q);
	return query_end(&q);
}

static enum err subjects_of(struct store *s, const struct throttle_who *who, int64_t now_ms,
	struct subjects *out, struct error *why)
{
	char clean[EMAIL_BYTES], key[EMAIL_BYTES];
	/* What is no address is nobody's account: all of that is one. */
	if (email_clean(who->email, clean, key, NULL) != OK)
		key[0] = '\0';
	enum err err = is_known(s, key, who->browser, now_ms, &out->known, why);
	if (err != OK)
		return err;
	const char *where = out->known ? who->browser : who->address;
	size_t room = strlen(key) + strlen(where) + 2;
	char *pair = malloc(room);
	if (pair == NULL)
		return err_set(why, ERR_NOMEM, "cannot count sign-ins: out of memory");
	snprintf(pair, room, "%s\n%s", key, where);
	secret_hash(&s->key, out->known ? "sign-in browser" : "sign-in pair", pair, out->pair);
	secret_hash(&s->key, "sign-in address", who->address, out->address);
	secret_hash(&s->key, "sign-in account", key, out->account);
	free(pair);
	return OK;
}

static enum err read_count(struct store *s, const uint8_t *subject, int64_t now_ms,
	struct throttle_count *out, struct error *why)
{
	struct query q;
	query_start_global(&q, s,
		"SELECT failures, last_ms FROM throttle WHERE subject = ?1 AND last_ms > ?2", why);
	query_blob(&q, subject, SECRET_HASH_BYTES);
	query_int(&q, now_ms - THROTTLE_FORGET_MS);
	if (query_row(&q)) {
		out->failures = column_int(&q, 0);
		out->last_ms = column_int(&q, 1);
	}
	return query_end(&q);
}

enum err store_throttle_read(struct store *s, const struct throttle_who *who, int64_t now_ms,
	struct throttle_state *out, struct error *why)
{
	struct subjects subject;
	*out = (struct throttle_state){0};
	enum err err = subjects_of(s, who, now_ms, &subject, why);
	if (err == OK)
		err = read_count(s, subject.pair, now_ms, &out->pair, why);
	if (err == OK && !subject.known)
		err = read_count(s, subject.address, now_ms, &out->address, why);
	/* A browser that is known is not asked what others do to its user's account. */
	if (err == OK && !subject.known)
		err = read_count(s, subject.account, now_ms, &out->account, why);
	return err;
}

static enum err count_one(
	struct store *s, const uint8_t *subject, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start_global(&q, s,
		"INSERT INTO throttle (subject, failures, last_ms) VALUES (?1, 1, ?2)"
		" ON CONFLICT (subject) DO UPDATE SET last_ms = ?2, failures ="
		" CASE WHEN last_ms > ?3 THEN failures + 1 ELSE 1 END",
		why);
	query_blob(&q, subject, SECRET_HASH_BYTES);
	query_int(&q, now_ms);
	query_int(&q, now_ms - THROTTLE_FORGET_MS);
	return query_run(&q, NULL);
}

enum err store_throttle_failed(
	struct store *s, const struct throttle_who *who, int64_t now_ms, struct error *why)
{
	struct subjects subject;
	enum err err = subjects_of(s, who, now_ms, &subject, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = count_one(s, subject.pair, now_ms, why);
	if (err == OK && !subject.known)
		err = count_one(s, subject.address, now_ms, why);
	if (err == OK && !subject.known)
		err = count_one(s, subject.account, now_ms, why);
	return change_end(s, err, why);
}

/* --- after the right password --- */

static enum err drop_browser(struct store *s, const char *browser, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	secret_hash(&s->key, "browser", browser, hash);
	struct query q;
	query_start_global(&q, s, "DELETE FROM known_browser WHERE token_hash = ?1", why);
	query_blob(&q, hash, sizeof(hash));
	return query_run(&q, NULL);
}

static enum err add_browser(struct store *s, const char *user_id, const char *browser,
	int64_t now_ms, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	secret_hash(&s->key, "browser", browser, hash);
	struct query q;
	query_start(&q, s,
		"INSERT INTO known_browser (org_id, token_hash, user_id, seen_ms)"
		" VALUES (?1, ?2, ?3, ?4)",
		why);
	query_blob(&q, hash, sizeof(hash));
	query_text(&q, user_id);
	query_int(&q, now_ms);
	enum err err = query_run(&q, NULL);
	if (err != OK)
		return err == ERR_NOT_FOUND ? err_set(why, err, "there is no such user") : err;
	query_start(&q, s,
		"DELETE FROM known_browser WHERE org_id = ?1 AND user_id = ?2 AND token_hash IN"
		" (SELECT token_hash FROM known_browser WHERE org_id = ?1 AND user_id = ?2"
		"  ORDER BY seen_ms DESC, token_hash LIMIT -1 OFFSET ?3)",
		why);
	query_text(&q, user_id);
	query_int(&q, KNOWN_BROWSERS_MAX);
	return query_run(&q, NULL);
}

static enum err forget_pair(struct store *s, const uint8_t *pair, struct error *why)
{
	struct query q;
	query_start_global(&q, s, "DELETE FROM throttle WHERE subject = ?1", why);
	query_blob(&q, pair, SECRET_HASH_BYTES);
	return query_run(&q, NULL);
}

enum err store_throttle_passed(struct store *s, const struct throttle_who *who, const char *user_id,
	int64_t now_ms, char browser[static TOKEN_TEXT], struct error *why)
{
	struct subjects subject;
	browser[0] = '\0';
	enum err err = subjects_of(s, who, now_ms, &subject, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	secret_make(browser);
	err = forget_pair(s, subject.pair, why);
	if (err == OK && subject.known)
		err = drop_browser(s, who->browser, why);
	if (err == OK)
		err = add_browser(s, user_id, browser, now_ms, why);
	err = change_end(s, err, why);
	if (err != OK)
		sodium_memzero(browser, TOKEN_TEXT);
	return err;
}
