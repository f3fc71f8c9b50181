/* SPDX-License-Identifier: MIT */
/* A face as numbers that are near each other for one person. One thread at a time an object. */
#ifndef VISION_EMBED_H
#define VISION_EMBED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "media/image.h"
#include "vision/face.h"
#include "vision/model.h"

struct embed;

/*
 * Opens an embedding; `model` is borrowed until it is closed. One opened like another (or NULL)
 * of the model shares its weights; such are opened and closed one at a time. ERR_NOT_FOUND: a
 * file is missing; ERR_UNSUPPORTED: nothing here knows how to feed or read it
 * (manifest->decoder, ->dim).
 */
enum err embed_open(struct embed **out, const struct model *model, const struct embed *like,
	struct error *why) MUST_USE;
void embed_close(struct embed *e);

/* How many numbers it gives, at most FACE_DIM_MAX. */
size_t embed_dim(const struct embed *e);

/* Whether it aligns by face->five; else by face->landmark. */
bool embed_by_five(const struct embed *e);

/*
 * Fills face->embedding from its points: of METRIC_COSINE of length 1; the default model's
 * lengths are brought halfway to the usual one. ERR_ARG: the points make no face. The default
 * model aligns by face->landmark, others by face->five.
 */
enum err embed_run(
	struct embed *e, const struct image *photo, struct face *face, struct error *why) MUST_USE;

/*
 * The same as the mean of the face's embedding and that of its mirror image, seen somewhat
 * closer or from further away: better, twice the time.
 */
enum err embed_run_twice(
	struct embed *e, const struct image *photo, struct face *face, struct error *why) MUST_USE;

/*
 * What the network makes (of METRIC_COSINE of length 1) of a chip as large as its input; `out`
 * has embed_dim numbers.
 */
enum err embed_chip(
	struct embed *e, const struct image *chip, float *out, struct error *why) MUST_USE;

#endif
