/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/openapi.h"
#include "api/resources.h"
#include "base/mem.h"

enum { RECOGNISERS_DEFAULT = 2, RECOGNISE_WAIT_MS = 10000 };

struct api {
	struct api_options options;
	char *home;
	struct recognisers *recognisers;
	struct openapi openapi;
	struct route *route; /* all tables in one */
	size_t routes;
};

/* Tokens a minute and at once; by address and by account. */
static const struct rate_class rates[RATE_COUNT] = {
	[RATE_API] = {"api", 1200, 300, 1200, 300},
	[RATE_SIGN_IN] = {"sign_in", 30, 20, 0, 0},
	[RATE_RECOGNISE] = {"recognise", 600, 120, 600, 120},
	[RATE_UPLOAD] = {"upload", 120, 60, 120, 60},
};

static const struct resource *const resources[] = {
	&resource_health,
	&resource_openapi,
	&resource_sign_in,
	&resource_groups,
	&resource_recognise,
	&resource_people,
	NULL,
};

void api_options_default(struct api_options *o)
{
	*o = (struct api_options){
		.web = web_limits_default(),
		.password = password_cost_default(),
	};
}

enum err api_table(unsigned legacy, struct route **route, size_t *routes, struct error *why)
{
	size_t count = 0;
	*routes = 0;
	for (size_t i = 0; resources[i] != NULL; i++)
		count += resources[i]->count;
	*route = mem_array(count, sizeof(**route));
	if (*route == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the routes");
	for (size_t i = 0; resources[i] != NULL; i++) {
		const struct resource *r = resources[i];
		if (r->legacy != 0 && (legacy & r->legacy) == 0)
			continue;
		memcpy(*route + *routes, r->route, r->count * sizeof(*r->route));
		*routes += r->count;
	}
	return OK;
}

enum err api_open(struct api **out, const struct api_options *o, struct error *why)
{
	*out = NULL;
	struct api *api = calloc(1, sizeof(*api));
	struct store *store = NULL;
	if (api == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the server");
	api->options = *o;
	api->home = strdup(o->home);
	enum err err = api->home != NULL ? OK : err_set(why, ERR_NOMEM, "no memory for the server");
	api->options.home = api->home;
	const struct recognisers_options recognise = {
		.home = api->home,
		.pipeline = &api->options.pipeline,
		.count = o->recognisers > 0 ? o->recognisers : RECOGNISERS_DEFAULT,
		.wait_ms = RECOGNISE_WAIT_MS,
	};
	if (err == OK)
		err = store_open(&store, api->home, STORE_CREATE, why);
	store_close(store);
	if (err == OK)
		err = recognisers_open(&api->recognisers, &recognise, why);
	if (err == OK)
		err = api_table(o->legacy, &api->route, &api->routes, why);
	if (err == OK)
		err = openapi_open(&api->openapi, why);
	if (err != OK) {
		api_close(api);
		return err;
	}
	*out = api;
	return OK;
}

void api_close(struct api *api)
{
	if (api == NULL)
		return;
	recognisers_close(api->recognisers);
	openapi_close(&api->openapi);
	free(api->route);
	free(api->home);
	free(api);
}

const struct openapi *api_openapi(const struct api *api)
{
	return &api->openapi;
}

const struct api_options *api_options(const struct api *api)
{
	return &api->options;
}

struct recognisers *api_recognisers(struct api *api)
{
	return api->recognisers;
}

void api_changed(struct api *api)
{
	(void)api;
}

/* --- workers ---------------------------------------------------------------------------- */

static void worker_stop(void *user, void *state)
{
	struct context *c = state;
	if (c == NULL)
		return;
	zone_close(c->zone);
	store_close(c->store);
	free(c);
}

static enum err worker_start(void *user, int index, void **state, struct error *why)
{
	struct api *api = user;
	struct context *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a worker");
	c->api = api;
	enum err err = store_open(&c->store, api->home, 0, why);
	if (err == OK)
		err = context_use(c, NULL, why);
	snprintf(c->first_org, sizeof(c->first_org), "%s", c->org.id);
	if (err != OK) {
		worker_stop(user, c);
		return err;
	}
	*state = c;
	return OK;
}

struct context *context_of(struct worker *w)
{
	return worker_state(w);
}

enum err context_use(struct context *c, const char *org_id, struct error *why)
{
	enum err err = OK;
	if (org_id != NULL)
		err = store_use_org(c->store, org_id[0] != '\0' ? org_id : c->first_org, why);
	if (err == OK)
		err = store_org(c->store, &c->org, why);
	if (err != OK || (c->zone != NULL && strcmp(zone_name(c->zone), c->org.zone) == 0))
		return err;
	zone_close(c->zone);
	c->zone = NULL;
	return zone_open(&c->zone, c->org.zone, why);
}

struct registrar context_registrar(const struct context *c, const struct request *req)
{
	return (struct registrar){
		.store = c->store, .zone = c->zone, .now_ms = request_now_ms(req)};
}

void api_serve(struct api *api, struct server_options *o)
{
	o->route = api->route;
	o->routes = api->routes;
	o->rate = rates;
	o->rates = RATE_COUNT;
	o->authorise = api_authorise;
	o->worker_start = worker_start;
	o->worker_stop = worker_stop;
	o->user = api;
}
