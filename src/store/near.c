/* SPDX-License-Identifier: MIT */
#include "store/near.h"

#include <string.h>

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
