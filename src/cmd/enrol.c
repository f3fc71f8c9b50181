/* SPDX-License-Identifier: MIT */
#include "cmd/enrol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"
#include "cmd/models.h"
#include "cmd/photo_run.h"
#include "cmd/words.h"

void enrol_batch_finish(struct enrol_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		enrol_photo_finish(&batch->item[i].photo);
	free(batch->item);
	*batch = (struct enrol_batch){0};
}

enum err enrol_init(
	struct enrol *e, struct cmd *c, const char *group_name, bool largest, struct error *why)
{
	char clean[NAME_BYTES];
	*e = (struct enrol){.cmd = c, .options.largest = largest, .group_name = group_name};
	cmd_actor(e->actor);
	if (!group_name)
		return OK;
	enum err rc = name_clean(group_name, "group", clean, why);
	if (rc)
		return rc;
	rc = store_group_find(c->store, group_name, &e->group, why);
	e->group_known = rc == OK;
	if (rc != ERR_NOT_FOUND)
		return rc;
	e->group = (struct group){.start_minute = -1, .grace_minutes = -1};
	memcpy(e->group.name, clean, sizeof(clean));
	if (why)
		*why = (struct error){0};
	return OK;
}

/* --- looking at photos --- */

static bool same_name(const char *a, const char *b)
{
	char x[NAME_KEY_BYTES], y[NAME_KEY_BYTES];
	return name_key(a, x, NULL) == OK && name_key(b, y, NULL) == OK && strcmp(x, y) == 0;
}

enum err enrol_look(struct enrol *e, struct enrol_batch *batch, const char *path,
	const struct enrol_person *who, struct error *why)
{
	struct error reason = {0};
	void *items = batch->item;
	if (!mem_grow(&items, batch->count, &batch->capacity, sizeof(*batch->item)))
		return err_set(why, ERR_NOMEM, "out of memory");
	batch->item = items;
	struct enrol_item *item = &batch->item[batch->count++];
	*item = (struct enrol_item){.path = path};
	item->code = engine_enrol_photo(e->cmd->engine, path, &e->options, &item->photo, &reason);
	item->usable = item->code == OK;
	(void)who;
	if (!item->usable)
		snprintf(item->refusal, sizeof(item->refusal), "%s",
			reason.text[0] ? reason.text : err_str(item->code));
	return OK;
}

bool enrol_refusal_is_judgement(enum err code)
{
	return code == ERR_NOT_FOUND || code == ERR_ARG || code == ERR_EXISTS;
}

/* --- finding the person --- */

/* Among people of the same name: the one with the number, else the only one. */
static enum err choose_namesake(const struct person_list *people, const struct enrol_person *who,
	struct person *out, size_t *namesakes)
{
	const struct person *only = NULL;
	*namesakes = 0;
	for (size_t i = 0; i < people->count; i++) {
		const struct person *p = &people->item[i];
		if (!same_name(p->name, who->name))
			continue;
		++*namesakes;
		if (who->number && strcmp(p->number, who->number) == 0) {
			*out = *p;
			return OK;
		}
		if (!who->number || !p->number[0])
			only = p;
	}
	if (!only)
		return ERR_NOT_FOUND;
	*out = *only;
	return OK;
}

static enum err find_namesake(
	struct enrol *e, const struct enrol_person *who, struct person *out, struct error *why)
{
	struct person_list people = {0};
	size_t namesakes = 0;
	enum err rc = store_people(e->cmd->store, NULL, &people, why);
	if (rc == OK)
		rc = choose_namesake(&people, who, out, &namesakes);
	if (rc == OK && namesakes > 1 && !who->number)
		rc = err_set(why, ERR_ARG, "%zu people are called '%s': say which one by --number",
			namesakes, who->name);
	person_list_finish(&people);
	return rc;
}

/*
 * The person that is meant: by name, and by number where one is given. A person without a
 * number gets the one that is given. ERR_NOT_FOUND: a new one.
 */
static enum err find_person(
	struct enrol *e, const struct enrol_person *who, struct person *out, struct error *why)
{
	struct error reason = {0};
	/* By the index first; the list of all people only where that is not clear. */
	enum err rc = store_person_find(e->cmd->store, who->name, out, &reason);
	bool clear = rc == OK && same_name(out->name, who->name) && !who->number;
	if (rc == ERR_NOT_FOUND)
		return rc;
	if (rc != OK && rc != ERR_ARG) {
		if (why)
			*why = reason;
		return rc;
	}
	return clear ? OK : find_namesake(e, who, out, why);
}

/* Gives a person who is there the number and face id from the command line. */
static enum err update_person(
	struct enrol *e, const struct enrol_person *who, struct person *person, struct error *why)
{
	bool changed = false;
	if (who->number && strcmp(person->number, who->number) != 0) {
		snprintf(person->number, sizeof(person->number), "%s", who->number);
		changed = true;
	}
	if (who->face_id && person->face_id != who->face_id) {
		person->face_id = who->face_id;
		changed = true;
	}
	return changed ? store_person_update(e->cmd->store, person, why) : OK;
}

static enum err add_person(struct enrol *e, const struct enrol_person *who, struct person *person,
	int64_t now_ms, struct error *why)
{
	*person = (struct person){.face_id = who->face_id};
	if (who->number && strlen(who->number) >= NUMBER_BYTES)
		return err_set(
			why, ERR_ARG, "the number is longer than %d bytes", NUMBER_BYTES - 1);
	snprintf(person->name, sizeof(person->name), "%s", who->name);
	snprintf(person->number, sizeof(person->number), "%s", who->number ? who->number : "");
	return store_person_add(e->cmd->store, person, now_ms, why);
}

/* --- whose face it is --- */

/* To the nearest other usable photo of the batch. */
static double nearest_in_batch(const struct enrol_batch *batch, const struct enrol_item *item)
{
	double least = INFINITY;
	for (size_t i = 0; i < batch->count; i++) {
		const struct enrol_item *other = &batch->item[i];
		double squared = 0;
		if (other == item || !other->usable)
			continue;
		for (size_t k = 0; k < FACE_DIM_MAX; k++) {
			double d = (double)item->photo.vector[k] - (double)other->photo.vector[k];
			squared += d * d;
		}
		least = fmin(least, sqrt(squared));
	}
	return least;
}

/*
 * A photo in the wrong folder would make one person be taken for another for ever after: it
 * is refused when it is nearer to somebody else than to the person's own photos.
 */
static enum err compare_with_others(struct enrol *e, const struct enrol_batch *batch,
	struct enrol_item *item, const char *person_id, struct error *why)
{
	struct engine *engine = e->cmd->engine;
	const char *model = pipeline_model(engine_pipeline(engine));
	struct resemblance r;
	struct person other;
	/* The same photo again is told as that, when it is to be written. */
	if (store_photo_check(e->cmd->store, model, item->photo.photo_hash, NULL) == ERR_EXISTS)
		return OK;
	enum err rc = engine_resemblance(engine, person_id, &item->photo, &r, why);
	if (rc || !r.other_id[0] || r.other > engine_rule(engine)->match_distance)
		return rc;
	if (store_person(e->cmd->store, r.other_id, &other, NULL) != OK)
		return OK;
	snprintf(item->looks_like, sizeof(item->looks_like), "%s", other.name);
	if (r.other >= fmin(r.own, nearest_in_batch(batch, item)))
		return OK;
	item->forced = e->force != NULL;
	item->usable = item->forced;
	if (item->forced)
		return OK;
	item->code = ERR_ARG;
	struct error refusal = {0};
	err_set(&refusal, ERR_ARG,
		"looks like '%s' (distance %.2f), who is enrolled already; if it really is "
		"somebody else, use --force REASON",
		other.name, r.other);
	memcpy(item->refusal, refusal.text, sizeof(item->refusal));
	return OK;
}

static enum err compare_all(
	struct enrol *e, struct enrol_batch *batch, const char *person_id, struct error *why)
{
	enum err rc = OK;
	for (size_t i = 0; i < batch->count && rc == OK; i++) {
		if (batch->item[i].usable)
			rc = compare_with_others(e, batch, &batch->item[i], person_id, why);
	}
	return rc;
}

enum err enrol_force(struct enrol *e, const char *reason, struct error *why)
{
	char clean[NAME_BYTES];
	e->force = reason;
	e->options.force = reason != NULL;
	return reason != NULL ? name_clean(reason, "reason", clean, why) : OK;
}

/* --- writing --- */

/* Adds the templates; a photo that is enrolled already becomes a refused one. */
static enum err write_templates(struct enrol *e, struct enrol_batch *batch, struct enrolled *out,
	int64_t now_ms, struct error *why)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct enrol_item *item = &batch->item[i];
		struct error reason = {0};
		if (!item->usable)
			continue;
		enum err rc =
			engine_enrol(e->cmd->engine, out->person.id, &item->photo, now_ms, &reason);
		if (rc == OK) {
			out->photos++;
		} else if (rc == ERR_EXISTS) {
			item->usable = false;
			item->code = rc;
			snprintf(item->refusal, sizeof(item->refusal), "%s", reason.text);
		} else {
			if (why)
				*why = reason;
			return rc;
		}
	}
	return OK;
}

static bool any_duplicate(const struct enrol_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->item[i].code == ERR_EXISTS)
			return true;
	}
	return false;
}

static enum err join_group(
	struct enrol *e, const struct person *person, int64_t now_ms, struct error *why)
{
	enum err rc = OK;
	if (!e->group_known) {
		rc = store_group_add(e->cmd->store, &e->group, now_ms, why);
		if (rc == OK)
			rc = store_audit(e->cmd->store, now_ms,
				&(struct audit_entry){e->actor, "group.add", e->group.id, NULL},
				why);
	}
	if (rc == OK)
		rc = store_member_add(e->cmd->store, e->group.id, person->id, now_ms, why);
	return rc;
}

static enum err audit(struct enrol *e, const struct enrol_batch *batch, const struct enrolled *done,
	int64_t now_ms, struct error *why)
{
	size_t forced = 0;
	for (size_t i = 0; i < batch->count; i++)
		forced += batch->item[i].usable && batch->item[i].forced;
	json_t *detail =
		json_pack("{s:I,s:b}", "photos", (json_int_t)done->photos, "added", done->added);
	if (e->force)
		json_object_set_new(detail, "forced",
			json_pack("{s:o,s:I}", "reason", cmd_json_text(e->force),
				"looked_like_others", (json_int_t)forced));
	char *text = detail ? json_dumps(detail, JSON_COMPACT) : NULL;
	json_decref(detail);
	if (!text)
		return err_set(why, ERR_NOMEM, "out of memory");
	const struct audit_entry entry = {e->actor, "person.enrol", done->person.id, text};
	enum err rc = store_audit(e->cmd->store, now_ms, &entry, why);
	free(text);
	return rc;
}

static bool any_usable(const struct enrol_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->item[i].usable)
			return true;
	}
	return false;
}

static enum err write_all(struct enrol *e, const struct enrol_person *who,
	struct enrol_batch *batch, struct enrolled *out, struct error *why)
{
	int64_t now_ms = clock_now_ms();
	enum err rc = find_person(e, who, &out->person, why);
	if (rc == OK || rc == ERR_NOT_FOUND) {
		enum err compared = compare_all(e, batch, rc == OK ? out->person.id : "", why);
		if (compared || (!any_usable(batch) && !any_duplicate(batch)))
			return compared;
	}
	if (rc == ERR_NOT_FOUND) {
		out->added = true;
		rc = add_person(e, who, &out->person, now_ms, why);
	} else if (rc == OK) {
		rc = update_person(e, who, &out->person, why);
	}
	if (rc == OK)
		rc = write_templates(e, batch, out, now_ms, why);
	if (rc)
		return rc;
	out->joined = e->group_name &&
		(out->photos > 0 || (e->join_duplicates && !out->added && any_duplicate(batch)));
	if (out->joined)
		rc = join_group(e, &out->person, now_ms, why);
	if (rc == OK && out->photos > 0)
		rc = audit(e, batch, out, now_ms, why);
	return rc;
}

enum err enrol_write(struct enrol *e, const struct enrol_person *who, struct enrol_batch *batch,
	struct enrolled *out, struct error *why)
{
	*out = (struct enrolled){0};
	if (!any_usable(batch) && !any_duplicate(batch))
		return OK;
	enum err rc = store_begin(e->cmd->store, why);
	if (rc)
		return rc;
	rc = write_all(e, who, batch, out, why);
	bool wanted = out->photos > 0 || out->joined;
	if (rc == OK && wanted)
		rc = store_commit(e->cmd->store, why);
	if (rc || !wanted) {
		store_rollback(e->cmd->store);
		*out = (struct enrolled){0};
		return rc;
	}
	if (out->joined && !e->group_known)
		e->group_known = e->group_made = true;
	return OK;
}

/* --- telling --- */

static void tell_look_alike(const struct enrol_person *who, const struct enrol_item *item)
{
	char text[2 * NAME_BYTES + 128];
	snprintf(text, sizeof(text),
		"'%s' and '%s' look alike: they are marked only where a face is clearly one of "
		"them",
		who->name, item->looks_like);
	photo_warn(item->path, text);
}

enum err enrol_report(const struct enrol_person *who, const struct enrol_batch *batch, json_t *list,
	size_t *refused, struct error *why)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct enrol_item *item = &batch->item[i];
		if (item->usable && item->looks_like[0])
			tell_look_alike(who, item);
		if (item->usable)
			continue;
		++*refused;
		photo_warn(item->path, item->refusal);
		json_t *entry = json_pack("{s:o,s:o}", "file", cmd_json_text(item->path), "reason",
			cmd_json_text(item->refusal));
		if (json_array_append_new(list, entry))
			return err_set(why, ERR_NOMEM, "out of memory");
	}
	return OK;
}

enum err enrol_done(const struct enrol *e, struct error *why)
{
	bool completed;
	enum err rc = models_switch_advance(e->cmd, &completed, why);
	if (rc == OK && completed && !e->cmd->json)
		rc = print_text(why, "everybody has templates of %s: it is in use from now on\n",
			e->cmd->org.embedding[0] ? e->cmd->org.embedding : MODEL_DEFAULT_EMBEDDING);
	return rc;
}
