/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/name.h"
#include "report/roll_report.h"
#include "report/table.h"

enum { ROOM = 1 << 20 };

/* --- tables --- */

static struct table *make_table(
	const struct table_column *column, size_t columns, const char *const *cell, size_t rows)
{
	struct table *t = NULL;
	assert_int_equal(table_new(&t, column, columns, NULL), OK);
	for (size_t i = 0; i < rows; i++)
		assert_int_equal(table_add(t, cell + i * columns, NULL), OK);
	assert_int_equal(table_rows(t), rows);
	return t;
}

static void csv_quotes_and_guards(void **state)
{
	(void)state;
	static const struct {
		const char *cell, *csv;
	} cases[] = {
		{"plain", "plain"},
		{"", ""},
		{NULL, ""},
		{"a,b", "\"a,b\""},
		{"say \"hi\"", "\"say \"\"hi\"\"\""},
		{"two\nlines", "\"two\nlines\""},
		{" blank", "\" blank\""},
		{"Jos\xC3\xA9", "Jos\xC3\xA9"},
		/* What a spreadsheet would compute. */
		{"=1+1", "'=1+1"},
		{"+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"},
		{"-2+3", "'-2+3"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"=A,\"B\"", "\"'=A,\"\"B\"\"\""},
		{"\t=1", "'\t=1"},
		{"\r=1", "\"'\r=1\""},
		{"\n=1", "\"'\n=1\""},
		{"\xEF\xBC\x9D"
		 "1",
			"'\xEF\xBC\x9D"
			"1"},
		/* What it would not. */
		{"-0.31", "-0.31"},
		{"+49", "+49"},
		{"-", "'-"},
		{"-1.", "'-1."},
		{"1=1", "1=1"},
	};
	static const struct table_column column[] = {{"a", ALIGN_LEFT}, {"b", ALIGN_LEFT}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table *t = make_table(column, 2, (const char *[]){cases[i].cell, "x"}, 1);
		struct buf out;
		buf_init(&out, ROOM);
		assert_int_equal(table_csv(t, &out, NULL), OK);
		char wanted[256];
		snprintf(wanted, sizeof(wanted), "a,b\r\n%s,x\r\n", cases[i].csv);
		assert_string_equal(buf_str(&out), wanted);
		buf_finish(&out);
		table_free(t);
	}
}

static void text_is_aligned_broken_and_cut(void **state)
{
	(void)state;
	static const struct table_column column[] = {{"Name", ALIGN_LEFT}, {"n", ALIGN_RIGHT}};
	static const char *const cell[] = {"Zo\xC3\xAB", "1",
		"\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99", "22", "A name that is long", "333",
		"bad\x1b[2J\xFF", NULL};
	struct table *t = make_table(column, 2, cell, 4);
	static const struct {
		struct table_style style;
		const char *text;
	} cases[] = {
		{{.width = 0, .unicode = false},
			"+---------------------+-----+\n"
			"| Name                |   n |\n"
			"+---------------------+-----+\n"
			"| Zo\xC3\xAB                 |   1 |\n"
			"| \xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99              |  22 |\n"
			"| A name that is long | 333 |\n"
			"| bad?[2J?            |     |\n"
			"+---------------------+-----+\n"},
		{{.width = 15, .unicode = true},
			"┌───────┬─────┐\n"
			"│ Name  │   n │\n"
			"├───────┼─────┤\n"
			"│ Zo\xC3\xAB   │   1 │\n"
			"│ \xE6\x9D\x8E\xE5\xB0\x8F… │  22 │\n"
			"│ A     │ 333 │\n"
			"│ name  │     │\n"
			"│ that  │     │\n"
			"│ is l… │     │\n"
			"│ bad?… │     │\n"
			"└───────┴─────┘\n"},
		/* The narrowest there is: wider than asked for, rather than nothing. */
		{{.width = 3, .unicode = false},
			"+------+-----+\n"
			"| Name |   n |\n"
			"+------+-----+\n"
			"| Zo\xC3\xAB  |   1 |\n"
			"| ...  |  22 |\n"
			"| A    | 333 |\n"
			"| name |     |\n"
			"| that |     |\n"
			"| i... |     |\n"
			"| b... |     |\n"
			"+------+-----+\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		buf_init(&out, ROOM);
		assert_int_equal(table_text(t, &cases[i].style, &out, NULL), OK);
		assert_string_equal(buf_str(&out), cases[i].text);
		buf_finish(&out);
	}
	table_free(t);
}

static void words_stay_whole_while_there_is_room(void **state)
{
	(void)state;
	static const struct table_column column[] = {{"Photo"}, {"Why it was not marked"}};
	static const char *const cell[] = {"a/sample1.jpg", "like nobody who is enrolled", "b.jpg",
		"  blank  at  begin  ", "c.jpg", ""};
	struct table *t = make_table(column, 2, cell, 3);
	struct buf out;
	buf_init(&out, ROOM);
	assert_int_equal(
		table_text(t, &(struct table_style){.width = 33, .unicode = false}, &out, NULL),
		OK);
	assert_string_equal(buf_str(&out),
		"+---------------+---------------+\n"
		"| Photo         | Why it was    |\n"
		"|               | not marked    |\n"
		"+---------------+---------------+\n"
		"| a/sample1.jpg | like nobody   |\n"
		"|               | who is        |\n"
		"|               | enrolled      |\n"
		"| b.jpg         |   blank  at   |\n"
		"|               | begin         |\n"
		"| c.jpg         |               |\n"
		"+---------------+---------------+\n");
	buf_finish(&out);
	table_free(t);
}

/* Every line is as wide as the first, and not wider than the terminal. */
static void assert_even(const char *text, size_t width)
{
	size_t first = 0;
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		char line[1024];
		assert_true(len < sizeof(line));
		memcpy(line, text, len);
		line[len] = '\0';
		size_t columns = utf8_columns(line);
		first = first == 0 ? columns : first;
		if (columns != first)
			fail_msg("%zu, not %zu columns: %s", columns, first, line);
		assert_true(columns <= width);
		text += len + (text[len] == '\n');
	}
}

static void wide_characters_keep_the_lines_even(void **state)
{
	(void)state;
	static const struct table_column column[] = {
		{"A", ALIGN_LEFT}, {"\xE5\x90\x8D\xE5\x89\x8D", ALIGN_RIGHT}};
	static const char *const cell[] = {
		"\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99\xE6\x9D\x8E\xE5\xB0\x8F",
		"e\xCC\x81"
		"e\xCC\x81"
		"e\xCC\x81 and more of it",
		"x", "\xF0\x9F\x99\x82\xF0\x9F\x99\x82"};
	struct table *t = make_table(column, 2, cell, 2);
	for (int width = 15; width < 60; width++) {
		for (int unicode = 0; unicode < 2; unicode++) {
			struct table_style style = {.width = width, .unicode = unicode};
			struct buf out;
			buf_init(&out, ROOM);
			assert_int_equal(table_text(t, &style, &out, NULL), OK);
			assert_even(buf_str(&out), (size_t)width);
			buf_finish(&out);
		}
	}
	table_free(t);
}

static void colour_is_for_status_words_only(void **state)
{
	(void)state;
	static const struct table_column column[] = {{"S", ALIGN_LEFT}};
	static const char *const cell[] = {"present", "late", "absent", "presents"};
	struct table *t = make_table(column, 1, cell, 4);
	struct buf out;
	buf_init(&out, ROOM);
	struct table_style style = {.colour = true};
	assert_int_equal(table_text(t, &style, &out, NULL), OK);
	assert_non_null(strstr(buf_str(&out), " \x1b[32mpresent \x1b[0m "));
	assert_non_null(strstr(buf_str(&out), " \x1b[33mlate    \x1b[0m "));
	assert_non_null(strstr(buf_str(&out), " \x1b[31mabsent  \x1b[0m "));
	assert_non_null(strstr(buf_str(&out), " presents "));
	buf_finish(&out);
	table_free(t);
}

/* Finds bytes in bytes. */
static bool holds(const struct buf *b, const char *text)
{
	return memmem(b->data, b->len, text, strlen(text)) != NULL;
}

static void xlsx_is_a_zip_with_a_sheet(void **state)
{
	(void)state;
	static const struct table_column column[] = {{"Name", ALIGN_LEFT}, {"d", ALIGN_RIGHT}};
	static const char *const names[] = {"2026-11-21", "", "a/b:c*[d]?\\'e",
		"a name of a sheet that is longer than what Excel takes", "\xFF\xFE"};
	char *huge = mem_array(40001, 1);
	memset(huge, 'x', 40000);
	const char *const cell[] = {"=1+1", "0.31", huge, "no number", "bad\xFF\x01", NULL};
	struct table *t = make_table(column, 2, cell, 3);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf out;
		buf_init(&out, ROOM);
		struct error why = {0};
		if (table_xlsx(t, names[i], &out, &why) != OK)
			fail_msg("%s", why.text);
		assert_true(out.len > 1000);
		assert_memory_equal(out.data, "PK\x03\x04", 4);
		assert_true(holds(&out, "xl/worksheets/sheet1.xml"));
		assert_true(holds(&out, "PK\x05\x06"));
		buf_finish(&out);
	}
	struct buf small;
	buf_init(&small, 100);
	struct error why = {0};
	assert_int_equal(table_xlsx(t, "x", &small, &why), ERR_LIMIT);
	assert_true(why.text[0] != '\0');
	buf_finish(&small);
	table_free(t);
	free(huge);
}

static void a_table_refuses_no_columns_and_too_many(void **state)
{
	(void)state;
	struct table_column column[TABLE_COLUMNS_MAX + 1];
	for (size_t i = 0; i <= TABLE_COLUMNS_MAX; i++)
		column[i] = (struct table_column){"x", ALIGN_LEFT};
	struct table *t;
	assert_int_equal(table_new(&t, column, 0, NULL), ERR_ARG);
	assert_int_equal(table_new(&t, column, TABLE_COLUMNS_MAX + 1, NULL), ERR_ARG);
	assert_null(t);
	assert_int_equal(table_new(&t, column, TABLE_COLUMNS_MAX, NULL), OK);
	table_free(t);
	table_free(NULL);
}

/* --- registers --- */

#define DAY_MS 1795219200000LL /* 2026-11-21T00:00:00Z */
#define MINUTE_MS 60000LL

static void set_line(
	struct roll_line *line, const char *name, const char *number, const char *group)
{
	*line = (struct roll_line){.status = MARK_ABSENT, .distance = NAN, .margin = NAN};
	snprintf(line->person_id, sizeof(line->person_id), "p-%s", name);
	snprintf(line->name, sizeof(line->name), "%s", name);
	snprintf(line->number, sizeof(line->number), "%s", number);
	snprintf(line->group, sizeof(line->group), "%s", group);
}

static void seen(
	struct roll_line *line, enum mark_status status, int minute, double distance, double margin)
{
	line->status = status;
	line->at_ms = DAY_MS + minute * MINUTE_MS + 12000;
	line->distance = distance;
	line->threshold = 0.5;
	line->margin = margin;
	snprintf(line->sighting_id, sizeof(line->sighting_id), "s-1");
}

static struct roll sample(void)
{
	struct roll roll = {
		.day = "2026-11-21", .present = 2, .late = 1, .absent = 1, .excused = 1};
	roll.line = mem_array(5, sizeof(*roll.line));
	roll.count = roll.capacity = 5;
	roll.closed = true;
	set_line(&roll.line[0], "Ada Lovelace", "17", "4b");
	seen(&roll.line[0], MARK_PRESENT, 8 * 60 + 55, 0.31, 0.25);
	set_line(&roll.line[1], "Beyonc\xC3\xA9 Knowles-Carter", "", "4b");
	seen(&roll.line[1], MARK_PRESENT, 8 * 60 + 58, 0.44, INFINITY);
	set_line(&roll.line[2], "\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99", "4", "4b");
	seen(&roll.line[2], MARK_LATE, 9 * 60 + 17, 0.48, 0.06);
	set_line(&roll.line[3], "=Cmd", "", "4b");
	set_line(&roll.line[4], "Zo\xC3\xAB", "", "4b");
	seen(&roll.line[4], MARK_EXCUSED, 26 * 60, NAN, NAN);
	roll.line[4].sighting_id[0] = '\0';
	snprintf(roll.line[4].actor, sizeof(roll.line[4].actor), "ms.smith");
	snprintf(roll.line[4].reason, sizeof(roll.line[4].reason), "dentist");
	return roll;
}

static struct zone *utc(void)
{
	struct zone *z = NULL;
	assert_int_equal(zone_open(&z, "UTC", NULL), OK);
	return z;
}

static void assert_report(const struct roll *roll, enum roll_format format,
	const struct table_style *style, const char *wanted)
{
	struct zone *z = utc();
	struct buf out;
	buf_init(&out, ROOM);
	struct error why = {0};
	if (roll_report(roll, z, format, style, &out, &why) != OK)
		fail_msg("%s", why.text);
	assert_string_equal(buf_str(&out), wanted);
	buf_finish(&out);
	zone_close(z);
}

static void a_teacher_sees_who_when_and_how_sure(void **state)
{
	(void)state;
	struct roll roll = sample();
	struct table_style style = {.width = 80};
	assert_report(&roll, ROLL_TABLE, &style,
		"4b, Saturday 21 November 2026 (closed)\n"
		"+------------------------+--------+---------+-------+----------------------+\n"
		"| Name                   | Number | Status  | Time  | How sure             |\n"
		"+------------------------+--------+---------+-------+----------------------+\n"
		"| Ada Lovelace           | 17     | present | 08:55 | very sure (0.31)     |\n"
		"| Beyonc\xC3\xA9 Knowles-Carter |        | present | 08:58 | sure (0.44)          "
		"|\n"
		"| \xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99                 | 4      | late    | 09:17 "
		"| fairly sure (0.48)   |\n"
		"| =Cmd                   |        | absent  |       |                      |\n"
		"| Zo\xC3\xAB                    |        | excused |       | by ms.smith: dentist "
		"|\n"
		"+------------------------+--------+---------+-------+----------------------+\n"
		"2 present, 1 late, 1 absent, 1 excused\n"
		"How sure: distance to the nearest enrolled photo; see 'rollcall explain'.\n");
	roll_finish(&roll);
}

static void columns_that_say_nothing_are_left_out(void **state)
{
	(void)state;
	struct roll roll = sample();
	roll.count = 2;
	roll.closed = false;
	roll.present = 1;
	roll.late = roll.absent = roll.excused = 0;
	roll.expected = 1;
	roll.line[0].number[0] = '\0';
	set_line(&roll.line[1], "Bo", "", "5a");
	roll.line[1].expected = true;
	struct table_style style = {.width = 80};
	assert_report(&roll, ROLL_TABLE, &style,
		"Saturday 21 November 2026 (open)\n"
		"+--------------+-------+----------+-------+------------------+\n"
		"| Name         | Group | Status   | Time  | How sure         |\n"
		"+--------------+-------+----------+-------+------------------+\n"
		"| Ada Lovelace | 4b    | present  | 08:55 | very sure (0.31) |\n"
		"| Bo           | 5a    | expected |       |                  |\n"
		"+--------------+-------+----------+-------+------------------+\n"
		"1 present, 0 late, 1 not seen yet\n"
		"How sure: distance to the nearest enrolled photo; see 'rollcall explain'.\n");
	roll_finish(&roll);
}

static void an_empty_register_says_so(void **state)
{
	(void)state;
	struct roll roll = {.day = "2026-11-21", .closed = true};
	struct table_style style = {.width = 80};
	assert_report(&roll, ROLL_TABLE, &style,
		"Saturday 21 November 2026 (closed)\nNo register was opened on this day.\n");
	assert_report(&roll, ROLL_CSV, NULL,
		"Date,Group,Number,Name,Status,Time,Distance,Margin,By,Reason\r\n");
	assert_report(&roll, ROLL_JSON, NULL,
		"{\"date\":\"2026-11-21\",\"zone\":\"UTC\",\"closed\":true,\"present\":0,\"late\":"
		"0,"
		"\"absent\":0,\"excused\":0,\"left_early\":0,\"expected\":0,\"people\":[]}\n");
}

static void csv_has_the_register(void **state)
{
	(void)state;
	struct roll roll = sample();
	assert_report(&roll, ROLL_CSV, NULL,
		"Date,Group,Number,Name,Status,Time,Distance,Margin,By,Reason\r\n"
		"2026-11-21,4b,17,Ada Lovelace,present,08:55:12,0.3100,0.2500,automatic,\r\n"
		"2026-11-21,4b,,Beyonc\xC3\xA9 "
		"Knowles-Carter,present,08:58:12,0.4400,,automatic,\r\n"
		"2026-11-21,4b,4,\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99,late,09:17:12,0.4800,0.0600,"
		"automatic,\r\n"
		"2026-11-21,4b,,'=Cmd,absent,,,,,\r\n"
		"2026-11-21,4b,,Zo\xC3\xAB,excused,2026-11-22T02:00:12Z,,,ms.smith,dentist\r\n");
	roll_finish(&roll);
}

static void json_has_the_register(void **state)
{
	(void)state;
	struct roll roll = sample();
	roll.line[1] = roll.line[4];
	roll.line[2] = roll.line[3];
	roll.count = 3;
	roll.line[2].expected = true;
	roll.line[2].group[0] = '\0';
	assert_report(&roll, ROLL_JSON, NULL,
		"{\"date\":\"2026-11-21\",\"zone\":\"UTC\",\"closed\":true,\"present\":2,\"late\":"
		"1,"
		"\"absent\":1,\"excused\":1,\"left_early\":0,\"expected\":0,\"people\":["
		"{\"person\":{\"id\":\"p-Ada Lovelace\",\"name\":\"Ada "
		"Lovelace\",\"number\":\"17\"},"
		"\"group\":\"4b\",\"status\":\"present\",\"at\":\"2026-11-21T08:55:12Z\","
		"\"distance\":0.31,\"margin\":0.25,\"by\":\"automatic\",\"reason\":null,"
		"\"session\":null,\"sighting\":\"s-1\"},"
		"{\"person\":{\"id\":\"p-Zo\xC3\xAB\",\"name\":\"Zo\xC3\xAB\",\"number\":null},"
		"\"group\":\"4b\",\"status\":\"excused\",\"at\":\"2026-11-22T02:00:12Z\","
		"\"distance\":null,\"margin\":null,\"by\":\"ms.smith\",\"reason\":\"dentist\","
		"\"session\":null,\"sighting\":null},"
		"{\"person\":{\"id\":\"p-=Cmd\",\"name\":\"=Cmd\",\"number\":null},"
		"\"group\":null,\"status\":\"expected\",\"at\":null,"
		"\"distance\":null,\"margin\":null,\"by\":null,\"reason\":null,"
		"\"session\":null,\"sighting\":null}]}\n");
	roll_finish(&roll);
}

static void formats_have_names(void **state)
{
	(void)state;
	enum roll_format format;
	assert_int_equal(roll_format_parse("xlsx", &format, NULL), OK);
	assert_int_equal(format, ROLL_XLSX);
	assert_int_equal(roll_format_parse("pdf", &format, NULL), ERR_ARG);
	struct roll roll = sample();
	struct zone *z = utc();
	struct buf out;
	buf_init(&out, ROOM);
	assert_int_equal(roll_report(&roll, z, ROLL_XLSX, NULL, &out, NULL), OK);
	assert_memory_equal(out.data, "PK\x03\x04", 4);
	buf_finish(&out);
	buf_init(&out, 50);
	struct error why = {0};
	for (int f = (int)ROLL_TABLE; f <= (int)ROLL_XLSX; f++) {
		buf_reset(&out);
		assert_int_equal(
			roll_report(&roll, z, (enum roll_format)f, NULL, &out, &why), ERR_LIMIT);
	}
	buf_finish(&out);
	zone_close(z);
	roll_finish(&roll);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_quotes_and_guards),
		cmocka_unit_test(text_is_aligned_broken_and_cut),
		cmocka_unit_test(words_stay_whole_while_there_is_room),
		cmocka_unit_test(wide_characters_keep_the_lines_even),
		cmocka_unit_test(colour_is_for_status_words_only),
		cmocka_unit_test(xlsx_is_a_zip_with_a_sheet),
		cmocka_unit_test(a_table_refuses_no_columns_and_too_many),
		cmocka_unit_test(a_teacher_sees_who_when_and_how_sure),
		cmocka_unit_test(columns_that_say_nothing_are_left_out),
		cmocka_unit_test(an_empty_register_says_so),
		cmocka_unit_test(csv_has_the_register),
		cmocka_unit_test(json_has_the_register),
		cmocka_unit_test(formats_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
