/* SPDX-License-Identifier: MIT */
/*
 * Random tokens and keys, and what is kept of them: a hash keyed with the key of the home. A
 * copy of the database gives nobody in. The sizes are for all, the functions for src/store
 * only. Any thread.
 */
#ifndef STORE_SECRET_H
#define STORE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TOKEN_TEXT = 44,       /* 256 random bits in base64url, and the final zero */
	KEY_PREFIX_BYTES = 13, /* "rk_k7m2qd9x" and room: what may be shown again of a key */
	KEY_TEXT = KEY_PREFIX_BYTES + TOKEN_TEXT,
	SECRET_HASH_BYTES = 32,
	LABEL_BYTES = 201, /* what somebody calls a key, a room; what a browser calls itself */
	ADDRESS_BYTES = 64,
};

struct store_key;

/* A new token. */
void secret_make(char out[static TOKEN_TEXT]);
/*
 * The keyed BLAKE2b of a text. `kind` names what it is: the hash of one kind is never that of
 * another.
 */
void secret_hash(const struct store_key *key, const char *kind, const char *text,
	uint8_t out[static SECRET_HASH_BYTES]);

/* A new key "<kind>_<8 characters>_<token>", of which `prefix` is the part before the token. */
void secret_key_make(
	const char *kind, char prefix[static KEY_PREFIX_BYTES], char out[static KEY_TEXT]);
/* Takes the prefix off a key that somebody sent; false when it does not look like one. */
bool secret_key_prefix(const char *kind, const char *key, char prefix[static KEY_PREFIX_BYTES]);

/*
 * Takes over what somebody called something: cut to `size`, control characters and what is
 * no UTF-8 become '?'.
 */
void label_copy(char *out, size_t size, const char *text);

#endif
