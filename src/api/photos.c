/* SPDX-License-Identifier: MIT */
/* /api/v1/people/{id}/photos: what somebody is recognised by */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/change.h"
#include "api/people.h"
#include "api/resources.h"
#include "api/upload.h"
#include "report/json.h"
#include "store/person_photos.h"

enum { LOOKS_LIKE_TEXT = 2 * NAME_BYTES + 160 };

static json_t *photo_json(const struct context *c, const struct person_photo *p)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:b}", "id", p->id, "model", p->model, "quality",
		json_number(p->quality), "created", json_time(c->zone, p->created_ms), "kept",
		p->kept);
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct person person;
	struct person_photo_list photos = {0};
	enum err err = person_of_path(req, res, c, &person);
	if (err == OK)
		err = store_person_photos(c->store, person.id, &photos, response_why(res));
	json_t *items = json_array();
	for (size_t i = 0; err == OK && i < photos.count; i++)
		json_append(&items, photo_json(c, &photos.item[i]));
	person_photo_list_finish(&photos);
	if (err == OK)
		return response_json(res, 200, json_pack("{s:o,s:n}", "items", items, "next"));
	json_decref(items);
	return err;
}

/* --- enrolling -------------------------------------------------------------------------- */

/* A photo on its way to somebody. */
struct enrolling {
	struct context *c;
	const struct request *req;
	struct response *res;
	struct person person;
	struct recogniser *one;
	struct enrol_photo photo;
	const char *force;            /* why it is taken though it looks like somebody else */
	char other_id[UUID_TEXT];     /* whom else it looks like; "" = nobody */
	struct person_photo template; /* what came of it */
};

/* A photo that shows nobody, or not well, or somebody else: the words of the engine. */
static enum err unusable(struct response *res, const char *code, const char *hint, const char *text)
{
	enum err err = response_problem(res, 422, code, hint, "%s", text);
	return err != OK ? err : err_set(response_why(res), ERR_ARG, "%s", text);
}

static enum err look(struct enrolling *e, const struct upload_image *image, bool largest)
{
	const struct enrol_options options = {.largest = largest, .force = e->force != NULL};
	struct error why = {0};
	enum err err = upload_decode(image, e->one, e->res);
	if (err != OK)
		return err;
	memcpy(e->photo.photo_hash, e->one->photo_hash, sizeof(e->photo.photo_hash));
	err = engine_enrol_image(e->one->engine, &e->one->photo, &options, &e->photo, &why);
	if (err == ERR_NOT_FOUND)
		return unusable(e->res, "no_face", "send another photo", why.text);
	if (err == ERR_ARG)
		return unusable(e->res, "unusable_photo",
			"send a better photo, or say 'force' with a reason, or 'largest'",
			why.text);
	return err != OK ? err_set(response_why(e->res), err, "%s", why.text) : OK;
}

/*
 * A photo of somebody else would make one person be taken for another for ever after: it is
 * refused when it is nearer to another person than to the person's own photos.
 */
static enum err compare(struct enrolling *e)
{
	struct error *why = response_why(e->res);
	const char *model = pipeline_model(engine_pipeline(e->one->engine));
	struct resemblance r;
	struct person other;
	char text[LOOKS_LIKE_TEXT];
	/* The same photo again is told as that, when it is to be written. */
	if (store_photo_check(e->one->store, model, e->photo.photo_hash, NULL) == ERR_EXISTS)
		return OK;
	enum err err = engine_resemblance(e->one->engine, e->person.id, &e->photo, &r, why);
	if (err != OK || r.other_id[0] == '\0' ||
		r.other > engine_rule(e->one->engine)->match_distance)
		return err;
	if (store_person(e->one->store, r.other_id, &other, NULL) != OK)
		return OK;
	snprintf(e->other_id, sizeof(e->other_id), "%s", other.id);
	if (r.other >= r.own || e->force != NULL)
		return OK;
	snprintf(text, sizeof(text), "looks like '%s' (distance %.2f), who is enrolled already",
		other.name, r.other);
	return unusable(e->res, "looks_like_another",
		"if it really is somebody else, say 'force' with a reason", text);
}

/* The template that was just written. */
static enum err find_template(struct enrolling *e)
{
	struct person_photo_list photos = {0};
	const char *model = pipeline_model(engine_pipeline(e->one->engine));
	struct error *why = response_why(e->res);
	enum err err = store_person_photos(e->one->store, e->person.id, &photos, why);
	for (size_t i = 0; i < photos.count; i++) {
		const struct person_photo *p = &photos.item[i];
		if (memcmp(p->photo_hash, e->photo.photo_hash, PHOTO_HASH_BYTES) == 0 &&
			strcmp(p->model, model) == 0)
			e->template = *p;
	}
	person_photo_list_finish(&photos);
	if (err == OK && e->template.id[0] == '\0')
		err = err_set(why, ERR_INTERNAL, "the template is not there");
	return err;
}

static json_t *enrolled_json(const struct enrolling *e)
{
	json_t *doc = photo_json(e->c, &e->template);
	if (doc != NULL)
		json_object_set_new(doc, "looks_like", json_text(e->other_id));
	return doc;
}

/* For the audit: {"photo", "forced": {"reason"}}; free(3). */
static char *detail_of(const struct enrolling *e)
{
	json_t *doc = json_pack("{s:s}", "photo", e->template.id);
	if (e->force != NULL)
		json_object_set_new(doc, "forced",
			json_pack("{s:o,s:b}", "reason", json_text(e->force), "looked_like_others",
				e->other_id[0] != '\0'));
	char *text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	return text;
}

static enum err write_down(struct enrolling *e)
{
	struct change ch;
	struct error *why = response_why(e->res);
	char *detail = NULL;
	enum err err = change_start(&ch, e->req, e->res, e->one->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = engine_enrol(
			e->one->engine, e->person.id, &e->photo, request_now_ms(e->req), why);
	if (err == OK && !again)
		err = find_template(e);
	if (err == OK && !again && (detail = detail_of(e)) == NULL)
		err = err_set(why, ERR_NOMEM, "no memory for the audit");
	err = change_finish(&ch, err, &(struct changed){"person.enrol", e->person.id, detail}, 201,
		err == OK && !again ? enrolled_json(e) : NULL);
	free(detail);
	/* Also when it failed: the engine may have it in its gallery, the store has not. */
	if (!again)
		recognisers_stale(api_recognisers(e->c->api));
	return err;
}

static enum err enrol_upload(struct enrolling *e, const struct upload *upload)
{
	char clean[NAME_BYTES];
	struct error why = {0};
	const char *largest = upload_text(upload, "largest");
	e->force = upload_text(upload, "force");
	if (e->force != NULL && name_clean(e->force, "reason", clean, &why) != OK)
		return body_invalid(e->res, "force", "takes a reason: %s", why.text);
	if (largest != NULL && strcmp(largest, "true") != 0 && strcmp(largest, "false") != 0)
		return body_invalid(e->res, "largest", "takes true or false");
	enum err err = recogniser_take(
		api_recognisers(e->c->api), e->c->org.id, &e->one, response_why(e->res));
	if (err == OK)
		err = look(e, &upload->image[0], largest != NULL && strcmp(largest, "true") == 0);
	if (err == OK)
		err = compare(e);
	return err == OK ? write_down(e) : err;
}

static enum err enrol(const struct request *req, struct response *res, struct worker *w)
{
	static const char *const texts[] = {"force", "largest", NULL};
	static const struct upload_wanted wanted = {.texts = texts};
	struct enrolling e = {.c = context_of(w), .req = req, .res = res};
	struct upload upload = {0};
	enum err err = person_of_path(req, res, e.c, &e.person);
	if (err == OK)
		err = upload_read(&upload, req, res, &wanted);
	if (err == OK)
		err = enrol_upload(&e, &upload);
	upload_finish(&upload);
	enrol_photo_finish(&e.photo);
	recogniser_give(api_recognisers(e.c->api), e.one);
	return err;
}

/* --- one photo -------------------------------------------------------------------------- */

static enum err photo_of_path(const struct request *req, struct response *res, struct context *c,
	struct person *person, struct person_photo *out)
{
	enum err err = person_of_path(req, res, c, person);
	if (err != OK)
		return err;
	return store_person_photo(
		c->store, person->id, request_param(req, "photo_id"), out, response_why(res));
}

static enum err remove_photo(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const char *id = request_param(req, "id"), *photo_id = request_param(req, "photo_id");
	struct person person;
	struct person_photo photo;
	char detail[UUID_TEXT + 32] = "";
	struct change ch;
	enum err err = change_start(&ch, req, res, c->store);
	bool again = ch.replayed;
	if (err == OK && !again)
		err = photo_of_path(req, res, c, &person, &photo);
	if (err == OK && !again)
		err = store_person_photo_remove(c->store, id, photo_id, response_why(res));
	if (err == OK && !again)
		snprintf(detail, sizeof(detail), "{\"photo\":\"%s\"}", photo.id);
	err = change_finish(
		&ch, err, &(struct changed){"person.photo.remove", id, detail}, 204, NULL);
	if (err == OK && !again)
		recognisers_stale(api_recognisers(c->api));
	return err;
}

static enum err image(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct person person;
	struct person_photo photo;
	struct kept_photo kept = {0};
	struct buf bytes;
	buf_init(&bytes, STORE_PHOTO_MAX);
	enum err err = photo_of_path(req, res, c, &person, &photo);
	if (err == OK) {
		memcpy(kept.person_id, person.id, sizeof(kept.person_id));
		memcpy(kept.photo_hash, photo.photo_hash, sizeof(kept.photo_hash));
		err = store_photo_bytes(c->store, &kept, &bytes, response_why(res));
	}
	if (err == OK)
		err = response_body(res, "image/jpeg", bytes.data, bytes.len);
	buf_finish(&bytes);
	return err;
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/people/{id}/photos", .access = RIGHT_PEOPLE_READ, .rate = RATE_API,
		.handler = list},
	{METHOD_POST, "/api/v1/people/{id}/photos", .access = RIGHT_PEOPLE_WRITE,
		.rate = RATE_UPLOAD, .body_max = BODY_PHOTO, .handler = enrol},
	{METHOD_DELETE, "/api/v1/people/{id}/photos/{photo_id}", .access = RIGHT_PEOPLE_WRITE,
		.rate = RATE_API, .handler = remove_photo},
	{METHOD_GET, "/api/v1/people/{id}/photos/{photo_id}/image", .access = RIGHT_PEOPLE_WRITE,
		.rate = RATE_API, .handler = image},
};

const struct resource resource_photos = RESOURCE(routes);
