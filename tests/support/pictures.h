/* SPDX-License-Identifier: MIT */
/* Pictures made at run time for tests of media: nothing here comes from a photograph. */
#ifndef TESTS_SUPPORT_PICTURES_H
#define TESTS_SUPPORT_PICTURES_H

#include <stdbool.h>

#include "base/buf.h"
#include "media/image.h"

enum picture_jpeg_kind {
	PICTURE_BASELINE,
	PICTURE_PROGRESSIVE,
	PICTURE_GREY,
	PICTURE_CMYK,       /* no Adobe marker: ink as it is */
	PICTURE_CMYK_ADOBE, /* inverted */
	PICTURE_YCCK_ADOBE, /* inverted */
	PICTURE_RESTARTS,   /* baseline with a restart marker every row of blocks */
};

/*
 * Smooth and the same in no direction: red grows to the right, green downwards, blue is a
 * dark disc in the upper left quarter. Dies on failure.
 */
void picture_fill(struct image *out, int width, int height);

/* Appends a JPEG of quality 95 without chroma subsampling; orientation 0 = no EXIF. */
void picture_jpeg(
	struct buf *out, const struct image *image, enum picture_jpeg_kind kind, int orientation);

/*
 * Appends a PNG. `colour_type` and `depth` as in IHDR (grey, RGB, palette of the 6x6x6
 * cube, with alpha growing to the right); orientation 0 = no eXIf.
 */
void picture_png(struct buf *out, const struct image *image, int colour_type, int depth,
	bool interlaced, int orientation);

enum picture_webp_kind {
	PICTURE_LOSSLESS,
	PICTURE_ALPHA, /* lossless, alpha grows to the right */
	PICTURE_LOSSY,
};

/* Appends a WebP; orientation 0 = plain format, else the extended one with EXIF. */
void picture_webp(
	struct buf *out, const struct image *image, enum picture_webp_kind kind, int orientation);

/*
 * Appends an animation of two frames: `image` at (4, 2) of a canvas 10 wider and higher,
 * then black.
 */
void picture_webp_animation(struct buf *out, const struct image *image);

/* A TIFF structure whose only entry is the orientation, in Motorola order if `big`. */
enum { PICTURE_TIFF_BYTES = 26 };
void picture_tiff(uint8_t out[static PICTURE_TIFF_BYTES], int orientation, bool big);

/* The largest difference of a channel; 256 when the sizes differ. */
int picture_difference(const struct image *a, const struct image *b);

#endif
