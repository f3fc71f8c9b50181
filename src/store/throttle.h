/* SPDX-License-Identifier: MIT */
/*
 * How long a sign-in must wait after others that failed, so that passwords cannot be guessed
 * and nobody can be locked out by somebody else's guessing.
 *
 * Failures are counted for the pair of account and address (a pair that fails waits longer and
 * longer), for the address (guessing one password for many accounts) and for the account
 * (guessing from many addresses). The last never makes anybody wait who has not failed: it
 * only takes the free attempts of a pair down to one. A browser that the user has signed in
 * from before (a cookie) is counted by itself, apart from its address: whoever sits behind
 * the same address cannot hold it up.
 */
#ifndef STORE_THROTTLE_H
#define STORE_THROTTLE_H

#include "store/users.h"

enum {
	THROTTLE_PAIR_FREE = 5,     /* attempts of a pair before it waits */
	THROTTLE_ADDRESS_FREE = 50, /* a school has one address to the outside */
	THROTTLE_ACCOUNT_FREE = 50, /* more: each address has one free attempt */
	THROTTLE_STEP_MS = 1000,    /* the first wait; each doubles */
	THROTTLE_PAIR_MAX_MS = 15 * 60 * 1000,
	THROTTLE_ADDRESS_MAX_MS = 30 * 1000,
	THROTTLE_FORGET_MS = 24 * 60 * 60 * 1000, /* without a failure */
};

/* One counter: how often, and when last. */
struct throttle_count {
	int64_t failures, last_ms;
};

struct throttle_state {
	struct throttle_count pair;    /* account and address, or account and known browser */
	struct throttle_count address; /* not counted for a known browser: zero */
	struct throttle_count account;
};

/*
 * How many milliseconds are to go before the next attempt; 0 = now. Pure. The answer to who
 * comes too early is 429 with Retry-After, and the password is not looked at.
 */
int64_t throttle_wait_ms(const struct throttle_state *state, int64_t now_ms);

/* Who tries. `browser` is the token of the cookie, NULL or "" = none. */
struct throttle_who {
	const char *email, *address, *browser;
};

/*
 * What is known of an attempt that is about to be made; the address need not be anybody's.
 * A browser token counts only if it was given to that user and is not too old.
 */
enum err store_throttle_read(struct store *s, const struct throttle_who *who, int64_t now_ms,
	struct throttle_state *out, struct error *why) MUST_USE;
/* Counts a failure; call it before the answer goes out. */
enum err store_throttle_failed(struct store *s, const struct throttle_who *who, int64_t now_ms,
	struct error *why) MUST_USE;
/*
 * After the right password: forgets the failures of the pair, and knows the browser from now
 * on by the token `browser`, for a cookie of KNOWN_BROWSER_DAYS; the old token dies. The handle
 * must work in the user's organisation, as store_user_sign_in leaves it.
 */
enum err store_throttle_passed(struct store *s, const struct throttle_who *who, const char *user_id,
	int64_t now_ms, char browser[static TOKEN_TEXT], struct error *why) MUST_USE;

#endif
