/* SPDX-License-Identifier: MIT */
/* Somebody has looked at a sighting that is in review. As a store: one thread at a time. */
#ifndef ATTEND_SETTLE_H
#define ATTEND_SETTLE_H

#include "attend/register.h"
#include "store/reviews.h"

struct settling {
	const char *sighting_id;
	enum review_outcome outcome;
	const char *person_id; /* of REVIEW_CONFIRM: who it is; NULL = the nearest, as proposed */
	const char *actor, *reason;
};

struct settled {
	char person_id[UUID_TEXT]; /* whom it was confirmed to be, or not to be; "" = none */
	size_t marked, already;    /* registers in which the person was marked, and was before */
	bool counter_example;      /* of REVIEW_REJECT: the face was kept as one */
};

/*
 * Settles a review, once, in one transaction with the audit. REVIEW_CONFIRM marks the person in
 * the registers of that day (of the group that was looked at, if the person is in it; else of
 * all the person's groups), also closed ones, as of the time of the sighting; a mark by hand
 * or of an earlier sighting stays. REVIEW_REJECT does what register_reject does. ERR_EXISTS: it
 * is settled. ERR_ARG: it is not in review. ERR_NOT_FOUND: no such sighting or person.
 */
enum err register_settle(const struct registrar *r, const struct settling *what,
	struct settled *out, struct error *why) MUST_USE;

#endif
