/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/eval.h"
#include "cmd/eval_set.h"
#include "cmd/recognise.h"
#include "cmd/words.h"
#include "gallery/decide.h"
#include "gallery/evaluate.h"

struct eval_options {
	struct engine_choice choice;
	const char *pairs, *boxes, *images;
	double scale, side;
	struct eval_set_options set;
};

enum { EVAL_SIDE = 20, PEOPLE_MAX = 100000, DRAWS_MAX = 1000, TOLD_BINS = 5 };

static const struct eval_options defaults = {
	.scale = 1, .side = EVAL_SIDE, .set = {.draws = 2, .budget = BUDGET_DEFAULT}};

static const struct option_spec options[] = {
	{.name = "pairs",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "the pairs, in the format of Labeled Faces in the Wild",
		.offset = offsetof(struct eval_options, pairs),
		.complete = "file"},
	{.name = "boxes",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "instead: where the faces are, as CSV; measures how they are found",
		.offset = offsetof(struct eval_options, boxes),
		.complete = "file"},
	{.name = "images",
		.kind = OPTION_TEXT,
		.value = "DIR",
		.help = "the photos: DIR/Name/Name_0001.jpg, or all in DIR",
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
	{.name = "table",
		.kind = OPTION_FLAG,
		.help = "print the model's table of distance to FMR instead, for its manifest",
		.offset = offsetof(struct eval_options, set.table)},
	{.name = "identification",
		.kind = OPTION_INT,
		.value = "PEOPLE",
		.help = "enrol that many people with one photo each and identify all other photos "
			"instead",
		.offset = offsetof(struct eval_options, set.identification),
		.min = 1,
		.max = PEOPLE_MAX,
		.complete = "-"},
	{.name = "held-out",
		.kind = OPTION_FLAG,
		.help = "with --identification: let each draw measure the table with half of the "
			"people and use the others",
		.offset = offsetof(struct eval_options, set.held_out)},
	{.name = "draws",
		.kind = OPTION_INT,
		.value = "N",
		.help = "with --identification: choose the people anew that many times (2)",
		.offset = offsetof(struct eval_options, set.draws),
		.min = 1,
		.max = DRAWS_MAX,
		.complete = "-"},
	{.name = "budget",
		.kind = OPTION_NUMBER,
		.value = "SHARE",
		.help = "with --identification: how often a stranger may be taken for somebody "
			"(0.001)",
		.offset = offsetof(struct eval_options, set.budget),
		.min = BUDGET_MIN,
		.max = BUDGET_MAX,
		.complete = "-"},
	{.name = "looks",
		.kind = OPTION_INT,
		.value = "N",
		.help = "put up to N photos of a person together, as looks of a video, and measure "
			"what that brings instead, 2 to 8",
		.offset = offsetof(struct eval_options, set.looks),
		.min = 2,
		.max = 8,
		.complete = "-"},
	{.name = "side",
		.kind = OPTION_NUMBER,
		.value = "PIXELS",
		.help = "with --boxes: the smallest labelled face that counts (20)",
		.offset = offsetof(struct eval_options, side),
		.min = 1,
		.max = 10000,
		.complete = "-"},
	RECOGNISE_OPTIONS(struct eval_options),
	{0},
};

static const char *const far_name[VERIFY_FARS] = {"1e-1", "1e-2", "1e-3", "1e-4"};

/* False match rates of all photos against all, at whose distances both rates are told. */
static const double told_rate[] = {1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2};

/* --- looking at the photos --- */

enum err eval_on_photo(void *ctx, size_t done, size_t total)
{
	struct eval_advance *a = ctx;
	if (!a->bar)
		a->bar = progress_start(total, "photos");
	a->done = done;
	a->total = total;
	progress_step(a->bar, done);
	return interrupted() ? ERR_STOPPED : OK;
}

static enum err evaluate(struct pipeline *p, const struct pair_list *pairs,
	const struct eval_options *o, struct evaluation *out, struct error *why)
{
	struct eval_advance advance = {0};
	const struct evaluate_options photos = {
		.pairs = pairs,
		.images = o->images,
		.scale = o->scale,
		.progress = eval_on_photo,
		.ctx = &advance,
	};
	interrupt_catch();
	enum err rc = evaluate_run(p, &photos, out, why);
	progress_end(advance.bar);
	if (rc == ERR_STOPPED)
		err_set(why, rc, "stopped after %zu of %zu photos", advance.done, advance.total);
	return rc;
}

/* --- output --- */

/* All photos against all: rates that a list of pairs is too short for. */
static json_t *all_json(const struct evaluation *e)
{
	json_t *fmr = json_object(), *fnmr = json_object();
	for (size_t i = 0; i < sizeof(told_rate) / sizeof(told_rate[0]); i++) {
		char name[NUMBER_WORDS];
		double d = distances_at(e->different, told_rate[i]);
		/* The same distance in fewer words: it is not known better than that. */
		d = floor(d / e->different->width / TOLD_BINS) * TOLD_BINS * e->different->width;
		snprintf(name, sizeof(name), "%.4g", d);
		if (!(d > 0))
			continue;
		json_object_set_new(fmr, name, cmd_json_number(distances_rate(e->different, d)));
		double same = e->same->total ? distances_rate(e->same, d) : NAN;
		json_object_set_new(fnmr, name, cmd_json_number(1 - same));
	}
	return json_pack("{s:I,s:I,s:o,s:o}", "same", (json_int_t)e->same->total, "different",
		(json_int_t)e->different->total, "fmr_at_distance", fmr, "fnmr_at_distance", fnmr);
}

static int print_json(const struct evaluation *e)
{
	const struct verification *v = &e->pairs;
	json_t *tar = json_object(), *threshold = json_object();
	for (size_t i = 0; i < VERIFY_FARS; i++) {
		json_object_set_new(tar, far_name[i], cmd_json_number(v->tar[i]));
		json_object_set_new(threshold, far_name[i], cmd_json_number(v->threshold[i]));
	}
	return cmd_print_json(json_pack("{s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "pairs",
		(json_int_t)v->pairs, "used", (json_int_t)v->used, "failed_to_detect",
		(json_int_t)v->failed, "accuracy", cmd_json_number(v->accuracy), "accuracy_std",
		cmd_json_number(v->accuracy_std), "accuracy_used",
		cmd_json_number(v->accuracy_used), "eer", cmd_json_number(v->eer), "tar_at_far",
		tar, "threshold_at_far", threshold, "all_against_all", all_json(e)));
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
		{"Measure", ALIGN_LEFT}, {"Value", ALIGN_RIGHT}, {"Note", ALIGN_LEFT}};
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
	struct pipeline *pipeline = NULL;
	struct pair_list pairs = {0};
	struct evaluation e = {0};
	struct error why = {0};
	if (!o->pairs == !o->boxes || !o->images)
		return cmd_usage(c, "--pairs FILE or --boxes FILE, and --images DIR are needed");
	if (o->boxes)
		return eval_boxes(c, &o->choice, o->boxes, o->images, o->side);
	enum err rc = pairs_load(&pairs, o->pairs, &why);
	if (rc == OK)
		rc = recognise_pipeline(&pipeline, c, &o->choice, &why);
	int status = EXIT_OK;
	if (rc == OK && (o->set.table || o->set.identification > 0 || o->set.looks > 0)) {
		const struct evaluate_options photos = {
			.pairs = &pairs, .images = o->images, .scale = o->scale};
		struct eval_set_options set = o->set;
		set.name = path_base(o->pairs);
		status = eval_set(c, pipeline, &photos, &set);
		goto out;
	}
	if (rc == OK)
		rc = evaluate(pipeline, &pairs, o, &e, &why);
	if (rc == OK && c->json)
		status = print_json(&e);
	else if (rc == OK)
		rc = print_table(&e.pairs, &why);
	if (rc)
		status = cmd_fail(&why);
out:
	pipeline_close(pipeline);
	evaluation_finish(&e);
	pair_list_finish(&pairs);
	return status;
}

const struct command cmd_eval = {
	.name = "eval",
	.summary = "measure how well faces are told apart, on labelled photos",
	.usage = "--pairs FILE --images DIR [--scale S] | --boxes FILE --images DIR",
	.about =
		"Compares the faces of labelled pairs of photos: accuracy by 10 folds, equal "
		"error rate, the share of same pairs accepted (TAR) at false accept rates (FAR) of "
		"1e-1 to 1e-4 with the distance there, and in how many pairs a face was not found. "
		"A pair without a face counts as told wrong. Of several faces the one in the "
		"middle of the photo is meant. Every photo is looked at as for enrolment, with "
		"its mirror image. With --json also all photos against all, by the names of their "
		"people: the distances at which 1e-5 to 1e-2 of different people are taken for "
		"one, and how many of the same are not.\n"
		"\n"
		"The file is in the format of Labeled Faces in the Wild: a first line with the "
		"number of pairs, or of folds and pairs, then \"Name 1 2\" for two photos of one "
		"person and \"Name 1 Other 2\" for two people, with tabs between. Every photo "
		"must be there. Needs no database.\n"
		"\n"
		"With --table, --identification or --looks the photos of the pairs are used "
		"without the "
		"pairs: every one against every other, or as people to enrol, as probes of them "
		"and of strangers. The table is what 'fmr' in a model's manifest holds; without "
		"one "
		"a model matches nobody. With --held-out the set is judged by tables that "
		"have seen nobody who is enrolled or identified.\n"
		"\n"
		"With --boxes it measures how faces are found: CSV with the head line "
		"\"file,x,y,w,h\" and a face's box a line, or \"file,faces,nose_points\" with "
		"points \"x,y x,y\". A found box is right if it overlaps a labelled one by more "
		"than 0.3, or its middle is in it and their sides are within a factor of 2; with "
		"points, if it holds exactly one. Of DIR all photos are looked at, also those "
		"that are not in the file: there, every box is wrong.",
	.examples = "$ rollcall eval --pairs pairsDevTest.txt --images lfw/\n"
		    "$ rollcall eval --pairs pairs.txt --images lfw/ --identification 300\n"
		    "$ rollcall eval --boxes boxes.csv --images groups/ --min-face 20 --json",
	.options = options,
	.options_size = sizeof(struct eval_options),
	.defaults = &defaults,
	.run = run,
};
