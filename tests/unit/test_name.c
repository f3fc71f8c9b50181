/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/name.h"

#define E_ACUTE "\xC3\xA9"    /* U+00E9, composed */
#define E_ACUTE_2 "e\xCC\x81" /* the same in two code points */

static void assert_clean(const char *text, const char *expected)
{
	char out[NAME_BYTES];
	struct error why = {0};
	assert_int_equal(name_clean(text, "name", out, &why), OK);
	assert_string_equal(out, expected);
}

static void assert_refused(const char *text, const char *reason)
{
	char out[NAME_BYTES];
	struct error why = {0};
	assert_int_equal(name_clean(text, "name", out, &why), ERR_ARG);
	assert_non_null(strstr(why.text, reason));
	assert_string_equal(out, "");
}

static void assert_same(const char *a, const char *b)
{
	char clean[NAME_BYTES], key_a[NAME_KEY_BYTES], key_b[NAME_KEY_BYTES];
	assert_int_equal(name_clean(a, "name", clean, NULL), OK);
	assert_int_equal(name_key(clean, key_a, NULL), OK);
	assert_int_equal(name_clean(b, "name", clean, NULL), OK);
	assert_int_equal(name_key(clean, key_b, NULL), OK);
	assert_string_equal(key_a, key_b);
}

static void a_name_is_composed_trimmed_and_its_spaces_collapsed(void **state)
{
	(void)state;
	assert_clean("Ada Lovelace", "Ada Lovelace");
	assert_clean("  Ada   Lovelace ", "Ada Lovelace");
	assert_clean("\xC2\xA0"
		     "Ada\xE3\x80\x80\xE2\x80\x89Lovelace",
		"Ada Lovelace");
	assert_clean("Jos" E_ACUTE_2, "Jos" E_ACUTE);
	assert_clean(
		"\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99", "\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x99");
	/* The joiners are spelling in Persian and Indic scripts. */
	assert_clean("\xD9\x85\xE2\x80\x8C\xD8\xA7", "\xD9\x85\xE2\x80\x8C\xD8\xA7");
}

static void names_are_compared_without_case_and_composition(void **state)
{
	(void)state;
	assert_same("Jos" E_ACUTE, "JOS\xC3\x89");
	assert_same("Jos" E_ACUTE, "jos" E_ACUTE_2);
	assert_same("Stra\xC3\x9F"
		    "er",
		"STRASSER");
	assert_same("\xEF\xBC\xA1"
		    "da",
		"ADA"); /* a full-width A */
	assert_same("\xCE\xA3\xCE\xAF\xCF\x83\xCF\x85\xCF\x86\xCE\xBF\xCF\x82",
		"\xCE\xA3\xCE\x8A\xCE\xA3\xCE\xA5\xCE\xA6\xCE\x9F\xCE\xA3"); /* final sigma */
	char one[NAME_KEY_BYTES], two[NAME_KEY_BYTES];
	assert_int_equal(name_key("Jose", one, NULL), OK);
	assert_int_equal(name_key("Jos" E_ACUTE, two, NULL), OK);
	assert_string_not_equal(one, two);
}

static void a_name_with_characters_nobody_sees_is_refused(void **state)
{
	(void)state;
	assert_refused("Ada\nLovelace", "a control character (U+000A, character 4)");
	assert_refused("\x1b[31mAda", "a control character");
	assert_refused("Ada\t", "a control character");
	assert_refused("\x7f", "a control character");
	assert_refused("\xC2\x85", "a control character");          /* U+0085 */
	assert_refused("Ada\xE2\x80\xAEx", "invisible formatting"); /* U+202E, right to left */
	assert_refused("Ada\xE2\x81\xA6x", "invisible formatting"); /* U+2066 */
	assert_refused("Ada\xE2\x80\x8Bx", "invisible formatting"); /* U+200B */
	assert_refused("\xEE\x80\x80", "a private-use character");  /* U+E000 */
	assert_refused("\xCD\xB8", "an unassigned character");      /* U+0378 */
	assert_refused("a\xE2\x80\xA8z", "a line separator");
	assert_refused("\xE3\x85\xA4", "no visible character"); /* U+3164, Hangul filler */
	assert_refused("\xE2\x80\x8D", "no visible character");
}

static void a_name_that_is_empty_or_not_utf8_is_refused(void **state)
{
	(void)state;
	assert_refused("", "the name is empty");
	assert_refused(" \xC2\xA0 ", "the name is empty");
	assert_refused("Jos\xE9", "the name is not UTF-8 (byte 4)");
	assert_refused("\xC0\x80", "not UTF-8");     /* overlong zero */
	assert_refused("\xED\xA0\x80", "not UTF-8"); /* a surrogate */
	assert_refused("\xF4\x90\x80\x80", "not UTF-8");
	assert_refused("\xE2\x82", "not UTF-8");
}

static void a_name_has_at_most_120_characters(void **state)
{
	(void)state;
	char text[4 * 20000 + 1];
	memset(text, 'a', 1000);
	text[1000] = '\0';
	assert_refused(text, "the name has 1000 characters, the most is 120");
	text[121] = '\0';
	assert_refused(text, "121 characters");
	text[120] = '\0';
	assert_clean(text, text);
	for (size_t i = 0; i < 20000; i++)
		memcpy(text + 4 * i, "\xF0\xA0\x9C\x8E", 5); /* four bytes a character */
	assert_refused(text, "20000 characters");
	text[4 * 120] = '\0';
	assert_clean(text, text);
	/* 240 before composition, 120 after it. */
	for (size_t i = 0; i < 120; i++)
		memcpy(text + 3 * i, E_ACUTE_2, 4);
	char out[NAME_BYTES];
	assert_int_equal(name_clean(text, "name", out, NULL), OK);
	assert_int_equal(strlen(out), 240);
	/* One that unfolds to eighteen in the key is refused before it overflows. */
	for (size_t i = 0; i < 120; i++)
		memcpy(text + 3 * i, "\xEF\xB7\xBA", 4);
	assert_int_equal(name_clean(text, "name", out, NULL), ERR_ARG);
}

static void the_distance_counts_edits_and_swaps(void **state)
{
	(void)state;
	assert_int_equal(name_distance("", ""), 0);
	assert_int_equal(name_distance("ada", ""), 3);
	assert_int_equal(name_distance("ada", "adah"), 1);
	assert_int_equal(name_distance("ada", "dab"), 2);
	assert_int_equal(name_distance("jose", "jos" E_ACUTE), 1);
	assert_int_equal(name_distance("maria", "amria"), 1);
	assert_int_equal(name_distance("kitten", "sitting"), 3);
	/* No letter is both swapped and changed. */
	assert_int_equal(name_distance("ca", "abc"), 3);
	assert_int_equal(name_distance("abc", "ca"), 3);
	/* What is no UTF-8 ends the text. */
	assert_int_equal(name_distance("ab\xFF", "ab"), 0);
	size_t distance;
	assert_true(name_is_near("lovelcae", "lovelace", &distance));
	assert_int_equal(distance, 1);
	assert_false(name_is_near("bo", "jo", &distance));
	assert_false(name_is_near("grace", "alan", &distance));
}

static void any_bytes_become_printable(void **state)
{
	(void)state;
	char *text = utf8_printable("a\xFF\x1b[0m\xC3\xA9\xE2\x80\xAE.jpg");
	assert_string_equal(text, "a??[0m\xC3\xA9?.jpg");
	free(text);
	assert_true(utf8_valid("a\xC3\xA9", 3));
	assert_false(utf8_valid("a\xC3\xA9", 2));
	assert_true(utf8_valid("", 0));
}

static void columns_are_those_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(utf8_columns(""), 0);
	assert_int_equal(utf8_columns("Ada"), 3);
	assert_int_equal(utf8_columns("Jos" E_ACUTE), 4);
	assert_int_equal(utf8_columns("Jos" E_ACUTE_2), 4);
	assert_int_equal(utf8_columns("\xE6\x9D\x8E\xE9\xBE\x99"), 4);
	assert_int_equal(utf8_columns("\xFFz"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_composed_trimmed_and_its_spaces_collapsed),
		cmocka_unit_test(names_are_compared_without_case_and_composition),
		cmocka_unit_test(a_name_with_characters_nobody_sees_is_refused),
		cmocka_unit_test(a_name_that_is_empty_or_not_utf8_is_refused),
		cmocka_unit_test(a_name_has_at_most_120_characters),
		cmocka_unit_test(the_distance_counts_edits_and_swaps),
		cmocka_unit_test(any_bytes_become_printable),
		cmocka_unit_test(columns_are_those_of_a_terminal),
	};
	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
