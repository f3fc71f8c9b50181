/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "cmd/cmd.h"
#include "cmd/export.h"
#include "cmd/options.h"
#include "cmd/out_format.h"
#include "cmd/person.h"

struct export_options {
	const char *from, *to, *group;
	struct out_choice out;
};

#define AT(field) offsetof(struct export_options, field)

static const struct option_spec options[] = {
	{.name = "from",
		.kind = OPTION_TEXT,
		.value = "DATE",
		.offset = AT(from),
		.help = "first day, as 2026-11-21, yesterday, today; else from the beginning"},
	{.name = "to",
		.kind = OPTION_TEXT,
		.value = "DATE",
		.offset = AT(to),
		.help = "last day; else today"},
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.offset = AT(group),
		.complete = "group",
		.help = "only this group's people"},
	OUT_OPTIONS(struct export_options, "csv|json|xlsx",
		"csv, json or xlsx; else as the ending of the file says, else CSV"),
	{0},
};

/* What can be exported; each in both shapes. */
static const struct {
	const char *what;
	enum err (*table)(struct export *e, struct error *why);
	enum err (*json)(struct export *e, json_t *document, struct error *why);
} kinds[] = {
	{"marks", export_marks_table, export_marks_json},
	{"sightings", export_sightings_table, export_sightings_json},
	{"people", export_people_table, export_people_json},
};

#define KINDS "marks|sightings|people"

static enum err write_table(
	struct export *e, size_t kind, enum roll_format format, struct error *why)
{
	const struct export_options *o = e->c->options;
	struct buf bytes;
	buf_init(&bytes, REPORT_BYTES_MAX);
	enum err err = kinds[kind].table(e, why);
	if (err == OK && format == ROLL_XLSX)
		err = table_xlsx(e->table, kinds[kind].what, &bytes, why);
	else if (err == OK)
		err = table_csv(e->table, &bytes, why);
	if (err == OK)
		err = cmd_output(o->out.path, bytes.data, bytes.len, why);
	buf_finish(&bytes);
	return err;
}

static enum err write_json(struct export *e, size_t kind, struct error *why)
{
	const struct export_options *o = e->c->options;
	json_t *document = json_pack(
		"{s:s,s:s,s:s}", "from", e->from, "to", e->to, "zone", zone_name(e->c->zone));
	char *text = NULL, *line = NULL;
	enum err err = document != NULL ? kinds[kind].json(e, document, why) : OK;
	if (err == OK && document != NULL)
		text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(9));
	int len = text != NULL ? asprintf(&line, "%s\n", text) : -1;
	if (err == OK)
		err = len >= 0 ? cmd_output(o->out.path, line, (size_t)len, why)
			       : err_set(why, ERR_NOMEM, "cannot export: out of memory");
	if (len >= 0)
		free(line);
	free(text);
	json_decref(document);
	return err;
}

/* The days and moments between which is exported. */
static enum err range(struct export *e, struct error *why)
{
	const struct export_options *o = e->c->options;
	int64_t ignored;
	enum err err = cmd_day(e->c, o->from != NULL ? o->from : FIRST_DAY, e->from, why);
	if (err == OK)
		err = cmd_day(e->c, o->to, e->to, why);
	if (err == OK)
		err = zone_day_bounds(e->c->zone, e->from, &e->from_ms, &ignored, why);
	if (err == OK)
		err = zone_day_bounds(e->c->zone, e->to, &ignored, &e->to_ms, why);
	if (err == OK && strcmp(e->from, e->to) > 0)
		return err_set(why, ERR_ARG, "--from %s is after --to %s", e->from, e->to);
	return err;
}

static int run(struct cmd *c)
{
	const struct export_options *o = c->options;
	struct error why = {0};
	struct group group;
	struct export e = {.c = c};
	enum roll_format format;
	int kind = choice_index(KINDS, c->arg[0]);
	if (kind < 0)
		return cmd_usage(c, "cannot export '%s': it is one of " KINDS, c->arg[0]);
	enum err err = out_format(c, &o->out, ROLL_CSV, &format, &why);
	if (err == OK)
		err = cmd_store_read(c, &why);
	if (err == OK)
		err = range(&e, &why);
	if (err == OK)
		err = cmd_group(c, o->group, &group, &e.group_id, &why);
	if (err == OK)
		err = export_begin(&e, &why);
	if (err == OK)
		err = format == ROLL_JSON ? write_json(&e, (size_t)kind, &why)
					  : write_table(&e, (size_t)kind, format, &why);
	export_end(&e);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

const struct command cmd_export = {
	.name = "export",
	.summary = "marks, sightings or people as CSV, spreadsheet or JSON",
	.usage = KINDS
	" [--from DATE] [--to DATE] [--group GROUP] [--format csv|json|xlsx] [-o FILE]",
	.about = "marks: the registers of all days in the range, one line a person and day. "
		 "sightings: every time that somebody was seen, also those that a person must look "
		 "at and those of nobody known. people: who is enrolled.\n"
		 "\n"
		 "Face templates are never exported.",
	.examples = "$ rollcall export marks --from 2026-09-01 --to 2026-12-20 -o term.xlsx\n"
		    "$ rollcall export sightings --from yesterday > sightings.csv\n"
		    "$ rollcall export people --group 7b --json",
	.complete = KINDS " -",
	.options = options,
	.options_size = sizeof(struct export_options),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
