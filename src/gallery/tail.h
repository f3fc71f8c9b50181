/* SPDX-License-Identifier: MIT */
/*
 * How often different people's faces are nearer than a set is large enough to show. One
 * thread at a time an object.
 */
#ifndef GALLERY_TAIL_H
#define GALLERY_TAIL_H

#include <stddef.h>

#include "base/err.h"
#include "gallery/rates.h"

/* One of the nearest comparisons, of persons a and b. */
struct tail_event {
	size_t a, b;
	double distance;
};

/* What the nearest of all comparisons say; `event` is sorted in place and borrowed. */
struct tail_options {
	struct tail_event *event; /* all comparisons nearer than `reach` */
	size_t events;            /* at least TAIL_EVENTS_MIN */
	double reach;
	size_t people;
	const double *trial; /* (people) comparisons that each person is in */
	double trials;       /* comparisons in all */
};
enum { TAIL_EVENTS_MIN = 50 };

struct tail;

/*
 * Takes the distances below `reach` for exponential: FMR(d) = events / trials *
 * exp(-(reach - d) / mean of (reach - distance)), by maximum likelihood. The logarithm of the
 * FMR of the embeddings at hand falls ever more steeply, so that a line errs to the large side.
 * ERR_ARG: fewer events.
 */
enum err tail_fit(
	struct tail **out, const struct tail_options *options, struct error *why) MUST_USE;
void tail_free(struct tail *t);

/*
 * The FMR at a distance up to `reach`; low and high are the ends of its 95 % interval, normal
 * in the logarithm. The variance is that of sums over pairs of people of whom each is in many:
 * the squared sums over each person, less the squared sums over each pair, which are in two of
 * them (Aronow, Samii and Assenova, Political Analysis 23, 2015), of the fit's influence
 * function; at least that of independent events.
 */
struct rate tail_rate(struct tail *t, double distance);

#endif
