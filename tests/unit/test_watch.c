/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/watch_track.h"

enum { FRAME_MS = 200, CONFIRM = 3, PEOPLE = 4, REPEAT_MS = 60000 };

/* One frame that a test makes up: faces side by side. */
struct scene {
	struct identified id;
	struct face face[PEOPLE];
	struct verdict verdict[PEOPLE];
	struct person person[PEOPLE];
	bool tell[PEOPLE];
};

/* Somebody at a place: `looks` makes faces of one person alike, `name` NULL is nobody known. */
static void stand(struct scene *s, float x, size_t looks, enum decision decision, const char *name)
{
	size_t i = s->id.faces.count++;
	s->face[i] = (struct face){.box = {x, 100, 80, 100}, .score = 0.9f};
	s->face[i].embedding[looks] = 1;
	s->verdict[i] = (struct verdict){.decision = decision, .distance = 0.3};
	s->person[i] = (struct person){0};
	snprintf(s->person[i].id, sizeof(s->person[i].id), "%s", name ? name : "");
	s->id.faces.face = s->face;
	s->id.verdict = s->verdict;
	s->id.person = s->person;
}

static void show(struct watcher *w, struct scene *s, int64_t at_ms)
{
	assert_int_equal(watcher_frame(w, at_ms, &s->id, s->tell, NULL), OK);
	s->id.faces.count = 0;
}

static struct watcher *watcher(void)
{
	struct watcher *w = NULL;
	const struct watch_rule rule = {CONFIRM, REPEAT_MS};
	assert_int_equal(watcher_new(&w, &rule, NULL), OK);
	return w;
}

static void one_good_frame_alone_is_no_event(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	stand(&s, 100, 0, DECISION_MATCH, "ada");
	show(w, &s, 0);
	assert_false(s.tell[0]);
	for (int64_t at = FRAME_MS; at < 20 * FRAME_MS; at += FRAME_MS) {
		stand(&s, 100, 0, DECISION_UNKNOWN, NULL);
		show(w, &s, at);
		/* Nobody is also nobody's event while a match is within the window. */
		if (at <= WATCH_WINDOW_MS)
			assert_false(s.tell[0]);
	}
	watcher_free(w);
}

static void the_frame_that_confirms_is_the_event_and_only_that(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	for (int i = 0; i < 50; i++) {
		stand(&s, 100 + (float)i, 0, DECISION_MATCH, "ada");
		show(w, &s, i * FRAME_MS);
		assert_int_equal(s.tell[0], i == CONFIRM - 1);
	}
	assert_int_equal(watcher_tracks(w), 1);
	watcher_free(w);
}

static void frames_that_are_far_apart_do_not_confirm(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	for (int i = 0; i < 10; i++) {
		stand(&s, 100, 0, DECISION_MATCH, "ada");
		show(w, &s, i * (WATCH_WINDOW_MS / 2 + 1));
		assert_false(s.tell[0]);
	}
	watcher_free(w);
}

static void two_names_for_one_face_are_no_event(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	for (int i = 0; i < 30; i++) {
		stand(&s, 100, 0, DECISION_MATCH, i % 4 == 3 ? "bob" : "ada");
		show(w, &s, i * FRAME_MS);
		/* Three times Ada before Bob comes up for the first time are one. */
		assert_int_equal(s.tell[0], i == CONFIRM - 1);
	}
	watcher_free(w);
}

static void who_runs_through_the_picture_is_followed_by_looks(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	for (int i = 0; i < CONFIRM; i++) {
		stand(&s, 100 + 300 * (float)i, 0, DECISION_MATCH, "ada");
		show(w, &s, i * FRAME_MS);
		assert_int_equal(s.tell[0], i == CONFIRM - 1);
		assert_int_equal(watcher_tracks(w), 1);
	}
	watcher_free(w);
}

static void who_takes_the_place_of_another_is_somebody_else(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	for (int i = 0; i < CONFIRM - 1; i++) {
		stand(&s, 100, 0, DECISION_MATCH, "ada");
		show(w, &s, i * FRAME_MS);
	}
	for (int i = 0; i < CONFIRM; i++) {
		stand(&s, 100, 1, DECISION_MATCH, "bob");
		show(w, &s, (CONFIRM - 1 + i) * FRAME_MS);
		assert_int_equal(s.tell[0], i == CONFIRM - 1);
	}
	watcher_free(w);
}

static void an_unknown_face_is_told_once_in_ten_seconds(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	int told = 0;
	for (int64_t at = 0; at < 25000; at += FRAME_MS) {
		stand(&s, 100, 2, at % 400 ? DECISION_REVIEW : DECISION_UNKNOWN, NULL);
		show(w, &s, at);
		told += s.tell[0];
	}
	assert_int_equal(told, 3);
	watcher_free(w);
}

static void a_person_is_not_told_again_before_the_time(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	int told = 0;
	for (int64_t at = 0; at < 2 * REPEAT_MS; at += FRAME_MS) {
		/* Gone for five seconds in each fifteen: a new track each time. */
		if (at % 15000 >= 10000)
			continue;
		stand(&s, 100, 0, DECISION_MATCH, "ada");
		show(w, &s, at);
		told += s.tell[0];
	}
	assert_int_equal(told, 2);
	watcher_free(w);
}

static void several_people_are_kept_apart(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	for (int i = 0; i < CONFIRM; i++) {
		/* In another order in every frame. */
		for (size_t k = 0; k < 3; k++) {
			size_t who = (k + (size_t)i) % 3;
			static const char *const names[] = {"ada", "bob", NULL};
			stand(&s, 100 + 200 * (float)who, who,
				names[who] ? DECISION_MATCH : DECISION_UNKNOWN, names[who]);
		}
		show(w, &s, i * FRAME_MS);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(s.tell[k], i == CONFIRM - 1);
	}
	assert_int_equal(watcher_tracks(w), 3);
	watcher_free(w);
}

static void tracks_and_frames_do_not_pile_up(void **state)
{
	(void)state;
	struct watcher *w = watcher();
	struct scene s = {0};
	for (int i = 0; i < 5000; i++) {
		stand(&s, (float)(i % 7) * 500, (size_t)i % FACE_DIM_MAX, DECISION_UNKNOWN, NULL);
		show(w, &s, i * 10);
		assert_true(watcher_tracks(w) <= WATCH_WINDOW_MS / 10 + 1);
	}
	show(w, &s, 10 * WATCH_WINDOW_MS + 50000);
	assert_int_equal(watcher_tracks(w), 0);
	watcher_free(w);
}

static void a_rule_that_one_frame_confirms_is_refused(void **state)
{
	(void)state;
	struct watcher *w = NULL;
	struct error why = {0};
	const struct watch_rule rule = {1, REPEAT_MS};
	assert_int_equal(watcher_new(&w, &rule, &why), ERR_ARG);
	assert_null(w);
	watcher_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_good_frame_alone_is_no_event),
		cmocka_unit_test(the_frame_that_confirms_is_the_event_and_only_that),
		cmocka_unit_test(frames_that_are_far_apart_do_not_confirm),
		cmocka_unit_test(two_names_for_one_face_are_no_event),
		cmocka_unit_test(who_runs_through_the_picture_is_followed_by_looks),
		cmocka_unit_test(who_takes_the_place_of_another_is_somebody_else),
		cmocka_unit_test(an_unknown_face_is_told_once_in_ten_seconds),
		cmocka_unit_test(a_person_is_not_told_again_before_the_time),
		cmocka_unit_test(several_people_are_kept_apart),
		cmocka_unit_test(tracks_and_frames_do_not_pile_up),
		cmocka_unit_test(a_rule_that_one_frame_confirms_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
