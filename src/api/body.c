/* SPDX-License-Identifier: MIT */
#include "api/body.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/name.h"

enum err body_invalid(struct response *res, const char *field, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	enum err err = response_problem(
		res, 400, "invalid_field", "see /api/v1/openapi.json", "'%s' %s", field, text);
	if (err == OK)
		err = response_problem_add(res, "field", json_string(field));
	return err != OK ? err : err_set(response_why(res), ERR_ARG, "'%s' %s", field, text);
}

/* --- one reader a kind: OK, or what the value should have been in `wanted` -------------- */

enum { WANTED_BYTES = 160 };

static bool read_text(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	const char *text = json_string_value(value);
	snprintf(wanted, WANTED_BYTES, "takes a text of at most %zu bytes", f->size - 1);
	if (text == NULL || json_string_length(value) >= f->size)
		return false;
	memcpy(to, text, json_string_length(value) + 1);
	return true;
}

static bool read_int(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	snprintf(wanted, WANTED_BYTES, "takes a whole number from %.0f to %.0f", f->min, f->max);
	if (!json_is_integer(value))
		return false;
	json_int_t n = json_integer_value(value);
	if ((double)n < f->min || (double)n > f->max)
		return false;
	*(int *)to = (int)n;
	return true;
}

static bool read_number(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	snprintf(wanted, WANTED_BYTES, "takes a number from %g to %g", f->min, f->max);
	double n = json_number_value(value);
	if (!json_is_number(value) || !(n >= f->min && n <= f->max))
		return false;
	*(double *)to = n;
	return true;
}

static bool read_bool(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	snprintf(wanted, WANTED_BYTES, "takes true or false");
	if (!json_is_boolean(value))
		return false;
	*(bool *)to = json_is_true(value);
	return true;
}

/* Whether a time says its own offset, so that no zone is needed to read it. */
static bool has_offset(const char *text)
{
	size_t len = strlen(text);
	return len >= sizeof("2026-01-01T00:00Z") - 1 &&
		(text[len - 1] == 'Z' || text[len - 6] == '+' || text[len - 6] == '-');
}

static bool read_time(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	struct zone *utc;
	const char *text = json_string_value(value);
	snprintf(wanted, WANTED_BYTES, "takes a time such as 2026-11-21T08:55:00+01:00");
	if (text == NULL || !has_offset(text) || zone_open(&utc, "UTC", NULL) != OK)
		return false;
	enum err err = zone_parse(utc, text, 0, to, NULL);
	zone_close(utc);
	return err == OK;
}

static bool read_day(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	struct zone *utc;
	const char *text = json_string_value(value);
	snprintf(wanted, WANTED_BYTES, "takes a day such as 2026-11-21");
	if (text == NULL || strlen(text) != DAY_TEXT - 1 || zone_open(&utc, "UTC", NULL) != OK)
		return false;
	enum err err = zone_parse_day(utc, text, 0, to, NULL);
	zone_close(utc);
	return err == OK;
}

static bool read_minute(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	const char *text = json_string_value(value);
	snprintf(wanted, WANTED_BYTES, "takes a time of day such as 09:00");
	return text != NULL && minute_parse(text, to, NULL) == OK;
}

static bool read_word(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	const char *text = json_string_value(value);
	size_t len = (size_t)snprintf(wanted, WANTED_BYTES, "takes one of:");
	for (int i = 0; f->choices[i] != NULL; i++) {
		if (text != NULL && strcmp(text, f->choices[i]) == 0) {
			*(int *)to = i;
			return true;
		}
		if (len < WANTED_BYTES)
			len += (size_t)snprintf(
				wanted + len, WANTED_BYTES - len, " %s", f->choices[i]);
	}
	return false;
}

static bool read_json(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES])
{
	memcpy(to, &value, sizeof(value));
	return true;
}

typedef bool read_fn(
	const struct field *f, const json_t *value, void *to, char wanted[static WANTED_BYTES]);

static read_fn *const readers[] = {
	[FIELD_TEXT] = read_text,
	[FIELD_INT] = read_int,
	[FIELD_NUMBER] = read_number,
	[FIELD_BOOL] = read_bool,
	[FIELD_TIME] = read_time,
	[FIELD_DAY] = read_day,
	[FIELD_MINUTE] = read_minute,
	[FIELD_WORD] = read_word,
	[FIELD_JSON] = read_json,
};

/* --- an object -------------------------------------------------------------------------- */

static void read_null(const struct field *f, void *to)
{
	if (f->kind == FIELD_TEXT || f->kind == FIELD_DAY)
		*(char *)to = '\0';
	else if (f->kind == FIELD_NUMBER)
		*(double *)to = (double)NAN;
	else if (f->kind == FIELD_TIME)
		*(int64_t *)to = 0;
	else
		*(int *)to = f->none;
}

static enum err read_field(
	struct response *res, const struct field *f, const json_t *value, void *out)
{
	char wanted[WANTED_BYTES];
	void *to = (char *)out + f->offset;
	if (json_is_null(value) && (f->flags & FIELD_NULLABLE) != 0) {
		read_null(f, to);
		return OK;
	}
	if (readers[f->kind](f, value, to, wanted))
		return OK;
	return body_invalid(res, f->name, "%s", wanted);
}

static const struct field *field_named(const struct field *fields, const char *name)
{
	for (const struct field *f = fields; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static enum err refuse_unknown(struct response *res, const struct field *fields, const char *name)
{
	char known[ERROR_TEXT_MAX / 2] = "";
	size_t len = 0;
	for (const struct field *f = fields; f->name != NULL && len < sizeof(known); f++)
		len += (size_t)snprintf(
			known + len, sizeof(known) - len, "%s%s", f == fields ? "" : ", ", f->name);
	return body_invalid(res, name, "is not known here; known are: %s", known);
}

enum err body_object(struct response *res, const json_t *object, const struct field *fields,
	void *out, uint64_t *given)
{
	uint64_t seen = 0;
	const char *name;
	json_t *value;
	json_t *members = json_incref((json_t *)(uintptr_t)object);
	enum err err = OK;
	if (!json_is_object(members))
		err = body_invalid(res, "body", "takes an object");
	for (void *at = json_object_iter(members); err == OK && at != NULL;
		at = json_object_iter_next(members, at)) {
		name = json_object_iter_key(at);
		value = json_object_iter_value(at);
		const struct field *f = field_named(fields, name);
		err = f == NULL ? refuse_unknown(res, fields, name)
				: read_field(res, f, value, out);
		if (f != NULL)
			seen |= UINT64_C(1) << (f - fields);
	}
	for (const struct field *f = fields; err == OK && f->name != NULL; f++)
		if ((f->flags & FIELD_REQUIRED) != 0 && (seen >> (f - fields) & 1) == 0)
			err = body_invalid(res, f->name, "is missing");
	json_decref(members);
	if (given != NULL)
		*given = seen;
	return err;
}

enum err body_read(const struct request *req, struct response *res, const struct field *fields,
	void *out, uint64_t *given, json_t **doc)
{
	*doc = NULL;
	enum err err = request_json(req, doc, response_why(res));
	if (err != OK)
		return err;
	err = body_object(res, *doc, fields, out, given);
	if (err != OK) {
		json_decref(*doc);
		*doc = NULL;
	}
	return err;
}

enum err query_number(const struct request *req, struct response *res, const char *name, int min,
	int max, int *out)
{
	const char *text = request_query(req, name);
	char *end;
	if (text == NULL)
		return OK;
	long n = strtol(text, &end, 10);
	if (end == text || *end != '\0' || n < min || n > max)
		return body_invalid(res, name, "takes a whole number from %d to %d", min, max);
	*out = (int)n;
	return OK;
}
