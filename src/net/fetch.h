/* SPDX-License-Identifier: MIT */
/*
 * Files from elsewhere over HTTPS: resumed where they were left, checked before they are put
 * in place. Plain HTTP only from this machine itself; redirections only to HTTPS. Proxies are
 * taken from the environment (https_proxy, no_proxy). Any thread, one at a time a file; a
 * program calls fetch_init first.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	FETCH_URL_MAX = 2048, /* bytes */
	FETCH_REDIRECTS_MAX = 5,
	FETCH_CONNECT_S = 20,
	FETCH_STALL_S = 30, /* without FETCH_STALL_BYTES a second on average */
	FETCH_STALL_BYTES = 64,
};

/* Told of what has arrived of `total` bytes (0 = not known yet); false stops the download. */
typedef bool fetch_progress_fn(void *ctx, uint64_t done, uint64_t total);

struct fetch {
	const char *url;
	const char *sha256; /* 64 lower-case hexadecimal digits; never NULL for fetch_file */
	uint64_t size;      /* of the whole; 0 = not known */
	uint64_t max;       /* more than that is refused */
	int stall_s;        /* 0 = FETCH_STALL_S */
	fetch_progress_fn *progress; /* may be NULL */
	void *ctx;
};

/* Once, before there are threads. */
enum err fetch_init(struct error *why) MUST_USE;

/* Whether an address may be fetched from; ERR_ARG says why not. */
enum err fetch_allowed(const char *url, struct error *why) MUST_USE;

/*
 * Fetches into PATH.part, going on with what is there of it, and renames it to `path` when
 * the checksum is right. PATH.part stays after what may go better the next time: no network
 * (ERR_IO), the stream ended early or stalled (ERR_IO), the disk is full (ERR_FULL), stopped
 * (ERR_STOPPED). ERR_NOT_FOUND: the server does not have it; ERR_FORMAT: another checksum;
 * ERR_LIMIT: too large; ERR_BUSY: another process is fetching it; ERR_ARG: such addresses are
 * not fetched from; ERR_DENIED: it points on to one that is not.
 */
enum err fetch_file(const char *path, const struct fetch *what, struct error *why) MUST_USE;

/* Appends a small document to `out`, whose ceiling is the limit. Errors as above. */
enum err fetch_text(struct buf *out, const char *url, int stall_s, struct error *why) MUST_USE;

/* PATH.part of another file on this machine: copied and checked in the same way. */
enum err fetch_copy(
	const char *path, const char *from, const struct fetch *what, struct error *why) MUST_USE;

#endif
