/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "cmd/cmd.h"
#include "cmd/eval.h"
#include "cmd/recognise.h"
#include "cmd/words.h"
#include "gallery/labels.h"

static double ratio(size_t part, size_t all)
{
	return all > 0 ? (double)part / (double)all : NAN;
}

static int print_json(const struct labels_result *r)
{
	double photos = r->photos > 0 ? (double)r->photos : 1;
	return cmd_print_json(json_pack("{s:I,s:I,s:I,s:o,s:I,s:I,s:o,s:I,s:{s:f,s:f}}", "photos",
		(json_int_t)r->photos, "faces", (json_int_t)r->faces, "found", (json_int_t)r->found,
		"recall", cmd_json_number(ratio(r->found, r->faces)), "smaller",
		(json_int_t)r->smaller, "false_boxes", (json_int_t)r->false_boxes, "false_a_photo",
		cmd_json_number(ratio(r->false_boxes, r->photos)), "photos_with_false",
		(json_int_t)r->photos_false, "ms_a_photo", "detect", r->ms.detect / photos,
		"landmarks", r->ms.landmarks / photos));
}

static enum err print_table(const struct labels_result *r, struct error *why)
{
	static const struct table_column columns[] = {
		{"Measure", ALIGN_LEFT}, {"Value", ALIGN_RIGHT}, {"Note", ALIGN_LEFT}};
	struct table *t = NULL;
	char photos[NUMBER_WORDS], faces[NUMBER_WORDS], found[NUMBER_WORDS], wrong[NUMBER_WORDS];
	char smaller[64], recall[64], rate[64];
	snprintf(photos, sizeof(photos), "%zu", r->photos);
	snprintf(faces, sizeof(faces), "%zu", r->faces);
	snprintf(found, sizeof(found), "%zu", r->found);
	snprintf(wrong, sizeof(wrong), "%zu", r->false_boxes);
	snprintf(smaller, sizeof(smaller), "%zu smaller ones do not count", r->smaller);
	snprintf(recall, sizeof(recall), "%.1f %%", 100 * ratio(r->found, r->faces));
	snprintf(rate, sizeof(rate), "%.3f a photo, in %zu photos",
		ratio(r->false_boxes, r->photos), r->photos_false);
	enum err rc = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"Photos", photos, ""}, why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"Labelled faces", faces, smaller}, why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"of them found", found, recall}, why);
	if (rc == OK)
		rc = table_add(t, (const char *[]){"False boxes", wrong, rate}, why);
	if (rc == OK)
		rc = cmd_print_table(t, why);
	table_free(t);
	return rc;
}

static enum err measure(struct pipeline *p, const struct label_list *labels, const char *images,
	double side, struct labels_result *out, struct error *why)
{
	struct eval_advance advance = {0};
	const struct labels_options options = {
		.labels = labels,
		.images = images,
		.min_side = (float)side,
		.progress = eval_on_photo,
		.ctx = &advance,
	};
	interrupt_catch();
	enum err rc = labels_run(p, &options, out, why);
	progress_end(advance.bar);
	if (rc == ERR_STOPPED)
		err_set(why, rc, "stopped after %zu of %zu photos", advance.done, advance.total);
	return rc;
}

int eval_boxes(struct cmd *c, const struct engine_choice *choice, const char *file,
	const char *images, double side)
{
	struct pipeline *pipeline = NULL;
	struct label_list labels = {0};
	struct labels_result result = {0};
	struct error why = {0};
	int status = EXIT_OK;
	enum err rc = labels_load(&labels, file, &why);
	if (rc == OK)
		rc = recognise_pipeline(&pipeline, c, choice, &why);
	if (rc == OK)
		rc = measure(pipeline, &labels, images, side, &result, &why);
	if (rc == OK && c->json)
		status = print_json(&result);
	else if (rc == OK)
		rc = print_table(&result, &why);
	if (rc)
		status = cmd_fail(&why);
	pipeline_close(pipeline);
	label_list_finish(&labels);
	return status;
}
