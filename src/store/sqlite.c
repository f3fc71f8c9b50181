/* SPDX-License-Identifier: MIT */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "store/migrations.h"
#include "store/store.h"

struct db_stmt {
	struct db *db;
	const char *sql; /* borrowed constant, the key of the cache */
	sqlite3_stmt *handle;
	struct db_stmt *next;
};

struct db {
	sqlite3 *handle;
	char *path;
	struct db_stmt *stmt; /* all that were prepared */
	bool empty;
	int patience_ms;         /* how long another writer is waited for */
	struct timespec waiting; /* since when, CLOCK_MONOTONIC */
};

enum { WAIT_MIN_US = 500, WAIT_SPREAD_US = 1500 };

/* What SQLite's codes mean to us; the text follows "the database 'PATH'". */
static const struct {
	int sqlite;
	enum err code;
	const char *text;
} sqlite_codes[] = {
	{SQLITE_NOMEM, ERR_NOMEM, "out of memory"},
	{SQLITE_IOERR_NOMEM, ERR_NOMEM, "out of memory"},
	{SQLITE_BUSY, ERR_BUSY, "another program is writing to it: try again"},
	{SQLITE_LOCKED, ERR_BUSY, "it is in use: try again"},
	{SQLITE_FULL, ERR_FULL, "the disk is full: nothing was changed, make room and try again"},
	{SQLITE_READONLY, ERR_DENIED, "it or its folder cannot be written to"},
	{SQLITE_PERM, ERR_DENIED, "access is not allowed"},
	{SQLITE_CORRUPT, ERR_FORMAT, "it is damaged: restore a backup"},
	{SQLITE_NOTADB, ERR_FORMAT, "it is no Rollcall database"},
	{SQLITE_TOOBIG, ERR_LIMIT, "a value is too large"},
	{SQLITE_INTERRUPT, ERR_STOPPED, "interrupted"},
	{SQLITE_CONSTRAINT_UNIQUE, ERR_EXISTS, NULL},
	{SQLITE_CONSTRAINT_PRIMARYKEY, ERR_EXISTS, NULL},
	{SQLITE_CONSTRAINT_FOREIGNKEY, ERR_NOT_FOUND, NULL},
	{SQLITE_CONSTRAINT, ERR_ARG, NULL},
};

static enum err of_errno(const struct db *db, int errnum, const char *text, struct error *why)
{
	/* EFBIG: the limit on a file's size is reached, to the user a kind of full disk. */
	if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG)
		return err_set(why, ERR_FULL,
			"the database '%s': the disk is full: nothing was changed, make room and "
			"try again",
			db->path);
	if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
		return err_set(why, ERR_DENIED,
			"the database '%s': it or its folder cannot be written to: %s", db->path,
			text);
	if (errnum == ENOMEM)
		return err_set(why, ERR_NOMEM, "the database '%s': out of memory", db->path);
	return err_set(why, ERR_IO, "the database '%s': %s", db->path, text);
}

/*
 * The errno of a failed read or write. SQLite's own note of it may be overwritten by the
 * time the statement has been undone; the file of the log or database then still has it.
 */
static int last_errno(const struct db *db)
{
	int errnum = sqlite3_system_errno(db->handle);
	sqlite3_file *log = NULL;
	if (errnum == 0)
		(void)sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log != NULL && log->pMethods != NULL)
		(void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &errnum);
	if (errnum == 0)
		(void)sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_LAST_ERRNO, &errnum);
	return errnum;
}

static enum err fail(const struct db *db, int code, struct error *why)
{
	if (db->handle == NULL)
		return err_set(why, ERR_NOMEM, "the database '%s': out of memory", db->path);
	int extended = sqlite3_extended_errcode(db->handle);
	if ((extended & 0xFF) != (code & 0xFF))
		extended = code;
	const char *text = sqlite3_errmsg(db->handle);
	for (size_t i = 0; i < sizeof(sqlite_codes) / sizeof(sqlite_codes[0]); i++) {
		int known = sqlite_codes[i].sqlite;
		if (known != extended && known != (extended & 0xFF))
			continue;
		if (sqlite_codes[i].text != NULL)
			text = sqlite_codes[i].text;
		return err_set(why, sqlite_codes[i].code, "the database '%s': %s", db->path, text);
	}
	if ((extended & 0xFF) == SQLITE_IOERR || (extended & 0xFF) == SQLITE_CANTOPEN)
		return of_errno(db, last_errno(db), text, why);
	return err_set(why, ERR_INTERNAL, "the database '%s': %s", db->path, text);
}

/*
 * Waits for another writer. SQLite's own way sleeps longer each time, up to 100 ms, and so
 * never finds the gap that a busy writer leaves between two changes.
 */
static int wait_turn(void *ctx, int count)
{
	struct db *db = ctx;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (count == 0)
		db->waiting = now;
	int64_t waited_ms = (int64_t)(now.tv_sec - db->waiting.tv_sec) * 1000 +
		(now.tv_nsec - db->waiting.tv_nsec) / 1000000;
	if (waited_ms >= db->patience_ms)
		return 0;
	long pause_us = WAIT_MIN_US + (long)randombytes_uniform(WAIT_SPREAD_US);
	nanosleep(&(struct timespec){.tv_nsec = pause_us * 1000}, NULL);
	return 1;
}

static enum err run(struct db *db, const char *sql, struct error *why)
{
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : fail(db, code, why);
}

/* The first column of the first row of `sql`. */
static enum err one_int(struct db *db, const char *sql, int64_t *out, struct error *why)
{
	*out = 0;
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(stmt);
		if (code == SQLITE_ROW)
			*out = sqlite3_column_int64(stmt, 0);
	}
	enum err err = code == SQLITE_ROW || code == SQLITE_DONE ? OK : fail(db, code, why);
	sqlite3_finalize(stmt);
	return err;
}

/* Tells a new file (empty) from one of ours from somebody else's. */
static enum err identify(struct db *db, struct error *why)
{
	int64_t id, tables;
	enum err err = one_int(db, "PRAGMA application_id", &id, why);
	if (err == OK)
		err = one_int(db, "SELECT count(*) FROM sqlite_schema", &tables, why);
	if (err != OK)
		return err;
	db->empty = id == 0 && tables == 0;
	if (!db->empty && id != SQLITE_APPLICATION_ID)
		return err_set(
			why, ERR_FORMAT, "the database '%s' belongs to another program", db->path);
	return OK;
}

static void close_db(struct db *db)
{
	if (db == NULL)
		return;
	while (db->stmt != NULL) {
		struct db_stmt *next = db->stmt->next;
		sqlite3_finalize(db->stmt->handle);
		free(db->stmt);
		db->stmt = next;
	}
	sqlite3_close(db->handle);
	free(db->path);
	free(db);
}

/*
 * A folder that cannot be written to has no place for the index of the write-ahead log. If
 * there is no log, the file is all there is, and nobody can change it: "immutable". The
 * path becomes a URI for that. NULL when out of memory.
 */
static char *immutable_uri(const char *path)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char prefix[] = "file:", suffix[] = "?immutable=1";
	size_t room;
	if (!size_mul(strlen(path), 3, &room) ||
		!size_add(room, sizeof(prefix) + sizeof(suffix), &room))
		return NULL;
	char *uri = malloc(room);
	if (uri == NULL)
		return NULL;
	memcpy(uri, prefix, sizeof(prefix));
	char *put = uri + strlen(prefix);
	for (const char *c = path; *c != '\0'; c++) {
		if (strchr("%?#", *c) == NULL) {
			*put++ = *c;
			continue;
		}
		*put++ = '%';
		*put++ = hex[(unsigned char)*c >> 4];
		*put++ = hex[*c & 15];
	}
	memcpy(put, suffix, sizeof(suffix));
	return uri;
}

static bool is_immutable(const char *path)
{
	char *log = NULL, *folder = mem_strdup(path);
	bool immutable = false;
	if (folder != NULL && asprintf(&log, "%s-wal", path) >= 0) {
		char *slash = strrchr(folder, '/');
		if (slash != NULL)
			slash[1] = '\0';
		immutable = slash != NULL && access(folder, W_OK) != 0 && access(log, F_OK) != 0;
		free(log);
	}
	free(folder);
	return immutable;
}

static enum err open_handle(struct db *db, bool read_only, struct error *why)
{
	int mode = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	char *uri = NULL;
	if (read_only && is_immutable(db->path)) {
		uri = immutable_uri(db->path);
		if (uri == NULL)
			return err_set(
				why, ERR_NOMEM, "the database '%s': out of memory", db->path);
		mode |= SQLITE_OPEN_URI;
	}
	int code = sqlite3_open_v2(
		uri != NULL ? uri : db->path, &db->handle, mode | SQLITE_OPEN_NOMUTEX, NULL);
	free(uri);
	return code == SQLITE_OK ? OK : fail(db, code, why);
}

static enum err open_db(struct db **out, const char *where, unsigned flags, struct error *why)
{
	*out = NULL;
	struct db *db = calloc(1, sizeof(*db));
	if (db == NULL || (db->path = mem_strdup(where)) == NULL) {
		free(db);
		return err_set(why, ERR_NOMEM, "the database '%s': out of memory", where);
	}
	bool read_only = (flags & DB_READ_ONLY) != 0;
	enum err err = open_handle(db, read_only, why);
	if (err != OK)
		goto out;
	sqlite3_extended_result_codes(db->handle, 1);
	db->patience_ms = STORE_BUSY_TIMEOUT_MS;
	sqlite3_busy_handler(db->handle, wait_turn, db);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	err = run(db,
		"PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
		"PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
		"PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
		/* So that REPLACE, too, runs the triggers that keep rows from being deleted. */
		"PRAGMA recursive_triggers = ON;",
		why);
	if (err == OK)
		err = identify(db, why);
	if (err == OK && !read_only)
		err = run(db, "PRAGMA journal_mode = WAL", why);
out:
	if (err == OK)
		*out = db;
	else
		close_db(db);
	return err;
}

static bool is_empty(const struct db *db)
{
	return db->empty;
}

static void set_patience(struct db *db, int timeout_ms)
{
	db->patience_ms = timeout_ms;
}

static enum err prepare(struct db *db, const char *sql, struct db_stmt **out, struct error *why)
{
	*out = NULL;
	for (struct db_stmt *stmt = db->stmt; stmt != NULL; stmt = stmt->next) {
		if (stmt->sql != sql)
			continue;
		if (sqlite3_stmt_busy(stmt->handle))
			return err_set(why, ERR_INTERNAL,
				"a store call was made from inside its own callback");
		*out = stmt;
		return OK;
	}
	struct db_stmt *stmt = calloc(1, sizeof(*stmt));
	if (stmt == NULL)
		return err_set(why, ERR_NOMEM, "the database '%s': out of memory", db->path);
	*stmt = (struct db_stmt){.db = db, .sql = sql};
	int code = sqlite3_prepare_v3(
		db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
	if (code != SQLITE_OK) {
		free(stmt);
		return fail(db, code, why);
	}
	stmt->next = db->stmt;
	db->stmt = stmt;
	*out = stmt;
	return OK;
}

static enum err bind(struct db_stmt *stmt, int at, const struct db_value *value, struct error *why)
{
	int code = SQLITE_MISUSE;
	switch (value->type) {
	case DB_NULL:
		code = sqlite3_bind_null(stmt->handle, at);
		break;
	case DB_INT:
		code = sqlite3_bind_int64(stmt->handle, at, value->integer);
		break;
	case DB_REAL:
		code = sqlite3_bind_double(stmt->handle, at, value->real);
		break;
	case DB_TEXT:
		code = sqlite3_bind_text64(
			stmt->handle, at, value->bytes, value->len, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case DB_BLOB:
		code = sqlite3_bind_blob64(
			stmt->handle, at, value->bytes, value->len, SQLITE_STATIC);
		break;
	}
	return code == SQLITE_OK ? OK : fail(stmt->db, code, why);
}

static enum err step(struct db_stmt *stmt, bool *row, struct error *why)
{
	int code = sqlite3_step(stmt->handle);
	*row = code == SQLITE_ROW;
	return code == SQLITE_ROW || code == SQLITE_DONE ? OK : fail(stmt->db, code, why);
}

static struct db_value column(const struct db_stmt *stmt, int at)
{
	struct db_value value = {.type = DB_NULL};
	switch (sqlite3_column_type(stmt->handle, at)) {
	case SQLITE_INTEGER:
		value.type = DB_INT;
		value.integer = sqlite3_column_int64(stmt->handle, at);
		value.real = (double)value.integer;
		break;
	case SQLITE_FLOAT:
		value.type = DB_REAL;
		value.real = sqlite3_column_double(stmt->handle, at);
		break;
	case SQLITE_TEXT:
		/* As a blob: no final zero has to be added, so no memory is needed. */
		value.type = DB_TEXT;
		value.bytes = sqlite3_column_blob(stmt->handle, at);
		value.len = (size_t)sqlite3_column_bytes(stmt->handle, at);
		break;
	case SQLITE_BLOB:
		value.type = DB_BLOB;
		value.bytes = sqlite3_column_blob(stmt->handle, at);
		value.len = (size_t)sqlite3_column_bytes(stmt->handle, at);
		break;
	default:
		break;
	}
	return value;
}

static void reset(struct db_stmt *stmt)
{
	/* It repeats the code of the last step, which was told there. */
	(void)sqlite3_reset(stmt->handle);
	(void)sqlite3_clear_bindings(stmt->handle);
}

static bool in_transaction(const struct db *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

static int64_t changes(const struct db *db)
{
	return sqlite3_changes64(db->handle);
}

static void scrub(struct db *db)
{
	/* The pages of before are in the write-ahead log until it is folded in and emptied. */
	(void)sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static enum err vacuum_into(struct db *db, const char *path, struct error *why)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db->handle, "VACUUM INTO ?1", -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	enum err err = code == SQLITE_DONE ? OK : fail(db, code, why);
	sqlite3_finalize(stmt);
	return err;
}

static enum err copy(struct db *db, const char *path, struct error *why)
{
	/* SQLite writes into an empty file, which so gets the mode we want. */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(why, errno, "cannot make '%s'", path);
	enum err err = vacuum_into(db, path, why);
	if (err == OK && fsync(fd) != 0)
		err = err_errno(why, errno, "cannot write '%s'", path);
	close(fd);
	if (err != OK)
		(void)unlink(path);
	return err;
}

/* `sql` gives rows of defects, or one row "ok". */
static enum err check_with(struct db *db, const char *sql, const char *what, struct error *why)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	enum err err = OK;
	if (code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);
		if (text == NULL || strcmp(text, "ok") != 0)
			err = err_set(why, text != NULL ? ERR_FORMAT : ERR_NOMEM,
				"the database '%s' is damaged (%s%s): restore a backup", db->path,
				what, text != NULL ? text : "out of memory");
	} else if (code != SQLITE_DONE) {
		err = fail(db, code, why);
	}
	sqlite3_finalize(stmt);
	return err;
}

static enum err check(struct db *db, struct error *why)
{
	enum err err = check_with(db, "PRAGMA integrity_check(1)", "", why);
	if (err == OK)
		err = check_with(
			db, "PRAGMA foreign_key_check", "a row points nowhere in the table ", why);
	return err;
}

const struct db_ops db_sqlite = {
	.name = "sqlite",
	.migration = sqlite_migration,
	.migrations = SQLITE_MIGRATIONS,
	.open = open_db,
	.close = close_db,
	.is_empty = is_empty,
	.set_patience = set_patience,
	.run = run,
	.prepare = prepare,
	.bind = bind,
	.step = step,
	.column = column,
	.reset = reset,
	.in_transaction = in_transaction,
	.changes = changes,
	.scrub = scrub,
	.copy = copy,
	.check = check,
};
