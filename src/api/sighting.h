/* SPDX-License-Identifier: MIT */
/* Sightings as callers see them: the lists, the reviews. A handler's worker only. */
#ifndef API_SIGHTING_H
#define API_SIGHTING_H

#include <jansson.h>

#include "api/context.h"
#include "store/pages.h"

/*
 * Reads a sighting that the caller may see: of a person whom it may see, or looked for in a group
 * that it may see. A student: own matches. ERR_NOT_FOUND otherwise.
 */
enum err sighting_read(const struct context *c, const struct caller *caller, const char *id,
	struct sighting *out, struct error *why) MUST_USE;

/*
 * Whether the caller may change the registers that a decision about a sighting changes: those with
 * a mark that it made, and those that would mark `person_id` (NULL: nobody; then in the group that
 * was looked at). ERR_DENIED.
 */
enum err sighting_may_change(const struct context *c, const struct caller *caller,
	const struct sighting *s, const char *person_id, struct error *why) MUST_USE;

/* The person as {"id", "name"}; null: nobody, erased, or not to be seen by the caller. */
enum err sighting_person_json(const struct context *c, const struct caller *caller,
	const char *person_id, json_t **out, struct error *why) MUST_USE;

/* What a list says of a sighting; NULL: the error is in `why`, or no memory. */
json_t *sighting_json(const struct context *c, const struct caller *caller,
	const struct sighting *s, struct error *why);

/* Days (2026-11-21, today) or times from and to of the query; see body_invalid. */
enum err read_span(const struct context *c, const struct request *req, struct response *res,
	struct page_filter *filter) MUST_USE;

/* Answers with a page of sightings; takes the list over. `err` as in page_answer. */
enum err sightings_answer(const struct request *req, struct response *res, struct context *c,
	enum err err, const struct page *page, struct sighting_list *list) MUST_USE;

#endif
