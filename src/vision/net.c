/* SPDX-License-Identifier: MIT */
#include "vision/net.h"

#include <stdlib.h>

#include "base/file.h"

/* The path of a model's first file, for free(3). */
static enum err first_file(const struct model *m, char **path, struct error *why)
{
	*path = NULL;
	if (m->manifest->files == 0)
		return err_set(why, ERR_FORMAT, "model '%s' has no file", m->manifest->name);
	*path = path_join(m->folder, m->manifest->file[0].path);
	if (*path == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a path");
	if (file_exists(*path))
		return OK;
	return err_set(why, ERR_NOT_FOUND,
		"model '%s' is missing: run './run build' in the checkout, or set ROLLCALL_MODELS "
		"to the folder with the models",
		*path);
}

enum err net_weights(struct weights **out, const struct model *m, struct error *why)
{
	char *path;
	*out = NULL;
	enum err err = first_file(m, &path, why);
	if (err == OK)
		err = weights_load(out, path, why);
	free(path);
	return err;
}

enum err net_onnx(
	struct onnx **out, const struct model *m, size_t width, size_t height, struct error *why)
{
	char *path;
	*out = NULL;
	enum err err = first_file(m, &path, why);
	if (err == OK)
		err = onnx_load(out, path, &(struct onnx_size){height, width}, why);
	if (err == OK) {
		const struct graph *g = onnx_graph(*out);
		struct shape s = graph_input_shape(g, 0);
		if (graph_inputs(g) != 1 || s.h != height || s.w != width || s.c != 3)
			err = err_set(why, ERR_FORMAT,
				"the network in '%s' does not take one picture of three channels",
				path);
	}
	if (err != OK) {
		onnx_free(*out);
		*out = NULL;
	}
	free(path);
	return err;
}

enum err net_open(struct session **out, const struct model *m, net_build_fn *build,
	const struct session *like, struct error *why)
{
	struct weights *w = NULL;
	struct graph *g = NULL;
	*out = NULL;
	enum err err = net_weights(&w, m, why);
	if (err == OK)
		err = build(&g, w, why);
	if (err == OK)
		err = session_open_like(out, g, like, 1, 1, why);
	graph_free(g);
	weights_free(w);
	return err;
}

void net_prepare(float *rgb, size_t pixels, const struct manifest_input *input)
{
	const float *mean = input->mean, *std = input->std;
	bool plain = true;
	for (size_t i = 0; input->bgr && i < pixels * 3; i += 3) {
		float red = rgb[i];
		rgb[i] = rgb[i + 2];
		rgb[i + 2] = red;
	}
	for (int k = 0; k < 3; k++)
		plain = plain && mean[k] == 0 && std[k] == 1;
	for (size_t i = 0; !plain && i < pixels * 3; i += 3) {
		rgb[i] = (rgb[i] - mean[0]) / std[0];
		rgb[i + 1] = (rgb[i + 1] - mean[1]) / std[1];
		rgb[i + 2] = (rgb[i + 2] - mean[2]) / std[2];
	}
}
