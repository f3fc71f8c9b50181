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

/*
 * Of face_recognition's vectors on LFW, the mean. Poor pictures give shorter ones, which are near
 * everybody's: lengths are brought halfway (the square root) to this one, which keeps the scale
 * of distances. All the way (cosine) names still more but tells pairs apart less well:
 * docs/accuracy.md, "Lengths".
 */
#define USUAL_LENGTH 1.425

enum { VIEW_PLAIN, VIEW_MIRROR }; /* the second: of the mirror image in a template */

/* By the manifest's decoder. */
struct embed_ops {
	const char *decoder;
	enum err (*open)(struct session **out, const struct model *m, const struct session *like,
		struct error *why);
	bool (*align)(const struct manifest *m, const struct face *face, int view,
		struct affine *to_photo);
	double usual_length; /* to which lengths are brought halfway; 0: they are not */
};

struct embed {
	const struct model *model; /* borrowed */
	const struct embed_ops *ops;
	struct session *session;
	struct image chip; /* as large as the network's input */
};

/* --- face-api's ------------------------------------------------------------------------- */

static enum err faceapi_open(
	struct session **out, const struct model *m, const struct session *like, struct error *why)
{
	const struct manifest_input *input = &m->manifest->input;
	if (input->width != EMBED_SIZE || input->height != EMBED_SIZE ||
		m->manifest->dim != EMBED_DIM)
		return err_set(why, ERR_UNSUPPORTED,
			"model '%s' makes %d numbers of %d x %d pixels, not what its manifest says",
			m->manifest->name, EMBED_DIM, EMBED_SIZE, EMBED_SIZE);
	return net_open(out, m, faceapi_embed, like, why);
}

static bool faceapi_align(
	const struct manifest *m, const struct face *face, int view, struct affine *to_photo)
{
	double padding = view == VIEW_MIRROR ? ALIGN_PADDING_CLOSE : ALIGN_PADDING;
	return align_map_all(face->landmark, m->input.width, padding, to_photo);
}

/* --- any in ONNX ------------------------------------------------------------------------ */

static enum err onnx_open(
	struct session **out, const struct model *m, const struct session *like, struct error *why)
{
	const struct manifest_input *input = &m->manifest->input;
	struct onnx *net;
	enum err err = net_onnx(&net, m, (size_t)input->width, (size_t)input->height, why);
	if (err != OK)
		return err;
	struct shape s = graph_output_shape(onnx_graph(net), 0);
	if (graph_outputs(onnx_graph(net)) != 1 || s.h * s.w * s.c != m->manifest->dim)
		err = err_set(why, ERR_FORMAT,
			"model '%s' gives %zu numbers, not %zu as its manifest says",
			m->manifest->name, s.h * s.w * s.c, m->manifest->dim);
	if (err == OK)
		err = session_open_like(out, onnx_graph(net), like, 1, 1, why);
	onnx_free(net);
	return err;
}

/* How large the face is in a view, in parts of what the manifest says. */
static const double view_scale[] = {[VIEW_PLAIN] = 1, [VIEW_MIRROR] = 0.92};

static bool five_align(
	const struct manifest *m, const struct face *face, int view, struct affine *to_photo)
{
	struct point chip[FACE_FIVE];
	double middle = (m->align.size - 1) / 2.0;
	double scale = (double)m->input.width / m->align.size;
	for (int i = 0; i < FACE_FIVE; i++) {
		double x = (m->align.point[i].x - middle) * view_scale[view] + middle;
		double y = (m->align.point[i].y - middle) * view_scale[view] + middle;
		chip[i] = (struct point){(float)(x * scale), (float)(y * scale)};
	}
	return align_map_five(chip, face->five, to_photo);
}

/* ---------------------------------------------------------------------------------------- */

static const struct embed_ops all[] = {
	{"face_recognition", faceapi_open, faceapi_align, USUAL_LENGTH},
	{"embedding", onnx_open, five_align, 0},
};

static const struct embed_ops *ops_for(const struct manifest *m)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].decoder, m->decoder) == 0)
			return &all[i];
	return NULL;
}

static enum err check(const struct manifest *m, const struct embed_ops *ops, struct error *why)
{
	if (m->kind != MODEL_EMBEDDING || ops == NULL)
		return err_set(why, ERR_UNSUPPORTED,
			"model '%s': nothing here reads the output of a %s of the kind '%s'",
			m->name, model_kind_word(m->kind), m->decoder);
	if (m->dim == 0 || m->dim > FACE_DIM_MAX)
		return err_set(why, ERR_UNSUPPORTED, "model '%s' gives %zu numbers: %d at most",
			m->name, m->dim, FACE_DIM_MAX);
	if (ops->align == five_align && m->align.size <= 0)
		return err_set(why, ERR_FORMAT, "model '%s': 'align' is missing", m->name);
	return OK;
}

enum err embed_open(
	struct embed **out, const struct model *model, const struct embed *like, struct error *why)
{
	const struct manifest *m = model->manifest;
	const struct embed_ops *ops = ops_for(m);
	*out = NULL;
	enum err err = check(m, ops, why);
	if (err != OK)
		return err;
	struct embed *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the embedding");
	e->model = model;
	e->ops = ops;
	err = image_new(&e->chip, m->input.width, m->input.height, why);
	if (err == OK)
		err = ops->open(&e->session, model, like != NULL ? like->session : NULL, why);
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

bool embed_by_five(const struct embed *e)
{
	return e->ops->align == five_align;
}

size_t embed_dim(const struct embed *e)
{
	return e->model->manifest->dim;
}

static double length_of(const float *vector, size_t dim)
{
	double sum = 0;
	for (size_t i = 0; i < dim; i++)
		sum += (double)vector[i] * (double)vector[i];
	return sqrt(sum);
}

static void scale(float *vector, size_t dim, double factor)
{
	for (size_t i = 0; i < dim; i++)
		vector[i] = (float)(vector[i] * factor);
}

/* For METRIC_COSINE: to length 1. One without length stays as it is. */
static void unit_length(const struct embed *e, float *vector)
{
	double length = length_of(vector, embed_dim(e));
	if (e->model->manifest->metric == METRIC_COSINE && length > 0)
		scale(vector, embed_dim(e), 1 / length);
}

/* What is kept of a probe or template. */
static void level_length(const struct embed *e, float *vector)
{
	double length = length_of(vector, embed_dim(e));
	unit_length(e, vector);
	if (e->ops->usual_length > 0 && length > 0)
		scale(vector, embed_dim(e), sqrt(e->ops->usual_length / length));
}

enum err embed_chip(struct embed *e, const struct image *chip, float *out, struct error *why)
{
	float *input = session_input(e->session, 0);
	size_t pixels = (size_t)e->chip.width * (size_t)e->chip.height;
	if (chip->width != e->chip.width || chip->height != e->chip.height)
		return err_set(why, ERR_ARG, "a chip has %d x %d pixels, not %d x %d",
			e->chip.width, e->chip.height, chip->width, chip->height);
	for (size_t i = 0; i < pixels * 3; i++)
		input[i] = chip->rgb[i];
	net_prepare(input, pixels, &e->model->manifest->input);
	enum err err = session_run(e->session, why);
	if (err != OK)
		return err;
	memcpy(out, session_output(e->session, 0), embed_dim(e) * sizeof(*out));
	unit_length(e, out);
	return OK;
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
	int view, struct error *why)
{
	struct affine to_photo;
	if (!e->ops->align(e->model->manifest, face, view, &to_photo))
		return err_set(why, ERR_ARG, "landmarks that make no face");
	sample_warp(photo, &to_photo, &e->chip);
	return OK;
}

enum err embed_run(struct embed *e, const struct image *photo, struct face *face, struct error *why)
{
	enum err err = cut_chip(e, photo, face, VIEW_PLAIN, why);
	if (err == OK)
		err = embed_chip(e, &e->chip, face->embedding, why);
	if (err == OK)
		level_length(e, face->embedding);
	return err;
}

enum err embed_run_twice(
	struct embed *e, const struct image *photo, struct face *face, struct error *why)
{
	float other[FACE_DIM_MAX];
	enum err err = cut_chip(e, photo, face, VIEW_PLAIN, why);
	if (err == OK)
		err = embed_chip(e, &e->chip, face->embedding, why);
	if (err == OK)
		err = cut_chip(e, photo, face, VIEW_MIRROR, why);
	if (err != OK)
		return err;
	mirror(&e->chip);
	err = embed_chip(e, &e->chip, other, why);
	if (err != OK)
		return err;
	for (size_t i = 0; i < embed_dim(e); i++)
		face->embedding[i] = (face->embedding[i] + other[i]) / 2;
	level_length(e, face->embedding);
	return OK;
}
