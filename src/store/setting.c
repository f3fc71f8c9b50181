/* SPDX-License-Identifier: MIT */
#include "store/settings.h"

#include <string.h>

#include "store/store_int.h"

enum err store_setting(
	struct store *s, const char *name, char out[static SETTING_VALUE_BYTES], struct error *why)
{
	out[0] = '\0';
	struct query q;
	query_start(&q, s, "SELECT value FROM setting WHERE org_id = ?1 AND name = ?2", why);
	query_text(&q, name);
	if (query_row(&q))
		column_text(&q, 0, out, SETTING_VALUE_BYTES);
	return query_end(&q);
}

static enum err unset(struct store *s, const char *name, struct error *why)
{
	struct query q;
	query_start(&q, s, "DELETE FROM setting WHERE org_id = ?1 AND name = ?2", why);
	query_text(&q, name);
	return query_run(&q, NULL);
}

enum err store_setting_set(struct store *s, const char *name, const char *value, struct error *why)
{
	if (name[0] == '\0' || strlen(name) >= SETTING_NAME_BYTES)
		return err_set(
			why, ERR_ARG, "a setting's name has 1 to %d bytes", SETTING_NAME_BYTES - 1);
	if (value == NULL || value[0] == '\0')
		return unset(s, name, why);
	size_t len = strlen(value);
	if (len >= SETTING_VALUE_BYTES || !utf8_valid(value, len))
		return err_set(why, ERR_ARG, "the setting '%s' is not UTF-8 of at most %d bytes",
			name, SETTING_VALUE_BYTES - 1);
	struct query q;
	query_start(&q, s,
		"INSERT INTO setting (org_id, name, value) VALUES (?1, ?2, ?3)"
		" ON CONFLICT (name, org_id) DO UPDATE SET value = excluded.value",
		why);
	query_text(&q, name);
	query_text(&q, value);
	return query_run(&q, NULL);
}
