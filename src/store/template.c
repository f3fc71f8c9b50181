/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_int.h"

/* Vectors are sealed as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "vectors are stored little-endian");
_Static_assert(sizeof(float) == 4, "vectors are stored as 32-bit floats");

enum { BOUND_BYTES = 3 * UUID_TEXT + STORE_MODEL_BYTES + 64 };
enum { SEALED_MAX = STORE_DIM_MAX * 4 + SEAL_EXTRA_BYTES };

struct row_id {
	const char *person, *id, *model;
	size_t dim;
};

/*
 * The text a sealed vector is bound to. A vector that is copied to another row (person,
 * organisation, model) does not open there. The model's name comes last but for the
 * dimension, and everything before it has a fixed length: no two rows have the same text.
 */
static void bound_text(
	const struct store *s, const struct row_id *row, char out[static BOUND_BYTES])
{
	snprintf(out, BOUND_BYTES, "template1|%s|%s|%s|%s|%zu", s->org_id, row->person, row->id,
		row->model, row->dim);
}

void store_photo_hash(
	const struct store *s, const void *bytes, size_t len, uint8_t out[static PHOTO_HASH_BYTES])
{
	crypto_generichash(out, PHOTO_HASH_BYTES, bytes, len, s->key.photo, sizeof(s->key.photo));
}

static enum err check_template(const struct template_new *t, struct error *why)
{
	size_t model_len = strlen(t->model);
	if (model_len == 0 || model_len >= STORE_MODEL_BYTES)
		return err_set(why, ERR_ARG, "the model's name is empty or longer than %d bytes",
			STORE_MODEL_BYTES - 1);
	if (t->dim == 0 || t->dim > STORE_DIM_MAX)
		return err_set(why, ERR_ARG, "a template has 1 to %d values, not %zu",
			STORE_DIM_MAX, t->dim);
	for (size_t i = 0; i < t->dim; i++) {
		if (!isfinite(t->vector[i]))
			return err_set(why, ERR_ARG, "the template is not made of numbers");
	}
	return OK;
}

enum err store_photo_check(struct store *s, const char *model,
	const uint8_t photo_hash[static PHOTO_HASH_BYTES], struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT p.name, p.id FROM template t JOIN person p"
		" ON p.org_id = t.org_id AND p.id = t.person_id"
		" WHERE t.org_id = ?1 AND t.model = ?2 AND t.photo_hash = ?3",
		why);
	query_text(&q, model);
	query_hash(&q, photo_hash);
	if (query_row(&q)) {
		char name[NAME_BYTES], id[UUID_TEXT];
		column_text(&q, 0, name, sizeof(name));
		column_text(&q, 1, id, sizeof(id));
		query_fail(&q,
			err_set(why, ERR_EXISTS, "the same photo is enrolled already, for '%s'",
				name));
	}
	return query_end(&q);
}

static enum err insert_template(
	struct store *s, const struct template_new *t, int64_t now_ms, struct error *why)
{
	char id[UUID_TEXT], bound[BOUND_BYTES];
	uint8_t sealed[SEALED_MAX];
	size_t bytes = t->dim * sizeof(float);
	uuid_make(now_ms, id);
	bound_text(s, &(struct row_id){t->person_id, id, t->model, t->dim}, bound);
	key_seal(&s->key, bound, t->vector, bytes, sealed);
	struct query q;
	query_start(&q, s,
		"INSERT INTO template (org_id, person_id, id, model, dim, quality, photo_hash,"
		" sealed, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		why);
	query_text(&q, t->person_id);
	query_text(&q, id);
	query_text(&q, t->model);
	query_int(&q, (int64_t)t->dim);
	query_real(&q, (double)t->quality);
	query_hash(&q, t->photo_hash);
	query_blob(&q, sealed, bytes + SEAL_EXTRA_BYTES);
	query_int(&q, now_ms);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such person");
	return err;
}

enum err store_template_add(
	struct store *s, const struct template_new *t, int64_t now_ms, struct error *why)
{
	enum err err = check_template(t, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_photo_check(s, t->model, t->photo_hash, why);
	if (err == OK)
		err = insert_template(s, t, now_ms, why);
	return change_end(s, err, why);
}

/* Opens the sealed vector of the row: columns person, id, dim, sealed. */
static enum err unseal_row(struct query *q, const char *model, char person[static UUID_TEXT],
	float *vector, size_t *dim)
{
	char id[UUID_TEXT], bound[BOUND_BYTES];
	column_text(q, 0, person, UUID_TEXT);
	column_text(q, 1, id, sizeof(id));
	*dim = (size_t)column_int(q, 2);
	size_t len;
	const uint8_t *sealed = column_blob(q, 3, &len);
	if (q->err != OK)
		return q->err;
	bool fits =
		*dim > 0 && *dim <= STORE_DIM_MAX && len == *dim * sizeof(float) + SEAL_EXTRA_BYTES;
	bound_text(q->s, &(struct row_id){person, id, model, fits ? *dim : 0}, bound);
	if (!fits || key_unseal(&q->s->key, bound, sealed, len, vector) != OK)
		return err_set(q->why, ERR_FORMAT,
			"the template %s of the person %s was tampered with or damaged: remove the "
			"person and enrol again",
			id, person);
	return OK;
}

enum err store_templates(
	struct store *s, const char *model, store_template_fn *fn, void *ctx, struct error *why)
{
	float vector[STORE_DIM_MAX];
	struct query q;
	query_start(&q, s,
		"SELECT person_id, id, dim, sealed FROM template WHERE org_id = ?1 AND model = ?2"
		" ORDER BY person_id, id",
		why);
	query_text(&q, model);
	while (query_row(&q)) {
		char person[UUID_TEXT];
		size_t dim;
		enum err err = unseal_row(&q, model, person, vector, &dim);
		if (err == OK)
			err = fn(ctx, person, vector, dim, why);
		if (err != OK) {
			query_fail(&q, err);
			break;
		}
	}
	sodium_memzero(vector, sizeof(vector));
	return query_end(&q);
}

enum err store_template_count(struct store *s, const char *model, size_t *out, struct error *why)
{
	*out = 0;
	struct query q;
	query_start(&q, s, "SELECT count(*) FROM template WHERE org_id = ?1 AND model = ?2", why);
	query_text(&q, model);
	if (query_row(&q))
		*out = (size_t)column_int(&q, 0);
	return query_end(&q);
}

enum err store_template_infos(struct store *s, const char *model, store_template_info_fn *fn,
	void *ctx, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT person_id, quality, created_ms FROM template WHERE org_id = ?1"
		" AND model = ?2 ORDER BY person_id, id",
		why);
	query_text(&q, model);
	while (query_row(&q)) {
		struct template_info info;
		column_text(&q, 0, info.person_id, sizeof(info.person_id));
		info.quality = column_real(&q, 1);
		info.created_ms = column_int(&q, 2);
		query_fail(&q, q.err == OK ? fn(ctx, &info, why) : q.err);
	}
	return query_end(&q);
}

static void read_person(struct query *q, void *out)
{
	struct person *p = out;
	*p = (struct person){0};
	column_text(q, 0, p->id, sizeof(p->id));
	column_text(q, 1, p->name, sizeof(p->name));
	column_text(q, 2, p->number, sizeof(p->number));
	p->templates = (size_t)column_int(q, 3);
}

enum err store_people_without(
	struct store *s, const char *model, struct person_list *out, struct error *why)
{
	static const struct row_kind kind = {
		read_person, sizeof(struct person), "person", "people"};
	struct query q;
	query_start(&q, s,
		"SELECT p.id, p.name, coalesce(p.number, ''), count(*) FROM template t"
		" JOIN person p ON p.org_id = t.org_id AND p.id = t.person_id"
		" WHERE t.org_id = ?1 AND NOT EXISTS (SELECT 1 FROM template o WHERE"
		" o.org_id = t.org_id AND o.person_id = t.person_id AND o.model = ?2)"
		" GROUP BY p.id, p.name, p.number, p.name_key ORDER BY p.name_key, p.number, p.id",
		why);
	query_text(&q, model);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_photo_owner(struct store *s, const char *model,
	const uint8_t photo_hash[static PHOTO_HASH_BYTES], char person_id[static UUID_TEXT],
	struct error *why)
{
	struct query q;
	person_id[0] = '\0';
	query_start(&q, s,
		"SELECT person_id FROM template WHERE org_id = ?1 AND model = ?2"
		" AND photo_hash = ?3",
		why);
	query_text(&q, model);
	query_hash(&q, photo_hash);
	if (query_row(&q))
		column_text(&q, 0, person_id, UUID_TEXT);
	return query_end(&q);
}

static enum err remove_by(
	struct store *s, const char *sql, const char *model, size_t *count, struct error *why)
{
	struct query q;
	int64_t rows = 0;
	query_start(&q, s, sql, why);
	query_text(&q, model);
	enum err err = query_run(&q, &rows);
	if (count != NULL)
		*count = (size_t)rows;
	return err;
}

enum err store_templates_remove(
	struct store *s, const char *model, size_t *count, struct error *why)
{
	return remove_by(
		s, "DELETE FROM template WHERE org_id = ?1 AND model = ?2", model, count, why);
}

enum err store_templates_replace(
	struct store *s, const char *model, size_t *count, struct error *why)
{
	return remove_by(s,
		"DELETE FROM template WHERE org_id = ?1 AND model <> ?2 AND person_id IN"
		" (SELECT person_id FROM template WHERE org_id = ?1 AND model = ?2)",
		model, count, why);
}
