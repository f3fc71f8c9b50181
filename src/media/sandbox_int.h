/* SPDX-License-Identifier: MIT */
/* What the two sides of a sandbox say to each other. Any thread. */
#ifndef MEDIA_SANDBOX_INT_H
#define MEDIA_SANDBOX_INT_H

#include <seccomp.h>
#include <sys/types.h>

#include "media/sandbox.h"

enum {
	/* The decoder's file descriptors: what it talks through, what it shares until it has
	 * mapped it. 0 to 2 are /dev/null. */
	SANDBOX_SOCKET = 3,
	SANDBOX_MEMORY = 4,
	SANDBOX_FDS = 5,
};

/* The shared memory: first the file, then the pixels. */
#define SANDBOX_PIXELS_AT ((off_t)IMAGE_FILE_MAX)
#define SANDBOX_PIXELS_BYTES ((size_t)IMAGE_PIXELS_MAX * 3)

/* The first message to the decoder; its answer is a reply with number 0. */
struct sandbox_setup {
	uint64_t memory_max;
};

struct sandbox_request {
	uint32_t number; /* from 1 on */
	int32_t min_side;
	uint64_t len;
};

struct sandbox_reply {
	uint32_t number; /* the request's */
	int32_t err;     /* of number 0: why there is no filter */
	int32_t width, height;
	int32_t truncated;
	char text[ERROR_TEXT_MAX]; /* of the error, NUL-terminated */
};

/*
 * The filter for a processor (SCMP_ARCH_*, 0 = this one), not yet in force: what decoding
 * needs is allowed, anything else kills the process. NULL when it cannot be made. Release
 * with seccomp_release.
 */
scmp_filter_ctx sandbox_filter_new(uint32_t arch);

/* The process as it is now, for tests; 0 when there is none. */
pid_t sandbox_pid(const struct sandbox *s);

#ifdef SANDBOX_TEST_HOOK
/* In tests only: does what the bytes say, in the decoder, before they are decoded. */
void sandbox_test_hook(const uint8_t *bytes, size_t len);
#endif

#endif
