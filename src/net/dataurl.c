/* SPDX-License-Identifier: MIT */
#include "net/dataurl.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/header.h"

static int base64_digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* `bytes` has room for three bytes of every four characters and three more. */
static enum err decode_base64(struct dataurl *out, const char *text, size_t len, struct error *why)
{
	unsigned bits = 0;
	size_t digits = 0, padding = 0;
	for (size_t i = 0; i < len; i++) {
		if (is_blank(text[i]))
			continue;
		if (text[i] == '=') {
			padding++;
			continue;
		}
		int digit = base64_digit((unsigned char)text[i]);
		if (digit < 0 || padding > 0)
			return err_set(
				why, ERR_FORMAT, "the data is no base64: character %zu", i + 1);
		bits = bits << 6 | (unsigned)digit;
		if (++digits % 4 == 0) {
			out->bytes[out->len++] = (uint8_t)(bits >> 16);
			out->bytes[out->len++] = (uint8_t)(bits >> 8);
			out->bytes[out->len++] = (uint8_t)bits;
			bits = 0;
		}
	}
	size_t left = digits % 4;
	if (left == 1 || padding > 2 || (padding > 0 && (left + padding) % 4 != 0))
		return err_set(why, ERR_FORMAT, "the base64 is cut short");
	if (left >= 2)
		out->bytes[out->len++] = (uint8_t)(bits >> (left == 2 ? 4 : 10));
	if (left == 3)
		out->bytes[out->len++] = (uint8_t)(bits >> 2);
	return OK;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef";
	char lower = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
	const char *at = lower != '\0' ? strchr(digits, lower) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

static enum err decode_escapes(struct dataurl *out, const char *text, size_t len, struct error *why)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%') {
			out->bytes[out->len++] = (uint8_t)text[i];
			continue;
		}
		int high = len - i > 2 ? hex(text[i + 1]) : -1;
		int low = len - i > 2 ? hex(text[i + 2]) : -1;
		if (high < 0 || low < 0)
			return err_set(why, ERR_FORMAT, "the data has a broken escape");
		out->bytes[out->len++] = (uint8_t)(high * 16 + low);
		i += 2;
	}
	return OK;
}

/* What stands between "data:" and the comma: type, parameters, ";base64" as the last. */
static enum err read_type(
	struct dataurl *out, const char *text, size_t len, bool *base64, struct error *why)
{
	char head[DATAURL_TYPE_MAX * 2];
	if (len >= sizeof(head) || memchr(text, '\0', len) != NULL)
		return err_set(why, ERR_FORMAT, "the data URL's type is too long");
	memcpy(head, text, len);
	head[len] = '\0';
	*base64 = len >= 7 && strcasecmp(head + len - 7, ";base64") == 0;
	header_media_type(head, out->type, sizeof(out->type));
	return OK;
}

enum err dataurl_decode(
	struct dataurl *out, const char *text, size_t len, size_t max, struct error *why)
{
	*out = (struct dataurl){0};
	bool base64 = true;
	if (len >= 5 && strncasecmp(text, "data:", 5) == 0) {
		const char *comma = memchr(text, ',', len);
		if (comma == NULL)
			return err_set(why, ERR_FORMAT, "the data URL has no comma");
		enum err err = read_type(out, text + 5, (size_t)(comma - text) - 5, &base64, why);
		if (err != OK)
			return err;
		len -= (size_t)(comma - text) + 1;
		text = comma + 1;
	}
	/* Nothing that decodes to `max` bytes is longer, but for needless blanks. */
	if (len / 3 > max)
		return err_set(why, ERR_LIMIT, "the data is larger than %zu bytes", max);
	out->bytes = malloc(len + 3);
	if (out->bytes == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err err =
		base64 ? decode_base64(out, text, len, why) : decode_escapes(out, text, len, why);
	if (err == OK && out->len > max)
		err = err_set(why, ERR_LIMIT, "the data is larger than %zu bytes", max);
	if (err != OK)
		dataurl_finish(out);
	return err;
}

void dataurl_finish(struct dataurl *d)
{
	free(d->bytes);
	*d = (struct dataurl){0};
}
