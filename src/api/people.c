/* SPDX-License-Identifier: MIT */
/* /api/v1/people, and who is in which group */
#include "api/people.h"

#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"

enum { FACE_ID_MAX = 65535, GROUPS_MAX = 100, LOCATION_BYTES = 64 + UUID_TEXT };

/* --- documents -------------------------------------------------------------------------- */

static json_t *groups_json(struct store *store, const char *person_id, struct error *why)
{
	struct group_list groups = {0};
	json_t *list = json_array();
	if (store_person_groups(store, person_id, &groups, why) != OK) {
		json_decref(list);
		list = NULL;
	}
	for (size_t i = 0; i < groups.count; i++)
		json_append(&list,
			json_pack(
				"{s:s,s:s}", "id", groups.item[i].id, "name", groups.item[i].name));
	group_list_finish(&groups);
	return list;
}

json_t *person_full_json(struct context *c, const struct person *person, struct error *why)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:I,s:o}", "id", person->id, "name", person->name,
		"number", json_text(person->number), "face_id",
		person->face_id != 0 ? json_integer(person->face_id) : json_null(), "groups",
		groups_json(c->store, person->id, why), "photos", (json_int_t)person->templates,
		"created", json_time(c->zone, person->created_ms));
}

enum err person_of_path(
	const struct request *req, struct response *res, struct context *c, struct person *out)
{
	const char *id = request_param(req, "id");
	enum err err = store_person(c->store, id, out, response_why(res));
	if (err == OK)
		err = caller_sees_person(caller_of(req), c->store, id, response_why(res));
	return err;
}

/* --- lists ------------------------------------------------------------------------------ */

/* A student's list: the own person. */
static enum err list_own(
	const struct request *req, struct response *res, struct context *c, const char *person_id)
{
	const struct page page = {0};
	struct person person;
	struct error *why = response_why(res);
	json_t *items = json_array();
	if (person_id[0] == '\0')
		return page_answer(res, OK, &page, items);
	enum err err = store_person(c->store, person_id, &person, why);
	if (err == OK)
		json_append(&items, person_full_json(c, &person, why));
	return page_answer(res, err, &page, items);
}

static enum err list_page(const struct request *req, struct response *res, struct context *c,
	struct page_filter *filter)
{
	const struct caller *caller = caller_of(req);
	struct person_list people = {0};
	struct page page;
	struct error *why = response_why(res);
	if (caller->kind == CALLER_USER && caller->user.role == ROLE_TEACHER)
		filter->user_id = caller->user.id;
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = store_people_page(c->store, filter, &page, &people, why);
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < people.count; i++)
		json_append(&items, person_full_json(c, &people.item[i], why));
	person_list_finish(&people);
	return page_answer(res, err, &page, items);
}

/* A group that is there and whose people the caller may see. */
static enum err visible_group(
	const struct request *req, struct response *res, struct context *c, const char *group_id)
{
	struct group group;
	enum err err = store_group(c->store, group_id, &group, response_why(res));
	if (err != OK)
		return err;
	return caller_in_group(caller_of(req), c->store, group_id, GROUP_VIEW, response_why(res));
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	struct page_filter filter = {
		.search = request_query(req, "search"), .group_id = request_query(req, "group_id")};
	if (caller->kind == CALLER_USER && caller->user.role == ROLE_STUDENT)
		return list_own(req, res, c, caller->user.person_id);
	enum err err = filter.group_id != NULL ? visible_group(req, res, c, filter.group_id) : OK;
	return err == OK ? list_page(req, res, c, &filter) : err;
}

static enum err members(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct page_filter filter = {.group_id = request_param(req, "id")};
	enum err err = visible_group(req, res, c, filter.group_id);
	return err == OK ? list_page(req, res, c, &filter) : err;
}

/* --- one person ------------------------------------------------------------------------- */

struct given {
	struct person person;
	json_t *groups; /* borrowed from the body; NULL = not given */
};

static const struct field add_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct given, person.name)},
	{"number", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct given, person.number)},
	{"face_id", FIELD_INT, FIELD_NULLABLE, FIELD(struct given, person.face_id), .min = 1,
		.max = FACE_ID_MAX},
	{"group_ids", FIELD_JSON, 0, FIELD(struct given, groups)},
	{0},
};

static const struct field change_fields[] = {
	{"name", FIELD_TEXT, 0, FIELD(struct given, person.name)},
	{"number", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct given, person.number)},
	{"face_id", FIELD_INT, FIELD_NULLABLE, FIELD(struct given, person.face_id), .min = 1,
		.max = FACE_ID_MAX},
	{0},
};

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct person person;
	enum err err = person_of_path(req, res, c, &person);
	if (err != OK)
		return err;
	return answer_version(res, person.version, person_full_json(c, &person, response_why(res)));
}

/* Puts a new person into the groups of the body. */
static enum err join_all(const struct request *req, struct response *res, struct store *store,
	const struct given *given)
{
	struct group group;
	enum err err = OK;
	if (given->groups == NULL)
		return OK;
	if (!json_is_array(given->groups) || json_array_size(given->groups) > GROUPS_MAX)
		return body_invalid(
			res, "group_ids", "takes a list of at most %d ids of groups", GROUPS_MAX);
	for (size_t i = 0; err == OK && i < json_array_size(given->groups); i++) {
		const char *id = json_string_value(json_array_get(given->groups, i));
		if (id == NULL || store_group(store, id, &group, NULL) == ERR_NOT_FOUND)
			return body_invalid(res, "group_ids", "names a group that is not there");
		err = store_member_add(
			store, id, given->person.id, request_now_ms(req), response_why(res));
	}
	return err;
}

static enum err created(struct response *res, const struct person *person)
{
	char location[LOCATION_BYTES];
	snprintf(location, sizeof(location), "/api/v1/people/%s", person->id);
	enum err err = response_header(res, "Location", location);
	return err == OK ? response_version(res, person->version) : err;
}

static enum err add(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct given given = {0};
	struct person *person = &given.person;
	struct error *why = response_why(res);
	struct change ch;
	json_t *doc;
	enum err err = body_read(req, res, add_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_person_add(c->store, person, request_now_ms(req), why);
	if (err == OK && !ch.replayed)
		err = join_all(req, res, c->store, &given);
	if (err == OK && !ch.replayed)
		err = created(res, person);
	json_decref(doc);
	bool made = err == OK && !ch.replayed;
	return change_finish(&ch, err, &(struct changed){"person.add", person->id, NULL}, 201,
		made ? person_full_json(c, person, why) : NULL);
}

static enum err update(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct given given = {0};
	struct person *person = &given.person;
	struct error *why = response_why(res);
	struct change ch;
	json_t *doc;
	enum err err = person_of_path(req, res, c, person);
	if (err == OK)
		err = body_read(req, res, change_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	person->version = if_match_version(req);
	err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_person_update(c->store, person, why);
	if (err == OK && !ch.replayed)
		err = response_version(res, person->version);
	bool made = err == OK && !ch.replayed;
	return change_finish(&ch, err, &(struct changed){"person.change", person->id, NULL}, 200,
		made ? person_full_json(c, person, why) : NULL);
}

/* Whether the row is of the version that the caller has read. */
static enum err same_version(
	const struct request *req, struct response *res, const struct person *person)
{
	int64_t wanted = if_match_version(req);
	if (wanted == 0 || wanted == person->version)
		return OK;
	return err_set(response_why(res), ERR_CONFLICT,
		"the person was changed meanwhile: read it again, then remove it");
}

static enum err remove_person(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const char *id = request_param(req, "id");
	struct person person;
	struct change ch;
	enum err err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = person_of_path(req, res, c, &person);
	if (err == OK && !again)
		err = same_version(req, res, &person);
	if (err == OK && !again)
		err = store_person_remove(c->store, id, response_why(res));
	err = change_finish(&ch, err, &(struct changed){"person.remove", id, NULL}, 204, NULL);
	if (err == OK && !again)
		recognisers_stale(api_recognisers(c->api));
	return err;
}

/* --- memberships ------------------------------------------------------------------------ */

/* What the audit says beside the person: {"group": "<id>"}. */
enum { DETAIL_BYTES = UUID_TEXT + 32 };

static enum err both_there(
	struct response *res, struct store *store, const char *group_id, const char *person_id)
{
	struct group group;
	struct person person;
	enum err err = store_group(store, group_id, &group, response_why(res));
	return err == OK ? store_person(store, person_id, &person, response_why(res)) : err;
}

static enum err member_change(
	const struct request *req, struct response *res, struct worker *w, bool join)
{
	struct context *c = context_of(w);
	const char *group_id = request_param(req, "id");
	const char *person_id = request_param(req, "person_id");
	int64_t now_ms = request_now_ms(req);
	struct error *why = response_why(res);
	char detail[DETAIL_BYTES] = "";
	struct change ch;
	enum err err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = both_there(res, c->store, group_id, person_id);
	if (err == OK && !again)
		err = join ? store_member_add(c->store, group_id, person_id, now_ms, why)
			   : store_member_remove(c->store, group_id, person_id, now_ms, why);
	if (err == OK && !again)
		snprintf(detail, sizeof(detail), "{\"group\":\"%s\"}", group_id);
	return change_finish(&ch, err,
		&(struct changed){join ? "person.join" : "person.leave", person_id, detail}, 204,
		NULL);
}

static enum err member_add(const struct request *req, struct response *res, struct worker *w)
{
	return member_change(req, res, w, true);
}

static enum err member_remove(const struct request *req, struct response *res, struct worker *w)
{
	return member_change(req, res, w, false);
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/people", .access = RIGHT_PEOPLE_READ, .rate = RATE_API,
		.handler = list},
	{METHOD_POST, "/api/v1/people", .access = RIGHT_PEOPLE_WRITE, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = add},
	{METHOD_GET, "/api/v1/people/{id}", .access = RIGHT_PEOPLE_READ, .rate = RATE_API,
		.handler = get},
	{METHOD_PATCH, "/api/v1/people/{id}", .access = RIGHT_PEOPLE_WRITE, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = update},
	{METHOD_DELETE, "/api/v1/people/{id}", .access = RIGHT_PEOPLE_WRITE, .rate = RATE_API,
		.handler = remove_person},
	{METHOD_GET, "/api/v1/groups/{id}/members", .access = RIGHT_PEOPLE_READ, .rate = RATE_API,
		.handler = members},
	{METHOD_PUT, "/api/v1/groups/{id}/members/{person_id}", .access = RIGHT_GROUPS_WRITE,
		.rate = RATE_API, .body_max = BODY_JSON, .handler = member_add},
	{METHOD_DELETE, "/api/v1/groups/{id}/members/{person_id}", .access = RIGHT_GROUPS_WRITE,
		.rate = RATE_API, .handler = member_remove},
};

const struct resource resource_people = RESOURCE(routes);
