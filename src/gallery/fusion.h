/* SPDX-License-Identifier: MIT */
/*
 * What several looks at a face together are worth, measured on labelled photos: every photo of
 * a person stands for a look. Pure; any thread.
 */
#ifndef GALLERY_FUSION_H
#define GALLERY_FUSION_H

#include "gallery/labelled.h"
#include "vision/track.h"

enum { FUSION_RATES = 2 };

/* The false match rates at which is told: 1e-3, 1e-4. */
extern const double fusion_rate[FUSION_RATES];

/* So many looks, fused as tracker_fused does it, against a template from another photo. */
struct fusion {
	size_t looks, people;
	size_t same, different;      /* comparisons */
	double tar[FUSION_RATES];    /* share of same accepted at fusion_rate[i] */
	double at_one[FUSION_RATES]; /* false match rate at one look's threshold for it */
};

/*
 * Fills out[k] for k + 1 looks, k < most (2..TRACK_LOOKS_MAX), of the same people each time:
 * those with more than `most` photos. Each photo of theirs is the
 * template once, the following ones are the looks; the different ones are everybody else's
 * templates. `dim` numbers of an embedding count; `weighted` by quality, else evenly. ERR_ARG:
 * nobody has so many photos.
 */
enum err fusion_measure(const struct labelled *set, size_t dim, size_t most, bool weighted,
	struct fusion *out, struct error *why) MUST_USE;

#endif
