/* SPDX-License-Identifier: MIT */
#include "net/header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool header_is_token(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool header_is_token_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!header_is_token((unsigned char)text[i]))
			return false;
	}
	return len > 0;
}

bool header_is_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

void header_media_type(const char *value, char *out, size_t room)
{
	out[0] = '\0';
	value = skip_blanks(value);
	size_t len = strcspn(value, " \t;,");
	if (len == 0 || len >= room || memchr(value, '/', len) == NULL)
		return;
	for (size_t i = 0; i < len; i++) {
		char c = value[i];
		out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
	out[len] = '\0';
}

/* Copies a token or a quoted string at *at and moves behind it. */
static enum err read_value(const char **at, char *out, size_t room)
{
	const char *p = *at;
	bool quoted = *p == '"';
	p += quoted;
	size_t len = 0;
	while (*p != '\0' && (quoted ? *p != '"' : strchr(" \t;,", *p) == NULL)) {
		if (quoted && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		if (len + 1 >= room)
			return ERR_LIMIT;
		out[len++] = *p++;
	}
	out[len] = '\0';
	if (quoted && *p != '"')
		return ERR_FORMAT;
	*at = p + quoted;
	return OK;
}

enum err header_parameter(const char *value, const char *name, char *out, size_t room)
{
	char other[512];
	out[0] = '\0';
	const char *at = value + strcspn(value, ";");
	while (*at == ';') {
		at = skip_blanks(at + 1);
		size_t len = strcspn(at, " \t=;");
		const char *word = at;
		at = skip_blanks(at + len);
		if (*at == '=') {
			at = skip_blanks(at + 1);
			bool wanted = strlen(name) == len && strncasecmp(word, name, len) == 0;
			enum err err = read_value(
				&at, wanted ? out : other, wanted ? room : sizeof(other));
			if (wanted || err != OK)
				return err;
		}
		at += strcspn(at, ";");
	}
	return ERR_NOT_FOUND;
}

/* "; q=0", "; q=0.000" refuse. */
static bool refused(const char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at != ';')
			continue;
		at = skip_blanks(at + 1);
		if (at + 1 < end && (at[0] == 'q' || at[0] == 'Q') && at[1] == '=')
			return strtod(at + 2, NULL) <= 0;
	}
	return false;
}

bool header_list_has(const char *value, const char *token)
{
	size_t wanted = strlen(token);
	for (const char *at = value; at != NULL && *at != '\0';) {
		at = skip_blanks(at);
		size_t len = strcspn(at, ",");
		size_t word = strcspn(at, " \t;,");
		if (word == wanted && strncasecmp(at, token, word) == 0)
			return !refused(at + word, at + len);
		at += len;
		at += *at == ',';
	}
	return false;
}
