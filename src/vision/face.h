/* SPDX-License-Identifier: MIT */
/* What is known of one face in one photo. Plain data. */
#ifndef VISION_FACE_H
#define VISION_FACE_H

#include <stddef.h>
#include <stdint.h>

enum {
	FACE_POINTS = 68,
	FACE_FIVE = 5,
	FACE_DIM_MAX = 512, /* of an embedding: pipeline_dim has how many count */
	FACES_MAX = 512,    /* of one photo */
};

/* In pixels of the upright photo; x and y may lie outside it. */
struct box {
	float x, y, w, h;
};

struct point {
	float x, y;
};

/* What is wrong with a face's picture, as bits; quality_words() has the words. */
enum quality_issue {
	QUALITY_SMALL = 1 << 0,
	QUALITY_BLURRED = 1 << 1,
	QUALITY_DARK = 1 << 2,
	QUALITY_BRIGHT = 1 << 3,
	QUALITY_TURNED = 1 << 4,
	QUALITY_CUT = 1 << 5,
	QUALITY_EYES = 1 << 6,    /* shut, or behind dark glasses */
	QUALITY_SEVERAL = 1 << 7, /* of the photo: only for enrolment, quality_several */
};

struct quality {
	float score;     /* 0 (useless) .. 1 (good) */
	uint32_t issues; /* enum quality_issue, or'ed */
};

struct face {
	struct box box;
	float score; /* of the detector, 0..1 */
	struct point landmark[FACE_POINTS];
	/* Of `landmark`: eyes, nose's tip and mouth's corners, left ones of the picture first. */
	struct point five[FACE_FIVE];
	struct quality quality;
	float embedding[FACE_DIM_MAX];
};

/* A growing list; zero-initialise, release with face_list_finish. Sorted by score, best first. */
struct face_list {
	struct face *face;
	size_t count, capacity;
};

void face_list_finish(struct face_list *list);

/* A zeroed face at the end, or NULL when out of memory. Borrowed until the next call. */
struct face *face_list_add(struct face_list *list);

#endif
