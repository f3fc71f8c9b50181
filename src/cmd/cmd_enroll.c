/* SPDX-License-Identifier: MIT */
#include "base/name.h"
#include "cmd/cmd.h"
#include "cmd/enrol.h"
#include "cmd/photo_run.h"
#include "cmd/recognise.h"
#include "cmd/words.h"

struct enroll_options {
	struct engine_choice choice;
	const char *number, *group, *force;
	int face_id;
	bool largest;
};

enum { FACE_ID_MAX = 65535 };

static const struct option_spec options[] = {
	{.name = "number",
		.letter = 'n',
		.kind = OPTION_TEXT,
		.value = "N",
		.help = "the person's number, to tell people of the same name apart",
		.offset = offsetof(struct enroll_options, number),
		.complete = "-"},
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.help = "put the person into this group; it is made if there is none",
		.offset = offsetof(struct enroll_options, group),
		.complete = "group"},
	{.name = "face-id",
		.kind = OPTION_INT,
		.value = "ID",
		.help = "the person's id on a smart camera, 1 to 65535",
		.offset = offsetof(struct enroll_options, face_id),
		.min = 1,
		.max = FACE_ID_MAX,
		.complete = "-"},
	{.name = "largest",
		.kind = OPTION_FLAG,
		.help = "of several faces in a photo take the largest instead of refusing it",
		.offset = offsetof(struct enroll_options, largest)},
	{.name = "force",
		.kind = OPTION_TEXT,
		.value = "REASON",
		.help = "take bad pictures and faces that look like somebody else too; the reason "
			"goes into the audit",
		.offset = offsetof(struct enroll_options, force),
		.complete = "-"},
	RECOGNISE_OPTIONS(struct enroll_options),
	{0},
};

struct enroll {
	struct cmd *cmd;
	struct enrol enrol;
	struct enrol_batch batch;
	struct photo_run photos;
	struct enrol_person who;
	struct enrolled done;
	json_t *refusals;
	size_t refused;
};

/* For photo_run_all: a refusal is the photo's error, so that one loop serves all commands. */
static enum err one_photo(void *ctx, const char *path, json_t **entry, struct error *why)
{
	struct enroll *m = ctx;
	*entry = json_null();
	return enrol_look(&m->enrol, &m->batch, path, &m->who, why);
}

static int print(const struct enroll *m)
{
	const struct enrolled *done = &m->done;
	const struct enrol *e = &m->enrol;
	struct error why = {0};
	if (m->cmd->json) {
		json_t *person = done->photos
			? json_pack("{s:s,s:s,s:o}", "id", done->person.id, "name",
				  done->person.name, "number", cmd_json_text(done->person.number))
			: json_null();
		return cmd_print_json(json_pack("{s:o,s:b,s:I,s:O,s:o,s:b}", "person", person,
			"added", done->added, "photos", (json_int_t)done->photos, "refused",
			m->refusals, "group",
			done->joined ? cmd_json_text(e->group.name) : json_null(), "group_made",
			e->group_made));
	}
	if (done->photos == 0)
		return EXIT_OK;
	enum err rc = OK;
	if (e->group_made)
		rc = print_text(&why, "made the group '%s'\n", e->group.name);
	if (rc == OK)
		rc = print_text(&why, "%s %s: %zu %s enrolled, %zu refused\n",
			done->added ? "added" : "updated", done->person.name, done->photos,
			done->photos == 1 ? "photo" : "photos", m->refused);
	return rc == OK ? EXIT_OK : cmd_fail(&why);
}

/* Arguments that gave no photo at all (an empty folder) were told by photo_run_all. */
static enum err report_arguments(struct enroll *m, struct error *why)
{
	for (size_t i = 0; i < m->photos.list.count; i++) {
		const struct photo_item *item = &m->photos.list.item[i];
		if (!item->error)
			continue;
		json_t *entry = json_pack("{s:o,s:o}", "file", cmd_json_text(item->path), "reason",
			cmd_json_text(item->error));
		if (json_array_append_new(m->refusals, entry))
			return err_set(why, ERR_NOMEM, "out of memory");
	}
	return OK;
}

static enum err enroll(struct enroll *m, struct error *why)
{
	enum err rc = photo_run_all(&m->photos, one_photo, m, "photos", why);
	if (rc == OK)
		rc = enrol_write(&m->enrol, &m->who, &m->batch, &m->done, why);
	if (rc == OK)
		rc = enrol_report(&m->who, &m->batch, m->refusals, &m->refused, why);
	return rc == OK ? report_arguments(m, why) : rc;
}

static int run(struct cmd *c)
{
	const struct enroll_options *o = c->options;
	char name[NAME_BYTES];
	struct enroll m = {.cmd = c, .who = {name, o->number, o->face_id}};
	struct error why = {0};
	enum err rc = name_clean(c->arg[0], "name", name, &why);
	if (rc == OK)
		rc = photo_run_init(&m.photos, c, 1, &why);
	m.refusals = json_array();
	if (rc == OK && !m.refusals)
		rc = err_set(&why, ERR_NOMEM, "out of memory");
	if (rc == OK)
		rc = cmd_engine(c, STORE_CREATE, &o->choice, &why);
	if (rc == OK)
		rc = enrol_init(&m.enrol, c, o->group, o->largest, &why);
	if (rc == OK)
		rc = enrol_force(&m.enrol, o->force, &why);
	if (rc == OK)
		rc = enroll(&m, &why);
	int status = rc == OK ? print(&m) : cmd_fail(&why);
	if (rc == OK && m.done.photos > 0 && enrol_done(&m.enrol, &why) != OK)
		status = cmd_fail(&why);
	if (status == EXIT_OK && (m.refused || m.photos.failed || m.photos.stopped))
		status = EXIT_FAILED;
	enrol_batch_finish(&m.batch);
	photo_run_finish(&m.photos);
	json_decref(m.refusals);
	return status;
}

const struct command cmd_enroll = {
	.name = "enroll",
	.summary = "add a person from photos, or photos to a person",
	.usage = "NAME PHOTO… [--number N] [--group GROUP]",
	.about = "Takes what is needed to recognise the face from each photo. A person of that "
		 "name who is there already gets the new photos; two people of the same name need "
		 "different numbers. A folder stands for all photos in it.\n"
		 "\n"
		 "A photo is refused, with the reason, when it has no face or several, when the "
		 "face is too small, blurred, badly lit, turned away or cut off, when it looks "
		 "like somebody else who is enrolled and less like the person's own photos (both "
		 "can be overruled by --force REASON), and when it is enrolled already. Without "
		 "any usable photo nothing is written.\n"
		 "\n"
		 "Exit status: 0 all photos were enrolled, 1 one was refused.",
	.examples = "$ rollcall enroll \"Ada Lovelace\" ada1.jpg ada2.jpg --group 3a\n"
		    "$ rollcall enroll \"John Smith\" john.jpg --number 4711",
	.complete = "person file",
	.options = options,
	.options_size = sizeof(struct enroll_options),
	.args_min = 2,
	.args_max = SIZE_MAX,
	.run = run,
};
