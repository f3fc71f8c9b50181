/* SPDX-License-Identifier: MIT */
#include "net/form.h"

#include <string.h>

#include "net/url.h"

enum { FORM_FIELDS_MAX = 256 };

enum err form_parse(struct params *out, const void *body, size_t len, struct error *why)
{
	enum err err = url_query_parse(out, body, len, FORM_FIELDS_MAX);
	switch (err) {
	case OK:
		return OK;
	case ERR_LIMIT:
		return err_set(why, err, "the form has more than %d fields", FORM_FIELDS_MAX);
	case ERR_NOMEM:
		return err_set(why, err, "out of memory");
	default:
		return err_set(why, err, "the form is not properly encoded UTF-8");
	}
}

/* A zero byte would cut a field short unseen. */
static enum err add_field(struct form *f, const struct part *part, struct error *why)
{
	if (part->len > 0 && memchr(part->data, '\0', part->len) != NULL)
		return err_set(why, ERR_FORMAT, "a field of the form holds a zero byte");
	const char *value = part->len > 0 ? (const char *)part->data : "";
	if (params_add(&f->fields, part->name, strlen(part->name), value, part->len) != OK)
		return err_set(why, ERR_NOMEM, "out of memory");
	return OK;
}

enum err form_read(struct form *out, const struct request *req, struct error *why)
{
	*out = (struct form){0};
	size_t len;
	const uint8_t *body = request_body(req, &len);
	const char *type = request_type(req);
	if (strcmp(type, "application/x-www-form-urlencoded") == 0)
		return form_parse(&out->fields, body, len, why);
	if (strcmp(type, "multipart/form-data") != 0)
		return err_set(why, ERR_UNSUPPORTED,
			"the body is '%s', but a form is wanted: multipart/form-data", type);
	enum err err =
		multipart_parse(&out->parts, request_header(req, "content-type"), body, len, why);
	for (size_t i = 0; err == OK && i < out->parts.count; i++) {
		const struct part *part = &out->parts.item[i];
		if (part->filename != NULL)
			continue;
		if (part->type[0] == '\0' || strncmp(part->type, "text/", 5) == 0)
			err = add_field(out, part, why);
	}
	return err;
}

void form_finish(struct form *f)
{
	params_finish(&f->fields);
	multipart_finish(&f->parts);
}

const char *form_field(const struct form *f, const char *name)
{
	return params_get(&f->fields, name);
}

const struct part *form_part(const struct form *f, const char *name)
{
	return multipart_get(&f->parts, name);
}
