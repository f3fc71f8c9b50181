/* SPDX-License-Identifier: MIT */
/*
 * Decoding in a process of its own. This program is that process too, with a hook: "images"
 * that begin with HOOK misbehave as an attacker's code would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "media/sandbox_int.h"
#include "tests/support/pictures.h"

enum { WIDTH = 61, HEIGHT = 43, SHORT_MS = 300, LONG_MS = 60000 };

#define HOOK "HOOK:"

/* --- in the decoder --- */

static void do_open(void)
{
	(void)!open("/etc/passwd", O_RDONLY);
}

static void do_read_other(void)
{
	char byte;
	(void)!read(0, &byte, 1);
}

static void do_socket(void)
{
	(void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void do_fork(void)
{
	(void)!fork();
}

static void do_exec(void)
{
	static char name[] = "/bin/true";
	char *const argv[] = {name, NULL};
	execv(name, argv);
}

static void do_kill(void)
{
	kill(1, 0);
}

static void do_trace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_map_code(void)
{
	(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_map_file(void)
{
	(void)!mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0);
}

static void do_thread(void)
{
	(void)!syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void do_crash(void)
{
	abort(); /* which raises a signal, and that is forbidden too */
}

static void do_fault(void)
{
	volatile uintptr_t nowhere = 64;
	*(volatile int *)nowhere = 1;
}

static void do_spin(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

static void do_eat(void)
{
	for (;;) {
		char *more = malloc(1 << 20);
		if (more == NULL)
			do_fault();
		memset(more, 1, 1 << 20);
	}
}

/* An answer to another question. */
static void do_lie(void)
{
	struct sandbox_reply reply = {.number = 4711, .width = 1, .height = 1};
	(void)!write(SANDBOX_SOCKET, &reply, sizeof(reply));
}

static void do_half(void)
{
	(void)!write(SANDBOX_SOCKET, "half", 4);
}

/* A size for which there are no pixels. */
static void do_boast(void)
{
	struct sandbox_reply reply = {.number = 1, .width = 60000, .height = 60000};
	(void)!write(SANDBOX_SOCKET, &reply, sizeof(reply));
}

static void do_babble(void)
{
	struct sandbox_reply reply = {.number = 1, .err = 77};
	memset(reply.text, '\n', sizeof(reply.text));
	(void)!write(SANDBOX_SOCKET, &reply, sizeof(reply));
}

/* A second answer, for whoever comes next. */
static void do_answer_twice(void)
{
	struct sandbox_reply reply = {.number = 1, .err = ERR_FORMAT, .text = "the first"};
	(void)!write(SANDBOX_SOCKET, &reply, sizeof(reply));
}

static const struct hook {
	const char *name;
	void (*run)(void);
} hooks[] = {
	{"open", do_open},
	{"read-other", do_read_other},
	{"socket", do_socket},
	{"fork", do_fork},
	{"exec", do_exec},
	{"kill", do_kill},
	{"trace", do_trace},
	{"map-code", do_map_code},
	{"map-file", do_map_file},
	{"thread", do_thread},
	{"crash", do_crash},
	{"fault", do_fault},
	{"spin", do_spin},
	{"eat", do_eat},
	{"lie", do_lie},
	{"half", do_half},
	{"boast", do_boast},
	{"babble", do_babble},
	{"answer-twice", do_answer_twice},
};

void sandbox_test_hook(const uint8_t *bytes, size_t len)
{
	size_t prefix = strlen(HOOK);
	if (len < prefix || memcmp(bytes, HOOK, prefix) != 0)
		return;
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		size_t size = strlen(hooks[i].name);
		if (len == prefix + size && memcmp(bytes + prefix, hooks[i].name, size) == 0)
			hooks[i].run();
	}
}

/* --- outside --- */

static struct sandbox *open_with(const struct sandbox_options *options)
{
	struct sandbox *s;
	struct error why = {0};
	enum err err = sandbox_open(&s, options, &why);
	if (err == ERR_UNSUPPORTED) {
		print_message("skipped: %s\n", why.text);
		skip();
	}
	if (err != OK)
		fail_msg("%s", why.text);
	return s;
}

/* Only where the filter is in force; sanitizers need more system calls. */
static struct sandbox *open_protected(const struct sandbox_options *options)
{
	struct sandbox *s = open_with(options);
	if (!sandbox_protected(s)) {
		sandbox_close(s);
		print_message("skipped: no filter in a build with a sanitizer\n");
		skip();
	}
	return s;
}

static enum err decode_hook(struct sandbox *s, const char *name, struct error *why)
{
	char bytes[64];
	struct image out = {.width = 7};
	snprintf(bytes, sizeof(bytes), "%s%s", HOOK, name);
	*why = (struct error){0};
	enum err err = sandbox_decode(s, (const uint8_t *)bytes, strlen(bytes), NULL, &out, why);
	assert_int_not_equal(err, OK);
	assert_null(out.rgb);
	assert_int_equal(out.width, 0);
	return err;
}

/* In the sandbox and here: the same pixels or the same error. */
static void compare(struct sandbox *s, const struct buf *bytes, int min_side)
{
	const struct image_options options = {.min_side = min_side};
	struct image inside, here;
	struct error why_inside = {0}, why_here = {0};
	int truncated = 0;
	enum err err =
		image_decode(bytes->data, bytes->len, &options, &here, &truncated, &why_here);
	assert_int_equal(
		sandbox_decode(s, bytes->data, bytes->len, &options, &inside, &why_inside), err);
	if (err != OK)
		assert_string_equal(why_inside.text, why_here.text);
	assert_int_equal(sandbox_truncated(s), truncated != 0);
	assert_int_equal(inside.width, here.width);
	assert_int_equal(inside.height, here.height);
	if (err == OK)
		assert_int_equal(picture_difference(&inside, &here), 0);
	image_finish(&inside);
	image_finish(&here);
}

/* A good image still decodes: what went before cost only itself. */
static void assert_works(struct sandbox *s)
{
	struct image picture;
	struct buf bytes;
	buf_init(&bytes, IMAGE_FILE_MAX);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_jpeg(&bytes, &picture, PICTURE_BASELINE, 6);
	compare(s, &bytes, 0);
	buf_finish(&bytes);
	image_finish(&picture);
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* Kills the decoder from outside, and sees it dead. */
static void kill_now(const struct sandbox *s)
{
	siginfo_t info;
	kill(sandbox_pid(s), SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)sandbox_pid(s), &info, WEXITED | WNOWAIT), 0);
}

static void pixels_are_those_of_decoding_here(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	struct image picture;
	struct buf bytes;
	buf_init(&bytes, IMAGE_FILE_MAX);
	picture_fill(&picture, WIDTH, HEIGHT);
	for (int kind = PICTURE_BASELINE; kind <= PICTURE_RESTARTS; kind++) {
		for (int orientation = 0; orientation <= 8; orientation++) {
			buf_reset(&bytes);
			picture_jpeg(&bytes, &picture, kind, orientation);
			compare(s, &bytes, 0);
			compare(s, &bytes, 20);
		}
	}
	for (int orientation = 0; orientation <= 8; orientation++) {
		buf_reset(&bytes);
		picture_png(&bytes, &picture, 6, 8, orientation % 2 == 0, orientation);
		compare(s, &bytes, 0);
		for (int kind = PICTURE_LOSSLESS; kind <= PICTURE_LOSSY; kind++) {
			buf_reset(&bytes);
			picture_webp(&bytes, &picture, kind, orientation);
			compare(s, &bytes, 0);
		}
	}
	assert_int_equal(sandbox_counts(s).started, 1);
	image_finish(&picture);
	buf_finish(&bytes);
	sandbox_close(s);
}

static void errors_are_those_of_decoding_here(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	static const char *const texts[] = {"", "no image", "\xFF\xD8\xFF", "\x89PNG\r\n\x1a\n",
		"RIFF....WEBPVP8 ", "GIF89a", "BM", "%PDF-1.7"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf bytes;
		buf_init(&bytes, 1024);
		assert_int_equal(buf_add_str(&bytes, texts[i]), OK);
		compare(s, &bytes, 0);
		buf_finish(&bytes);
	}
	struct image picture;
	struct buf bytes;
	buf_init(&bytes, IMAGE_FILE_MAX);
	picture_fill(&picture, WIDTH, HEIGHT);
	picture_jpeg(&bytes, &picture, PICTURE_PROGRESSIVE, 0);
	for (size_t len = bytes.len; len > 0; len -= len / 9 + 1) {
		bytes.len = len;
		compare(s, &bytes, 0);
	}
	struct image out;
	struct error why = {0};
	assert_int_equal(
		sandbox_decode(s, bytes.data, (size_t)IMAGE_FILE_MAX + 1, NULL, &out, &why),
		ERR_LIMIT);
	assert_non_null(strstr(why.text, "the limit is 64 MB"));
	assert_int_equal(sandbox_counts(s).started, 1);
	assert_int_equal(sandbox_counts(s).crashes, 0);
	image_finish(&picture);
	buf_finish(&bytes);
	sandbox_close(s);
}

/* A PNG header that claims so many pixels, with a good checksum and nothing behind it. */
static void a_bomb_is_refused_from_its_header(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	static const uint8_t bomb[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13,
		'I', 'H', 'D', 'R', 0, 0, 0xF0, 0, 0, 0, 0xF0, 0, 8, 2, 0, 0, 0, 0x19, 0xB5, 0x34,
		0x9C};
	struct buf bytes;
	buf_init(&bytes, 1024);
	assert_int_equal(buf_add(&bytes, bomb, sizeof(bomb)), OK);
	compare(s, &bytes, 0);
	buf_finish(&bytes);
	assert_works(s);
	assert_int_equal(sandbox_counts(s).started, 1);
	sandbox_close(s);
}

static void what_is_forbidden_kills_and_costs_one_image(void **state)
{
	(void)state;
	struct sandbox *s = open_protected(NULL);
	static const char *const crimes[] = {"open", "read-other", "socket", "fork", "exec", "kill",
		"trace", "map-code", "map-file", "thread", "crash"};
	enum { CRIMES = sizeof(crimes) / sizeof(crimes[0]) };
	for (size_t i = 0; i < CRIMES; i++) {
		struct error why;
		if (decode_hook(s, crimes[i], &why) != ERR_FORMAT ||
			strstr(why.text, "what is forbidden") == NULL)
			fail_msg("%s: %s", crimes[i], why.text);
		assert_works(s);
	}
	/* Each but the first came to a used process, and had a second try. */
	assert_int_equal(sandbox_counts(s).crashes, 2 * CRIMES - 1);
	assert_int_equal(sandbox_counts(s).started, 2 * CRIMES);
	sandbox_close(s);
}

static void a_crash_costs_one_image(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	struct error why;
	assert_int_equal(decode_hook(s, "fault", &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "it is broken"));
	assert_works(s);
	assert_int_equal(sandbox_counts(s).crashes, 1);
	assert_int_equal(sandbox_counts(s).started, 2);
	sandbox_close(s);
}

static void lies_of_a_taken_over_decoder_are_not_believed(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	struct error why;
	/* Each in a process of its own, whose first image has the number 1. */
	static const char *const lies[] = {"lie", "half", "boast", "babble"};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		if (decode_hook(s, lies[i], &why) != ERR_FORMAT ||
			strstr(why.text, "nonsense") == NULL)
			fail_msg("%s: %s", lies[i], why.text);
		assert_works(s);
		kill_now(s);
	}
	sandbox_close(s);
}

static void an_answer_too_many_does_not_reach_the_next(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	struct error why;
	assert_int_equal(decode_hook(s, "answer-twice", &why), ERR_FORMAT);
	assert_string_equal(why.text, "the first");
	assert_works(s);
	assert_int_equal(sandbox_counts(s).started, 2);
	sandbox_close(s);
}

static void a_slow_image_is_given_up(void **state)
{
	(void)state;
	struct sandbox_options options = sandbox_options_default();
	options.time_max_ms = SHORT_MS;
	struct sandbox *s = open_with(&options);
	struct error why;
	assert_int_equal(decode_hook(s, "spin", &why), ERR_LIMIT);
	assert_string_equal(why.text, "decoding it takes longer than 0.3 s");
	assert_int_equal(sandbox_counts(s).timeouts, 1);
	sandbox_close(s);
}

static void memory_is_limited(void **state)
{
	(void)state;
	struct sandbox_options options = sandbox_options_default();
	options.memory_max = (size_t)16 << 20;
	struct sandbox *s = open_protected(&options);
	struct error why = {0};
	struct image picture, out;
	struct buf bytes;
	assert_int_equal(image_new(&picture, 4000, 3000, &why), OK);
	buf_init(&bytes, IMAGE_FILE_MAX);
	assert_int_equal(image_encode_png(&picture, &bytes, &why), OK);
	assert_int_equal(sandbox_decode(s, bytes.data, bytes.len, NULL, &out, &why), ERR_LIMIT);
	assert_string_equal(why.text, "decoding it takes more than 16 MB of memory");
	assert_int_equal(sandbox_counts(s).started, 1);
	assert_int_equal(decode_hook(s, "eat", &why), ERR_FORMAT); /* crashes when it is full */
	assert_works(s);
	image_finish(&picture);
	buf_finish(&bytes);
	sandbox_close(s);
}

/* Kills the decoder once it has worked for a while. */
static void *kill_in_the_middle(void *arg)
{
	pid_t pid = sandbox_pid(arg);
	clockid_t clock;
	struct timespec used = {0}, before = {0};
	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &before) != 0)
		return NULL;
	do {
		const struct timespec nap = {.tv_nsec = 5000000};
		nanosleep(&nap, NULL);
		if (clock_gettime(clock, &used) != 0)
			return NULL;
	} while ((used.tv_sec - before.tv_sec) * 1000000000 + used.tv_nsec - before.tv_nsec <
		50000000);
	kill(pid, SIGKILL);
	return NULL;
}

static void killed_in_the_middle_is_busy_and_the_next_works(void **state)
{
	(void)state;
	struct sandbox_options options = sandbox_options_default();
	options.time_max_ms = LONG_MS;
	struct sandbox *s = open_with(&options);
	pthread_t thread;
	struct error why;
	assert_int_equal(pthread_create(&thread, NULL, kill_in_the_middle, s), 0);
	assert_int_equal(decode_hook(s, "spin", &why), ERR_BUSY);
	pthread_join(thread, NULL);
	assert_works(s);
	sandbox_close(s);
}

static void killed_between_images_nobody_notices(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	pid_t first = sandbox_pid(s);
	assert_works(s);
	kill_now(s);
	assert_works(s);
	assert_int_not_equal(sandbox_pid(s), first);
	assert_int_equal(sandbox_counts(s).crashes, 0);
	sandbox_close(s);
}

static void asking_it_to_end_does_not_end_it(void **state)
{
	(void)state;
	struct sandbox *s = open_with(NULL);
	static const int asks[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		kill(sandbox_pid(s), asks[i]);
	assert_works(s);
	assert_int_equal(sandbox_counts(s).started, 1);
	sandbox_close(s);
}

static void the_process_is_replaced_after_so_many_images(void **state)
{
	(void)state;
	struct sandbox_options options = sandbox_options_default();
	options.images_max = 3;
	struct sandbox *s = open_with(&options);
	for (int i = 0; i < 7; i++)
		assert_works(s);
	assert_int_equal(sandbox_counts(s).started, 3);
	assert_int_equal(sandbox_counts(s).images, 7);
	sandbox_close(s);
}

static void nothing_stays_open(void **state)
{
	(void)state;
	size_t before = open_files();
	struct sandbox_options options = sandbox_options_default();
	options.time_max_ms = SHORT_MS;
	struct sandbox *s = open_with(&options);
	size_t one = open_files();
	assert_int_equal(one, before + 2);
	struct error why;
	for (int i = 0; i < 3; i++) {
		decode_hook(s, "fault", &why);
		decode_hook(s, "half", &why);
	}
	decode_hook(s, "spin", &why);
	assert_works(s);
	assert_int_equal(open_files(), one);
	pid_t pid = sandbox_pid(s);
	sandbox_close(s);
	assert_int_equal(open_files(), before);
	assert_int_equal(kill(pid, 0), -1);
}

/* The decoder has what it was given, nothing of what the program has open or knows. */
static void it_gets_nothing_of_the_program(void **state)
{
	(void)state;
	int leak = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC */
	assert_true(leak >= 0);
	setenv("ROLLCALL_SECRET", "do not tell", 1);
	struct sandbox *s = open_with(NULL);
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)sandbox_pid(s));
	DIR *dir = opendir(path);
	if (dir == NULL) {
		close(leak);
		sandbox_close(s);
		print_message("skipped: only root sees what is open in another process\n");
		skip();
	}
	size_t count = 0;
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		count += e->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(count, SANDBOX_SOCKET + 1);
	char text[256] = "";
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)sandbox_pid(s));
	FILE *file = fopen(path, "r");
	if (file != NULL) {
		assert_int_equal(fread(text, 1, sizeof(text), file), 0);
		fclose(file);
	}
	unsetenv("ROLLCALL_SECRET");
	close(leak);
	sandbox_close(s);
}

static void a_program_that_does_not_start_is_an_error(void **state)
{
	(void)state;
	static const char *const programs[] = {"/nowhere/rollcall", "/bin/true", "/bin/false"};
	size_t before = open_files();
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct sandbox_options options = sandbox_options_default();
		options.program = programs[i];
		struct sandbox *s;
		struct error why = {0};
		enum err err = sandbox_open(&s, &options, &why);
		assert_true(err == ERR_IO || err == ERR_NOT_FOUND);
		assert_null(s);
		assert_non_null(strstr(why.text, "decode"));
	}
	assert_int_equal(open_files(), before);
}

/* What the server runs: the real program, started anew. */
static void the_program_itself_is_a_decoder(void **state)
{
	(void)state;
	struct sandbox_options options = sandbox_options_default();
	options.program = getenv("ROLLCALL");
	if (options.program == NULL || access(options.program, X_OK) != 0) {
		print_message("skipped: $ROLLCALL does not name the program\n");
		skip();
	}
	struct sandbox *s = open_with(&options);
	assert_works(s);
	sandbox_close(s);
}

/* As in a container that offers no filters: asking for one fails. */
static void forbid_filters(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int code = filter == NULL ? -1 : 0;
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0);
	if (code == 0)
		code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
			SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
	if (code == 0)
		code = seccomp_load(filter);
	if (code != 0)
		_exit(3);
}

/* In a process that cannot have filters; its exit status. */
static int without_filters(void)
{
	struct sandbox_options options = sandbox_options_default();
	struct sandbox *s;
	struct error why = {0};
	forbid_filters();
	if (sandbox_open(&s, &options, &why) != ERR_UNSUPPORTED ||
		strstr(why.text, "seccomp") == NULL)
		return 1;
	options.allow_unprotected = true;
	if (sandbox_open(&s, &options, &why) != OK || sandbox_protected(s))
		return 2;
	sandbox_close(s);
	return 0;
}

static void without_filters_it_refuses_unless_allowed(void **state)
{
	(void)state;
	sandbox_close(open_protected(NULL));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(without_filters());
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
	if (sandbox_child_wanted(argc, argv))
		return sandbox_child();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pixels_are_those_of_decoding_here),
		cmocka_unit_test(errors_are_those_of_decoding_here),
		cmocka_unit_test(a_bomb_is_refused_from_its_header),
		cmocka_unit_test(what_is_forbidden_kills_and_costs_one_image),
		cmocka_unit_test(a_crash_costs_one_image),
		cmocka_unit_test(lies_of_a_taken_over_decoder_are_not_believed),
		cmocka_unit_test(an_answer_too_many_does_not_reach_the_next),
		cmocka_unit_test(a_slow_image_is_given_up),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(killed_in_the_middle_is_busy_and_the_next_works),
		cmocka_unit_test(killed_between_images_nobody_notices),
		cmocka_unit_test(asking_it_to_end_does_not_end_it),
		cmocka_unit_test(the_process_is_replaced_after_so_many_images),
		cmocka_unit_test(nothing_stays_open),
		cmocka_unit_test(it_gets_nothing_of_the_program),
		cmocka_unit_test(a_program_that_does_not_start_is_an_error),
		cmocka_unit_test(the_program_itself_is_a_decoder),
		cmocka_unit_test(without_filters_it_refuses_unless_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
