/* SPDX-License-Identifier: MIT */
/*
 * Sightings into the store, marks out of them, and the register of a day read back.
 * As the store: one thread at a time.
 */
#ifndef ATTEND_REGISTER_H
#define ATTEND_REGISTER_H

#include "attend/rules.h"
#include "gallery/decide.h"
#include "store/store.h"
#include "vision/face.h"

/* One look at one face, decided, to be written down. */
struct look {
	int64_t at_ms;
	const char *source; /* "photo", "camera" */
	enum decision decision;
	const char *person_id; /* of a match, or the nearest in review; NULL if unknown */
	double distance, margin, threshold, quality, score;
	struct box box;
	const uint8_t *photo_hash; /* PHOTO_HASH_BYTES, or NULL */
};

/* What became of a look. */
enum outcome {
	OUTCOME_MARKED,       /* a mark was written */
	OUTCOME_ALREADY,      /* has a mark in that register already; the sighting was recorded */
	OUTCOME_COOLDOWN,     /* seen a moment ago: nothing was recorded */
	OUTCOME_REVIEW,       /* recorded, not marked: somebody must look */
	OUTCOME_UNKNOWN,      /* recorded, not marked */
	OUTCOME_NOT_IN_GROUP, /* recorded, not marked: not on this group's list */
	OUTCOME_CLOSED,       /* recorded, not marked: the register is closed */
};
const char *outcome_word(enum outcome outcome);   /* "marked", "already", ...; static */
const char *outcome_reason(enum outcome outcome); /* a sentence for people; static */

/* One register that a look went to. A person without group, or in several, may touch several. */
struct entry {
	enum outcome outcome;
	enum mark_status status;    /* for MARKED and ALREADY */
	int64_t at_ms;              /* of the mark */
	char session_id[UUID_TEXT]; /* "" if none */
	char group[NAME_BYTES];     /* "" if none */
};

enum { ENTRIES_MAX = 32 }; /* registers that one look can touch: groups of one person */

struct recorded {
	char sighting_id[UUID_TEXT]; /* "" when nothing was recorded */
	struct entry entry[ENTRIES_MAX];
	size_t count; /* at least 1 */
};

/*
 * Writes one look in one transaction: all or nothing. The day is the local day of
 * look->at_ms in the organisation's zone. With `group_id` only that group's register is
 * marked; with `session_id` only that session (its group's people); with neither, the
 * registers of all the person's groups, or the one of people without a group.
 */
enum err register_look(struct store *s, const struct zone *zone, const struct look *look,
	const char *group_id, const char *session_id, int64_t now_ms, struct recorded *out,
	struct error *why) MUST_USE;

/* Closes a day's register of a group (NULL: all registers of that day); who has no mark is absent from then on. */
enum err register_close(struct store *s, const struct zone *zone, const char *group_id,
	const char *day, const char *actor, int64_t now_ms, struct error *why) MUST_USE;

/* A correction by hand, with name and reason, in the audit. `who` is the person's id. */
enum err register_override(struct store *s, const struct zone *zone, const char *group_id,
	const char *day, const char *who, enum mark_status status, const char *actor,
	const char *reason, int64_t now_ms, struct error *why) MUST_USE;

/* One line of a day's register. */
struct roll_line {
	char person_id[UUID_TEXT], name[NAME_BYTES], number[NUMBER_BYTES];
	char group[NAME_BYTES];     /* "" = none */
	char session_id[UUID_TEXT]; /* "" when no register was opened */
	bool expected; /* no mark yet and the register is still open: status means nothing */
	enum mark_status status;
	int64_t at_ms;           /* of the mark; 0 = none */
	double distance, margin; /* of its evidence; NAN = none */
	char actor[ACTOR_BYTES], reason[REASON_BYTES];
	char sighting_id[UUID_TEXT];
};

struct roll {
	char day[DAY_TEXT];
	struct roll_line *line; /* by group, then name */
	size_t count, capacity;
	size_t present, late, absent, excused, left_early, expected;
	bool closed; /* every register in it is */
};
void roll_finish(struct roll *roll);

/*
 * The register of a local day, of one group or (NULL) of all and of people without one.
 * Who has no mark is absent in a closed register, else expected. A register that was never
 * opened (nobody seen, not closed by hand) has no absent people: a day without school.
 */
enum err register_roll(struct store *s, const struct zone *zone, const char *group_id,
	const char *day, int64_t now_ms, struct roll *out, struct error *why) MUST_USE;

#endif
