/* SPDX-License-Identifier: MIT */
/* A model that is there to be used: what its manifest says, and the folder with its files. */
#ifndef VISION_MODEL_H
#define VISION_MODEL_H

#include <stdbool.h>

#include "base/err.h"
#include "vision/manifest.h"

/* Zero-initialise; release with model_finish. Immutable once found, any thread. */
struct model {
	struct manifest *manifest;
	char *folder; /* manifest->file[i].path is in it; NULL = not installed (models_known) */
	bool builtin; /* the manifest is the program's own */
	bool shipped; /* the folder came with the program */
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
 * Finds a model by its name; "ssd" and "tiny" are short for the two default detectors'. For the
 * name of a built-in model the manifest is always the program's own: in a folder of that name
 * only the files count. Of the built-in manifests only one whose files are there counts.
 * ERR_NOT_FOUND says how to get it; ERR_ARG: it is of another kind; ERR_FORMAT: its manifest is
 * wrong.
 */
enum err model_find(struct model *out, const struct model_places *places, const char *name,
	enum model_kind kind, struct error *why) MUST_USE;

/* The same whatever its kind is, and also when it is not installed: then folder is NULL. */
enum err model_known(struct model *out, const struct model_places *places, const char *name,
	struct error *why) MUST_USE;

/*
 * Reads an installed model's network once, as it is read to be used. ERR_UNSUPPORTED: this
 * program knows no such decoder, or not all of the network's operators; ERR_FORMAT: the files
 * are none, or not what the manifest says.
 */
enum err model_check(const struct model *m, struct error *why) MUST_USE;

/* All that are known: the built-in ones, then those in `home` by name. */
struct model_list {
	struct model *item;
	size_t count, capacity;
};
void model_list_finish(struct model_list *list);
/*
 * Appends. A folder in `home` without a manifest is none (yet); one with a wrong manifest is left
 * out, and `wrong` (may be NULL) is called with its name and the reason.
 */
typedef void model_wrong_fn(void *ctx, const char *name, const struct error *reason);
enum err models_known(struct model_list *list, const struct model_places *places,
	model_wrong_fn *wrong, void *ctx, struct error *why) MUST_USE;

#endif
