/* SPDX-License-Identifier: MIT */
/* /api/v1/groups */
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"

enum { MINUTE_NONE = -1 };

/* A time of day as "HH:MM", or null. */
static json_t *minute_json(int minute)
{
	char text[6];
	if (minute < 0)
		return json_null();
	minute_text(minute, text);
	return json_string(text);
}

static json_t *group_json(const struct group *g)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:I}", "id", g->id, "name", g->name, "start",
		minute_json(g->start_minute), "grace_minutes",
		g->grace_minutes < 0 ? json_null() : json_integer(g->grace_minutes), "members",
		(json_int_t)g->members);
}

static const struct field add_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct group, name)},
	{"start", FIELD_MINUTE, FIELD_NULLABLE, FIELD(struct group, start_minute),
		.none = MINUTE_NONE},
	{"grace_minutes", FIELD_INT, FIELD_NULLABLE, FIELD(struct group, grace_minutes),
		.max = GRACE_MINUTES_MAX, .none = MINUTE_NONE},
	{0},
};

static const struct field change_fields[] = {
	{"name", FIELD_TEXT, 0, FIELD(struct group, name)},
	{"start", FIELD_MINUTE, FIELD_NULLABLE, FIELD(struct group, start_minute),
		.none = MINUTE_NONE},
	{"grace_minutes", FIELD_INT, FIELD_NULLABLE, FIELD(struct group, grace_minutes),
		.max = GRACE_MINUTES_MAX, .none = MINUTE_NONE},
	{0},
};

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct group_list groups = {0};
	struct page page;
	const struct page_filter filter = {.search = request_query(req, "search")};
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = store_groups_page(c->store, &filter, &page, &groups, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < groups.count; i++)
		json_append(&items, group_json(&groups.item[i]));
	group_list_finish(&groups);
	return page_answer(res, err, &page, items);
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct group group;
	enum err err = store_group(c->store, request_param(req, "id"), &group, response_why(res));
	return err == OK ? answer_version(res, group.version, group_json(&group)) : err;
}

static enum err add(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct group group = {.start_minute = MINUTE_NONE, .grace_minutes = MINUTE_NONE};
	struct change ch;
	json_t *doc;
	enum err err = body_read(req, res, add_fields, &group, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_group_add(c->store, &group, request_now_ms(req), response_why(res));
	return change_finish(&ch, err, &(struct changed){"group.add", group.id, NULL}, 201,
		err == OK ? group_json(&group) : NULL);
}

static enum err update(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct group group;
	struct change ch;
	json_t *doc;
	enum err err = store_group(c->store, request_param(req, "id"), &group, response_why(res));
	if (err == OK)
		err = body_read(req, res, change_fields, &group, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	group.version = if_match_version(req);
	err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_group_update(c->store, &group, response_why(res));
	if (err == OK && !ch.replayed)
		err = response_version(res, group.version);
	return change_finish(&ch, err, &(struct changed){"group.change", group.id, NULL}, 200,
		err == OK ? group_json(&group) : NULL);
}

static enum err remove_group(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const char *id = request_param(req, "id");
	struct change ch;
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_group_remove(c->store, id, response_why(res));
	return change_finish(&ch, err, &(struct changed){"group.remove", id, NULL}, 204, NULL);
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/groups", .access = RIGHT_GROUPS_READ, .rate = RATE_API,
		.handler = list},
	{METHOD_POST, "/api/v1/groups", .access = RIGHT_GROUPS_WRITE, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = add},
	{METHOD_GET, "/api/v1/groups/{id}", .access = RIGHT_GROUPS_READ, .rate = RATE_API,
		.handler = get},
	{METHOD_PATCH, "/api/v1/groups/{id}", .access = RIGHT_GROUPS_WRITE, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = update},
	{METHOD_DELETE, "/api/v1/groups/{id}", .access = RIGHT_GROUPS_WRITE, .rate = RATE_API,
		.handler = remove_group},
};

const struct resource resource_groups = RESOURCE(routes);
