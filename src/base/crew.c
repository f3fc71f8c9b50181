/* SPDX-License-Identifier: MIT */
#include "base/crew.h"

#include <pthread.h>
#include <stdatomic.h>

struct crew {
	crew_fn *fn;
	void *ctx;
	size_t tasks;
	atomic_size_t next;
	pthread_mutex_t lock; /* of what follows */
	size_t failed;        /* the first task that failed, or `tasks` */
	enum err err;
	struct error why;
};

struct worker {
	struct crew *crew;
	size_t index;
	pthread_t thread;
};

static void fail(struct crew *c, size_t task, enum err err, const struct error *why)
{
	pthread_mutex_lock(&c->lock);
	if (task < c->failed) {
		c->failed = task;
		c->err = err;
		c->why = *why;
	}
	pthread_mutex_unlock(&c->lock);
	atomic_store(&c->next, c->tasks);
}

static void *work(void *arg)
{
	const struct worker *w = arg;
	struct crew *c = w->crew;
	for (;;) {
		struct error why = {0};
		const size_t task = atomic_fetch_add(&c->next, 1);
		if (task >= c->tasks)
			return NULL;
		const enum err err = c->fn(c->ctx, w->index, task, &why);
		if (err != OK)
			fail(c, task, err, &why);
	}
}

static enum err alone(size_t tasks, crew_fn *fn, void *ctx, struct error *why)
{
	enum err err = OK;
	for (size_t i = 0; i < tasks && err == OK; i++)
		err = fn(ctx, 0, i, why);
	return err;
}

enum err crew_run(size_t workers, size_t tasks, crew_fn *fn, void *ctx, struct error *why)
{
	struct worker worker[CREW_WORKERS_MAX];
	size_t count = 1;
	workers = workers < tasks ? workers : tasks;
	workers = workers < CREW_WORKERS_MAX ? workers : CREW_WORKERS_MAX;
	if (workers <= 1)
		return alone(tasks, fn, ctx, why);
	struct crew c = {.fn = fn, .ctx = ctx, .tasks = tasks, .failed = tasks};
	pthread_mutex_init(&c.lock, NULL);
	worker[0] = (struct worker){.crew = &c};
	for (; count < workers; count++) {
		worker[count] = (struct worker){.crew = &c, .index = count};
		if (pthread_create(&worker[count].thread, NULL, work, &worker[count]) != 0)
			break;
	}
	work(&worker[0]);
	for (size_t i = 1; i < count; i++)
		pthread_join(worker[i].thread, NULL);
	pthread_mutex_destroy(&c.lock);
	if (c.err != OK && why != NULL)
		*why = c.why;
	return c.err;
}
