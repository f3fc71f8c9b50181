/* SPDX-License-Identifier: MIT */
#include "attend/register.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A line of text that somebody gave, fit to be kept in `room` bytes. */
static enum err check_words(const char *text, const char *what, size_t room, struct error *why)
{
	if (text == NULL || text[strspn(text, " \t")] == '\0')
		return err_set(why, ERR_ARG, "the %s is missing", what);
	size_t len = strlen(text);
	if (len >= room)
		return err_set(why, ERR_ARG, "the %s has %zu bytes, the limit is %zu", what, len,
			room - 1);
	if (!utf8_valid(text, len))
		return err_set(why, ERR_ARG, "the %s is not UTF-8", what);
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			return err_set(why, ERR_ARG, "the %s holds control characters", what);
	}
	return OK;
}

/* Takes `detail`, which may be NULL when it could not be made. */
static enum err audit(const struct registrar *r, const char *actor, const char *action,
	const struct session_row *session, json_t *detail, struct error *why)
{
	char *text = detail != NULL ? json_dumps(detail, JSON_COMPACT) : NULL;
	json_decref(detail);
	if (text == NULL)
		return err_set(why, ERR_NOMEM, "cannot write the audit: out of memory");
	const struct audit_entry entry = {actor, action, session->id, text};
	enum err err = store_audit(r->store, r->now_ms, &entry, why);
	free(text);
	return err;
}

static json_t *session_json(const struct session_row *session)
{
	bool grouped = session->group_id[0] != '\0';
	return json_pack(
		"{s:s, s:s?}", "day", session->day, "group", grouped ? session->group_id : NULL);
}

/* Ends the transaction that was begun: keeps it if all went well. */
static enum err end(const struct registrar *r, enum err err, struct error *why)
{
	if (err == OK)
		err = store_commit(r->store, why);
	if (err != OK)
		store_rollback(r->store);
	return err;
}

/* --- closing --- */

static enum err close_session(const struct registrar *r, const struct session_row *session,
	const char *actor, struct error *why)
{
	if (session->closed_ms != 0)
		return OK;
	enum err err = store_session_close(r->store, session->id, r->now_ms, why);
	if (err == OK)
		err = audit(r, actor, "register.close", session, session_json(session), why);
	return err;
}

/* Finds the register of a group (NULL: of people without one) among those of a day. */
static const struct session_row *session_of(
	const struct session_list *sessions, const struct group *group)
{
	const char *id = group != NULL ? group->id : "";
	for (size_t i = 0; i < sessions->count; i++) {
		if (strcmp(sessions->item[i].group_id, id) == 0)
			return &sessions->item[i];
	}
	return NULL;
}

static enum err open_session(const struct registrar *r, const struct group *group, const char *day,
	struct session_row *out, struct error *why)
{
	struct org org;
	enum err err = store_org(r->store, &org, why);
	if (err == OK)
		err = rules_session(&org, group, r->zone, day, out, why);
	return err == OK ? store_session_day(r->store, out, r->now_ms, why) : err;
}

static enum err close_one(const struct registrar *r, const struct session_list *sessions,
	const char *group_id, const char *day, const char *actor, struct error *why)
{
	struct group group;
	enum err err = store_group(r->store, group_id, &group, why);
	if (err != OK)
		return err;
	int64_t begin_ms, end_ms;
	err = zone_day_bounds(r->zone, day, &begin_ms, &end_ms, why);
	if (err == OK && r->now_ms < begin_ms && session_of(sessions, &group) == NULL)
		return err_set(why, ERR_ARG, "%s is still to come: its register is not open", day);
	struct session_row session;
	if (err == OK)
		err = open_session(r, &group, day, &session, why);
	return err == OK ? close_session(r, &session, actor, why) : err;
}

static enum err close_all(const struct registrar *r, const struct session_list *sessions,
	const char *day, const char *actor, struct error *why)
{
	if (sessions->count == 0)
		return err_set(why, ERR_NOT_FOUND,
			"no register was opened on %s; name a group to close its register", day);
	enum err err = OK;
	for (size_t i = 0; i < sessions->count && err == OK; i++)
		err = close_session(r, &sessions->item[i], actor, why);
	return err;
}

enum err register_close(const struct registrar *r, const char *group_id, const char *day,
	const char *actor, struct error *why)
{
	enum err err = check_words(actor, "name of who closes the register", ACTOR_BYTES, why);
	int64_t begin_ms, end_ms;
	if (err == OK)
		err = zone_day_bounds(r->zone, day, &begin_ms, &end_ms, why);
	if (err == OK)
		err = store_begin(r->store, why);
	if (err != OK)
		return err;
	struct session_list sessions = {0};
	err = store_sessions(r->store, day, &sessions, why);
	if (err == OK && group_id != NULL)
		err = close_one(r, &sessions, group_id, day, actor, why);
	else if (err == OK)
		err = close_all(r, &sessions, day, actor, why);
	session_list_finish(&sessions);
	return end(r, err, why);
}

/* --- opening again --- */

static enum err reopen_session(const struct registrar *r, const struct session_row *session,
	const char *actor, const char *reason, struct error *why)
{
	enum err err = store_session_close(r->store, session->id, 0, why);
	if (err != OK)
		return err;
	json_t *detail = session_json(session);
	if (detail != NULL) {
		json_object_set_new(detail, "reason", json_string(reason));
		json_object_set_new(detail, "closed_ms", json_integer(session->closed_ms));
	}
	return audit(r, actor, "register.reopen", session, detail, why);
}

/* Those of `group_id` (NULL: all) that were closed by hand. */
static enum err reopen_all(const struct registrar *r, const char *group_id, const char *day,
	const char *actor, const char *reason, struct error *why)
{
	struct session_list sessions = {0};
	struct group group;
	size_t opened = 0;
	enum err err = OK;
	if (group_id != NULL)
		err = store_group(r->store, group_id, &group, why);
	if (err == OK)
		err = store_sessions(r->store, day, &sessions, why);
	for (size_t i = 0; i < sessions.count && err == OK; i++) {
		const struct session_row *session = &sessions.item[i];
		bool asked = group_id == NULL || strcmp(session->group_id, group_id) == 0;
		if (!asked || session->closed_ms == 0)
			continue;
		err = reopen_session(r, session, actor, reason, why);
		opened++;
	}
	session_list_finish(&sessions);
	if (err == OK && opened == 0)
		err = err_set(why, ERR_ARG,
			"no register of %s was closed by hand, so none can be opened again", day);
	return err;
}

enum err register_reopen(const struct registrar *r, const char *group_id, const char *day,
	const char *actor, const char *reason, struct error *why)
{
	enum err err = check_words(actor, "name of who opens the register again", ACTOR_BYTES, why);
	int64_t begin_ms, end_ms;
	if (err == OK)
		err = check_words(reason, "reason", REASON_BYTES, why);
	if (err == OK)
		err = zone_day_bounds(r->zone, day, &begin_ms, &end_ms, why);
	if (err == OK)
		err = store_begin(r->store, why);
	if (err != OK)
		return err;
	return end(r, reopen_all(r, group_id, day, actor, reason, why), why);
}

/* --- correcting --- */

static enum err check_correction(
	const struct registrar *r, const struct correction *c, struct error *why)
{
	enum err err = check_words(c->actor, "name of who corrects", ACTOR_BYTES, why);
	if (err == OK)
		err = check_words(c->reason, "reason", REASON_BYTES, why);
	if (err == OK && (unsigned)c->status > MARK_LEFT_EARLY)
		err = err_set(why, ERR_ARG, "%d is no status", (int)c->status);
	int64_t begin_ms, end_ms;
	return err == OK ? zone_day_bounds(r->zone, c->day, &begin_ms, &end_ms, why) : err;
}

/* Writes the correction into one register. */
static enum err correct_one(const struct registrar *r, const struct correction *c,
	const struct group *group, struct error *why)
{
	struct session_row session;
	enum err err = open_session(r, group, c->day, &session, why);
	if (err != OK)
		return err;
	struct mark before;
	err = store_mark(r->store, session.id, c->person_id, &before, why);
	bool marked = err == OK;
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	struct mark mark = {
		.status = c->status,
		.at_ms = r->now_ms,
		.distance = NAN,
		.margin = NAN,
	};
	memcpy(mark.session_id, session.id, sizeof(mark.session_id));
	memcpy(mark.person_id, c->person_id, strlen(c->person_id) + 1);
	memcpy(mark.actor, c->actor, strlen(c->actor) + 1);
	memcpy(mark.reason, c->reason, strlen(c->reason) + 1);
	err = store_mark_set(r->store, &mark, r->now_ms, why);
	if (err != OK)
		return err;
	/* All that the new mark hides: what was there, when, and by which sighting. */
	json_t *old = marked
		? json_pack("{s:s, s:I, s:s?, s:s?, s:s?}", "status",
			  mark_status_word(before.status), "at_ms", (json_int_t)before.at_ms,
			  "sighting", before.sighting_id[0] ? before.sighting_id : NULL, "actor",
			  before.actor[0] ? before.actor : NULL, "reason",
			  before.reason[0] ? before.reason : NULL)
		: json_null();
	return audit(r, c->actor, "mark.override", &session,
		json_pack("{s:s, s:s, s:s, s:s, s:o}", "day", c->day, "person", c->person_id,
			"status", mark_status_word(c->status), "reason", c->reason, "before", old),
		why);
}

/* Into the register of the group that was named, or of all the person's groups. */
static enum err correct(const struct registrar *r, const struct correction *c,
	const struct person *person, const struct group_list *groups, struct error *why)
{
	size_t written = 0;
	enum err err = OK;
	for (size_t i = 0; i < groups->count && err == OK; i++) {
		const struct group *group = &groups->item[i];
		if (c->group_id != NULL && strcmp(c->group_id, group->id) != 0)
			continue;
		err = correct_one(r, c, group, why);
		written++;
	}
	if (err != OK || written > 0)
		return err;
	if (c->group_id == NULL)
		return correct_one(r, c, NULL, why);
	struct group group;
	err = store_group(r->store, c->group_id, &group, why);
	if (err == OK)
		err = err_set(
			why, ERR_ARG, "'%s' is not in the group '%s'", person->name, group.name);
	return err;
}

enum err register_override(const struct registrar *r, const struct correction *c, struct error *why)
{
	enum err err = check_correction(r, c, why);
	if (err == OK)
		err = store_begin(r->store, why);
	if (err != OK)
		return err;
	struct person person;
	struct group_list groups = {0};
	err = store_person(r->store, c->person_id, &person, why);
	if (err == OK)
		err = store_person_groups(r->store, c->person_id, &groups, why);
	if (err == OK)
		err = correct(r, c, &person, &groups, why);
	group_list_finish(&groups);
	return end(r, err, why);
}

/* --- not this person --- */

/*
 * A mark whose sighting was not the person: the earliest other sighting of the person on that
 * day takes its place, or it goes.
 */
static enum err withdraw(const struct registrar *r, const struct objection *o,
	const struct mark *mark, struct rejected *out, struct error *why)
{
	struct session_row session;
	struct sighting other;
	struct sighting_search search = {.person_id = mark->person_id};
	enum err err = store_session(r->store, mark->session_id, &session, why);
	if (err == OK)
		err = zone_day_bounds(r->zone, session.day, &search.from_ms, &search.to_ms, why);
	if (err != OK)
		return err;
	search.group_id = session.group_id;
	out->withdrawn++;
	err = store_sighting_first(r->store, &search, &other, why);
	bool replaced = err == OK;
	if (replaced) {
		struct mark next = *mark;
		next.status = rules_first_match(&session, other.at_ms);
		next.at_ms = other.at_ms;
		memcpy(next.sighting_id, other.id, sizeof(next.sighting_id));
		out->replaced++;
		err = store_mark_set(r->store, &next, r->now_ms, why);
	} else if (err == ERR_NOT_FOUND) {
		err = store_mark_remove(r->store, mark->session_id, mark->person_id, why);
	}
	if (err != OK)
		return err;
	return audit(r, o->actor, "mark.withdraw", &session,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s?}", "day", session.day, "person",
			mark->person_id, "reason", o->reason, "sighting", mark->sighting_id,
			"status", mark_status_word(mark->status), "at_ms", (json_int_t)mark->at_ms,
			"replaced_by", replaced ? other.id : NULL),
		why);
}

static enum err withdraw_all(const struct registrar *r, const struct objection *o,
	struct rejected *out, struct error *why)
{
	struct mark_list marks = {0};
	enum err err = store_marks_by(r->store, o->sighting_id, &marks, why);
	for (size_t i = 0; i < marks.count && err == OK; i++) {
		if (marks.item[i].actor[0] == '\0')
			err = withdraw(r, o, &marks.item[i], out, why);
	}
	mark_list_finish(&marks);
	return err;
}

static enum err keep_rejection(const struct registrar *r, const struct objection *o,
	struct rejected *out, struct error *why)
{
	struct rejection rejection = {0};
	struct face_vector face;
	snprintf(rejection.sighting_id, sizeof(rejection.sighting_id), "%s", o->sighting_id);
	snprintf(rejection.person_id, sizeof(rejection.person_id), "%s", out->person_id);
	snprintf(rejection.actor, sizeof(rejection.actor), "%s", o->actor);
	snprintf(rejection.reason, sizeof(rejection.reason), "%s", o->reason);
	enum err err = store_face(r->store, o->sighting_id, &face, why);
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	out->counter_example = err == OK;
	err = store_rejection_add(
		r->store, &rejection, out->counter_example ? &face : NULL, r->now_ms, why);
	explicit_bzero(&face, sizeof(face));
	return err;
}

static enum err reject(const struct registrar *r, const struct objection *o, struct rejected *out,
	struct error *why)
{
	struct sighting sighting;
	enum err err = store_sighting(r->store, o->sighting_id, &sighting, why);
	if (err != OK)
		return err;
	if (sighting.person_id[0] == '\0')
		return err_set(why, ERR_ARG, "nobody was recognised in that sighting");
	memcpy(out->person_id, sighting.person_id, sizeof(out->person_id));
	err = keep_rejection(r, o, out, why);
	if (err == OK)
		err = withdraw_all(r, o, out, why);
	if (err != OK)
		return err;
	json_t *detail = json_pack("{s:s, s:s, s:b, s:I}", "person", out->person_id, "reason",
		o->reason, "counter_example", out->counter_example, "withdrawn",
		(json_int_t)out->withdrawn);
	char *text = detail != NULL ? json_dumps(detail, JSON_COMPACT) : NULL;
	json_decref(detail);
	if (text == NULL)
		return err_set(why, ERR_NOMEM, "cannot write the audit: out of memory");
	const struct audit_entry entry = {o->actor, "sighting.reject", o->sighting_id, text};
	err = store_audit(r->store, r->now_ms, &entry, why);
	free(text);
	return err;
}

enum err register_reject(const struct registrar *r, const struct objection *objection,
	struct rejected *out, struct error *why)
{
	*out = (struct rejected){0};
	enum err err = check_words(objection->actor, "actor", ACTOR_BYTES, why);
	if (err == OK)
		err = check_words(objection->reason, "reason", REASON_BYTES, why);
	if (err == OK && strlen(objection->sighting_id) >= UUID_TEXT)
		err = err_set(why, ERR_NOT_FOUND, "there is no such sighting");
	if (err == OK)
		err = store_begin(r->store, why);
	if (err != OK)
		return err;
	err = end(r, reject(r, objection, out, why), why);
	if (err != OK)
		*out = (struct rejected){0};
	return err;
}

enum err register_forget(const struct registrar *r, struct error *why)
{
	struct org org;
	enum err err = store_org(r->store, &org, why);
	if (err != OK)
		return err;
	int64_t keep_ms = (int64_t)org.keep_faces_days * DAY_MINUTES * 60 * 1000;
	return store_faces_purge(r->store, r->now_ms - keep_ms, NULL, why);
}
