/* SPDX-License-Identifier: MIT */
/*
 * How well distances tell same from different: the metrics of one-to-one comparison.
 * A pair counts as the same person when its distance is at most the threshold. Pure.
 */
#ifndef GALLERY_VERIFY_H
#define GALLERY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { VERIFY_FARS = 4 };

/* The false accept rates that are reported: 1e-1, 1e-2, 1e-3, 1e-4. */
extern const double verify_far[VERIFY_FARS];

/* One labelled pair, compared. */
struct comparison {
	double distance; /* NAN: no face in one of the photos */
	bool same;
	int fold; /* 0..folds-1 */
};

struct verification {
	size_t pairs, used, failed; /* used + failed = pairs */
	/*
	 * Share of pairs told right, averaged over the folds, each with the threshold that is
	 * best on all the others. A pair without a face counts as told wrong.
	 */
	double accuracy, accuracy_std; /* standard deviation over the folds */
	double accuracy_used;          /* the same over used pairs only */
	/* Over used pairs: */
	double eer;                    /* where false accepts and false rejects are equally many */
	double tar[VERIFY_FARS];       /* share of same pairs accepted at verify_far[i] or less */
	double threshold[VERIFY_FARS]; /* the largest distance accepted there */
};

/*
 * Computes all of it. With n different pairs a rate below 1 / n means: no false accept at
 * all. ERR_ARG when there is no used pair of either kind or a fold is out of range; ERR_NOMEM.
 */
enum err verify_measure(const struct comparison *comparison, size_t count, int folds,
	struct verification *out, struct error *why) MUST_USE;

/* A histogram of distances, for rates too small for a list of pairs to show. */
enum { DISTANCE_BINS = 2000 };

struct distances {
	double width; /* of a bin; set before anything is added */
	uint64_t total;
	uint64_t bin[DISTANCE_BINS]; /* [i]: of at least i and less than i + 1 times width */
};

/* The smallest of 1, 2 and 5 times a power of ten that is not below `least` (> 0). */
double distances_step(double least);

/* Counts one distance; what is beyond the last bin counts into it. */
void distances_add(struct distances *d, double distance);

/* The share of distances up to this one (to the precision of a bin); 0 when there are none. */
double distances_rate(const struct distances *d, double distance);

/* The largest distance, in whole bins, up to which at most that share lies. */
double distances_at(const struct distances *d, double rate);

#endif
