/* SPDX-License-Identifier: MIT */
/*
 * Faces as JSON, in the form that scripts rely on: detect, identify and mark have it in common.
 * All return a new reference, or NULL when out of memory. One thread.
 */
#ifndef REPORT_FACES_JSON_H
#define REPORT_FACES_JSON_H

#include <jansson.h>

#include "attend/engine.h"
#include "vision/face.h"
#include "vision/pipeline.h"

/* [x, y, w, h] in pixels, to a hundredth. */
json_t *box_json(const struct box *box);

/* {"id", "name"}; null for a person without id (unknown). */
json_t *person_ref_json(const struct person *person);

/* {"box", "score", "landmarks", "quality": {"score", "issues"}}. */
json_t *face_json(const struct face *face);

/* {"file", "error"}. */
json_t *photo_error_json(const char *path, const char *error);

/* {"file", "width", "height", "faces", "ms": {"decode", "detect", "landmarks"}}. */
json_t *detected_json(const char *path, const struct image *photo, const struct face_list *faces,
	const struct pipeline_times *ms, double ms_decode);

/* The same with decision, person, distance, margin and threshold a face, and all of "ms". */
json_t *identified_json(const char *path, const struct identified *id);

#endif
