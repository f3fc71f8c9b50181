/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attend/witness.h"

enum { REPEAT_MS = 60000 };
static const double spread = 0.2, still = 0.05;

static struct witness *witness(void)
{
	struct witness *w = NULL;
	const struct witness_rule rule = {WITNESS_LOOKS, REPEAT_MS, 0.1};
	assert_int_equal(witness_new(&w, &rule, NULL), OK);
	return w;
}

static struct opinion match(const char *who)
{
	return (struct opinion){DECISION_MATCH, who, 0.3};
}

static struct opinion review(const char *who)
{
	return (struct opinion){DECISION_REVIEW, who, 0.45};
}

static struct opinion unknown(void)
{
	return (struct opinion){DECISION_UNKNOWN, "", 0.7};
}

/* A look at `at_ms` more, the `looks`th of a track since `from_ms`, and all of them together. */
static enum witness_call see(struct witness *w, uint64_t track, size_t looks, int64_t span_ms,
	struct opinion alone, struct opinion together)
{
	enum witness_call call;
	int64_t at_ms = 100000 + span_ms;
	const struct track_fused fused = {
		.looks = looks < TRACK_LOOKS_MAX ? looks : TRACK_LOOKS_MAX,
		.first_ms = 100000,
		.last_ms = at_ms,
		.quality = 1,
		.spread = spread,
	};
	witness_look(w, track, at_ms, &alone);
	assert_int_equal(witness_judge(w, track, &fused, &together, &call, NULL), OK);
	return call;
}

static void one_good_look_alone_is_not_told(void **state)
{
	(void)state;
	struct witness *w = witness();
	assert_int_equal(see(w, 1, 1, 0, match("ada"), match("ada")), WITNESS_WAIT);
	for (size_t i = 2; i < 20; i++) {
		enum witness_call call = see(w, 1, i, 300 * (int64_t)i, unknown(), review("ada"));
		assert_int_equal(call, i == 3 ? WITNESS_TELL : WITNESS_WAIT);
	}
	witness_free(w);
}

static void looks_enough_over_some_time_are_told_once(void **state)
{
	(void)state;
	struct witness *w = witness();
	for (size_t i = 1; i < 20; i++) {
		enum witness_call call =
			see(w, 1, i, 200 * (int64_t)(i - 1), match("ada"), match("ada"));
		assert_int_equal(call, i == 3 ? WITNESS_TELL : WITNESS_WAIT);
		assert_int_equal(witness_settled(w, 1, 100000), i >= 3);
	}
	witness_free(w);
}

static void many_looks_in_no_time_are_not_enough(void **state)
{
	(void)state;
	struct witness *w = witness();
	for (size_t i = 1; i < 20; i++)
		assert_int_equal(
			see(w, 1, i, 20 * (int64_t)i, match("ada"), match("ada")), WITNESS_WAIT);
	witness_free(w);
}

static void the_same_picture_again_and_again_takes_longer(void **state)
{
	(void)state;
	struct witness *w = witness();
	for (int64_t span_ms = 0; span_ms <= 1200; span_ms += 200) {
		const struct opinion ada = match("ada");
		enum witness_call call;
		const struct track_fused fused = {
			(size_t)(1 + span_ms / 200), 0, span_ms, 1, still};
		witness_look(w, 1, span_ms, &ada);
		assert_int_equal(witness_judge(w, 1, &fused, &ada, &call, NULL), OK);
		assert_int_equal(
			call, span_ms == WITNESS_STILL_SPAN_MS ? WITNESS_TELL : WITNESS_WAIT);
	}
	witness_free(w);
}

static void two_names_for_one_face_are_for_review(void **state)
{
	(void)state;
	struct witness *w = witness();
	assert_int_equal(see(w, 1, 1, 0, match("ada"), match("ada")), WITNESS_WAIT);
	assert_int_equal(see(w, 1, 2, 200, match("bob"), match("ada")), WITNESS_WAIT);
	assert_int_equal(see(w, 1, 3, 400, match("ada"), match("ada")), WITNESS_DISPUTED);
	/* And never again a match, however many looks agree; told as seldom as any doubt. */
	for (size_t i = 4; i < 40; i++)
		assert_int_equal(see(w, 1, i, 200 * (int64_t)(i - 1), match("ada"), match("ada")),
			WITNESS_WAIT);
	assert_int_equal(see(w, 1, 40, 20000, match("ada"), match("ada")), WITNESS_DISPUTED);
	witness_free(w);
}

static void a_name_that_no_look_had_is_for_review(void **state)
{
	(void)state;
	struct witness *w = witness();
	/* Looks like Bob's alone, but together like Ada's: the middle of two people is nobody. */
	for (size_t i = 1; i < TRACK_LOOKS_MAX; i++)
		assert_int_equal(see(w, 1, i, 200 * (int64_t)(i - 1), review("bob"), match("ada")),
			WITNESS_WAIT);
	assert_int_equal(see(w, 1, 8, 1400, review("bob"), match("ada")), WITNESS_MIXED);
	assert_int_equal(see(w, 2, 1, 0, match("bob"), match("ada")), WITNESS_WAIT);
	assert_int_equal(see(w, 2, 2, 200, review("ada"), match("ada")), WITNESS_WAIT);
	assert_int_equal(see(w, 2, 3, 400, review("ada"), match("ada")), WITNESS_DISPUTED);
	witness_free(w);
}

static void of_two_faces_of_one_person_the_nearer_is_the_person(void **state)
{
	(void)state;
	struct witness *w = witness();
	struct opinion far = match("ada");
	far.distance = 0.35;
	for (size_t i = 1; i <= 3; i++) {
		enum witness_call near =
			see(w, 1, i, 200 * (int64_t)(i - 1), match("ada"), match("ada"));
		enum witness_call other = see(w, 2, i, 200 * (int64_t)(i - 1), far, far);
		assert_int_equal(near, i == 3 ? WITNESS_TELL : WITNESS_WAIT);
		assert_int_equal(other, i == 3 ? WITNESS_DOUBLE : WITNESS_WAIT);
	}
	witness_free(w);
}

static void a_person_is_not_told_again_before_the_time(void **state)
{
	(void)state;
	struct witness *w = witness();
	int told = 0;
	/* A new track every time: the person went out and came in. */
	for (uint64_t track = 1; track <= 40; track++) {
		for (size_t i = 1; i <= 3; i++)
			told += see(w, track, i, (int64_t)(track * 5000 + i * 200), match("ada"),
					match("ada")) == WITNESS_TELL;
	}
	/* 200 seconds. Tracks are only forgotten with their tracker. */
	assert_int_equal(told, 4);
	witness_free(w);
}

static void a_doubt_is_told_once_in_ten_seconds_and_not_of_who_is_known(void **state)
{
	(void)state;
	struct witness *w = witness();
	int told = 0;
	for (size_t i = 1; i <= 126; i++)
		told += see(w, 1, i, 200 * (int64_t)(i - 1), unknown(), unknown()) == WITNESS_TELL;
	assert_int_equal(told, 3); /* 0.4, 10.4, 20.4 s */
	assert_true(witness_settled(w, 1, 100000 + WITNESS_EAGER_MS + 1));
	assert_false(witness_settled(w, 1, 100000 + WITNESS_EAGER_MS));
	for (size_t i = 1; i <= 60; i++) {
		struct opinion o = i <= 3 ? match("ada") : review("ada");
		told += see(w, 2, i, 200 * (int64_t)(i - 1), o, o) != WITNESS_WAIT;
	}
	assert_int_equal(told, 4);
	witness_free(w);
}

static void rules_out_of_range_are_refused(void **state)
{
	(void)state;
	struct error why = {0};
	for (int looks = -1; looks <= WITNESS_LOOKS_MAX + 1; looks++) {
		struct witness *w;
		const struct witness_rule rule = {looks, REPEAT_MS, 0};
		bool good = looks >= WITNESS_LOOKS_MIN && looks <= WITNESS_LOOKS_MAX;
		assert_int_equal(witness_new(&w, &rule, &why), good ? OK : ERR_ARG);
		assert_int_equal(w != NULL, good);
		witness_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_good_look_alone_is_not_told),
		cmocka_unit_test(looks_enough_over_some_time_are_told_once),
		cmocka_unit_test(many_looks_in_no_time_are_not_enough),
		cmocka_unit_test(the_same_picture_again_and_again_takes_longer),
		cmocka_unit_test(two_names_for_one_face_are_for_review),
		cmocka_unit_test(a_name_that_no_look_had_is_for_review),
		cmocka_unit_test(of_two_faces_of_one_person_the_nearer_is_the_person),
		cmocka_unit_test(a_person_is_not_told_again_before_the_time),
		cmocka_unit_test(a_doubt_is_told_once_in_ten_seconds_and_not_of_who_is_known),
		cmocka_unit_test(rules_out_of_range_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
