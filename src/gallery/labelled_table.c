/* SPDX-License-Identifier: MIT */
/* Distance to FMR, measured on a labelled set. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gallery/labelled.h"
#include "gallery/scan.h"
#include "gallery/tail.h"

/*
 * The tail is the nearest thousandth of comparisons: far enough out for its shape, and enough of
 * them. Beyond REACH the table says nothing: nobody searches at such rates. Below LEAST it would
 * only go on as it does anyway.
 */
enum { TAIL_SHARE = 1000, SPREAD_BINS = 1 << 14, STEPS = 60, COMPARISONS_MIN = 2000 };
#define REACH 0.45
#define LEAST 1e-8

static double between(const struct labelled *set, const float *a, const float *b)
{
	return sqrt(scan_exact(a, b, set->dim));
}

/* --- all comparisons of templates of different people --- */

typedef void each_fn(void *ctx, const struct labelled_photo *a, const struct labelled_photo *b);

/* Calls `each` for every two photos of different people of those who are in. */
static void each_pair(const struct labelled *set, const bool *in, each_fn *each, void *ctx)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct labelled_photo *a = &set->photo[i];
		for (size_t j = 0; (in == NULL || in[a->person]) && j < i; j++) {
			const struct labelled_photo *b = &set->photo[j];
			if (a->person != b->person && (in == NULL || in[b->person]))
				each(ctx, a, b);
		}
	}
}

/* How distances spread, and who takes part in how many comparisons. */
struct spread {
	const struct labelled *set;
	double most;              /* the largest distance there can be */
	double bin[SPREAD_BINS];  /* of most / SPREAD_BINS */
	double trials, *trial;    /* in all; (people) of each */
	struct tail_event *event; /* those nearer than reach, once that is known */
	size_t events;
	double reach;
};

static void count_pair(void *ctx, const struct labelled_photo *a, const struct labelled_photo *b)
{
	struct spread *s = ctx;
	double at = between(s->set, a->template, b->template) / s->most * SPREAD_BINS;
	s->bin[(size_t)fmin(at, SPREAD_BINS - 1)]++;
	s->trials++;
	s->trial[a->person]++;
	s->trial[b->person]++;
}

static void keep_near(void *ctx, const struct labelled_photo *a, const struct labelled_photo *b)
{
	struct spread *s = ctx;
	double distance = between(s->set, a->template, b->template);
	if (distance < s->reach)
		s->event[s->events++] = (struct tail_event){a->person, b->person, distance};
}

/* No two of the vectors are farther apart than twice the longest. */
static double largest_distance(const struct labelled *set)
{
	static const float origin[FACE_DIM_MAX];
	double most = 0;
	for (size_t i = 0; i < set->count; i++)
		most = fmax(most, between(set, set->photo[i].template, origin));
	return 2 * most + 1e-6;
}

/* The lower end of the first bin below which and in which that many comparisons are. */
static double distance_of(const struct spread *s, double count)
{
	double sum = 0;
	size_t i = 0;
	while (i < SPREAD_BINS - 1 && (sum += s->bin[i]) < count)
		i++;
	return (double)i * s->most / SPREAD_BINS;
}

static enum err look_at_spread(struct spread *s, const bool *in, struct error *why)
{
	s->most = largest_distance(s->set);
	s->trial = mem_array(s->set->people, sizeof(*s->trial));
	if (s->trial == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu people", s->set->people);
	each_pair(s->set, in, count_pair, s);
	if (s->trials < COMPARISONS_MIN)
		return err_set(why, ERR_ARG,
			"%.0f comparisons of different people are too few for a table: %d at least",
			s->trials, COMPARISONS_MIN);
	double wanted = fmax(ceil(s->trials / TAIL_SHARE), TAIL_EVENTS_MIN);
	/* The bin's upper end: at least as many as are wanted lie below. */
	s->reach = distance_of(s, wanted) + s->most / SPREAD_BINS;
	double near = 0;
	for (size_t i = 0; i < SPREAD_BINS && (double)i * s->most / SPREAD_BINS < s->reach; i++)
		near += s->bin[i];
	s->event = mem_array((size_t)near, sizeof(*s->event));
	if (s->event == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %.0f comparisons", near);
	each_pair(s->set, in, keep_near, s);
	return OK;
}

/* --- the table --- */

struct counting {
	const struct labelled *set;
	struct impostors *look, *template;
};

static void count_distances(
	void *ctx, const struct labelled_photo *a, const struct labelled_photo *b)
{
	const struct counting *c = ctx;
	impostors_add(c->look, a->person, b->person, between(c->set, a->probe, b->template));
	impostors_add(c->look, a->person, b->person, between(c->set, a->template, b->probe));
	impostors_add(c->template, a->person, b->person, between(c->set, a->template, b->template));
}

/* One point: the upper end is that of templates, or what single looks gave if that is more. */
static struct fmr_point point_at(
	const struct counting *c, struct tail *tail, double reach, double distance)
{
	struct rate rate = impostors_rate(c->template, distance);
	double look = impostors_rate(c->look, distance).rate;
	double high = distance < reach ? tail_rate(tail, distance).high : rate.high;
	return (struct fmr_point){look, fmax(high, look), rate.rate};
}

/* From the last point to the first, so that nothing rises to the left. */
static void fill_points(const struct counting *c, struct tail *tail, double reach, double last,
	struct labelled_fmr *out)
{
	struct fmr_point *point = out->point;
	double step = out->fmr.step;
	size_t steps = (size_t)(last / step + 0.5), n = 0;
	size_t most = sizeof(out->point) / sizeof(out->point[0]);
	for (size_t i = steps; i > 0 && n < most; i--) {
		struct fmr_point p = point_at(c, tail, reach, (double)i * step);
		if (n > 0)
			p.high = fmin(p.high, point[n - 1].high);
		point[n++] = p;
		if (p.high < LEAST)
			break;
	}
	for (size_t i = 0; i < n / 2; i++) {
		struct fmr_point kept = point[i];
		point[i] = point[n - 1 - i];
		point[n - 1 - i] = kept;
	}
	out->fmr.points = n;
	out->fmr.first = (double)(steps + 1 - n) * step;
}

static enum err measure(const struct spread *s, const bool *in, struct tail *tail,
	struct labelled_fmr *out, struct error *why)
{
	struct counting c = {.set = s->set};
	double nearest = distance_of(s, 1), last = distance_of(s, REACH * s->trials);
	double step = distances_step(fmax(last - nearest, s->most * 1e-3) / STEPS);
	last = ceil(last / step) * step;
	out->fmr.step = step;
	out->fmr.point = out->point;
	out->fmr.comparisons = s->trials;
	const struct impostor_bins bins = impostor_bins_for(step, last);
	enum err err = impostors_new(&c.look, s->set->people, bins, why);
	if (err == OK)
		err = impostors_new(&c.template, s->set->people, bins, why);
	if (err == OK) {
		each_pair(s->set, in, count_distances, &c);
		fill_points(&c, tail, s->reach, last, out);
	}
	impostors_free(c.look);
	impostors_free(c.template);
	return err;
}

enum err labelled_table(
	const struct labelled *set, const bool *in, struct labelled_fmr *out, struct error *why)
{
	struct tail *tail = NULL;
	struct spread *s = calloc(1, sizeof(*s));
	*out = (struct labelled_fmr){0};
	if (s == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a table");
	s->set = set;
	enum err err = look_at_spread(s, in, why);
	if (err == OK) {
		const struct tail_options options = {.event = s->event,
			.events = s->events,
			.reach = s->reach,
			.people = set->people,
			.trial = s->trial,
			.trials = s->trials};
		err = tail_fit(&tail, &options, why);
	}
	for (size_t i = 0; err == OK && i < set->people; i++)
		out->fmr.people += s->trial[i] > 0;
	if (err == OK)
		err = measure(s, in, tail, out, why);
	tail_free(tail);
	free(s->event);
	free(s->trial);
	free(s);
	return err;
}
