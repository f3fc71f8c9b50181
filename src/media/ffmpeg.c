/* SPDX-License-Identifier: MIT */
#include "media/ffmpeg.h"

#include <dlfcn.h>
#include <libavcodec/version.h>
#include <libavdevice/version.h>
#include <libavformat/version.h>
#include <libavutil/macros.h>
#include <libavutil/version.h>
#include <libswscale/version.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"

/* In the order in which they are loaded: cameras come last. */
enum library { LIB_avutil, LIB_swscale, LIB_avcodec, LIB_avformat, LIB_avdevice, LIBRARIES };

/* Of the version whose headers this was built with: another's structs would be different. */
static const char *const files[LIBRARIES] = {
	[LIB_avutil] = "libavutil.so." AV_STRINGIFY(LIBAVUTIL_VERSION_MAJOR),
	[LIB_swscale] = "libswscale.so." AV_STRINGIFY(LIBSWSCALE_VERSION_MAJOR),
	[LIB_avcodec] = "libavcodec.so." AV_STRINGIFY(LIBAVCODEC_VERSION_MAJOR),
	[LIB_avformat] = "libavformat.so." AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR),
	[LIB_avdevice] = "libavdevice.so." AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR),
};

/* Debian's package that brings all of them. */
static const char package[] = "libavdevice" AV_STRINGIFY(LIBAVDEVICE_VERSION_MAJOR);

#define FUNCTION(library, function) {LIB_##library, #function, offsetof(struct ffmpeg, function)},
static const struct {
	enum library library;
	const char *name;
	size_t at; /* in struct ffmpeg */
} functions[] = {FFMPEG_FUNCTIONS(FUNCTION)};

/* What is open stays open: FFmpeg's threads and its log may outlast any video. */
static struct {
	pthread_mutex_t lock;
	int libraries; /* so many are loaded, and their functions known */
	struct ffmpeg functions;
} loaded = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void take_log(void *context, int level, const char *fmt, va_list args)
{
	if (level > AV_LOG_WARNING)
		return;
	char line[512];
	int with_prefix = 1;
	loaded.functions.av_log_format_line2(
		context, level, fmt, args, line, sizeof(line), &with_prefix);
	line[strcspn(line, "\n")] = '\0';
	log_at(LOG_DEBUG, "ffmpeg: %s", line);
}

static enum err load(int library, struct error *why)
{
	void *handle = dlopen(files[library], RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	if (handle == NULL)
		return err_set(why, ERR_UNSUPPORTED,
			"video needs FFmpeg: %s; sudo apt-get install %s", dlerror(), package);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (functions[i].library != (enum library)library)
			continue;
		void *function = dlsym(handle, functions[i].name);
		if (function == NULL)
			return err_set(why, ERR_UNSUPPORTED,
				"video needs FFmpeg: %s has no %s; build Rollcall again",
				files[library], functions[i].name);
		memcpy((char *)&loaded.functions + functions[i].at, &function, sizeof(function));
	}
	if (library == LIB_avutil)
		loaded.functions.av_log_set_callback(take_log);
	if (library == LIB_avdevice)
		loaded.functions.avdevice_register_all();
	return OK;
}

enum err ffmpeg_load(enum ffmpeg_part part, const struct ffmpeg **out, struct error *why)
{
	int wanted = part == FFMPEG_CAMERAS ? LIBRARIES : LIB_avdevice;
	enum err err = OK;
	*out = NULL;
	pthread_mutex_lock(&loaded.lock);
	while (loaded.libraries < wanted && err == OK) {
		err = load(loaded.libraries, why);
		loaded.libraries += err == OK;
	}
	pthread_mutex_unlock(&loaded.lock);
	if (err == OK)
		*out = &loaded.functions;
	return err;
}
