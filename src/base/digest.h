/* SPDX-License-Identifier: MIT */
/* Checksums of files. Any thread. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdint.h>

#include "base/err.h"

enum { SHA256_TEXT = 65 }; /* 64 lower-case hexadecimal digits and the final zero */

/* SHA-256 and size (may be NULL) of a regular file. */
enum err file_sha256(
	const char *path, char out[static SHA256_TEXT], uint64_t *size, struct error *why) MUST_USE;

#endif
