/* SPDX-License-Identifier: MIT */
/*
 * The venue clients. A venue is the register of a day of the group that is called like it, which
 * is made when there is none; the setting "venue.<session>" says that the register is one. Of a
 * group with members only they are marked; one without is open to everybody, and its register
 * holds who was seen without making them members.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/legacy/legacy.h"
#include "api/resources.h"
#include "net/dataurl.h"
#include "net/form.h"
#include "report/json.h"
#include "store/pages.h"
#include "store/settings.h"

enum { MINUTE_MS = 60 * 1000, DATE_TIME_SHORT = 16, DATE_TIME_LONG = 19 };

static const char unknown[] = "Unknown";

/* --- photos ----------------------------------------------------------------------------- */

/* Adds a name once. */
static void add_name(json_t *names, const char *name)
{
	size_t i;
	const json_t *known;
	json_array_foreach(names, i, known)
	{
		if (strcmp(json_string_value(known), name) == 0)
			return;
	}
	json_append(&names, json_string(name));
}

static json_t *names_json(const struct legacy_photo *photo)
{
	json_t *names = json_array();
	for (size_t i = 0; i < photo->id.faces.count; i++) {
		const char *name = legacy_photo_name(photo, i);
		add_name(names, name != NULL ? name : unknown);
	}
	return names;
}

/* The member of an object when it is a text that is not empty, else NULL. */
static const char *text_of(const json_t *doc, const char *member)
{
	const char *text = json_string_value(json_object_get(doc, member));
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* The body; an empty object for one that cannot be read, so that all its members are missing. */
static json_t *body_of(const struct request *req)
{
	json_t *doc = NULL;
	if (request_json(req, &doc, NULL) != OK || !json_is_object(doc)) {
		json_decref(doc);
		doc = json_object();
	}
	return doc;
}

static enum err look(
	struct context *c, const char *url, struct legacy_photo *photo, struct error *why)
{
	struct dataurl d = {0};
	*photo = (struct legacy_photo){0};
	enum err err = dataurl_decode(&d, url, strlen(url), BODY_PHOTO, why);
	if (err == OK)
		err = legacy_photo_look(c, d.bytes, d.len, photo, why);
	dataurl_finish(&d);
	return err;
}

/* What cannot be looked at is the caller's fault and said so; other errors are passed on. */
static enum err answer_bad_photo(struct response *res, enum err err)
{
	struct error why = *response_why(res);
	return legacy_photo_is_bad(err) ? legacy_error(res, 400, why.text) : err;
}

static enum err recognize_faces(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct legacy_photo photo;
	if (!legacy_may(req, c, RIGHT_RECOGNISE))
		return legacy_refuse(req, res);
	json_t *doc = body_of(req);
	const char *image = text_of(doc, "image");
	if (image == NULL) {
		json_decref(doc);
		return legacy_error(res, 400, "Image data is required");
	}
	enum err err = look(c, image, &photo, response_why(res));
	json_decref(doc);
	if (err == OK)
		err = response_json(res, 200, json_pack("{s:o}", "names", names_json(&photo)));
	else
		err = answer_bad_photo(res, err);
	legacy_photo_finish(c, &photo);
	return err;
}

static enum err enrol_part(const struct request *req, struct response *res, struct context *c,
	const struct part *image, const char *name)
{
	struct error *why = response_why(res);
	struct recogniser *one;
	enum err err = recogniser_take(api_recognisers(c->api), c->org.id, &one, why);
	if (err != OK)
		return err;
	err = recogniser_decode(one, image->data, image->len, why);
	if (err == OK)
		err = legacy_enrol(req, one, name, why);
	recogniser_give(api_recognisers(c->api), one);
	if (err == OK) {
		api_changed(c->api);
		return response_json(res, 200, json_pack("{s:b}", "success", 1));
	}
	struct error reason = *why;
	bool theirs = legacy_photo_is_bad(err) || err == ERR_NOT_FOUND || err == ERR_EXISTS;
	return theirs ? legacy_error(res, 400, reason.text) : err;
}

static enum err add_face(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct form form = {0};
	if (!legacy_may(req, c, RIGHT_PEOPLE_WRITE))
		return legacy_refuse(req, res);
	bool read = form_read(&form, req, NULL) == OK;
	const struct part *image = read ? form_part(&form, "image") : NULL;
	const char *name = read ? form_field(&form, "name") : NULL;
	bool missing = image == NULL || image->len == 0 || name == NULL || name[0] == '\0';
	enum err err = missing ? legacy_error(res, 400, "Image and name are required")
			       : enrol_part(req, res, c, image, name);
	form_finish(&form);
	return err;
}

/* --- venues ----------------------------------------------------------------------------- */

enum { VENUE_KEY_BYTES = 8 + UUID_TEXT };

static void venue_key(const char *session_id, char out[static VENUE_KEY_BYTES])
{
	snprintf(out, VENUE_KEY_BYTES, "venue.%s", session_id);
}

static enum err is_venue(struct store *store, const char *session_id, bool *out, struct error *why)
{
	char key[VENUE_KEY_BYTES], value[SETTING_VALUE_BYTES];
	venue_key(session_id, key);
	enum err err = store_setting(store, key, value, why);
	*out = err == OK && value[0] != '\0';
	return err;
}

/* Names of who came, each once, by when. */
static enum err attendance_json(
	struct store *store, const char *session_id, json_t **out, struct error *why)
{
	struct mark_list marks = {0};
	struct person person;
	json_t *names = json_array();
	enum err err = store_marks(store, session_id, &marks, why);
	for (size_t i = 0; err == OK && i < marks.count; i++) {
		enum mark_status status = marks.item[i].status;
		if (status == MARK_ABSENT || status == MARK_EXCUSED)
			continue;
		err = store_person(store, marks.item[i].person_id, &person, why);
		if (err == OK)
			add_name(names, person.name);
	}
	mark_list_finish(&marks);
	if (err != OK) {
		json_decref(names);
		names = NULL;
	}
	*out = names;
	return err;
}

/* "YYYY-MM-DD HH:MM[:SS]", local; nothing else. */
static bool parse_date_time(const struct zone *zone, const char *text, int64_t *at_ms)
{
	static const char shape[] = "0000-00-00 00:00:00";
	size_t len = strlen(text);
	if (len != DATE_TIME_SHORT && len != DATE_TIME_LONG)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';
		if (shape[i] == '0' ? !digit : text[i] != shape[i])
			return false;
	}
	return zone_parse(zone, text, 0, at_ms, NULL) == OK;
}

/* The group of that name, made when there is none. */
static enum err group_for(struct store *store, const char *name, int64_t now_ms,
	struct group *group, struct error *why)
{
	struct group_list groups = {0};
	char mine[NAME_KEY_BYTES], theirs[NAME_KEY_BYTES];
	bool found = false;
	enum err err = name_key(name, mine, why);
	if (err == OK)
		err = store_groups(store, &groups, why);
	for (size_t i = 0; err == OK && !found && i < groups.count; i++) {
		err = name_key(groups.item[i].name, theirs, why);
		found = err == OK && strcmp(mine, theirs) == 0;
		if (found)
			*group = groups.item[i];
	}
	group_list_finish(&groups);
	if (err != OK || found)
		return err;
	*group = (struct group){.start_minute = -1, .grace_minutes = -1};
	snprintf(group->name, sizeof(group->name), "%s", name);
	return store_group_add(store, group, now_ms, why);
}

/* The register of the group `name` on the day of at_ms, begun then where it is new. */
static enum err session_for(struct context *c, const char *name, int64_t at_ms, int64_t now_ms,
	struct session_row *row, struct error *why)
{
	struct group group;
	char day[DAY_TEXT];
	enum err err = group_for(c->store, name, now_ms, &group, why);
	zone_day(c->zone, at_ms, day);
	if (err == OK)
		err = rules_session(&c->org, &group, c->zone, day, row, why);
	if (err != OK)
		return err;
	int64_t grace_ms = row->late_ms - row->start_ms;
	row->start_ms = at_ms;
	row->late_ms = at_ms + grace_ms;
	return store_session_day(c->store, row, now_ms, why);
}

/*
 * Two of one name on one day are two venues: the second's group has its time in its name. The
 * same venue again is the one that is there.
 */
static enum err make_venue(struct context *c, const char *name, int64_t at_ms, int64_t now_ms,
	struct session_row *row, struct error *why)
{
	char key[VENUE_KEY_BYTES], other[NAME_BYTES], long_name[NAME_BYTES + 16];
	enum err err = session_for(c, name, at_ms, now_ms, row, why);
	if (err == OK && row->start_ms != at_ms) {
		struct civil at = zone_civil(c->zone, at_ms);
		snprintf(long_name, sizeof(long_name), "%s %02d:%02d:%02d", name, at.hour % 100,
			at.minute % 100, at.second % 100);
		err = name_clean(long_name, "name", other, why);
		if (err == OK)
			err = session_for(c, other, at_ms, now_ms, row, why);
	}
	if (err != OK)
		return err;
	venue_key(row->id, key);
	return store_setting_set(c->store, key, "1", why);
}

static enum err create(const struct request *req, struct response *res, struct context *c,
	const char *name, int64_t at_ms)
{
	struct error *why = response_why(res);
	struct session_row row = {0};
	int64_t now_ms = request_now_ms(req);
	enum err err = store_begin(c->store, why);
	if (err != OK)
		return err;
	err = make_venue(c, name, at_ms, now_ms, &row, why);
	err = legacy_commit(
		req, c, err, &(struct audit_entry){.action = "venue.add", .subject = row.id}, why);
	if (err != OK)
		return err;
	return response_json(res, 201,
		json_pack(
			"{s:s,s:s}", "message", "Venue created successfully!", "venue_id", row.id));
}

static enum err create_venue(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	char clean[NAME_BYTES];
	struct error why;
	int64_t at_ms;
	if (!legacy_may(req, c, RIGHT_GROUPS_WRITE))
		return legacy_refuse(req, res);
	json_t *doc = body_of(req);
	const char *name = text_of(doc, "name"), *when = text_of(doc, "date_time");
	enum err err;
	if (name == NULL || when == NULL)
		err = legacy_error(res, 400, "Name and date_time are required");
	else if (!parse_date_time(c->zone, when, &at_ms))
		err = legacy_error(
			res, 400, "Invalid date_time format. Expected format: YYYY-MM-DD HH:MM:SS");
	else if (name_clean(name, "name", clean, &why) != OK)
		err = legacy_error(res, 400, why.text);
	else
		err = create(req, res, c, clean, at_ms);
	json_decref(doc);
	return err;
}

/* --- attendance ------------------------------------------------------------------------- */

struct taking {
	const struct request *req;
	struct context *c;
	const struct session_row *venue;
	bool open;  /* not only for members */
	bool today; /* the venue is of this day */
};

/* The sighting that a mark is made from: the one just recorded, or that of a moment ago. */
static enum err evidence_of(const struct taking *t, const struct look *look,
	const struct recorded *recorded, char id[static UUID_TEXT], struct error *why)
{
	struct sighting last;
	const int64_t back_ms = (int64_t)t->c->org.cooldown_s * 1000;
	snprintf(id, UUID_TEXT, "%s", recorded->sighting_id);
	if (id[0] != '\0')
		return OK;
	const struct sighting_search search = {
		look->person_id, t->venue->group_id, look->at_ms - back_ms, look->at_ms + 1};
	enum err err = store_sighting_first(t->c->store, &search, &last, why);
	if (err == OK)
		snprintf(id, UUID_TEXT, "%s", last.id);
	return err == ERR_NOT_FOUND ? OK : err;
}

/* Marks somebody who is on no list of this venue. */
static enum err mark_guest(const struct taking *t, const struct look *look,
	const struct recorded *recorded, struct error *why)
{
	struct mark mark = {.at_ms = look->at_ms};
	struct store *store = t->c->store;
	mark.status = t->today ? rules_first_match(t->venue, look->at_ms) : MARK_PRESENT;
	snprintf(mark.session_id, sizeof(mark.session_id), "%s", t->venue->id);
	snprintf(mark.person_id, sizeof(mark.person_id), "%s", look->person_id);
	enum err err = evidence_of(t, look, recorded, mark.sighting_id, why);
	if (err == OK)
		err = store_begin(store, why);
	if (err != OK)
		return err;
	err = store_mark_add(store, &mark, request_now_ms(t->req), why);
	if (err == ERR_EXISTS) {
		store_rollback(store);
		return OK;
	}
	return legacy_commit(t->req, t->c, err,
		&(struct audit_entry){.action = "venue.mark", .subject = mark.session_id}, why);
}

static enum err take_face(
	const struct taking *t, const struct legacy_photo *photo, size_t i, struct error *why)
{
	const struct registrar r = context_registrar(t->c, t->req);
	struct recorded recorded;
	struct seen seen;
	engine_seen(photo->one->engine, &photo->id, i, &seen);
	seen.look.at_ms = r.now_ms;
	seen.look.source = "photo";
	if (t->today)
		seen.look.session_id = t->venue->id;
	else if (t->venue->group_id[0] != '\0')
		seen.look.group_id = t->venue->group_id;
	enum err err = register_look(&r, &seen.look, &recorded, why);
	bool guest = seen.look.decision == DECISION_MATCH && t->open && t->venue->closed_ms == 0;
	return err == OK && guest ? mark_guest(t, &seen.look, &recorded, why) : err;
}

static enum err take_all(
	const struct taking *t, const struct legacy_photo *photo, struct response *res)
{
	struct error *why = response_why(res);
	json_t *attendance = NULL;
	enum err err = OK;
	for (size_t i = 0; err == OK && i < photo->id.faces.count; i++)
		err = take_face(t, photo, i, why);
	if (err == OK)
		err = attendance_json(t->c->store, t->venue->id, &attendance, why);
	if (err != OK)
		return err;
	return response_json(res, 200,
		json_pack("{s:s,s:s,s:o,s:o}", "message", "Attendance updated successfully",
			"venue_id", t->venue->id, "attendance", attendance, "recognized_names",
			names_json(photo)));
}

/* Finds the venue; ERR_NOT_FOUND also for a register that is none, or is not the caller's. */
static enum err find_venue(const struct request *req, struct context *c, const char *id,
	struct session_row *venue, struct group *group, struct error *why)
{
	bool venue_too = false;
	*group = (struct group){0};
	enum err err = store_session(c->store, id, venue, why);
	if (err == OK)
		err = is_venue(c->store, venue->id, &venue_too, why);
	if (err == OK && !venue_too)
		err = err_set(why, ERR_NOT_FOUND, "no venue");
	if (err == OK)
		err = legacy_in_group(req, c->store, venue->group_id, GROUP_TAKE, why);
	if (err == OK)
		err = store_group(c->store, venue->group_id, group, why);
	return err == ERR_DENIED ? ERR_NOT_FOUND : err;
}

static enum err take(
	const struct request *req, struct response *res, struct context *c, const json_t *doc)
{
	const char *id = text_of(doc, "venue_id"), *image = text_of(doc, "image");
	struct session_row venue;
	struct group group;
	struct legacy_photo photo;
	char today[DAY_TEXT];
	if (id == NULL || image == NULL)
		return legacy_error(res, 400, "venue_id and image are required");
	if (!uuid_valid(id))
		return legacy_error(res, 400, "Invalid venue_id format");
	enum err err = find_venue(req, c, id, &venue, &group, response_why(res));
	if (err == ERR_NOT_FOUND)
		return legacy_error(res, 404, "Venue not found");
	if (err != OK)
		return err;
	zone_day(c->zone, request_now_ms(req), today);
	const struct taking taking = {
		req, c, &venue, group.members == 0, strcmp(today, venue.day) == 0};
	err = look(c, image, &photo, response_why(res));
	err = err == OK ? take_all(&taking, &photo, res) : answer_bad_photo(res, err);
	legacy_photo_finish(c, &photo);
	return err;
}

static enum err get_attendance(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	if (!legacy_may(req, c, RIGHT_REGISTERS_TAKE))
		return legacy_refuse(req, res);
	json_t *doc = body_of(req);
	enum err err = take(req, res, c, doc);
	json_decref(doc);
	return err;
}

/* --- the list --------------------------------------------------------------------------- */

/* Adds a register to the list if it is a venue that the caller may see. */
static enum err list_venue(const struct request *req, struct context *c,
	const struct session_row *row, json_t *venues, struct error *why)
{
	struct group group;
	json_t *attendance;
	char when[LEGACY_TIME_TEXT];
	bool venue;
	enum err err = is_venue(c->store, row->id, &venue, why);
	if (err != OK || !venue)
		return err;
	err = legacy_in_group(req, c->store, row->group_id, GROUP_VIEW, why);
	if (err != OK)
		return err == ERR_DENIED ? OK : err;
	err = store_group(c->store, row->group_id, &group, why);
	if (err == OK)
		err = attendance_json(c->store, row->id, &attendance, why);
	if (err != OK)
		return err;
	legacy_time(c->zone, row->start_ms, when);
	json_append(&venues,
		json_pack("{s:s,s:s,s:s,s:o}", "_id", row->id, "name", group.name, "date_time",
			when, "attendance", attendance));
	return OK;
}

static enum err list_venues(
	const struct request *req, struct context *c, json_t *venues, struct error *why)
{
	const struct page_filter all = {0};
	struct page page = {.cursor = ""};
	enum err err;
	do {
		struct session_list rows = {0};
		err = store_sessions_page(c->store, &all, &page, &rows, why);
		for (size_t i = 0; err == OK && i < rows.count; i++)
			err = list_venue(req, c, &rows.item[i], venues, why);
		session_list_finish(&rows);
	} while (err == OK && page.cursor[0] != '\0');
	return err;
}

static enum err get_all_venues(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	if (!legacy_may(req, c, RIGHT_REGISTERS_READ))
		return legacy_refuse(req, res);
	json_t *venues = json_array();
	enum err err = list_venues(req, c, venues, response_why(res));
	if (err == OK)
		return response_json(res, 200, json_pack("{s:o}", "venues", venues));
	json_decref(venues);
	return err;
}

static const struct route routes[] = {
	{METHOD_POST, "/recognize_faces", .access = RIGHT_ANYBODY, .rate = RATE_RECOGNISE,
		.flags = ROUTE_ANY_ORIGIN, .body_max = BODY_DATAURL, .handler = recognize_faces},
	{METHOD_POST, "/get-attendance", .access = RIGHT_ANYBODY, .rate = RATE_RECOGNISE,
		.flags = ROUTE_ANY_ORIGIN, .body_max = BODY_DATAURL, .handler = get_attendance},
	{METHOD_POST, "/add_face", .access = RIGHT_ANYBODY, .rate = RATE_UPLOAD,
		.flags = ROUTE_ANY_ORIGIN, .body_max = BODY_PHOTO, .handler = add_face},
	{METHOD_POST, "/create-attendance-venue", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.flags = ROUTE_ANY_ORIGIN, .body_max = BODY_JSON, .handler = create_venue},
	{METHOD_GET, "/get-all-venues", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.flags = ROUTE_ANY_ORIGIN, .handler = get_all_venues},
};

const struct resource resource_venue = {
	.route = routes, .count = sizeof(routes) / sizeof(routes[0]), .legacy = LEGACY_VENUE};
