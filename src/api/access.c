/* SPDX-License-Identifier: MIT */
#include "api/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "api/context.h"
#include "net/form.h"

enum {
	ADMINISTRATOR = 1 << ROLE_ADMINISTRATOR,
	TEACHER = 1 << ROLE_TEACHER,
	STUDENT = 1 << ROLE_STUDENT,
	VIEWER = 1 << ROLE_VIEWER,
	STAFF = ADMINISTRATOR | TEACHER | VIEWER,
	EVERY_ROLE = STAFF | STUDENT,
	EVERY_SCOPE = ~0,
};

/* Which roles have a right, and which scope of a key; one bit of `scopes` is enough. */
struct rule {
	unsigned roles, scopes;
	bool device;
};

static const struct rule rules[RIGHT_COUNT] = {
	[RIGHT_ANYBODY] = {EVERY_ROLE, (unsigned)EVERY_SCOPE, true},
	[RIGHT_SELF] = {EVERY_ROLE, 0, false},
	[RIGHT_PEOPLE_READ] = {EVERY_ROLE, SCOPE_PEOPLE_READ, false},
	[RIGHT_PEOPLE_WRITE] = {ADMINISTRATOR, SCOPE_PEOPLE_WRITE, false},
	[RIGHT_GROUPS_READ] = {STAFF, SCOPE_GROUPS_READ, true},
	[RIGHT_GROUPS_WRITE] = {ADMINISTRATOR, SCOPE_GROUPS_WRITE, false},
	[RIGHT_REGISTERS_READ] = {EVERY_ROLE, SCOPE_REGISTERS_READ, false},
	[RIGHT_REGISTERS_TAKE] = {ADMINISTRATOR | TEACHER, SCOPE_MARK, true},
	[RIGHT_REGISTERS_CHANGE] = {ADMINISTRATOR | TEACHER, SCOPE_REGISTERS_WRITE | SCOPE_REVIEW,
		false},
	[RIGHT_SIGHTINGS_READ] = {EVERY_ROLE, SCOPE_SIGHTINGS_READ, false},
	[RIGHT_RECOGNISE] = {ADMINISTRATOR | TEACHER, SCOPE_RECOGNISE | SCOPE_MARK, true},
	[RIGHT_LIVE] = {EVERY_ROLE, SCOPE_LIVE, true},
	[RIGHT_DEVICES] = {ADMINISTRATOR, SCOPE_DEVICES, false},
	[RIGHT_DEVICE_SELF] = {0, 0, true},
	[RIGHT_USERS] = {ADMINISTRATOR, SCOPE_USERS, false},
	[RIGHT_REGISTRATIONS] = {ADMINISTRATOR | TEACHER, SCOPE_USERS, false},
	[RIGHT_SETTINGS_READ] = {STAFF, SCOPE_SETTINGS, true},
	[RIGHT_SETTINGS] = {ADMINISTRATOR, SCOPE_SETTINGS, false},
	[RIGHT_AUDIT] = {ADMINISTRATOR, SCOPE_AUDIT_READ, false},
	[RIGHT_METRICS] = {ADMINISTRATOR, SCOPE_METRICS, false},
};

bool caller_may(const struct caller *caller, enum right right)
{
	const struct rule *rule = &rules[right];
	switch (caller->kind) {
	case CALLER_USER:
		return (rule->roles & (1u << caller->user.role)) != 0;
	case CALLER_KEY:
		return (rule->scopes & caller->key.scopes) != 0;
	case CALLER_DEVICE:
		return rule->device;
	case CALLER_NOBODY:
		break;
	}
	return right == RIGHT_ANYBODY;
}

const char *cookie_name(const struct request *req)
{
	return request_secure(req) ? "__Host-rollcall" : "rollcall";
}

/* --- who calls --- */

/* "Authorization: Bearer KEY", or "X-API-KEY: KEY" as blink's client says it; NULL if neither. */
static const char *key_of(const struct request *req)
{
	static const char bearer[] = "Bearer ";
	const char *text = request_header(req, "Authorization");
	if (text != NULL && strncasecmp(text, bearer, sizeof(bearer) - 1) == 0)
		return text + sizeof(bearer) - 1;
	return request_header(req, "X-API-Key");
}

static void set_actor(struct caller *caller, const char *kind, const char *id)
{
	snprintf(caller->actor, sizeof(caller->actor), "%s:%s", kind, id);
}

static enum err by_key(struct caller *caller, struct store *store, const char *key, int64_t now_ms,
	struct error *why)
{
	char prefix[KEY_PREFIX_BYTES];
	if (secret_key_prefix("rd", key, prefix)) {
		enum err err = store_device_by_key(store, key, &caller->device, why);
		if (err == OK)
			err = store_device_seen(store, caller->device.id, NULL, now_ms, why);
		if (err != OK)
			return err;
		caller->kind = CALLER_DEVICE;
		set_actor(caller, "device", caller->device.id);
		return OK;
	}
	enum err err = store_key_find(store, key, now_ms, &caller->key, why);
	if (err != OK)
		return err;
	caller->kind = CALLER_KEY;
	set_actor(caller, "key", caller->key.id);
	return OK;
}

static enum err by_cookie(struct caller *caller, struct store *store, const char *token,
	int64_t now_ms, struct error *why)
{
	enum err err = store_web_find(store, token, now_ms, &caller->session, &caller->user, why);
	if (err != OK)
		return err;
	caller->kind = CALLER_USER;
	set_actor(caller, "user", caller->user.id);
	snprintf(caller->token, sizeof(caller->token), "%s", token);
	return OK;
}

/* Fills the caller; one whose key or cookie is not good (any more) is nobody. */
static enum err identify(struct caller *caller, const struct request *req, struct store *store,
	bool *refused, struct error *why)
{
	const char *key = key_of(req), *token = request_cookie(req, cookie_name(req));
	int64_t now_ms = request_now_ms(req);
	enum err err = OK;
	if (key != NULL)
		err = by_key(caller, store, key, now_ms, why);
	else if (token != NULL)
		err = by_cookie(caller, store, token, now_ms, why);
	*refused = err == ERR_DENIED;
	return *refused ? OK : err;
}

/* --- forged requests --- */

static bool changes(const struct request *req)
{
	enum method method = request_method(req);
	return method != METHOD_GET && method != METHOD_HEAD && method != METHOD_OPTIONS;
}

/* The token of a form that a browser sent without our script: the field "csrf_token". */
static bool form_has_token(
	const struct caller *caller, const struct request *req, const struct store *store)
{
	struct form form = {0};
	const char *given = NULL;
	if (form_read(&form, req, NULL) == OK)
		given = form_field(&form, "csrf_token");
	bool good = given != NULL && web_csrf_matches(store, caller->token, given);
	form_finish(&form);
	return good;
}

/*
 * A cookie goes along with whatever page makes the browser ask; so a change, and a WebSocket,
 * must come from a page of ours, and a change must bring the token that only they can read.
 */
static bool forged(
	const struct caller *caller, const struct request *req, const struct store *store)
{
	bool socket = request_route(req)->channel != NULL;
	if (caller->kind != CALLER_USER || !(socket || changes(req)))
		return false;
	if (!request_same_origin(req))
		return true;
	if (socket)
		return false;
	const char *given = request_header(req, "X-CSRF-Token");
	if (given != NULL)
		return !web_csrf_matches(store, caller->token, given);
	return !form_has_token(caller, req, store);
}

/* --- the answer --- */

static enum err refuse_nobody(struct response *res, bool refused)
{
	enum err err = response_header(res, "WWW-Authenticate", "Bearer realm=\"rollcall\"");
	if (err != OK)
		return err;
	if (refused)
		return response_problem(res, 401, "bad_credentials",
			"sign in again, or use a key that is neither revoked nor expired",
			"the key or session is not valid");
	return response_problem(res, 401, "not_signed_in",
		"sign in, or send 'Authorization: Bearer KEY'", "this needs a key or a sign-in");
}

static const char *hint_of(enum right right)
{
	for (const struct scope_name *n = scope_names; n->word != NULL; n++)
		if ((rules[right].scopes & (unsigned)n->scope) != 0)
			return n->word;
	return "administrator";
}

static enum err refuse_caller(struct response *res, const struct caller *caller, enum right right)
{
	if (caller->kind == CALLER_KEY)
		return response_problem(res, 403, "forbidden", "make a key with that scope",
			"the key lacks the scope '%s'", hint_of(right));
	return response_problem(res, 403, "forbidden", "ask an administrator",
		caller->kind == CALLER_DEVICE ? "devices may not do this"
					      : "your role does not allow this");
}

static enum err decide_access(struct request *req, struct response *res, struct context *c,
	const struct caller *caller, bool refused)
{
	enum right right = (enum right)request_route(req)->access;
	struct error *why = response_why(res);
	if (caller->kind == CALLER_NOBODY && right != RIGHT_ANYBODY) {
		enum err err = refuse_nobody(res, refused);
		return err != OK ? err : err_set(why, ERR_DENIED, "not signed in");
	}
	if (forged(caller, req, c->store)) {
		enum err err = response_problem(res, 403, "csrf",
			"reload the page; scripts use an API key instead of the cookie",
			"this did not come from a page of this server");
		return err != OK ? err : err_set(why, ERR_DENIED, "forged");
	}
	if (!caller_may(caller, right)) {
		enum err err = refuse_caller(res, caller, right);
		return err != OK ? err : err_set(why, ERR_DENIED, "forbidden");
	}
	return OK;
}

enum err api_authorise(struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct caller *caller = calloc(1, sizeof(*caller));
	bool refused = false;
	if (caller == NULL)
		return err_set(response_why(res), ERR_NOMEM, "no memory for a request");
	request_set_caller(req, caller, free);
	snprintf(caller->actor, sizeof(caller->actor), "nobody");
	enum err err = context_use(c, "", response_why(res));
	if (err == OK)
		err = identify(caller, req, c->store, &refused, response_why(res));
	if (err == OK && caller->kind != CALLER_NOBODY)
		err = context_use(c, NULL, response_why(res));
	if (err != OK)
		return err;
	snprintf(caller->org_id, sizeof(caller->org_id), "%s", c->org.id);
	if (caller->kind != CALLER_NOBODY)
		request_set_account(req, caller->actor);
	return decide_access(req, res, c, caller, refused);
}

const struct caller *caller_of(const struct request *req)
{
	return request_caller(req);
}

/* --- groups --- */

enum err caller_in_group(const struct caller *caller, struct store *store, const char *group_id,
	enum group_right right, struct error *why)
{
	struct user_group group;
	bool found = false;
	switch (caller->kind) {
	case CALLER_KEY:
		return OK;
	case CALLER_DEVICE:
		if (right != GROUP_CHANGE &&
			(caller->device.group_id[0] == '\0' ||
				strcmp(caller->device.group_id, group_id) == 0))
			return OK;
		return err_set(why, ERR_DENIED, "this device is not for that group");
	case CALLER_USER:
		break;
	case CALLER_NOBODY:
		return err_set(why, ERR_DENIED, "not signed in");
	}
	if (caller->user.role == ROLE_ADMINISTRATOR ||
		(caller->user.role == ROLE_VIEWER && right == GROUP_VIEW))
		return OK;
	if (caller->user.role == ROLE_TEACHER && group_id[0] != '\0') {
		enum err err =
			store_user_group(store, caller->user.id, group_id, &group, &found, why);
		if (err != OK)
			return err;
	}
	if (found &&
		(right == GROUP_VIEW || (right == GROUP_TAKE && group.may_take) ||
			(right == GROUP_CHANGE && group.may_change)))
		return OK;
	return err_set(why, ERR_DENIED, "that group is not one of yours, or not for this");
}

enum err caller_groups(const struct caller *caller, const char **user_id, struct error *why)
{
	bool user = caller->kind == CALLER_USER;
	*user_id = user && caller->user.role == ROLE_TEACHER ? caller->user.id : NULL;
	if (user && caller->user.role == ROLE_STUDENT)
		return err_set(why, ERR_DENIED, "students see their own marks: /api/v1/me/marks");
	return OK;
}

enum err caller_sees_person(
	const struct caller *caller, struct store *store, const char *person_id, struct error *why)
{
	struct group_list groups = {0};
	if (caller->kind == CALLER_USER && caller->user.role == ROLE_STUDENT) {
		if (strcmp(caller->user.person_id, person_id) == 0)
			return OK;
		return err_set(why, ERR_NOT_FOUND, "there is no such person");
	}
	if (caller->kind != CALLER_USER || caller->user.role != ROLE_TEACHER)
		return OK;
	enum err err = store_person_groups(store, person_id, &groups, why);
	enum err seen = ERR_DENIED;
	for (size_t i = 0; err == OK && seen == ERR_DENIED && i < groups.count; i++)
		seen = caller_in_group(caller, store, groups.item[i].id, GROUP_VIEW, why);
	group_list_finish(&groups);
	if (err != OK || seen == OK)
		return err;
	return seen == ERR_DENIED ? err_set(why, ERR_NOT_FOUND, "there is no such person") : seen;
}
