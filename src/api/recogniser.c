/* SPDX-License-Identifier: MIT */
#include "api/recogniser.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "store/stamp.h"

struct slot {
	struct recogniser one; /* first: a recogniser is its slot */
	bool taken, stale;
	char org_id[UUID_TEXT];
	struct gallery_stamp stamp; /* of what the engine has read */
	struct sandbox *sandbox;    /* made by the first photo */
	struct recognisers *of;
};

struct recognisers {
	char *home;
	struct pipeline_options pipeline;
	int wait_ms;
	size_t upload_max;
	struct sandbox_options sandbox;
	size_t count;
	struct meters meters;
	struct slot *slot;
	pthread_mutex_t lock;
	pthread_cond_t given;
};

enum err recognisers_open(
	struct recognisers **out, const struct recognisers_options *o, struct error *why)
{
	*out = NULL;
	struct recognisers *r = calloc(1, sizeof(*r));
	if (r != NULL) {
		r->count = (size_t)(o->count > 0 ? o->count : 1);
		r->slot = mem_array(r->count, sizeof(*r->slot));
		r->home = strdup(o->home);
	}
	if (r == NULL || r->slot == NULL || r->home == NULL) {
		if (r != NULL) {
			free(r->slot);
			free(r->home);
		}
		free(r);
		return err_set(why, ERR_NOMEM, "no memory for recognition");
	}
	memset(r->slot, 0, r->count * sizeof(*r->slot));
	r->pipeline = *o->pipeline;
	r->wait_ms = o->wait_ms;
	r->upload_max = o->upload_max;
	r->sandbox = o->sandbox;
	for (size_t i = 0; i < r->count; i++)
		r->slot[i].of = r;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->given, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*out = r;
	return OK;
}

void recognisers_close(struct recognisers *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++) {
		image_finish(&r->slot[i].one.photo);
		engine_close(r->slot[i].one.engine);
		sandbox_close(r->slot[i].sandbox);
		store_close(r->slot[i].one.store);
	}
	pthread_cond_destroy(&r->given);
	pthread_mutex_destroy(&r->lock);
	free(r->slot);
	free(r->home);
	free(r);
}

/* One that nobody has, best of that organisation, or else one that was not used yet; or NULL. */
static struct slot *free_slot(struct recognisers *r, const char *org_id)
{
	struct slot *best = NULL;
	for (size_t i = 0; i < r->count; i++) {
		struct slot *s = &r->slot[i];
		if (s->taken)
			continue;
		if (strcmp(s->org_id, org_id) == 0)
			return s;
		if (best == NULL || best->one.engine != NULL)
			best = s;
	}
	return best;
}

static struct slot *wait_for_slot(struct recognisers *r, const char *org_id)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += r->wait_ms / 1000;
	until.tv_nsec += (long)(r->wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&r->lock);
	struct slot *s = free_slot(r, org_id);
	while (s == NULL && pthread_cond_timedwait(&r->given, &r->lock, &until) == 0)
		s = free_slot(r, org_id);
	if (s != NULL)
		s->taken = true;
	pthread_mutex_unlock(&r->lock);
	return s;
}

/* Brings a slot that is ours up to date: engine, organisation, gallery. */
static enum err prepare(
	struct recognisers *r, struct slot *s, const char *org_id, struct error *why)
{
	struct gallery_stamp now;
	enum err err = OK;
	if (s->one.store == NULL)
		err = store_open(&s->one.store, r->home, 0, why);
	if (err == OK && strcmp(s->org_id, org_id) != 0) {
		err = store_use_org(s->one.store, org_id, why);
		s->stale = true;
	}
	if (err == OK)
		err = store_gallery_stamp(s->one.store, &now, why);
	if (err != OK)
		return err;
	if (s->one.engine == NULL)
		err = engine_open(&s->one.engine, s->one.store, &r->pipeline, why);
	else if (s->stale || !gallery_stamp_same(&now, &s->stamp))
		err = engine_reload(s->one.engine, why);
	else
		err = engine_search_group(s->one.engine, NULL, why);
	if (err != OK) {
		s->org_id[0] = '\0';
		return err;
	}
	s->stale = false;
	s->stamp = now;
	snprintf(s->org_id, sizeof(s->org_id), "%s", org_id);
	return OK;
}

enum err recogniser_take(
	struct recognisers *r, const char *org_id, struct recogniser **out, struct error *why)
{
	double from_ms = meters_now_ms();
	*out = NULL;
	struct slot *s = wait_for_slot(r, org_id);
	if (s == NULL)
		return err_set(why, ERR_BUSY, "recognition is busy with other photos: try again");
	enum err err = prepare(r, s, org_id, why);
	if (err != OK) {
		recogniser_give(r, &s->one);
		return err;
	}
	meters_add(&r->meters, METER_WAIT, meters_now_ms() - from_ms);
	*out = &s->one;
	return OK;
}

void recogniser_give(struct recognisers *r, struct recogniser *one)
{
	if (one == NULL)
		return;
	struct slot *s = (struct slot *)one;
	store_rollback(s->one.store);
	pthread_mutex_lock(&r->lock);
	s->taken = false;
	pthread_cond_signal(&r->given);
	pthread_mutex_unlock(&r->lock);
}

void recognisers_stale(struct recognisers *r)
{
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count; i++)
		r->slot[i].stale = true;
	pthread_mutex_unlock(&r->lock);
}

enum err recogniser_decode(
	struct recogniser *one, const uint8_t *bytes, size_t len, struct error *why)
{
	const struct image_options full_size = {0};
	struct slot *s = (struct slot *)one;
	enum err err = OK;
	image_finish(&one->photo);
	if (len > s->of->upload_max)
		return err_set(why, ERR_LIMIT, "the photo has %zu bytes, more than the %zu allowed",
			len, s->of->upload_max);
	store_photo_hash(one->store, bytes, len, one->photo_hash);
	if (s->sandbox == NULL)
		err = sandbox_open(&s->sandbox, &s->of->sandbox, why);
	double from_ms = meters_now_ms();
	if (err == OK)
		err = sandbox_decode(s->sandbox, bytes, len, &full_size, &one->photo, why);
	if (err == OK)
		meters_add(&s->of->meters, METER_DECODE, meters_now_ms() - from_ms);
	return err;
}

struct meters *recognisers_meters(struct recognisers *r)
{
	return &r->meters;
}

struct meters *recogniser_meters(struct recogniser *one)
{
	return &((struct slot *)one)->of->meters;
}
