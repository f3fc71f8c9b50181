/* SPDX-License-Identifier: MIT */
#include "store/person_photos.h"

#include <stdlib.h>

#include "store/store_int.h"

#define COLUMNS                                                            \
	"SELECT t.id, t.model, t.quality, t.created_ms, t.photo_hash,"     \
	" EXISTS (SELECT 1 FROM photo p WHERE p.org_id = t.org_id"         \
	"  AND p.person_id = t.person_id AND p.photo_hash = t.photo_hash)" \
	" FROM template t WHERE t.org_id = ?1 AND t.person_id = ?2"

void person_photo_list_finish(struct person_photo_list *list)
{
	free(list->item);
	*list = (struct person_photo_list){0};
}

static void read_row(struct query *q, void *out)
{
	struct person_photo *photo = out;
	*photo = (struct person_photo){0};
	column_text(q, 0, photo->id, sizeof(photo->id));
	column_text(q, 1, photo->model, sizeof(photo->model));
	photo->quality = column_real(q, 2);
	photo->created_ms = column_int(q, 3);
	column_hash(q, 4, photo->photo_hash);
	photo->kept = column_int(q, 5) != 0;
}

static const struct row_kind kind = {read_row, sizeof(struct person_photo), "photo", "photos"};

enum err store_person_photos(
	struct store *s, const char *person_id, struct person_photo_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s, COLUMNS " ORDER BY t.created_ms, t.id", why);
	query_text(&q, person_id);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_person_photo(struct store *s, const char *person_id, const char *id,
	struct person_photo *out, struct error *why)
{
	struct query q;
	query_start(&q, s, COLUMNS " AND t.id = ?3", why);
	query_text(&q, person_id);
	query_text(&q, id);
	return query_one(&q, &kind, out);
}

/* Deletes rows of a table by person and photo, or by person and id. */
static enum err remove_rows(struct store *s, const char *sql, const char *person_id,
	const struct person_photo *photo, struct error *why)
{
	struct query q;
	query_start(&q, s, sql, why);
	query_text(&q, person_id);
	query_hash(&q, photo->photo_hash);
	query_text(&q, photo->id);
	return query_run(&q, NULL);
}

enum err store_person_photo_remove(
	struct store *s, const char *person_id, const char *id, struct error *why)
{
	struct person_photo photo;
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_person_photo(s, person_id, id, &photo, why);
	if (err == OK)
		err = remove_rows(s,
			"DELETE FROM photo WHERE org_id = ?1 AND person_id = ?2"
			" AND photo_hash = ?3 AND ?4 = ?4",
			person_id, &photo, why);
	if (err == OK)
		err = remove_rows(s,
			"DELETE FROM template WHERE org_id = ?1 AND person_id = ?2"
			" AND (photo_hash = ?3 OR id = ?4)",
			person_id, &photo, why);
	err = change_end(s, err, why);
	if (err == OK && !s->in_transaction)
		s->ops->scrub(s->db);
	return err;
}
