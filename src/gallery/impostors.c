/* SPDX-License-Identifier: MIT */
#include "gallery/impostors.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

/* Each comparison counts for both its people, so sums over people are twice the comparisons. */
struct impostors {
	size_t people;
	struct impostor_bins bins;
	uint32_t *bin;   /* (people, bins.count) comparisons at that distance */
	uint64_t *trial; /* (people) comparisons at any */
	uint64_t all[IMPOSTOR_BINS_MAX], trials;
};

struct impostor_bins impostor_bins_for(double width, double last)
{
	if (!(width > 0 && last > 0))
		return (struct impostor_bins){.width = 0.01, .count = 200};
	double reach = last * 1.25;
	width *= ceil(fmax(1, reach / width / IMPOSTOR_BINS_MAX - 1e-9));
	double count = fmin(ceil(reach / width - 1e-9), IMPOSTOR_BINS_MAX);
	return (struct impostor_bins){.width = width, .count = (size_t)count};
}

enum err impostors_new(
	struct impostors **out, size_t people, struct impostor_bins bins, struct error *why)
{
	*out = NULL;
	size_t cells;
	if (!(bins.width > 0) || bins.count == 0 || bins.count > IMPOSTOR_BINS_MAX)
		return err_set(why, ERR_ARG, "%zu bins of %g", bins.count, bins.width);
	struct impostors *i = calloc(1, sizeof(*i));
	if (i != NULL && size_mul(people, bins.count, &cells)) {
		i->people = people;
		i->bins = bins;
		i->bin = mem_array(cells, sizeof(*i->bin));
		i->trial = mem_array(people, sizeof(*i->trial));
	}
	if (i == NULL || i->bin == NULL || i->trial == NULL) {
		impostors_free(i);
		return err_set(why, ERR_NOMEM, "no memory for the distances of %zu people", people);
	}
	*out = i;
	return OK;
}

struct impostor_bins impostors_bins(const struct impostors *i)
{
	return i->bins;
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
	double at = floor(distance / i->bins.width + 1e-9);
	if (!(at < (double)i->bins.count))
		return;
	size_t bin = at > 0 ? (size_t)at : 0;
	i->all[bin]++;
	i->bin[a * i->bins.count + bin]++;
	i->bin[b * i->bins.count + bin]++;
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

static double sum_of(const uint32_t *value, size_t count)
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

static size_t bins_below(const struct impostors *i, double distance)
{
	return (size_t)fmin(fmax(round(distance / i->bins.width), 0), (double)i->bins.count);
}

double impostors_below(const struct impostors *i, double distance)
{
	return sum(i->all, bins_below(i, distance));
}

struct rate impostors_rate(const struct impostors *i, double distance)
{
	size_t bins = bins_below(i, distance);
	double events = sum(i->all, bins), trials = impostors_count(i);
	/* Deviations from the whole rate: sum and sum of squares of the rates without one. */
	double rate = trials > 0 ? events / trials : 0, deviations = 0, squares = 0, used = 0;
	for (size_t p = 0; p < i->people; p++) {
		double left = trials - (double)i->trial[p];
		if (i->trial[p] == 0 || left <= 0)
			continue;
		double near = sum_of(i->bin + p * i->bins.count, bins);
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
