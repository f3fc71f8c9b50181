/* SPDX-License-Identifier: MIT */
/* Is this face's picture good enough, and if not, in words, why. Pure. */
#ifndef VISION_QUALITY_H
#define VISION_QUALITY_H

#include <stddef.h>

#include "media/image.h"
#include "vision/face.h"

/* Measures a face with box and landmarks in its photo; each threshold is named in quality.c. */
struct quality quality_measure(const struct image *photo, const struct face *face);

/* The words for one issue bit ("too small", "blurred", ...), static; "" for none. */
const char *quality_word(enum quality_issue issue);

/* What to do about it ("come closer", "hold still", ...), static. */
const char *quality_advice(enum quality_issue issue);

enum { QUALITY_ISSUES = 8 };

/*
 * Whose photo is it? Gives how many faces of a photo are of comparable size, that is, half as
 * large or larger (by the shorter side) as the largest: smaller ones are in the background. Where
 * several are, each of them gets the issue QUALITY_SEVERAL; scores stay, as it is nothing bad
 * but in a photo to enrol from.
 */
size_t quality_several(struct face_list *faces);

#endif
