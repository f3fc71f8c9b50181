/* SPDX-License-Identifier: MIT */
/* The decoder's side: shuts itself in, then decodes until nobody asks any more. */
#include "media/sandbox_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "media/image_int.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { WARM_SIDE = 16, WARM_QUALITY = 80, WARM_BYTES_MAX = 64 * 1024, STATUS_WRONG = 2 };

/* What is mapped of the shared memory. */
struct shared {
	const uint8_t *file;
	uint8_t *pixels;
};

/* 1x1, lossy and lossless; the program cannot write WebP. */
static const uint8_t webp_lossy[] = {'R', 'I', 'F', 'F', 0x22, 0, 0, 0, 'W', 'E', 'B', 'P', 'V',
	'P', '8', ' ', 0x16, 0, 0, 0, 0x30, 0x01, 0x00, 0x9D, 0x01, 0x2A, 0x01, 0x00, 0x01, 0x00,
	0x0E, 0xC0, 0xFE, 0x25, 0xA4, 0x00, 0x03, 0x70, 0x00, 0x00, 0x00, 0x00};
static const uint8_t webp_lossless[] = {'R', 'I', 'F', 'F', 0x1A, 0, 0, 0, 'W', 'E', 'B', 'P', 'V',
	'P', '8', 'L', 0x0D, 0, 0, 0, 0x2F, 0x00, 0x00, 0x00, 0x10, 0x07, 0x10, 0x11, 0x11, 0x88,
	0x88, 0xFE, 0x07, 0x00};

bool sandbox_child_wanted(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], SANDBOX_ARGUMENT) == 0;
}

static bool map_memory(struct shared *m)
{
	void *file = mmap(NULL, IMAGE_FILE_MAX, PROT_READ, MAP_SHARED, SANDBOX_MEMORY, 0);
	void *pixels = mmap(NULL, SANDBOX_PIXELS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		SANDBOX_MEMORY, SANDBOX_PIXELS_AT);
	if (file == MAP_FAILED || pixels == MAP_FAILED)
		return false;
	*m = (struct shared){.file = file, .pixels = pixels};
	return true;
}

static void warm_up_with(const uint8_t *bytes, size_t len)
{
	struct image image;
	if (image_decode(bytes, len, NULL, &image, NULL, NULL) == OK)
		image_finish(&image);
}

/*
 * Decodes one image of each kind before the filter is in force: decoders look at the
 * processor the first time (libjpeg-turbo on 32-bit ARM reads /proc/cpuinfo).
 */
static void warm_up(void)
{
	struct image image;
	struct buf bytes;
	buf_init(&bytes, WARM_BYTES_MAX);
	if (image_new(&image, WARM_SIDE, WARM_SIDE, NULL) != OK)
		return;
	if (image_encode_jpeg(&image, WARM_QUALITY, &bytes, NULL) == OK)
		warm_up_with(bytes.data, bytes.len);
	buf_reset(&bytes);
	if (image_encode_png(&image, &bytes, NULL) == OK)
		warm_up_with(bytes.data, bytes.len);
	warm_up_with(webp_lossy, sizeof(webp_lossy));
	warm_up_with(webp_lossless, sizeof(webp_lossless));
	buf_finish(&bytes);
	image_finish(&image);
}

/* Bytes of address space in use; 0 when the system does not say. */
static rlim_t space_used(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	(void)fclose(file);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static enum err set_limit(int which, const char *name, rlim_t most, struct error *why)
{
	struct rlimit old = {0};
	if (getrlimit((__rlimit_resource_t)which, &old) == 0 && old.rlim_max != RLIM_INFINITY &&
		old.rlim_max < most)
		most = old.rlim_max;
	const struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
	if (setrlimit((__rlimit_resource_t)which, &limit) != 0)
		return err_errno(why, errno, "cannot limit the decoder's %s", name);
	return OK;
}

static enum err set_limits(uint64_t memory_max, struct error *why)
{
	rlim_t used = space_used();
	if (used == 0)
		return err_set(
			why, ERR_IO, "cannot limit the decoder's memory: /proc is not mounted");
	const struct {
		int which;
		const char *name;
		rlim_t most;
	} limits[] = {
		{RLIMIT_AS, "memory", used + (rlim_t)memory_max},
		{RLIMIT_FSIZE, "files", 0},
		{RLIMIT_CORE, "core dumps", 0},
		{RLIMIT_NPROC, "processes", 0},
		{RLIMIT_MEMLOCK, "locked memory", 0},
		{RLIMIT_NOFILE, "open files", 0},
	};
	enum err err = OK;
	for (size_t i = 0; err == OK && i < sizeof(limits) / sizeof(limits[0]); i++)
		err = set_limit(limits[i].which, limits[i].name, limits[i].most, why);
	return err;
}

/* libseccomp refuses for the same reasons, at one call or the other, and hides the kernel's. */
static const char no_filters[] = "the kernel, or the container this runs in, offers no seccomp "
				 "filters for this processor";

static enum err apply_filter(struct error *why)
{
	scmp_filter_ctx filter = sandbox_filter_new(0);
	if (filter == NULL)
		return err_set(why, ERR_UNSUPPORTED, "%s", no_filters);
	int code = seccomp_load(filter);
	seccomp_release(filter);
	if (code == 0)
		return OK;
	return err_set(why, ERR_UNSUPPORTED, "%s", no_filters);
}

static enum err shut_in(uint64_t memory_max, struct error *why)
{
	if (SANITIZED)
		return err_set(
			why, ERR_UNSUPPORTED, "this build has a sanitizer, which needs more");
	enum err err = set_limits(memory_max, why);
	if (err != OK)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_errno(why, errno, "cannot give up the decoder's privileges");
	return apply_filter(why);
}

/* One message; false at the end, and for one of another size. */
static bool receive(void *message, size_t size)
{
	ssize_t got;
	do
		got = read(SANDBOX_SOCKET, message, size);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)size;
}

static bool answer(const struct sandbox_reply *reply)
{
	ssize_t put;
	do
		put = write(SANDBOX_SOCKET, reply, sizeof(*reply));
	while (put < 0 && errno == EINTR);
	return put == (ssize_t)sizeof(*reply);
}

static void decode(
	const struct shared *m, const struct sandbox_request *request, struct sandbox_reply *reply)
{
	struct error why = {0};
	struct image image;
	const struct image_options options = {.min_side = request->min_side, .room = m->pixels};
	int truncated;
#ifdef SANDBOX_TEST_HOOK
	sandbox_test_hook(m->file, request->len);
#endif
	*reply = (struct sandbox_reply){.number = request->number};
	reply->err = image_decode(m->file, request->len, &options, &image, &truncated, &why);
	memcpy(reply->text, why.text, sizeof(reply->text));
	if (reply->err != OK)
		return;
	reply->width = image.width;
	reply->height = image.height;
	reply->truncated = truncated;
	if (image.rgb != m->pixels)
		memcpy(m->pixels, image.rgb, 3 * (size_t)image.width * (size_t)image.height);
	image_drop(&image, m->pixels);
}

int sandbox_child(void)
{
	struct shared memory;
	struct sandbox_setup setup;
	if (!receive(&setup, sizeof(setup)) || !map_memory(&memory)) {
		fprintf(stderr, "rollcall: %s is for the program itself\n", SANDBOX_ARGUMENT);
		return STATUS_WRONG;
	}
	close_range(SANDBOX_MEMORY, ~0U, 0);
	warm_up();
	struct error why = {0};
	struct sandbox_reply reply = {0};
	reply.err = shut_in(setup.memory_max, &why);
	memcpy(reply.text, why.text, sizeof(reply.text));
	struct sandbox_request request;
	while (answer(&reply) && receive(&request, sizeof(request))) {
		if (request.len > IMAGE_FILE_MAX)
			return STATUS_WRONG;
		decode(&memory, &request, &reply);
	}
	return 0;
}
