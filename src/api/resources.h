/* SPDX-License-Identifier: MIT */
/* The tables of routes, one a resource; api.c puts them together. */
#ifndef API_RESOURCES_H
#define API_RESOURCES_H

#include <stddef.h>

#include "net/server.h"

/* Classes of requests whose rates are limited; struct route's `rate`. */
enum api_rate { RATE_NONE, RATE_API, RATE_SIGN_IN, RATE_RECOGNISE, RATE_UPLOAD, RATE_COUNT };

/* Bytes of bodies; struct route's `body_max`. */
enum { BODY_JSON = 64 * 1024, BODY_PHOTO = 24 * 1024 * 1024 };

struct resource {
	const struct route *route;
	size_t count;
	unsigned legacy; /* one of enum legacy: only when that is asked for; 0 = always */
};

#define RESOURCE(table)                                                       \
	{                                                                     \
		.route = (table), .count = sizeof(table) / sizeof((table)[0]) \
	}

extern const struct resource resource_health, resource_sign_in, resource_groups;
extern const struct resource resource_metrics, resource_openapi, resource_pages;
extern const struct resource resource_recognise;
extern const struct resource resource_sessions, resource_marks;
extern const struct resource resource_sightings, resource_reviews;
extern const struct resource resource_live, resource_kiosk;
extern const struct resource resource_people;
extern const struct resource resource_registrations;
extern const struct resource resource_people, resource_photos;
extern const struct resource resource_users, resource_keys, resource_devices;
extern const struct resource resource_settings, resource_models, resource_audit;

/* The older systems. */
extern const struct resource resource_venue, resource_blink, resource_husky, resource_streak;

#endif
