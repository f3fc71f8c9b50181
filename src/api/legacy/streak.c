/* SPDX-License-Identifier: MIT */
/*
 * StreakTrack devices and those who watch them: a WebSocket each, found again by organisation and
 * device. A device recognises by itself; what it reports is marked as a match without distances.
 */
#include "api/legacy/streak.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "base/log.h"
#include "net/channel.h"
#include "report/json.h"
#include "store/devices.h"

enum {
	CLOSE_PROTOCOL = 1002,
	CLOSE_UNACCEPTABLE = 1003,
	FRAME_MAX = 4 * 1024 * 1024, /* a message with a live picture */
	STUDENTS_OUT_MAX = 64 * 1024 * 1024,
	EARLY_MS = 5 * 60 * 1000, /* a device's clock may be ahead by so much */
};

/* One socket: of a device, or of a viewer of one. */
struct peer {
	struct peer *next;
	struct channel *channel;
	struct streak_hub *hub;
	bool device;
	bool joined; /* is in the hub */
	char org_id[UUID_TEXT], actor[ACTOR_BYTES];
	char name[NAME_BYTES];     /* deviceId */
	char device_id[UUID_TEXT]; /* our row of it */
	char group_id[UUID_TEXT];  /* whose register it marks; "" = all */
};

struct streak_hub {
	pthread_mutex_t lock;
	struct peer *first;
};

enum err streak_hub_open(struct streak_hub **out, struct error *why)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the devices' sockets");
	pthread_mutex_init(&(*out)->lock, NULL);
	return OK;
}

void streak_hub_close(struct streak_hub *hub)
{
	if (hub == NULL)
		return;
	pthread_mutex_destroy(&hub->lock);
	free(hub);
}

/* --- the hub ---------------------------------------------------------------------------- */

static bool same_device(const struct peer *a, const struct peer *b)
{
	return strcmp(a->org_id, b->org_id) == 0 && strcmp(a->name, b->name) == 0;
}

/* false: it is a device that is connected already. */
static bool join(struct streak_hub *hub, struct peer *peer)
{
	bool taken = false;
	pthread_mutex_lock(&hub->lock);
	for (const struct peer *p = hub->first; p != NULL; p = p->next)
		taken |= peer->device && p->device && same_device(p, peer);
	if (!taken) {
		peer->next = hub->first;
		hub->first = peer;
		peer->joined = true;
	}
	pthread_mutex_unlock(&hub->lock);
	return !taken;
}

static void leave(struct streak_hub *hub, struct peer *peer)
{
	pthread_mutex_lock(&hub->lock);
	for (struct peer **p = &hub->first; *p != NULL; p = &(*p)->next) {
		if (*p == peer) {
			*p = peer->next;
			break;
		}
	}
	pthread_mutex_unlock(&hub->lock);
}

/* Sends to the device of that name, or to its viewers; how many there were. */
static size_t relay(
	const struct peer *from, const char *name, bool to_device, const void *data, size_t len)
{
	size_t count = 0;
	struct payload *payload = payload_new(data, len, false);
	if (payload == NULL)
		return 0;
	pthread_mutex_lock(&from->hub->lock);
	for (const struct peer *p = from->hub->first; p != NULL; p = p->next) {
		if (p->device == to_device && strcmp(p->org_id, from->org_id) == 0 &&
			strcmp(p->name, name) == 0)
			count += channel_send_payload(p->channel, payload) == OK;
	}
	pthread_mutex_unlock(&from->hub->lock);
	payload_release(payload);
	return count;
}

/* --- what is sent ----------------------------------------------------------------------- */

/* Sends a document, which it takes over. */
static enum err send_json(struct channel *ch, json_t *doc)
{
	char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
	json_decref(doc);
	enum err err = text != NULL ? channel_send(ch, text, strlen(text), false) : ERR_NOMEM;
	free(text);
	return err;
}

static void refuse(struct channel *ch, int code, const char *text)
{
	if (send_json(ch, json_pack("{s:s}", "error", text)) == OK)
		channel_close(ch, code, NULL);
	else
		channel_close(ch, code, "refused");
}

static enum err send_students(struct context *c, struct channel *ch, struct error *why)
{
	struct person_list people = {0};
	json_t *students = json_array();
	enum err err = store_people(c->store, NULL, &people, why);
	for (size_t i = 0; err == OK && i < people.count; i++)
		json_append(&students,
			json_pack("{s:s,s:s,s:s,s:[]}", "_id", people.item[i].id, "name",
				people.item[i].name, "enrollmentNo", people.item[i].number,
				"images"));
	person_list_finish(&people);
	if (err == OK)
		return send_json(ch, json_pack("{s:o}", "students", students));
	json_decref(students);
	return err;
}

/* --- devices as rows -------------------------------------------------------------------- */

/* Finds the device or adds it, and says how it is. */
static enum err say_status(
	struct context *c, struct peer *peer, const char *status, int64_t now_ms, struct error *why)
{
	struct device device = {0};
	enum err err = store_device_find(c->store, peer->name, &device, why);
	if (err == ERR_NOT_FOUND) {
		device = (struct device){.kind = "camera"};
		snprintf(device.name, sizeof(device.name), "%s", peer->name);
		err = store_device_add(c->store, &device, now_ms, NULL, why);
		const struct audit_entry entry = {peer->actor, "device.add", device.id, NULL};
		if (err == OK)
			err = store_audit(c->store, now_ms, &entry, why);
	}
	if (err != OK)
		return err;
	snprintf(peer->device_id, sizeof(peer->device_id), "%s", device.id);
	return store_device_seen(c->store, device.id, status, now_ms, why);
}

/* --- attendance ------------------------------------------------------------------------- */

static const char *text_of(const json_t *doc, const char *member)
{
	const char *text = json_string_value(json_object_get(doc, member));
	return text != NULL ? text : "";
}

/* The student that a report is about: by our id, else by the number. */
static enum err find_student(
	struct store *store, const json_t *student, struct person *out, struct error *why)
{
	const char *id = text_of(student, "studentId");
	enum err err = store_person(store, id, out, why);
	if (err != ERR_NOT_FOUND)
		return err;
	return store_person_find(store, text_of(student, "enrollmentNo"), out, why);
}

static enum err mark(
	struct context *c, const struct peer *peer, const json_t *student, struct error *why)
{
	const int64_t now_ms = api_options(c->api)->now_ms();
	const struct registrar r = {.store = c->store, .zone = c->zone, .now_ms = now_ms};
	struct person person;
	struct recorded recorded;
	int64_t at_ms;
	enum err err = find_student(c->store, student, &person, why);
	if (err != OK)
		return err;
	if (zone_parse(c->zone, text_of(student, "timestamp"), now_ms, &at_ms, NULL) != OK ||
		at_ms > now_ms + EARLY_MS)
		at_ms = now_ms;
	const struct look look = {.group_id = peer->group_id[0] != '\0' ? peer->group_id : NULL,
		.at_ms = at_ms,
		.source = "device",
		.decision = DECISION_MATCH,
		.person_id = person.id,
		.distance = NAN,
		.margin = NAN,
		.threshold = NAN,
		.quality = NAN,
		.score = NAN};
	err = register_look(&r, &look, &recorded, why);
	if (err == OK)
		api_changed(c->api);
	return err;
}

/* --- the socket ------------------------------------------------------------------------- */

static enum err deny(const struct request *req, struct response *res)
{
	bool nobody = caller_of(req)->kind == CALLER_NOBODY;
	enum err err = response_problem(res, nobody ? 401 : 403,
		nobody ? "not_signed_in" : "forbidden", "send a key, or set '[legacy] open = lan'",
		"this needs a key or a sign-in");
	return err != OK ? err : err_set(response_why(res), ERR_DENIED, "not allowed");
}

/* What the address asks for; NULL, or what is wrong with it and with which code it closes. */
static const char *check(const struct request *req, bool *device, int *code)
{
	const char *hardware = request_query(req, "isHardware");
	const char *name = request_query(req, "deviceId");
	const char *org = request_query(req, "organizationId");
	*code = CLOSE_UNACCEPTABLE;
	if (name == NULL || name[0] == '\0')
		return "Missing deviceId";
	if (org == NULL || org[0] == '\0')
		return "Missing organizationId";
	*code = CLOSE_PROTOCOL;
	*device = hardware != NULL && strcmp(hardware, "true") == 0;
	char clean[NAME_BYTES];
	bool good = *device || (hardware != NULL && strcmp(hardware, "false") == 0);
	return good && name_clean(name, "deviceId", clean, NULL) == OK
		? NULL
		: "Invalid connection parameters";
}

static enum err start(
	const struct request *req, struct context *c, struct peer *peer, struct response *res)
{
	char text[NAME_BYTES + 64];
	if (!join(peer->hub, peer)) {
		snprintf(text, sizeof(text), "Device %s is already connected.", peer->name);
		refuse(peer->channel, CLOSE_UNACCEPTABLE, text);
		return OK;
	}
	if (!peer->device)
		return OK;
	enum err err = say_status(c, peer, "online", request_now_ms(req), response_why(res));
	return err == OK ? send_students(c, peer->channel, response_why(res)) : err;
}

static enum err on_open(
	const struct request *req, struct response *res, struct channel *ch, struct worker *w)
{
	struct context *c = context_of(w);
	bool device = false, take = legacy_may(req, c, RIGHT_REGISTERS_TAKE);
	int code;
	const char *wrong = check(req, &device, &code);
	/* A device marks in all groups, which no teacher may. */
	const struct caller *caller = caller_of(req);
	bool teacher = caller->kind == CALLER_USER && caller->user.role == ROLE_TEACHER;
	if (device ? !take || teacher : !legacy_may(req, c, RIGHT_REGISTERS_CHANGE) && !take)
		return deny(req, res);
	if (wrong != NULL) {
		refuse(ch, code, wrong);
		return OK;
	}
	struct peer *peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		return err_set(response_why(res), ERR_NOMEM, "no memory for a device");
	peer->channel = ch;
	peer->hub = api_streak(c->api);
	peer->device = device;
	if (caller->kind == CALLER_DEVICE)
		snprintf(peer->group_id, sizeof(peer->group_id), "%s", caller->device.group_id);
	snprintf(peer->org_id, sizeof(peer->org_id), "%s", c->org.id);
	legacy_actor(req, peer->actor);
	enum err err = name_clean(
		request_query(req, "deviceId"), "deviceId", peer->name, response_why(res));
	if (err == OK)
		err = start(req, c, peer, res);
	if (err != OK) {
		leave(peer->hub, peer);
		free(peer);
		return err;
	}
	channel_set_data(ch, peer);
	return OK;
}

static void from_device(struct context *c, const struct peer *peer, const json_t *doc,
	const uint8_t *data, size_t len)
{
	static const char *const passed_on[] = {"attendance", "detected", "live_stream"};
	const char *type = text_of(doc, "type");
	struct error why = {0};
	bool known = false;
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		known |= strcmp(type, passed_on[i]) == 0;
	if (!known)
		return;
	if (strcmp(type, "attendance") == 0 &&
		mark(c, peer, json_object_get(doc, "student"), &why) != OK) {
		log_at(LOG_WARN, "a device's attendance was not recorded: %s", why.text);
		return;
	}
	relay(peer, peer->name, false, data, len);
}

static void from_viewer(const struct peer *peer, const json_t *doc)
{
	const char *type = text_of(doc, "type"), *target = text_of(doc, "targetDeviceId");
	char text[NAME_BYTES + 64];
	if (strcmp(type, "start_stream") != 0 && strcmp(type, "stop_stream") != 0)
		return;
	json_t *order = json_pack("{s:s,s:s}", "type", type, "targetDeviceId", target);
	char *bytes = order != NULL ? json_dumps(order, JSON_COMPACT) : NULL;
	json_decref(order);
	if (bytes != NULL && relay(peer, target, true, bytes, strlen(bytes)) == 0) {
		snprintf(text, sizeof(text), "Device %.400s is offline or not connected.", target);
		if (send_json(peer->channel, json_pack("{s:s}", "error", text)) != OK)
			channel_close(peer->channel, CLOSE_UNACCEPTABLE, NULL);
	}
	free(bytes);
}

static void on_message(
	struct channel *ch, const uint8_t *data, size_t len, bool binary, struct worker *w)
{
	struct context *c = context_of(w);
	struct peer *peer = channel_data(ch);
	struct error why = {0};
	if (peer == NULL || !peer->joined || binary)
		return;
	json_t *doc = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(doc) && context_use(c, peer->org_id, &why) == OK) {
		if (peer->device)
			from_device(c, peer, doc, data, len);
		else
			from_viewer(peer, doc);
	}
	json_decref(doc);
}

static void on_close(struct channel *ch, int code, struct worker *w)
{
	struct context *c = context_of(w);
	struct peer *peer = channel_data(ch);
	struct error why = {0};
	(void)code;
	if (peer == NULL)
		return;
	leave(peer->hub, peer);
	if (peer->device && peer->joined && context_use(c, peer->org_id, &why) == OK &&
		say_status(c, peer, "offline", api_options(c->api)->now_ms(), &why) != OK)
		log_at(LOG_WARN, "a device's status was not written: %s", why.text);
	free(peer);
}

static const struct channel_ops ops = {
	.open = on_open,
	.message = on_message,
	.close = on_close,
	.message_max = FRAME_MAX,
	.out_max = STUDENTS_OUT_MAX,
	.slow = CHANNEL_DROP_OLDEST,
	.busy = CHANNEL_WAIT,
};

static const struct route routes[] = {
	{METHOD_GET, "/api/ws", .access = RIGHT_ANYBODY, .rate = RATE_API, .channel = &ops},
};

const struct resource resource_streak = {
	.route = routes, .count = sizeof(routes) / sizeof(routes[0]), .legacy = LEGACY_STREAK};
