/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/near.h"
#include "store/store_int.h"

enum { FACE_ID_MAX = 65535 };

#define PERSON_COLUMNS                                                          \
	"p.id, p.name, coalesce(p.number, ''), p.face_id, p.created_ms,"        \
	" (SELECT count(DISTINCT coalesce(t.photo_hash, t.id)) FROM template t" \
	"  WHERE t.org_id = p.org_id AND t.person_id = p.id), p.version"

void person_list_finish(struct person_list *list)
{
	free(list->item);
	*list = (struct person_list){0};
}

static void read_person(struct query *q, void *row)
{
	struct person *out = row;
	*out = (struct person){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->name, sizeof(out->name));
	column_text(q, 2, out->number, sizeof(out->number));
	out->face_id = (int)column_int(q, 3);
	out->created_ms = column_int(q, 4);
	out->templates = (size_t)column_int(q, 5);
	out->version = column_int(q, 6);
}

static const struct row_kind kind = {read_person, sizeof(struct person), "person", "people"};

enum err person_clean_number(char number[static NUMBER_BYTES], struct error *why)
{
	if (memchr(number, '\0', NUMBER_BYTES) == NULL)
		return err_set(
			why, ERR_ARG, "the number is longer than %d bytes", NUMBER_BYTES - 1);
	if (number[0] == '\0')
		return OK;
	char clean[NAME_BYTES];
	enum err err = name_clean(number, "number", clean, why);
	if (err != OK)
		return err;
	size_t len = strlen(clean);
	if (len >= NUMBER_BYTES)
		return err_set(
			why, ERR_ARG, "the number is longer than %d bytes", NUMBER_BYTES - 1);
	memset(number, 0, NUMBER_BYTES);
	memcpy(number, clean, len);
	return OK;
}

/* Cleans the fields that people give, and makes the key of the name. */
static enum err clean_person(
	struct person *person, char key[static NAME_KEY_BYTES], struct error *why)
{
	enum err err = near_clean(person->name, "name", key, why);
	if (err == OK)
		err = person_clean_number(person->number, why);
	if (err == OK && (person->face_id < 0 || person->face_id > FACE_ID_MAX))
		err = err_set(why, ERR_ARG, "the face id %d is not between 1 and %d",
			person->face_id, FACE_ID_MAX);
	return err;
}

/* What another person, in the row of `q`, has that this one may not have too. */
static enum err clash(
	struct query *q, const struct person *person, const char *key, struct error *why)
{
	char name[NAME_BYTES], number[NUMBER_BYTES], other_key[NAME_KEY_BYTES];
	column_text(q, 0, name, sizeof(name));
	column_text(q, 1, other_key, sizeof(other_key));
	column_text(q, 2, number, sizeof(number));
	if (q->err != OK)
		return q->err;
	if (number[0] != '\0' && strcmp(number, person->number) == 0)
		return err_set(
			why, ERR_EXISTS, "the number '%s' is already that of '%s'", number, name);
	if (person->face_id != 0 && column_int(q, 3) == person->face_id)
		return err_set(why, ERR_EXISTS, "the face id %d is already that of '%s'",
			person->face_id, name);
	if (strcmp(other_key, key) != 0 || (number[0] != '\0' && person->number[0] != '\0'))
		return OK;
	return err_set(why, ERR_EXISTS,
		"there is already a person called '%s': give both a --number to tell them apart",
		name);
}

static enum err check_free(
	struct store *s, const struct person *person, const char *key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT name, name_key, number, face_id FROM person WHERE org_id = ?1"
		" AND id <> ?2 AND (name_key = ?3 OR number = ?4 OR face_id = ?5)",
		why);
	query_text(&q, person->id);
	query_text(&q, key);
	query_text_or_null(&q, person->number);
	query_int_or_null(&q, person->face_id, 0);
	while (query_row(&q))
		query_fail(&q, clash(&q, person, key, why));
	return query_end(&q);
}

static enum err insert_person(
	struct store *s, const struct person *person, const char *key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO person (org_id, id, name, name_key, number, face_id, created_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		why);
	query_text(&q, person->id);
	query_text(&q, person->name);
	query_text(&q, key);
	query_text_or_null(&q, person->number);
	query_int_or_null(&q, person->face_id, 0);
	query_int(&q, person->created_ms);
	return query_run(&q, NULL);
}

enum err store_person_add(struct store *s, struct person *person, int64_t now_ms, struct error *why)
{
	struct person added = *person;
	char key[NAME_KEY_BYTES];
	enum err err = clean_person(&added, key, why);
	if (err != OK)
		return err;
	uuid_make(now_ms, added.id);
	added.created_ms = now_ms;
	added.templates = 0;
	added.version = 1;
	err = change_begin(s, why);
	if (err != OK)
		return err;
	err = check_free(s, &added, key, why);
	if (err == OK)
		err = insert_person(s, &added, key, why);
	err = change_end(s, err, why);
	if (err == OK)
		*person = added;
	return err;
}

static enum err no_such_person(struct error *why)
{
	return err_set(why, ERR_NOT_FOUND, "there is no such person");
}

enum err store_person(struct store *s, const char *id, struct person *out, struct error *why)
{
	/* `id` may be that of `out`. */
	struct person found = {0};
	struct query q;
	query_start(&q, s,
		"SELECT " PERSON_COLUMNS " FROM person p WHERE p.org_id = ?1 AND p.id = ?2", why);
	query_text(&q, id);
	enum err err = query_one(&q, &kind, &found);
	*out = found;
	return err;
}

/* The one person with that number; ERR_NOT_FOUND if none. */
static enum err find_number(
	struct store *s, const char *number, struct person *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " PERSON_COLUMNS " FROM person p WHERE p.org_id = ?1 AND p.number = ?2",
		why);
	query_text(&q, number);
	return query_one(&q, &kind, out);
}

static enum err find_name(struct store *s, const char *name, struct person *out, struct error *why)
{
	char key[NAME_KEY_BYTES], other[NUMBER_BYTES] = "";
	enum err err = name_key(name, key, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s,
		"SELECT " PERSON_COLUMNS " FROM person p WHERE p.org_id = ?1 AND p.name_key = ?2"
		" ORDER BY p.number LIMIT 2",
		why);
	query_text(&q, key);
	int found = 0;
	for (; query_row(&q); found++) {
		if (found == 0)
			read_person(&q, out);
		else
			column_text(&q, 2, other, sizeof(other));
	}
	err = query_end(&q);
	if (err != OK || found == 1)
		return err;
	if (found > 1)
		return err_set(why, ERR_ARG,
			"several people are called '%s': give the number instead (such as %s or "
			"%s)",
			out->name, out->number, other);
	return near_not_found(
		s, "SELECT name_key, name FROM person WHERE org_id = ?1", "person", name, why);
}

enum err store_person_find(struct store *s, const char *who, struct person *out, struct error *why)
{
	*out = (struct person){0};
	char clean[NAME_BYTES];
	enum err err = name_clean(who, "name", clean, why);
	if (err != OK)
		return err;
	if (uuid_valid(clean)) {
		err = store_person(s, clean, out, why);
		if (err != ERR_NOT_FOUND)
			return err;
	}
	err = find_number(s, clean, out, why);
	if (err == ERR_NOT_FOUND)
		err = find_name(s, clean, out, why);
	if (err != OK)
		*out = (struct person){0};
	return err;
}

enum err store_person_update(struct store *s, struct person *person, struct error *why)
{
	struct person changed = *person;
	char key[NAME_KEY_BYTES];
	enum err err = clean_person(&changed, key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = check_free(s, &changed, key, why);
	int64_t rows = 0;
	if (err == OK) {
		struct query q;
		query_start(&q, s,
			"UPDATE person SET name = ?3, name_key = ?4, number = ?5, face_id = ?6,"
			" version = version + 1 WHERE org_id = ?1 AND id = ?2"
			" AND (?7 = 0 OR version = ?7)",
			why);
		query_text(&q, changed.id);
		query_text(&q, changed.name);
		query_text(&q, key);
		query_text_or_null(&q, changed.number);
		query_int_or_null(&q, changed.face_id, 0);
		query_int(&q, changed.version);
		err = query_run(&q, &rows);
	}
	if (err == OK)
		err = store_person(s, changed.id, &changed, why);
	if (err == OK && rows == 0)
		err = err_set(why, ERR_CONFLICT,
			"the person was changed meanwhile: read it again, then change it");
	err = change_end(s, err, why);
	if (err == OK)
		*person = changed;
	return err;
}

/* The account of a student: it goes with the person. */
#define ACCOUNT " (SELECT id FROM app_user WHERE org_id = ?1 AND person_id = ?2)"

/* Everything that says something about a person; the row itself last. */
static const char *const erasure[] = {
	/* Reasons in people's words; that something was done to this id stays. */
	("DELETE FROM audit_detail WHERE org_id = ?1 AND (instr(detail, ?2) > 0 OR seq IN"
	 " (SELECT seq FROM audit WHERE org_id = ?1 AND (subject = ?2 OR subject IN" ACCOUNT ")))"),
	/* Answers that are kept for who asks again: that it was done stays, what it said goes. */
	("UPDATE idempotency SET body = x'' WHERE org_id = ?1"
	 " AND instr(CAST(body AS TEXT), ?2) > 0"),
	"DELETE FROM template WHERE org_id = ?1 AND person_id = ?2",
	"DELETE FROM photo WHERE org_id = ?1 AND person_id = ?2",
	"DELETE FROM membership WHERE org_id = ?1 AND person_id = ?2",
	"DELETE FROM past_membership WHERE org_id = ?1 AND person_id = ?2",
	"DELETE FROM mark WHERE org_id = ?1 AND person_id = ?2",
	"DELETE FROM rejection WHERE org_id = ?1 AND person_id = ?2",
	"DELETE FROM contest WHERE org_id = ?1 AND person_id = ?2",
	"UPDATE review SET person_id = NULL WHERE org_id = ?1 AND person_id = ?2",
	"UPDATE event SET person_id = NULL WHERE org_id = ?1 AND person_id = ?2",
	("DELETE FROM face WHERE org_id = ?1 AND sighting_id IN"
	 " (SELECT id FROM sighting WHERE org_id = ?1 AND person_id = ?2)"),
	"UPDATE evidence SET second_id = NULL WHERE org_id = ?1 AND second_id = ?2",
	("DELETE FROM web_session WHERE org_id = ?1 AND user_id IN" ACCOUNT),
	("DELETE FROM known_browser WHERE org_id = ?1 AND user_id IN" ACCOUNT),
	("DELETE FROM user_link WHERE org_id = ?1 AND user_id IN" ACCOUNT),
	("DELETE FROM user_group WHERE org_id = ?1 AND user_id IN" ACCOUNT),
	"DELETE FROM app_user WHERE org_id = ?1 AND person_id = ?2",
	"UPDATE sighting SET person_id = NULL WHERE org_id = ?1 AND person_id = ?2",
	"DELETE FROM person WHERE org_id = ?1 AND id = ?2",
};

enum err store_person_remove(struct store *s, const char *id, struct error *why)
{
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	int64_t rows = 0;
	err = run_all(s, erasure, sizeof(erasure) / sizeof(erasure[0]), id, &rows, why);
	if (err == OK && rows == 0)
		err = no_such_person(why);
	err = change_end(s, err, why);
	if (err == OK && !s->in_transaction)
		s->ops->scrub(s->db);
	return err;
}

enum err store_people(
	struct store *s, const char *group_id, struct person_list *out, struct error *why)
{
	struct query q;
	if (group_id == NULL)
		query_start(&q, s,
			"SELECT " PERSON_COLUMNS " FROM person p WHERE p.org_id = ?1"
			" ORDER BY p.name_key, p.number, p.id",
			why);
	else
		query_start(&q, s,
			"SELECT " PERSON_COLUMNS " FROM membership m JOIN person p"
			" ON p.org_id = m.org_id AND p.id = m.person_id"
			" WHERE m.org_id = ?1 AND m.group_id = ?2"
			" ORDER BY p.name_key, p.number, p.id",
			why);
	if (group_id != NULL)
		query_text(&q, group_id);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

/* Memberships that were in force at ?2, of all times. */
#define MEMBERS_AT                                                                 \
	"SELECT group_id, person_id FROM membership WHERE org_id = ?1"             \
	"  AND since_ms <= ?2"                                                     \
	" UNION SELECT group_id, person_id FROM past_membership WHERE org_id = ?1" \
	"  AND since_ms <= ?2 AND until_ms > ?2"

enum err store_people_at(struct store *s, const char *group_id, int64_t at_ms,
	struct person_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		group_id == NULL ? "SELECT " PERSON_COLUMNS " FROM person p WHERE p.org_id = ?1"
				   " AND p.created_ms <= ?2"
				   " AND p.id NOT IN (SELECT person_id FROM (" MEMBERS_AT "))"
				   " ORDER BY p.name_key, p.number, p.id"
				 : "SELECT " PERSON_COLUMNS " FROM person p WHERE p.org_id = ?1"
				   " AND p.id IN (SELECT person_id FROM (" MEMBERS_AT ")"
				   "  WHERE group_id = ?3)"
				   " ORDER BY p.name_key, p.number, p.id",
		why);
	query_int(&q, at_ms);
	if (group_id != NULL)
		query_text(&q, group_id);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}
