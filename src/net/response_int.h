/* SPDX-License-Identifier: MIT */
/* How a response is made ready to be sent; for src/net only. */
#ifndef NET_RESPONSE_INT_H
#define NET_RESPONSE_INT_H

#include "net/params.h"
#include "net/request_int.h"
#include "net/response.h"

struct server_options;

/* A header; a value of NULL: it was taken away and no default comes in its place. */
struct response_field {
	char *name, *value;
};

/*
 * The body is `bytes` (perhaps `owned`) or, with fd >= 0, of a file; `first` and `len` say
 * which part of it.
 */
struct response {
	int status;
	struct response_field field[RESPONSE_HEADERS_MAX];
	size_t fields;
	const uint8_t *bytes;
	void *owned;
	int fd;
	uint64_t first, len;
	bool ranges;   /* the body may be answered in part */
	bool has_body; /* a body was set, perhaps an empty one */
	bool secure;   /* of the request, for cookies */
	const struct asset *asset;
	json_t *problem;
	bool answered; /* a problem was set: the handler's error has its answer */
	struct error why;
	char instance[UUID_TEXT];
};

/* An answer of 200 without a body, to `req`. */
void response_init(struct response *res, const struct request *req);
void response_finish(struct response *res);

/* Forgets body, problem and headers: to answer something else instead. */
void response_reset(struct response *res);

/* 429 or 503 with Retry-After. */
enum err response_later(
	struct response *res, int status, const char *code, int retry_s, const char *text) MUST_USE;

/* What finishing needs to know of the server. */
struct response_rules {
	const char *csp;
	long hsts_s;
	const char *const *cors_origin;
	size_t cors_origins;
	const char *allow; /* for OPTIONS and 405; "" */
	bool any_origin;
};

/*
 * After the handler: problem document into bytes, asset's encoding, conditions (304, 412),
 * range (206, 416), CORS and default headers. On an error the response must be replaced.
 */
enum err response_complete(struct response *res, const struct request *req,
	const struct response_rules *rules) MUST_USE;

#endif
