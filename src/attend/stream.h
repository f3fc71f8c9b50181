/* SPDX-License-Identifier: MIT */
/*
 * Frames of one camera, file or kiosk in, people who were surely seen out: detection, tracks,
 * looks, decisions. One stream a source; it borrows an engine, and both belong to one thread at a
 * time.
 */
#ifndef ATTEND_STREAM_H
#define ATTEND_STREAM_H

#include "attend/engine.h"
#include "attend/witness.h"

enum {
	STREAM_LOOKS_A_FRAME = 2, /* embeddings; who does not get one waits for the next frame */
	STREAM_IDLE_MS = 1000,    /* a picture in which nothing moves is looked at so often */
};

struct stream_options {
	int looks;         /* of one face that must agree; 0 = WITNESS_LOOKS */
	int64_t repeat_ms; /* a person is not told again before this */
};

struct stream;

/* A stream that has seen nothing yet. ERR_ARG for options out of range. */
enum err stream_new(struct stream **out, struct engine *e, const struct stream_options *options,
	struct error *why) MUST_USE;
void stream_free(struct stream *s);
/*
 * From now on frames are looked at by this engine, which is borrowed until the next call: one of
 * the same model (pipeline_model), organisation and group.
 */
void stream_set_engine(struct stream *s, struct engine *e);

/* Somebody who is to be written down, or a doubt about somebody. */
struct stream_event {
	uint64_t track;
	int64_t at_ms; /* of the latest look, in the stream's time */
	/* Box, landmarks and score of the latest look; embedding and quality of all together. */
	struct face face;
	struct track_fused looks;
	struct verdict verdict; /* on all looks together */
	struct person person;   /* id "" = nobody */
};

struct stream_events {
	struct stream_event event[STREAM_LOOKS_A_FRAME];
	size_t count;
};

/*
 * Takes a frame at `at_ms` (0 or more, of any clock; when it goes back, it is taken to go on from
 * where it was) and fills `out` with what is to be told now. Pixels are not kept.
 */
enum err stream_frame(struct stream *s, const struct image *frame, int64_t at_ms,
	struct stream_events *out, struct error *why) MUST_USE;

/* An event as the register wants it, as engine_seen does, with how it was looked at. */
void stream_seen(const struct stream *s, const struct stream_event *event, struct seen *out);

/* A face of the latest frame, for whoever draws it. */
struct stream_face {
	struct box box;
	uint64_t track; /* 0 = not followed */
	/* What this frame's look at it gave, if there was one; borrowed until the next frame. */
	bool looked;
	const struct point *landmark; /* FACE_POINTS */
	uint32_t issues;              /* of its quality */
};
/* Copies at most `room` of them; gives how many there are. */
size_t stream_faces(const struct stream *s, struct stream_face *out, size_t room);

/* How much was done, since the beginning. */
struct stream_work {
	size_t frames, detected, looks, tracks;
};
struct stream_work stream_work(const struct stream *s);

#endif
