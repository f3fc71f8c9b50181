/* SPDX-License-Identifier: MIT */
/*
 * Browser sessions: a cookie in, a user out. As a store: one thread at a time. (A register's
 * session is in store.h; this is somebody being signed in.)
 */
#ifndef STORE_WEB_H
#define STORE_WEB_H

#include "store/users.h"

enum {
	WEB_IDLE_MINUTES = 12 * 60,
	WEB_ABSOLUTE_DAYS = 14,
	WEB_SEEN_EVERY_S = 60, /* last use is written no more often: most requests write nothing */
	WEB_SESSIONS_MAX = 50, /* of a user; the one that was used longest ago goes */
};

struct web_session {
	char id[UUID_TEXT]; /* to list and revoke by; tells nothing of the token */
	char user_id[UUID_TEXT];
	char address[ADDRESS_BYTES], agent[LABEL_BYTES];
	int64_t created_ms, seen_ms, expires_ms; /* expires_ms: the earlier of the two limits */
};

struct web_session_list {
	struct web_session *item;
	size_t count, capacity;
};
void web_session_list_finish(struct web_session_list *list);

/* How long a session lives without use, and at most. */
struct web_limits {
	int64_t idle_ms, absolute_ms;
};
struct web_limits web_limits_default(void);

/* What a sign-in comes with. */
struct web_origin {
	const char *address, *agent;     /* cut and cleaned */
	const char *before;              /* the token of its cookie; NULL or "" = none */
	const struct web_limits *limits; /* NULL = the default */
};

/*
 * Signs a user in: a new token for the cookie. The session of the cookie that came with the
 * sign-in ends: a token that somebody planted never becomes a signed-in one. ERR_DENIED: the
 * user is not active.
 */
enum err store_web_open(struct store *s, const char *user_id, const struct web_origin *from,
	int64_t now_ms, char token[static TOKEN_TEXT], struct error *why) MUST_USE;

/*
 * Whose cookie it is. The handle works in the user's organisation from then on. Either output
 * may be NULL. ERR_DENIED: no such session, it has expired, or the user is not active.
 */
enum err store_web_find(struct store *s, const char *token, int64_t now_ms,
	struct web_session *session, struct user *user, struct error *why) MUST_USE;

/*
 * The CSRF token of a session: a keyed hash of the cookie, so it needs no place and ends with
 * it. Compare what a form or the header brings with web_csrf_matches, which takes the same
 * time for every wrong one.
 */
void web_csrf(const struct store *s, const char *token, char out[static TOKEN_TEXT]);
bool web_csrf_matches(const struct store *s, const char *token, const char *given);

/* Signs out by cookie: fine if there is none. */
enum err store_web_close(struct store *s, const char *token, struct error *why) MUST_USE;
/* A user's sessions that have not expired, the latest used first. Appends. */
enum err store_web_sessions(struct store *s, const char *user_id, int64_t now_ms,
	struct web_session_list *out, struct error *why) MUST_USE;
/* ERR_NOT_FOUND: the user has no session of that id. */
enum err store_web_revoke(
	struct store *s, const char *user_id, const char *id, struct error *why) MUST_USE;
/* All of a user but `keep` (NULL = all). */
enum err store_web_revoke_all(
	struct store *s, const char *user_id, const char *keep, struct error *why) MUST_USE;

/* Deletes what has expired, of all organisations: sessions, links, old browsers, throttles. */
enum err store_web_purge(struct store *s, int64_t now_ms, struct error *why) MUST_USE;

#endif
