/* SPDX-License-Identifier: MIT */
#include "attend/witness.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct vote {
	enum decision decision;
	char person_id[UUID_TEXT];
};

/* What is known of a track. Invariant: vote[] holds those of its latest looks, oldest first. */
struct record {
	uint64_t track; /* 0: a free place */
	int64_t first_ms, doubt_ms;
	bool doubted; /* review or unknown was told, at doubt_ms */
	bool named;   /* a match was told */
	bool disputed;
	size_t votes;
	struct vote vote[TRACK_LOOKS_MAX];
	/* The latest decision on all looks. */
	struct vote fused;
	double distance;
	int64_t judged_ms;
};

struct told {
	char person_id[UUID_TEXT];
	int64_t at_ms;
};

struct witness {
	struct witness_rule rule;
	struct record record[TRACKS_MAX];
	struct told *told;
	size_t people, people_capacity;
};

enum err witness_new(struct witness **out, const struct witness_rule *rule, struct error *why)
{
	*out = NULL;
	if (rule->looks < WITNESS_LOOKS_MIN || rule->looks > WITNESS_LOOKS_MAX)
		return err_set(why, ERR_ARG, "%d looks to be sure: expected %d to %d", rule->looks,
			WITNESS_LOOKS_MIN, WITNESS_LOOKS_MAX);
	struct witness *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_set(why, ERR_NOMEM, "no memory to weigh looks");
	w->rule = *rule;
	*out = w;
	return OK;
}

void witness_free(struct witness *w)
{
	if (w == NULL)
		return;
	free(w->told);
	free(w);
}

void witness_forget(struct witness *w, const struct tracker *t)
{
	for (int i = 0; i < TRACKS_MAX; i++) {
		if (!tracker_has(t, w->record[i].track))
			w->record[i].track = 0;
	}
}

static struct record *find(struct witness *w, uint64_t track)
{
	for (int i = 0; i < TRACKS_MAX; i++) {
		if (w->record[i].track == track)
			return &w->record[i];
	}
	return NULL;
}

static struct vote vote_of(const struct opinion *o)
{
	struct vote v = {.decision = o->decision};
	snprintf(v.person_id, sizeof(v.person_id), "%s", o->person_id);
	return v;
}

static bool differ(const struct vote *a, const struct vote *b)
{
	return a->decision == DECISION_MATCH && b->decision == DECISION_MATCH &&
		strcmp(a->person_id, b->person_id) != 0;
}

void witness_look(struct witness *w, uint64_t track, int64_t at_ms, const struct opinion *opinion)
{
	struct record *r = find(w, track);
	if (r == NULL) {
		r = find(w, 0);
		if (r == NULL || track == 0)
			return;
		*r = (struct record){.track = track, .first_ms = at_ms};
	}
	struct vote vote = vote_of(opinion);
	/* For ever: what was once taken for two people is never surely one of them. */
	for (size_t i = 0; i < r->votes; i++)
		r->disputed |= differ(&r->vote[i], &vote);
	if (r->votes == TRACK_LOOKS_MAX) {
		r->votes--;
		memmove(r->vote, r->vote + 1, r->votes * sizeof(r->vote[0]));
	}
	r->vote[r->votes++] = vote;
}

/* --- judging --- */

static bool enough(const struct witness *w, const struct track_fused *fused)
{
	int64_t span_ms = fused->last_ms - fused->first_ms;
	int64_t needed_ms = fused->spread < w->rule.still ? WITNESS_STILL_SPAN_MS : WITNESS_SPAN_MS;
	return fused->looks >= (size_t)w->rule.looks && span_ms >= needed_ms;
}

/* Whether half of the looks at least, and two, are like the person by themselves. */
static bool supported(const struct record *r, const struct opinion *o)
{
	size_t agree = 0;
	for (size_t i = 0; i < r->votes; i++)
		agree += r->vote[i].decision != DECISION_UNKNOWN &&
			strcmp(r->vote[i].person_id, o->person_id) == 0;
	return agree >= WITNESS_LOOKS_MIN && 2 * agree >= r->votes;
}

/* Whether another face that was there meanwhile is the same person, and nearer. */
static bool outdone(const struct witness *w, const struct record *r)
{
	for (int i = 0; i < TRACKS_MAX; i++) {
		const struct record *other = &w->record[i];
		bool both = other->track != 0 && other != r && other->judged_ms >= r->first_ms;
		if (both && other->fused.decision == DECISION_MATCH &&
			strcmp(other->fused.person_id, r->fused.person_id) == 0 &&
			other->distance < r->distance)
			return true;
	}
	return false;
}

/* Whether the person is to be told now; remembers that. ERR_NOMEM. */
static enum err tell_person(
	struct witness *w, const char *person_id, int64_t at_ms, bool *tell, struct error *why)
{
	struct told *told = NULL;
	for (size_t i = 0; i < w->people && told == NULL; i++) {
		if (strcmp(w->told[i].person_id, person_id) == 0)
			told = &w->told[i];
	}
	*tell = told == NULL || at_ms - told->at_ms >= w->rule.repeat_ms;
	if (told == NULL) {
		void *people = w->told;
		if (!mem_grow(&people, w->people, &w->people_capacity, sizeof(*w->told)))
			return err_set(why, ERR_NOMEM, "no memory to weigh looks");
		w->told = people;
		told = &w->told[w->people++];
		snprintf(told->person_id, sizeof(told->person_id), "%s", person_id);
	}
	if (*tell)
		told->at_ms = at_ms;
	return OK;
}

/* What a match comes to; WITNESS_WAIT where it is better to look again. */
static enum witness_call weigh(
	const struct witness *w, const struct record *r, const struct opinion *o)
{
	for (size_t i = 0; i < r->votes; i++) {
		if (differ(&r->vote[i], &r->fused))
			return WITNESS_DISPUTED;
	}
	if (r->disputed)
		return WITNESS_DISPUTED;
	if (outdone(w, r))
		return WITNESS_DOUBLE;
	if (!supported(r, o))
		return r->votes < TRACK_LOOKS_MAX ? WITNESS_WAIT : WITNESS_MIXED;
	return WITNESS_TELL;
}

enum err witness_judge(struct witness *w, uint64_t track, const struct track_fused *fused,
	const struct opinion *opinion, enum witness_call *call, struct error *why)
{
	struct record *r = track != 0 ? find(w, track) : NULL;
	*call = WITNESS_WAIT;
	if (r == NULL)
		return OK;
	int64_t at_ms = fused->last_ms;
	bool tell = true, match = opinion->decision == DECISION_MATCH;
	r->fused = vote_of(opinion);
	r->distance = opinion->distance;
	r->judged_ms = at_ms;
	if (!enough(w, fused))
		return OK;
	*call = match ? weigh(w, r, opinion) : r->disputed ? WITNESS_DISPUTED : WITNESS_TELL;
	if (*call == WITNESS_WAIT)
		return OK;
	if (match && *call == WITNESS_TELL) {
		r->named = true;
		enum err err = tell_person(w, opinion->person_id, at_ms, &tell, why);
		*call = tell ? *call : WITNESS_WAIT;
		return err;
	}
	/* A doubt about somebody who is known already would only be noise. */
	if (r->named && *call == WITNESS_TELL)
		tell = false;
	if (r->doubted && at_ms - r->doubt_ms < WITNESS_REPEAT_MS)
		tell = false;
	if (tell) {
		r->doubted = true;
		r->doubt_ms = at_ms;
	}
	*call = tell ? *call : WITNESS_WAIT;
	return OK;
}

bool witness_settled(const struct witness *w, uint64_t track, int64_t now_ms)
{
	for (int i = 0; i < TRACKS_MAX && track != 0; i++) {
		const struct record *r = &w->record[i];
		if (r->track == track)
			return r->named || now_ms - r->first_ms > WITNESS_EAGER_MS;
	}
	return false;
}
