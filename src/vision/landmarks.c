/* SPDX-License-Identifier: MIT */
#include "vision/landmarks.h"

#include <stdlib.h>

#include "infer/faceapi.h"
#include "infer/session.h"
#include "media/sample.h"
#include "vision/net.h"

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

enum err landmarks_run(
	struct landmarks *l, const struct image *photo, struct face *face, struct error *why)
{
	struct area area = box_area(&face->box, photo->width, photo->height);
	struct image crop = {0};
	float *input = session_input(l->session, 0);
	const struct rect part = {area.x, area.y, area.width, area.height};
	enum err err = sample_crop(photo, &part, &crop, why);
	if (err != OK)
		return err;
	sample_square_tf(&crop, 1, LANDMARK_SIZE, input);
	image_finish(&crop);
	net_prepare(input, LANDMARK_SIZE * LANDMARK_SIZE, &l->model->manifest->input);
	err = session_run(l->session, why);
	if (err == OK)
		landmarks_place(session_output(l->session, 0), &area, face->landmark);
	return err;
}
