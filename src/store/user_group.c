/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/user_int.h"

void user_group_list_finish(struct user_group_list *list)
{
	free(list->item);
	*list = (struct user_group_list){0};
}

static void read_group(struct query *q, void *row)
{
	struct user_group *out = row;
	column_text(q, 0, out->group_id, sizeof(out->group_id));
	out->may_take = column_int(q, 1) != 0;
	out->may_change = column_int(q, 2) != 0;
}

static const struct row_kind kind = {read_group, sizeof(struct user_group), "group", "groups"};

static enum err insert_group(
	struct store *s, const char *user_id, const struct user_group *group, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO user_group (org_id, user_id, group_id, may_take, may_change)"
		" SELECT ?1, ?2, id, ?4, ?5 FROM person_group"
		"  WHERE org_id = ?1 AND id = ?3 AND removed = 0"
		" ON CONFLICT (user_id, group_id, org_id) DO UPDATE"
		" SET may_take = excluded.may_take, may_change = excluded.may_change",
		why);
	query_text(&q, user_id);
	query_text(&q, group->group_id);
	query_int(&q, group->may_take);
	query_int(&q, group->may_change);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such user");
	if (err == OK && rows == 0)
		err = err_set(why, ERR_NOT_FOUND, "there is no such group");
	return err;
}

enum err store_user_groups_set(struct store *s, const char *user_id,
	const struct user_group *groups, size_t count, struct error *why)
{
	static const char *const sql[] = {
		"DELETE FROM user_group WHERE org_id = ?1 AND user_id = ?2",
		"UPDATE app_user SET version = version + 1 WHERE org_id = ?1 AND id = ?2",
	};
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	int64_t rows = 0;
	err = run_all(s, sql, sizeof(sql) / sizeof(sql[0]), user_id, &rows, why);
	if (err == OK && rows == 0)
		err = err_set(why, ERR_NOT_FOUND, "there is no such user");
	for (size_t i = 0; i < count && err == OK; i++)
		err = insert_group(s, user_id, &groups[i], why);
	return change_end(s, err, why);
}

enum err store_user_groups(
	struct store *s, const char *user_id, struct user_group_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT group_id, may_take, may_change FROM user_group"
		" WHERE org_id = ?1 AND user_id = ?2 ORDER BY group_id",
		why);
	query_text(&q, user_id);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_user_group(struct store *s, const char *user_id, const char *group_id,
	struct user_group *out, bool *found, struct error *why)
{
	*out = (struct user_group){0};
	struct query q;
	query_start(&q, s,
		"SELECT group_id, may_take, may_change FROM user_group"
		" WHERE org_id = ?1 AND user_id = ?2 AND group_id = ?3",
		why);
	query_text(&q, user_id);
	query_text(&q, group_id);
	*found = query_row(&q);
	if (*found)
		read_group(&q, out);
	return query_end(&q);
}
