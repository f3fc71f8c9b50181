/* SPDX-License-Identifier: MIT */
/* What the verbs of `rollcall models` share. One thread. */
#ifndef CMD_MODELS_H
#define CMD_MODELS_H

#include "cmd/cmd.h"
#include "vision/model.h"

struct models_options {
	const char *from, *like, *name, *licence, *provenance;
	int timeout_s;
	bool accept, finish, cancel, names;
};

/* Where models are on this machine. Zero-initialise; release with model_folders_finish. */
struct model_folders {
	char *home, *shipped; /* HOME/models; NULL when none came with the program */
	struct model_places places;
};
enum err model_folders_find(struct cmd *c, struct model_folders *out, struct error *why) MUST_USE;
void model_folders_finish(struct model_folders *f);

/* The names of the models that are in use here; the defaults where there is no database. */
struct models_used {
	char detector[MANIFEST_NAME_BYTES], embedding[MANIFEST_NAME_BYTES];
	char coming[MANIFEST_NAME_BYTES]; /* the embedding of a switch under way; "" = none */
};
enum err models_used_read(struct cmd *c, struct models_used *out, struct error *why) MUST_USE;
/* "in use", "coming" or "". Static. */
const char *models_used_word(const struct models_used *used, const struct manifest *m);

/* Licence, provenance and caveat in lines, to a stream. */
void model_terms_print(FILE *to, const struct manifest *m);
/* Whether somebody here has agreed to them; what came with the program is agreed to. */
bool model_terms_accepted(const struct model *m);
/*
 * Shows them on stderr and asks on a terminal, unless --accept. EXIT_OK, or the status of a
 * refusal, which has been told.
 */
int model_terms_ask(struct cmd *c, const struct manifest *m);
/* Writes down that they were agreed to. */
enum err model_terms_keep(const struct model *m, struct error *why) MUST_USE;

/*
 * Whether the files are those of the manifest; ERR_FORMAT names the first that is not,
 * ERR_NOT_FOUND the first that is missing.
 */
enum err model_files_check(const struct model *m, struct error *why) MUST_USE;

/* The verbs. */
int models_add(struct cmd *c);
int models_use(struct cmd *c);

/*
 * Completes a switch of the embedding when everybody has templates of the one to come, after
 * people were enrolled.
 */
enum err models_switch_advance(struct cmd *c, bool *completed, struct error *why) MUST_USE;

#endif
