/* SPDX-License-Identifier: MIT */
/* What `rollcall export` writes, as a table and as JSON. One thread. */
#ifndef CMD_EXPORT_H
#define CMD_EXPORT_H

#include "cmd/cmd.h"

/* One export under way. Zero-initialise and fill the first five; end with export_end. */
struct export
{
	struct cmd *c;
	char from[DAY_TEXT], to[DAY_TEXT]; /* both included */
	int64_t from_ms, to_ms;            /* from the first's begin to the last's end */
	const char *group_id;              /* NULL = all */
	struct person_list people;         /* of the group or all, by id */
	struct table *table;               /* made by the *_table functions */
};

/* Reads who there is. */
enum err export_begin(struct export *e, struct error *why) MUST_USE;
void export_end(struct export *e);

/* Columns as `roll --format csv`, one line a person and day; "days": registers as `roll --json`. */
enum err export_marks_table(struct export *e, struct error *why) MUST_USE;
enum err export_marks_json(struct export *e, json_t *document, struct error *why) MUST_USE;
/* One line a sighting; "sightings": the same. */
enum err export_sightings_table(struct export *e, struct error *why) MUST_USE;
enum err export_sightings_json(struct export *e, json_t *document, struct error *why) MUST_USE;
/* One line a person; "people": as in `people --json`. */
enum err export_people_table(struct export *e, struct error *why) MUST_USE;
enum err export_people_json(struct export *e, json_t *document, struct error *why) MUST_USE;

#endif
