/* SPDX-License-Identifier: MIT */
/* Shared by the files config*.c. */
#ifndef BASE_CONFIG_INT_H
#define BASE_CONFIG_INT_H

#include "base/config.h"

/* What a key's text means. */
union config_value {
	bool on;
	int number;
	int64_t amount;
	struct config_rate rate;
};

/*
 * Checks a text against its key and, for the kinds that are no texts, gives what it means.
 * ERR_ARG with "KEY takes ..., not '...'".
 */
enum err config_parse(const struct config_key *key, const char *text, union config_value *out,
	struct error *why) MUST_USE;

/*
 * Cuts a list at commas and blanks, in place; items beyond CONFIG_ITEMS_MAX are counted, not
 * stored. `item` may be NULL.
 */
size_t config_split(char *text, const char **item);

/* "[section] name", as errors call a key. */
enum { CONFIG_TITLE = 128 };
void config_title(const struct config_key *key, char out[static CONFIG_TITLE]);

#endif
