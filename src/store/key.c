/* SPDX-License-Identifier: MIT */
#include "store/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Subkeys by purpose. The numbers are part of the format: never used again for another one. */
enum purpose {
	PURPOSE_SEAL = 1,
	PURPOSE_PHOTO = 2,
	PURPOSE_CHECK = 3,
	PURPOSE_TOKEN = 4,
	PURPOSE_AUDIT = 5,
};

static const char kdf_context[crypto_kdf_CONTEXTBYTES] = "rollcall";

static void derive(struct store_key *out, const uint8_t master[static KEY_BYTES])
{
	crypto_kdf_derive_from_key(out->seal, KEY_BYTES, PURPOSE_SEAL, kdf_context, master);
	crypto_kdf_derive_from_key(out->photo, KEY_BYTES, PURPOSE_PHOTO, kdf_context, master);
	crypto_kdf_derive_from_key(out->token, KEY_BYTES, PURPOSE_TOKEN, kdf_context, master);
	crypto_kdf_derive_from_key(out->audit, KEY_BYTES, PURPOSE_AUDIT, kdf_context, master);
	crypto_kdf_derive_from_key(out->check, KEY_CHECK_BYTES, PURPOSE_CHECK, kdf_context, master);
}

static enum err check_file(int fd, const char *path, struct error *why)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_errno(why, errno, "cannot read the key '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(why, ERR_KEY, "the key '%s' is no regular file", path);
	if ((st.st_mode & 077) != 0)
		return err_set(why, ERR_KEY,
			"the key '%s' can be read by others (mode %03o): run chmod 600 '%s'", path,
			(unsigned)st.st_mode & 0777, path);
	if (st.st_size != KEY_BYTES)
		return err_set(why, ERR_KEY,
			"the key '%s' has %lld bytes instead of %d: restore it from a backup", path,
			(long long)st.st_size, KEY_BYTES);
	return OK;
}

/* Moves exactly `len` bytes; the two system calls differ in nothing else. */
static bool read_whole(int fd, uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t got = read(fd, bytes, len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		bytes += got;
		len -= (size_t)got;
	}
	return true;
}

static bool write_whole(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, bytes, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		len -= (size_t)put;
	}
	return fsync(fd) == 0;
}

enum err key_read(struct store_key *out, const char *path, struct error *why)
{
	/* O_NONBLOCK: a fifo of that name must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(why, errno, "cannot open the key '%s'", path);
	uint8_t master[KEY_BYTES];
	enum err err = check_file(fd, path, why);
	if (err == OK && !read_whole(fd, master, sizeof(master)))
		err = err_errno(why, errno, "cannot read the key '%s'", path);
	if (err == OK)
		derive(out, master);
	sodium_memzero(master, sizeof(master));
	close(fd);
	return err;
}

static enum err write_new(const char *path, const char *temporary, struct error *why)
{
	/* Left by a program that was killed here: it is nobody's key yet. */
	(void)unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(why, errno, "cannot make the key '%s'", temporary);
	uint8_t master[KEY_BYTES];
	crypto_kdf_keygen(master);
	enum err err = OK;
	if (!write_whole(fd, master, sizeof(master)))
		err = err_errno(why, errno, "cannot write the key '%s'", temporary);
	sodium_memzero(master, sizeof(master));
	if (close(fd) != 0 && err == OK)
		err = err_errno(why, errno, "cannot write the key '%s'", temporary);
	/* A link, unlike a rename, never replaces a key that is there. */
	if (err == OK && link(temporary, path) != 0 && errno != EEXIST)
		err = err_errno(why, errno, "cannot make the key '%s'", path);
	(void)unlink(temporary);
	return err;
}

enum err key_make(const char *path, struct error *why)
{
	size_t room = strlen(path) + sizeof(".new");
	char *temporary = malloc(room);
	if (temporary == NULL)
		return err_set(why, ERR_NOMEM, "cannot make the key '%s': out of memory", path);
	snprintf(temporary, room, "%s.new", path);
	enum err err = write_new(path, temporary, why);
	free(temporary);
	return err;
}

void key_finish(struct store_key *key)
{
	sodium_memzero(key, sizeof(*key));
}

void key_seal(const struct store_key *key, const char *bound, const void *plain, size_t len,
	uint8_t *sealed)
{
	randombytes_buf(sealed, SEAL_NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + SEAL_NONCE_BYTES, NULL, plain, len,
		(const uint8_t *)bound, strlen(bound), NULL, sealed, key->seal);
}

enum err key_unseal(const struct store_key *key, const char *bound, const uint8_t *sealed,
	size_t len, void *plain)
{
	if (len < SEAL_EXTRA_BYTES)
		return ERR_KEY;
	int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
		sealed + SEAL_NONCE_BYTES, len - SEAL_NONCE_BYTES, (const uint8_t *)bound,
		strlen(bound), sealed, key->seal);
	return failed == 0 ? OK : ERR_KEY;
}
