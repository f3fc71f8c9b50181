/* SPDX-License-Identifier: MIT */
/* What several commands say about a person. One thread. */
#ifndef CMD_PERSON_H
#define CMD_PERSON_H

#include "cmd/cmd.h"

/* "7b, Choir" of a person's groups; "" if none. A new string for free(3). */
enum err person_groups_text(
	struct cmd *c, const char *person_id, char **out, struct error *why) MUST_USE;

/*
 * {"id","name","number":n|null,"face_id":n|null,"groups":[name],"templates":n,"created":iso}
 * A new reference.
 */
enum err person_json(
	struct cmd *c, const struct person *person, json_t **out, struct error *why) MUST_USE;

/* One mark of a person, with the day and group of its register. */
struct person_mark {
	char day[DAY_TEXT];
	char group[NAME_BYTES]; /* "" = none */
	struct mark mark;
};

/* All that the registers and sightings know of one person, oldest first. Zero-initialise. */
struct history {
	const char *person_id;
	struct person_mark *mark;
	size_t marks, marks_capacity;
	struct sighting *sighting;
	size_t sightings, sightings_capacity;
};
enum err history_read(
	struct cmd *c, const char *person_id, struct history *out, struct error *why) MUST_USE;
void history_finish(struct history *history);

/* The day after "YYYY-MM-DD", in place. */
void day_next(char day[static DAY_TEXT]);

/* The first day that is looked at when all registers are asked for. */
#define FIRST_DAY "2000-01-01"

#endif
