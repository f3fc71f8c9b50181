/* SPDX-License-Identifier: MIT */
/* "Not this person": marks that go, faces that stay for a while. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/school.h"

enum { DIM = 4 };
static const float vector[DIM] = {1, 2, 3, 4};
#define MODEL "test/one"

static struct face_vector face_of(void)
{
	struct face_vector face = {.model = MODEL, .dim = DIM};
	memcpy(face.vector, vector, sizeof(vector));
	return face;
}

/* Ada is taken to be seen, with everything kept; gives the sighting's id. */
static void seen_with_face(
	struct school *f, const char *local, const char *group_id, char id[static UUID_TEXT])
{
	const struct face_vector face = face_of();
	struct evidence evidence = {.reason = "", .candidates = 3, .budget = 0.001};
	snprintf(evidence.group_id, sizeof(evidence.group_id), "%s", group_id);
	snprintf(evidence.second_id, sizeof(evidence.second_id), "%s", f->bo);
	struct look look = match(f, f->ada, local);
	look.face = &face;
	look.evidence = &evidence;
	struct recorded done = write_look(f, &look);
	assert_true(done.sighting_id[0] != '\0');
	memcpy(id, done.sighting_id, UUID_TEXT);
}

static enum err object(
	struct school *f, const char *sighting, struct rejected *out, struct error *why)
{
	const struct objection o = {sighting, "teacher", "it was her sister"};
	return register_reject(&f->r, &o, out, why);
}

static enum err count_face(
	void *ctx, const char *person_id, const float *v, size_t dim, struct error *why)
{
	struct school *f = ((void **)ctx)[0];
	(void)why;
	assert_string_equal(person_id, f->ada);
	assert_int_equal(dim, DIM);
	assert_memory_equal(v, vector, sizeof(vector));
	++*(int *)((void **)ctx)[1];
	return OK;
}

static int counter_examples(struct school *f, const char *model)
{
	int count = 0;
	void *ctx[] = {f, &count};
	ok(store_counter_examples(f->store, model, count_face, ctx, &reason));
	return count;
}

static bool has_mark(struct school *f, const char *day)
{
	struct roll roll = read_roll(f, f->class_4b, day, "2026-03-02 20:00");
	const struct roll_line *line = line_of(&roll, f->ada);
	bool marked = line != NULL && !line->expected;
	roll_finish(&roll);
	return marked;
}

static void a_wrong_mark_goes_and_the_sighting_stays(void **state)
{
	struct school *f = need(state);
	char id[UUID_TEXT];
	struct rejected done;
	struct sighting sighting;
	struct rejection rejection;
	seen_with_face(f, "2026-03-02 08:50", "", id);
	assert_true(has_mark(f, "2026-03-02"));
	ok(object(f, id, &done, &reason));
	assert_string_equal(done.person_id, f->ada);
	assert_int_equal(done.withdrawn, 1);
	assert_int_equal(done.replaced, 0);
	assert_true(done.counter_example);
	assert_false(has_mark(f, "2026-03-02"));
	ok(store_sighting(f->store, id, &sighting, &reason));
	assert_string_equal(sighting.person_id, f->ada);
	ok(store_rejection(f->store, id, &rejection, &reason));
	assert_string_equal(rejection.reason, "it was her sister");
	assert_int_equal(counter_examples(f, MODEL), 1);
	assert_int_equal(counter_examples(f, "test/other"), 0);
	struct error why = {0};
	assert_int_equal(object(f, id, &done, &why), ERR_EXISTS);
}

static void another_sighting_of_that_day_makes_the_mark_again(void **state)
{
	struct school *f = need(state);
	char first[UUID_TEXT], choir[UUID_TEXT], later[UUID_TEXT];
	struct rejected done;
	seen_with_face(f, "2026-03-02 08:50", "", first);
	seen_with_face(f, "2026-03-02 09:30", f->choir, choir); /* looked for in another group */
	seen_with_face(f, "2026-03-02 10:00", f->class_4b, later);
	ok(object(f, first, &done, &reason));
	assert_int_equal(done.replaced, 1);
	assert_mark(f, f->ada, MARK_LATE, "2026-03-02 10:00");
	ok(object(f, later, &done, &reason));
	assert_int_equal(done.replaced, 0);
	assert_false(has_mark(f, "2026-03-02"));
}

static void a_mark_by_hand_is_not_touched(void **state)
{
	struct school *f = need(state);
	char id[UUID_TEXT];
	struct rejected done;
	seen_with_face(f, "2026-03-02 08:50", "", id);
	const struct correction c = {
		f->class_4b, "2026-03-02", f->ada, MARK_EXCUSED, "teacher", "ill"};
	ok(register_override(&f->r, &c, &reason));
	ok(object(f, id, &done, &reason));
	assert_int_equal(done.withdrawn, 0);
	assert_true(has_mark(f, "2026-03-02"));
}

static void a_rejected_sighting_starts_no_cooldown(void **state)
{
	struct school *f = need(state);
	char id[UUID_TEXT];
	struct rejected done;
	seen_with_face(f, "2026-03-02 08:50", "", id);
	ok(object(f, id, &done, &reason));
	struct recorded again = seen(f, f->ada, "2026-03-02 08:50");
	assert_int_equal(again.entry[0].outcome, OUTCOME_MARKED);
}

static void what_was_nobody_cannot_be_rejected(void **state)
{
	struct school *f = need(state);
	struct look look = match(f, f->ada, "2026-03-02 08:50");
	look.decision = DECISION_UNKNOWN;
	struct recorded recorded = write_look(f, &look);
	struct rejected done;
	struct error why = {0};
	assert_int_equal(object(f, recorded.sighting_id, &done, &why), ERR_ARG);
	assert_int_equal(object(f, "no such sighting", &done, &why), ERR_NOT_FOUND);
	const struct objection o = {recorded.sighting_id, "teacher", ""};
	assert_int_equal(register_reject(&f->r, &o, &done, &why), ERR_ARG);
}

static void faces_are_kept_for_as_long_as_is_said(void **state)
{
	struct school *f = need(state);
	char id[UUID_TEXT], other[UUID_TEXT];
	struct face_vector face;
	struct org org;
	struct error why = {0};
	seen_with_face(f, "2026-03-02 08:50", "", id);
	ok(store_face(f->store, id, &face, &reason));
	assert_memory_equal(face.vector, vector, sizeof(vector));
	f->r.now_ms = at(f, "2026-03-31 08:50");
	ok(register_forget(&f->r, &reason));
	ok(store_face(f->store, id, &face, &reason));
	f->r.now_ms = at(f, "2026-04-02 08:50");
	ok(register_forget(&f->r, &reason));
	assert_int_equal(store_face(f->store, id, &face, &why), ERR_NOT_FOUND);
	struct rejected done;
	ok(object(f, id, &done, &reason));
	assert_false(done.counter_example);
	ok(store_org(f->store, &org, &reason));
	org.keep_faces_days = 0;
	ok(store_org_update(f->store, &org, &reason));
	seen_with_face(f, "2026-04-02 08:50", "", other);
	assert_int_equal(store_face(f->store, other, &face, &why), ERR_NOT_FOUND);
}

static void erasing_a_person_takes_faces_and_rejections_along(void **state)
{
	struct school *f = need(state);
	char id[UUID_TEXT];
	struct rejected done;
	struct evidence evidence;
	struct face_vector face;
	struct error why = {0};
	seen_with_face(f, "2026-03-02 08:50", "", id);
	ok(object(f, id, &done, &reason));
	ok(store_person_remove(f->store, f->bo, &reason));
	ok(store_evidence(f->store, id, &evidence, &reason));
	assert_string_equal(evidence.second_id, "");
	assert_int_equal(evidence.candidates, 3);
	ok(store_person_remove(f->store, f->ada, &reason));
	assert_int_equal(counter_examples(f, MODEL), 0);
	assert_int_equal(store_face(f->store, id, &face, &why), ERR_NOT_FOUND);
	ok(store_check(f->store, &reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		school_test(a_wrong_mark_goes_and_the_sighting_stays),
		school_test(another_sighting_of_that_day_makes_the_mark_again),
		school_test(a_mark_by_hand_is_not_touched),
		school_test(a_rejected_sighting_starts_no_cooldown),
		school_test(what_was_nobody_cannot_be_rejected),
		school_test(faces_are_kept_for_as_long_as_is_said),
		school_test(erasing_a_person_takes_faces_and_rejections_along),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
