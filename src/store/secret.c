/* SPDX-License-Identifier: MIT */
#include "store/secret.h"

#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "store/key.h"

enum { SECRET_BYTES = 32, PREFIX_CHARS = 8 };

_Static_assert(TOKEN_TEXT ==
		sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	"a token is 32 bytes in base64url");

void secret_make(char out[static TOKEN_TEXT])
{
	uint8_t bytes[SECRET_BYTES];
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(
		out, TOKEN_TEXT, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

void secret_hash(const struct store_key *key, const char *kind, const char *text,
	uint8_t out[static SECRET_HASH_BYTES])
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, key->token, sizeof(key->token), SECRET_HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)kind, strlen(kind) + 1);
	crypto_generichash_update(&state, (const uint8_t *)text, strlen(text));
	crypto_generichash_final(&state, out, SECRET_HASH_BYTES);
	sodium_memzero(&state, sizeof(state));
}

void secret_key_make(
	const char *kind, char prefix[static KEY_PREFIX_BYTES], char out[static KEY_TEXT])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	char random[PREFIX_CHARS + 1], token[TOKEN_TEXT];
	for (int i = 0; i < PREFIX_CHARS; i++)
		random[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
	random[PREFIX_CHARS] = '\0';
	secret_make(token);
	snprintf(prefix, KEY_PREFIX_BYTES, "%.3s_%s", kind, random);
	snprintf(out, KEY_TEXT, "%s_%s", prefix, token);
	sodium_memzero(token, sizeof(token));
}

bool secret_key_prefix(const char *kind, const char *key, char prefix[static KEY_PREFIX_BYTES])
{
	size_t before = strlen(kind), len = before + 1 + PREFIX_CHARS;
	bool fits = strlen(key) == len + 1 + TOKEN_TEXT - 1 && memcmp(key, kind, before) == 0 &&
		key[before] == '_' && key[len] == '_';
	if (!fits || len >= KEY_PREFIX_BYTES)
		return false;
	memcpy(prefix, key, len);
	prefix[len] = '\0';
	return true;
}

void label_copy(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);
	bool valid = utf8_valid(text, len);
	if (len >= size)
		len = size - 1;
	/* Not in the middle of a character. */
	while (valid && len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c != 0x7F && (valid || c < 0x80);
		out[i] = plain ? text[i] : '?';
	}
	out[len] = '\0';
}
