/* SPDX-License-Identifier: MIT */
/* Shared by the files image*.c and video.c. Any thread. */
#ifndef MEDIA_IMAGE_INT_H
#define MEDIA_IMAGE_INT_H

#include <stdbool.h>

#include "media/image.h"

enum {
	JPEG_SCANS_MAX = 500, /* of a progressive JPEG; encoders write about ten */
	/*
	 * A JPEG that is not arithmetic-coded has at least one bit a block of 64 pixels and
	 * component. With eight times fewer bytes than that there is nothing to see: the
	 * header lies, or the file is cut off right behind it.
	 */
	JPEG_PIXELS_PER_BYTE_MAX = 4096,
	DEFLATE_RATIO_MAX = 1032, /* zlib's manual, "maximum compression factor" */
	EXIF_BYTES_MAX = 65535,
	WHITE = 255,
};

/* Each coder of a format; `bytes` starts with its magic number. */
struct image_coder {
	const char *name;
	bool (*knows)(const uint8_t *bytes, size_t len);
	enum err (*probe)(
		const uint8_t *bytes, size_t len, struct image_info *out, struct error *why);
	enum err (*decode)(const uint8_t *bytes, size_t len, const struct image_options *options,
		struct image *out, bool *truncated, struct error *why);
};

extern const struct image_coder image_jpeg, image_png, image_webp;

/* ERR_FORMAT for an empty file, ERR_LIMIT over IMAGE_FILE_MAX. */
enum err image_check_bytes(size_t len, struct error *why) MUST_USE;

/* ERR_FORMAT when a side is not positive, ERR_LIMIT over the limits of image.h. */
enum err image_check_size(int64_t width, int64_t height, struct error *why) MUST_USE;

/*
 * Uninitialised room for width x height pixels of `channels` bytes (the size must have
 * been checked). With 4 channels the image is not one yet: see image_flatten.
 */
enum err image_alloc(
	struct image *out, int width, int height, int channels, struct error *why) MUST_USE;

/* image_finish, except that pixels in `room` (may be NULL) are left to their owner. */
void image_drop(struct image *image, const uint8_t *room);

/* RGBA with straight alpha, in `image` by image_alloc(.., 4, ..), to RGB over white, in place. */
void image_flatten(struct image *image);

/* Whether upright differs from stored in that width and height change places. */
bool orientation_swaps(int orientation);

/*
 * Puts `count` rows, the first of which is row `first` of a picture stored with
 * `stored`'s width, height and orientation, where they belong in the upright image `to`.
 */
void image_place(const uint8_t *rows, int first, int count, const struct image_info *stored,
	struct image *to);

/* Makes `image`, stored with `orientation`, upright. On failure it is as before. */
enum err image_turn(struct image *image, int orientation, struct error *why) MUST_USE;

/*
 * The orientation in EXIF data, which may start with "Exif\0\0" or at once with the TIFF
 * header: 1..8, and 1 when there is none or it makes no sense. Only ERR_NOMEM.
 */
enum err exif_orientation(
	const uint8_t *bytes, size_t len, int *orientation, struct error *why) MUST_USE;

#endif
