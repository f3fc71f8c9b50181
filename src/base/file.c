/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_CHUNK = 64 * 1024 };

static enum err read_all(int fd, const char *path, struct buf *out, struct error *why)
{
	char *chunk = malloc(READ_CHUNK);
	if (chunk == NULL)
		return err_set(why, ERR_NOMEM, "cannot read '%s': out of memory", path);
	enum err err = OK;
	for (;;) {
		ssize_t got = read(fd, chunk, READ_CHUNK);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err = err_errno(why, errno, "cannot read '%s'", path);
			break;
		}
		err = buf_add(out, chunk, (size_t)got);
		if (err == ERR_LIMIT)
			err_set(why, err, "'%s' is larger than %zu bytes", path, out->max);
		else if (err != OK)
			err_set(why, err, "cannot read '%s': out of memory", path);
		if (err != OK)
			break;
	}
	free(chunk);
	return err;
}

enum err file_read(const char *path, struct buf *out, struct error *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(why, errno, "cannot open '%s'", path);
	enum err err = OK;
	struct stat st;
	if (fstat(fd, &st) != 0)
		err = err_errno(why, errno, "cannot read '%s'", path);
	else if (!S_ISREG(st.st_mode))
		err = err_set(why, ERR_ARG, "'%s' is no regular file", path);
	else if ((size_t)st.st_size > out->max)
		err = err_set(why, ERR_LIMIT, "'%s' has %lld bytes, the limit is %zu", path,
			(long long)st.st_size, out->max);
	else
		err = read_all(fd, path, out, why);
	close(fd);
	return err;
}

static enum err write_all(
	int fd, const char *path, const char *bytes, size_t len, struct error *why)
{
	while (len > 0) {
		ssize_t put = write(fd, bytes, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_errno(why, errno, "cannot write '%s'", path);
		bytes += put;
		len -= (size_t)put;
	}
	if (fsync(fd) != 0)
		return err_errno(why, errno, "cannot write '%s'", path);
	return OK;
}

static void sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	if (folder == NULL)
		return;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
}

enum err file_write(
	const char *path, const void *bytes, size_t len, unsigned mode, struct error *why)
{
	enum err err = OK;
	size_t room = strlen(path) + sizeof(".XXXXXX");
	char *temporary = malloc(room);
	if (temporary == NULL)
		return err_set(why, ERR_NOMEM, "cannot write '%s': out of memory", path);
	snprintf(temporary, room, "%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err = err_errno(why, errno, "cannot write '%s'", path);
		goto out_name;
	}
	err = write_all(fd, path, bytes, len, why);
	if (err == OK && fchmod(fd, mode) != 0)
		err = err_errno(why, errno, "cannot write '%s'", path);
	if (close(fd) != 0 && err == OK)
		err = err_errno(why, errno, "cannot write '%s'", path);
	if (err == OK && rename(temporary, path) != 0)
		err = err_errno(why, errno, "cannot write '%s'", path);
	if (err == OK)
		sync_folder_of(path);
	else
		(void)unlink(temporary);
out_name:
	free(temporary);
	return err;
}

enum err file_make_folder(const char *path, unsigned mode, struct error *why)
{
	char *partial = strdup(path);
	if (partial == NULL)
		return err_set(why, ERR_NOMEM, "cannot make the folder '%s': out of memory", path);
	enum err err = OK;
	for (char *end = partial + 1; err == OK; end++) {
		if (*end != '/' && *end != '\0')
			continue;
		char kept = *end;
		*end = '\0';
		struct stat st;
		if (mkdir(partial, mode) != 0 && errno != EEXIST)
			err = err_errno(why, errno, "cannot make the folder '%s'", partial);
		else if (stat(partial, &st) != 0 || !S_ISDIR(st.st_mode))
			err = err_set(why, ERR_EXISTS, "'%s' is no folder", partial);
		*end = kept;
		if (kept == '\0')
			break;
	}
	free(partial);
	return err;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

char *path_join(const char *folder, const char *name)
{
	size_t len = strlen(folder);
	while (len > 1 && folder[len - 1] == '/')
		len--;
	size_t room = len + strlen(name) + 2;
	char *joined = malloc(room);
	if (joined == NULL)
		return NULL;
	const char *separator = len > 0 && folder[len - 1] != '/' ? "/" : "";
	snprintf(joined, room, "%.*s%s%s", (int)len, folder, separator, name);
	return joined;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}
