/* SPDX-License-Identifier: MIT */
/* A home: how it is made, opened, refused, migrated, copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sched.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/file.h"
#include "store/migrations.h"
#include "store/store_int.h"
#include "tests/support/home.h"

static int setup(void **state)
{
	static struct home home;
	*state = &home;
	if (!home_make(&home))
		return -1;
	/* What a path may hold and a URI or SQL would stumble over. */
	snprintf(home.path, sizeof(home.path), "%.200s/it's 50%% #1?", home.folder);
	return 0;
}

static int teardown(void **state)
{
	home_remove(*state);
	return 0;
}

static void assert_open_fails(
	const struct home *home, unsigned flags, enum err code, const char *reason)
{
	struct store *s;
	struct error why = {0};
	assert_int_equal(store_open(&s, home->path, flags, &why), code);
	assert_null(s);
	if (strstr(why.text, reason) == NULL)
		fail_msg("'%s' does not say '%s'", why.text, reason);
	assert_null(strchr(why.text, '\n'));
}

static void write_file(const char *path, const void *bytes, size_t len, unsigned mode)
{
	struct error why = {0};
	assert_int_equal(file_write(path, bytes, len, mode, &why), OK);
}

static void read_back(const char *path, struct buf *out)
{
	struct error why = {0};
	buf_init(out, 1 << 24);
	assert_int_equal(file_read(path, out, &why), OK);
}

/* Runs SQL on the file behind the store's back. */
static void meddle(const struct home *home, const char *sql)
{
	char path[HOME_PATH];
	home_file(home, "rollcall.db", path);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	char *text = NULL;
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
	sqlite3_close(db);
}

static void a_new_home_has_a_private_key_and_one_organisation(void **state)
{
	const struct home *home = *state;
	struct store *s = home_open(home);
	assert_non_null(s);
	struct org org;
	assert_int_equal(store_org(s, &org, NULL), OK);
	assert_string_equal(org.name, "My organisation");
	assert_true(org.zone[0] != '\0');
	assert_int_equal(org.start_minute, 540);
	assert_int_equal(org.grace_minutes, 15);
	assert_int_equal(org.cooldown_s, 60);
	assert_int_equal(store_version(s), store_version_known());
	assert_int_equal(store_check(s, NULL), OK);
	char path[HOME_PATH];
	const char *const names[] = {"key", "rollcall.db", "rollcall.db-wal"};
	for (size_t i = 0; i < 3; i++) {
		struct stat st;
		home_file(home, names[i], path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	/* Nothing was there before, so there is nothing to keep a copy of. */
	home_file(home, "rollcall.db.v1", path);
	assert_false(file_exists(path));
	store_close(s);
	/* The second time it is the same one. */
	s = home_open(home);
	struct org again;
	assert_int_equal(store_org(s, &again, NULL), OK);
	assert_string_equal(again.id, org.id);
	store_close(s);
}

static void what_is_not_there_is_not_made_without_being_asked(void **state)
{
	const struct home *home = *state;
	assert_open_fails(home, 0, ERR_NOT_FOUND, "no database");
	assert_open_fails(home, STORE_READ_ONLY, ERR_NOT_FOUND, "no database");
	assert_open_fails(home, STORE_READ_ONLY | STORE_CREATE, ERR_NOT_FOUND, "no database");
	assert_false(file_exists(home->path));
	assert_int_equal(mkdir(home->path, 0700), 0);
	assert_open_fails(home, 0, ERR_NOT_FOUND, "no database");
	assert_int_equal(rmdir(home->path), 0); /* nothing was put into it */
}

static void the_organisation_can_be_changed_within_limits(void **state)
{
	struct store *s = home_open(*state);
	struct org org;
	struct error why = {0};
	assert_int_equal(store_org(s, &org, NULL), OK);
	snprintf(org.name, sizeof(org.name), "%s", " Night  school ");
	snprintf(org.zone, sizeof(org.zone), "%s", "UTC");
	org.start_minute = 1110;
	assert_int_equal(store_org_update(s, &org, &why), OK);
	org.start_minute = 1440;
	assert_int_equal(store_org_update(s, &org, &why), ERR_ARG);
	org.start_minute = 0;
	org.cooldown_s = -1;
	assert_int_equal(store_org_update(s, &org, &why), ERR_ARG);
	assert_int_equal(store_org(s, &org, NULL), OK);
	assert_string_equal(org.name, "Night school");
	assert_int_equal(org.start_minute, 1110);
	assert_int_equal(
		store_use_org(s, "00000000-0000-7000-8000-000000000000", &why), ERR_NOT_FOUND);
	assert_int_equal(store_org(s, &org, NULL), OK);
	store_close(s);
}

static void organisations_do_not_see_each_other(void **state)
{
	const struct home *home = *state;
	struct store *s = home_open(home);
	struct org org;
	char id[UUID_TEXT];
	struct error why = {0};
	assert_int_equal(store_org(s, &org, NULL), OK);
	assert_int_equal(home_person(s, "Ada", "1", id, &why), OK);
	meddle(home,
		"INSERT INTO org (id, name, zone, start_minute, grace_minutes, cooldown_s,"
		" created_ms) VALUES ('0199aaaa-0000-7000-8000-000000000001', 'Other',"
		" 'UTC', 540, 15, 60, 9999999999999)");
	assert_int_equal(store_use_org(s, "0199aaaa-0000-7000-8000-000000000001", &why), OK);
	struct person person;
	assert_int_equal(store_person(s, id, &person, &why), ERR_NOT_FOUND);
	assert_int_equal(store_person_find(s, "Ada", &person, &why), ERR_NOT_FOUND);
	assert_int_equal(store_person_remove(s, id, &why), ERR_NOT_FOUND);
	struct person_list people = {0};
	assert_int_equal(store_people(s, NULL, &people, &why), OK);
	assert_int_equal(people.count, 0);
	char group[UUID_TEXT], own[UUID_TEXT];
	assert_int_equal(home_group(s, "3B", group, &why), OK);
	assert_int_equal(store_member_add(s, group, id, 1, &why), ERR_NOT_FOUND);
	assert_int_equal(home_person(s, "Ada", "1", own, &why), OK);
	assert_int_equal(store_use_org(s, org.id, &why), OK);
	assert_int_equal(store_person(s, own, &person, &why), ERR_NOT_FOUND);
	assert_int_equal(store_person(s, id, &person, &why), OK);
	store_close(s);
}

/* --- the key --- */

static void a_key_that_others_can_read_is_refused(void **state)
{
	const struct home *home = *state;
	store_close(home_open(home));
	char key[HOME_PATH];
	home_file(home, "key", key);
	assert_int_equal(chmod(key, 0640), 0);
	assert_open_fails(home, STORE_CREATE, ERR_KEY, "chmod 600");
	assert_int_equal(chmod(key, 0604), 0);
	assert_open_fails(home, 0, ERR_KEY, "chmod 600");
	assert_int_equal(chmod(key, 0600), 0);
	store_close(home_open(home));
}

static void a_missing_key_is_never_replaced(void **state)
{
	const struct home *home = *state;
	store_close(home_open(home));
	char key[HOME_PATH];
	home_file(home, "key", key);
	assert_int_equal(unlink(key), 0);
	assert_open_fails(home, STORE_CREATE, ERR_KEY, "is missing: restore it");
	assert_open_fails(home, STORE_READ_ONLY, ERR_KEY, "is missing: restore it");
	assert_false(file_exists(key));
}

static void the_key_of_another_database_is_told(void **state)
{
	const struct home *home = *state;
	store_close(home_open(home));
	char key[HOME_PATH];
	home_file(home, "key", key);
	uint8_t other[33];
	memset(other, 7, sizeof(other));
	write_file(key, other, 32, 0600);
	assert_open_fails(home, STORE_CREATE, ERR_KEY, "is not that of this database");
	write_file(key, other, 12, 0600);
	assert_open_fails(home, STORE_CREATE, ERR_KEY, "has 12 bytes instead of 32");
	write_file(key, other, 33, 0600);
	assert_open_fails(home, STORE_CREATE, ERR_KEY, "has 33 bytes");
	assert_int_equal(unlink(key), 0);
	assert_int_equal(mkdir(key, 0700), 0);
	assert_open_fails(home, STORE_CREATE, ERR_KEY, "is no regular file");
}

static void a_key_without_a_database_is_used(void **state)
{
	const struct home *home = *state;
	struct buf before, after;
	char path[HOME_PATH];
	store_close(home_open(home));
	home_file(home, "key", path);
	read_back(path, &before);
	home_file(home, "rollcall.db", path);
	assert_int_equal(unlink(path), 0);
	store_close(home_open(home));
	home_file(home, "key", path);
	read_back(path, &after);
	assert_memory_equal(before.data, after.data, 32);
	buf_finish(&before);
	buf_finish(&after);
}

/* --- files that are not what they should be --- */

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	const struct home *home = *state;
	store_close(home_open(home));
	char path[HOME_PATH];
	home_file(home, "rollcall.db", path);
	char text[5000];
	memset(text, 'x', sizeof(text));
	write_file(path, text, sizeof(text), 0600);
	assert_open_fails(home, STORE_CREATE, ERR_FORMAT, "no Rollcall database");
	assert_open_fails(home, STORE_READ_ONLY, ERR_FORMAT, "no Rollcall database");
	struct buf after;
	read_back(path, &after);
	assert_int_equal(after.len, sizeof(text));
	assert_memory_equal(after.data, text, sizeof(text));
	buf_finish(&after);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_open_fails(home, STORE_CREATE, ERR_FORMAT, "no regular file");
}

static void the_database_of_another_program_is_refused(void **state)
{
	const struct home *home = *state;
	store_close(home_open(home));
	char path[HOME_PATH];
	home_file(home, "rollcall.db", path);
	assert_int_equal(unlink(path), 0);
	meddle(home, "CREATE TABLE bookmarks (url TEXT)");
	assert_open_fails(home, STORE_CREATE, ERR_FORMAT, "belongs to another program");
}

static void a_damaged_database_is_told(void **state)
{
	const struct home *home = *state;
	struct store *s = home_open(home);
	char id[UUID_TEXT], name[32];
	assert_int_equal(store_begin(s, NULL), OK);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "Person %d", i);
		assert_int_equal(home_person(s, name, NULL, id, NULL), OK);
	}
	assert_int_equal(store_commit(s, NULL), OK);
	store_close(s);
	char path[HOME_PATH];
	home_file(home, "rollcall.db", path);
	struct buf file;
	read_back(path, &file);
	memset(file.data + file.len - 20000, 0xA5, 20000);
	write_file(path, file.data, file.len, 0600);
	buf_finish(&file);
	s = home_open(home);
	assert_non_null(s);
	struct error why = {0};
	assert_int_equal(store_check(s, &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "damaged"));
	store_close(s);
	/* Cut to half a page. */
	assert_int_equal(truncate(path, 2000), 0);
	assert_open_fails(home, STORE_CREATE, ERR_FORMAT, "rollcall.db");
}

static void a_database_of_a_newer_program_is_left_alone(void **state)
{
	const struct home *home = *state;
	store_close(home_open(home));
	char known[128];
	snprintf(known, sizeof(known),
		"is of version 99, this program knows up to %d: install a newer Rollcall",
		store_version_known());
	meddle(home, "INSERT INTO schema_version VALUES (99, 0)");
	assert_open_fails(home, STORE_CREATE, ERR_VERSION, known);
	char path[HOME_PATH];
	home_file(home, "rollcall.db.v99", path);
	assert_false(file_exists(path));
	meddle(home, "DELETE FROM schema_version WHERE version = 99");
	struct store *s = home_open(home);
	assert_int_equal(store_check(s, NULL), OK);
	store_close(s);
}

static void a_creation_that_was_interrupted_is_finished(void **state)
{
	const struct home *home = *state;
	store_close(home_open(home));
	char path[HOME_PATH];
	home_file(home, "rollcall.db", path);
	/* After the key; after the file's first page; after the schema. */
	write_file(path, "", 0, 0600);
	store_close(home_open(home));
	assert_int_equal(unlink(path), 0);
	meddle(home, "PRAGMA journal_mode = WAL");
	store_close(home_open(home));
	meddle(home, "DELETE FROM org; DELETE FROM store_meta");
	struct store *s = home_open(home);
	struct org org;
	assert_int_equal(store_org(s, &org, NULL), OK);
	store_close(s);
	/* And the key is again that of the database. */
	uint8_t other[32] = {1};
	home_file(home, "key", path);
	write_file(path, other, 32, 0600);
	assert_open_fails(home, 0, ERR_KEY, "is not that of this database");
}

/* --- read-only --- */

static void a_read_only_store_changes_nothing(void **state)
{
	const struct home *home = *state;
	char id[UUID_TEXT];
	struct error why = {0};
	struct store *s = home_open(home);
	assert_int_equal(home_person(s, "Ada", NULL, id, NULL), OK);
	store_close(s);
	assert_int_equal(store_open(&s, home->path, STORE_READ_ONLY, &why), OK);
	struct person person;
	assert_int_equal(store_person_find(s, "ada", &person, &why), OK);
	assert_int_equal(home_person(s, "Grace", NULL, id, &why), ERR_DENIED);
	assert_int_equal(
		store_member_remove(s, person.id, person.id, HOME_NOW + 1, &why), ERR_DENIED);
	assert_int_equal(store_check(s, &why), OK);
	store_close(s);
}

/* Permission bits do not bind root: a file in the place of the folder does. */
static void a_home_that_cannot_be_made_is_told(void **state)
{
	const struct home *home = *state;
	write_file(home->path, "x", 1, 0600);
	assert_open_fails(home, STORE_CREATE, ERR_EXISTS, "is no folder");
	assert_open_fails(home, 0, ERR_NOT_FOUND, home->path);
}

static void a_home_without_permission_is_told(void **state)
{
	const struct home *home = *state;
	if (geteuid() == 0) {
		print_message("skipped: permission bits do not bind root\n");
		skip();
	}
	assert_int_equal(chmod(home->folder, 0500), 0);
	assert_open_fails(home, STORE_CREATE, ERR_DENIED, "Permission denied");
	assert_int_equal(chmod(home->folder, 0700), 0);
	store_close(home_open(home));
	assert_int_equal(chmod(home->path, 0500), 0);
	assert_open_fails(home, STORE_CREATE, ERR_DENIED, "cannot be written to");
	assert_int_equal(chmod(home->path, 0700), 0);
}

/* --- in a child: own limits, own mounts --- */

static int in_child(int (*body)(const struct home *home), const struct home *home)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(body(home));
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

enum { CHILD_OK, CHILD_WRONG, CHILD_CANNOT };

/* Adds people until it fails; the code of the failure. */
static enum err add_until_full(struct store *s, int *added, struct error *why)
{
	enum err err = OK;
	for (*added = 0; err == OK && *added < 100000; ++*added) {
		char name[64], id[UUID_TEXT];
		snprintf(name, sizeof(name), "Person number %d", *added);
		err = home_person(s, name, NULL, id, why);
	}
	--*added;
	return err;
}

static bool is_whole(const struct home *home, int people, const char *step)
{
	struct store *s = NULL;
	struct error why = {0};
	struct person_list list = {0};
	enum err err = store_open(&s, home->path, STORE_READ_ONLY, &why);
	if (err == OK)
		err = store_check(s, &why);
	if (err == OK)
		err = store_people(s, NULL, &list, &why);
	bool whole = err == OK && list.count == (size_t)people;
	if (!whole)
		fprintf(stderr, "%s: %zu people instead of %d: %s\n", step, list.count, people,
			why.text);
	person_list_finish(&list);
	store_close(s);
	return whole;
}

static int fill_up(const struct home *home)
{
	struct store *s = home_open(home);
	struct error why = {0};
	int added;
	if (s == NULL || add_until_full(s, &added, &why) != ERR_FULL)
		goto wrong;
	if (strstr(why.text, "disk is full") == NULL)
		goto wrong;
	/* Several at once: all or none. */
	if (store_begin(s, &why) == OK) {
		int more;
		(void)add_until_full(s, &more, &why);
		if (store_commit(s, &why) == OK)
			added += more;
	}
	store_close(s);
	return is_whole(home, added, "full disk") ? CHILD_OK : CHILD_WRONG;
wrong:
	fprintf(stderr, "full disk: '%s'\n", why.text);
	store_close(s);
	return CHILD_WRONG;
}

static int fill_up_to_the_limit(const struct home *home)
{
	store_close(home_open(home));
	(void)signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit = {.rlim_cur = 300 * 1024, .rlim_max = RLIM_INFINITY};
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return CHILD_CANNOT;
	return fill_up(home);
}

static void a_full_disk_is_told_and_nothing_is_half_written(void **state)
{
	assert_int_equal(in_child(fill_up_to_the_limit, *state), CHILD_OK);
}

static int make_without_room(const struct home *home)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit = {.rlim_cur = 20 * 1024, .rlim_max = RLIM_INFINITY};
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return CHILD_CANNOT;
	struct store *s;
	struct error why = {0};
	enum err err = store_open(&s, home->path, STORE_CREATE, &why);
	if (err != ERR_FULL || s != NULL)
		fprintf(stderr, "no room: %d '%s'\n", (int)err, why.text);
	return err == ERR_FULL ? CHILD_OK : CHILD_WRONG;
}

static void a_disk_too_full_for_a_new_home_is_told(void **state)
{
	assert_int_equal(in_child(make_without_room, *state), CHILD_OK);
	/* And when there is room again it works. */
	struct store *s = home_open(*state);
	assert_non_null(s);
	store_close(s);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return written;
}

/* Ids as they are outside. */
static bool map_ids(unsigned user, unsigned group)
{
	char users[64], groups[64];
	snprintf(users, sizeof(users), "%u %u 1", user, user);
	snprintf(groups, sizeof(groups), "%u %u 1", group, group);
	return write_text("/proc/self/setgroups", "deny") &&
		write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
}

/* Mounts that only this process sees; somebody other than root needs users of its own too. */
static bool own_mounts(void)
{
	unsigned user = geteuid(), group = getegid();
	int flags = user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
	if (unshare(flags) != 0)
		return false;
	if (user != 0 && !map_ids(user, group))
		return false;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static int fill_up_tmpfs(const struct home *home)
{
	if (!own_mounts() || mount("none", home->folder, "tmpfs", 0, "size=1m") != 0)
		return CHILD_CANNOT;
	return fill_up(home);
}

static void a_full_file_system_is_told_and_nothing_is_half_written(void **state)
{
	int outcome = in_child(fill_up_tmpfs, *state);
	if (outcome == CHILD_CANNOT) {
		print_message("skipped: no small file system can be mounted here\n");
		skip();
	}
	assert_int_equal(outcome, CHILD_OK);
}

static int open_read_only_mount(const struct home *home)
{
	unsigned long again = MS_REMOUNT | MS_RDONLY;
	char id[UUID_TEXT];
	struct store *first = home_open(home);
	if (first == NULL || home_person(first, "Ada", NULL, id, NULL) != OK)
		return CHILD_WRONG;
	store_close(first);
	if (!own_mounts() || mount(home->folder, home->folder, NULL, MS_BIND, NULL) != 0 ||
		mount(NULL, home->folder, NULL, MS_BIND | again, NULL) != 0)
		return CHILD_CANNOT;
	struct store *s;
	struct error why = {0};
	enum err err = store_open(&s, home->path, STORE_CREATE, &why);
	bool told = err == ERR_DENIED && strstr(why.text, "cannot be written to") != NULL;
	/* Looking is possible all the same. */
	bool seen = is_whole(home, 1, "read-only mount");
	struct home other = *home;
	snprintf(other.path, sizeof(other.path), "%.200s/other", home->folder);
	struct error other_why = {0};
	store_close(s);
	enum err made = store_open(&s, other.path, STORE_CREATE, &other_why);
	if (!told || !seen || made != ERR_DENIED)
		fprintf(stderr, "read-only: %d '%s', %d '%s'\n", (int)err, why.text, (int)made,
			other_why.text);
	return told && seen && made == ERR_DENIED ? CHILD_OK : CHILD_WRONG;
}

static void a_read_only_home_is_told(void **state)
{
	int outcome = in_child(open_read_only_mount, *state);
	if (outcome == CHILD_CANNOT) {
		print_message("skipped: nothing can be mounted read-only here\n");
		skip();
	}
	assert_int_equal(outcome, CHILD_OK);
}

/* --- migrations --- */

static void a_migration_leaves_a_copy_of_what_was(void **state)
{
	const struct home *home = *state;
	struct store *s = home_open(home);
	char id[UUID_TEXT], path[HOME_PATH];
	struct error why = {0};
	assert_int_equal(home_person(s, "Ada", NULL, id, NULL), OK);
	const struct migration step[] = {
		{SQLITE_MIGRATIONS, "CREATE TABLE never (x INTEGER)"},
		{SQLITE_MIGRATIONS + 1,
			"ALTER TABLE person ADD COLUMN note TEXT; CREATE TABLE two (x INTEGER)"},
		{SQLITE_MIGRATIONS + 2, "CREATE TABLE three (x INTEGER)"},
	};
	char first[32], second[32], part[32], newest[32];
	snprintf(first, sizeof(first), "rollcall.db.v%d", SQLITE_MIGRATIONS);
	snprintf(second, sizeof(second), "rollcall.db.v%d", SQLITE_MIGRATIONS + 1);
	snprintf(part, sizeof(part), "rollcall.db.v%d.part", SQLITE_MIGRATIONS);
	snprintf(newest, sizeof(newest), "version %d", SQLITE_MIGRATIONS + 2);
	home_file(home, part, path);
	write_file(path, "left by a kill", 14, 0600);
	assert_int_equal(migrate(s, step, 3, HOME_NOW, &why), OK);
	assert_int_equal(store_version(s), SQLITE_MIGRATIONS + 2);
	int version;
	assert_int_equal(migrate_version(s, &version, &why), OK);
	assert_int_equal(version, SQLITE_MIGRATIONS + 2);
	assert_false(file_exists(path));
	struct stat st;
	home_file(home, first, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	home_file(home, second, path);
	assert_int_equal(stat(path, &st), 0);
	store_close(s);
	assert_open_fails(home, 0, ERR_VERSION, newest);
	/* The copy is a database of before, with what was in the write-ahead log. */
	char live[HOME_PATH];
	home_file(home, "rollcall.db", live);
	home_file(home, first, path);
	assert_int_equal(rename(path, live), 0);
	s = home_open(home);
	assert_int_equal(store_version(s), SQLITE_MIGRATIONS);
	struct person person;
	assert_int_equal(store_person(s, id, &person, &why), OK);
	assert_int_equal(store_check(s, &why), OK);
	store_close(s);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
	const struct home *home = *state;
	struct store *s = home_open(home);
	struct error why = {0};
	const struct migration step[] = {
		{SQLITE_MIGRATIONS + 1,
			"CREATE TABLE two (x INTEGER); INSERT INTO nowhere VALUES (1)"},
	};
	assert_int_not_equal(migrate(s, step, 1, HOME_NOW, &why), OK);
	assert_non_null(strstr(why.text, "cannot bring the database to version "));
	assert_int_equal(store_version(s), SQLITE_MIGRATIONS);
	int version;
	assert_int_equal(migrate_version(s, &version, &why), OK);
	assert_int_equal(version, SQLITE_MIGRATIONS);
	struct query q;
	query_start_global(&q, s, "SELECT count(*) FROM sqlite_schema WHERE name = 'two'", NULL);
	assert_true(query_row(&q));
	assert_int_equal(column_int(&q, 0), 0);
	assert_int_equal(query_end(&q), OK);
	store_close(s);
}

/* --- transactions --- */

static void a_change_is_all_or_nothing(void **state)
{
	struct store *s = home_open(*state);
	char id[UUID_TEXT];
	struct error why = {0};
	struct person person;
	assert_int_equal(store_begin(s, &why), OK);
	assert_int_equal(store_begin(s, &why), ERR_INTERNAL);
	assert_int_equal(home_person(s, "Ada", NULL, id, &why), OK);
	/* One that is refused does not undo what was done before it. */
	char other[UUID_TEXT];
	assert_int_equal(home_person(s, "ADA", NULL, other, &why), ERR_EXISTS);
	assert_int_equal(home_person(s, "Grace", NULL, other, &why), OK);
	store_rollback(s);
	store_rollback(s);
	assert_int_equal(store_person(s, id, &person, &why), ERR_NOT_FOUND);
	assert_int_equal(store_commit(s, &why), ERR_INTERNAL);
	assert_int_equal(store_begin(s, &why), OK);
	assert_int_equal(home_person(s, "Ada", NULL, id, &why), OK);
	assert_int_equal(store_commit(s, &why), OK);
	store_close(s);
	/* What is neither committed nor rolled back is gone with the handle. */
	s = home_open(*state);
	assert_int_equal(store_begin(s, &why), OK);
	assert_int_equal(home_person(s, "Grace", NULL, other, &why), OK);
	store_close(s);
	s = home_open(*state);
	assert_int_equal(store_person(s, id, &person, &why), OK);
	assert_int_equal(store_person(s, other, &person, &why), ERR_NOT_FOUND);
	store_close(s);
}

static void nothing_is_written_after_the_database_ended_a_change(void **state)
{
	struct store *s = home_open(*state);
	char id[UUID_TEXT];
	struct error why = {0};
	assert_int_equal(store_begin(s, &why), OK);
	assert_int_equal(home_person(s, "Ada", NULL, id, &why), OK);
	/* As SQLite does by itself when the disk is full. */
	assert_int_equal(s->ops->run(s->db, "ROLLBACK", &why), OK);
	assert_int_equal(home_person(s, "Grace", NULL, id, &why), ERR_IO);
	assert_int_equal(
		store_audit(s, 1, &(struct audit_entry){"a", "b", "c", NULL}, &why), ERR_IO);
	assert_int_equal(store_commit(s, &why), ERR_IO);
	struct person_list list = {0};
	assert_int_equal(store_people(s, NULL, &list, &why), OK);
	assert_int_equal(list.count, 0);
	store_close(s);
}

static void a_second_writer_waits_and_then_is_told(void **state)
{
	struct store *one = home_open(*state), *two = home_open(*state);
	char id[UUID_TEXT];
	struct error why = {0};
	assert_int_equal(store_begin(one, &why), OK);
	assert_int_equal(home_person(one, "Ada", NULL, id, &why), OK);
	two->ops->set_patience(two->db, 50);
	assert_int_equal(home_person(two, "Grace", NULL, id, &why), ERR_BUSY);
	assert_int_equal(store_begin(two, &why), ERR_BUSY);
	assert_non_null(strstr(why.text, "try again"));
	/* Who only reads is not held up, and sees what was committed. */
	struct person person;
	assert_int_equal(store_person_find(two, "Ada", &person, &why), ERR_NOT_FOUND);
	assert_int_equal(store_commit(one, &why), OK);
	assert_int_equal(store_person_find(two, "Ada", &person, &why), OK);
	assert_int_equal(home_person(two, "Grace", NULL, id, &why), OK);
	store_close(one);
	store_close(two);
}

static void the_audit_trail_cannot_be_changed(void **state)
{
	struct store *s = home_open(*state);
	struct error why = {0};
	assert_int_equal(
		store_audit(
			s, 5, &(struct audit_entry){"cli", "person.add", "id", "{\"n\":1}"}, &why),
		OK);
	assert_int_equal(
		store_audit(s, 6, &(struct audit_entry){"cli", "person.remove", "id", NULL}, &why),
		OK);
	assert_int_equal(s->ops->run(s->db, "UPDATE audit SET actor = 'x'", &why), ERR_ARG);
	assert_int_equal(s->ops->run(s->db, "DELETE FROM audit", &why), ERR_ARG);
	assert_non_null(strstr(why.text, "append-only"));
	store_close(s);
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(a_new_home_has_a_private_key_and_one_organisation),
		case_of(what_is_not_there_is_not_made_without_being_asked),
		case_of(the_organisation_can_be_changed_within_limits),
		case_of(organisations_do_not_see_each_other),
		case_of(a_key_that_others_can_read_is_refused),
		case_of(a_missing_key_is_never_replaced),
		case_of(the_key_of_another_database_is_told),
		case_of(a_key_without_a_database_is_used),
		case_of(a_file_that_is_no_database_is_refused_and_left_alone),
		case_of(the_database_of_another_program_is_refused),
		case_of(a_damaged_database_is_told),
		case_of(a_database_of_a_newer_program_is_left_alone),
		case_of(a_creation_that_was_interrupted_is_finished),
		case_of(a_read_only_store_changes_nothing),
		case_of(a_home_that_cannot_be_made_is_told),
		case_of(a_home_without_permission_is_told),
		case_of(a_full_disk_is_told_and_nothing_is_half_written),
		case_of(a_disk_too_full_for_a_new_home_is_told),
		case_of(a_full_file_system_is_told_and_nothing_is_half_written),
		case_of(a_read_only_home_is_told),
		case_of(a_migration_leaves_a_copy_of_what_was),
		case_of(a_migration_that_fails_changes_nothing),
		case_of(a_change_is_all_or_nothing),
		case_of(nothing_is_written_after_the_database_ended_a_change),
		case_of(a_second_writer_waits_and_then_is_told),
		case_of(the_audit_trail_cannot_be_changed),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
