/* SPDX-License-Identifier: MIT */
/* Passwords: what is asked of them, and their Argon2id hash. Any thread. */
#ifndef STORE_PASSWORD_H
#define STORE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	PASSWORD_CHARS_MIN = 10,
	PASSWORD_BYTES_MAX = 512,
	PASSWORD_HASH_BYTES = 192,
};

/* What one hash costs whoever computes it. */
struct password_cost {
	unsigned long long passes; /* over the memory */
	size_t memory;             /* bytes */
};
/*
 * libsodium's limits for signing in while somebody waits ("interactive"): 2 passes over
 * 64 MiB.
 */
struct password_cost password_cost_default(void);
/* The least that libsodium takes: for tests only. */
struct password_cost password_cost_cheap(void);

/* ERR_ARG: too short, too long, not UTF-8, one character repeated, or as `email`. */
enum err password_check(const char *password, const char *email, struct error *why) MUST_USE;
/* ERR_NOMEM when the memory of `cost` cannot be had. Takes some 50 ms. */
enum err password_hash(const char *password, const struct password_cost *cost,
	char out[static PASSWORD_HASH_BYTES], struct error *why) MUST_USE;
/*
 * Whether `hash` is of this password: OK or ERR_DENIED. `hash` NULL takes as long and is
 * ERR_DENIED, so that nobody can tell by the time whether there is such a user. ERR_NOMEM.
 */
enum err password_verify(const char *hash, const char *password, const struct password_cost *cost,
	struct error *why) MUST_USE;
/* Whether a hash was made with another cost than this one. */
bool password_outdated(const char *hash, const struct password_cost *cost);

#endif
