/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "cmd/annotate.h"
#include "cmd/cmd.h"
#include "report/faces_json.h"
#include "cmd/photo_run.h"
#include "cmd/recognise.h"
#include "cmd/words.h"
#include "vision/quality.h"

struct detect_options {
	struct engine_choice choice;
	struct annotate_choice annotate;
};

static const struct option_spec options[] = {
	RECOGNISE_OPTIONS(struct detect_options),
	ANNOTATE_OPTIONS(struct detect_options, "a box at every face"),
	{0},
};

struct detect {
	const struct detect_options *options;
	struct pipeline *pipeline;
	struct photo_run photos;
	struct annotate annotate;
	struct table *table;
};

static enum err add_row(
	struct detect *d, const char *path, const struct face *face, struct error *why)
{
	char box[BOX_WORDS], score[NUMBER_WORDS], quality[NUMBER_WORDS], issues[ISSUE_WORDS];
	box_words(&face->box, box);
	number_words((double)face->score, score);
	number_words((double)face->quality.score, quality);
	issue_words(face->quality.issues, issues);
	return table_add_path(d->table, photo_short(&d->photos, path),
		(const char *[]){NULL, box, score, quality, issues}, why);
}

static enum err one_photo(void *ctx, const char *path, json_t **entry, struct error *why)
{
	struct detect *d = ctx;
	struct image photo = {0};
	struct face_list faces = {0};
	struct pipeline_times ms = {0};
	int truncated = 0;
	double begin = monotonic_ms();
	enum err rc = image_load(path, &(struct image_options){0}, &photo, NULL, &truncated, why);
	double ms_decode = monotonic_ms() - begin;
	if (rc == OK)
		rc = pipeline_run(d->pipeline, &photo, PIPELINE_DETECT, &faces, &ms, why);
	if (rc == OK && truncated)
		photo_warn(path, "cut off before its end; looked at what is there");
	quality_several(&faces);
	for (size_t i = 0; rc == OK && i < faces.count; i++)
		rc = add_row(d, path, &faces.face[i], why);
	if (rc == OK) {
		*entry = detected_json(path, &photo, &faces, &ms, ms_decode);
		rc = annotate_write(
			&d->annotate, path, &photo, &(struct annotation){.faces = &faces}, why);
	}
	face_list_finish(&faces);
	image_finish(&photo);
	return rc;
}

static const struct table_column columns[] = {
	{"Photo", ALIGN_LEFT},
	{"Box", ALIGN_LEFT},
	{"Score", ALIGN_RIGHT},
	{"Quality", ALIGN_RIGHT},
	{"What is wrong", ALIGN_LEFT},
};

static int run(struct cmd *c)
{
	struct detect d = {.options = c->options};
	struct error why = {0};
	enum err rc = photo_run_init(&d.photos, c, 0, &why);
	if (rc == OK)
		rc = annotate_init(&d.annotate, &d.options->annotate, d.photos.list.count, &why);
	if (rc == OK)
		rc = table_new(&d.table, columns, sizeof(columns) / sizeof(columns[0]), &why);
	if (rc == OK)
		rc = recognise_pipeline(&d.pipeline, c, &d.options->choice, &why);
	if (rc == OK)
		rc = photo_run_all(&d.photos, one_photo, &d, "photos", &why);
	int status = rc == OK ? photo_run_print(&d.photos, c, d.table, table_rows(d.table) > 0)
			      : cmd_fail(&why);
	pipeline_close(d.pipeline);
	table_free(d.table);
	annotate_finish(&d.annotate);
	photo_run_finish(&d.photos);
	return status;
}

const struct command cmd_detect = {
	.name = "detect",
	.summary = "find the faces in photos",
	.usage = "PHOTO… [--annotate OUT]",
	.about = "Finds every face, with its box, 68 landmarks and how good its picture is. Needs "
		 "no database and nobody enrolled. "
		 "What is wrong: too small, blurred, too dark, too bright, turned away, cut off by "
		 "the edge, eyes closed; and several faces, of the largest and of those at least "
		 "half as large, which matters only in a photo to enrol from. A folder stands for "
		 "all photos in it. A photo "
		 "that cannot be read is reported, and the others are still done.\n"
		 "\n"
		 "Exit status: 0 faces were found, 1 a photo failed, 3 there was no face in any.",
	.examples = "$ rollcall detect class.jpg\n"
		    "$ rollcall detect --json photos/ > faces.json\n"
		    "$ rollcall detect class.jpg --annotate boxes.jpg --blur",
	.complete = "file",
	.options = options,
	.options_size = sizeof(struct detect_options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
