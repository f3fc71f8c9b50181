/* SPDX-License-Identifier: MIT */
#include "media/video_int.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "media/image_int.h"

enum { ROW_ALIGNMENT = 64, TURN_ROWS = 16 };

/*
 * Before `reader` runs, the source belongs to the caller; then to the reader, and only
 * what is under `lock` is shared: the newest frame, how many it replaced, how it ended.
 */
struct video {
	struct source source;
	AVFrame *frame; /* the caller's: the one being converted */

	struct SwsContext *scaler;
	uint8_t *room; /* rows as libswscale likes them: it writes past unaligned ends */
	size_t room_bytes;

	bool running;
	pthread_t reader;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	AVFrame *decoded, *newest;
	bool has_newest;
	int64_t newest_ms;
	int replaced;
	enum err ended;
	struct error reason;
};

enum err video_available(bool cameras, struct error *why)
{
	const struct ffmpeg *ff;
	return ffmpeg_load(cameras ? FFMPEG_CAMERAS : FFMPEG_FILES, &ff, why);
}

enum err video_open(struct video **out, const char *source, const struct video_options *options,
	struct error *why)
{
	static const struct video_options defaults = {0};
	*out = NULL;
	struct video *v = calloc(1, sizeof(*v));
	if (v == NULL)
		return err_set(why, ERR_NOMEM, "cannot open a video: out of memory");
	enum err err = source_init(&v->source, source, why);
	if (err != OK) {
		free(v);
		return err;
	}
	const struct ffmpeg *ff = v->source.ff;
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->changed, NULL);
	v->frame = ff->av_frame_alloc();
	v->decoded = ff->av_frame_alloc();
	v->newest = ff->av_frame_alloc();
	if (v->frame == NULL || v->decoded == NULL || v->newest == NULL)
		err = err_set(why, ERR_NOMEM, "cannot open a video: out of memory");
	if (err == OK)
		err = source_open(&v->source, source, options != NULL ? options : &defaults, why);
	if (err == OK)
		*out = v;
	else
		video_close(v);
	return err;
}

void video_close(struct video *v)
{
	if (v == NULL)
		return;
	const struct ffmpeg *ff = v->source.ff;
	if (v->running) {
		source_stop(&v->source);
		pthread_join(v->reader, NULL);
	}
	source_finish(&v->source);
	ff->sws_freeContext(v->scaler);
	ff->av_free(v->room);
	ff->av_frame_free(&v->frame);
	ff->av_frame_free(&v->decoded);
	ff->av_frame_free(&v->newest);
	pthread_cond_destroy(&v->changed);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

bool video_is_live(const struct video *v)
{
	return v->source.kind != SOURCE_FILE;
}

/* Rows of the frame as RGB at v->room, `stride` apart. */
static enum err convert(struct video *v, size_t *stride, struct error *why)
{
	const struct ffmpeg *ff = v->source.ff;
	const AVFrame *f = v->frame;
	*stride = (3 * (size_t)f->width + ROW_ALIGNMENT - 1) / ROW_ALIGNMENT * ROW_ALIGNMENT;
	size_t bytes = *stride * (size_t)f->height + ROW_ALIGNMENT;
	if (bytes != v->room_bytes) {
		ff->av_free(v->room);
		v->room = ff->av_malloc(bytes);
		v->room_bytes = v->room != NULL ? bytes : 0;
	}
	v->scaler = ff->sws_getCachedContext(v->scaler, f->width, f->height,
		(enum AVPixelFormat)f->format, f->width, f->height, AV_PIX_FMT_RGB24, SWS_BILINEAR,
		NULL, NULL, NULL);
	if (v->room == NULL || v->scaler == NULL)
		return err_set(why, ERR_NOMEM, "cannot convert a frame of '%s': out of memory",
			v->source.shown);
	if (f->color_range == AVCOL_RANGE_JPEG)
		(void)ff->sws_setColorspaceDetails(v->scaler,
			ff->sws_getCoefficients((int)f->colorspace), 1,
			ff->sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
	uint8_t *const planes[4] = {v->room};
	const int strides[4] = {(int)*stride};
	if (ff->sws_scale(v->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
		    planes, strides) != f->height)
		return err_set(why, ERR_FORMAT, "cannot convert a frame of '%s'", v->source.shown);
	return OK;
}

/* v->frame, upright, into `image`, whose memory is used again if it has the size. */
static enum err to_image(struct video *v, struct image *image, struct error *why)
{
	struct image_info stored = {.width = v->frame->width,
		.height = v->frame->height,
		.orientation = v->source.orientation};
	bool swap = orientation_swaps(stored.orientation);
	int width = swap ? stored.height : stored.width;
	int height = swap ? stored.width : stored.height;
	size_t stride, row_bytes = 3 * (size_t)stored.width;
	enum err err = image_check_size(width, height, why);
	if (err == OK)
		err = convert(v, &stride, why);
	if (err == OK && (image->width != width || image->height != height)) {
		image_finish(image);
		err = image_alloc(image, width, height, 3, why);
	}
	if (err != OK)
		return err;
	for (int y = 0; y < stored.height; y += TURN_ROWS) {
		int count = stored.height - y < TURN_ROWS ? stored.height - y : TURN_ROWS;
		uint8_t *rows = v->room + stride * (size_t)y;
		uint8_t *packed =
			stored.orientation == 1 ? image->rgb + row_bytes * (size_t)y : rows;
		for (int i = 0; i < count; i++)
			memmove(packed + row_bytes * (size_t)i, rows + stride * (size_t)i,
				row_bytes);
		if (stored.orientation != 1)
			image_place(packed, y, count, &stored, image);
	}
	return OK;
}

static void *read_live(void *arg)
{
	struct video *v = arg;
	const struct ffmpeg *ff = v->source.ff;
	enum err err = OK;
	while (err == OK) {
		int64_t at_ms;
		struct error why = {0};
		err = source_next(&v->source, v->decoded, &at_ms, &why);
		pthread_mutex_lock(&v->lock);
		if (err == OK) {
			if (v->has_newest)
				v->replaced++;
			ff->av_frame_unref(v->newest);
			ff->av_frame_move_ref(v->newest, v->decoded);
			v->newest_ms = at_ms;
			v->has_newest = true;
		} else {
			v->ended = err;
			v->reason = why;
		}
		pthread_cond_signal(&v->changed);
		pthread_mutex_unlock(&v->lock);
	}
	return NULL;
}

static enum err start_reader(struct video *v, struct error *why)
{
	int code = pthread_create(&v->reader, NULL, read_live, v);
	if (code != 0)
		return err_errno(why, code, "cannot start reading '%s'", v->source.shown);
	v->running = true;
	return OK;
}

static enum err latest_live(
	struct video *v, struct image *frame, int64_t *at_ms, int *skipped, struct error *why)
{
	const struct ffmpeg *ff = v->source.ff;
	enum err err = v->running ? OK : start_reader(v, why);
	if (err != OK)
		return err;
	pthread_mutex_lock(&v->lock);
	while (!v->has_newest && v->ended == OK)
		pthread_cond_wait(&v->changed, &v->lock);
	if (v->has_newest) {
		ff->av_frame_unref(v->frame);
		ff->av_frame_move_ref(v->frame, v->newest);
		*at_ms = v->newest_ms;
		*skipped = v->replaced;
		v->has_newest = false;
		v->replaced = 0;
	} else {
		err = err_set(why, v->ended, "%s", v->reason.text);
	}
	pthread_mutex_unlock(&v->lock);
	return err == OK ? to_image(v, frame, why) : err;
}

static enum err latest_of_file(struct video *v, int64_t until_ms, struct image *frame,
	int64_t *at_ms, int *skipped, struct error *why)
{
	for (*skipped = 0;; (*skipped)++) {
		enum err err = source_next(&v->source, v->frame, at_ms, why);
		if (err != OK)
			return err;
		if (*at_ms >= until_ms)
			return to_image(v, frame, why);
	}
}

enum err video_next(struct video *v, struct image *frame, int64_t *at_ms, struct error *why)
{
	int skipped;
	if (v->running)
		return latest_live(v, frame, at_ms, &skipped, why);
	return latest_of_file(v, INT64_MIN, frame, at_ms, &skipped, why);
}

enum err video_latest(struct video *v, int64_t until_ms, struct image *frame, int64_t *at_ms,
	int *skipped, struct error *why)
{
	int ignored;
	if (skipped == NULL)
		skipped = &ignored;
	*skipped = 0;
	if (video_is_live(v))
		return latest_live(v, frame, at_ms, skipped, why);
	return latest_of_file(v, until_ms, frame, at_ms, skipped, why);
}
