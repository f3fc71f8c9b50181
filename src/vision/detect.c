/* SPDX-License-Identifier: MIT */
#include "vision/detect.h"

#include <stdlib.h>

#include "media/sample.h"
#include "vision/detect_int.h"
#include "vision/net.h"

/*
 * Both detectors are unsure of faces that fill much of their input (in one of ten portraits
 * of LFW), and of small ones. What they are unsure of they look at again, in a window in
 * which it has the size that they know best; docs/accuracy.md has what that brings.
 */
enum { LOOKS_MAX = 4 };
#define LOOK_SCORE 0.1f /* from here on a detection is worth a second look */
#define LOOK_SIDES 4    /* of the box, in a side of the window */
#define LOOK_SAME 0.3f  /* overlap with the candidate that makes a find the same face */
#define LOOK_APART 0.2f /* overlap with a sure face up to which it is another one */

static const struct detector_ops *const detectors[] = {
	[DETECTOR_SSD] = &detect_ssd_ops,
	[DETECTOR_TINY] = &detect_tiny_ops,
};

enum err detector_open(struct detector **out, enum detector_kind kind, const char *models,
	size_t threads, struct error *why)
{
	*out = NULL;
	if ((size_t)kind >= sizeof(detectors) / sizeof(detectors[0]))
		return err_set(why, ERR_ARG, "there is no detector %d", (int)kind);
	struct detector *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the detector");
	d->ops = detectors[kind];
	enum err err = image_new(&d->view, (int)d->ops->size, (int)d->ops->size, why);
	if (err == OK)
		err = d->ops->open(d, models, threads, why);
	if (err != OK) {
		detector_close(d);
		return err;
	}
	*out = d;
	return OK;
}

void detector_close(struct detector *d)
{
	if (d == NULL)
		return;
	session_close(d->session);
	image_finish(&d->view);
	free(d->anchor);
	free(d);
}

const char *detector_name(const struct detector *d)
{
	return d->ops->name;
}

static enum err infer(
	struct detector *d, float min_score, struct detections *found, struct error *why)
{
	size_t size = d->ops->size;
	net_normalise(session_input(d->session, 0), size * size, d->ops->mean, d->ops->divisor);
	enum err err = session_run(d->session, why);
	if (err != OK)
		return err;
	return d->ops->decode(d, min_score, found, why);
}

enum err detector_run_raw(struct detector *d, const struct image *photo, float min_score,
	struct detections *found, struct error *why)
{
	found->count = 0;
	sample_square_tf(photo, 0, (int)d->ops->size, session_input(d->session, 0));
	return infer(d, min_score, found, why);
}

static float unit(float x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static void clamp(struct detection *d)
{
	d->left = unit(d->left);
	d->top = unit(d->top);
	d->right = unit(d->right);
	d->bottom = unit(d->bottom);
}

/* A square of the photo, in parts of its longer side; may reach beyond it. */
struct view {
	float left, top, side;
};

/* The detector on a window alone: appends what it finds, in parts of the photo. */
static enum err look(struct detector *d, const struct image *photo, const struct view *v,
	float min_score, struct detections *found, struct error *why)
{
	int size = (int)d->ops->size;
	size_t first = found->count;
	double longer = photo->width > photo->height ? photo->width : photo->height;
	double step = (double)v->side * longer / size;
	/* Pixels' centres to pixels' centres. */
	struct affine to_photo = {.a = step,
		.c = (double)v->left * longer + (step - 1) / 2,
		.e = step,
		.f = (double)v->top * longer + (step - 1) / 2};
	float *input = session_input(d->session, 0);
	sample_warp(photo, &to_photo, &d->view);
	for (size_t i = 0; i < (size_t)size * (size_t)size * 3; i++)
		input[i] = d->view.rgb[i];
	enum err err = infer(d, min_score, found, why);
	for (size_t i = first; i < found->count; i++) {
		struct detection *item = &found->item[i];
		item->left = v->left + item->left * v->side;
		item->top = v->top + item->top * v->side;
		item->right = v->left + item->right * v->side;
		item->bottom = v->top + item->bottom * v->side;
	}
	return err;
}

static struct view view_around(const struct detection *c)
{
	float width = c->right - c->left, height = c->bottom - c->top;
	float side = LOOK_SIDES * (width > height ? width : height);
	return (struct view){
		(c->left + c->right - side) / 2, (c->top + c->bottom - side) / 2, side};
}

static bool overlaps_any(
	const struct detection *d, const struct detection *item, size_t count, float limit)
{
	for (size_t i = 0; i < count; i++)
		if (box_overlap(d, &item[i]) > limit)
			return true;
	return false;
}

/* Looks at a candidate more closely; keeps what is found there of enough score. */
static enum err look_again(struct detector *d, const struct image *photo,
	const struct detection *candidate, float min_score, struct detections *found,
	struct error *why)
{
	size_t first = found->count, kept = first;
	struct view v = view_around(candidate);
	enum err err = look(d, photo, &v, min_score, found, why);
	for (size_t i = first; i < found->count; i++)
		if (overlaps_any(&found->item[i], candidate, 1, LOOK_SAME))
			found->item[kept++] = found->item[i];
	found->count = kept;
	return err;
}

enum err detector_run(struct detector *d, const struct image *photo, float min_score,
	struct detections *found, struct error *why)
{
	static const struct view whole = {-0.5f, -0.5f, 2};
	struct detection doubtful[LOOKS_MAX];
	size_t sure = 0, looks = 0;
	enum err err = detector_run_raw(
		d, photo, min_score < LOOK_SCORE ? min_score : LOOK_SCORE, found, why);
	if (err == OK)
		err = suppress(found, d->ops->overlap, FACES_MAX, why);
	while (sure < found->count && found->item[sure].score >= min_score)
		sure++;
	for (size_t i = sure; i < found->count && looks < LOOKS_MAX; i++)
		if (!overlaps_any(&found->item[i], found->item, sure, LOOK_APART))
			doubtful[looks++] = found->item[i];
	found->count = sure;
	for (size_t i = 0; err == OK && i < looks; i++)
		err = look_again(d, photo, &doubtful[i], min_score, found, why);
	if (err == OK && found->count == 0)
		err = look(d, photo, &whole, min_score, found, why);
	if (err == OK && found->count > sure)
		err = suppress(found, d->ops->overlap, FACES_MAX, why);
	for (size_t i = 0; err == OK && d->ops->clamp && i < found->count; i++)
		clamp(&found->item[i]);
	return err;
}
