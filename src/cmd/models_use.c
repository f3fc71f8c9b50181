/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "attend/coming.h"
#include "base/file.h"
#include "cmd/models.h"
#include "cmd/recognise.h"

/* What `models use` has done, to be told. */
struct use {
	struct cmd *c;
	struct model_folders folders;
	struct model model;
	struct models_used before;
	struct reembedded photos;
	struct person_list missing; /* who has no template of the model yet */
	size_t replaced;            /* templates of other models that were deleted */
	bool complete;
};

/* A default is kept as "", so that a later program's default follows. */
static void set_name(char out[static MODEL_NAME_BYTES], const char *name, const char *standard)
{
	snprintf(out, MODEL_NAME_BYTES, "%s", strcmp(name, standard) == 0 ? "" : name);
}

/*
 * Writes c->org, with the audit; in the same transaction the templates of the model `replace_by`
 * (NULL = none) take the place of others.
 */
static enum err write_org(struct cmd *c, const char *action, const char *replace_by,
	size_t *replaced, struct error *why)
{
	enum err err = store_begin(c->store, why);
	if (err != OK)
		return err;
	err = store_org_update(c->store, &c->org, why);
	if (err == OK && replace_by != NULL)
		err = store_templates_replace(c->store, replace_by, replaced, why);
	return cmd_commit(c, err, action, c->org.id, why);
}

static enum err complete(
	struct cmd *c, const struct manifest *m, size_t *replaced, struct error *why)
{
	set_name(c->org.embedding, m->name, MODEL_DEFAULT_EMBEDDING);
	c->org.coming[0] = '\0';
	return write_org(c, "models.switched", m->id, replaced, why);
}

enum err models_switch_advance(struct cmd *c, bool *completed, struct error *why)
{
	struct model_folders folders = {0};
	struct model coming = {0};
	struct person_list missing = {0};
	*completed = false;
	enum err err = store_org(c->store, &c->org, why);
	if (err != OK || c->org.coming[0] == '\0')
		return err;
	err = model_folders_find(c, &folders, why);
	if (err == OK)
		err = model_known(&coming, &folders.places, c->org.coming, why);
	if (err == OK)
		err = store_people_without(c->store, coming.manifest->id, &missing, why);
	if (err == OK && missing.count == 0) {
		err = complete(c, coming.manifest, NULL, why);
		*completed = err == OK;
	}
	person_list_finish(&missing);
	model_finish(&coming);
	model_folders_finish(&folders);
	return err;
}

/* --- telling --- */

static int tell_json(const struct use *u)
{
	const struct manifest *m = u->model.manifest;
	json_t *missing = json_array();
	for (size_t i = 0; i < u->missing.count; i++)
		json_array_append_new(missing,
			json_pack("{s:s,s:s}", "id", u->missing.item[i].id, "name",
				u->missing.item[i].name));
	return cmd_print_json(json_pack("{s:s,s:s,s:b,s:{s:I,s:I},s:o,s:I}", "model", m->name,
		"kind", model_kind_word(m->kind), "complete", u->complete, "photos", "kept",
		(json_int_t)u->photos.photos, "done", (json_int_t)u->photos.done, "missing",
		missing, "replaced", (json_int_t)u->replaced));
}

static void print_missing(const struct use *u)
{
	for (size_t i = 0; i < u->missing.count; i++) {
		const struct person *p = &u->missing.item[i];
		printf("  %s%s%s\n", p->name, p->number[0] != '\0' ? ", " : "", p->number);
	}
}

static int tell(const struct use *u)
{
	const struct manifest *m = u->model.manifest;
	if (u->c->json)
		return tell_json(u);
	if (u->photos.photos > 0)
		printf("%zu of %zu kept photos gave a template.\n", u->photos.done,
			u->photos.photos);
	if (m->kind != MODEL_EMBEDDING) {
		printf("%s finds the faces from now on.\n", m->name);
	} else if (u->complete) {
		printf("%s tells the faces apart from now on.\n", m->name);
		if (u->missing.count > 0)
			printf("Not recognised until they are enrolled again:\n");
		print_missing(u);
	} else {
		printf("%s stays in use until these %zu have been enrolled again, with 'rollcall "
		       "enroll' or 'rollcall import', also from the same photos:\n",
			u->before.embedding, u->missing.count);
		print_missing(u);
		printf("Who is enrolled gets templates of both. 'rollcall models use --finish' "
		       "switches now, '--cancel' goes back.\n");
	}
	return EXIT_OK;
}

/* --- doing --- */

static bool tell_progress(void *ctx, size_t done, size_t total)
{
	struct progress *p = ctx;
	progress_step(p, done);
	return !interrupted();
}

static enum err reembed_kept(struct use *u, struct error *why)
{
	const struct engine_choice choice = {
		.detector = u->c->org.detector, .embedding = u->model.manifest->name};
	size_t kept = 0;
	enum err err = store_photos_count(u->c->store, &kept, why);
	if (err != OK || kept == 0)
		return err;
	struct pipeline *pipeline = NULL;
	err = recognise_pipeline(&pipeline, u->c, &choice, why);
	if (err == OK) {
		struct progress *p = progress_start(kept, "photos");
		interrupt_catch();
		err = reembed(u->c->store, pipeline, tell_progress, p, &u->photos, why);
		progress_end(p);
	}
	pipeline_close(pipeline);
	return err;
}

static enum err may_be_used(const struct use *u, struct error *why)
{
	const struct manifest *m = u->model.manifest;
	if (m->kind == MODEL_DETECTOR)
		return OK;
	if (m->kind != MODEL_EMBEDDING)
		return err_set(why, ERR_UNSUPPORTED,
			"there is no choice among models of kind %s yet", model_kind_word(m->kind));
	if (u->before.coming[0] != '\0' && strcmp(u->before.coming, m->name) != 0)
		return err_set(why, ERR_BUSY,
			"'%s' is to follow already: 'rollcall models use --finish' or '--cancel' "
			"first",
			u->before.coming);
	if (m->fmr.points == 0)
		return err_set(why, ERR_UNSUPPORTED,
			"what the distances of '%s' mean was never measured: 'rollcall eval "
			"--table "
			"--embedding %s' makes the table for its manifest (docs/models.md)",
			m->name, m->name);
	return OK;
}

static enum err use_embedding(struct use *u, struct error *why)
{
	struct cmd *c = u->c;
	const struct manifest *m = u->model.manifest;
	if (strcmp(u->before.embedding, m->name) == 0 && u->before.coming[0] == '\0') {
		u->complete = true;
		return OK;
	}
	snprintf(c->org.coming, sizeof(c->org.coming), "%s", m->name);
	enum err err = write_org(c, "models.use", NULL, NULL, why);
	if (err == OK)
		err = reembed_kept(u, why);
	if (err == OK)
		err = store_people_without(c->store, m->id, &u->missing, why);
	if (err != OK || u->missing.count > 0)
		return err;
	u->complete = true;
	return complete(c, m, &u->replaced, why);
}

static enum err use_model(struct use *u, struct error *why)
{
	const struct manifest *m = u->model.manifest;
	if (m->kind == MODEL_EMBEDDING)
		return use_embedding(u, why);
	set_name(u->c->org.detector, m->name, MODEL_DEFAULT_DETECTOR);
	u->complete = true;
	return write_org(u->c, "models.use", NULL, NULL, why);
}

/* Shows the terms of what nobody here has agreed to yet, and of what came with the program. */
static int ask_terms(struct use *u)
{
	struct error why = {0};
	if (!model_terms_accepted(&u->model)) {
		int status = model_terms_ask(u->c, u->model.manifest);
		if (status == EXIT_OK && model_terms_keep(&u->model, &why) != OK)
			status = cmd_fail(&why);
		return status;
	}
	if (u->model.shipped && !u->c->json)
		model_terms_print(stdout, u->model.manifest);
	return EXIT_OK;
}

/* Finds the installed model, of any kind. */
static enum err find(struct use *u, const char *name, struct error *why)
{
	enum err err = model_known(&u->model, &u->folders.places, name, why);
	if (err != OK || u->model.folder != NULL)
		return err;
	struct model none;
	return model_find(&none, &u->folders.places, name, u->model.manifest->kind, why);
}

static int use_named(struct use *u)
{
	struct error why = {0};
	if (find(u, u->c->arg[0], &why) != OK || may_be_used(u, &why) != OK ||
		model_check(&u->model, &why) != OK)
		return cmd_fail(&why);
	int status = ask_terms(u);
	if (status != EXIT_OK)
		return status;
	if (cmd_store(u->c, STORE_CREATE, &why) != OK || use_model(u, &why) != OK)
		return cmd_fail(&why);
	return tell(u);
}

static int finish(struct use *u)
{
	struct error why = {0};
	if (cmd_store(u->c, 0, &why) != OK ||
		model_known(&u->model, &u->folders.places, u->before.coming, &why) != OK)
		return cmd_fail(&why);
	const struct manifest *m = u->model.manifest;
	if (store_people_without(u->c->store, m->id, &u->missing, &why) != OK ||
		complete(u->c, m, &u->replaced, &why) != OK)
		return cmd_fail(&why);
	u->complete = true;
	return tell(u);
}

static enum err drop_coming(struct use *u, size_t *count, struct error *why)
{
	struct cmd *c = u->c;
	struct error none;
	const char *id = NULL;
	/* Its manifest may be gone; then so is the id of its templates. */
	if (model_known(&u->model, &u->folders.places, u->before.coming, &none) == OK)
		id = u->model.manifest->id;
	c->org.coming[0] = '\0';
	enum err err = store_begin(c->store, why);
	if (err != OK)
		return err;
	err = store_org_update(c->store, &c->org, why);
	if (err == OK && id != NULL)
		err = store_templates_remove(c->store, id, count, why);
	return cmd_commit(c, err, "models.cancel", c->org.id, why);
}

static int cancel(struct use *u)
{
	struct error why = {0};
	size_t count = 0;
	if (cmd_store(u->c, 0, &why) != OK || drop_coming(u, &count, &why) != OK)
		return cmd_fail(&why);
	if (u->c->json)
		return cmd_print_json(json_pack("{s:s,s:I}", "cancelled", u->before.coming,
			"templates", (json_int_t)count));
	printf("%s stays in use; %zu templates of %s were deleted.\n", u->before.embedding, count,
		u->before.coming);
	return EXIT_OK;
}

int models_use(struct cmd *c)
{
	const struct models_options *o = c->options;
	struct error why = {0};
	struct use u = {.c = c};
	int status;
	if (o->finish + o->cancel + (c->args > 0) != 1)
		return cmd_usage(c, "use what? NAME, or --finish or --cancel of a switch");
	if (model_folders_find(c, &u.folders, &why) != OK ||
		models_used_read(c, &u.before, &why) != OK) {
		status = cmd_fail(&why);
	} else if ((o->finish || o->cancel) && u.before.coming[0] == '\0') {
		err_set(&why, ERR_NOT_FOUND, "no switch of models is under way");
		status = cmd_fail(&why);
	} else {
		status = o->finish ? finish(&u) : o->cancel ? cancel(&u) : use_named(&u);
	}
	person_list_finish(&u.missing);
	model_finish(&u.model);
	model_folders_finish(&u.folders);
	return status;
}
