/* SPDX-License-Identifier: MIT */
#include "vision/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "infer/onnx.h"
#include "infer/weights.h"

/* As tfjs has them: the first file describes what is in the others. */
static enum err check_weights(const struct model *m, const char *path, struct error *why)
{
	struct weights *w = NULL;
	enum err err = weights_load(&w, path, why);
	weights_free(w);
	return err;
}

static enum err check_width(const struct model *m, const struct onnx *net, struct error *why)
{
	const struct onnx_port *out = onnx_output(net, 0);
	size_t values = 1;
	for (int i = 0; i < out->rank; i++)
		values *= out->dim[i];
	if (m->manifest->kind != MODEL_EMBEDDING || values == m->manifest->dim)
		return OK;
	return err_set(why, ERR_FORMAT, "the network gives %zu values, its manifest says %zu",
		values, m->manifest->dim);
}

static enum err check_onnx(const struct model *m, const char *path, struct error *why)
{
	const struct onnx_size size = {
		(size_t)m->manifest->input.height, (size_t)m->manifest->input.width};
	struct onnx *net = NULL;
	enum err err = onnx_load(&net, path, &size, why);
	if (err == OK)
		err = check_width(m, net, why);
	onnx_free(net);
	return err;
}

static const struct {
	const char *decoder;
	enum model_kind kind;
	enum err (*check)(const struct model *m, const char *path, struct error *why);
} decoders[] = {
	{"ssd_mobilenetv1", MODEL_DETECTOR, check_weights},
	{"tiny_face_detector", MODEL_DETECTOR, check_weights},
	{"yunet", MODEL_DETECTOR, check_onnx},
	{"face_landmark_68", MODEL_LANDMARKS, check_weights},
	{"face_recognition", MODEL_EMBEDDING, check_weights},
	{"embedding", MODEL_EMBEDDING, check_onnx},
};

enum err model_check(const struct model *m, struct error *why)
{
	const struct manifest *manifest = m->manifest;
	size_t i = 0, count = sizeof(decoders) / sizeof(decoders[0]);
	while (i < count &&
		(decoders[i].kind != manifest->kind ||
			strcmp(decoders[i].decoder, manifest->decoder) != 0))
		i++;
	if (i == count)
		return err_set(why, ERR_UNSUPPORTED,
			"this program has no decoder '%s' for models of kind %s", manifest->decoder,
			model_kind_word(manifest->kind));
	char *path = path_join(m->folder, manifest->file[0].path);
	if (path == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a path");
	enum err err = decoders[i].check(m, path, why);
	free(path);
	/* The size, say, is not what somebody typed but what the manifest says. */
	if (err == ERR_ARG && why != NULL)
		why->code = ERR_FORMAT;
	return err == ERR_ARG ? ERR_FORMAT : err;
}
