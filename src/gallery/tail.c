/* SPDX-License-Identifier: MIT */
#include "gallery/tail.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define NORMAL_QUANTILE 1.959964 /* of 0.975: RATE_LEVEL on both sides */

struct tail {
	struct tail_options o;
	double sum;    /* of what each event is nearer than reach */
	double *share; /* (people) of all comparisons */
	double *part;  /* (people) of the estimate; of one tail_rate */
};

static int by_pair(const void *left, const void *right)
{
	const struct tail_event *a = left, *b = right;
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return (a->b > b->b) - (a->b < b->b);
}

static void order_pair(struct tail_event *e)
{
	if (e->a < e->b)
		return;
	size_t a = e->a;
	e->a = e->b;
	e->b = a;
}

enum err tail_fit(struct tail **out, const struct tail_options *options, struct error *why)
{
	*out = NULL;
	if (options->events < TAIL_EVENTS_MIN)
		return err_set(why, ERR_ARG, "%zu near comparisons are too few: %d at least",
			options->events, TAIL_EVENTS_MIN);
	struct tail *t = calloc(1, sizeof(*t));
	if (t != NULL) {
		t->o = *options;
		t->share = mem_array(options->people, sizeof(*t->share));
		t->part = mem_array(options->people, sizeof(*t->part));
	}
	if (t == NULL || t->share == NULL || t->part == NULL) {
		tail_free(t);
		return err_set(why, ERR_NOMEM, "no memory for %zu people", options->people);
	}
	for (size_t i = 0; i < options->events; i++) {
		order_pair(&t->o.event[i]);
		t->sum += options->reach - t->o.event[i].distance;
	}
	qsort(t->o.event, options->events, sizeof(*t->o.event), by_pair);
	for (size_t i = 0; i < options->people; i++)
		t->share[i] = options->trial[i] / options->trials;
	*out = t;
	return OK;
}

void tail_free(struct tail *t)
{
	if (t == NULL)
		return;
	free(t->share);
	free(t->part);
	free(t);
}

/*
 * With k events, sum S of what they are nearer than reach, and x = reach - distance:
 * log FMR = log(k / trials) - x k / S, which one event of y nearer than reach changes by
 * 1/k - x/S + x k y / S^2, and each comparison by -1/trials.
 */
static double variance(struct tail *t, double x)
{
	const struct tail_options *o = &t->o;
	double k = (double)o->events, total = 0, pair = 0, pairs = 0, alone = 0;
	for (size_t i = 0; i < o->people; i++)
		t->part[i] = -t->share[i];
	for (size_t i = 0; i < o->events; i++) {
		const struct tail_event *e = &o->event[i];
		double y = o->reach - e->distance;
		double change = 1 / k - x / t->sum + x * k * y / (t->sum * t->sum);
		if (i > 0 && by_pair(e, e - 1) != 0) {
			pairs += pair * pair;
			pair = 0;
		}
		pair += change;
		alone += change * change;
		t->part[e->a] += change;
		t->part[e->b] += change;
	}
	pairs += pair * pair;
	for (size_t i = 0; i < o->people; i++)
		total += t->part[i] * t->part[i];
	return fmax(total - pairs, alone);
}

struct rate tail_rate(struct tail *t, double distance)
{
	double x = fmax(t->o.reach - distance, 0), k = (double)t->o.events;
	double rate = k / t->o.trials * exp(-x * k / t->sum);
	double width = exp(NORMAL_QUANTILE * sqrt(variance(t, x)));
	return (struct rate){
		.events = rate * t->o.trials,
		.trials = t->o.trials,
		.rate = rate,
		.low = rate / width,
		.high = fmin(rate * width, 1),
	};
}
