/* SPDX-License-Identifier: MIT */
#include "attend/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "attend/coming.h"
#include "base/mem.h"
#include "vision/quality.h"

/*
 * A template stays for years and is compared with everything: a picture with a part of its
 * quality below this is refused. docs/accuracy.md, "Quality".
 */
#define ENROL_QUALITY 0.25f

/*
 * The middle of several looks is nearer to everybody, strangers too, than a single one is: at
 * the same distance up to this many times as many of them match. docs/accuracy.md, "Several
 * looks".
 */
#define FUSED_FMR_FACTOR 4

struct engine {
	struct store *store; /* borrowed */
	struct pipeline *pipeline;
	struct gallery *gallery;
	struct gallery *counter; /* faces that are known not to be the person */
	struct fmr_curve curve;
	double budget;
	bool grouped;              /* only the people of group_id may be named */
	char group_id[UUID_TEXT];  /* "" = those without a group */
	struct gallery_mask named; /* they; if grouped */
	struct decision_rule rule;
	struct decision_rule fused_rule; /* for several looks together */
	struct face_list faces;          /* of the last enrolment photo; kept for its memory */
	struct coming *coming;           /* the model that is to follow; NULL = none */
	bool keep_photos;
	struct pipeline_options options; /* as given; their strings are ours */
	struct org org;                  /* as it was when its models were opened */
};

static enum err load_into(struct gallery *g, const char *person_id, const float *vector, size_t dim,
	struct error *why)
{
	if (dim != gallery_dim(g))
		return err_set(why, ERR_FORMAT,
			"a template of person '%s' has %zu components, not %zu", person_id, dim,
			gallery_dim(g));
	return gallery_add(g, person_id, vector, why);
}

static enum err load_template(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why)
{
	struct engine *e = ctx;
	return load_into(e->gallery, person_id, vector, dim, why);
}

static enum err load_counter(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why)
{
	struct engine *e = ctx;
	return load_into(e->counter, person_id, vector, dim, why);
}

static enum err load_galleries(struct engine *e, struct error *why)
{
	const char *model = pipeline_model(e->pipeline);
	const struct manifest_fmr *table = &pipeline_embedding(e->pipeline)->fmr;
	struct org org;
	enum err err = store_org(e->store, &org, why);
	e->budget = org.budget;
	if (err == OK)
		err = gallery_new(&e->gallery, pipeline_dim(e->pipeline), why);
	if (err == OK)
		err = gallery_new(&e->counter, pipeline_dim(e->pipeline), why);
	if (err == OK)
		err = store_templates(e->store, model, load_template, e, why);
	if (err == OK)
		err = store_counter_examples(e->store, model, load_counter, e, why);
	if (err == OK)
		err = calibrate_curve(e->gallery, table, &e->curve, why);
	return err;
}

/* --- who may be named --- */

static enum err mask_members(struct engine *e, const char *group_id, struct error *why)
{
	struct person_list people = {0};
	enum err err = store_people(e->store, group_id, &people, why);
	for (size_t i = 0; err == OK && i < people.count; i++)
		gallery_mask_add(&e->named, e->gallery, people.item[i].id);
	person_list_finish(&people);
	return err;
}

/* Everybody who is in no group. */
static enum err mask_groupless(struct engine *e, struct error *why)
{
	struct group_list groups = {0};
	enum err err = store_groups(e->store, &groups, why);
	for (size_t i = 0; err == OK && i < groups.count; i++)
		err = mask_members(e, groups.item[i].id, why);
	for (size_t i = 0; i < e->named.people; i++)
		e->named.in[i] = !e->named.in[i];
	e->named.count = e->named.people - e->named.count;
	group_list_finish(&groups);
	return err;
}

/* After a change of the gallery or of the group. */
static enum err refresh(struct engine *e, struct error *why)
{
	size_t people = gallery_people(e->gallery), named = people;
	enum err err = OK;
	if (e->grouped) {
		gallery_mask_finish(&e->named);
		err = gallery_mask_init(&e->named, e->gallery, why);
		if (err == OK)
			err = e->group_id[0] != '\0' ? mask_members(e, e->group_id, why)
						     : mask_groupless(e, why);
		named = e->named.count;
	}
	e->rule = decision_rule_for(&e->curve, e->budget, named, people - named);
	e->fused_rule =
		decision_rule_for(&e->curve, e->budget / FUSED_FMR_FACTOR, named, people - named);
	e->fused_rule.budget = e->rule.budget;
	return err;
}

enum err engine_search_group(struct engine *e, const char *group_id, struct error *why)
{
	e->grouped = group_id != NULL;
	snprintf(e->group_id, sizeof(e->group_id), "%s", group_id != NULL ? group_id : "");
	return refresh(e, why);
}

/* --- models --- */

static enum err copy_text(const char **text, struct error *why)
{
	const char *from = *text;
	*text = mem_strdup(from);
	return from == NULL || *text != NULL ? OK
					     : err_set(why, ERR_NOMEM, "no memory for the engine");
}

static enum err copy_options(
	struct engine *e, const struct pipeline_options *options, struct error *why)
{
	const char **text[] = {&e->options.models, &e->options.home_models, &e->options.detector,
		&e->options.embedding};
	const char *const given[] = {
		options->models, options->home_models, options->detector, options->embedding};
	enum err err = OK;
	e->options = *options;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		*text[i] = err == OK ? given[i] : NULL;
		if (err == OK)
			err = copy_text(text[i], why);
	}
	return err;
}

static void free_options(struct engine *e)
{
	const char *const text[] = {e->options.models, e->options.home_models, e->options.detector,
		e->options.embedding};
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		free((void *)(uintptr_t)text[i]);
}

static bool same_models(const struct org *a, const struct org *b)
{
	return strcmp(a->detector, b->detector) == 0 && strcmp(a->embedding, b->embedding) == 0 &&
		strcmp(a->coming, b->coming) == 0;
}

static enum err open_coming(struct engine *e, const char *name,
	const struct pipeline_options *options, struct error *why)
{
	enum err err = coming_new(&e->coming, name, options, why);
	if (err != OK)
		return err_prefix(why, err,
			"the model '%s' is to follow ('rollcall models use --cancel' ends that)",
			name);
	/* By --embedding it may be the one in use. */
	if (strcmp(coming_model(e->coming), pipeline_model(e->pipeline)) == 0) {
		coming_free(e->coming);
		e->coming = NULL;
	}
	return OK;
}

/* Opens the models that the organisation uses now, unless they are open. */
static enum err open_models(struct engine *e, struct error *why)
{
	struct org org;
	enum err err = store_org(e->store, &org, why);
	if (err != OK)
		return err;
	e->keep_photos = org.keep_photos;
	if (e->pipeline != NULL && same_models(&e->org, &org))
		return OK;
	pipeline_close(e->pipeline);
	coming_free(e->coming);
	e->pipeline = NULL;
	e->coming = NULL;
	struct pipeline_options options = e->options;
	options.preload = true;
	if (options.detector == NULL || options.detector[0] == '\0')
		options.detector = org.detector;
	if (options.embedding == NULL || options.embedding[0] == '\0')
		options.embedding = org.embedding;
	err = pipeline_open(&e->pipeline, &options, why);
	if (err == OK && org.coming[0] != '\0')
		err = open_coming(e, org.coming, &options, why);
	if (err != OK) {
		pipeline_close(e->pipeline);
		e->pipeline = NULL;
	}
	e->org = org;
	return err;
}

enum err engine_open(struct engine **out, struct store *store,
	const struct pipeline_options *options, struct error *why)
{
	*out = NULL;
	struct engine *e = calloc(1, sizeof(*e));
	if (e == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the engine");
	e->store = store;
	enum err err = copy_options(e, options, why);
	if (err == OK)
		err = open_models(e, why);
	if (err == OK)
		err = load_galleries(e, why);
	if (err == OK)
		err = refresh(e, why);
	if (err != OK) {
		engine_close(e);
		return err;
	}
	*out = e;
	return OK;
}

static void drop_galleries(struct engine *e)
{
	gallery_free(e->gallery);
	gallery_free(e->counter);
	e->gallery = e->counter = NULL;
}

enum err engine_reload(struct engine *e, struct error *why)
{
	drop_galleries(e);
	enum err err = open_models(e, why);
	if (err == OK)
		err = load_galleries(e, why);
	return err == OK ? refresh(e, why) : err;
}

void engine_close(struct engine *e)
{
	if (e == NULL)
		return;
	pipeline_close(e->pipeline);
	drop_galleries(e);
	gallery_mask_finish(&e->named);
	face_list_finish(&e->faces);
	coming_free(e->coming);
	free_options(e);
	free(e);
}

struct pipeline *engine_pipeline(struct engine *e)
{
	return e->pipeline;
}

const struct gallery *engine_gallery(const struct engine *e)
{
	return e->gallery;
}

const struct decision_rule *engine_rule(const struct engine *e)
{
	return &e->rule;
}

const struct fmr_curve *engine_curve(const struct engine *e)
{
	return &e->curve;
}

void identified_finish(struct identified *id)
{
	face_list_finish(&id->faces);
	free(id->verdict);
	free(id->person);
	image_finish(&id->photo);
	*id = (struct identified){0};
}

static double tick_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static struct question ask(
	const struct engine *e, const struct decision_rule *rule, const struct face *face)
{
	struct question q = {
		.guest = {.distance = INFINITY, .second_distance = INFINITY},
		.counter = INFINITY,
		.pair = INFINITY,
		.quality = (double)face->quality.score,
	};
	if (e->grouped)
		gallery_search_split(e->gallery, &e->named, face->embedding, &q.hit, &q.guest);
	else
		q.hit = gallery_search(e->gallery, face->embedding);
	if (q.hit.person_id == NULL)
		return q;
	q.counter = gallery_distance(e->counter, q.hit.person_id, face->embedding);
	/* Only where it can change anything: it looks through the whole gallery. */
	double margin = q.hit.second_distance - q.hit.distance;
	if (q.hit.distance <= rule->match_distance && margin < rule->look_alike_margin)
		q.pair = gallery_between(e->gallery, q.hit.person_id, q.hit.second_id);
	return q;
}

/*
 * Somebody whom another process has erased in the meantime is forgotten here too, and the face
 * is searched again.
 */
static enum err name_by(struct engine *e, const struct decision_rule *rule, const struct face *face,
	struct verdict *verdict, struct person *person, struct error *why)
{
	for (;;) {
		const struct question q = ask(e, rule, face);
		*verdict = decide(rule, &q);
		*person = (struct person){0};
		if (verdict->decision == DECISION_UNKNOWN)
			return OK;
		char id[UUID_TEXT];
		snprintf(
			id, sizeof(id), "%s", verdict->guest ? q.guest.person_id : q.hit.person_id);
		enum err err = store_person(e->store, id, person, why);
		if (err != ERR_NOT_FOUND)
			return err;
		gallery_remove(e->gallery, id);
		err = refresh(e, why);
		if (err != OK)
			return err;
	}
}

enum err engine_name(struct engine *e, const struct face *face, struct verdict *verdict,
	struct person *person, struct error *why)
{
	return name_by(e, &e->rule, face, verdict, person, why);
}

enum err engine_name_fused(struct engine *e, const struct face *face, struct verdict *verdict,
	struct person *person, struct error *why)
{
	return name_by(e, &e->fused_rule, face, verdict, person, why);
}

static double finite_or_none(double value)
{
	return isfinite(value) ? value : NAN;
}

void engine_seen_face(const struct engine *e, const struct face *face, const struct verdict *v,
	const struct person *person, struct seen *out)
{
	out->evidence = (struct evidence){
		.guest = v->guest,
		.candidates = (int64_t)v->rule.candidates,
		.guests = (int64_t)v->rule.guests,
		.budget = v->rule.budget,
		.review = finite_or_none(v->rule.review_distance),
		.margin_needed = v->margin_needed,
		.quality_needed = v->rule.match_quality,
		.second_distance = finite_or_none(v->second_distance),
		.counter = finite_or_none(v->counter),
	};
	snprintf(out->evidence.reason, sizeof(out->evidence.reason), "%s", v->reason);
	snprintf(out->evidence.group_id, sizeof(out->evidence.group_id), "%s", e->group_id);
	snprintf(out->evidence.second_id, sizeof(out->evidence.second_id), "%s", v->second_id);
	snprintf(out->face.model, sizeof(out->face.model), "%s", pipeline_model(e->pipeline));
	out->face.dim = gallery_dim(e->gallery);
	memcpy(out->face.vector, face->embedding, sizeof(face->embedding));
	out->look = (struct look){
		.decision = v->decision,
		.person_id = person->id[0] != '\0' ? person->id : NULL,
		.distance = v->distance,
		.margin = v->margin,
		.threshold = v->threshold,
		.quality = (double)face->quality.score,
		.score = (double)face->score,
		.box = face->box,
		.evidence = &out->evidence,
		.face = &out->face,
	};
}

void engine_seen(const struct engine *e, const struct identified *id, size_t i, struct seen *out)
{
	engine_seen_face(e, &id->faces.face[i], &id->verdict[i], &id->person[i], out);
	out->look.photo_hash = id->photo_hash;
}

/* Whether another face of the photo is nearer to the same person. */
static bool outdone(const struct identified *id, size_t face)
{
	for (size_t i = 0; i < id->faces.count; i++) {
		if (i == face || id->verdict[i].decision == DECISION_UNKNOWN ||
			strcmp(id->person[i].id, id->person[face].id) != 0)
			continue;
		double mine = id->verdict[face].distance, other = id->verdict[i].distance;
		if (other < mine || (other == mine && i < face))
			return true;
	}
	return false;
}

static void resolve_doubles(struct identified *id)
{
	for (size_t i = 0; i < id->faces.count; i++) {
		struct verdict *v = &id->verdict[i];
		if (v->decision != DECISION_MATCH || !outdone(id, i))
			continue;
		v->decision = DECISION_REVIEW;
		v->reason = "another face in this photo is nearer to the same person";
	}
}

static enum err identify(struct engine *e, const struct image *photo, enum pipeline_depth depth,
	struct identified *out, struct error *why)
{
	out->width = photo->width;
	out->height = photo->height;
	enum err err = pipeline_run(e->pipeline, photo, depth, &out->faces, &out->ms, why);
	if (err != OK)
		return err;
	free(out->verdict);
	free(out->person);
	out->verdict = mem_array(out->faces.count, sizeof(*out->verdict));
	out->person = mem_array(out->faces.count, sizeof(*out->person));
	if (out->verdict == NULL || out->person == NULL) {
		out->faces.count = 0;
		return err_set(why, ERR_NOMEM, "no memory for the faces");
	}
	double from = tick_ms();
	for (size_t i = 0; err == OK && i < out->faces.count; i++)
		err = engine_name(e, &out->faces.face[i], &out->verdict[i], &out->person[i], why);
	out->ms_search = tick_ms() - from;
	if (err == OK)
		resolve_doubles(out);
	else
		out->faces.count = 0;
	return err;
}

enum err engine_identify_image(
	struct engine *e, const struct image *photo, struct identified *out, struct error *why)
{
	return identify(e, photo, PIPELINE_EMBED, out, why);
}

enum err engine_identify_photo(
	struct engine *e, const struct image *photo, struct identified *out, struct error *why)
{
	return identify(e, photo, PIPELINE_TEMPLATE, out, why);
}

/* Reads and decodes a photo and hashes its bytes. */
static enum err load_photo(const struct engine *e, const char *path, struct image *photo,
	uint8_t hash[static PHOTO_HASH_BYTES], int *truncated, struct error *why)
{
	struct buf file = {0};
	struct image_options full_size = {0};
	*photo = (struct image){0};
	enum err err = image_load(path, &full_size, photo, &file, truncated, why);
	if (err == OK)
		store_photo_hash(e->store, file.data, file.len, hash);
	buf_finish(&file);
	return err;
}

enum err engine_identify_file(
	struct engine *e, const char *path, struct identified *out, struct error *why)
{
	double from = tick_ms();
	image_finish(&out->photo);
	out->faces.count = 0;
	enum err err = load_photo(e, path, &out->photo, out->photo_hash, &out->truncated, why);
	out->ms_decode = tick_ms() - from;
	if (err != OK)
		return err;
	return identify(e, &out->photo, PIPELINE_TEMPLATE, out, why);
}

static const struct face *largest(const struct face_list *faces)
{
	const struct face *best = &faces->face[0];
	for (size_t i = 1; i < faces->count; i++) {
		const struct box *b = &faces->face[i].box;
		if (b->w * b->h > best->box.w * best->box.h)
			best = &faces->face[i];
	}
	return best;
}

/* "the face is blurred and too dark: hold still, ...": all that is wrong, and one thing to do. */
static enum err refuse(const struct quality *q, struct error *why)
{
	char words[ERROR_TEXT_MAX / 2] = "";
	const char *advice = "";
	for (int i = 0; i < QUALITY_ISSUES; i++) {
		enum quality_issue issue = (enum quality_issue)(1u << i);
		if ((q->issues & (uint32_t)issue & ~(uint32_t)QUALITY_SEVERAL) == 0)
			continue;
		size_t len = strlen(words);
		snprintf(words + len, sizeof(words) - len, "%s%s%s", len > 0 ? " and " : "",
			issue == QUALITY_EYES ? "shown with " : "", quality_word(issue));
		if (advice[0] == '\0')
			advice = quality_advice(issue);
	}
	return err_set(why, ERR_ARG, "the face is %s: %s", words, advice);
}

enum err engine_resemblance(const struct engine *e, const char *person_id,
	const struct enrol_photo *photo, struct resemblance *out, struct error *why)
{
	struct gallery_mask self;
	struct hit own, other;
	enum err err = gallery_mask_init(&self, e->gallery, why);
	if (err != OK)
		return err;
	gallery_mask_add(&self, e->gallery, person_id);
	gallery_search_split(e->gallery, &self, photo->vector, &own, &other);
	*out = (struct resemblance){.other = other.distance, .own = own.distance};
	if (other.person_id != NULL)
		snprintf(out->other_id, sizeof(out->other_id), "%s", other.person_id);
	gallery_mask_finish(&self);
	return OK;
}

static enum err choose_face(struct face_list *faces, const struct enrol_options *options,
	const struct face **out, struct error *why)
{
	if (faces->count == 0)
		return err_set(why, ERR_NOT_FOUND,
			"no face found: use a photo in which the face is upright, lit and not "
			"small");
	*out = largest(faces);
	size_t several = quality_several(faces);
	if (several > 1 && !options->largest)
		return err_set(why, ERR_ARG,
			"%zu faces in it: use a photo of one person, or --largest for the largest "
			"face",
			several);
	const struct quality *q = &(*out)->quality;
	bool bad = q->score < ENROL_QUALITY || (q->issues & QUALITY_EYES) != 0;
	if (bad && !options->force)
		return refuse(&(*out)->quality, why);
	return OK;
}

void enrol_photo_finish(struct enrol_photo *photo)
{
	buf_finish(&photo->kept);
	*photo = (struct enrol_photo){0};
}

/* A photo that is enrolled already is of use where something was not made of it then. */
static enum err check_known(
	const struct engine *e, struct enrol_photo *out, enum err known, struct error *why)
{
	char owner[UUID_TEXT] = "";
	struct error reason = {0};
	bool wanted = false, kept = true;
	enum err err = OK;
	if (e->coming != NULL)
		err = store_photo_owner(
			e->store, coming_model(e->coming), out->photo_hash, owner, &reason);
	wanted = e->coming != NULL && owner[0] == '\0';
	if (err == OK && e->keep_photos)
		err = store_photo_kept(e->store, out->photo_hash, &kept, &reason);
	if (err != OK && why != NULL)
		*why = reason;
	if (err != OK)
		return err;
	out->again = wanted || !kept;
	return out->again ? OK : known;
}

/* A photo that is enrolled already is known by its bytes: it is not even decoded. */
static enum err load_new_photo(const struct engine *e, const char *path, struct image *photo,
	struct enrol_photo *out, struct error *why)
{
	struct buf file;
	const struct image_options full_size = {0};
	buf_init(&file, IMAGE_FILE_MAX);
	enum err err = file_read(path, &file, why);
	if (err == OK) {
		store_photo_hash(e->store, file.data, file.len, out->photo_hash);
		err = store_photo_check(
			e->store, pipeline_model(e->pipeline), out->photo_hash, why);
	}
	if (err == ERR_EXISTS)
		err = check_known(e, out, err, why);
	if (err == OK) {
		err = image_decode(file.data, file.len, &full_size, photo, NULL, why);
		if (err != OK)
			err_prefix(why, err, "cannot read '%s'", path);
	}
	buf_finish(&file);
	return err;
}

enum err engine_enrol_image(struct engine *e, const struct image *photo,
	const struct enrol_options *options, struct enrol_photo *out, struct error *why)
{
	const struct face *face = NULL;
	enum err err = pipeline_run(e->pipeline, photo, PIPELINE_TEMPLATE, &e->faces, NULL, why);
	if (err == OK)
		err = choose_face(&e->faces, options, &face, why);
	if (err == OK) {
		memcpy(out->vector, face->embedding, sizeof(out->vector));
		out->quality = face->quality.score;
	}
	if (err == OK && e->coming != NULL) {
		err = coming_embed(e->coming, photo, face, out->coming, why);
		out->has_coming = err == OK;
	}
	if (err == OK && e->keep_photos) {
		buf_init(&out->kept, STORE_PHOTO_MAX);
		err = kept_crop(photo, face, &out->kept, why);
	}
	return err;
}

enum err engine_enrol_photo(struct engine *e, const char *path, const struct enrol_options *options,
	struct enrol_photo *out, struct error *why)
{
	struct image photo = {0};
	*out = (struct enrol_photo){0};
	enum err err = load_new_photo(e, path, &photo, out, why);
	if (err == OK)
		err = engine_enrol_image(e, &photo, options, out, why);
	image_finish(&photo);
	return err;
}

static enum err add_template(struct engine *e, const char *person_id,
	const struct enrol_photo *photo, int64_t now_ms, struct error *why)
{
	struct template_new t = {
		.person_id = person_id,
		.model = pipeline_model(e->pipeline),
		.vector = photo->vector,
		.dim = gallery_dim(e->gallery),
		.quality = photo->quality,
	};
	memcpy(t.photo_hash, photo->photo_hash, sizeof(t.photo_hash));
	return store_template_add(e->store, &t, now_ms, why);
}

/* The template of the model that is to follow; fine if another process has added it. */
static enum err add_coming(struct engine *e, const char *person_id, const struct enrol_photo *photo,
	int64_t now_ms, struct error *why)
{
	struct template_new t = {
		.person_id = person_id,
		.model = coming_model(e->coming),
		.vector = photo->coming,
		.dim = coming_dim(e->coming),
		.quality = photo->quality,
	};
	char owner[UUID_TEXT];
	memcpy(t.photo_hash, photo->photo_hash, sizeof(t.photo_hash));
	enum err err = store_photo_owner(e->store, t.model, t.photo_hash, owner, why);
	return err != OK || owner[0] != '\0' ? err : store_template_add(e->store, &t, now_ms, why);
}

/* ERR_EXISTS, naming whose it is, unless a photo that is enrolled already is this person's. */
static enum err check_own(const struct engine *e, const char *person_id,
	const struct enrol_photo *photo, struct error *why)
{
	const char *model = pipeline_model(e->pipeline);
	char owner[UUID_TEXT];
	enum err err = store_photo_owner(e->store, model, photo->photo_hash, owner, why);
	if (err == OK && strcmp(owner, person_id) != 0)
		err = store_photo_check(e->store, model, photo->photo_hash, why);
	return err;
}

enum err engine_enrol(struct engine *e, const char *person_id, const struct enrol_photo *photo,
	int64_t now_ms, struct error *why)
{
	enum err err = photo->again ? check_own(e, person_id, photo, why)
				    : add_template(e, person_id, photo, now_ms, why);
	if (err == OK && photo->has_coming && e->coming != NULL)
		err = add_coming(e, person_id, photo, now_ms, why);
	if (err == OK && photo->kept.len > 0) {
		struct kept_photo kept = {0};
		snprintf(kept.person_id, sizeof(kept.person_id), "%s", person_id);
		memcpy(kept.photo_hash, photo->photo_hash, sizeof(kept.photo_hash));
		err = store_photo_keep(e->store, &kept, &photo->kept, now_ms, why);
	}
	if (err != OK || photo->again)
		return err;
	err = gallery_add(e->gallery, person_id, photo->vector, why);
	return err == OK ? refresh(e, why) : err;
}
