/* SPDX-License-Identifier: MIT */
#include "vision/detect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crew.h"
#include "base/mem.h"
#include "media/sample.h"
#include "vision/detect_int.h"

enum {
	PHOTO_MAX = 1024, /* of a photo of few pixels */
	VIEW_MIN = 128,   /* side of an input, at least */
	VIEW_FINE = 320,  /* beyond it, sides are multiples of twice the step */
	VIEW_FEW = 320,   /* a small photo is enlarged to it */
	FRAME_MAX = 640,  /* the longer side of what a camera gives */
	VIEW_WHOLE = 330, /* a photo seen at this size needs no coarser look */
	VIEW_MAX = 768,   /* beyond it, several views */
	SEAM = 64,        /* by which views overlap */
	LEVEL_RATIO = 3,  /* of one level's step to the next finer one's */
	LOOK_ROOM = 96,   /* of a second look's input, beside the face */
	LOOKS_MAX = 32,   /* candidates of a photo that are looked at again */
	STEP_LEAST = 8,   /* of a network's input's sides */
	STEP_MOST = 64,
};

#define LOOK_SCORE 0.1f      /* from here on a detection is worth a second look */
#define LOOK_SURE 0.97f      /* and from here on it needs none */
#define LOOK_SURE_FRAME 0.8f /* nor from here on in a camera's frame */
/*
 * What the mean of all looks must be, in parts of min_score. A large photo has hundreds of
 * times as many places where something may look like a face.
 */
#define LOOK_MEAN_FRAME 0.5f /* up to FRAME_MAX pixels */
#define LOOK_MEAN_PHOTO 0.7f /* up to PHOTO_MAX */
#define LOOK_MEAN_LARGE 0.8f
#define LOOK_SAME 0.3f  /* overlap with the candidate that makes a find the same face */
#define LOOK_APART 0.2f /* overlap with a sure face up to which it is another one */

static const struct detector_ops *const detectors[] = {
	&detect_ssd_ops,
	&detect_tiny_ops,
	&detect_yunet_ops,
};

static const struct detector_ops *ops_for(const char *decoder)
{
	for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]); i++)
		if (strcmp(detectors[i]->decoder, decoder) == 0)
			return detectors[i];
	return NULL;
}

static enum err open_helpers(struct detector *d, size_t threads, struct error *why)
{
	d->helper = mem_array(threads, sizeof(*d->helper));
	if (d->helper == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the detector");
	for (; d->helpers + 1 < threads; d->helpers++)
		d->helper[d->helpers] = (struct detector){
			.ops = d->ops, .model = d->model, .step = d->step, .lead = d};
	return OK;
}

enum err detector_open(
	struct detector **out, const struct model *model, size_t threads, struct error *why)
{
	const struct manifest *m = model->manifest;
	struct detector_net *n;
	*out = NULL;
	struct detector *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the detector");
	d->ops = ops_for(m->decoder);
	d->model = model;
	d->step = m->input.multiple;
	enum err err = OK;
	if (m->kind != MODEL_DETECTOR || d->ops == NULL)
		err = err_set(why, ERR_UNSUPPORTED,
			"model '%s': nothing here reads the output of a %s of the kind '%s'",
			m->name, model_kind_word(m->kind), m->decoder);
	else if (d->step < STEP_LEAST || d->step > STEP_MOST)
		err = err_set(why, ERR_UNSUPPORTED,
			"model '%s': it must take inputs in multiples of %d to %d pixels, not %d",
			m->name, STEP_LEAST, STEP_MOST, d->step);
	else
		err = detector_net(d, VIEW_FEW, VIEW_FEW, &n, why);
	if (err == OK)
		err = open_helpers(d, threads, why);
	if (err != OK) {
		detector_close(d);
		return err;
	}
	*out = d;
	return OK;
}

enum err detector_run_raw(struct detector *d, const struct image *photo, float min_score,
	struct detections *found, struct error *why)
{
	struct detector_net *n;
	found->count = 0;
	int size = d->ops->size;
	enum err err = detector_net(d, size, size, &n, why);
	if (err != OK)
		return err;
	sample_square_tf(photo, 0, size, session_input(n->session, 0));
	return detector_infer(d, n, min_score, found, why);
}

/* --- the looks that a photo is given --------------------------------------------------- */

/* How closely the whole photo is looked at, once: in views of equal size beside each other. */
struct level {
	double step; /* photo's pixels a pixel seen */
	int columns, rows, width, height;
};

static int longer_side(const struct image *photo)
{
	return photo->width > photo->height ? photo->width : photo->height;
}

static int views_for(double pixels)
{
	return pixels <= VIEW_MAX ? 1 : (int)ceil((pixels - SEAM) / (VIEW_MAX - SEAM));
}

/* A side that `count` views of it, with seams, cover `pixels`; of few different sizes. */
static int view_side(double pixels, int count, int step)
{
	int side = (int)ceil((pixels + (count - 1) * (double)SEAM) / count);
	if (side > VIEW_FINE)
		step *= 2;
	side = (side + step - 1) / step * step;
	return side < VIEW_MIN ? VIEW_MIN : side;
}

static struct level level_of(const struct image *photo, double step, int multiple)
{
	double width = photo->width / step, height = photo->height / step;
	struct level l = {step, views_for(width), views_for(height), 0, 0};
	l.width = view_side(width, l.columns, multiple);
	l.height = view_side(height, l.rows, multiple);
	return l;
}

/* Where view `i` of `count` begins: the first at the edge, the last ends at the other. */
static double view_begin(int i, int count, double pixels, double side)
{
	return count > 1 ? i * (pixels - side) / (count - 1) : 0;
}

/*
 * Half a face at a seam is a whole one in the next view, if it is no larger than the seam;
 * if it is, a coarser level has it whole.
 */
static bool cut_by_seam(
	const struct detection *f, const struct sample_window *v, const struct image *photo)
{
	double right = v->left + v->step * v->width, bottom = v->top + v->step * v->height;
	double near = 2 * v->step;
	return (v->left > 0 && f->left < v->left + near) ||
		(v->top > 0 && f->top < v->top + near) ||
		(right < photo->width && f->right > right - near) ||
		(bottom < photo->height && f->bottom > bottom - near);
}

/* A level on its way; each view has a list of its own, so that threads change nothing. */
struct scan {
	struct detector *d;
	const struct image *photo;
	const struct level *level;
	float min_score;
	struct detections *seen; /* (views) */
};

static enum err scan_view(void *ctx, size_t worker, size_t i, struct error *why)
{
	const struct scan *s = ctx;
	const struct level *l = s->level;
	const int column = (int)i % l->columns, row = (int)i / l->columns;
	struct detections *seen = &s->seen[i];
	struct sample_window v = {.step = l->step, .width = l->width, .height = l->height};
	v.left = view_begin(column, l->columns, s->photo->width, l->step * l->width);
	v.top = view_begin(row, l->rows, s->photo->height, l->step * l->height);
	struct detector *d = detector_of(s->d, worker);
	enum err err = detector_look(d, s->photo, &v, s->min_score, seen, why);
	size_t kept = 0;
	for (size_t k = 0; k < seen->count; k++)
		if (!cut_by_seam(&seen->item[k], &v, s->photo))
			seen->item[kept++] = seen->item[k];
	seen->count = kept;
	return err;
}

static enum err scan_level(struct detector *d, const struct image *photo, const struct level *l,
	float min_score, struct detections *found, struct error *why)
{
	const size_t views = (size_t)l->columns * (size_t)l->rows, workers = d->helpers + 1;
	struct scan s = {d, photo, l, min_score, mem_array(views, sizeof(*s.seen))};
	if (s.seen == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu views", views);
	enum err err =
		detector_ready(d, views < workers ? views : workers, l->width, l->height, why);
	if (err == OK)
		err = crew_run(workers, views, scan_view, &s, why);
	for (size_t i = 0; i < views; i++) {
		for (size_t k = 0; err == OK && k < s.seen[i].count; k++)
			err = detections_add(found, &s.seen[i].item[k], why);
		detections_finish(&s.seen[i]);
	}
	free(s.seen);
	return err;
}

/*
 * The step of the closest look. The smallest face is face_good pixels in it; in a camera's
 * frame, which must be quick, face_least. A small photo is enlarged: it costs little.
 */
static double finest(const struct detector *d, double longer, double min_face)
{
	bool frame = longer <= FRAME_MAX;
	double step = min_face / (frame ? d->ops->face_least : d->ops->face_good);
	return frame ? fmin(step, longer / VIEW_FEW) : step;
}

/* All levels, from the smallest face wanted to one that fills the photo. */
static enum err scan(struct detector *d, const struct image *photo,
	const struct detect_options *options, struct detections *found, struct error *why)
{
	double longer = longer_side(photo);
	enum err err = OK;
	for (double step = finest(d, longer, (double)options->min_face);; step *= LEVEL_RATIO) {
		struct level l = level_of(photo, step, d->step);
		err = scan_level(d, photo, &l, LOOK_SCORE, found, why);
		if (err != OK || longer / step <= VIEW_WHOLE)
			return err;
	}
}

/* --- second looks ---------------------------------------------------------------------- */

static bool overlaps_any(
	const struct detection *d, const struct detection *item, size_t count, float limit)
{
	for (size_t i = 0; i < count; i++)
		if (box_overlap(d, &item[i]) > limit)
			return true;
	return false;
}

static int look_side(const struct detector *d, int size)
{
	int side = (size + LOOK_ROOM + d->step - 1) / d->step * d->step;
	return side < VIEW_MIN ? VIEW_MIN : side;
}

/* What the detector finds of a candidate where it is `size` pixels of its input. */
static enum err look_at(struct detector *d, const struct image *photo, const struct detection *c,
	int size, struct detections *seen, struct error *why)
{
	double width = (double)c->right - c->left, height = (double)c->bottom - c->top;
	double step = fmax(width, height) / size;
	int side = look_side(d, size);
	struct sample_window v = {((double)c->left + c->right - step * side) / 2,
		((double)c->top + c->bottom - step * side) / 2, step, side, side};
	seen->count = 0;
	return step > 0 ? detector_look(d, photo, &v, LOOK_SCORE, seen, why) : OK;
}

static float mean_wanted(const struct image *photo)
{
	int side = longer_side(photo);
	return side <= FRAME_MAX    ? LOOK_MEAN_FRAME
		: side <= PHOTO_MAX ? LOOK_MEAN_PHOTO
				    : LOOK_MEAN_LARGE;
}

/*
 * Looks at a candidate again, in the sizes that the detector knows best: what a texture looks
 * like at one scale it does not at another. The mean score of all looks decides; the
 * score becomes the best of them, or 0.
 */
static enum err look_again(struct detector *d, const struct image *photo, float min_score,
	struct detection *c, struct error *why)
{
	struct detections seen = {0};
	float sum = c->score, best = sum;
	float enough = mean_wanted(photo) * min_score * (DETECTOR_LOOKS + 1);
	enum err err = OK;
	for (int look = 0; err == OK && look < DETECTOR_LOOKS; look++) {
		float score = 0;
		if (sum + (float)(DETECTOR_LOOKS - look) < enough)
			break; /* whatever it will see */
		err = look_at(d, photo, c, d->ops->look[look], &seen, why);
		for (size_t i = 0; i < seen.count; i++) {
			const struct detection *s = &seen.item[i];
			if (box_overlap(s, c) <= LOOK_SAME)
				continue;
			score = fmaxf(score, s->score);
		}
		sum += score;
		best = fmaxf(best, score);
	}
	detections_finish(&seen);
	c->score = sum >= enough ? fmaxf(best, min_score) : 0;
	return err;
}

/* Candidates that are looked at again side by side. */
struct looks {
	struct detector *d;
	const struct image *photo;
	float min_score;
	struct detection candidate[CREW_WORKERS_MAX];
	size_t count;
};

static enum err look_again_at(void *ctx, size_t worker, size_t i, struct error *why)
{
	struct looks *l = ctx;
	struct detector *d = detector_of(l->d, worker);
	return look_again(d, l->photo, l->min_score, &l->candidate[i], why);
}

static enum err look_together(struct looks *l, struct error *why)
{
	const size_t workers = l->d->helpers + 1;
	enum err err = OK;
	for (int i = 0; i < DETECTOR_LOOKS && l->count > 0 && err == OK; i++) {
		const int side = look_side(l->d, l->d->ops->look[i]);
		err = detector_ready(l->d, workers, side, side, why);
	}
	return err == OK ? crew_run(workers, l->count, look_again_at, l, why) : err;
}

/*
 * Keeps the sure ones and those of the others that a second look makes sure of; where one was
 * kept, there is no other. As many as there are threads are looked at ahead: where one of
 * them makes another needless, its look was for nothing, but the result is the same.
 */
static enum err settle(struct detector *d, const struct image *photo,
	const struct detect_options *options, struct detections *found, struct error *why)
{
	enum err err = OK;
	size_t kept = 0, looks = 0, at = 0;
	const size_t ahead = d->helpers + 1;
	float sure = longer_side(photo) <= FRAME_MAX ? LOOK_SURE_FRAME : LOOK_SURE;
	for (; at < found->count && found->item[at].score >= sure; at++)
		if (found->item[at].score >= options->min_score)
			found->item[kept++] = found->item[at];
	while (err == OK && at < found->count && looks < LOOKS_MAX) {
		struct looks l = {d, photo, options->min_score, {{0}}, 0};
		for (; at < found->count && l.count < ahead && l.count < CREW_WORKERS_MAX; at++)
			if (!overlaps_any(&found->item[at], found->item, kept, LOOK_APART))
				l.candidate[l.count++] = found->item[at];
		err = look_together(&l, why);
		for (size_t i = 0; err == OK && i < l.count && looks < LOOKS_MAX; i++) {
			const struct detection *c = &l.candidate[i];
			if (overlaps_any(c, found->item, kept, LOOK_APART))
				continue;
			looks++;
			if (c->score >= options->min_score)
				found->item[kept++] = *c;
		}
	}
	found->count = kept;
	return err;
}

/*
 * Something is there, but no look was sure: a small photo is seen once more as the package
 * itself sees it, large and as a whole, and what that gives holds. A large face that is turned
 * or tilted may be sure in this view alone.
 */
static enum err see_whole(struct detector *d, const struct image *photo, float min_score,
	struct detections *found, struct error *why)
{
	double longer = longer_side(photo);
	if (longer > FRAME_MAX)
		return OK;
	struct level l = level_of(photo, longer / d->ops->size, d->step);
	return scan_level(d, photo, &l, min_score, found, why);
}

/* --- all together ---------------------------------------------------------------------- */

static void to_parts(struct detection *f, const struct image *photo, bool clamp)
{
	float width = (float)photo->width, height = (float)photo->height;
	if (clamp) {
		f->left = fmaxf(f->left, 0);
		f->top = fmaxf(f->top, 0);
		f->right = fminf(f->right, width);
		f->bottom = fminf(f->bottom, height);
	}
	detection_move(f, 1 / fmaxf(width, height), 0, 0);
}

enum err detector_run(struct detector *d, const struct image *photo,
	const struct detect_options *options, struct detections *found, struct error *why)
{
	found->count = 0;
	enum err err = scan(d, photo, options, found, why);
	if (err == OK)
		err = merge(found, d->ops->overlap, FACES_MAX, why);
	bool any = found->count > 0;
	if (err == OK)
		err = settle(d, photo, options, found, why);
	if (err == OK && any && found->count == 0)
		err = see_whole(d, photo, options->min_score, found, why);
	if (err == OK)
		err = merge(found, d->ops->overlap, FACES_MAX, why);
	for (size_t i = 0; err == OK && i < found->count; i++)
		to_parts(&found->item[i], photo, d->ops->clamp);
	return err;
}
