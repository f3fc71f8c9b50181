/* SPDX-License-Identifier: MIT */
/* Decoding and encoding: pictures made here, damaged here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <webp/decode.h>

#include "media/image.h"
#include "tests/support/faults.h"
#include "tests/support/pictures.h"

enum { WIDTH = 61, HEIGHT = 43 }; /* no multiple of anything */

static void bytes_init(struct buf *b)
{
	buf_init(b, IMAGE_FILE_MAX + 16);
}

/* Decodes what must decode. */
static void decode(const struct buf *bytes, struct image *out, int *truncated)
{
	struct error why = {0};
	enum err err = image_decode(bytes->data, bytes->len, NULL, out, truncated, &why);
	if (err != OK)
		fail_msg("%s", why.text);
}

static void assert_refused(
	const void *bytes, size_t len, enum err code, const char *words, bool probe_too)
{
	struct image out = {.width = 7};
	struct image_info info = {.width = 7};
	struct error why = {0};
	int truncated = 7;
	assert_int_equal(image_decode(bytes, len, NULL, &out, &truncated, &why), code);
	if (strstr(why.text, words) == NULL)
		fail_msg("'%s' does not say '%s'", why.text, words);
	assert_null(out.rgb);
	assert_int_equal(out.width, 0);
	assert_int_equal(truncated, 0);
	if (!probe_too)
		return;
	why = (struct error){0};
	assert_int_equal(image_probe(bytes, len, &info, &why), code);
	assert_non_null(strstr(why.text, words));
	assert_int_equal(info.width, 0);
}

/* The picture as it must look upright when its stored form is `stored`. EXIF 2.32, 0x0112. */
static void turn_slowly(const struct image *stored, int orientation, struct image *out)
{
	int w = stored->width, h = stored->height;
	bool swap = orientation >= 5;
	assert_int_equal(image_new(out, swap ? h : w, swap ? w : h, NULL), OK);
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			/* By what the stored 0th row and 0th column stand for. */
			const int to[9][2] = {{0, 0}, {x, y}, {w - 1 - x, y},
				{w - 1 - x, h - 1 - y}, {x, h - 1 - y}, {y, x}, {h - 1 - y, x},
				{h - 1 - y, w - 1 - x}, {y, w - 1 - x}};
			const int *at = to[orientation];
			memcpy(out->rgb + 3 * (at[1] * out->width + at[0]),
				stored->rgb + 3 * (y * w + x), 3);
		}
	}
}

static void jpegs_of_every_kind_decode(void **state)
{
	(void)state;
	struct image picture, got;
	picture_fill(&picture, WIDTH, HEIGHT);
	for (int kind = PICTURE_BASELINE; kind <= PICTURE_RESTARTS; kind++) {
		struct buf bytes;
		int truncated = 7;
		if (kind == PICTURE_GREY)
			continue;
		bytes_init(&bytes);
		picture_jpeg(&bytes, &picture, (enum picture_jpeg_kind)kind, 0);
		decode(&bytes, &got, &truncated);
		int difference = picture_difference(&picture, &got);
		if (difference > 40)
			fail_msg("kind %d differs by %d", kind, difference);
		assert_int_equal(truncated, 0);
		image_finish(&got);
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

static void a_grey_jpeg_becomes_equal_channels(void **state)
{
	(void)state;
	struct image picture, got;
	struct buf bytes;
	bytes_init(&bytes);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_jpeg(&bytes, &picture, PICTURE_GREY, 0);
	decode(&bytes, &got, NULL);
	for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
		const uint8_t *rgb = picture.rgb + 3 * i, *grey = got.rgb + 3 * i;
		int wanted = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000;
		assert_true(grey[0] == grey[1] && grey[1] == grey[2]);
		assert_in_range(grey[0] - wanted + 100, 100 - 25, 100 + 25);
	}
	image_finish(&got);
	image_finish(&picture);
	buf_finish(&bytes);
}

static void all_orientations_come_out_upright(void **state)
{
	(void)state;
	struct image picture;
	picture_fill(&picture, WIDTH, HEIGHT);
	for (int format = 0; format < 5; format++) {
		for (int orientation = 1; orientation <= 8; orientation++) {
			struct buf bytes;
			struct image stored, wanted, got;
			struct image_info info;
			bytes_init(&bytes);
			if (format == 0)
				picture_jpeg(&bytes, &picture, PICTURE_BASELINE, orientation);
			else if (format == 1)
				picture_jpeg(&bytes, &picture, PICTURE_CMYK_ADOBE, orientation);
			else if (format == 2)
				picture_png(&bytes, &picture, 2, 8, false, orientation);
			else
				picture_webp(&bytes, &picture,
					format == 4 ? PICTURE_ALPHA : PICTURE_LOSSLESS,
					orientation);
			assert_int_equal(image_probe(bytes.data, bytes.len, &info, NULL), OK);
			assert_int_equal(info.orientation, orientation);
			assert_int_equal(info.width, WIDTH);
			assert_int_equal(info.height, HEIGHT);
			decode(&bytes, &got, NULL);
			/* The same file with the orientation taken for 1. */
			bytes.len = 0;
			if (format < 2)
				picture_jpeg(&bytes, &picture,
					format == 0 ? PICTURE_BASELINE : PICTURE_CMYK_ADOBE, 0);
			else
				picture_webp(&bytes, &picture,
					format == 4 ? PICTURE_ALPHA : PICTURE_LOSSLESS, 0);
			decode(&bytes, &stored, NULL);
			turn_slowly(&stored, orientation, &wanted);
			assert_int_equal(picture_difference(&wanted, &got), 0);
			image_finish(&got);
			image_finish(&wanted);
			image_finish(&stored);
			buf_finish(&bytes);
		}
	}
	image_finish(&picture);
}

static void a_wrong_orientation_counts_as_none(void **state)
{
	(void)state;
	static const int wrong[] = {9, 255};
	struct image picture;
	picture_fill(&picture, 8, 8);
	for (size_t i = 0; i < 2; i++) {
		struct buf bytes;
		struct image_info info;
		bytes_init(&bytes);
		picture_jpeg(&bytes, &picture, PICTURE_BASELINE, wrong[i]);
		assert_int_equal(image_probe(bytes.data, bytes.len, &info, NULL), OK);
		assert_int_equal(info.orientation, 1);
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

static void jpegs_are_scaled_while_they_stay_long_enough(void **state)
{
	(void)state;
	static const struct {
		int min_side, width, height;
	} cases[] = {{0, 400, 300}, {401, 400, 300}, {201, 400, 300}, {200, 200, 150},
		{101, 200, 150}, {100, 100, 75}, {50, 50, 38}, {1, 50, 38}};
	struct image picture, got;
	struct buf bytes;
	bytes_init(&bytes);
	picture_fill(&picture, 400, 300);
	picture_jpeg(&bytes, &picture, PICTURE_BASELINE, 6);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_options options = {.min_side = cases[i].min_side};
		assert_int_equal(
			image_decode(bytes.data, bytes.len, &options, &got, NULL, NULL), OK);
		assert_int_equal(got.width, cases[i].height);
		assert_int_equal(got.height, cases[i].width);
		/* Turned clockwise: what was left is up, what was up is right. */
		const uint8_t *upper_right = got.rgb + 3 * (size_t)(got.width - 1);
		assert_in_range(upper_right[0], 0, 24);
		assert_in_range(upper_right[1], 0, 24);
		image_finish(&got);
	}
	image_finish(&picture);
	buf_finish(&bytes);
}

static void a_truncated_jpeg_is_given_as_far_as_it_goes(void **state)
{
	(void)state;
	static const enum picture_jpeg_kind kinds[] = {
		PICTURE_BASELINE, PICTURE_PROGRESSIVE, PICTURE_RESTARTS, PICTURE_YCCK_ADOBE};
	struct image picture, got;
	picture_fill(&picture, 200, 160);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct buf bytes;
		int decoded = 0, refused = 0;
		bytes_init(&bytes);
		picture_jpeg(&bytes, &picture, kinds[k], 3);
		for (size_t len = 0; len < bytes.len - 2; len += 7) {
			struct error why = {0};
			int truncated = 0;
			enum err err = image_decode(bytes.data, len, NULL, &got, &truncated, &why);
			if (err != OK) {
				/* Once there is something there is ever more of it. */
				assert_int_equal(err, ERR_FORMAT);
				assert_true(why.text[0] != '\0');
				assert_int_equal(decoded, 0);
				refused++;
				continue;
			}
			assert_int_equal(truncated, 1);
			assert_int_equal(got.width, 200);
			/* Turned around: the first row is the last. */
			const uint8_t *corner = got.rgb + 3 * (200 * 160 - 1);
			if (kinds[k] != PICTURE_PROGRESSIVE)
				assert_in_range(corner[0] + corner[1], 0, 40);
			decoded++;
			image_finish(&got);
		}
		assert_true(refused > 3);
		assert_true(decoded > 10);
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

static void the_missing_rest_of_a_jpeg_is_grey(void **state)
{
	(void)state;
	struct image picture, got;
	struct buf bytes;
	int truncated = 0;
	bytes_init(&bytes);
	picture_fill(&picture, 200, 160);
	picture_jpeg(&bytes, &picture, PICTURE_BASELINE, 0);
	bytes.len /= 2;
	decode(&bytes, &got, &truncated);
	assert_int_equal(truncated, 1);
	const uint8_t *last = got.rgb + 3 * (200 * 160 - 1);
	for (int c = 0; c < 3; c++)
		assert_in_range(last[c], 120, 136);
	for (size_t i = 0; i < 3 * 200 * 16; i++)
		assert_in_range(got.rgb[i] - picture.rgb[i] + 100, 60, 140);
	image_finish(&got);
	image_finish(&picture);
	buf_finish(&bytes);
}

static void damaged_jpegs_never_crash(void **state)
{
	(void)state;
	struct image picture, got;
	struct buf bytes;
	bytes_init(&bytes);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_jpeg(&bytes, &picture, PICTURE_PROGRESSIVE, 5);
	for (size_t at = 0; at < bytes.len; at += 3) {
		uint8_t kept = bytes.data[at];
		bytes.data[at] ^= 0x5A;
		enum err err = image_decode(bytes.data, bytes.len, NULL, &got, NULL, NULL);
		assert_true(err == OK || got.rgb == NULL);
		image_finish(&got);
		bytes.data[at] = kept;
	}
	image_finish(&picture);
	buf_finish(&bytes);
}

/* Where a JPEG's frame header begins. */
static uint8_t *frame_header(const struct buf *jpeg)
{
	for (size_t i = 2; i + 9 < jpeg->len;) {
		uint8_t *marker = jpeg->data + i;
		if (marker[1] == 0xC0 || marker[1] == 0xC2)
			return marker;
		i += 2 + (size_t)marker[2] * 256 + marker[3];
	}
	fail_msg("no frame header");
	return NULL;
}

static void set_jpeg_size(const struct buf *jpeg, int width, int height)
{
	uint8_t *frame = frame_header(jpeg);
	frame[5] = (uint8_t)(height >> 8);
	frame[6] = (uint8_t)height;
	frame[7] = (uint8_t)(width >> 8);
	frame[8] = (uint8_t)width;
}

static void a_jpeg_that_lies_about_its_size_is_refused(void **state)
{
	(void)state;
	struct image picture;
	picture_fill(&picture, WIDTH, HEIGHT);
	for (int kind = PICTURE_BASELINE; kind <= PICTURE_PROGRESSIVE; kind++) {
		struct buf bytes;
		bytes_init(&bytes);
		picture_jpeg(&bytes, &picture, (enum picture_jpeg_kind)kind, 0);
		set_jpeg_size(&bytes, 9999, 9999);
		assert_refused(bytes.data, bytes.len, ERR_FORMAT, "9999x9999", false);
		set_jpeg_size(&bytes, 20000, 20000);
		assert_refused(bytes.data, bytes.len, ERR_LIMIT, "100 million", true);
		set_jpeg_size(&bytes, 65501, 1);
		assert_refused(bytes.data, bytes.len, ERR_LIMIT, "65500", true);
		set_jpeg_size(&bytes, 0, 10);
		assert_refused(bytes.data, bytes.len, ERR_FORMAT, "broken JPEG", true);
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

static void too_many_scans_are_refused(void **state)
{
	(void)state;
	struct image picture;
	struct buf bytes, bomb;
	bytes_init(&bytes);
	bytes_init(&bomb);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_jpeg(&bytes, &picture, PICTURE_PROGRESSIVE, 0);
	/* The last scan (from its marker to the end) again and again. */
	size_t scan = bytes.len;
	while (scan-- > 0 && (bytes.data[scan] != 0xFF || bytes.data[scan + 1] != 0xDA))
		;
	assert_int_equal(buf_add(&bomb, bytes.data, bytes.len - 2), OK);
	for (int i = 0; i < 600; i++)
		assert_int_equal(buf_add(&bomb, bytes.data + scan, bytes.len - 2 - scan), OK);
	assert_int_equal(buf_add(&bomb, "\xFF\xD9", 2), OK);
	assert_refused(bomb.data, bomb.len, ERR_LIMIT, "500 scans", false);
	image_finish(&picture);
	buf_finish(&bytes);
	buf_finish(&bomb);
}

static void pngs_of_every_kind_decode(void **state)
{
	(void)state;
	static const struct {
		int colour_type, depth, tolerance;
	} kinds[] = {{0, 8, 0}, {0, 16, 0}, {2, 8, 0}, {2, 16, 0}, {3, 8, 22}, {4, 8, 1},
		{4, 16, 1}, {6, 8, 1}, {6, 16, 1}};
	struct image picture, got;
	picture_fill(&picture, WIDTH, HEIGHT);
	for (size_t k = 0; k < 2 * sizeof(kinds) / sizeof(kinds[0]); k++) {
		int type = kinds[k / 2].colour_type;
		struct buf bytes;
		bytes_init(&bytes);
		picture_png(&bytes, &picture, type, kinds[k / 2].depth, k % 2 == 1, 0);
		decode(&bytes, &got, NULL);
		for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
			const uint8_t *rgb = picture.rgb + 3 * i;
			int alpha = (type & 4) != 0 ? 255 * (int)(i % WIDTH) / (WIDTH - 1) : 255;
			for (int c = 0; c < 3; c++) {
				int ink = (type & 2) != 0 ? rgb[c] : (rgb[0] + rgb[1] + rgb[2]) / 3;
				int wanted = (ink * alpha + 255 * (255 - alpha)) / 255;
				int difference = abs(got.rgb[3 * i + (size_t)c] - wanted);
				if (difference > kinds[k / 2].tolerance)
					fail_msg("type %d, depth %d: %d", type, kinds[k / 2].depth,
						difference);
			}
		}
		image_finish(&got);
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

/* A PNG's IHDR with another size and its checksum made right. */
static void set_png_size(struct buf *png, uint32_t width, uint32_t height)
{
	uint8_t *chunk = png->data + 12; /* "IHDR" and its 13 bytes */
	for (int i = 0; i < 4; i++) {
		chunk[4 + i] = (uint8_t)(width >> (24 - 8 * i));
		chunk[8 + i] = (uint8_t)(height >> (24 - 8 * i));
	}
	uint32_t crc = 0xFFFFFFFF;
	for (int i = 0; i < 17; i++) {
		crc ^= chunk[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
	}
	for (int i = 0; i < 4; i++)
		chunk[17 + i] = (uint8_t)(~crc >> (24 - 8 * i));
}

static void a_png_that_lies_about_its_size_is_refused(void **state)
{
	(void)state;
	struct image picture;
	struct buf bytes;
	bytes_init(&bytes);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_png(&bytes, &picture, 2, 8, false, 0);
	set_png_size(&bytes, 10000, 10000);
	assert_refused(bytes.data, bytes.len, ERR_FORMAT, "10000x10000", false);
	set_png_size(&bytes, 2000000000, 2000000000);
	assert_refused(bytes.data, bytes.len, ERR_LIMIT, "65500", true);
	set_png_size(&bytes, 20000, 20000);
	assert_refused(bytes.data, bytes.len, ERR_LIMIT, "100 million", true);
	set_png_size(&bytes, 0, 1);
	assert_refused(bytes.data, bytes.len, ERR_FORMAT, "broken PNG", true);
	image_finish(&picture);
	buf_finish(&bytes);
}

static void texts_and_profiles_of_a_png_do_not_matter(void **state)
{
	(void)state;
	/* A tIME of month 99, which libspng would refuse, with a wrong checksum. */
	static const uint8_t chunk[] = {
		0, 0, 0, 7, 't', 'I', 'M', 'E', 7, 0xE9, 99, 99, 99, 99, 99, 0, 0, 0, 0};
	struct image picture, got;
	struct buf bytes, with;
	bytes_init(&bytes);
	bytes_init(&with);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_png(&bytes, &picture, 2, 8, false, 0);
	assert_int_equal(buf_add(&with, bytes.data, 33), OK);
	assert_int_equal(buf_add(&with, chunk, sizeof(chunk)), OK);
	assert_int_equal(buf_add(&with, bytes.data + 33, bytes.len - 33), OK);
	decode(&with, &got, NULL);
	assert_int_equal(picture_difference(&picture, &got), 0);
	image_finish(&got);
	image_finish(&picture);
	buf_finish(&bytes);
	buf_finish(&with);
}

static void webps_decode(void **state)
{
	(void)state;
	struct image picture, got;
	picture_fill(&picture, WIDTH, HEIGHT);
	for (int alpha = 0; alpha < 2; alpha++) {
		struct buf bytes;
		bytes_init(&bytes);
		picture_webp(&bytes, &picture, alpha == 1 ? PICTURE_ALPHA : PICTURE_LOSSLESS, 0);
		decode(&bytes, &got, NULL);
		if (alpha == 0)
			assert_int_equal(picture_difference(&picture, &got), 0);
		const uint8_t *left = got.rgb, *right = got.rgb + 3 * (size_t)(WIDTH - 1);
		assert_int_equal(left[0], alpha == 1 ? 255 : 0);
		assert_int_equal(right[0], 255);
		assert_int_equal(right[1], 0);
		image_finish(&got);
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

static void of_an_animation_the_first_frame_is_given(void **state)
{
	(void)state;
	struct image picture, got;
	struct buf bytes;
	bytes_init(&bytes);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_webp_animation(&bytes, &picture);
	decode(&bytes, &got, NULL);
	assert_int_equal(got.width, WIDTH + 10);
	assert_int_equal(got.height, HEIGHT + 10);
	for (int y = 0; y < HEIGHT; y++)
		assert_memory_equal(got.rgb + 3 * ((y + 2) * got.width + 4),
			picture.rgb + 3 * y * WIDTH, 3 * WIDTH);
	assert_int_equal(got.rgb[0], 255);
	image_finish(&got);
	image_finish(&picture);
	buf_finish(&bytes);
}

static void truncated_pngs_and_webps_are_refused(void **state)
{
	(void)state;
	struct image picture, got;
	picture_fill(&picture, WIDTH, HEIGHT);
	for (int format = 0; format < 4; format++) {
		struct buf bytes;
		bytes_init(&bytes);
		if (format == 0)
			picture_png(&bytes, &picture, 6, 16, true, 4);
		else if (format == 3)
			picture_webp_animation(&bytes, &picture);
		else
			picture_webp(&bytes, &picture, PICTURE_ALPHA, format == 1 ? 0 : 6);
		size_t needed = format == 3 ? bytes.len / 2 : bytes.len - 64;
		for (size_t len = 0; len < needed; len += 11) {
			struct error why = {0};
			enum err err = image_decode(bytes.data, len, NULL, &got, NULL, &why);
			assert_int_equal(err, ERR_FORMAT);
			assert_true(why.text[0] != '\0');
			assert_null(got.rgb);
		}
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

static void what_is_no_image_is_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum err code;
		const char *words;
	} cases[] = {
		{"", 0, ERR_FORMAT, "empty"},
		{"x", 1, ERR_FORMAT, "not a JPEG, PNG or WebP"},
		{"\xFF\xD8\xFF", 3, ERR_FORMAT, "broken JPEG"},
		{"\x89PNG\r\n\x1a\n", 8, ERR_FORMAT, "broken PNG"},
		{"RIFF\4\0\0\0WEBP", 12, ERR_FORMAT, "broken WebP"},
		{"RIFF\4\0\0\0WAVE", 12, ERR_FORMAT, "not a JPEG, PNG or WebP"},
		{"\0\0\0\x18"
		 "ftypheic\0\0\0\0",
			16, ERR_UNSUPPORTED, "is a HEIC image, which is not supported: save it as"},
		{"GIF89a\1\0\1\0", 10, ERR_UNSUPPORTED, "a GIF image"},
		{"BM\0\0\0\0\0\0", 8, ERR_UNSUPPORTED, "a BMP image"},
		{"\0\0\0\x18"
		 "ftypisom\0\0\0\0",
			16, ERR_UNSUPPORTED, "a video"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].bytes, cases[i].len, cases[i].code, cases[i].words, true);
}

static void too_large_a_file_is_refused(void **state)
{
	(void)state;
	uint8_t *bytes = calloc(1, (size_t)IMAGE_FILE_MAX + 1);
	assert_non_null(bytes);
	assert_refused(bytes, (size_t)IMAGE_FILE_MAX + 1, ERR_LIMIT, "64 MB", true);
	free(bytes);
}

static void one_pixel_is_an_image(void **state)
{
	(void)state;
	struct image picture, got;
	assert_int_equal(image_new(&picture, 1, 1, NULL), OK);
	memcpy(picture.rgb, "\x20\x80\xC0", 3);
	for (int format = 0; format < 3; format++) {
		struct buf bytes;
		bytes_init(&bytes);
		if (format == 0)
			picture_jpeg(&bytes, &picture, PICTURE_BASELINE, 7);
		else if (format == 1)
			picture_png(&bytes, &picture, 2, 8, true, 7);
		else
			picture_webp(&bytes, &picture, PICTURE_LOSSLESS, 7);
		decode(&bytes, &got, NULL);
		assert_in_range(picture_difference(&picture, &got), 0, 4);
		image_finish(&got);
		buf_finish(&bytes);
	}
	image_finish(&picture);
}

static void what_is_encoded_decodes_again(void **state)
{
	(void)state;
	struct image picture, got;
	struct buf bytes;
	buf_init(&bytes, IMAGE_FILE_MAX);
	picture_fill(&picture, 300, 200);
	assert_int_equal(image_encode_png(&picture, &bytes, NULL), OK);
	decode(&bytes, &got, NULL);
	assert_int_equal(picture_difference(&picture, &got), 0);
	image_finish(&got);
	bytes.len = 0;
	assert_int_equal(image_encode_jpeg(&picture, 100, &bytes, NULL), OK);
	decode(&bytes, &got, NULL);
	assert_in_range(picture_difference(&picture, &got), 0, 90); /* blue is at half size */
	size_t full = bytes.len;
	buf_finish(&bytes);
	/* Too small a buffer is left as it was. */
	struct error why = {0};
	buf_init(&bytes, full - 1);
	assert_int_equal(buf_add_str(&bytes, "x"), OK);
	assert_int_equal(image_encode_jpeg(&picture, 100, &bytes, &why), ERR_LIMIT);
	assert_string_equal(buf_str(&bytes), "x");
	assert_true(why.text[0] != '\0');
	image_finish(&got);
	image_finish(&picture);
	buf_finish(&bytes);
}

static void files_are_saved_and_loaded_by_name(void **state)
{
	(void)state;
	char folder[] = "/tmp/rollcall-media-XXXXXX", path[64];
	struct image picture, got;
	struct buf file;
	struct error why = {0};
	assert_non_null(mkdtemp(folder));
	picture_fill(&picture, WIDTH, HEIGHT);
	snprintf(path, sizeof(path), "%s/a.PNG", folder);
	assert_int_equal(image_save(&picture, path, &why), OK);
	assert_int_equal(image_load(path, NULL, &got, &file, NULL, &why), OK);
	assert_int_equal(picture_difference(&picture, &got), 0);
	assert_true(file.len > 8 && memcmp(file.data + 1, "PNG", 3) == 0);
	buf_finish(&file);
	image_finish(&got);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(image_load(path, NULL, &got, &file, NULL, &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, path));
	assert_null(file.data);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(image_load(path, NULL, &got, NULL, NULL, &why), ERR_NOT_FOUND);
	snprintf(path, sizeof(path), "%s/a.gif", folder);
	assert_int_equal(image_save(&picture, path, &why), ERR_ARG);
	assert_int_equal(rmdir(folder), 0);
	image_finish(&picture);
}

struct fault_case {
	struct buf bytes;
	struct image wanted;
};

/* Probes and decodes; a success with another picture is an error of its own. */
static enum err probe_and_decode(void *arg, struct error *why)
{
	struct fault_case *fault = arg;
	struct image_info info;
	struct image got = {0};
	enum err err = image_probe(fault->bytes.data, fault->bytes.len, &info, why);
	if (err == OK)
		err = image_decode(fault->bytes.data, fault->bytes.len, NULL, &got, NULL, why);
	if (err == OK && picture_difference(&fault->wanted, &got) != 0)
		err = err_set(why, ERR_INTERNAL, "another picture");
	image_finish(&got);
	return err;
}

static enum err encode(void *arg, struct error *why)
{
	struct fault_case *fault = arg;
	struct buf out;
	buf_init(&out, IMAGE_FILE_MAX);
	enum err err = image_encode_jpeg(&fault->wanted, 90, &out, why);
	if (err == OK)
		err = image_encode_png(&fault->wanted, &out, why);
	buf_finish(&out);
	return err;
}

static void make_fault_case(struct fault_case *fault, const struct image *picture, int which)
{
	bytes_init(&fault->bytes);
	if (which <= PICTURE_RESTARTS)
		picture_jpeg(&fault->bytes, picture, (enum picture_jpeg_kind)which, 6);
	else if (which == PICTURE_RESTARTS + 1)
		picture_png(&fault->bytes, picture, 6, 16, true, 6);
	else if (which == PICTURE_RESTARTS + 2)
		picture_png(&fault->bytes, picture, 3, 8, false, 0);
	else if (which == PICTURE_RESTARTS + 3)
		picture_webp(&fault->bytes, picture, PICTURE_LOSSY, 6);
	else if (which == PICTURE_RESTARTS + 4)
		picture_webp(&fault->bytes, picture, PICTURE_ALPHA, 6);
	else
		picture_webp_animation(&fault->bytes, picture);
	decode(&fault->bytes, &fault->wanted, NULL);
}

static void every_allocation_of_decoding_fails_once(void **state)
{
	(void)state;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	/* libspng and libwebp do not always tell a lack of memory from a broken file. */
	static const enum err also[] = {ERR_FORMAT, OK};
	struct image picture;
	picture_fill(&picture, WIDTH, HEIGHT);
	/*
	 * libwebp before 1.4.0 follows a wild pointer when a lossless picture's tables cannot be
	 * allocated (github.com/webmproject/libwebp, pull request 12).
	 */
	bool lossless = WebPGetDecoderVersion() >= 0x010400;
	if (!lossless)
		print_message("lossless WebP is left out: libwebp before 1.4.0 crashes\n");
	for (int which = 0; which <= PICTURE_RESTARTS + (lossless ? 5 : 3); which++) {
		struct fault_case fault;
		make_fault_case(&fault, &picture, which);
		for (int all = 0; all < 2; all++) {
			struct faults_options options = {
				.all = all == 1, .allow = which > PICTURE_RESTARTS ? also : NULL};
			struct faults_result result =
				faults_each(probe_and_decode, &fault, &options);
			if (result.problem[0] != '\0')
				fail_msg("picture %d: %s", which, result.problem);
			assert_true(result.failed > 3);
		}
		image_finish(&fault.wanted);
		buf_finish(&fault.bytes);
	}
	image_finish(&picture);
}

static void every_allocation_of_encoding_fails_once(void **state)
{
	(void)state;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct fault_case fault = {0};
	picture_fill(&fault.wanted, WIDTH, HEIGHT);
	struct faults_result result = faults_each(encode, &fault, NULL);
	assert_string_equal(result.problem, "");
	assert_true(result.failed > 3);
	image_finish(&fault.wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jpegs_of_every_kind_decode),
		cmocka_unit_test(a_grey_jpeg_becomes_equal_channels),
		cmocka_unit_test(all_orientations_come_out_upright),
		cmocka_unit_test(a_wrong_orientation_counts_as_none),
		cmocka_unit_test(jpegs_are_scaled_while_they_stay_long_enough),
		cmocka_unit_test(a_truncated_jpeg_is_given_as_far_as_it_goes),
		cmocka_unit_test(the_missing_rest_of_a_jpeg_is_grey),
		cmocka_unit_test(damaged_jpegs_never_crash),
		cmocka_unit_test(a_jpeg_that_lies_about_its_size_is_refused),
		cmocka_unit_test(too_many_scans_are_refused),
		cmocka_unit_test(pngs_of_every_kind_decode),
		cmocka_unit_test(a_png_that_lies_about_its_size_is_refused),
		cmocka_unit_test(texts_and_profiles_of_a_png_do_not_matter),
		cmocka_unit_test(webps_decode),
		cmocka_unit_test(of_an_animation_the_first_frame_is_given),
		cmocka_unit_test(truncated_pngs_and_webps_are_refused),
		cmocka_unit_test(what_is_no_image_is_refused_by_name),
		cmocka_unit_test(too_large_a_file_is_refused),
		cmocka_unit_test(one_pixel_is_an_image),
		cmocka_unit_test(what_is_encoded_decodes_again),
		cmocka_unit_test(files_are_saved_and_loaded_by_name),
		cmocka_unit_test(every_allocation_of_decoding_fails_once),
		cmocka_unit_test(every_allocation_of_encoding_fails_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
