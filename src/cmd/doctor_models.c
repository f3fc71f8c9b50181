/* SPDX-License-Identifier: MIT */
#include "base/digest.h"
#include "base/file.h"
#include "cmd/doctor.h"
#include "cmd/models.h"
#include "cmd/recognise.h"

enum { SUMS_BYTES_MAX = 1 << 20, SUM_DIGITS = SHA256_TEXT - 1, NAMES_SHOWN = 5 };

/* One line "hex  name" of SHA256SUMS; true if the file is as it says, or the line says nothing. */
static bool sum_holds(const char *folder, const char *line)
{
	struct error none;
	if (strspn(line, "0123456789abcdef") != SUM_DIGITS || line[SUM_DIGITS] == '\0')
		return true;
	const char *name = line + SUM_DIGITS + 1;
	name += strspn(name, " *");
	char *path = path_join(folder, name), actual[SHA256_TEXT];
	bool holds = path != NULL && file_sha256(path, actual, NULL, &none) == OK &&
		memcmp(actual, line, SUM_DIGITS) == 0;
	free(path);
	return holds;
}

static void look_sums(struct doctor *d, const char *folder)
{
	char *path = path_join(folder, "SHA256SUMS");
	struct buf text;
	buf_init(&text, SUMS_BYTES_MAX);
	struct error why = {0};
	size_t bad = 0, lines = 0;
	if (path != NULL && file_read(path, &text, &why) == OK) {
		char *rest = (char *)text.data, *line;
		while ((line = strsep(&rest, "\r\n")) != NULL) {
			lines += line[0] != '\0';
			if (!sum_holds(folder, line)) {
				bad++;
				doctor_say(d, DOCTOR_FAIL, "models", "fetch the models again",
					"'%s' is not as SHA256SUMS says", line + SUM_DIGITS + 2);
			}
		}
		if (bad == 0)
			doctor_say(d, DOCTOR_OK, "models", NULL, "%zu checksums are right", lines);
	}
	buf_finish(&text);
	free(path);
}

/* One that is in use or to follow; false, having said so, when it is not as it should be. */
static bool look_model(struct doctor *d, const struct model_folders *folders, const char *name,
	enum model_kind kind)
{
	struct model m = {0};
	struct error why = {0};
	bool right = model_find(&m, &folders->places, name, kind, &why) == OK &&
		model_files_check(&m, &why) == OK;
	if (!right)
		doctor_say(d, DOCTOR_FAIL, "models",
			"fetch it again: 'rollcall models remove', then 'add'; or use another one",
			"%s: %s", name, why.text);
	model_finish(&m);
	return right;
}

/* Templates of a model that is not in use are not compared with anything. */
static void look_templates(struct doctor *d, const char *model)
{
	struct error why = {0};
	struct person_list people = {0};
	char names[NAMES_SHOWN * (NAME_BYTES + 2)] = "";
	if (d->c->store == NULL)
		return;
	if (store_people_without(d->c->store, model, &people, &why) != OK) {
		doctor_say(d, DOCTOR_FAIL, "models", NULL, "%s", why.text);
		return;
	}
	for (size_t i = 0; i < people.count && i < NAMES_SHOWN; i++) {
		size_t len = strlen(names);
		snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? ", " : "",
			people.item[i].name);
	}
	if (people.count > 0)
		doctor_say(d, DOCTOR_WARN, "models",
			"enrol them again, also from the same photos: 'rollcall import'",
			"%zu %s only templates of a model that is not in use, and cannot be "
			"recognised: %s%s",
			people.count, people.count == 1 ? "person has" : "people have", names,
			people.count > NAMES_SHOWN ? ", ..." : "");
	person_list_finish(&people);
}

static void look_pipeline(struct doctor *d, const struct models_used *used)
{
	const struct engine_choice choice = {
		.detector = used->detector, .embedding = used->embedding};
	struct error why = {0};
	struct pipeline *p = NULL;
	if (recognise_pipeline(&p, d->c, &choice, &why) == OK) {
		doctor_say(d, DOCTOR_OK, "models", NULL, "%s with the %s detector", used->embedding,
			used->detector);
		look_templates(d, pipeline_model(p));
	} else {
		doctor_say(d, DOCTOR_FAIL, "models", NULL, "%s", why.text);
	}
	pipeline_close(p);
}

void doctor_look_models(struct doctor *d)
{
	struct error why = {0};
	struct model_folders folders = {0};
	struct models_used used = {MODEL_DEFAULT_DETECTOR, MODEL_DEFAULT_EMBEDDING, ""};
	/* What is wrong with the database has been told. */
	if (d->c->store != NULL && models_used_read(d->c, &used, &why) != OK)
		doctor_say(d, DOCTOR_FAIL, "models", NULL, "%s", why.text);
	if (model_folders_find(d->c, &folders, &why) != OK || folders.shipped == NULL) {
		if (why.text[0] == '\0')
			(void)!models_folder(d->c->models_given, &folders.shipped, &why);
		doctor_say(d, DOCTOR_FAIL, "models", NULL, "%s", why.text);
		model_folders_finish(&folders);
		return;
	}
	bool right = look_model(d, &folders, used.detector, MODEL_DETECTOR);
	right = look_model(d, &folders, MODEL_DEFAULT_LANDMARKS, MODEL_LANDMARKS) && right;
	right = look_model(d, &folders, used.embedding, MODEL_EMBEDDING) && right;
	if (right)
		look_pipeline(d, &used);
	if (used.coming[0] != '\0' && look_model(d, &folders, used.coming, MODEL_EMBEDDING))
		doctor_say(d, DOCTOR_OK, "models", NULL,
			"%s is to follow when everybody has templates of it", used.coming);
	look_sums(d, folders.shipped);
	model_folders_finish(&folders);
}
