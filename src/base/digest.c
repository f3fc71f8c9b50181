/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_CHUNK = 1 << 16 };
_Static_assert(SHA256_TEXT == crypto_hash_sha256_BYTES * 2 + 1, "two digits a byte");

static enum err hash_all(int fd, const char *path, unsigned char *chunk, char *out, uint64_t *size,
	struct error *why)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	for (;;) {
		ssize_t got = read(fd, chunk, READ_CHUNK);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(why, errno, "cannot read '%s'", path);
		crypto_hash_sha256_update(&state, chunk, (unsigned long long)got);
		*size += (uint64_t)got;
	}
	crypto_hash_sha256_final(&state, hash);
	sodium_bin2hex(out, SHA256_TEXT, hash, sizeof(hash));
	return OK;
}

enum err file_sha256(
	const char *path, char out[static SHA256_TEXT], uint64_t *size, struct error *why)
{
	uint64_t bytes = 0;
	struct stat st;
	enum err err;
	out[0] = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(why, errno, "cannot open '%s'", path);
	unsigned char *chunk = malloc(READ_CHUNK);
	if (chunk == NULL)
		err = err_set(why, ERR_NOMEM, "cannot read '%s': out of memory", path);
	else if (fstat(fd, &st) != 0)
		err = err_errno(why, errno, "cannot read '%s'", path);
	else if (!S_ISREG(st.st_mode))
		err = err_set(why, ERR_ARG, "'%s' is no regular file", path);
	else
		err = hash_all(fd, path, chunk, out, &bytes, why);
	free(chunk);
	close(fd);
	if (size != NULL)
		*size = bytes;
	return err;
}
