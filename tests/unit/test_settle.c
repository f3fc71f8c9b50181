/* SPDX-License-Identifier: MIT */
/* Reviews are settled: confirmed into the register, rejected, dismissed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attend/settle.h"
#include "store/audit.h"
#include "tests/support/school.h"

#define DAY "2026-11-20"

/* Ada may have been seen; gives the sighting's id. */
static void in_review(struct school *f, const char *local, char id[static UUID_TEXT])
{
	struct look look = match(f, f->ada, local);
	look.decision = DECISION_REVIEW;
	struct recorded done = write_look(f, &look);
	assert_int_equal(done.entry[0].outcome, OUTCOME_REVIEW);
	memcpy(id, done.sighting_id, UUID_TEXT);
}

static enum err settle(struct school *f, const char *sighting, enum review_outcome outcome,
	const char *person, struct settled *out)
{
	const struct settling what = {sighting, outcome, person, "user:t", "I know her"};
	struct error why = {0};
	enum err err = register_settle(&f->r, &what, out, &why);
	assert_true(err == OK || why.text[0] != '\0');
	return err;
}

static void confirming_marks_the_person_as_of_the_sighting(void **state)
{
	struct school *f = need(state);
	struct settled out;
	char id[UUID_TEXT];
	in_review(f, DAY " 08:55", id);
	assert_int_equal(settle(f, id, REVIEW_CONFIRM, NULL, &out), OK);
	assert_string_equal(out.person_id, f->ada);
	assert_int_equal(out.marked, 1);
	struct roll roll = read_roll(f, NULL, DAY, DAY " 18:00");
	const struct roll_line *ada = line_of(&roll, f->ada);
	assert_int_equal(ada->at_ms, at(f, DAY " 08:55"));
	assert_string_equal(ada->sighting_id, id);
	assert_string_equal(ada->actor, "user:t");
	roll_finish(&roll);
	assert_int_equal(settle(f, id, REVIEW_CONFIRM, NULL, &out), ERR_EXISTS);
	assert_int_equal(settle(f, id, REVIEW_REJECT, NULL, &out), ERR_EXISTS);
	struct audit_report report;
	struct audit_head head;
	struct error reason = {0};
	assert_int_equal(store_audit_verify(f->store, NULL, &report, &reason), OK);
	assert_string_equal(report.problem, "");
	assert_int_equal(store_audit_head(f->store, &head, &reason), OK);
	assert_int_equal(head.seq, 1);
}

static void it_may_be_somebody_else_than_was_proposed(void **state)
{
	struct school *f = need(state);
	struct settled out;
	char id[UUID_TEXT];
	in_review(f, DAY " 08:55", id);
	assert_int_equal(settle(f, id, REVIEW_CONFIRM, f->cy, &out), OK);
	struct roll roll = read_roll(f, NULL, DAY, DAY " 18:00");
	assert_string_equal(line_of(&roll, f->cy)->sighting_id, id);
	const struct roll_line *ada = line_of(&roll, f->ada);
	assert_true(ada == NULL || ada->at_ms == 0);
	roll_finish(&roll);
}

static void an_earlier_mark_stays_and_a_later_one_gives_way(void **state)
{
	struct school *f = need(state);
	struct settled out;
	char early[UUID_TEXT], late[UUID_TEXT];
	in_review(f, DAY " 08:30", early);
	in_review(f, DAY " 09:30", late);
	seen(f, f->ada, DAY " 09:00");
	assert_int_equal(settle(f, late, REVIEW_CONFIRM, NULL, &out), OK);
	assert_int_equal(out.marked, 0);
	assert_int_equal(out.already, 1);
	assert_int_equal(settle(f, early, REVIEW_CONFIRM, NULL, &out), OK);
	assert_int_equal(out.marked, 1);
	struct roll roll = read_roll(f, NULL, DAY, DAY " 18:00");
	assert_int_equal(line_of(&roll, f->ada)->at_ms, at(f, DAY " 08:30"));
	roll_finish(&roll);
}

static void rejecting_and_dismissing_mark_nobody(void **state)
{
	struct school *f = need(state);
	struct settled out;
	char one[UUID_TEXT], two[UUID_TEXT];
	in_review(f, DAY " 08:55", one);
	in_review(f, DAY " 08:56", two);
	assert_int_equal(settle(f, one, REVIEW_REJECT, NULL, &out), OK);
	assert_string_equal(out.person_id, f->ada);
	assert_int_equal(settle(f, one, REVIEW_CONFIRM, NULL, &out), ERR_EXISTS);
	assert_int_equal(settle(f, two, REVIEW_DISMISS, NULL, &out), OK);
	assert_string_equal(out.person_id, "");
	struct roll roll = read_roll(f, NULL, DAY, DAY " 18:00");
	assert_int_equal(roll.present + roll.late, 0);
	roll_finish(&roll);
}

static void what_is_not_in_review_is_not_settled(void **state)
{
	struct school *f = need(state);
	struct settled out;
	char id[UUID_TEXT];
	struct recorded sure = seen(f, f->ada, DAY " 08:55");
	assert_int_equal(settle(f, sure.sighting_id, REVIEW_CONFIRM, NULL, &out), ERR_ARG);
	assert_int_equal(settle(f, "none", REVIEW_CONFIRM, NULL, &out), ERR_NOT_FOUND);
	in_review(f, DAY " 08:57", id);
	assert_int_equal(settle(f, id, REVIEW_CONFIRM, "nobody", &out), ERR_NOT_FOUND);
	assert_int_equal(settle(f, id, REVIEW_CONFIRM, NULL, &out), OK); /* nothing half done */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		school_test(confirming_marks_the_person_as_of_the_sighting),
		school_test(it_may_be_somebody_else_than_was_proposed),
		school_test(an_earlier_mark_stays_and_a_later_one_gives_way),
		school_test(rejecting_and_dismissing_mark_nobody),
		school_test(what_is_not_in_review_is_not_settled),
	};
	return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
