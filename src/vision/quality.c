/* SPDX-License-Identifier: MIT */
#include "vision/quality.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "media/sample.h"
#include "vision/align.h"
#include "vision/eyes.h"

/*
 * Every measure becomes a part of the score: 0 at `bad` and beyond, 1/2 at `limit`, 1 at
 * `good` and beyond, straight between. Past the limit it is an issue. The score is the
 * worst part. How the limits were chosen: docs/accuracy.md, "Quality".
 */
struct scale {
	float bad, limit, good;
};

/* Side of the detector's box in pixels. */
static const struct scale scale_size = {12, 30, 60};
/* Variance of the Laplacian by variance of brightness. */
static const struct scale scale_sharp = {0.005f, 0.02f, 0.05f};
/* Mean brightness, 0..255. */
static const struct scale scale_dark = {15, 40, 80};
static const struct scale scale_bright = {250, 220, 190};
/* How far the nose's tip is from the middle of the eyes' outer corners, by half their distance. */
static const struct scale scale_turned = {1.2f, 0.7f, 0.3f};
/* Share of the face's square that lies outside the photo. */
static const struct scale scale_cut = {0.4f, 0.12f, 0};

/*
 * How open the eyes are (eyes.h). Shut ones are told to whoever enrols; they harm recognition
 * little, so that the score never falls far.
 */
static const struct scale scale_eyes = {0.45f, 0.95f, 1.05f};
/* Smaller faces have too few pixels for their eyes. Side of the box. */
#define EYES_FACE_MIN 64
/* Of the largest face's side: what is as large may be meant as well. */
#define SEVERAL_SHARE 0.5f

/* The face is looked at in its own resolution, within these sides. */
enum { LOOK_MIN = 24, LOOK_MAX = 64 };

enum { POINT_EYE_LEFT = 36, POINT_EYE_RIGHT = 45, POINT_NOSE_TIP = 30 };

static float part(const struct scale *s, float value)
{
	float t;
	if ((value < s->limit) == (s->bad < s->limit))
		t = 0.5f * (value - s->bad) / (s->limit - s->bad);
	else
		t = 0.5f + 0.5f * (value - s->limit) / (s->good - s->limit);
	return t > 0 ? t < 1 ? t : 1 : 0;
}

/* What is seen in an upright picture of the face. */
struct look {
	float mean;  /* brightness, 0..255 */
	float sharp; /* see scale_sharp */
};

static float luma(const struct image *image, int x, int y)
{
	const uint8_t *p = image->rgb + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
	return 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
}

static struct look look_at(const struct image *chip)
{
	double sum = 0, squares = 0, edge = 0, edge_squares = 0;
	for (int y = 1; y + 1 < chip->height; y++) {
		for (int x = 1; x + 1 < chip->width; x++) {
			float here = luma(chip, x, y);
			float laplacian = luma(chip, x - 1, y) + luma(chip, x + 1, y) +
				luma(chip, x, y - 1) + luma(chip, x, y + 1) - 4 * here;
			sum += here;
			squares += (double)here * here;
			edge += laplacian;
			edge_squares += (double)laplacian * laplacian;
		}
	}
	double n = (double)(chip->width - 2) * (chip->height - 2);
	double mean = sum / n, variance = squares / n - mean * mean;
	double edge_variance = edge_squares / n - edge / n * (edge / n);
	/* A picture without any contrast is not sharp: one grey level of noise is the floor. */
	return (struct look){(float)mean, (float)(edge_variance / fmax(variance, 1))};
}

static float turned(const struct point *landmark)
{
	struct point a = landmark[POINT_EYE_LEFT], b = landmark[POINT_EYE_RIGHT];
	struct point nose = landmark[POINT_NOSE_TIP];
	float dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
	if (!(squared > 0))
		return scale_turned.bad;
	float along = ((nose.x - a.x) * dx + (nose.y - a.y) * dy) / squared;
	return fabsf(along - 0.5f) * 2;
}

/* Share of the square from the chip's map that lies outside the photo, by a grid of points. */
static float outside(const struct affine *m, int side, const struct image *photo)
{
	enum { GRID = 16 };
	int out = 0;
	for (int i = 0; i < GRID * GRID; i++) {
		double u = (i % GRID + 0.5) * side / GRID, v = (i / GRID + 0.5) * side / GRID;
		double x = m->a * u + m->b * v + m->c, y = m->d * u + m->e * v + m->f;
		out += !(x >= 0 && y >= 0 && x < photo->width && y < photo->height);
	}
	return (float)out / (GRID * GRID);
}

static void judge(struct quality *q, const struct scale *s, float value, enum quality_issue issue)
{
	float score = part(s, value);
	if (score < q->score)
		q->score = score;
	if (score < 0.5f)
		q->issues |= issue;
}

struct quality quality_measure(const struct image *photo, const struct face *face)
{
	struct quality q = {.score = 1};
	struct affine map;
	uint8_t pixels[LOOK_MAX * LOOK_MAX * 3];
	judge(&q, &scale_size, fminf(face->box.w, face->box.h), QUALITY_SMALL);
	judge(&q, &scale_turned, turned(face->landmark), QUALITY_TURNED);
	if (!align_map(face->landmark, 1, 0, &map))
		return (struct quality){0, q.issues | QUALITY_TURNED};
	double pixels_wide = hypot(map.a, map.d);
	int side = pixels_wide < LOOK_MIN ? LOOK_MIN
		: pixels_wide < LOOK_MAX  ? (int)pixels_wide
					  : LOOK_MAX;
	if (!align_map(face->landmark, side, 0, &map))
		return (struct quality){0, q.issues | QUALITY_TURNED};
	struct image chip = {side, side, pixels};
	sample_warp(photo, &map, &chip);
	struct look look = look_at(&chip);
	judge(&q, &scale_sharp, look.sharp, QUALITY_BLURRED);
	judge(&q, &scale_dark, look.mean, QUALITY_DARK);
	judge(&q, &scale_bright, look.mean, QUALITY_BRIGHT);
	judge(&q, &scale_cut, outside(&map, side, photo), QUALITY_CUT);
	/* In a face that is turned away or in the dark there are no eyes to be seen. */
	bool eyes = fminf(face->box.w, face->box.h) >= EYES_FACE_MIN && q.issues == 0;
	if (eyes)
		judge(&q, &scale_eyes, eyes_open(photo, face->landmark), QUALITY_EYES);
	return q;
}

static float side_of(const struct face *face)
{
	return fminf(face->box.w, face->box.h);
}

size_t quality_several(struct face_list *faces)
{
	float largest = 0;
	size_t count = 0;
	for (size_t i = 0; i < faces->count; i++)
		largest = fmaxf(largest, side_of(&faces->face[i]));
	for (size_t i = 0; i < faces->count; i++)
		count += side_of(&faces->face[i]) >= SEVERAL_SHARE * largest;
	for (size_t i = 0; i < faces->count && count > 1; i++) {
		if (side_of(&faces->face[i]) >= SEVERAL_SHARE * largest)
			faces->face[i].quality.issues |= QUALITY_SEVERAL;
	}
	return count;
}

static const struct {
	enum quality_issue issue;
	const char *word, *advice;
} words[QUALITY_ISSUES] = {
	{QUALITY_SMALL, "too small", "come closer, or use a photo with more pixels"},
	{QUALITY_BLURRED, "blurred", "hold still, and clean or focus the lens"},
	{QUALITY_DARK, "too dark", "turn on a light, or face the window"},
	{QUALITY_BRIGHT, "too bright", "move out of the glare"},
	{QUALITY_TURNED, "turned away", "look straight at the camera"},
	{QUALITY_CUT, "cut off by the edge", "move to the middle of the picture"},
	{QUALITY_EYES, "eyes closed", "open the eyes, and take off dark glasses"},
	{QUALITY_SEVERAL, "several faces",
		"to enrol, use a photo of one person, or --largest for the largest face"},
};

const char *quality_word(enum quality_issue issue)
{
	for (int i = 0; i < QUALITY_ISSUES; i++)
		if (words[i].issue == issue)
			return words[i].word;
	return "";
}

const char *quality_advice(enum quality_issue issue)
{
	for (int i = 0; i < QUALITY_ISSUES; i++)
		if (words[i].issue == issue)
			return words[i].advice;
	return "";
}
