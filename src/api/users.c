/* SPDX-License-Identifier: MIT */
/* /api/v1/users: who may sign in, as what */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"

enum { GROUPS_MAX = 100, LINK_TEXT = TOKEN_TEXT + 8 };

/* --- documents -------------------------------------------------------------------------- */

static json_t *groups_json(struct store *store, const char *user_id, struct error *why)
{
	struct user_group_list groups = {0};
	json_t *list = json_array();
	if (store_user_groups(store, user_id, &groups, why) != OK) {
		json_decref(list);
		list = NULL;
	}
	for (size_t i = 0; i < groups.count; i++)
		json_append(&list,
			json_pack("{s:s,s:b,s:b}", "group_id", groups.item[i].group_id, "may_take",
				groups.item[i].may_take, "may_change", groups.item[i].may_change));
	user_group_list_finish(&groups);
	return list;
}

static json_t *user_json(struct context *c, const struct user *u, struct error *why)
{
	return json_pack("{s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:o,s:o}", "id", u->id, "email",
		json_text(u->email), "name", u->name, "role", user_role_word(u->role), "state",
		user_state_word(u->state), "person_id", json_text(u->person_id), "groups",
		groups_json(c->store, u->id, why), "created", json_time(c->zone, u->created_ms),
		"signed_in", json_time(c->zone, u->signed_in_ms));
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct page_filter filter = {.word = request_query(req, "state")};
	struct user_list users = {0};
	struct page page;
	enum user_state state;
	struct error *why = response_why(res);
	if (filter.word != NULL && user_state_parse(filter.word, &state, why) != OK)
		return body_invalid(res, "state", "takes invited, waiting, active or disabled");
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = store_users_page(c->store, &filter, &page, &users, why);
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < users.count; i++)
		json_append(&items, user_json(c, &users.item[i], why));
	user_list_finish(&users);
	return page_answer(res, err, &page, items);
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct user user;
	struct error *why = response_why(res);
	enum err err = store_user(c->store, request_param(req, "id"), &user, why);
	if (err != OK)
		return err;
	return answer_version(res, user.version, user_json(c, &user, why));
}

/* --- what is given ---------------------------------------------------------------------- */

static const char *const roles[] = {"administrator", "teacher", "student", "viewer", NULL};

_Static_assert(
	ROLE_ADMINISTRATOR == 0 && ROLE_TEACHER == 1 && ROLE_STUDENT == 2 && ROLE_VIEWER == 3,
	"the words are in the order of enum user_role");

static const char *const states[] = {"active", "disabled", NULL};
static const enum user_state state_of[] = {USER_ACTIVE, USER_DISABLED};

struct given {
	struct user user;
	int role, state; /* state: -1 = not given */
	json_t *groups;  /* borrowed from the body; NULL = not given */
};

static const struct field add_fields[] = {
	{"email", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct given, user.email)},
	{"name", FIELD_TEXT, 0, FIELD(struct given, user.name)},
	{"role", FIELD_WORD, FIELD_REQUIRED, FIELD(struct given, role), .choices = roles},
	{"person_id", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct given, user.person_id)},
	{"groups", FIELD_JSON, 0, FIELD(struct given, groups)},
	{0},
};

static const struct field change_fields[] = {
	{"email", FIELD_TEXT, 0, FIELD(struct given, user.email)},
	{"name", FIELD_TEXT, 0, FIELD(struct given, user.name)},
	{"role", FIELD_WORD, 0, FIELD(struct given, role), .choices = roles},
	{"person_id", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct given, user.person_id)},
	{"groups", FIELD_JSON, 0, FIELD(struct given, groups)},
	{"state", FIELD_WORD, 0, FIELD(struct given, state), .choices = states},
	{0},
};

static const struct field group_fields[] = {
	{"group_id", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct user_group, group_id)},
	{"may_take", FIELD_BOOL, 0, FIELD(struct user_group, may_take)},
	{"may_change", FIELD_BOOL, 0, FIELD(struct user_group, may_change)},
	{0},
};

/* A teacher's groups as the body has them. */
static enum err set_groups(
	struct response *res, struct store *store, const char *user_id, const json_t *list)
{
	struct user_group groups[GROUPS_MAX] = {0};
	struct group group;
	enum err err = OK;
	if (list == NULL)
		return OK;
	size_t count = json_array_size(list);
	if (!json_is_array(list) || count > GROUPS_MAX)
		return body_invalid(res, "groups", "takes a list of at most %d groups", GROUPS_MAX);
	for (size_t i = 0; err == OK && i < count; i++) {
		err = body_object(res, json_array_get(list, i), group_fields, &groups[i], NULL);
		if (err == OK &&
			store_group(store, groups[i].group_id, &group, NULL) == ERR_NOT_FOUND)
			err = body_invalid(res, "groups", "names a group that is not there");
	}
	if (err != OK)
		return err;
	return store_user_groups_set(store, user_id, groups, count, response_why(res));
}

/* A student's own person, if one is named. */
static enum err person_there(struct response *res, struct store *store, const char *id)
{
	struct person person;
	if (id[0] == '\0' || store_person(store, id, &person, NULL) != ERR_NOT_FOUND)
		return OK;
	return body_invalid(res, "person_id", "names a person who is not there");
}

/* --- inviting --------------------------------------------------------------------------- */

static enum err link_for(struct store *store, const struct user *user, int64_t now_ms,
	char out[static LINK_TEXT], struct error *why)
{
	char token[TOKEN_TEXT];
	enum link_kind kind = user->state == USER_INVITED ? LINK_INVITATION : LINK_RESET;
	enum err err = store_link_make(store, user->id, kind, now_ms, token, why);
	if (err == OK)
		snprintf(out, LINK_TEXT, "/link#%s", token);
	return err;
}

static enum err invite_user(const struct request *req, struct response *res, struct store *store,
	struct given *given, char link[static LINK_TEXT])
{
	struct user *user = &given->user;
	struct error *why = response_why(res);
	int64_t now_ms = request_now_ms(req);
	enum err err = person_there(res, store, user->person_id);
	if (err == OK)
		err = store_user_add(store, user, now_ms, why);
	if (err == OK)
		err = set_groups(res, store, user->id, given->groups);
	if (err == OK)
		err = link_for(store, user, now_ms, link, why);
	return err == OK ? response_version(res, user->version) : err;
}

static enum err add(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct given given = {0};
	struct user *user = &given.user;
	char link[LINK_TEXT] = "";
	struct change ch;
	json_t *body, *doc = NULL;
	enum err err = body_read(req, res, add_fields, &given, NULL, &body);
	if (err != OK)
		return err;
	user->role = (enum user_role)given.role;
	if (user->name[0] == '\0')
		snprintf(user->name, sizeof(user->name), "%s", user->email);
	err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = invite_user(req, res, c->store, &given, link);
	json_decref(body);
	if (err == OK && !ch.replayed && (doc = user_json(c, user, response_why(res))) != NULL)
		json_object_set_new(doc, "link", json_string(link));
	return change_finish(&ch, err,
		&(struct changed){.action = "user.invite", .subject = user->id, .once = "link"},
		201, doc);
}

static enum err make_link(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct error *why = response_why(res);
	struct user user = {0};
	char link[LINK_TEXT] = "";
	struct change ch;
	json_t *doc = NULL;
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_user(c->store, request_param(req, "id"), &user, why);
	if (err == OK && !ch.replayed)
		err = link_for(c->store, &user, request_now_ms(req), link, why);
	if (err == OK && !ch.replayed)
		doc = json_pack("{s:s,s:s}", "kind",
			user.state == USER_INVITED ? "invitation" : "reset", "link", link);
	return change_finish(&ch, err,
		&(struct changed){.action = "user.link", .subject = user.id, .once = "link"}, 201,
		doc);
}

/* --- changing --------------------------------------------------------------------------- */

static enum err change_user(
	const struct request *req, struct response *res, struct store *store, struct given *given)
{
	struct user *user = &given->user;
	enum err err = person_there(res, store, user->person_id);
	if (err == OK)
		err = store_user_update(store, user, response_why(res));
	if (err == OK)
		err = set_groups(res, store, user->id, given->groups);
	return err == OK ? response_version(res, user->version) : err;
}

static enum err update(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct given given = {.state = -1};
	struct user *user = &given.user;
	struct error *why = response_why(res);
	struct change ch;
	json_t *body;
	enum err err = store_user(c->store, request_param(req, "id"), user, why);
	given.role = (int)user->role;
	if (err == OK)
		err = body_read(req, res, change_fields, &given, NULL, &body);
	if (err != OK)
		return err;
	user->role = (enum user_role)given.role;
	if (given.state >= 0)
		user->state = state_of[given.state];
	user->version = if_match_version(req);
	err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = change_user(req, res, c->store, &given);
	json_decref(body);
	return change_finish(&ch, err,
		&(struct changed){.action = "user.change", .subject = user->id}, 200,
		err == OK && !again ? user_json(c, user, why) : NULL);
}

static enum err remove_user(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const char *id = request_param(req, "id");
	struct user user;
	struct change ch;
	struct error *why = response_why(res);
	int64_t version = if_match_version(req);
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_user(c->store, id, &user, why);
	if (err == OK && !ch.replayed && version != 0 && version != user.version)
		err = err_set(why, ERR_CONFLICT,
			"the user was changed meanwhile: read it again, then remove it");
	if (err == OK && !ch.replayed)
		err = store_user_remove(c->store, id, why);
	return change_finish(
		&ch, err, &(struct changed){.action = "user.remove", .subject = id}, 204, NULL);
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/users", .access = RIGHT_USERS, .rate = RATE_API, .handler = list},
	{METHOD_POST, "/api/v1/users", .access = RIGHT_USERS, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = add},
	{METHOD_GET, "/api/v1/users/{id}", .access = RIGHT_USERS, .rate = RATE_API, .handler = get},
	{METHOD_PATCH, "/api/v1/users/{id}", .access = RIGHT_USERS, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = update},
	{METHOD_DELETE, "/api/v1/users/{id}", .access = RIGHT_USERS, .rate = RATE_API,
		.handler = remove_user},
	{METHOD_POST, "/api/v1/users/{id}/links", .access = RIGHT_USERS, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = make_link},
};

const struct resource resource_users = RESOURCE(routes);
