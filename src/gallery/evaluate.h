/* SPDX-License-Identifier: MIT */
/*
 * A labelled set through the whole pipeline: photos to templates to distances to metrics.
 * One thread at a time; uses the pipeline given.
 */
#ifndef GALLERY_EVALUATE_H
#define GALLERY_EVALUATE_H

#include "gallery/pairs.h"
#include "gallery/verify.h"
#include "vision/pipeline.h"

enum { EVALUATE_ALL_MAX = 10000 };

struct evaluation {
	struct verification pairs; /* of the pairs in the file */
	size_t photos;             /* different ones in the pairs */
	size_t photos_failed;      /* those without a face */
	size_t photos_several;     /* those with several faces: the one nearest the centre counts */
	/*
	 * Every photo against every other (of the first EVALUATE_ALL_MAX by name), by the names
	 * of their people: hundreds of times as many comparisons as pairs, for rates that the
	 * pairs are too few for. Not independent of each other: one photo takes part in many.
	 */
	struct distances *same, *different;
	struct pipeline_times ms; /* sums over all photos */
	double ms_decode;
};

void evaluation_finish(struct evaluation *e);

/* Told after each photo; anything but OK stops, and is what evaluate_run returns. */
typedef enum err evaluate_progress_fn(void *ctx, size_t done, size_t total);

/* Where a set is, and who wants to know how far it is. `progress` may be NULL. */
struct evaluate_options {
	const struct pair_list *pairs;
	const char *images; /* folder of folders: Name/Name_0001.jpg */
	double scale;       /* each photo is resized by this factor first; 0 = 1 */
	evaluate_progress_fn *progress;
	void *ctx;
};

/*
 * Runs all photos of the pairs. A photo that is missing or no image stops it, with its name;
 * a photo without a face does not. Release `out` with evaluation_finish, on error too.
 */
enum err evaluate_run(struct pipeline *p, const struct evaluate_options *options,
	struct evaluation *out, struct error *why) MUST_USE;

/* Decodes a photo and, unless `scale` is 0 or 1, resizes it by that factor. */
enum err evaluate_photo(
	const char *path, double scale, struct image *out, struct error *why) MUST_USE;

/* Of several faces the one whose middle is nearest the photo's; NULL if there is none. */
const struct face *face_nearest_centre(const struct face_list *faces, const struct image *photo);

#endif
