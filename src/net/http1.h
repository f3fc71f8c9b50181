/* SPDX-License-Identifier: MIT */
/*
 * The grammar of HTTP/1.1 messages (RFC 9112), read strictly: what two servers could read in two
 * ways is refused. No sockets here. Fuzzed (fuzz_http1.c). Any thread.
 */
#ifndef NET_HTTP1_H
#define NET_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/request_int.h"

/* How the body is framed and what becomes of the connection. */
struct http1_framing {
	bool keep_alive, chunked, expect_continue, upgrade_websocket;
	uint64_t content_length;
};

/*
 * Where a head ends: the number of bytes up to and with the empty line, 0 when it is not all
 * there. `from`: how many of the bytes were looked at before.
 */
size_t http1_head_end(const char *bytes, size_t len, size_t from);

/*
 * Reads a whole head into `r` (request_init done) and `framing`; `why` has the words for the
 * client. ERR_FORMAT: 400. ERR_LIMIT: 431. ERR_UNSUPPORTED: a method (501), ERR_VERSION: a version
 * (505), that is not known. ERR_NOMEM.
 */
enum err http1_head_parse(struct request *r, struct http1_framing *framing, const char *bytes,
	size_t len, struct error *why) MUST_USE;

/* What h1 and h2 share: the value of Content-Length. ERR_FORMAT unless it is digits. */
enum err http_length_parse(const char *text, uint64_t *out) MUST_USE;

/* A body in chunks. Zero-initialise. */
struct chunked {
	int state;
	uint64_t left;
	size_t line; /* bytes of the present size line or of the trailers */
	bool done;
};

/*
 * Takes up to `len` bytes; *used says how many, and of them *data .. *data_len (perhaps 0) are
 * content. Call again with the rest until c->done or all is used. ERR_FORMAT.
 */
enum err chunked_feed(struct chunked *c, const uint8_t *bytes, size_t len, size_t *used,
	const uint8_t **data, size_t *data_len) MUST_USE;

#endif
