/* SPDX-License-Identifier: MIT */
/*
 * One change that a caller makes: all of it or nothing, with its line in the audit, told to whoever
 * watches live, and, with an Idempotency-Key, made once however often it is asked for.
 *
 *	struct change ch;
 *	enum err err = change_start(&ch, req, res, c->store);
 *	if (err == OK && !ch.replayed)
 *		err = store_group_add(c->store, &group, request_now_ms(req), response_why(res));
 *	return change_finish(&ch, err, &(struct changed){"group.add", group.id}, 201,
 *		group_json(&group));
 */
#ifndef API_CHANGE_H
#define API_CHANGE_H

#include <jansson.h>
#include <stdbool.h>

#include "api/context.h"
#include "store/idempotency.h"

struct change {
	const struct request *req;
	struct response *res;
	struct store *store;        /* where it is made: the context's, or a recogniser's */
	struct idempotency_key key; /* with a lease */
	char lease[UUID_TEXT];      /* "" = nobody sent a key */
	bool open;                  /* a transaction was begun */
	bool replayed;              /* it was made before: the answer of then is in the response */
};

/* What was done to what, for the audit. */
struct changed {
	const char *action, *subject; /* action NULL: nothing was changed after all */
	const char *detail;           /* JSON or NULL: ids, no names */
	/* A member of the answer that is told once: null when it is replayed; NULL = none. */
	const char *once;
};

/*
 * Begins a transaction. ch->replayed: nothing is to be done any more. ERR_CONFLICT: the same
 * Idempotency-Key with another request, or the first is not ready yet.
 */
enum err change_start(struct change *ch, const struct request *req, struct response *res,
	struct store *store) MUST_USE;

/*
 * Ends it: when `err` is OK, writes the audit, answers with `status` and `doc` (204 when NULL and
 * status says so) and commits; else takes everything back. `doc` is taken over in any case.
 */
enum err change_finish(struct change *ch, enum err err, const struct changed *what, int status,
	json_t *doc) MUST_USE;

/* The entity tag of a row of that version: "\"7\"". */
enum { ETAG_TEXT = 48 };
void etag_text(int64_t version, char out[static ETAG_TEXT]);
/* Sets it as the response's ETag. */
enum err response_version(struct response *res, int64_t version) MUST_USE;

/*
 * Answers a GET with a document of a row of that version, which it takes over. Its ETag tells also
 * what is no part of the row apart (who is in which group, when it was seen): "\"7.1f3a...\"".
 */
enum err answer_version(struct response *res, int64_t version, json_t *doc) MUST_USE;

/*
 * The version that If-Match wants to change, for store_*_update: 0 (any) without the header or with
 * "*", -1, which none has, for what is no tag of ours. ERR_CONFLICT of the store is answered
 * with 412.
 */
int64_t if_match_version(const struct request *req);

#endif
