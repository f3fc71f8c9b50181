/* SPDX-License-Identifier: MIT */
/*
 * The key of a home: 32 random bytes in a file of mode 0600, from which a key is derived
 * for each purpose. Shared inside src/store only. Any thread; a struct store_key may be
 * read by several.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include <stddef.h>
#include <stdint.h>

#include <sodium.h>

#include "base/err.h"

enum {
	KEY_BYTES = 32,
	KEY_CHECK_BYTES = 32,
	SEAL_NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	SEAL_TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SEAL_EXTRA_BYTES = SEAL_NONCE_BYTES + SEAL_TAG_BYTES,
};

_Static_assert(KEY_BYTES == crypto_kdf_KEYBYTES, "the key file is a key for crypto_kdf");
_Static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "and so are those made");

struct store_key {
	uint8_t seal[KEY_BYTES];        /* encrypts templates */
	uint8_t photo[KEY_BYTES];       /* of the hash of photos */
	uint8_t token[KEY_BYTES];       /* of the hash of tokens, API keys and what throttles */
	uint8_t audit[KEY_BYTES];       /* of the chain of the audit */
	uint8_t check[KEY_CHECK_BYTES]; /* stands in the database: tells whose key this is */
};

/*
 * Reads the key file. ERR_NOT_FOUND when there is none; ERR_KEY when it is not a regular
 * file of 32 bytes that only its owner can read.
 */
enum err key_read(struct store_key *out, const char *path, struct error *why) MUST_USE;
/* Makes the file unless it is there, so that it is there whole or not at all. */
enum err key_make(const char *path, struct error *why) MUST_USE;
/* Wipes the keys from memory. */
void key_finish(struct store_key *key);

/*
 * XChaCha20-Poly1305 with a random nonce; `bound` is the text it is bound to. `sealed` has
 * room for len + SEAL_EXTRA_BYTES: nonce, cipher text, tag.
 */
void key_seal(const struct store_key *key, const char *bound, const void *plain, size_t len,
	uint8_t *sealed);
/* `plain` has room for len - SEAL_EXTRA_BYTES. ERR_KEY when it was not sealed so. */
enum err key_unseal(const struct store_key *key, const char *bound, const uint8_t *sealed,
	size_t len, void *plain) MUST_USE;

#endif
