/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "report/faces_json.h"
#include "cmd/photo_run.h"
#include "cmd/recognise.h"
#include "cmd/words.h"

struct mark_options {
	struct engine_choice choice;
	const char *group, *session, *at;
};

static const struct option_spec options[] = {
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.help = "mark only this group's register; without it those of all groups that a "
			"person is in",
		.offset = offsetof(struct mark_options, group),
		.complete = "group"},
	{.name = "session",
		.kind = OPTION_TEXT,
		.value = "ID",
		.help = "mark only this session's register",
		.offset = offsetof(struct mark_options, session)},
	{.name = "at",
		.kind = OPTION_TEXT,
		.value = "TIME",
		.help = "when the photos were taken: 08:55, \"2026-11-21 08:55\", with +01:00 or Z "
			"for another zone (default: now)",
		.offset = offsetof(struct mark_options, at)},
	RECOGNISE_OPTIONS(struct mark_options),
	{0},
};

struct mark_run {
	struct cmd *cmd;
	struct photo_run photos;
	const char *group_id;   /* NULL: all */
	const char *session_id; /* NULL: none in particular */
	const char *search_id;  /* of the group whose people may be named; NULL: everybody */
	int64_t at_ms;          /* 0: now, for each photo */
	json_t *written, *not_written;
	struct table *written_table, *not_written_table;
	size_t matches;
};

/* One face of one photo, and what became of it. */
struct result {
	const char *path;
	const struct face *face;
	const struct verdict *verdict;
	const struct person *person;
	const struct entry *entry;
	const char *sighting_id; /* "" when nothing was recorded */
};

static const struct table_column written_columns[] = {
	{"Name", ALIGN_LEFT},
	{"Group", ALIGN_LEFT},
	{"Status", ALIGN_LEFT},
	{"Time", ALIGN_LEFT},
	{"Distance", ALIGN_RIGHT},
	{"Margin", ALIGN_RIGHT},
	{"Note", ALIGN_LEFT},
};

static const struct table_column not_written_columns[] = {
	{"Photo", ALIGN_LEFT},
	{"Box", ALIGN_LEFT},
	{"Name", ALIGN_LEFT},
	{"Decision", ALIGN_LEFT},
	{"Why it was not marked", ALIGN_LEFT},
};

/* Review and unknown have a reason of their own, better than the outcome's general one. */
static const char *reason_of(const struct result *r)
{
	bool recognised = r->verdict->decision == DECISION_MATCH;
	return recognised || !r->verdict->reason[0] ? outcome_reason(r->entry->outcome)
						    : r->verdict->reason;
}

static enum err tell_written(struct mark_run *m, const struct result *r, struct error *why)
{
	char stamp[STAMP_TEXT], time[TIME_WORDS], distance[NUMBER_WORDS], margin[NUMBER_WORDS];
	bool already = r->entry->outcome == OUTCOME_ALREADY;
	const char *status = mark_status_word(r->entry->status);
	zone_stamp(m->cmd->zone, r->entry->at_ms, stamp);
	json_t *entry = json_pack("{s:o,s:o,s:o,s:s,s:s,s:o,s:b,s:o}", "person",
		person_ref_json(r->person), "group", cmd_json_text(r->entry->group), "session",
		cmd_json_text(r->entry->session_id), "status", status, "at", stamp, "file",
		cmd_json_text(r->path), "already", already, "sighting",
		cmd_json_text(r->sighting_id));
	if (json_array_append_new(m->written, entry))
		return err_set(why, ERR_NOMEM, "out of memory");
	time_words(m->cmd->zone, r->entry->at_ms, time);
	number_words(r->verdict->distance, distance);
	number_words(r->verdict->margin, margin);
	return table_add(m->written_table,
		(const char *[]){r->person->name, r->entry->group, status, time, distance, margin,
			already ? "marked before" : ""},
		why);
}

static enum err tell_not_written(struct mark_run *m, const struct result *r, struct error *why)
{
	char box[BOX_WORDS];
	const char *decision = decision_word(r->verdict->decision);
	json_t *entry = json_pack("{s:o,s:o,s:o,s:s,s:s,s:o}", "file", cmd_json_text(r->path),
		"box", box_json(&r->face->box), "person", person_ref_json(r->person), "decision",
		decision, "reason", reason_of(r), "sighting", cmd_json_text(r->sighting_id));
	if (json_array_append_new(m->not_written, entry))
		return err_set(why, ERR_NOMEM, "out of memory");
	box_words(&r->face->box, box);
	return table_add_path(m->not_written_table, photo_short(&m->photos, r->path),
		(const char *[]){NULL, box, r->person->name, decision, reason_of(r)}, why);
}

static enum err mark_face(struct mark_run *m, const char *path, const struct identified *id,
	size_t i, struct error *why)
{
	const struct verdict *verdict = &id->verdict[i];
	struct result result = {path, &id->faces.face[i], verdict, &id->person[i], NULL, NULL};
	struct recorded recorded = {0};
	struct seen seen;
	int64_t now_ms = clock_now_ms();
	const struct registrar registrar = {m->cmd->store, m->cmd->zone, now_ms};
	engine_seen(m->cmd->engine, id, i, &seen);
	seen.look.group_id = m->group_id;
	seen.look.session_id = m->session_id;
	seen.look.at_ms = m->at_ms ? m->at_ms : now_ms;
	seen.look.source = "photo";
	enum err rc = register_look(&registrar, &seen.look, &recorded, why);
	if (rc) {
		m->photos.fatal = true;
		return rc;
	}
	result.sighting_id = recorded.sighting_id;
	for (size_t k = 0; k < recorded.count && rc == OK; k++) {
		result.entry = &recorded.entry[k];
		bool written = result.entry->outcome == OUTCOME_MARKED ||
			result.entry->outcome == OUTCOME_ALREADY;
		rc = written ? tell_written(m, &result, why) : tell_not_written(m, &result, why);
	}
	return rc;
}

static enum err one_photo(void *ctx, const char *path, json_t **entry, struct error *why)
{
	struct mark_run *m = ctx;
	struct identified id = {0};
	enum err rc = engine_identify_file(m->cmd->engine, path, &id, why);
	if (rc == OK && id.truncated)
		photo_warn(path, "cut off before its end; looked at what is there");
	for (size_t i = 0; i < id.faces.count && rc == OK; i++) {
		rc = mark_face(m, path, &id, i, why);
		m->matches += rc == OK && id.verdict[i].decision == DECISION_MATCH;
	}
	if (rc == OK)
		*entry = identified_json(path, &id);
	identified_finish(&id);
	return rc;
}

/* --- output --- */

static enum err print_tables(const struct mark_run *m, struct error *why)
{
	size_t written = table_rows(m->written_table),
	       not_written = table_rows(m->not_written_table);
	enum err rc = OK;
	if (written > 0)
		rc = cmd_print_table(m->written_table, why);
	if (rc == OK && written > 0 && not_written > 0)
		rc = print_text(why, "\n");
	if (rc == OK && not_written > 0)
		rc = print_text(why, "Not marked:\n");
	if (rc == OK && not_written > 0)
		rc = cmd_print_table(m->not_written_table, why);
	if (rc == OK && written + not_written == 0)
		rc = photo_run_no_face(&m->photos, why);
	return rc;
}

/* Prints what was written and what not; gives the exit status. */
static int print(const struct cmd *c, const struct mark_run *m)
{
	struct error why = {0};
	int status = EXIT_OK;
	if (c->json)
		status = cmd_print_json(json_pack("{s:O,s:O,s:O}", "photos", m->photos.photos,
			"written", m->written, "not_written", m->not_written));
	else if (print_tables(m, &why) != OK)
		status = cmd_fail(&why);
	return status == EXIT_OK ? photo_run_status(&m->photos, m->matches > 0) : status;
}

/* --- arguments --- */

static enum err open_results(struct mark_run *m, struct error *why)
{
	m->written = json_array();
	m->not_written = json_array();
	if (!m->written || !m->not_written)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err rc = table_new(&m->written_table, written_columns,
		sizeof(written_columns) / sizeof(written_columns[0]), why);
	if (rc == OK)
		rc = table_new(&m->not_written_table, not_written_columns,
			sizeof(not_written_columns) / sizeof(not_written_columns[0]), why);
	return rc;
}

static enum err read_options(struct mark_run *m, struct group *group, struct error *why)
{
	const struct mark_options *o = m->cmd->options;
	struct session_row session;
	enum err rc = cmd_group(m->cmd, o->group, group, &m->group_id, why);
	m->search_id = m->group_id;
	if (rc == OK && o->session) {
		rc = store_session(m->cmd->store, o->session, &session, why);
		snprintf(group->id, sizeof(group->id), "%s", session.group_id);
		m->search_id = group->id;
	}
	if (rc == OK && o->at)
		rc = cmd_time(m->cmd, o->at, &m->at_ms, why);
	m->session_id = o->session;
	return rc;
}

static int run(struct cmd *c)
{
	const struct mark_options *o = c->options;
	struct mark_run m = {.cmd = c};
	struct group group;
	struct error why = {0};
	if (o->group && o->session)
		return cmd_usage(c, "--group and --session: a session has its group already");
	enum err rc = photo_run_init(&m.photos, c, 0, &why);
	if (rc == OK)
		rc = open_results(&m, &why);
	if (rc == OK)
		rc = cmd_store(c, 0, &why);
	if (rc == OK)
		rc = read_options(&m, &group, &why);
	if (rc == OK)
		rc = cmd_engine(c, 0, &o->choice, &why);
	if (rc == OK)
		rc = engine_search_group(c->engine, m.search_id, &why);
	if (rc == OK) {
		const struct registrar registrar = cmd_registrar(c);
		rc = register_forget(&registrar, &why);
	}
	if (rc == OK && gallery_templates(engine_gallery(c->engine)) == 0)
		cmd_warn("nobody is enrolled yet, so nobody can be marked; see 'rollcall help "
			 "import'");
	if (rc == OK)
		rc = photo_run_all(&m.photos, one_photo, &m, "photos", &why);
	int status = rc == OK ? print(c, &m) : cmd_fail(&why);
	photo_run_finish(&m.photos);
	json_decref(m.written);
	json_decref(m.not_written);
	table_free(m.written_table);
	table_free(m.not_written_table);
	return status;
}

const struct command cmd_mark = {
	.name = "mark",
	.summary = "take attendance from photos",
	.usage = "PHOTO… [--group GROUP] [--at TIME]",
	.about = "Finds and names the faces as 'rollcall identify' does and writes those that are "
		 "surely recognised into the register: present, or late after the group's start "
		 "and grace. Faces in review and unknown ones are recorded as seen, never marked. "
		 "It prints what was written and what was not, with the reason; 'rollcall explain' "
		 "tells more, 'rollcall reject' takes a wrong name back.\n"
		 "\n"
		 "With --group or --session only the people of that group can be marked, and "
		 "as they are fewer, a face need not be as near as among everybody. Somebody else "
		 "who is enrolled goes to review.\n"
		 "\n"
		 "The time is now unless --at says otherwise; what a camera wrote into the photo "
		 "is not used, as its clock is often wrong. The same photo may be marked again "
		 "at another time.\n"
		 "\n"
		 "Each face is written at once: after Ctrl-C, which stops after the current "
		 "photo, and after an error everything before it is kept.\n"
		 "\n"
		 "Exit status: 0 somebody was recognised, 1 a photo failed, 3 nobody was "
		 "recognised.",
	.examples = "$ rollcall mark class.jpg --group 3a\n"
		    "$ rollcall mark --at 08:55 photos/\n"
		    "$ rollcall mark door.jpg --json",
	.complete = "file",
	.options = options,
	.options_size = sizeof(struct mark_options),
	.args_min = 1,
	.args_max = SIZE_MAX,
	.run = run,
};
