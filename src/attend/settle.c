/* SPDX-License-Identifier: MIT */
#include "attend/settle.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A sighting that is confirmed, on its way into the registers. */
struct work {
	const struct registrar *r;
	const struct settling *what;
	struct sighting sighting;
	struct org org;
	char day[DAY_TEXT];
	struct settled *out;
};

/* Whether what a camera wrote of a later time gives way; what a hand wrote never does. */
static bool gives_way(const struct mark *mark, int64_t at_ms)
{
	bool seen = mark->status == MARK_PRESENT || mark->status == MARK_LATE;
	return mark->actor[0] == '\0' && seen && at_ms < mark->at_ms;
}

static enum err mark_in(struct work *w, const struct group *group, struct error *why)
{
	struct store *s = w->r->store;
	struct session_row session;
	struct mark before;
	enum err err = rules_session(&w->org, group, w->r->zone, w->day, &session, why);
	if (err == OK)
		err = store_session_day(s, &session, w->r->now_ms, why);
	if (err != OK)
		return err;
	err = store_mark(s, session.id, w->out->person_id, &before, why);
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	if (err == OK && !gives_way(&before, w->sighting.at_ms)) {
		w->out->already++;
		return OK;
	}
	struct mark mark = {
		.status = rules_first_match(&session, w->sighting.at_ms),
		.at_ms = w->sighting.at_ms,
		.distance = NAN,
		.margin = NAN,
	};
	memcpy(mark.session_id, session.id, sizeof(mark.session_id));
	memcpy(mark.person_id, w->out->person_id, sizeof(mark.person_id));
	memcpy(mark.sighting_id, w->sighting.id, sizeof(mark.sighting_id));
	snprintf(mark.actor, sizeof(mark.actor), "%s", w->what->actor);
	snprintf(mark.reason, sizeof(mark.reason), "%s", w->what->reason);
	w->out->marked++;
	return store_mark_set(s, &mark, w->r->now_ms, why);
}

/* Leaves the group that was looked at alone in the list, if the person is in it. */
static enum err narrow(const struct work *w, struct group_list *groups, struct error *why)
{
	struct evidence evidence;
	enum err err = store_evidence(w->r->store, w->sighting.id, &evidence, why);
	if (err != OK)
		return err == ERR_NOT_FOUND ? OK : err;
	for (size_t i = 0; i < groups->count; i++) {
		if (strcmp(groups->item[i].id, evidence.group_id) != 0)
			continue;
		groups->item[0] = groups->item[i];
		groups->count = 1;
	}
	return OK;
}

static enum err mark_all(struct work *w, struct error *why)
{
	struct group_list groups = {0};
	enum err err = store_person_groups(w->r->store, w->out->person_id, &groups, why);
	if (err == OK)
		err = narrow(w, &groups, why);
	if (err == OK && groups.count == 0)
		err = mark_in(w, NULL, why);
	for (size_t i = 0; i < groups.count && err == OK; i++)
		err = mark_in(w, &groups.item[i], why);
	group_list_finish(&groups);
	return err;
}

static enum err audit(const struct work *w, struct error *why)
{
	char action[32];
	const char *person = w->out->person_id;
	snprintf(action, sizeof(action), "review.%s", review_outcome_word(w->what->outcome));
	json_t *detail = json_pack("{s:s, s:s?, s:s, s:I}", "day", w->day, "person",
		person[0] != '\0' ? person : NULL, "reason", w->what->reason, "marked",
		(json_int_t)w->out->marked);
	char *text = detail != NULL ? json_dumps(detail, JSON_COMPACT) : NULL;
	json_decref(detail);
	if (text == NULL)
		return err_set(why, ERR_NOMEM, "cannot write the audit: out of memory");
	const struct audit_entry entry = {w->what->actor, action, w->sighting.id, text};
	enum err err = store_audit(w->r->store, w->r->now_ms, &entry, why);
	free(text);
	return err;
}

static enum err write_down(struct work *w, struct error *why)
{
	struct store *s = w->r->store;
	struct review review = {.outcome = w->what->outcome};
	bool confirm = w->what->outcome == REVIEW_CONFIRM;
	enum err err = store_org(s, &w->org, why);
	if (err == OK)
		err = store_sighting(s, w->what->sighting_id, &w->sighting, why);
	if (err != OK)
		return err;
	const char *person =
		w->what->person_id != NULL ? w->what->person_id : w->sighting.person_id;
	if (confirm && person[0] == '\0')
		return err_set(why, ERR_ARG, "say who it is: nobody is proposed any more");
	if (confirm)
		snprintf(w->out->person_id, sizeof(w->out->person_id), "%s", person);
	zone_day(w->r->zone, w->sighting.at_ms, w->day);
	memcpy(review.sighting_id, w->sighting.id, sizeof(review.sighting_id));
	memcpy(review.person_id, w->out->person_id, sizeof(review.person_id));
	snprintf(review.actor, sizeof(review.actor), "%s", w->what->actor);
	err = store_review_add(s, &review, w->r->now_ms, why);
	if (err == OK && confirm)
		err = mark_all(w, why);
	return err == OK ? audit(w, why) : err;
}

static enum err reject(const struct registrar *r, const struct settling *what, struct settled *out,
	struct error *why)
{
	const struct objection objection = {what->sighting_id, what->actor, what->reason};
	struct rejected done;
	struct review review;
	enum err err = store_review(r->store, what->sighting_id, &review, why);
	if (err == OK)
		return err_set(why, ERR_EXISTS, "the sighting was settled already");
	if (err == ERR_NOT_FOUND)
		err = register_reject(r, &objection, &done, why);
	if (err != OK)
		return err;
	memcpy(out->person_id, done.person_id, sizeof(out->person_id));
	out->counter_example = done.counter_example;
	return OK;
}

static enum err check(const struct settling *what, struct error *why)
{
	size_t actor = strlen(what->actor), reason = strlen(what->reason);
	if (actor == 0 || actor >= ACTOR_BYTES || reason >= REASON_BYTES)
		return err_set(why, ERR_ARG,
			"settling needs who does it, and a reason of at most %d bytes",
			REASON_BYTES - 1);
	if (strlen(what->sighting_id) >= UUID_TEXT)
		return err_set(why, ERR_NOT_FOUND, "there is no such sighting");
	if (what->person_id != NULL && strlen(what->person_id) >= UUID_TEXT)
		return err_set(why, ERR_NOT_FOUND, "there is no such person");
	return OK;
}

enum err register_settle(const struct registrar *r, const struct settling *what,
	struct settled *out, struct error *why)
{
	struct work w = {.r = r, .what = what, .out = out};
	*out = (struct settled){0};
	enum err err = check(what, why);
	if (err != OK)
		return err;
	if (what->outcome == REVIEW_REJECT)
		return reject(r, what, out, why);
	err = store_begin(r->store, why);
	if (err != OK)
		return err;
	err = write_down(&w, why);
	if (err == OK)
		err = store_commit(r->store, why);
	if (err != OK) {
		store_rollback(r->store);
		*out = (struct settled){0};
	}
	return err;
}
