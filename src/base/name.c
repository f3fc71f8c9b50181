/* SPDX-License-Identifier: MIT */
#include "base/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

enum {
	INPUT_BYTES_MAX = 8192,              /* of a name before it is normalised */
	WORK_CHARS = 1024,                   /* room to decompose a name in */
	KEY_WORK_CHARS = NAME_CHARS_MAX * 18 /* NFKC makes 18 code points of U+FDFA */
};

enum {
	ZERO_WIDTH_NON_JOINER = 0x200C, /* both joiners are part of Persian and Indic spelling */
	ZERO_WIDTH_JOINER = 0x200D,
};

/* Kinds of character that no name holds, in the words of the error. */
static const struct {
	utf8proc_category_t category;
	const char *kind;
} refused[] = {
	{UTF8PROC_CATEGORY_CC, "a control character"},
	{UTF8PROC_CATEGORY_ZL, "a line separator"},
	{UTF8PROC_CATEGORY_ZP, "a paragraph separator"},
	{UTF8PROC_CATEGORY_CF, "an invisible formatting character"},
	{UTF8PROC_CATEGORY_CN, "an unassigned character"},
	{UTF8PROC_CATEGORY_CO, "a private-use character"},
	{UTF8PROC_CATEGORY_CS, "half a surrogate pair"},
};

static const char *refused_kind(int32_t c)
{
	if (c == ZERO_WIDTH_NON_JOINER || c == ZERO_WIDTH_JOINER)
		return NULL;
	utf8proc_category_t category = utf8proc_category(c);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (refused[i].category == category)
			return refused[i].kind;
	}
	return NULL;
}

/* The code point at text[at] and its length; 0 when the bytes are no UTF-8. */
static size_t decode(const char *text, size_t len, int32_t *c)
{
	utf8proc_ssize_t used =
		utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, c);
	return used > 0 ? (size_t)used : 0;
}

static enum err too_long(const char *what, size_t chars, struct error *why)
{
	return err_set(why, ERR_ARG, "the %s has %zu characters, the most is %d", what, chars,
		NAME_CHARS_MAX);
}

/* Refuses what is no UTF-8 or holds a refused kind of character; counts the characters. */
static enum err check_characters(
	const char *text, const char *what, size_t *chars, struct error *why)
{
	size_t len = strlen(text);
	*chars = 0;
	for (size_t at = 0, used; at < len; at += used) {
		int32_t c;
		used = decode(text + at, len - at, &c);
		if (used == 0)
			return err_set(
				why, ERR_ARG, "the %s is not UTF-8 (byte %zu)", what, at + 1);
		const char *kind = refused_kind(c);
		if (kind != NULL)
			return err_set(why, ERR_ARG, "the %s contains %s (U+%04X, character %zu)",
				what, kind, (unsigned)c, *chars + 1);
		++*chars;
	}
	return OK;
}

/* Trims, and makes one space of each run of white space. Returns the new count. */
static size_t collapse(int32_t *chars, size_t count)
{
	size_t kept = 0;
	bool gap = false;
	for (size_t i = 0; i < count; i++) {
		if (utf8proc_category(chars[i]) == UTF8PROC_CATEGORY_ZS) {
			gap = kept > 0;
			continue;
		}
		if (gap)
			chars[kept++] = ' ';
		gap = false;
		chars[kept++] = chars[i];
	}
	return kept;
}

/* Code points to UTF-8; false when they do not fit into `size` bytes with the final zero. */
static bool encode(const int32_t *chars, size_t count, char *out, size_t size)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		utf8proc_uint8_t bytes[4];
		utf8proc_ssize_t used = utf8proc_encode_char(chars[i], bytes);
		if (used <= 0 || (size_t)used >= size - len)
			return false;
		memcpy(out + len, bytes, (size_t)used);
		len += (size_t)used;
	}
	out[len] = '\0';
	return true;
}

/* Normalises `text` into `work`; the count of code points, or -1 when there is no room. */
static long normalize(const char *text, utf8proc_option_t options, int32_t *work, size_t room)
{
	utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)text,
		(utf8proc_ssize_t)strlen(text), work, (utf8proc_ssize_t)room, options);
	if (count < 0 || (size_t)count > room)
		return -1;
	return (long)utf8proc_normalize_utf32(work, count, options);
}

enum err name_clean(
	const char *text, const char *what, char out[static NAME_BYTES], struct error *why)
{
	out[0] = '\0';
	size_t chars;
	enum err err = check_characters(text, what, &chars, why);
	if (err != OK)
		return err;
	if (strlen(text) > INPUT_BYTES_MAX)
		return too_long(what, chars, why);
	int32_t work[WORK_CHARS];
	long normal = normalize(
		text, UTF8PROC_COMPOSE | UTF8PROC_STABLE, work, sizeof(work) / sizeof(*work));
	if (normal < 0)
		return too_long(what, chars, why);
	size_t count = collapse(work, (size_t)normal);
	if (count == 0)
		return err_set(why, ERR_ARG, "the %s is empty", what);
	if (count > NAME_CHARS_MAX || !encode(work, count, out, NAME_BYTES)) {
		out[0] = '\0';
		return too_long(what, count, why);
	}
	char key[NAME_KEY_BYTES];
	err = name_key(out, key, why);
	if (err == OK && key[0] == '\0')
		err = err_set(why, ERR_ARG, "the %s has no visible character", what);
	if (err != OK)
		out[0] = '\0';
	return err;
}

enum err name_key(const char *clean, char out[static NAME_KEY_BYTES], struct error *why)
{
	out[0] = '\0';
	int32_t work[KEY_WORK_CHARS];
	utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
		UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
	long count = normalize(clean, options, work, sizeof(work) / sizeof(*work));
	if (count < 0 || !encode(work, (size_t)count, out, NAME_KEY_BYTES)) {
		out[0] = '\0';
		return err_set(why, ERR_ARG, "the name cannot be compared: not UTF-8 or too long");
	}
	return OK;
}

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The code points of well-formed text, at most NAME_CHARS_MAX of them. */
static size_t code_points(const char *text, int32_t out[static NAME_CHARS_MAX])
{
	size_t len = strlen(text), count = 0;
	for (size_t at = 0, used; at < len && count < NAME_CHARS_MAX; at += used) {
		used = decode(text + at, len - at, &out[count]);
		if (used == 0)
			break;
		count++;
	}
	return count;
}

size_t name_distance(const char *a, const char *b)
{
	int32_t from[NAME_CHARS_MAX], to[NAME_CHARS_MAX];
	size_t rows = code_points(a, from), columns = code_points(b, to);
	/* Three rows of the table of prefixes: two before, one before, this one. */
	size_t row[3][NAME_CHARS_MAX + 1];
	for (size_t j = 0; j <= columns; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= rows; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			bool same = from[i - 1] == to[j - 1];
			now[j] = min2(
				before[j - 1] + (same ? 0 : 1), min2(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
				now[j] = min2(now[j], earlier[j - 2] + 1);
		}
	}
	return row[rows % 3][columns];
}

bool name_is_near(const char *a, const char *b, size_t *distance)
{
	size_t a_len = strlen(a);
	*distance = name_distance(a, b);
	size_t allowed = a_len < 3 ? 0 : a_len < 6 ? 1 : a_len < 12 ? 2 : 3;
	return *distance <= allowed;
}

int utf8_valid(const char *text, size_t len)
{
	for (size_t at = 0, used; at < len; at += used) {
		int32_t c;
		used = decode(text + at, len - at, &c);
		if (used == 0)
			return 0;
	}
	return 1;
}

char *utf8_printable(const char *text)
{
	size_t len = strlen(text), put = 0;
	char *out = malloc(len + 1);
	if (out == NULL)
		return NULL;
	for (size_t at = 0, used; at < len; at += used) {
		int32_t c;
		used = decode(text + at, len - at, &c);
		if (used == 0) {
			used = 1;
			out[put++] = '?';
		} else if (refused_kind(c) != NULL) {
			out[put++] = '?';
		} else {
			memcpy(out + put, text + at, used);
			put += used;
		}
	}
	out[put] = '\0';
	return out;
}

size_t utf8_columns(const char *text)
{
	size_t len = strlen(text), columns = 0;
	for (size_t at = 0, used; at < len; at += used) {
		int32_t c;
		used = decode(text + at, len - at, &c);
		if (used == 0) {
			used = 1; /* terminals show one sign for a bad byte */
			columns++;
			continue;
		}
		int width = utf8proc_charwidth(c);
		columns += width > 0 ? (size_t)width : 0;
	}
	return columns;
}
