/* SPDX-License-Identifier: MIT */
#include "store/near.h"

#include <string.h>

enum err near_clean(char name[static NAME_BYTES], const char *what, char key[static NAME_KEY_BYTES],
	struct error *why)
{
	char clean[NAME_BYTES] = "";
	if (memchr(name, '\0', NAME_BYTES) == NULL)
		return err_set(
			why, ERR_ARG, "the %s has more than %d characters", what, NAME_CHARS_MAX);
	enum err err = name_clean(name, what, clean, why);
	if (err == OK)
		err = name_key(clean, key, why);
	if (err == OK)
		memcpy(name, clean, sizeof(clean));
	return err;
}

enum err near_not_found(
	struct store *s, const char *sql, const char *what, const char *typed, struct error *why)
{
	char typed_key[NAME_KEY_BYTES], best[NAME_BYTES] = "";
	enum err err = name_key(typed, typed_key, why);
	if (err != OK)
		return err;
	size_t best_distance = NAME_CHARS_MAX;
	struct query q;
	query_start(&q, s, sql, why);
	while (query_row(&q)) {
		char key[NAME_KEY_BYTES];
		size_t distance;
		column_text(&q, 0, key, sizeof(key));
		if (!name_is_near(typed_key, key, &distance) || distance >= best_distance)
			continue;
		best_distance = distance;
		column_text(&q, 1, best, sizeof(best));
	}
	err = query_end(&q);
	if (err != OK)
		return err;
	if (best[0] == '\0')
		return err_set(why, ERR_NOT_FOUND, "there is no %s called '%s'", what, typed);
	return err_set(why, ERR_NOT_FOUND, "there is no %s called '%s': did you mean '%s'?", what,
		typed, best);
}
