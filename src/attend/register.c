/* SPDX-License-Identifier: MIT */
#include "attend/register.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *word, *reason;
} outcomes[] = {
	[OUTCOME_MARKED] = {"marked", "written to the register"},
	[OUTCOME_ALREADY] = {"already", "is in the register already"},
	[OUTCOME_COOLDOWN] = {"cooldown", "was seen a moment ago"},
	[OUTCOME_REVIEW] = {"review", "not sure enough: somebody must look"},
	[OUTCOME_UNKNOWN] = {"unknown", "looks like nobody enrolled"},
	[OUTCOME_NOT_IN_GROUP] = {"not_in_group", "is not on this group's list"},
	[OUTCOME_CLOSED] = {"closed", "the register is closed"},
};

enum { OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]) };

const char *outcome_word(enum outcome outcome)
{
	return (unsigned)outcome < OUTCOMES ? outcomes[outcome].word : "unknown";
}

const char *outcome_reason(enum outcome outcome)
{
	return (unsigned)outcome < OUTCOMES ? outcomes[outcome].reason : "";
}

/* A register that a matched look may mark. */
struct target {
	const struct group *group; /* NULL = of people without a group; borrowed from work.groups */
	struct session_row session;
	bool marked;
	struct mark mark; /* if marked */
};

/* One look being written. */
struct work {
	const struct registrar *r;
	const struct look *look;
	struct org org;
	char day[DAY_TEXT];
	struct group_list groups; /* of the person */
	struct target target[ENTRIES_MAX];
	size_t targets; /* 0: the person is not on the list that was asked for */
	char sighting_id[UUID_TEXT];
};

static enum err check_look(const struct look *look, struct error *why)
{
	bool named = look->person_id != NULL && look->person_id[0] != '\0';
	if (look->at_ms <= 0)
		return err_set(why, ERR_ARG, "a look needs a time after 1970");
	if (look->source == NULL || strlen(look->source) >= ACTOR_BYTES)
		return err_set(
			why, ERR_ARG, "a look needs a source of 1 to %d bytes", ACTOR_BYTES - 1);
	if (look->decision == DECISION_MATCH && !named)
		return err_set(why, ERR_ARG, "a match needs a person");
	if (named && strlen(look->person_id) >= UUID_TEXT)
		return err_set(why, ERR_NOT_FOUND, "there is no such person");
	return OK;
}

static const struct group *own_group(const struct work *w, const char *group_id)
{
	for (size_t i = 0; i < w->groups.count; i++) {
		if (strcmp(w->groups.item[i].id, group_id) == 0)
			return &w->groups.item[i];
	}
	return NULL;
}

static enum err add_target(struct work *w, const struct group *group, struct error *why)
{
	if (w->targets == ENTRIES_MAX)
		return err_set(why, ERR_LIMIT, "a person is in %zu groups, the limit is %d",
			w->groups.count, ENTRIES_MAX);
	w->target[w->targets++].group = group;
	return OK;
}

static enum err target_session(struct work *w, struct error *why)
{
	struct session_row session;
	enum err err = store_session(w->r->store, w->look->session_id, &session, why);
	if (err != OK)
		return err;
	if (strcmp(session.day, w->day) != 0)
		return err_set(why, ERR_ARG,
			"the session is of %s, the look of %s: give the time of the look",
			session.day, w->day);
	const char *group_id = w->look->group_id;
	if (group_id != NULL && strcmp(group_id, session.group_id) != 0)
		return err_set(why, ERR_ARG, "the session is another group's");
	if (session.group_id[0] == '\0')
		return w->groups.count == 0 ? add_target(w, NULL, why) : OK;
	const struct group *group = own_group(w, session.group_id);
	return group != NULL ? add_target(w, group, why) : OK;
}

static enum err find_targets(struct work *w, struct error *why)
{
	struct store *s = w->r->store;
	enum err err = store_person_groups(s, w->look->person_id, &w->groups, why);
	if (err != OK)
		return err;
	if (w->look->session_id != NULL)
		return target_session(w, why);
	if (w->look->group_id != NULL) {
		struct group asked;
		err = store_group(s, w->look->group_id, &asked, why);
		const struct group *group = err == OK ? own_group(w, asked.id) : NULL;
		return group != NULL ? add_target(w, group, why) : err;
	}
	for (size_t i = 0; i < w->groups.count && err == OK; i++)
		err = add_target(w, &w->groups.item[i], why);
	if (w->groups.count == 0)
		err = add_target(w, NULL, why);
	return err;
}

/* Opens the target's register and reads the person's mark in it. */
static enum err open_target(const struct work *w, struct target *t, struct error *why)
{
	struct store *s = w->r->store;
	enum err err = rules_session(&w->org, t->group, w->r->zone, w->day, &t->session, why);
	if (err == OK)
		err = store_session_day(s, &t->session, w->r->now_ms, why);
	if (err != OK)
		return err;
	err = store_mark(s, t->session.id, w->look->person_id, &t->mark, why);
	t->marked = err == OK;
	return err == ERR_NOT_FOUND ? OK : err;
}

/* Whether the look comes to nothing because the person was seen a moment ago. */
static enum err in_cooldown(const struct work *w, bool *yes, struct error *why)
{
	*yes = false;
	for (size_t i = 0; i < w->targets; i++) {
		if (!w->target[i].marked && w->target[i].session.closed_ms == 0)
			return OK;
	}
	int64_t within_ms = w->org.cooldown_s * 1000LL - 1, at_ms = w->look->at_ms, other_ms;
	enum err err = store_sighting_last(w->r->store, w->look->person_id, at_ms - within_ms,
		at_ms + within_ms, &other_ms, why);
	*yes = err == OK && rules_in_cooldown(&w->org, other_ms, at_ms);
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err add_sighting(struct work *w, struct error *why)
{
	const struct look *look = w->look;
	struct sighting sighting = {
		.at_ms = look->at_ms,
		.distance = look->distance,
		.margin = look->margin,
		.threshold = look->threshold,
		.quality = look->quality,
		.score = look->score,
		.box = {look->box.x, look->box.y, look->box.w, look->box.h},
	};
	memcpy(sighting.source, look->source, strlen(look->source) + 1);
	if (look->decision != DECISION_UNKNOWN && look->person_id != NULL)
		memcpy(sighting.person_id, look->person_id, strlen(look->person_id) + 1);
	const char *word = decision_word(look->decision);
	memcpy(sighting.decision, word, strlen(word) + 1);
	if (look->photo_hash != NULL)
		memcpy(sighting.photo_hash, look->photo_hash, sizeof(sighting.photo_hash));
	struct store *s = w->r->store;
	enum err err = store_sighting_add(s, &sighting, w->r->now_ms, why);
	if (err == OK && look->evidence != NULL)
		err = store_evidence_add(s, sighting.id, look->evidence, why);
	bool keep = w->org.keep_faces_days > 0 && look->decision != DECISION_UNKNOWN;
	if (err == OK && keep && look->face != NULL)
		err = store_face_add(s, sighting.id, look->face, w->r->now_ms, why);
	if (err == OK)
		memcpy(w->sighting_id, sighting.id, sizeof(w->sighting_id));
	return err;
}

/* A mark that a camera wrote, and this look is of an earlier time. */
static bool corrects(const struct work *w, const struct target *t)
{
	bool seen = t->mark.status == MARK_PRESENT || t->mark.status == MARK_LATE;
	return t->mark.actor[0] == '\0' && seen && w->look->at_ms < t->mark.at_ms;
}

static enum err mark_target(
	const struct work *w, struct target *t, struct entry *entry, struct error *why)
{
	bool closed = t->session.closed_ms != 0;
	if (closed || (t->marked && !corrects(w, t))) {
		entry->outcome = t->marked ? OUTCOME_ALREADY : OUTCOME_CLOSED;
		return OK;
	}
	struct mark mark = {
		.status = rules_first_match(&t->session, w->look->at_ms),
		.at_ms = w->look->at_ms,
		.distance = NAN,
		.margin = NAN,
	};
	memcpy(mark.session_id, t->session.id, sizeof(mark.session_id));
	memcpy(mark.person_id, w->look->person_id, strlen(w->look->person_id) + 1);
	memcpy(mark.sighting_id, w->sighting_id, sizeof(mark.sighting_id));
	enum err err = t->marked ? store_mark_set(w->r->store, &mark, w->r->now_ms, why)
				 : store_mark_add(w->r->store, &mark, w->r->now_ms, why);
	if (err != OK)
		return err;
	t->mark = mark;
	t->marked = true;
	entry->outcome = OUTCOME_MARKED;
	return OK;
}

static void fill_entry(const struct target *t, struct entry *entry)
{
	memcpy(entry->session_id, t->session.id, sizeof(entry->session_id));
	if (t->group != NULL)
		memcpy(entry->group, t->group->name, sizeof(entry->group));
	if (t->marked) {
		entry->status = t->mark.status;
		entry->at_ms = t->mark.at_ms;
	}
}

static enum err write_match(struct work *w, struct recorded *out, struct error *why)
{
	enum err err = find_targets(w, why);
	for (size_t i = 0; i < w->targets && err == OK; i++)
		err = open_target(w, &w->target[i], why);
	bool cooldown = false;
	if (err == OK)
		err = in_cooldown(w, &cooldown, why);
	if (err == OK && !cooldown)
		err = add_sighting(w, why);
	for (size_t i = 0; i < w->targets && err == OK; i++) {
		struct entry *entry = &out->entry[i];
		if (cooldown)
			entry->outcome = OUTCOME_COOLDOWN;
		else
			err = mark_target(w, &w->target[i], entry, why);
		fill_entry(&w->target[i], entry);
	}
	out->count = w->targets;
	if (w->targets == 0) {
		out->entry[0].outcome = cooldown ? OUTCOME_COOLDOWN : OUTCOME_NOT_IN_GROUP;
		out->count = 1;
	}
	return err;
}

static enum err write_look(struct work *w, struct recorded *out, struct error *why)
{
	enum err err = store_org(w->r->store, &w->org, why);
	if (err != OK)
		return err;
	zone_day(w->r->zone, w->look->at_ms, w->day);
	if (w->look->decision == DECISION_MATCH) {
		err = write_match(w, out, why);
	} else {
		err = add_sighting(w, why);
		bool review = w->look->decision == DECISION_REVIEW;
		out->entry[0].outcome = review ? OUTCOME_REVIEW : OUTCOME_UNKNOWN;
		out->count = 1;
	}
	memcpy(out->sighting_id, w->sighting_id, sizeof(out->sighting_id));
	return err;
}

enum err register_look(
	const struct registrar *r, const struct look *look, struct recorded *out, struct error *why)
{
	memset(out, 0, sizeof(*out));
	enum err err = check_look(look, why);
	if (err != OK)
		return err;
	struct work *w = mem_array(1, sizeof(*w));
	if (w == NULL)
		return err_set(why, ERR_NOMEM, "cannot write to the register: out of memory");
	w->r = r;
	w->look = look;
	err = store_begin(r->store, why);
	if (err == OK) {
		err = write_look(w, out, why);
		if (err == OK)
			err = store_commit(r->store, why);
		if (err != OK)
			store_rollback(r->store);
	}
	if (err != OK)
		memset(out, 0, sizeof(*out));
	group_list_finish(&w->groups);
	free(w);
	return err;
}
