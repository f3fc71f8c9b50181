/* SPDX-License-Identifier: MIT */
/* Whether a face's eyes are open. Pure, any thread. */
#ifndef VISION_EYES_H
#define VISION_EYES_H

#include "media/image.h"
#include "vision/face.h"

/*
 * How open the eyes are: about 1.3 and more open, below 1 more likely shut than not. Seen in
 * the picture: the landmarks hardly move when an eye shuts (docs/accuracy.md, "Quality"). NAN
 * for landmarks that make no face.
 */
float eyes_open(const struct image *photo, const struct point landmark[static FACE_POINTS]);

#endif
