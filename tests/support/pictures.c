/* SPDX-License-Identifier: MIT */
#include "tests/support/pictures.h"

#include <jpeglib.h>
#include <spng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>
#include <webp/mux.h>

static void must(bool true_, const char *what)
{
	if (true_)
		return;
	fprintf(stderr, "cannot make a picture for a test: %s\n", what);
	abort();
}

static void add(struct buf *out, const void *bytes, size_t len)
{
	must(buf_add(out, bytes, len) == OK, "buffer");
}

void picture_fill(struct image *out, int width, int height)
{
	must(image_new(out, width, height, NULL) == OK, "pixels");
	uint8_t *to = out->rgb;
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++, to += 3) {
			int dx = 4 * x - width, dy = 4 * y - height;
			bool disc = dx * dx / 4 + dy * dy / 4 < width * height / 8;
			to[0] = (uint8_t)(width > 1 ? 255 * x / (width - 1) : 128);
			to[1] = (uint8_t)(height > 1 ? 255 * y / (height - 1) : 128);
			to[2] = disc ? 40 : 200;
		}
	}
}

void picture_tiff(uint8_t out[static PICTURE_TIFF_BYTES], int orientation, bool big)
{
	static const uint8_t little_tiff[PICTURE_TIFF_BYTES] = {
		'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0};
	static const uint8_t big_tiff[PICTURE_TIFF_BYTES] = {
		'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1};
	memcpy(out, big ? big_tiff : little_tiff, PICTURE_TIFF_BYTES);
	out[18 + (big ? 1 : 0)] = (uint8_t)orientation;
}

/* Without profiles: black is what all three colours lack. */
static void to_cmyk(const uint8_t *rgb, uint8_t *cmyk, bool inverted)
{
	int most = rgb[0] > rgb[1] ? rgb[0] : rgb[1];
	most = most > rgb[2] ? most : rgb[2];
	for (int c = 0; c < 3; c++)
		cmyk[c] = (uint8_t)(most > 0 ? 255 - 255 * rgb[c] / most : 0);
	cmyk[3] = (uint8_t)(255 - most);
	for (int c = 0; c < 4 && inverted; c++)
		cmyk[c] = (uint8_t)(255 - cmyk[c]);
}

static void jpeg_row(const uint8_t *from, int width, enum picture_jpeg_kind kind, uint8_t *to)
{
	for (int x = 0; x < width; x++, from += 3) {
		if (kind == PICTURE_GREY)
			*to++ = (uint8_t)((299 * from[0] + 587 * from[1] + 114 * from[2]) / 1000);
		else if (kind >= PICTURE_CMYK && kind <= PICTURE_YCCK_ADOBE)
			to_cmyk(from, to + 4 * (size_t)x, kind != PICTURE_CMYK);
		else
			memcpy(to + 3 * (size_t)x, from, 3);
	}
}

static void jpeg_settings(struct jpeg_compress_struct *jpeg, enum picture_jpeg_kind kind)
{
	bool cmyk = kind >= PICTURE_CMYK && kind <= PICTURE_YCCK_ADOBE;
	jpeg->input_components = kind == PICTURE_GREY ? 1 : cmyk ? 4 : 3;
	jpeg->in_color_space = kind == PICTURE_GREY ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
	jpeg_set_defaults(jpeg);
	if (kind == PICTURE_YCCK_ADOBE)
		jpeg_set_colorspace(jpeg, JCS_YCCK);
	if (kind == PICTURE_CMYK)
		jpeg->write_Adobe_marker = FALSE;
	if (kind == PICTURE_PROGRESSIVE)
		jpeg_simple_progression(jpeg);
	if (kind == PICTURE_RESTARTS)
		jpeg->restart_in_rows = 1;
	jpeg_set_quality(jpeg, 95, TRUE);
	for (int i = 0; i < jpeg->num_components; i++) {
		jpeg->comp_info[i].h_samp_factor = 1;
		jpeg->comp_info[i].v_samp_factor = 1;
	}
}

void picture_jpeg(
	struct buf *out, const struct image *image, enum picture_jpeg_kind kind, int orientation)
{
	struct jpeg_compress_struct jpeg = {0};
	struct jpeg_error_mgr errors;
	unsigned char *bytes = NULL;
	unsigned long len = 0;
	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &bytes, &len);
	jpeg.image_width = (JDIMENSION)image->width;
	jpeg.image_height = (JDIMENSION)image->height;
	jpeg_settings(&jpeg, kind);
	jpeg_start_compress(&jpeg, TRUE);
	if (orientation != 0) {
		uint8_t exif[6 + PICTURE_TIFF_BYTES] = "Exif\0";
		picture_tiff(exif + 6, orientation, orientation % 2 == 0);
		jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, sizeof(exif));
	}
	uint8_t *row = malloc(4 * (size_t)image->width);
	must(row != NULL, "row");
	for (int y = 0; y < image->height; y++) {
		jpeg_row(
			image->rgb + 3 * (size_t)y * (size_t)image->width, image->width, kind, row);
		JSAMPROW rows[1] = {row};
		jpeg_write_scanlines(&jpeg, rows, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	add(out, bytes, len);
	free(row);
	free(bytes);
}

static uint8_t alpha_at(int x, int width)
{
	return (uint8_t)(width > 1 ? 255 * x / (width - 1) : 255);
}

/* One pixel in libspng's raw format (16 bits big-endian); returns its bytes. */
static size_t png_pixel(const uint8_t *rgb, uint8_t alpha, int colour_type, int depth, uint8_t *to)
{
	uint8_t samples[4];
	size_t count = 0;
	if (colour_type == SPNG_COLOR_TYPE_INDEXED) {
		to[0] = (uint8_t)(rgb[0] / 43 * 36 + rgb[1] / 43 * 6 + rgb[2] / 43);
		return 1;
	}
	if ((colour_type & 2) != 0) {
		memcpy(samples, rgb, 3);
		count = 3;
	} else {
		samples[count++] = (uint8_t)((rgb[0] + rgb[1] + rgb[2]) / 3);
	}
	if ((colour_type & 4) != 0)
		samples[count++] = alpha;
	size_t bytes = (size_t)depth / 8;
	for (size_t i = 0; i < count; i++)
		memset(to + i * bytes, samples[i], bytes);
	return count * bytes;
}

static void png_palette(spng_ctx *ctx)
{
	struct spng_plte palette = {.n_entries = 216};
	for (int i = 0; i < 216; i++) {
		palette.entries[i].red = (uint8_t)(i / 36 * 43 + 21);
		palette.entries[i].green = (uint8_t)(i / 6 % 6 * 43 + 21);
		palette.entries[i].blue = (uint8_t)(i % 6 * 43 + 21);
	}
	must(spng_set_plte(ctx, &palette) == 0, "palette");
}

void picture_png(struct buf *out, const struct image *image, int colour_type, int depth,
	bool interlaced, int orientation)
{
	spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
	must(ctx != NULL, "PNG");
	struct spng_ihdr header = {.width = (uint32_t)image->width,
		.height = (uint32_t)image->height,
		.bit_depth = (uint8_t)depth,
		.color_type = (uint8_t)colour_type,
		.interlace_method = interlaced};
	must(spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1) == 0, "PNG buffer");
	must(spng_set_ihdr(ctx, &header) == 0, "PNG header");
	if (colour_type == SPNG_COLOR_TYPE_INDEXED)
		png_palette(ctx);
	uint8_t tiff[PICTURE_TIFF_BYTES];
	picture_tiff(tiff, orientation, true);
	struct spng_exif exif = {.length = sizeof(tiff), .data = (char *)tiff};
	if (orientation != 0)
		must(spng_set_exif(ctx, &exif) == 0, "PNG EXIF");
	size_t pixels = (size_t)image->width * (size_t)image->height, bytes = 0;
	uint8_t *raw = malloc(8 * pixels);
	must(raw != NULL, "PNG pixels");
	for (size_t i = 0; i < pixels; i++)
		bytes += png_pixel(image->rgb + 3 * i,
			alpha_at((int)(i % (size_t)image->width), image->width), colour_type, depth,
			raw + bytes);
	must(spng_encode_image(ctx, raw, bytes, SPNG_FMT_RAW, SPNG_ENCODE_FINALIZE) == 0, "PNG");
	size_t len;
	int code;
	void *png = spng_get_png_buffer(ctx, &len, &code);
	must(code == 0, "PNG bytes");
	add(out, png, len);
	free(png);
	free(raw);
	spng_ctx_free(ctx);
}

static void webp_plain(struct buf *out, const struct image *image, enum picture_webp_kind kind)
{
	size_t pixels = (size_t)image->width * (size_t)image->height, len;
	uint8_t *rgba = malloc(4 * pixels), *webp = NULL;
	must(rgba != NULL, "WebP pixels");
	for (size_t i = 0; i < pixels; i++) {
		memcpy(rgba + 4 * i, image->rgb + 3 * i, 3);
		rgba[4 * i + 3] = alpha_at((int)(i % (size_t)image->width), image->width);
	}
	if (kind == PICTURE_LOSSY)
		len = WebPEncodeRGB(
			image->rgb, image->width, image->height, 3 * image->width, 90, &webp);
	else if (kind == PICTURE_ALPHA)
		len = WebPEncodeLosslessRGBA(
			rgba, image->width, image->height, 4 * image->width, &webp);
	else
		len = WebPEncodeLosslessRGB(
			image->rgb, image->width, image->height, 3 * image->width, &webp);
	must(len > 0, "WebP");
	add(out, webp, len);
	WebPFree(webp);
	free(rgba);
}

static void assemble(struct buf *out, WebPMux *mux)
{
	WebPData data;
	must(WebPMuxAssemble(mux, &data) == WEBP_MUX_OK, "WebP file");
	add(out, data.bytes, data.size);
	WebPDataClear(&data);
	WebPMuxDelete(mux);
}

void picture_webp(
	struct buf *out, const struct image *image, enum picture_webp_kind kind, int orientation)
{
	if (orientation == 0) {
		webp_plain(out, image, kind);
		return;
	}
	struct buf plain;
	buf_init(&plain, IMAGE_FILE_MAX);
	webp_plain(&plain, image, kind);
	WebPMux *mux = WebPMuxNew();
	uint8_t tiff[PICTURE_TIFF_BYTES];
	picture_tiff(tiff, orientation, false);
	WebPData still = {.bytes = plain.data, .size = plain.len};
	WebPData exif = {.bytes = tiff, .size = sizeof(tiff)};
	must(WebPMuxSetImage(mux, &still, 1) == WEBP_MUX_OK, "WebP image");
	must(WebPMuxSetChunk(mux, "EXIF", &exif, 1) == WEBP_MUX_OK, "WebP EXIF");
	assemble(out, mux);
	buf_finish(&plain);
}

void picture_webp_animation(struct buf *out, const struct image *image)
{
	struct buf first, second;
	struct image black;
	buf_init(&first, IMAGE_FILE_MAX);
	buf_init(&second, IMAGE_FILE_MAX);
	must(image_new(&black, image->width, image->height, NULL) == OK, "black");
	webp_plain(&first, image, PICTURE_LOSSLESS);
	webp_plain(&second, &black, PICTURE_LOSSLESS);
	WebPMux *mux = WebPMuxNew();
	WebPMuxFrameInfo frame = {.id = WEBP_CHUNK_ANMF,
		.x_offset = 4,
		.y_offset = 2,
		.duration = 100,
		.bitstream = {.bytes = first.data, .size = first.len}};
	must(WebPMuxPushFrame(mux, &frame, 1) == WEBP_MUX_OK, "WebP frame");
	frame.bitstream = (WebPData){.bytes = second.data, .size = second.len};
	must(WebPMuxPushFrame(mux, &frame, 1) == WEBP_MUX_OK, "WebP frame");
	WebPMuxAnimParams params = {.bgcolor = 0xFFFFFFFF};
	must(WebPMuxSetAnimationParams(mux, &params) == WEBP_MUX_OK, "WebP animation");
	must(WebPMuxSetCanvasSize(mux, image->width + 10, image->height + 10) == WEBP_MUX_OK,
		"WebP canvas");
	assemble(out, mux);
	image_finish(&black);
	buf_finish(&first);
	buf_finish(&second);
}

int picture_difference(const struct image *a, const struct image *b)
{
	if (a->width != b->width || a->height != b->height)
		return 256;
	int most = 0;
	size_t bytes = 3 * (size_t)a->width * (size_t)a->height;
	for (size_t i = 0; i < bytes; i++) {
		int difference = abs(a->rgb[i] - b->rgb[i]);
		most = difference > most ? difference : most;
	}
	return most;
}
