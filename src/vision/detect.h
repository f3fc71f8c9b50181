/* SPDX-License-Identifier: MIT */
/*
 * Where the faces of a photo are. Several detectors behind one interface; one thread at a
 * time a detector.
 */
#ifndef VISION_DETECT_H
#define VISION_DETECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "media/image.h"
#include "vision/boxes.h"
#include "vision/model.h"

struct detector;

/*
 * Opens a detector; `model` is borrowed until it is closed. Several views of a photo are looked
 * at on `threads` threads (1..CREW_WORKERS_MAX), each network on one. ERR_NOT_FOUND: a file is
 * missing; ERR_UNSUPPORTED: nothing here reads what the model gives (manifest->decoder).
 */
enum err detector_open(struct detector **out, const struct model *model, size_t threads,
	struct error *why) MUST_USE;
void detector_close(struct detector *d);

struct detect_options {
	float min_score; /* 0..1 */
	float min_face;  /* side in pixels of the photo, of the smallest face wanted */
	bool live;       /* a frame of many: small ones are seen at a glance only, to be quick */
};

/*
 * Fills `found` (emptied first) with what may be faces: boxes and the network's own scores, best
 * first, no two of one face, at most FACES_MAX. None is left out that detector_confidence could
 * make min_score of. Looks at a photo as closely as the smallest face wanted needs, in several
 * views if it is large, and more coarsely for faces that fill it. Smaller faces may be found
 * too. In parts of the photo's longer side: both directions have the same unit, and a box may
 * lie outside the photo.
 */
enum err detector_run(struct detector *d, const struct image *photo,
	const struct detect_options *options, struct detections *found, struct error *why) MUST_USE;

/*
 * How sure it is, 0..1, that something of this score is a face, when two guesses at its points
 * are so far `apart` (landmarks_apart); NAN: nobody compared, and what is not sure counts as if
 * they hardly agreed. A texture may look like a face, but not with the same points twice.
 */
float detector_confidence(
	const struct detector *d, const struct image *photo, float score, float apart);
/* Whether the score alone is enough, so that nobody need compare. */
bool detector_sure(const struct detector *d, const struct image *photo, float score);

/*
 * What the package itself gives for the whole photo, before suppression, in the network's
 * order: in its one size of input, of at least min_score. For tests.
 */
enum err detector_run_raw(struct detector *d, const struct image *photo, float min_score,
	struct detections *found, struct error *why) MUST_USE;

#endif
