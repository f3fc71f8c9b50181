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

/* What a closer look at a face's place says. A texture may look like a face, but not always. */
struct detect_signs {
	float apart;  /* detector_apart: how badly guesses at its points agree */
	float misfit; /* align_misfit of them */
	float again;  /* detector_again; NAN: nobody looked again */
};

/* Of the distances of two other guesses from the first (landmarks_apart): their mean logarithm. */
float detector_apart(float first, float second);

/* How sure it is, 0..1, that something of this score is a face. NULL: nobody looked for signs. */
float detector_confidence(const struct detector *d, const struct image *photo, float score,
	const struct detect_signs *signs);
/* Whether the score alone is enough, so that nobody need look. */
bool detector_sure(const struct detector *d, float score);

/*
 * The logarithm of the odds that the detector gives what is in the box when it sees it small,
 * as a part of a view of its own: a large face is one in small too. For boxes that are
 * detector_large; each worker at most once at a time, after detector_again_ready for so many.
 */
bool detector_large(const struct detector *d, const struct box *box);
enum err detector_again_ready(struct detector *d, size_t workers, struct error *why) MUST_USE;
enum err detector_again(struct detector *d, size_t worker, const struct image *photo,
	const struct box *box, float *odds, struct error *why) MUST_USE;

/*
 * What the package itself gives for the whole photo, before suppression, in the network's
 * order: in its one size of input, of at least min_score. For tests.
 */
enum err detector_run_raw(struct detector *d, const struct image *photo, float min_score,
	struct detections *found, struct error *why) MUST_USE;

#endif
