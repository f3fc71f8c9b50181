/* SPDX-License-Identifier: MIT */
/* Is it alive, is it ready. */
#include "api/context.h"
#include "api/resources.h"

/* The loop answers: it is alive. */
static enum err healthz(const struct request *req, struct response *res, struct worker *w)
{
	return response_text(res, NULL, "ok\n");
}

/* A worker answers, and its database does. */
static enum err readyz(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct org org;
	enum err err = store_org(c->store, &org, response_why(res));
	return err == OK ? response_text(res, NULL, "ready\n") : err;
}

static const struct route routes[] = {
	{METHOD_GET, "/healthz", .flags = ROUTE_NOW | ROUTE_QUIET, .handler = healthz},
	{METHOD_GET, "/readyz", .access = RIGHT_ANYBODY, .flags = ROUTE_QUIET, .handler = readyz},
};

const struct resource resource_health = RESOURCE(routes);
