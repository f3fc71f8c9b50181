/* SPDX-License-Identifier: MIT */
/* Videos made here: JPEGs one after the other, an MP4 by FFmpeg's encoder, and a server. */
#include <arpa/inet.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "media/video.h"
#include "tests/support/pictures.h"

enum { WIDTH = 70, HEIGHT = 50, FRAMES = 8, LIVE_FRAMES = 60, SHADE_STEP = 4, PATH_ROOM = 128 };

static int make_folder(void **state)
{
	char folder[] = "/tmp/rollcall-video-XXXXXX";
	unsetenv("http_proxy");
	if (mkdtemp(folder) == NULL)
		return -1;
	*state = strdup(folder);
	return *state == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
	char *folder = *state;
	int code = rmdir(folder);
	free(folder);
	return code;
}

/* A JPEG of one shade of grey: SHADE_STEP * i. */
static void add_shade(struct buf *out, int i)
{
	struct image image;
	assert_int_equal(image_new(&image, WIDTH, HEIGHT, NULL), OK);
	memset(image.rgb, i * SHADE_STEP, 3 * (size_t)WIDTH * HEIGHT);
	picture_jpeg(out, &image, PICTURE_BASELINE, 0);
	image_finish(&image);
}

static int shade_of(const struct image *frame)
{
	const uint8_t *middle = frame->rgb + 3 * ((size_t)frame->width * 25 + 35);
	return (middle[1] + SHADE_STEP / 2) / SHADE_STEP;
}

static void write_shades(const char *path)
{
	struct buf bytes;
	buf_init(&bytes, 1 << 24);
	for (int i = 0; i < FRAMES; i++)
		add_shade(&bytes, i);
	assert_int_equal(file_write(path, bytes.data, bytes.len, 0600, NULL), OK);
	buf_finish(&bytes);
}

static void path_in(char *out, void **state, const char *name)
{
	snprintf(out, PATH_ROOM, "%s/%s", (const char *)*state, name);
}

static struct video *open_video(const char *source)
{
	struct video *v;
	struct error why = {0};
	enum err err = video_open(&v, source, NULL, &why);
	if (err != OK)
		fail_msg("%s", why.text);
	return v;
}

static void frames_of_a_file_come_in_order(void **state)
{
	char path[PATH_ROOM];
	path_in(path, state, "a:b.mjpeg"); /* "a" is no protocol */
	write_shades(path);
	struct video *v = open_video(path);
	struct image frame = {0};
	struct error why = {0};
	int64_t at = -1, last = -1;
	const uint8_t *memory = NULL;
	assert_false(video_is_live(v));
	for (int i = 0; i < FRAMES; i++) {
		assert_int_equal(video_next(v, &frame, &at, &why), OK);
		assert_int_equal(frame.width, WIDTH);
		assert_int_equal(frame.height, HEIGHT);
		assert_int_equal(shade_of(&frame), i);
		assert_true(i == 0 ? at == 0 : at > last);
		assert_true(memory == NULL || memory == frame.rgb);
		memory = frame.rgb;
		last = at;
	}
	assert_int_equal(video_next(v, &frame, &at, &why), ERR_NOT_FOUND);
	assert_int_equal(video_next(v, &frame, &at, &why), ERR_NOT_FOUND);
	video_close(v);
	image_finish(&frame);
	assert_int_equal(unlink(path), 0);
}

static void frames_before_the_time_are_skipped(void **state)
{
	char path[PATH_ROOM];
	path_in(path, state, "a.mjpeg");
	write_shades(path);
	struct video *v = open_video(path);
	struct image frame = {0};
	int64_t at = -1, frame_ms;
	int skipped = -1;
	assert_int_equal(video_latest(v, 0, &frame, &at, &skipped, NULL), OK);
	assert_int_equal(skipped, 0);
	assert_int_equal(video_latest(v, 0, &frame, &frame_ms, &skipped, NULL), OK);
	assert_true(frame_ms > 0);
	assert_int_equal(video_latest(v, 5 * frame_ms, &frame, &at, &skipped, NULL), OK);
	assert_int_equal(skipped, 3);
	assert_int_equal(at, 5 * frame_ms);
	assert_int_equal(shade_of(&frame), 5);
	assert_int_equal(video_latest(v, 1000000, &frame, &at, &skipped, NULL), ERR_NOT_FOUND);
	video_close(v);
	image_finish(&frame);
	assert_int_equal(unlink(path), 0);
}

static void assert_cannot_open(const char *source, enum err code, const char *words)
{
	struct video *v;
	struct error why = {0};
	enum err err = video_open(&v, source, NULL, &why);
	assert_null(v);
	if (err != code || strstr(why.text, words) == NULL)
		fail_msg("'%s' (%d) does not say '%s'", why.text, err, words);
	assert_null(strstr(why.text, "secret"));
}

static void what_cannot_be_opened_is_said_clearly(void **state)
{
	char path[PATH_ROOM], words[2 * PATH_ROOM];
	path_in(path, state, "none.mp4");
	snprintf(words, sizeof(words), "cannot open video '%s': No such file", path);
	assert_cannot_open(path, ERR_NOT_FOUND, words);
	assert_cannot_open("/dev/video99", ERR_NOT_FOUND,
		"cannot open camera '/dev/video99': No such file or directory");
	assert_cannot_open("rtsp://admin:secret@127.0.0.1:1/live", ERR_IO,
		"cannot open stream 'rtsp://127.0.0.1:1/live': Connection refused");
	assert_cannot_open("nonsense://x", ERR_IO, "cannot open stream 'nonsense://x'");
	path_in(path, state, "noise.mp4");
	char noise[4096];
	memset(noise, 0x55, sizeof(noise));
	assert_int_equal(file_write(path, noise, sizeof(noise), 0600, NULL), OK);
	assert_cannot_open(path, ERR_FORMAT, "no video, or a broken one");
	assert_int_equal(unlink(path), 0);
	/* A playlist is not followed out of the file system. */
	static const char playlist[] = "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/secret.ts\n";
	path_in(path, state, "list.m3u8");
	assert_int_equal(file_write(path, playlist, sizeof(playlist) - 1, 0600, NULL), OK);
	struct video *v;
	assert_int_not_equal(video_open(&v, path, NULL, NULL), OK);
	video_close(v);
	assert_int_equal(unlink(path), 0);
	video_close(NULL);
}

static void must(int code)
{
	if (code < 0)
		fail_msg("FFmpeg: %s", av_err2str(code));
}

static void turn_stream(AVStream *stream, double degrees)
{
	size_t size = 9 * sizeof(int32_t);
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
	AVPacketSideData *data = av_packet_side_data_new(&stream->codecpar->coded_side_data,
		&stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX, size, 0);
	assert_non_null(data);
	av_display_rotation_set((int32_t *)(void *)data->data, degrees);
#else
	uint8_t *data = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, size);
	assert_non_null(data);
	av_display_rotation_set((int32_t *)(void *)data, degrees);
#endif
}

/* Grey frames, black in the upper left quarter; frame i in shade 100 + 10 i. */
static void write_mp4(const char *path, double degrees)
{
	AVFormatContext *format = NULL;
	must(avformat_alloc_output_context2(&format, NULL, "mp4", path));
	AVStream *stream = avformat_new_stream(format, NULL);
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MPEG4));
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();
	assert_true(stream != NULL && codec != NULL && frame != NULL && packet != NULL);
	codec->width = frame->width = 96;
	codec->height = frame->height = 64;
	codec->pix_fmt = AV_PIX_FMT_YUV420P;
	frame->format = AV_PIX_FMT_YUV420P;
	codec->time_base = stream->time_base = (AVRational){1, 20};
	codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	must(avcodec_open2(codec, NULL, NULL));
	must(avcodec_parameters_from_context(stream->codecpar, codec));
	turn_stream(stream, degrees);
	must(avio_open(&format->pb, path, AVIO_FLAG_WRITE));
	must(avformat_write_header(format, NULL));
	must(av_frame_get_buffer(frame, 0));
	for (int i = 0; i <= FRAMES; i++) {
		must(av_frame_make_writable(frame));
		for (int y = 0; y < 64; y++) {
			for (int x = 0; x < 96; x++)
				frame->data[0][y * frame->linesize[0] + x] =
					x < 48 && y < 32 ? 16 : (uint8_t)(100 + 10 * i);
		}
		for (int y = 0; y < 32; y++) {
			memset(frame->data[1] + y * frame->linesize[1], 128, 48);
			memset(frame->data[2] + y * frame->linesize[2], 128, 48);
		}
		frame->pts = i;
		must(avcodec_send_frame(codec, i < FRAMES ? frame : NULL));
		while (avcodec_receive_packet(codec, packet) == 0) {
			packet->duration = 1;
			av_packet_rescale_ts(packet, codec->time_base, stream->time_base);
			must(av_interleaved_write_frame(format, packet));
		}
	}
	must(av_write_trailer(format));
	avio_closep(&format->pb);
	av_packet_free(&packet);
	av_frame_free(&frame);
	avcodec_free_context(&codec);
	avformat_free_context(format);
}

static bool is_dark(const struct image *image, int x, int y)
{
	return image->rgb[3 * ((size_t)y * (size_t)image->width + (size_t)x)] < 40;
}

static void a_turned_video_comes_out_upright(void **state)
{
	/* Degrees clockwise, and where the dark corner is then. */
	static const struct {
		double degrees;
		bool right, low;
	} cases[] = {{0, false, false}, {90, true, false}, {180, true, true}, {-90, false, true}};
	char path[PATH_ROOM];
	path_in(path, state, "a.mp4");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image frame = {0};
		int64_t at = -1;
		write_mp4(path, cases[i].degrees);
		struct video *v = open_video(path);
		for (int n = 0; n < FRAMES; n++) {
			if (video_next(v, &frame, &at, NULL) != OK)
				fail_msg("case %zu, frame %d", i, n);
			assert_int_equal(at, 50 * n);
		}
		assert_int_equal(frame.width, i % 2 == 0 ? 96 : 64);
		assert_int_equal(frame.height, i % 2 == 0 ? 64 : 96);
		int left = frame.width / 4, right = frame.width * 3 / 4;
		int top = frame.height / 4, bottom = frame.height * 3 / 4;
		assert_int_equal(is_dark(&frame, left, top), !cases[i].right && !cases[i].low);
		assert_int_equal(is_dark(&frame, right, top), cases[i].right && !cases[i].low);
		assert_int_equal(is_dark(&frame, left, bottom), !cases[i].right && cases[i].low);
		assert_int_equal(is_dark(&frame, right, bottom), cases[i].right && cases[i].low);
		/* Shade 170 of 16..235 is 179 of 0..255. */
		int light = 3 *
			(cases[i].low ? left + top * frame.width : right + bottom * frame.width);
		assert_in_range(frame.rgb[light], 173, 186);
		video_close(v);
		image_finish(&frame);
		assert_int_equal(unlink(path), 0);
	}
}

/* A camera on the network: frames as fast as they are taken, then silence. */
struct server {
	pthread_t thread;
	int listener;
	char url[64];
	int frames;
	atomic_bool all_sent;
	int client;
};

static void send_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t put = send(fd, at, len, MSG_NOSIGNAL);
		if (put <= 0)
			return;
		at += put;
		len -= (size_t)put;
	}
}

static void *serve(void *arg)
{
	struct server *server = arg;
	char request[2048];
	server->client = accept(server->listener, NULL, NULL);
	if (server->client < 0)
		return NULL;
	if (recv(server->client, request, sizeof(request), 0) <= 0)
		return NULL;
	static const char head[] =
		"HTTP/1.0 200 OK\r\n"
		"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";
	send_all(server->client, head, sizeof(head) - 1);
	for (int i = 0; i < server->frames; i++) {
		struct buf part, jpeg;
		buf_init(&part, 1 << 20);
		buf_init(&jpeg, 1 << 20);
		add_shade(&jpeg, i);
		(void)!buf_printf(&part,
			"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n",
			jpeg.len);
		(void)!buf_add(&part, jpeg.data, jpeg.len);
		(void)!buf_add_str(&part, "\r\n");
		send_all(server->client, part.data, part.len);
		buf_finish(&part);
		buf_finish(&jpeg);
	}
	atomic_store(&server->all_sent, true);
	return NULL;
}

static void server_start(struct server *server, int frames)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	*server = (struct server){.frames = frames, .client = -1};
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(server->listener >= 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server->listener, 4), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/live",
		ntohs(address.sin_port));
	if (frames > 0)
		assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	if (server->frames > 0)
		pthread_join(server->thread, NULL);
	if (server->client >= 0)
		close(server->client);
	close(server->listener);
}

static void live_frames_are_skipped_rather_than_queued(void **state)
{
	(void)state;
	struct server server;
	struct image frame = {0};
	struct error why = {0};
	int64_t at = 0;
	int given = 0, skipped_in_all = 0, skipped = 0, last = -1;
	server_start(&server, LIVE_FRAMES);
	struct video *v = open_video(server.url);
	assert_true(video_is_live(v));
	/* Each frame is either given or counted as skipped, and the last one is given. */
	while (last != LIVE_FRAMES - 1) {
		assert_int_equal(video_latest(v, 0, &frame, &at, &skipped, &why), OK);
		assert_true(shade_of(&frame) > last);
		last = shade_of(&frame);
		skipped_in_all += skipped;
		given++;
		while (given == 1 && !atomic_load(&server.all_sent))
			usleep(1000);
	}
	assert_int_equal(given + skipped_in_all, LIVE_FRAMES);
	/* Now it is silent: closing does not wait for it. */
	video_close(v);
	server_stop(&server);
	image_finish(&frame);
}

static void a_live_source_that_ends_is_an_error(void **state)
{
	(void)state;
	struct server server;
	struct image frame = {0};
	struct error why = {0};
	int64_t at = 0;
	enum err err;
	server_start(&server, LIVE_FRAMES);
	struct video *v = open_video(server.url);
	pthread_join(server.thread, NULL);
	server.frames = 0;
	shutdown(server.client, SHUT_RDWR);
	while ((err = video_latest(v, 0, &frame, &at, NULL, &why)) == OK)
		;
	assert_int_equal(err, ERR_IO);
	assert_non_null(strstr(why.text, server.url));
	/* And stays one. */
	assert_int_equal(video_latest(v, 0, &frame, &at, NULL, &why), ERR_IO);
	assert_int_equal(video_next(v, &frame, &at, &why), ERR_IO);
	video_close(v);
	server_stop(&server);
	image_finish(&frame);
}

static void a_silent_server_is_given_up(void **state)
{
	(void)state;
	struct server server;
	struct video *v;
	struct error why = {0};
	struct video_options options = {.open_timeout_ms = 200};
	server_start(&server, 0);
	assert_int_equal(video_open(&v, server.url, &options, &why), ERR_IO);
	assert_null(v);
	assert_non_null(strstr(why.text, "no answer in time"));
	server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_a_file_come_in_order),
		cmocka_unit_test(frames_before_the_time_are_skipped),
		cmocka_unit_test(what_cannot_be_opened_is_said_clearly),
		cmocka_unit_test(a_turned_video_comes_out_upright),
		cmocka_unit_test(live_frames_are_skipped_rather_than_queued),
		cmocka_unit_test(a_live_source_that_ends_is_an_error),
		cmocka_unit_test(a_silent_server_is_given_up),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
