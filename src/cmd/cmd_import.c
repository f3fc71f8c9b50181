/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/name.h"
#include "cmd/cmd.h"
#include "cmd/enrol.h"
#include "cmd/photo_list.h"
#include "cmd/photo_run.h"
#include "cmd/recognise.h"
#include "cmd/words.h"

struct import_options {
	struct engine_choice choice;
	const char *group, *force;
	bool largest;
};

static const struct option_spec options[] = {
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.help = "put the people into this group; it is made if there is none",
		.offset = offsetof(struct import_options, group),
		.complete = "group"},
	{.name = "largest",
		.kind = OPTION_FLAG,
		.help = "of several faces in a photo take the largest instead of refusing it",
		.offset = offsetof(struct import_options, largest)},
	{.name = "force",
		.kind = OPTION_TEXT,
		.value = "REASON",
		.help = "take bad pictures and faces that look like somebody else too; the reason "
			"goes into the audit",
		.offset = offsetof(struct import_options, force),
		.complete = "-"},
	RECOGNISE_OPTIONS(struct import_options),
	{0},
};

/* One person's folder. */
struct folder {
	char name[NAME_BYTES];
	struct photo_list photos;
};

struct import {
	struct cmd *cmd;
	struct enrol enrol;
	struct photo_list paths; /* of all sub-folders; `error` of those that cannot be used */
	struct folder *folder;   /* one for each path */
	size_t total;            /* photos in them */
	struct progress *bar;
	size_t looked; /* photos done */
	size_t people, photos, refused, duplicates, failed;
	json_t *enrolled, *refusals;
	bool stopped;
};

/* --- what there is --- */

/* A folder that cannot be used is told and counted; the others are still done. */
static enum err refuse_folder(
	struct import *m, const char *path, const char *text, struct error *why)
{
	m->failed++;
	photo_warn(path, text);
	json_t *entry =
		json_pack("{s:o,s:o}", "file", cmd_json_text(path), "reason", cmd_json_text(text));
	return json_array_append_new(m->refusals, entry) ? err_set(why, ERR_NOMEM, "out of memory")
							 : OK;
}

static enum err list_folder(struct import *m, size_t i, struct error *why)
{
	const char *path = m->paths.item[i].path;
	struct folder *folder = &m->folder[i];
	struct error reason = {0};
	enum err rc = name_clean(path_base(path), "folder name", folder->name, &reason);
	if (rc == OK)
		rc = photo_list_add_folder(&folder->photos, path, &reason);
	if (rc == ERR_NOMEM) {
		if (why)
			*why = reason;
		return rc;
	}
	m->total += folder->photos.count;
	return rc == OK ? OK : refuse_folder(m, path, reason.text, why);
}

static enum err list_folders(struct import *m, struct error *why)
{
	const char *dir = m->cmd->arg[0];
	m->enrolled = json_array();
	m->refusals = json_array();
	if (!m->enrolled || !m->refusals)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err rc = photo_list_add_subfolders(&m->paths, dir, why);
	if (rc)
		return rc;
	if (m->paths.count == 0) {
		char *shown = utf8_printable(dir);
		rc = err_set(why, ERR_NOT_FOUND,
			"no folder in '%s': put each person's photos into a folder with the "
			"person's name",
			shown ? shown : "?");
		free(shown);
		return rc;
	}
	m->folder = mem_array(m->paths.count, sizeof(*m->folder));
	if (!m->folder)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < m->paths.count && rc == OK; i++)
		rc = list_folder(m, i, why);
	return rc;
}

/* --- doing it --- */

static void count_refusals(struct import *m, const struct enrol_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct enrol_item *item = &batch->item[i];
		if (item->usable)
			continue;
		m->duplicates += item->code == ERR_EXISTS;
		m->failed += !enrol_refusal_is_judgement(item->code);
	}
}

static enum err tell(struct import *m, const struct enrol_person *who,
	const struct enrol_batch *batch, const struct enrolled *done, struct error *why)
{
	count_refusals(m, batch);
	progress_clear(m->bar);
	enum err rc = enrol_report(who, batch, m->refusals, &m->refused, why);
	if (rc || done->photos == 0)
		return rc;
	m->people++;
	m->photos += done->photos;
	json_t *entry = json_pack("{s:{s:s,s:s},s:b,s:I}", "person", "id", done->person.id, "name",
		done->person.name, "added", done->added, "photos", (json_int_t)done->photos);
	return json_array_append_new(m->enrolled, entry) ? err_set(why, ERR_NOMEM, "out of memory")
							 : OK;
}

/* One person: look at the photos, then write those that are usable in one transaction. */
static enum err import_person(struct import *m, const struct folder *folder, struct error *why)
{
	const struct enrol_person who = {.name = folder->name};
	struct enrol_batch batch = {0};
	struct enrolled done = {0};
	struct error reason = {0};
	enum err rc = OK;
	for (size_t i = 0; i < folder->photos.count && rc == OK && !m->stopped; i++) {
		rc = enrol_look(&m->enrol, &batch, folder->photos.item[i].path, &who, why);
		progress_step(m->bar, ++m->looked);
		m->stopped = interrupted();
	}
	if (rc)
		goto out;
	rc = enrol_write(&m->enrol, &who, &batch, &done, &reason);
	/* Two people of that name: this folder cannot be used, the others can. */
	if (rc == ERR_ARG || rc == ERR_EXISTS) {
		rc = refuse_folder(m, folder->name, reason.text, why);
		goto out;
	}
	if (rc) {
		err_prefix(&reason, rc, "'%s'", folder->name);
		if (why)
			*why = reason;
		goto out;
	}
	rc = tell(m, &who, &batch, &done, why);
out:
	enrol_batch_finish(&batch);
	return rc;
}

static enum err import_all(struct import *m, struct error *why)
{
	enum err rc = OK;
	interrupt_catch();
	m->bar = progress_start(m->total, "photos");
	for (size_t i = 0; i < m->paths.count && rc == OK && !m->stopped; i++) {
		if (m->folder[i].photos.count > 0)
			rc = import_person(m, &m->folder[i], why);
	}
	progress_end(m->bar);
	return rc;
}

/* --- output --- */

static int print(const struct import *m)
{
	const struct enrol *e = &m->enrol;
	struct error why = {0};
	if (m->cmd->json)
		return cmd_print_json(json_pack("{s:I,s:I,s:O,s:O,s:o,s:b,s:b}", "people",
			(json_int_t)m->people, "photos", (json_int_t)m->photos, "enrolled",
			m->enrolled, "refused", m->refusals, "group",
			e->group_known ? cmd_json_text(e->group.name) : json_null(), "group_made",
			e->group_made, "stopped", m->stopped));
	enum err rc = OK;
	if (e->group_made)
		rc = print_text(&why, "made the group '%s'\n", e->group.name);
	if (rc == OK)
		rc = print_text(&why, "%zu %s, %zu %s enrolled, %zu refused\n", m->people,
			m->people == 1 ? "person" : "people", m->photos,
			m->photos == 1 ? "photo" : "photos", m->refused);
	return rc == OK ? EXIT_OK : cmd_fail(&why);
}

/* What was done is told also when it ended early. */
static int finish(const struct import *m, enum err rc, const struct error *why)
{
	if (rc && m->people == 0)
		return cmd_fail(why);
	int status = print(m);
	if (rc) {
		cmd_fail(why);
		return EXIT_FAILED;
	}
	if (m->stopped)
		cmd_warn("stopped after %zu of %zu photos; what was enrolled until then is kept",
			m->looked, m->total);
	if (m->stopped || m->failed || (m->photos == 0 && m->refused > m->duplicates))
		return EXIT_FAILED;
	return status;
}

static int run(struct cmd *c)
{
	const struct import_options *o = c->options;
	struct import m = {.cmd = c};
	struct error why = {0};
	enum err rc = list_folders(&m, &why);
	if (rc == OK && m.total > 0)
		rc = cmd_engine(c, STORE_CREATE, &o->choice, &why);
	if (rc == OK && m.total > 0)
		rc = enrol_init(&m.enrol, c, o->group, o->largest, &why);
	if (rc == OK)
		rc = enrol_force(&m.enrol, o->force, &why);
	m.enrol.join_duplicates = true;
	if (rc == OK)
		rc = import_all(&m, &why);
	int status = finish(&m, rc, &why);
	if (m.photos > 0 && enrol_done(&m.enrol, &why) != OK)
		status = cmd_fail(&why);
	for (size_t i = 0; m.folder && i < m.paths.count; i++)
		photo_list_finish(&m.folder[i].photos);
	free(m.folder);
	photo_list_finish(&m.paths);
	json_decref(m.enrolled);
	json_decref(m.refusals);
	return status;
}

const struct command cmd_import = {
	.name = "import",
	.summary = "enrol people from a folder of photos",
	.usage = "DIR [--group GROUP]",
	.about = "Each folder in DIR is a person: its name is the person's name, the .jpg, .jpeg, "
		 ".png and .webp files in it are the photos. People who are there already get the "
		 "new photos. Several photos a person, from different days, are better than one.\n"
		 "\n"
		 "A photo is refused, with the reason, when it has no face or several of about one "
		 "size, when the face is too small, blurred, badly lit, turned away, cut off or "
		 "has its eyes closed, when it looks "
		 "like somebody else who is enrolled and less like the person's own photos (both "
		 "can be overruled by --force REASON), and when it is enrolled already. Of whose "
		 "photos none was usable is not added. Photos are not "
		 "kept, only what is needed to recognise the face, encrypted.\n"
		 "\n"
		 "Each person is written at once. Ctrl-C stops after the current photo, and "
		 "everything before it is kept; the same command then goes on where it was.\n"
		 "\n"
		 "Exit status: 0 also when photos were refused, as long as one was enrolled or all "
		 "were enrolled already; 1 when there was a folder or file that could not be read, "
		 "when nothing was usable, and after Ctrl-C.",
	.examples = "$ rollcall import photos/ --group 3a\n"
		    "$ rollcall import photos/ --json > import.json",
	.complete = "folder",
	.options = options,
	.options_size = sizeof(struct import_options),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
