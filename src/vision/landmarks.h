/* SPDX-License-Identifier: MIT */
/* The 68 points of a face. One thread at a time an object. */
#ifndef VISION_LANDMARKS_H
#define VISION_LANDMARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "media/image.h"
#include "vision/boxes.h"
#include "vision/face.h"
#include "vision/model.h"

struct landmarks;

/*
 * Loads face_landmark_68; `model` is borrowed. One opened like another (or NULL) shares its
 * weights; such are opened and closed one at a time. ERR_NOT_FOUND names the missing file.
 */
enum err landmarks_open(struct landmarks **out, const struct model *model,
	const struct landmarks *like, struct error *why) MUST_USE;
void landmarks_close(struct landmarks *l);

/*
 * Fills face->landmark from face->box: the box's pixels (floored, clipped), centred in a
 * black square, go to the network.
 */
enum err landmarks_run(struct landmarks *l, const struct image *photo, struct face *face,
	struct error *why) MUST_USE;

/*
 * From the network's numbers (x, y of each point, 0..1 of the padded square) to the photo:
 * face-api's faceLandmarkNet/FaceLandmark68NetBase.ts. Pure.
 */
void landmarks_place(
	const float *number, const struct area *crop, struct point out[static FACE_POINTS]);

/* The points of a box a fifth larger about the same middle, as landmarks_five: a second guess. */
enum err landmarks_again(struct landmarks *l, const struct image *photo, const struct face *face,
	struct point out[static FACE_FIVE], struct error *why) MUST_USE;

/* The points as seen in the mirror, where they belong in the photo: another guess. */
enum err landmarks_mirrored(struct landmarks *l, const struct image *photo, const struct face *face,
	struct point out[static FACE_FIVE], struct error *why) MUST_USE;

/*
 * How far two guesses at five points are apart: the mean of their distances by the first one's
 * distance of the eyes; at most LANDMARKS_APART_MOST. Pure.
 */
#define LANDMARKS_APART_MOST 9
float landmarks_apart(
	const struct point a[static FACE_FIVE], const struct point b[static FACE_FIVE]);

/* Eyes, nose's tip and mouth's corners, as face->five has them. Pure. */
void landmarks_five(
	const struct point landmark[static FACE_POINTS], struct point out[static FACE_FIVE]);

#endif
