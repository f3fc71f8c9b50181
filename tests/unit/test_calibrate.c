/* SPDX-License-Identifier: MIT */
/* A gallery compared with itself, and the page about it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gallery/calibrate.h"
#include "report/calibration_page.h"
#include "tables.h"

static struct manifest *manifest; /* of the default model */

static int setup(void **unused)
{
	manifest = builtin_manifest("face_recognition");
	return manifest != NULL ? 0 : -1;
}

static int teardown(void **unused)
{
	manifest_free(manifest);
	return 0;
}

static struct decision_rule default_rule(void)
{
	const struct fmr_curve curve = fmr_curve_plain(&manifest->fmr, 1);
	return decision_rule_for(&curve, BUDGET_DEFAULT, 30, 0);
}

static void add(struct gallery *g, const char *id, float x, float y)
{
	const float template[] = {x, y};
	assert_int_equal(gallery_add(g, id, template, NULL), OK);
}

/* Ann twice, 0.2 apart; Bob at 0.3 from her; Cem far away. */
static struct gallery *three_people(void)
{
	struct gallery *g;
	assert_int_equal(gallery_new(&g, 2, NULL), OK);
	add(g, "ann", 0, 0);
	add(g, "bob", 0, 0.5f);
	add(g, "ann", 0, 0.2f);
	add(g, "cem", 5, 0);
	return g;
}

static void everybody_is_compared_with_everybody_else(void **unused)
{
	struct gallery *g = three_people();
	struct self_comparison s;
	const struct self_limits limits = self_limits_thorough(&manifest->fmr, 0.4);
	assert_int_equal(self_compare(g, &limits, &s, NULL), OK);
	assert_int_equal(s.probes, 4);
	assert_int_equal(s.people, 3);
	assert_false(s.sampled);
	assert_true(fabs(s.probe[0].own - 0.2) < 1e-6 && fabs(s.probe[2].own - 0.2) < 1e-6);
	assert_true(isinf(s.probe[1].own) && isinf(s.probe[3].own));
	assert_true(fabs(s.probe[1].first - 0.3) < 1e-6); /* to her nearest template */
	assert_true(fabs(s.probe[0].first - 0.5) < 1e-6 && fabs(s.probe[0].second - 5) < 1e-6);
	assert_int_equal(s.pairs, 1);
	assert_true(s.pair[0].a == 0 && s.pair[0].b == 1 && fabs(s.pair[0].distance - 0.3) < 1e-6);
	assert_true(impostors_count(s.impostors) == 8);
	self_comparison_finish(&s);
	gallery_free(g);
}

static void an_empty_gallery_gives_no_rates(void **unused)
{
	struct gallery *g;
	struct self_comparison s;
	struct calibration c;
	assert_int_equal(gallery_new(&g, 2, NULL), OK);
	const struct self_limits limits = self_limits_quick(&manifest->fmr);
	assert_int_equal(self_compare(g, &limits, &s, NULL), OK);
	struct fmr_curve curve;
	assert_int_equal(calibrate_curve(g, &manifest->fmr, &curve, NULL), OK);
	const struct decision_rule rule = default_rule();
	calibrate(&s, &curve, &rule, &c);
	assert_true(isnan(c.now.fnmr.rate) && c.now.fnmr.high == 1);
	self_comparison_finish(&s);
	gallery_free(g);
}

static void rates_are_those_of_the_whole_rule(void **unused)
{
	struct gallery *g = three_people();
	struct self_comparison s;
	struct calibration c;
	const struct self_limits limits = self_limits_thorough(&manifest->fmr, 0.4);
	const struct fmr_curve curve = fmr_curve_plain(&manifest->fmr, 1);
	struct decision_rule rule = default_rule();
	rule.match_distance = 0.35;
	rule.review_distance = 0.4;
	assert_int_equal(self_compare(g, &limits, &s, NULL), OK);
	calibrate(&s, &curve, &rule, &c);
	/* Strangers: Bob (0.3 to Ann) and her second photo (0.3 to Bob) are named; two are not. */
	assert_true(c.now.fpir.events == 2 && c.now.fpir.trials == 4);
	/* Both photos of Ann are near each other; each is nearer to her than to Bob by enough. */
	assert_true(c.now.fnmr.events == 0 && c.now.fnmr.trials == 2);
	assert_true(c.now.fnir.events == 0 && c.now.fnir.trials == 2);
	double genuine = 0, impostor = 0;
	for (int i = 0; i < (int)c.bins.count; i++) {
		genuine += c.genuine[i];
		impostor += c.impostor[i];
	}
	assert_true(genuine == 2 && c.genuines == 2);
	assert_true(impostor == 3 && c.impostors == 8); /* the others are with Cem, far away */
	for (int i = 1; i < CALIBRATION_POINTS; i++)
		assert_true(c.move[i].match_distance > c.move[i - 1].match_distance);
	self_comparison_finish(&s);
	gallery_free(g);
}

static void a_large_gallery_is_sampled_evenly(void **unused)
{
	struct gallery *g;
	struct self_comparison s;
	assert_int_equal(gallery_new(&g, 2, NULL), OK);
	for (int i = 0; i < 500; i++) {
		char id[UUID_TEXT];
		snprintf(id, sizeof(id), "%d", i);
		add(g, id, (float)i, 0);
	}
	const struct self_limits limits = {
		.people = 100, .comparisons = 2500, .bins = fmr_bins(NULL), .look_alike = 0.5};
	assert_int_equal(self_compare(g, &limits, &s, NULL), OK);
	assert_true(s.sampled);
	assert_int_equal(s.people, 100);
	assert_int_equal(s.probes, 25);
	for (size_t i = 0; i < s.probes; i++)
		assert_true(s.probe[i].person % 5 == 0 && s.probe[i].first == 5);
	self_comparison_finish(&s);
	gallery_free(g);
}

static void the_page_holds_names_only_escaped(void **unused)
{
	struct gallery *g = three_people();
	struct self_comparison s;
	struct calibration c;
	const struct self_limits limits = self_limits_thorough(&manifest->fmr, 0.4);
	const struct fmr_curve curve = fmr_curve_plain(&manifest->fmr, 1);
	const struct decision_rule rule = default_rule();
	assert_int_equal(self_compare(g, &limits, &s, NULL), OK);
	calibrate(&s, &curve, &rule, &c);
	const struct alike_pair pair = {"<script>alert(1)</script>", "O'Neil & \"Co\"", 0.3};
	const struct weak_person weak = {"<b>", 1, NAN, "enrol another"};
	const struct calibration_report report = {.calibration = &c,
		.organisation = "A<i>",
		.group = "</main>",
		.stamp = "now",
		.alike = &pair,
		.alikes = 1,
		.weak = &weak,
		.weaks = 1};
	struct buf page;
	buf_init(&page, 1 << 20);
	assert_int_equal(calibration_page(&report, &page, NULL), OK);
	const char *text = buf_str(&page);
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "<i>"));
	assert_null(strstr(text, "</main>,"));
	assert_non_null(strstr(text, "O&#39;Neil &#38; &#34;Co&#34;"));
	assert_null(strstr(text, "http")); /* nothing from outside */
	assert_null(strstr(text, "nan"));
	buf_finish(&page);
	self_comparison_finish(&s);
	gallery_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_compared_with_everybody_else),
		cmocka_unit_test(an_empty_gallery_gives_no_rates),
		cmocka_unit_test(rates_are_those_of_the_whole_rule),
		cmocka_unit_test(a_large_gallery_is_sampled_evenly),
		cmocka_unit_test(the_page_holds_names_only_escaped),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
