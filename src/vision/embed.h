/* SPDX-License-Identifier: MIT */
/* A face as 128 numbers. One thread at a time an object. */
#ifndef VISION_EMBED_H
#define VISION_EMBED_H

#include <stddef.h>

#include "base/err.h"
#include "media/image.h"
#include "vision/face.h"

struct embed;

/* Loads face_recognition from the `models` folder. ERR_NOT_FOUND names the missing file. */
enum err embed_open(
	struct embed **out, const char *models, size_t threads, struct error *why) MUST_USE;
void embed_close(struct embed *e);

/*
 * Fills face->embedding from face->landmark, its length brought halfway to the usual one.
 * ERR_ARG: they make no face (align_map_all).
 */
enum err embed_run(
	struct embed *e, const struct image *photo, struct face *face, struct error *why) MUST_USE;

/*
 * The same as the mean of the face's embedding and that of its mirror image, seen somewhat
 * closer: better, twice the time.
 */
enum err embed_run_twice(
	struct embed *e, const struct image *photo, struct face *face, struct error *why) MUST_USE;

/* What the network makes of a chip of EMBED_SIZE x EMBED_SIZE pixels. */
enum err embed_chip(struct embed *e, const struct image *chip, float out[static FACE_DIM],
	struct error *why) MUST_USE;

#endif
