/* SPDX-License-Identifier: MIT */
/*
 * JSON bodies of requests into structs, by a table: strict about types ("false" is no boolean),
 * and what is not in the table is an error that names the nearest member. Any thread.
 */
#ifndef API_BODY_H
#define API_BODY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "net/request.h"
#include "net/response.h"

enum field_kind {
	FIELD_TEXT,   /* char[size]; max: its bytes with the final zero */
	FIELD_INT,    /* int within min..max */
	FIELD_NUMBER, /* double within min..max */
	FIELD_BOOL,   /* bool */
	FIELD_TIME,   /* int64_t, UTC milliseconds; RFC 3339 with an offset */
	FIELD_DAY,    /* char[DAY_TEXT], "YYYY-MM-DD" */
	FIELD_MINUTE, /* int, minutes after midnight from "HH:MM" */
	FIELD_WORD,   /* int: index into choices */
	FIELD_JSON,   /* json_t *, borrowed from the document */
};

enum { FIELD_REQUIRED = 1 << 0, FIELD_NULLABLE = 1 << 1 }; /* null: as the value `none` says */

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	size_t offset, size; /* in the struct; size of FIELD_TEXT */
	double min, max;
	const char *const *choices; /* FIELD_WORD; ends with NULL */
	int none;                   /* FIELD_INT, FIELD_MINUTE: for null; texts become "" */
};

#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/*
 * Reads an object by `fields` (ends with a zeroed one) into `out`, which keeps what is not
 * mentioned; bit i of *given (may be NULL) says that fields[i] was. `doc` for json_decref when OK.
 * Otherwise the response is a problem: 400 invalid_field with the member "field", or that of
 * request_json.
 */
enum err body_read(const struct request *req, struct response *res, const struct field *fields,
	void *out, uint64_t *given, json_t **doc) MUST_USE;

/* The same for an object within a document; `path` is put before the members' names. */
enum err body_object(struct response *res, const json_t *object, const struct field *fields,
	void *out, uint64_t *given) MUST_USE;

/* The problem of a member or query parameter: 400 invalid_field; returns ERR_ARG. */
enum err body_invalid(struct response *res, const char *field, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* A query parameter as a whole number; *out stays when it is not there. */
enum err query_number(const struct request *req, struct response *res, const char *name, int min,
	int max, int *out) MUST_USE;

#endif
