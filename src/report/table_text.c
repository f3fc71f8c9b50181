/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"
#include "report/table_int.h"

enum {
	COLUMN_WIDTH_MIN = 4,
	CHARACTER_BYTES = 5,
	ROW_LINES_MAX = 4, /* of a cell that is broken into lines; the rest is cut */
};

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
	size_t word[TABLE_COLUMNS_MAX];  /* the longest word of each */
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

/* Takes columns from the widest that is wider than `least` until the table fits, if it can. */
static void shrink(struct drawing *d, const size_t *least)
{
	size_t columns = d->t->columns, limit = (size_t)d->style->width;
	for (;;) {
		size_t total = 1, widest = columns;
		for (size_t i = 0; i < columns; i++) {
			total += d->width[i] + 3;
			if (d->width[i] > max2(least[i], COLUMN_WIDTH_MIN) &&
				(widest == columns || d->width[i] > d->width[widest]))
				widest = i;
		}
		if (total <= limit || widest == columns)
			return;
		d->width[widest]--;
	}
}

static size_t longest_word(const char *text)
{
	size_t longest = 0;
	while (*text != '\0') {
		size_t bytes = strcspn(text, " ");
		longest = max2(longest, utf8_columns(text) - utf8_columns(text + bytes));
		text += bytes + strspn(text + bytes, " ");
	}
	return longest;
}

static void measure_cell(struct drawing *d, size_t column, const char *cell)
{
	char *text = printable(d, cell);
	if (text != NULL) {
		d->width[column] = max2(d->width[column], utf8_columns(text));
		d->word[column] = max2(d->word[column], longest_word(text));
	}
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
	static const size_t none[TABLE_COLUMNS_MAX];
	if (d->style->width > 0) {
		shrink(d, d->word);
		shrink(d, none);
	}
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

/* The part of a cell that one line shows. */
struct piece {
	const char *text;
	size_t bytes, columns; /* without what stands for the rest */
	bool cut;
};

/* Takes the next line's part from *rest: whole words, or part of one that is too long. */
static struct piece next_piece(const char **rest, size_t width, size_t more, bool last)
{
	struct piece p = {.text = *rest, .bytes = strlen(*rest), .columns = utf8_columns(*rest)};
	*rest += p.bytes;
	if (p.columns <= width)
		return p;
	p.bytes = bytes_within(p.text, width, &p.columns);
	size_t end = p.bytes;
	while (end > 0 && p.text[end] != ' ')
		end--;
	p.cut = last || end == 0;
	if (p.cut) {
		p.bytes = bytes_within(p.text, width - more, &p.columns);
		end = p.bytes + strcspn(p.text + p.bytes, " ");
	} else {
		p.columns = utf8_columns(p.text) - utf8_columns(p.text + end);
		p.bytes = end;
	}
	*rest = last ? "" : p.text + end + strspn(p.text + end, " ");
	return p;
}

static void draw_piece(struct drawing *d, size_t column, const struct piece *p, const char *colour)
{
	size_t used = p->columns + (p->cut ? d->lines->more_columns : 0);
	size_t blanks = d->width[column] > used ? d->width[column] - used : 0;
	bool coloured = d->style->colour && colour != NULL;
	add(d, " ");
	if (coloured)
		add(d, colour);
	if (d->t->align[column] == ALIGN_RIGHT)
		add_times(d, " ", blanks);
	if (d->err == OK)
		d->err = buf_add(d->out, p->text, p->bytes);
	if (p->cut)
		add(d, d->lines->more);
	if (d->t->align[column] == ALIGN_LEFT)
		add_times(d, " ", blanks);
	if (coloured)
		add(d, ESCAPE "0m");
	add(d, " ");
}

/* Draws one line of a row and takes it from the texts; gives whether there is more. */
static bool draw_row_line(
	struct drawing *d, const char **rest, const char *const *colour, bool last)
{
	bool more = false;
	add(d, d->lines->down);
	for (size_t i = 0; i < d->t->columns; i++) {
		struct piece p = next_piece(&rest[i], d->width[i], d->lines->more_columns, last);
		draw_piece(d, i, &p, colour[i]);
		add(d, d->lines->down);
		more = more || rest[i][0] != '\0';
	}
	add(d, "\n");
	return more;
}

static void draw_row(struct drawing *d, char *const *cell, const char *colour)
{
	char *text[TABLE_COLUMNS_MAX] = {NULL};
	const char *rest[TABLE_COLUMNS_MAX], *colours_of[TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < d->t->columns; i++) {
		text[i] = printable(d, cell[i]);
		rest[i] = text[i];
		colours_of[i] = colour != NULL ? colour : colour_of(cell[i]);
	}
	for (int line = 1; d->err == OK; line++) {
		if (!draw_row_line(d, rest, colours_of, line == ROW_LINES_MAX))
			break;
	}
	for (size_t i = 0; i < d->t->columns; i++)
		free(text[i]);
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
