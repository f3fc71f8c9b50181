/* SPDX-License-Identifier: MIT */
/* Signing in and out, one's own account, and the one-time links that lead there. */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "api/body.h"
#include "api/change.h"
#include "api/resources.h"
#include "report/json.h"
#include "store/throttle.h"

enum { DAY_S = 24 * 3600, MS = 1000 };

/* Tells browsers apart that somebody signed in from, see store/throttle.h; of no other use. */
static const char *browser_cookie(const struct request *req)
{
	return request_secure(req) ? "__Host-rollcall-browser" : "rollcall-browser";
}

/* --- documents -------------------------------------------------------------------------- */

static json_t *user_ref_json(const struct user *u)
{
	return json_pack("{s:s,s:o,s:s,s:s,s:o}", "id", u->id, "email", json_text(u->email), "name",
		u->name, "role", user_role_word(u->role), "person_id", json_text(u->person_id));
}

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

/* Who calls: {"kind": "user", "user", "groups", "csrf_token"}, {"kind": "key", ...}, ... */
static json_t *me_json(struct context *c, const struct caller *caller, struct error *why)
{
	char scopes[SCOPES_TEXT], csrf[TOKEN_TEXT];
	switch (caller->kind) {
	case CALLER_USER:
		web_csrf(c->store, caller->token, csrf);
		return json_pack("{s:s,s:o,s:o,s:s}", "kind", "user", "user",
			user_ref_json(&caller->user), "groups",
			groups_json(c->store, caller->user.id, why), "csrf_token", csrf);
	case CALLER_KEY:
		scopes_text(caller->key.scopes, scopes);
		return json_pack("{s:s,s:{s:s,s:s,s:s,s:o}}", "kind", "key", "key", "id",
			caller->key.id, "name", caller->key.name, "scopes", scopes, "expires",
			json_time(c->zone, caller->key.expires_ms));
	case CALLER_DEVICE:
		return json_pack("{s:s,s:{s:s,s:s,s:s,s:o}}", "kind", "device", "device", "id",
			caller->device.id, "name", caller->device.name, "device_kind",
			caller->device.kind, "group_id", json_text(caller->device.group_id));
	case CALLER_NOBODY:
		break;
	}
	return json_pack("{s:s}", "kind", "nobody");
}

static enum err me(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	return response_json(res, 200, me_json(c, caller_of(req), response_why(res)));
}

/* --- signing in ------------------------------------------------------------------------- */

/* Opens a browser session for a user and answers with who it is. */
static enum err open_session(
	const struct request *req, struct response *res, struct context *c, const struct user *user)
{
	const struct server_config *config = api_config(c->api);
	const struct web_limits limits = {
		.idle_ms = config->session_idle_ms, .absolute_ms = config->session_length_ms};
	const struct web_origin from = {request_peer(req), request_header(req, "User-Agent"),
		request_cookie(req, cookie_name(req)), &limits};
	struct caller caller = {.kind = CALLER_USER, .user = *user};
	struct error *why = response_why(res);
	enum err err =
		store_web_open(c->store, user->id, &from, request_now_ms(req), caller.token, why);
	if (err == OK)
		err = response_cookie(
			res, cookie_name(req), caller.token, (long)(limits.absolute_ms / MS));
	if (err == OK)
		err = context_use(c, NULL, why);
	return err == OK ? response_json(res, 200, me_json(c, &caller, why)) : err;
}

static enum err too_early(struct response *res, int64_t wait_ms)
{
	char seconds[24];
	snprintf(seconds, sizeof(seconds), "%lld", (long long)((wait_ms + MS - 1) / MS));
	enum err err = response_header(res, "Retry-After", seconds);
	if (err != OK)
		return err;
	return response_problem(res, 429, "too_many_attempts",
		"wait, or ask an administrator for a link to set a new password",
		"too many sign-ins failed: try again in %s seconds", seconds);
}

struct typed {
	char email[EMAIL_BYTES], password[PASSWORD_BYTES_MAX + 1];
};

static const struct field credential_fields[] = {
	{"email", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct typed, email)},
	{"password", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct typed, password)},
	{0},
};

/* Refuses what another site's page sends: signing somebody in as somebody else is an attack. */
static enum err same_origin(const struct request *req, struct response *res)
{
	if (request_same_origin(req))
		return OK;
	enum err err = response_problem(res, 403, "csrf", "open the page of this server",
		"this did not come from a page of this server");
	return err != OK ? err : err_set(response_why(res), ERR_DENIED, "another origin");
}

static enum err passed(const struct request *req, struct response *res, struct context *c,
	const struct throttle_who *who, const struct user *user)
{
	char browser[TOKEN_TEXT];
	enum err err = store_throttle_passed(
		c->store, who, user->id, request_now_ms(req), browser, response_why(res));
	if (err == OK)
		err = response_cookie(
			res, browser_cookie(req), browser, (long)KNOWN_BROWSER_DAYS * DAY_S);
	return err == OK ? open_session(req, res, c, user) : err;
}

static enum err refused(const struct request *req, struct response *res, struct context *c,
	const struct throttle_who *who)
{
	char text[ERROR_TEXT_MAX];
	struct error *why = response_why(res);
	snprintf(text, sizeof(text), "%s", why->text);
	enum err err = store_throttle_failed(c->store, who, request_now_ms(req), why);
	if (err != OK)
		return err;
	return response_problem(res, 401, "sign_in_failed",
		"check the address and the password; an administrator can send a new link", "%s",
		text);
}

static enum err sign_in(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct typed given = {0};
	struct throttle_state state;
	struct user user;
	json_t *doc;
	struct error *why = response_why(res);
	int64_t now_ms = request_now_ms(req);
	enum err err = same_origin(req, res);
	if (err == OK)
		err = body_read(req, res, credential_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	const struct throttle_who who = {
		given.email, request_peer(req), request_cookie(req, browser_cookie(req))};
	err = store_throttle_read(c->store, &who, now_ms, &state, why);
	if (err != OK)
		return err;
	int64_t wait_ms = throttle_wait_ms(&state, now_ms);
	if (wait_ms > 0)
		return too_early(res, wait_ms);
	err = store_user_sign_in(c->store,
		&(struct credentials){given.email, given.password, &api_options(c->api)->password},
		now_ms, &user, why);
	sodium_memzero(given.password, sizeof(given.password));
	if (err == OK)
		return passed(req, res, c, &who, &user);
	return err == ERR_DENIED ? refused(req, res, c, &who) : err;
}

static enum err sign_out(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	enum err err = OK;
	if (caller->kind == CALLER_USER)
		err = store_web_close(c->store, caller->token, response_why(res));
	if (err == OK)
		err = response_cookie(res, cookie_name(req), "", 0);
	if (err == OK)
		response_empty(res, 204);
	return err;
}

/* --- one's own account ------------------------------------------------------------------ */

static enum err only_users(const struct request *req, struct response *res)
{
	if (caller_of(req)->kind == CALLER_USER)
		return OK;
	return err_set(response_why(res), ERR_DENIED, "this is for people who sign in");
}

static json_t *web_session_json(
	const struct context *c, const struct web_session *s, const char *current)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:b}", "id", s->id, "address", s->address,
		"agent", s->agent, "created", json_time(c->zone, s->created_ms), "seen",
		json_time(c->zone, s->seen_ms), "expires", json_time(c->zone, s->expires_ms),
		"current", strcmp(s->id, current) == 0);
}

static enum err sign_ins(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	struct web_session_list list = {0};
	enum err err = only_users(req, res);
	if (err == OK)
		err = store_web_sessions(
			c->store, caller->user.id, request_now_ms(req), &list, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < list.count; i++)
		json_append(&items, web_session_json(c, &list.item[i], caller->session.id));
	web_session_list_finish(&list);
	if (err == OK)
		return response_json(res, 200, json_pack("{s:o,s:n}", "items", items, "next"));
	json_decref(items);
	return err;
}

static enum err sign_in_revoke(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	const char *id = request_param(req, "id");
	struct change ch;
	enum err err = only_users(req, res);
	if (err != OK)
		return err;
	err = change_start(&ch, req, res, c->store);
	if (err == OK)
		err = store_web_revoke(c->store, caller->user.id, id, response_why(res));
	return change_finish(&ch, err, &(struct changed){"sign_in.revoke", id, NULL}, 204, NULL);
}

struct new_password {
	char old[PASSWORD_BYTES_MAX + 1], password[PASSWORD_BYTES_MAX + 1];
};

static const struct field password_fields[] = {
	{"old_password", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct new_password, old)},
	{"password", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct new_password, password)},
	{0},
};

static enum err set_password(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	const struct password_cost *cost = &api_options(c->api)->password;
	struct new_password given = {0};
	struct error *why = response_why(res);
	struct user user;
	json_t *doc;
	enum err err = only_users(req, res);
	if (err == OK)
		err = body_read(req, res, password_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	err = store_user_sign_in(c->store,
		&(struct credentials){caller->user.email, given.old, cost}, request_now_ms(req),
		&user, why);
	if (err == ERR_DENIED)
		err = body_invalid(res, "old_password", "is not your password");
	if (err == OK)
		err = store_user_set_password(
			c->store, user.id, given.password, cost, caller->session.id, why);
	sodium_memzero(&given, sizeof(given));
	const struct audit_entry entry = {caller->actor, "user.password", user.id, NULL};
	if (err == OK)
		err = store_audit(c->store, request_now_ms(req), &entry, why);
	if (err == OK)
		response_empty(res, 204);
	return err;
}

/* --- one-time links --------------------------------------------------------------------- */

struct link_given {
	char token[TOKEN_TEXT], password[PASSWORD_BYTES_MAX + 1];
	char email[EMAIL_BYTES], name[NAME_BYTES];
};

static const struct field look_fields[] = {
	{"token", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct link_given, token)},
	{0},
};

static const struct field use_fields[] = {
	{"token", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct link_given, token)},
	{"password", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct link_given, password)},
	{"email", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct link_given, email)},
	{"name", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct link_given, name)},
	{0},
};

static enum err link_look(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct link_given given = {0};
	enum link_kind kind;
	struct user user;
	json_t *doc;
	enum err err = body_read(req, res, look_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	err = store_link_look(
		c->store, given.token, request_now_ms(req), &kind, &user, response_why(res));
	if (err != OK)
		return err;
	return response_json(res, 200,
		json_pack("{s:s,s:o}", "kind", kind == LINK_INVITATION ? "invitation" : "reset",
			"user", user_ref_json(&user)));
}

static enum err link_use(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct link_given given = {0};
	struct user user;
	json_t *doc;
	struct error *why = response_why(res);
	enum err err = same_origin(req, res);
	if (err == OK)
		err = body_read(req, res, use_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	const struct link_answer answer = {given.token, given.password,
		given.email[0] != '\0' ? given.email : NULL, given.name};
	err = store_link_use(
		c->store, &answer, &api_options(c->api)->password, request_now_ms(req), &user, why);
	sodium_memzero(given.password, sizeof(given.password));
	if (err != OK)
		return err;
	char actor[ACTOR_BYTES];
	snprintf(actor, sizeof(actor), "user:%s", user.id);
	const struct audit_entry entry = {actor, "user.link", user.id, NULL};
	err = store_audit(c->store, request_now_ms(req), &entry, why);
	return err == OK ? open_session(req, res, c, &user) : err;
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/me", .access = RIGHT_ANYBODY, .rate = RATE_API, .handler = me},
	{METHOD_POST, "/api/v1/sign-in", .access = RIGHT_ANYBODY, .rate = RATE_SIGN_IN,
		.body_max = BODY_JSON, .handler = sign_in},
	{METHOD_POST, "/api/v1/sign-out", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = sign_out},
	{METHOD_GET, "/api/v1/me/sign-ins", .access = RIGHT_SELF, .rate = RATE_API,
		.handler = sign_ins},
	{METHOD_DELETE, "/api/v1/me/sign-ins/{id}", .access = RIGHT_SELF, .rate = RATE_API,
		.handler = sign_in_revoke},
	{METHOD_PUT, "/api/v1/me/password", .access = RIGHT_SELF, .rate = RATE_SIGN_IN,
		.body_max = BODY_JSON, .handler = set_password},
	{METHOD_POST, "/api/v1/links/look", .access = RIGHT_ANYBODY, .rate = RATE_SIGN_IN,
		.body_max = BODY_JSON, .handler = link_look},
	{METHOD_POST, "/api/v1/links/use", .access = RIGHT_ANYBODY, .rate = RATE_SIGN_IN,
		.body_max = BODY_JSON, .handler = link_use},
};

const struct resource resource_sign_in = RESOURCE(routes);
