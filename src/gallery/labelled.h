/* SPDX-License-Identifier: MIT */
/*
 * A labelled set as templates and probes, for rates of searching instead of pairs. One
 * thread at a time; uses the pipeline given.
 */
#ifndef GALLERY_LABELLED_H
#define GALLERY_LABELLED_H

#include "gallery/evaluate.h"
#include "gallery/fmr.h"
#include "gallery/rates.h"

/* One photo in which a face was found. */
struct labelled_photo {
	size_t person; /* number of its name, from 0 */
	double quality;
	float probe[FACE_DIM_MAX];    /* one look, as at a frame of video; dim numbers */
	float template[FACE_DIM_MAX]; /* as a photo is looked at, to enrol or to identify */
};

/* Sorted by name; of people. Zero-initialise; release with labelled_finish. */
struct labelled {
	struct labelled_photo *photo;
	size_t count, people, dim;
	size_t failed; /* photos without a face, which are left out */
};
void labelled_finish(struct labelled *set);

/* Looks at all photos of the pairs, as evaluate_run does. */
enum err labelled_load(struct pipeline *p, const struct evaluate_options *options,
	struct labelled *out, struct error *why) MUST_USE;

/* A table as a manifest has it; fmr.point points into it, and nobody has said measured_on. */
struct labelled_fmr {
	struct manifest_fmr fmr;
	struct fmr_point point[MANIFEST_FMR_POINTS_MAX];
};

/*
 * Measures distance to FMR by all comparisons of photos of different people of those who are in
 * (NULL = of all). `rate` is that of a template and a single look, `gallery` that of two
 * templates, which is what photos give on both sides; `high` is the upper end of the latter's
 * 95 % interval (which is larger than the former), for the nearest thousandth of comparisons
 * that of tail_rate, so that it goes on below the nearest one. The distances are chosen to be
 * round, and to reach from a rate of 1e-8 to one of 0.45. ERR_ARG: too few.
 */
enum err labelled_table(const struct labelled *set, const bool *in, struct labelled_fmr *out,
	struct error *why) MUST_USE;

/* How one-photo enrolment and search of the set go. */
struct identification {
	size_t people; /* enrolled */
	size_t draws;
	/* Of probes of people who are not enrolled: named as somebody (FPIR); sent to review. */
	struct rate false_name, false_review;
	/* Of probes of people who are: named as another, as themselves; to review; unknown. */
	struct rate wrong, right, review, unknown;
	struct rate any_false;                  /* false_name and wrong, of all probes */
	double match_distance, review_distance; /* the means over the draws */
	/* How often the budget lets strangers be named, in 95 % of trials of that many probes. */
	double expected, least, most;
};

/*
 * Enrols `people` people by chance, one photo each, among those who have several if there
 * are enough, and identifies all other photos; `draws` times, the same ones for the same
 * `seed`. The decisions are `decide`'s at that budget. Without a table each draw measures its
 * own, with one half of the people by chance, and enrols and identifies only those of the
 * other half: then the table has seen nobody of them. ERR_ARG: not that many people.
 */
struct identification_options {
	size_t people, draws;
	uint64_t seed;
	double budget;
	const struct manifest_fmr *table; /* NULL = measured by halves */
};
enum err labelled_identify(const struct labelled *set, const struct identification_options *options,
	struct identification *out, struct error *why) MUST_USE;

#endif
