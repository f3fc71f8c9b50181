/* SPDX-License-Identifier: MIT */
/* Whole files in and out. Any thread. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends the file's bytes to `out`, whose ceiling is the size limit. A folder,
 * a device or a fifo is refused. ERR_LIMIT when the file is larger than that.
 */
enum err file_read(const char *path, struct buf *out, struct error *why) MUST_USE;

/*
 * Writes `len` bytes so that `path` holds either its old content or all of the
 * new: temporary file beside it, fsync, rename, fsync of the folder. `mode` as
 * for open(2). On failure nothing is left behind.
 */
enum err file_write(
	const char *path, const void *bytes, size_t len, unsigned mode, struct error *why) MUST_USE;

/* Makes a folder and its missing parents with `mode`; fine if it is there. */
enum err file_make_folder(const char *path, unsigned mode, struct error *why) MUST_USE;

/* Whether anything, a folder too, is at `path`; false also where it cannot be looked at. */
bool file_exists(const char *path);

/*
 * "a/b" from "a" and "b" with one slash between; a new string for free(3), NULL
 * when out of memory.
 */
char *path_join(const char *folder, const char *name);

/* The part after the last slash; borrowed from `path`. */
const char *path_base(const char *path);

#endif
