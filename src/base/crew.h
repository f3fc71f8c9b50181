/* SPDX-License-Identifier: MIT */
/*
 * One piece of work shared by a few threads, the caller's among them. Threads last as long as
 * the work: for work of milliseconds and more. Any thread may call.
 */
#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <stddef.h>

#include "base/err.h"

enum { CREW_WORKERS_MAX = 64 };

/* Does task `task`; no two calls at a time have the same `worker`. */
typedef enum err crew_fn(void *ctx, size_t worker, size_t task, struct error *why);

/*
 * Calls fn for tasks 0..tasks-1, each once, in about this order, on up to `workers` threads
 * (1..CREW_WORKERS_MAX), numbered from 0, the caller's; with 1, or when no other can be started,
 * all on it. After an error no new task begins; that of the first task that failed is returned.
 */
enum err crew_run(size_t workers, size_t tasks, crew_fn *fn, void *ctx, struct error *why) MUST_USE;

#endif
