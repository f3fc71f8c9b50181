/* SPDX-License-Identifier: MIT */
/* A model that is there to be used: what its manifest says, and the folder with its files. */
#ifndef VISION_MODEL_H
#define VISION_MODEL_H

#include "base/err.h"
#include "vision/manifest.h"

/* Zero-initialise; release with model_finish. Immutable once found, any thread. */
struct model {
	struct manifest *manifest;
	char *folder; /* manifest->file[i].path is in it */
};
void model_finish(struct model *m);

/* Where models are looked for, in this order. Either may be NULL. */
struct model_places {
	const char *home;    /* of `rollcall models`: HOME/models, with NAME/manifest.json in it */
	const char *shipped; /* models_folder(): the built-in ones' files, all in it or in NAME/ */
};

/* The names that are used when none is given. */
#define MODEL_DEFAULT_DETECTOR "ssd_mobilenetv1"
#define MODEL_DEFAULT_LANDMARKS "face_landmark_68"
#define MODEL_DEFAULT_EMBEDDING "face_recognition"

/*
 * Finds a model by its name; "ssd" and "tiny" are short for the two default detectors'. Of
 * the built-in manifests only one whose first file is there counts. ERR_NOT_FOUND says how to
 * get it; ERR_ARG: it is of another kind; ERR_FORMAT: its manifest is wrong.
 */
enum err model_find(struct model *out, const struct model_places *places, const char *name,
	enum model_kind kind, struct error *why) MUST_USE;

#endif
