/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { THREAD_NAME_MAX = 16 }; /* of Linux, with the final zero */

/* A ring of jobs. Invariants: count <= capacity; everything below is under `lock`. */
struct pool {
	struct pool_options options;
	pthread_mutex_t lock;
	pthread_cond_t work;  /* a job came, or closing */
	pthread_cond_t ready; /* a worker started or failed to */
	void **ring;
	size_t capacity, first, count, running;
	bool closing;
	int threads, started, failed;
	enum err start_err;
	struct error start_why;
	pthread_t thread[POOL_THREADS_MAX];
};

struct worker_start {
	struct pool *pool;
	int index;
};

static bool take(struct pool *p, void **job)
{
	pthread_mutex_lock(&p->lock);
	while (p->count == 0 && !p->closing)
		pthread_cond_wait(&p->work, &p->lock);
	bool got = p->count > 0;
	if (got) {
		*job = p->ring[p->first];
		p->first = (p->first + 1) % p->capacity;
		p->count--;
		p->running++;
	}
	pthread_mutex_unlock(&p->lock);
	return got;
}

static enum err start_state(struct pool *p, int index, void **state)
{
	struct error why = {0};
	enum err err = OK;
	if (p->options.start != NULL)
		err = p->options.start(p->options.user, index, state, &why);
	pthread_mutex_lock(&p->lock);
	p->started++;
	if (err != OK && p->failed++ == 0) {
		p->start_err = err;
		p->start_why = why;
	}
	pthread_cond_broadcast(&p->ready);
	pthread_mutex_unlock(&p->lock);
	return err;
}

static void *worker_main(void *arg)
{
	struct worker_start *start = arg;
	struct pool *p = start->pool;
	int index = start->index;
	free(start);
	void *state = NULL;
	if (start_state(p, index, &state) != OK)
		return NULL;
	void *job;
	while (take(p, &job)) {
		p->options.run(job, state);
		pthread_mutex_lock(&p->lock);
		p->running--;
		pthread_mutex_unlock(&p->lock);
	}
	if (p->options.stop != NULL)
		p->options.stop(p->options.user, state);
	return NULL;
}

/* Signals are the business of the thread that started the program. */
static int create_quietly(pthread_t *thread, struct worker_start *start)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(thread, NULL, worker_main, start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static enum err start_thread(struct pool *p, int index, struct error *why)
{
	struct worker_start *start = malloc(sizeof(*start));
	if (start == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	*start = (struct worker_start){.pool = p, .index = index};
	int error = create_quietly(&p->thread[index], start);
	if (error != 0) {
		free(start);
		return err_errno(why, error, "cannot start a thread");
	}
	p->threads++;
	const char *base = p->options.name != NULL ? p->options.name : "worker";
	char name[THREAD_NAME_MAX];
	snprintf(name, sizeof(name), "%.11s-%u", base, (unsigned)index % 1000u);
	pthread_setname_np(p->thread[index], name);
	return OK;
}

static enum err start_threads(struct pool *p, struct error *why)
{
	for (int i = 0; i < p->options.threads; i++) {
		enum err err = start_thread(p, i, why);
		if (err != OK)
			return err;
	}
	pthread_mutex_lock(&p->lock);
	while (p->started < p->threads)
		pthread_cond_wait(&p->ready, &p->lock);
	pthread_mutex_unlock(&p->lock);
	if (p->failed > 0 && why != NULL)
		*why = p->start_why;
	return p->failed > 0 ? p->start_err : OK;
}

enum err pool_open(struct pool **out, const struct pool_options *options, struct error *why)
{
	*out = NULL;
	if (options->threads < 1 || options->threads > POOL_THREADS_MAX || options->run == NULL)
		return err_set(why, ERR_ARG, "%d threads, but 1 to %d are possible",
			options->threads, POOL_THREADS_MAX);
	struct pool *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	p->options = *options;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->ready, NULL);
	p->capacity = options->queue_max > 0 ? options->queue_max : 1;
	p->ring = mem_array(p->capacity, sizeof(void *));
	enum err err =
		p->ring != NULL ? start_threads(p, why) : err_set(why, ERR_NOMEM, "out of memory");
	if (err != OK) {
		pool_close(p);
		return err;
	}
	*out = p;
	return OK;
}

void pool_close(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	pthread_cond_destroy(&p->ready);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p->ring);
	free(p);
}

static bool widen(struct pool *p)
{
	size_t wanted;
	if (!size_mul(p->capacity, 2, &wanted))
		return false;
	void **ring = mem_array(wanted, sizeof(void *));
	if (ring == NULL)
		return false;
	for (size_t i = 0; i < p->count; i++)
		ring[i] = p->ring[(p->first + i) % p->capacity];
	free(p->ring);
	p->ring = ring;
	p->capacity = wanted;
	p->first = 0;
	return true;
}

static enum err add(struct pool *p, void *job, bool always)
{
	enum err err = OK;
	pthread_mutex_lock(&p->lock);
	if (!always && p->count >= p->options.queue_max)
		err = ERR_BUSY;
	else if (p->count == p->capacity && !widen(p))
		err = ERR_NOMEM;
	if (err == OK) {
		p->ring[(p->first + p->count) % p->capacity] = job;
		p->count++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

enum err pool_add(struct pool *p, void *job)
{
	return add(p, job, false);
}

enum err pool_add_always(struct pool *p, void *job)
{
	return add(p, job, true);
}

size_t pool_waiting(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	size_t count = p->count;
	pthread_mutex_unlock(&p->lock);
	return count;
}

size_t pool_running(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	size_t count = p->running;
	pthread_mutex_unlock(&p->lock);
	return count;
}
