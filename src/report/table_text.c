/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"
#include "report/table_int.h"

enum { COLUMN_WIDTH_MIN = 4, CHARACTER_BYTES = 5 };

#define ESCAPE "\x1b["

/* What the lines are drawn with. */
struct lines {
	const char *across, *down, *more;
	size_t more_columns;
	struct {
		const char *left, *middle, *right;
	} top, rule, bottom;
};

static const struct lines box_lines = {
	"─", "│", "…", 1, {"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}};
static const struct lines ascii_lines = {
	"-", "|", "...", 3, {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}};

static const struct {
	const char *word, *colour;
} colours[] = {
	{"present", ESCAPE "32m"},
	{"late", ESCAPE "33m"},
	{"absent", ESCAPE "31m"},
	{"excused", ESCAPE "36m"},
	{"left early", ESCAPE "36m"},
	{"left_early", ESCAPE "36m"},
	{"expected", ESCAPE "2m"},
	{"match", ESCAPE "32m"},
	{"review", ESCAPE "33m"},
	{"unknown", ESCAPE "31m"},
};

static const char *colour_of(const char *cell)
{
	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
		if (strcmp(cell, colours[i].word) == 0)
			return colours[i].colour;
	}
	return NULL;
}

/* A table being drawn. */
struct drawing {
	const struct table *t;
	const struct table_style *style;
	const struct lines *lines;
	struct buf *out;
	size_t width[TABLE_COLUMNS_MAX]; /* of each column, without the blanks around */
	enum err err;
};

static void add(struct drawing *d, const char *text)
{
	if (d->err == OK)
		d->err = buf_add_str(d->out, text);
}

static void add_times(struct drawing *d, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		add(d, text);
}

/* A cell as it is printed, for free(3). */
static char *printable(struct drawing *d, const char *cell)
{
	char *text = utf8_printable(cell);
	if (text == NULL)
		d->err = ERR_NOMEM;
	return text;
}

static size_t max2(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The first character of a text; returns its bytes. */
static size_t first_character(const char *text, char out[static CHARACTER_BYTES])
{
	size_t len = 1;
	while (len < CHARACTER_BYTES - 1 && ((unsigned char)text[len] & 0xC0) == 0x80)
		len++;
	memcpy(out, text, len);
	out[len] = '\0';
	return len;
}

/* How many bytes of the text fit into so many terminal columns; *used is how many they take. */
static size_t bytes_within(const char *text, size_t columns, size_t *used)
{
	size_t at = 0;
	*used = 0;
	while (text[at] != '\0') {
		char character[CHARACTER_BYTES];
		size_t len = first_character(text + at, character);
		size_t wide = utf8_columns(character);
		if (*used + wide > columns)
			break;
		*used += wide;
		at += len;
	}
	return at;
}

/* Takes columns from the widest until the table fits, or nothing more can be taken. */
static void shrink(struct drawing *d)
{
	size_t columns = d->t->columns, limit = (size_t)d->style->width;
	for (;;) {
		size_t total = 1, widest = 0;
		for (size_t i = 0; i < columns; i++) {
			total += d->width[i] + 3;
			if (d->width[i] > d->width[widest])
				widest = i;
		}
		if (total <= limit || d->width[widest] <= COLUMN_WIDTH_MIN)
			return;
		d->width[widest]--;
	}
}

static void measure_cell(struct drawing *d, size_t column, const char *cell)
{
	char *text = printable(d, cell);
	if (text != NULL)
		d->width[column] = max2(d->width[column], utf8_columns(text));
	free(text);
}

static void measure(struct drawing *d)
{
	const struct table *t = d->t;
	for (size_t column = 0; column < t->columns; column++) {
		measure_cell(d, column, t->title[column]);
		for (size_t row = 0; row < t->rows && d->err == OK; row++)
			measure_cell(d, column, table_cell(t, row, column));
	}
	if (d->style->width > 0)
		shrink(d);
}

static void draw_line(struct drawing *d, const char *left, const char *middle, const char *right)
{
	for (size_t i = 0; i < d->t->columns; i++) {
		add(d, i == 0 ? left : middle);
		add_times(d, d->lines->across, d->width[i] + 2);
	}
	add(d, right);
	add(d, "\n");
}

static void draw_text(struct drawing *d, size_t column, const char *text)
{
	size_t width = d->width[column], used = utf8_columns(text), bytes = strlen(text);
	bool cut = used > width;
	if (cut) {
		bytes = bytes_within(text, width - d->lines->more_columns, &used);
		used += d->lines->more_columns;
	}
	if (d->t->align[column] == ALIGN_RIGHT)
		add_times(d, " ", width - used);
	if (d->err == OK)
		d->err = buf_add(d->out, text, bytes);
	if (cut)
		add(d, d->lines->more);
	if (d->t->align[column] == ALIGN_LEFT)
		add_times(d, " ", width - used);
}

static void draw_cell(struct drawing *d, size_t column, const char *cell, const char *colour)
{
	char *text = printable(d, cell);
	if (text == NULL)
		return;
	add(d, " ");
	if (d->style->colour && colour != NULL)
		add(d, colour);
	draw_text(d, column, text);
	if (d->style->colour && colour != NULL)
		add(d, ESCAPE "0m");
	add(d, " ");
	free(text);
}

static void draw_row(struct drawing *d, char *const *cell, const char *colour)
{
	add(d, d->lines->down);
	for (size_t i = 0; i < d->t->columns; i++) {
		draw_cell(d, i, cell[i], colour != NULL ? colour : colour_of(cell[i]));
		add(d, d->lines->down);
	}
	add(d, "\n");
}

enum err table_text(
	const struct table *t, const struct table_style *style, struct buf *out, struct error *why)
{
	const struct lines *lines = style->unicode ? &box_lines : &ascii_lines;
	struct drawing d = {.t = t, .style = style, .lines = lines, .out = out};
	measure(&d);
	draw_line(&d, lines->top.left, lines->top.middle, lines->top.right);
	draw_row(&d, t->title, ESCAPE "1m");
	draw_line(&d, lines->rule.left, lines->rule.middle, lines->rule.right);
	for (size_t row = 0; row < t->rows && d.err == OK; row++)
		draw_row(&d, t->cell + row * t->columns, NULL);
	draw_line(&d, lines->bottom.left, lines->bottom.middle, lines->bottom.right);
	if (d.err == ERR_LIMIT)
		return err_set(why, d.err, "the table is larger than %zu bytes", out->max);
	if (d.err != OK)
		return err_set(why, d.err, "cannot draw the table: out of memory");
	return OK;
}
