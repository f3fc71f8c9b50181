/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"
#include "cmd/options.h"
#include "cmd/progress.h"

struct values {
	const char *group;
	bool close, quiet;
	int number, format;
	double score;
};

static const struct option_spec table[] = {
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.offset = offsetof(struct values, group)},
	{.name = "close",
		.letter = 'c',
		.kind = OPTION_FLAG,
		.offset = offsetof(struct values, close)},
	{.name = "quiet",
		.letter = 'q',
		.kind = OPTION_FLAG,
		.offset = offsetof(struct values, quiet)},
	{.name = "number",
		.letter = 'n',
		.kind = OPTION_INT,
		.min = -5,
		.max = 64,
		.offset = offsetof(struct values, number)},
	{.name = "format",
		.kind = OPTION_CHOICE,
		.choices = "table|json|csv",
		.offset = offsetof(struct values, format)},
	{.name = "score",
		.kind = OPTION_NUMBER,
		.min = 0,
		.max = 1,
		.offset = offsetof(struct values, score)},
	{0},
};

struct other {
	bool json;
	const char *group;
};

static const struct option_spec other_table[] = {
	{.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct other, json)},
	{.name = "group", .kind = OPTION_TEXT, .offset = offsetof(struct other, group)},
	{0},
};

enum { WORDS_MAX = 16 };

/* One command line, read. */
struct result {
	enum err err;
	struct error why;
	struct values values;
	struct other other;
	uint64_t given;
	const char *arg[WORDS_MAX];
	size_t args;
	int next;
};

static struct result read_words(const char *const *word, bool stop)
{
	struct result out = {.values = {.number = 7}};
	struct option_set set[] = {
		{.spec = table, .values = &out.values},
		{.spec = other_table, .values = &out.other},
	};
	int argc = 0;
	while (word[argc] != NULL)
		argc++;
	struct option_reader r = {
		.argv = word, .argc = argc, .set = set, .sets = 2, .stop_at_argument = stop};
	out.err = options_read(&r, out.arg, &out.args, &out.why);
	out.given = set[0].given;
	out.next = r.next;
	return out;
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__, NULL}, false)

static void assert_refused(struct result r, const char *text)
{
	assert_int_equal(r.err, ERR_ARG);
	if (strstr(r.why.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, r.why.text);
}

static void reads_every_form_of_an_option(void **state)
{
	assert_string_equal(READ("--group", "7b").values.group, "7b");
	assert_string_equal(READ("--group=7b").values.group, "7b");
	assert_string_equal(READ("--group=").values.group, "");
	assert_string_equal(READ("--group=a=b").values.group, "a=b");
	assert_string_equal(READ("-g", "7b").values.group, "7b");
	assert_string_equal(READ("-g7b").values.group, "7b");
	assert_int_equal(READ("-n", "-3").values.number, -3);
	assert_int_equal(READ("--number=64").values.number, 64);
	assert_int_equal(READ("--format", "csv").values.format, 2);
	assert_true(READ("--score", "0.25").values.score == 0.25);
}

static void reads_bundled_letters(void **state)
{
	struct result r = READ("-cqg7b", "x");
	assert_int_equal(r.err, OK);
	assert_true(r.values.close && r.values.quiet);
	assert_string_equal(r.values.group, "7b");
	assert_int_equal(r.args, 1);
	r = READ("-cqg", "7b");
	assert_string_equal(r.values.group, "7b");
}

static void options_may_follow_arguments(void **state)
{
	struct result r = READ("a.jpg", "--close", "-", "b.jpg", "-g", "7b", "c.jpg");
	assert_int_equal(r.err, OK);
	assert_int_equal(r.args, 4);
	assert_string_equal(r.arg[1], "-");
	assert_string_equal(r.arg[3], "c.jpg");
	assert_true(r.values.close);
}

static void two_dashes_end_the_options(void **state)
{
	struct result r = READ("--close", "--", "--quiet", "-g", "--");
	assert_int_equal(r.err, OK);
	assert_int_equal(r.args, 3);
	assert_string_equal(r.arg[0], "--quiet");
	assert_string_equal(r.arg[2], "--");
	assert_false(r.values.quiet);
}

static void stops_before_the_command(void **state)
{
	struct result r =
		read_words((const char *const[]){"--json", "roll", "--nonsense", NULL}, true);
	assert_int_equal(r.err, OK);
	assert_int_equal(r.next, 1);
	assert_true(r.other.json);
}

static void tells_what_was_given(void **state)
{
	struct result r = READ("--close", "--number", "7", "--json");
	assert_int_equal(r.given, 1 << 1 | 1 << 3);
	assert_int_equal(READ("x").given, 0);
}

static void the_first_table_comes_first(void **state)
{
	struct result r = READ("--group", "7b");
	assert_string_equal(r.values.group, "7b");
	assert_null(r.other.group);
}

static void the_last_of_several_counts(void **state)
{
	assert_string_equal(READ("-ga", "-gb").values.group, "b");
}

static void keeps_defaults(void **state)
{
	assert_int_equal(READ("x").values.number, 7);
}

static void names_the_nearest_option(void **state)
{
	assert_refused(READ("--grop", "7b"), "did you mean '--group'?");
	assert_refused(READ("--colse"), "did you mean '--close'?");
	assert_refused(READ("--forma=csv"), "did you mean '--format'?");
	assert_refused(READ("--xyzzyplugh"), "unknown option '--xyzzyplugh'");
	assert_refused(READ("-x"), "unknown option '-x'");
	assert_refused(READ("-cx"), "unknown option '-x'");
	char shown[600] = "--";
	memset(shown + 2, 'a', sizeof(shown) - 3);
	assert_refused(READ(shown), "unknown option");
	assert_refused(READ("--format", "cvs"), "did you mean 'csv'?");
	assert_refused(READ("--format", "spreadsheet"), "one of table|json|csv");
}

static void refuses_missing_and_superfluous_values(void **state)
{
	assert_refused(READ("--group"), "needs a value");
	assert_refused(READ("-g"), "needs a value");
	assert_refused(READ("--group", "--close"), "needs a value");
	assert_string_equal(READ("--group=--close").values.group, "--close");
	assert_refused(READ("--close=yes"), "takes no value");
}

static void refuses_what_is_no_whole_number_in_range(void **state)
{
	static const char *const bad[] = {"", "-", "x", "1x", " 1", "1 ", "+1", "0x10", "1.0",
		"1e1", "65", "-6", "99999999999999999999", "--1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct result r = READ("--number", bad[i]);
		assert_refused(r, "whole number from -5 to 64");
		assert_int_equal(r.values.number, 7);
	}
}

static void refuses_what_is_no_number_in_range(void **state)
{
	static const char *const bad[] = {"", "x", "nan", "inf", "-inf", "0x1", "1.1", "-0.1",
		"0,5", " 0.5", "0.5 ", "1e", "e", "."};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(READ("--score", bad[i]), "number from 0 to 1");
	assert_int_equal(READ("--score", "5e-1").err, OK);
}

static void offers_nothing_far_away(void **state)
{
	struct nearest n = nearest_to("zzzz");
	nearest_offer(&n, "people", 6);
	nearest_offer(&n, "roll", 4);
	assert_null(n.best);
	n = nearest_to("pople");
	nearest_offer(&n, "roll", 4);
	nearest_offer(&n, "people", 6);
	assert_string_equal(n.best, "people");
	n = nearest_to("comp");
	nearest_offer(&n, "completion", 10);
	assert_string_equal(n.best, "completion");
	/* Not the whole of what is offered is the word. */
	n = nearest_to("tabel");
	nearest_offer(&n, "json|table|csv", 4);
	nearest_offer(&n, "table|csv", 5);
	assert_int_equal(n.best_len, 5);
	assert_int_equal(n.distance, 1);
}

static void progress_fits_the_terminal(void **state)
{
	struct progress_view view = {
		.what = "photos", .done = 42, .total = 120, .seconds = 5, .unicode = true};
	char line[PROGRESS_LINE_BYTES];
	for (int columns = 0; columns < 300; columns++) {
		view.columns = columns;
		progress_line(&view, line);
		assert_true(utf8_columns(line) <= (size_t)(columns > 0 ? columns - 1 : 0));
		assert_null(strchr(line, '\n'));
	}
	view.columns = 80;
	progress_line(&view, line);
	assert_non_null(strstr(line, "photos █"));
	assert_non_null(strstr(line, "42/120  35 %  8.4/s  0:09 left"));
}

static void progress_copes_with_odd_numbers(void **state)
{
	char line[PROGRESS_LINE_BYTES];
	struct progress_view view = {.what = "frames", .done = 10, .seconds = 1, .columns = 80};
	progress_line(&view, line);
	assert_string_equal(line, "frames 10  10/s");
	view = (struct progress_view){.what = "photos", .total = 5, .columns = 40};
	progress_line(&view, line);
	assert_non_null(strstr(line, "--- 0/5  0 %"));
	view = (struct progress_view){
		.what = "photos", .done = 9, .total = 5, .seconds = 1e-9, .columns = 80};
	progress_line(&view, line);
	assert_non_null(strstr(line, "### 9/5"));
	view = (struct progress_view){
		.what = "photos", .done = 1, .total = SIZE_MAX, .seconds = 1e9, .columns = 80};
	progress_line(&view, line);
	assert_non_null(strstr(line, "99:00:00 left"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form_of_an_option),
		cmocka_unit_test(reads_bundled_letters),
		cmocka_unit_test(options_may_follow_arguments),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(stops_before_the_command),
		cmocka_unit_test(tells_what_was_given),
		cmocka_unit_test(the_first_table_comes_first),
		cmocka_unit_test(the_last_of_several_counts),
		cmocka_unit_test(keeps_defaults),
		cmocka_unit_test(names_the_nearest_option),
		cmocka_unit_test(refuses_missing_and_superfluous_values),
		cmocka_unit_test(refuses_what_is_no_whole_number_in_range),
		cmocka_unit_test(refuses_what_is_no_number_in_range),
		cmocka_unit_test(offers_nothing_far_away),
		cmocka_unit_test(progress_fits_the_terminal),
		cmocka_unit_test(progress_copes_with_odd_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
