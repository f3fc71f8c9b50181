/* SPDX-License-Identifier: MIT */
/*
 * What somebody must look at: sightings that were not sure enough, and marks that somebody says
 * are not right. As a store: one thread at a time. What settling does to the register is in
 * attend/register.h; what waits is listed by store/pages.h.
 */
#ifndef STORE_REVIEWS_H
#define STORE_REVIEWS_H

#include "store/store.h"

struct sighting_list {
	struct sighting *item;
	size_t count, capacity;
};
void sighting_list_finish(struct sighting_list *list);

enum review_outcome {
	REVIEW_CONFIRM, /* it is the person named */
	REVIEW_REJECT,  /* it is not the nearest person */
	REVIEW_DISMISS, /* nothing follows from it */
};
/* "confirm", ...; static. */
const char *review_outcome_word(enum review_outcome outcome);
enum err review_outcome_parse(
	const char *word, enum review_outcome *out, struct error *why) MUST_USE;

struct review {
	char sighting_id[UUID_TEXT];
	enum review_outcome outcome;
	char person_id[UUID_TEXT]; /* whom it was confirmed to be; "" = none, or erased */
	char actor[ACTOR_BYTES];
	int64_t at_ms; /* filled when read */
};
/*
 * Settles a sighting that is in review. ERR_EXISTS: somebody has already, also by rejecting
 * it. ERR_ARG: it is not in review. ERR_NOT_FOUND: no such sighting or person.
 */
enum err store_review_add(
	struct store *s, const struct review *review, int64_t now_ms, struct error *why) MUST_USE;
/* ERR_NOT_FOUND: nobody has settled it. */
enum err store_review(
	struct store *s, const char *sighting_id, struct review *out, struct error *why) MUST_USE;

enum { CONTEST_WORDS = REASON_BYTES };
enum contest_state { CONTEST_OPEN, CONTEST_ACCEPTED, CONTEST_REFUSED };
/* "open", ...; static. */
const char *contest_state_word(enum contest_state state);

/* Somebody says that a mark, or that there is none, is not right. */
struct contest {
	char id[UUID_TEXT]; /* filled */
	char session_id[UUID_TEXT], person_id[UUID_TEXT];
	char words[CONTEST_WORDS]; /* in the person's own words */
	char actor[ACTOR_BYTES];
	enum contest_state state;
	char answer[REASON_BYTES], settled_by[ACTOR_BYTES];
	int64_t created_ms, settled_ms; /* settled_ms 0 = open */
};

struct contest_list {
	struct contest *item;
	size_t count, capacity;
};
void contest_list_finish(struct contest_list *list);

/* ERR_EXISTS: one of this mark is open. ERR_ARG: no words, or control characters in them. */
enum err store_contest_add(
	struct store *s, struct contest *contest, int64_t now_ms, struct error *why) MUST_USE;
enum err store_contest(
	struct store *s, const char *id, struct contest *out, struct error *why) MUST_USE;
/*
 * Settles it; changing the mark is the caller's business, in the same transaction. ERR_EXISTS:
 * it is settled already.
 */
enum err store_contest_settle(
	struct store *s, const struct contest *settled, int64_t now_ms, struct error *why) MUST_USE;

#endif
