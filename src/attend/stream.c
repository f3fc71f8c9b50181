/* SPDX-License-Identifier: MIT */
#include "attend/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whether anything moved: brightness in a grid, by some pixels of each cell. */
enum { GRID_WIDE = 32, GRID_HIGH = 24, CELL_SAMPLES = 5 };
/* Grey levels by which a cell's mean changes where something moved, and not by noise. */
#define MOVED_LEVELS 4.0f

/* From the model's table: see track.h. */
#define SAME_FMR 1e-4
#define OTHER_FMR 1e-3
/* Of the distance for `same`: looks with a smaller spread are next to the same picture. */
#define STILL_SHARE 0.15

/*
 * A face in brightness, coarsely, without its mean: where it correlates with the one before in
 * that place by less than this, it may be somebody else's. docs/accuracy.md, "Several looks".
 */
#define SAME_SIGHT 0.8f
enum { SIGHT_SIDE = 8, SIGHT = SIGHT_SIDE * SIGHT_SIDE };

struct sight {
	uint64_t track;
	float level[SIGHT];
};

struct stream {
	struct engine *engine; /* borrowed */
	struct tracker *tracker;
	struct witness *witness;
	struct face_list faces; /* of the latest frame that was looked at */
	struct track_step step[FACES_MAX];
	float grid[GRID_WIDE * GRID_HIGH]; /* of that frame */
	struct sight sight[TRACKS_MAX];    /* of its faces */
	size_t sights;
	bool begun;
	int64_t now_ms, shift_ms; /* the latest frame's time; what is added to the caller's */
	int64_t detected_ms;
	struct stream_work work;
};

enum err stream_new(struct stream **out, struct engine *e, const struct stream_options *options,
	struct error *why)
{
	*out = NULL;
	const struct fmr_curve *curve = engine_curve(e);
	if (!fmr_measured(curve->table))
		return err_set(why, ERR_UNSUPPORTED,
			"faces cannot be followed with the model '%s': it was never measured how "
			"often "
			"it takes people for others ('rollcall eval --table')",
			pipeline_embedding(engine_pipeline(e))->name);
	struct stream *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a stream");
	const struct track_rule rule = {
		.dim = pipeline_dim(engine_pipeline(e)),
		.same = fmr_distance(curve, SAME_FMR),
		.other = fmr_distance(curve, OTHER_FMR),
	};
	const struct witness_rule enough = {
		.looks = options->looks > 0 ? options->looks : WITNESS_LOOKS,
		.repeat_ms = options->repeat_ms,
		.still = STILL_SHARE * rule.same,
	};
	s->engine = e;
	enum err err = tracker_new(&s->tracker, &rule, why);
	if (err == OK)
		err = witness_new(&s->witness, &enough, why);
	if (err != OK) {
		stream_free(s);
		return err;
	}
	*out = s;
	return OK;
}

void stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	tracker_free(s->tracker);
	witness_free(s->witness);
	face_list_finish(&s->faces);
	free(s);
}

void stream_set_engine(struct stream *s, struct engine *e)
{
	s->engine = e;
}

/* --- movement --- */

static int within(float value, int limit)
{
	return value > 0 ? value < (float)limit - 1 ? (int)value : limit - 1 : 0;
}

/* Mean brightness of a part of the frame; what lies outside is as its edge. */
static float cell(const struct image *frame, const struct box *part)
{
	unsigned sum = 0;
	for (int j = 0; j < CELL_SAMPLES; j++) {
		float down = part->y + part->h * ((float)j + 0.5f) / CELL_SAMPLES;
		size_t y = (size_t)within(down, frame->height);
		for (int i = 0; i < CELL_SAMPLES; i++) {
			float across = part->x + part->w * ((float)i + 0.5f) / CELL_SAMPLES;
			size_t x = (size_t)within(across, frame->width);
			const uint8_t *p = frame->rgb + 3 * (y * (size_t)frame->width + x);
			sum += p[0] + 2u * p[1] + p[2];
		}
	}
	return (float)sum / (4 * CELL_SAMPLES * CELL_SAMPLES);
}

static void cells(
	const struct image *frame, const struct box *area, int wide, int high, float *level)
{
	struct box part = {.w = area->w / (float)wide, .h = area->h / (float)high};
	for (int i = 0; i < wide * high; i++) {
		part.x = area->x + part.w * (float)(i % wide);
		part.y = area->y + part.h * (float)(i / wide);
		level[i] = cell(frame, &part);
	}
}

/* Fills the grid of a frame; whether it differs from that of the last one looked at. */
static bool moved(const struct stream *s, const struct image *frame, float *grid)
{
	const struct box all = {0, 0, (float)frame->width, (float)frame->height};
	bool differs = !s->begun;
	cells(frame, &all, GRID_WIDE, GRID_HIGH, grid);
	for (int i = 0; i < GRID_WIDE * GRID_HIGH; i++)
		differs |= fabsf(grid[i] - s->grid[i]) > MOVED_LEVELS;
	return differs;
}

static void sight_of(const struct image *frame, const struct box *box, float *level)
{
	float mean = 0;
	cells(frame, box, SIGHT_SIDE, SIGHT_SIDE, level);
	for (int i = 0; i < SIGHT; i++)
		mean += level[i] / SIGHT;
	for (int i = 0; i < SIGHT; i++)
		level[i] -= mean;
}

static float correlation(const float *a, const float *b)
{
	float product = 0, aa = 0, bb = 0;
	for (int i = 0; i < SIGHT; i++) {
		product += a[i] * b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
	}
	return product / sqrtf(aa * bb + 1e-6f);
}

/* Doubts the tracks whose faces suddenly look different, and remembers the faces. */
static void compare_sights(struct stream *s, const struct image *frame)
{
	struct sight now[TRACKS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < s->faces.count && count < TRACKS_MAX; i++) {
		struct sight *sight = &now[count];
		sight->track = s->step[i].track;
		if (sight->track == 0)
			continue;
		count++;
		sight_of(frame, &s->faces.face[i].box, sight->level);
		for (size_t k = 0; k < s->sights; k++) {
			if (s->sight[k].track != sight->track ||
				correlation(s->sight[k].level, sight->level) >= SAME_SIGHT)
				continue;
			tracker_doubt(s->tracker, sight->track);
			s->step[i].wanted = true;
		}
	}
	memcpy(s->sight, now, count * sizeof(now[0]));
	s->sights = count;
}

/* --- looks --- */

/* The wanted look that is most urgent and has not been had, or faces.count. */
static size_t most_urgent(const struct stream *s)
{
	size_t best = s->faces.count;
	for (size_t i = 0; i < s->faces.count; i++) {
		const struct track_step *step = &s->step[i];
		if (step->wanted &&
			(best == s->faces.count || step->urgency > s->step[best].urgency))
			best = i;
	}
	return best;
}

static struct opinion opinion_of(const struct verdict *v, const struct person *p)
{
	return (struct opinion){v->decision, p->id, v->distance};
}

/* Looks at face `i`: its track, which has a look more unless `*seen` is false. */
static enum err look(struct stream *s, const struct image *frame, size_t i, int64_t at_ms,
	bool *seen, struct error *why)
{
	struct face *face = &s->faces.face[i];
	struct track_step *step = &s->step[i];
	struct pipeline *p = engine_pipeline(s->engine);
	struct verdict verdict;
	struct person person;
	step->wanted = false;
	enum err err = pipeline_points(p, frame, face, seen, why);
	if (err != OK || !*seen)
		return err;
	/* Too poor to count: not worth its embedding, but it was a try. */
	*seen = face->quality.score >= TRACK_QUALITY_FLOOR;
	if (*seen) {
		err = pipeline_embed(p, frame, face, why);
		s->work.looks++;
	}
	if (err != OK)
		return err;
	step->track = tracker_look(s->tracker, step->track, face->embedding, face->quality.score);
	if (!*seen || step->track == 0)
		return OK;
	err = engine_name(s->engine, face, &verdict, &person, why);
	const struct opinion opinion = opinion_of(&verdict, &person);
	if (err == OK)
		witness_look(s->witness, step->track, at_ms, &opinion);
	return err;
}

static void make_review(struct verdict *v, enum witness_call call)
{
	static const char *const reason[] = {
		[WITNESS_DISPUTED] = "looks at this face were taken for different people",
		[WITNESS_MIXED] = "too few of the looks at this face were like this person",
		[WITNESS_DOUBLE] = "another face in the picture is nearer to the same person",
	};
	if (call == WITNESS_TELL)
		return;
	v->decision = v->decision == DECISION_UNKNOWN ? DECISION_UNKNOWN : DECISION_REVIEW;
	v->reason = reason[call];
}

/* What all looks at a face come to, and whether it is to be told. */
static enum err judge(
	struct stream *s, size_t i, int64_t at_ms, struct stream_events *out, struct error *why)
{
	struct stream_event *event = &out->event[out->count];
	enum witness_call call;
	event->track = s->step[i].track;
	event->at_ms = at_ms;
	event->face = s->faces.face[i];
	if (!tracker_fused(s->tracker, event->track, event->face.embedding, &event->looks))
		return OK;
	event->face.quality.score = event->looks.quality;
	enum err err =
		engine_name_fused(s->engine, &event->face, &event->verdict, &event->person, why);
	const struct opinion opinion = opinion_of(&event->verdict, &event->person);
	if (err == OK)
		err = witness_judge(s->witness, event->track, &event->looks, &opinion, &call, why);
	if (err != OK)
		return err;
	bool settled = witness_settled(s->witness, event->track, at_ms);
	tracker_settle(s->tracker, event->track, settled);
	make_review(&event->verdict, call);
	out->count += call != WITNESS_WAIT;
	return OK;
}

static enum err look_at_some(struct stream *s, const struct image *frame, int64_t at_ms,
	struct stream_events *out, struct error *why)
{
	size_t looked[STREAM_LOOKS_A_FRAME], count = 0;
	enum err err = OK;
	for (size_t tries = 0; tries < s->faces.count && err == OK; tries++) {
		bool seen = false;
		size_t i = most_urgent(s);
		if (i == s->faces.count || count == STREAM_LOOKS_A_FRAME)
			break;
		err = look(s, frame, i, at_ms, &seen, why);
		if (seen)
			looked[count++] = i;
	}
	/* Only then: a look may have given a face to another track. */
	for (size_t k = 0; k < count && err == OK; k++)
		err = judge(s, looked[k], at_ms, out, why);
	return err;
}

/* A network camera that was away may begin to count anew: the stream's own time goes on. */
static int64_t own_time(struct stream *s, int64_t at_ms)
{
	if (at_ms + s->shift_ms < s->now_ms)
		s->shift_ms = s->now_ms + 1 - at_ms;
	s->now_ms = at_ms + s->shift_ms;
	return s->now_ms;
}

enum err stream_frame(struct stream *s, const struct image *frame, int64_t at_ms,
	struct stream_events *out, struct error *why)
{
	at_ms = own_time(s, at_ms);
	float grid[GRID_WIDE * GRID_HIGH];
	out->count = 0;
	s->work.frames++;
	bool still = !moved(s, frame, grid) && !tracker_unsettled(s->tracker);
	if (still && at_ms - s->detected_ms < STREAM_IDLE_MS) {
		tracker_still(s->tracker, at_ms);
		return OK;
	}
	enum err err = pipeline_run(
		engine_pipeline(s->engine), frame, PIPELINE_BOXES, &s->faces, NULL, why);
	if (err != OK)
		return err;
	memcpy(s->grid, grid, sizeof(grid));
	s->begun = true;
	s->detected_ms = at_ms;
	s->work.detected++;
	tracker_frame(s->tracker, at_ms, s->faces.face, s->faces.count, s->step);
	witness_forget(s->witness, s->tracker);
	compare_sights(s, frame);
	return look_at_some(s, frame, at_ms, out, why);
}

void stream_seen(const struct stream *s, const struct stream_event *event, struct seen *out)
{
	engine_seen_face(s->engine, &event->face, &event->verdict, &event->person, out);
	out->evidence.looks = (int64_t)event->looks.looks;
	out->evidence.span_ms = event->looks.last_ms - event->looks.first_ms;
}

size_t stream_faces(const struct stream *s, struct stream_face *out, size_t room)
{
	for (size_t i = 0; i < s->faces.count && i < room; i++) {
		const struct face *face = &s->faces.face[i];
		/* Boxes come without landmarks; a look adds them. */
		const struct point *first = &face->landmark[0], *nose = &face->landmark[30];
		out[i] = (struct stream_face){
			.box = face->box,
			.track = s->step[i].track,
			.looked = first->x != nose->x || first->y != nose->y,
			.landmark = face->landmark,
			.issues = face->quality.issues,
		};
	}
	return s->faces.count;
}

struct stream_work stream_work(const struct stream *s)
{
	struct stream_work work = s->work;
	work.tracks = (size_t)tracker_begun(s->tracker);
	return work;
}
