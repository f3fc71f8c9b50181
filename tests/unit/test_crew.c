/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crew.h"

enum { TASKS = 500, WORKERS = 5 };

struct tally {
	atomic_int done[TASKS];
	atomic_int busy[WORKERS]; /* calls of a worker that are under way */
	atomic_bool clash;
	size_t bad; /* tasks from here on fail */
};

static enum err count_task(void *ctx, size_t worker, size_t task, struct error *why)
{
	struct tally *t = ctx;
	if (worker >= WORKERS || atomic_fetch_add(&t->busy[worker], 1) != 0)
		atomic_store(&t->clash, true);
	atomic_fetch_add(&t->done[task], 1);
	if (worker < WORKERS)
		atomic_fetch_sub(&t->busy[worker], 1);
	return task < t->bad ? OK : err_set(why, ERR_FORMAT, "task %zu", task);
}

static void every_task_is_done_once(void **unused)
{
	static const size_t workers[] = {0, 1, 2, WORKERS};
	static const size_t tasks[] = {0, 1, 3, TASKS};
	for (size_t i = 0; i < 16; i++) {
		struct tally t = {.bad = TASKS};
		struct error why = {0};
		assert_int_equal(crew_run(workers[i / 4], tasks[i % 4], count_task, &t, &why), OK);
		for (size_t k = 0; k < TASKS; k++)
			assert_int_equal(t.done[k], k < tasks[i % 4]);
		assert_false(t.clash);
	}
}

static void the_first_failure_is_returned_and_ends_the_work(void **unused)
{
	for (size_t workers = 1; workers <= WORKERS; workers++) {
		struct tally t = {.bad = 7};
		struct error why = {0};
		assert_int_equal(crew_run(workers, TASKS, count_task, &t, &why), ERR_FORMAT);
		assert_string_equal(why.text, "task 7");
		/* At most what the others had begun. */
		size_t done = 0;
		for (size_t k = 0; k < TASKS; k++)
			done += (size_t)t.done[k];
		assert_true(done >= 8 && done <= 7 + workers);
		assert_false(t.clash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_is_done_once),
		cmocka_unit_test(the_first_failure_is_returned_and_ends_the_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
