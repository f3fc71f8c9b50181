/* SPDX-License-Identifier: MIT */
#include "vision/eyes.h"

#include <math.h>
#include <stdlib.h>

#include "media/sample.h"
#include "vision/align.h"

/*
 * The windows of the eyes in an upright chip of that side without padding: an eye is 27 pixels
 * wide there (dlib's five-point template).
 */
enum { CHIP = 128, WIDE = 28, HIGH = 23, TOP = 17, EYES = 2 };
static const int window_left[EYES] = {17, 83};

/* The middle columns, where the iris is. */
enum { IRIS_LEFT = 9, IRIS_RIGHT = 19 };

/* Of a window's brightness: what is skin, and what is darkest. */
#define SKIN_SHARE 0.85
#define DARK_SHARE 0.02

/* Below both, eyes are shut more often than not. */
#define TEXTURE_SHUT 0.46f
#define DARK_SHUT 0.35f

struct eye {
	float texture; /* sideways changes of brightness by those up and down */
	float dark;    /* how dark the middle is, 0 as the skin .. 1 as the darkest */
};

static int by_level(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

static float level_at(const float *sorted, double share)
{
	return sorted[(int)(share * (WIDE * HIGH - 1))];
}

/*
 * An open eye has edges that stand: iris and white. A shut one has only those that lie: lid and
 * lashes; and it is dark in a thin line alone.
 */
static struct eye measure(const float *level)
{
	float sorted[WIDE * HIGH], across = 0, down = 0, dark = 0;
	for (int y = 0; y < HIGH; y++) {
		for (int x = 0; x < WIDE; x++) {
			const float *here = level + y * WIDE + x;
			sorted[y * WIDE + x] = *here;
			if (x > 0)
				across += fabsf(here[0] - here[-1]);
			if (y > 0)
				down += fabsf(here[0] - here[-WIDE]);
		}
	}
	qsort(sorted, WIDE * HIGH, sizeof(sorted[0]), by_level);
	float skin = level_at(sorted, SKIN_SHARE), least = level_at(sorted, DARK_SHARE);
	for (int y = 0; y < HIGH; y++) {
		for (int x = IRIS_LEFT; x < IRIS_RIGHT; x++) {
			float d = (skin - level[y * WIDE + x]) / fmaxf(skin - least, 1);
			dark += fminf(fmaxf(d, 0), 1);
		}
	}
	return (struct eye){across / fmaxf(down, 1), dark / (HIGH * (IRIS_RIGHT - IRIS_LEFT))};
}

float eyes_open(const struct image *photo, const struct point landmark[static FACE_POINTS])
{
	struct affine chip_map;
	float texture = 0, dark = 0;
	if (!align_map(landmark, CHIP, 0, &chip_map))
		return NAN;
	for (int k = 0; k < EYES; k++) {
		uint8_t rgb[WIDE * HIGH * 3];
		float level[WIDE * HIGH];
		struct image window = {WIDE, HIGH, rgb};
		struct affine map = chip_map;
		map.c += map.a * window_left[k] + map.b * TOP;
		map.f += map.d * window_left[k] + map.e * TOP;
		sample_warp(photo, &map, &window);
		for (int i = 0; i < WIDE * HIGH; i++)
			level[i] = 0.299f * rgb[3 * i] + 0.587f * rgb[3 * i + 1] +
				0.114f * rgb[3 * i + 2];
		struct eye eye = measure(level);
		texture += eye.texture / EYES;
		dark = fmaxf(dark, eye.dark);
	}
	return fmaxf(texture / TEXTURE_SHUT, dark / DARK_SHUT);
}
