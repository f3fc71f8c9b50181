/* SPDX-License-Identifier: MIT */
/*
 * Distances between different people, counted so that a rate and its interval can be told
 * although one person takes part in many comparisons. One thread at a time.
 */
#ifndef GALLERY_IMPOSTORS_H
#define GALLERY_IMPOSTORS_H

#include <stddef.h>

#include "base/err.h"
#include "gallery/rates.h"

/* `count` bins of `width` from 0 on; what is beyond the last one counts only as a trial. */
enum { IMPOSTOR_BINS_MAX = 400 };
struct impostor_bins {
	double width;
	size_t count;
};

/*
 * Bins of `width`, or a multiple of it where there would be too many, to a quarter beyond
 * `last`; of 0.01 to 2 (which is as far as vectors of length 1 can be apart) where width is 0.
 */
struct impostor_bins impostor_bins_for(double width, double last);

struct impostors;

/* For comparisons among `people` people, numbered from 0. */
enum err impostors_new(struct impostors **out, size_t people, struct impostor_bins bins,
	struct error *why) MUST_USE;
void impostors_free(struct impostors *i);
struct impostor_bins impostors_bins(const struct impostors *i);

/* Counts one comparison of persons a and b, a != b. */
void impostors_add(struct impostors *i, size_t a, size_t b, double distance);

/* How many people there are, and comparisons so far. */
size_t impostors_people(const struct impostors *i);
double impostors_count(const struct impostors *i);
/* Comparisons below `distance`, a multiple of the bins' width. */
double impostors_below(const struct impostors *i, double distance);

/*
 * The share of comparisons below `distance`, a multiple of the bins' width, with the interval
 * of rate_clustered. The variance is the jackknife's over people: the rate again and
 * again without all comparisons of one of them, which for such sums over pairs errs to the
 * large side (Efron and Stein, Annals of Statistics 9, 1981).
 */
struct rate impostors_rate(const struct impostors *i, double distance);

#endif
