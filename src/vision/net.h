/* SPDX-License-Identifier: MIT */
/* What detect, landmarks and embed share: opening a network, and its input. */
#ifndef VISION_NET_H
#define VISION_NET_H

#include <stddef.h>

#include "base/err.h"
#include "infer/graph.h"
#include "infer/onnx.h"
#include "infer/session.h"
#include "infer/weights.h"
#include "vision/model.h"

/*
 * Loads the weights of a model whose first file is a weights_manifest.json. ERR_NOT_FOUND says
 * how to get it. Free with weights_free.
 */
enum err net_weights(struct weights **out, const struct model *m, struct error *why) MUST_USE;

/* Loads a model whose first file is ONNX, for that size of input. Free with onnx_free. */
enum err net_onnx(struct onnx **out, const struct model *m, size_t width, size_t height,
	struct error *why) MUST_USE;

/* Makes a network's graph from its weights. */
typedef enum err net_build_fn(struct graph **out, const struct weights *w, struct error *why);

/*
 * Weights, graph and session of a network in one, on one thread; the first two are freed
 * again, as the session does not need them. `like`: session_open_like's.
 */
enum err net_open(struct session **out, const struct model *m, net_build_fn *build,
	const struct session *like, struct error *why) MUST_USE;

/* Makes `pixels` pixels, RGB 0..255, what a network wants: order of channels, mean, deviation. */
void net_prepare(float *rgb, size_t pixels, const struct manifest_input *input);

#endif
