/* SPDX-License-Identifier: MIT */
/* Shared by detect.c, detect_net.c and the detectors behind them. */
#ifndef VISION_DETECT_INT_H
#define VISION_DETECT_INT_H

#include <stdbool.h>

#include "vision/detect.h"

#include "infer/session.h"
#include "media/sample.h"

enum {
	DETECTOR_NETS = 8, /* input sizes kept ready at once */
	DETECTOR_OUTPUTS = 12,
};

/* The network made for one size of its input. */
struct detector_net {
	struct session *session;    /* NULL: none here yet */
	const struct session *like; /* while it is opened: one of another size, or NULL */
	int width, height;          /* of the input */
	float *anchor; /* (anchors, 4) top, left, bottom, right in parts of the width; or NULL */
	size_t output[DETECTOR_OUTPUTS]; /* places of the session's outputs, as `open` wants */
	unsigned long used;              /* the detector's clock when it ran last */
};

/* By their size; a large photo has many more places where something may look like a face. */
enum photo_class { PHOTO_SMALL, PHOTO_MEDIUM, PHOTO_LARGE, PHOTO_CLASSES };

/* How closely photos are looked at: docs/accuracy.md, "Finding faces". */
struct detector_scan {
	float face;  /* pixels a side of the smallest face wanted, in the closest level */
	float ratio; /* of one level's step to the next finer one's */
};

/*
 * The odds (logarithm) that something is a face where nobody compares: bias + score * logit(the
 * network's score) - apart * log(a usual disagreement of points); it is taken for one from `bar`
 * on. docs/accuracy.md, "Finding faces".
 */
struct detector_trust {
	float bias, score, apart;
	float bar[PHOTO_CLASSES];
	float least; /* a lower score of the network is none */
};

/*
 * And where the signs of a face were looked for (struct detect_signs): bias + score *
 * logit(score) - apart * log(disagreement) - shape * log(misfit), less `again` for each unit by
 * which the logit of the second look is below `enough`. Fitted to labelled photos.
 */
struct detector_proof {
	float bias, score, apart, shape;
	float bar[PHOTO_CLASSES];
	float sure; /* from this score on (logit), signs need not be looked for */
	float again, enough;
	float large;    /* a face of this side, in the photo's pixels, must be one seen small too */
	int face, view; /* how small: its side, and that of the view that it is in the middle of */
};

/*
 * One kind of detector, by its manifest's decoder. open makes a network for its width and
 * height: session, and what decode needs of `anchor` or `output`; decode appends the boxes of
 * at least min_score from the session's outputs, in parts of the input's width in both
 * directions.
 */
struct detector_ops {
	const char *decoder;
	int size; /* side of the square input that the package uses */
	struct detector_scan scan[PHOTO_CLASSES];
	struct detector_trust trust;
	struct detector_proof proof;
	float overlap; /* of two boxes, above which the worse one goes */
	bool clamp;    /* boxes that stay are cut at the photo's edges, as the package does */
	enum err (*open)(struct detector_net *n, const struct model *m, struct error *why);
	enum err (*decode)(const struct detector_net *n, float min_score, struct detections *found,
		struct error *why);
};

struct detector {
	const struct detector_ops *ops;
	const struct model *model; /* borrowed */
	int step;                  /* of which both sides of an input are multiples */
	struct detector_net net[DETECTOR_NETS];
	unsigned long clock;
	const struct detector *lead; /* whose weights it shares, or NULL */
	/* The other threads', with networks of their own: a look on each at a time. */
	struct detector *helper;
	size_t helpers;
};

/* That of worker `worker` of crew_run: itself for the first. */
struct detector *detector_of(struct detector *d, size_t worker);

/*
 * Makes sure that each of `workers` has the network for this size; none may be at work:
 * networks share weights, and are made one at a time.
 */
enum err detector_ready(
	struct detector *d, size_t workers, int width, int height, struct error *why) MUST_USE;

/* The network for an input of this size, made if it is not there yet. Borrowed. */
enum err detector_net(struct detector *d, int width, int height, struct detector_net **out,
	struct error *why) MUST_USE;

/* The network on what is in its input: normalises, runs, decodes. */
enum err detector_infer(const struct detector *d, struct detector_net *n, float min_score,
	struct detections *found, struct error *why) MUST_USE;

/* The detector on a view alone: appends what it finds, in pixels of the photo. */
enum err detector_look(struct detector *d, const struct image *photo, const struct sample_window *v,
	float min_score, struct detections *found, struct error *why) MUST_USE;

extern const struct detector_ops detect_ssd_ops;
extern const struct detector_ops detect_tiny_ops;
extern const struct detector_ops detect_yunet_ops;

#endif
