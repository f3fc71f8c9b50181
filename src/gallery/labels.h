/* SPDX-License-Identifier: MIT */
/* Where the faces of photos are, marked by hand, and how many of them are found. */
#ifndef GALLERY_LABELS_H
#define GALLERY_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "vision/pipeline.h"

enum { LABELS_MAX = 1000000, LABELS_FILE_MAX = 64 << 20, LABEL_NAME_BYTES = 256 };

/* One face, or a photo that has none. */
struct label {
	char file[LABEL_NAME_BYTES]; /* within the folder of photos */
	bool face;                   /* false: the photo is there, and nothing in it */
	struct box box;              /* of a point: its place, without width and height */
};

/* Sorted by file; zero-initialise, release with label_list_finish. */
struct label_list {
	struct label *item;
	size_t count, capacity;
	bool points; /* the middle of faces rather than boxes */
};

void label_list_finish(struct label_list *list);

/*
 * CSV with a head line: "file,x,y,w,h", a box a line, or "file,faces,nose_points" with
 * points "x,y x,y" in quotes. ERR_FORMAT names the line; ERR_LIMIT, ERR_NOMEM.
 */
enum err labels_parse(
	struct label_list *out, const char *text, size_t len, struct error *why) MUST_USE;
enum err labels_load(struct label_list *out, const char *path, struct error *why) MUST_USE;

/* Told after each photo; anything but OK stops, and is what labels_run returns. */
typedef enum err labels_progress_fn(void *ctx, size_t done, size_t total);

struct labels_options {
	const struct label_list *labels;
	const char *images;           /* folder; photos in it without a label have no face */
	float min_side;               /* of a label that counts: the longer side, in pixels */
	labels_progress_fn *progress; /* may be NULL */
	void *ctx;
};

struct labels_result {
	size_t photos;
	size_t faces;             /* labels of at least min_side */
	size_t found;             /* of them */
	size_t smaller;           /* other labels; found or not, they do not count */
	size_t false_boxes;       /* found where no label is, or a second time */
	size_t photos_false;      /* photos with such a box */
	struct pipeline_times ms; /* sums over all photos */
};

/*
 * A box is right if it overlaps a label by more than 0.3 (shared by united area), or its
 * middle lies in the label and their sides are within a factor of 2; each label counts once,
 * the box that overlaps it most. With points, a box is right if it holds exactly one.
 */
enum err labels_run(struct pipeline *p, const struct labels_options *options,
	struct labels_result *out, struct error *why) MUST_USE;

/*
 * The rule for one photo: adds to `out` what `faces` found of labels[0..count). Pure; ERR_NOMEM.
 */
enum err labels_match(const struct label *labels, size_t count, bool points, float min_side,
	const struct face_list *faces, struct labels_result *out) MUST_USE;

#endif
