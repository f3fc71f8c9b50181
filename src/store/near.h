/* SPDX-License-Identifier: MIT */
/* "Did you mean": the nearest of the names offered. Shared inside src/store only; any thread. */
#ifndef STORE_NEAR_H
#define STORE_NEAR_H

#include "store/store_int.h"

/*
 * Ends a search that found nothing: ERR_NOT_FOUND with "there is no <what> called '<typed>'",
 * and the nearest name that `sql` gives, if one is near. `sql` selects name_key and name of
 * the organisation ?1; `typed` is cleaned.
 */
enum err near_not_found(struct store *s, const char *sql, const char *what, const char *typed,
	struct error *why) MUST_USE;

#endif
