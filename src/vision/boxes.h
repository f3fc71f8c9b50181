/* SPDX-License-Identifier: MIT */
/* From a detector's numbers to boxes. Pure, any thread. */
#ifndef VISION_BOXES_H
#define VISION_BOXES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "vision/face.h"

/* A box by its corners, in parts of the side of the detector's square input. */
struct detection {
	float left, top, right, bottom;
	float score;                   /* 0..1 */
	bool pointed;                  /* is there something in `point`? */
	struct point point[FACE_FIVE]; /* as face->five; in the box's unit */
};

/* Scales all of it by `factor`, then moves it by (x, y). */
void detection_move(struct detection *d, float factor, float x, float y);

/* A growing list; zero-initialise, release with detections_finish. */
struct detections {
	struct detection *item;
	size_t count, capacity;
};

/* Appends a copy; release the list with detections_finish. ERR_NOMEM. */
void detections_finish(struct detections *list);
enum err detections_add(
	struct detections *list, const struct detection *d, struct error *why) MUST_USE;

/*
 * A box of ssd_mobilenetv1 from its anchor (top, left, bottom, right) and code (y, x, h, w):
 * centre = anchor's centre + code / 10 * size, size = anchor's size * exp(code / 5);
 * face-api's ssdMobilenetv1/outputLayer.ts.
 */
struct detection ssd_box(const float anchor[static 4], const float code[static 4]);

/*
 * A box of tiny_face_detector from its five numbers (x, y, w, h, score logit), the cell's
 * column and row in a grid of `cells` a side, and its anchor (width, height) in cells;
 * face-api's tinyYolov2/TinyYolov2Base.ts.
 */
struct detection tiny_box(const float code[static 5], size_t column, size_t row, size_t cells,
	const float anchor[static 2]);

/* What YuNet gives for a cell of one stride: outputs of its network at the cell. */
struct yunet_cell {
	const float *face, *object; /* (1) each: two scores, 0..1 */
	/* (4) the centre's x and y from the cell's corner, log of width and height; in cells */
	const float *box;
	const float *point; /* (5, 2) from the cell's corner, in cells */
};

/*
 * A box of YuNet: score = sqrt(face * object). `stride` is a cell's side, in parts of the input's.
 */
struct detection yunet_box(const struct yunet_cell *cell, size_t column, size_t row, float stride);

/* 1 / (1 + e^-x). */
float sigmoid(float x);

/* Shared area by united area, 0..1; 0 where a box has no area. */
float box_overlap(const struct detection *a, const struct detection *b);

/*
 * Sorts best first (of equal scores the earlier one first) and drops every box that overlaps
 * a better one that stays by more than `overlap`, and all after the first `max`. ERR_NOMEM.
 */
enum err suppress(struct detections *list, float overlap, size_t max, struct error *why) MUST_USE;

/*
 * The same for boxes from several views: also drops a box that lies mostly (MERGE_INSIDE of
 * the smaller one) in a better one or around it. ERR_NOMEM.
 */
#define MERGE_INSIDE 0.5f
enum err merge(struct detections *list, float overlap, size_t max, struct error *why) MUST_USE;

/* A rectangle of whole pixels. */
struct area {
	int x, y, width, height;
};

/*
 * The pixels of a box: floored as face-api's extractFaces does it, then clipped to the
 * photo. Width or height 0: nothing of it lies in the photo.
 */
struct area box_area(const struct box *box, int photo_width, int photo_height);

#endif
