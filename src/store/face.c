/* SPDX-License-Identifier: MIT */
/* What explains and corrects sightings: evidence, faces, rejections. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "store/store_int.h"

enum { BOUND_BYTES = 4 * UUID_TEXT + STORE_MODEL_BYTES + 64 };
enum { SEALED_MAX = STORE_DIM_MAX * 4 + SEAL_EXTRA_BYTES };

/* --- evidence --- */

enum err store_evidence_add(struct store *s, const char *sighting_id,
	const struct evidence *evidence, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO evidence (org_id, sighting_id, group_id, reason, guest, candidates,"
		" guests, budget, review, margin_needed, quality_needed, second_id,"
		" second_distance, counter, looks, span_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
		"?8, ?9, ?10, ?11,"
		/* Another process may have erased the second person a moment ago. */
		" (SELECT id FROM person WHERE org_id = ?1 AND id = ?12), ?13, ?14, ?15, ?16)",
		why);
	query_text(&q, sighting_id);
	query_text_or_null(&q, evidence->group_id);
	query_text(&q, evidence->reason);
	query_int(&q, evidence->guest);
	query_int(&q, evidence->candidates);
	query_int(&q, evidence->guests);
	query_real(&q, evidence->budget);
	query_real(&q, evidence->review);
	query_real(&q, evidence->margin_needed);
	query_real(&q, evidence->quality_needed);
	query_text_or_null(&q, evidence->second_id);
	query_real(&q, evidence->second_distance);
	query_real(&q, evidence->counter);
	query_int(&q, evidence->looks);
	query_int(&q, evidence->span_ms);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such sighting");
	return err;
}

enum err store_evidence(
	struct store *s, const char *sighting_id, struct evidence *out, struct error *why)
{
	*out = (struct evidence){0};
	struct query q;
	query_start(&q, s,
		"SELECT coalesce(group_id, ''), reason, guest, candidates, guests, budget, review,"
		" margin_needed, quality_needed, coalesce(second_id, ''), second_distance, counter,"
		" looks, span_ms"
		" FROM evidence WHERE org_id = ?1 AND sighting_id = ?2",
		why);
	query_text(&q, sighting_id);
	bool found = query_row(&q);
	if (found) {
		column_text(&q, 0, out->group_id, sizeof(out->group_id));
		column_text(&q, 1, out->reason, sizeof(out->reason));
		out->guest = column_int(&q, 2) != 0;
		out->candidates = column_int(&q, 3);
		out->guests = column_int(&q, 4);
		out->budget = column_real(&q, 5);
		out->review = column_real(&q, 6);
		out->margin_needed = column_real(&q, 7);
		out->quality_needed = column_real(&q, 8);
		column_text(&q, 9, out->second_id, sizeof(out->second_id));
		out->second_distance = column_real(&q, 10);
		out->counter = column_real(&q, 11);
		out->looks = column_int(&q, 12);
		out->span_ms = column_int(&q, 13);
	}
	enum err err = query_end(&q);
	if (err == OK && !found)
		err = err_set(why, ERR_NOT_FOUND, "nothing was kept of how it was decided");
	return err;
}

/* --- sealed vectors --- */

/* Bound to the row, as templates are; `person` is "" for faces of sightings. */
struct row_id {
	const char *kind, *sighting, *person;
};

static void bound_text(const struct store *s, const struct row_id *row,
	const struct face_vector *face, char out[static BOUND_BYTES])
{
	snprintf(out, BOUND_BYTES, "%s|%s|%s|%s|%s|%zu", row->kind, s->org_id, row->sighting,
		row->person, face->model, face->dim);
}

static enum err check_face(const struct face_vector *face, struct error *why)
{
	if (face->dim == 0 || face->dim > STORE_DIM_MAX || face->model[0] == '\0')
		return err_set(
			why, ERR_ARG, "a face has a model and 1 to %d values", STORE_DIM_MAX);
	for (size_t i = 0; i < face->dim; i++)
		if (!isfinite(face->vector[i]))
			return err_set(why, ERR_ARG, "the face is not made of numbers");
	return OK;
}

static size_t seal(const struct store *s, const struct row_id *row, const struct face_vector *face,
	uint8_t sealed[static SEALED_MAX])
{
	char bound[BOUND_BYTES];
	size_t bytes = face->dim * sizeof(float);
	bound_text(s, row, face, bound);
	key_seal(&s->key, bound, face->vector, bytes, sealed);
	return bytes + SEAL_EXTRA_BYTES;
}

/* Columns `at` on: model, dim, sealed. Sets the query's error. */
static void unseal(struct query *q, int at, const struct row_id *row, struct face_vector *out)
{
	char bound[BOUND_BYTES];
	size_t len;
	column_text(q, at, out->model, sizeof(out->model));
	out->dim = (size_t)column_int(q, at + 1);
	const uint8_t *sealed = column_blob(q, at + 2, &len);
	if (q->err != OK)
		return;
	bool fits = out->dim > 0 && out->dim <= STORE_DIM_MAX &&
		len == out->dim * sizeof(float) + SEAL_EXTRA_BYTES;
	if (fits)
		bound_text(q->s, row, out, bound);
	if (!fits || key_unseal(&q->s->key, bound, sealed, len, out->vector) != OK)
		query_fail(q,
			err_set(q->why, ERR_FORMAT,
				"the face of the sighting %s was tampered with or damaged",
				row->sighting));
}

enum err store_face_add(struct store *s, const char *sighting_id, const struct face_vector *face,
	int64_t now_ms, struct error *why)
{
	uint8_t sealed[SEALED_MAX];
	enum err err = check_face(face, why);
	if (err != OK)
		return err;
	size_t len = seal(s, &(struct row_id){"face1", sighting_id, ""}, face, sealed);
	struct query q;
	query_start(&q, s,
		"INSERT INTO face (org_id, sighting_id, model, dim, sealed, created_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		why);
	query_text(&q, sighting_id);
	query_text(&q, face->model);
	query_int(&q, (int64_t)face->dim);
	query_blob(&q, sealed, len);
	query_int(&q, now_ms);
	err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such sighting");
	return err;
}

enum err store_face(
	struct store *s, const char *sighting_id, struct face_vector *out, struct error *why)
{
	*out = (struct face_vector){0};
	struct query q;
	query_start(&q, s,
		"SELECT model, dim, sealed FROM face WHERE org_id = ?1 AND sighting_id = ?2", why);
	query_text(&q, sighting_id);
	bool found = query_row(&q);
	if (found)
		unseal(&q, 0, &(struct row_id){"face1", sighting_id, ""}, out);
	enum err err = query_end(&q);
	if (err == OK && !found)
		err = err_set(why, ERR_NOT_FOUND, "the face of this sighting was not kept");
	return err;
}

enum err store_faces_purge(struct store *s, int64_t before_ms, int64_t *count, struct error *why)
{
	int64_t rows = 0;
	struct query q;
	query_start(&q, s, "DELETE FROM face WHERE org_id = ?1 AND created_ms < ?2", why);
	query_int(&q, before_ms);
	enum err err = query_run(&q, &rows);
	if (err == OK && rows > 0 && !s->in_transaction)
		s->ops->scrub(s->db);
	if (count != NULL)
		*count = rows;
	return err;
}

/* --- rejections --- */

enum err store_rejection_add(struct store *s, const struct rejection *rejection,
	const struct face_vector *face, int64_t now_ms, struct error *why)
{
	uint8_t sealed[SEALED_MAX];
	size_t len = 0;
	enum err err = face != NULL ? check_face(face, why) : OK;
	if (err != OK)
		return err;
	const struct row_id row = {"rejection1", rejection->sighting_id, rejection->person_id};
	if (face != NULL)
		len = seal(s, &row, face, sealed);
	struct query q;
	query_start(&q, s,
		"INSERT INTO rejection (org_id, sighting_id, person_id, actor, reason, model, dim,"
		" sealed, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, nullif(?8, x''), ?9)"
		" ON CONFLICT (sighting_id, person_id, org_id) DO NOTHING",
		why);
	query_text(&q, rejection->sighting_id);
	query_text(&q, rejection->person_id);
	query_text(&q, rejection->actor);
	query_text(&q, rejection->reason);
	query_text_or_null(&q, face != NULL ? face->model : "");
	query_int_or_null(&q, face != NULL ? (int64_t)face->dim : 0, 0);
	query_blob(&q, sealed, len);
	query_int(&q, now_ms);
	int64_t rows = 0;
	err = query_run(&q, &rows);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such sighting or person");
	if (err == OK && rows == 0)
		err = err_set(why, ERR_EXISTS, "that was said of this sighting already");
	return err;
}

enum err store_rejection(
	struct store *s, const char *sighting_id, struct rejection *out, struct error *why)
{
	*out = (struct rejection){0};
	struct query q;
	query_start(&q, s,
		"SELECT sighting_id, person_id, actor, reason, created_ms, sealed IS NOT NULL"
		" FROM rejection WHERE org_id = ?1 AND sighting_id = ?2 ORDER BY created_ms LIMIT "
		"1",
		why);
	query_text(&q, sighting_id);
	bool found = query_row(&q);
	if (found) {
		column_text(&q, 0, out->sighting_id, sizeof(out->sighting_id));
		column_text(&q, 1, out->person_id, sizeof(out->person_id));
		column_text(&q, 2, out->actor, sizeof(out->actor));
		column_text(&q, 3, out->reason, sizeof(out->reason));
		out->at_ms = column_int(&q, 4);
		out->has_face = column_int(&q, 5) != 0;
	}
	enum err err = query_end(&q);
	if (err == OK && !found)
		err = err_set(why, ERR_NOT_FOUND, "nobody has rejected this sighting");
	return err;
}

enum err store_counter_examples(
	struct store *s, const char *model, store_template_fn *fn, void *ctx, struct error *why)
{
	struct face_vector face;
	struct query q;
	query_start(&q, s,
		"SELECT person_id, sighting_id, model, dim, sealed FROM rejection"
		" WHERE org_id = ?1 AND model = ?2 ORDER BY person_id, sighting_id",
		why);
	query_text(&q, model);
	while (query_row(&q)) {
		char person[UUID_TEXT], sighting[UUID_TEXT];
		column_text(&q, 0, person, sizeof(person));
		column_text(&q, 1, sighting, sizeof(sighting));
		unseal(&q, 2, &(struct row_id){"rejection1", sighting, person}, &face);
		if (q.err == OK)
			query_fail(&q, fn(ctx, person, face.vector, face.dim, why));
		if (q.err != OK)
			break;
	}
	sodium_memzero(&face, sizeof(face));
	return query_end(&q);
}
