/* SPDX-License-Identifier: MIT */
/* Tables of distance to FMR, and identification, on people who are points in a small space. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gallery/labelled.h"

enum { PEOPLE = 240, PHOTOS = 3, DIM = 12 };

static uint64_t state = 1;

static double unit_random(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(unit_random())) * cos(6.283185307179586 * unit_random());
}

/* Everybody's photos lie around a point of their own; `scale` times as far apart. */
static struct labelled make_set(double scale)
{
	struct labelled set = {.people = PEOPLE, .dim = DIM, .count = PEOPLE * PHOTOS};
	set.photo = mem_array(set.count, sizeof(*set.photo));
	assert_non_null(set.photo);
	state = 1;
	for (size_t i = 0; i < PEOPLE; i++) {
		double at[DIM];
		for (int k = 0; k < DIM; k++)
			at[k] = normal();
		for (size_t j = 0; j < PHOTOS; j++) {
			struct labelled_photo *p = &set.photo[i * PHOTOS + j];
			p->person = i;
			p->quality = 1;
			for (int k = 0; k < DIM; k++) {
				p->template[k] = (float)(scale * (at[k] + 0.2 * normal()));
				p->probe[k] = p->template[k] + (float)(scale * 0.1 * normal());
			}
		}
	}
	return set;
}

static struct labelled_fmr *measure(const struct labelled *set, const bool *in)
{
	struct labelled_fmr *t = mem_array(1, sizeof(*t));
	assert_non_null(t);
	assert_int_equal(labelled_table(set, in, t, NULL), OK);
	return t;
}

static void a_table_is_what_a_manifest_takes(void **unused)
{
	static const double scale[] = {1, 0.02, 30}; /* whatever the model's distances are like */
	for (size_t s = 0; s < 3; s++) {
		struct labelled set = make_set(scale[s]);
		struct labelled_fmr *t = measure(&set, NULL);
		const struct manifest_fmr *f = &t->fmr;
		assert_true(fmr_measured(f));
		assert_true(f->points > 20 && f->points <= MANIFEST_FMR_POINTS_MAX);
		assert_true(f->comparisons == (double)PEOPLE * (PEOPLE - 1) / 2 * PHOTOS * PHOTOS);
		assert_int_equal(f->people, PEOPLE);
		for (size_t i = 0; i < f->points; i++) {
			const struct fmr_point *p = &f->point[i];
			assert_true(p->rate <= p->high && p->high > 0 && p->high <= 1);
			assert_true(p->gallery <= p->high);
			assert_true(i == 0 || (p->rate >= p[-1].rate && p->high >= p[-1].high));
		}
		assert_true(f->point[0].high < 1e-7);
		assert_true(f->point[f->points - 1].gallery >= 0.45);
		free(t);
		labelled_finish(&set);
	}
}

static void a_table_of_half_the_people_holds_for_the_others(void **unused)
{
	struct labelled set = make_set(1);
	bool in[PEOPLE], others[PEOPLE];
	for (size_t i = 0; i < PEOPLE; i++)
		others[i] = !(in[i] = i % 2 == 0);
	struct labelled_fmr *half = measure(&set, in), *other = measure(&set, others);
	assert_int_equal(half->fmr.people, PEOPLE / 2);
	const struct fmr_curve curve = fmr_curve_plain(&half->fmr, 1);
	for (size_t i = 0; i < other->fmr.points; i++) {
		double told = fmr_at(&curve, fmr_point_distance(&other->fmr, i));
		/* Their real rate, where there are enough comparisons to know it. */
		if (other->point[i].gallery > 1e-3)
			assert_true(other->point[i].gallery < told * 1.5);
	}
	free(half);
	free(other);
	labelled_finish(&set);
}

static void a_set_too_small_for_a_table_is_told(void **unused)
{
	struct labelled set = make_set(1);
	static struct labelled_fmr t;
	struct error why;
	bool in[PEOPLE] = {true, true, true};
	assert_int_equal(labelled_table(&set, in, &t, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "too few for a table"));
	assert_false(fmr_measured(&t.fmr));
	labelled_finish(&set);
}

static void strangers_are_named_as_often_as_the_budget_says(void **unused)
{
	struct labelled set = make_set(1);
	struct labelled_fmr *t = measure(&set, NULL);
	static const double budget[] = {0.1, 0.01, 0.001};
	for (int held_out = 0; held_out < 2; held_out++) {
		double threshold = INFINITY;
		for (size_t i = 0; i < 3; i++) {
			struct identification d;
			const struct identification_options options = {.people = 60,
				.draws = 8,
				.seed = 5,
				.budget = budget[i],
				.table = held_out ? NULL : &t->fmr};
			assert_int_equal(labelled_identify(&set, &options, &d, NULL), OK);
			size_t strangers = (held_out ? PEOPLE / 2 : PEOPLE) - 60;
			assert_true(d.false_name.trials == (double)strangers * PHOTOS * 8);
			assert_true(d.right.trials == 60.0 * (PHOTOS - 1) * 8);
			assert_true(d.false_name.events <= d.most);
			assert_true(d.expected == budget[i] * d.false_name.trials);
			assert_true(d.match_distance < threshold);
			assert_true(d.review_distance > d.match_distance);
			threshold = d.match_distance;
		}
	}
	free(t);
	labelled_finish(&set);
}

static void more_people_than_there_are_cannot_be_enrolled(void **unused)
{
	struct labelled set = make_set(1);
	struct identification d;
	struct error why;
	const struct identification_options options = {
		.people = PEOPLE / 2, .draws = 1, .budget = 0.01};
	assert_int_equal(labelled_identify(&set, &options, &d, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "120 of 120 people"));
	labelled_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_what_a_manifest_takes),
		cmocka_unit_test(a_table_of_half_the_people_holds_for_the_others),
		cmocka_unit_test(a_set_too_small_for_a_table_is_told),
		cmocka_unit_test(strangers_are_named_as_often_as_the_budget_says),
		cmocka_unit_test(more_people_than_there_are_cannot_be_enrolled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
