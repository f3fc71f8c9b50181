/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "base/name.h"
#include "report/table_int.h"

enum {
	SHEET_ROWS_MAX = 1048575,  /* of Excel, less the titles */
	SHEET_NAME_CHARS_MAX = 31, /* of Excel */
	CELL_CHARS_MAX = 32767,    /* of Excel; we count bytes, which are not fewer */
	MEASURED_ROWS_MAX = 10000, /* for a column's width */
	COLUMN_WIDTH_LIMIT = 60,
	PATH_ROOM = 64,
};

/* Excel takes 31 characters, none of []:*?/\ and no ' at an end, and not the empty name. */
static void sheet_name(const char *wanted, char out[static 4 * SHEET_NAME_CHARS_MAX + 1])
{
	size_t put = 0, characters = 0;
	bool valid = utf8_valid(wanted, strlen(wanted)) != 0;
	for (const char *c = wanted; valid && *c != '\0'; c++) {
		bool begins = ((unsigned char)*c & 0xC0) != 0x80;
		if (begins && characters++ == SHEET_NAME_CHARS_MAX)
			break;
		bool bad = strchr("[]:*?/\\'", *c) != NULL || (unsigned char)*c < 0x20;
		out[put++] = bad ? '-' : *c;
	}
	if (put == 0) {
		memcpy(out, "Sheet", sizeof("Sheet"));
		return;
	}
	out[put] = '\0';
}

static enum err of_library(lxw_error code, struct error *why)
{
	enum err err = ERR_IO;
	if (code == LXW_ERROR_MEMORY_MALLOC_FAILED)
		err = ERR_NOMEM;
	return err_set(why, err, "cannot write the spreadsheet: %s", lxw_strerror(code));
}

static lxw_error write_cell(
	lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const char *cell, bool number)
{
	if (cell[0] == '\0')
		return LXW_NO_ERROR;
	if (number && cell_is_number(cell))
		return worksheet_write_number(sheet, row, column, strtod(cell, NULL), NULL);
	size_t len = strlen(cell);
	if (len <= CELL_CHARS_MAX && utf8_valid(cell, len))
		return worksheet_write_string(sheet, row, column, cell, NULL);
	char *text = utf8_printable(cell);
	if (text == NULL)
		return LXW_ERROR_MEMORY_MALLOC_FAILED;
	if (strlen(text) > CELL_CHARS_MAX) {
		size_t cut = CELL_CHARS_MAX;
		while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
			cut--;
		text[cut] = '\0';
	}
	lxw_error code = worksheet_write_string(sheet, row, column, text, NULL);
	free(text);
	return code;
}

static double column_width(const struct table *t, size_t column)
{
	size_t widest = utf8_columns(t->title[column]);
	for (size_t row = 0; row < t->rows && row < MEASURED_ROWS_MAX; row++) {
		const char *cell = table_cell(t, row, column);
		/* Bytes are never fewer than columns by much, and cheap: only long cells count. */
		size_t wide = strlen(cell) > widest ? utf8_columns(cell) : 0;
		widest = wide > widest ? wide : widest;
	}
	return (double)(widest < COLUMN_WIDTH_LIMIT ? widest : COLUMN_WIDTH_LIMIT) + 2.0;
}

static lxw_error fill(const struct table *t, lxw_workbook *book, lxw_worksheet *sheet)
{
	lxw_format *bold = workbook_add_format(book);
	if (bold == NULL)
		return LXW_ERROR_MEMORY_MALLOC_FAILED;
	format_set_bold(bold);
	lxw_error code = LXW_NO_ERROR;
	for (size_t i = 0; i < t->columns && code == LXW_NO_ERROR; i++) {
		lxw_col_t column = (lxw_col_t)i;
		code = worksheet_set_column(sheet, column, column, column_width(t, i), NULL);
		if (code == LXW_NO_ERROR)
			code = worksheet_write_string(sheet, 0, column, t->title[i], bold);
	}
	for (size_t row = 0; row < t->rows; row++) {
		for (size_t i = 0; i < t->columns && code == LXW_NO_ERROR; i++)
			code = write_cell(sheet, (lxw_row_t)(row + 1), (lxw_col_t)i,
				table_cell(t, row, i), t->align[i] == ALIGN_RIGHT);
	}
	worksheet_freeze_panes(sheet, 1, 0);
	if (code == LXW_NO_ERROR)
		code = worksheet_autofilter(
			sheet, 0, 0, (lxw_row_t)t->rows, (lxw_col_t)(t->columns - 1));
	return code;
}

/* Writes to `path`. */
static enum err write_book(
	const struct table *t, const char *sheet, const char *path, struct error *why)
{
	char name[4 * SHEET_NAME_CHARS_MAX + 1];
	sheet_name(sheet, name);
	lxw_workbook *book = workbook_new(path);
	if (book == NULL)
		return err_set(why, ERR_NOMEM, "cannot make the spreadsheet: out of memory");
	lxw_worksheet *page = workbook_add_worksheet(book, name);
	lxw_error code = page != NULL ? fill(t, book, page) : LXW_ERROR_PARAMETER_VALIDATION;
	/* Closing frees the book, whatever happened. */
	lxw_error closed = workbook_close(book);
	if (code == LXW_NO_ERROR)
		code = closed;
	return code == LXW_NO_ERROR ? OK : of_library(code, why);
}

static enum err append_file(int fd, struct buf *out, struct error *why)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_errno(why, errno, "cannot read the spreadsheet back");
	size_t len = (size_t)st.st_size;
	void *bytes = len > 0 ? mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (bytes == MAP_FAILED)
		return err_errno(why, errno, "cannot read the spreadsheet back");
	enum err err = buf_add(out, bytes, len);
	munmap(bytes, len);
	if (err == ERR_LIMIT)
		err_set(why, err, "the spreadsheet is larger than %zu bytes", out->max);
	else if (err != OK)
		err_set(why, err, "cannot keep the spreadsheet: out of memory");
	return err;
}

/*
 * libxlsxwriter of Debian 12 (1.1.4) only writes to a path; a file that is nowhere but in memory
 * has one below /proc.
 */
enum err table_xlsx(const struct table *t, const char *sheet, struct buf *out, struct error *why)
{
	if (t->rows > SHEET_ROWS_MAX)
		return err_set(why, ERR_LIMIT,
			"a spreadsheet has at most %d rows, this table %zu: use CSV",
			SHEET_ROWS_MAX, t->rows);
	int fd = memfd_create("rollcall-xlsx", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(why, errno, "cannot make the spreadsheet");
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	enum err err = write_book(t, sheet, path, why);
	if (err == OK)
		err = append_file(fd, out, why);
	close(fd);
	return err;
}
