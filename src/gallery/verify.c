/* SPDX-License-Identifier: MIT */
#include "gallery/verify.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

const double verify_far[VERIFY_FARS] = {1e-1, 1e-2, 1e-3, 1e-4};

/* Used pairs, nearest first. */
struct sorted {
	struct comparison *item;
	size_t count, same, different;
};

static int by_distance(const void *a, const void *b)
{
	const struct comparison *left = a, *right = b;
	return (left->distance > right->distance) - (left->distance < right->distance);
}

static enum err sort_used(const struct comparison *comparison, size_t count, int folds,
	struct sorted *out, struct error *why)
{
	*out = (struct sorted){.item = mem_array(count, sizeof(*comparison))};
	if (out->item == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu pairs", count);
	for (size_t i = 0; i < count; i++) {
		if (comparison[i].fold < 0 || comparison[i].fold >= folds)
			return err_set(why, ERR_ARG, "pair %zu is in fold %d of %d", i + 1,
				comparison[i].fold, folds);
		if (isnan(comparison[i].distance))
			continue;
		out->item[out->count++] = comparison[i];
		if (comparison[i].same)
			out->same++;
		else
			out->different++;
	}
	if (out->same == 0 || out->different == 0)
		return err_set(why, ERR_ARG,
			"nothing to measure: faces were found in %zu pairs of the same person and "
			"%zu "
			"of different people",
			out->same, out->different);
	qsort(out->item, out->count, sizeof(*out->item), by_distance);
	return OK;
}

/*
 * The threshold that tells most pairs outside `fold` right (of all pairs when there is only
 * one fold): halfway between two distances; in the middle of equally good ones, so that it
 * is not decided by the one pair that is nearest to it.
 */
static double best_threshold(const struct sorted *s, int fold, int folds)
{
	long right = 0, most = 0;
	double lowest = s->item[0].distance / 2, highest = lowest;
	for (size_t i = 0; i < s->count; i++) {
		if (s->item[i].fold != fold || folds == 1)
			right += s->item[i].same ? 1 : -1;
		bool last = i + 1 == s->count;
		if (!last && s->item[i + 1].distance == s->item[i].distance)
			continue;
		if (right < most)
			continue;
		double next = last ? s->item[i].distance : s->item[i + 1].distance;
		highest = s->item[i].distance + (next - s->item[i].distance) / 2;
		if (right > most)
			lowest = highest;
		most = right;
	}
	return lowest + (highest - lowest) / 2;
}

/* Right and all pairs of a fold at a threshold. */
struct tally {
	size_t right, used, all;
};

static struct tally fold_tally(const struct comparison *c, size_t count, int fold, double threshold)
{
	struct tally t = {0};
	for (size_t i = 0; i < count; i++) {
		if (c[i].fold != fold)
			continue;
		t.all++;
		if (isnan(c[i].distance))
			continue;
		t.used++;
		t.right += (c[i].distance <= threshold) == c[i].same;
	}
	return t;
}

static void measure_accuracy(const struct comparison *c, size_t count, int folds,
	const struct sorted *s, struct verification *out)
{
	double sum = 0, squares = 0, sum_used = 0;
	int full = 0, full_used = 0;
	for (int fold = 0; fold < folds; fold++) {
		struct tally t = fold_tally(c, count, fold, best_threshold(s, fold, folds));
		if (t.all == 0)
			continue;
		double accuracy = (double)t.right / (double)t.all;
		sum += accuracy;
		squares += accuracy * accuracy;
		full++;
		if (t.used > 0) {
			sum_used += (double)t.right / (double)t.used;
			full_used++;
		}
	}
	out->accuracy = sum / full;
	out->accuracy_std = sqrt(fmax(0, squares / full - out->accuracy * out->accuracy));
	out->accuracy_used = sum_used / full_used;
}

/* Where the share of different pairs let in comes nearest to that of same pairs kept out. */
static double equal_error(const struct sorted *s)
{
	double eer = 0.5, gap = 1; /* before the nearest: far 0, frr 1 */
	size_t in_same = 0, in_different = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (s->item[i].same)
			in_same++;
		else
			in_different++;
		if (i + 1 < s->count && s->item[i + 1].distance == s->item[i].distance)
			continue;
		double far = (double)in_different / (double)s->different;
		double frr = 1 - (double)in_same / (double)s->same;
		if (fabs(far - frr) < gap) {
			gap = fabs(far - frr);
			eer = (far + frr) / 2;
		}
	}
	return eer;
}

/* The most same pairs that can be accepted while at most `far` of the different ones are. */
static void accept_at(const struct sorted *s, double far, double *tar, double *threshold)
{
	/* A rate is often meant as a whole number of pairs: 1e-1 of 10 is 1. */
	size_t allowed = (size_t)floor(far * (double)s->different + 1e-9);
	size_t in_same = 0, in_different = 0;
	*tar = 0;
	*threshold = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (s->item[i].same)
			in_same++;
		else
			in_different++;
		if (in_different > allowed)
			return;
		if (i + 1 < s->count && s->item[i + 1].distance == s->item[i].distance)
			continue;
		*tar = (double)in_same / (double)s->same;
		*threshold = s->item[i].distance;
	}
}

enum err verify_measure(const struct comparison *comparison, size_t count, int folds,
	struct verification *out, struct error *why)
{
	struct sorted s;
	*out = (struct verification){.pairs = count};
	enum err err = sort_used(comparison, count, folds, &s, why);
	out->used = s.count;
	out->failed = count - s.count;
	if (err == OK) {
		measure_accuracy(comparison, count, folds, &s, out);
		out->eer = equal_error(&s);
		for (int i = 0; i < VERIFY_FARS; i++)
			accept_at(&s, verify_far[i], &out->tar[i], &out->threshold[i]);
	}
	free(s.item);
	return err;
}

double distances_step(double least)
{
	static const double times[] = {1, 2, 5};
	double power = pow(10, floor(log10(least)));
	for (int i = 0; i < 3; i++)
		if (times[i] * power >= least * (1 - 1e-9))
			return times[i] * power;
	return 10 * power;
}

void distances_add(struct distances *d, double distance)
{
	double at = distance / d->width;
	d->total++;
	d->bin[at < 0 ? 0 : at < DISTANCE_BINS - 1 ? (size_t)at : DISTANCE_BINS - 1]++;
}

double distances_rate(const struct distances *d, double distance)
{
	uint64_t below = 0;
	/* Half a bin more: 0.5 / 0.001 may come out a little below 500. */
	for (int i = 0; i < DISTANCE_BINS && (i + 0.5) * d->width < distance; i++)
		below += d->bin[i];
	return d->total > 0 ? (double)below / (double)d->total : 0;
}

double distances_at(const struct distances *d, double rate)
{
	uint64_t below = 0;
	int i = 0;
	for (; i < DISTANCE_BINS; i++) {
		below += d->bin[i];
		if ((double)below > rate * (double)d->total)
			break;
	}
	return i * d->width;
}
