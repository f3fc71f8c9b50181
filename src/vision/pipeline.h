/* SPDX-License-Identifier: MIT */
/*
 * A photo's way to faces: detect, landmarks, quality, align, embed. A pipeline has
 * its own buffers and belongs to one thread at a time; it uses `threads` threads inside.
 */
#ifndef VISION_PIPELINE_H
#define VISION_PIPELINE_H

#include <stdbool.h>

#include "base/err.h"
#include "media/image.h"
#include "vision/face.h"

struct manifest;

struct pipeline_options {
	const char *models;      /* folder with the model files; NULL = as models_folder finds it */
	const char *home_models; /* folder of the installed ones (model.h); NULL: none */
	/* Names of models (model_find); NULL or "" = the default one. */
	const char *detector, *embedding;
	float min_score; /* of a detection; 0 = PIPELINE_MIN_SCORE */
	float min_face;  /* side in pixels of the smallest face wanted; 0 = PIPELINE_MIN_FACE */
	/*
	 * 0 = 1. Views of a large photo, and faces, are shared out among them, each network
	 * on one; the result is the same.
	 */
	int threads;
	bool preload; /* open the embedding at once rather than when first needed */
};

#define PIPELINE_MIN_SCORE 0.5f
#define PIPELINE_MIN_FACE 24
enum { MIN_FACE_LEAST = 8, MIN_FACE_MOST = 1000 }; /* that may be asked for */

/* How far pipeline_run goes. */
enum pipeline_depth {
	PIPELINE_DETECT,   /* box, landmarks, quality */
	PIPELINE_EMBED,    /* and the embedding: a probe */
	PIPELINE_TEMPLATE, /* a better embedding at twice the time: to be kept */
	PIPELINE_BOXES     /* boxes alone: the rest by pipeline_points and pipeline_embed */
};

/* Wall-clock milliseconds of each stage of the last run. */
struct pipeline_times {
	double detect, landmarks, embed;
};

struct pipeline;

/*
 * Loads the detector and the landmarks; the embedding is loaded by the first run that needs
 * it. ERR_NOT_FOUND names the missing file and how to get it.
 */
enum err pipeline_open(
	struct pipeline **out, const struct pipeline_options *options, struct error *why) MUST_USE;
void pipeline_close(struct pipeline *p);

/* The embedding model, which templates are bound to, and all else that is known of it. */
const char *pipeline_model(const struct pipeline *p);
const struct manifest *pipeline_embedding(const struct pipeline *p);

/* How many numbers of face->embedding count; the others are 0. */
size_t pipeline_dim(const struct pipeline *p);

/*
 * Finds the faces of `photo`, best first, and fills `faces` (emptied first; zero-initialised
 * or used before). `times` may be NULL.
 */
enum err pipeline_run(struct pipeline *p, const struct image *photo, enum pipeline_depth depth,
	struct face_list *faces, struct pipeline_times *times, struct error *why) MUST_USE;

/*
 * One face of a frame, from its box: landmarks and quality. False in *is_face where the
 * landmarks make none.
 */
enum err pipeline_points(struct pipeline *p, const struct image *photo, struct face *face,
	bool *is_face, struct error *why) MUST_USE;
/* And its embedding, as a probe, from its landmarks. */
enum err pipeline_embed(struct pipeline *p, const struct image *photo, struct face *face,
	struct error *why) MUST_USE;

/*
 * Finds the folder with the models: `given` if not NULL, else $ROLLCALL_MODELS, else
 * "models" beside the program, else ../share/rollcall/models from there. A new string for
 * free(3); ERR_NOT_FOUND says where it was looked for.
 */
enum err models_folder(const char *given, char **out, struct error *why) MUST_USE;

#endif
