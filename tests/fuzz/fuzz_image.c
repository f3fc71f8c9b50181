/* SPDX-License-Identifier: MIT */
/* Any bytes as an image file: header, pixels, and what is done to them next. */
#include <stdint.h>
#include <stdlib.h>

#include "media/image.h"
#include "media/sample.h"

enum { PIXELS_MAX = 1 << 20, SQUARE = 32, CHIP = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sample_all(const struct image *image)
{
	static float square[SQUARE * SQUARE * 3];
	struct image out;
	struct affine m = {.a = image->width / 20.0, .b = 0.3, .c = -2, .d = -0.2};
	m.e = image->height / 20.0;
	sample_square_tf(image, 1, SQUARE, square);
	if (sample_resize(image, CHIP, CHIP, &out, NULL) != OK)
		return;
	sample_warp(image, &m, &out);
	image_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_info info;
	struct image image;
	struct error why = {0};
	int truncated;
	enum err err = image_probe(data, size, &info, &why);
	if (err != OK && why.text[0] == '\0')
		abort();
	/* Large ones are only slow. */
	if (err == OK && (int64_t)info.width * info.height > PIXELS_MAX)
		return 0;
	struct image_options options = {.min_side = size % 3 == 0 ? 16 : 0};
	enum err decoded = image_decode(data, size, &options, &image, &truncated, &why);
	if (decoded == OK && err != OK)
		abort();
	if (decoded != OK)
		return 0;
	sample_all(&image);
	image_finish(&image);
	return 0;
}
