/* SPDX-License-Identifier: MIT */
/*
 * Names of people and groups: cleaned for the database, and the nearest one for "did you mean".
 * Shared inside src/store only; as a store: one thread at a time.
 */
#ifndef STORE_NEAR_H
#define STORE_NEAR_H

#include "store/store_int.h"

/*
 * Cleans a name that somebody gave, in place, and makes its key; `what` names it in the error.
 * On ERR_ARG `name` is as it was.
 */
enum err near_clean(char name[static NAME_BYTES], const char *what, char key[static NAME_KEY_BYTES],
	struct error *why) MUST_USE;

/*
 * Ends a search that found nothing: ERR_NOT_FOUND with "there is no <what> called '<typed>'",
 * and the nearest name that `sql` gives, if one is near. `sql` selects name_key and name of
 * the organisation ?1; `typed` is cleaned.
 */
enum err near_not_found(struct store *s, const char *sql, const char *what, const char *typed,
	struct error *why) MUST_USE;

#endif
