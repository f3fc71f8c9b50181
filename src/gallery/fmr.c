/* SPDX-License-Identifier: MIT */
#include "gallery/fmr.h"

#include <math.h>
#include <string.h>

#include "gallery/fmr_data.h"

/*
 * Points with fewer events than this say too little to go on from: a single person who is in
 * the set under two names makes several of them. How far the line reaches.
 */
enum { SOLID_EVENTS = 50, LINE_POINTS = 5, BISECTIONS = 60 };

#define FMR_LAST (FMR_FIRST + (FMR_POINTS - 1) * FMR_STEP)

const struct fmr_table *fmr_table_find(const char *model)
{
	for (size_t i = 0; i < fmr_tables; i++)
		if (strcmp(fmr_table[i].model, model) == 0)
			return &fmr_table[i];
	return NULL;
}

struct fmr_curve fmr_curve_plain(const struct fmr_table *table, double templates)
{
	return (struct fmr_curve){.table = table, .factor = fmax(1, templates)};
}

struct fmr_curve fmr_curve_own(
	const struct fmr_table *table, const struct impostors *own, double templates)
{
	struct fmr_curve curve = fmr_curve_plain(table, templates);
	if (impostors_people(own) < FMR_OWN_PEOPLE)
		return curve;
	for (int i = 0; i < FMR_POINTS && !curve.own; i++) {
		double distance = FMR_FIRST + i * FMR_STEP;
		if (impostors_below(own, distance) < FMR_OWN_EVENTS)
			continue;
		struct rate rate = impostors_rate(own, distance);
		curve.own = true;
		curve.own_distance = distance;
		curve.own_rate = rate;
		double expected = fmax(table->point[i].gallery, 1 / table->comparisons);
		curve.factor = fmax(1, rate.high / expected);
	}
	return curve;
}

static double log_at(const struct fmr_table *t, int i)
{
	return log(t->point[i].high);
}

/* The first point that enough comparisons stand behind. */
static int first_solid(const struct fmr_table *t)
{
	int i = 0;
	while (i < FMR_POINTS - 1 - LINE_POINTS && t->point[i].rate * t->comparisons < SOLID_EVENTS)
		i++;
	return i;
}

static double table_log(const struct fmr_table *t, double distance)
{
	int first = first_solid(t);
	double at = (distance - FMR_FIRST) / FMR_STEP;
	if (at <= first) {
		double slope = (log_at(t, first + LINE_POINTS) - log_at(t, first)) / LINE_POINTS;
		return log_at(t, first) - (first - at) * slope;
	}
	if (at >= FMR_POINTS - 1)
		return log_at(t, FMR_POINTS - 1);
	int below = (int)at;
	return log_at(t, below) + (at - below) * (log_at(t, below + 1) - log_at(t, below));
}

double fmr_at(const struct fmr_curve *curve, double distance)
{
	return fmin(1, curve->factor * exp(table_log(curve->table, distance)));
}

double fmr_distance(const struct fmr_curve *curve, double fmr)
{
	double low = 0, high = FMR_LAST;
	if (fmr_at(curve, low) > fmr)
		return 0;
	if (fmr_at(curve, high) <= fmr)
		return high;
	for (int i = 0; i < BISECTIONS; i++) {
		double middle = (low + high) / 2;
		if (fmr_at(curve, middle) <= fmr)
			low = middle;
		else
			high = middle;
	}
	return low;
}
