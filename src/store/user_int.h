/* SPDX-License-Identifier: MIT */
/* What the files on users share. Shared inside src/store only; as a store. */
#ifndef STORE_USER_INT_H
#define STORE_USER_INT_H

#include "store/store_int.h"
#include "store/users.h"

/* The columns that user_read reads, from 0; `u` is the table. */
#define USER_COLUMNS                                                        \
	"u.id, u.org_id, coalesce(u.email, ''), u.name, u.role, u.state,"   \
	" coalesce(u.person_id, ''), u.password IS NOT NULL, u.created_ms," \
	" coalesce(u.signed_in_ms, 0), u.version"
enum { USER_COLUMN_COUNT = 11 };
void user_read(struct query *q, void *row);
extern const struct row_kind user_kind;

/* Words of an enum: finds one, or fails the query. */
int word_index(const char *const *words, size_t count, const char *word);

/*
 * Inserts a checked user in its state with a password hash (NULL = none); as store_user_add
 * else.
 */
enum err user_insert(struct store *s, struct user *user, const char *hash, int64_t now_ms,
	struct error *why) MUST_USE;
/* Sets the hash of a user's password, sealed, in the handle's organisation. */
enum err user_put_hash(
	struct store *s, const char *user_id, const char *hash, struct error *why) MUST_USE;
/* Ends the browser sessions of a user, but for the session of that id (NULL = all). */
enum err user_sign_out(
	struct store *s, const char *user_id, const char *keep, struct error *why) MUST_USE;
/* Removes the row and what hangs on it, without looking at who is left. */
enum err user_erase(struct store *s, const char *id, int64_t *rows, struct error *why) MUST_USE;

#endif
