/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/reviews: sightings that somebody must look at; /api/v1/contests: marks that somebody
 * says are not right, and /api/v1/me/contests, where they say so.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/sighting.h"
#include "attend/settle.h"
#include "report/json.h"

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct sighting_list reviews = {0};
	struct page_filter filter = {.person_id = request_query(req, "person_id")};
	struct page page;
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = read_span(c, req, res, &filter);
	if (err == OK)
		err = caller_groups(caller_of(req), &filter.user_id, response_why(res));
	if (err != OK)
		return err;
	err = store_reviews_page(c->store, &filter, &page, &reviews, response_why(res));
	return sightings_answer(req, res, c, err, &page, &reviews);
}

struct given {
	int outcome;
	char person_id[UUID_TEXT], reason[REASON_BYTES];
};

/* In the order of enum review_outcome. */
static const char *const outcomes[] = {"confirm", "reject", "dismiss", NULL};

static const struct field fields[] = {
	{"outcome", FIELD_WORD, FIELD_REQUIRED, FIELD(struct given, outcome), .choices = outcomes},
	{"person_id", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct given, person_id)},
	{"reason", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct given, reason)},
	{0},
};

/* Who would be marked, in whose registers the caller must be allowed to; NULL = nobody. */
static enum err concerned(const struct context *c, const struct request *req, struct response *res,
	const struct given *given, const char *nearest, const char **out)
{
	struct person person;
	bool other = given->person_id[0] != '\0';
	*out = other ? given->person_id : nearest;
	if (given->outcome != REVIEW_CONFIRM)
		*out = NULL;
	if (other && given->outcome != REVIEW_CONFIRM)
		return body_invalid(res, "person_id", "is only for 'confirm'");
	if (given->outcome == REVIEW_REJECT && given->reason[0] == '\0')
		return body_invalid(res, "reason", "is missing: say why");
	if (!other)
		return OK;
	enum err err = store_person(c->store, *out, &person, response_why(res));
	return err == OK ? caller_sees_person(caller_of(req), c->store, *out, response_why(res))
			 : err;
}

static enum err settle(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	const struct registrar registrar = context_registrar(c, req);
	struct error *why = response_why(res);
	struct given given = {0};
	struct sighting sighting;
	struct settled done;
	const char *person_id = NULL;
	json_t *doc;
	enum err err = sighting_read(c, caller, request_param(req, "id"), &sighting, why);
	if (err == OK)
		err = body_read(req, res, fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	err = concerned(c, req, res, &given, sighting.person_id, &person_id);
	if (err == OK)
		err = sighting_may_change(c, caller, &sighting, person_id, why);
	if (err != OK)
		return err;
	const struct settling settling = {
		.sighting_id = sighting.id,
		.outcome = (enum review_outcome)given.outcome,
		.person_id = given.person_id[0] != '\0' ? given.person_id : NULL,
		.actor = caller->actor,
		.reason = given.reason,
	};
	err = register_settle(&registrar, &settling, &done, why);
	if (err != OK)
		return err;
	recognisers_stale(api_recognisers(c->api));
	api_changed(c->api);
	return response_json(res, 200,
		json_pack("{s:s,s:s,s:o,s:I,s:I,s:b}", "sighting", sighting.id, "outcome",
			outcomes[given.outcome], "person_id", json_text(done.person_id), "marked",
			(json_int_t)done.marked, "already", (json_int_t)done.already,
			"counter_example", done.counter_example));
}

/* --- contests --------------------------------------------------------------------------- */

static json_t *contest_json(const struct context *c, const struct contest *t)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:o,s:o}", "id", t->id, "session",
		t->session_id, "person_id", t->person_id, "words", json_text(t->words), "state",
		contest_state_word(t->state), "created", json_time(c->zone, t->created_ms),
		"answer", json_text(t->answer), "settled_by", json_text(t->settled_by), "settled",
		json_time(c->zone, t->settled_ms));
}

static enum err contests_answer(struct response *res, struct context *c, struct page *page,
	const struct page_filter *filter)
{
	struct contest_list contests = {0};
	enum err err = store_contests_page(c->store, filter, page, &contests, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < contests.count; i++)
		json_append(&items, contest_json(c, &contests.item[i]));
	contest_list_finish(&contests);
	return page_answer(res, err, page, items);
}

static enum err list_contests(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct page_filter filter = {
		.person_id = request_query(req, "person_id"), .word = request_query(req, "state")};
	struct page page;
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = caller_groups(caller_of(req), &filter.user_id, response_why(res));
	bool known = filter.word == NULL;
	for (int i = CONTEST_OPEN; i <= CONTEST_REFUSED && !known; i++)
		known = strcmp(filter.word, contest_state_word((enum contest_state)i)) == 0;
	if (err == OK && !known)
		err = body_invalid(res, "state", "takes open, accepted or refused");
	return err == OK ? contests_answer(res, c, &page, &filter) : err;
}

/* The person of the caller's account. */
static enum err own_person(const struct caller *caller, const char **out, struct error *why)
{
	*out = caller->user.person_id;
	if ((*out)[0] != '\0')
		return OK;
	return err_set(why, ERR_NOT_FOUND, "your account belongs to nobody who is on a register");
}

static enum err list_own(const struct request *req, struct response *res, struct worker *w)
{
	struct page_filter filter = {0};
	struct page page;
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = own_person(caller_of(req), &filter.person_id, response_why(res));
	return err == OK ? contests_answer(res, context_of(w), &page, &filter) : err;
}

static const struct field contest_fields[] = {
	{"session_id", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct contest, session_id)},
	{"words", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct contest, words)},
	{0},
};

/* Whether a register is one of the person's: of a group of theirs, or with a mark of them. */
static enum err on_register(
	struct context *c, const char *session_id, const char *person_id, struct error *why)
{
	struct session_row session;
	struct group_list groups = {0};
	struct mark mark;
	enum err err = store_session(c->store, session_id, &session, why);
	if (err != OK)
		return err;
	err = store_mark(c->store, session.id, person_id, &mark, NULL);
	if (err != ERR_NOT_FOUND)
		return err == OK ? OK : err_set(why, err, "the mark cannot be read");
	err = store_person_groups(c->store, person_id, &groups, why);
	bool there = groups.count == 0 && session.group_id[0] == '\0';
	for (size_t i = 0; i < groups.count; i++)
		there |= strcmp(groups.item[i].id, session.group_id) == 0;
	group_list_finish(&groups);
	if (err != OK || there)
		return err;
	return err_set(why, ERR_NOT_FOUND, "there is no such register of yours");
}

static enum err contest(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	struct error *why = response_why(res);
	struct contest made = {0};
	struct change ch;
	const char *person_id;
	json_t *doc;
	enum err err = own_person(caller, &person_id, why);
	if (err == OK)
		err = body_read(req, res, contest_fields, &made, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	snprintf(made.person_id, sizeof(made.person_id), "%s", person_id);
	snprintf(made.actor, sizeof(made.actor), "%s", caller->actor);
	err = on_register(c, made.session_id, person_id, why);
	if (err == OK)
		err = change_start(&ch, req, res, c->store);
	if (err != OK)
		return err;
	if (!ch.replayed)
		err = store_contest_add(c->store, &made, request_now_ms(req), why);
	return change_finish(&ch, err, &(struct changed){"contest.add", made.id, NULL}, 201,
		err == OK ? contest_json(c, &made) : NULL);
}

struct answer {
	bool accept;
	char answer[REASON_BYTES];
	int status;
};

/* In the order of enum mark_status. */
static const char *const statuses[] = {"present", "late", "absent", "excused", "left_early", NULL};

static const struct field answer_fields[] = {
	{"accept", FIELD_BOOL, FIELD_REQUIRED, FIELD(struct answer, accept)},
	{"answer", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct answer, answer)},
	{"status", FIELD_WORD, 0, FIELD(struct answer, status), .choices = statuses},
	{0},
};

enum { STATUS_GIVEN = 1 << 2 }; /* bit of answer_fields */

/* The mark that a contest that was accepted leads to, and what there was before. */
static enum err change_mark(struct context *c, const struct contest *t, enum mark_status status,
	int64_t now_ms, char **detail, struct error *why)
{
	struct mark before,
		mark = {.status = status,
			.at_ms = now_ms,
			.distance = NAN,
			.margin = NAN,
			.threshold = NAN};
	snprintf(mark.session_id, sizeof(mark.session_id), "%s", t->session_id);
	snprintf(mark.person_id, sizeof(mark.person_id), "%s", t->person_id);
	snprintf(mark.actor, sizeof(mark.actor), "%s", t->settled_by);
	snprintf(mark.reason, sizeof(mark.reason), "%s", t->answer);
	enum err err = store_mark(c->store, t->session_id, t->person_id, &before, why);
	bool marked = err == OK;
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	err = store_mark_set(c->store, &mark, now_ms, why);
	json_t *old = marked
		? json_pack("{s:s,s:I,s:o,s:o,s:o}", "status", mark_status_word(before.status),
			  "at_ms", (json_int_t)before.at_ms, "sighting",
			  json_text(before.sighting_id), "actor", json_text(before.actor), "reason",
			  json_text(before.reason))
		: json_null();
	json_t *doc = json_pack("{s:s,s:s,s:s,s:o}", "session", t->session_id, "person",
		t->person_id, "status", mark_status_word(status), "before", old);
	*detail = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
	json_decref(doc);
	if (err == OK && *detail == NULL)
		err = err_set(why, ERR_NOMEM, "no memory for the audit");
	return err;
}

static enum err settle_contest(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct caller *caller = caller_of(req);
	struct error *why = response_why(res);
	int64_t now_ms = request_now_ms(req);
	struct session_row session;
	struct contest t;
	struct answer given = {0};
	struct change ch;
	uint64_t there;
	char *detail = NULL;
	json_t *doc;
	enum err err = store_contest(c->store, request_param(req, "id"), &t, why);
	if (err == OK)
		err = store_session(c->store, t.session_id, &session, why);
	if (err == OK)
		err = caller_in_group(caller, c->store, session.group_id, GROUP_CHANGE, why);
	if (err == OK)
		err = body_read(req, res, answer_fields, &given, &there, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	bool mark = (there & STATUS_GIVEN) != 0;
	if (mark != given.accept)
		return body_invalid(res, "status",
			given.accept ? "is missing: what the mark is to be" : "is only for accept");
	t.state = given.accept ? CONTEST_ACCEPTED : CONTEST_REFUSED;
	t.settled_ms = now_ms;
	snprintf(t.answer, sizeof(t.answer), "%s", given.answer);
	snprintf(t.settled_by, sizeof(t.settled_by), "%s", caller->actor);
	err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_contest_settle(c->store, &t, now_ms, why);
	if (err == OK && !ch.replayed && mark)
		err = change_mark(c, &t, (enum mark_status)given.status, now_ms, &detail, why);
	const char *action = mark ? "contest.accept" : "contest.refuse";
	err = change_finish(&ch, err, &(struct changed){action, t.id, detail}, 200,
		err == OK ? contest_json(c, &t) : NULL);
	free(detail);
	return err;
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/reviews", .access = RIGHT_REGISTERS_CHANGE, .rate = RATE_API,
		.handler = list},
	{METHOD_POST, "/api/v1/reviews/{id}", .access = RIGHT_REGISTERS_CHANGE, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = settle},
	{METHOD_GET, "/api/v1/contests", .access = RIGHT_REGISTERS_CHANGE, .rate = RATE_API,
		.handler = list_contests},
	{METHOD_POST, "/api/v1/contests/{id}", .access = RIGHT_REGISTERS_CHANGE, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = settle_contest},
	{METHOD_GET, "/api/v1/me/contests", .access = RIGHT_SELF, .rate = RATE_API,
		.handler = list_own},
	{METHOD_POST, "/api/v1/me/contests", .access = RIGHT_SELF, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = contest},
};

const struct resource resource_reviews = RESOURCE(routes);
