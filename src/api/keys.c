/* SPDX-License-Identifier: MIT */
/* /api/v1/keys: keys for scripts, shown once */
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"

static json_t *scopes_json(unsigned scopes)
{
	json_t *list = json_array();
	for (const struct scope_name *n = scope_names; n->word != NULL; n++)
		if ((scopes & (unsigned)n->scope) != 0)
			json_append(&list, json_string(n->word));
	return list;
}

static json_t *key_json(const struct context *c, const struct api_key *k)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:o,s:o}", "id", k->id, "name", k->name,
		"prefix", k->prefix, "scopes", scopes_json(k->scopes), "made_by", k->made_by,
		"created", json_time(c->zone, k->created_ms), "expires",
		json_time(c->zone, k->expires_ms), "used", json_time(c->zone, k->used_ms),
		"revoked", json_time(c->zone, k->revoked_ms));
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct page_filter filter = {0};
	struct api_key_list keys = {0};
	struct page page;
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = store_keys_page(c->store, &filter, &page, &keys, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < keys.count; i++)
		json_append(&items, key_json(c, &keys.item[i]));
	api_key_list_finish(&keys);
	return page_answer(res, err, &page, items);
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct api_key key;
	enum err err = store_key(c->store, request_param(req, "id"), &key, response_why(res));
	return err == OK ? response_json(res, 200, key_json(c, &key)) : err;
}

struct given {
	struct api_key key;
	json_t *scopes; /* borrowed from the body */
};

static const struct field fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED, FIELD(struct given, key.name)},
	{"scopes", FIELD_JSON, FIELD_REQUIRED, FIELD(struct given, scopes)},
	{"expires", FIELD_TIME, FIELD_NULLABLE, FIELD(struct given, key.expires_ms)},
	{0},
};

static enum err read_scopes(struct response *res, struct given *given)
{
	struct error why = {0};
	if (!json_is_array(given->scopes) || json_array_size(given->scopes) == 0)
		return body_invalid(res, "scopes", "takes a list of scopes");
	for (size_t i = 0; i < json_array_size(given->scopes); i++) {
		const char *word = json_string_value(json_array_get(given->scopes, i));
		unsigned one = 0;
		if (word == NULL)
			return body_invalid(res, "scopes", "takes words");
		if (scopes_parse(word, &one, &why) != OK)
			return body_invalid(res, "scopes", "%s", why.text);
		given->key.scopes |= one;
	}
	return OK;
}

/* A key makes none that may do more than itself. */
static enum err no_more_than(
	const struct caller *caller, const struct given *given, struct response *res)
{
	if (caller->kind != CALLER_KEY || (given->key.scopes & ~caller->key.scopes) == 0)
		return OK;
	enum err err = response_problem(res, 403, "forbidden", "ask an administrator",
		"a key makes no key that may do more than itself");
	return err != OK ? err : err_set(response_why(res), ERR_DENIED, "more scopes");
}

static enum err read_given(const struct request *req, struct response *res, struct given *given)
{
	const struct caller *caller = caller_of(req);
	json_t *doc;
	enum err err = body_read(req, res, fields, given, NULL, &doc);
	if (err != OK)
		return err;
	err = read_scopes(res, given);
	json_decref(doc);
	given->scopes = NULL;
	if (err == OK && given->key.expires_ms != 0 && given->key.expires_ms <= request_now_ms(req))
		err = body_invalid(res, "expires", "is not in the future");
	if (err == OK)
		err = no_more_than(caller, given, res);
	snprintf(given->key.made_by, sizeof(given->key.made_by), "%s", caller->actor);
	return err;
}

static enum err add(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct given given = {0};
	struct api_key *key = &given.key;
	char text[KEY_TEXT] = "";
	struct change ch;
	json_t *doc = NULL;
	enum err err = read_given(req, res, &given);
	if (err != OK)
		return err;
	err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_key_add(c->store, key, request_now_ms(req), text, response_why(res));
	if (err == OK && !ch.replayed && (doc = key_json(c, key)) != NULL)
		json_object_set_new(doc, "key", json_string(text));
	return change_finish(&ch, err,
		&(struct changed){.action = "key.add", .subject = key->id, .once = "key"}, 201,
		doc);
}

static enum err revoke(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct api_key key = {0};
	struct change ch;
	struct error *why = response_why(res);
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = store_key(c->store, request_param(req, "id"), &key, why);
	if (err == OK && !ch.replayed)
		err = store_key_revoke(c->store, key.id, request_now_ms(req), why);
	return change_finish(
		&ch, err, &(struct changed){.action = "key.revoke", .subject = key.id}, 204, NULL);
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/keys", .access = RIGHT_USERS, .rate = RATE_API, .handler = list},
	{METHOD_POST, "/api/v1/keys", .access = RIGHT_USERS, .rate = RATE_API,
		.body_max = BODY_JSON, .handler = add},
	{METHOD_GET, "/api/v1/keys/{id}", .access = RIGHT_USERS, .rate = RATE_API, .handler = get},
	{METHOD_DELETE, "/api/v1/keys/{id}", .access = RIGHT_USERS, .rate = RATE_API,
		.handler = revoke},
};

const struct resource resource_keys = RESOURCE(routes);
