/* SPDX-License-Identifier: MIT */
/* How a request is put together; for src/net only. Loop thread until it is queued. */
#ifndef NET_REQUEST_INT_H
#define NET_REQUEST_INT_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/uuid.h"
#include "net/address.h"
#include "net/params.h"
#include "net/request.h"
#include "net/url.h"

enum { ACCOUNT_TEXT = 64, TYPE_TEXT = 128 };

/* Header names are in lower case and each is there once. Only `gone` changes while queued. */
struct request {
	enum method method;
	const char *protocol; /* "HTTP/1.1", static */
	char *path, *query_string;
	struct url_path parts;
	struct params param, query, header, cookie;
	size_t header_lines;
	struct buf body;
	char type[TYPE_TEXT];
	struct address peer, client; /* of the socket, and whom it speaks for */
	char client_text[ADDRESS_TEXT];
	bool secure;
	int64_t now_ms;
	char id[UUID_TEXT];
	const struct route *route;
	char account[ACCOUNT_TEXT];
	void *caller;
	void (*release)(void *caller);
	atomic_bool gone;
};

/* What is known before the head was read. */
void request_init(struct request *r, int64_t now_ms);
/* Releases everything, the caller too. */
void request_finish(struct request *r);

/* "GET" etc.; false for another method. */
bool method_parse(const char *text, size_t len, enum method *out);

/*
 * Takes the target: "/path?query" (or http://host/path?query). ERR_FORMAT, ERR_LIMIT, ERR_NOMEM;
 * `why` has the words for the client.
 */
enum err request_set_target(
	struct request *r, const char *target, size_t len, struct error *why) MUST_USE;

/* Adds a header line; joins lines of one name. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
enum err request_add_header(struct request *r, const char *name, size_t name_len, const char *value,
	size_t value_len, struct error *why) MUST_USE;

/* After the last header: cookies, type, and who the client is. ERR_FORMAT, ERR_NOMEM. */
enum err request_head_done(
	struct request *r, const struct network *trusted, size_t count, struct error *why) MUST_USE;

#endif
