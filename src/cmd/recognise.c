/* SPDX-License-Identifier: MIT */
#include "cmd/recognise.h"

#include <stdlib.h>

#include "base/file.h"

enum err recognise_home(struct cmd *c, char **out, struct error *why)
{
	*out = NULL;
	enum err rc = cmd_home(c, why);
	if (rc != OK)
		return rc;
	*out = path_join(c->home, "models");
	return *out != NULL ? OK : err_set(why, ERR_NOMEM, "no memory for a path");
}

enum err recognise_pipeline(
	struct pipeline **out, struct cmd *c, const struct engine_choice *choice, struct error *why)
{
	char *models = NULL, *home = NULL;
	*out = NULL;
	enum err rc = models_folder(c->models_given, &models, why);
	if (rc == OK)
		rc = recognise_home(c, &home, why);
	if (rc == OK) {
		const struct pipeline_options options = {
			.models = models,
			.home_models = home,
			.detector = choice->detector,
			.embedding = choice->embedding,
			.min_score = (float)choice->min_score,
			.min_face = (float)choice->min_face,
			.threads = c->threads,
		};
		rc = pipeline_open(out, &options, why);
	}
	free(models);
	free(home);
	return rc;
}
