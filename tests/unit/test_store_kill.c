/* SPDX-License-Identifier: MIT */
/*
 * Nothing acknowledged is lost: writers are killed at any moment, a few hundred times, and
 * write at the same time. (A power cut is not a kill: there SQLite's fsync counts, which
 * no test without a plug can show.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/mem.h"
#include "store/audit.h"
#include "tests/support/home.h"

enum {
	KILLS_WHILE_WRITING = 144,
	KILLS_WHILE_OPENING = 80,
	AFTER_ACK_MAX_US = 60 * 1000, /* 0..60 ms after the first acknowledgement */
	AFTER_START_MAX_US = 25 * 1000,
	FIRST_ACK_TIMEOUT_MS = 20 * 1000,
	PIPE_BYTES = 1 << 20, /* so that a quick writer does not stop for us */
	LINE = 3 * UUID_TEXT,
};

struct ack {
	char person[UUID_TEXT], session[UUID_TEXT], sighting[UUID_TEXT];
};

struct fixture {
	struct home home;
	char writer[HOME_PATH];
	struct ack *ack;
	size_t acks, capacity;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	if (f == NULL || !home_make(&f->home))
		return -1;
	/* The writer is built beside this test: tests/unit/test_..., tests/support/kill_writer. */
	char self[HOME_PATH];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len <= 0)
		return -1;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(f->writer, sizeof(f->writer), "%.200s/../support/kill_writer", self);
	return access(f->writer, X_OK);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_remove(&f->home);
	free(f->ack);
	free(f);
	return 0;
}

struct writer {
	pid_t pid;
	int out;
};

static struct writer start(const struct fixture *f, const char *count)
{
	int pipes[2];
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	(void)fcntl(pipes[0], F_SETPIPE_SZ, PIPE_BYTES);
	struct writer w = {.pid = fork(), .out = pipes[0]};
	assert_true(w.pid >= 0);
	if (w.pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		execl(f->writer, f->writer, f->home.path, count, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	return w;
}

static void add_ack(struct fixture *f, const char *line)
{
	void *items = f->ack;
	assert_true(mem_grow(&items, f->acks, &f->capacity, sizeof(*f->ack)));
	f->ack = items;
	struct ack *ack = &f->ack[f->acks++];
	memcpy(ack->person, line, UUID_TEXT - 1);
	memcpy(ack->session, line + UUID_TEXT, UUID_TEXT - 1);
	memcpy(ack->sighting, line + 2 * UUID_TEXT, UUID_TEXT - 1);
}

/* Reads what was acknowledged until the writer's end of the pipe is closed; its status. */
static int finish(struct fixture *f, struct writer w)
{
	FILE *in = fdopen(w.out, "r");
	assert_non_null(in);
	char line[LINE + 2];
	while (fgets(line, sizeof(line), in) != NULL) {
		assert_int_equal(strlen(line), LINE);
		add_ack(f, line);
	}
	fclose(in);
	int status;
	assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
	return status;
}

static void wait_first_ack(const struct writer *w)
{
	struct pollfd fd = {.fd = w->out, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, FIRST_ACK_TIMEOUT_MS), 1);
	assert_true((fd.revents & POLLIN) != 0);
}

static void pause_up_to(uint32_t max_us)
{
	usleep(randombytes_uniform(max_us));
}

static void kill_now(struct fixture *f, struct writer w)
{
	assert_int_equal(kill(w.pid, SIGKILL), 0);
	int status = finish(f, w);
	assert_true(WIFSIGNALED(status));
}

/* The database is whole, holds every acknowledged mark from `first` on, and no half change. */
static void assert_nothing_lost(const struct fixture *f, size_t first)
{
	struct store *s;
	struct error why = {0};
	if (store_open(&s, f->home.path, STORE_CREATE, &why) != OK)
		fail_msg("after %zu acknowledged: %s", f->acks, why.text);
	if (store_check(s, &why) != OK)
		fail_msg("after %zu acknowledged: %s", f->acks, why.text);
	for (size_t i = first; i < f->acks; i++) {
		const struct ack *ack = &f->ack[i];
		struct mark mark;
		if (store_mark(s, ack->session, ack->person, &mark, &why) != OK)
			fail_msg("mark %zu of %zu is lost: %s", i, f->acks, why.text);
		assert_string_equal(mark.sighting_id, ack->sighting);
	}
	struct audit_report report;
	assert_int_equal(store_audit_verify(s, NULL, &report, &why), OK);
	assert_string_equal(report.problem, "");
	struct person_list people = {0};
	struct session_list sessions = {0};
	struct mark_list marks = {0};
	assert_int_equal(store_people(s, NULL, &people, &why), OK);
	assert_int_equal(report.entries, people.count);
	assert_int_equal(report.details, people.count);
	assert_int_equal(store_sessions(s, "2026-11-20", &sessions, &why), OK);
	if (sessions.count > 0)
		assert_int_equal(store_marks(s, sessions.item[0].id, &marks, &why), OK);
	assert_true(sessions.count <= 1);
	assert_int_equal(people.count, marks.count);
	assert_true(marks.count >= f->acks);
	person_list_finish(&people);
	session_list_finish(&sessions);
	mark_list_finish(&marks);
	store_close(s);
}

static void kill_while_writing_loses_no_acknowledged_mark(void **state)
{
	struct fixture *f = *state;
	for (int round = 0; round < KILLS_WHILE_WRITING; round++) {
		size_t before = f->acks;
		struct writer w = start(f, NULL);
		if (round % 8 == 7) {
			/* Two at once; one dies while the other writes on. */
			struct writer other = start(f, NULL);
			wait_first_ack(&other);
			pause_up_to(AFTER_ACK_MAX_US);
			kill_now(f, other);
		}
		wait_first_ack(&w);
		pause_up_to(AFTER_ACK_MAX_US);
		kill_now(f, w);
		assert_true(f->acks > before);
		/* Looking is itself an opening: not after every round, so that kills pile up. */
		if (round % 2 == 1)
			assert_nothing_lost(f, round % 16 == 15 ? 0 : before);
	}
	assert_nothing_lost(f, 0);
	print_message("%d kills, %zu acknowledged marks\n", KILLS_WHILE_WRITING, f->acks);
}

static void kill_while_opening_leaves_a_home_that_opens(void **state)
{
	struct fixture *f = *state;
	for (int round = 0; round < KILLS_WHILE_OPENING; round++) {
		struct writer w = start(f, NULL);
		pause_up_to(AFTER_START_MAX_US);
		kill_now(f, w);
		/* A new home, killed a few times over before anybody looks. */
		if (round % 4 != 3)
			continue;
		assert_nothing_lost(f, 0);
		home_remove(&f->home);
		f->acks = 0;
		assert_true(home_make(&f->home));
	}
}

static void two_writers_lose_nothing(void **state)
{
	struct fixture *f = *state;
	struct writer one = start(f, "60"), two = start(f, "60");
	int status = finish(f, one);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = finish(f, two);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(f->acks, 120);
	assert_nothing_lost(f, 0);
}

enum { THREADS = 3, MARKS_EACH = 40 };

struct worker {
	pthread_t thread;
	const struct home *home;
	int number, written;
	struct error why;
};

/* Opens the same new home as the others do, and marks people of its own. */
static void *work(void *arg)
{
	struct worker *w = arg;
	struct store *s;
	struct session_row day = {.day = "2026-11-20"};
	if (store_open(&s, w->home->path, STORE_CREATE, &w->why) != OK)
		return NULL;
	enum err err = store_session_day(s, &day, HOME_NOW, &w->why);
	while (err == OK && w->written < MARKS_EACH) {
		char name[64];
		struct mark mark = {.at_ms = 1};
		snprintf(name, sizeof(name), "Thread %d person %d", w->number, w->written);
		err = home_person(s, name, NULL, mark.person_id, &w->why);
		memcpy(mark.session_id, day.id, UUID_TEXT);
		if (err == OK)
			err = store_mark_add(s, &mark, HOME_NOW, &w->why);
		if (err == OK)
			w->written++;
	}
	store_close(s);
	return NULL;
}

static void threads_with_handles_of_their_own_lose_nothing(void **state)
{
	struct fixture *f = *state;
	struct worker worker[THREADS];
	for (int i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){.home = &f->home, .number = i};
		assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
		assert_string_equal(worker[i].why.text, "");
		assert_int_equal(worker[i].written, MARKS_EACH);
	}
	struct store *s = home_open(&f->home);
	struct session_list sessions = {0};
	struct mark_list marks = {0};
	assert_int_equal(store_sessions(s, "2026-11-20", &sessions, NULL), OK);
	assert_int_equal(sessions.count, 1);
	assert_int_equal(store_marks(s, sessions.item[0].id, &marks, NULL), OK);
	assert_int_equal(marks.count, THREADS * MARKS_EACH);
	assert_int_equal(store_check(s, NULL), OK);
	session_list_finish(&sessions);
	mark_list_finish(&marks);
	store_close(s);
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(two_writers_lose_nothing),
		case_of(threads_with_handles_of_their_own_lose_nothing),
		case_of(kill_while_writing_loses_no_acknowledged_mark),
		case_of(kill_while_opening_leaves_a_home_that_opens),
	};
	return cmocka_run_group_tests_name("store_kill", tests, NULL, NULL);
}
