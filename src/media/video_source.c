/* SPDX-License-Identifier: MIT */
#include "media/video_int.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "media/image_int.h"

enum {
	CAMERA_POLL_US = 2000,
	DECODER_THREADS = 2,
	LIVE_ANALYSE_US = 2 * AV_TIME_BASE,
};

static const char *const kind_words[] = {"video", "camera", "stream"};
/* A playlist must not make us read what its sender names. */
static const char *const kind_protocols[] = {"file", "file",
	"rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,hls,crypto,rtmp,rtmps,rtmpt,srt"};

static enum source_kind kind_of(const char *name)
{
	if (strncmp(name, "/dev/", 5) == 0)
		return SOURCE_CAMERA;
	return strstr(name, "://") != NULL ? SOURCE_STREAM : SOURCE_FILE;
}

/* "rtsp://user:secret@host/x" as "rtsp://host/x"; NULL when out of memory. */
static char *without_password(const char *name)
{
	char *shown = mem_strdup(name);
	char *host = shown != NULL ? strstr(shown, "://") : NULL;
	if (host == NULL)
		return shown;
	host += 3;
	size_t len = strcspn(host, "/?#");
	for (size_t i = len; i > 0; i--) {
		if (host[i - 1] == '@') {
			memmove(host, host + i, strlen(host + i) + 1);
			break;
		}
	}
	return shown;
}

static void set_deadline(struct source *s, int64_t ms)
{
	atomic_store(&s->deadline_us, s->ff->av_gettime_relative() + ms * 1000);
}

static bool is_late(const struct source *s)
{
	return s->ff->av_gettime_relative() > atomic_load(&s->deadline_us);
}

/* FFmpeg's interrupt callback. */
static int must_stop(void *arg)
{
	struct source *s = arg;
	return atomic_load(&s->stop) || is_late(s);
}

void source_stop(struct source *s)
{
	atomic_store(&s->stop, true);
}

/* FFmpeg's code in words of ours: "cannot <verb> camera '/dev/video9': <reason>". */
static enum err fail(struct source *s, int code, const char *verb, struct error *why)
{
	char what[ERROR_TEXT_MAX], reason[AV_ERROR_MAX_STRING_SIZE];
	snprintf(what, sizeof(what), "cannot %s %s '%s'", verb, kind_words[s->kind], s->shown);
	if (atomic_load(&s->stop))
		return err_set(why, ERR_STOPPED, "%s: stopped", what);
	if ((code == AVERROR_EXIT || code == AVERROR(EAGAIN) || code == AVERROR(ETIMEDOUT)) &&
		is_late(s))
		return err_set(why, ERR_IO, "%s: no answer in time", what);
	if (code == AVERROR_INVALIDDATA)
		return err_set(why, ERR_FORMAT, "%s: it is no video, or a broken one", what);
	if (code == AVERROR_STREAM_NOT_FOUND)
		return err_set(why, ERR_FORMAT, "%s: there are no pictures in it", what);
	if (code == AVERROR_DECODER_NOT_FOUND)
		return err_set(why, ERR_UNSUPPORTED, "%s: its coding is not supported", what);
	/* Codes of the operating system are small, FFmpeg's own are four letters. */
	if (code < 0 && code > -4096)
		return err_errno(why, AVUNERROR(code), "%s", what);
	s->ff->av_strerror(code, reason, sizeof(reason));
	return err_set(why, ERR_IO, "%s: %s", what, reason);
}

/* What is asked of a camera: everything, then less, as not every camera can do everything. */
enum { CAMERA_MJPEG = 1, CAMERA_SIZE = 2 };
static const int camera_wishes[] = {CAMERA_MJPEG | CAMERA_SIZE, CAMERA_SIZE, 0};

static int set_wishes(const struct ffmpeg *ff, AVDictionary **dictionary,
	const struct video_options *options, int wishes)
{
	char text[32];
	int code = 0;
	if ((wishes & CAMERA_MJPEG) != 0)
		code = ff->av_dict_set(dictionary, "input_format", "mjpeg", 0);
	if (code >= 0 && (wishes & CAMERA_SIZE) != 0 && options->width > 0 && options->height > 0) {
		snprintf(text, sizeof(text), "%dx%d", options->width, options->height);
		code = ff->av_dict_set(dictionary, "video_size", text, 0);
	}
	if (code >= 0 && (wishes & CAMERA_SIZE) != 0 && options->fps > 0) {
		snprintf(text, sizeof(text), "%d", options->fps);
		code = ff->av_dict_set(dictionary, "framerate", text, 0);
	}
	return code < 0 ? code : 0;
}

static int open_once(
	struct source *s, const char *url, const struct video_options *options, int wishes)
{
	const AVInputFormat *input = NULL;
	AVDictionary *dictionary = NULL;
	s->format = s->ff->avformat_alloc_context();
	if (s->format == NULL)
		return AVERROR(ENOMEM);
	s->format->interrupt_callback = (AVIOInterruptCB){.callback = must_stop, .opaque = s};
	int code =
		s->ff->av_dict_set(&dictionary, "protocol_whitelist", kind_protocols[s->kind], 0);
	if (code >= 0 && strncmp(url, "rtsp", 4) == 0)
		code = s->ff->av_dict_set(&dictionary, "rtsp_transport", "tcp", 0);
	if (s->kind == SOURCE_CAMERA) {
		/* Else reading a camera that gives nothing would block for ever. */
		s->format->flags |= AVFMT_FLAG_NONBLOCK;
		input = s->ff->av_find_input_format("v4l2");
		if (code >= 0)
			code = set_wishes(s->ff, &dictionary, options, wishes);
	}
	if (code >= 0)
		code = s->ff->avformat_open_input(&s->format, url, input, &dictionary);
	s->ff->av_dict_free(&dictionary);
	if (code < 0) {
		s->ff->avformat_free_context(s->format);
		s->format = NULL;
	}
	return code;
}

static bool is_final(int code)
{
	return code == AVERROR(ENOENT) || code == AVERROR(EACCES) || code == AVERROR(EBUSY) ||
		code == AVERROR(ENODEV) || code == AVERROR(ENOMEM) || code == AVERROR_EXIT;
}

static enum err open_format(
	struct source *s, const char *name, const struct video_options *options, struct error *why)
{
	/* So that no name is taken for a protocol. */
	size_t room = strlen(name) + sizeof("file:");
	char *url = malloc(room);
	if (url == NULL)
		return fail(s, AVERROR(ENOMEM), "open", why);
	snprintf(url, room, "%s%s", s->kind == SOURCE_FILE ? "file:" : "", name);
	size_t tries = 1;
	if (s->kind == SOURCE_CAMERA)
		tries = sizeof(camera_wishes) / sizeof(camera_wishes[0]);
	int code = 0;
	for (size_t i = 0; i < tries; i++) {
		code = open_once(s, url, options, camera_wishes[i]);
		if (code >= 0 || is_final(code))
			break;
	}
	free(url);
	return code < 0 ? fail(s, code, "open", why) : OK;
}

static const uint8_t *display_matrix(const AVStream *stream)
{
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
	const AVPacketSideData *data = stream->codecpar->coded_side_data;
	int count = stream->codecpar->nb_coded_side_data;
#else
	const AVPacketSideData *data = stream->side_data;
	int count = stream->nb_side_data;
#endif
	for (int i = 0; i < count; i++) {
		if (data[i].type == AV_PKT_DATA_DISPLAYMATRIX &&
			data[i].size >= 9 * sizeof(int32_t))
			return data[i].data;
	}
	return NULL;
}

static int orientation_of(const struct ffmpeg *ff, const AVStream *stream)
{
	const uint8_t *bytes = display_matrix(stream);
	int32_t matrix[9];
	if (bytes == NULL)
		return 1;
	memcpy(matrix, bytes, sizeof(matrix));
	/* Counterclockwise; NaN for a matrix that is no rotation. */
	double degrees = ff->av_display_rotation_get(matrix);
	if (!isfinite(degrees))
		return 1;
	static const int by_quarter[4] = {1, 8, 3, 6};
	return by_quarter[(lround(degrees / 90) + 8) % 4];
}

static enum err open_codec(struct source *s, struct error *why)
{
	const AVCodec *decoder = NULL;
	s->stream = s->ff->av_find_best_stream(s->format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
	if (s->stream < 0)
		return fail(s, s->stream, "open", why);
	const AVStream *stream = s->format->streams[s->stream];
	const AVCodecParameters *parameters = stream->codecpar;
	if (parameters->width > 0 || parameters->height > 0) {
		enum err err = image_check_size(parameters->width, parameters->height, why);
		if (err != OK)
			return err_prefix(
				why, err, "cannot open %s '%s'", kind_words[s->kind], s->shown);
	}
	s->codec = s->ff->avcodec_alloc_context3(decoder);
	s->packet = s->ff->av_packet_alloc();
	if (s->codec == NULL || s->packet == NULL)
		return fail(s, AVERROR(ENOMEM), "open", why);
	int code = s->ff->avcodec_parameters_to_context(s->codec, parameters);
	s->codec->thread_count = DECODER_THREADS;
	s->codec->max_pixels = IMAGE_PIXELS_MAX;
	/* Frame threads hold frames back, which live ones must not be. */
	if (s->kind != SOURCE_FILE)
		s->codec->thread_type = FF_THREAD_SLICE;
	if (code >= 0)
		code = s->ff->avcodec_open2(s->codec, decoder, NULL);
	if (code < 0)
		return fail(s, code, "open", why);
	s->time_base = stream->time_base;
	s->orientation = orientation_of(s->ff, stream);
	double rate = av_q2d(stream->avg_frame_rate);
	s->frame_ms = rate > 0.01 && rate < 1000 ? (int64_t)(1000 / rate) : 40;
	for (unsigned i = 0; i < s->format->nb_streams; i++) {
		if ((int)i != s->stream)
			s->format->streams[i]->discard = AVDISCARD_ALL;
	}
	return OK;
}

enum err source_init(struct source *s, const char *name, struct error *why)
{
	s->kind = kind_of(name);
	return ffmpeg_load(s->kind == SOURCE_CAMERA ? FFMPEG_CAMERAS : FFMPEG_FILES, &s->ff, why);
}

enum err source_open(
	struct source *s, const char *name, const struct video_options *options, struct error *why)
{
	int timeout_ms = options->open_timeout_ms;
	s->first = AV_NOPTS_VALUE;
	s->shown = without_password(name);
	if (s->shown == NULL)
		return err_set(why, ERR_NOMEM, "cannot open a video: out of memory");
	if (s->kind == SOURCE_CAMERA && s->ff->av_find_input_format("v4l2") == NULL)
		return fail(s, AVERROR(ENOSYS), "open", why);
	set_deadline(s, timeout_ms > 0 ? timeout_ms : VIDEO_OPEN_TIMEOUT_MS);
	enum err err = open_format(s, name, options, why);
	if (err != OK)
		return err;
	if (s->kind != SOURCE_FILE)
		s->format->max_analyze_duration = LIVE_ANALYSE_US;
	int code = s->ff->avformat_find_stream_info(s->format, NULL);
	if (code < 0)
		return fail(s, code, "open", why);
	return open_codec(s, why);
}

void source_finish(struct source *s)
{
	s->ff->av_packet_free(&s->packet);
	s->ff->avcodec_free_context(&s->codec);
	s->ff->avformat_close_input(&s->format);
	free(s->shown);
	s->shown = NULL;
}

/* Hands the decoder one packet, or the end. 0, or FFmpeg's code. */
static int feed(struct source *s)
{
	int code = s->ff->av_read_frame(s->format, s->packet);
	if (code == AVERROR(EAGAIN)) {
		if (is_late(s) || atomic_load(&s->stop))
			return AVERROR_EXIT;
		s->ff->av_usleep(CAMERA_POLL_US);
		return 0;
	}
	if (code == AVERROR_EOF && s->kind == SOURCE_FILE) {
		s->draining = true;
		code = s->ff->avcodec_send_packet(s->codec, NULL);
		return code == AVERROR_EOF ? 0 : code;
	}
	if (code < 0)
		return code;
	if (s->packet->stream_index == s->stream)
		code = s->ff->avcodec_send_packet(s->codec, s->packet);
	s->ff->av_packet_unref(s->packet);
	return code;
}

/* Milliseconds since the first frame, never running backwards. */
static int64_t time_of(struct source *s, const AVFrame *frame)
{
	int64_t at = frame->best_effort_timestamp;
	int64_t ms = s->frames > 0 ? s->last_ms + s->frame_ms : 0;
	if (at != AV_NOPTS_VALUE) {
		if (s->first == AV_NOPTS_VALUE)
			s->first = at;
		ms = s->ff->av_rescale_q(at - s->first, s->time_base, (AVRational){1, 1000});
	}
	s->last_ms = ms > s->last_ms ? ms : s->last_ms;
	s->frames++;
	return s->last_ms;
}

enum err source_next(struct source *s, AVFrame *frame, int64_t *at_ms, struct error *why)
{
	int bad = 0;
	set_deadline(s, VIDEO_READ_TIMEOUT_MS);
	for (;;) {
		int code = s->ff->avcodec_receive_frame(s->codec, frame);
		if (code == 0) {
			*at_ms = time_of(s, frame);
			return OK;
		}
		if (code == AVERROR_EOF && s->frames == 0)
			return fail(s, AVERROR_INVALIDDATA, "read", why);
		if (code == AVERROR_EOF)
			return err_set(why, ERR_NOT_FOUND, "the video '%s' is over", s->shown);
		if (code == AVERROR(EAGAIN))
			code = feed(s);
		if (code == 0)
			bad = 0;
		else if (code == AVERROR_EOF)
			return err_set(why, ERR_IO, "the %s '%s' has ended", kind_words[s->kind],
				s->shown);
		/* Bad data is passed over: after a loss the next key frame mends it. */
		else if (code != AVERROR_INVALIDDATA || ++bad > VIDEO_BAD_PACKETS_MAX)
			return fail(s, code, "read", why);
		if (s->kind != SOURCE_FILE && must_stop(s))
			return fail(s, AVERROR_EXIT, "read", why);
	}
}
