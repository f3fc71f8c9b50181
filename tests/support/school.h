/* SPDX-License-Identifier: MIT */
/*
 * A school with a store of its own for tests of registers, and short ways to say what happens
 * in it. Include cmocka.h first. One thread at a time.
 */
#ifndef TESTS_SUPPORT_SCHOOL_H
#define TESTS_SUPPORT_SCHOOL_H

#include "attend/register.h"
#include "tests/support/home.h"

/* In Berlin: Ada and Bo in 4b, Cy in no group, and a Choir that nobody is in. */
struct school {
	struct home home;
	struct store *store;
	struct zone *zone;
	struct registrar r;
	char ada[UUID_TEXT], bo[UUID_TEXT], cy[UUID_TEXT];
	char class_4b[UUID_TEXT], choir[UUID_TEXT];
};

/* For cmocka; leaves *state NULL where tzdata is not installed. */
int school_set_up(void **state);
int school_tear_down(void **state);

#define school_test(name) cmocka_unit_test_setup_teardown(name, school_set_up, school_tear_down)

/* The school, or skips the test, saying why. */
struct school *need(void **state);

/* Fails the test with the reason; `call` puts it into &reason. */
#define ok(call)                                                \
	do {                                                    \
		struct error reason = {0};                      \
		if ((call) != OK)                               \
			fail_msg("%s: %s", #call, reason.text); \
	} while (0)

/* Local time in Berlin to UTC milliseconds. */
int64_t at(const struct school *f, const char *local);

void join_choir(struct school *f, const char *person);

/* A sure look at somebody; to change before it is written. */
struct look match(const struct school *f, const char *person, const char *local);

/* Writes a look at the time it is of. */
struct recorded write_look(struct school *f, const struct look *look);

/* Both in one. */
struct recorded seen(struct school *f, const char *person, const char *local);

/* How many there are in the store. */
size_t sightings(struct school *f);

/* The register of a day as it is at `now`; release with roll_finish. */
struct roll read_roll(struct school *f, const char *group, const char *day, const char *now);

/* The person's first line; NULL if there is none. */
const struct roll_line *line_of(const struct roll *roll, const char *person);

/* Fails unless the person has that mark, made at that time, in the register of its day. */
void assert_mark(struct school *f, const char *person, enum mark_status status, const char *local);

#endif
