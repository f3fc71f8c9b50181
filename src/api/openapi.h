/* SPDX-License-Identifier: MIT */
/*
 * The description of the API (OpenAPI 3.1): a part for each resource in src/api/openapi/, put
 * together when the server starts and served at /api/v1/openapi.json.
 */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include <jansson.h>
#include <stddef.h>

#include "api/embedded.h"
#include "base/err.h"

enum { OPENAPI_ETAG_TEXT = 2 + 32 + 1 };

struct openapi {
	char *text; /* JSON, one line */
	size_t len;
	char etag[OPENAPI_ETAG_TEXT]; /* of the text, with its quotes */
};

/*
 * Joins the parts (ends with a zeroed one): members of objects are gathered, arrays appended. The
 * result is for json_decref. ERR_FORMAT: a part is no JSON, or two say different things under one
 * name.
 */
enum err openapi_merge(const struct embedded *part, json_t **out, struct error *why) MUST_USE;

/* The program's own, with its version in it. Also ERR_NOMEM. */
enum err openapi_open(struct openapi *out, struct error *why) MUST_USE;
void openapi_close(struct openapi *o);

#endif
