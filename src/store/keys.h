/* SPDX-License-Identifier: MIT */
/*
 * API keys for scripts: "rk_<8 characters>_<secret>", shown once, kept as a keyed hash. As a
 * store: one thread at a time.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "store/secret.h"
#include "store/store.h"

/*
 * What a key may do, one bit each. The words are the contract; they are what the database
 * keeps.
 */
enum scope {
	SCOPE_PEOPLE_READ = 1 << 0,
	SCOPE_PEOPLE_WRITE = 1 << 1,
	SCOPE_GROUPS_READ = 1 << 2,
	SCOPE_GROUPS_WRITE = 1 << 3,
	SCOPE_REGISTERS_READ = 1 << 4,  /* sessions and marks */
	SCOPE_REGISTERS_WRITE = 1 << 5, /* correct, open, close */
	SCOPE_SIGHTINGS_READ = 1 << 6,
	SCOPE_RECOGNISE = 1 << 7, /* detect, identify, compare: nothing is written */
	SCOPE_MARK = 1 << 8,      /* recognise and write to the register */
	SCOPE_REVIEW = 1 << 9,
	SCOPE_LIVE = 1 << 10,
	SCOPE_DEVICES = 1 << 11,
	SCOPE_USERS = 1 << 12,
	SCOPE_SETTINGS = 1 << 13,
	SCOPE_AUDIT_READ = 1 << 14,
	SCOPE_METRICS = 1 << 15,
};

struct scope_name {
	enum scope scope;
	const char *word, *help; /* "people:read"; a line for people */
};
/* All of them, in order; ends with a zeroed one. Static. */
extern const struct scope_name scope_names[];

enum { SCOPES_TEXT = 301 };
/* "people:read mark": words with spaces or commas between. ERR_ARG names the unknown one. */
enum err scopes_parse(const char *text, unsigned *out, struct error *why) MUST_USE;
void scopes_text(unsigned scopes, char out[static SCOPES_TEXT]);

struct api_key {
	char id[UUID_TEXT];
	char name[LABEL_BYTES];
	char prefix[KEY_PREFIX_BYTES]; /* "rk_k7m2qd9x": to know it again */
	unsigned scopes;
	char made_by[ACTOR_BYTES];
	int64_t created_ms;
	int64_t expires_ms; /* 0 = never */
	int64_t used_ms;    /* 0 = never; to the minute */
	int64_t revoked_ms; /* 0 = it works */
};

struct api_key_list {
	struct api_key *item;
	size_t count, capacity;
};
void api_key_list_finish(struct api_key_list *list);

/*
 * Makes a key with name, scopes, made_by and expires_ms of `key`, fills the rest. `text` is the
 * key itself: show it once. ERR_ARG: no name, no scopes, already expired.
 */
enum err store_key_add(struct store *s, struct api_key *key, int64_t now_ms,
	char text[static KEY_TEXT], struct error *why) MUST_USE;
/*
 * Whose key it is. The handle works in its organisation from then on. ERR_DENIED, always with
 * the same words: unknown, expired, revoked.
 */
enum err store_key_find(struct store *s, const char *text, int64_t now_ms, struct api_key *out,
	struct error *why) MUST_USE;
/* By id or prefix. */
enum err store_key(
	struct store *s, const char *id, struct api_key *out, struct error *why) MUST_USE;
/* The newest first, also those that do not work any more. Appends. */
enum err store_keys(struct store *s, struct api_key_list *out, struct error *why) MUST_USE;
/* ERR_NOT_FOUND. Fine when it was revoked before: it stays revoked as of then. */
enum err store_key_revoke(
	struct store *s, const char *id, int64_t now_ms, struct error *why) MUST_USE;

#endif
