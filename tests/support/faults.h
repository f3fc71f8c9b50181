/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on purpose. A test program that links faults.c (in meson:
 * `faults_dep`) gets malloc, calloc, realloc, free, aligned_alloc, memalign and
 * posix_memalign of its own, which every shared library of the process then uses too
 * (SQLite, libjpeg, ...), and which forward to glibc's. Arming is per thread, the count
 * of live allocations is the process's.
 *
 * Under a sanitizer, which brings a malloc of its own, nothing is interposed and
 * faults_available() is false: skip the test, saying so (FAULTS_SKIP_UNLESS_AVAILABLE).
 *
 *	static enum err open_and_close(void *arg, struct error *why)
 *	{
 *		struct store *s;
 *		enum err err = store_open(&s, arg, why);
 *		store_close(s);
 *		return err;
 *	}
 *
 *	static void store_open_survives_every_failed_allocation(void **state)
 *	{
 *		FAULTS_SKIP_UNLESS_AVAILABLE();
 *		struct faults_result result = faults_each(open_and_close, path, NULL);
 *		assert_string_equal(result.problem, "");
 *		assert_true(result.failed > 0);
 *	}
 */
#ifndef TESTS_SUPPORT_FAULTS_H
#define TESTS_SUPPORT_FAULTS_H

#include <stdbool.h>

#include "base/err.h"

/* Whether allocations can be made to fail in this build. */
bool faults_available(void);

/* From now on this thread's n-th allocation (1 = the next) fails, the others do not. */
void faults_arm(unsigned long n);

/* The same, but the n-th and all that follow fail. */
void faults_arm_all(unsigned long n);

/* No allocation of this thread fails any more; faults_hit() stays as it is. */
void faults_disarm(void);

/* How many allocations have failed since the last faults_arm or faults_arm_all. */
unsigned long faults_hit(void);

/* Allocations of the whole process that have not been freed. */
long faults_live(void);

struct faults_result {
	unsigned long runs;   /* how many times the step ran with something armed */
	unsigned long failed; /* of those: it returned an error */
	unsigned long calm;   /* of those: an allocation failed and it succeeded all the same */
	char problem[ERROR_TEXT_MAX + 128]; /* empty, or the first thing that was wrong */
};

struct faults_options {
	bool all;              /* the n-th and all later ones fail, rather than the n-th only */
	unsigned long step;    /* n grows by this much; 0 = 1 */
	unsigned long max;     /* give up (a problem) after this n; 0 = 1,000,000 */
	const enum err *allow; /* codes accepted besides ERR_NOMEM, ended by OK; may be NULL */
	/* Prepares a run, nothing armed; its failure is a problem. May be NULL. */
	enum err (*before)(void *arg, struct error *why);
};

/*
 * Runs `step` once with nothing armed (it must succeed; what libraries keep for ever is
 * allocated now), then with n = 1, 2, ... until an n is never reached. Each run must either
 * succeed or return ERR_NOMEM (or an allowed code) with a text in `why`, and leave as many
 * live allocations as before. The step releases what it made, also when it succeeds.
 * `options` may be NULL. Stops at the first problem.
 */
struct faults_result faults_each(enum err (*step)(void *arg, struct error *why), void *arg,
	const struct faults_options *options);

/* For a cmocka test: skips it where allocations cannot be made to fail. */
#define FAULTS_SKIP_UNLESS_AVAILABLE()                                              \
	do {                                                                        \
		if (!faults_available()) {                                          \
			print_message("skipped: a sanitizer has its own malloc\n"); \
			skip();                                                     \
		}                                                                   \
	} while (0)

#endif
