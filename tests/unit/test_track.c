/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vision/track.h"

enum { DIM = 16, FRAME_MS = 100, FACES = 4, CROWD = TRACKS_MAX + 6 };

static struct tracker *tracker(void)
{
	struct tracker *t = NULL;
	const struct track_rule rule = {DIM, 0.45, 0.55};
	assert_int_equal(tracker_new(&t, &rule, NULL), OK);
	return t;
}

/* A face of `who`, seen slightly differently each time. */
static void looks_of(size_t who, int time, float v[static DIM])
{
	memset(v, 0, DIM * sizeof(v[0]));
	v[who] = 1;
	v[DIM - 1 - time % 4] = 0.2f;
}

/* Faces side by side in a frame, and what the tracker says. */
struct scene {
	struct face face[CROWD];
	struct track_step step[CROWD];
	size_t count;
};

static void stand(struct scene *s, float x, float y)
{
	s->face[s->count++] = (struct face){.box = {x, y, 80, 100}};
}

static void show(struct tracker *t, struct scene *s, int64_t at_ms)
{
	tracker_frame(t, at_ms, s->face, s->count, s->step);
	s->count = 0;
}

static uint64_t look(struct tracker *t, uint64_t track, size_t who, int time)
{
	float v[DIM];
	looks_of(who, time, v);
	return tracker_look(t, track, v, 0.9f);
}

static size_t looks(const struct tracker *t, uint64_t track)
{
	struct track_fused fused;
	tracker_fused(t, track, NULL, &fused);
	return fused.looks;
}

static void a_face_that_moves_is_one_track(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	uint64_t id = 0;
	for (int i = 0; i < 100; i++) {
		/* Half a face a frame: boxes of two frames overlap by a third of their union. */
		stand(&s, 40.0f * (float)i, 100);
		show(t, &s, i * FRAME_MS);
		id = i == 0 ? s.step[0].track : id;
		assert_int_equal(s.step[0].track, id);
		assert_int_equal(tracker_count(t), 1);
	}
	assert_int_equal(tracker_begun(t), 1);
	tracker_free(t);
}

static void looks_are_wanted_now_and_then(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	int wanted = 0;
	for (int i = 0; i < 60; i++) {
		stand(&s, 100, 100);
		show(t, &s, i * FRAME_MS);
		if (i == 40) {
			assert_int_equal(wanted, 20);
			assert_true(tracker_unsettled(t));
			tracker_settle(t, s.step[0].track, true);
			assert_false(tracker_unsettled(t));
		}
		if (s.step[0].wanted && i != 40) {
			look(t, s.step[0].track, 0, i);
			wanted++;
		}
	}
	/* From then on every two seconds: the last was at 3.8 s. */
	assert_int_equal(wanted, 21);
	assert_int_equal(looks(t, 1), TRACK_LOOKS_MAX);
	tracker_free(t);
}

static void a_track_without_its_face_ends(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	stand(&s, 100, 100);
	show(t, &s, 0);
	show(t, &s, TRACK_LOST_MS);
	assert_true(tracker_has(t, 1));
	assert_false(tracker_unsettled(t));
	show(t, &s, TRACK_LOST_MS + 1);
	assert_false(tracker_has(t, 1));
	assert_false(tracker_has(t, 0));
	assert_int_equal(tracker_count(t), 0);
	assert_int_equal(look(t, 1, 0, 0), 0);
	/* What does not move stays as long as the pictures go on. */
	stand(&s, 100, 100);
	show(t, &s, 5000);
	for (int64_t at_ms = 5100; at_ms < 12000; at_ms += 100)
		tracker_still(t, at_ms);
	assert_true(tracker_has(t, 2));
	tracker_free(t);
}

/* No look went to the other's track. */
static void assert_apart(const struct tracker *t, const uint64_t *person)
{
	for (size_t who = 0; who < 2; who++) {
		float fused[DIM];
		struct track_fused what;
		assert_true(tracker_fused(t, person[who], fused, &what));
		assert_true(fused[who] > 0.9f && fabsf(fused[1 - who]) < 1e-6f);
		assert_true(what.looks > 3 && what.spread < 0.3);
	}
}

/* Two faces meet in the middle and go on; `bounce`: their boxes go back instead. */
static void cross(bool bounce)
{
	struct tracker *t = tracker();
	struct scene s = {0};
	uint64_t person[2] = {0, 0};
	for (int i = 0; i <= 40; i++) {
		float x = 10 * (float)i;
		bool exchanged = bounce && i > 20;
		/* In the middle one face hides the other. */
		stand(&s, exchanged ? 400 - x : x, 100);
		if (i < 18 || i > 22)
			stand(&s, exchanged ? x : 400 - x, 105);
		size_t count = s.count;
		show(t, &s, i * FRAME_MS);
		for (size_t k = 0; k < count; k++) {
			size_t who = exchanged ? 1 - k : k;
			uint64_t track = s.step[k].track;
			if (s.step[k].wanted)
				track = look(t, track, who, i);
			person[who] = i == 0 ? track : person[who];
			if (i > 30)
				assert_int_equal(s.step[k].track, person[who]);
		}
	}
	assert_apart(t, person);
	tracker_free(t);
}

static void people_who_cross_keep_their_tracks(void **state)
{
	(void)state;
	cross(false);
	cross(true);
}

/* Shows faces at these places, looks at what is wanted and settles it; whether it was wanted. */
static bool show_settled(struct tracker *t, int frame, const float *x, size_t count)
{
	struct scene s = {0};
	bool wanted = false;
	for (size_t k = 0; k < count; k++)
		stand(&s, x[k], 100);
	show(t, &s, frame * FRAME_MS);
	for (size_t k = 0; k < count; k++) {
		wanted |= s.step[k].wanted;
		if (s.step[k].wanted)
			look(t, s.step[k].track, k, frame);
		tracker_settle(t, s.step[k].track, true);
	}
	return wanted;
}

static void a_sudden_move_is_doubted_a_steady_one_is_not(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	for (int i = 0; i < 18; i++) {
		/* Stands, then walks three quarters of a face a frame. */
		const float x = i < 8 ? 100 : 100 + 60 * (float)(i - 7);
		assert_int_equal(show_settled(t, i, &x, 1), i == 0 || i == 8);
	}
	assert_int_equal(tracker_begun(t), 1);
	tracker_free(t);
}

static void who_comes_close_to_another_is_doubted(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	for (int i = 0; i < 10; i++) {
		const float x[2] = {100, 120 + 20 * (float)(9 - i)};
		/* From where a third of their union overlaps. */
		assert_int_equal(show_settled(t, i, x, 2), i == 0 || x[1] <= 140);
	}
	assert_int_equal(tracker_begun(t), 2);
	tracker_free(t);
}

static void who_takes_a_place_is_a_track_of_its_own(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	int wanted = 0;
	for (int i = 0; i < 20; i++) {
		size_t who = i < 10 ? 0 : 1;
		stand(&s, 100, 100);
		show(t, &s, i * FRAME_MS);
		if (!s.step[0].wanted)
			continue;
		wanted++;
		uint64_t track = look(t, s.step[0].track, who, i);
		assert_int_equal(track, 1 + who);
	}
	assert_int_equal(tracker_count(t), 2);
	assert_int_equal(wanted, 10);
	assert_int_equal(looks(t, 1), 5);
	assert_int_equal(looks(t, 2), 5);
	/* And back: the first is known again. */
	stand(&s, 100, 100);
	show(t, &s, 2200);
	assert_int_equal(look(t, s.step[0].track, 0, 3), 1);
	tracker_free(t);
}

static void who_comes_up_elsewhere_is_known_by_looks(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	stand(&s, 100, 100);
	show(t, &s, 0);
	assert_int_equal(look(t, s.step[0].track, 0, 0), 1);
	/* A slow camera: the next picture is a second later. */
	stand(&s, 900, 300);
	show(t, &s, 1000);
	assert_int_equal(s.step[0].track, 2);
	assert_true(s.step[0].wanted);
	assert_int_equal(look(t, s.step[0].track, 0, 1), 1);
	assert_int_equal(looks(t, 1), 2);
	assert_int_equal(tracker_count(t), 1);
	/* Somebody else is not. */
	stand(&s, 100, 100);
	show(t, &s, 2000);
	assert_int_equal(look(t, s.step[0].track, 1, 2), 3);
	tracker_free(t);
}

static void looks_of_one_moment_are_one(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	float v[DIM], fused[DIM];
	struct track_fused what;
	for (int i = 0; i < 10; i++) {
		stand(&s, 100, 100);
		show(t, &s, i * 10);
		looks_of(0, i, v);
		tracker_look(t, 1, v, i == 6 ? 1 : 0.5f);
	}
	assert_true(tracker_fused(t, 1, fused, &what));
	assert_int_equal(what.looks, 1);
	assert_true(what.quality == 1);
	looks_of(0, 6, v);
	assert_memory_equal(v, fused, sizeof(v));
	tracker_free(t);
}

static void poor_looks_count_for_nothing(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	float v[DIM], fused[DIM];
	struct track_fused what;
	stand(&s, 100, 100);
	show(t, &s, 0);
	looks_of(0, 0, v);
	assert_int_equal(tracker_look(t, 1, v, TRACK_QUALITY_FLOOR - 0.01f), 1);
	assert_int_equal(tracker_look(t, 1, v, NAN), 1);
	assert_false(tracker_fused(t, 1, fused, &what));
	assert_int_equal(tracker_look(t, 1, v, 1), 1);
	/* A poor picture looks like somebody else: that is not believed. */
	looks_of(3, 0, v);
	assert_int_equal(tracker_look(t, 1, v, 0.1f), 1);
	assert_true(tracker_fused(t, 1, fused, &what));
	assert_int_equal(what.looks, 1);
	assert_true(what.quality == 1 && what.spread == 0);
	tracker_free(t);
}

static double length(const float *v)
{
	double squared = 0;
	for (int i = 0; i < DIM; i++)
		squared += (double)v[i] * (double)v[i];
	return sqrt(squared);
}

static void looks_are_weighted_and_keep_their_length(void **state)
{
	(void)state;
	for (int scale = 1; scale <= 2; scale++) {
		struct tracker *t = NULL;
		const struct track_rule rule = {DIM, 3, 3};
		assert_int_equal(tracker_new(&t, &rule, NULL), OK);
		struct scene s = {0};
		float a[DIM] = {0}, b[DIM] = {0}, fused[DIM];
		struct track_fused what;
		a[0] = (float)scale;
		b[1] = (float)scale;
		stand(&s, 100, 100);
		show(t, &s, 0);
		tracker_look(t, 1, a, 0.8f);
		stand(&s, 100, 100);
		show(t, &s, 250);
		tracker_look(t, 1, b, 0.4f);
		assert_true(tracker_fused(t, 1, fused, &what));
		assert_true(fabs(length(fused) - scale) < 1e-6);
		assert_true(fabsf(fused[0] - 2 * fused[1]) < 1e-6f);
		assert_int_equal(what.looks, 2);
		assert_int_equal(what.last_ms - what.first_ms, 250);
		/* (0.8 * 0.8 + 0.4 * 0.4) / 1.2; and sqrt(2 d^2 / 9) of d = sqrt(2) */
		assert_true(fabsf(what.quality - 2.0f / 3) < 1e-6f);
		assert_true(fabs(what.spread - scale * 2.0 / 3) < 1e-6);
		tracker_free(t);
	}
}

static void a_crowd_is_followed_up_to_the_limit(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < CROWD; k++)
			stand(&s, 200.0f * (float)(k % 10), 200.0f * (float)(k / 10));
		show(t, &s, i * FRAME_MS);
		for (int k = 0; k < CROWD; k++)
			assert_int_equal(s.step[k].track, k < TRACKS_MAX ? k + 1 : 0);
		assert_int_equal(tracker_count(t), TRACKS_MAX);
	}
	assert_false(s.step[TRACKS_MAX].wanted);
	/* Others in their place: every lost track gives way. */
	for (int k = 0; k < TRACKS_MAX; k++)
		stand(&s, 5000 + 200.0f * (float)k, 5000);
	show(t, &s, 400);
	for (int k = 0; k < TRACKS_MAX; k++)
		assert_true(s.step[k].track > TRACKS_MAX);
	assert_int_equal(tracker_count(t), TRACKS_MAX);
	tracker_free(t);
}

static void boxes_and_times_that_are_none_do_no_harm(void **state)
{
	(void)state;
	struct tracker *t = tracker();
	struct scene s = {0};
	const struct box odd[FACES] = {
		{NAN, 0, 1, 1}, {0, 0, 0, 0}, {INFINITY, 0, 1e30f, 1}, {0, 0, -5, -5}};
	for (int i = 0; i < 50; i++) {
		for (int k = 0; k < FACES; k++) {
			stand(&s, 0, 0);
			s.face[k].box = odd[(k + i) % FACES];
		}
		show(t, &s, i % 7 * 1000 - 3000);
		assert_true(tracker_count(t) <= TRACKS_MAX);
		for (int k = 0; k < FACES; k++)
			look(t, s.step[k].track, (size_t)k, i);
	}
	tracker_free(t);
}

static void rules_out_of_range_are_refused(void **state)
{
	(void)state;
	static const struct track_rule bad[] = {{0, 0.4, 0.5}, {TRACK_DIM_MAX + 1, 0.4, 0.5},
		{8, 0, 0.5}, {8, NAN, 0.5}, {8, 0.6, 0.5}, {8, 0.6, NAN}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error why = {0};
		struct tracker *t;
		assert_int_equal(tracker_new(&t, &bad[i], &why), ERR_ARG);
		assert_null(t);
	}
	tracker_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_face_that_moves_is_one_track),
		cmocka_unit_test(looks_are_wanted_now_and_then),
		cmocka_unit_test(a_track_without_its_face_ends),
		cmocka_unit_test(people_who_cross_keep_their_tracks),
		cmocka_unit_test(a_sudden_move_is_doubted_a_steady_one_is_not),
		cmocka_unit_test(who_comes_close_to_another_is_doubted),
		cmocka_unit_test(who_takes_a_place_is_a_track_of_its_own),
		cmocka_unit_test(who_comes_up_elsewhere_is_known_by_looks),
		cmocka_unit_test(looks_of_one_moment_are_one),
		cmocka_unit_test(poor_looks_count_for_nothing),
		cmocka_unit_test(looks_are_weighted_and_keep_their_length),
		cmocka_unit_test(a_crowd_is_followed_up_to_the_limit),
		cmocka_unit_test(boxes_and_times_that_are_none_do_no_harm),
		cmocka_unit_test(rules_out_of_range_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
