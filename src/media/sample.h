/* SPDX-License-Identifier: MIT */
/* Sampling an image into another raster: resize and warp. Pure arithmetic, any thread. */
#ifndef MEDIA_SAMPLE_H
#define MEDIA_SAMPLE_H

#include "base/err.h"
#include "media/image.h"

/* A 2x3 affine map: (x, y) -> (a x + b y + c, d x + e y + f). */
struct affine {
	double a, b, c, d, e, f;
};

/*
 * Bilinear resize as TensorFlow 1 and face-api do it: no half-pixel centres, no
 * smoothing. Source: `src` padded with black to a square, image at the top left when
 * `centre` is 0, in the middle otherwise (the odd pixel of padding goes after the
 * image, as face-api's padToSquare). `out` gets size x size x 3 floats, RGB 0..255.
 */
void sample_square_tf(const struct image *src, int centre, int size, float *out);

/*
 * Area-correct resize: every source pixel counts by the area it covers (when enlarging:
 * bilinear with half-pixel centres). ERR_NOMEM, ERR_LIMIT.
 */
enum err sample_resize(const struct image *src, int width, int height, struct image *out,
	struct error *why) MUST_USE;

/*
 * `out` (allocated by the caller, its size decides) is filled through `to_src`, which maps
 * its pixel centres to the source's: bicubic (Catmull and Rom) where it enlarges, bilinear at
 * the source's edges, averaged over the covered area where it shrinks (as many bilinear
 * samples as it shrinks by along each axis of the output, spaced so that their variance is
 * that of the exact mean; from 8 times on, from means of whole blocks). Pixels outside the
 * source are black.
 */
void sample_warp(const struct image *src, const struct affine *to_src, struct image *out);

/*
 * An upright window of an image: its left and top edge in the image's pixels (0, 0 = the
 * first pixel's outer corner; it may reach beyond the image), how many of them a pixel of the
 * output covers a side, and the output's size.
 */
struct sample_window {
	double left, top, step;
	int width, height;
};

/*
 * What is in the window, as width x height x 3 floats, RGB 0..255. Area-correct where it
 * shrinks (every source pixel counts by how much of it is covered), bilinear where it
 * enlarges; black outside the source. ERR_ARG for a step that is not positive; ERR_NOMEM.
 */
enum err sample_view(const struct image *src, const struct sample_window *window, float *out,
	struct error *why) MUST_USE;

/* A rectangle of the source, clipped at its edges; ERR_ARG when nothing is left. */
enum err sample_crop(const struct image *src, const struct rect *part, struct image *out,
	struct error *why) MUST_USE;

/* The inverse map. 0 when there is none (a e = b d). */
int affine_invert(const struct affine *m, struct affine *out);

#endif
