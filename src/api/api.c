/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/legacy/streak.h"
#include "api/live.h"
#include "api/openapi.h"
#include "api/pages.h"
#include "api/resources.h"
#include "base/log.h"
#include "base/mem.h"

enum { RECOGNISERS_DEFAULT = 2, RECOGNISE_WAIT_MS = 10000 };

struct api {
	struct api_options options;
	char *home;
	struct recognisers *recognisers;
	struct streak_hub *streak;
	struct openapi openapi;
	struct pages *pages;
	struct live *live;
	_Atomic(const struct server_config *) config;
	struct rate_class rate[RATE_COUNT];
	struct route *route; /* all tables in one */
	size_t routes;
};

static const struct resource *const resources[] = {
	&resource_health,
	&resource_metrics,
	&resource_openapi,
	&resource_pages,
	&resource_sign_in,
	&resource_groups,
	&resource_recognise,
	&resource_sessions,
	&resource_marks,
	&resource_sightings,
	&resource_reviews,
	&resource_live,
	&resource_kiosk,
	&resource_people,
	&resource_venue,
	&resource_photos,
	&resource_blink,
	&resource_users,
	&resource_keys,
	&resource_registrations,
	&resource_devices,
	&resource_settings,
	&resource_models,
	&resource_audit,
	&resource_husky,
	&resource_streak,
	NULL,
};

void api_options_default(struct api_options *o)
{
	*o = (struct api_options){
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

/* The same for addresses and accounts; a failed sign-in is counted by its account elsewhere. */
static void set_rates(struct api *api, const struct server_config *config)
{
	const struct {
		const char *name;
		struct config_rate rate;
		bool account;
	} classes[RATE_COUNT] = {
		[RATE_API] = {"api", config->rate_api, true},
		[RATE_SIGN_IN] = {"sign_in", config->rate_sign_in, false},
		[RATE_RECOGNISE] = {"recognise", config->rate_recognise, true},
		[RATE_UPLOAD] = {"upload", config->rate_upload, true},
	};
	for (size_t i = RATE_NONE + 1; i < RATE_COUNT; i++) {
		const struct config_rate *r = &classes[i].rate;
		struct rate_class *class = &api->rate[i];
		*class = (struct rate_class){.name = classes[i].name,
			.address_per_minute = r->per_minute,
			.address_burst = r->burst};
		if (classes[i].account) {
			class->account_per_minute = r->per_minute;
			class->account_burst = r->burst;
		}
	}
}

/* Bodies as large as the settings let them be; photos may come as base64. */
static void set_bodies(struct api *api, const struct server_config *config)
{
	size_t json = (size_t)config->json_max, photo = (size_t)config->upload_max;
	for (size_t i = 0; i < api->routes; i++) {
		struct route *route = &api->route[i];
		if (route->body_max == BODY_JSON)
			route->body_max = json;
		else if (route->body_max == BODY_PHOTO)
			route->body_max = photo + photo / 3 + json;
	}
}

static struct sandbox_options sandbox_of(const struct server_config *config)
{
	struct sandbox_options o = sandbox_options_default();
	o.memory_max = (size_t)config->decode_memory;
	o.time_max_ms = (int)config->decode_time_ms;
	o.allow_unprotected = config->decode_unprotected;
	return o;
}

enum err api_open(struct api **out, const struct api_options *o, struct error *why)
{
	*out = NULL;
	struct api *api = calloc(1, sizeof(*api));
	struct store *store = NULL;
	if (api == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the server");
	api->options = *o;
	atomic_init(&api->config, o->config);
	set_rates(api, o->config);
	api->home = strdup(o->home);
	enum err err = api->home != NULL ? OK : err_set(why, ERR_NOMEM, "no memory for the server");
	api->options.home = api->home;
	const struct recognisers_options recognise = {
		.home = api->home,
		.pipeline = &api->options.pipeline,
		.count = o->recognisers > 0 ? o->recognisers : RECOGNISERS_DEFAULT,
		.wait_ms = RECOGNISE_WAIT_MS,
		.upload_max = (size_t)o->config->upload_max,
		.sandbox = sandbox_of(o->config),
	};
	if (err == OK)
		err = store_open(&store, api->home, STORE_CREATE, why);
	store_close(store);
	if (err == OK)
		err = recognisers_open(&api->recognisers, &recognise, why);
	if (err == OK)
		err = streak_hub_open(&api->streak, why);
	if (err == OK)
		err = api_table(o->legacy, &api->route, &api->routes, why);
	if (err == OK)
		err = openapi_open(&api->openapi, why);
	if (err == OK)
		err = pages_open(&api->pages, why);
	if (err == OK)
		err = live_open(&api->live, api->home, o->now_ms, why);
	if (err == OK)
		set_bodies(api, o->config);
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
	live_close(api->live);
	recognisers_close(api->recognisers);
	streak_hub_close(api->streak);
	openapi_close(&api->openapi);
	pages_close(api->pages);
	free(api->route);
	free(api->home);
	free(api);
}

const struct pages *api_pages(const struct api *api)
{
	return api->pages;
}

const struct openapi *api_openapi(const struct api *api)
{
	return &api->openapi;
}

const struct api_options *api_options(const struct api *api)
{
	return &api->options;
}

const struct route *api_routes(const struct api *api, size_t *count)
{
	*count = api->routes;
	return api->route;
}

const struct server_config *api_config(const struct api *api)
{
	return atomic_load(&api->config);
}

void api_reconfigure(struct api *api, const struct server_config *config)
{
	atomic_store(&api->config, config);
}

struct recognisers *api_recognisers(struct api *api)
{
	return api->recognisers;
}

struct streak_hub *api_streak(const struct api *api)
{
	return api->streak;
}

void api_changed(struct api *api)
{
	live_wake(api->live);
}

struct live *api_live(const struct api *api)
{
	return api->live;
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

/* One line a request: what was asked of which route, by whom (ids), and how it went. */
static void access_log(void *user, const struct access_entry *e)
{
	const struct request *req = e->request;
	const struct caller *caller = caller_of(req);
	const struct route *route = request_route(req);
	log_event(LOG_INFO, "request", log_text("id", request_id(req)),
		log_text("method", method_name(request_method(req))),
		log_text("route", route != NULL ? route->path : NULL), log_int("status", e->status),
		log_text("peer", request_peer(req)),
		log_text("caller", caller != NULL ? caller->actor : NULL),
		log_text("protocol", e->protocol), log_real("ms", e->total_ms),
		log_real("wait_ms", e->wait_ms), log_real("work_ms", e->work_ms),
		log_int("bytes_in", (int64_t)e->bytes_in),
		log_int("bytes_out", (int64_t)e->bytes_out));
}

static void reloaded(void *user)
{
	const struct api *api = user;
	if (api->options.reloaded != NULL)
		api->options.reloaded(api->options.user);
}

void api_serve(struct api *api, struct server_options *o)
{
	o->route = api->route;
	o->routes = api->routes;
	o->rate = api->rate;
	o->rates = RATE_COUNT;
	o->authorise = api_authorise;
	o->worker_start = worker_start;
	o->worker_stop = worker_stop;
	o->access_log = access_log;
	o->reloaded = reloaded;
	o->user = api;
}
