/* SPDX-License-Identifier: MIT */
#include "net/request.h"

#include <string.h>

#include "net/request_int.h"

/*
 * jansson stops at its own depth of 2048, each level some hundred bytes of stack; a text of
 * brackets should not get even that far. Strings are skipped; what else is wrong, jansson says.
 */
static bool too_deep(const uint8_t *text, size_t len)
{
	int depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = text[i];
		if (in_string) {
			i += c == '\\';
			in_string = c != '"';
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > REQUEST_JSON_DEPTH_MAX)
				return true;
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return false;
}

static bool is_json_type(const char *type)
{
	size_t len = strlen(type);
	return strcmp(type, "application/json") == 0 ||
		(len > 5 && strcmp(type + len - 5, "+json") == 0);
}

enum err request_json(const struct request *r, json_t **out, struct error *why)
{
	*out = NULL;
	if (!is_json_type(r->type))
		return err_set(why, ERR_UNSUPPORTED,
			"the body is '%s', but application/json is wanted", r->type);
	size_t len;
	const uint8_t *body = request_body(r, &len);
	if (too_deep(body, len))
		return err_set(why, ERR_FORMAT, "the JSON is nested deeper than %d levels",
			REQUEST_JSON_DEPTH_MAX);
	json_error_t error;
	*out = json_loadb((const char *)body, len, JSON_REJECT_DUPLICATES, &error);
	if (*out == NULL)
		return err_set(why, ERR_FORMAT, "the JSON is damaged: line %d, column %d: %s",
			error.line, error.column, error.text);
	return OK;
}
