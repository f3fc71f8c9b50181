/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include <string.h>

#include "report/table_int.h"

/*
 * Beginnings that make a spreadsheet compute instead of show (OWASP, "CSV injection"); the
 * last four are the full-width forms of the first, which some take for them.
 */
static const char *const formula[] = {"=", "+", "-", "@", "\t", "\r", "\n", "\xEF\xBC\x9D",
	"\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"};

static bool is_formula(const char *cell)
{
	if (cell_is_number(cell))
		return false;
	for (size_t i = 0; i < sizeof(formula) / sizeof(formula[0]); i++) {
		if (strncmp(cell, formula[i], strlen(formula[i])) == 0)
			return true;
	}
	return false;
}

static enum err add_cell(struct buf *out, const char *cell)
{
	const char *guard = is_formula(cell) ? "'" : "";
	/* Blanks at an end are quoted too: some readers drop them otherwise. */
	size_t len = strlen(cell);
	bool blank = len > 0 && (cell[0] == ' ' || cell[len - 1] == ' ');
	if (strpbrk(cell, ",\"\r\n") == NULL && !blank) {
		enum err err = buf_add_str(out, guard);
		return err == OK ? buf_add_str(out, cell) : err;
	}
	enum err err = buf_add_str(out, "\"");
	if (err == OK)
		err = buf_add_str(out, guard);
	while (err == OK && *cell != '\0') {
		size_t plain = strcspn(cell, "\"");
		err = buf_add(out, cell, plain);
		cell += plain;
		if (err == OK && *cell == '"') {
			err = buf_add_str(out, "\"\"");
			cell++;
		}
	}
	return err == OK ? buf_add_str(out, "\"") : err;
}

/* `cell` is an array of the table's columns. */
static enum err add_row(struct buf *out, char *const *cell, size_t columns)
{
	enum err err = OK;
	for (size_t i = 0; i < columns && err == OK; i++) {
		if (i > 0)
			err = buf_add_str(out, ",");
		if (err == OK)
			err = add_cell(out, cell[i]);
	}
	return err == OK ? buf_add_str(out, "\r\n") : err;
}

enum err table_csv(const struct table *t, struct buf *out, struct error *why)
{
	enum err err = add_row(out, t->title, t->columns);
	for (size_t row = 0; row < t->rows && err == OK; row++)
		err = add_row(out, t->cell + row * t->columns, t->columns);
	if (err == ERR_LIMIT)
		return err_set(why, err, "the table is larger than %zu bytes", out->max);
	if (err != OK)
		return err_set(why, err, "cannot write the table: out of memory");
	return OK;
}
