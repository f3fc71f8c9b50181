/* SPDX-License-Identifier: MIT */
/*
 * Bodies of HTML forms and of clients that send like them: application/x-www-form-urlencoded
 * and multipart/form-data through one interface. Any thread.
 */
#ifndef NET_FORM_H
#define NET_FORM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/multipart.h"
#include "net/params.h"
#include "net/request.h"

/* Fields that are text by name; parts that are files, borrowed from the request's body. */
struct form {
	struct params fields;
	struct multipart parts; /* all parts of multipart/form-data, fields too */
};

/*
 * Reads the request's body by its content type; finish afterwards in any case. A part without
 * a file name whose type is not given or text/... is a field. ERR_UNSUPPORTED for another content
 * type, ERR_FORMAT, ERR_LIMIT, ERR_NOMEM.
 */
enum err form_read(struct form *out, const struct request *req, struct error *why) MUST_USE;
void form_finish(struct form *f);

/* The first field of that name, or NULL. */
const char *form_field(const struct form *f, const char *name);

/*
 * The first part of that name whatever its headers say (blink's client sends images without a
 * file name), or NULL.
 */
const struct part *form_part(const struct form *f, const char *name);

/* Adds the fields of a urlencoded body to `out`. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. Fuzzed. */
enum err form_parse(struct params *out, const void *body, size_t len, struct error *why) MUST_USE;

#endif
