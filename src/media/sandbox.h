/* SPDX-License-Identifier: MIT */
/*
 * Images from strangers are decoded in a process of their own that can do nothing else: no
 * files, no network, no other program (seccomp), bounded memory and time. A flaw in a decoder
 * costs one image. The process is this program, started anew with SANDBOX_ARGUMENT; images go
 * in and pixels come out through memory of a fixed size. It serves many images one after the
 * other and is replaced when it dies, when it is too slow, and from time to time.
 *
 * One thread at a time an object; each thread that decodes has its own. Nobody else in the
 * program may wait for any child (waitpid(-1)).
 */
#ifndef MEDIA_SANDBOX_H
#define MEDIA_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/image.h"

/* The one argument that makes the program a decoder; in no help text. */
#define SANDBOX_ARGUMENT "--decode-images"

struct sandbox_options {
	size_t memory_max; /* bytes that decoding may use besides the image's file and pixels */
	int time_max_ms;   /* of one image, as the wall clock has it; of the processor likewise */
	int images_max;    /* after so many the process is replaced */
	/* Go on, with a warning, where the kernel offers no seccomp. */
	bool allow_unprotected;
	/* Whose main calls sandbox_child; NULL = the running program. Borrowed. */
	const char *program;
};

/* 1 GB, 20 s, 1000 images, refuse without seccomp, the running program. */
struct sandbox_options sandbox_options_default(void);

struct sandbox_counts {
	uint64_t images;   /* asked for */
	uint64_t started;  /* processes */
	uint64_t crashes;  /* processes that died at an image or did what is forbidden */
	uint64_t timeouts; /* images that took too long */
};

struct sandbox;

/*
 * Starts the process. `options` may be NULL. ERR_UNSUPPORTED: the kernel offers no seccomp,
 * and the options insist; ERR_IO: no process, no memory to share; ERR_NOMEM. In a build
 * with a sanitizer, which needs system calls of its own, there is no filter and a warning.
 */
enum err sandbox_open(
	struct sandbox **out, const struct sandbox_options *options, struct error *why) MUST_USE;

/* Kills the process and waits for it. Accepts NULL. */
void sandbox_close(struct sandbox *s);

/*
 * What image_decode gives, pixels and errors; besides: ERR_FORMAT when the decoder crashed or
 * did what is forbidden, ERR_LIMIT when it needed too much time or memory, ERR_BUSY when it
 * was killed from outside, ERR_IO when it cannot be started anew. After each of these the next
 * image has a new process; one at which a used process crashes is tried once more in a new one,
 * for an earlier image may have broken it. options->room is ignored. On error `*out` is zeroed.
 */
enum err sandbox_decode(struct sandbox *s, const uint8_t *bytes, size_t len,
	const struct image_options *options, struct image *out, struct error *why) MUST_USE;

/* Whether the last image that was decoded was truncated or broken in the middle. */
bool sandbox_truncated(const struct sandbox *s);

/* Whether the filter is in force. */
bool sandbox_protected(const struct sandbox *s);

/* Since sandbox_open. */
struct sandbox_counts sandbox_counts(const struct sandbox *s);

/*
 * For main, before anything else: whether this process was started to be a decoder, and
 * being one: gives the exit status when whoever started it has gone.
 */
bool sandbox_child_wanted(int argc, char **argv);
int sandbox_child(void);

#endif
