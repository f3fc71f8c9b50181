/* SPDX-License-Identifier: MIT */
#include "vision/model.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

void model_finish(struct model *m)
{
	manifest_free(m->manifest);
	free(m->folder);
	*m = (struct model){0};
}

void model_list_finish(struct model_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		model_finish(&list->item[i]);
	free(list->item);
	*list = (struct model_list){0};
}

static enum err no_memory(struct error *why)
{
	return err_set(why, ERR_NOMEM, "no memory for a model");
}

static bool has_file(const char *folder, const char *name)
{
	char *path = path_join(folder, name);
	bool there = path != NULL && file_exists(path);
	free(path);
	return there;
}

static bool has_files(const char *folder, const struct manifest *m)
{
	for (size_t i = 0; i < m->files; i++) {
		if (!has_file(folder, m->file[i].path))
			return false;
	}
	return true;
}

/* The built-in manifest of that name; *out stays NULL when there is none. */
static enum err builtin_named(struct manifest **out, const char *name, struct error *why)
{
	*out = NULL;
	const char *text;
	size_t len;
	for (size_t i = 0; (text = manifest_builtin(i, &len)) != NULL; i++) {
		enum err err = manifest_parse(out, text, len, why);
		if (err != OK)
			return err_prefix(why, err, "built-in manifest %zu", i);
		if (strcmp((*out)->name, name) == 0)
			return OK;
		manifest_free(*out);
		*out = NULL;
	}
	return OK;
}

/*
 * Takes folder/sub (or the folder itself where sub is NULL) if all files are there. False when
 * there is no memory.
 */
static bool take_if_there(struct model *m, const char *folder, const char *sub, bool shipped)
{
	if (folder == NULL || m->folder != NULL)
		return true;
	char *path = sub != NULL ? path_join(folder, sub) : mem_strdup(folder);
	if (path != NULL && has_files(path, m->manifest)) {
		m->folder = path;
		m->shipped = shipped;
		return true;
	}
	free(path);
	return path != NULL;
}

/* Looks for the files of a built-in model; m->manifest is there. */
static enum err locate(struct model *m, const struct model_places *places, struct error *why)
{
	const char *name = m->manifest->name;
	m->builtin = true;
	if (take_if_there(m, places->home, name, false) &&
		take_if_there(m, places->shipped, NULL, true) &&
		take_if_there(m, places->shipped, name, true))
		return OK;
	return no_memory(why);
}

/* A model of somebody else's, in FOLDER/NAME; ERR_NOT_FOUND when there is no manifest. */
static enum err load_own(
	struct model *m, const char *folder, const char *name, bool shipped, struct error *why)
{
	m->shipped = shipped;
	m->folder = path_join(folder, name);
	if (m->folder == NULL)
		return no_memory(why);
	if (!has_file(m->folder, "manifest.json"))
		return err_set(why, ERR_NOT_FOUND, "'%s' has no manifest.json", m->folder);
	enum err err = manifest_load(&m->manifest, m->folder, why);
	if (err == OK && strcmp(m->manifest->name, name) != 0)
		err = err_set(why, ERR_FORMAT, "'%s' holds the manifest of another model, '%s'",
			m->folder, m->manifest->name);
	return err;
}

static enum err unknown(const char *name, struct error *why)
{
	return err_set(why, ERR_NOT_FOUND,
		"there is no model '%s': 'rollcall models' lists those that there are", name);
}

enum err model_known(
	struct model *out, const struct model_places *places, const char *name, struct error *why)
{
	*out = (struct model){0};
	if (strcmp(name, "ssd") == 0)
		name = "ssd_mobilenetv1";
	else if (strcmp(name, "tiny") == 0)
		name = "tiny_face_detector";
	if (!manifest_name_valid(name))
		return unknown(name, why);
	enum err err = builtin_named(&out->manifest, name, why);
	if (err == OK && out->manifest != NULL) {
		err = locate(out, places, why);
	} else if (err == OK) {
		const char *folder[] = {places->home, places->shipped};
		err = ERR_NOT_FOUND;
		for (size_t i = 0; err == ERR_NOT_FOUND && i < 2; i++) {
			model_finish(out);
			if (folder[i] != NULL)
				err = load_own(out, folder[i], name, i == 1, why);
		}
		if (err == ERR_NOT_FOUND)
			unknown(name, why);
	}
	if (err != OK)
		model_finish(out);
	return err;
}

enum err model_find(struct model *out, const struct model_places *places, const char *name,
	enum model_kind kind, struct error *why)
{
	enum err err = model_known(out, places, name, why);
	if (err != OK)
		return err;
	const struct manifest *m = out->manifest;
	if (m->kind != kind)
		err = err_set(why, ERR_ARG, "model '%s' is of kind %s, not %s", m->name,
			model_kind_word(m->kind), model_kind_word(kind));
	else if (out->folder == NULL && m->file[0].url != NULL)
		err = err_set(why, ERR_NOT_FOUND,
			"the model '%s' is not installed: 'rollcall models add %s' fetches it",
			m->name, m->name);
	else if (out->folder == NULL)
		err = err_set(why, ERR_NOT_FOUND,
			"the files of model '%s' are missing: run './run build' in the checkout, "
			"or set ROLLCALL_MODELS to the folder with the models",
			m->name);
	if (err != OK)
		model_finish(out);
	return err;
}

static enum err append(struct model_list *list, struct model *m, struct error *why)
{
	if (!mem_grow((void **)&list->item, list->count, &list->capacity, sizeof(*list->item)))
		return no_memory(why);
	list->item[list->count++] = *m;
	*m = (struct model){0};
	return OK;
}

static enum err add_builtins(
	struct model_list *list, const struct model_places *places, struct error *why)
{
	const char *text;
	size_t len;
	enum err err = OK;
	for (size_t i = 0; err == OK && (text = manifest_builtin(i, &len)) != NULL; i++) {
		struct model m = {0};
		err = manifest_parse(&m.manifest, text, len, why);
		if (err == OK)
			err = locate(&m, places, why);
		if (err == OK)
			err = append(list, &m, why);
		model_finish(&m);
	}
	return err;
}

/* The folders in HOME/models that are no built-in model's and no remains of a download. */
static int is_own(const struct dirent *entry)
{
	struct manifest *builtin = NULL;
	struct error why = {0};
	if (!manifest_name_valid(entry->d_name) ||
		builtin_named(&builtin, entry->d_name, &why) != OK)
		return 0;
	bool own = builtin == NULL;
	manifest_free(builtin);
	return own;
}

enum err models_known(struct model_list *list, const struct model_places *places,
	model_wrong_fn *wrong, void *ctx, struct error *why)
{
	struct dirent **entry = NULL;
	enum err err = add_builtins(list, places, why);
	if (err != OK || places->home == NULL)
		return err;
	int count = scandir(places->home, &entry, is_own, alphasort);
	if (count < 0)
		return errno == ENOENT ? OK
				       : err_errno(why, errno, "cannot read '%s'", places->home);
	for (int i = 0; i < count; i++) {
		struct model m = {0};
		struct error reason = {0};
		if (err == OK) {
			if (load_own(&m, places->home, entry[i]->d_name, false, &reason) == OK)
				err = append(list, &m, why);
			else if (wrong != NULL && reason.code != ERR_NOT_FOUND)
				wrong(ctx, entry[i]->d_name, &reason);
		}
		model_finish(&m);
		free(entry[i]);
	}
	free(entry);
	return err;
}
