/* SPDX-License-Identifier: MIT */
#include "store/password.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/name.h"

enum { KEY_BYTES = 32, BASE64_MAX = 64, VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

struct password_cost password_cost_default(void)
{
	return (struct password_cost){
		crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
}

struct password_cost password_cost_cheap(void)
{
	return (struct password_cost){crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN};
}

/* Code points of well-formed text. */
static size_t characters(const char *text)
{
	size_t count = 0;
	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80;
	return count;
}

enum err password_check(const char *password, const char *email, struct error *why)
{
	size_t len = strlen(password);
	if (len > PASSWORD_BYTES_MAX)
		return err_set(
			why, ERR_ARG, "the password is longer than %d bytes", PASSWORD_BYTES_MAX);
	if (!utf8_valid(password, len))
		return err_set(why, ERR_ARG, "the password is not UTF-8");
	if (characters(password) < PASSWORD_CHARS_MIN)
		return err_set(why, ERR_ARG,
			"the password is shorter than %d characters: take a few words",
			PASSWORD_CHARS_MIN);
	if (strspn(password, (char[]){password[0], '\0'}) == len)
		return err_set(why, ERR_ARG, "the password is one character over and over");
	if (email != NULL && strcasecmp(password, email) == 0)
		return err_set(why, ERR_ARG, "the password is the e-mail address");
	return OK;
}

/*
 * "argon2id PASSES MEMORY SALT KEY", the last two in base64. Not libsodium's own string: its
 * verification cannot tell a wrong password from a lack of memory, and whoever types the right
 * one must not be told that it is wrong.
 */
struct parts {
	struct password_cost cost;
	uint8_t salt[crypto_pwhash_SALTBYTES], key[KEY_BYTES];
};

static bool read_parts(const char *hash, struct parts *out)
{
	char salt[BASE64_MAX], key[BASE64_MAX];
	size_t salt_len = 0, key_len = 0;
	int used = 0;
	if (sscanf(hash, "argon2id %9llu %9zu %63[A-Za-z0-9_-] %63[A-Za-z0-9_-]%n",
		    &out->cost.passes, &out->cost.memory, salt, key, &used) != 4 ||
		hash[used] != '\0')
		return false;
	return sodium_base642bin(out->salt, sizeof(out->salt), salt, strlen(salt), NULL, &salt_len,
		       NULL, VARIANT) == 0 &&
		sodium_base642bin(out->key, sizeof(out->key), key, strlen(key), NULL, &key_len,
			NULL, VARIANT) == 0 &&
		salt_len == sizeof(out->salt) && key_len == sizeof(out->key) &&
		out->cost.passes >= crypto_pwhash_OPSLIMIT_MIN &&
		out->cost.memory >= crypto_pwhash_MEMLIMIT_MIN;
}

static enum err derive(const char *password, const struct password_cost *cost, const uint8_t *salt,
	uint8_t key[static KEY_BYTES], struct error *why)
{
	if (crypto_pwhash(key, KEY_BYTES, password, strlen(password), salt, cost->passes,
		    cost->memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(why, ERR_NOMEM, "cannot hash the password: out of memory");
	return OK;
}

enum err password_hash(const char *password, const struct password_cost *cost,
	char out[static PASSWORD_HASH_BYTES], struct error *why)
{
	struct parts parts = {.cost = *cost};
	char salt[BASE64_MAX], key[BASE64_MAX];
	out[0] = '\0';
	randombytes_buf(parts.salt, sizeof(parts.salt));
	enum err err = derive(password, cost, parts.salt, parts.key, why);
	if (err == OK) {
		sodium_bin2base64(salt, sizeof(salt), parts.salt, sizeof(parts.salt), VARIANT);
		sodium_bin2base64(key, sizeof(key), parts.key, sizeof(parts.key), VARIANT);
		snprintf(out, PASSWORD_HASH_BYTES, "argon2id %llu %zu %s %s", cost->passes,
			cost->memory, salt, key);
	}
	sodium_memzero(&parts, sizeof(parts));
	sodium_memzero(key, sizeof(key));
	return err;
}

enum err password_verify(
	const char *hash, const char *password, const struct password_cost *cost, struct error *why)
{
	struct parts parts = {.cost = *cost};
	uint8_t key[KEY_BYTES];
	if (hash != NULL && !read_parts(hash, &parts))
		return err_set(why, ERR_FORMAT, "the password's hash is damaged");
	bool fits = strlen(password) <= PASSWORD_BYTES_MAX;
	enum err err = derive(fits ? password : "", &parts.cost, parts.salt, key, why);
	bool right = fits && hash != NULL && sodium_memcmp(key, parts.key, sizeof(key)) == 0;
	sodium_memzero(&parts, sizeof(parts));
	sodium_memzero(key, sizeof(key));
	if (err == OK && !right)
		err = err_set(why, ERR_DENIED, "the e-mail address or the password is wrong");
	return err;
}

bool password_outdated(const char *hash, const struct password_cost *cost)
{
	struct parts parts;
	bool same = read_parts(hash, &parts) && parts.cost.passes == cost->passes &&
		parts.cost.memory == cost->memory;
	sodium_memzero(&parts, sizeof(parts));
	return !same;
}
