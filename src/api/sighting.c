/* SPDX-License-Identifier: MIT */
#include "api/sighting.h"

#include <string.h>

#include "api/body.h"
#include "api/page.h"
#include "report/faces_json.h"
#include "report/json.h"

static bool is_student(const struct caller *caller)
{
	return caller->kind == CALLER_USER && caller->user.role == ROLE_STUDENT;
}

static enum err not_there(struct error *why)
{
	return err_set(why, ERR_NOT_FOUND, "there is no such sighting");
}

/* In the group whose people were looked for, whoever it was taken for. */
static enum err see_in_group(const struct context *c, const struct caller *caller,
	const struct sighting *s, struct error *why)
{
	struct evidence evidence = {0};
	enum err err = store_evidence(c->store, s->id, &evidence, why);
	if (err == OK || err == ERR_NOT_FOUND)
		err = caller_in_group(caller, c->store, evidence.group_id, GROUP_VIEW, why);
	return err;
}

enum err sighting_read(const struct context *c, const struct caller *caller, const char *id,
	struct sighting *out, struct error *why)
{
	enum err err = store_sighting(c->store, id, out, why);
	if (err != OK)
		return err;
	bool student = is_student(caller), named = out->person_id[0] != '\0';
	if (student && strcmp(out->decision, "match") != 0)
		return not_there(why);
	err = ERR_NOT_FOUND;
	if (named)
		err = caller_sees_person(caller, c->store, out->person_id, why);
	if (err == ERR_NOT_FOUND && !student)
		err = see_in_group(c, caller, out, why);
	return err == ERR_NOT_FOUND || err == ERR_DENIED ? not_there(why) : err;
}

/* --- who may change what ---------------------------------------------------------------- */

static enum err change_marks(const struct context *c, const struct caller *caller,
	const struct sighting *s, struct error *why)
{
	struct mark_list marks = {0};
	enum err err = store_marks_by(c->store, s->id, &marks, why);
	for (size_t i = 0; err == OK && i < marks.count; i++) {
		struct session_row session;
		err = store_session(c->store, marks.item[i].session_id, &session, why);
		if (err == OK)
			err = caller_in_group(
				caller, c->store, session.group_id, GROUP_CHANGE, why);
	}
	mark_list_finish(&marks);
	return err;
}

/* Of the group that was looked at when the person is in it, else of all the person's groups. */
static enum err change_person(const struct context *c, const struct caller *caller,
	const struct sighting *s, const char *person_id, struct error *why)
{
	struct evidence evidence = {0};
	struct group_list groups = {0};
	bool within = false;
	enum err err = store_evidence(c->store, s->id, &evidence, why);
	if (err == OK || err == ERR_NOT_FOUND)
		err = store_person_groups(c->store, person_id, &groups, why);
	for (size_t i = 0; err == OK && i < groups.count; i++)
		within |= evidence.group_id[0] != '\0' &&
			strcmp(groups.item[i].id, evidence.group_id) == 0;
	if (err == OK && (within || groups.count == 0))
		err = caller_in_group(
			caller, c->store, within ? evidence.group_id : "", GROUP_CHANGE, why);
	for (size_t i = 0; err == OK && !within && i < groups.count; i++)
		err = caller_in_group(caller, c->store, groups.item[i].id, GROUP_CHANGE, why);
	group_list_finish(&groups);
	return err;
}

/* Of the sighting alone: the group that was looked at, else whom it was taken for. */
static enum err change_sighting(const struct context *c, const struct caller *caller,
	const struct sighting *s, struct error *why)
{
	struct evidence evidence = {0};
	enum err err = store_evidence(c->store, s->id, &evidence, why);
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	if (evidence.group_id[0] == '\0' && s->person_id[0] != '\0')
		return change_person(c, caller, s, s->person_id, why);
	return caller_in_group(caller, c->store, evidence.group_id, GROUP_CHANGE, why);
}

enum err sighting_may_change(const struct context *c, const struct caller *caller,
	const struct sighting *s, const char *person_id, struct error *why)
{
	enum err err = change_marks(c, caller, s, why);
	if (err != OK)
		return err;
	return person_id != NULL ? change_person(c, caller, s, person_id, why)
				 : change_sighting(c, caller, s, why);
}

/* --- documents -------------------------------------------------------------------------- */

enum err sighting_person_json(const struct context *c, const struct caller *caller,
	const char *person_id, json_t **out, struct error *why)
{
	struct person person = {0};
	struct error quiet = {0};
	enum err err = ERR_NOT_FOUND;
	if (person_id[0] != '\0')
		err = caller_sees_person(caller, c->store, person_id, &quiet);
	if (err == OK)
		err = store_person(c->store, person_id, &person, &quiet);
	if (err != OK && err != ERR_NOT_FOUND)
		return err_set(why, err, "%s", quiet.text);
	*out = err == OK ? person_ref_json(&person) : json_null();
	return OK;
}

json_t *sighting_json(const struct context *c, const struct caller *caller,
	const struct sighting *s, struct error *why)
{
	struct rejection rejection;
	struct error quiet = {0};
	json_t *person = NULL;
	const struct box box = {s->box[0], s->box[1], s->box[2], s->box[3]};
	enum err err = store_rejection(c->store, s->id, &rejection, &quiet);
	bool rejected = err == OK;
	if (err != OK && err != ERR_NOT_FOUND) {
		(void)err_set(why, err, "%s", quiet.text);
		return NULL;
	}
	if (sighting_person_json(c, caller, s->person_id, &person, why) != OK)
		return NULL;
	return json_pack("{s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "id", s->id, "at",
		json_time(c->zone, s->at_ms), "source", json_text(s->source), "decision",
		s->decision, "person", person, "distance", json_number(s->distance), "margin",
		json_number(s->margin), "threshold", json_number(s->threshold), "quality",
		json_number(s->quality), "box", box_json(&box), "rejected", rejected);
}

enum err sightings_answer(const struct request *req, struct response *res, struct context *c,
	enum err err, const struct page *page, struct sighting_list *list)
{
	const struct caller *caller = caller_of(req);
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < list->count; i++) {
		json_t *item = sighting_json(c, caller, &list->item[i], response_why(res));
		if (item == NULL)
			err = response_why(res)->code != OK ? response_why(res)->code : ERR_NOMEM;
		else
			json_append(&items, item);
	}
	sighting_list_finish(list);
	return page_answer(res, err, page, items);
}

/* --- the query -------------------------------------------------------------------------- */

/* A day stands for its begin, or with `end` for its end. */
static enum err read_moment(const struct context *c, const struct request *req,
	struct response *res, const char *name, bool end, int64_t *out)
{
	const char *text = request_query(req, name);
	int64_t now_ms = request_now_ms(req), begin_ms, end_ms;
	char day[DAY_TEXT];
	if (text == NULL)
		return OK;
	if (zone_parse_day(c->zone, text, now_ms, day, NULL) == OK &&
		zone_day_bounds(c->zone, day, &begin_ms, &end_ms, NULL) == OK) {
		*out = end ? end_ms : begin_ms;
		return OK;
	}
	if (zone_parse(c->zone, text, now_ms, out, NULL) == OK)
		return OK;
	return body_invalid(
		res, name, "takes a day (2026-11-21) or a time (2026-11-21T08:55:00+01:00)");
}

enum err read_span(const struct context *c, const struct request *req, struct response *res,
	struct page_filter *filter)
{
	enum err err = read_moment(c, req, res, "from", false, &filter->from_ms);
	return err == OK ? read_moment(c, req, res, "to", true, &filter->to_ms) : err;
}
