/* SPDX-License-Identifier: MIT */
/* Shared by detect.c and the detectors behind it. */
#ifndef VISION_DETECT_INT_H
#define VISION_DETECT_INT_H

#include <stdbool.h>

#include "vision/detect.h"

#include "infer/session.h"

/*
 * One kind of detector. open fills session and what decode needs of `anchor`; decode
 * appends the boxes of at least min_score from the session's outputs.
 */
struct detector_ops {
	const char *name;
	const char *model; /* the model files' name */
	size_t size;       /* side of the square input */
	float mean[3], divisor;
	float overlap; /* of two boxes, above which the worse one goes */
	bool clamp;    /* boxes that stay are cut at the input's edges, as the package does */
	enum err (*open)(struct detector *d, const char *models, size_t threads, struct error *why);
	enum err (*decode)(const struct detector *d, float min_score, struct detections *found,
		struct error *why);
};

struct detector {
	const struct detector_ops *ops;
	struct session *session;
	struct image view; /* (size, size): a window of the photo */
	float *anchor; /* (anchors, 4) top, left, bottom, right; owned; NULL if the kind has none */
};

extern const struct detector_ops detect_ssd_ops;
extern const struct detector_ops detect_tiny_ops;

#endif
