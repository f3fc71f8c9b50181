/* SPDX-License-Identifier: MIT */
/*
 * Engines (networks and gallery) that the workers share, as each takes some hundred megabytes.
 * A handler takes one, recognises, and gives it back. Any thread.
 */
#ifndef API_RECOGNISER_H
#define API_RECOGNISER_H

#include "api/meters.h"
#include "attend/engine.h"
#include "base/err.h"
#include "media/sandbox.h"
#include "store/store.h"
#include "vision/pipeline.h"

struct recognisers;

/* One engine with a database connection of its own; what is enrolled goes through that one. */
struct recogniser {
	struct engine *engine;
	struct store *store;
	struct image photo; /* of recogniser_decode, until the next */
	uint8_t photo_hash[PHOTO_HASH_BYTES];
};

struct recognisers_options {
	const char *home;
	const struct pipeline_options *pipeline;
	int count;                      /* at least 1 */
	int wait_ms;                    /* that a handler waits for one */
	size_t upload_max;              /* bytes of a photo */
	struct sandbox_options sandbox; /* in which photos are decoded */
};

/* Opens none yet: the first photo does. */
enum err recognisers_open(
	struct recognisers **out, const struct recognisers_options *o, struct error *why) MUST_USE;
void recognisers_close(struct recognisers *r);

/*
 * Takes one, in that organisation, with all that is enrolled by now. ERR_BUSY: all are busy for
 * wait_ms. Everybody may be named; see engine_search_group.
 */
enum err recogniser_take(struct recognisers *r, const char *org_id, struct recogniser **out,
	struct error *why) MUST_USE;
void recogniser_give(struct recognisers *r, struct recogniser *one);

/* Something was enrolled, erased or moved by this process: galleries are read again. */
void recognisers_stale(struct recognisers *r);

/* What they have done; counted by take and decode, and by whoever identifies. */
struct meters *recognisers_meters(struct recognisers *r);
struct meters *recogniser_meters(struct recogniser *one);

/*
 * Decodes an uploaded image, in a process of its own, into one->photo, and hashes its bytes.
 * Errors as sandbox_open's and sandbox_decode's; ERR_LIMIT: more than upload_max bytes.
 */
enum err recogniser_decode(
	struct recogniser *one, const uint8_t *bytes, size_t len, struct error *why) MUST_USE;

#endif
