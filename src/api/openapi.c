/* SPDX-License-Identifier: MIT */
#include "api/openapi.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "api/context.h"
#include "api/resources.h"

enum { HASH_BYTES = 16, NAME_SHOWN = 200 };

/* --- joining ---------------------------------------------------------------------------- */

enum { NAMED_AT = 2 }; /* paths/PATH/method, components/kind/name */

/*
 * Puts the members of `value` into `into`. Down to `depth` objects are gathered, and lists; what is
 * there twice below that must be the same: else *wrong is its name.
 */
static enum err join(json_t *into, json_t *value, int depth, const char **wrong)
{
	const char *name;
	json_t *member;
	json_object_foreach(value, name, member)
	{
		json_t *there = json_object_get(into, name);
		enum err err = OK;
		if (there == NULL)
			err = json_object_set(into, name, member) == 0 ? OK : ERR_NOMEM;
		else if (depth > 0 && json_is_object(there) && json_is_object(member))
			err = join(there, member, depth - 1, wrong);
		else if (depth > 0 && json_is_array(there) && json_is_array(member))
			err = json_array_extend(there, member) == 0 ? OK : ERR_NOMEM;
		else if (!json_equal(there, member))
			err = ERR_FORMAT;
		if (err == ERR_FORMAT && (*wrong)[0] == '\0')
			*wrong = name;
		if (err != OK)
			return err;
	}
	return OK;
}

enum err openapi_merge(const struct embedded *part, json_t **out, struct error *why)
{
	json_error_t bad;
	enum err err = OK;
	*out = json_object();
	if (*out == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the API's description");
	for (; err == OK && part->name != NULL; part++) {
		const char *wrong = "";
		json_t *doc = json_loadb(
			(const char *)part->bytes, part->len, JSON_REJECT_DUPLICATES, &bad);
		if (!json_is_object(doc))
			err = err_set(why, ERR_FORMAT, "openapi/%s:%d: %s", part->name, bad.line,
				doc == NULL ? bad.text : "no object");
		else
			err = join(*out, doc, NAMED_AT, &wrong);
		if (json_is_object(doc) && err != OK)
			err_set(why, err, "openapi/%s: '%.*s' is described otherwise elsewhere",
				part->name, NAME_SHOWN, wrong);
		json_decref(doc);
	}
	if (err != OK) {
		json_decref(*out);
		*out = NULL;
	}
	return err;
}

/* --- the program's own ------------------------------------------------------------------ */

/* Every call may also be refused as any other: too many, too large, out of order. */
static enum err add_defaults(json_t *doc)
{
	const char *path, *method;
	json_t *item, *operation;
	json_object_foreach(json_object_get(doc, "paths"), path, item)
		json_object_foreach(item, method, operation)
	{
		json_t *responses = json_object_get(operation, "responses");
		if (responses == NULL || json_object_get(responses, "default") != NULL)
			continue;
		if (json_object_set_new(responses, "default",
			    json_pack("{s:s}", "$ref", "#/components/responses/Problem")) != 0)
			return ERR_NOMEM;
	}
	json_t *info = json_object_get(doc, "info");
	return json_object_set_new(info, "version", json_string(ROLLCALL_VERSION)) == 0 ? OK
											: ERR_NOMEM;
}

enum err openapi_open(struct openapi *out, struct error *why)
{
	unsigned char hash[HASH_BYTES];
	json_t *doc;
	*out = (struct openapi){0};
	enum err err = openapi_merge(openapi_parts, &doc, why);
	if (err == OK) {
		err = add_defaults(doc);
		out->text = err == OK ? json_dumps(doc, JSON_COMPACT) : NULL;
		json_decref(doc);
		if (out->text == NULL)
			err = err_set(why, ERR_NOMEM, "no memory for the API's description");
	}
	if (err != OK)
		return err;
	out->len = strlen(out->text);
	crypto_generichash(hash, sizeof(hash), (const unsigned char *)out->text, out->len, NULL, 0);
	out->etag[0] = '"';
	sodium_bin2hex(out->etag + 1, sizeof(out->etag) - 1, hash, sizeof(hash));
	out->etag[OPENAPI_ETAG_TEXT - 2] = '"';
	return OK;
}

void openapi_close(struct openapi *o)
{
	free(o->text);
	*o = (struct openapi){0};
}

/* --- serving ---------------------------------------------------------------------------- */

static enum err describe(const struct request *req, struct response *res, struct worker *w)
{
	const struct openapi *o = api_openapi(context_of(w)->api);
	enum err err = response_header(res, "ETag", o->etag);
	if (err == OK)
		err = response_header(res, "Cache-Control", "public, max-age=300");
	if (err == OK)
		response_static(res, "application/json", o->text, o->len);
	return err;
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/openapi.json", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.flags = ROUTE_ANY_ORIGIN, .handler = describe},
};

const struct resource resource_openapi = RESOURCE(routes);
