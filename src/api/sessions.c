/* SPDX-License-Identifier: MIT */
/* /api/v1/sessions: a day's register of a group; /api/v1/registers: the same to be read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"
#include "report/roll_report.h"

static json_t *session_json(const struct context *c, const struct session_row *s)
{
	return json_pack("{s:s,s:o,s:s,s:o,s:o,s:o,s:o}", "id", s->id, "group_id",
		json_text(s->group_id), "day", s->day, "start", json_time(c->zone, s->start_ms),
		"late_after", json_time(c->zone, s->late_ms), "opened",
		json_time(c->zone, s->opened_ms), "closed", json_time(c->zone, s->closed_ms));
}

/* A day of the query or path; *out is "" when it is not there. */
static enum err read_day(const struct context *c, const struct request *req, struct response *res,
	const char *name, const char *text, char out[static DAY_TEXT])
{
	out[0] = '\0';
	if (text == NULL || zone_parse_day(c->zone, text, request_now_ms(req), out, NULL) == OK)
		return OK;
	return body_invalid(res, name, "takes a day such as 2026-11-21, or today");
}

/* A group that must be there and that the caller has that right in. */
static enum err check_group(const struct context *c, const struct request *req,
	struct response *res, const char *group_id, enum group_right right)
{
	struct group group;
	struct error *why = response_why(res);
	enum err err = OK;
	if (group_id[0] != '\0')
		err = store_group(c->store, group_id, &group, why);
	return err == OK ? caller_in_group(caller_of(req), c->store, group_id, right, why) : err;
}

/* --- reading ---------------------------------------------------------------------------- */

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct session_list sessions = {0};
	struct page page;
	struct page_filter filter = {.group_id = request_query(req, "group_id")};
	char day[DAY_TEXT], from[DAY_TEXT], to[DAY_TEXT];
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = read_day(c, req, res, "day", request_query(req, "day"), day);
	if (err == OK)
		err = read_day(c, req, res, "from", request_query(req, "from"), from);
	if (err == OK)
		err = read_day(c, req, res, "to", request_query(req, "to"), to);
	if (err == OK)
		err = caller_groups(caller_of(req), &filter.user_id, response_why(res));
	if (err == OK && filter.group_id != NULL)
		err = check_group(c, req, res, filter.group_id, GROUP_VIEW);
	if (err != OK)
		return err;
	filter.from_day = day[0] != '\0' ? day : from[0] != '\0' ? from : NULL;
	filter.to_day = day[0] != '\0' ? day : to[0] != '\0' ? to : NULL;
	err = store_sessions_page(c->store, &filter, &page, &sessions, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < sessions.count; i++)
		json_append(&items, session_json(c, &sessions.item[i]));
	session_list_finish(&sessions);
	return page_answer(res, err, &page, items);
}

/* The session of the path, in whose group the caller has that right. */
static enum err session_of_path(const struct context *c, const struct request *req,
	struct response *res, enum group_right right, struct session_row *out)
{
	struct error *why = response_why(res);
	enum err err = store_session(c->store, request_param(req, "id"), out, why);
	if (err != OK)
		return err;
	return caller_in_group(caller_of(req), c->store, out->group_id, right, why);
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct session_row session;
	enum err err = session_of_path(c, req, res, GROUP_VIEW, &session);
	if (err == OK)
		err = response_version(res, session.version);
	return err == OK ? response_json(res, 200, session_json(c, &session)) : err;
}

static enum err read_register(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct registrar registrar = context_registrar(c, req);
	const char *group_id = request_query(req, "group_id"), *user_id = NULL;
	struct roll roll = {0};
	char day[DAY_TEXT];
	enum err err = read_day(c, req, res, "day", request_param(req, "day"), day);
	if (err == OK)
		err = caller_groups(caller_of(req), &user_id, response_why(res));
	if (err == OK && user_id != NULL && group_id == NULL)
		err = body_invalid(res, "group_id", "is missing: name one of your groups");
	if (err == OK && group_id != NULL)
		err = check_group(c, req, res, group_id, GROUP_VIEW);
	if (err == OK)
		err = register_roll(&registrar, group_id, day, &roll, response_why(res));
	json_t *doc = err == OK ? roll_json(&roll, c->zone) : NULL;
	roll_finish(&roll);
	return err == OK ? response_json(res, 200, doc) : err;
}

/* --- opening and closing ---------------------------------------------------------------- */

struct opening {
	char group_id[UUID_TEXT], day[DAY_TEXT];
};

static const struct field opening_fields[] = {
	{"group_id", FIELD_TEXT, FIELD_REQUIRED | FIELD_NULLABLE, FIELD(struct opening, group_id)},
	{"day", FIELD_DAY, FIELD_NULLABLE, FIELD(struct opening, day)},
	{0},
};

/* Whether a day has that register already. */
static enum err find(struct context *c, const struct opening *o, struct session_row *out,
	bool *found, struct error *why)
{
	struct session_list sessions = {0};
	enum err err = store_sessions(c->store, o->day, &sessions, why);
	*found = false;
	for (size_t i = 0; err == OK && i < sessions.count; i++) {
		if (strcmp(sessions.item[i].group_id, o->group_id) != 0)
			continue;
		*out = sessions.item[i];
		*found = true;
	}
	session_list_finish(&sessions);
	return err;
}

static enum err open_row(struct context *c, const struct request *req, const struct opening *o,
	struct session_row *row, struct error *why)
{
	struct group group;
	bool grouped = o->group_id[0] != '\0';
	enum err err = grouped ? store_group(c->store, o->group_id, &group, why) : OK;
	if (err == OK)
		err = rules_session(&c->org, grouped ? &group : NULL, c->zone, o->day, row, why);
	return err == OK ? store_session_day(c->store, row, request_now_ms(req), why) : err;
}

static enum err open_session(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct opening o = {0};
	struct session_row row = {0};
	struct change ch;
	json_t *doc;
	bool found = false;
	enum err err = body_read(req, res, opening_fields, &o, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	if (o.day[0] == '\0')
		zone_day(c->zone, request_now_ms(req), o.day);
	err = check_group(c, req, res, o.group_id, GROUP_TAKE);
	if (err == OK)
		err = change_start(&ch, req, res, c->store);
	if (err != OK)
		return err;
	if (!ch.replayed)
		err = find(c, &o, &row, &found, response_why(res));
	if (err == OK && !ch.replayed && !found)
		err = open_row(c, req, &o, &row, response_why(res));
	const char *action = found ? NULL : "register.open";
	return change_finish(&ch, err, &(struct changed){action, row.id, NULL}, found ? 200 : 201,
		err == OK ? session_json(c, &row) : NULL);
}

struct reopening {
	char reason[REASON_BYTES];
};

static const struct field reopening_fields[] = {
	{"reason", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct reopening, reason)},
	{0},
};

/* What the audit says of a register: as attend/register.h writes it. */
static char *detail_of(const struct session_row *session, const char *reason)
{
	json_t *detail =
		json_pack("{s:s,s:o}", "day", session->day, "group", json_text(session->group_id));
	if (detail != NULL && reason != NULL) {
		json_object_set_new(detail, "reason", json_string(reason));
		json_object_set_new(detail, "closed_ms", json_integer(session->closed_ms));
	}
	char *text = detail != NULL ? json_dumps(detail, JSON_COMPACT) : NULL;
	json_decref(detail);
	return text;
}

/* Writes when it was closed (0: it is open again). */
static enum err set_closed(struct context *c, const struct request *req, struct response *res,
	struct session_row *session, const char *reason)
{
	struct change ch;
	char id[UUID_TEXT];
	int64_t closed_ms = reason == NULL ? request_now_ms(req) : 0;
	char *detail = detail_of(session, reason);
	memcpy(id, session->id, sizeof(id));
	if (detail == NULL)
		return err_set(response_why(res), ERR_NOMEM, "no memory for the audit");
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_session_close(c->store, id, closed_ms, response_why(res));
	if (err == OK && !ch.replayed)
		err = store_session(c->store, id, session, response_why(res));
	if (err == OK && !ch.replayed)
		err = response_version(res, session->version);
	const char *action = reason == NULL ? "register.close" : "register.reopen";
	err = change_finish(&ch, err, &(struct changed){action, id, detail}, 200,
		err == OK ? session_json(c, session) : NULL);
	free(detail);
	return err;
}

static enum err close_session(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct session_row session;
	enum err err = session_of_path(c, req, res, GROUP_CHANGE, &session);
	if (err != OK)
		return err;
	if (session.closed_ms != 0)
		return response_json(res, 200, session_json(c, &session));
	return set_closed(c, req, res, &session, NULL);
}

static enum err reopen(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct session_row session;
	struct reopening given = {0};
	json_t *doc;
	enum err err = session_of_path(c, req, res, GROUP_CHANGE, &session);
	if (err == OK)
		err = body_read(req, res, reopening_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	if (given.reason[0] == '\0')
		return body_invalid(res, "reason", "may not be empty");
	if (session.closed_ms == 0)
		return response_problem(res, 409, "not_closed", NULL,
			"the register was not closed by hand, so it cannot be opened again");
	return set_closed(c, req, res, &session, given.reason);
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/sessions", .access = RIGHT_REGISTERS_READ, .rate = RATE_API,
		.handler = list},
	{METHOD_POST, "/api/v1/sessions", .access = RIGHT_REGISTERS_TAKE, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = open_session},
	{METHOD_GET, "/api/v1/sessions/{id}", .access = RIGHT_REGISTERS_READ, .rate = RATE_API,
		.handler = get},
	{METHOD_POST, "/api/v1/sessions/{id}/close", .access = RIGHT_REGISTERS_CHANGE,
		.rate = RATE_API, .body_max = BODY_JSON, .handler = close_session},
	{METHOD_POST, "/api/v1/sessions/{id}/reopen", .access = RIGHT_REGISTERS_CHANGE,
		.rate = RATE_API, .body_max = BODY_JSON, .handler = reopen},
	{METHOD_GET, "/api/v1/registers/{day}", .access = RIGHT_REGISTERS_READ, .rate = RATE_API,
		.handler = read_register},
};

const struct resource resource_sessions = RESOURCE(routes);
