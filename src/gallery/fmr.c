/* SPDX-License-Identifier: MIT */
#include "gallery/fmr.h"

#include <math.h>

enum { BISECTIONS = 60 };

bool fmr_measured(const struct manifest_fmr *table)
{
	return table != NULL && table->points > 1 && table->point[table->points - 1].high > 0;
}

double fmr_point_distance(const struct manifest_fmr *table, size_t point)
{
	return table->first + (double)point * table->step;
}

static double last_distance(const struct manifest_fmr *table)
{
	return fmr_point_distance(table, table->points - 1);
}

struct fmr_curve fmr_curve_plain(const struct manifest_fmr *table, double templates)
{
	return (struct fmr_curve){.table = table, .factor = fmax(1, templates)};
}

struct impostor_bins fmr_bins(const struct manifest_fmr *table)
{
	return fmr_measured(table) ? impostor_bins_for(table->step, last_distance(table))
				   : impostor_bins_for(0, 0);
}

struct fmr_curve fmr_curve_own(
	const struct manifest_fmr *table, const struct impostors *own, double templates)
{
	struct fmr_curve curve = fmr_curve_plain(table, templates);
	if (!fmr_measured(table) || impostors_people(own) < FMR_OWN_PEOPLE)
		return curve;
	for (size_t i = 0; i < table->points && !curve.own; i++) {
		double distance = fmr_point_distance(table, i);
		if (impostors_below(own, distance) < FMR_OWN_EVENTS || !(table->point[i].high > 0))
			continue;
		curve.own = true;
		curve.own_distance = distance;
		curve.own_rate = impostors_rate(own, distance);
		curve.factor = fmax(1, curve.own_rate.high / table->point[i].high);
	}
	return curve;
}

static double log_at(const struct manifest_fmr *t, size_t i)
{
	return log(t->point[i].high);
}

/* The first point that has an FMR at all. */
static size_t first_with_rate(const struct manifest_fmr *t)
{
	size_t i = 0;
	while (i + 1 < t->points && !(t->point[i].high > 0))
		i++;
	return i;
}

static double table_log(const struct manifest_fmr *t, double distance)
{
	size_t first = first_with_rate(t), last = t->points - 1;
	double at = (distance - t->first) / t->step;
	if (at <= (double)first) {
		size_t next = first + FMR_LINE_POINTS < last ? first + FMR_LINE_POINTS : last;
		double slope = next > first
			? (log_at(t, next) - log_at(t, first)) / (double)(next - first)
			: 0;
		return log_at(t, first) - ((double)first - at) * slope;
	}
	if (!(at < (double)last))
		return log_at(t, last);
	size_t below = (size_t)at;
	return log_at(t, below) + (at - (double)below) * (log_at(t, below + 1) - log_at(t, below));
}

double fmr_at(const struct fmr_curve *curve, double distance)
{
	if (!fmr_measured(curve->table))
		return 1;
	return fmin(1, curve->factor * exp(table_log(curve->table, distance)));
}

double fmr_distance(const struct fmr_curve *curve, double fmr)
{
	double low = 0, high;
	if (!fmr_measured(curve->table) || fmr_at(curve, low) > fmr)
		return 0;
	high = last_distance(curve->table);
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
