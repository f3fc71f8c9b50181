/* SPDX-License-Identifier: MIT */
/* /api/v1/settings: what holds for the whole organisation */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "api/body.h"
#include "api/change.h"
#include "api/resources.h"
#include "attend/rules.h"
#include "gallery/decide.h"
#include "report/json.h"
#include "store/settings.h"

enum { KEEP_DAYS_MAX = 3650, TAG_BYTES = 16, TAG_TEXT = 2 * TAG_BYTES + 3, DOMAIN_BYTES = 256 };

/* The words of a text with spaces or commas between. */
static json_t *words_json(const char *text)
{
	json_t *list = json_array();
	while (*(text += strspn(text, " \t,")) != '\0') {
		size_t len = strcspn(text, " \t,");
		json_append(&list, json_stringn(text, len));
		text += len;
	}
	return list;
}

static json_t *settings_json(struct store *store, const struct org *org, struct error *why)
{
	char start[6], domains[SETTING_VALUE_BYTES];
	if (store_setting(store, SETTING_REGISTRATION_DOMAINS, domains, why) != OK)
		return NULL;
	minute_text(org->start_minute, start);
	return json_pack("{s:s,s:s,s:s,s:i,s:i,s:f,s:i,s:b,s:o,s:o,s:o,s:o}", "name", org->name,
		"zone", org->zone, "start", start, "grace_minutes", org->grace_minutes,
		"cooldown_s", org->cooldown_s, "budget", org->budget, "keep_faces_days",
		org->keep_faces_days, "keep_photos", org->keep_photos, "registration_domains",
		words_json(domains), "detector", json_text(org->detector), "embedding",
		json_text(org->embedding), "coming", json_text(org->coming));
}

/* Settings have no version of their own: their entity tag is a hash of what they say. */
static void tag_of(const json_t *doc, char out[static TAG_TEXT])
{
	uint8_t hash[TAG_BYTES];
	char hex[2 * TAG_BYTES + 1];
	char *text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
	const char *say = text != NULL ? text : "";
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)say, strlen(say), NULL, 0);
	free(text);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(out, TAG_TEXT, "\"%s\"", hex);
}

static enum err set_tag(struct response *res, const json_t *doc)
{
	char tag[TAG_TEXT];
	tag_of(doc, tag);
	return response_header(res, "ETag", tag);
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	json_t *doc = settings_json(c->store, &c->org, response_why(res));
	enum err err = doc != NULL ? set_tag(res, doc) : OK;
	if (err == OK)
		return response_json(res, 200, doc);
	json_decref(doc);
	return err;
}

/* --- changing --------------------------------------------------------------------------- */

struct given {
	struct org org;
	json_t *domains; /* borrowed from the body; NULL = not given */
};

static const struct field fields[] = {
	{"name", FIELD_TEXT, 0, FIELD(struct given, org.name)},
	{"zone", FIELD_TEXT, 0, FIELD(struct given, org.zone)},
	{"start", FIELD_MINUTE, 0, FIELD(struct given, org.start_minute)},
	{"grace_minutes", FIELD_INT, 0, FIELD(struct given, org.grace_minutes),
		.max = GRACE_MINUTES_MAX},
	{"cooldown_s", FIELD_INT, 0, FIELD(struct given, org.cooldown_s), .max = COOLDOWN_S_MAX},
	{"budget", FIELD_NUMBER, 0, FIELD(struct given, org.budget), .min = BUDGET_MIN,
		.max = BUDGET_MAX},
	{"keep_faces_days", FIELD_INT, 0, FIELD(struct given, org.keep_faces_days),
		.max = KEEP_DAYS_MAX},
	{"keep_photos", FIELD_BOOL, 0, FIELD(struct given, org.keep_photos)},
	{"registration_domains", FIELD_JSON, 0, FIELD(struct given, domains)},
	{0},
};

static enum err check_zone(struct response *res, struct org *org)
{
	struct zone *zone;
	if (zone_open(&zone, org->zone, NULL) != OK)
		return body_invalid(res, "zone", "takes a time zone such as Europe/Berlin");
	snprintf(org->zone, sizeof(org->zone), "%s", zone_name(zone));
	zone_close(zone);
	return OK;
}

static enum err clean_name(struct org *org, struct error *why)
{
	char clean[NAME_BYTES];
	enum err err = name_clean(org->name, "name", clean, why);
	if (err == OK)
		memcpy(org->name, clean, sizeof(clean));
	return err;
}

/* A domain as it stands after the @ of an address. */
static bool is_domain(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	if (len == 0 || len >= DOMAIN_BYTES || strchr(text, '.') == NULL)
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		len;
}

static enum err set_domains(struct response *res, struct store *store, const json_t *list)
{
	char text[SETTING_VALUE_BYTES] = "";
	size_t len = 0;
	if (list == NULL)
		return OK;
	if (!json_is_array(list))
		return body_invalid(res, "registration_domains", "takes a list of domains");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *domain = json_string_value(json_array_get(list, i));
		if (!is_domain(domain))
			return body_invalid(res, "registration_domains",
				"takes domains such as students.example.org");
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "", domain);
		if (len >= sizeof(text))
			return body_invalid(res, "registration_domains", "are too many");
	}
	return store_setting_set(store, SETTING_REGISTRATION_DOMAINS, text, response_why(res));
}

/* Whether what If-Match names is what holds. */
static enum err same_tag(const struct request *req, struct response *res, struct context *c)
{
	char tag[TAG_TEXT];
	bool given;
	struct error *why = response_why(res);
	json_t *doc = settings_json(c->store, &c->org, why);
	if (doc == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the settings");
	tag_of(doc, tag);
	json_decref(doc);
	bool same = request_if_match(req, tag, &given);
	if (same || !given)
		return OK;
	return err_set(why, ERR_CONFLICT, "the settings were changed meanwhile: read them again");
}

static enum err apply(
	const struct request *req, struct response *res, struct context *c, struct given *given)
{
	struct error *why = response_why(res);
	const struct registrar registrar = context_registrar(c, req);
	enum err err = same_tag(req, res, c);
	if (err == OK)
		err = check_zone(res, &given->org);
	if (err == OK)
		err = clean_name(&given->org, why);
	if (err == OK)
		err = set_domains(res, c->store, given->domains);
	if (err == OK && !given->org.keep_photos)
		err = store_photos_remove(c->store, NULL, why);
	if (err == OK)
		err = store_org_update(c->store, &given->org, why);
	/* Faces are kept no longer than is said from now on. */
	return err == OK ? register_forget(&registrar, why) : err;
}

static enum err update(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct given given = {.org = c->org};
	struct change ch;
	json_t *body, *doc = NULL;
	enum err err = body_read(req, res, fields, &given, NULL, &body);
	if (err != OK)
		return err;
	err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = apply(req, res, c, &given);
	json_decref(body);
	if (err == OK && !again)
		doc = settings_json(c->store, &given.org, response_why(res));
	if (err == OK && doc != NULL)
		err = set_tag(res, doc);
	err = change_finish(&ch, err,
		&(struct changed){.action = "settings.set", .subject = c->org.id}, 200, doc);
	if (err == OK && !again)
		recognisers_stale(api_recognisers(c->api));
	return err;
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/settings", .access = RIGHT_SETTINGS_READ, .rate = RATE_API,
		.handler = get},
	{METHOD_PATCH, "/api/v1/settings", .access = RIGHT_SETTINGS, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = update},
};

const struct resource resource_settings = RESOURCE(routes);
