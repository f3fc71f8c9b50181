/* SPDX-License-Identifier: MIT */
/*
 * A database as the store needs it: prepared SQL, values in and out, one writer at a
 * time. Behind struct db_ops so that another database can take SQLite's place; SQL above
 * this line is what both understand (?1, ?2 for parameters). Shared inside src/store only;
 * a struct db belongs to one thread at a time.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct db;      /* a connection */
struct db_stmt; /* a prepared statement, kept by its connection */

enum db_flags { DB_READ_ONLY = 1 << 0 };

enum db_type { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB };

struct db_value {
	enum db_type type;
	int64_t integer;
	double real;
	const void *bytes; /* of DB_TEXT (no final zero) and DB_BLOB; borrowed */
	size_t len;
};

struct store;

/* One step from a version of the schema to the next. */
struct migration {
	int version; /* after it; they rise by one from 1 */
	const char *sql;
	/* What SQL cannot do, in the same transaction after it; NULL = nothing. */
	enum err (*after)(struct store *s, struct error *why);
};

struct db_ops {
	const char *name;
	const struct migration *migration; /* this program's schema, in steps */
	size_t migrations;

	/*
	 * Connects. The file exists, perhaps empty. Nothing is changed before it is known to
	 * be a database of ours. ERR_FORMAT when it is not.
	 */
	enum err (*open)(struct db **out, const char *where, unsigned flags, struct error *why);
	void (*close)(struct db *db);
	/* Whether it had no schema when it was opened. */
	bool (*is_empty)(const struct db *db);
	/* How long to wait for another writer before ERR_BUSY. */
	void (*set_patience)(struct db *db, int timeout_ms);

	/* Runs SQL without parameters or results; several statements are fine. */
	enum err (*run)(struct db *db, const char *sql, struct error *why);
	/*
	 * A statement for `sql`, which must be a constant: it is known again by its address.
	 * ERR_INTERNAL while the same statement is being read from.
	 */
	enum err (*prepare)(
		struct db *db, const char *sql, struct db_stmt **out, struct error *why);
	/* Parameter `at` counts from 1; bytes are borrowed until reset. */
	enum err (*bind)(
		struct db_stmt *stmt, int at, const struct db_value *value, struct error *why);
	/* *row = whether there is a row to look at, else it is done. */
	enum err (*step)(struct db_stmt *stmt, bool *row, struct error *why);
	/* Column `at` counts from 0; bytes are borrowed until the next step or reset. */
	struct db_value (*column)(const struct db_stmt *stmt, int at);
	/* Ends the statement and forgets its parameters. */
	void (*reset)(struct db_stmt *stmt);

	/* Whether a transaction is open: an error may have ended it. */
	bool (*in_transaction)(const struct db *db);
	/* Rows changed by the last statement. */
	int64_t (*changes)(const struct db *db);
	/* After an erasure: what was deleted leaves the files, as far as it can be done now. */
	void (*scrub)(struct db *db);
	/* Writes a whole and consistent copy to a new file of mode 0600. */
	enum err (*copy)(struct db *db, const char *path, struct error *why);
	enum err (*check)(struct db *db, struct error *why);
};

extern const struct db_ops db_sqlite;

#endif
