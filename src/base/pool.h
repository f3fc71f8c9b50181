/* SPDX-License-Identifier: MIT */
/*
 * Worker threads with a bounded queue. Each worker has a state of its own (a database
 * connection, the buffers of recognition) that its jobs may use without a lock.
 * pool_add and the getters: any thread; open and close: one thread.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct pool;

enum { POOL_THREADS_MAX = 256 };

/* `job` is what pool_add got; `state` is the worker's own. */
typedef void pool_run_fn(void *job, void *state);

struct pool_options {
	const char *name; /* of the threads, up to 11 characters; NULL: "worker" */
	int threads;      /* 1..POOL_THREADS_MAX */
	size_t queue_max; /* jobs that wait; those being done do not count */
	pool_run_fn *run;
	/*
	 * Makes the state of worker `index` on that worker's thread before its first job; may be
	 * NULL: then states are NULL. A failure of one makes pool_open fail. stop takes it away
	 * again, on the same thread.
	 */
	enum err (*start)(void *user, int index, void **state, struct error *why);
	void (*stop)(void *user, void *state);
	void *user;
};

/* Starts the threads and returns when each has its state. ERR_ARG, ERR_NOMEM, or start's error. */
enum err pool_open(
	struct pool **out, const struct pool_options *options, struct error *why) MUST_USE;

/* Does what is queued, then stops the threads. Accepts NULL. */
void pool_close(struct pool *p);

/* Queues a job, borrowed until it has been run. ERR_BUSY when the queue is full. Never blocks. */
enum err pool_add(struct pool *p, void *job) MUST_USE;

/*
 * The same without the bound: for what must be done and is bounded elsewhere (the end of
 * something begun). ERR_NOMEM.
 */
enum err pool_add_always(struct pool *p, void *job) MUST_USE;

/* How many jobs wait, and how many are being done, at this moment. */
size_t pool_waiting(struct pool *p);
size_t pool_running(struct pool *p);

#endif
