/* SPDX-License-Identifier: MIT */
#include "api/legacy/legacy.h"

#include <stdio.h>
#include <string.h>

#include "net/address.h"

bool legacy_may(const struct request *req, const struct context *c, enum right right)
{
	const struct caller *caller = caller_of(req);
	const char *peer = request_peer(req);
	struct address address;
	if (caller->kind != CALLER_NOBODY)
		return caller_may(caller, right);
	/* A key that is not good is an attempt, not a client that has none. */
	bool tried = request_header(req, "X-API-Key") != NULL ||
		request_header(req, "Authorization") != NULL;
	return api_options(c->api)->legacy_open_lan && !tried &&
		address_parse(&address, peer, strlen(peer)) && address_is_private(&address);
}

enum err legacy_in_group(const struct request *req, struct store *store, const char *group_id,
	enum group_right right, struct error *why)
{
	const struct caller *caller = caller_of(req);
	if (caller->kind == CALLER_NOBODY)
		return OK;
	return caller_in_group(caller, store, group_id, right, why);
}

void legacy_actor(const struct request *req, char out[static ACTOR_BYTES])
{
	const struct caller *caller = caller_of(req);
	if (caller->kind != CALLER_NOBODY)
		snprintf(out, ACTOR_BYTES, "%s", caller->actor);
	else
		snprintf(out, ACTOR_BYTES, "address:%s", request_peer(req));
}

enum err legacy_error(struct response *res, int status, const char *text)
{
	return response_json(res, status, json_pack("{s:s}", "error", text));
}

enum err legacy_refuse(const struct request *req, struct response *res)
{
	bool nobody = caller_of(req)->kind == CALLER_NOBODY;
	return legacy_error(res, nobody ? 401 : 403, nobody ? "Unauthorized" : "Forbidden");
}

void legacy_time(const struct zone *zone, int64_t at_ms, char out[static LEGACY_TIME_TEXT])
{
	struct civil at = zone_civil(zone, at_ms);
	snprintf(out, LEGACY_TIME_TEXT, "%04d-%02d-%02d %02d:%02d:%02d", at.year % 10000,
		at.month % 100, at.day % 100, at.hour % 100, at.minute % 100, at.second % 100);
}

/* --- looking at photos ------------------------------------------------------------------ */

enum err legacy_photo_look(struct context *c, const void *bytes, size_t len,
	struct legacy_photo *out, struct error *why)
{
	*out = (struct legacy_photo){0};
	enum err err = recogniser_take(api_recognisers(c->api), c->org.id, &out->one, why);
	if (err == OK)
		err = recogniser_decode(out->one, bytes, len, why);
	if (err != OK)
		return err;
	memcpy(out->id.photo_hash, out->one->photo_hash, sizeof(out->id.photo_hash));
	return engine_identify_photo(out->one->engine, &out->one->photo, &out->id, why);
}

void legacy_photo_finish(struct context *c, struct legacy_photo *photo)
{
	identified_finish(&photo->id);
	recogniser_give(api_recognisers(c->api), photo->one);
	*photo = (struct legacy_photo){0};
}

bool legacy_photo_is_bad(enum err err)
{
	return err == ERR_FORMAT || err == ERR_UNSUPPORTED || err == ERR_LIMIT || err == ERR_ARG;
}

const char *legacy_photo_name(const struct legacy_photo *photo, size_t i)
{
	bool named = photo->id.verdict[i].decision == DECISION_MATCH;
	return named ? photo->id.person[i].name : NULL;
}

/* --- changes ---------------------------------------------------------------------------- */

static enum err commit(const struct request *req, struct store *store, enum err err,
	const struct audit_entry *entry, struct error *why)
{
	char actor[ACTOR_BYTES];
	struct audit_entry signed_entry = *entry;
	legacy_actor(req, actor);
	signed_entry.actor = actor;
	if (err == OK)
		err = store_audit(store, request_now_ms(req), &signed_entry, why);
	if (err == OK)
		err = store_commit(store, why);
	if (err != OK)
		store_rollback(store);
	return err;
}

enum err legacy_commit(const struct request *req, struct context *c, enum err err,
	const struct audit_entry *entry, struct error *why)
{
	err = commit(req, c->store, err, entry, why);
	if (err == OK)
		api_changed(c->api);
	return err;
}

/* --- enrolment -------------------------------------------------------------------------- */

/* The person of that name; *found tells whether there is one. */
static enum err find_person(struct store *store, const char *name, struct person *person,
	bool *found, struct error *why)
{
	char mine[NAME_KEY_BYTES], theirs[NAME_KEY_BYTES];
	enum err err = store_person_find(store, name, person, why);
	*found = false;
	if (err == ERR_NOT_FOUND)
		return OK;
	if (err == OK)
		err = name_key(name, mine, why);
	if (err == OK)
		err = name_key(person->name, theirs, why);
	/* Not somebody whose number it happens to be. */
	*found = err == OK && strcmp(mine, theirs) == 0;
	return err;
}

/* A photo under the wrong name would make one person be taken for another for ever after. */
static enum err check_resemblance(const struct recogniser *one, const char *person_id,
	const struct enrol_photo *photo, struct error *why)
{
	struct resemblance r;
	enum err err = engine_resemblance(one->engine, person_id, photo, &r, why);
	if (err != OK || r.other_id[0] == '\0' || r.other >= r.own ||
		r.other > engine_rule(one->engine)->match_distance)
		return err;
	return err_set(why, ERR_EXISTS, "The photo looks like somebody else who is enrolled");
}

/* Within the store's transaction. *added: the person is new. */
static enum err enrol_in(struct recogniser *one, const char *name, const struct enrol_photo *photo,
	int64_t now_ms, struct person *person, struct error *why)
{
	bool found;
	*person = (struct person){0};
	enum err err = find_person(one->store, name, person, &found, why);
	if (err == OK && !found)
		*person = (struct person){0};
	if (err == OK)
		err = check_resemblance(one, person->id, photo, why);
	if (err == OK && !found) {
		snprintf(person->name, sizeof(person->name), "%s", name);
		err = store_person_add(one->store, person, now_ms, why);
	}
	return err == OK ? engine_enrol(one->engine, person->id, photo, now_ms, why) : err;
}

enum err legacy_enrol(
	const struct request *req, struct recogniser *one, const char *name, struct error *why)
{
	char clean[NAME_BYTES];
	struct person person = {0};
	struct enrol_photo photo = {0};
	const struct enrol_options options = {.largest = true};
	memcpy(photo.photo_hash, one->photo_hash, sizeof(photo.photo_hash));
	enum err err = name_clean(name, "name", clean, why);
	if (err == OK)
		err = engine_enrol_image(one->engine, &one->photo, &options, &photo, why);
	if (err == OK)
		err = store_begin(one->store, why);
	if (err == OK) {
		err = enrol_in(one, clean, &photo, request_now_ms(req), &person, why);
		err = commit(req, one->store, err,
			&(struct audit_entry){.action = "person.enrol", .subject = person.id}, why);
	}
	enrol_photo_finish(&photo);
	return err;
}
