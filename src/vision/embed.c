/* SPDX-License-Identifier: MIT */
#include "vision/embed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/faceapi.h"
#include "infer/session.h"
#include "media/sample.h"
#include "vision/align.h"
#include "vision/net.h"

_Static_assert((int)EMBED_DIM == (int)FACE_DIM, "a face has room for what the network gives");

/*
 * Of the network's vectors on LFW, the mean. Poor pictures give shorter ones, which are near
 * everybody's: lengths are brought halfway (the square root) to this one, which keeps the scale
 * of distances. All the way (cosine) names still more but tells pairs apart less well:
 * docs/accuracy.md, "Lengths".
 */
#define USUAL_LENGTH 1.425

struct embed {
	struct session *session;
	struct image chip; /* EMBED_SIZE x EMBED_SIZE */
};

enum err embed_open(struct embed **out, const char *models, size_t threads, struct error *why)
{
	*out = NULL;
	struct embed *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the embedding");
	enum err err = image_new(&e->chip, EMBED_SIZE, EMBED_SIZE, why);
	if (err == OK)
		err = net_open(
			&e->session, models, "face_recognition_model", faceapi_embed, threads, why);
	if (err != OK) {
		embed_close(e);
		return err;
	}
	*out = e;
	return OK;
}

void embed_close(struct embed *e)
{
	if (e == NULL)
		return;
	session_close(e->session);
	image_finish(&e->chip);
	free(e);
}

enum err embed_chip(
	struct embed *e, const struct image *chip, float out[static FACE_DIM], struct error *why)
{
	float *input = session_input(e->session, 0);
	size_t pixels = EMBED_SIZE * EMBED_SIZE;
	if (chip->width != EMBED_SIZE || chip->height != EMBED_SIZE)
		return err_set(why, ERR_ARG, "a chip has %d x %d pixels, not %d x %d", EMBED_SIZE,
			EMBED_SIZE, chip->width, chip->height);
	for (size_t i = 0; i < pixels * 3; i++)
		input[i] = chip->rgb[i];
	net_normalise(input, pixels, net_face_mean, NET_FACE_DIVISOR);
	enum err err = session_run(e->session, why);
	if (err == OK)
		memcpy(out, session_output(e->session, 0), FACE_DIM * sizeof(*out));
	return err;
}

static void mirror(struct image *chip)
{
	for (int y = 0; y < chip->height; y++) {
		uint8_t *left = chip->rgb + 3 * (size_t)y * (size_t)chip->width;
		uint8_t *right = left + 3 * ((size_t)chip->width - 1);
		for (; left < right; left += 3, right -= 3) {
			uint8_t pixel[3];
			memcpy(pixel, left, 3);
			memcpy(left, right, 3);
			memcpy(right, pixel, 3);
		}
	}
}

static enum err cut_chip(struct embed *e, const struct image *photo, const struct face *face,
	double padding, struct error *why)
{
	struct affine to_photo;
	if (!align_map_all(face->landmark, EMBED_SIZE, padding, &to_photo))
		return err_set(why, ERR_ARG, "landmarks that make no face");
	sample_warp(photo, &to_photo, &e->chip);
	return OK;
}

static void level_length(float vector[static FACE_DIM])
{
	double sum = 0;
	for (int i = 0; i < FACE_DIM; i++)
		sum += (double)vector[i] * (double)vector[i];
	double factor = sum > 0 ? sqrt(USUAL_LENGTH / sqrt(sum)) : 1;
	for (int i = 0; i < FACE_DIM; i++)
		vector[i] = (float)(vector[i] * factor);
}

enum err embed_run(struct embed *e, const struct image *photo, struct face *face, struct error *why)
{
	enum err err = cut_chip(e, photo, face, ALIGN_PADDING, why);
	if (err == OK)
		err = embed_chip(e, &e->chip, face->embedding, why);
	if (err == OK)
		level_length(face->embedding);
	return err;
}

enum err embed_run_twice(
	struct embed *e, const struct image *photo, struct face *face, struct error *why)
{
	float other[FACE_DIM];
	enum err err = cut_chip(e, photo, face, ALIGN_PADDING, why);
	if (err == OK)
		err = embed_chip(e, &e->chip, face->embedding, why);
	if (err == OK)
		err = cut_chip(e, photo, face, ALIGN_PADDING_CLOSE, why);
	if (err != OK)
		return err;
	mirror(&e->chip);
	err = embed_chip(e, &e->chip, other, why);
	for (int i = 0; err == OK && i < FACE_DIM; i++)
		face->embedding[i] = (face->embedding[i] + other[i]) / 2;
	if (err == OK)
		level_length(face->embedding);
	return err;
}
