/* SPDX-License-Identifier: MIT */
/* /api/v1/devices, and how one is let in: /api/v1/pairings */
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"

/* --- documents -------------------------------------------------------------------------- */

static json_t *device_json(const struct context *c, const struct device *d, int64_t now_ms)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:b,s:o,s:o,s:o}", "id", d->id, "name",
		d->name, "kind", d->kind, "prefix", json_text(d->prefix), "group_id",
		json_text(d->group_id), "room", json_text(d->room), "status", json_text(d->status),
		"online", device_online(d, now_ms), "created", json_time(c->zone, d->created_ms),
		"seen", json_time(c->zone, d->seen_ms), "revoked",
		json_time(c->zone, d->revoked_ms));
}

static json_t *pairing_json(const struct context *c, const struct pairing *p)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o}", "id", p->id, "name", p->name, "kind", p->kind,
		"address", json_text(p->address), "created", json_time(c->zone, p->created_ms),
		"expires", json_time(c->zone, p->expires_ms));
}

/* --- devices ---------------------------------------------------------------------------- */

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct page_filter filter = {.group_id = request_query(req, "group_id")};
	struct device_list devices = {0};
	struct page page;
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = store_devices_page(c->store, &filter, &page, &devices, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < devices.count; i++)
		json_append(&items, device_json(c, &devices.item[i], request_now_ms(req)));
	device_list_finish(&devices);
	return page_answer(res, err, &page, items);
}

static enum err answer_device(const struct request *req, struct response *res, struct context *c,
	const struct device *device)
{
	return answer_version(res, device->version, device_json(c, device, request_now_ms(req)));
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct device device;
	enum err err = store_device(c->store, request_param(req, "id"), &device, response_why(res));
	return err == OK ? answer_device(req, res, c, &device) : err;
}

/* What a device asks about itself. */
static enum err self(const struct request *req, struct response *res, struct worker *w)
{
	return answer_device(req, res, context_of(w), &caller_of(req)->device);
}

static const struct field change_fields[] = {
	{"name", FIELD_TEXT, 0, FIELD(struct device, name)},
	{"group_id", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct device, group_id)},
	{"room", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct device, room)},
	{0},
};

static enum err group_there(struct response *res, struct store *store, const char *id)
{
	struct group group;
	if (id[0] == '\0' || store_group(store, id, &group, NULL) != ERR_NOT_FOUND)
		return OK;
	return body_invalid(res, "group_id", "names a group that is not there");
}

static enum err update(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct device device;
	struct error *why = response_why(res);
	struct change ch;
	json_t *body;
	enum err err = store_device(c->store, request_param(req, "id"), &device, why);
	if (err == OK)
		err = body_read(req, res, change_fields, &device, NULL, &body);
	if (err != OK)
		return err;
	json_decref(body);
	device.version = if_match_version(req);
	err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = group_there(res, c->store, device.group_id);
	if (err == OK && !again)
		err = store_device_update(c->store, &device, why);
	if (err == OK && !again)
		err = response_version(res, device.version);
	return change_finish(&ch, err,
		&(struct changed){.action = "device.change", .subject = device.id}, 200,
		err == OK && !again ? device_json(c, &device, request_now_ms(req)) : NULL);
}

static enum err revoke(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const char *id = request_param(req, "id");
	struct device device;
	struct change ch;
	struct error *why = response_why(res);
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_device(c->store, id, &device, why);
	if (err == OK && !ch.replayed)
		err = store_device_revoke(c->store, id, request_now_ms(req), why);
	return change_finish(
		&ch, err, &(struct changed){.action = "device.revoke", .subject = id}, 204, NULL);
}

/* --- pairing ---------------------------------------------------------------------------- */

static const struct field ask_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct pairing, name)},
	{"kind", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct pairing, kind)},
	{0},
};

static enum err kind_known(struct response *res, const char *kind)
{
	for (const char *const *k = device_kinds; *k != NULL; k++)
		if (strcmp(*k, kind) == 0)
			return OK;
	return body_invalid(res, "kind", "takes one of: kiosk camera agent serial other");
}

/* A device asks to be let in; nobody knows it yet. */
static enum err ask(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct pairing pairing = {0};
	char poll[TOKEN_TEXT];
	json_t *doc;
	enum err err = body_read(req, res, ask_fields, &pairing, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	err = kind_known(res, pairing.kind);
	if (err != OK)
		return err;
	snprintf(pairing.address, sizeof(pairing.address), "%s", request_peer(req));
	err = store_pairing_ask(c->store, &pairing, request_now_ms(req), poll, response_why(res));
	if (err == ERR_LIMIT)
		return response_problem(res, 429, "too_many_devices",
			"wait until those that ask were let in or sent away", "%s",
			response_why(res)->text);
	if (err != OK)
		return err;
	doc = pairing_json(c, &pairing);
	if (doc != NULL && json_object_set_new(doc, "code", json_string(pairing.code)) == 0)
		json_object_set_new(doc, "poll", json_string(poll));
	return response_json(res, 201, doc);
}

struct secret_given {
	char poll[TOKEN_TEXT];
};

static const struct field collect_fields[] = {
	{"poll", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct secret_given, poll)},
	{0},
};

/* Gives the key out, and says so in the audit. */
static enum err fetch_key(struct store *store, const char *poll, int64_t now_ms,
	struct device *device, char key[static KEY_TEXT], struct error *why)
{
	char actor[ACTOR_BYTES];
	enum err err = store_begin(store, why);
	if (err != OK)
		return err;
	err = store_pairing_collect(store, poll, now_ms, device, key, why);
	if (err == OK) {
		snprintf(actor, sizeof(actor), "device:%s", device->id);
		const struct audit_entry entry = {actor, "device.key", device->id, NULL};
		err = store_audit(store, now_ms, &entry, why);
	}
	if (err == OK)
		err = store_commit(store, why);
	if (err != OK)
		store_rollback(store);
	return err;
}

/* The device fetches its key, once somebody has said that the code is the right one. */
static enum err collect(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct secret_given given = {0};
	struct device device;
	char key[KEY_TEXT];
	int64_t now_ms = request_now_ms(req);
	json_t *doc;
	enum err err = body_read(req, res, collect_fields, &given, NULL, &doc);
	if (err != OK)
		return err;
	json_decref(doc);
	err = fetch_key(c->store, given.poll, now_ms, &device, key, response_why(res));
	if (err == ERR_BUSY)
		return response_json(res, 202, json_pack("{s:s}", "state", "waiting"));
	if (err == OK)
		err = context_use(c, NULL, response_why(res));
	if (err != OK)
		return err;
	return response_json(res, 200,
		json_pack("{s:s,s:s,s:o}", "state", "paired", "key", key, "device",
			device_json(c, &device, now_ms)));
}

static enum err pairings(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct page last = {0};
	struct pairing_list waiting = {0};
	enum err err = store_pairings(c->store, request_now_ms(req), &waiting, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < waiting.count; i++)
		json_append(&items, pairing_json(c, &waiting.item[i]));
	pairing_list_finish(&waiting);
	return page_answer(res, err, &last, items);
}

struct confirming {
	char code[4 * PAIRING_CODE_TEXT]; /* with blanks and hyphens */
	struct device device;
};

static const struct field confirm_fields[] = {
	{"code", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct confirming, code)},
	{"name", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct confirming, device.name)},
	{"group_id", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct confirming, device.group_id)},
	{"room", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct confirming, device.room)},
	{0},
};

/* A wrong code is counted: what the store has written stays. */
static enum err keep_count(struct change *ch)
{
	struct error *why = response_why(ch->res);
	struct error wrong = *why;
	enum err err = store_commit(ch->store, why);
	ch->open = false;
	if (err == OK && ch->lease[0] != '\0')
		err = store_idempotency_drop(ch->store, &ch->key, ch->lease, why);
	if (err == OK)
		*why = wrong;
	return err == OK ? ERR_NOT_FOUND : err;
}

static enum err confirm(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct confirming given = {0};
	struct device *device = &given.device;
	struct change ch;
	json_t *body;
	enum err err = body_read(req, res, confirm_fields, &given, NULL, &body);
	if (err == OK)
		json_decref(body);
	if (err == OK)
		err = group_there(res, c->store, device->group_id);
	if (err != OK)
		return err;
	err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = store_pairing_confirm(
			c->store, given.code, device, request_now_ms(req), response_why(res));
	if (err == ERR_NOT_FOUND && ch.open)
		return keep_count(&ch);
	return change_finish(&ch, err,
		&(struct changed){.action = "device.pair", .subject = device->id}, 201,
		err == OK && !again ? device_json(c, device, request_now_ms(req)) : NULL);
}

static enum err refuse(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const char *id = request_param(req, "id");
	struct change ch;
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_pairing_refuse(c->store, id, response_why(res));
	return change_finish(
		&ch, err, &(struct changed){.action = "device.refuse", .subject = id}, 204, NULL);
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/devices", .access = RIGHT_DEVICES, .rate = RATE_API, .handler = list},
	{METHOD_GET, "/api/v1/devices/{id}", .access = RIGHT_DEVICES, .rate = RATE_API,
		.handler = get},
	{METHOD_PATCH, "/api/v1/devices/{id}", .access = RIGHT_DEVICES, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = update},
	{METHOD_DELETE, "/api/v1/devices/{id}", .access = RIGHT_DEVICES, .rate = RATE_API,
		.handler = revoke},
	{METHOD_GET, "/api/v1/device", .access = RIGHT_DEVICE_SELF, .rate = RATE_API,
		.handler = self},
	{METHOD_POST, "/api/v1/pairings", .access = RIGHT_ANYBODY, .rate = RATE_SIGN_IN,
		.body_max = BODY_JSON, .handler = ask},
	{METHOD_POST, "/api/v1/pairings/collect", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = collect},
	{METHOD_GET, "/api/v1/pairings", .access = RIGHT_DEVICES, .rate = RATE_API,
		.handler = pairings},
	{METHOD_POST, "/api/v1/pairings/confirm", .access = RIGHT_DEVICES, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = confirm},
	{METHOD_DELETE, "/api/v1/pairings/{id}", .access = RIGHT_DEVICES, .rate = RATE_API,
		.handler = refuse},
};

const struct resource resource_devices = RESOURCE(routes);
