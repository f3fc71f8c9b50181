/* SPDX-License-Identifier: MIT */
#include "vision/net.h"

#include <stdlib.h>

#include "base/file.h"
#include "infer/faceapi.h"

const float net_face_mean[3] = {122.782f, 117.001f, 104.298f};

enum err net_weights(struct weights **out, const char *folder, const char *name, struct error *why)
{
	char *path = NULL;
	*out = NULL;
	if (asprintf(&path, "%s/%s-weights_manifest.json", folder, name) < 0)
		return err_set(why, ERR_NOMEM, "no memory for a path");
	enum err err;
	if (file_exists(path))
		err = weights_load(out, path, why);
	else
		err = err_set(why, ERR_NOT_FOUND,
			"model '%s' is missing: run './run build' in the checkout, or set "
			"ROLLCALL_MODELS to the folder with the models",
			path);
	free(path);
	return err;
}

enum err net_open(struct session **out, const char *folder, const char *name, net_build_fn *build,
	size_t threads, struct error *why)
{
	struct weights *w = NULL;
	struct graph *g = NULL;
	*out = NULL;
	enum err err = net_weights(&w, folder, name, why);
	if (err == OK)
		err = build(&g, w, why);
	if (err == OK)
		err = session_open(out, g, 1, threads, why);
	graph_free(g);
	weights_free(w);
	return err;
}

void net_normalise(float *rgb, size_t pixels, const float mean[static 3], float divisor)
{
	for (size_t i = 0; i < pixels * 3; i += 3) {
		rgb[i] = (rgb[i] - mean[0]) / divisor;
		rgb[i + 1] = (rgb[i + 1] - mean[1]) / divisor;
		rgb[i + 2] = (rgb[i + 2] - mean[2]) / divisor;
	}
}
