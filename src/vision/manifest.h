/* SPDX-License-Identifier: MIT */
/*
 * What is known of a model: its files, how to feed it, how to read it, whose it is. Read from
 * JSON (docs/models.md has the format); some are built in. Immutable once made, any thread.
 */
#ifndef VISION_MANIFEST_H
#define VISION_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vision/face.h"

enum {
	MANIFEST_NAME_BYTES = 65, /* a folder's name: a-z, 0-9, '-', '_' and '.', not first */
	MANIFEST_ID_BYTES = 129,  /* what templates are bound to */
	MANIFEST_DECODER_BYTES = 33,
	MANIFEST_SHA256_BYTES = 65, /* lower-case hexadecimal */
	MANIFEST_FILES_MAX = 8,
	MANIFEST_FMR_POINTS_MAX = 512,
	MANIFEST_SIZE_MAX = 1 << 20, /* of the JSON, in bytes */
	MANIFEST_FILE_MAX = 1 << 30, /* of one of the files, in bytes */
	MANIFEST_PATH_MAX = 128,     /* of a file's name, in bytes */
	MANIFEST_TEXT_MAX = 4096,    /* of one text, in bytes */
	MANIFEST_SIDE_MAX = 4096,    /* of an input, in pixels */
	MANIFEST_DIM_MAX = 1024,
	MANIFEST_ALIGN_POINTS = 5,
};

enum model_kind { MODEL_DETECTOR, MODEL_LANDMARKS, MODEL_EMBEDDING, MODEL_LIVENESS, MODEL_KINDS };

/* How embeddings are compared. Cosine: scaled to length 1 first, then it is Euclidean. */
enum metric { METRIC_EUCLIDEAN, METRIC_COSINE };

struct manifest_file {
	const char *path;                   /* within the model's folder; no '/' */
	char sha256[MANIFEST_SHA256_BYTES]; /* "" = not known; then it cannot be downloaded */
	uint64_t size;                      /* bytes; 0 = not known */
	const char *url;                    /* https; NULL = not to be downloaded */
};

/* value = (pixel - mean[channel]) / std[channel], pixels 0..255. */
struct manifest_input {
	int width, height; /* what the network was made for */
	int multiple;      /* other sizes must be multiples of this; 0 = no other sizes */
	bool bgr;          /* channels blue first; mean and std are in the network's order */
	float mean[3], std[3];
};

/* Where eyes, nose's tip and mouth's corners belong, left ones of the picture first. */
struct manifest_align {
	int size; /* side of the chip, pixels; 0 = the decoder knows itself */
	struct point point[MANIFEST_ALIGN_POINTS];
};

/* Of comparisons of different people, the share nearer than a distance. */
struct fmr_point {
	double rate;    /* an enrolled template and a probe */
	double high;    /* upper end of its 95 % interval */
	double gallery; /* two enrolled templates */
};

/* Distance to FMR: point[i] is at first + i * step. */
struct manifest_fmr {
	const char *measured_on; /* for people */
	double comparisons;
	size_t people;
	double first, step;
	size_t points; /* 0 = never measured */
	const struct fmr_point *point;
};

struct manifest {
	char name[MANIFEST_NAME_BYTES];
	char id[MANIFEST_ID_BYTES]; /* changes whenever what it computes does */
	enum model_kind kind;
	/* Which code reads its outputs: "yunet", "embedding", "face_recognition", ... */
	char decoder[MANIFEST_DECODER_BYTES];
	size_t files;
	struct manifest_file file[MANIFEST_FILES_MAX];
	struct manifest_input input;
	struct manifest_align align; /* embeddings */
	size_t dim;                  /* embeddings */
	enum metric metric;          /* embeddings */
	struct manifest_fmr fmr;     /* embeddings */
	const char *about;           /* one line */
	const char *licence, *licence_url;
	const char *provenance; /* what it was trained on */
	const char *caveat;     /* what somebody must know before using it; "" = nothing */
	const char *source;     /* how files without an address are had; "" = all have one */
	void *owned;            /* what the strings point into; manifest_free's */
};

/*
 * From JSON text. ERR_FORMAT names the member that is missing or wrong. No text holds control
 * characters: what comes from elsewhere can be printed.
 */
enum err manifest_parse(
	struct manifest **out, const char *json, size_t len, struct error *why) MUST_USE;
/* FOLDER/manifest.json. ERR_NOT_FOUND: there is none. */
enum err manifest_load(struct manifest **out, const char *folder, struct error *why) MUST_USE;
void manifest_free(struct manifest *m);

/* The built-in ones, by index, as JSON text; NULL beyond the last. Static. */
const char *manifest_builtin(size_t index, size_t *len);

/* Whether that can be a model's name. */
bool manifest_name_valid(const char *name);

const char *model_kind_word(enum model_kind kind); /* "detector", ...; static */

#endif
