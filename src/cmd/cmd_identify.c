/* SPDX-License-Identifier: MIT */
#include "cmd/annotate.h"
#include "cmd/cmd.h"
#include "report/faces_json.h"
#include "cmd/photo_run.h"
#include "cmd/recognise.h"
#include "cmd/words.h"

struct identify_options {
	struct engine_choice choice;
	const char *group;
	struct annotate_choice annotate;
};

static const struct option_spec options[] = {
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.help = "name only people of this group; others who are enrolled go to review",
		.offset = offsetof(struct identify_options, group),
		.complete = "group"},
	ANNOTATE_OPTIONS(struct identify_options, "boxes and names"),
	RECOGNISE_OPTIONS(struct identify_options),
	{0},
};

struct identify {
	struct engine *engine;
	struct photo_run photos;
	struct annotate annotate;
	struct table *table;
	size_t matches;
};

static const struct table_column columns[] = {
	{"Photo", ALIGN_LEFT},
	{"Name", ALIGN_LEFT},
	{"Decision", ALIGN_LEFT},
	{"Distance", ALIGN_RIGHT},
	{"Margin", ALIGN_RIGHT},
	{"Quality", ALIGN_RIGHT},
	{"Why", ALIGN_LEFT},
};

static enum err add_row(struct identify *d, const char *path, const struct identified *id, size_t i,
	struct error *why)
{
	const struct verdict *verdict = &id->verdict[i];
	const struct face *face = &id->faces.face[i];
	char distance[NUMBER_WORDS], margin[NUMBER_WORDS], quality[NUMBER_WORDS];
	number_words(verdict->distance, distance);
	number_words(verdict->margin, margin);
	number_words((double)face->quality.score, quality);
	return table_add_path(d->table, photo_short(&d->photos, path),
		(const char *[]){NULL, id->person[i].name, decision_word(verdict->decision),
			distance, margin, quality, verdict->reason},
		why);
}

static enum err one_photo(void *ctx, const char *path, json_t **entry, struct error *why)
{
	struct identify *d = ctx;
	struct identified id = {0};
	enum err rc = engine_identify_file(d->engine, path, &id, why);
	if (rc == OK && id.truncated)
		photo_warn(path, "cut off before its end; looked at what is there");
	for (size_t i = 0; rc == OK && i < id.faces.count; i++)
		rc = add_row(d, path, &id, i, why);
	for (size_t i = 0; rc == OK && i < id.faces.count; i++)
		d->matches += id.verdict[i].decision == DECISION_MATCH;
	if (rc == OK) {
		*entry = identified_json(path, &id);
		rc = annotate_write(&d->annotate, path, &id.photo,
			&(struct annotation){&id.faces, id.verdict, id.person}, why);
	}
	identified_finish(&id);
	return rc;
}

static int run(struct cmd *c)
{
	const struct identify_options *o = c->options;
	struct identify d = {0};
	struct error why = {0};
	struct group group;
	const char *group_id = NULL;
	enum err rc = photo_run_init(&d.photos, c, 0, &why);
	if (rc == OK)
		rc = annotate_init(&d.annotate, &o->annotate, d.photos.list.count, &why);
	if (rc == OK)
		rc = table_new(&d.table, columns, sizeof(columns) / sizeof(columns[0]), &why);
	if (rc == OK)
		rc = cmd_store_read(c, &why);
	if (rc == OK)
		rc = cmd_group(c, o->group, &group, &group_id, &why);
	if (rc == OK)
		rc = cmd_engine(c, 0, &o->choice, &why);
	if (rc == OK)
		rc = engine_search_group(c->engine, group_id, &why);
	d.engine = c->engine;
	if (rc == OK && gallery_templates(engine_gallery(d.engine)) == 0)
		cmd_warn("nobody is enrolled yet, so nobody can be recognised; see 'rollcall help "
			 "import'");
	if (rc == OK)
		rc = photo_run_all(&d.photos, one_photo, &d, "photos", &why);
	int status =
		rc == OK ? photo_run_print(&d.photos, c, d.table, d.matches > 0) : cmd_fail(&why);
	table_free(d.table);
	annotate_finish(&d.annotate);
	photo_run_finish(&d.photos);
	return status;
}

const struct command cmd_identify = {
	.name = "identify",
	.summary = "say who is in photos, and change nothing",
	.usage = "PHOTO… [--group GROUP] [--annotate OUT]",
	.about =
		"Finds the faces and names those of enrolled people, with the evidence: distance "
		"to the nearest person, margin to the second, quality of the picture. A match is "
		"sure enough to be marked; review means that a human should look; unknown is like "
		"nobody. Nothing is written down: that is 'rollcall mark'. How near is near enough "
		"follows from the organisation's budget of wrong names ('rollcall settings') and "
		"from how many people are searched.\n"
		"\n"
		"A folder stands for all photos in it. A photo that cannot be read is reported, "
		"and the others are still done. Ctrl-C stops after the current photo.\n"
		"\n"
		"Exit status: 0 somebody was recognised, 1 a photo failed, 3 nobody was "
		"recognised.",
	.examples = "$ rollcall identify class.jpg\n"
		    "$ rollcall identify --json photos/ > who.json\n"
		    "$ rollcall identify class.jpg --annotate named.jpg",
	.complete = "file",
	.options = options,
	.options_size = sizeof(struct identify_options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
