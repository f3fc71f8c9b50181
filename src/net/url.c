/* SPDX-License-Identifier: MIT */
#include "net/url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_utf8(const char *text, size_t len)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
	while (len > 0) {
		utf8proc_int32_t codepoint;
		utf8proc_ssize_t n = utf8proc_iterate(at, (utf8proc_ssize_t)len, &codepoint);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

enum err url_decode(char *text, size_t *len, int plus)
{
	size_t to = 0;
	for (size_t i = 0; i < *len; i++) {
		char c = text[i];
		if (c == '%') {
			int high = *len - i > 2 ? hex_digit(text[i + 1]) : -1;
			int low = *len - i > 2 ? hex_digit(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return ERR_FORMAT;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0')
			return ERR_FORMAT;
		text[to++] = c;
	}
	*len = to;
	return is_utf8(text, to) ? OK : ERR_FORMAT;
}

static bool segment_allowed(const char *text, size_t len, bool last)
{
	if (len == 0)
		return last;
	if ((len == 1 && text[0] == '.') || (len == 2 && memcmp(text, "..", 2) == 0))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
			return false;
	}
	return true;
}

enum err url_path_parse(struct url_path *out, const char *path, size_t len)
{
	*out = (struct url_path){0};
	if (len == 0 || path[0] != '/')
		return ERR_FORMAT;
	out->text = malloc(len + 1);
	if (out->text == NULL)
		return ERR_NOMEM;
	memcpy(out->text, path, len);
	out->text[len] = '\0';
	enum err err = OK;
	char *at = out->text + 1;
	char *end = out->text + len;
	for (bool last = false; !last && err == OK;) {
		char *slash = memchr(at, '/', (size_t)(end - at));
		last = slash == NULL;
		char *stop = last ? end : slash;
		size_t bytes = (size_t)(stop - at);
		if (out->count == URL_SEGMENTS_MAX)
			err = ERR_LIMIT;
		else
			err = url_decode(at, &bytes, 0);
		if (err == OK && !segment_allowed(at, bytes, last))
			err = ERR_FORMAT;
		if (err == OK) {
			at[bytes] = '\0';
			out->segment[out->count++] = at;
		}
		at = stop + 1;
	}
	if (err != OK)
		url_path_finish(out);
	return err;
}

void url_path_finish(struct url_path *p)
{
	free(p->text);
	*p = (struct url_path){0};
}

static enum err add_pair(struct params *out, char *pair, size_t len)
{
	char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
	char *value = equals != NULL ? equals + 1 : pair + len;
	size_t value_len = (size_t)(pair + len - value);
	enum err err = url_decode(pair, &name_len, 1);
	if (err == OK)
		err = url_decode(value, &value_len, 1);
	if (err == OK)
		err = params_add(out, pair, name_len, value, value_len);
	return err;
}

enum err url_query_parse(struct params *out, const char *query, size_t len, size_t max)
{
	char *copy = malloc(len + 1);
	if (copy == NULL)
		return ERR_NOMEM;
	if (len > 0)
		memcpy(copy, query, len);
	copy[len] = '\0';
	enum err err = OK;
	char *at = copy;
	char *end = copy + len;
	while (at < end && err == OK) {
		char *amp = memchr(at, '&', (size_t)(end - at));
		char *stop = amp != NULL ? amp : end;
		if (stop > at)
			err = out->count < max ? add_pair(out, at, (size_t)(stop - at)) : ERR_LIMIT;
		at = stop + 1;
	}
	free(copy);
	return err;
}
