/* SPDX-License-Identifier: MIT */
/* /api/v1/sessions/{id}/marks: who was there, and corrections; /api/v1/me/marks: one's own. */
#include <string.h>

#include "api/body.h"
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"

static json_t *person_json(const struct person *person)
{
	return json_pack("{s:s,s:s,s:o}", "id", person->id, "name", person->name, "number",
		json_text(person->number));
}

/* As the lines of a register are; see report/roll_report.h. */
static json_t *mark_json(const struct context *c, const struct mark *m, const struct person *person)
{
	return json_pack("{s:s,s:o,s:s,s:o,s:o,s:o,s:o,s:s,s:o,s:o}", "session", m->session_id,
		"person", person_json(person), "status", mark_status_word(m->status), "at",
		json_time(c->zone, m->at_ms), "distance", json_number(m->distance), "margin",
		json_number(m->margin), "threshold", json_number(m->threshold), "by",
		m->actor[0] != '\0' ? m->actor : "automatic", "reason", json_text(m->reason),
		"sighting", json_text(m->sighting_id));
}

/* --- of a register ---------------------------------------------------------------------- */

static enum err session_of_path(const struct context *c, const struct request *req,
	struct response *res, enum group_right right, struct session_row *out)
{
	struct error *why = response_why(res);
	enum err err = store_session(c->store, request_param(req, "id"), out, why);
	if (err != OK)
		return err;
	return caller_in_group(caller_of(req), c->store, out->group_id, right, why);
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct session_row session;
	struct mark_list marks = {0};
	struct page page;
	struct error *why = response_why(res);
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = session_of_path(c, req, res, GROUP_VIEW, &session);
	if (err != OK)
		return err;
	const struct page_filter filter = {.session_id = session.id};
	err = store_marks_page(c->store, &filter, &page, &marks, why);
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < marks.count; i++) {
		struct person person;
		err = store_person(c->store, marks.item[i].person_id, &person, why);
		if (err == OK)
			json_append(&items, mark_json(c, &marks.item[i], &person));
	}
	mark_list_finish(&marks);
	return page_answer(res, err, &page, items);
}

struct given {
	int status;
	char reason[REASON_BYTES];
};

/* In the order of enum mark_status. */
static const char *const statuses[] = {"present", "late", "absent", "excused", "left_early", NULL};

static const struct field fields[] = {
	{"status", FIELD_WORD, FIELD_REQUIRED, FIELD(struct given, status), .choices = statuses},
	{"reason", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct given, reason)},
	{0},
};

/* The register of people without a group is only theirs. */
static enum err check_groupless(struct context *c, const char *person_id, struct error *why)
{
	struct group_list groups = {0};
	enum err err = store_person_groups(c->store, person_id, &groups, why);
	size_t count = groups.count;
	group_list_finish(&groups);
	if (err == OK && count > 0)
		err = err_set(why, ERR_ARG,
			"the person is in a group: correct the mark in that group's register");
	return err;
}

static enum err correct(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct registrar registrar = context_registrar(c, req);
	struct error *why = response_why(res);
	struct session_row session;
	struct given given = {0};
	struct person person;
	struct mark mark;
	json_t *doc;
	enum err err = session_of_path(c, req, res, GROUP_CHANGE, &session);
	if (err == OK)
		err = store_person(c->store, request_param(req, "person_id"), &person, why);
	if (err == OK)
		err = body_read(req, res, fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	bool grouped = session.group_id[0] != '\0';
	if (given.reason[0] == '\0')
		return body_invalid(res, "reason", "may not be empty");
	const struct correction correction = {
		.group_id = grouped ? session.group_id : NULL,
		.day = session.day,
		.person_id = person.id,
		.status = (enum mark_status)given.status,
		.actor = caller_of(req)->actor,
		.reason = given.reason,
	};
	if (!grouped)
		err = check_groupless(c, person.id, why);
	if (err == OK)
		err = register_override(&registrar, &correction, why);
	if (err == OK)
		err = store_mark(c->store, session.id, person.id, &mark, why);
	if (err != OK)
		return err;
	api_changed(c->api);
	return response_json(res, 200, mark_json(c, &mark, &person));
}

/* --- one's own -------------------------------------------------------------------------- */

/* [from, to] of the query, days, into moments. */
static enum err read_days(const struct context *c, const struct request *req, struct response *res,
	struct page_filter *filter)
{
	const struct {
		const char *name;
		int64_t *begin, *end;
	} days[] = {{"from", &filter->from_ms, NULL}, {"to", NULL, &filter->to_ms}};
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		const char *text = request_query(req, days[i].name);
		char day[DAY_TEXT];
		int64_t begin, end;
		if (text == NULL)
			continue;
		if (zone_parse_day(c->zone, text, request_now_ms(req), day, NULL) != OK ||
			zone_day_bounds(c->zone, day, &begin, &end, NULL) != OK)
			return body_invalid(
				res, days[i].name, "takes a day such as 2026-11-21, or today");
		if (days[i].begin != NULL)
			*days[i].begin = begin;
		else
			*days[i].end = end;
	}
	return OK;
}

/* A mark with the day and group of its register, which a student does not look up. */
static enum err add_own(struct context *c, const struct mark *mark, const struct person *person,
	json_t **items, struct error *why)
{
	struct session_row session;
	enum err err = store_session(c->store, mark->session_id, &session, why);
	if (err != OK)
		return err;
	json_t *doc = mark_json(c, mark, person);
	if (doc != NULL) {
		json_object_set_new(doc, "day", json_string(session.day));
		json_object_set_new(doc, "group_id", json_text(session.group_id));
	}
	json_append(items, doc);
	return OK;
}

static enum err own(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	struct page_filter filter = {.person_id = caller->user.person_id};
	struct error *why = response_why(res);
	struct mark_list marks = {0};
	struct person person;
	struct page page;
	if (filter.person_id[0] == '\0')
		return err_set(
			why, ERR_NOT_FOUND, "your account belongs to nobody who is on a register");
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = read_days(c, req, res, &filter);
	if (err == OK)
		err = store_person(c->store, filter.person_id, &person, why);
	if (err == OK)
		err = store_marks_page(c->store, &filter, &page, &marks, why);
	if (err != OK)
		return err;
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < marks.count; i++)
		err = add_own(c, &marks.item[i], &person, &items, why);
	mark_list_finish(&marks);
	return page_answer(res, err, &page, items);
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/sessions/{id}/marks", .access = RIGHT_REGISTERS_READ,
		.rate = RATE_API, .handler = list},
	{METHOD_PUT, "/api/v1/sessions/{id}/marks/{person_id}", .access = RIGHT_REGISTERS_CHANGE,
		.rate = RATE_API, .body_max = BODY_JSON, .handler = correct},
	{METHOD_GET, "/api/v1/me/marks", .access = RIGHT_SELF, .rate = RATE_API, .handler = own},
};

const struct resource resource_marks = RESOURCE(routes);
