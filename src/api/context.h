/* SPDX-License-Identifier: MIT */
/*
 * What a handler has at hand: its worker's database connection, who calls, and the shared parts
 * of the server. A handler looks like this:
 *
 *	static enum err group_get(const struct request *req, struct response *res, struct worker *w)
 *	{
 *		struct context *c = context_of(w);
 *		struct group group;
 *		enum err err = store_group(c->store, request_param(req, "id"), &group,
 *			response_why(res));
 *		return err == OK ? response_json(res, 200, group_json(&group)) : err;
 *	}
 */
#ifndef API_CONTEXT_H
#define API_CONTEXT_H

#include "api/access.h"
#include "api/api.h"
#include "api/recogniser.h"
#include "attend/register.h"
#include "base/clock.h"
#include "store/store.h"

/* The state of one worker. Only its thread touches it. */
struct context {
	struct api *api;
	struct store *store;       /* in the caller's organisation while a handler runs */
	struct org org;            /* that one, as of the request's begin */
	struct zone *zone;         /* the organisation's */
	char first_org[UUID_TEXT]; /* of the database: whose the callers are that nobody knows */
};

/* The calling worker's; never NULL in a handler with a worker. */
struct context *context_of(struct worker *w);

/* The recognisers that all workers share. */
struct recognisers *api_recognisers(struct api *api);
const struct api_options *api_options(const struct api *api);
const struct openapi *api_openapi(const struct api *api);
const struct pages *api_pages(const struct api *api);
struct live *api_live(const struct api *api);
/* The server's table, in its order. */
const struct route *api_routes(const struct api *api, size_t *count);
/* The settings of this moment: ask once a request. */
const struct server_config *api_config(const struct api *api);

/* Store, zone and time as the registers want them. */
struct registrar context_registrar(const struct context *c, const struct request *req);

/* Puts the context into an organisation: "" = the database's first. */
enum err context_use(struct context *c, const char *org_id, struct error *why) MUST_USE;

/* Tells whoever watches live that something was committed. Any thread. */
void api_changed(struct api *api);

#endif
