/* SPDX-License-Identifier: MIT */
/*
 * What the files of src/store share: the handle, and queries on top of struct db_ops.
 * As a store: one thread at a time.
 */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include "store/db.h"
#include "store/key.h"
#include "store/store.h"

struct store {
	const struct db_ops *ops;
	struct db *db;
	char *home, *db_path, *key_path;
	struct store_key key;
	char org_id[UUID_TEXT]; /* of every query */
	int version;            /* of the schema */
	bool in_transaction;    /* store_begin was called; the database may have ended it since */
	int changes;            /* change_begin was called this often, and not yet change_end */
};

/* Brings the schema up by `steps`, with a copy of the file before each. */
enum err migrate(struct store *s, const struct migration *step, size_t steps, int64_t now_ms,
	struct error *why) MUST_USE;
/* The version of the schema; 0 = none yet. */
enum err migrate_version(struct store *s, int *out, struct error *why) MUST_USE;

/*
 * Makes several statements of one call all-or-nothing, inside the caller's transaction or
 * change, or in a transaction of their own. change_end undoes them when `err` is not OK;
 * returns the outcome. Every change_begin that gave OK has its change_end.
 */
enum err change_begin(struct store *s, struct error *why) MUST_USE;
enum err change_end(struct store *s, enum err err, struct error *why) MUST_USE;

/*
 * A person's number, in place: it is text ("0042", "A-7"), cleaned as a name, and has at most
 * NUMBER_BYTES - 1 bytes. "" stays. ERR_ARG.
 */
enum err person_clean_number(char number[static NUMBER_BYTES], struct error *why) MUST_USE;

/*
 * A statement on its way. Errors stick: after the first one nothing more happens and
 * query_end (or query_run) returns it. Strings and blobs are borrowed until then.
 */
struct query {
	struct store *s;
	struct db_stmt *stmt;
	struct error *why;
	enum err err;
	int next; /* the parameter that is bound next */
};

/* `sql` is a constant whose ?1 is the organisation; it is bound here. */
void query_start(struct query *q, struct store *s, const char *sql, struct error *why);
/* The same for the few tables above the organisations: nothing is bound. */
void query_start_global(struct query *q, struct store *s, const char *sql, struct error *why);
void query_text(struct query *q, const char *text);
void query_text_or_null(struct query *q, const char *text); /* "" = NULL */
void query_int(struct query *q, int64_t value);
void query_int_or_null(struct query *q, int64_t value, int64_t null);
void query_real(struct query *q, double value); /* NAN = NULL */
void query_blob(struct query *q, const void *bytes, size_t len);
void query_hash(struct query *q, const uint8_t hash[static PHOTO_HASH_BYTES]); /* zeros = NULL */

/* Goes to the next row; false at the end and after an error. */
bool query_row(struct query *q);
/* Ends it; returns the first error. */
enum err query_end(struct query *q) MUST_USE;
/* Runs what gives no rows, and ends it. `changed` (may be NULL) gets the number of rows. */
enum err query_run(struct query *q, int64_t *changed) MUST_USE;
/* Runs some statements whose ?2 is one id. `rows` may be NULL; it gets those of the last. */
enum err run_all(struct store *s, const char *const *sql, size_t count, const char *id,
	int64_t *rows, struct error *why) MUST_USE;
/* One kind of thing that rows become. */
struct row_kind {
	void (*read)(struct query *q, void *out); /* the current row */
	size_t size;                              /* of a thing */
	const char *one, *many;                   /* "person", "people" */
};

/*
 * Runs what gives one thing, and ends it. ERR_NOT_FOUND ("there is no such person") when there
 * is no row; `out` is as it was then.
 */
enum err query_one(struct query *q, const struct row_kind *kind, void *out) MUST_USE;

/* A list as those of store.h are: `count` things at *item, room for `capacity`. */
struct rows {
	void *item;
	size_t *count, *capacity;
};
/* Runs what gives many, and ends it: each row is appended. `rows->item` may move. */
enum err query_all(struct query *q, const struct row_kind *kind, struct rows *rows) MUST_USE;

/* Sets the error of a query, if it has none yet. */
void query_fail(struct query *q, enum err err);

/*
 * The columns of the row, from 0. What does not fit its place is an error (damaged). NULL:
 * "", 0, NAN.
 */
void column_text(struct query *q, int at, char *out, size_t size);
int64_t column_int(struct query *q, int at);
bool column_null(struct query *q, int at);
double column_real(struct query *q, int at);
void column_hash(struct query *q, int at, uint8_t out[static PHOTO_HASH_BYTES]);
/* Borrowed until the next row. */
const void *column_blob(struct query *q, int at, size_t *len);

#endif
