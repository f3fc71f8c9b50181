/* SPDX-License-Identifier: MIT */
#include "cmd/recognise.h"

#include <stdlib.h>

enum err recognise_pipeline(struct pipeline **out, const struct cmd *c,
	const struct engine_choice *choice, struct error *why)
{
	char *models = NULL;
	*out = NULL;
	enum err rc = models_folder(c->models_given, &models, why);
	if (rc == OK) {
		const struct pipeline_options options = {
			.models = models,
			.detector = (enum detector_kind)choice->detector,
			.min_score = (float)choice->min_score,
			.min_face = (float)choice->min_face,
			.threads = c->threads,
		};
		rc = pipeline_open(out, &options, why);
	}
	free(models);
	return rc;
}
