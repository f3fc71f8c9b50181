/* SPDX-License-Identifier: MIT */
/*
 * The schema as a row of steps, each run once in a transaction of its own. A step that was
 * released is never edited: a change is a new one at the end. Shared inside src/store only.
 */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include "store/db.h"

enum {
	SQLITE_APPLICATION_ID = 0x526F6C6C, /* "Roll", in the file's header */
	SQLITE_MIGRATIONS = 7,
};

/* The steps of the server; in a file of their own for its length. */
extern const char migration_accounts[], migration_audit_chain[], migration_server[];

extern const struct migration sqlite_migration[SQLITE_MIGRATIONS];

#endif
