/* SPDX-License-Identifier: MIT */
/*
 * Tables out: for a terminal, as CSV, as a spreadsheet. Cells are copied. One thread at a time.
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { TABLE_COLUMNS_MAX = 32, TABLE_ROWS_MAX = 10000000, REPORT_BYTES_MAX = 1 << 30 };

enum table_align { ALIGN_LEFT, ALIGN_RIGHT };

struct table_column {
	const char *title;
	enum table_align align;
};

struct table;

/* A table with these columns (the array and its strings are copied). */
enum err table_new(struct table **out, const struct table_column *column, size_t columns,
	struct error *why) MUST_USE;
void table_free(struct table *t);

/* Adds a row: `columns` strings, NULL = empty. */
enum err table_add(struct table *t, const char *const *cell, struct error *why) MUST_USE;
size_t table_rows(const struct table *t);

struct table_style {
	bool colour; /* terminal colours for the status words */
	/*
	 * Columns of the terminal; 0 = no limit. Long cells are broken between words, at most
	 * into four lines, and cut with "…" where that is not enough.
	 */
	int width;
	bool unicode; /* box-drawing lines, else ASCII */
};

/*
 * Appends the table as text for a terminal: control characters and what is no UTF-8 become
 * '?', wide characters count as two columns. Without `unicode`, lines and "..." are ASCII.
 */
enum err table_text(const struct table *t, const struct table_style *style, struct buf *out,
	struct error *why) MUST_USE;
/*
 * Appends CSV (RFC 4180: CRLF, quotes where needed; UTF-8). Cells that a spreadsheet would
 * take for a formula get a leading "'"; plain numbers do not.
 */
enum err table_csv(const struct table *t, struct buf *out, struct error *why) MUST_USE;
/*
 * Appends an XLSX file: one sheet with bold titles that stay in view and can be filtered.
 * Everything is text, never a formula, but numbers in columns that are aligned right. A
 * sheet's name is cut and cleaned to what spreadsheets allow. ERR_LIMIT over 1,048,575 rows.
 */
enum err table_xlsx(
	const struct table *t, const char *sheet, struct buf *out, struct error *why) MUST_USE;

#endif
