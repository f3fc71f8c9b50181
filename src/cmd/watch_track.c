/* SPDX-License-Identifier: MIT */
#include "cmd/watch_track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	LOOKS_MAX = 128, /* of a track's window: two seconds at 60 frames a second, and some */
	NEVER = -1,      /* index of no track */
};

/* A face is the track's when their boxes overlap by this much of their union ... */
#define SAME_PLACE 0.3
/* ... and it does not look like somebody else; or, anywhere in the frame, looks the same. */
#define OTHER_LOOKS 0.9
#define SAME_LOOKS 0.4

struct look_back {
	int64_t at_ms;
	bool match;
	char person_id[UUID_TEXT];
};

/* Invariant: look[] holds the latest `looks` frames of the window, oldest first. */
struct track {
	struct box box;
	float embedding[FACE_DIM_MAX];
	int64_t last_ms;
	int64_t doubt_told_ms; /* review or unknown was told; valid if doubt_told */
	bool doubt_told;
	bool taken; /* by a face of the current frame */
	struct look_back look[LOOKS_MAX];
	size_t looks;
};

struct told {
	char person_id[UUID_TEXT];
	int64_t at_ms;
};

struct watcher {
	struct watch_rule rule;
	struct track **track;
	size_t tracks, tracks_capacity;
	struct told *told;
	size_t people, people_capacity;
};

enum err watcher_new(struct watcher **out, const struct watch_rule *rule, struct error *why)
{
	*out = NULL;
	if (rule->confirm < WATCH_CONFIRM_MIN || rule->confirm > WATCH_CONFIRM_MAX)
		return err_set(why, ERR_ARG, "%d frames to confirm: expected %d to %d",
			rule->confirm, WATCH_CONFIRM_MIN, WATCH_CONFIRM_MAX);
	struct watcher *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(why, ERR_NOMEM, "out of memory");
	w->rule = *rule;
	*out = w;
	return OK;
}

void watcher_free(struct watcher *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->tracks; i++)
		free(w->track[i]);
	free(w->track);
	free(w->told);
	free(w);
}

size_t watcher_tracks(const struct watcher *w)
{
	return w->tracks;
}

/* --- which face is which track --- */

static double overlap(const struct box *a, const struct box *b)
{
	double left = fmax((double)a->x, (double)b->x);
	double top = fmax((double)a->y, (double)b->y);
	double right = fmin((double)a->x + (double)a->w, (double)b->x + (double)b->w);
	double bottom = fmin((double)a->y + (double)a->h, (double)b->y + (double)b->h);
	if (right <= left || bottom <= top)
		return 0;
	double both = (right - left) * (bottom - top);
	return both / ((double)a->w * (double)a->h + (double)b->w * (double)b->h - both);
}

static double distance(const float *a, const float *b)
{
	double sum = 0;
	for (size_t i = 0; i < FACE_DIM_MAX; i++) {
		double d = (double)a[i] - (double)b[i];
		sum += d * d;
	}
	return sqrt(sum);
}

/* How well a face continues a track; 0 = not at all. Place counts more than looks. */
static double fit(const struct track *t, const struct face *face)
{
	double place = overlap(&t->box, &face->box);
	double looks = distance(t->embedding, face->embedding);
	if (place >= SAME_PLACE && looks < OTHER_LOOKS)
		return 1 + place;
	return looks <= SAME_LOOKS ? 1 - looks : 0;
}

/* The free track that a face fits best, or NEVER. Faces come best first, so they choose first. */
static int best_track(const struct watcher *w, const struct face *face)
{
	int best = NEVER;
	double best_fit = 0;
	for (size_t i = 0; i < w->tracks; i++) {
		if (w->track[i]->taken)
			continue;
		double f = fit(w->track[i], face);
		if (f > best_fit) {
			best_fit = f;
			best = (int)i;
		}
	}
	return best;
}

static struct track *follow(struct watcher *w, const struct face *face, int64_t at_ms)
{
	int i = best_track(w, face);
	struct track *t = i == NEVER ? NULL : w->track[i];
	if (!t) {
		void *tracks = w->track;
		if (!mem_grow(&tracks, w->tracks, &w->tracks_capacity, sizeof(*w->track)))
			return NULL;
		w->track = tracks;
		t = calloc(1, sizeof(*t));
		if (!t)
			return NULL;
		w->track[w->tracks++] = t;
	}
	t->box = face->box;
	memcpy(t->embedding, face->embedding, sizeof(t->embedding));
	t->last_ms = at_ms;
	t->taken = true;
	return t;
}

/* Forgets tracks that ended and frames that are too old. */
static void forget(struct watcher *w, int64_t at_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->tracks; i++) {
		struct track *t = w->track[i];
		if (at_ms - t->last_ms > WATCH_WINDOW_MS) {
			free(t);
			continue;
		}
		size_t old = 0;
		while (old < t->looks && at_ms - t->look[old].at_ms > WATCH_WINDOW_MS)
			old++;
		t->looks -= old;
		memmove(t->look, t->look + old, t->looks * sizeof(t->look[0]));
		t->taken = false;
		w->track[kept++] = t;
	}
	w->tracks = kept;
}

/* --- what a track says --- */

static void remember(
	struct track *t, int64_t at_ms, const struct verdict *verdict, const char *person_id)
{
	if (t->looks == LOOKS_MAX) {
		t->looks--;
		memmove(t->look, t->look + 1, t->looks * sizeof(t->look[0]));
	}
	struct look_back *look = &t->look[t->looks++];
	*look = (struct look_back){at_ms, verdict->decision == DECISION_MATCH, ""};
	if (look->match)
		snprintf(look->person_id, sizeof(look->person_id), "%s", person_id);
}

static bool confirmed_match(const struct watcher *w, const struct track *t, const char *person_id)
{
	int agree = 0;
	for (size_t i = 0; i < t->looks; i++) {
		if (!t->look[i].match)
			continue;
		if (strcmp(t->look[i].person_id, person_id) != 0)
			return false;
		agree++;
	}
	return agree >= w->rule.confirm;
}

static bool confirmed_doubt(const struct watcher *w, const struct track *t)
{
	for (size_t i = 0; i < t->looks; i++) {
		if (t->look[i].match)
			return false;
	}
	return t->looks >= (size_t)w->rule.confirm;
}

/* Whether the person is to be told now; remembers that. False in *ok when out of memory. */
static bool tell_person(struct watcher *w, const char *person_id, int64_t at_ms, bool *ok)
{
	for (size_t i = 0; i < w->people; i++) {
		struct told *told = &w->told[i];
		if (strcmp(told->person_id, person_id) != 0)
			continue;
		if (at_ms - told->at_ms < w->rule.repeat_ms)
			return false;
		told->at_ms = at_ms;
		return true;
	}
	void *people = w->told;
	if (!mem_grow(&people, w->people, &w->people_capacity, sizeof(*w->told))) {
		*ok = false;
		return false;
	}
	w->told = people;
	struct told *told = &w->told[w->people++];
	snprintf(told->person_id, sizeof(told->person_id), "%s", person_id);
	told->at_ms = at_ms;
	return true;
}

static bool tell_doubt(struct track *t, int64_t at_ms)
{
	if (t->doubt_told && at_ms - t->doubt_told_ms < WATCH_REPEAT_MS)
		return false;
	t->doubt_told = true;
	t->doubt_told_ms = at_ms;
	return true;
}

enum err watcher_frame(struct watcher *w, int64_t at_ms, const struct identified *id, bool *tell,
	struct error *why)
{
	forget(w, at_ms);
	for (size_t i = 0; i < id->faces.count; i++) {
		const struct verdict *verdict = &id->verdict[i];
		const char *person_id = id->person[i].id;
		struct track *t = follow(w, &id->faces.face[i], at_ms);
		bool ok = t != NULL;
		tell[i] = false;
		if (ok) {
			remember(t, at_ms, verdict, person_id);
			if (verdict->decision == DECISION_MATCH)
				tell[i] = confirmed_match(w, t, person_id) &&
					tell_person(w, person_id, at_ms, &ok);
			else
				tell[i] = confirmed_doubt(w, t) && tell_doubt(t, at_ms);
		}
		if (!ok)
			return err_set(why, ERR_NOMEM, "out of memory");
	}
	return OK;
}
