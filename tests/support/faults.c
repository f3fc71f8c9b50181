/* SPDX-License-Identifier: MIT */
#include "tests/support/faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define FAULTS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAULTS_SANITIZED 1
#endif

enum { RUNS_MAX = 1000000 };

/* State of the interposer, which has no handle to keep it in. */
static _Thread_local unsigned long countdown; /* 0: disarmed */
static _Thread_local bool persistent;
static _Thread_local unsigned long hit;
static atomic_long live;

bool faults_available(void)
{
#ifdef FAULTS_SANITIZED
	return false;
#else
	return true;
#endif
}

static void arm(unsigned long n, bool all)
{
	hit = 0;
	persistent = all;
	countdown = n;
}

void faults_arm(unsigned long n)
{
	arm(n, false);
}

void faults_arm_all(unsigned long n)
{
	arm(n, true);
}

void faults_disarm(void)
{
	countdown = 0;
}

unsigned long faults_hit(void)
{
	return hit;
}

long faults_live(void)
{
	return atomic_load(&live);
}

#ifndef FAULTS_SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *memalign(size_t alignment, size_t size);

static bool must_fail(void)
{
	if (countdown == 0)
		return false;
	if (countdown > 1) {
		countdown--;
		return false;
	}
	if (!persistent)
		countdown = 0;
	hit++;
	errno = ENOMEM;
	return true;
}

static void *counted(void *memory)
{
	if (memory != NULL)
		atomic_fetch_add(&live, 1);
	return memory;
}

void *malloc(size_t size)
{
	return must_fail() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	if (old == NULL)
		return malloc(size);
	if (size == 0) {
		free(old);
		return NULL;
	}
	return must_fail() ? NULL : __libc_realloc(old, size);
}

void free(void *memory)
{
	if (memory != NULL)
		atomic_fetch_sub(&live, 1);
	__libc_free(memory);
}

void *memalign(size_t alignment, size_t size)
{
	return must_fail() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
		return EINVAL;
	void *memory = memalign(alignment, size);
	if (memory == NULL)
		return ENOMEM;
	*out = memory;
	return 0;
}

#endif

static bool allowed(enum err err, const enum err *allow)
{
	if (err == ERR_NOMEM)
		return true;
	for (; allow != NULL && *allow != OK; allow++) {
		if (err == *allow)
			return true;
	}
	return false;
}

/* Keeps the first problem. */
static void problem(struct faults_result *result, unsigned long n, const char *what, long number,
	const struct error *why)
{
	snprintf(result->problem, sizeof(result->problem), "allocation %lu: %s (%ld) '%s'", n, what,
		number, why->text);
}

/* Runs the step with the n-th allocation failing; returns how many allocations it leaked. */
static long run_step(enum err (*step)(void *arg, struct error *why), void *arg, unsigned long n,
	const struct faults_options *options, struct faults_result *result, struct error *why)
{
	*why = (struct error){0};
	if (options->before != NULL && options->before(arg, why) != OK) {
		problem(result, n, "cannot prepare", (long)why->code, why);
		return 0;
	}
	long live_before = faults_live();
	arm(n, options->all);
	enum err err = step(arg, why);
	faults_disarm();
	if (err != OK && faults_hit() == 0)
		problem(result, n, "failed with no allocation failed", (long)err, why);
	else if (err != OK && !allowed(err, options->allow))
		problem(result, n, "unexpected code", (long)err, why);
	else if (err != OK && (why->text[0] == '\0' || why->code != err))
		problem(result, n, "no reason given", (long)err, why);
	result->runs++;
	if (err != OK)
		result->failed++;
	else if (faults_hit() > 0)
		result->calm++;
	return faults_live() - live_before;
}

/*
 * What a library keeps from the first time it reports an error (a message catalogue, a
 * lock) is no leak: a leak shows a second and a third time.
 */
static bool run_armed(enum err (*step)(void *arg, struct error *why), void *arg, unsigned long n,
	const struct faults_options *options, struct faults_result *result)
{
	struct error why = {0};
	long leaked = 1;
	for (int again = 0; again < 3 && leaked != 0 && result->problem[0] == '\0'; again++)
		leaked = run_step(step, arg, n, options, result, &why);
	if (leaked != 0 && result->problem[0] == '\0')
		problem(result, n, "leaked allocations", leaked, &why);
	return faults_hit() > 0;
}

struct faults_result faults_each(enum err (*step)(void *arg, struct error *why), void *arg,
	const struct faults_options *options)
{
	static const struct faults_options defaults = {0};
	if (options == NULL)
		options = &defaults;
	struct faults_result result = {0};
	struct error why = {0};
	enum err err = options->before != NULL ? options->before(arg, &why) : OK;
	if (err == OK)
		err = step(arg, &why);
	if (err != OK) {
		problem(&result, 0, "fails with nothing armed", (long)err, &why);
		return result;
	}
	unsigned long max = options->max > 0 ? options->max : RUNS_MAX;
	unsigned long grow = options->step > 0 ? options->step : 1;
	for (unsigned long n = 1; result.problem[0] == '\0'; n += grow) {
		if (n > max)
			problem(&result, n, "no end in sight", (long)max, &why);
		else if (!run_armed(step, arg, n, options, &result))
			break;
	}
	return result;
}
