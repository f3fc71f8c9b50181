/* SPDX-License-Identifier: MIT */
/* What detect, landmarks and embed share: opening a network, and its input. */
#ifndef VISION_NET_H
#define VISION_NET_H

#include <stddef.h>

#include "base/err.h"
#include "infer/graph.h"
#include "infer/session.h"
#include "infer/weights.h"

/*
 * Loads "FOLDER/NAME-weights_manifest.json". ERR_NOT_FOUND says how to get the models.
 * Free with weights_free.
 */
enum err net_weights(
	struct weights **out, const char *folder, const char *name, struct error *why) MUST_USE;

/* Makes a network's graph from its weights. */
typedef enum err net_build_fn(struct graph **out, const struct weights *w, struct error *why);

/*
 * Weights, graph and session of a network in one; the first two are freed again, as the
 * session does not need them.
 */
enum err net_open(struct session **out, const char *folder, const char *name, net_build_fn *build,
	size_t threads, struct error *why) MUST_USE;

/* rgb[i] = (rgb[i] - mean[channel]) / divisor, for `pixels` pixels of three channels. */
void net_normalise(float *rgb, size_t pixels, const float mean[static 3], float divisor);

/* (122.782, 117.001, 104.298): of landmarks and embedding; divided by 255. */
extern const float net_face_mean[3];
#define NET_FACE_DIVISOR 255.0f

#endif
