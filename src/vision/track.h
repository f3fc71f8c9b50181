/* SPDX-License-Identifier: MIT */
/*
 * Faces followed over the frames of one stream, and what was seen of each put together. A track
 * is a face that goes on being in about the place where it is expected and does not come to look
 * like somebody else; a look is one embedding of it. Pure: no clock, no network. One thread at a
 * time a tracker.
 *
 * Every frame: tracker_frame says which track each face continues and of which faces a look is
 * wanted; the caller embeds those, tells them by tracker_look, and reads by tracker_fused what
 * a track's looks come to.
 */
#ifndef VISION_TRACK_H
#define VISION_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vision/face.h"

enum {
	TRACKS_MAX = 64,     /* at a time; more faces are not followed */
	TRACK_LOOKS_MAX = 8, /* that are kept of a track: the latest */
	TRACK_DIM_MAX = 1024,
	TRACK_LOST_MS = 2000, /* a track ends after this time without its face */
	/*
	 * Looks of a talking face come to differ as those of other photos do within a second, and
	 * to two thirds of that within 200 ms (docs/accuracy.md, "Several looks").
	 */
	TRACK_LOOK_GAP_MS = 200,
	TRACK_RECHECK_MS = 2000, /* the same for a track of which the caller knows enough */
};

/*
 * Looks of a lower quality count for nothing: such probes match strangers more often than good
 * ones do (docs/accuracy.md, "Quality").
 */
#define TRACK_QUALITY_FLOOR 0.30f

struct track_rule {
	size_t dim; /* of the embeddings, 1..TRACK_DIM_MAX */
	/*
	 * Euclidean distances, from the model's table: up to `same` a face that comes up
	 * elsewhere is one that was lost; beyond `other` a look is of somebody else.
	 */
	double same, other;
};

struct tracker;

/* An empty one. ERR_ARG for a rule out of range. */
enum err tracker_new(
	struct tracker **out, const struct track_rule *rule, struct error *why) MUST_USE;
void tracker_free(struct tracker *t);

/* What tracker_frame says of one face. Track ids count from 1 and never come again. */
struct track_step {
	uint64_t track; /* 0: not followed, there are too many */
	bool wanted;    /* a look at this face is wanted now */
	int urgency;    /* the larger the sooner, where not all wanted looks can be had */
};

/*
 * Takes the boxes of a frame's faces (best first; of `face` only `box` is read) at `at_ms`,
 * which never goes back, and fills step[0..count).
 */
void tracker_frame(struct tracker *t, int64_t at_ms, const struct face *face, size_t count,
	struct track_step *step);

/* A frame in which nothing moved: all faces of the one before are where they were. */
void tracker_still(struct tracker *t, int64_t at_ms);

/*
 * Adds a look at a face of the current frame: its embedding (rule.dim numbers) and its quality.
 * Gives the track it belongs to: the one given; or another, when the face is that of
 * somebody who was seen elsewhere a moment ago, or when it is somebody else who took the place
 * (a new track; the old one is lost). A look below the floor changes nothing. 0: no such track.
 */
uint64_t tracker_look(struct tracker *t, uint64_t track, const float *embedding, float quality);

/*
 * The middle of looks (dim numbers each) by their weights, at their own mean length, so that of
 * looks of length 1 it has length 1. The mean of differing vectors is shorter than they are,
 * and a shorter vector is nearer to everybody. `count` at least 1 and at most TRACK_LOOKS_MAX,
 * weights over 0. Any thread.
 */
void looks_fuse(
	const float *const *look, const float *weight, size_t count, size_t dim, float *out);

/* What the looks of a track come to. */
struct track_fused {
	size_t looks;              /* that counted; at most TRACK_LOOKS_MAX */
	int64_t first_ms, last_ms; /* of these looks */
	float quality;             /* their mean, weighted as they are */
	double spread;             /* root of the mean squared distance from their middle */
};

/*
 * A track's looks together, as looks_fuse gives it with their quality as weight: rule.dim numbers
 * into `embedding`, which may be NULL. False without a look that counts, or such a track.
 */
bool tracker_fused(
	const struct tracker *t, uint64_t track, float *embedding, struct track_fused *out);

/*
 * The caller knows enough of a track, or (false) does not any more: looks are wanted only now
 * and then, to see whether it still is the same face.
 */
void tracker_settle(struct tracker *t, uint64_t track, bool settled);

/* The face may be another's, from what the caller sees: a look is wanted in the next frame. */
void tracker_doubt(struct tracker *t, uint64_t track);

/* Whether a track is there still, seen or lost. */
bool tracker_has(const struct tracker *t, uint64_t track);

/* Tracks at the moment, lost ones among them; and whether one that is seen is not settled. */
size_t tracker_count(const struct tracker *t);
bool tracker_unsettled(const struct tracker *t);
/* How many there ever were. */
uint64_t tracker_begun(const struct tracker *t);

#endif
