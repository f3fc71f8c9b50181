/* SPDX-License-Identifier: MIT */
/*
 * From a distance to the rate of false matches (FMR) of an embedding model, and back, by the
 * table in the model's manifest. Pure.
 */
#ifndef GALLERY_FMR_H
#define GALLERY_FMR_H

#include <stdbool.h>
#include <stddef.h>

#include "gallery/impostors.h"
#include "vision/manifest.h"

/* Whether anything is known of a model's distances. Without that nobody is matched. */
bool fmr_measured(const struct manifest_fmr *table);

/* The distance of a table's point. */
double fmr_point_distance(const struct manifest_fmr *table, size_t point);

/*
 * A table as it holds for one gallery: `factor` times the rates of the table. Never less than
 * once: people are not taken to be easier to tell apart than those the table was made with.
 * The table is borrowed: it is the manifest's.
 */
struct fmr_curve {
	const struct manifest_fmr *table;
	double factor;
	bool own;            /* the gallery had enough people to say something */
	double own_distance; /* where it was compared with the table */
	struct rate own_rate;
};

/* The table alone, for people with that many templates each (the mean; at least 1). */
struct fmr_curve fmr_curve_plain(const struct manifest_fmr *table, double templates);

/* Bins for the distances of a gallery whose curve is wanted. */
struct impostor_bins fmr_bins(const struct manifest_fmr *table);

/*
 * The table and the distances between the templates of the gallery's own people: at the
 * smallest distance below which there are FMR_OWN_EVENTS of them, the upper end of their rate's
 * 95 % interval over the upper end of the table's is the factor, so that there the curve is the
 * larger of both. That covers also that people have several templates. With fewer than
 * FMR_OWN_PEOPLE people or that many events nowhere in the table: the table alone, with the
 * number of templates a person as factor, as if they were strangers to each other.
 */
enum { FMR_OWN_PEOPLE = 50, FMR_OWN_EVENTS = 50 };
struct fmr_curve fmr_curve_own(
	const struct manifest_fmr *table, const struct impostors *own, double templates);

/*
 * The FMR at a distance: the upper end of the table's interval times the factor, straight
 * between the points in log(FMR). Below the first point with an FMR the line through that one
 * and the point FMR_LINE_POINTS above goes on, which errs to the large side, as the logarithm
 * of FMR falls ever more steeply. At most 1; 1 without a table.
 */
enum { FMR_LINE_POINTS = 5 };
double fmr_at(const struct fmr_curve *curve, double distance);

/* The largest distance at which the FMR is at most that; 0 if there is none. */
double fmr_distance(const struct fmr_curve *curve, double fmr);

#endif
