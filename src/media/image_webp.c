/* SPDX-License-Identifier: MIT */
#include "media/image_int.h"

#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

/* Words for VP8StatusCode, in its order. */
static const char *const status_text[] = {"no error", "out of memory", "invalid parameter",
	"the data is broken", "a feature that is not supported", "suspended", "aborted",
	"it is cut off"};

static enum err webp_error(VP8StatusCode status, struct error *why)
{
	size_t words = sizeof(status_text) / sizeof(status_text[0]);
	const char *text = (size_t)status < words ? status_text[status] : "unknown error";
	if (status == VP8_STATUS_OUT_OF_MEMORY)
		return err_set(why, ERR_NOMEM, "out of memory for the WebP");
	return err_set(why, ERR_FORMAT, "broken WebP: %s", text);
}

static bool knows_webp(const uint8_t *bytes, size_t len)
{
	return len >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

/* Only the extended format has EXIF data or frames. */
static bool is_extended(const uint8_t *bytes, size_t len)
{
	return len >= 16 && memcmp(bytes + 12, "VP8X", 4) == 0;
}

/* Finds the chunks of an extended file; NULL with the reason in `err`. */
static WebPDemuxer *open_chunks(const uint8_t *bytes, size_t len, enum err *err, struct error *why)
{
	WebPData data = {.bytes = bytes, .size = len};
	WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
	WebPDemuxer *demuxer = WebPDemuxPartial(&data, &state);
	*err = OK;
	if (demuxer == NULL)
		*err = err_set(why, ERR_FORMAT, "broken WebP: its chunks make no sense");
	return demuxer;
}

static enum err find_orientation(WebPDemuxer *demuxer, int *orientation, struct error *why)
{
	enum err err = OK;
	WebPChunkIterator chunk;
	*orientation = 1;
	if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk))
		err = exif_orientation(chunk.chunk.bytes, chunk.chunk.size, orientation, why);
	WebPDemuxReleaseChunkIterator(&chunk);
	return err;
}

static enum err read_features(
	const uint8_t *bytes, size_t len, WebPBitstreamFeatures *features, struct error *why)
{
	VP8StatusCode status = WebPGetFeatures(bytes, len, features);
	if (status != VP8_STATUS_OK)
		return webp_error(status, why);
	return image_check_size(features->width, features->height, why);
}

static enum err probe_webp(
	const uint8_t *bytes, size_t len, struct image_info *out, struct error *why)
{
	WebPBitstreamFeatures features;
	enum err err = read_features(bytes, len, &features, why);
	if (err != OK)
		return err;
	*out = (struct image_info){.format = IMAGE_WEBP,
		.width = features.width,
		.height = features.height,
		.orientation = 1};
	if (!is_extended(bytes, len))
		return OK;
	WebPDemuxer *demuxer = open_chunks(bytes, len, &err, why);
	if (err == OK)
		err = find_orientation(demuxer, &out->orientation, why);
	WebPDemuxDelete(demuxer);
	return err;
}

/* A still picture, or one frame's, of any kind; alpha over white. */
static enum err decode_still(const uint8_t *bytes, size_t len, struct image *out, struct error *why)
{
	WebPDecoderConfig config;
	if (!WebPInitDecoderConfig(&config))
		return err_set(why, ERR_INTERNAL, "libwebp is of another version");
	enum err err = read_features(bytes, len, &config.input, why);
	if (err != OK)
		return err;
	int width = config.input.width, height = config.input.height;
	int channels = config.input.has_alpha ? 4 : 3;
	err = image_alloc(out, width, height, channels, why);
	if (err != OK)
		return err;
	config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
	config.output.is_external_memory = 1;
	config.output.u.RGBA.rgba = out->rgb;
	config.output.u.RGBA.stride = width * channels;
	config.output.u.RGBA.size = (size_t)width * (size_t)height * (size_t)channels;
	VP8StatusCode status = WebPDecode(bytes, len, &config);
	WebPFreeDecBuffer(&config.output);
	if (status != VP8_STATUS_OK)
		return webp_error(status, why);
	if (channels == 4)
		image_flatten(out);
	return OK;
}

/* The first frame of an animation, on a white canvas. */
static enum err decode_first_frame(WebPDemuxer *demuxer, struct image *out, struct error *why)
{
	struct image frame = {0};
	WebPIterator at = {0};
	int64_t width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
	int64_t height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
	enum err err = image_check_size(width, height, why);
	if (err != OK)
		return err;
	if (!WebPDemuxGetFrame(demuxer, 1, &at) || !at.complete) {
		err = err_set(why, ERR_FORMAT, "broken WebP: its first frame is cut off");
		goto out;
	}
	err = decode_still(at.fragment.bytes, at.fragment.size, &frame, why);
	if (err != OK)
		goto out;
	if (at.x_offset < 0 || at.y_offset < 0 || frame.width > width - at.x_offset ||
		frame.height > height - at.y_offset) {
		err = err_set(why, ERR_FORMAT, "broken WebP: its first frame is too large");
		goto out;
	}
	err = image_alloc(out, (int)width, (int)height, 3, why);
	if (err != OK)
		goto out;
	memset(out->rgb, WHITE, 3 * (size_t)width * (size_t)height);
	for (int y = 0; y < frame.height; y++) {
		size_t to = (size_t)(at.y_offset + y) * (size_t)width + (size_t)at.x_offset;
		memcpy(out->rgb + 3 * to, frame.rgb + 3 * (size_t)y * (size_t)frame.width,
			3 * (size_t)frame.width);
	}
out:
	image_finish(&frame);
	WebPDemuxReleaseIterator(&at);
	return err;
}

static enum err decode_webp(const uint8_t *bytes, size_t len, const struct image_options *options,
	struct image *out, bool *truncated, struct error *why)
{
	(void)options, (void)truncated;
	if (!is_extended(bytes, len))
		return decode_still(bytes, len, out, why);
	enum err err;
	int orientation = 1;
	WebPDemuxer *demuxer = open_chunks(bytes, len, &err, why);
	if (err != OK)
		return err;
	err = find_orientation(demuxer, &orientation, why);
	if (err == OK && (WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ANIMATION_FLAG) != 0)
		err = decode_first_frame(demuxer, out, why);
	else if (err == OK)
		err = decode_still(bytes, len, out, why);
	WebPDemuxDelete(demuxer);
	if (err == OK)
		err = image_turn(out, orientation, why);
	return err;
}

const struct image_coder image_webp = {
	.name = "WebP", .knows = knows_webp, .probe = probe_webp, .decode = decode_webp};
