/* SPDX-License-Identifier: MIT */
/*
 * Frames of a video file, a V4L2 camera ("/dev/video0") or a network stream
 * ("rtsp://..."), through FFmpeg. One thread at a time a handle.
 */
#ifndef MEDIA_VIDEO_H
#define MEDIA_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "media/image.h"

struct video;

struct video_options {
	int width, height;   /* wanted of a camera; 0 = its default */
	int fps;             /* wanted of a camera; 0 = its default */
	int open_timeout_ms; /* of a network stream; 0 = VIDEO_OPEN_TIMEOUT_MS */
};

enum { VIDEO_OPEN_TIMEOUT_MS = 10000 };

/*
 * Opens a source. `live` sources (cameras, streams) have no end of their own. ERR_NOT_FOUND,
 * ERR_DENIED, ERR_BUSY, ERR_FORMAT (no video), ERR_LIMIT (as images), ERR_UNSUPPORTED (its
 * coding), ERR_IO (no answer in time, and the rest). A password in the address is in no text.
 */
enum err video_open(struct video **out, const char *source, const struct video_options *options,
	struct error *why) MUST_USE;
void video_close(struct video *v);
bool video_is_live(const struct video *v);

/*
 * Whether videos, or cameras too, can be opened here at all: FFmpeg's libraries are there and
 * fit. ERR_UNSUPPORTED says what to install. Any thread.
 */
enum err video_available(bool cameras, struct error *why) MUST_USE;

/*
 * The next frame into `*frame` (reused: same size, no allocation after the first;
 * finish it with image_finish) and its time in milliseconds since the first frame.
 * ERR_NOT_FOUND at the end of a file; ERR_IO when a live source ends or gives nothing for ten
 * seconds. A video that says it is turned (as phones' do) comes out upright.
 */
enum err video_next(
	struct video *v, struct image *frame, int64_t *at_ms, struct error *why) MUST_USE;

/*
 * The newest frame: for live sources, those that came in the meantime are skipped, never
 * queued: a thread of the handle's reads them from the first call on. For a file: those
 * whose time lies before `until_ms` are skipped. `skipped` (may be NULL) counts them.
 */
enum err video_latest(struct video *v, int64_t until_ms, struct image *frame, int64_t *at_ms,
	int *skipped, struct error *why) MUST_USE;

#endif
