/* SPDX-License-Identifier: MIT */
/* Rates, their intervals, and the way from a budget to a threshold. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gallery/decide.h"
#include "gallery/tail.h"
#include "tables.h"

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.10g is not %.10g", value, expected);
}

static void the_beta_distribution_is_as_in_closed_form(void **unused)
{
	/* I_x(1, 1) = x; I_x(1, b) = 1 - (1 - x)^b; I_x(a, 1) = x^a. */
	for (double x = 0.05; x < 1; x += 0.05) {
		assert_near(beta_distribution(x, 1, 1), x, 1e-13);
		assert_near(beta_distribution(x, 1, 7), 1 - pow(1 - x, 7), 1e-13);
		assert_near(beta_distribution(x, 4.5, 1), pow(x, 4.5), 1e-13);
		/* I_x(a, b) = 1 - I_{1-x}(b, a) */
		assert_near(
			beta_distribution(x, 3, 11), 1 - beta_distribution(1 - x, 11, 3), 1e-12);
	}
	/* P(X >= 2) of 4 fair coins = I_0.5(2, 3) = 11/16. */
	assert_near(beta_distribution(0.5, 2, 3), 11.0 / 16, 1e-13);
	assert_true(beta_distribution(0, 2, 3) == 0 && beta_distribution(1, 2, 3) == 1);
}

static void exact_intervals_are_those_of_the_tables(void **unused)
{
	static const struct {
		double events, trials, low, high;
	} known[] = {
		/* Zero of n: 1 - 0.025^(1/n); all others from published tables. */
		{0, 10, 0, 0.3084971},
		{1, 10, 0.0025286, 0.4450161},
		{5, 10, 0.1870860, 0.8129140},
		{10, 10, 0.6915029, 1},
		{0, 1000, 0, 0.0036821},
		{2, 2000, 0.00012112, 0.0036077},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct rate r = rate_exact(known[i].events, known[i].trials, 0.95);
		assert_near(r.low, known[i].low, 2e-7);
		assert_near(r.high, known[i].high, 2e-7);
		assert_near(r.rate, known[i].events / known[i].trials, 1e-15);
	}
	struct rate none = rate_exact(0, 0, 0.95);
	assert_true(isnan(none.rate) && none.low == 0 && none.high == 1);
}

static void an_exact_interval_covers_at_least_its_level(void **unused)
{
	/* Every count of 60 with p = 0.07: the probability that the interval holds p. */
	double covered = 0, p = 0.07, probability = pow(1 - p, 60);
	for (int k = 0; k <= 60; k++) {
		struct rate r = rate_exact(k, 60, 0.95);
		if (r.low <= p && p <= r.high)
			covered += probability;
		probability *= (60.0 - k) / (k + 1) * p / (1 - p);
	}
	assert_true(covered >= 0.95 && covered < 1);
}

static void dependent_trials_make_a_wider_interval(void **unused)
{
	struct rate alone = rate_exact(50, 5000, 0.95);
	double variance = 0.01 * 0.99 / 5000;
	struct rate same = rate_clustered(50, 5000, variance, 0.95);
	struct rate wide = rate_clustered(50, 5000, 4 * variance, 0.95);
	assert_near(same.high, alone.high, 1e-12);
	assert_true(wide.high > alone.high && wide.low < alone.low);
	assert_near(wide.high, rate_exact(12.5, 1250, 0.95).high, 1e-12);
	/* A variance that is too small is not believed. */
	assert_near(rate_clustered(50, 5000, variance / 9, 0.95).high, alone.high, 1e-12);
}

static void fpir_and_fmr_are_each_others_inverse(void **unused)
{
	assert_near(rate_fpir(1e-4, 2000), 0.1812774, 1e-7);
	assert_near(rate_fpir(1e-4, 30), 0.0029957, 1e-7);
	assert_near(rate_fmr_for(0.001, 1), 0.001, 1e-15);
	for (size_t n = 1; n < 100000; n *= 7)
		assert_near(rate_fpir(rate_fmr_for(0.001, n), n), 0.001, 1e-12);
	assert_true(rate_fmr_for(0.001, 0) == 1);
}

static const struct impostor_bins bins = {.width = 0.01, .count = 120};

static void what_a_budget_lets_happen_is_binomial(void **unused)
{
	double least, most;
	/* scipy.stats.binom.ppf([0.025, 0.975], n, p) */
	static const double known[][4] = {{0.001, 2000, 0, 5}, {0.001, 1504, 0, 4},
		{0.5, 100, 40, 60}, {0.1, 10, 0, 3}, {0.02, 5000, 81, 120}};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		rate_expected(known[i][0], known[i][1], 0.95, &least, &most);
		assert_near(least, known[i][2], 0);
		assert_near(most, known[i][3], 0);
	}
	rate_expected(0.1, 0, 0.95, &least, &most);
	assert_true(least == 0 && most == 0);
}

static void bins_reach_as_far_as_the_table_and_are_not_too_many(void **unused)
{
	struct impostor_bins b = impostor_bins_for(0.01, 0.8);
	assert_near(b.width, 0.01, 0);
	assert_int_equal(b.count, 100);
	b = impostor_bins_for(0.001, 1.4);
	assert_true(b.count <= IMPOSTOR_BINS_MAX && (double)b.count * b.width >= 1.4);
	assert_near(fmod(b.width, 0.001), 0, 1e-12);
	b = impostor_bins_for(0, 0);
	assert_true((double)b.count * b.width >= 2);
	struct impostors *i;
	b.count = IMPOSTOR_BINS_MAX + 1;
	assert_int_equal(impostors_new(&i, 3, b, NULL), ERR_ARG);
	assert_null(i);
}

static void impostors_are_counted_below_a_distance(void **unused)
{
	struct impostors *i;
	assert_int_equal(impostors_new(&i, 3, bins, NULL), OK);
	impostors_add(i, 0, 1, 0.30);
	impostors_add(i, 1, 2, 0.299);
	impostors_add(i, 0, 2, 5);
	assert_near(impostors_count(i), 3, 0);
	assert_near(impostors_below(i, 0.30), 1, 0);
	assert_near(impostors_below(i, 0.31), 2, 0);
	assert_near(impostors_rate(i, 0.31).rate, 2.0 / 3, 1e-15);
	impostors_free(i);
}

/* The variance of a rate over pairs when people, not pairs, make the difference. */
static void the_jackknife_sees_that_one_person_makes_all_the_trouble(void **unused)
{
	enum { PEOPLE = 40 };
	struct impostors *one, *spread;
	assert_int_equal(impostors_new(&one, PEOPLE, bins, NULL), OK);
	assert_int_equal(impostors_new(&spread, PEOPLE, bins, NULL), OK);
	size_t pair = 0;
	for (size_t a = 0; a < PEOPLE; a++) {
		for (size_t b = a + 1; b < PEOPLE; b++, pair++) {
			impostors_add(one, a, b, a == 0 ? 0.4 : 0.9);
			impostors_add(spread, a, b, pair % 20 == 0 ? 0.4 : 0.9);
		}
	}
	struct rate first = impostors_rate(one, 0.5), second = impostors_rate(spread, 0.5);
	assert_near(first.rate, second.rate, 1e-9);
	assert_true(first.high > 1.3 * second.high);
	/*
	 * By hand: without the one the rate is 0, without another it is hardly changed, so the
	 * variance is about 39/40 of 0.05 squared, and 780 comparisons are worth about 19.5.
	 */
	assert_near(first.high, rate_exact(0.05 * 19.5, 19.5, 0.95).high, 0.01);
	assert_true(second.high < 0.08);
	impostors_free(one);
	impostors_free(spread);
}

/* --- beyond what a set can show --- */

enum { TAIL_PEOPLE = 200, TAIL_EVENTS = 400 };

/* Events as an exponential distribution of mean 0.02 spreads them, by its quantiles. */
static void make_events(struct tail_event event[static TAIL_EVENTS], size_t hubs)
{
	for (size_t i = 0; i < TAIL_EVENTS; i++) {
		double share = ((double)(i * 7919 % TAIL_EVENTS) + 0.5) / TAIL_EVENTS;
		size_t a = hubs > 0 ? i % hubs : i % TAIL_PEOPLE;
		size_t b = (a + 1 + i / 3 % (TAIL_PEOPLE - 1)) % TAIL_PEOPLE;
		event[i] = (struct tail_event){a, b, 0.5 + 0.02 * log(share)};
	}
}

static struct rate tail_at(size_t hubs, double distance)
{
	static double trial[TAIL_PEOPLE];
	struct tail_event event[TAIL_EVENTS];
	struct tail *t;
	make_events(event, hubs);
	for (size_t i = 0; i < TAIL_PEOPLE; i++)
		trial[i] = 2e6 / TAIL_PEOPLE;
	const struct tail_options options = {.event = event,
		.events = TAIL_EVENTS,
		.reach = 0.5,
		.people = TAIL_PEOPLE,
		.trial = trial,
		.trials = 1e6};
	assert_int_equal(tail_fit(&t, &options, NULL), OK);
	struct rate rate = tail_rate(t, distance);
	tail_free(t);
	return rate;
}

static void a_tail_goes_on_as_it_began(void **unused)
{
	struct rate at = tail_at(0, 0.5), beyond = tail_at(0, 0.4);
	assert_near(at.rate, 4e-4, 1e-12);
	assert_near(log(beyond.rate / 4e-4), -5, 0.05);
	/* Nobody is in many of them: about that of 400 independent ones, log +- 1.96 / 20. */
	assert_near(log(at.high / at.rate), 1.96 / 20, 0.03);
	assert_near(log(beyond.high / beyond.rate), 1.96 * 5 / 20, 0.15);
	assert_near(beyond.high / beyond.rate, beyond.rate / beyond.low, 1e-9);
}

static void a_tail_that_few_people_make_is_less_sure(void **unused)
{
	for (double d = 0.4; d <= 0.5; d += 0.05)
		assert_true(log(tail_at(4, d).high / tail_at(4, d).rate) >
			1.5 * log(tail_at(0, d).high / tail_at(0, d).rate));
}

static void a_tail_of_few_events_is_none(void **unused)
{
	struct tail_event event[TAIL_EVENTS];
	struct tail *t;
	struct error why;
	const struct tail_options options = {.event = event, .events = TAIL_EVENTS_MIN - 1};
	assert_int_equal(tail_fit(&t, &options, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "too few"));
	assert_null(t);
}

/* --- from a budget to a threshold --- */

static struct manifest *manifest; /* of the default model */

static const struct manifest_fmr *table(void)
{
	return &manifest->fmr;
}

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

static void the_tables_rise(void **unused)
{
	static const char *const name[] = {"face_recognition", "mobilefacenet"};
	for (size_t t = 0; t < sizeof(name) / sizeof(name[0]); t++) {
		struct manifest *m = builtin_manifest(name[t]);
		const struct manifest_fmr *f = &m->fmr;
		assert_true(fmr_measured(f));
		assert_true(strlen(f->measured_on) > 0 && f->comparisons > 1e5);
		for (size_t i = 0; i < f->points; i++) {
			const struct fmr_point *p = &f->point[i];
			assert_true(p->high >= p->rate && p->high > 0 && p->rate >= 0);
			assert_true(i == 0 ||
				(p->rate >= p[-1].rate && p->high >= p[-1].high &&
					p->gallery >= p[-1].gallery));
		}
		manifest_free(m);
	}
}

static void without_a_table_nobody_is_matched(void **unused)
{
	static const struct fmr_point none[3];
	const struct manifest_fmr unmeasured[] = {{0}, {.step = 0.01, .points = 3, .point = none}};
	for (size_t i = 0; i < 2; i++) {
		const struct fmr_curve curve = fmr_curve_plain(&unmeasured[i], 1);
		assert_false(fmr_measured(&unmeasured[i]));
		assert_true(fmr_at(&curve, 0) == 1 && fmr_distance(&curve, 0.5) == 0);
		const struct decision_rule rule = decision_rule_for(&curve, 0.1, 1, 1);
		const struct question q = {
			.hit = {"ann", 0, NULL, INFINITY},
			.guest = {.distance = INFINITY, .second_distance = INFINITY},
			.counter = INFINITY,
			.pair = INFINITY,
			.quality = 1,
		};
		const struct verdict v = decide(&rule, &q);
		assert_int_equal(v.decision, DECISION_REVIEW);
		assert_non_null(strstr(v.reason, "never measured"));
		assert_true(isnan(v.threshold));
	}
}

static void fmr_and_distance_are_each_others_inverse(void **unused)
{
	const struct fmr_curve curve = fmr_curve_plain(table(), 1);
	double last = 0;
	for (double d = 0.05; d < 0.8; d += 0.0071) {
		double fmr = fmr_at(&curve, d);
		assert_true(fmr >= last);
		last = fmr;
		if (fmr < 0.5)
			assert_near(fmr_distance(&curve, fmr), d, 0.02);
		assert_true(fmr_at(&curve, fmr_distance(&curve, fmr)) <= fmr * (1 + 1e-9));
	}
}

static struct decision_rule rule_for(double budget, size_t people, double templates)
{
	const struct fmr_curve curve = fmr_curve_plain(table(), templates);
	return decision_rule_for(&curve, budget, people, 0);
}

static void more_people_make_a_stricter_threshold(void **unused)
{
	double last = 1;
	for (size_t n = 1; n < 2000000; n = n * 2 + 1) {
		struct decision_rule rule = rule_for(0.001, n, 1);
		assert_true(rule.match_distance < last && rule.match_distance > 0);
		assert_true(rule.review_distance > rule.match_distance);
		last = rule.match_distance;
	}
	/* Nobody to search is not more lenient than one. */
	assert_near(rule_for(0.001, 0, 1).match_distance, rule_for(0.001, 1, 1).match_distance, 0);
}

static void a_smaller_budget_makes_a_stricter_threshold(void **unused)
{
	double last = 1;
	for (double budget = 0.1; budget > 2e-6; budget /= 1.7) {
		struct decision_rule rule = rule_for(budget, 200, 1);
		assert_true(rule.match_distance < last);
		const struct fmr_curve curve = fmr_curve_plain(table(), 1);
		assert_true(rate_fpir(fmr_at(&curve, rule.match_distance), 200) <= budget * 1.0001);
		last = rule.match_distance;
	}
}

static void several_templates_a_person_make_a_stricter_threshold(void **unused)
{
	assert_true(rule_for(0.001, 30, 4).match_distance < rule_for(0.001, 30, 1).match_distance);
	/* A factor is never below one. */
	assert_near(
		rule_for(0.001, 30, 0.1).match_distance, rule_for(0.001, 30, 1).match_distance, 0);
}

/* People of whom a share is `near` apart. */
static struct impostors *gallery_like(size_t people, double share, double near)
{
	struct impostors *i;
	assert_int_equal(impostors_new(&i, people, bins, NULL), OK);
	double due = 0;
	for (size_t a = 0; a < people; a++) {
		for (size_t b = a + 1; b < people; b++) {
			due += share;
			impostors_add(i, a, b, due >= 1 ? near : 1.1);
			due -= due >= 1;
		}
	}
	return i;
}

static void people_who_are_harder_to_tell_apart_make_a_stricter_threshold(void **unused)
{
	struct impostors *few = gallery_like(20, 0.5, 0.45), *hard = gallery_like(100, 0.05, 0.45);
	struct impostors *easy = gallery_like(100, 0.05, 0.79);
	struct fmr_curve curve = fmr_curve_own(table(), few, 1);
	assert_false(curve.own);
	assert_near(curve.factor, 1, 0);
	curve = fmr_curve_own(table(), hard, 1);
	assert_true(curve.own && curve.factor > 10);
	assert_true(fmr_distance(&curve, 1e-4) < 0.45);
	curve = fmr_curve_own(table(), easy, 1);
	assert_near(curve.factor, 1, 0);
	impostors_free(few);
	impostors_free(hard);
	impostors_free(easy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_beta_distribution_is_as_in_closed_form),
		cmocka_unit_test(exact_intervals_are_those_of_the_tables),
		cmocka_unit_test(an_exact_interval_covers_at_least_its_level),
		cmocka_unit_test(dependent_trials_make_a_wider_interval),
		cmocka_unit_test(what_a_budget_lets_happen_is_binomial),
		cmocka_unit_test(bins_reach_as_far_as_the_table_and_are_not_too_many),
		cmocka_unit_test(a_tail_goes_on_as_it_began),
		cmocka_unit_test(a_tail_that_few_people_make_is_less_sure),
		cmocka_unit_test(a_tail_of_few_events_is_none),
		cmocka_unit_test(without_a_table_nobody_is_matched),
		cmocka_unit_test(fpir_and_fmr_are_each_others_inverse),
		cmocka_unit_test(impostors_are_counted_below_a_distance),
		cmocka_unit_test(the_jackknife_sees_that_one_person_makes_all_the_trouble),
		cmocka_unit_test(the_tables_rise),
		cmocka_unit_test(fmr_and_distance_are_each_others_inverse),
		cmocka_unit_test(more_people_make_a_stricter_threshold),
		cmocka_unit_test(a_smaller_budget_makes_a_stricter_threshold),
		cmocka_unit_test(several_templates_a_person_make_a_stricter_threshold),
		cmocka_unit_test(people_who_are_harder_to_tell_apart_make_a_stricter_threshold),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
