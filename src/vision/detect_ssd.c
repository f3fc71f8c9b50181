/* SPDX-License-Identifier: MIT */
/* The larger detector: ssd_mobilenetv1 of face-api. */
#include "vision/detect_int.h"

#include <string.h>

#include "base/mem.h"
#include "infer/faceapi.h"
#include "vision/net.h"

enum { MAPS = 6, CORNERS = 4, CLASSES = 3, CLASS_FACE = 1 };

/* Boxes of all feature maps together, in the package's order. */
static size_t boxes_of(const struct graph *g)
{
	size_t boxes = 0;
	for (size_t i = 0; i + 1 < graph_outputs(g); i += 2) {
		struct shape s = graph_output_shape(g, i);
		boxes += s.h * s.w * s.c / CORNERS;
	}
	return boxes;
}

static enum err load_anchors(
	struct detector *d, const struct weights *w, const struct graph *g, struct error *why)
{
	const struct tensor *anchors = weights_find(w, "Output/extra_dim");
	if (anchors == NULL || anchors->count != SSD_ANCHORS * CORNERS ||
		graph_outputs(g) != 2 * MAPS || boxes_of(g) != SSD_ANCHORS)
		return err_set(why, ERR_FORMAT, "model '%s' has not the %d anchors it should",
			detect_ssd_ops.model, SSD_ANCHORS);
	d->anchor = mem_array(anchors->count, sizeof(*d->anchor));
	if (d->anchor == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the anchors");
	memcpy(d->anchor, anchors->data, anchors->count * sizeof(*d->anchor));
	return OK;
}

static enum err ssd_open(struct detector *d, const char *models, size_t threads, struct error *why)
{
	struct weights *w = NULL;
	struct graph *g = NULL;
	enum err err = net_weights(&w, models, detect_ssd_ops.model, why);
	if (err == OK)
		err = faceapi_ssd(&g, w, why);
	if (err == OK)
		err = load_anchors(d, w, g, why);
	if (err == OK)
		err = session_open(&d->session, g, 1, threads, why);
	graph_free(g);
	weights_free(w);
	return err;
}

/* Anchors of each feature map: cells, times shapes in a cell. */
static const size_t map_boxes[MAPS] = {
	32 * 32 * 3, 16 * 16 * 6, 8 * 8 * 6, 4 * 4 * 6, 2 * 2 * 6, 1 * 1 * 6};

static enum err ssd_decode(
	const struct detector *d, float min_score, struct detections *found, struct error *why)
{
	const float *anchor = d->anchor;
	for (size_t map = 0; map < MAPS; map++) {
		const float *code = session_output(d->session, 2 * map);
		const float *logit = session_output(d->session, 2 * map + 1);
		for (size_t i = 0; i < map_boxes[map]; i++, anchor += CORNERS) {
			float score = sigmoid(logit[i * CLASSES + CLASS_FACE]);
			if (!(score >= min_score))
				continue;
			struct detection box = ssd_box(anchor, code + i * CORNERS);
			box.score = score;
			enum err err = detections_add(found, &box, why);
			if (err != OK)
				return err;
		}
	}
	return OK;
}

const struct detector_ops detect_ssd_ops = {
	.name = "ssd_mobilenetv1",
	.model = "ssd_mobilenetv1_model",
	.size = SSD_SIZE,
	.mean = {127.5f, 127.5f, 127.5f}, /* to -1..1 */
	.divisor = 127.5f,
	.overlap = 0.5f,
	.clamp = true,
	.open = ssd_open,
	.decode = ssd_decode,
};
