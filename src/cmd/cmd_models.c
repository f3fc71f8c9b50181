/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/models.h"
#include "net/fetch.h"

static const struct option_spec options[] = {
	{.name = "from",
		.kind = OPTION_TEXT,
		.value = "DIR|URL",
		.offset = offsetof(struct models_options, from),
		.help = "add: take the files from this folder or address rather than from where "
			"the manifest says; their checksums must be the same",
		.complete = "folder"},
	{.name = "like",
		.kind = OPTION_TEXT,
		.value = "MODEL",
		.offset = offsetof(struct models_options, like),
		.help = "add FILE.onnx: it is fed and read as this model is",
		.complete = "model"},
	{.name = "name",
		.kind = OPTION_TEXT,
		.value = "NAME",
		.offset = offsetof(struct models_options, name),
		.help = "add FILE.onnx: what it is to be called; else as the file is"},
	{.name = "licence",
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.offset = offsetof(struct models_options, licence),
		.help = "add FILE.onnx: its licence"},
	{.name = "provenance",
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.offset = offsetof(struct models_options, provenance),
		.help = "add FILE.onnx: what it was trained on"},
	{.name = "timeout",
		.kind = OPTION_INT,
		.value = "SECONDS",
		.offset = offsetof(struct models_options, timeout_s),
		.min = 1,
		.max = 3600,
		.help = "add: give up after so long without a byte (default 30)"},
	{.name = "finish",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct models_options, finish),
		.help = "use: switch now to the embedding that is to follow, though not everybody "
			"has templates of it"},
	{.name = "cancel",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct models_options, cancel),
		.help = "use: stay with the embedding that is in use"},
	{.name = "names",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct models_options, names),
		.help = "list: only the names, one a line, for scripts"},
	{.name = "accept",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct models_options, accept),
		.help = "the licence, and what it was trained on, are agreed to; do not ask"},
	{0},
};

/* --- list --- */

static json_t *row_json(const struct model *m, const struct models_used *used)
{
	const struct manifest *manifest = m->manifest;
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:o,s:s}", "name", manifest->name, "kind",
		model_kind_word(manifest->kind), "about", manifest->about, "installed",
		m->folder != NULL, "shipped", m->shipped, "builtin", m->builtin, "use",
		cmd_json_text(models_used_word(used, manifest)), "licence", manifest->licence);
}

static int list_json(const struct model_list *list, const struct models_used *used)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, row_json(&list->item[i], used));
	return cmd_print_json(json_pack("{s:o}", "models", array));
}

static int list_table(const struct model_list *list, const struct models_used *used)
{
	static const struct table_column columns[] = {
		{"Name"}, {"Kind"}, {"Installed"}, {"Use"}, {"Licence"}, {"About"}};
	struct error why = {0};
	struct table *t = NULL;
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), &why);
	for (size_t i = 0; err == OK && i < list->count; i++) {
		const struct model *m = &list->item[i];
		const char *cells[] = {m->manifest->name, model_kind_word(m->manifest->kind),
			m->folder == NULL ? "no" : (m->shipped ? "with the program" : "yes"),
			models_used_word(used, m->manifest), m->manifest->licence,
			m->manifest->about};
		err = table_add(t, cells, &why);
	}
	if (err == OK)
		err = cmd_print_table(t, &why);
	table_free(t);
	if (err != OK)
		return cmd_fail(&why);
	printf("'rollcall models show NAME' says more, 'rollcall models add NAME' fetches one.\n");
	return EXIT_OK;
}

static void warn_wrong(void *ctx, const char *name, const struct error *reason)
{
	cmd_warn("'%s' in the models' folder is no model: %s", name, reason->text);
}

static int list_names(const struct model_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		printf("%s\n", list->item[i].manifest->name);
	return EXIT_OK;
}

static int list(struct cmd *c)
{
	const struct models_options *o = c->options;
	struct error why = {0};
	struct model_folders folders;
	struct model_list known = {0};
	struct models_used used;
	int status;
	if (model_folders_find(c, &folders, &why) != OK ||
		models_known(&known, &folders.places, warn_wrong, NULL, &why) != OK ||
		models_used_read(c, &used, &why) != OK)
		status = cmd_fail(&why);
	else if (c->json)
		status = list_json(&known, &used);
	else
		status = o->names ? list_names(&known) : list_table(&known, &used);
	model_list_finish(&known);
	model_folders_finish(&folders);
	return status;
}

/* --- show --- */

static json_t *file_json(const struct manifest_file *file)
{
	return json_pack("{s:s,s:o,s:I,s:o}", "path", file->path, "sha256",
		cmd_json_text(file->sha256), "size", (json_int_t)file->size, "url",
		cmd_json_text(file->url));
}

static json_t *fmr_json(const struct manifest_fmr *fmr)
{
	if (fmr->points == 0)
		return json_null();
	return json_pack("{s:s,s:f,s:I,s:f,s:f}", "measured_on", fmr->measured_on, "comparisons",
		fmr->comparisons, "people", (json_int_t)fmr->people, "from", fmr->first, "to",
		fmr->first + fmr->step * (double)(fmr->points - 1));
}

static int show_json(const struct model *m, const struct models_used *used)
{
	const struct manifest *manifest = m->manifest;
	json_t *files = json_array();
	for (size_t i = 0; i < manifest->files; i++)
		json_array_append_new(files, file_json(&manifest->file[i]));
	json_t *model = row_json(m, used);
	json_t *more = json_pack("{s:s,s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:s,s:o}", "id", manifest->id,
		"decoder", manifest->decoder, "folder", cmd_json_text(m->folder), "licence_url",
		cmd_json_text(manifest->licence_url), "provenance", manifest->provenance, "caveat",
		cmd_json_text(manifest->caveat), "source", cmd_json_text(manifest->source), "files",
		files, "input", manifest->input.bgr ? "bgr" : "rgb", "fmr",
		fmr_json(&manifest->fmr));
	json_object_update(model, more);
	json_decref(more);
	if (manifest->kind == MODEL_EMBEDDING) {
		json_object_set_new(model, "dimension", json_integer((json_int_t)manifest->dim));
		json_object_set_new(model, "metric",
			json_string(manifest->metric == METRIC_COSINE ? "cosine" : "euclidean"));
	}
	return cmd_print_json(json_pack("{s:o}", "model", model));
}

static void print_embedding(const struct manifest *m)
{
	printf("  Templates   %zu numbers, %s distance, bound to '%s'\n", m->dim,
		m->metric == METRIC_COSINE ? "cosine" : "Euclidean", m->id);
	if (m->fmr.points > 0)
		printf("  Measured    on %s: %.0f comparisons of %zu people\n", m->fmr.measured_on,
			m->fmr.comparisons, m->fmr.people);
	else
		printf("  Measured    never: 'rollcall eval --table' makes the table that marks "
		       "need\n");
}

static void print_files(const struct manifest *m)
{
	for (size_t i = 0; i < m->files; i++) {
		const struct manifest_file *f = &m->file[i];
		printf("  File        %s, %.1f MB\n", f->path, (double)f->size / 1e6);
		printf("              sha256 %s\n", f->sha256[0] != '\0' ? f->sha256 : "not known");
		if (f->url != NULL)
			printf("              %s\n", f->url);
	}
	if (m->source[0] != '\0')
		printf("  From        %s\n", m->source);
}

static int show_text(const struct model *m, const struct models_used *used)
{
	const struct manifest *manifest = m->manifest;
	const char *use = models_used_word(used, manifest);
	printf("%s: %s\n", manifest->name, manifest->about);
	printf("  Kind        %s%s%s\n", model_kind_word(manifest->kind),
		use[0] != '\0' ? ", " : "", use);
	printf("  Installed   %s\n", m->folder != NULL ? m->folder : "no");
	model_terms_print(stdout, manifest);
	printf("  Input       %d x %d, %s, decoder '%s'\n", manifest->input.width,
		manifest->input.height, manifest->input.bgr ? "BGR" : "RGB", manifest->decoder);
	if (manifest->kind == MODEL_EMBEDDING)
		print_embedding(manifest);
	print_files(manifest);
	return EXIT_OK;
}

static int show(struct cmd *c)
{
	struct error why = {0};
	struct model_folders folders;
	struct model m = {0};
	struct models_used used;
	int status;
	if (model_folders_find(c, &folders, &why) != OK ||
		model_known(&m, &folders.places, c->arg[0], &why) != OK ||
		models_used_read(c, &used, &why) != OK)
		status = cmd_fail(&why);
	else
		status = c->json ? show_json(&m, &used) : show_text(&m, &used);
	model_finish(&m);
	model_folders_finish(&folders);
	return status;
}

/* --- verify --- */

static enum err verify_one(const struct model *m, struct error *why)
{
	enum err err = model_files_check(m, why);
	return err == OK ? model_check(m, why) : err;
}

/* Prints what became of one, or appends it to `array` if that is not NULL. */
static void tell_verified(json_t *array, const char *name, enum err err, const struct error *why)
{
	if (array != NULL)
		json_array_append_new(array,
			json_pack("{s:s,s:b,s:o}", "name", name, "right", err == OK, "why",
				cmd_json_text(err == OK ? NULL : why->text)));
	else if (err == OK)
		printf("%s: checksums are right, the network loads\n", name);
	else
		cmd_warn("%s: %s", name, why->text);
}

static int verify_list(struct cmd *c, const struct model_list *known)
{
	json_t *array = c->json ? json_array() : NULL;
	size_t wrong = 0;
	for (size_t i = 0; i < known->count; i++) {
		const struct model *m = &known->item[i];
		struct error why = {0};
		if (m->folder == NULL)
			continue;
		enum err err = verify_one(m, &why);
		wrong += err != OK;
		tell_verified(array, m->manifest->name, err, &why);
	}
	int status = c->json ? cmd_print_json(json_pack("{s:o}", "models", array)) : EXIT_OK;
	return wrong > 0 ? EXIT_FAILED : status;
}

static int verify(struct cmd *c)
{
	struct error why = {0};
	struct model_folders folders;
	struct model_list known = {0};
	int status = EXIT_OK;
	enum err err = model_folders_find(c, &folders, &why);
	if (err == OK && c->args > 0) {
		known.item = calloc(1, sizeof(*known.item));
		known.count = known.item != NULL;
		err = known.item != NULL ? model_known(known.item, &folders.places, c->arg[0], &why)
					 : err_set(&why, ERR_NOMEM, "no memory for a model");
		if (err == OK && known.item->folder == NULL)
			err = err_set(&why, ERR_NOT_FOUND,
				"the model '%s' is not installed: there is nothing to verify",
				known.item->manifest->name);
	} else if (err == OK) {
		err = models_known(&known, &folders.places, warn_wrong, NULL, &why);
	}
	status = err == OK ? verify_list(c, &known) : cmd_fail(&why);
	model_list_finish(&known);
	model_folders_finish(&folders);
	return status;
}

/* --- remove --- */

static void remove_in(const char *folder, const char *name, const char *suffix)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%s%s", folder, name, suffix) >= 0)
		unlink(path);
	free(path);
}

static enum err remove_files(const struct model *m, struct error *why)
{
	for (size_t i = 0; i < m->manifest->files; i++) {
		remove_in(m->folder, m->manifest->file[i].path, "");
		remove_in(m->folder, m->manifest->file[i].path, ".part");
	}
	remove_in(m->folder, ".accepted", "");
	remove_in(m->folder, "manifest.json", "");
	if (rmdir(m->folder) != 0)
		return err_errno(why, errno, "cannot remove '%s'", m->folder);
	return OK;
}

static enum err may_be_removed(struct cmd *c, const struct model *m, struct error *why)
{
	struct models_used used;
	enum err err = models_used_read(c, &used, why);
	if (err != OK)
		return err;
	const char *name = m->manifest->name, *use = models_used_word(&used, m->manifest);
	if (m->folder == NULL)
		return err_set(why, ERR_NOT_FOUND, "the model '%s' is not installed", name);
	if (m->shipped)
		return err_set(why, ERR_DENIED, "the model '%s' came with the program", name);
	if (use[0] != '\0')
		return err_set(why, ERR_BUSY,
			"the model '%s' is %s: 'rollcall models use' another one first", name, use);
	return OK;
}

static int remove_model(struct cmd *c)
{
	struct error why = {0};
	struct model_folders folders;
	struct model m = {0};
	int status = EXIT_OK;
	if (model_folders_find(c, &folders, &why) != OK ||
		model_known(&m, &folders.places, c->arg[0], &why) != OK ||
		may_be_removed(c, &m, &why) != OK || remove_files(&m, &why) != OK)
		status = cmd_fail(&why);
	else if (c->json)
		status = cmd_print_json(json_pack("{s:s}", "removed", m.manifest->name));
	else
		printf("Removed %s.\n", m.manifest->name);
	model_finish(&m);
	model_folders_finish(&folders);
	return status;
}

static const struct verb verbs[] = {
	{.name = "list",
		.usage = "[--names]",
		.summary = "the models that are known",
		.options = "names",
		.run = list},
	{.name = "show",
		.usage = "NAME",
		.summary = "everything that is known of a model",
		.complete = "model -",
		.args_min = 1,
		.args_max = 1,
		.run = show},
	{.name = "add",
		.usage = "NAME|FILE|URL [--from DIR|URL] [--accept]",
		.summary = "fetch a model, or take it from a file",
		.options = "from|like|name|licence|provenance|timeout|accept",
		.complete = "file -",
		.args_min = 1,
		.args_max = 1,
		.run = models_add},
	{.name = "use",
		.usage = "NAME | --finish | --cancel",
		.summary = "find faces, or tell them apart, with this model from now on",
		.options = "accept|finish|cancel",
		.complete = "model -",
		.args_max = 1,
		.run = models_use},
	{.name = "verify",
		.usage = "[NAME]",
		.summary = "check the files' checksums, and load the networks once",
		.complete = "model -",
		.args_max = 1,
		.run = verify},
	{.name = "remove",
		.usage = "NAME",
		.summary = "delete a model that is not in use",
		.complete = "model -",
		.args_min = 1,
		.args_max = 1,
		.run = remove_model},
	{0},
};

const struct command cmd_models = {
	.name = "models",
	.summary = "list, add, use, check and remove the networks that find and tell faces",
	.usage = "[VERB …]",
	.about = "A model is a network with a manifest, which says how it is fed and read, under "
		 "which licence it is, what it was trained on, and what its distances mean. Some "
		 "are built in: 'add NAME' fetches their files, which the manifest names with "
		 "their checksums. 'add FILE' takes a folder with a manifest.json, such a file, or "
		 "a bare .onnx file with --like; 'add URL' a manifest from elsewhere.\n"
		 "\n"
		 "Licence and provenance are shown, and asked about, before a model is added. A "
		 "download that breaks off is gone on with by the same command. Only https:// is "
		 "fetched from, and http:// from this machine itself. Without a network, "
		 "--from takes the files from a folder. docs/models.md has the manifest's format.\n"
		 "\n"
		 "'use' with a detector takes effect at once. Templates belong to the embedding "
		 "that made them: another one is put to use when everybody has templates of it, "
		 "from kept photos ('rollcall settings set keep-photos on') or by being enrolled "
		 "again; until then both are made, and the one before stays in use.",
	.examples = "$ rollcall models\n"
		    "$ rollcall models show yunet\n"
		    "$ rollcall models add yunet\n"
		    "$ rollcall models add mobilefacenet --from /media/stick --accept\n"
		    "$ rollcall models add better.onnx --like mobilefacenet --licence MIT\n"
		    "$ rollcall models use yunet\n"
		    "$ rollcall models verify",
	.options = options,
	.options_size = sizeof(struct models_options),
	.verbs = verbs,
};
