/* SPDX-License-Identifier: MIT */
/* The quicker detector: tiny_face_detector of face-api. */
#include "vision/detect_int.h"

#include <math.h>

#include "infer/faceapi.h"
#include "vision/net.h"

/* face-api's default size of the input, and a cell's. */
enum { TINY_SIZE = 416, TINY_CELL = 32, TINY_ANCHORS = 5, TINY_NUMBERS = 5 };

/* Widths and heights in cells: tinyFaceDetector/const.ts. */
static const float tiny_anchor[TINY_ANCHORS][2] = {
	{1.603231f, 2.094468f},
	{6.041143f, 7.080126f},
	{2.882459f, 3.518061f},
	{4.266906f, 5.178857f},
	{9.041765f, 10.66308f},
};

static enum err tiny_open(struct detector_net *n, const struct model *m, struct error *why)
{
	struct weights *w = NULL;
	struct graph *g = NULL;
	enum err err = net_weights(&w, m, why);
	if (err == OK)
		err = faceapi_tiny_sized(&g, w, (size_t)n->height, (size_t)n->width, why);
	if (err == OK)
		err = session_open_like(&n->session, g, n->like, 1, 1, why);
	graph_free(g);
	weights_free(w);
	return err;
}

static enum err tiny_decode(
	const struct detector_net *n, float min_score, struct detections *found, struct error *why)
{
	const float *code = session_output(n->session, 0);
	size_t columns = (size_t)n->width / TINY_CELL, rows = (size_t)n->height / TINY_CELL;
	for (size_t cell = 0; cell < columns * rows; cell++) {
		for (size_t i = 0; i < TINY_ANCHORS; i++, code += TINY_NUMBERS) {
			struct detection box = tiny_box(
				code, cell % columns, cell / columns, columns, tiny_anchor[i]);
			if (!(box.score >= min_score))
				continue;
			enum err err = detections_add(found, &box, why);
			if (err != OK)
				return err;
		}
	}
	return OK;
}

const struct detector_ops detect_tiny_ops = {
	.decoder = "tiny_face_detector",
	.size = TINY_SIZE,
	.scan = {{48, 1.4142f}, {32, 1.4142f}, {32, 3}},
	.trust = {-2.2f, 1.48f, 1.33f, {-1, 0, 1}, 0.1f},
	.proof =
		{
			.bias = -2.2f,
			.score = 1.48f,
			.apart = 1.33f,
			.shape = 0,
			.bar = {-1, 0, 1},
			.sure = 1.6f,
			.large = INFINITY, /* none is looked at again */
		},
	.overlap = 0.4f,
	.open = tiny_open,
	.decode = tiny_decode,
};
