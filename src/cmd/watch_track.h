/* SPDX-License-Identifier: MIT */
/*
 * From faces in frames to events: who has been seen often enough, in a short enough time, to
 * be written down. Pure: time is an argument. One thread at a time.
 */
#ifndef CMD_WATCH_TRACK_H
#define CMD_WATCH_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "attend/engine.h"
#include "base/err.h"

enum {
	WATCH_WINDOW_MS = 2000,  /* frames that are further apart do not confirm each other */
	WATCH_REPEAT_MS = 10000, /* review and unknown: at most once in this time a track */
	WATCH_CONFIRM_MIN = 2,   /* one good frame alone never marks */
	WATCH_CONFIRM_MAX = 30,
	WATCH_CONFIRM = 3,
};

struct watcher;

struct watch_rule {
	int confirm;       /* frames of a track that must agree; WATCH_CONFIRM_MIN.._MAX */
	int64_t repeat_ms; /* a person is not told again before this */
};

/* Makes an empty one. ERR_ARG for a rule out of range. */
enum err watcher_new(
	struct watcher **out, const struct watch_rule *rule, struct error *why) MUST_USE;
void watcher_free(struct watcher *w);

/*
 * Takes the faces of one frame at `at_ms` (never less than before) and says in tell[i] (of
 * faces.count) whether face i is an event now: its person was matched in `confirm` frames of
 * its track within WATCH_WINDOW_MS and nobody else was; or, for review and unknown, that many
 * frames were so and nobody was matched. ERR_NOMEM.
 */
enum err watcher_frame(struct watcher *w, int64_t at_ms, const struct identified *id, bool *tell,
	struct error *why) MUST_USE;

/* Faces that are followed at the moment. */
size_t watcher_tracks(const struct watcher *w);

#endif
