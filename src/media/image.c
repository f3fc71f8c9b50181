/* SPDX-License-Identifier: MIT */
#include "media/image_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"

enum { SAVE_QUALITY = 92, SAVE_MODE = 0644 };

static const struct image_coder *const coders[] = {&image_jpeg, &image_png, &image_webp};

/* Formats we know by sight and cannot read. */
static const struct foreign {
	const char *name;
	size_t offset;
	const char *magic;
	size_t len;
} foreigners[] = {
	{"a HEIC image", 4, "ftypheic", 8},
	{"a HEIC image", 4, "ftypheix", 8},
	{"a HEIC image", 4, "ftyphevc", 8},
	{"a HEIC image", 4, "ftypheim", 8},
	{"a HEIC image", 4, "ftypmif1", 8},
	{"a HEIC image", 4, "ftypmsf1", 8},
	{"an AVIF image", 4, "ftypavif", 8},
	{"an AVIF image", 4, "ftypavis", 8},
	{"a JPEG XL image", 0, "\xFF\x0A", 2},
	{"a JPEG XL image", 4, "JXL \r\n\x87\n", 8},
	{"a JPEG 2000 image", 4, "jP  \r\n\x87\n", 8},
	{"a GIF image", 0, "GIF8", 4},
	{"a TIFF or raw camera image", 0, "II*\0", 4},
	{"a TIFF or raw camera image", 0, "MM\0*", 4},
	{"a PSD image", 0, "8BPS", 4},
	{"a BMP image", 0, "BM", 2},
	{"a PDF document", 0, "%PDF", 4},
	{"a video", 4, "ftyp", 4},
};

enum err image_check_size(int64_t width, int64_t height, struct error *why)
{
	if (width < 1 || height < 1)
		return err_set(why, ERR_FORMAT, "an image of %lldx%lld pixels has none",
			(long long)width, (long long)height);
	if (width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX)
		return err_set(why, ERR_LIMIT, "it has %lldx%lld pixels, the limit of a side is %d",
			(long long)width, (long long)height, IMAGE_SIDE_MAX);
	if (width * height > IMAGE_PIXELS_MAX)
		return err_set(why, ERR_LIMIT, "it has %lldx%lld pixels, the limit is %d million",
			(long long)width, (long long)height, IMAGE_PIXELS_MAX / 1000000);
	return OK;
}

enum err image_alloc(struct image *out, int width, int height, int channels, struct error *why)
{
	*out = (struct image){0};
	size_t bytes;
	if (!size_mul((size_t)width, (size_t)height, &bytes) ||
		!size_mul(bytes, (size_t)channels, &bytes))
		return err_set(why, ERR_LIMIT, "an image of %dx%d pixels", width, height);
	uint8_t *pixels = malloc(bytes);
	if (pixels == NULL)
		return err_set(why, ERR_NOMEM, "out of memory for %dx%d pixels", width, height);
	*out = (struct image){.width = width, .height = height, .rgb = pixels};
	return OK;
}

enum err image_new(struct image *out, int width, int height, struct error *why)
{
	*out = (struct image){0};
	enum err err = image_check_size(width, height, why);
	if (err != OK)
		return err;
	uint8_t *pixels = mem_array((size_t)width * (size_t)height, 3);
	if (pixels == NULL)
		return err_set(why, ERR_NOMEM, "out of memory for %dx%d pixels", width, height);
	*out = (struct image){.width = width, .height = height, .rgb = pixels};
	return OK;
}

void image_finish(struct image *image)
{
	free(image->rgb);
	*image = (struct image){0};
}

void image_drop(struct image *image, const uint8_t *room)
{
	if (room != NULL && image->rgb == room)
		image->rgb = NULL;
	image_finish(image);
}

void image_flatten(struct image *image)
{
	size_t count = (size_t)image->width * (size_t)image->height;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *from = image->rgb + 4 * i;
		unsigned alpha = from[3];
		uint8_t rgb[3];
		for (int c = 0; c < 3; c++)
			rgb[c] = (uint8_t)((from[c] * alpha + WHITE * (255 - alpha) + 127) / 255);
		memcpy(image->rgb + 3 * i, rgb, 3);
	}
	uint8_t *smaller = realloc(image->rgb, 3 * count);
	if (smaller != NULL)
		image->rgb = smaller;
}

static enum err refuse(const uint8_t *bytes, size_t len, struct error *why)
{
	for (size_t i = 0; i < sizeof(foreigners) / sizeof(foreigners[0]); i++) {
		const struct foreign *f = &foreigners[i];
		if (len >= f->offset + f->len && memcmp(bytes + f->offset, f->magic, f->len) == 0)
			return err_set(why, ERR_UNSUPPORTED,
				"it is %s, which is not supported: save it as JPEG", f->name);
	}
	return err_set(why, ERR_FORMAT, "it is not a JPEG, PNG or WebP image");
}

enum err image_check_bytes(size_t len, struct error *why)
{
	if (len == 0)
		return err_set(why, ERR_FORMAT, "it is empty");
	if (len > IMAGE_FILE_MAX)
		return err_set(why, ERR_LIMIT, "it has %zu bytes, the limit is %d MB", len,
			IMAGE_FILE_MAX >> 20);
	return OK;
}

static enum err find_coder(
	const uint8_t *bytes, size_t len, const struct image_coder **out, struct error *why)
{
	*out = NULL;
	enum err err = image_check_bytes(len, why);
	if (err != OK)
		return err;
	for (size_t i = 0; i < sizeof(coders) / sizeof(coders[0]); i++) {
		if (coders[i]->knows(bytes, len)) {
			*out = coders[i];
			return OK;
		}
	}
	return refuse(bytes, len, why);
}

enum err image_probe(const uint8_t *bytes, size_t len, struct image_info *out, struct error *why)
{
	*out = (struct image_info){0};
	const struct image_coder *coder;
	struct image_info info;
	enum err err = find_coder(bytes, len, &coder, why);
	if (err == OK)
		err = coder->probe(bytes, len, &info, why);
	if (err == OK)
		*out = info;
	return err;
}

enum err image_decode(const uint8_t *bytes, size_t len, const struct image_options *options,
	struct image *out, int *truncated, struct error *why)
{
	static const struct image_options defaults = {0};
	*out = (struct image){0};
	if (truncated != NULL)
		*truncated = 0;
	bool cut = false;
	if (options == NULL)
		options = &defaults;
	const struct image_coder *coder;
	enum err err = find_coder(bytes, len, &coder, why);
	if (err == OK)
		err = coder->decode(bytes, len, options, out, &cut, why);
	if (err != OK)
		image_drop(out, options->room);
	else if (truncated != NULL)
		*truncated = cut;
	return err;
}

enum err image_load(const char *path, const struct image_options *options, struct image *out,
	struct buf *file, int *truncated, struct error *why)
{
	*out = (struct image){0};
	struct buf own;
	struct buf *bytes = file != NULL ? file : &own;
	buf_init(bytes, IMAGE_FILE_MAX);
	enum err err = file_read(path, bytes, why);
	if (err == OK) {
		err = image_decode(bytes->data, bytes->len, options, out, truncated, why);
		if (err != OK)
			err_prefix(why, err, "cannot read '%s'", path);
	}
	if (file == NULL || err != OK)
		buf_finish(bytes);
	return err;
}

enum err image_save(const struct image *image, const char *path, struct error *why)
{
	const char *dot = strrchr(path_base(path), '.');
	bool jpeg = dot != NULL && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
	bool png = dot != NULL && strcasecmp(dot, ".png") == 0;
	if (!jpeg && !png)
		return err_set(why, ERR_ARG,
			"cannot write '%s': its name must end in .jpg, .jpeg or .png", path);
	struct buf bytes;
	buf_init(&bytes, (size_t)IMAGE_PIXELS_MAX * 4);
	enum err err = jpeg ? image_encode_jpeg(image, SAVE_QUALITY, &bytes, why)
			    : image_encode_png(image, &bytes, why);
	if (err != OK)
		err_prefix(why, err, "cannot write '%s'", path);
	else
		err = file_write(path, bytes.data, bytes.len, SAVE_MODE, why);
	buf_finish(&bytes);
	return err;
}
