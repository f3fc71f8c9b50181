/* SPDX-License-Identifier: MIT */
/*
 * husky's pages and forms: users with the number that the camera knows a face by (face_id) and a
 * class, which is a group. What changes for good is asked for twice, without scripts: the button
 * is behind a summary that has to be opened.
 */
#include "api/legacy/husky.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "net/form.h"
#include "store/pages.h"
#include "store/settings.h"

#define SETTING_CLASSES "husky.classes"

enum { FACE_ID_MAX = 65535, FOUND = 302 };

/* --- who may, and pages ----------------------------------------------------------------- */

bool husky_may(const struct request *req, const struct context *c, enum right right)
{
	const struct caller *caller = caller_of(req);
	bool own_pages = caller->kind == CALLER_USER &&
		(caller->user.role == ROLE_TEACHER || caller->user.role == ROLE_STUDENT);
	/* Who has no key proves nothing by a cookie: at least it must be a page of ours. */
	bool foreign = caller->kind == CALLER_NOBODY && !request_same_origin(req);
	return !own_pages && !foreign && legacy_may(req, c, right);
}

void husky_page(struct html *h, const struct context *c, const char *title)
{
	const char *logo = api_config(c->api)->logo_url;
	html_start(h);
	html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
	html_text(h, title);
	html_raw(h,
		"</title><meta name=\"viewport\" content=\"width=device-width\"></head>\n"
		"<body><header>");
	if (logo != NULL) {
		html_raw(h, "<img alt=\"\" src=\"");
		html_text(h, logo);
		html_raw(h, "\">");
	}
	html_raw(h,
		"<nav><a href=\"/register\">Register</a> <a href=\"/users\">Users</a> "
		"<a href=\"/classes\">Classes</a> <a href=\"/attendance\">Attendance</a> "
		"<a href=\"/analytics\">Analytics</a></nav></header>\n<main><h1>");
	html_text(h, title);
	html_raw(h, "</h1>\n");
}

enum err husky_send(struct html *h, struct response *res, int status)
{
	html_raw(h, "</main></body></html>\n");
	enum err err = h->err;
	response_status(res, status);
	if (err == OK)
		err = response_body(res, "text/html; charset=utf-8", h->out.data, h->out.len);
	html_finish(h);
	return err;
}

enum err husky_refuse(const struct request *req, struct response *res)
{
	bool nobody = caller_of(req)->kind == CALLER_NOBODY;
	struct html h;
	html_start(&h);
	html_raw(&h,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<title>Rollcall</title></head><body><main>");
	html_raw(&h,
		nobody ? "<p><a href=\"/\">Sign in</a> first.</p>"
		       : "<p>Your role does not allow this.</p>");
	return husky_send(&h, res, nobody ? 401 : 403);
}

void husky_form(
	struct html *h, const struct request *req, const struct context *c, const char *action)
{
	const struct caller *caller = caller_of(req);
	html_raw(h, "<form method=\"post\" action=\"");
	html_text(h, action);
	html_raw(h, "\">");
	if (caller->kind != CALLER_USER)
		return;
	char token[TOKEN_TEXT];
	web_csrf(c->store, caller->token, token);
	html_raw(h, "<input type=\"hidden\" name=\"csrf_token\" value=\"");
	html_text(h, token);
	html_raw(h, "\">");
}

/* A form of one button that is behind a question. */
static void ask(struct html *h, const struct request *req, const struct context *c,
	const char *action, const char *question)
{
	html_raw(h, "<details><summary>");
	html_text(h, question);
	html_raw(h, "</summary>");
	husky_form(h, req, c, action);
	html_raw(h, "<button>Yes</button></form></details>");
}

static enum err go_to(struct response *res, const char *location)
{
	return response_redirect(res, FOUND, location);
}

/* Whether an error is one of what was typed, to be told on the page. */
static bool typed(enum err err)
{
	return err == ERR_ARG || err == ERR_EXISTS || err == ERR_NOT_FOUND;
}

/* --- classes ---------------------------------------------------------------------------- */

static enum err add_class(
	struct store *store, const char *name, int64_t now_ms, struct group *out, struct error *why)
{
	*out = (struct group){.start_minute = -1, .grace_minutes = -1};
	enum err err = name_clean(name, "class", out->name, why);
	return err == OK ? store_group_add(store, out, now_ms, why) : err;
}

/* The two classes of an empty database, once. */
static enum err first_classes(const struct request *req, struct context *c, struct error *why)
{
	char done[SETTING_VALUE_BYTES];
	struct group group;
	struct group_list groups = {0};
	enum err err = store_setting(c->store, SETTING_CLASSES, done, why);
	if (err != OK || done[0] != '\0' || !husky_may(req, c, RIGHT_GROUPS_WRITE))
		return err;
	err = store_begin(c->store, why);
	if (err != OK)
		return err;
	err = store_groups(c->store, &groups, why);
	if (err == OK && groups.count == 0)
		err = add_class(c->store, "Class A", request_now_ms(req), &group, why);
	if (err == OK && groups.count == 0)
		err = add_class(c->store, "Class B", request_now_ms(req), &group, why);
	if (err == OK)
		err = store_setting_set(c->store, SETTING_CLASSES, "1", why);
	group_list_finish(&groups);
	return legacy_commit(req, c, err,
		&(struct audit_entry){.action = "husky.start", .subject = c->org.id}, why);
}

static enum err show_classes(
	const struct request *req, struct response *res, struct context *c, const char *message)
{
	struct group_list groups = {0};
	struct html h;
	enum err err = first_classes(req, c, response_why(res));
	if (err == OK)
		err = store_groups(c->store, &groups, response_why(res));
	if (err != OK)
		return err;
	husky_page(&h, c, "Classes");
	html_message(&h, message);
	husky_form(&h, req, c, "/classes");
	html_raw(&h,
		"<input type=\"hidden\" name=\"action\" value=\"add\"><label>Class "
		"<input name=\"classname\" required></label> <button>Add</button></form>\n"
		"<table><tr><th>Class</th><th>Students</th><th></th></tr>\n");
	for (size_t i = 0; i < groups.count; i++) {
		html_raw(&h, "<tr>");
		html_cell(&h, groups.item[i].name);
		html_raw(&h, "<td>");
		html_number(&h, (long long)groups.item[i].members);
		html_raw(&h, "</td><td><details><summary>Delete?</summary>");
		husky_form(&h, req, c, "/classes");
		html_raw(&h,
			"<input type=\"hidden\" name=\"action\" value=\"delete\">"
			"<input type=\"hidden\" name=\"classname\" value=\"");
		html_text(&h, groups.item[i].name);
		html_raw(&h, "\"><button>Yes</button></form></details></td></tr>\n");
	}
	html_raw(&h, "</table>\n");
	group_list_finish(&groups);
	return husky_send(&h, res, message != NULL ? 400 : 200);
}

static enum err classes(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	if (!husky_may(req, c, RIGHT_GROUPS_READ))
		return husky_refuse(req, res);
	return show_classes(req, res, c, NULL);
}

static enum err change_class(const struct request *req, struct context *c, const char *action,
	const char *name, struct error *why)
{
	struct group group = {0};
	bool add = strcmp(action, "add") == 0;
	if (!add && strcmp(action, "delete") != 0)
		return err_set(why, ERR_ARG, "action is 'add' or 'delete'");
	enum err err = store_begin(c->store, why);
	if (err != OK)
		return err;
	if (add) {
		err = add_class(c->store, name, request_now_ms(req), &group, why);
	} else {
		err = store_group_find(c->store, name, &group, why);
		if (err == OK)
			err = store_group_remove(c->store, group.id, why);
	}
	return legacy_commit(req, c, err,
		&(struct audit_entry){
			.action = add ? "group.add" : "group.remove", .subject = group.id},
		why);
}

static enum err classes_change(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct error why = {0};
	struct form form = {0};
	if (!husky_may(req, c, RIGHT_GROUPS_WRITE))
		return husky_refuse(req, res);
	enum err err = form_read(&form, req, response_why(res));
	if (err == OK) {
		const char *action = form_field(&form, "action");
		const char *name = form_field(&form, "classname");
		err = change_class(
			req, c, action != NULL ? action : "", name != NULL ? name : "", &why);
		*response_why(res) = why;
	}
	form_finish(&form);
	if (err == OK)
		return go_to(res, "/classes");
	return typed(err) ? show_classes(req, res, c, why.text) : err;
}

/* --- users ------------------------------------------------------------------------------ */

enum err husky_class_of(
	struct store *store, const char *person_id, struct group *out, struct error *why)
{
	struct group_list groups = {0};
	*out = (struct group){0};
	enum err err = store_person_groups(store, person_id, &groups, why);
	if (err == OK && groups.count > 0)
		*out = groups.item[0];
	group_list_finish(&groups);
	return err;
}

static enum err choose_class(
	struct html *h, struct context *c, const char *chosen, struct error *why)
{
	struct group_list groups = {0};
	enum err err = store_groups(c->store, &groups, why);
	html_raw(h, "<label>Class <select name=\"class\">");
	for (size_t i = 0; err == OK && i < groups.count; i++) {
		bool mine = strcmp(groups.item[i].name, chosen) == 0;
		html_raw(h, mine ? "<option selected>" : "<option>");
		html_text(h, groups.item[i].name);
		html_raw(h, "</option>");
	}
	html_raw(h, "</select></label> ");
	group_list_finish(&groups);
	return err;
}

/* The form for somebody new (face_id 0) or known. */
static enum err show_user(const struct request *req, struct response *res, struct context *c,
	const struct person *person, const char *message)
{
	struct group group = {0};
	struct html h;
	char action[48] = "/register";
	bool known = person->face_id != 0;
	enum err err = first_classes(req, c, response_why(res));
	if (err == OK && known)
		err = husky_class_of(c->store, person->id, &group, response_why(res));
	if (err != OK)
		return err;
	husky_page(&h, c, known ? "Edit user" : "Register");
	html_message(&h, message);
	if (known)
		snprintf(action, sizeof(action), "/edit_user/%d", person->face_id);
	husky_form(&h, req, c, action);
	if (!known)
		html_raw(&h,
			"<label>ID <input name=\"id\" type=\"number\" min=\"1\" "
			"max=\"65535\" required></label> ");
	html_raw(&h, "<label>Name <input name=\"name\" required value=\"");
	html_text(&h, person->name);
	html_raw(&h, "\"></label> ");
	err = choose_class(&h, c, group.name, response_why(res));
	html_raw(&h, "<button>Save</button></form>\n");
	if (err == OK)
		return husky_send(&h, res, message != NULL ? 400 : 200);
	html_finish(&h);
	return err;
}

static enum err list_users(
	const struct request *req, struct context *c, struct html *h, struct error *why)
{
	struct person_list people = {0};
	enum err err = store_people(c->store, NULL, &people, why);
	for (size_t i = 0; err == OK && i < people.count; i++) {
		const struct person *p = &people.item[i];
		struct group group;
		char path[48];
		err = husky_class_of(c->store, p->id, &group, why);
		html_raw(h, "<tr><td>");
		if (p->face_id != 0)
			html_number(h, p->face_id);
		html_raw(h, "</td>");
		html_cell(h, p->name);
		html_cell(h, group.name);
		html_raw(h, "<td>");
		if (p->face_id != 0) {
			snprintf(path, sizeof(path), "/edit_user/%d", p->face_id);
			html_raw(h, "<a href=\"");
			html_text(h, path);
			html_raw(h, "\">Edit</a> ");
			snprintf(path, sizeof(path), "/delete_user/%d", p->face_id);
			ask(h, req, c, path, "Delete?");
		}
		html_raw(h, "</td></tr>\n");
	}
	person_list_finish(&people);
	return err;
}

static enum err users(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct html h;
	if (!husky_may(req, c, RIGHT_PEOPLE_READ))
		return husky_refuse(req, res);
	husky_page(&h, c, "Users");
	html_raw(&h, "<table><tr><th>ID</th><th>Name</th><th>Class</th><th></th></tr>\n");
	enum err err = list_users(req, c, &h, response_why(res));
	html_raw(&h, "</table>\n");
	ask(&h, req, c, "/reset_ids", "Take all IDs away?");
	ask(&h, req, c, "/reset_attendance", "Delete all attendance?");
	if (err == OK)
		return husky_send(&h, res, 200);
	html_finish(&h);
	return err;
}

/* The person whose face has that number in the camera. */
static enum err find_user(
	struct store *store, const char *id, struct person *out, struct error *why)
{
	struct person_list people = {0};
	char *end;
	long number = strtol(id, &end, 10);
	*out = (struct person){0};
	if (*end != '\0' || number < 1 || number > FACE_ID_MAX)
		return err_set(why, ERR_NOT_FOUND, "there is no user with that ID");
	enum err err = store_people(store, NULL, &people, why);
	for (size_t i = 0; err == OK && i < people.count; i++) {
		if (people.item[i].face_id == (int)number)
			*out = people.item[i];
	}
	person_list_finish(&people);
	if (err == OK && out->id[0] == '\0')
		err = err_set(why, ERR_NOT_FOUND, "there is no user with that ID");
	return err;
}

/* Puts the person into that class instead of the one shown so far; other groups stay. */
static enum err set_class(struct context *c, const char *person_id, const char *name,
	int64_t now_ms, struct error *why)
{
	struct group old = {0}, next;
	if (name == NULL || name[0] == '\0')
		return err_set(why, ERR_ARG, "the class is missing");
	enum err err = store_group_find(c->store, name, &next, why);
	if (err == OK)
		err = husky_class_of(c->store, person_id, &old, why);
	if (err != OK || strcmp(old.id, next.id) == 0)
		return err;
	if (old.id[0] != '\0')
		err = store_member_remove(c->store, old.id, person_id, now_ms, why);
	return err == OK ? store_member_add(c->store, next.id, person_id, now_ms, why) : err;
}

/* Adds the person, or changes the one that has an id. */
static enum err save_user(const struct request *req, struct context *c, struct person *person,
	const struct form *form, struct error *why)
{
	const char *name = form_field(form, "name"), *id = form_field(form, "id");
	bool add = person->id[0] == '\0';
	const int64_t now_ms = request_now_ms(req);
	char *end = NULL;
	long number = add && id != NULL ? strtol(id, &end, 10) : 0;
	if (add && (end == NULL || end == id || *end != '\0' || number < 1 || number > FACE_ID_MAX))
		return err_set(why, ERR_ARG, "the ID is a number from 1 to %d", FACE_ID_MAX);
	enum err err = name_clean(name != NULL ? name : "", "name", person->name, why);
	if (err == OK)
		err = store_begin(c->store, why);
	if (err != OK)
		return err;
	if (add)
		person->face_id = (int)number;
	person->version = 0;
	err = add ? store_person_add(c->store, person, now_ms, why)
		  : store_person_update(c->store, person, why);
	if (err == OK)
		err = set_class(c, person->id, form_field(form, "class"), now_ms, why);
	return legacy_commit(req, c, err,
		&(struct audit_entry){
			.action = add ? "person.add" : "person.change", .subject = person->id},
		why);
}

/* Takes the form of somebody new or known; what is wrong with it is told above it. */
static enum err take_user(
	const struct request *req, struct response *res, struct context *c, struct person *person)
{
	struct person shown = *person;
	struct error why = {0};
	struct form form = {0};
	enum err err = form_read(&form, req, response_why(res));
	if (err == OK) {
		err = save_user(req, c, person, &form, &why);
		*response_why(res) = why;
	}
	form_finish(&form);
	if (err == OK)
		return go_to(res, "/users");
	return typed(err) ? show_user(req, res, c, &shown, why.text) : err;
}

static enum err register_page(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct person nobody = {0};
	if (!husky_may(req, c, RIGHT_PEOPLE_WRITE))
		return husky_refuse(req, res);
	return show_user(req, res, c, &nobody, NULL);
}

static enum err register_user(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct person person = {0};
	if (!husky_may(req, c, RIGHT_PEOPLE_WRITE))
		return husky_refuse(req, res);
	return take_user(req, res, c, &person);
}

static enum err edit_page(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct person person;
	if (!husky_may(req, c, RIGHT_PEOPLE_WRITE))
		return husky_refuse(req, res);
	enum err err = find_user(c->store, request_param(req, "id"), &person, response_why(res));
	return err == OK ? show_user(req, res, c, &person, NULL) : err;
}

static enum err edit_user(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct person person;
	if (!husky_may(req, c, RIGHT_PEOPLE_WRITE))
		return husky_refuse(req, res);
	enum err err = find_user(c->store, request_param(req, "id"), &person, response_why(res));
	return err == OK ? take_user(req, res, c, &person) : err;
}

static enum err delete_user(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct error *why = response_why(res);
	struct person person;
	if (!husky_may(req, c, RIGHT_PEOPLE_WRITE))
		return husky_refuse(req, res);
	enum err err = find_user(c->store, request_param(req, "id"), &person, why);
	if (err == OK)
		err = store_begin(c->store, why);
	if (err != OK)
		return err;
	err = store_person_remove(c->store, person.id, why);
	err = legacy_commit(req, c, err,
		&(struct audit_entry){.action = "person.remove", .subject = person.id}, why);
	if (err != OK)
		return err;
	recognisers_stale(api_recognisers(c->api));
	return go_to(res, "/users");
}

/* --- resets ----------------------------------------------------------------------------- */

static enum err take_ids(struct store *store, struct error *why)
{
	struct person_list people = {0};
	enum err err = store_people(store, NULL, &people, why);
	for (size_t i = 0; err == OK && i < people.count; i++) {
		struct person *p = &people.item[i];
		if (p->face_id == 0)
			continue;
		p->face_id = 0;
		err = store_person_update(store, p, why);
	}
	person_list_finish(&people);
	return err;
}

/* The marks go; what was seen, and that they were there, stays in sightings and audit. */
static enum err take_marks(struct store *store, struct error *why)
{
	const struct page_filter all = {0};
	struct page page = {.cursor = ""};
	enum err err;
	do {
		struct mark_list marks = {0};
		err = store_marks_page(store, &all, &page, &marks, why);
		for (size_t i = 0; err == OK && i < marks.count; i++)
			err = store_mark_remove(
				store, marks.item[i].session_id, marks.item[i].person_id, why);
		mark_list_finish(&marks);
	} while (err == OK && page.cursor[0] != '\0');
	return err;
}

struct reset {
	enum right right;
	const char *action;
	enum err (*take)(struct store *store, struct error *why);
};

static const struct reset reset_ids = {RIGHT_PEOPLE_WRITE, "husky.reset_ids", take_ids};
static const struct reset reset_attendance = {RIGHT_SETTINGS, "husky.reset_attendance", take_marks};

static enum err reset(const struct request *req, struct response *res, struct worker *w)
{
	const struct reset *what = request_route(req)->data;
	struct context *c = context_of(w);
	struct error *why = response_why(res);
	if (!husky_may(req, c, what->right))
		return husky_refuse(req, res);
	enum err err = store_begin(c->store, why);
	if (err != OK)
		return err;
	err = what->take(c->store, why);
	err = legacy_commit(req, c, err,
		&(struct audit_entry){.action = what->action, .subject = c->org.id}, why);
	return err == OK ? go_to(res, "/") : err;
}

#define PAGE(at, with)                                                                       \
	{                                                                                    \
		METHOD_GET, at, .access = RIGHT_ANYBODY, .rate = RATE_API, .handler = (with) \
	}
#define ACTION(at, with)                                                                           \
	{                                                                                          \
		METHOD_POST, at, .access = RIGHT_ANYBODY, .rate = RATE_API, .body_max = BODY_JSON, \
				 .handler = (with)                                                 \
	}

static const struct route routes[] = {
	PAGE("/register", register_page),
	ACTION("/register", register_user),
	PAGE("/users", users),
	PAGE("/edit_user/{id}", edit_page),
	ACTION("/edit_user/{id}", edit_user),
	ACTION("/delete_user/{id}", delete_user),
	PAGE("/classes", classes),
	ACTION("/classes", classes_change),
	PAGE("/attendance", husky_attendance),
	PAGE("/analytics", husky_analytics),
	PAGE("/export_csv", husky_export),
	{METHOD_POST, "/reset_ids", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = reset, .data = &reset_ids},
	{METHOD_POST, "/reset_attendance", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = reset, .data = &reset_attendance},
};

const struct resource resource_husky = {
	.route = routes, .count = sizeof(routes) / sizeof(routes[0]), .legacy = LEGACY_HUSKY};
