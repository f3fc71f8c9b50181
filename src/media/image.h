/* SPDX-License-Identifier: MIT */
/*
 * Pixels in memory, and the files they come from and go to. Any thread; an image belongs to
 * one at a time.
 */
#ifndef MEDIA_IMAGE_H
#define MEDIA_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	IMAGE_FILE_MAX = 64 << 20,    /* bytes of an image file */
	IMAGE_PIXELS_MAX = 100000000, /* 100 megapixels, decided from the header */
	IMAGE_SIDE_MAX = 65500,       /* of one side; JPEG's own limit */
};

/* 8-bit RGB, rows from the top without gaps: pixel (x, y) at rgb + 3 * (y * width + x). */
struct image {
	int width, height;
	uint8_t *rgb;
};

/* Some of an image's pixels; what lies outside the image is for the function to say. */
struct rect {
	int x, y, width, height;
};

enum image_format { IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP };

/* What the header says, before orientation is applied. */
struct image_info {
	enum image_format format;
	int width, height;
	int orientation; /* EXIF 1..8; 1 when there is none */
};

/* A black image. ERR_LIMIT over the limits above. */
enum err image_new(struct image *out, int width, int height, struct error *why) MUST_USE;

/* Releases the pixels and zeroes the struct; accepts a zeroed one. */
void image_finish(struct image *image);

/*
 * Reads the header only. ERR_FORMAT: not a JPEG, PNG or WebP, or a broken header;
 * ERR_UNSUPPORTED: an image of another kind (HEIC, GIF, BMP, ...), named in the text;
 * ERR_LIMIT: over IMAGE_PIXELS_MAX or IMAGE_SIDE_MAX. Allocates nothing that depends on the size.
 */
enum err image_probe(
	const uint8_t *bytes, size_t len, struct image_info *out, struct error *why) MUST_USE;

struct image_options {
	/*
	 * A JPEG may be decoded at 1/2, 1/4 or 1/8 as long as its longer side stays at least
	 * this long. 0 = full size.
	 */
	int min_side;
	/*
	 * NULL, or at least 3 * IMAGE_PIXELS_MAX bytes of the caller's, to which a JPEG's
	 * pixels go without a detour over the heap. When `out->rgb` is this, the image is not
	 * for image_finish.
	 */
	uint8_t *room;
};

/*
 * Decodes to RGB, upright (EXIF orientation applied), ICC profiles ignored, alpha
 * over white, CMYK and grey converted. A truncated JPEG, progressive too, is given as
 * far as it goes (the rest grey) if at least one row could be decoded, and
 * `*truncated` (may be NULL) says so; also when data in the middle was broken. Of an
 * animation the first frame. Errors as image_probe's, ERR_FORMAT also when there are far
 * too few bytes for the size in the header, ERR_NOMEM. On error `*out` is zeroed.
 */
enum err image_decode(const uint8_t *bytes, size_t len, const struct image_options *options,
	struct image *out, int *truncated, struct error *why) MUST_USE;

/*
 * Reads and decodes a file. The file's bytes are left in `file` (may be NULL), initialised
 * by this call, for its hash.
 */
enum err image_load(const char *path, const struct image_options *options, struct image *out,
	struct buf *file, int *truncated, struct error *why) MUST_USE;

/* Encodes; quality 1..100. Appends to `out`. */
enum err image_encode_jpeg(
	const struct image *image, int quality, struct buf *out, struct error *why) MUST_USE;
enum err image_encode_png(const struct image *image, struct buf *out, struct error *why) MUST_USE;

/* Writes .jpg, .jpeg or .png by the path's ending, atomically. */
enum err image_save(const struct image *image, const char *path, struct error *why) MUST_USE;

#endif
