/* SPDX-License-Identifier: MIT */
/*
 * From a distance to the rate of false matches (FMR) of an embedding model, and back. Pure.
 */
#ifndef GALLERY_FMR_H
#define GALLERY_FMR_H

#include <stdbool.h>
#include <stddef.h>

#include "gallery/impostors.h"
#include "vision/manifest.h"

enum { FMR_POINTS = 51 };
#define FMR_FIRST 0.30 /* distance of the first point; the others follow by FMR_STEP */
#define FMR_STEP 0.01

/* What was measured of one model, and on what. */
struct fmr_table {
	const char *model;       /* as pipeline_model gives it */
	const char *measured_on; /* for people */
	double comparisons;
	size_t people;
	struct fmr_point point[FMR_POINTS];
};

/* The table of a model; NULL if it has none. Static. */
const struct fmr_table *fmr_table_find(const char *model);

/*
 * A table as it holds for one gallery: `factor` times the rates of the table. Never less than
 * once: people are not taken to be easier to tell apart than those the table was made with.
 */
struct fmr_curve {
	const struct fmr_table *table;
	double factor;
	bool own;            /* the gallery had enough people to say something */
	double own_distance; /* where it was compared with the table */
	struct rate own_rate;
};

/* The table alone, for people with that many templates each (the mean; at least 1). */
struct fmr_curve fmr_curve_plain(const struct fmr_table *table, double templates);

/*
 * The table and the distances between the templates of the gallery's own people: at the
 * smallest distance below which there are FMR_OWN_EVENTS of them, the upper end of their rate's
 * 95 % interval over the table's rate is the factor, which covers also that people have several
 * templates. With fewer than FMR_OWN_PEOPLE people or that many events nowhere in the table:
 * the table alone, with the number of templates a person as factor, as if they were strangers
 * to each other.
 */
enum { FMR_OWN_PEOPLE = 50, FMR_OWN_EVENTS = 50 };
struct fmr_curve fmr_curve_own(
	const struct fmr_table *table, const struct impostors *own, double templates);

/*
 * The FMR at a distance: the upper end of the table's interval times the factor, straight
 * between the points in log(FMR). Below the first point with an FMR the line through that
 * one and the point 0.05 above goes on, which errs to the large side, as the logarithm of
 * FMR falls ever more steeply. At most 1.
 */
double fmr_at(const struct fmr_curve *curve, double distance);

/* The largest distance at which the FMR is at most that; 0 if there is none. */
double fmr_distance(const struct fmr_curve *curve, double fmr);

#endif
