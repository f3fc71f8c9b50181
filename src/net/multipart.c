/* SPDX-License-Identifier: MIT */
#include "net/multipart.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "net/header.h"

struct span {
	const uint8_t *at, *end;
};

static size_t span_len(struct span s)
{
	return (size_t)(s.end - s.at);
}

/* The delimiter as it stands between parts: CR LF, two hyphens, the boundary. */
struct delimiter {
	char text[MULTIPART_BOUNDARY_MAX + 5];
	size_t len;
};

static enum err read_boundary(struct delimiter *d, const char *content_type, struct error *why)
{
	char type[64];
	header_media_type(content_type, type, sizeof(type));
	if (strcmp(type, "multipart/form-data") != 0)
		return err_set(why, ERR_UNSUPPORTED, "the body is no multipart/form-data");
	memcpy(d->text, "\r\n--", 4);
	enum err err =
		header_parameter(content_type, "boundary", d->text + 4, MULTIPART_BOUNDARY_MAX + 1);
	if (err == ERR_LIMIT)
		return err_set(why, ERR_FORMAT, "the boundary is longer than %d characters",
			MULTIPART_BOUNDARY_MAX);
	if (err != OK || d->text[4] == '\0')
		return err_set(why, ERR_FORMAT, "the content type names no boundary");
	d->len = strlen(d->text);
	return OK;
}

/* What may follow a boundary on its line: blanks (RFC 2046, section 5.1.1). NULL: cut short. */
static const uint8_t *line_end(struct span rest)
{
	const uint8_t *at = rest.at;
	while (at < rest.end && (*at == ' ' || *at == '\t'))
		at++;
	return rest.end - at >= 2 && at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

static bool is_header(const char *line, const char *name)
{
	size_t len = strlen(name);
	return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

/* Only the last component counts: browsers of old sent whole paths. */
static const char *without_folders(const char *filename)
{
	const char *base = filename;
	for (const char *c = filename; *c != '\0'; c++) {
		if (*c == '/' || *c == '\\')
			base = c + 1;
	}
	return base;
}

static enum err read_disposition(struct part *part, const char *value)
{
	char text[MULTIPART_NAME_MAX + 1];
	if (strncasecmp(value, "form-data", 9) != 0)
		return ERR_FORMAT;
	enum err err = header_parameter(value, "name", text, sizeof(text));
	if (err != OK || part->name != NULL)
		return err == ERR_NOT_FOUND || err == OK ? ERR_FORMAT : err;
	part->name = mem_strdup(text);
	if (part->name == NULL)
		return ERR_NOMEM;
	err = header_parameter(value, "filename", text, sizeof(text));
	if (err == ERR_NOT_FOUND)
		return OK;
	if (err != OK)
		return err;
	part->filename = mem_strdup(without_folders(text));
	return part->filename != NULL ? OK : ERR_NOMEM;
}

static enum err read_header(struct part *part, const char *line)
{
	const char *value = strchr(line, ':');
	if (value == NULL)
		return ERR_FORMAT;
	value++;
	while (*value == ' ' || *value == '\t')
		value++;
	if (is_header(line, "content-disposition"))
		return read_disposition(part, value);
	if (is_header(line, "content-type") && part->type == NULL) {
		char type[MULTIPART_NAME_MAX + 1];
		header_media_type(value, type, sizeof(type));
		part->type = mem_strdup(type);
		return part->type != NULL ? OK : ERR_NOMEM;
	}
	return OK;
}

/* Reads the headers at head->at and moves behind the blank line. */
static enum err read_head(struct part *part, struct span *head)
{
	char line[MULTIPART_PART_HEAD_MAX];
	const uint8_t *begin = head->at;
	for (;;) {
		const uint8_t *end = memmem(head->at, span_len(*head), "\r\n", 2);
		if (end == NULL)
			return ERR_FORMAT;
		size_t len = (size_t)(end - head->at);
		if ((size_t)(end - begin) >= sizeof(line))
			return ERR_LIMIT;
		if (len == 0)
			break;
		memcpy(line, head->at, len);
		line[len] = '\0';
		head->at = end + 2;
		if (!header_is_value(line, len))
			return ERR_FORMAT;
		enum err err = read_header(part, line);
		if (err != OK)
			return err;
	}
	head->at += 2;
	if (part->name == NULL)
		return ERR_FORMAT;
	if (part->type == NULL)
		part->type = mem_strdup("");
	return part->type != NULL ? OK : ERR_NOMEM;
}

static void part_finish(struct part *part)
{
	free(part->name);
	free(part->filename);
	free(part->type);
}

/* One part, from behind its delimiter's line; rest->at ends behind the next delimiter. */
static enum err read_part(
	struct multipart *out, struct span *rest, const struct delimiter *d, struct error *why)
{
	void *items = out->item;
	bool room = mem_grow(&items, out->count, &out->capacity, sizeof(*out->item));
	out->item = items;
	if (!room)
		return err_set(why, ERR_NOMEM, "out of memory");
	struct part *part = &out->item[out->count];
	*part = (struct part){0};
	out->count++;
	enum err err = read_head(part, rest);
	if (err == ERR_LIMIT)
		return err_set(why, err, "the headers of part %zu are too long", out->count);
	if (err == ERR_FORMAT)
		return err_set(why, err, "the headers of part %zu are damaged or name no field",
			out->count);
	if (err != OK)
		return err_set(why, err, "out of memory");
	/* Of a part without content the delimiter may begin with the blank line's own CR LF. */
	bool empty =
		span_len(*rest) >= d->len - 2 && memcmp(rest->at, d->text + 2, d->len - 2) == 0;
	const uint8_t *end =
		empty ? rest->at - 2 : memmem(rest->at, span_len(*rest), d->text, d->len);
	if (end == NULL)
		return err_set(why, ERR_FORMAT, "the body ends within part %zu", out->count);
	part->data = rest->at;
	part->len = end > rest->at ? (size_t)(end - rest->at) : 0;
	rest->at = end + d->len;
	return OK;
}

static enum err read_parts(
	struct multipart *out, struct span rest, const struct delimiter *d, struct error *why)
{
	for (;;) {
		if (span_len(rest) >= 2 && rest.at[0] == '-' && rest.at[1] == '-')
			return OK;
		rest.at = line_end(rest);
		if (rest.at == NULL)
			return err_set(why, ERR_FORMAT, "the body is cut short at a boundary");
		if (out->count == MULTIPART_PARTS_MAX)
			return err_set(why, ERR_LIMIT, "the body has more than %d parts",
				MULTIPART_PARTS_MAX);
		enum err err = read_part(out, &rest, d, why);
		if (err != OK)
			return err;
	}
}

enum err multipart_parse(struct multipart *out, const char *content_type, const void *body,
	size_t len, struct error *why)
{
	*out = (struct multipart){0};
	struct delimiter d;
	enum err err = read_boundary(&d, content_type != NULL ? content_type : "", why);
	if (err != OK)
		return err;
	struct span rest = {body, (const uint8_t *)body + len};
	/* The first delimiter may begin the body, without a line break; a preamble is skipped. */
	if (len >= d.len - 2 && memcmp(body, d.text + 2, d.len - 2) == 0) {
		rest.at += d.len - 2;
	} else {
		const uint8_t *first = len > 0 ? memmem(body, len, d.text, d.len) : NULL;
		if (first == NULL)
			return err_set(why, ERR_FORMAT, "the body does not hold its boundary");
		rest.at = first + d.len;
	}
	err = read_parts(out, rest, &d, why);
	if (err != OK)
		multipart_finish(out);
	return err;
}

void multipart_finish(struct multipart *m)
{
	for (size_t i = 0; i < m->count; i++)
		part_finish(&m->item[i]);
	free(m->item);
	*m = (struct multipart){0};
}

const struct part *multipart_get(const struct multipart *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->item[i].name, name) == 0)
			return &m->item[i];
	}
	return NULL;
}
