/* SPDX-License-Identifier: MIT */
/*
 * FFmpeg, loaded when the first video is opened and not when the program starts: it comes
 * with two hundred libraries (docs/decisions/0004-ffmpeg-on-demand.md). Its headers are
 * used as they are; its functions are called through the table below. Any thread.
 */
#ifndef MEDIA_FFMPEG_H
#define MEDIA_FFMPEG_H

#include <libavcodec/avcodec.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/time.h>
#include <libswscale/swscale.h>

#include "base/err.h"

/* Every function that is used, behind the library it is in: X(library, function). */
#define FFMPEG_FUNCTIONS(X)                       \
	X(avdevice, avdevice_register_all)        \
	X(avformat, av_find_best_stream)          \
	X(avformat, av_find_input_format)         \
	X(avformat, av_read_frame)                \
	X(avformat, avformat_alloc_context)       \
	X(avformat, avformat_close_input)         \
	X(avformat, avformat_find_stream_info)    \
	X(avformat, avformat_free_context)        \
	X(avformat, avformat_open_input)          \
	X(avcodec, av_packet_alloc)               \
	X(avcodec, av_packet_free)                \
	X(avcodec, av_packet_unref)               \
	X(avcodec, avcodec_alloc_context3)        \
	X(avcodec, avcodec_free_context)          \
	X(avcodec, avcodec_open2)                 \
	X(avcodec, avcodec_parameters_to_context) \
	X(avcodec, avcodec_receive_frame)         \
	X(avcodec, avcodec_send_packet)           \
	X(swscale, sws_freeContext)               \
	X(swscale, sws_getCachedContext)          \
	X(swscale, sws_getCoefficients)           \
	X(swscale, sws_scale)                     \
	X(swscale, sws_setColorspaceDetails)      \
	X(avutil, av_dict_free)                   \
	X(avutil, av_dict_set)                    \
	X(avutil, av_display_rotation_get)        \
	X(avutil, av_frame_alloc)                 \
	X(avutil, av_frame_free)                  \
	X(avutil, av_frame_move_ref)              \
	X(avutil, av_frame_unref)                 \
	X(avutil, av_free)                        \
	X(avutil, av_gettime_relative)            \
	X(avutil, av_log_format_line2)            \
	X(avutil, av_log_set_callback)            \
	X(avutil, av_malloc)                      \
	X(avutil, av_rescale_q)                   \
	X(avutil, av_strerror)                    \
	X(avutil, av_usleep)

#define FFMPEG_POINTER(library, function) __typeof__(function) *function;
struct ffmpeg {
	FFMPEG_FUNCTIONS(FFMPEG_POINTER)
};
#undef FFMPEG_POINTER

/* Cameras take libavdevice, which is half of all that FFmpeg brings. */
enum ffmpeg_part { FFMPEG_FILES, FFMPEG_CAMERAS };

/*
 * The functions of files and streams (all but avdevice_*), or those of cameras too: loaded when
 * first asked for (some tens of milliseconds), there until the program ends. FFmpeg's log goes
 * to ours from then on. ERR_UNSUPPORTED where a library is missing, with what to install.
 */
enum err ffmpeg_load(enum ffmpeg_part part, const struct ffmpeg **out, struct error *why) MUST_USE;

#endif
