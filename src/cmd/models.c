/* SPDX-License-Identifier: MIT */
#include "cmd/models.h"

#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

/* In a model's folder: somebody has seen its terms and agreed. */
static const char accepted_file[] = ".accepted";

enum err model_folders_find(struct cmd *c, struct model_folders *out, struct error *why)
{
	struct error none;
	*out = (struct model_folders){0};
	enum err err = cmd_home(c, why);
	if (err != OK)
		return err;
	out->home = path_join(c->home, "models");
	if (out->home == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a path");
	/* A folder that was named must be there; that none came with the program is no error. */
	err = models_folder(c->models_given, &out->shipped, &none);
	if (err != OK && (err != ERR_NOT_FOUND || c->models_given != NULL)) {
		if (why != NULL)
			*why = none;
		return err;
	}
	out->places = (struct model_places){out->home, out->shipped};
	return OK;
}

void model_folders_finish(struct model_folders *f)
{
	free(f->home);
	free(f->shipped);
	*f = (struct model_folders){0};
}

enum err models_used_read(struct cmd *c, struct models_used *out, struct error *why)
{
	*out = (struct models_used){MODEL_DEFAULT_DETECTOR, MODEL_DEFAULT_EMBEDDING, ""};
	enum err err = cmd_home(c, why);
	char *path = err == OK ? path_join(c->home, "rollcall.db") : NULL;
	bool there = path != NULL && file_exists(path);
	free(path);
	if (err != OK || !there)
		return err;
	err = cmd_store_read(c, why);
	if (err != OK)
		return err;
	if (c->org.detector[0] != '\0')
		snprintf(out->detector, sizeof(out->detector), "%s", c->org.detector);
	if (c->org.embedding[0] != '\0')
		snprintf(out->embedding, sizeof(out->embedding), "%s", c->org.embedding);
	snprintf(out->coming, sizeof(out->coming), "%s", c->org.coming);
	return OK;
}

const char *models_used_word(const struct models_used *used, const struct manifest *m)
{
	if (strcmp(m->name, used->detector) == 0 || strcmp(m->name, used->embedding) == 0 ||
		strcmp(m->name, MODEL_DEFAULT_LANDMARKS) == 0)
		return "in use";
	return strcmp(m->name, used->coming) == 0 ? "coming" : "";
}

void model_terms_print(FILE *to, const struct manifest *m)
{
	fprintf(to, "  Licence     %s%s%s\n", m->licence, m->licence_url[0] != '\0' ? ", " : "",
		m->licence_url);
	fprintf(to, "  Origin      %s\n", m->provenance);
	if (m->caveat[0] != '\0')
		fprintf(to, "  Mind        %s\n", m->caveat);
}

bool model_terms_accepted(const struct model *m)
{
	if (m->shipped)
		return true;
	char *path = m->folder != NULL ? path_join(m->folder, accepted_file) : NULL;
	bool accepted = path != NULL && file_exists(path);
	free(path);
	return accepted;
}

enum err model_terms_keep(const struct model *m, struct error *why)
{
	char actor[ACTOR_BYTES], text[ACTOR_BYTES + 64];
	if (m->shipped)
		return OK;
	cmd_actor(actor);
	int len = snprintf(text, sizeof(text), "%s %lld\n", actor, (long long)clock_now_ms());
	char *path = path_join(m->folder, accepted_file);
	enum err err = path != NULL ? file_write(path, text, (size_t)len, 0600, why)
				    : err_set(why, ERR_NOMEM, "no memory for a path");
	free(path);
	return err;
}

int model_terms_ask(struct cmd *c, const struct manifest *m)
{
	const struct models_options *o = c->options;
	struct error why = {0};
	if (o->accept && c->json)
		return EXIT_OK;
	fprintf(stderr, "%s: %s\n", m->name, m->about);
	model_terms_print(stderr, m);
	if (o->accept)
		return EXIT_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cmd_usage(c, "say --accept if that is agreed to");
	if (cmd_confirm("Agreed?"))
		return EXIT_OK;
	err_set(&why, ERR_STOPPED, "nothing was changed");
	return cmd_fail(&why);
}

static enum err check_file(const char *folder, const struct manifest_file *file, struct error *why)
{
	char sum[SHA256_TEXT];
	uint64_t size;
	char *path = path_join(folder, file->path);
	if (path == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a path");
	enum err err = file_sha256(path, sum, &size, why);
	if (err == OK && file->sha256[0] != '\0' && strcmp(sum, file->sha256) != 0)
		err = err_set(why, ERR_FORMAT,
			"'%s' has changed: its checksum is %.12s..., not %.12s...", path, sum,
			file->sha256);
	free(path);
	return err;
}

enum err model_files_check(const struct model *m, struct error *why)
{
	if (m->folder == NULL)
		return err_set(
			why, ERR_NOT_FOUND, "the model '%s' is not installed", m->manifest->name);
	enum err err = OK;
	for (size_t i = 0; err == OK && i < m->manifest->files; i++)
		err = check_file(m->folder, &m->manifest->file[i], why);
	return err;
}
