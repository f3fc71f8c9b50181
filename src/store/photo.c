/* SPDX-License-Identifier: MIT */
/* Enrolment photos that the operator wants kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_int.h"

enum { BOUND_BYTES = 2 * UUID_TEXT + 2 * PHOTO_HASH_BYTES + 64 };

/* As for templates: what is sealed opens only in its own row. */
static void bound_text(
	const struct store *s, const struct kept_photo *photo, char out[static BOUND_BYTES])
{
	char hash[2 * PHOTO_HASH_BYTES + 1];
	sodium_bin2hex(hash, sizeof(hash), photo->photo_hash, PHOTO_HASH_BYTES);
	snprintf(out, BOUND_BYTES, "photo1|%s|%s|%s", s->org_id, photo->person_id, hash);
}

void kept_photo_list_finish(struct kept_photo_list *list)
{
	free(list->item);
	*list = (struct kept_photo_list){0};
}

enum err store_photo_keep(struct store *s, const struct kept_photo *photo, const struct buf *bytes,
	int64_t now_ms, struct error *why)
{
	char bound[BOUND_BYTES];
	if (bytes->len == 0 || bytes->len > STORE_PHOTO_MAX)
		return err_set(why, ERR_LIMIT, "a photo to keep has 1 to %d bytes, not %zu",
			STORE_PHOTO_MAX, bytes->len);
	uint8_t *sealed = malloc(bytes->len + SEAL_EXTRA_BYTES);
	if (sealed == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a photo");
	bound_text(s, photo, bound);
	key_seal(&s->key, bound, bytes->data, bytes->len, sealed);
	struct query q;
	query_start(&q, s,
		"INSERT INTO photo (org_id, person_id, photo_hash, sealed, created_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
		why);
	query_text(&q, photo->person_id);
	query_hash(&q, photo->photo_hash);
	query_blob(&q, sealed, bytes->len + SEAL_EXTRA_BYTES);
	query_int(&q, now_ms);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such person");
	free(sealed);
	return err;
}

enum err store_photo_kept(struct store *s, const uint8_t photo_hash[static PHOTO_HASH_BYTES],
	bool *out, struct error *why)
{
	struct query q;
	query_start(&q, s, "SELECT 1 FROM photo WHERE org_id = ?1 AND photo_hash = ?2", why);
	query_hash(&q, photo_hash);
	*out = query_row(&q);
	return query_end(&q);
}

static void read_row(struct query *q, void *out)
{
	struct kept_photo *photo = out;
	column_text(q, 0, photo->person_id, sizeof(photo->person_id));
	column_hash(q, 1, photo->photo_hash);
}

enum err store_photos_without(
	struct store *s, const char *model, struct kept_photo_list *out, struct error *why)
{
	static const struct row_kind kind = {
		read_row, sizeof(struct kept_photo), "photo", "photos"};
	struct query q;
	query_start(&q, s,
		"SELECT p.person_id, p.photo_hash FROM photo p WHERE p.org_id = ?1"
		" AND NOT EXISTS (SELECT 1 FROM template t WHERE t.org_id = p.org_id"
		" AND t.photo_hash = p.photo_hash AND t.model = ?2)"
		" ORDER BY p.person_id, p.created_ms, p.photo_hash",
		why);
	query_text(&q, model);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

/* Opens what is sealed in the row's first column. */
static enum err unseal(
	struct query *q, const struct kept_photo *photo, struct buf *out, struct error *why)
{
	char bound[BOUND_BYTES];
	size_t len;
	const uint8_t *sealed = column_blob(q, 0, &len);
	if (q->err != OK)
		return q->err;
	bool fits = len > SEAL_EXTRA_BYTES && len <= STORE_PHOTO_MAX + SEAL_EXTRA_BYTES;
	uint8_t *bytes = fits ? malloc(len) : NULL;
	if (fits && bytes == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a photo");
	bound_text(q->s, photo, bound);
	enum err err = OK;
	if (!fits || key_unseal(&q->s->key, bound, sealed, len, bytes) != OK)
		err = err_set(why, ERR_FORMAT,
			"a kept photo of the person %s was tampered with or damaged",
			photo->person_id);
	else if (buf_add(out, bytes, len - SEAL_EXTRA_BYTES) != OK)
		err = err_set(why, ERR_NOMEM, "no memory for a photo");
	free(bytes);
	return err;
}

enum err store_photo_bytes(
	struct store *s, const struct kept_photo *photo, struct buf *out, struct error *why)
{
	struct query q;
	bool found = false;
	query_start(&q, s,
		"SELECT sealed FROM photo WHERE org_id = ?1 AND person_id = ?2"
		" AND photo_hash = ?3",
		why);
	query_text(&q, photo->person_id);
	query_hash(&q, photo->photo_hash);
	if (query_row(&q)) {
		found = true;
		query_fail(&q, unseal(&q, photo, out, why));
	}
	enum err err = query_end(&q);
	if (err == OK && !found)
		err = err_set(why, ERR_NOT_FOUND, "there is no such kept photo");
	return err;
}

enum err store_photos_count(struct store *s, size_t *out, struct error *why)
{
	struct query q;
	*out = 0;
	query_start(&q, s, "SELECT count(*) FROM photo WHERE org_id = ?1", why);
	if (query_row(&q))
		*out = (size_t)column_int(&q, 0);
	return query_end(&q);
}

enum err store_photos_remove(struct store *s, size_t *count, struct error *why)
{
	struct query q;
	int64_t rows = 0;
	query_start(&q, s, "DELETE FROM photo WHERE org_id = ?1", why);
	enum err err = query_run(&q, &rows);
	if (count != NULL)
		*count = (size_t)rows;
	if (err == OK && !s->in_transaction)
		s->ops->scrub(s->db);
	return err;
}
