/* SPDX-License-Identifier: MIT */
#include "gallery/decide.h"

#include <math.h>

/*
 * Measured with the embedding and alignment of this program; docs/accuracy.md has the
 * tables and the command that makes them.
 */
#define MATCH_DISTANCE 0.50
#define REVIEW_DISTANCE 0.58
#define MATCH_MARGIN 0.05
#define MATCH_QUALITY 0.30

struct decision_rule decision_rule_default(void)
{
	return (struct decision_rule){
		.match_distance = MATCH_DISTANCE,
		.review_distance = REVIEW_DISTANCE,
		.match_margin = MATCH_MARGIN,
		.match_quality = MATCH_QUALITY,
	};
}

/* Comparisons are written so that NAN never makes a match. */
static const char *objection(
	const struct decision_rule *rule, const struct verdict *v, double quality)
{
	if (!(v->distance <= rule->match_distance))
		return "not near enough to be sure";
	if (!(v->margin >= rule->match_margin))
		return "two people look alike";
	if (!(quality >= rule->match_quality))
		return "the face's picture is too poor to be sure";
	return "";
}

struct verdict decide(const struct decision_rule *rule, const struct hit *hit, double quality)
{
	struct verdict v = {
		.decision = DECISION_UNKNOWN,
		.distance = hit->distance,
		.margin = INFINITY,
		.threshold = rule->match_distance,
		.reason = "like nobody who is enrolled",
	};
	if (hit->person_id == NULL) {
		v.distance = INFINITY;
		v.reason = "nobody is enrolled";
		return v;
	}
	if (hit->second_id != NULL)
		v.margin = hit->second_distance - hit->distance;
	/* The larger of both: a rule with review below match still means something. */
	if (!(hit->distance <= fmax(rule->review_distance, rule->match_distance)))
		return v;
	v.reason = objection(rule, &v, quality);
	v.decision = v.reason[0] == '\0' ? DECISION_MATCH : DECISION_REVIEW;
	return v;
}

const char *decision_word(enum decision d)
{
	switch (d) {
	case DECISION_MATCH:
		return "match";
	case DECISION_REVIEW:
		return "review";
	case DECISION_UNKNOWN:
		break;
	}
	return "unknown";
}
