/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/near.h"
#include "store/store_int.h"

#define GROUP_COLUMNS                                                                \
	"g.id, g.name, coalesce(g.start_minute, -1), coalesce(g.grace_minutes, -1)," \
	" (SELECT count(*) FROM membership c WHERE c.org_id = g.org_id"              \
	"  AND c.group_id = g.id), g.version"

void group_list_finish(struct group_list *list)
{
	free(list->item);
	*list = (struct group_list){0};
}

static void read_group(struct query *q, void *row)
{
	struct group *out = row;
	*out = (struct group){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->name, sizeof(out->name));
	out->start_minute = (int)column_int(q, 2);
	out->grace_minutes = (int)column_int(q, 3);
	out->members = (size_t)column_int(q, 4);
	out->version = column_int(q, 5);
}

static const struct row_kind kind = {read_group, sizeof(struct group), "group", "groups"};

static enum err clean_group(struct group *group, char key[static NAME_KEY_BYTES], struct error *why)
{
	enum err err = near_clean(group->name, "group's name", key, why);
	if (err == OK && (group->start_minute < -1 || group->start_minute >= DAY_MINUTES))
		err = err_set(why, ERR_ARG, "the start time is not between 00:00 and 23:59");
	if (err == OK && (group->grace_minutes < -1 || group->grace_minutes >= DAY_MINUTES))
		err = err_set(
			why, ERR_ARG, "the grace is not between 0 and %d minutes", DAY_MINUTES - 1);
	return err;
}

static enum err check_free(
	struct store *s, const struct group *group, const char *key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT name FROM person_group WHERE org_id = ?1 AND id <> ?2 AND name_key = ?3"
		" AND removed = 0",
		why);
	query_text(&q, group->id);
	query_text(&q, key);
	if (query_row(&q)) {
		char name[NAME_BYTES];
		column_text(&q, 0, name, sizeof(name));
		query_fail(
			&q, err_set(why, ERR_EXISTS, "there is already a group called '%s'", name));
	}
	return query_end(&q);
}

/* The columns that adding and changing write, in the order ?2 to ?6. */
static void bind_group(struct query *q, const struct group *group, const char *key)
{
	query_text(q, group->id);
	query_text(q, group->name);
	query_text(q, key);
	query_int_or_null(q, group->start_minute, -1);
	query_int_or_null(q, group->grace_minutes, -1);
}

enum err store_group_add(struct store *s, struct group *group, int64_t now_ms, struct error *why)
{
	struct group added = *group;
	char key[NAME_KEY_BYTES];
	enum err err = clean_group(&added, key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	uuid_make(now_ms, added.id);
	added.members = 0;
	added.version = 1;
	err = check_free(s, &added, key, why);
	if (err == OK) {
		struct query q;
		query_start(&q, s,
			"INSERT INTO person_group (org_id, id, name, name_key, start_minute,"
			" grace_minutes, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			why);
		bind_group(&q, &added, key);
		query_int(&q, now_ms);
		err = query_run(&q, NULL);
	}
	err = change_end(s, err, why);
	if (err == OK)
		*group = added;
	return err;
}

static enum err no_such_group(struct error *why)
{
	return err_set(why, ERR_NOT_FOUND, "there is no such group");
}

enum err store_group(struct store *s, const char *id, struct group *out, struct error *why)
{
	*out = (struct group){0};
	struct query q;
	query_start(&q, s,
		"SELECT " GROUP_COLUMNS " FROM person_group g WHERE g.org_id = ?1 AND g.id = ?2",
		why);
	query_text(&q, id);
	return query_one(&q, &kind, out);
}

static enum err find_name(struct store *s, const char *name, struct group *out, struct error *why)
{
	char key[NAME_KEY_BYTES];
	enum err err = name_key(name, key, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s,
		"SELECT " GROUP_COLUMNS " FROM person_group g WHERE g.org_id = ?1"
		" AND g.name_key = ?2 AND g.removed = 0",
		why);
	query_text(&q, key);
	err = query_one(&q, &kind, out);
	if (err != ERR_NOT_FOUND)
		return err;
	return near_not_found(s,
		"SELECT name_key, name FROM person_group WHERE org_id = ?1 AND removed = 0",
		"group", name, why);
}

enum err store_group_find(
	struct store *s, const char *name_or_id, struct group *out, struct error *why)
{
	*out = (struct group){0};
	char clean[NAME_BYTES];
	enum err err = name_clean(name_or_id, "group's name", clean, why);
	if (err != OK)
		return err;
	if (uuid_valid(clean)) {
		err = store_group(s, clean, out, why);
		if (err != ERR_NOT_FOUND)
			return err;
	}
	return find_name(s, clean, out, why);
}

enum err store_group_update(struct store *s, struct group *group, struct error *why)
{
	struct group changed = *group;
	char key[NAME_KEY_BYTES];
	enum err err = clean_group(&changed, key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = check_free(s, &changed, key, why);
	int64_t rows = 0;
	if (err == OK) {
		struct query q;
		query_start(&q, s,
			"UPDATE person_group SET name = ?3, name_key = ?4, start_minute = ?5,"
			" grace_minutes = ?6, version = version + 1"
			" WHERE org_id = ?1 AND id = ?2 AND removed = 0 AND (?7 = 0 OR version = "
			"?7)",
			why);
		bind_group(&q, &changed, key);
		query_int(&q, changed.version);
		err = query_run(&q, &rows);
	}
	struct group now;
	if (err == OK)
		err = store_group(s, changed.id, &now, why);
	if (err == OK && rows == 0)
		err = changed.version == 0 || changed.version == now.version
			? no_such_group(why) /* it was removed */
			: err_set(why, ERR_CONFLICT,
				  "the group was changed meanwhile: read it again, then change it");
	if (err == OK)
		changed = now;
	err = change_end(s, err, why);
	if (err == OK)
		*group = changed;
	return err;
}

/* What is of the group now and will be of none: nothing of it is history. */
static enum err detach(struct store *s, const char *id, struct error *why)
{
	static const char *const sql[] = {
		"DELETE FROM user_group WHERE org_id = ?1 AND group_id = ?2",
		"UPDATE registration SET group_id = NULL WHERE org_id = ?1 AND group_id = ?2",
		("UPDATE device SET group_id = NULL, version = version + 1"
		 " WHERE org_id = ?1 AND group_id = ?2"),
	};
	return run_all(s, sql, sizeof(sql) / sizeof(sql[0]), id, NULL, why);
}

/* Takes the group away; one that registers refer to stays, unseen, for them. */
static enum err remove_row(struct store *s, const char *id, struct error *why)
{
	struct query q;
	int64_t rows = 0;
	enum err err = detach(s, id, why);
	if (err != OK)
		return err;
	query_start(&q, s,
		"UPDATE person_group SET removed = 1 WHERE org_id = ?1 AND id = ?2 AND EXISTS"
		" (SELECT 1 FROM session WHERE org_id = ?1 AND group_id = ?2)",
		why);
	query_text(&q, id);
	err = query_run(&q, &rows);
	if (err != OK || rows > 0)
		return err;
	query_start(&q, s, "DELETE FROM past_membership WHERE org_id = ?1 AND group_id = ?2", why);
	query_text(&q, id);
	err = query_run(&q, NULL);
	if (err != OK)
		return err;
	query_start(&q, s, "DELETE FROM person_group WHERE org_id = ?1 AND id = ?2", why);
	query_text(&q, id);
	return query_run(&q, NULL);
}

enum err store_group_remove(struct store *s, const char *id, struct error *why)
{
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	struct group group;
	err = store_group(s, id, &group, why);
	if (err == OK && group.members > 0)
		err = err_set(why, ERR_ARG,
			"Cannot delete '%s' because %zu user(s) are still assigned to it.",
			group.name, group.members);
	if (err == OK)
		err = remove_row(s, id, why);
	return change_end(s, err, why);
}

/* Appends the rows of a started query. */
static enum err read_groups(struct query *q, struct group_list *out)
{
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_groups(struct store *s, struct group_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " GROUP_COLUMNS " FROM person_group g WHERE g.org_id = ?1"
		" AND g.removed = 0 ORDER BY g.name_key",
		why);
	return read_groups(&q, out);
}

enum err store_person_groups(
	struct store *s, const char *person_id, struct group_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " GROUP_COLUMNS " FROM membership m JOIN person_group g"
		" ON g.org_id = m.org_id AND g.id = m.group_id"
		" WHERE m.org_id = ?1 AND m.person_id = ?2 ORDER BY g.name_key",
		why);
	query_text(&q, person_id);
	return read_groups(&q, out);
}

enum err store_member_add(struct store *s, const char *group_id, const char *person_id,
	int64_t now_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO membership (org_id, group_id, person_id, since_ms)"
		" SELECT ?1, ?2, ?3, ?4 FROM person_group"
		"  WHERE org_id = ?1 AND id = ?2 AND removed = 0"
		" ON CONFLICT (group_id, person_id, org_id) DO UPDATE SET since_ms = since_ms",
		why);
	query_text(&q, group_id);
	query_text(&q, person_id);
	query_int(&q, now_ms);
	int64_t rows;
	enum err err = query_run(&q, &rows);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such person");
	return err == OK && rows == 0 ? no_such_group(why) : err;
}

static enum err delete_member(
	struct store *s, const char *group_id, const char *person_id, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"DELETE FROM membership WHERE org_id = ?1 AND group_id = ?2 AND person_id = ?3",
		why);
	query_text(&q, group_id);
	query_text(&q, person_id);
	return query_run(&q, NULL);
}

static enum err keep_past(struct store *s, const char *group_id, const char *person_id,
	int64_t since_ms, int64_t until_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO past_membership (org_id, group_id, person_id, since_ms, until_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT (group_id, person_id, since_ms, org_id)"
		" DO UPDATE SET until_ms = excluded.until_ms",
		why);
	query_text(&q, group_id);
	query_text(&q, person_id);
	query_int(&q, since_ms);
	query_int(&q, until_ms);
	return query_run(&q, NULL);
}

/* Since when; ERR_NOT_FOUND where there is no membership. */
static enum err member_since(struct store *s, const char *group_id, const char *person_id,
	int64_t *since_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT since_ms FROM membership WHERE org_id = ?1 AND group_id = ?2"
		" AND person_id = ?3",
		why);
	query_text(&q, group_id);
	query_text(&q, person_id);
	bool found = query_row(&q);
	*since_ms = found ? column_int(&q, 0) : 0;
	enum err err = query_end(&q);
	return err == OK && !found ? ERR_NOT_FOUND : err;
}

enum err store_member_remove(struct store *s, const char *group_id, const char *person_id,
	int64_t now_ms, struct error *why)
{
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	int64_t since_ms;
	err = member_since(s, group_id, person_id, &since_ms, why);
	if (err == OK)
		err = keep_past(s, group_id, person_id, since_ms, now_ms, why);
	if (err == OK || err == ERR_NOT_FOUND)
		err = delete_member(s, group_id, person_id, why);
	return change_end(s, err, why);
}
