/* SPDX-License-Identifier: MIT */
#include "media/sandbox_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "media/image_int.h"

enum {
	START_MS = 20000, /* until the decoder says that it is ready */
	TIME_SPARE_S = 2, /* processor time beyond the limit: the wall clock acts first */
	/*
	 * Of the file and of the pixels each: what stays allocated between images in any case,
	 * and what if the last image needed it.
	 */
	KEEP_BYTES = 4 << 20,
	KEEP_MAX = 48 << 20,
	FIRST_SPARE_FD = 10, /* above every number that the decoder uses */
	MEMORY_MAX_MB = 1024,
	TIME_MAX_MS = 20000,
	IMAGES_MAX = 1000,
};

/* A part of the shared memory: where it begins, up to where the system has memory for it. */
struct part {
	off_t at;
	size_t held;
};

struct sandbox {
	struct sandbox_options options;
	int memory; /* the shared memory; a memfd of fixed size */
	struct part file, pixels;
	pid_t pid;  /* 0 = there is none */
	int socket; /* -1 = there is none */
	uint32_t number;
	int images; /* of this process */
	bool truncated, protected, warned;
	struct sandbox_counts counts;
};

struct sandbox_options sandbox_options_default(void)
{
	return (struct sandbox_options){.memory_max = (size_t)MEMORY_MAX_MB << 20,
		.time_max_ms = TIME_MAX_MS,
		.images_max = IMAGES_MAX};
}

/* --- the process --- */

/* Kills the process, if there is one, and gives how it ended as waitpid does; -1 if unknown. */
static int end_process(struct sandbox *s)
{
	int status = -1;
	if (s->pid > 0) {
		/* One that is dead already keeps the status it died with. */
		(void)kill(s->pid, SIGKILL);
		pid_t got;
		do
			got = waitpid(s->pid, &status, 0);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			status = -1;
	}
	if (s->socket >= 0)
		close(s->socket);
	s->socket = -1;
	s->pid = 0;
	return status;
}

static enum err make_memory(struct sandbox *s, struct error *why)
{
	s->memory = memfd_create("rollcall-images", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->memory < 0)
		return err_errno(why, errno, "cannot make memory for decoding images");
	/* A size that nobody can change: the decoder cannot pull the ground away. */
	if (ftruncate(s->memory, SANDBOX_PIXELS_AT + (off_t)SANDBOX_PIXELS_BYTES) != 0 ||
		fcntl(s->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return err_errno(why, errno, "cannot fix the memory for decoding images");
	return OK;
}

/*
 * What the new process has: /dev/null, its end of the socket, the shared memory. Signals that
 * ask the program to end are not for it: it goes when the program closes the socket.
 */
static int prepare(
	posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int socket, int memory)
{
	sigset_t blocked, normal;
	sigemptyset(&blocked);
	static const int asks[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		sigaddset(&blocked, asks[i]);
	sigfillset(&normal);
	int code = 0;
	for (int fd = 0; code == 0 && fd < SANDBOX_SOCKET; fd++)
		code = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(files, socket, SANDBOX_SOCKET);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(files, memory, SANDBOX_MEMORY);
	if (code == 0)
		code = posix_spawn_file_actions_addclosefrom_np(files, SANDBOX_FDS);
	if (code == 0)
		code = posix_spawnattr_setsigmask(attributes, &blocked);
	if (code == 0)
		code = posix_spawnattr_setsigdefault(attributes, &normal);
	if (code == 0)
		code = posix_spawnattr_setflags(
			attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return code;
}

/* Starts the program with these two descriptors; an errno. */
static int spawn(const char *program, int socket, int memory, pid_t *pid)
{
	char name[] = "rollcall-decode", argument[] = SANDBOX_ARGUMENT;
	char *const argv[] = {name, argument, NULL};
	char *const nothing[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int code = posix_spawn_file_actions_init(&files);
	if (code != 0)
		return code;
	code = posix_spawnattr_init(&attributes);
	if (code == 0) {
		code = prepare(&files, &attributes, socket, memory);
		if (code == 0)
			code = posix_spawn(pid, program, &files, &attributes, argv, nothing);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&files);
	return code;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum outcome { ANSWERED, TOO_LATE, NONSENSE, GONE };

/* Whether that can be the answer to the last question. */
static bool makes_sense(const struct sandbox *s, const struct sandbox_reply *reply)
{
	if (reply->number != s->number || reply->err < ERR_INTERNAL || reply->err > OK)
		return false;
	return reply->number == 0 || reply->err != OK ||
		image_check_size(reply->width, reply->height, NULL) == OK;
}

/* Waits for one message of the decoder; one of another size or number makes no sense. */
static enum outcome await(struct sandbox *s, int time_ms, struct sandbox_reply *reply)
{
	const int64_t deadline = now_ms() + time_ms;
	for (;;) {
		int64_t left = deadline - now_ms();
		struct pollfd p = {.fd = s->socket, .events = POLLIN};
		int ready = poll(&p, 1, left > 0 ? (int)left : 0);
		if (ready == 0)
			return TOO_LATE;
		if (ready < 0) {
			if (errno == EINTR)
				continue;
			return GONE;
		}
		ssize_t got = recv(s->socket, reply, sizeof(*reply), MSG_DONTWAIT | MSG_TRUNC);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return GONE;
		if (got != (ssize_t)sizeof(*reply) || !makes_sense(s, reply))
			return NONSENSE;
		reply->text[sizeof(reply->text) - 1] = '\0';
		return ANSWERED;
	}
}

static enum err greet(struct sandbox *s, struct error *why)
{
	const struct sandbox_setup setup = {.memory_max = s->options.memory_max};
	struct sandbox_reply reply;
	s->number = 0;
	if (send(s->socket, &setup, sizeof(setup), MSG_NOSIGNAL) != (ssize_t)sizeof(setup) ||
		await(s, START_MS, &reply) != ANSWERED)
		return err_set(why, ERR_IO, "the process that decodes images does not start");
	s->protected = reply.err == OK;
	if (s->protected)
		return OK;
	bool sanitized = strstr(reply.text, "sanitizer") != NULL;
	if (!sanitized && !s->options.allow_unprotected)
		return err_set(why, reply.err == ERR_UNSUPPORTED ? ERR_UNSUPPORTED : ERR_IO,
			"images cannot be decoded in a process that can do nothing else: %s",
			reply.text);
	if (!s->warned)
		log_at(LOG_WARN, "images are decoded without a filter: %s", reply.text);
	s->warned = true;
	return OK;
}

static enum err start_process(struct sandbox *s, struct error *why)
{
	int pair[2] = {-1, -1}, theirs = -1, memory = -1;
	enum err err = OK;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_errno(why, errno, "cannot start a process to decode images");
	/* Out of the way of the numbers they get over there. */
	theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
	memory = fcntl(s->memory, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
	close(pair[1]);
	s->socket = pair[0];
	const char *program = s->options.program != NULL ? s->options.program : "/proc/self/exe";
	int code = theirs < 0 || memory < 0 ? errno : spawn(program, theirs, memory, &s->pid);
	if (code != 0) {
		s->pid = 0;
		err = err_errno(why, code, "cannot start a process to decode images");
	}
	if (theirs >= 0)
		close(theirs);
	if (memory >= 0)
		close(memory);
	if (err == OK) {
		s->images = 0;
		s->counts.started++;
		err = greet(s, why);
	}
	if (err != OK)
		end_process(s);
	return err;
}

/* A process that is there and waits. */
static enum err ensure_process(struct sandbox *s, struct error *why)
{
	if (s->pid > 0) {
		/* Between two images there is nothing to hear but its end. */
		struct pollfd p = {.fd = s->socket, .events = POLLIN};
		bool over = poll(&p, 1, 0) != 0;
		if (!over && s->images < s->options.images_max)
			return OK;
		end_process(s);
	}
	return start_process(s, why);
}

/* --- one image --- */

/* What the process may still take of the processor; in case this program dies meanwhile. */
static void limit_time(const struct sandbox *s)
{
	clockid_t clock;
	struct timespec used;
	if (clock_getcpuclockid(s->pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
		return;
	struct rlimit limit = {.rlim_max = RLIM_INFINITY};
	(void)prlimit(s->pid, RLIMIT_CPU, NULL, &limit);
	limit.rlim_cur =
		(rlim_t)used.tv_sec + (rlim_t)(s->options.time_max_ms / 1000) + TIME_SPARE_S;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	(void)prlimit(s->pid, RLIMIT_CPU, &limit, NULL);
}

static bool write_file(const struct sandbox *s, const uint8_t *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t put = pwrite(s->memory, bytes + done, len - done, (off_t)done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += (size_t)put;
	}
	return true;
}

static bool read_pixels(const struct sandbox *s, uint8_t *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t got =
			pread(s->memory, to + done, len - done, SANDBOX_PIXELS_AT + (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/*
 * Gives memory back to the system after an image that used so much of a part. As much as it used
 * stays, up to KEEP_MAX: images often come in series, and new memory costs more than the copying.
 */
static void give_back(const struct sandbox *s, struct part *part, size_t used)
{
	if (used > part->held)
		part->held = used;
	size_t keep = used < KEEP_BYTES ? KEEP_BYTES : used > KEEP_MAX ? KEEP_MAX : used;
	if (part->held <= keep)
		return;
	(void)fallocate(s->memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		part->at + (off_t)keep, (off_t)(part->held - keep));
	part->held = keep;
}

/* Ends the process, that did not answer, and says why in terms of the image. */
static enum err explain_end(struct sandbox *s, enum outcome outcome, struct error *why)
{
	int status = end_process(s);
	int signal = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (outcome == TOO_LATE || signal == SIGXCPU) {
		s->counts.timeouts++;
		return err_set(why, ERR_LIMIT, "decoding it takes longer than %g s",
			s->options.time_max_ms / 1000.0);
	}
	s->counts.crashes++;
	if (outcome == NONSENSE)
		return err_set(why, ERR_FORMAT,
			"it made its decoder answer nonsense: it is broken, or an attack");
	if (signal == SIGKILL)
		return err_set(why, ERR_BUSY,
			"the process that decoded it was killed: is memory short? try again");
	if (signal == SIGSYS)
		return err_set(why, ERR_FORMAT,
			"it made its decoder do what is forbidden: it is broken, or an attack");
	if (signal != 0)
		return err_set(why, ERR_FORMAT, "it crashed its decoder (%s): it is broken",
			strsignal(signal));
	return err_set(why, ERR_FORMAT, "it stopped its decoder: it is broken");
}

/* The decoder's own error. */
static enum err decoder_error(
	const struct sandbox *s, const struct sandbox_reply *reply, struct error *why)
{
	if (reply->err == ERR_NOMEM)
		return err_set(why, ERR_LIMIT, "decoding it takes more than %zu MB of memory",
			s->options.memory_max >> 20);
	return err_set(why, (enum err)reply->err, "%s", reply->text);
}

static enum err take_pixels(
	struct sandbox *s, const struct sandbox_reply *reply, struct image *out, struct error *why)
{
	enum err err = image_alloc(out, reply->width, reply->height, 3, why);
	if (err != OK)
		return err;
	size_t len = 3 * (size_t)reply->width * (size_t)reply->height;
	if (!read_pixels(s, out->rgb, len)) {
		image_finish(out);
		err = err_errno(why, errno, "cannot read the pixels of an image");
	}
	give_back(s, &s->pixels, len);
	s->truncated = reply->truncated != 0;
	return err;
}

/* Hands the image, which is in the shared memory, to the process and waits. */
static enum outcome ask(struct sandbox *s, const struct image_options *options, size_t len,
	struct sandbox_reply *reply)
{
	limit_time(s);
	s->images++;
	if (++s->number == 0)
		s->number = 1;
	const struct sandbox_request request = {.number = s->number,
		.min_side = options != NULL ? options->min_side : 0,
		.len = len};
	if (send(s->socket, &request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request))
		return GONE;
	return await(s, s->options.time_max_ms, reply);
}

enum err sandbox_decode(struct sandbox *s, const uint8_t *bytes, size_t len,
	const struct image_options *options, struct image *out, struct error *why)
{
	*out = (struct image){0};
	s->truncated = false;
	s->counts.images++;
	enum err err = image_check_bytes(len, why);
	if (err == OK && !write_file(s, bytes, len))
		err = err_errno(why, errno, "cannot hand an image to its decoder");
	for (bool again = err == OK; again;) {
		struct sandbox_reply reply;
		again = false;
		err = ensure_process(s, why);
		if (err != OK)
			break;
		enum outcome outcome = ask(s, options, len, &reply);
		if (outcome != ANSWERED) {
			/* Perhaps an image before this one did it: a new process tells. */
			bool first = s->images == 1;
			err = explain_end(s, outcome, why);
			again = !first && err == ERR_FORMAT;
		} else if (reply.err != OK) {
			err = decoder_error(s, &reply, why);
		} else {
			err = take_pixels(s, &reply, out, why);
		}
	}
	give_back(s, &s->file, len);
	return err;
}

bool sandbox_truncated(const struct sandbox *s)
{
	return s->truncated;
}

bool sandbox_protected(const struct sandbox *s)
{
	return s->protected;
}

pid_t sandbox_pid(const struct sandbox *s)
{
	return s->pid;
}

struct sandbox_counts sandbox_counts(const struct sandbox *s)
{
	return s->counts;
}

enum err sandbox_open(
	struct sandbox **out, const struct sandbox_options *options, struct error *why)
{
	*out = NULL;
	struct sandbox *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(why, ERR_NOMEM, "out of memory for a decoder");
	s->memory = s->socket = -1;
	s->pixels.at = SANDBOX_PIXELS_AT;
	s->options = options != NULL ? *options : sandbox_options_default();
	enum err err = make_memory(s, why);
	if (err == OK)
		err = start_process(s, why);
	if (err == OK)
		*out = s;
	else
		sandbox_close(s);
	return err;
}

void sandbox_close(struct sandbox *s)
{
	if (s == NULL)
		return;
	end_process(s);
	if (s->memory >= 0)
		close(s->memory);
	free(s);
}
