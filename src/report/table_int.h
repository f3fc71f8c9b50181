/* SPDX-License-Identifier: MIT */
/* The inside of a table, for the files that write it out. One thread at a time. */
#ifndef REPORT_TABLE_INT_H
#define REPORT_TABLE_INT_H

#include "report/table.h"

/* Invariants: 1 <= columns <= TABLE_COLUMNS_MAX; cell holds rows * columns strings, none NULL. */
struct table {
	char *title[TABLE_COLUMNS_MAX];
	enum table_align align[TABLE_COLUMNS_MAX];
	size_t columns, rows;
	char **cell;
	size_t cells, capacity; /* cells = rows * columns, but while a row is added */
};

/* Borrowed for the table's life. */
const char *table_cell(const struct table *t, size_t row, size_t column);

/* Whether a cell is a plain decimal number: "12", "-0.31". */
bool cell_is_number(const char *cell);

#endif
