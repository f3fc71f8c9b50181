/* SPDX-License-Identifier: MIT */
/* /api/v1/registrations: students who register themselves, and who lets them in */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "api/body.h"
#include "api/change.h"
#include "api/page.h"
#include "api/people.h"
#include "api/resources.h"
#include "api/upload.h"
#include "report/json.h"
#include "store/settings.h"

static json_t *registration_json(const struct context *c, const struct registration *r)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:o,s:I,s:o}", "id", r->user_id, "email", r->email,
		"name", r->name, "number", json_text(r->number), "group_id", json_text(r->group_id),
		"photos", (json_int_t)r->photos, "created", json_time(c->zone, r->created_ms));
}

/* What a page needs to let somebody register: whether one can, with which addresses, into what. */
static enum err form(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct error *why = response_why(res);
	struct group_list groups = {0};
	char domains[SETTING_VALUE_BYTES];
	enum err err = store_setting(c->store, SETTING_REGISTRATION_DOMAINS, domains, why);
	bool open = err == OK && domains[0] != '\0';
	/* Who cannot register learns of no group. */
	if (open)
		err = store_groups(c->store, &groups, why);
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < groups.count; i++)
		json_append(&items,
			json_pack(
				"{s:s,s:s}", "id", groups.item[i].id, "name", groups.item[i].name));
	group_list_finish(&groups);
	if (err == OK)
		return response_json(res, 200,
			json_pack("{s:s,s:b,s:s,s:o}", "organisation", c->org.name, "open", open,
				"domains", domains, "groups", items));
	json_decref(items);
	return err;
}

/* --- asking ----------------------------------------------------------------------------- */

/* One who asks; the texts are borrowed from the upload. */
struct asking {
	struct context *c;
	const struct request *req;
	struct response *res;
	struct upload upload;
	struct recogniser *one;
	struct registration row;
	const char *password;
	struct enrol_photo photo[REGISTRATION_PHOTOS_MAX];
	struct template_new face[REGISTRATION_PHOTOS_MAX];
	size_t faces;
	char model[STORE_MODEL_BYTES];
};

static const char *const image_names[] = {"photo", "photo2", "photo3", NULL};
static const char *const text_names[] = {"email", "name", "password", "number", "group_id", NULL};

_Static_assert(sizeof(image_names) / sizeof(image_names[0]) == REGISTRATION_PHOTOS_MAX + 1,
	"as many photos as the store takes");

/* What the form or the object says; never the query, which is written to logs. */
static const char *said(const struct asking *a, const char *name)
{
	const char *text = form_field(&a->upload.form, name);
	if (text == NULL && a->upload.doc != NULL)
		text = json_string_value(json_object_get(a->upload.doc, name));
	return text != NULL ? text : "";
}

static enum err take_text(struct asking *a, const char *name, char *out, size_t size, bool needed)
{
	const char *text = said(a, name);
	if (strlen(text) >= size)
		return body_invalid(a->res, name, "takes a text of at most %zu bytes", size - 1);
	if (needed && text[0] == '\0')
		return body_invalid(a->res, name, "is missing");
	memcpy(out, text, strlen(text) + 1);
	return OK;
}

static enum err group_there(const struct asking *a)
{
	struct group group;
	const char *id = a->row.group_id;
	if (id[0] == '\0' || store_group(a->c->store, id, &group, NULL) != ERR_NOT_FOUND)
		return OK;
	return body_invalid(a->res, "group_id", "names a group that is not there");
}

/* All that can be refused without looking at photos, which takes time. */
static enum err check_words(struct asking *a)
{
	struct registration *r = &a->row;
	char domains[SETTING_VALUE_BYTES];
	struct error why = {0};
	enum err err = store_setting(
		a->c->store, SETTING_REGISTRATION_DOMAINS, domains, response_why(a->res));
	if (err == OK && domains[0] == '\0')
		err = err_set(response_why(a->res), ERR_DENIED,
			"nobody can register here: ask for an invitation");
	if (err == OK)
		err = take_text(a, "email", r->email, sizeof(r->email), true);
	if (err == OK)
		err = take_text(a, "name", r->name, sizeof(r->name), true);
	if (err == OK)
		err = take_text(a, "number", r->number, sizeof(r->number), false);
	if (err == OK)
		err = take_text(a, "group_id", r->group_id, sizeof(r->group_id), false);
	if (err == OK)
		err = group_there(a);
	a->password = said(a, "password");
	if (err == OK && email_clean(r->email, r->email, NULL, &why) != OK)
		err = body_invalid(a->res, "email", "is no address: %s", why.text);
	if (err == OK && password_check(a->password, r->email, &why) != OK)
		err = body_invalid(a->res, "password", "is not good: %s", why.text);
	return err;
}

static enum err unusable(struct asking *a, size_t i, const char *text)
{
	enum err err = response_problem(a->res, 422, "unusable_photo", "send another photo",
		"%s: %s", image_names[i], text);
	if (err == OK)
		err = response_problem_add(a->res, "field", json_string(image_names[i]));
	return err != OK ? err : err_set(response_why(a->res), ERR_ARG, "%s", text);
}

static enum err same_twice(struct asking *a, size_t image)
{
	for (size_t i = 0; i < a->faces; i++)
		if (memcmp(a->face[i].photo_hash, a->one->photo_hash, PHOTO_HASH_BYTES) == 0)
			return unusable(a, image, "the same photo was given twice");
	return OK;
}

static enum err look(struct asking *a, size_t image)
{
	const struct enrol_options options = {0};
	struct error why = {0};
	struct enrol_photo *photo = &a->photo[a->faces];
	struct template_new *face = &a->face[a->faces];
	enum err err = upload_decode(&a->upload.image[image], a->one, a->res);
	if (err == OK)
		err = same_twice(a, image);
	if (err != OK)
		return err;
	err = engine_enrol_image(a->one->engine, &a->one->photo, &options, photo, &why);
	if (err == ERR_NOT_FOUND || err == ERR_ARG)
		return unusable(a, image, why.text);
	if (err != OK)
		return err_set(response_why(a->res), err, "%s", why.text);
	*face = (struct template_new){.model = a->model,
		.vector = photo->vector,
		.dim = gallery_dim(engine_gallery(a->one->engine)),
		.quality = photo->quality};
	memcpy(face->photo_hash, a->one->photo_hash, sizeof(face->photo_hash));
	a->faces++;
	return OK;
}

static enum err look_at_all(struct asking *a)
{
	struct recognisers *all = api_recognisers(a->c->api);
	enum err err = recogniser_take(all, a->c->org.id, &a->one, response_why(a->res));
	if (err != OK)
		return err;
	snprintf(a->model, sizeof(a->model), "%s", pipeline_model(engine_pipeline(a->one->engine)));
	for (size_t i = 0; err == OK && i < REGISTRATION_PHOTOS_MAX; i++)
		if (a->upload.image[i].bytes != NULL)
			err = look(a, i);
	recogniser_give(all, a->one);
	return err;
}

static enum err write_down(struct asking *a)
{
	const struct registration_proof proof = {
		a->password, &api_options(a->c->api)->password, a->face, a->faces};
	struct error *why = response_why(a->res);
	char actor[ACTOR_BYTES];
	int64_t now_ms = request_now_ms(a->req);
	enum err err = store_register(a->c->store, &a->row, &proof, now_ms, why);
	/* Whether an address is somebody's already is nothing for strangers. */
	if (err == ERR_EXISTS)
		return OK;
	if (err == ERR_LIMIT)
		err = response_problem(
			a->res, 429, "too_many_waiting", "try again tomorrow", "%s", why->text);
	if (err != OK || a->row.user_id[0] == '\0')
		return err != OK ? err : err_set(why, ERR_LIMIT, "too many wait");
	snprintf(actor, sizeof(actor), "user:%s", a->row.user_id);
	const struct audit_entry entry = {actor, "registration.ask", a->row.user_id, NULL};
	return store_audit(a->c->store, now_ms, &entry, why);
}

static enum err ask(const struct request *req, struct response *res, struct worker *w)
{
	static const struct upload_wanted wanted = {
		.images = image_names, .needed = 1, .texts = text_names};
	struct asking *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return err_set(response_why(res), ERR_NOMEM, "no memory for a registration");
	a->c = context_of(w);
	a->req = req;
	a->res = res;
	enum err err = upload_read(&a->upload, req, res, &wanted);
	if (err == OK)
		err = check_words(a);
	if (err == OK)
		err = look_at_all(a);
	if (err == OK)
		err = write_down(a);
	upload_finish(&a->upload);
	for (size_t i = 0; i < REGISTRATION_PHOTOS_MAX; i++)
		enrol_photo_finish(&a->photo[i]);
	sodium_memzero(a, sizeof(*a));
	free(a);
	return err == OK ? response_json(res, 202, json_pack("{s:s}", "state", "waiting")) : err;
}

/* --- deciding --------------------------------------------------------------------------- */

/* Administrators decide on all, teachers on those who want into their groups. */
static enum err may_decide(
	const struct request *req, struct context *c, const struct registration *r)
{
	const struct caller *caller = caller_of(req);
	if (caller_may(caller, RIGHT_USERS))
		return OK;
	return caller_in_group(caller, c->store, r->group_id, GROUP_VIEW, NULL);
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const struct page last = {0};
	struct registration_list waiting = {0};
	enum err err = store_registrations(
		c->store, request_query(req, "group_id"), &waiting, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < waiting.count; i++)
		if (may_decide(req, c, &waiting.item[i]) == OK)
			json_append(&items, registration_json(c, &waiting.item[i]));
	registration_list_finish(&waiting);
	return page_answer(res, err, &last, items);
}

static enum err of_path(const struct request *req, struct response *res, struct context *c,
	struct registration *out)
{
	enum err err =
		store_registration(c->store, request_param(req, "id"), out, response_why(res));
	if (err == OK && may_decide(req, c, out) != OK)
		err = err_set(response_why(res), ERR_NOT_FOUND, "there is no such registration");
	return err;
}

static enum err get(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct registration r;
	enum err err = of_path(req, res, c, &r);
	return err == OK ? response_json(res, 200, registration_json(c, &r)) : err;
}

struct approval {
	char person_id[UUID_TEXT];
};

static const struct field approve_fields[] = {
	{"person_id", FIELD_TEXT, FIELD_NULLABLE, FIELD(struct approval, person_id)},
	{0},
};

static enum err let_in(const struct request *req, struct response *res, struct context *c,
	const struct approval *given, struct person *person)
{
	struct error *why = response_why(res);
	struct registration r;
	char id[UUID_TEXT];
	const char *known = given->person_id[0] != '\0' ? given->person_id : NULL;
	enum err err = of_path(req, res, c, &r);
	if (err == OK && known != NULL)
		err = caller_sees_person(caller_of(req), c->store, known, why);
	if (err == OK)
		err = store_registration_approve(
			c->store, r.user_id, known, request_now_ms(req), id, why);
	return err == OK ? store_person(c->store, id, person, why) : err;
}

static enum err approve(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct approval given = {0};
	struct person person = {0};
	char detail[UUID_TEXT + 32];
	struct change ch;
	json_t *body;
	enum err err = body_read(req, res, approve_fields, &given, NULL, &body);
	if (err != OK)
		return err;
	json_decref(body);
	err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = let_in(req, res, c, &given, &person);
	snprintf(detail, sizeof(detail), "{\"person\":\"%s\"}", person.id);
	err = change_finish(&ch, err,
		&(struct changed){.action = "registration.approve",
			.subject = request_param(req, "id"),
			.detail = detail},
		201, err == OK && !again ? person_full_json(c, &person, response_why(res)) : NULL);
	if (err == OK && !again)
		recognisers_stale(api_recognisers(c->api));
	return err;
}

static enum err refuse(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct registration r = {0};
	struct change ch;
	enum err err = change_start(&ch, req, res, c->store);
	if (err == OK && !ch.replayed)
		err = of_path(req, res, c, &r);
	if (err == OK && !ch.replayed)
		err = store_registration_refuse(c->store, r.user_id, response_why(res));
	return change_finish(&ch, err,
		&(struct changed){.action = "registration.refuse", .subject = r.user_id}, 204,
		NULL);
}

static const struct route routes[] = {
	{METHOD_POST, "/api/v1/registrations", .access = RIGHT_ANYBODY, .rate = RATE_SIGN_IN,
		.body_max = BODY_PHOTO, .handler = ask},
	{METHOD_GET, "/api/v1/registrations", .access = RIGHT_REGISTRATIONS, .rate = RATE_API,
		.handler = list},
	{METHOD_GET, "/api/v1/registrations/form", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.handler = form},
	{METHOD_GET, "/api/v1/registrations/{id}", .access = RIGHT_REGISTRATIONS, .rate = RATE_API,
		.handler = get},
	{METHOD_POST, "/api/v1/registrations/{id}/approve", .access = RIGHT_REGISTRATIONS,
		.rate = RATE_API, .body_max = BODY_JSON, .handler = approve},
	{METHOD_DELETE, "/api/v1/registrations/{id}", .access = RIGHT_REGISTRATIONS,
		.rate = RATE_API, .handler = refuse},
};

const struct resource resource_registrations = RESOURCE(routes);
