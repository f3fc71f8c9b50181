/* SPDX-License-Identifier: MIT */
/*
 * YuNet: Wu, Peng and Yu, YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence
 * Research 20 (2023). No anchors: each cell of three grids says whether a face is centred in
 * it, and where its five points are.
 */
#include "vision/detect_int.h"

#include <stdio.h>

#include "infer/onnx.h"
#include "vision/net.h"

/* The grids' cells have 8, 16 and 32 pixels a side. */
enum { GRIDS = 3, CELL_LEAST = 8, YUNET_SIZE = 640 };

/* What a grid has an output for, with so many numbers a cell. */
enum { CLS, OBJ, BBOX, KPS, PARTS };
static const struct {
	const char *name;
	size_t numbers;
} parts[PARTS] = {
	[CLS] = {"cls", 1},
	[OBJ] = {"obj", 1},
	[BBOX] = {"bbox", 4},
	[KPS] = {"kps", 2 * FACE_FIVE},
};

_Static_assert(GRIDS *PARTS <= DETECTOR_OUTPUTS, "there is room for all outputs");

static enum err find_outputs(struct detector_net *n, const struct onnx *net, struct error *why)
{
	enum err err = OK;
	char name[16];
	for (size_t i = 0; err == OK && i < GRIDS * PARTS; i++) {
		size_t cell = (size_t)CELL_LEAST << i / PARTS, part = i % PARTS, have = 1;
		size_t want = ((size_t)n->width / cell) * ((size_t)n->height / cell) *
			parts[part].numbers;
		snprintf(name, sizeof(name), "%s_%zu", parts[part].name, cell);
		err = onnx_find_output(net, name, &n->output[i], why);
		if (err != OK)
			break;
		const struct onnx_port *port = onnx_output(net, n->output[i]);
		for (int k = 0; k < port->rank; k++)
			have *= port->dim[k];
		if (have != want || port->channels_last)
			err = err_set(why, ERR_FORMAT,
				"the output '%s' is not a list with %zu numbers for each cell",
				name, parts[part].numbers);
	}
	return err;
}

static enum err yunet_open(struct detector_net *n, const struct model *m, struct error *why)
{
	struct onnx *net = NULL;
	enum err err = net_onnx(&net, m, (size_t)n->width, (size_t)n->height, why);
	if (err == OK)
		err = find_outputs(n, net, why);
	if (err == OK)
		err = session_open_like(&n->session, onnx_graph(net), n->like, 1, 1, why);
	onnx_free(net);
	return err;
}

/* One grid's cells. */
static enum err decode_grid(const struct detector_net *n, size_t grid, float min_score,
	struct detections *found, struct error *why)
{
	const float *out[PARTS];
	size_t cell = (size_t)CELL_LEAST << grid;
	size_t columns = (size_t)n->width / cell, rows = (size_t)n->height / cell;
	float least = min_score * min_score;
	for (size_t k = 0; k < PARTS; k++)
		out[k] = session_output(n->session, n->output[grid * PARTS + k]);
	for (size_t i = 0; i < columns * rows; i++) {
		/* Both are at most 1: cheaper than the score. */
		if (!(out[CLS][i] >= least && out[OBJ][i] >= least))
			continue;
		const struct yunet_cell c = {out[CLS] + i, out[OBJ] + i,
			out[BBOX] + i * parts[BBOX].numbers, out[KPS] + i * parts[KPS].numbers};
		struct detection d =
			yunet_box(&c, i % columns, i / columns, (float)cell / (float)n->width);
		enum err err = d.score >= min_score ? detections_add(found, &d, why) : OK;
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err yunet_decode(
	const struct detector_net *n, float min_score, struct detections *found, struct error *why)
{
	enum err err = OK;
	for (size_t i = 0; err == OK && i < GRIDS; i++)
		err = decode_grid(n, i, min_score, found, why);
	return err;
}

const struct detector_ops detect_yunet_ops = {
	.decoder = "yunet",
	.size = YUNET_SIZE,
	.scan = {{34, 1.4142f}, {34, 2}, {16, 3}},
	.trust = {-3, 2.3f, 1.2f, {-2.2f, -0.5f, 0}, 0.3f},
	.proof =
		{
			.bias = -3.04f,
			.score = 1.296f,
			.apart = 1.827f,
			.shape = 0.226f,
			.bar = {0.2f, 0.7f, 1},
			.sure = 2.6f,
			.again = 2,
			.enough = 0,
			.large = 64,
			.face = 32,
			.view = 128,
		},
	.overlap = 0.3f,
	.open = yunet_open,
	.decode = yunet_decode,
};
