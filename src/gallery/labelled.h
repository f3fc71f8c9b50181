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
	float probe[FACE_DIM_MAX];    /* as a face to identify is looked at */
	float template[FACE_DIM_MAX]; /* as a photo to enrol is */
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

/*
 * Fills the table of distance to FMR from all comparisons of different people's photos:
 * template against probe, and template against template. `point` holds FMR_POINTS.
 */
enum err labelled_table(
	const struct labelled *set, struct fmr_point *point, struct error *why) MUST_USE;

/* How one-photo enrolment and search of the set go. */
struct identification {
	size_t people; /* enrolled */
	size_t draws;
	/* Of probes of people who are not enrolled: named as somebody (FPIR); sent to review. */
	struct rate false_name, false_review;
	/* Of probes of people who are: named as another, as themselves; to review; unknown. */
	struct rate wrong, right, review, unknown;
	struct rate any_false; /* false_name and wrong, of all probes */
	double match_distance, review_distance;
};

/*
 * Enrols `people` people by chance, one photo each, among those who have several if there
 * are enough, and identifies all other photos; `draws` times, the same ones for the same
 * `seed`. The decisions are `decide`'s at that budget. ERR_ARG: not that many people.
 */
struct identification_options {
	size_t people, draws;
	uint64_t seed;
	double budget;
	const struct fmr_table *table;
};
enum err labelled_identify(const struct labelled *set, const struct identification_options *options,
	struct identification *out, struct error *why) MUST_USE;

#endif
