/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/keys.h"
#include "store/store_int.h"

enum { SEEN_EVERY_MS = 60 * 1000 };

static const char kind_of_key[] = "rk";

const struct scope_name scope_names[] = {
	{SCOPE_PEOPLE_READ, "people:read", "read people, without their templates"},
	{SCOPE_PEOPLE_WRITE, "people:write", "add, change and erase people, enrol photos"},
	{SCOPE_GROUPS_READ, "groups:read", "read groups and who is in them"},
	{SCOPE_GROUPS_WRITE, "groups:write", "add and change groups and who is in them"},
	{SCOPE_REGISTERS_READ, "registers:read", "read registers and marks"},
	{SCOPE_REGISTERS_WRITE, "registers:write", "open, correct and close registers"},
	{SCOPE_SIGHTINGS_READ, "sightings:read", "read sightings and their evidence"},
	{SCOPE_RECOGNISE, "recognise", "detect, identify and compare faces"},
	{SCOPE_MARK, "mark", "take attendance from photos"},
	{SCOPE_REVIEW, "review", "settle what is in review"},
	{SCOPE_LIVE, "live", "follow what happens"},
	{SCOPE_DEVICES, "devices", "pair, change and revoke devices"},
	{SCOPE_USERS, "users", "invite, change and disable users"},
	{SCOPE_SETTINGS, "settings", "read and change settings"},
	{SCOPE_AUDIT_READ, "audit:read", "read the audit"},
	{SCOPE_METRICS, "metrics", "read the metrics"},
	{0, NULL, NULL},
};

enum err scopes_parse(const char *text, unsigned *out, struct error *why)
{
	*out = 0;
	for (const char *at = text; *at != '\0';) {
		at += strspn(at, " ,\t");
		size_t len = strcspn(at, " ,\t");
		const struct scope_name *name = scope_names;
		while (name->word != NULL &&
			(strlen(name->word) != len || memcmp(name->word, at, len) != 0))
			name++;
		if (len > 0 && name->word == NULL)
			return err_set(why, ERR_ARG, "there is no scope '%.*s'",
				len < 64 ? (int)len : 64, at);
		if (len > 0)
			*out |= (unsigned)name->scope;
		at += len;
	}
	return OK;
}

void scopes_text(unsigned scopes, char out[static SCOPES_TEXT])
{
	size_t len = 0;
	out[0] = '\0';
	for (const struct scope_name *name = scope_names; name->word != NULL; name++) {
		if ((scopes & (unsigned)name->scope) != 0 && len < SCOPES_TEXT)
			len += (size_t)snprintf(out + len, SCOPES_TEXT - len, "%s%s",
				len > 0 ? " " : "", name->word);
	}
}

void api_key_list_finish(struct api_key_list *list)
{
	free(list->item);
	*list = (struct api_key_list){0};
}

#define KEY_COLUMNS                                                               \
	"id, name, prefix, scopes, made_by, created_ms, coalesce(expires_ms, 0)," \
	" coalesce(used_ms, 0), coalesce(revoked_ms, 0)"
enum { KEY_COLUMN_COUNT = 9 };

static void read_key(struct query *q, void *row)
{
	struct api_key *out = row;
	char scopes[SCOPES_TEXT];
	*out = (struct api_key){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->name, sizeof(out->name));
	column_text(q, 2, out->prefix, sizeof(out->prefix));
	column_text(q, 3, scopes, sizeof(scopes));
	if (q->err == OK)
		query_fail(q, scopes_parse(scopes, &out->scopes, q->why));
	column_text(q, 4, out->made_by, sizeof(out->made_by));
	out->created_ms = column_int(q, 5);
	out->expires_ms = column_int(q, 6);
	out->used_ms = column_int(q, 7);
	out->revoked_ms = column_int(q, 8);
}

static const struct row_kind kind = {read_key, sizeof(struct api_key), "API key", "API keys"};

static enum err check_key(struct api_key *key, int64_t now_ms, struct error *why)
{
	char name[LABEL_BYTES], scopes[SCOPES_TEXT];
	if (memchr(key->name, '\0', sizeof(key->name)) == NULL || key->name[0] == '\0')
		return err_set(
			why, ERR_ARG, "an API key has a name of 1 to %d bytes", LABEL_BYTES - 1);
	label_copy(name, sizeof(name), key->name);
	memcpy(key->name, name, sizeof(name));
	scopes_text(key->scopes, scopes);
	if (scopes[0] == '\0')
		return err_set(why, ERR_ARG, "an API key without scopes can do nothing: give one");
	if (key->expires_ms != 0 && key->expires_ms <= now_ms)
		return err_set(why, ERR_ARG, "the API key would have expired already");
	return OK;
}

enum err store_key_add(struct store *s, struct api_key *key, int64_t now_ms,
	char text[static KEY_TEXT], struct error *why)
{
	struct api_key made = *key;
	uint8_t hash[SECRET_HASH_BYTES];
	char scopes[SCOPES_TEXT];
	text[0] = '\0';
	enum err err = check_key(&made, now_ms, why);
	if (err != OK)
		return err;
	uuid_make(now_ms, made.id);
	made.created_ms = now_ms;
	made.used_ms = made.revoked_ms = 0;
	scopes_text(made.scopes, scopes);
	secret_key_make(kind_of_key, made.prefix, text);
	secret_hash(&s->key, "key", text, hash);
	struct query q;
	query_start(&q, s,
		"INSERT INTO api_key (org_id, id, name, prefix, secret_hash, scopes, made_by,"
		" created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		why);
	query_text(&q, made.id);
	query_text(&q, made.name);
	query_text(&q, made.prefix);
	query_blob(&q, hash, sizeof(hash));
	query_text(&q, scopes);
	query_text(&q, made.made_by);
	query_int(&q, now_ms);
	query_int_or_null(&q, made.expires_ms, 0);
	err = query_run(&q, NULL);
	if (err == OK)
		*key = made;
	else
		sodium_memzero(text, KEY_TEXT);
	return err;
}

/* Notes the use, no more often than once a minute; that this fails is no reason to refuse. */
static enum err touch(struct store *s, const struct api_key *key, int64_t now_ms, struct error *why)
{
	if (key->used_ms != 0 && now_ms - key->used_ms < SEEN_EVERY_MS)
		return OK;
	struct query q;
	query_start(&q, s, "UPDATE api_key SET used_ms = ?3 WHERE org_id = ?1 AND id = ?2", why);
	query_text(&q, key->id);
	query_int(&q, now_ms);
	enum err err = query_run(&q, NULL);
	return err == ERR_BUSY || err == ERR_FULL ? OK : err;
}

enum err store_key_find(
	struct store *s, const char *text, int64_t now_ms, struct api_key *out, struct error *why)
{
	char prefix[KEY_PREFIX_BYTES] = "", org[UUID_TEXT] = "";
	uint8_t hash[SECRET_HASH_BYTES];
	bool right = false;
	*out = (struct api_key){0};
	if (!secret_key_prefix(kind_of_key, text, prefix))
		return err_set(why, ERR_DENIED, "the API key does not work");
	secret_hash(&s->key, "key", text, hash);
	struct query q;
	query_start_global(&q, s,
		"SELECT " KEY_COLUMNS ", org_id, secret_hash FROM api_key WHERE prefix = ?1", why);
	query_text(&q, prefix);
	if (query_row(&q)) {
		size_t len;
		read_key(&q, out);
		column_text(&q, KEY_COLUMN_COUNT, org, sizeof(org));
		const void *kept = column_blob(&q, KEY_COLUMN_COUNT + 1, &len);
		right = len == sizeof(hash) && sodium_memcmp(kept, hash, len) == 0;
	}
	enum err err = query_end(&q);
	bool works =
		right && out->revoked_ms == 0 && (out->expires_ms == 0 || out->expires_ms > now_ms);
	if (err == OK && !works)
		err = err_set(why, ERR_DENIED, "the API key does not work");
	if (err == OK)
		err = store_use_org(s, org, why);
	if (err == OK)
		err = touch(s, out, now_ms, why);
	if (err != OK)
		*out = (struct api_key){0};
	return err;
}

enum err store_key(struct store *s, const char *id, struct api_key *out, struct error *why)
{
	*out = (struct api_key){0};
	struct query q;
	query_start(&q, s,
		"SELECT " KEY_COLUMNS
		" FROM api_key WHERE org_id = ?1 AND (id = ?2 OR prefix = ?2)",
		why);
	query_text(&q, id);
	return query_one(&q, &kind, out);
}

enum err store_keys(struct store *s, struct api_key_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s, "SELECT " KEY_COLUMNS " FROM api_key WHERE org_id = ?1 ORDER BY id DESC",
		why);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_key_revoke(struct store *s, const char *id, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"UPDATE api_key SET revoked_ms = coalesce(revoked_ms, ?3)"
		" WHERE org_id = ?1 AND (id = ?2 OR prefix = ?2)",
		why);
	query_text(&q, id);
	query_int(&q, now_ms);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0 ? err_set(why, ERR_NOT_FOUND, "there is no such API key")
				      : err;
}
