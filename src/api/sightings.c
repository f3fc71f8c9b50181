/* SPDX-License-Identifier: MIT */
/* /api/v1/sightings: what was seen, why it was decided so, and that it was somebody else. */
#include <string.h>

#include "api/body.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/sighting.h"
#include "report/explain.h"
#include "report/json.h"

static const char *const decisions[] = {"match", "review", "unknown", "manual", NULL};

/* What a list is narrowed to by who asks. */
static enum err narrow(const struct context *c, const struct request *req, struct response *res,
	struct page_filter *filter)
{
	const struct caller *caller = caller_of(req);
	struct error *why = response_why(res);
	filter->person_id = request_query(req, "person_id");
	filter->word = request_query(req, "decision");
	bool known = filter->word == NULL;
	for (size_t i = 0; decisions[i] != NULL && !known; i++)
		known = strcmp(decisions[i], filter->word) == 0;
	if (!known)
		return body_invalid(res, "decision", "takes match, review, unknown or manual");
	if (caller->kind == CALLER_USER && caller->user.role == ROLE_STUDENT) {
		if (filter->person_id == NULL)
			filter->person_id = caller->user.person_id;
		if (filter->person_id[0] == '\0')
			return err_set(why, ERR_NOT_FOUND, "your account belongs to nobody");
		filter->word = "match";
	} else {
		enum err err = caller_groups(caller, &filter->user_id, why);
		if (err != OK || filter->person_id == NULL)
			return err;
	}
	struct person person;
	enum err err = store_person(c->store, filter->person_id, &person, why);
	return err == OK ? caller_sees_person(caller, c->store, filter->person_id, why) : err;
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct sighting_list sightings = {0};
	struct page_filter filter = {0};
	struct page page;
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = read_span(c, req, res, &filter);
	if (err == OK)
		err = narrow(c, req, res, &filter);
	if (err != OK)
		return err;
	err = store_sightings_page(c->store, &filter, &page, &sightings, response_why(res));
	return sightings_answer(req, res, c, err, &page, &sightings);
}

/* --- one of them ------------------------------------------------------------------------ */

/* Everything that is known of a sighting, and may be told. */
struct known {
	struct sighting sighting;
	struct evidence evidence;
	struct rejection rejection;
	struct person person, second;
	struct group group;
	struct explanation what;
};

/* Gives OK, and clears `why`, where there is no such thing. */
static enum err maybe(enum err err, struct error *why)
{
	if (err == ERR_NOT_FOUND)
		*why = (struct error){0};
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err read_person(const struct context *c, const struct caller *caller, const char *id,
	struct person *out, struct error *why)
{
	if (id[0] == '\0')
		return OK;
	enum err err = caller_sees_person(caller, c->store, id, why);
	if (err == OK)
		err = store_person(c->store, id, out, why);
	return maybe(err, why);
}

static enum err read_known(
	const struct context *c, const struct caller *caller, struct known *k, struct error *why)
{
	const char *id = k->sighting.id;
	k->what = (struct explanation){.sighting = &k->sighting, .zone = c->zone};
	enum err err = store_evidence(c->store, id, &k->evidence, why);
	k->what.evidence = err == OK ? &k->evidence : NULL;
	err = maybe(err, why);
	if (err == OK) {
		err = store_rejection(c->store, id, &k->rejection, why);
		k->what.rejection = err == OK ? &k->rejection : NULL;
		err = maybe(err, why);
	}
	if (err == OK)
		err = read_person(c, caller, k->sighting.person_id, &k->person, why);
	if (err == OK)
		err = read_person(c, caller, k->evidence.second_id, &k->second, why);
	if (err == OK && k->evidence.group_id[0] != '\0')
		err = maybe(store_group(c->store, k->evidence.group_id, &k->group, why), why);
	k->what.person = k->person.name;
	k->what.second = k->second.name;
	k->what.group = k->group.name;
	return err;
}

static json_t *lines_json(const char *text)
{
	json_t *list = json_array();
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		json_append(&list, json_stringn(text, len));
		text += len + (text[len] == '\n');
	}
	return list;
}

static json_t *evidence_json(const struct evidence *v)
{
	if (v == NULL)
		return json_null();
	return json_pack("{s:s,s:o,s:b,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I}", "reason",
		v->reason, "group_id", json_text(v->group_id), "guest", v->guest, "candidates",
		(json_int_t)v->candidates, "guests", (json_int_t)v->guests, "budget",
		json_number(v->budget), "review_threshold", json_number(v->review), "margin_needed",
		json_number(v->margin_needed), "quality_needed", json_number(v->quality_needed),
		"second_distance", json_number(v->second_distance), "counter_example",
		json_number(v->counter), "looks", (json_int_t)v->looks, "span_ms",
		(json_int_t)v->span_ms);
}

static enum err add_marks(
	const struct context *c, const char *sighting_id, json_t *doc, struct error *why)
{
	struct mark_list marks = {0};
	json_t *list = json_array();
	enum err err = store_marks_by(c->store, sighting_id, &marks, why);
	for (size_t i = 0; err == OK && i < marks.count; i++)
		json_append(&list,
			json_pack("{s:s,s:s}", "session", marks.item[i].session_id, "status",
				mark_status_word(marks.item[i].status)));
	mark_list_finish(&marks);
	if (err == OK && json_object_set_new(doc, "marks", list) != 0)
		return err_set(why, ERR_NOMEM, "out of memory");
	if (err != OK)
		json_decref(list);
	return err;
}

static enum err describe(const struct context *c, const struct caller *caller, struct known *k,
	json_t **out, struct error *why)
{
	struct buf text;
	buf_init(&text, EXPLAIN_BYTES_MAX);
	json_t *second = NULL, *doc = NULL;
	enum err err = read_known(c, caller, k, why);
	if (err == OK)
		err = explain(&k->what, &text, why);
	if (err == OK)
		err = sighting_person_json(c, caller, k->evidence.second_id, &second, why);
	if (err == OK)
		doc = sighting_json(c, caller, &k->sighting, why);
	if (doc != NULL) {
		json_object_set(doc, "second", second);
		json_object_set_new(doc, "evidence", evidence_json(k->what.evidence));
		json_object_set_new(doc, "sentences", lines_json(buf_str(&text)));
		err = add_marks(c, k->sighting.id, doc, why);
	}
	json_decref(second);
	buf_finish(&text);
	*out = doc;
	return err;
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	struct error *why = response_why(res);
	struct known known = {0};
	json_t *doc = NULL;
	enum err err = sighting_read(c, caller, request_param(req, "id"), &known.sighting, why);
	if (err == OK)
		err = describe(c, caller, &known, &doc, why);
	if (err == OK)
		return response_json(res, 200, doc);
	json_decref(doc);
	return err;
}

/* --- it was somebody else --------------------------------------------------------------- */

struct because {
	char reason[REASON_BYTES];
};

static const struct field fields[] = {
	{"reason", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct because, reason)},
	{0},
};

static enum err reject(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	const struct registrar registrar = context_registrar(c, req);
	struct error *why = response_why(res);
	struct sighting sighting;
	struct because given = {0};
	struct rejected done;
	json_t *doc;
	enum err err = sighting_read(c, caller, request_param(req, "id"), &sighting, why);
	if (err == OK)
		err = sighting_may_change(c, caller, &sighting, NULL, why);
	if (err == OK)
		err = body_read(req, res, fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	if (given.reason[0] == '\0')
		return body_invalid(res, "reason", "may not be empty");
	const struct objection objection = {sighting.id, caller->actor, given.reason};
	err = register_reject(&registrar, &objection, &done, why);
	if (err != OK)
		return err;
	recognisers_stale(api_recognisers(c->api));
	api_changed(c->api);
	return response_json(res, 200,
		json_pack("{s:s,s:s,s:I,s:I,s:b}", "sighting", sighting.id, "person_id",
			done.person_id, "withdrawn", (json_int_t)done.withdrawn, "replaced",
			(json_int_t)done.replaced, "counter_example", done.counter_example));
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/sightings", .access = RIGHT_SIGHTINGS_READ, .rate = RATE_API,
		.handler = list},
	{METHOD_GET, "/api/v1/sightings/{id}", .access = RIGHT_SIGHTINGS_READ, .rate = RATE_API,
		.handler = get},
	{METHOD_POST, "/api/v1/sightings/{id}/reject", .access = RIGHT_REGISTERS_CHANGE,
		.rate = RATE_API, .body_max = BODY_JSON, .handler = reject},
};

const struct resource resource_sightings = RESOURCE(routes);
