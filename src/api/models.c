/* SPDX-License-Identifier: MIT */
/* /api/v1/models: what finds faces and tells them apart */
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/resources.h"
#include "report/json.h"
#include "vision/model.h"

/* "in use", "coming" or NULL, as `rollcall models` says it. */
static const char *use_of(const struct org *org, const struct manifest *m)
{
	const char *detector = org->detector[0] != '\0' ? org->detector : MODEL_DEFAULT_DETECTOR;
	const char *embedding =
		org->embedding[0] != '\0' ? org->embedding : MODEL_DEFAULT_EMBEDDING;
	const char *used[] = {
		[MODEL_DETECTOR] = detector,
		[MODEL_LANDMARKS] = MODEL_DEFAULT_LANDMARKS,
		[MODEL_EMBEDDING] = embedding,
	};
	if ((size_t)m->kind < sizeof(used) / sizeof(used[0]) && used[m->kind] != NULL &&
		strcmp(used[m->kind], m->name) == 0)
		return "in use";
	return strcmp(org->coming, m->name) == 0 ? "coming" : NULL;
}

static json_t *model_json(const struct org *org, const struct model *m)
{
	const struct manifest *manifest = m->manifest;
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:o,s:s}", "name", manifest->name, "kind",
		model_kind_word(manifest->kind), "about", manifest->about, "installed",
		m->folder != NULL, "shipped", m->shipped, "use", json_text(use_of(org, manifest)),
		"licence", manifest->licence);
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct pipeline_options *pipeline = &api_options(c->api)->pipeline;
	struct model_list models = {0};
	char *shipped = NULL;
	struct error *why = response_why(res);
	enum err err = models_folder(pipeline->models, &shipped, why);
	const struct model_places places = {pipeline->home_models, shipped};
	/* That no model came with the program is no error: what is known is told. */
	if (err == OK || err == ERR_NOT_FOUND)
		err = models_known(&models, &places, NULL, NULL, why);
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < models.count; i++)
		json_append(&items, model_json(&c->org, &models.item[i]));
	model_list_finish(&models);
	free(shipped);
	if (err == OK)
		return response_json(res, 200, json_pack("{s:o,s:n}", "items", items, "next"));
	json_decref(items);
	return err;
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/models", .access = RIGHT_SETTINGS_READ, .rate = RATE_API,
		.handler = list},
};

const struct resource resource_models = RESOURCE(routes);
