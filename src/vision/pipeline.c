/* SPDX-License-Identifier: MIT */
#include "vision/pipeline.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/crew.h"
#include "base/mem.h"
#include "infer/session.h"
#include "vision/align.h"
#include "vision/detect.h"
#include "vision/embed.h"
#include "vision/landmarks.h"
#include "vision/model.h"
#include "vision/quality.h"

/* Candidates that are looked at closer, the best of a photo; more are judged by their scores. */
enum { UNSURE_MAX = 256 };

/* Of the smallest face wanted, what is still taken for one. */
#define SMALL_PART 0.5f

/*
 * The embedding is opened by the first run that needs it: detecting alone takes neither its
 * time nor its memory.
 */
struct pipeline {
	struct detector *detector;
	struct landmarks *landmarks[CREW_WORKERS_MAX]; /* (threads) others when needed */
	struct embed *embed[CREW_WORKERS_MAX];         /* (threads) NULL until needed */
	struct detections found;
	struct model detect_model, landmark_model, embed_model;
	struct detect_options detect;
	size_t threads;
};

_Static_assert((int)SESSION_THREADS_MAX <= (int)CREW_WORKERS_MAX, "each thread has its place");

static enum err check_options(const struct pipeline_options *options, struct error *why)
{
	if (options->threads < 0 || options->threads > SESSION_THREADS_MAX)
		return err_set(why, ERR_ARG, "%d threads: expected 1 to %d", options->threads,
			SESSION_THREADS_MAX);
	if (!(options->min_score >= 0 && options->min_score <= 1))
		return err_set(why, ERR_ARG, "a detection's score is 0 to 1, not %g",
			(double)options->min_score);
	if (options->min_face != 0 &&
		!(options->min_face >= MIN_FACE_LEAST && options->min_face <= MIN_FACE_MOST))
		return err_set(why, ERR_ARG, "the smallest face wanted is %d to %d pixels, not %g",
			MIN_FACE_LEAST, MIN_FACE_MOST, (double)options->min_face);
	return OK;
}

static const char *name_or(const char *name, const char *standard)
{
	return name != NULL && name[0] != '\0' ? name : standard;
}

/* A name that no model has is the caller's mistake, not a missing file. */
static enum err find_model(struct model *out, const struct model_places *places, const char *name,
	enum model_kind kind, struct error *why)
{
	struct model known;
	struct error reason = {0};
	enum err err = model_find(out, places, name, kind, why);
	if (err != ERR_NOT_FOUND)
		return err;
	if (model_known(&known, places, name, &reason) == ERR_NOT_FOUND)
		return err_set(why, ERR_ARG, "%s", reason.text);
	model_finish(&known);
	return err;
}

static enum err find_models(
	struct pipeline *p, const struct pipeline_options *options, struct error *why)
{
	char *shipped;
	enum err err = models_folder(options->models, &shipped, why);
	if (err != OK)
		return err;
	const struct model_places places = {.home = options->home_models, .shipped = shipped};
	const struct {
		struct model *model;
		const char *name;
		enum model_kind kind;
	} wanted[] = {
		{&p->detect_model, name_or(options->detector, MODEL_DEFAULT_DETECTOR),
			MODEL_DETECTOR},
		{&p->landmark_model, MODEL_DEFAULT_LANDMARKS, MODEL_LANDMARKS},
		{&p->embed_model, name_or(options->embedding, MODEL_DEFAULT_EMBEDDING),
			MODEL_EMBEDDING},
	};
	for (size_t i = 0; err == OK && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		err = find_model(wanted[i].model, &places, wanted[i].name, wanted[i].kind, why);
	free(shipped);
	return err;
}

enum err pipeline_open(
	struct pipeline **out, const struct pipeline_options *options, struct error *why)
{
	*out = NULL;
	enum err err = check_options(options, why);
	if (err != OK)
		return err;
	struct pipeline *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the pipeline");
	p->detect.min_score = options->min_score > 0 ? options->min_score : PIPELINE_MIN_SCORE;
	p->detect.min_face = options->min_face > 0 ? options->min_face : PIPELINE_MIN_FACE;
	p->threads = options->threads > 0 ? (size_t)options->threads : 1;
	err = find_models(p, options, why);
	/* First of all, while there is little else: its loading takes most memory. */
	if (err == OK && options->preload)
		err = embed_open(&p->embed[0], &p->embed_model, NULL, why);
	if (err == OK)
		err = detector_open(&p->detector, &p->detect_model, p->threads, why);
	if (err == OK)
		err = landmarks_open(&p->landmarks[0], &p->landmark_model, NULL, why);
	if (err != OK) {
		pipeline_close(p);
		return err;
	}
	*out = p;
	return OK;
}

void pipeline_close(struct pipeline *p)
{
	if (p == NULL)
		return;
	detector_close(p->detector);
	for (size_t i = 0; i < CREW_WORKERS_MAX; i++) {
		landmarks_close(p->landmarks[i]);
		embed_close(p->embed[i]);
	}
	detections_finish(&p->found);
	model_finish(&p->detect_model);
	model_finish(&p->landmark_model);
	model_finish(&p->embed_model);
	free(p);
}

const char *pipeline_model(const struct pipeline *p)
{
	return p->embed_model.manifest->id;
}

const struct manifest *pipeline_embedding(const struct pipeline *p)
{
	return p->embed_model.manifest;
}

size_t pipeline_dim(const struct pipeline *p)
{
	return p->embed_model.manifest->dim;
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* The time since *from, which becomes now. */
static double lap(double *from)
{
	double before = *from;
	*from = now_ms();
	return *from - before;
}

static struct box box_of(const struct detection *d, const struct image *photo)
{
	float side = (float)(photo->width > photo->height ? photo->width : photo->height);
	return (struct box){d->left * side, d->top * side, (d->right - d->left) * side,
		(d->bottom - d->top) * side};
}

static enum err find_points(struct landmarks *l, const struct image *photo, struct face *face,
	bool *is_face, struct error *why)
{
	struct affine map;
	*is_face = false;
	enum err err = landmarks_run(l, photo, face, why);
	if (err != OK || !align_map(face->landmark, 1, 0, &map))
		return err;
	landmarks_five(face->landmark, face->five);
	face->quality = quality_measure(photo, face);
	*is_face = true;
	return OK;
}

enum err pipeline_points(struct pipeline *p, const struct image *photo, struct face *face,
	bool *is_face, struct error *why)
{
	return find_points(p->landmarks[0], photo, face, is_face, why);
}

/* --- faces side by side ------------------------------------------------------------------ */

/* What the threads share. */
struct batch {
	struct pipeline *p;
	const struct image *photo;
	struct face_list *faces;
	enum pipeline_depth depth;
	size_t from[FACES_MAX]; /* which detection each face is of */
};

/* How many threads `faces` faces get. */
static size_t workers_for(const struct pipeline *p, size_t faces)
{
	return faces < p->threads ? faces : p->threads;
}

static enum err landmarks_ready(struct pipeline *p, size_t workers, struct error *why)
{
	enum err err = OK;
	for (size_t i = 1; i < workers && err == OK; i++)
		if (p->landmarks[i] == NULL)
			err = landmarks_open(
				&p->landmarks[i], &p->landmark_model, p->landmarks[0], why);
	return err;
}

static enum err embed_ready(struct pipeline *p, size_t workers, struct error *why)
{
	enum err err = OK;
	for (size_t i = 0; i < workers && err == OK; i++)
		if (p->embed[i] == NULL)
			err = embed_open(&p->embed[i], &p->embed_model, p->embed[0], why);
	return err;
}

/*
 * The signs of a face: its points guessed twice more (by the detector where it gives some, else
 * by the landmarks on another box; and on the mirror image), and a large one seen small.
 */
static enum err look_closer(const struct batch *b, size_t worker, const struct detection *d,
	const struct face *face, struct detect_signs *signs, struct error *why)
{
	const struct image *photo = b->photo;
	struct landmarks *l = b->p->landmarks[worker];
	float side = (float)(photo->width > photo->height ? photo->width : photo->height);
	struct point again[FACE_FIVE], mirrored[FACE_FIVE];
	enum err err = OK;
	for (int i = 0; d->pointed && i < FACE_FIVE; i++)
		again[i] = (struct point){d->point[i].x * side, d->point[i].y * side};
	if (!d->pointed)
		err = landmarks_again(l, photo, face, again, why);
	if (err == OK)
		err = landmarks_mirrored(l, photo, face, mirrored, why);
	*signs = (struct detect_signs){.misfit = align_misfit(face->landmark), .again = NAN};
	if (err != OK)
		return err;
	signs->apart = detector_apart(
		landmarks_apart(face->five, again), landmarks_apart(face->five, mirrored));
	if (!detector_large(b->p->detector, &face->box))
		return OK;
	return detector_again(b->p->detector, worker, photo, &face->box, &signs->again, why);
}

/* Points, quality and score of a face; the score is 0 if it is none. */
static enum err points_of(void *ctx, size_t worker, size_t i, struct error *why)
{
	struct batch *b = ctx;
	const struct detector *detector = b->p->detector;
	const struct detection *d = &b->p->found.item[b->from[i]];
	struct face *face = &b->faces->face[i];
	struct detect_signs signs;
	bool is_face = false;
	bool look = !detector_sure(detector, d->score) && i < UNSURE_MAX;
	enum err err = find_points(b->p->landmarks[worker], b->photo, face, &is_face, why);
	if (err == OK && is_face && look)
		err = look_closer(b, worker, d, face, &signs, why);
	face->score = 0;
	if (err == OK && is_face)
		face->score =
			detector_confidence(detector, b->photo, d->score, look ? &signs : NULL);
	return err;
}

/* The second looks of detector_again, if there will be any. */
static enum err again_ready(const struct batch *b, size_t workers, struct error *why)
{
	struct detector *d = b->p->detector;
	for (size_t i = 0; i < b->faces->count && i < UNSURE_MAX; i++)
		if (detector_large(d, &b->faces->face[i].box) &&
			!detector_sure(d, b->p->found.item[b->from[i]].score))
			return detector_again_ready(d, workers, why);
	return OK;
}

static enum err find_all_points(struct batch *b, struct error *why)
{
	struct face_list *faces = b->faces;
	const size_t workers = workers_for(b->p, faces->count);
	enum err err = landmarks_ready(b->p, workers, why);
	if (err == OK)
		err = again_ready(b, workers, why);
	if (err == OK)
		err = crew_run(workers, faces->count, points_of, b, why);
	return err;
}

static int by_score(const void *a, const void *b)
{
	const struct face *left = a, *right = b;
	return (left->score < right->score) - (left->score > right->score);
}

/*
 * Detections to faces, unless boxes are enough with landmarks and quality. What lies outside
 * the photo, and what the landmarks make no face of, is no face.
 */
static enum err find_faces(struct pipeline *p, const struct image *photo, bool boxes_only,
	struct face_list *faces, struct error *why)
{
	struct batch b = {.p = p, .photo = photo, .faces = faces};
	for (size_t i = 0; i < p->found.count && faces->count < FACES_MAX; i++) {
		struct box box = box_of(&p->found.item[i], photo);
		struct area area = box_area(&box, photo->width, photo->height);
		if (area.width == 0 || area.height == 0 || box.w < p->detect.min_face * SMALL_PART)
			continue;
		struct face *face = face_list_add(faces);
		if (face == NULL)
			return err_set(why, ERR_NOMEM, "no memory for %zu faces", i + 1);
		face->box = box;
		face->score = detector_confidence(p->detector, photo, p->found.item[i].score, NULL);
		b.from[faces->count - 1] = i;
	}
	enum err err = boxes_only ? OK : find_all_points(&b, why);
	size_t kept = 0;
	for (size_t i = 0; err == OK && i < faces->count; i++)
		if (faces->face[i].score >= p->detect.min_score)
			faces->face[kept++] = faces->face[i];
	faces->count = kept;
	if (kept > 0)
		qsort(faces->face, kept, sizeof(*faces->face), by_score);
	return err;
}

enum err pipeline_embed(
	struct pipeline *p, const struct image *photo, struct face *face, struct error *why)
{
	enum err err = embed_ready(p, 1, why);
	return err == OK ? embed_run(p->embed[0], photo, face, why) : err;
}

/* For a template, where five points decide about it, these are found once more in the mirror. */
static enum err refine_five(
	struct landmarks *l, const struct image *photo, struct face *face, struct error *why)
{
	struct point other[FACE_FIVE];
	enum err err = landmarks_mirrored(l, photo, face, other, why);
	for (int i = 0; err == OK && i < FACE_FIVE; i++) {
		face->five[i].x = (face->five[i].x + other[i].x) / 2;
		face->five[i].y = (face->five[i].y + other[i].y) / 2;
	}
	return err;
}

static enum err embedding_of(void *ctx, size_t worker, size_t i, struct error *why)
{
	const struct batch *b = ctx;
	struct embed *e = b->p->embed[worker];
	struct face *face = &b->faces->face[i];
	enum err err = OK;
	if (b->depth != PIPELINE_TEMPLATE)
		return embed_run(e, b->photo, face, why);
	if (embed_by_five(e))
		err = refine_five(b->p->landmarks[worker], b->photo, face, why);
	return err == OK ? embed_run_twice(e, b->photo, face, why) : err;
}

static enum err find_embeddings(struct pipeline *p, const struct image *photo,
	enum pipeline_depth depth, struct face_list *faces, struct error *why)
{
	const size_t workers = workers_for(p, faces->count);
	struct batch b = {.p = p, .photo = photo, .faces = faces, .depth = depth};
	enum err err = embed_ready(p, workers, why);
	if (err == OK)
		err = landmarks_ready(p, workers, why);
	return err == OK ? crew_run(workers, faces->count, embedding_of, &b, why) : err;
}

enum err pipeline_run(struct pipeline *p, const struct image *photo, enum pipeline_depth depth,
	struct face_list *faces, struct pipeline_times *times, struct error *why)
{
	struct pipeline_times spent = {0};
	double from = now_ms();
	faces->count = 0;
	p->detect.live = depth == PIPELINE_BOXES;
	enum err err = detector_run(p->detector, photo, &p->detect, &p->found, why);
	spent.detect = lap(&from);
	if (err == OK)
		err = find_faces(p, photo, depth == PIPELINE_BOXES, faces, why);
	spent.landmarks = lap(&from);
	bool embed = depth == PIPELINE_EMBED || depth == PIPELINE_TEMPLATE;
	if (err == OK && embed && faces->count > 0)
		err = find_embeddings(p, photo, depth, faces, why);
	spent.embed = lap(&from);
	if (err != OK)
		faces->count = 0;
	if (times != NULL)
		*times = spent;
	return err;
}
