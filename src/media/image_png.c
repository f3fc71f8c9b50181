/* SPDX-License-Identifier: MIT */
#include "media/image_int.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_BYTES = 8, CHUNK_OVERHEAD = 12 }; /* length, type, CRC */

/*
 * What libspng gets to see: signature and the chunks that make the picture. Profiles and
 * texts, which may unpack to gigabytes and whose flaws it does not forgive, are left out.
 */
struct chunks {
	const uint8_t *bytes;
	size_t len;
	size_t next;       /* offset of the next chunk's header */
	size_t begin, end; /* what is left of the present one */
};

static const char picture_chunks[][5] = {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};

static uint32_t big_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		bytes[3];
}

static bool is_type(const uint8_t *chunk, const char *type)
{
	return memcmp(chunk + 4, type, 4) == 0;
}

/*
 * The header of an unknown critical chunk (upper-case first letter) goes to libspng, which
 * refuses it.
 */
static bool wanted(const uint8_t *chunk)
{
	for (size_t i = 0; i < sizeof(picture_chunks) / sizeof(picture_chunks[0]); i++) {
		if (is_type(chunk, picture_chunks[i]))
			return true;
	}
	return (chunk[4] & 0x20) == 0;
}

/* The next chunk, whole or cut off by the end of the file; NULL at the end. */
static const uint8_t *next_chunk(struct chunks *c)
{
	if (c->len - c->next < 8)
		return NULL;
	const uint8_t *chunk = c->bytes + c->next;
	size_t size = (size_t)big_endian(chunk) + CHUNK_OVERHEAD;
	c->begin = c->next;
	c->end = size < c->len - c->next ? c->next + size : c->len;
	c->next = c->end;
	return chunk;
}

static void chunks_init(struct chunks *c, const uint8_t *bytes, size_t len)
{
	size_t first = len < SIGNATURE_BYTES ? len : SIGNATURE_BYTES;
	*c = (struct chunks){.bytes = bytes, .len = len, .next = first, .end = first};
}

static int read_chunks(spng_ctx *ctx, void *user, void *to, size_t len)
{
	(void)ctx;
	struct chunks *c = user;
	uint8_t *out = to;
	while (len > 0) {
		while (c->begin == c->end) {
			const uint8_t *chunk = next_chunk(c);
			if (chunk == NULL)
				return SPNG_IO_EOF;
			if (!wanted(chunk))
				c->begin = c->end;
		}
		size_t take = c->end - c->begin < len ? c->end - c->begin : len;
		memcpy(out, c->bytes + c->begin, take);
		c->begin += take;
		out += take;
		len -= take;
	}
	return 0;
}

static enum err find_orientation(
	const uint8_t *bytes, size_t len, int *orientation, struct error *why)
{
	struct chunks c;
	chunks_init(&c, bytes, len);
	*orientation = 1;
	for (const uint8_t *chunk; (chunk = next_chunk(&c)) != NULL;) {
		if (is_type(chunk, "eXIf") && c.end - c.begin > CHUNK_OVERHEAD)
			return exif_orientation(
				chunk + 8, c.end - c.begin - CHUNK_OVERHEAD, orientation, why);
	}
	return OK;
}

/* zlib's initialisation has no other reason to fail than memory. */
static bool is_no_memory(int code)
{
	return code == SPNG_EMEM || code == SPNG_EZLIB_INIT;
}

static enum err png_error(int code, struct error *why)
{
	if (is_no_memory(code))
		return err_set(why, ERR_NOMEM, "out of memory for the PNG");
	if (code == SPNG_EOVERFLOW || code == SPNG_EUSER_WIDTH || code == SPNG_EUSER_HEIGHT)
		return err_set(why, ERR_LIMIT, "a side of it has over %d pixels", IMAGE_SIDE_MAX);
	return err_set(why, ERR_FORMAT, "broken PNG: %s", spng_strerror(code));
}

/* A decoder that has read IHDR, which is within the limits. */
static enum err open_png(
	spng_ctx **out, struct chunks *c, struct spng_ihdr *header, struct error *why)
{
	*out = NULL;
	spng_ctx *ctx = spng_ctx_new(0);
	if (ctx == NULL)
		return err_set(why, ERR_NOMEM, "out of memory for the PNG");
	enum err err = OK;
	int code = spng_set_image_limits(ctx, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
	if (code == 0)
		code = spng_set_png_stream(ctx, read_chunks, c);
	if (code == 0)
		code = spng_get_ihdr(ctx, header);
	if (code != 0)
		err = png_error(code, why);
	else
		err = image_check_size(header->width, header->height, why);
	if (err == OK)
		*out = ctx;
	else
		spng_ctx_free(ctx);
	return err;
}

static bool knows_png(const uint8_t *bytes, size_t len)
{
	return len >= SIGNATURE_BYTES && memcmp(bytes, "\x89PNG\r\n\x1a\n", SIGNATURE_BYTES) == 0;
}

static enum err probe_png(
	const uint8_t *bytes, size_t len, struct image_info *out, struct error *why)
{
	struct chunks c;
	struct spng_ihdr header;
	spng_ctx *ctx;
	chunks_init(&c, bytes, len);
	enum err err = open_png(&ctx, &c, &header, why);
	if (err != OK)
		return err;
	spng_ctx_free(ctx);
	*out = (struct image_info){
		.format = IMAGE_PNG, .width = (int)header.width, .height = (int)header.height};
	return find_orientation(bytes, len, &out->orientation, why);
}

/* Deflate cannot pack better than DEFLATE_RATIO_MAX: too short a file lies about its size. */
static enum err check_bytes(const struct spng_ihdr *header, size_t len, struct error *why)
{
	static const unsigned channels[7] = {1, 0, 3, 1, 2, 0, 4};
	uint64_t bits = (uint64_t)channels[header->color_type] * header->bit_depth * header->width;
	uint64_t raw = header->height * (1 + (bits + 7) / 8);
	if (raw / DEFLATE_RATIO_MAX <= len)
		return OK;
	return err_set(why, ERR_FORMAT,
		"broken PNG: its header says %ux%u pixels, but there are only %zu bytes",
		header->width, header->height, len);
}

static enum err decode_pixels(
	spng_ctx *ctx, const struct spng_ihdr *header, struct image *out, struct error *why)
{
	struct spng_trns transparency;
	int code = spng_get_trns(ctx, &transparency);
	if (code != 0 && code != SPNG_ECHUNKAVAIL)
		return png_error(code, why);
	bool alpha = code == 0 || header->color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
		header->color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
	int channels = alpha ? 4 : 3;
	enum err err = image_alloc(out, (int)header->width, (int)header->height, channels, why);
	if (err != OK)
		return err;
	size_t bytes = (size_t)header->width * header->height * (size_t)channels;
	code = spng_decode_image(ctx, out->rgb, bytes, alpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8,
		alpha ? SPNG_DECODE_TRNS : 0);
	if (code != 0)
		return png_error(code, why);
	if (alpha)
		image_flatten(out);
	return OK;
}

static enum err decode_png(const uint8_t *bytes, size_t len, const struct image_options *options,
	struct image *out, bool *truncated, struct error *why)
{
	(void)options, (void)truncated;
	struct chunks c;
	struct spng_ihdr header;
	spng_ctx *ctx;
	int orientation = 1;
	chunks_init(&c, bytes, len);
	enum err err = open_png(&ctx, &c, &header, why);
	if (err != OK)
		return err;
	err = check_bytes(&header, len, why);
	if (err == OK)
		err = find_orientation(bytes, len, &orientation, why);
	if (err == OK)
		err = decode_pixels(ctx, &header, out, why);
	spng_ctx_free(ctx);
	if (err == OK)
		err = image_turn(out, orientation, why);
	return err;
}

const struct image_coder image_png = {
	.name = "PNG", .knows = knows_png, .probe = probe_png, .decode = decode_png};

enum err image_encode_png(const struct image *image, struct buf *out, struct error *why)
{
	struct spng_ihdr header = {.width = (uint32_t)image->width,
		.height = (uint32_t)image->height,
		.bit_depth = 8,
		.color_type = SPNG_COLOR_TYPE_TRUECOLOR};
	size_t bytes = 3 * (size_t)image->width * (size_t)image->height;
	void *png = NULL;
	size_t len = 0;
	enum err err = OK;
	spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
	if (ctx == NULL)
		return err_set(why, ERR_NOMEM, "cannot write a PNG: out of memory");
	int code = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
	if (code == 0)
		code = spng_set_ihdr(ctx, &header);
	if (code == 0)
		code = spng_encode_image(
			ctx, image->rgb, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
	if (code == 0)
		png = spng_get_png_buffer(ctx, &len, &code);
	if (code != 0)
		err = err_set(why, is_no_memory(code) ? ERR_NOMEM : ERR_ARG,
			"cannot write a PNG: %s", spng_strerror(code));
	else
		err = buf_add(out, png, len);
	if (err != OK && code == 0)
		err_set(why, err, "cannot write a PNG: %s", err_str(err));
	free(png);
	spng_ctx_free(ctx);
	return err;
}
