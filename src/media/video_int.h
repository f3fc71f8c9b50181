/* SPDX-License-Identifier: MIT */
/* Shared by video.c (what is asked of a video) and video_source.c (FFmpeg's side of it). */
#ifndef MEDIA_VIDEO_INT_H
#define MEDIA_VIDEO_INT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "media/ffmpeg.h"
#include "media/video.h"

enum {
	VIDEO_READ_TIMEOUT_MS = 10000, /* without a frame, after which a source counts as gone */
	VIDEO_BAD_PACKETS_MAX = 200,   /* in a row, after which a file counts as broken */
};

enum source_kind { SOURCE_FILE, SOURCE_CAMERA, SOURCE_STREAM };

/* One thread at a time, but for source_stop. */
struct source {
	const struct ffmpeg *ff;
	enum source_kind kind;
	char *shown; /* for people: without the password */
	AVFormatContext *format;
	AVCodecContext *codec;
	AVPacket *packet;
	AVRational time_base;
	int stream;
	int orientation; /* as EXIF's: phones turn their videos too */
	bool draining;
	int64_t first, last_ms, frame_ms, frames; /* for the frames' times */
	atomic_llong deadline_us; /* av_gettime_relative's; FFmpeg gives up after it */
	atomic_bool stop;
};

/* Sees what kind of source it is and loads of FFmpeg what that needs; nothing to finish yet. */
enum err source_init(struct source *s, const char *name, struct error *why) MUST_USE;

/* Opens it, zeroed but for what source_init set; finish it also on failure. */
enum err source_open(struct source *s, const char *name, const struct video_options *options,
	struct error *why) MUST_USE;
void source_finish(struct source *s);

/* The next decoded frame into `frame` and its time. ERR_NOT_FOUND at the end of a file. */
enum err source_next(struct source *s, AVFrame *frame, int64_t *at_ms, struct error *why) MUST_USE;

/* Makes a source_next in another thread return soon. */
void source_stop(struct source *s);

#endif
