/* SPDX-License-Identifier: MIT */
/*
 * A gallery compared with itself: how near its people are to themselves and to each other, and
 * what that says about the rule. One thread at a time.
 */
#ifndef GALLERY_CALIBRATE_H
#define GALLERY_CALIBRATE_H

#include "gallery/decide.h"

/* How much is compared; of larger galleries an even sample. */
struct self_limits {
	size_t people;      /* of whom the comparison is made */
	size_t comparisons; /* of templates */
	struct impostor_bins bins;
	double look_alike; /* below 0 = none */
};

/* When a program starts: some ten milliseconds; without look-alikes. */
struct self_limits self_limits_quick(const struct manifest_fmr *table);
/* When somebody asks: some seconds at most. */
struct self_limits self_limits_thorough(const struct manifest_fmr *table, double look_alike);

/* One template as a probe, compared with all others. Distances; INFINITY = nobody. */
struct self_probe {
	size_t person;        /* index in the gallery */
	double own;           /* to the person's nearest other template */
	double first, second; /* to the nearest other person, and the one after */
};

struct look_alike {
	size_t a, b; /* indices in the gallery, a < b */
	double distance;
};

/* Zero-initialise; release with self_comparison_finish. */
struct self_comparison {
	struct self_probe *probe;
	size_t probes;
	struct look_alike *pair; /* nearest first */
	size_t pairs, capacity;
	struct impostors *impostors; /* template against the nearest template of another person */
	size_t people, templates;    /* that were compared */
	bool sampled;                /* not all of the gallery */
};
void self_comparison_finish(struct self_comparison *s);

/*
 * Compares a gallery with itself. Pairs of people up to limits->look_alike apart are listed, at
 * most LOOK_ALIKES_MAX; distances between people are counted in limits->bins.
 */
enum { LOOK_ALIKES_MAX = 100000 };
enum err self_compare(const struct gallery *g, const struct self_limits *limits,
	struct self_comparison *out, struct error *why) MUST_USE;

/* The curve of FMR for a gallery: the model's table, and its own people (fmr_curve_own). */
enum err calibrate_curve(const struct gallery *g, const struct manifest_fmr *table,
	struct fmr_curve *out, struct error *why) MUST_USE;

/* What a budget would mean here. */
struct operating_point {
	double budget;
	double match_distance, review_distance;
	double fmr;       /* that the budget allows each comparison; on the curve */
	struct rate fnmr; /* of the leave-one-out comparisons with the person's own templates */
	struct rate fpir; /* strangers: each template with its own person away, by the whole rule */
	struct rate fnir; /* not matched as themselves, by the whole rule; people with several */
};

enum { CALIBRATION_POINTS = 7, CALIBRATION_BINS_MAX = IMPOSTOR_BINS_MAX };

struct calibration {
	struct fmr_curve curve;
	struct decision_rule rule;
	struct operating_point now;
	struct rate fmr; /* of the gallery's own people at now.match_distance */
	struct operating_point move[CALIBRATION_POINTS]; /* from strict to lenient */
	/* Histograms: [i] of distances of at least i and less than i + 1 times bins.width. */
	struct impostor_bins bins;
	double genuine[CALIBRATION_BINS_MAX], impostor[CALIBRATION_BINS_MAX];
	double genuines, impostors; /* how many */
};

/* Computes it from a comparison of the gallery with itself. */
void calibrate(const struct self_comparison *self, const struct fmr_curve *curve,
	const struct decision_rule *rule, struct calibration *out);

#endif
