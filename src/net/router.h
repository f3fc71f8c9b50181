/* SPDX-License-Identifier: MIT */
/* From a path to a route. Made once, then const and shared. */
#ifndef NET_ROUTER_H
#define NET_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/params.h"
#include "net/request.h"
#include "net/server.h"
#include "net/url.h"

struct router;

enum { ROUTE_PARAMS_MAX = 8, ALLOW_TEXT = 64 };

/*
 * Checks the table and indexes it. ERR_ARG, naming the line, for a path that is no pattern, a
 * parameter without a name or named twice, two routes that would answer the same, a line without
 * a handler, a channel that is no GET, body_max over 1 GB, a rate class that is not there.
 */
enum err router_open(struct router **out, const struct route *route, size_t count, size_t rates,
	struct error *why) MUST_USE;
void router_close(struct router *r);

/* What was found. The index counts lines of the table. */
struct route_match {
	const struct route *route; /* NULL: no route has this path, or not with this method */
	size_t index;
	bool any_origin;        /* a line of this path has ROUTE_ANY_ORIGIN: for preflights */
	char allow[ALLOW_TEXT]; /* methods that the path knows: "GET, HEAD, OPTIONS"; "" for none */
};

/*
 * Finds the route and adds its parameters to `params`. HEAD finds a GET. OK also when there is
 * none: out->route is NULL then; ERR_NOMEM.
 */
enum err router_find(const struct router *r, enum method method, const struct url_path *path,
	struct route_match *out, struct params *params) MUST_USE;

#endif
