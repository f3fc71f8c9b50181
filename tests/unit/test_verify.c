/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gallery/pairs.h"
#include "gallery/verify.h"

static enum err parse(struct pair_list *out, const char *text, struct error *why)
{
	return pairs_parse(out, text, strlen(text), why);
}

static void a_file_of_one_fold_is_cut_into_tenths(void **unused)
{
	char text[8192] = "20\n";
	for (int i = 0; i < 20; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "Ann_Lee\t%d\t%d\n",
			i + 1, i + 2);
	for (int i = 0; i < 20; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "Ann_Lee\t%d\tBo\t7\r\n",
			i + 1);
	struct pair_list list;
	struct error why = {0};
	assert_int_equal(parse(&list, text, &why), OK);
	assert_int_equal(list.count, 40);
	assert_int_equal(list.folds, PAIRS_FOLDS);
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(list.item[i].fold, i % 20 / 2);
		assert_int_equal(list.item[i].same, i < 20);
	}
	assert_string_equal(list.item[39].photo[1].name, "Bo");
	assert_int_equal(list.item[39].photo[1].number, 7);
	assert_int_equal(list.item[0].photo[1].number, 2);
	char *path = pair_photo_path("dir", &list.item[39].photo[1]);
	assert_string_equal(path, "dir/Bo/Bo_0007.jpg");
	free(path);
	pair_list_finish(&list);
}

static void a_file_of_folds_keeps_them(void **unused)
{
	struct pair_list list;
	struct error why = {0};
	const char *text = "2\t1\nA 1 2\nA 1 B 1\nC 3 4\nC 1 D 1";
	assert_int_equal(parse(&list, text, &why), OK);
	assert_int_equal(list.folds, 2);
	assert_int_equal(list.count, 4);
	static const int fold[] = {0, 0, 1, 1};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(list.item[i].fold, fold[i]);
		assert_int_equal(list.item[i].same, i % 2 == 0);
	}
	pair_list_finish(&list);
}

static void broken_files_are_refused_with_the_line(void **unused)
{
	static const struct {
		const char *text, *says;
		enum err err;
	} broken[] = {
		{"", "no pairs", ERR_FORMAT},
		{"\n\n", "no pairs", ERR_FORMAT},
		{"x\n", "line 1", ERR_FORMAT},
		{"0\n", "line 1", ERR_FORMAT},
		{"-1\n", "line 1", ERR_FORMAT},
		{"1 2 3\n", "line 1", ERR_FORMAT},
		{"99999999999999999999\n", "line 1", ERR_FORMAT},
		{"1000\t200000\n", "more than", ERR_LIMIT},
		{"200000\n", "more than", ERR_LIMIT},
		{"1\n", "ends after 0 of 2", ERR_FORMAT},
		{"1\nA 1 2\n", "ends after 1 of 2", ERR_FORMAT},
		{"1\nA 1 2\nA 1 B 1\nA 1 2\n", "line 4", ERR_FORMAT},
		{"1\nA 1 B 2\nA 1 B 1\n", "line 2", ERR_FORMAT},
		{"1\nA 1 2\nA 1 2\n", "line 3", ERR_FORMAT},
		{"1\nA 1 2 3 4 5\nA 1 B 1\n", "more than 4", ERR_FORMAT},
		{"1\nA 0 2\nA 1 B 1\n", "number", ERR_FORMAT},
		{"1\nA 1 10000\nA 1 B 1\n", "number", ERR_FORMAT},
		{"1\nA 1 two\nA 1 B 1\n", "number", ERR_FORMAT},
		{"1\n../etc 1 2\nA 1 B 1\n", "name", ERR_FORMAT},
		{"1\na/b 1 2\nA 1 B 1\n", "name", ERR_FORMAT},
		{"1\nA 1 2\nA 1 .. 1\n", "name", ERR_FORMAT},
	};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct pair_list list;
		struct error why = {0};
		assert_int_equal(parse(&list, broken[i].text, &why), broken[i].err);
		assert_non_null(strstr(why.text, broken[i].says));
		assert_null(list.item);
		assert_int_equal(list.count, 0);
	}
}

static void a_name_may_fill_its_room_and_no_more(void **unused)
{
	char text[512], name[PAIR_NAME_BYTES + 1];
	memset(name, 'n', sizeof(name));
	struct pair_list list;
	struct error why = {0};
	name[PAIR_NAME_BYTES - 1] = '\0';
	snprintf(text, sizeof(text), "1\n%s 1 2\nA 1 B 1\n", name);
	assert_int_equal(parse(&list, text, &why), OK);
	assert_string_equal(list.item[0].photo[0].name, name);
	pair_list_finish(&list);
	name[PAIR_NAME_BYTES - 1] = 'n';
	name[PAIR_NAME_BYTES] = '\0';
	snprintf(text, sizeof(text), "1\n%s 1 2\nA 1 B 1\n", name);
	assert_int_equal(parse(&list, text, &why), ERR_FORMAT);
}

static void a_missing_file_is_named(void **unused)
{
	struct pair_list list;
	struct error why = {0};
	assert_int_equal(pairs_load(&list, "/nowhere/pairs.txt", &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "/nowhere/pairs.txt"));
}

static void photos_are_ordered_by_name_and_number(void **unused)
{
	struct pair_photo a = {"A", 2}, b = {"B", 1}, c = {"A", 10};
	assert_true(pair_photo_compare(&a, &b) < 0);
	assert_true(pair_photo_compare(&c, &a) > 0);
	assert_int_equal(pair_photo_compare(&a, &a), 0);
}

static void separable_pairs_are_told_perfectly(void **unused)
{
	struct comparison c[40];
	for (int i = 0; i < 40; i++)
		c[i] = (struct comparison){i % 2 == 0 ? 0.3 : 0.8, i % 2 == 0, i / 4};
	struct verification v;
	struct error why = {0};
	assert_int_equal(verify_measure(c, 40, 10, &v, &why), OK);
	assert_true(v.accuracy == 1 && v.accuracy_std == 0 && v.accuracy_used == 1);
	assert_true(v.eer == 0);
	for (int i = 0; i < VERIFY_FARS; i++) {
		assert_true(v.tar[i] == 1);
		assert_true(v.threshold[i] >= 0.3 && v.threshold[i] < (i == 0 ? 0.9 : 0.8));
	}
	assert_int_equal(v.used, 40);
	assert_int_equal(v.failed, 0);
}

/*
 * By hand: same 1 2 3 6, different 4 5 7 8 in one fold. Best threshold 3.5: 7 of 8 right.
 * At 4: far 1/4, frr 1/4, so eer 1/4. At far 0: threshold 3, tar 3/4.
 */
static void a_small_example_comes_out_as_by_hand(void **unused)
{
	static const double same[] = {1, 2, 3, 6}, different[] = {4, 5, 7, 8};
	struct comparison c[8];
	for (int i = 0; i < 4; i++) {
		c[i] = (struct comparison){same[i], true, 0};
		c[4 + i] = (struct comparison){different[i], false, 0};
	}
	struct verification v;
	struct error why = {0};
	assert_int_equal(verify_measure(c, 8, 1, &v, &why), OK);
	assert_true(v.accuracy == 7.0 / 8);
	assert_true(v.eer == 0.25);
	assert_true(v.tar[0] == 0.75 && v.threshold[0] == 3);
	assert_true(v.tar[3] == 0.75 && v.threshold[3] == 3);
}

static void a_false_accept_is_allowed_where_the_rate_says_so(void **unused)
{
	/* Ten different pairs: at 1e-1 one of them may be accepted. */
	struct comparison c[20];
	for (int i = 0; i < 10; i++) {
		c[i] = (struct comparison){i < 9 ? 1 : 2.5, true, 0};
		c[10 + i] = (struct comparison){2 + i, false, 0};
	}
	struct verification v;
	struct error why = {0};
	assert_int_equal(verify_measure(c, 20, 1, &v, &why), OK);
	assert_true(v.tar[0] == 1 && v.threshold[0] == 2.5);
	assert_true(v.tar[1] == 0.9 && v.threshold[1] == 1);
}

static void equal_distances_are_accepted_together_or_not_at_all(void **unused)
{
	struct comparison c[4] = {{1, true, 0}, {1, false, 0}, {1, true, 0}, {2, false, 0}};
	struct verification v;
	struct error why = {0};
	assert_int_equal(verify_measure(c, 4, 1, &v, &why), OK);
	assert_true(v.tar[3] == 0);
	assert_true(v.accuracy == 0.75);
}

static void a_threshold_comes_from_the_other_folds(void **unused)
{
	/*
	 * Fold 0 alone would choose a threshold between 5 and 6, the others one between 1 and 2:
	 * so fold 0's same pair of distance 5 is told wrong.
	 */
	struct comparison c[20];
	for (int fold = 0; fold < 10; fold++) {
		c[fold * 2] = (struct comparison){fold == 0 ? 5 : 1, true, fold};
		c[fold * 2 + 1] = (struct comparison){fold == 0 ? 6 : 2, false, fold};
	}
	struct verification v;
	struct error why = {0};
	assert_int_equal(verify_measure(c, 20, 10, &v, &why), OK);
	assert_true(fabs(v.accuracy - 0.95) < 1e-12);
	/* Fold accuracies: one 0.5, nine 1. */
	assert_true(fabs(v.accuracy_std - 0.15) < 1e-12);
}

static void a_pair_without_a_face_is_an_error_of_accuracy(void **unused)
{
	struct comparison c[20];
	for (int i = 0; i < 20; i++)
		c[i] = (struct comparison){i % 2 == 0 ? 0.3 : 0.8, i % 2 == 0, i / 2};
	c[0].distance = NAN;
	struct verification v;
	struct error why = {0};
	assert_int_equal(verify_measure(c, 20, 10, &v, &why), OK);
	assert_int_equal(v.used, 19);
	assert_int_equal(v.failed, 1);
	assert_true(fabs(v.accuracy - 0.95) < 1e-12);
	assert_true(v.accuracy_used == 1);
}

static void nothing_to_measure_is_an_error(void **unused)
{
	struct comparison c[2] = {{0.3, true, 0}, {NAN, false, 0}};
	struct verification v;
	struct error why = {0};
	assert_int_equal(verify_measure(c, 2, 1, &v, &why), ERR_ARG);
	assert_int_equal(verify_measure(c, 0, 1, &v, &why), ERR_ARG);
	struct comparison outside[2] = {{0.3, true, 1}, {0.5, false, 0}};
	assert_int_equal(verify_measure(outside, 2, 1, &v, &why), ERR_ARG);
}

static void a_histogram_gives_rates_and_distances(void **unused)
{
	struct distances *d = mem_array(1, sizeof(*d));
	assert_non_null(d);
	d->width = 0.001;
	assert_true(distances_rate(d, 1) == 0);
	for (int i = 0; i < 1000; i++)
		distances_add(d, 0.4005 + i * 0.001);
	distances_add(d, 1e9);
	distances_add(d, -1);
	assert_int_equal(d->total, 1002);
	assert_true(fabs(distances_rate(d, 0.5) - 101.0 / 1002) < 1e-12);
	assert_true(fabs(distances_at(d, 101.5 / 1002) - 0.5) < 1e-12);
	assert_true(distances_at(d, 0) == 0);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_one_fold_is_cut_into_tenths),
		cmocka_unit_test(a_file_of_folds_keeps_them),
		cmocka_unit_test(broken_files_are_refused_with_the_line),
		cmocka_unit_test(a_name_may_fill_its_room_and_no_more),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(photos_are_ordered_by_name_and_number),
		cmocka_unit_test(separable_pairs_are_told_perfectly),
		cmocka_unit_test(a_small_example_comes_out_as_by_hand),
		cmocka_unit_test(a_false_accept_is_allowed_where_the_rate_says_so),
		cmocka_unit_test(equal_distances_are_accepted_together_or_not_at_all),
		cmocka_unit_test(a_threshold_comes_from_the_other_folds),
		cmocka_unit_test(a_pair_without_a_face_is_an_error_of_accuracy),
		cmocka_unit_test(nothing_to_measure_is_an_error),
		cmocka_unit_test(a_histogram_gives_rates_and_distances),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
