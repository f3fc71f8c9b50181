/* SPDX-License-Identifier: MIT */
/* /api/v1/detect, /identify, /compare and /mark: photos in, faces and names out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/body.h"
#include "api/context.h"
#include "api/resources.h"
#include "api/upload.h"
#include "report/faces_json.h"
#include "report/json.h"
#include "vision/manifest.h"

/* A photo cannot have been taken later than this after now: clocks differ a little. */
enum { AHEAD_MS = 5 * 60 * 1000 };

/* One photo of one request on its way. */
struct work {
	struct context *c;
	const struct request *req;
	struct response *res;
	const struct caller *caller;
	struct upload upload;
	struct recogniser *one;
	double ms_decode;
};

static double tick_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static enum err begin(struct work *k, const struct request *req, struct response *res,
	struct worker *w, const struct upload_wanted *wanted)
{
	*k = (struct work){.c = context_of(w), .req = req, .res = res, .caller = caller_of(req)};
	return upload_read(&k->upload, req, res, wanted);
}

/* Takes a recogniser; later than all that can be refused without one. */
static enum err take(struct work *k)
{
	return recogniser_take(
		api_recognisers(k->c->api), k->c->org.id, &k->one, response_why(k->res));
}

static enum err decode(struct work *k, size_t image)
{
	double from = tick_ms();
	enum err err = upload_decode(&k->upload.image[image], k->one, k->res);
	k->ms_decode = tick_ms() - from;
	return err;
}

static void end(struct work *k)
{
	recogniser_give(api_recognisers(k->c->api), k->one);
	upload_finish(&k->upload);
}

/* There is no file here; the rest is as the program prints it. */
static json_t *without_file(json_t *doc)
{
	if (doc != NULL)
		json_object_del(doc, "file");
	return doc;
}

/* --- detect ----------------------------------------------------------------------------- */

static enum err detect(const struct request *req, struct response *res, struct worker *w)
{
	static const struct upload_wanted wanted = {0};
	struct work k;
	struct face_list faces = {0};
	struct pipeline_times ms = {0};
	json_t *doc = NULL;
	enum err err = begin(&k, req, res, w, &wanted);
	if (err == OK)
		err = take(&k);
	if (err == OK)
		err = decode(&k, 0);
	if (err == OK)
		err = pipeline_run(engine_pipeline(k.one->engine), &k.one->photo, PIPELINE_DETECT,
			&faces, &ms, response_why(res));
	if (err == OK)
		doc = detected_json(NULL, &k.one->photo, &faces, &ms, k.ms_decode);
	face_list_finish(&faces);
	end(&k);
	return err == OK ? response_json(res, 200, without_file(doc)) : err;
}

/* --- identify --------------------------------------------------------------------------- */

/* The group that was asked for, or a device's own; NULL: none. ERR_NOT_FOUND, ERR_DENIED. */
static enum err choose_group(
	struct work *k, enum group_right right, struct group *group, const char **group_id)
{
	struct error *why = response_why(k->res);
	*group_id = upload_text(&k->upload, "group_id");
	if (*group_id == NULL && k->caller->kind == CALLER_DEVICE &&
		k->caller->device.group_id[0] != '\0')
		*group_id = k->caller->device.group_id;
	if (*group_id == NULL)
		return OK;
	enum err err = store_group(k->c->store, *group_id, group, why);
	if (err == OK)
		err = caller_in_group(k->caller, k->c->store, group->id, right, why);
	*group_id = group->id;
	return err;
}

static enum err identify_photo(struct work *k, const char *group_id, struct identified *id)
{
	struct error *why = response_why(k->res);
	enum err err = take(k);
	if (err == OK)
		err = engine_search_group(k->one->engine, group_id, why);
	if (err == OK)
		err = decode(k, 0);
	if (err == OK)
		err = engine_identify_photo(k->one->engine, &k->one->photo, id, why);
	if (err == OK) {
		memcpy(id->photo_hash, k->one->photo_hash, sizeof(id->photo_hash));
		id->ms_decode = k->ms_decode;
		meters_identified(recogniser_meters(k->one), id);
	}
	return err;
}

/* Whom the caller may not see is not named. */
static enum err hide_unseen(struct work *k, struct identified *id)
{
	for (size_t i = 0; i < id->faces.count; i++) {
		struct person *person = &id->person[i];
		if (person->id[0] == '\0')
			continue;
		struct error why = {0};
		enum err err = caller_sees_person(k->caller, k->c->store, person->id, &why);
		if (err == ERR_NOT_FOUND)
			*person = (struct person){0};
		else if (err != OK)
			return err_set(response_why(k->res), err, "%s", why.text);
	}
	return OK;
}

static enum err identify(const struct request *req, struct response *res, struct worker *w)
{
	static const char *const texts[] = {"group_id", NULL};
	static const struct upload_wanted wanted = {.texts = texts};
	struct work k;
	struct group group = {0};
	struct identified id = {0};
	const char *group_id = NULL;
	json_t *doc = NULL;
	enum err err = begin(&k, req, res, w, &wanted);
	if (err == OK)
		err = choose_group(&k, GROUP_VIEW, &group, &group_id);
	if (err == OK)
		err = identify_photo(&k, group_id, &id);
	if (err == OK)
		err = hide_unseen(&k, &id);
	if (err == OK)
		doc = identified_json(NULL, &id);
	identified_finish(&id);
	end(&k);
	return err == OK ? response_json(res, 200, without_file(doc)) : err;
}

/* --- compare ---------------------------------------------------------------------------- */

static const char *const two[] = {"first", "second", NULL};

/* What one of the two photos gave. */
struct side {
	int width, height;
	size_t faces;
	struct face face; /* the largest */
};

static enum err refuse_faceless(struct response *res, const char *name)
{
	enum err err = response_problem(res, 422, "no_face",
		"use a photo in which the face is upright, lit and not small",
		"no face was found in '%s'", name);
	if (err == OK)
		err = response_problem_add(res, "field", json_string(name));
	return err != OK ? err : err_set(response_why(res), ERR_NOT_FOUND, "no face");
}

static enum err look_at(struct work *k, size_t image, struct side *out)
{
	struct face_list faces = {0};
	enum err err = decode(k, image);
	if (err != OK)
		return err;
	err = pipeline_run(engine_pipeline(k->one->engine), &k->one->photo, PIPELINE_TEMPLATE,
		&faces, NULL, response_why(k->res));
	out->width = k->one->photo.width;
	out->height = k->one->photo.height;
	out->faces = faces.count;
	for (size_t i = 0; err == OK && i < faces.count; i++) {
		const struct box *b = &faces.face[i].box, *best = &out->face.box;
		if (b->w * b->h > best->w * best->h)
			out->face = faces.face[i];
	}
	face_list_finish(&faces);
	if (err == OK && out->faces == 0)
		err = refuse_faceless(k->res, two[image]);
	return err;
}

static double distance(const struct side *a, const struct side *b, size_t dim)
{
	double sum = 0;
	for (size_t i = 0; i < dim; i++) {
		double d = (double)a->face.embedding[i] - (double)b->face.embedding[i];
		sum += d * d;
	}
	return sqrt(sum);
}

static json_t *side_json(const struct side *side)
{
	return json_pack("{s:i,s:i,s:I,s:o}", "width", side->width, "height", side->height, "faces",
		(json_int_t)side->faces, "face", face_json(&side->face));
}

/* What may be said of two faces that far apart, by the rule for one comparison. */
static const char *verdict_of(
	const struct decision_rule *rule, double d, const struct side *a, const struct side *b)
{
	double quality = fmin((double)a->face.quality.score, (double)b->face.quality.score);
	if (d <= rule->match_distance && quality >= rule->match_quality)
		return "same";
	return d <= rule->review_distance ? "unsure" : "different";
}

/*
 * Nobody of the gallery is looked for: this is one comparison of two strangers, so the budget of
 * wrong names is the FMR itself.
 */
static json_t *compared_json(const struct work *k, const struct side *a, const struct side *b)
{
	struct pipeline *p = engine_pipeline(k->one->engine);
	const struct manifest *model = pipeline_embedding(p);
	const struct fmr_curve curve = fmr_curve_plain(&model->fmr, 1);
	const struct decision_rule rule = decision_rule_for(&curve, k->c->org.budget, 1, 0);
	bool measured = fmr_measured(&model->fmr);
	double d = distance(a, b, pipeline_dim(p));
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:s,s:o,s:o}", "decision",
		verdict_of(&rule, d, a, b), "distance", json_number(d), "threshold",
		json_number(measured ? rule.match_distance : NAN), "review_threshold",
		json_number(rule.review_distance), "fmr",
		json_number(measured ? fmr_at(&curve, d) : NAN), "model", model->name, "first",
		side_json(a), "second", side_json(b));
}

static enum err compare(const struct request *req, struct response *res, struct worker *w)
{
	static const struct upload_wanted wanted = {.images = two};
	struct work k;
	struct side *side = calloc(2, sizeof(*side));
	json_t *doc = NULL;
	if (side == NULL)
		return err_set(response_why(res), ERR_NOMEM, "no memory for two faces");
	enum err err = begin(&k, req, res, w, &wanted);
	if (err == OK)
		err = take(&k);
	for (size_t i = 0; err == OK && i < 2; i++)
		err = look_at(&k, i, &side[i]);
	if (err == OK)
		doc = compared_json(&k, &side[0], &side[1]);
	end(&k);
	free(side);
	return err == OK ? response_json(res, 200, doc) : err;
}

/* --- mark ------------------------------------------------------------------------------- */

/* Where a photo's faces go to, and what was written. */
struct marking {
	struct group group;
	struct session_row session;
	const char *group_id, *session_id; /* NULL: none in particular */
	const char *search_id;             /* whose people may be named; NULL: everybody */
	int64_t at_ms;
	json_t *written, *not_written;
};

static enum err when(struct work *k, int64_t *at_ms)
{
	const char *text = upload_text(&k->upload, "at");
	int64_t now_ms = request_now_ms(k->req);
	*at_ms = now_ms;
	if (text == NULL)
		return OK;
	if (zone_parse(k->c->zone, text, now_ms, at_ms, NULL) != OK)
		return body_invalid(k->res, "at", "takes a time such as 2026-11-21T08:55:00+01:00");
	if (*at_ms <= 0 || *at_ms > now_ms + AHEAD_MS)
		return body_invalid(k->res, "at", "takes a time that is not still to come");
	return OK;
}

/* Group or session, not both; who may mark in neither, may in all. */
static enum err where(struct work *k, struct marking *m)
{
	struct error *why = response_why(k->res);
	m->session_id = upload_text(&k->upload, "session_id");
	if (m->session_id != NULL && upload_text(&k->upload, "group_id") != NULL)
		return body_invalid(
			k->res, "group_id", "is not for a session: that has its group already");
	if (m->session_id == NULL) {
		enum err err = choose_group(k, GROUP_TAKE, &m->group, &m->group_id);
		m->search_id = m->group_id;
		if (err != OK || m->group_id != NULL)
			return err;
		return caller_in_group(k->caller, k->c->store, "", GROUP_TAKE, why);
	}
	enum err err = store_session(k->c->store, m->session_id, &m->session, why);
	if (err == OK)
		err = caller_in_group(k->caller, k->c->store, m->session.group_id, GROUP_TAKE, why);
	m->session_id = m->session.id;
	m->search_id = m->session.group_id;
	return err;
}

/* Review and unknown have a reason of their own, better than the outcome's general one. */
static const char *reason_of(const struct verdict *verdict, const struct entry *entry)
{
	bool recognised = verdict->decision == DECISION_MATCH;
	return recognised || verdict->reason[0] == '\0' ? outcome_reason(entry->outcome)
							: verdict->reason;
}

static void tell(const struct work *k, struct marking *m, const struct identified *id, size_t i,
	const struct recorded *recorded)
{
	for (size_t n = 0; n < recorded->count; n++) {
		const struct entry *entry = &recorded->entry[n];
		bool already = entry->outcome == OUTCOME_ALREADY;
		if (already || entry->outcome == OUTCOME_MARKED)
			json_append(&m->written,
				json_pack("{s:I,s:o,s:o,s:o,s:s,s:o,s:b,s:o}", "face",
					(json_int_t)i, "person", person_ref_json(&id->person[i]),
					"group", json_text(entry->group), "session",
					json_text(entry->session_id), "status",
					mark_status_word(entry->status), "at",
					json_time(k->c->zone, entry->at_ms), "already", already,
					"sighting", json_text(recorded->sighting_id)));
		else
			json_append(&m->not_written,
				json_pack("{s:I,s:o,s:o,s:s,s:s,s:s,s:o}", "face", (json_int_t)i,
					"box", box_json(&id->faces.face[i].box), "person",
					person_ref_json(&id->person[i]), "decision",
					decision_word(id->verdict[i].decision), "outcome",
					outcome_word(entry->outcome), "reason",
					reason_of(&id->verdict[i], entry), "sighting",
					json_text(recorded->sighting_id)));
	}
}

/* Names as the register needs them; the caller sees them as hide_unseen leaves them. */
static enum err write_faces(struct work *k, struct marking *m, struct identified *id)
{
	const struct registrar registrar = context_registrar(k->c, k->req);
	struct recorded *recorded = calloc(id->faces.count, sizeof(*recorded));
	struct error *why = response_why(k->res);
	enum err err = OK;
	if (recorded == NULL && id->faces.count > 0)
		return err_set(why, ERR_NOMEM, "no memory for the faces");
	for (size_t i = 0; err == OK && i < id->faces.count; i++) {
		struct seen seen;
		engine_seen(k->one->engine, id, i, &seen);
		seen.look.group_id = m->group_id;
		seen.look.session_id = m->session_id;
		seen.look.at_ms = m->at_ms;
		seen.look.source = k->caller->actor;
		err = register_look(&registrar, &seen.look, &recorded[i], why);
	}
	if (err == OK)
		err = hide_unseen(k, id);
	for (size_t i = 0; err == OK && i < id->faces.count; i++)
		tell(k, m, id, i, &recorded[i]);
	free(recorded);
	return err;
}

static enum err mark_photo(struct work *k, struct marking *m, json_t **doc)
{
	struct identified id = {0};
	enum err err = where(k, m);
	if (err == OK)
		err = when(k, &m->at_ms);
	if (err == OK)
		err = identify_photo(k, m->search_id, &id);
	if (err == OK)
		err = write_faces(k, m, &id);
	if (err == OK)
		*doc = json_pack("{s:o,s:O,s:O}", "photo", without_file(identified_json(NULL, &id)),
			"written", m->written, "not_written", m->not_written);
	if (id.faces.count > 0)
		api_changed(k->c->api);
	identified_finish(&id);
	return err;
}

static enum err mark(const struct request *req, struct response *res, struct worker *w)
{
	static const char *const texts[] = {"group_id", "session_id", "at", NULL};
	static const struct upload_wanted wanted = {.texts = texts};
	struct work k;
	struct marking m = {.written = json_array(), .not_written = json_array()};
	json_t *doc = NULL;
	enum err err = begin(&k, req, res, w, &wanted);
	if (err == OK)
		err = mark_photo(&k, &m, &doc);
	json_decref(m.written);
	json_decref(m.not_written);
	end(&k);
	return err == OK ? response_json(res, 200, doc) : err;
}

static const struct route routes[] = {
	{METHOD_POST, "/api/v1/detect", .access = RIGHT_RECOGNISE, .rate = RATE_RECOGNISE,
		.body_max = BODY_PHOTO, .handler = detect},
	{METHOD_POST, "/api/v1/identify", .access = RIGHT_RECOGNISE, .rate = RATE_RECOGNISE,
		.body_max = BODY_PHOTO, .handler = identify},
	{METHOD_POST, "/api/v1/compare", .access = RIGHT_RECOGNISE, .rate = RATE_RECOGNISE,
		.body_max = BODY_PHOTO, .handler = compare},
	{METHOD_POST, "/api/v1/mark", .access = RIGHT_REGISTERS_TAKE, .rate = RATE_RECOGNISE,
		.body_max = BODY_PHOTO, .handler = mark},
};

const struct resource resource_recognise = RESOURCE(routes);
