/* SPDX-License-Identifier: MIT */
/*
 * The audit: who did what to what, each entry chained to the one before. As a store: one
 * thread at a time. store_audit, which writes an entry, is in store.h.
 *
 * The hash of an entry is a BLAKE2b-256 keyed with the key of the home over: the words
 * "rollcall audit 1" with their final zero, the hash of the entry before (zeros for the first),
 * seq and at_ms (64 bits, little endian), then organisation, id, actor, action and subject
 * (each as its length in 64 bits and its bytes), then one byte that says whether there is a
 * detail, and its commitment. So nobody without the key can make a chain that fits, and
 * whoever has noted a head (seq and hash) elsewhere can tell later that it is still in it.
 *
 * The detail, which may hold reasons in people's own words, is not in the chain but a
 * commitment to it: a BLAKE2b-256 keyed with a random salt that lies beside the detail. When
 * a person is erased, detail and salt go; the commitment that stays tells nothing.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/store.h"

enum {
	AUDIT_HASH_BYTES = 32,
	AUDIT_ACTOR_BYTES = ACTOR_BYTES + 4, /* a bare login name becomes "cli:<name>" */
	AUDIT_WORD_BYTES = 129,              /* an action, a subject */
	AUDIT_DETAIL_MAX = 64 * 1024,
	AUDIT_HEAD_TEXT = 20 + 1 + 2 * AUDIT_HASH_BYTES + 1, /* "12:6f1d..." */
};

/* One entry as it is read; the pointer is borrowed until the callback returns. */
struct audit_row {
	int64_t seq; /* from 1 in each organisation, without gaps */
	char id[UUID_TEXT];
	int64_t at_ms;
	char actor[AUDIT_ACTOR_BYTES]; /* "user:<id>", "key:<id>", "device:<id>", "cli:<login>" */
	char action[AUDIT_WORD_BYTES], subject[AUDIT_WORD_BYTES];
	const char *detail; /* JSON; NULL when there is none or it was erased */
	bool erased;
};

/* Which entries; zeros and NULL: all. */
struct audit_filter {
	int64_t before_seq;     /* only older ones: the seq of the last that was seen */
	int64_t limit;          /* at most so many; 0 = all */
	int64_t from_ms, to_ms; /* [from, to); to 0 = no end */
	const char *actor, *action, *subject;
};

typedef enum err store_audit_fn(void *ctx, const struct audit_row *row, struct error *why);
/* Calls fn with the entries, newest first; stops at its first error, which it returns. */
enum err store_audit_read(struct store *s, const struct audit_filter *filter, store_audit_fn *fn,
	void *ctx, struct error *why) MUST_USE;

/* Where the chain ends: to be noted elsewhere. */
struct audit_head {
	int64_t seq; /* 0 = there is no entry */
	uint8_t hash[AUDIT_HASH_BYTES];
};
enum err store_audit_head(struct store *s, struct audit_head *out, struct error *why) MUST_USE;
/* "12:6f1d...", and back; ERR_ARG. */
void audit_head_text(const struct audit_head *head, char out[static AUDIT_HEAD_TEXT]);
enum err audit_head_parse(const char *text, struct audit_head *out, struct error *why) MUST_USE;

struct audit_report {
	int64_t entries;              /* that were looked at and are whole */
	int64_t details, erased;      /* entries with their detail, and whose detail is gone */
	int64_t bad_seq;              /* where the first defect is; 0 = none */
	char problem[ERROR_TEXT_MAX]; /* the defect in words; "" = none */
	struct audit_head head;       /* of the chain as it is */
};
/*
 * Goes through the whole chain of the handle's organisation: finds an entry that is missing,
 * was changed, put in or moved, a detail that is not the one that was written, and an end that
 * was cut off unless the head was put back too. That is found with `noted`, a head of before
 * (NULL = none). OK also when there is a defect: look at `problem`.
 */
enum err store_audit_verify(struct store *s, const struct audit_head *noted,
	struct audit_report *out, struct error *why) MUST_USE;

#endif
