/* SPDX-License-Identifier: MIT */
#include "report/faces_json.h"

#include <math.h>

#include "report/json.h"
#include "vision/quality.h"

/* Rounded, so that a document does not hold the noise of floats (0.10000000149011612). */
static json_t *rounded(double value, double steps)
{
	if (!isfinite(value))
		return json_null();
	return json_real(round(value * steps) / steps);
}

static json_t *pixels(double value)
{
	return rounded(value, 100);
}

static json_t *milliseconds(double value)
{
	return rounded(value, 1000);
}

json_t *box_json(const struct box *box)
{
	return json_pack(
		"[o,o,o,o]", pixels(box->x), pixels(box->y), pixels(box->w), pixels(box->h));
}

json_t *person_ref_json(const struct person *person)
{
	if (!person || !person->id[0])
		return json_null();
	return json_pack("{s:s,s:s}", "id", person->id, "name", person->name);
}

static json_t *landmarks_json(const struct face *face)
{
	json_t *list = json_array();
	for (size_t i = 0; i < FACE_POINTS; i++) {
		const struct point *p = &face->landmark[i];
		json_append(&list, json_pack("[o,o]", pixels(p->x), pixels(p->y)));
	}
	return list;
}

static json_t *issues_json(uint32_t issues)
{
	json_t *list = json_array();
	for (int i = 0; i < QUALITY_ISSUES; i++) {
		uint32_t bit = UINT32_C(1) << i;
		if (issues & bit)
			json_append(&list, json_string(quality_word((enum quality_issue)bit)));
	}
	return list;
}

json_t *face_json(const struct face *face)
{
	return json_pack("{s:o,s:o,s:o,s:{s:o,s:o}}", "box", box_json(&face->box), "score",
		json_number((double)face->score), "landmarks", landmarks_json(face), "quality",
		"score", json_number((double)face->quality.score), "issues",
		issues_json(face->quality.issues));
}

json_t *photo_error_json(const char *path, const char *error)
{
	return json_pack("{s:o,s:o}", "file", json_text(path), "error", json_text(error));
}

json_t *detected_json(const char *path, const struct image *photo, const struct face_list *faces,
	const struct pipeline_times *ms, double ms_decode)
{
	json_t *list = json_array();
	for (size_t i = 0; i < faces->count; i++)
		json_append(&list, face_json(&faces->face[i]));
	return json_pack("{s:o,s:i,s:i,s:o,s:{s:o,s:o,s:o}}", "file", json_text(path), "width",
		photo->width, "height", photo->height, "faces", list, "ms", "decode",
		milliseconds(ms_decode), "detect", milliseconds(ms->detect), "landmarks",
		milliseconds(ms->landmarks));
}

static json_t *verdict_json(
	const struct face *face, const struct verdict *verdict, const struct person *person)
{
	json_t *o = face_json(face);
	if (!o)
		return NULL;
	int failed =
		json_object_set_new(o, "decision", json_string(decision_word(verdict->decision)));
	failed |= json_object_set_new(o, "person", person_ref_json(person));
	failed |= json_object_set_new(o, "distance", json_number(verdict->distance));
	failed |= json_object_set_new(o, "margin", json_number(verdict->margin));
	failed |= json_object_set_new(o, "threshold", json_number(verdict->threshold));
	if (failed) {
		json_decref(o);
		return NULL;
	}
	return o;
}

json_t *identified_json(const char *path, const struct identified *id)
{
	json_t *list = json_array();
	for (size_t i = 0; i < id->faces.count; i++)
		json_append(
			&list, verdict_json(&id->faces.face[i], &id->verdict[i], &id->person[i]));
	return json_pack("{s:o,s:i,s:i,s:o,s:{s:o,s:o,s:o,s:o,s:o}}", "file", json_text(path),
		"width", id->width, "height", id->height, "faces", list, "ms", "decode",
		milliseconds(id->ms_decode), "detect", milliseconds(id->ms.detect), "landmarks",
		milliseconds(id->ms.landmarks), "embed", milliseconds(id->ms.embed), "search",
		milliseconds(id->ms_search));
}
