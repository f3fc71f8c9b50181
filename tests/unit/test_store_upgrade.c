/* SPDX-License-Identifier: MIT */
/* A database that a program of version 1 wrote, in the hands of this one. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "attend/register.h"
#include "base/file.h"
#include "store/audit.h"
#include "tests/support/home.h"

enum { DUMP_MAX = 1 << 20, DIM = 8 };

static void write_bytes(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

/* The key stands in the second line of the dump: "-- key 00ff...". */
static void write_key(const struct home *home, const char *dump)
{
	uint8_t key[32];
	size_t len;
	char path[HOME_PATH];
	const char *hex = strstr(dump, "-- key ");
	assert_non_null(hex);
	assert_int_equal(sodium_hex2bin(key, sizeof(key), hex + 7, 64, NULL, &len, NULL), 0);
	home_file(home, "key", path);
	write_bytes(path, key, len);
}

static int old_home(void **state)
{
	static struct home home;
	const char *source = getenv("ROLLCALL_SOURCE");
	char path[HOME_PATH * 4];
	struct buf dump;
	*state = NULL;
	if (source == NULL)
		return 0;
	snprintf(path, sizeof(path), "%s/tests/unit/data/store-v1.sql", source);
	buf_init(&dump, DUMP_MAX);
	if (file_read(path, &dump, NULL) != OK || !home_make(&home))
		return -1;
	assert_int_equal(mkdir(home.path, 0700), 0);
	write_key(&home, buf_str(&dump));
	sqlite3 *db;
	home_file(&home, "rollcall.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, buf_str(&dump), NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(chmod(path, 0600), 0);
	buf_finish(&dump);
	*state = &home;
	return 0;
}

static int drop_home(void **state)
{
	if (*state != NULL)
		home_remove(*state);
	return 0;
}

static const struct home *need_home(void **state)
{
	if (*state == NULL) {
		print_message("skipped: no folder $ROLLCALL_SOURCE\n");
		skip();
	}
	return *state;
}

static struct store *upgraded(const struct home *home)
{
	struct store *s;
	struct error why = {0};
	if (store_open(&s, home->path, 0, &why) != OK)
		fail_msg("%s", why.text);
	return s;
}

static enum err is_the_vector(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why)
{
	(void)person_id;
	(void)why;
	assert_int_equal(dim, DIM);
	for (int i = 0; i < DIM; i++)
		assert_true(vector[i] == (float)i / DIM);
	++*(int *)ctx;
	return OK;
}

static void everything_is_there_after_the_upgrade(void **state)
{
	const struct home *home = need_home(state);
	struct store *s = upgraded(home);
	struct org org;
	struct person ada;
	struct mark_list marks = {0};
	struct session_list sessions = {0};
	struct error why = {0};
	char path[HOME_PATH];
	int templates = 0;
	assert_int_equal(store_version(s), store_version_known());
	assert_int_equal(store_check(s, &why), OK);
	assert_int_equal(store_org(s, &org, &why), OK);
	assert_string_equal(org.name, "School of version 1");
	assert_true(org.budget == 0.001);
	assert_int_equal(org.keep_faces_days, 30);
	assert_int_equal(store_person_find(s, "Ada", &ada, &why), OK);
	assert_string_equal(ada.number, "7");
	assert_int_equal(store_templates(s, "test/one", is_the_vector, &templates, &why), OK);
	assert_int_equal(templates, 1);
	assert_int_equal(store_sessions(s, "2026-03-02", &sessions, &why), OK);
	assert_int_equal(sessions.count, 1);
	assert_int_equal(store_marks(s, sessions.item[0].id, &marks, &why), OK);
	assert_int_equal(marks.count, 1);
	assert_int_equal(marks.item[0].status, MARK_PRESENT);
	/* It has no evidence of a sighting from before, and says so. */
	struct evidence evidence;
	assert_int_equal(
		store_evidence(s, marks.item[0].sighting_id, &evidence, &why), ERR_NOT_FOUND);
	/* What was in the audit is in the chain. */
	struct audit_report report;
	assert_int_equal(store_audit_verify(s, NULL, &report, &why), OK);
	assert_string_equal(report.problem, "");
	assert_int_equal(report.entries, 1);
	home_file(home, "rollcall.db.v1", path);
	assert_true(file_exists(path));
	mark_list_finish(&marks);
	session_list_finish(&sessions);
	store_close(s);
	/* Opening again has nothing more to do. */
	s = upgraded(home);
	assert_int_equal(store_version(s), store_version_known());
	store_close(s);
}

static void an_old_sighting_can_be_rejected(void **state)
{
	const struct home *home = need_home(state);
	struct store *s = upgraded(home);
	struct zone *zone;
	struct error why = {0};
	struct session_list sessions = {0};
	struct mark_list marks = {0};
	struct rejected done;
	if (zone_open(&zone, "Europe/Berlin", &why) != OK) {
		store_close(s);
		print_message("skipped: %s\n", why.text);
		skip();
	}
	assert_int_equal(store_sessions(s, "2026-03-02", &sessions, &why), OK);
	assert_int_equal(store_marks(s, sessions.item[0].id, &marks, &why), OK);
	const struct registrar r = {s, zone, sessions.item[0].start_ms};
	const struct objection o = {marks.item[0].sighting_id, "teacher", "not her"};
	if (register_reject(&r, &o, &done, &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(done.withdrawn, 1);
	assert_false(done.counter_example);
	mark_list_finish(&marks);
	assert_int_equal(store_marks(s, sessions.item[0].id, &marks, &why), OK);
	assert_int_equal(marks.count, 0);
	assert_int_equal(store_check(s, &why), OK);
	mark_list_finish(&marks);
	session_list_finish(&sessions);
	zone_close(zone);
	store_close(s);
}

static void where_it_must_not_be_changed_the_old_one_is_refused(void **state)
{
	const struct home *home = need_home(state);
	struct store *s;
	struct error why = {0};
	assert_int_equal(store_open(&s, home->path, STORE_READ_ONLY, &why), ERR_VERSION);
	assert_non_null(strstr(why.text, "is of version 1 and this program needs"));
	s = upgraded(home);
	store_close(s);
	assert_int_equal(store_open(&s, home->path, STORE_READ_ONLY, &why), OK);
	store_close(s);
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, old_home, drop_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(everything_is_there_after_the_upgrade),
		case_of(an_old_sighting_can_be_rejected),
		case_of(where_it_must_not_be_changed_the_old_one_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
