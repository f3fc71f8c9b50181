/* SPDX-License-Identifier: MIT */
#include "vision/boxes.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

void detections_finish(struct detections *list)
{
	free(list->item);
	*list = (struct detections){0};
}

enum err detections_add(struct detections *list, const struct detection *d, struct error *why)
{
	if (!mem_grow((void **)&list->item, list->count, &list->capacity, sizeof(*list->item)))
		return err_set(why, ERR_NOMEM, "no memory for %zu detections", list->count + 1);
	list->item[list->count++] = *d;
	return OK;
}

float sigmoid(float x)
{
	return 1 / (1 + expf(-x));
}

void detection_move(struct detection *d, float factor, float x, float y)
{
	d->left = x + d->left * factor;
	d->top = y + d->top * factor;
	d->right = x + d->right * factor;
	d->bottom = y + d->bottom * factor;
	for (int i = 0; i < FACE_FIVE; i++) {
		d->point[i].x = x + d->point[i].x * factor;
		d->point[i].y = y + d->point[i].y * factor;
	}
}

static struct detection centred(float x, float y, float width, float height, float score)
{
	return (struct detection){.left = x - width / 2,
		.top = y - height / 2,
		.right = x + width / 2,
		.bottom = y + height / 2,
		.score = score};
}

struct detection ssd_box(const float anchor[static 4], const float code[static 4])
{
	float height = anchor[2] - anchor[0], width = anchor[3] - anchor[1];
	float y = anchor[0] + height / 2 + code[0] / 10 * height;
	float x = anchor[1] + width / 2 + code[1] / 10 * width;
	return centred(x, y, expf(code[3] / 5) * width, expf(code[2] / 5) * height, 0);
}

struct detection tiny_box(const float code[static 5], size_t column, size_t row, size_t cells,
	const float anchor[static 2])
{
	float side = (float)cells;
	return centred(((float)column + sigmoid(code[0])) / side,
		((float)row + sigmoid(code[1])) / side, expf(code[2]) * anchor[0] / side,
		expf(code[3]) * anchor[1] / side, sigmoid(code[4]));
}

static float unit(float x)
{
	return fminf(fmaxf(x, 0), 1);
}

struct detection yunet_box(const struct yunet_cell *cell, size_t column, size_t row, float stride)
{
	float x = (float)column, y = (float)row;
	struct detection d = centred((x + cell->box[0]) * stride, (y + cell->box[1]) * stride,
		expf(cell->box[2]) * stride, expf(cell->box[3]) * stride,
		sqrtf(unit(*cell->face) * unit(*cell->object)));
	d.pointed = true;
	for (int i = 0; i < FACE_FIVE; i++)
		d.point[i] = (struct point){
			(x + cell->point[2 * i]) * stride, (y + cell->point[2 * i + 1]) * stride};
	return d;
}

static float area_of(const struct detection *d)
{
	return (d->right - d->left) * (d->bottom - d->top);
}

float box_overlap(const struct detection *a, const struct detection *b)
{
	float width = fminf(a->right, b->right) - fmaxf(a->left, b->left);
	float height = fminf(a->bottom, b->bottom) - fmaxf(a->top, b->top);
	/* Written so that NAN gives 0. */
	if (!(width > 0 && height > 0 && area_of(a) > 0 && area_of(b) > 0))
		return 0;
	float shared = width * height;
	return shared / (area_of(a) + area_of(b) - shared);
}

/* Sorting keeps no order of equals: the list's own, left in `order`, decides. */
struct ranked {
	struct detection d;
	size_t order;
};

static int by_score(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;
	if (left->d.score != right->d.score)
		return left->d.score > right->d.score ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

static enum err sort_by_score(struct detections *list, struct error *why)
{
	struct ranked *ranked = mem_array(list->count, sizeof(*ranked));
	if (ranked == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu detections", list->count);
	for (size_t i = 0; i < list->count; i++)
		ranked[i] = (struct ranked){list->item[i], i};
	qsort(ranked, list->count, sizeof(*ranked), by_score);
	for (size_t i = 0; i < list->count; i++)
		list->item[i] = ranked[i].d;
	free(ranked);
	return OK;
}

/* The shared area by the smaller one's. */
static float box_inside(const struct detection *a, const struct detection *b)
{
	float overlap = box_overlap(a, b), first = area_of(a), second = area_of(b);
	return overlap > 0 ? overlap / (1 + overlap) * (first + second) / fminf(first, second) : 0;
}

/* Best first, without those that overlap or, up to `inside`, contain one another too much. */
static enum err thin(
	struct detections *list, float overlap, float inside, size_t max, struct error *why)
{
	enum err err = sort_by_score(list, why);
	if (err != OK)
		return err;
	size_t kept = 0;
	for (size_t i = 0; i < list->count && kept < max; i++) {
		size_t j = 0;
		while (j < kept && box_overlap(&list->item[i], &list->item[j]) <= overlap &&
			box_inside(&list->item[i], &list->item[j]) <= inside)
			j++;
		if (j == kept)
			list->item[kept++] = list->item[i];
	}
	list->count = kept;
	return OK;
}

enum err suppress(struct detections *list, float overlap, size_t max, struct error *why)
{
	return thin(list, overlap, INFINITY, max, why);
}

enum err merge(struct detections *list, float overlap, size_t max, struct error *why)
{
	return thin(list, overlap, MERGE_INSIDE, max, why);
}

struct area box_area(const struct box *box, int photo_width, int photo_height)
{
	float side = 1 << 24; /* beyond any photo, and exact in a float */
	float x = floorf(fminf(fmaxf(box->x, -side), side));
	float y = floorf(fminf(fmaxf(box->y, -side), side));
	float right = x + floorf(fminf(fmaxf(box->w, 0), side));
	float bottom = y + floorf(fminf(fmaxf(box->h, 0), side));
	x = fmaxf(x, 0);
	y = fmaxf(y, 0);
	right = fminf(right, (float)photo_width);
	bottom = fminf(bottom, (float)photo_height);
	struct area area = {(int)x, (int)y, (int)(right - x), (int)(bottom - y)};
	if (!(right > x && bottom > y))
		area.width = area.height = 0;
	return area;
}
