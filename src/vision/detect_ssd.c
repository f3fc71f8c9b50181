/* SPDX-License-Identifier: MIT */
/* The larger detector: ssd_mobilenetv1 of face-api. */
#include "vision/detect_int.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "infer/faceapi.h"
#include "vision/net.h"

enum { MAPS = 6, CORNERS = 4, CLASSES = 3, CLASS_FACE = 1, STRIDE = 16 };

/* Anchors of each feature map at 512 x 512: cells a side, shapes in a cell. */
static const size_t map_cells[MAPS] = {32, 16, 8, 4, 2, 1};
static const size_t map_shapes[MAPS] = {3, 6, 6, 6, 6, 6};

/* The grid of one feature map, in pixels of the input. */
struct grid {
	size_t rows, columns;
	double stride, shift_x, shift_y;
};

/*
 * The package's anchors are those of 512 x 512. Of another input's map each cell has the
 * shapes of the package's first, moved by a stride a cell. Where a map is made from one with
 * an odd number of cells, the padding is on both sides and all moves by a cell of that.
 */
static void fill_map(
	float *anchor, const float *first, size_t shapes, const struct grid *g, double width)
{
	for (size_t i = 0; i < g->rows * g->columns * shapes; i++, anchor += CORNERS) {
		const float *shape = first + i % shapes * CORNERS;
		size_t cell = i / shapes;
		double x = (double)(cell % g->columns) * g->stride + g->shift_x;
		double y = (double)(cell / g->columns) * g->stride + g->shift_y;
		for (int c = 0; c < CORNERS; c++) {
			double move = c % 2 == 0 ? y : x;
			anchor[c] = (float)((shape[c] * (double)SSD_SIZE + move) / width);
		}
	}
}

static void next_grid(struct grid *g)
{
	bool odd_x = g->columns % 2 == 1, odd_y = g->rows % 2 == 1;
	g->shift_x -= odd_x ? g->stride : 0;
	g->shift_y -= odd_y ? g->stride : 0;
	g->columns = (g->columns + 1) / 2;
	g->rows = (g->rows + 1) / 2;
	g->stride *= 2;
}

/* Is map `i` of the graph what the grid says? */
static bool map_fits(const struct graph *g, size_t i, const struct grid *grid)
{
	struct shape s = graph_output_shape(g, 2 * i);
	return s.h == grid->rows && s.w == grid->columns && s.c == map_shapes[i] * CORNERS;
}

static enum err make_anchors(struct detector_net *n, const struct weights *w,
	const struct graph *graph, struct error *why)
{
	const struct tensor *all = weights_find(w, "Output/extra_dim");
	struct grid g = {(size_t)n->height / STRIDE, (size_t)n->width / STRIDE, STRIDE, 0, 0};
	struct grid at = g;
	size_t count = 0;
	bool fits = all != NULL && all->count == SSD_ANCHORS * CORNERS &&
		graph_outputs(graph) == 2 * MAPS;
	for (size_t i = 0; fits && i < MAPS; i++) {
		fits = map_fits(graph, i, &at);
		count += at.rows * at.columns * map_shapes[i];
		next_grid(&at);
	}
	if (!fits)
		return err_set(why, ERR_FORMAT, "model '%s' has not the %d anchors it should",
			detect_ssd_ops.decoder, SSD_ANCHORS);
	n->anchor = mem_array(count, CORNERS * sizeof(*n->anchor));
	if (n->anchor == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the anchors");
	if (n->width == SSD_SIZE && n->height == SSD_SIZE) {
		memcpy(n->anchor, all->data, all->count * sizeof(*n->anchor));
		return OK;
	}
	float *anchor = n->anchor;
	const float *first = all->data;
	for (size_t i = 0; i < MAPS; i++) {
		fill_map(anchor, first, map_shapes[i], &g, n->width);
		anchor += g.rows * g.columns * map_shapes[i] * CORNERS;
		first += map_cells[i] * map_cells[i] * map_shapes[i] * CORNERS;
		next_grid(&g);
	}
	return OK;
}

static enum err ssd_open(struct detector_net *n, const struct model *m, struct error *why)
{
	struct weights *w = NULL;
	struct graph *g = NULL;
	enum err err = net_weights(&w, m, why);
	if (err == OK)
		err = faceapi_ssd_sized(&g, w, (size_t)n->height, (size_t)n->width, why);
	if (err == OK)
		err = make_anchors(n, w, g, why);
	if (err == OK)
		err = session_open_like(&n->session, g, n->like, 1, 1, why);
	graph_free(g);
	weights_free(w);
	return err;
}

static enum err ssd_decode(
	const struct detector_net *n, float min_score, struct detections *found, struct error *why)
{
	const float *anchor = n->anchor;
	size_t rows = (size_t)n->height / STRIDE, columns = (size_t)n->width / STRIDE;
	/* Most are far below it, and a logit is cheaper than a score. */
	float least = min_score > 0 ? logf(min_score / (1 - min_score)) - 0.01f : -INFINITY;
	for (size_t map = 0; map < MAPS; map++) {
		const float *code = session_output(n->session, 2 * map);
		const float *logit = session_output(n->session, 2 * map + 1);
		size_t boxes = rows * columns * map_shapes[map];
		for (size_t i = 0; i < boxes; i++, anchor += CORNERS) {
			if (!(logit[i * CLASSES + CLASS_FACE] >= least))
				continue;
			float score = sigmoid(logit[i * CLASSES + CLASS_FACE]);
			if (!(score >= min_score))
				continue;
			struct detection box = ssd_box(anchor, code + i * CORNERS);
			box.score = score;
			enum err err = detections_add(found, &box, why);
			if (err != OK)
				return err;
		}
		rows = (rows + 1) / 2;
		columns = (columns + 1) / 2;
	}
	return OK;
}

const struct detector_ops detect_ssd_ops = {
	.decoder = "ssd_mobilenetv1",
	.size = SSD_SIZE,
	.scan = {{34, 1.4142f}, {24, 1.4142f}, {16, 2}},
	.trust = {-2.2f, 1.48f, 1.33f, {-2.2f, -1.7f, 0.3f}, 0.1f},
	.proof =
		{
			.bias = -2.06f,
			.score = 1.061f,
			.apart = 1.298f,
			.shape = 0.326f,
			.bar = {-0.45f, -0.45f, 1.3f},
			.sure = 4,
			.again = 4,
			.enough = -1.5f,
			.large = 128,
			.face = 96,
			.view = 192,
		},
	.overlap = 0.4f,
	.clamp = true,
	.open = ssd_open,
	.decode = ssd_decode,
};
