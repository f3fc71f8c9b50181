/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/org.h"
#include "store/store_int.h"

enum { LOCK_POLL_MS = 10 };

/*
 * Only one program at a time opens a home: making the key and the database, and migrating,
 * are then nobody else's worry. The lock is on the folder itself and goes with the
 * descriptor, also when the program is killed.
 */
static enum err lock_home(const struct store *s, int *out, struct error *why)
{
	*out = open(s->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0)
		return err_errno(why, errno, "cannot open the home folder '%s'", s->home);
	struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
	for (int waited_ms = 0;; waited_ms += LOCK_POLL_MS) {
		/* ENOTSUP, ENOLCK...: no locks here; SQLite says more if it matters. */
		if (flock(*out, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR))
			return OK;
		if (waited_ms >= STORE_BUSY_TIMEOUT_MS)
			return err_set(why, ERR_BUSY,
				"the home folder '%s': another program is setting it up: try again",
				s->home);
		nanosleep(&pause, NULL);
	}
}

/* Makes a new name in the folder, and the folder's own, survive a power cut. */
static void sync_folders(int home_fd)
{
	(void)fsync(home_fd);
	int parent = openat(home_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent >= 0) {
		(void)fsync(parent);
		close(parent);
	}
}

/* Whether there is a database: an empty file is the trace of one that was never made. */
static enum err find_database(const struct store *s, bool *found, struct error *why)
{
	struct stat st;
	*found = false;
	if (stat(s->db_path, &st) != 0)
		return errno == ENOENT
			? OK
			: err_errno(why, errno, "cannot open the database '%s'", s->db_path);
	if (!S_ISREG(st.st_mode))
		return err_set(why, ERR_FORMAT, "the database '%s' is no regular file", s->db_path);
	*found = st.st_size > 0;
	return OK;
}

static enum err make_files(struct store *s, int home_fd, struct error *why)
{
	if (!file_exists(s->key_path)) {
		enum err err = key_make(s->key_path, why);
		if (err != OK)
			return err;
	}
	int fd = open(s->db_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(why, errno, "cannot make the database '%s'", s->db_path);
	close(fd);
	sync_folders(home_fd);
	return OK;
}

static enum err no_database(const struct store *s, struct error *why)
{
	return err_set(why, ERR_NOT_FOUND,
		"there is no database in '%s': enrol somebody first, or say with --home where it "
		"is",
		s->home);
}

/* Reads the key and compares it with the one the database was made with. */
static enum err load_key(struct store *s, struct error *why)
{
	enum err err = key_read(&s->key, s->key_path, why);
	if (err == ERR_NOT_FOUND)
		return err_set(why, ERR_KEY,
			"the key '%s' is missing: restore it from a backup, the templates cannot "
			"be "
			"read without it",
			s->key_path);
	if (err != OK || s->version == 0)
		return err;
	struct query q;
	query_start_global(&q, s, "SELECT value FROM store_meta WHERE name = 'key_check'", why);
	if (query_row(&q)) {
		size_t len;
		const void *check = column_blob(&q, 0, &len);
		if (len != KEY_CHECK_BYTES || sodium_memcmp(check, s->key.check, len) != 0)
			query_fail(&q,
				err_set(why, ERR_KEY,
					"the key '%s' is not that of this database: restore the "
					"one that "
					"was made with it",
					s->key_path));
	}
	return query_end(&q);
}

static enum err store_key_check(struct store *s, struct error *why)
{
	struct query q;
	query_start_global(&q, s,
		"INSERT INTO store_meta (name, value) VALUES ('key_check', ?1)"
		" ON CONFLICT (name) DO NOTHING",
		why);
	query_blob(&q, s->key.check, KEY_CHECK_BYTES);
	return query_run(&q, NULL);
}

/* What every database has besides its tables. */
static enum err fill_new(struct store *s, int64_t now_ms, struct error *why)
{
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_key_check(s, why);
	if (err == OK)
		err = org_make_first(s, now_ms, why);
	return change_end(s, err, why);
}

/*
 * The statements of transactions. They are prepared when the store is opened, so that
 * undoing needs no memory when there is none left.
 */
static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
static const char sql_mark[] = "SAVEPOINT change";
static const char sql_keep[] = "RELEASE change";
static const char sql_back[] = "ROLLBACK TO change";

static enum err prepare_control(struct store *s, struct error *why)
{
	static const char *const all[] = {
		sql_begin, sql_commit, sql_rollback, sql_mark, sql_keep, sql_back};
	enum err err = OK;
	struct db_stmt *stmt;
	for (size_t i = 0; err == OK && i < sizeof(all) / sizeof(all[0]); i++)
		err = s->ops->prepare(s->db, all[i], &stmt, why);
	return err;
}

static enum err bring_up(struct store *s, bool read_only, struct error *why)
{
	int known = store_version_known();
	enum err err = migrate_version(s, &s->version, why);
	if (err == OK && s->version > known)
		err = err_set(why, ERR_VERSION,
			"the database '%s' is of version %d, this program knows up to %d: install "
			"a "
			"newer Rollcall",
			s->db_path, s->version, known);
	if (err == OK)
		err = load_key(s, why);
	if (err != OK)
		return err;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (!read_only)
		err = migrate(s, s->ops->migration, s->ops->migrations, now_ms, why);
	else if (s->version == 0)
		err = no_database(s, why);
	else if (s->version < known)
		err = err_set(why, ERR_VERSION,
			"the database '%s' is of version %d and this program needs %d, but it must "
			"not be changed here: run a command where it can be written to",
			s->db_path, s->version, known);
	if (err == OK)
		err = org_use_first(s, why);
	if (err != OK || s->org_id[0] != '\0')
		return err;
	if (read_only)
		return no_database(s, why);
	err = fill_new(s, now_ms, why);
	return err == OK ? org_use_first(s, why) : err;
}

static enum err open_home(struct store *s, unsigned flags, int *lock, struct error *why)
{
	bool read_only = (flags & STORE_READ_ONLY) != 0;
	bool create = (flags & STORE_CREATE) != 0 && !read_only;
	if (!create && !file_exists(s->home))
		return no_database(s, why);
	enum err err = create ? file_make_folder(s->home, 0700, why) : OK;
	if (err == OK)
		err = lock_home(s, lock, why);
	if (err == OK && !read_only && access(s->home, W_OK) != 0)
		err = err_errno(why, errno, "the home folder '%s' cannot be written to", s->home);
	bool found = false;
	if (err == OK)
		err = find_database(s, &found, why);
	if (err == OK && !found)
		err = create ? make_files(s, *lock, why) : no_database(s, why);
	if (err == OK)
		err = s->ops->open(&s->db, s->db_path, read_only ? DB_READ_ONLY : 0, why);
	if (err == OK)
		err = prepare_control(s, why);
	if (err == OK)
		err = bring_up(s, read_only, why);
	return err;
}

enum err store_open(struct store **out, const char *home, unsigned flags, struct error *why)
{
	*out = NULL;
	if (sodium_init() < 0)
		return err_set(why, ERR_INTERNAL, "no random numbers from the system");
	struct store *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(why, ERR_NOMEM, "cannot open the store: out of memory");
	int lock = -1;
	enum err err = OK;
	s->ops = &db_sqlite;
	s->home = mem_strdup(home);
	s->db_path = path_join(home, "rollcall.db");
	s->key_path = path_join(home, "key");
	if (s->home == NULL || s->db_path == NULL || s->key_path == NULL)
		err = err_set(why, ERR_NOMEM, "cannot open the store: out of memory");
	else
		err = open_home(s, flags, &lock, why);
	if (lock >= 0)
		close(lock);
	if (err == OK)
		*out = s;
	else
		store_close(s);
	return err;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_rollback(s);
	if (s->db != NULL)
		s->ops->close(s->db);
	key_finish(&s->key);
	free(s->home);
	free(s->db_path);
	free(s->key_path);
	free(s);
}

int store_version_known(void)
{
	return db_sqlite.migration[db_sqlite.migrations - 1].version;
}

int store_version(const struct store *s)
{
	return s->version;
}

static enum err control(struct store *s, const char *sql, struct error *why)
{
	struct db_stmt *stmt;
	bool row;
	enum err err = s->ops->prepare(s->db, sql, &stmt, why);
	if (err != OK)
		return err;
	err = s->ops->step(stmt, &row, why);
	s->ops->reset(stmt);
	return err;
}

static enum err begin(struct store *s, struct error *why)
{
	/* Left open by an undoing that failed. */
	if (s->ops->in_transaction(s->db))
		(void)control(s, sql_rollback, NULL);
	return control(s, sql_begin, why);
}

static enum err was_undone(struct error *why)
{
	return err_set(
		why, ERR_IO, "the change was undone because of an earlier error: do it again");
}

enum err store_begin(struct store *s, struct error *why)
{
	if (s->in_transaction)
		return err_set(why, ERR_INTERNAL, "a change inside a change");
	enum err err = begin(s, why);
	s->in_transaction = err == OK;
	return err;
}

enum err store_commit(struct store *s, struct error *why)
{
	if (!s->in_transaction)
		return err_set(why, ERR_INTERNAL, "nothing to commit");
	enum err err = OK;
	if (!s->ops->in_transaction(s->db))
		err = was_undone(why);
	else
		err = control(s, sql_commit, why);
	if (err != OK)
		store_rollback(s);
	s->in_transaction = false;
	return err;
}

void store_rollback(struct store *s)
{
	if (s->in_transaction && s->ops->in_transaction(s->db))
		(void)control(s, sql_rollback, NULL);
	s->in_transaction = false;
}

enum err change_begin(struct store *s, struct error *why)
{
	enum err err;
	if (!s->in_transaction && s->changes == 0)
		err = begin(s, why);
	else if (!s->ops->in_transaction(s->db))
		err = was_undone(why);
	else
		err = control(s, sql_mark, why);
	if (err == OK)
		s->changes++;
	return err;
}

enum err change_end(struct store *s, enum err err, struct error *why)
{
	s->changes--;
	bool outermost = !s->in_transaction && s->changes == 0;
	if (err == OK)
		err = control(s, outermost ? sql_commit : sql_keep, why);
	if (err == OK || !s->ops->in_transaction(s->db))
		return err;
	if (outermost)
		(void)control(s, sql_rollback, NULL);
	else if (control(s, sql_back, NULL) != OK || control(s, sql_keep, NULL) != OK)
		(void)control(s, sql_rollback, NULL); /* all of it, rather than half */
	return err;
}

enum err store_check(struct store *s, struct error *why)
{
	return s->ops->check(s->db, why);
}
