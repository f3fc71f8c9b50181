/* SPDX-License-Identifier: MIT */
/*
 * A change of the embedding model: until everybody has templates of the one to come, who is
 * enrolled gets templates of both. One thread at a time an object.
 */
#ifndef ATTEND_COMING_H
#define ATTEND_COMING_H

#include <stdbool.h>

#include "base/err.h"
#include "store/store.h"
#include "vision/pipeline.h"

struct coming;

/*
 * Finds the embedding of that name where `options` say that models are; its network is loaded
 * when it is first needed. ERR_NOT_FOUND: it is not installed.
 */
enum err coming_new(struct coming **out, const char *name, const struct pipeline_options *options,
	struct error *why) MUST_USE;
void coming_free(struct coming *c);

/* What its templates are bound to. */
const char *coming_model(const struct coming *c);
size_t coming_dim(const struct coming *c);

/* The template of a face that a pipeline has found; zeros after coming_dim. */
enum err coming_embed(struct coming *c, const struct image *photo, const struct face *face,
	float out[static FACE_DIM_MAX], struct error *why) MUST_USE;

/*
 * What is kept of an enrolment photo: the face with as much again around it, at most
 * KEPT_SIDE_MAX pixels a side, as a JPEG. Enough for any embedding to be made from it later, and
 * nothing of who or what else was in the photo. Twice the face's size is what detectors like to
 * see; with more, others come into the picture.
 */
enum { KEPT_SIDE_MAX = 512, KEPT_QUALITY = 95 };
enum err kept_crop(const struct image *photo, const struct face *face, struct buf *jpeg,
	struct error *why) MUST_USE;

/* What was done with kept photos. */
struct reembedded {
	size_t photos, done; /* those that had no template of the model, and that have one now */
};
/* Told after each photo; false stops. */
typedef bool reembed_progress_fn(void *ctx, size_t done, size_t total);

/*
 * Takes templates of the pipeline's embedding from all kept photos that have none of it yet, each
 * in a transaction of its own. ERR_STOPPED: progress said so; what is done is done.
 */
enum err reembed(struct store *store, struct pipeline *p, reembed_progress_fn *progress, void *ctx,
	struct reembedded *out, struct error *why) MUST_USE;

#endif
