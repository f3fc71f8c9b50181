/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/table_int.h"

static enum err no_memory(struct error *why)
{
	return err_set(why, ERR_NOMEM, "cannot make the table: out of memory");
}

enum err table_new(
	struct table **out, const struct table_column *column, size_t columns, struct error *why)
{
	*out = NULL;
	if (columns == 0 || columns > TABLE_COLUMNS_MAX)
		return err_set(why, ERR_ARG, "a table has 1 to %d columns", TABLE_COLUMNS_MAX);
	struct table *t = mem_array(1, sizeof(*t));
	if (t == NULL)
		return no_memory(why);
	t->columns = columns;
	for (size_t i = 0; i < columns; i++) {
		t->align[i] = column[i].align;
		t->title[i] = mem_strdup(column[i].title);
		if (t->title[i] == NULL) {
			table_free(t);
			return no_memory(why);
		}
	}
	*out = t;
	return OK;
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->columns; i++)
		free(t->title[i]);
	for (size_t i = 0; i < t->cells; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t);
}

enum err table_add(struct table *t, const char *const *cell, struct error *why)
{
	if (t->rows >= TABLE_ROWS_MAX)
		return err_set(why, ERR_LIMIT, "more than %d rows", TABLE_ROWS_MAX);
	for (size_t i = 0; i < t->columns; i++) {
		void *cells = t->cell;
		char *copy = mem_strdup(cell[i] != NULL ? cell[i] : "");
		if (copy == NULL || !mem_grow(&cells, t->cells, &t->capacity, sizeof(*t->cell))) {
			free(copy);
			while (t->cells > t->rows * t->columns)
				free(t->cell[--t->cells]);
			return no_memory(why);
		}
		t->cell = cells;
		t->cell[t->cells++] = copy;
	}
	t->rows++;
	return OK;
}

size_t table_rows(const struct table *t)
{
	return t->rows;
}

const char *table_cell(const struct table *t, size_t row, size_t column)
{
	return t->cell[row * t->columns + column];
}

bool cell_is_number(const char *cell)
{
	static const char digits[] = "0123456789";
	const char *c = cell + (*cell == '-' || *cell == '+');
	size_t whole = strspn(c, digits);
	c += whole;
	if (whole == 0)
		return false;
	if (*c == '.') {
		size_t part = strspn(c + 1, digits);
		if (part == 0)
			return false;
		c += 1 + part;
	}
	return *c == '\0';
}
