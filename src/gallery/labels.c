/* SPDX-License-Identifier: MIT */
#include "gallery/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

enum { NUMBER_MAX = 1000000 };

static const char head_boxes[] = "file,x,y,w,h";
static const char head_points[] = "file,faces,nose_points";

/* What is left of a line. */
struct cursor {
	const char *at, *end;
};

void label_list_finish(struct label_list *list)
{
	free(list->item);
	*list = (struct label_list){0};
}

/* Skips `c` if it is next. */
static bool skip(struct cursor *k, char c)
{
	if (k->at == k->end || *k->at != c)
		return false;
	k->at++;
	return true;
}

/* A decimal number like -12 or 3.5. */
static bool parse_number(struct cursor *k, float *out)
{
	bool negative = skip(k, '-'), any = false;
	double value = 0, unit = 1;
	bool fraction = false;
	for (; k->at < k->end; k->at++) {
		if (*k->at == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (*k->at < '0' || *k->at > '9')
			break;
		any = true;
		value = value * 10 + (*k->at - '0');
		unit *= fraction ? 10 : 1;
		if (value / unit > NUMBER_MAX)
			return false;
	}
	*out = (float)(negative ? -value / unit : value / unit);
	return any;
}

/* A file's name, up to the comma, that stays inside its folder. */
static bool parse_file(struct cursor *k, char out[static LABEL_NAME_BYTES])
{
	const char *comma = memchr(k->at, ',', (size_t)(k->end - k->at));
	size_t len = comma != NULL ? (size_t)(comma - k->at) : 0;
	if (len == 0 || len >= LABEL_NAME_BYTES || k->at[0] == '.' ||
		memchr(k->at, '/', len) != NULL || memchr(k->at, '\0', len) != NULL)
		return false;
	memcpy(out, k->at, len);
	out[len] = '\0';
	k->at = comma + 1;
	return true;
}

static enum err add(struct label_list *list, const struct label *label, struct error *why)
{
	if (list->count >= LABELS_MAX)
		return err_set(why, ERR_LIMIT, "more than %d labels", LABELS_MAX);
	if (!mem_grow((void **)&list->item, list->count, &list->capacity, sizeof(*list->item)))
		return err_set(why, ERR_NOMEM, "no memory for %zu labels", list->count + 1);
	list->item[list->count++] = *label;
	return OK;
}

/* "x,y,w,h" after the file's name. */
static enum err parse_box(
	struct label_list *list, struct label *label, struct cursor k, struct error *why)
{
	struct box *b = &label->box;
	if (!parse_number(&k, &b->x) || !skip(&k, ',') || !parse_number(&k, &b->y) ||
		!skip(&k, ',') || !parse_number(&k, &b->w) || !skip(&k, ',') ||
		!parse_number(&k, &b->h) || k.at != k.end || !(b->w > 0) || !(b->h > 0))
		return err_set(why, ERR_FORMAT, "expected '%s'", head_boxes);
	label->face = true;
	return add(list, label, why);
}

/* "faces," and "x,y x,y", in quotes or, where there are none, not. */
static enum err parse_points(
	struct label_list *list, struct label *label, struct cursor k, struct error *why)
{
	float faces, count = 0;
	enum err err = OK;
	bool good = parse_number(&k, &faces) && skip(&k, ',');
	bool quoted = good && skip(&k, '"');
	while (err == OK && good && k.at < k.end && *k.at != '"') {
		good = parse_number(&k, &label->box.x) && skip(&k, ',') &&
			parse_number(&k, &label->box.y);
		skip(&k, ' ');
		label->face = true;
		count++;
		if (good)
			err = add(list, label, why);
	}
	good = good && (!quoted || skip(&k, '"')) && k.at == k.end && count == faces;
	if (err == OK && !good)
		return err_set(
			why, ERR_FORMAT, "expected '%s' and as many points as faces", head_points);
	return err == OK && count == 0 ? add(list, label, why) : err;
}

static bool is_head(const struct cursor *line, const char *head)
{
	size_t len = (size_t)(line->end - line->at);
	return len == strlen(head) && memcmp(line->at, head, len) == 0;
}

static enum err parse_line(
	struct label_list *list, size_t number, struct cursor k, struct error *why)
{
	struct label label = {0};
	if (number == 1) {
		list->points = is_head(&k, head_points);
		if (list->points || is_head(&k, head_boxes))
			return OK;
		return err_set(why, ERR_FORMAT, "expected '%s' or '%s'", head_boxes, head_points);
	}
	if (k.at == k.end)
		return OK;
	if (!parse_file(&k, label.file))
		return err_set(why, ERR_FORMAT, "expected a file's name of at most %d bytes first",
			LABEL_NAME_BYTES - 1);
	return list->points ? parse_points(list, &label, k, why) : parse_box(list, &label, k, why);
}

static int by_file(const void *a, const void *b)
{
	const struct label *left = a, *right = b;
	return strcmp(left->file, right->file);
}

enum err labels_parse(struct label_list *out, const char *text, size_t len, struct error *why)
{
	const char *at = text, *end = text + len;
	enum err err = OK;
	*out = (struct label_list){0};
	if (len == 0)
		return err_set(why, ERR_FORMAT, "no labels in it");
	for (size_t number = 1; err == OK && at < end; number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct cursor line = {at, stop != NULL ? stop : end};
		at = stop != NULL ? stop + 1 : end;
		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		err = parse_line(out, number, line, why);
		if (err != OK)
			err = err_prefix(why, err, "line %zu", number);
	}
	if (err == OK && out->count > 0)
		qsort(out->item, out->count, sizeof(*out->item), by_file);
	if (err != OK)
		label_list_finish(out);
	return err;
}

enum err labels_load(struct label_list *out, const char *path, struct error *why)
{
	struct buf text;
	*out = (struct label_list){0};
	buf_init(&text, LABELS_FILE_MAX);
	enum err err = file_read(path, &text, why);
	if (err == OK) {
		err = labels_parse(out, buf_str(&text), text.len, why);
		if (err != OK)
			err = err_prefix(why, err, "'%s'", path);
	}
	buf_finish(&text);
	return err;
}
