/* SPDX-License-Identifier: MIT */
/*
 * Requests that may come twice: what was answered to a key is answered again. As a store: one
 * thread at a time.
 */
#ifndef STORE_IDEMPOTENCY_H
#define STORE_IDEMPOTENCY_H

#include "base/buf.h"
#include "store/store.h"

enum {
	IDEMPOTENCY_KEY_BYTES = 256, /* as the client made it up */
	IDEMPOTENCY_TYPE_BYTES = 65,
	IDEMPOTENCY_BODY_MAX = 256 * 1024, /* an answer that is larger is not kept */
	IDEMPOTENCY_HASH_BYTES = 32,
	IDEMPOTENCY_HOURS = 24,
	IDEMPOTENCY_LEASE_S = 120, /* a request that takes longer was left by a worker that died */
};

enum idempotency {
	IDEMPOTENCY_NEW,     /* do it, then store_idempotency_end or _drop */
	IDEMPOTENCY_REPLAY,  /* answer what is in the record */
	IDEMPOTENCY_RUNNING, /* the same request is being done: 409 */
	IDEMPOTENCY_OTHER,   /* the key was used for another request: 422 */
};

struct idempotency_record {
	enum idempotency outcome;
	char lease[UUID_TEXT]; /* of IDEMPOTENCY_NEW */
	int status;            /* of IDEMPOTENCY_REPLAY, like the rest */
	char type[IDEMPOTENCY_TYPE_BYTES];
	struct buf body; /* buf_finish */
};

struct idempotency_key {
	const char *actor; /* "user:<id>": keys of different callers are different */
	const char *key;
	uint8_t request[IDEMPOTENCY_HASH_BYTES]; /* hash of method, path and body */
};

/* Looks a key up, and takes it if it is new. Call it outside a transaction. */
enum err store_idempotency_begin(struct store *s, const struct idempotency_key *key, int64_t now_ms,
	struct idempotency_record *out, struct error *why) MUST_USE;

struct idempotency_answer {
	int status;
	const char *type;
	const void *body;
	size_t len;
};
/*
 * Keeps the answer. Call it in the transaction of the change itself: then the change is made
 * once whatever happens. ERR_CONFLICT: the lease ran out and somebody else has the key: roll
 * back. A body that is too large is kept as an empty one.
 */
enum err store_idempotency_end(struct store *s, const struct idempotency_key *key,
	const char *lease, const struct idempotency_answer *answer, struct error *why) MUST_USE;
/* After a failure that may pass (5xx): the key is free again. */
enum err store_idempotency_drop(struct store *s, const struct idempotency_key *key,
	const char *lease, struct error *why) MUST_USE;
/* Deletes what is older than a day, of all organisations. */
enum err store_idempotency_purge(struct store *s, int64_t now_ms, struct error *why) MUST_USE;

#endif
