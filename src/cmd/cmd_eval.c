/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/recognise.h"
#include "cmd/words.h"
#include "gallery/pairs.h"
#include "gallery/verify.h"
#include "media/sample.h"

struct eval_options {
	struct engine_choice choice;
	const char *pairs, *images;
	double scale;
};

static const struct eval_options defaults = {.scale = 1};

static const struct option_spec options[] = {
	{.name = "pairs",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "the pairs, in the format of Labeled Faces in the Wild",
		.offset = offsetof(struct eval_options, pairs),
		.complete = "file"},
	{.name = "images",
		.kind = OPTION_TEXT,
		.value = "DIR",
		.help = "the photos: DIR/Name/Name_0001.jpg",
		.offset = offsetof(struct eval_options, images),
		.complete = "folder"},
	{.name = "scale",
		.kind = OPTION_NUMBER,
		.value = "S",
		.help = "shrink or enlarge each photo by this factor first, 0.05 to 4 (1)",
		.offset = offsetof(struct eval_options, scale),
		.min = 0.05,
		.max = 4,
		.complete = "-"},
	RECOGNISE_OPTIONS(struct eval_options),
	{0},
};

static const char *const far_name[VERIFY_FARS] = {"1e-1", "1e-2", "1e-3", "1e-4"};

/* One photo that occurs in the pairs; each is looked at once. */
struct photo {
	struct pair_photo id;
	bool found; /* has a face */
	float vector[FACE_DIM];
};

struct eval {
	const struct eval_options *options;
	struct pipeline *pipeline;
	struct pair_list pairs;
	struct photo *photo; /* sorted by id, no two the same */
	size_t photos;
	struct face_list faces; /* of the current photo */
	struct verification result;
};

/* --- photos of the pairs --- */

static int by_id(const void *a, const void *b)
{
	const struct photo *x = a, *y = b;
	return pair_photo_compare(&x->id, &y->id);
}

static enum err list_photos(struct eval *e, struct error *why)
{
	size_t count;
	if (!size_mul(e->pairs.count, 2, &count))
		return err_set(why, ERR_LIMIT, "too many pairs");
	e->photo = mem_array(count, sizeof(*e->photo));
	if (!e->photo)
		return err_set(why, ERR_NOMEM, "out of memory for %zu photos", count);
	for (size_t i = 0; i < count; i++)
		e->photo[i].id = e->pairs.item[i / 2].photo[i % 2];
	qsort(e->photo, count, sizeof(*e->photo), by_id);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || by_id(&e->photo[i], &e->photo[e->photos - 1]) != 0)
			e->photo[e->photos++] = e->photo[i];
	}
	return OK;
}

static const struct photo *find_photo(const struct eval *e, const struct pair_photo *id)
{
	struct photo key = {.id = *id};
	return bsearch(&key, e->photo, e->photos, sizeof(*e->photo), by_id);
}

/* --- looking at them --- */

/* The person a photo is of is in its middle; others may stand around. */
static const struct face *middle_face(const struct face_list *faces, const struct image *photo)
{
	const struct face *best = NULL;
	double best_distance = INFINITY;
	for (size_t i = 0; i < faces->count; i++) {
		const struct box *b = &faces->face[i].box;
		double dx = (double)b->x + (double)b->w / 2 - photo->width / 2.0;
		double dy = (double)b->y + (double)b->h / 2 - photo->height / 2.0;
		if (hypot(dx, dy) < best_distance) {
			best_distance = hypot(dx, dy);
			best = &faces->face[i];
		}
	}
	return best;
}

static enum err load(const struct eval *e, const char *path, struct image *photo, struct error *why)
{
	struct image full = {0};
	enum err rc = image_load(path, &(struct image_options){0}, &full, NULL, NULL, why);
	if (rc || e->options->scale == 1) {
		*photo = full;
		return rc;
	}
	int width = (int)lround(full.width * e->options->scale);
	int height = (int)lround(full.height * e->options->scale);
	rc = sample_resize(&full, width < 1 ? 1 : width, height < 1 ? 1 : height, photo, why);
	image_finish(&full);
	return rc;
}

static enum err look(struct eval *e, struct photo *p, struct error *why)
{
	struct image photo = {0};
	char *path = pair_photo_path(e->options->images, &p->id);
	if (!path)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err rc = load(e, path, &photo, why);
	if (rc == OK)
		rc = pipeline_run(e->pipeline, &photo, PIPELINE_TEMPLATE, &e->faces, NULL, why);
	const struct face *face = rc == OK ? middle_face(&e->faces, &photo) : NULL;
	if (face) {
		p->found = true;
		memcpy(p->vector, face->embedding, sizeof(p->vector));
	}
	image_finish(&photo);
	free(path);
	return rc;
}

static enum err look_at_all(struct eval *e, struct error *why)
{
	enum err rc = OK;
	interrupt_catch();
	struct progress *bar = progress_start(e->photos, "photos");
	for (size_t i = 0; i < e->photos && rc == OK; i++) {
		rc = look(e, &e->photo[i], why);
		progress_step(bar, i + 1);
		if (rc == OK && interrupted())
			rc = err_set(why, ERR_STOPPED, "stopped after %zu of %zu photos", i + 1,
				e->photos);
	}
	progress_end(bar);
	return rc;
}

/* --- comparing --- */

static double distance(const struct photo *a, const struct photo *b)
{
	double sum = 0;
	if (!a->found || !b->found)
		return NAN;
	for (size_t i = 0; i < FACE_DIM; i++) {
		double d = (double)a->vector[i] - (double)b->vector[i];
		sum += d * d;
	}
	return sqrt(sum);
}

static enum err compare_all(struct eval *e, struct error *why)
{
	struct comparison *list = mem_array(e->pairs.count, sizeof(*list));
	if (!list)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < e->pairs.count; i++) {
		const struct pair *pair = &e->pairs.item[i];
		list[i] = (struct comparison){
			.distance = distance(
				find_photo(e, &pair->photo[0]), find_photo(e, &pair->photo[1])),
			.same = pair->same,
			.fold = pair->fold,
		};
	}
	enum err rc = verify_measure(list, e->pairs.count, e->pairs.folds, &e->result, why);
	free(list);
	return rc;
}

/* --- output --- */

static int print_json(const struct verification *v)
{
	json_t *tar = json_object(), *threshold = json_object();
	for (size_t i = 0; i < VERIFY_FARS; i++) {
		json_object_set_new(tar, far_name[i], cmd_json_number(v->tar[i]));
		json_object_set_new(threshold, far_name[i], cmd_json_number(v->threshold[i]));
	}
	return cmd_print_json(json_pack("{s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "pairs",
		(json_int_t)v->pairs, "used", (json_int_t)v->used, "failed_to_detect",
		(json_int_t)v->failed, "accuracy", cmd_json_number(v->accuracy), "accuracy_std",
		cmd_json_number(v->accuracy_std), "accuracy_used",
		cmd_json_number(v->accuracy_used), "eer", cmd_json_number(v->eer), "tar_at_far",
		tar, "threshold_at_far", threshold));
}

static enum err add_rates(struct table *t, const struct verification *v, struct error *why)
{
	char what[64], rate[NUMBER_WORDS], at[64];
	enum err rc = OK;
	for (size_t i = 0; i < VERIFY_FARS && rc == OK; i++) {
		snprintf(what, sizeof(what), "TAR at FAR %s", far_name[i]);
		snprintf(rate, sizeof(rate), "%.2f %%", 100 * v->tar[i]);
		snprintf(at, sizeof(at), "distance up to %.3f", v->threshold[i]);
		rc = table_add(t, (const char *[]){what, rate, at}, why);
	}
	return rc;
}

static enum err print_table(const struct verification *v, struct error *why)
{
	static const struct table_column columns[] = {
		{"Measure", ALIGN_LEFT}, {"Value", ALIGN_RIGHT}, {"", ALIGN_LEFT}};
	struct table *t = NULL;
	char pairs[NUMBER_WORDS], failed[NUMBER_WORDS], accuracy[NUMBER_WORDS], std[64];
	char eer[NUMBER_WORDS], used[64];
	snprintf(pairs, sizeof(pairs), "%zu", v->pairs);
	snprintf(failed, sizeof(failed), "%zu", v->failed);
	snprintf(accuracy, sizeof(accuracy), "%.2f %%", 100 * v->accuracy);
	snprintf(std, sizeof(std), "standard deviation %.2f", 100 * v->accuracy_std);
	snprintf(used, sizeof(used), "of the others %.2f %% are right", 100 * v->accuracy_used);
	snprintf(eer, sizeof(eer), "%.2f %%", 100 * v->eer);
	enum err rc = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"Pairs", pairs, ""}, why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"without a face", failed, used}, why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"Accuracy", accuracy, std}, why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"Equal error rate", eer, ""}, why);
	if (rc == OK)
		rc = add_rates(t, v, why);
	if (rc == OK)
		rc = cmd_print_table(t, why);
	table_free(t);
	return rc;
}

static int run(struct cmd *c)
{
	const struct eval_options *o = c->options;
	struct eval e = {.options = o};
	struct error why = {0};
	if (!o->pairs || !o->images)
		return cmd_usage(c, "--pairs FILE and --images DIR are needed");
	enum err rc = pairs_load(&e.pairs, o->pairs, &why);
	if (rc == OK)
		rc = list_photos(&e, &why);
	if (rc == OK)
		rc = recognise_pipeline(&e.pipeline, c, &o->choice, &why);
	if (rc == OK)
		rc = look_at_all(&e, &why);
	if (rc == OK)
		rc = compare_all(&e, &why);
	int status = EXIT_OK;
	if (rc == OK && c->json)
		status = print_json(&e.result);
	else if (rc == OK)
		rc = print_table(&e.result, &why);
	if (rc)
		status = cmd_fail(&why);
	pipeline_close(e.pipeline);
	face_list_finish(&e.faces);
	pair_list_finish(&e.pairs);
	free(e.photo);
	return status;
}

const struct command cmd_eval = {
	.name = "eval",
	.summary = "measure how well faces are told apart, on labelled photos",
	.usage = "--pairs FILE --images DIR [--scale S]",
	.about =
		"Compares the faces of labelled pairs of photos: accuracy by 10 folds, equal "
		"error rate, the share of same pairs accepted (TAR) at false accept rates (FAR) of "
		"1e-1 to 1e-4 with the distance there, and in how many pairs a face was not found. "
		"A pair without a face counts as told wrong. Of several faces the one in the "
		"middle of the photo is meant. Every photo is looked at as for enrolment, with "
		"its mirror image.\n"
		"\n"
		"The file is in the format of Labeled Faces in the Wild: a first line with the "
		"number of pairs, or of folds and pairs, then \"Name 1 2\" for two photos of one "
		"person and \"Name 1 Other 2\" for two people, with tabs between. Every photo "
		"must be there. Needs no database.",
	.examples = "$ rollcall eval --pairs pairsDevTest.txt --images lfw/\n"
		    "$ rollcall eval --pairs pairs.txt --images lfw/ --scale 0.5 --json",
	.options = options,
	.options_size = sizeof(struct eval_options),
	.defaults = &defaults,
	.run = run,
};
