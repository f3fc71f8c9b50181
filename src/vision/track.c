/* SPDX-License-Identifier: MIT */
#include "vision/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	NONE = -1,
	GAP_MS = 400,     /* who was not seen for longer may be somebody else now */
	PREDICT_MS = 500, /* a movement is believed to go on for so long */
};

/* A face continues a track where their boxes overlap by this much of their union ... */
#define OVERLAP_MIN 0.3f
/* ... or, weakly, where their middles are within this share of the larger side ... */
#define NEAR_MAX 0.8f
/* ... and their sizes within this factor. */
#define SIZE_MAX_RATIO 1.6f
/* A second track that fits a face this nearly as well makes it doubtful. */
#define DOUBT_SHARE 0.5f
/* Of the new movement in the one that is believed. */
#define VELOCITY_NEW 0.5f

struct seen_look {
	int64_t at_ms;
	float quality; /* its weight too */
};

/* Invariant: look[] and `looks` rows of the tracker's room, oldest first. */
struct track {
	uint64_t id; /* 0: a free place */
	struct box box;
	float vx, vy; /* pixels a millisecond */
	int64_t last_ms, tried_ms;
	bool tried, settled;
	bool doubtful; /* the face may be another's: a look is wanted at once */
	bool nowhere;  /* lost its place to somebody else: only a look finds it again */
	size_t looks;
	struct seen_look look[TRACK_LOOKS_MAX];
	bool taken; /* by a face of the current frame */
};

struct tracker {
	struct track_rule rule;
	struct track track[TRACKS_MAX];
	float fit[TRACKS_MAX][TRACKS_MAX]; /* [track][face] of the current frame */
	float *room;                       /* (TRACKS_MAX, TRACK_LOOKS_MAX, dim) */
	float *middle;                     /* (dim) */
	uint64_t last_id;
	int64_t now_ms;
};

enum err tracker_new(struct tracker **out, const struct track_rule *rule, struct error *why)
{
	*out = NULL;
	if (rule->dim == 0 || rule->dim > TRACK_DIM_MAX || !(rule->same > 0) ||
		!(rule->other >= rule->same))
		return err_set(why, ERR_ARG,
			"a tracker for %zu numbers, distances %g and %g: expected 1 to %d, and "
			"the first not larger",
			rule->dim, rule->same, rule->other, TRACK_DIM_MAX);
	struct tracker *t = calloc(1, sizeof(*t));
	if (t != NULL) {
		t->rule = *rule;
		t->now_ms = INT64_MIN;
		t->room = mem_array(
			(size_t)TRACKS_MAX * TRACK_LOOKS_MAX * rule->dim, sizeof(*t->room));
		t->middle = mem_array(rule->dim, sizeof(*t->middle));
	}
	if (t == NULL || t->room == NULL || t->middle == NULL) {
		tracker_free(t);
		return err_set(why, ERR_NOMEM, "no memory to follow faces");
	}
	*out = t;
	return OK;
}

void tracker_free(struct tracker *t)
{
	if (t == NULL)
		return;
	free(t->room);
	free(t->middle);
	free(t);
}

static int index_of(const struct tracker *t, uint64_t id)
{
	for (int i = 0; i < TRACKS_MAX && id != 0; i++) {
		if (t->track[i].id == id)
			return i;
	}
	return NONE;
}

static bool seen_now(const struct tracker *t, const struct track *track)
{
	return track->id != 0 && track->last_ms == t->now_ms;
}

/* --- where a face goes on --- */

static float overlap(const struct box *a, const struct box *b)
{
	float w = fminf(a->x + a->w, b->x + b->w) - fmaxf(a->x, b->x);
	float h = fminf(a->y + a->h, b->y + b->h) - fmaxf(a->y, b->y);
	if (!(w > 0 && h > 0))
		return 0;
	return w * h / (a->w * a->h + b->w * b->h - w * h);
}

static struct box predicted(const struct track *track, int64_t at_ms)
{
	float dt = (float)(at_ms - track->last_ms);
	struct box box = track->box;
	dt = dt < PREDICT_MS ? dt : PREDICT_MS;
	box.x += track->vx * dt;
	box.y += track->vy * dt;
	return box;
}

/* 1 and more: they overlap; below: a face that is only near; 0: not this one. */
static float fit(const struct track *track, const struct box *face, int64_t at_ms)
{
	struct box expected = predicted(track, at_ms);
	float common = fmaxf(overlap(&expected, face), overlap(&track->box, face));
	if (common >= OVERLAP_MIN)
		return 1 + common;
	float side = fmaxf(fmaxf(expected.w, expected.h), fmaxf(face->w, face->h));
	float away = hypotf(expected.x + expected.w / 2 - face->x - face->w / 2,
		expected.y + expected.h / 2 - face->y - face->h / 2);
	float ratio = fmaxf(expected.w, face->w) / fminf(expected.w, face->w);
	bool near = at_ms - track->last_ms <= GAP_MS && away < NEAR_MAX * side &&
		ratio < SIZE_MAX_RATIO;
	return near ? 1 - away / side : 0;
}

static void drop_ended(struct tracker *t, int64_t at_ms)
{
	for (int i = 0; i < TRACKS_MAX; i++) {
		struct track *track = &t->track[i];
		track->taken = false;
		if (track->id != 0 && at_ms - track->last_ms > TRACK_LOST_MS)
			track->id = 0;
	}
}

static void measure(struct tracker *t, const struct face *face, size_t count)
{
	for (int i = 0; i < TRACKS_MAX; i++) {
		for (size_t k = 0; k < count; k++)
			t->fit[i][k] = t->track[i].id == 0 || t->track[i].nowhere
				? 0
				: fit(&t->track[i], &face[k].box, t->now_ms);
	}
}

/* The best pair that is left, or false. */
static bool best_pair(const struct tracker *t, size_t count, const struct track_step *step,
	int *track, size_t *face)
{
	float best = 0;
	for (int i = 0; i < TRACKS_MAX; i++) {
		for (size_t k = 0; k < count && !t->track[i].taken; k++) {
			if (step[k].track != 0 || t->fit[i][k] <= best)
				continue;
			best = t->fit[i][k];
			*track = i;
			*face = k;
		}
	}
	return best > 0;
}

/* Whether another track might as well have gone on in this face. */
static bool doubtful(const struct tracker *t, int track, size_t face)
{
	float own = t->fit[track][face];
	for (int i = 0; i < TRACKS_MAX; i++) {
		if (i != track && t->fit[i][face] > DOUBT_SHARE * own)
			return true;
	}
	return own < 1 || t->now_ms - t->track[track].last_ms > GAP_MS;
}

static void move_to(struct tracker *t, struct track *track, const struct box *box)
{
	float dt = (float)(t->now_ms - track->last_ms);
	if (dt > 0 && dt <= GAP_MS) {
		float vx = (box->x + box->w / 2 - track->box.x - track->box.w / 2) / dt;
		float vy = (box->y + box->h / 2 - track->box.y - track->box.h / 2) / dt;
		track->vx += VELOCITY_NEW * (vx - track->vx);
		track->vy += VELOCITY_NEW * (vy - track->vy);
	} else if (dt > 0) {
		track->vx = track->vy = 0;
	}
	track->box = *box;
	track->last_ms = t->now_ms;
	track->taken = true;
}

/* A free place, or that of the track that was lost first; NULL when all are seen now. */
static struct track *place(struct tracker *t)
{
	struct track *oldest = NULL;
	for (int i = 0; i < TRACKS_MAX; i++) {
		struct track *track = &t->track[i];
		if (track->id == 0)
			return track;
		if (!seen_now(t, track) && (oldest == NULL || track->last_ms < oldest->last_ms))
			oldest = track;
	}
	return oldest;
}

static struct track *begin(struct tracker *t, const struct box *box)
{
	struct track *track = place(t);
	if (track == NULL)
		return NULL;
	*track = (struct track){
		.id = ++t->last_id, .box = *box, .last_ms = t->now_ms, .taken = true};
	return track;
}

static void want(const struct tracker *t, struct track_step *step)
{
	int i = index_of(t, step->track);
	if (i == NONE)
		return;
	const struct track *track = &t->track[i];
	int64_t gap = track->settled ? TRACK_RECHECK_MS : TRACK_LOOK_GAP_MS;
	bool due = !track->tried || t->now_ms - track->tried_ms >= gap;
	step->wanted = due || track->doubtful;
	step->urgency = track->doubtful ? 3 : !track->tried ? 2 : !track->settled;
}

void tracker_frame(struct tracker *t, int64_t at_ms, const struct face *face, size_t count,
	struct track_step *step)
{
	t->now_ms = at_ms > t->now_ms ? at_ms : t->now_ms + 1;
	for (size_t k = 0; k < count; k++)
		step[k] = (struct track_step){0};
	count = count < TRACKS_MAX ? count : TRACKS_MAX;
	drop_ended(t, t->now_ms);
	measure(t, face, count);
	int i = 0;
	size_t k = 0;
	while (best_pair(t, count, step, &i, &k)) {
		struct track *track = &t->track[i];
		track->doubtful = track->looks > 0 && (track->doubtful || doubtful(t, i, k));
		move_to(t, track, &face[k].box);
		step[k].track = track->id;
	}
	for (k = 0; k < count; k++) {
		if (step[k].track == 0) {
			const struct track *track = begin(t, &face[k].box);
			step[k].track = track != NULL ? track->id : 0;
		}
		want(t, &step[k]);
	}
}

void tracker_still(struct tracker *t, int64_t at_ms)
{
	int64_t before = t->now_ms;
	t->now_ms = at_ms > t->now_ms ? at_ms : t->now_ms + 1;
	drop_ended(t, t->now_ms);
	for (int i = 0; i < TRACKS_MAX; i++) {
		struct track *track = &t->track[i];
		if (track->id != 0 && track->last_ms == before)
			track->last_ms = t->now_ms;
	}
}

/* --- looks --- */

static float *row(const struct tracker *t, const struct track *track, size_t look)
{
	size_t first = (size_t)(track - t->track) * TRACK_LOOKS_MAX;
	return t->room + (first + look) * t->rule.dim;
}

static double distance(const float *a, const float *b, size_t dim)
{
	double sum = 0;
	for (size_t i = 0; i < dim; i++) {
		double d = (double)a[i] - (double)b[i];
		sum += d * d;
	}
	return sqrt(sum);
}

static double length_of(const float *v, size_t dim)
{
	double squared = 0;
	for (size_t i = 0; i < dim; i++)
		squared += (double)v[i] * (double)v[i];
	return sqrt(squared);
}

/* The weighted mean into `out`; gives that of the lengths. */
static double mean(
	const float *const *look, const float *weight, size_t count, size_t dim, float *out)
{
	double total = 0, length = 0;
	for (size_t k = 0; k < count; k++) {
		total += (double)weight[k];
		length += (double)weight[k] * length_of(look[k], dim);
	}
	for (size_t i = 0; i < dim; i++) {
		double sum = 0;
		for (size_t k = 0; k < count; k++)
			sum += (double)weight[k] * (double)look[k][i];
		out[i] = (float)(sum / total);
	}
	return length / total;
}

static void stretch(float *v, size_t dim, double length)
{
	double now = length_of(v, dim);
	for (size_t i = 0; i < dim && now > 0; i++)
		v[i] = (float)((double)v[i] * length / now);
}

void looks_fuse(const float *const *look, const float *weight, size_t count, size_t dim, float *out)
{
	stretch(out, dim, mean(look, weight, count, dim, out));
}

/* A track's looks as looks_fuse takes them. */
struct bundle {
	const float *look[TRACK_LOOKS_MAX];
	float weight[TRACK_LOOKS_MAX];
};

static struct bundle bundle_of(const struct tracker *t, const struct track *track)
{
	struct bundle b;
	for (size_t k = 0; k < track->looks; k++) {
		b.look[k] = row(t, track, k);
		b.weight[k] = track->look[k].quality;
	}
	return b;
}

/* INFINITY for a track without looks. */
static double distance_to(const struct tracker *t, const struct track *track, const float *v)
{
	if (track->id == 0 || track->looks == 0)
		return INFINITY;
	const struct bundle b = bundle_of(t, track);
	looks_fuse(b.look, b.weight, track->looks, t->rule.dim, t->middle);
	return distance(t->middle, v, t->rule.dim);
}

/* The track, other than `self`, that looks the same; lost ones only, or seen ones too. */
static struct track *owner(
	struct tracker *t, const struct track *self, const float *v, bool lost_only)
{
	struct track *best = NULL;
	double least = t->rule.same;
	for (int i = 0; i < TRACKS_MAX; i++) {
		struct track *track = &t->track[i];
		if (track == self || (lost_only && seen_now(t, track)))
			continue;
		double d = distance_to(t, track, v);
		if (d <= least) {
			least = d;
			best = track;
		}
	}
	return best;
}

/* Somebody else is where it was. It may come back, but not by its place. */
static void displace(const struct tracker *t, struct track *track)
{
	track->last_ms = t->now_ms - 1;
	track->nowhere = true;
}

/* The face of `from` is `to`'s; if `to` was seen elsewhere, that is `from`'s now, perhaps. */
static void exchange(const struct tracker *t, struct track *from, struct track *to)
{
	struct track kept = *to;
	to->box = from->box;
	to->vx = from->vx;
	to->vy = from->vy;
	to->last_ms = t->now_ms;
	to->nowhere = false;
	from->doubtful = true;
	if (kept.last_ms == t->now_ms) {
		from->box = kept.box;
		from->vx = kept.vx;
		from->vy = kept.vy;
	} else {
		displace(t, from);
	}
}

/* Of looks that follow too closely the better one: two pictures of one moment are one look. */
static bool replace_look(
	struct tracker *t, struct track *track, const float *embedding, float quality)
{
	struct seen_look *last = track->looks > 0 ? &track->look[track->looks - 1] : NULL;
	if (last == NULL || t->now_ms - last->at_ms >= TRACK_LOOK_GAP_MS)
		return false;
	if (quality > last->quality) {
		last->quality = quality;
		memcpy(row(t, track, track->looks - 1), embedding, t->rule.dim * sizeof(float));
	}
	return true;
}

static void keep_look(struct tracker *t, struct track *track, const float *embedding, float quality)
{
	size_t dim = t->rule.dim;
	track->doubtful = false;
	if (replace_look(t, track, embedding, quality))
		return;
	if (track->looks == TRACK_LOOKS_MAX) {
		track->looks--;
		memmove(track->look, track->look + 1, track->looks * sizeof(track->look[0]));
		memmove(row(t, track, 0), row(t, track, 1), track->looks * dim * sizeof(float));
	}
	track->look[track->looks] = (struct seen_look){t->now_ms, quality};
	memcpy(row(t, track, track->looks), embedding, dim * sizeof(float));
	track->looks++;
}

uint64_t tracker_look(struct tracker *t, uint64_t id, const float *embedding, float quality)
{
	int i = index_of(t, id);
	if (i == NONE)
		return 0;
	struct track *track = &t->track[i], *whose = track;
	track->tried = true;
	track->tried_ms = t->now_ms;
	if (!(quality >= TRACK_QUALITY_FLOOR) || !seen_now(t, track))
		return id;
	bool first = track->looks == 0;
	if (first || distance_to(t, track, embedding) > t->rule.other) {
		whose = owner(t, track, embedding, first);
		if (whose != NULL) {
			exchange(t, track, whose);
			track->id = first ? 0 : track->id; /* it never was one of its own */
		} else if (first) {
			whose = track;
		} else {
			const struct box box = track->box;
			displace(t, track);
			whose = begin(t, &box);
			if (whose == NULL)
				return 0;
		}
		whose->tried = true;
		whose->tried_ms = t->now_ms;
	}
	keep_look(t, whose, embedding, fminf(quality, 1));
	return whose->id;
}

bool tracker_fused(const struct tracker *t, uint64_t id, float *embedding, struct track_fused *out)
{
	int index = index_of(t, id);
	*out = (struct track_fused){0};
	if (index == NONE || t->track[index].looks == 0)
		return false;
	const struct track *track = &t->track[index];
	const struct bundle b = bundle_of(t, track);
	double length = mean(b.look, b.weight, track->looks, t->rule.dim, t->middle);
	double weight = 0, squared = 0, quality = 0;
	for (size_t k = 0; k < track->looks; k++) {
		double w = (double)b.weight[k];
		double d = distance(b.look[k], t->middle, t->rule.dim);
		weight += w;
		quality += w * w;
		squared += w * d * d;
	}
	out->looks = track->looks;
	out->first_ms = track->look[0].at_ms;
	out->last_ms = track->look[track->looks - 1].at_ms;
	out->quality = (float)(quality / weight);
	out->spread = sqrt(squared / weight);
	if (embedding != NULL) {
		memcpy(embedding, t->middle, t->rule.dim * sizeof(float));
		stretch(embedding, t->rule.dim, length);
	}
	return true;
}

void tracker_settle(struct tracker *t, uint64_t id, bool settled)
{
	int i = index_of(t, id);
	if (i != NONE)
		t->track[i].settled = settled;
}

void tracker_doubt(struct tracker *t, uint64_t id)
{
	int i = index_of(t, id);
	if (i != NONE)
		t->track[i].doubtful = t->track[i].looks > 0;
}

bool tracker_has(const struct tracker *t, uint64_t id)
{
	return index_of(t, id) != NONE;
}

size_t tracker_count(const struct tracker *t)
{
	size_t count = 0;
	for (int i = 0; i < TRACKS_MAX; i++)
		count += t->track[i].id != 0;
	return count;
}

bool tracker_unsettled(const struct tracker *t)
{
	for (int i = 0; i < TRACKS_MAX; i++) {
		if (seen_now(t, &t->track[i]) && !t->track[i].settled)
			return true;
	}
	return false;
}

uint64_t tracker_begun(const struct tracker *t)
{
	return t->last_id;
}
