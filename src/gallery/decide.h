/* SPDX-License-Identifier: MIT */
/* From the nearest people to a decision. Pure, any thread. */
#ifndef GALLERY_DECIDE_H
#define GALLERY_DECIDE_H

#include "gallery/fmr.h"
#include "gallery/gallery.h"

/*
 * match: near enough, and clearly nearer than anybody else: may be written down.
 * review: looks like somebody, but not surely: a human decides.
 * unknown: like nobody.
 */
enum decision { DECISION_UNKNOWN, DECISION_REVIEW, DECISION_MATCH };

/* How often a stranger may be taken for somebody, where nothing else is set: once in 1000. */
#define BUDGET_DEFAULT 0.001
#define BUDGET_MIN 1e-6
#define BUDGET_MAX 0.1

/* Distances and margin that decide. */
struct decision_rule {
	double match_distance;    /* at most this far for a match; NO_MATCH without a table */
	double review_distance;   /* at most this far for review; INFINITY without a table */
	double match_margin;      /* a match is at least this much nearer than the second person */
	double look_alike_margin; /* the same where both are look-alikes */
	double match_quality;     /* a face of lower quality score is reviewed, never matched */
	double guest_distance;    /* somebody who is not a candidate is told up to here */
	/* What they follow from. */
	double budget;     /* accepted FPIR of match_distance */
	size_t candidates; /* people who may be named */
	size_t guests;     /* everybody else */
};

/*
 * The rule for a search among `candidates` people while `guests` more are enrolled:
 * match_distance is where FPIR = 1 - (1 - FMR)^candidates reaches the budget (in
 * BUDGET_MIN..BUDGET_MAX), review_distance where it reaches REVIEW_TIMES the budget (at most
 * REVIEW_FPIR_MAX), guest_distance as match_distance with `guests`. The margins are as wide as
 * it takes for MARGIN_TIMES and LOOK_ALIKE_TIMES the FMR of a match. Without a table everybody
 * is reviewed and nobody matched.
 */
#define REVIEW_TIMES 100
#define REVIEW_FPIR_MAX 0.2
#define MARGIN_TIMES 6
#define LOOK_ALIKE_TIMES 36
#define NO_MATCH -1.0
struct decision_rule decision_rule_for(
	const struct fmr_curve *curve, double budget, size_t candidates, size_t guests);

/* What is known of one probe. */
struct question {
	struct hit hit;   /* among the candidates */
	struct hit guest; /* among everybody else */
	double counter;   /* to the nearest face known not to be hit's person; INFINITY = none */
	double quality;   /* of the face, 0..1 */
	double pair;      /* between hit's two people, where that was looked up; else INFINITY */
};

struct verdict {
	enum decision decision;
	bool guest;         /* the person meant is question.guest's, not question.hit's */
	double distance;    /* to that person */
	double margin;      /* from there to the second person; INFINITY if there is none */
	double threshold;   /* match_distance that was applied; NAN = there is none */
	const char *reason; /* static text: why it is not a match; "" if it is */
	/* What else was looked at, so that it can be told later. */
	double counter;            /* to the nearest counter-example; INFINITY = none */
	double margin_needed;      /* that was applied */
	double second_distance;    /* INFINITY = nobody */
	char second_id[UUID_TEXT]; /* "" = nobody */
	struct decision_rule rule; /* that was applied */
};

/* The decision on one probe. */
struct verdict decide(const struct decision_rule *rule, const struct question *question);

const char *decision_word(enum decision d); /* "match", "review", "unknown"; static */

#endif
