/* SPDX-License-Identifier: MIT */
#include "vision/detect.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crew.h"
#include "base/mem.h"
#include "media/sample.h"
#include "vision/detect_int.h"

enum {
	VIEW_MIN = 128,   /* side of an input, at least */
	VIEW_FINE = 320,  /* beyond it, sides are multiples of twice the step */
	VIEW_FEW = 320,   /* a small photo is enlarged to it */
	VIEW_WHOLE = 330, /* a photo seen at this size needs no coarser look */
	VIEW_MAX = 768,   /* beyond it, several views */
	SEAM = 64,        /* by which views overlap */
	NEAR_SHARE = 10,  /* a face of this part of the photo is somebody near the camera */
	STEP_LEAST = 8,   /* of a network's input's sides */
	STEP_MOST = 64,
};

/* Up to how many pixels, the longer side, a photo is of a class. */
static const int class_max[PHOTO_CLASSES] = {
	[PHOTO_SMALL] = 640,
	[PHOTO_MEDIUM] = 1024,
	[PHOTO_LARGE] = INT_MAX,
};

/*
 * How well two guesses at a face's points agree (face_disagreement): an offset, about the least
 * that there is, and what is usual for faces.
 */
#define APART_OFFSET 0.02f
#define APART_USUAL 0.06f

/* Greater disagreement says no more. */
#define APART_CUT (-0.6f)
#define MISFIT_OFFSET 0.005f
#define MISFIT_USUAL 0.02f

/* A second look: of the least score, on the same place by this overlap, and it counts down to... */
#define AGAIN_SCORE 0.001f
#define AGAIN_OVERLAP 0.3f
#define AGAIN_LEAST (-5.0f)

/* The confidence of a face whose points disagree so much must still be enough to skip the check. */
#define APART_FACE 0.5f
#define SURE_MARGIN 1.0f

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

static enum photo_class class_of(const struct image *photo)
{
	int c = PHOTO_SMALL;
	while (longer_side(photo) > class_max[c])
		c++;
	return (enum photo_class)c;
}

static float logit(float score)
{
	return logf(score / (1 - score));
}

/* What a network's score says where nobody compares. */
static float confidence(const struct detector *d, float score, float apart)
{
	const struct detector_trust *t = &d->ops->trust;
	return t->bias + t->score * logit(score) - t->apart * logf(apart + APART_OFFSET);
}

/* The least score that may become a face, with points that agree as well as they can. */
static float least_score(
	const struct detector *d, const struct detect_options *options, enum photo_class c)
{
	const struct detector_proof *t = &d->ops->proof;
	float wanted = logit(options->min_score) + t->bar[c];
	float signs = t->apart * logf(2 * APART_OFFSET) + t->shape * logf(MISFIT_OFFSET);
	return fmaxf(sigmoid((wanted - t->bias + signs) / t->score), d->ops->trust.least);
}

static bool is_sure(const struct detector *d, enum photo_class c, float score)
{
	return confidence(d, score, APART_FACE) >= d->ops->trust.bar[c] + SURE_MARGIN;
}

/* All levels, from the smallest face wanted to one that fills the photo. */
static enum err scan(struct detector *d, const struct image *photo, float min_face, float least,
	struct detections *found, struct error *why)
{
	enum photo_class c = class_of(photo);
	double longer = longer_side(photo);
	double step = (double)min_face / (double)d->ops->scan[c].face;
	enum err err = OK;
	if (c == PHOTO_SMALL)
		step = fmin(step, longer / VIEW_FEW);
	for (;; step *= (double)d->ops->scan[c].ratio) {
		struct level l = level_of(photo, step, d->step);
		err = scan_level(d, photo, &l, least, found, why);
		if (err != OK || longer / step <= VIEW_WHOLE)
			return err;
	}
}

/*
 * A small photo at a glance, as quickly as a camera's frame must be seen. Enough when somebody
 * is near the camera and there is no sign of anybody else who must be looked at more closely.
 */
static enum err glance(struct detector *d, const struct image *photo, float least, bool *enough,
	struct detections *found, struct error *why)
{
	struct level l = level_of(photo, longer_side(photo) / (double)VIEW_FEW, d->step);
	enum err err = scan_level(d, photo, &l, least, found, why);
	if (err == OK)
		err = merge(found, d->ops->overlap, FACES_MAX, why);
	float largest = 0;
	*enough = true;
	for (size_t i = 0; i < found->count; i++) {
		const struct detection *f = &found->item[i];
		*enough = *enough && is_sure(d, PHOTO_SMALL, f->score);
		largest = fmaxf(largest, f->right - f->left);
	}
	*enough = *enough && largest * NEAR_SHARE >= (float)longer_side(photo);
	return err;
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
	enum photo_class c = class_of(photo);
	float least = least_score(d, options, c);
	bool enough = false;
	enum err err = OK;
	found->count = 0;
	if (c == PHOTO_SMALL)
		err = glance(d, photo, least, &enough, found, why);
	if (err == OK && !enough && !(options->live && c == PHOTO_SMALL))
		err = scan(d, photo, options->min_face, least, found, why);
	if (err == OK)
		err = merge(found, d->ops->overlap, FACES_MAX, why);
	for (size_t i = 0; err == OK && i < found->count; i++)
		to_parts(&found->item[i], photo, d->ops->clamp);
	return err;
}

bool detector_sure(const struct detector *d, float score)
{
	return logit(score) >= d->ops->proof.sure;
}

float detector_apart(float first, float second)
{
	return (logf(first + APART_OFFSET) + logf(second + APART_OFFSET)) / 2;
}

float detector_confidence(const struct detector *d, const struct image *photo, float score,
	const struct detect_signs *signs)
{
	const struct detector_proof *t = &d->ops->proof;
	enum photo_class c = class_of(photo);
	if (signs == NULL) {
		float apart = is_sure(d, c, score) ? APART_USUAL : APART_FACE;
		return sigmoid(confidence(d, score, apart) - d->ops->trust.bar[c]);
	}
	float apart = fminf(signs->apart, APART_CUT);
	float value = t->bias + t->score * logit(score) - t->apart * apart -
		t->shape * logf(signs->misfit + MISFIT_OFFSET);
	if (!isnan(signs->again))
		value += t->again * fminf(signs->again - t->enough, 0);
	return sigmoid(value - t->bar[c]);
}

bool detector_large(const struct detector *d, const struct box *box)
{
	return box->w >= d->ops->proof.large;
}

enum err detector_again_ready(struct detector *d, size_t workers, struct error *why)
{
	const int side = d->ops->proof.view;
	return side > 0 ? detector_ready(d, workers, side, side, why) : OK;
}

enum err detector_again(struct detector *d, size_t worker, const struct image *photo,
	const struct box *box, float *odds, struct error *why)
{
	const struct detector_proof *t = &d->ops->proof;
	const struct detection face = {
		.left = box->x, .top = box->y, .right = box->x + box->w, .bottom = box->y + box->h};
	struct detections seen = {0};
	struct sample_window v = {.step = (double)fmaxf(box->w, box->h) / t->face,
		.width = t->view,
		.height = t->view};
	v.left = (double)(box->x + box->w / 2) - v.step * t->view / 2;
	v.top = (double)(box->y + box->h / 2) - v.step * t->view / 2;
	enum err err = detector_look(detector_of(d, worker), photo, &v, AGAIN_SCORE, &seen, why);
	*odds = AGAIN_LEAST;
	for (size_t i = 0; err == OK && i < seen.count; i++)
		if (box_overlap(&seen.item[i], &face) > AGAIN_OVERLAP)
			*odds = fmaxf(*odds, logit(seen.item[i].score));
	detections_finish(&seen);
	return err;
}
