/* SPDX-License-Identifier: MIT */
#include "gallery/impostors.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

/* Each comparison counts for both its people, so sums over people are twice the comparisons. */
struct impostors {
	size_t people;
	uint64_t *bin;   /* (people, IMPOSTOR_BINS) comparisons at that distance */
	uint64_t *trial; /* (people) comparisons at any */
	uint64_t all[IMPOSTOR_BINS], trials;
};

enum err impostors_new(struct impostors **out, size_t people, struct error *why)
{
	*out = NULL;
	size_t bins;
	struct impostors *i = calloc(1, sizeof(*i));
	if (i != NULL && size_mul(people, IMPOSTOR_BINS, &bins)) {
		i->people = people;
		i->bin = mem_array(bins, sizeof(*i->bin));
		i->trial = mem_array(people, sizeof(*i->trial));
	}
	if (i == NULL || i->bin == NULL || i->trial == NULL) {
		impostors_free(i);
		return err_set(why, ERR_NOMEM, "no memory for the distances of %zu people", people);
	}
	*out = i;
	return OK;
}

void impostors_free(struct impostors *i)
{
	if (i == NULL)
		return;
	free(i->bin);
	free(i->trial);
	free(i);
}

void impostors_add(struct impostors *i, size_t a, size_t b, double distance)
{
	i->trial[a]++;
	i->trial[b]++;
	i->trials++;
	double at = floor(distance / IMPOSTOR_BIN + 1e-9);
	if (!(at < IMPOSTOR_BINS))
		return;
	size_t bin = at > 0 ? (size_t)at : 0;
	i->all[bin]++;
	i->bin[a * IMPOSTOR_BINS + bin]++;
	i->bin[b * IMPOSTOR_BINS + bin]++;
}

size_t impostors_people(const struct impostors *i)
{
	return i->people;
}

static double sum(const uint64_t *value, size_t count)
{
	double total = 0;
	for (size_t i = 0; i < count; i++)
		total += (double)value[i];
	return total;
}

double impostors_count(const struct impostors *i)
{
	return (double)i->trials;
}

static size_t bins_below(double distance)
{
	return (size_t)fmin(fmax(round(distance / IMPOSTOR_BIN), 0), IMPOSTOR_BINS);
}

double impostors_below(const struct impostors *i, double distance)
{
	return sum(i->all, bins_below(distance));
}

struct rate impostors_rate(const struct impostors *i, double distance)
{
	size_t bins = bins_below(distance);
	double events = sum(i->all, bins), trials = impostors_count(i);
	/* Deviations from the whole rate: sum and sum of squares of the rates without one. */
	double rate = trials > 0 ? events / trials : 0, deviations = 0, squares = 0, used = 0;
	for (size_t p = 0; p < i->people; p++) {
		double left = trials - (double)i->trial[p];
		if (i->trial[p] == 0 || left <= 0)
			continue;
		double near = sum(i->bin + p * IMPOSTOR_BINS, bins);
		double deviation = (events - near) / left - rate;
		deviations += deviation;
		squares += deviation * deviation;
		used++;
	}
	double variance = 0;
	if (used > 1)
		variance = (used - 1) / used * (squares - deviations * deviations / used);
	return rate_clustered(events, trials, variance, RATE_LEVEL);
}
