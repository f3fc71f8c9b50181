/* SPDX-License-Identifier: MIT */
#include "gallery/decide.h"

#include <math.h>
#include <stdio.h>

#define MATCH_QUALITY 0.30 /* docs/accuracy.md, "Quality" */

struct decision_rule decision_rule_for(
	const struct fmr_curve *curve, double budget, size_t candidates, size_t guests)
{
	budget = fmin(fmax(budget, BUDGET_MIN), BUDGET_MAX);
	struct decision_rule rule = {
		.match_distance = NO_MATCH,
		.review_distance = INFINITY,
		.match_quality = MATCH_QUALITY,
		.guest_distance = NO_MATCH,
		.budget = budget,
		.candidates = candidates,
		.guests = guests,
	};
	if (!fmr_measured(curve->table))
		return rule;
	double review = fmin(budget * REVIEW_TIMES, fmax(REVIEW_FPIR_MAX, budget));
	size_t searched = candidates > 0 ? candidates : 1, others = guests > 0 ? guests : 1;
	double fmr = rate_fmr_for(budget, searched), match = fmr_distance(curve, fmr);
	rule.match_distance = match;
	rule.review_distance = fmr_distance(curve, rate_fmr_for(review, searched));
	rule.guest_distance = fmr_distance(curve, rate_fmr_for(budget, others));
	rule.match_margin = fmr_distance(curve, fmr * MARGIN_TIMES) - match;
	rule.look_alike_margin = fmr_distance(curve, fmr * LOOK_ALIKE_TIMES) - match;
	return rule;
}

/* Comparisons are written so that NAN never makes a match. */
static const char *objection(
	const struct decision_rule *rule, const struct verdict *v, const struct question *q)
{
	if (!(rule->match_distance > NO_MATCH))
		return "this model's errors were never measured, see 'rollcall help eval'";
	if (!(v->distance <= rule->match_distance))
		return "not near enough to be sure";
	if (!(v->distance <= q->guest.distance))
		return "looks more like somebody who is not on the list";
	if (!(v->distance <= q->counter))
		return "nearer to a face that was corrected: not this person";
	if (!(v->margin >= rule->match_margin))
		return "two people look alike";
	if (!(v->margin >= v->margin_needed))
		return "two people look alike, and it is not clearly one of them";
	if (!(q->quality >= rule->match_quality))
		return "the face's picture is too poor to be sure";
	return "";
}

/* The nearest of those who are enrolled but may not be named here. */
static struct verdict decide_guest(struct verdict v, const struct question *q)
{
	v.decision = DECISION_REVIEW;
	v.guest = true;
	v.distance = q->guest.distance;
	v.second_distance = fmin(q->guest.second_distance, q->hit.distance);
	v.margin = v.second_distance - v.distance;
	v.reason = "is not on the list that was asked for";
	const char *second =
		q->hit.distance <= q->guest.second_distance ? q->hit.person_id : q->guest.second_id;
	snprintf(v.second_id, sizeof(v.second_id), "%s", second != NULL ? second : "");
	return v;
}

struct verdict decide(const struct decision_rule *rule, const struct question *q)
{
	struct verdict v = {
		.decision = DECISION_UNKNOWN,
		.distance = q->hit.distance,
		.margin = INFINITY,
		.threshold = rule->match_distance > NO_MATCH ? rule->match_distance : NAN,
		.reason = "like nobody who is enrolled",
		.counter = q->counter,
		.margin_needed = rule->match_margin,
		.second_distance = q->hit.second_distance,
		.rule = *rule,
	};
	bool alike = q->pair <= rule->match_distance;
	if (alike)
		v.margin_needed = rule->look_alike_margin;
	bool guest_near = q->guest.person_id != NULL && q->guest.distance <= rule->guest_distance;
	if (guest_near && !(q->hit.person_id != NULL && q->hit.distance <= q->guest.distance))
		return decide_guest(v, q);
	if (q->hit.person_id == NULL) {
		v.distance = INFINITY;
		if (q->guest.person_id == NULL)
			v.reason = "nobody is enrolled";
		return v;
	}
	if (q->hit.second_id != NULL) {
		v.margin = q->hit.second_distance - q->hit.distance;
		snprintf(v.second_id, sizeof(v.second_id), "%s", q->hit.second_id);
	}
	/* The larger of both: a rule with review below match still means something. */
	if (!(q->hit.distance <= fmax(rule->review_distance, rule->match_distance)))
		return v;
	v.reason = objection(rule, &v, q);
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
