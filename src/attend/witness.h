/* SPDX-License-Identifier: MIT */
/*
 * When what was seen of a face over some time is enough to be told: who was recognised in
 * looks enough, far enough apart, without contradiction. Pure; one thread at a time a witness.
 */
#ifndef ATTEND_WITNESS_H
#define ATTEND_WITNESS_H

#include "base/err.h"
#include "base/uuid.h"
#include "gallery/decide.h"
#include "vision/track.h"

enum {
	WITNESS_LOOKS_MIN = 2, /* one good frame alone never marks */
	WITNESS_LOOKS_MAX = TRACK_LOOKS_MAX,
	WITNESS_LOOKS = 3,
	WITNESS_SPAN_MS = 400, /* from the first of the looks to the last, at least */
	/* The same where the looks are next to the same picture: they say the same thing. */
	WITNESS_STILL_SPAN_MS = 800,
	WITNESS_REPEAT_MS = 10000, /* review and unknown: at most once in this time a track */
	WITNESS_EAGER_MS = 5000,   /* after so long a new face is looked at only now and then */
};

struct witness_rule {
	int looks;         /* of a track that are needed; WITNESS_LOOKS_MIN.._MAX */
	int64_t repeat_ms; /* a person is not told again before this */
	double still;      /* looks whose spread is smaller are next to the same picture */
};

struct witness;

/* Makes an empty one. ERR_ARG for a rule out of range. */
enum err witness_new(
	struct witness **out, const struct witness_rule *rule, struct error *why) MUST_USE;
void witness_free(struct witness *w);

/* Forgets the tracks that are no more. */
void witness_forget(struct witness *w, const struct tracker *t);

/* Who somebody was taken for. `person_id` "" where for nobody. */
struct opinion {
	enum decision decision;
	const char *person_id;
	double distance;
};

/* Adds what one look at a track alone was decided to be. */
void witness_look(struct witness *w, uint64_t track, int64_t at_ms, const struct opinion *opinion);

enum witness_call {
	WITNESS_WAIT,     /* not enough, or told a moment ago */
	WITNESS_TELL,     /* as it is */
	WITNESS_DISPUTED, /* as review: its looks were taken for different people */
	WITNESS_MIXED,    /* as review: too few of its looks are like this person */
	WITNESS_DOUBLE,   /* as review: another face in the picture is nearer to the person */
};

/*
 * Says what to do now about a track whose looks together (`fused`) were decided to be `opinion`;
 * remembers what it told. Every call but WITNESS_WAIT is to be told. ERR_NOMEM.
 */
enum err witness_judge(struct witness *w, uint64_t track, const struct track_fused *fused,
	const struct opinion *opinion, enum witness_call *call, struct error *why) MUST_USE;

/* Whether enough is known of a track for a while. */
bool witness_settled(const struct witness *w, uint64_t track, int64_t now_ms);

#endif
