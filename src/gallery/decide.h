/* SPDX-License-Identifier: MIT */
/* From the nearest people to a decision. Pure, any thread. */
#ifndef GALLERY_DECIDE_H
#define GALLERY_DECIDE_H

#include "gallery/gallery.h"

/*
 * match: near enough, and clearly nearer than anybody else: may be written down.
 * review: looks like somebody, but not surely: a human decides.
 * unknown: like nobody.
 */
enum decision { DECISION_UNKNOWN, DECISION_REVIEW, DECISION_MATCH };

/* Distances and margin that decide; where the defaults come from: decide.c and docs/accuracy.md. */
struct decision_rule {
	double match_distance;  /* at most this far for a match */
	double review_distance; /* at most this far for review */
	double match_margin;    /* a match is at least this much nearer than the second person */
	double match_quality;   /* a face of lower quality score is reviewed, never matched */
};

/* The rule that applies where nothing else is set. */
struct decision_rule decision_rule_default(void);

struct verdict {
	enum decision decision;
	double distance;    /* to the nearest person */
	double margin;      /* from there to the second person; INFINITY if there is none */
	double threshold;   /* match_distance that was applied */
	const char *reason; /* static text: why it is not a match; "" if it is */
};

/* The decision on one probe. `quality` is the face's score, 0..1. */
struct verdict decide(const struct decision_rule *rule, const struct hit *hit, double quality);

const char *decision_word(enum decision d); /* "match", "review", "unknown"; static */

#endif
