/* SPDX-License-Identifier: MIT */
#include "store/store_int.h"

enum err store_audit(
	struct store *s, int64_t now_ms, const struct audit_entry *entry, struct error *why)
{
	char id[UUID_TEXT];
	uuid_make(now_ms, id);
	struct query q;
	query_start(&q, s,
		"INSERT INTO audit (org_id, id, at_ms, actor, action, subject, detail)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		why);
	query_text(&q, id);
	query_int(&q, now_ms);
	query_text(&q, entry->actor);
	query_text(&q, entry->action);
	query_text(&q, entry->subject);
	query_text_or_null(&q, entry->detail != NULL ? entry->detail : "");
	return query_run(&q, NULL);
}
