/* SPDX-License-Identifier: MIT */
#include "gallery/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

enum { FIELDS_MAX = 4 };

/* A run of bytes inside the file. */
struct slice {
	const char *at;
	size_t len;
};

struct line {
	struct slice field[FIELDS_MAX];
	size_t fields; /* FIELDS_MAX + 1 means: more */
	size_t number; /* 1.. */
};

struct reader {
	struct slice rest;
	size_t line;
	struct error *why;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

void pair_list_finish(struct pair_list *list)
{
	free(list->item);
	*list = (struct pair_list){0};
}

/* The next line that is not empty, cut into fields; false at the end. */
static bool line_next(struct reader *r, struct line *out)
{
	*out = (struct line){0};
	while (r->rest.len > 0 && out->fields == 0) {
		const char *end = memchr(r->rest.at, '\n', r->rest.len);
		size_t len = end != NULL ? (size_t)(end - r->rest.at) : r->rest.len;
		const char *p = r->rest.at, *stop = p + len;
		out->number = ++r->line;
		while (p < stop) {
			const char *from = p;
			while (p < stop && !is_blank(*p))
				p++;
			if (p > from && out->fields++ < FIELDS_MAX)
				out->field[out->fields - 1] =
					(struct slice){from, (size_t)(p - from)};
			while (p < stop && is_blank(*p))
				p++;
		}
		size_t used = len + (end != NULL);
		r->rest = (struct slice){r->rest.at + used, r->rest.len - used};
	}
	return out->fields > 0;
}

/* A decimal number 1..max. */
static bool parse_number(struct slice s, int max, int *out)
{
	int value = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		value = value * 10 + (s.at[i] - '0');
		if (value > max)
			return false;
	}
	*out = value;
	return value >= 1;
}

/* A file's name that stays inside its folder. */
static bool parse_name(struct slice s, char out[static PAIR_NAME_BYTES])
{
	if (s.len == 0 || s.len >= PAIR_NAME_BYTES || s.at[0] == '.')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '/' || (unsigned char)s.at[i] < ' ')
			return false;
	memcpy(out, s.at, s.len);
	out[s.len] = '\0';
	return true;
}

static enum err parse_pair(const struct line *line, bool same, struct pair *out, struct error *why)
{
	const char *form = same ? "'name number number'" : "'name number name number'";
	const struct slice *f = line->field;
	if (line->fields != (same ? 3u : 4u))
		return err_set(why, ERR_FORMAT, "line %zu: expected %s, found %s%zu fields",
			line->number, form, line->fields > FIELDS_MAX ? "more than " : "",
			line->fields > FIELDS_MAX ? FIELDS_MAX : line->fields);
	*out = (struct pair){.same = same};
	if (!parse_name(f[0], out->photo[0].name) ||
		!parse_name(same ? f[0] : f[2], out->photo[1].name))
		return err_set(why, ERR_FORMAT, "line %zu: not a name of at most %d bytes",
			line->number, PAIR_NAME_BYTES - 1);
	if (!parse_number(f[1], PAIR_NUMBER_MAX, &out->photo[0].number) ||
		!parse_number(f[same ? 2 : 3], PAIR_NUMBER_MAX, &out->photo[1].number))
		return err_set(why, ERR_FORMAT, "line %zu: a photo's number is 1 to %d",
			line->number, PAIR_NUMBER_MAX);
	return OK;
}

static enum err parse_head(struct reader *r, int *folds, int *each)
{
	struct line line;
	if (!line_next(r, &line))
		return err_set(r->why, ERR_FORMAT, "no pairs in it");
	*folds = 1;
	if (line.fields > 2 || !parse_number(line.field[line.fields - 1], PAIRS_MAX, each) ||
		(line.fields == 2 && !parse_number(line.field[0], PAIRS_FOLDS_MAX, folds)))
		return err_set(r->why, ERR_FORMAT,
			"line %zu: expected 'pairs' or 'folds<tab>pairs' of each kind, up to %d "
			"and %d",
			line.number, PAIRS_MAX, PAIRS_FOLDS_MAX);
	if (*each > PAIRS_MAX / 2 / *folds)
		return err_set(
			r->why, ERR_LIMIT, "line %zu: more than %d pairs", line.number, PAIRS_MAX);
	return OK;
}

static enum err pair_add(struct pair_list *list, const struct pair *pair, struct error *why)
{
	if (!mem_grow((void **)&list->item, list->count, &list->capacity, sizeof(*list->item)))
		return err_set(why, ERR_NOMEM, "no memory for %zu pairs", list->count + 1);
	list->item[list->count++] = *pair;
	return OK;
}

static enum err parse_all(struct reader *r, struct pair_list *out)
{
	int folds = 1, each = 1;
	struct line line;
	enum err err = parse_head(r, &folds, &each);
	if (err != OK)
		return err;
	out->folds = folds > 1 ? folds : each < PAIRS_FOLDS ? each : PAIRS_FOLDS;
	long total = 2L * folds * each;
	for (long i = 0; i < total; i++) {
		struct pair pair;
		int at = (int)(i % each);
		if (!line_next(r, &line))
			return err_set(r->why, ERR_FORMAT, "ends after %ld of %ld pairs", i, total);
		err = parse_pair(&line, i / each % 2 == 0, &pair, r->why);
		if (err != OK)
			return err;
		pair.fold = folds > 1 ? (int)(i / each / 2) : (int)((long)at * out->folds / each);
		err = pair_add(out, &pair, r->why);
		if (err != OK)
			return err;
	}
	if (line_next(r, &line))
		return err_set(r->why, ERR_FORMAT, "line %zu: more than the %ld pairs announced",
			line.number, total);
	return OK;
}

enum err pairs_parse(struct pair_list *out, const char *text, size_t len, struct error *why)
{
	struct reader r = {.rest = {text, len}, .why = why};
	*out = (struct pair_list){0};
	if (len > PAIRS_FILE_MAX)
		return err_set(why, ERR_LIMIT, "more than %d bytes", PAIRS_FILE_MAX);
	enum err err = parse_all(&r, out);
	if (err != OK)
		pair_list_finish(out);
	return err;
}

enum err pairs_load(struct pair_list *out, const char *path, struct error *why)
{
	struct buf text;
	*out = (struct pair_list){0};
	buf_init(&text, PAIRS_FILE_MAX);
	enum err err = file_read(path, &text, why);
	if (err == OK) {
		err = pairs_parse(out, buf_str(&text), text.len, why);
		if (err != OK)
			err = err_prefix(why, err, "'%s'", path);
	}
	buf_finish(&text);
	return err;
}

char *pair_photo_path(const char *folder, const struct pair_photo *photo)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%s/%s_%04d.jpg", folder, photo->name, photo->name, photo->number) <
		0)
		return NULL;
	return path;
}

int pair_photo_compare(const struct pair_photo *a, const struct pair_photo *b)
{
	int order = strcmp(a->name, b->name);
	return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}
