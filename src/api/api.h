/* SPDX-License-Identifier: MIT */
/*
 * Everything that the server answers: what `rollcall serve` opens beside the sockets. Handlers
 * run on workers; see api/context.h for what they have at hand.
 *
 * To add a resource: write src/api/<resource>.c with `const struct route NAME_routes[]` and
 * its count, list it in src/api/meson.build and in api.c's table, and describe it in
 * src/api/openapi/<resource>.json; a test holds the two together.
 */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/server_config.h"
#include "base/err.h"
#include "net/server.h"
#include "store/password.h"
#include "store/web.h"
#include "vision/pipeline.h"

struct api;

/* The five older systems; docs/legacy.md. */
enum legacy {
	LEGACY_VENUE = 1 << 0,
	LEGACY_BLINK = 1 << 1,
	LEGACY_HUSKY = 1 << 2,
	LEGACY_STREAK = 1 << 3,
};

struct api_options {
	const char *home;                 /* folder with the database */
	struct pipeline_options pipeline; /* models and detector; borrowed */
	int recognisers; /* photos that are looked at side by side; 0: as many as fit, at most 2 */
	/*
	 * The settings, borrowed until api_reconfigure and for as long as the server runs after it;
	 * needed.
	 */
	const struct server_config *config;
	struct password_cost password;
	unsigned legacy;      /* of enum legacy: who answers */
	bool legacy_open_lan; /* to clients without a key, from private addresses only */
	int64_t (*now_ms)(void);
	/* On the loop's thread after SIGHUP; calls api_reconfigure when all is well. */
	void (*reloaded)(void *user);
	void *user;
};

/* Sensible values; home and now_ms are the caller's. */
void api_options_default(struct api_options *o);

/*
 * Checks that the database and the models are there. The options are copied; what they point to
 * stays borrowed. ERR_NOT_FOUND and others of store_open.
 */
enum err api_open(struct api **out, const struct api_options *o, struct error *why) MUST_USE;
void api_close(struct api *api);

/*
 * Takes other settings from now on, of which those with CONFIG_RELOAD take effect. Requests in
 * hand may still read the ones before: they stay until api_close. Any thread.
 */
void api_reconfigure(struct api *api, const struct server_config *config);

/* Fills routes, rates, authorise, and the workers' states in. `api` must outlive the server. */
void api_serve(struct api *api, struct server_options *o);

/*
 * All routes, those of the older systems in `legacy` among them, for free(3). What they point to
 * is static.
 */
enum err api_table(
	unsigned legacy, struct route **route, size_t *routes, struct error *why) MUST_USE;

#endif
