/* SPDX-License-Identifier: MIT */
/* People who register themselves: what they said and showed, until somebody decides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/near.h"
#include "store/settings.h"
#include "store/user_int.h"

enum { BOUND_BYTES = 2 * UUID_TEXT + STORE_MODEL_BYTES + 2 * PHOTO_HASH_BYTES + 64 };
enum { SEALED_MAX = STORE_DIM_MAX * 4 + SEAL_EXTRA_BYTES };

void registration_list_finish(struct registration_list *list)
{
	free(list->item);
	*list = (struct registration_list){0};
}

/* --- asking --- */

/* Whether the address is of one of the domains that the organisation has set. */
static enum err check_domain(struct store *s, const char *email_key, struct error *why)
{
	char domains[SETTING_VALUE_BYTES];
	enum err err = store_setting(s, SETTING_REGISTRATION_DOMAINS, domains, why);
	if (err != OK)
		return err;
	const char *domain = strchr(email_key, '@') + 1;
	size_t len = strlen(domain);
	for (const char *at = domains; *at != '\0';) {
		at += strspn(at, " \t,");
		size_t word = strcspn(at, " \t,");
		if (word == len && strncasecmp(at, domain, len) == 0)
			return OK;
		at += word;
	}
	return err_set(why, ERR_DENIED,
		"nobody with an address at '%s' can register here: ask for an invitation", domain);
}

static enum err check_room(struct store *s, struct error *why)
{
	size_t waiting;
	enum err err = store_user_count(s, ROLE_STUDENT, USER_WAITING, &waiting, why);
	if (err == OK && waiting >= REGISTRATIONS_WAITING_MAX)
		err = err_set(why, ERR_LIMIT,
			"%d people wait to be approved already: try again later",
			REGISTRATIONS_WAITING_MAX);
	return err;
}

/* Bound to whose it is and to its photo, and by the word to being no template. */
static void bound_text(const struct store *s, const char *user_id, const struct template_new *t,
	char out[static BOUND_BYTES])
{
	char photo[2 * PHOTO_HASH_BYTES + 1];
	sodium_bin2hex(photo, sizeof(photo), t->photo_hash, PHOTO_HASH_BYTES);
	snprintf(out, BOUND_BYTES, "registration1|%s|%s|%s|%s|%zu", s->org_id, user_id, photo,
		t->model, t->dim);
}

static enum err check_face(const struct template_new *t, struct error *why)
{
	size_t len = strlen(t->model);
	if (len == 0 || len >= STORE_MODEL_BYTES || t->dim == 0 || t->dim > STORE_DIM_MAX)
		return err_set(
			why, ERR_ARG, "a face has a model and 1 to %d values", STORE_DIM_MAX);
	for (size_t i = 0; i < t->dim; i++) {
		if (!isfinite(t->vector[i]))
			return err_set(why, ERR_ARG, "the face is not made of numbers");
	}
	return OK;
}

static enum err insert_face(struct store *s, const char *user_id, const struct template_new *t,
	int64_t now_ms, struct error *why)
{
	uint8_t sealed[SEALED_MAX];
	char bound[BOUND_BYTES];
	enum err err = check_face(t, why);
	if (err != OK)
		return err;
	bound_text(s, user_id, t, bound);
	key_seal(&s->key, bound, t->vector, t->dim * sizeof(float), sealed);
	struct query q;
	query_start(&q, s,
		"INSERT INTO registration_face (org_id, user_id, photo_hash, model, dim, quality,"
		" sealed, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		why);
	query_text(&q, user_id);
	query_blob(&q, t->photo_hash, PHOTO_HASH_BYTES);
	query_text(&q, t->model);
	query_int(&q, (int64_t)t->dim);
	query_real(&q, (double)t->quality);
	query_blob(&q, sealed, t->dim * sizeof(float) + SEAL_EXTRA_BYTES);
	query_int(&q, now_ms);
	err = query_run(&q, NULL);
	if (err == ERR_EXISTS)
		err_set(why, err, "the same photo was given twice");
	return err;
}

static enum err insert_registration(
	struct store *s, const struct registration *r, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO registration (org_id, user_id, number, group_id, created_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5)",
		why);
	query_text(&q, r->user_id);
	query_text_or_null(&q, r->number);
	query_text_or_null(&q, r->group_id);
	query_int(&q, r->created_ms);
	return query_run(&q, NULL);
}

static enum err check_group(struct store *s, const char *group_id, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT 1 FROM person_group WHERE org_id = ?1 AND id = ?2 AND removed = 0", why);
	query_text(&q, group_id);
	bool found = query_row(&q);
	enum err err = query_end(&q);
	return err == OK && !found ? err_set(why, ERR_NOT_FOUND, "there is no such group") : err;
}

static enum err write_registration(struct store *s, struct registration *r, const char *hash,
	const struct registration_proof *proof, int64_t now_ms, struct error *why)
{
	struct user user = {.role = ROLE_STUDENT, .state = USER_WAITING};
	memcpy(user.email, r->email, sizeof(user.email));
	memcpy(user.name, r->name, sizeof(user.name));
	enum err err = check_room(s, why);
	if (err == OK && r->group_id[0] != '\0')
		err = check_group(s, r->group_id, why);
	if (err == OK)
		err = user_insert(s, &user, hash, now_ms, why);
	if (err != OK)
		return err;
	memcpy(r->user_id, user.id, sizeof(r->user_id));
	memcpy(r->name, user.name, sizeof(r->name));
	r->created_ms = now_ms;
	r->photos = proof->faces;
	err = insert_registration(s, r, why);
	for (size_t i = 0; i < proof->faces && err == OK; i++)
		err = insert_face(s, r->user_id, &proof->face[i], now_ms, why);
	return err;
}

enum err store_register(struct store *s, struct registration *r,
	const struct registration_proof *proof, int64_t now_ms, struct error *why)
{
	struct registration asked = *r;
	char key[EMAIL_BYTES], hash[PASSWORD_HASH_BYTES], name_key[NAME_KEY_BYTES];
	enum err err = email_clean(asked.email, asked.email, key, why);
	if (err == OK)
		err = check_domain(s, key, why);
	if (err == OK)
		err = near_clean(asked.name, "name", name_key, why);
	if (err == OK)
		err = person_clean_number(asked.number, why);
	if (err == OK && (proof->faces < 1 || proof->faces > REGISTRATION_PHOTOS_MAX))
		err = err_set(why, ERR_ARG, "give one to %d photos", REGISTRATION_PHOTOS_MAX);
	if (err == OK)
		err = password_check(proof->password, asked.email, why);
	if (err == OK)
		err = password_hash(proof->password, proof->cost, hash, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = change_end(s, write_registration(s, &asked, hash, proof, now_ms, why), why);
	sodium_memzero(hash, sizeof(hash));
	if (err == OK)
		*r = asked;
	return err;
}

/* --- what waits --- */

static void read_registration(struct query *q, void *row)
{
	struct registration *out = row;
	*out = (struct registration){0};
	column_text(q, 0, out->user_id, sizeof(out->user_id));
	column_text(q, 1, out->email, sizeof(out->email));
	column_text(q, 2, out->name, sizeof(out->name));
	column_text(q, 3, out->number, sizeof(out->number));
	column_text(q, 4, out->group_id, sizeof(out->group_id));
	out->photos = (size_t)column_int(q, 5);
	out->created_ms = column_int(q, 6);
}

static const struct row_kind kind = {
	read_registration, sizeof(struct registration), "registration", "registrations"};

#define REGISTRATIONS                                                                          \
	"SELECT r.user_id, u.email, u.name, coalesce(r.number, ''), coalesce(r.group_id, '')," \
	" (SELECT count(DISTINCT f.photo_hash) FROM registration_face f"                       \
	"  WHERE f.org_id = r.org_id AND f.user_id = r.user_id), r.created_ms"                 \
	" FROM registration r JOIN app_user u ON u.org_id = r.org_id AND u.id = r.user_id"     \
	" WHERE r.org_id = ?1"

enum err store_registrations(
	struct store *s, const char *group_id, struct registration_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		REGISTRATIONS " AND (?2 IS NULL OR r.group_id = ?2)"
			      " ORDER BY r.created_ms, r.user_id",
		why);
	query_text_or_null(&q, group_id != NULL ? group_id : "");
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

enum err store_registration(
	struct store *s, const char *user_id, struct registration *out, struct error *why)
{
	*out = (struct registration){0};
	struct query q;
	query_start(&q, s, REGISTRATIONS " AND r.user_id = ?2", why);
	query_text(&q, user_id);
	return query_one(&q, &kind, out);
}

/* --- deciding --- */

/* A face as it lies in the row: photo_hash, model, dim, quality, sealed. */
struct face_row {
	struct template_new template;
	char model[STORE_MODEL_BYTES];
	float vector[STORE_DIM_MAX];
};

static void read_face(struct query *q, const char *user_id, struct face_row *out)
{
	char bound[BOUND_BYTES];
	size_t len;
	struct template_new *t = &out->template;
	column_hash(q, 0, t->photo_hash);
	column_text(q, 1, out->model, sizeof(out->model));
	t->model = out->model;
	t->vector = out->vector;
	t->dim = (size_t)column_int(q, 2);
	t->quality = (float)column_real(q, 3);
	const uint8_t *sealed = column_blob(q, 4, &len);
	if (q->err != OK)
		return;
	bool fits = t->dim > 0 && t->dim <= STORE_DIM_MAX &&
		len == t->dim * sizeof(float) + SEAL_EXTRA_BYTES;
	if (fits)
		bound_text(q->s, user_id, t, bound);
	if (!fits || key_unseal(&q->s->key, bound, sealed, len, out->vector) != OK)
		query_fail(q,
			err_set(q->why, ERR_FORMAT,
				"a face of the registration %s was tampered with or damaged: "
				"refuse it",
				user_id));
}

static enum err move_faces(struct store *s, const char *user_id, const char *person_id,
	int64_t now_ms, struct error *why)
{
	struct face_row face;
	struct query q;
	query_start(&q, s,
		"SELECT photo_hash, model, dim, quality, sealed FROM registration_face"
		" WHERE org_id = ?1 AND user_id = ?2 ORDER BY photo_hash",
		why);
	query_text(&q, user_id);
	while (query_row(&q)) {
		read_face(&q, user_id, &face);
		face.template.person_id = person_id;
		if (q.err == OK)
			query_fail(&q, store_template_add(s, &face.template, now_ms, why));
	}
	sodium_memzero(&face, sizeof(face));
	return query_end(&q);
}

static enum err find_person(struct store *s, const struct registration *r, const char *person_id,
	int64_t now_ms, struct person *out, struct error *why)
{
	if (person_id != NULL)
		return store_person(s, person_id, out, why);
	*out = (struct person){0};
	memcpy(out->name, r->name, sizeof(out->name));
	memcpy(out->number, r->number, sizeof(out->number));
	return store_person_add(s, out, now_ms, why);
}

static enum err activate(
	struct store *s, const char *user_id, const char *person_id, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"UPDATE app_user SET state = 'active', person_id = ?3, version = version + 1"
		" WHERE org_id = ?1 AND id = ?2 AND state = 'waiting'",
		why);
	query_text(&q, user_id);
	query_text(&q, person_id);
	enum err err = query_run(&q, NULL);
	if (err == ERR_EXISTS)
		err_set(why, err, "the person has an account already");
	return err;
}

static enum err approve(struct store *s, const char *user_id, const char *person_id, int64_t now_ms,
	struct person *person, struct error *why)
{
	static const char *const done[] = {
		"DELETE FROM registration_face WHERE org_id = ?1 AND user_id = ?2",
		"DELETE FROM registration WHERE org_id = ?1 AND user_id = ?2",
	};
	struct registration r;
	enum err err = store_registration(s, user_id, &r, why);
	if (err == OK)
		err = find_person(s, &r, person_id, now_ms, person, why);
	if (err == OK && r.group_id[0] != '\0')
		err = store_member_add(s, r.group_id, person->id, now_ms, why);
	if (err == OK)
		err = move_faces(s, user_id, person->id, now_ms, why);
	if (err == OK)
		err = activate(s, user_id, person->id, why);
	return err == OK ? run_all(s, done, 2, user_id, NULL, why) : err;
}

enum err store_registration_approve(struct store *s, const char *user_id, const char *person_id,
	int64_t now_ms, char person_id_out[static UUID_TEXT], struct error *why)
{
	struct person person = {0};
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = change_end(s, approve(s, user_id, person_id, now_ms, &person, why), why);
	memcpy(person_id_out, err == OK ? person.id : "", err == OK ? UUID_TEXT : 1);
	return err;
}

enum err store_registration_refuse(struct store *s, const char *user_id, struct error *why)
{
	struct registration r;
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_registration(s, user_id, &r, why);
	if (err == OK)
		err = user_erase(s, user_id, NULL, why);
	err = change_end(s, err, why);
	if (err == OK && !s->in_transaction)
		s->ops->scrub(s->db);
	return err;
}
