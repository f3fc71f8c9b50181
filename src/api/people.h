/* SPDX-License-Identifier: MIT */
/* People in documents, for all resources that show them. A handler's worker only. */
#ifndef API_PEOPLE_H
#define API_PEOPLE_H

#include <jansson.h>

#include "api/context.h"

/*
 * {"id", "name", "number", "face_id", "groups": [{"id", "name"}], "photos", "created"}; "photos"
 * counts those that gave templates. NULL: *why.
 */
json_t *person_full_json(struct context *c, const struct person *person, struct error *why);

/*
 * Reads the person of the path's {id}, if the caller may see who it is. ERR_NOT_FOUND, as if there
 * were none, otherwise.
 */
enum err person_of_path(const struct request *req, struct response *res, struct context *c,
	struct person *out) MUST_USE;

#endif
