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

/* Where registers are kept, and now. Plain data, everything borrowed. */
struct registrar {
	struct store *store;
	const struct zone *zone; /* the organisation's */
	int64_t now_ms;
};

/*
 * One look at one face, decided, to be written down. With `group_id` only that group's
 * register is marked; with `session_id` only that session (its group's people; the look must
 * be of its day); with neither (NULL), the registers of all the person's groups, or the one
 * of people without a group.
 */
struct look {
	const char *group_id, *session_id;
	int64_t at_ms;
	const char *source; /* "photo", "camera" */
	enum decision decision;
	const char *person_id; /* of a match, or the nearest in review; NULL if unknown */
	double distance, margin, threshold, quality, score;
	struct box box;
	const uint8_t *photo_hash; /* PHOTO_HASH_BYTES, or NULL */
	/* What it was decided from, and the face, kept for some days; each may be NULL. */
	const struct evidence *evidence;
	const struct face_vector *face;
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
 * look->at_ms in the organisation's zone, whenever it is told: looks may arrive late and out
 * of order.
 * - The first match of a day marks present or late. An earlier look that arrives later takes
 *   the mark's place (MARKED, with the earlier time); never that of a mark set by hand.
 * - A match within the cooldown of another sighting of the person is not recorded at all,
 *   unless it marks a register in which the person has no mark yet (another group's, or the
 *   day's that has just begun).
 * - In a register closed by hand nothing is marked any more.
 * On failure `out` is empty. ERR_ARG: a look that contradicts itself, or not of the session's
 * day; ERR_NOT_FOUND: no such person, group or session; ERR_LIMIT: over ENTRIES_MAX groups.
 */
enum err register_look(const struct registrar *r, const struct look *look, struct recorded *out,
	struct error *why) MUST_USE;

/*
 * Closes a day's register of a group, which it opens if nobody was seen; NULL: all registers
 * of that day that were opened (ERR_NOT_FOUND if none was). Who has no mark is absent from then
 * on. Closing again changes nothing. `actor` goes to the audit. ERR_ARG: the day is still to
 * come and has no register.
 */
enum err register_close(const struct registrar *r, const char *group_id, const char *day,
	const char *actor, struct error *why) MUST_USE;

/*
 * Opens a day's register of a group again that was closed by hand; NULL: all of that day that
 * were. `actor` and `reason` (neither empty) go to the audit, with when it had been closed.
 * ERR_ARG: none was closed by hand; ERR_NOT_FOUND: no such group.
 */
enum err register_reopen(const struct registrar *r, const char *group_id, const char *day,
	const char *actor, const char *reason, struct error *why) MUST_USE;

/* Somebody says that a sighting is not the person it was taken for. */
struct objection {
	const char *sighting_id;
	const char *actor, *reason; /* neither may be empty */
};

struct rejected {
	char person_id[UUID_TEXT]; /* who it is not */
	size_t withdrawn;          /* marks that this sighting had made */
	size_t replaced;           /* of them those that another sighting of that day makes again */
	bool counter_example;      /* the face was still kept and is a counter-example now */
};

/*
 * Withdraws the marks that a matched or reviewed sighting made, also in a closed register, and
 * keeps its face as a counter-example of the person. The sighting stays. If the person was
 * matched in another sighting of that day, the earliest one makes the mark. All of it goes
 * to the audit, with what was there before. ERR_ARG: nobody was recognised in the sighting, or no
 * actor or reason; ERR_EXISTS: that was said already; ERR_NOT_FOUND.
 */
enum err register_reject(const struct registrar *r, const struct objection *objection,
	struct rejected *out, struct error *why) MUST_USE;

/* Deletes faces of sightings that are older than the organisation keeps them. */
enum err register_forget(const struct registrar *r, struct error *why) MUST_USE;

/* What somebody decided by hand. */
struct correction {
	const char *group_id; /* NULL: all registers of the person on that day */
	const char *day;
	const char *person_id;
	enum mark_status status;
	const char *actor, *reason; /* neither may be empty */
};

/*
 * Writes a correction, also into a closed register, and into the audit with what was there
 * before. ERR_ARG: no actor or reason, or the person is not in that group; ERR_NOT_FOUND.
 */
enum err register_override(
	const struct registrar *r, const struct correction *c, struct error *why) MUST_USE;

/* One line of a day's register. */
struct roll_line {
	char person_id[UUID_TEXT], name[NAME_BYTES], number[NUMBER_BYTES];
	char group[NAME_BYTES];     /* "" = none */
	char session_id[UUID_TEXT]; /* "" when no register was opened */
	bool expected; /* no mark yet and the register is still open: status means nothing */
	enum mark_status status;
	int64_t at_ms;                      /* of the mark; 0 = none */
	double distance, margin, threshold; /* of its evidence; NAN = none */
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
 * The register of a local day, of one group or (NULL) of all, also of groups that have been
 * removed since, and then of people without one. It names who was in the group then (when it was
 * closed or its day ended, or, of a day that was over already, when it was opened) and whoever
 * else has a mark in it. Who has no mark is absent in a closed register, else expected. A
 * register that was never opened, or in which nobody was seen and which nobody closed, has no
 * absent people: a day without school. Once the day is over it
 * has no lines but those of marks by hand. `out` is released with roll_finish, also on failure.
 */
enum err register_roll(const struct registrar *r, const char *group_id, const char *day,
	struct roll *out, struct error *why) MUST_USE;

#endif
