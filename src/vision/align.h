/* SPDX-License-Identifier: MIT */
/*
 * A face turned upright, scaled and moved to where the embedding network expects it.
 * Pure, any thread.
 */
#ifndef VISION_ALIGN_H
#define VISION_ALIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "media/image.h"
#include "media/sample.h"
#include "vision/face.h"

enum { ALIGN_POINTS = 5 };

/* Room around the template, in parts of its side: what the embedding network was trained with. */
#define ALIGN_PADDING 0.25

/* Somewhat closer, for the second half of a template: two views of a face tell more than one. */
#define ALIGN_PADDING_CLOSE 0.20

/* Which of the 68 points the template has, in its order: 45, 42, 36, 39, 33. */
extern const int align_point[ALIGN_POINTS];

/*
 * Where they belong in a chip of `size` pixels with `padding` around the face, in the
 * coordinates of pixels' centres: dlib's template of five points, (padding + p) / (2 padding
 * + 1) * size (get_face_chip_details in dlib/image_transforms/interpolation.h).
 */
void align_template(int size, double padding, struct point out[static ALIGN_POINTS]);

/*
 * The similarity (turn, scale, move; no mirroring) that takes from[] to to[] with the least
 * sum of squared distances: Umeyama, Least-squares estimation of transformation parameters
 * between two point patterns, PAMI 13 (1991), in two dimensions. False when all of from[]
 * is one point or anything is not finite.
 */
bool similarity_fit(
	const struct point *from, const struct point *to, size_t count, struct affine *out);

/*
 * How far the five points are from the template's after the best turn, scale and move: the root
 * of the mean square, in parts of the template's square; 9 for points that make no face.
 */
float align_misfit(const struct point landmark[static FACE_POINTS]);

/*
 * The map for a chip in which the five points belong at `chip`. False for points that make no
 * face.
 */
bool align_map_five(const struct point chip[static FACE_FIVE],
	const struct point five[static FACE_FIVE], struct affine *to_photo);

/*
 * By all points but the jaw, the brows and the lower lip's edge (17 to 26, 55 to
 * 59): the least-squares fit on dlib's mean face (get_face_chip_details for 68 points). The
 * noise of single points counts less; what that brings: docs/accuracy.md, "Alignment".
 */
bool align_map_all(const struct point landmark[static FACE_POINTS], int size, double padding,
	struct affine *to_photo);

/*
 * The map from a chip's pixels to the photo's, for sample_warp, by five points. False for
 * landmarks that make no face.
 */
bool align_map(const struct point landmark[static FACE_POINTS], int size, double padding,
	struct affine *to_photo);

#endif
