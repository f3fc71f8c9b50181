/* SPDX-License-Identifier: MIT */
#include "vision/landmarks.h"

#include <math.h>
#include <stdlib.h>

#include "infer/faceapi.h"
#include "infer/session.h"
#include "media/sample.h"
#include "vision/net.h"

/* Parts of a box by which a second guess looks further, on each side. */
#define AGAIN_ROOM 0.1f

struct landmarks {
	struct session *session;
	const struct model *model; /* borrowed */
};

enum err landmarks_open(struct landmarks **out, const struct model *model,
	const struct landmarks *like, struct error *why)
{
	*out = NULL;
	struct landmarks *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the landmarks");
	l->model = model;
	enum err err = net_open(
		&l->session, model, faceapi_landmarks, like != NULL ? like->session : NULL, why);
	if (err != OK) {
		landmarks_close(l);
		return err;
	}
	*out = l;
	return OK;
}

void landmarks_close(struct landmarks *l)
{
	if (l == NULL)
		return;
	session_close(l->session);
	free(l);
}

void landmarks_place(
	const float *number, const struct area *crop, struct point out[static FACE_POINTS])
{
	float width = (float)crop->width, height = (float)crop->height;
	float side = width > height ? width : height;
	float left = (float)crop->x - (side - width) / 2;
	float top = (float)crop->y - (side - height) / 2;
	for (int i = 0; i < FACE_POINTS; i++) {
		out[i].x = left + number[2 * i] * side;
		out[i].y = top + number[2 * i + 1] * side;
	}
}

static struct point mean_of(const struct point *point, int count)
{
	struct point sum = {0, 0};
	for (int i = 0; i < count; i++) {
		sum.x += point[i].x / (float)count;
		sum.y += point[i].y / (float)count;
	}
	return sum;
}

void landmarks_five(
	const struct point landmark[static FACE_POINTS], struct point out[static FACE_FIVE])
{
	enum { EYE_LEFT = 36, EYE_RIGHT = 42, EYE_POINTS = 6, NOSE = 30, LIP_LEFT = 48 };
	enum { LIP_RIGHT = 54 };
	out[0] = mean_of(landmark + EYE_LEFT, EYE_POINTS);
	out[1] = mean_of(landmark + EYE_RIGHT, EYE_POINTS);
	out[2] = landmark[NOSE];
	out[3] = landmark[LIP_LEFT];
	out[4] = landmark[LIP_RIGHT];
}

float landmarks_apart(
	const struct point a[static FACE_FIVE], const struct point b[static FACE_FIVE])
{
	float eyes = hypotf(a[0].x - a[1].x, a[0].y - a[1].y), sum = 0;
	for (int i = 0; i < FACE_FIVE; i++)
		sum += hypotf(a[i].x - b[i].x, a[i].y - b[i].y);
	float apart = sum / (FACE_FIVE * eyes);
	return apart <= LANDMARKS_APART_MOST ? apart : LANDMARKS_APART_MOST;
}

static void mirror_input(float *rgb)
{
	size_t row = 3 * (size_t)LANDMARK_SIZE;
	for (size_t y = 0; y < LANDMARK_SIZE; y++, rgb += row) {
		for (size_t left = 0, right = row - 3; left < right; left += 3, right -= 3) {
			for (size_t k = 0; k < 3; k++) {
				float kept = rgb[left + k];
				rgb[left + k] = rgb[right + k];
				rgb[right + k] = kept;
			}
		}
	}
}

/* The network on a box, or on its mirror image: `out` are the points in the photo, or in that. */
static enum err run(struct landmarks *l, const struct image *photo, const struct box *box,
	bool mirrored, struct point out[static FACE_POINTS], struct error *why)
{
	struct area area = box_area(box, photo->width, photo->height);
	struct image crop = {0};
	float *input = session_input(l->session, 0);
	const struct rect part = {area.x, area.y, area.width, area.height};
	enum err err = sample_crop(photo, &part, &crop, why);
	if (err != OK)
		return err;
	sample_square_tf(&crop, 1, LANDMARK_SIZE, input);
	image_finish(&crop);
	if (mirrored)
		mirror_input(input);
	net_prepare(input, LANDMARK_SIZE * LANDMARK_SIZE, &l->model->manifest->input);
	err = session_run(l->session, why);
	if (err == OK)
		landmarks_place(session_output(l->session, 0), &area, out);
	return err;
}

enum err landmarks_run(
	struct landmarks *l, const struct image *photo, struct face *face, struct error *why)
{
	return run(l, photo, &face->box, false, face->landmark, why);
}

enum err landmarks_again(struct landmarks *l, const struct image *photo, const struct face *face,
	struct point out[static FACE_FIVE], struct error *why)
{
	struct point landmark[FACE_POINTS];
	struct box box = face->box;
	box.x -= box.w * AGAIN_ROOM;
	box.y -= box.h * AGAIN_ROOM;
	box.w *= 1 + 2 * AGAIN_ROOM;
	box.h *= 1 + 2 * AGAIN_ROOM;
	struct area area = box_area(&box, photo->width, photo->height);
	enum err err = OK;
	for (int i = 0; i < FACE_POINTS; i++)
		landmark[i] = (struct point){INFINITY, INFINITY};
	if (area.width > 0 && area.height > 0)
		err = run(l, photo, &box, false, landmark, why);
	if (err == OK)
		landmarks_five(landmark, out);
	return err;
}

enum err landmarks_mirrored(struct landmarks *l, const struct image *photo, const struct face *face,
	struct point out[static FACE_FIVE], struct error *why)
{
	/* Left and right change places. */
	static const int other[FACE_FIVE] = {1, 0, 2, 4, 3};
	struct point landmark[FACE_POINTS], five[FACE_FIVE];
	struct area area = box_area(&face->box, photo->width, photo->height);
	enum err err = run(l, photo, &face->box, true, landmark, why);
	if (err != OK)
		return err;
	landmarks_five(landmark, five);
	for (int i = 0; i < FACE_FIVE; i++) {
		const struct point *p = &five[other[i]];
		out[i] = (struct point){2 * (float)area.x + (float)area.width - p->x, p->y};
	}
	return OK;
}
