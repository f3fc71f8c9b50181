/* SPDX-License-Identifier: MIT */
/* A camera's frame, all stages, for each pair of models that is installed. */
#include "cmd/bench.h"

#include <math.h>

#include "cmd/cmd.h"
#include "cmd/words.h"
#include "gallery/gallery.h"
#include "media/sample.h"
#include "vision/manifest.h"
#include "vision/model.h"

enum { WIDTH = 640, HEIGHT = 480, FRAME_FACE = 160, QUALITY = 90 };

static const struct {
	const char *detector, *embedding;
} sets[BENCH_FRAMES] = {{"ssd_mobilenetv1", "face_recognition"}, {"yunet", "mobilefacenet"}};

static bool installed(const struct bench_options *o, size_t set)
{
	const struct model_places places = {o->pipeline.home_models, o->pipeline.models};
	struct model detector = {0}, embedding = {0};
	struct error reason = {0};
	bool both =
		model_find(&detector, &places, sets[set].detector, MODEL_DETECTOR, &reason) == OK &&
		model_find(&embedding, &places, sets[set].embedding, MODEL_EMBEDDING, &reason) ==
			OK;
	model_finish(&detector);
	model_finish(&embedding);
	return both;
}

/* The photo's best face in the middle of a frame, as a camera would have compressed it. */
static enum err make_frame(
	struct buf *file, const struct image *photo, const struct face *face, struct error *why)
{
	struct image frame = {0};
	const double step = (double)face->box.w / FRAME_FACE;
	const struct affine to_photo = {.a = step,
		.c = (double)(face->box.x + face->box.w / 2) - step * WIDTH / 2,
		.e = step,
		.f = (double)(face->box.y + face->box.h / 2) - step * HEIGHT / 2};
	enum err err = image_new(&frame, WIDTH, HEIGHT, why);
	if (err != OK)
		return err;
	sample_warp(photo, &to_photo, &frame);
	err = image_encode_jpeg(&frame, QUALITY, file, why);
	image_finish(&frame);
	return err;
}

static enum err find_frame(struct buf *file, const struct bench_options *o, struct error *why)
{
	struct image photo = {0};
	struct pipeline *p = NULL;
	struct face_list faces = {0};
	enum err err = image_load(o->photo, &(struct image_options){0}, &photo, NULL, NULL, why);
	if (err == OK)
		err = pipeline_open(&p, &o->pipeline, why);
	if (err == OK)
		err = pipeline_run(p, &photo, PIPELINE_DETECT, &faces, NULL, why);
	if (err == OK && faces.count == 0)
		err = err_set(
			why, ERR_NOT_FOUND, "no face in the photo: give another with --photo");
	if (err == OK)
		err = make_frame(file, &photo, &faces.face[0], why);
	face_list_finish(&faces);
	pipeline_close(p);
	image_finish(&photo);
	return err;
}

/* What is done for a face that is new in a camera's picture. */
static enum err name_face(struct pipeline *p, const struct image *frame, struct face *face,
	const struct gallery *g, struct error *why)
{
	bool is_face = false;
	enum err err = pipeline_points(p, frame, face, &is_face, why);
	if (err != OK || !is_face)
		return err;
	err = pipeline_embed(p, frame, face, why);
	if (err == OK && gallery_search(g, face->embedding).person_id == NULL)
		err = err_set(why, ERR_INTERNAL, "the search found nobody");
	return err;
}

/* One frame, as 'watch' looks at it: decoded, faces found, embedded and searched for. */
static enum err one_frame(struct pipeline *p, const struct buf *file, const struct gallery *g,
	size_t *found, struct error *why)
{
	struct image frame = {0};
	struct face_list faces = {0};
	enum err err =
		image_decode(file->data, file->len, &(struct image_options){0}, &frame, NULL, why);
	if (err == OK)
		err = pipeline_run(p, &frame, PIPELINE_BOXES, &faces, NULL, why);
	for (size_t i = 0; i < faces.count && err == OK; i++)
		err = name_face(p, &frame, &faces.face[i], g, why);
	*found = faces.count;
	face_list_finish(&faces);
	image_finish(&frame);
	return err;
}

static enum err one_set(struct bench_frame *out, const struct buf *file,
	const struct bench_options *o, size_t set, struct error *why)
{
	struct pipeline_options options = o->pipeline;
	struct pipeline *p = NULL;
	struct gallery *g = NULL;
	options.detector = out->detector = sets[set].detector;
	options.embedding = out->embedding = sets[set].embedding;
	enum err err = pipeline_open(&p, &options, why);
	if (err == OK)
		err = bench_gallery(&g, pipeline_dim(p), BENCH_FRAME_PEOPLE, why);
	for (int i = 0; i <= o->rounds && err == OK; i++) {
		const double begin = monotonic_ms();
		err = one_frame(p, file, g, &out->faces, why);
		if (err == OK && i > 0)
			err = timing_add(&out->timing, monotonic_ms() - begin, why);
		if (err == OK && interrupted())
			err = err_set(why, ERR_STOPPED, "stopped before there was a result");
	}
	gallery_free(g);
	pipeline_close(p);
	return err;
}

enum err bench_frames(struct bench_frame out[static BENCH_FRAMES], const struct bench_options *o,
	struct error *why)
{
	struct buf file;
	for (size_t i = 0; i < BENCH_FRAMES; i++)
		out[i] = (struct bench_frame){0};
	if (!o->photo)
		return OK;
	buf_init(&file, IMAGE_FILE_MAX);
	enum err err = find_frame(&file, o, why);
	for (size_t i = 0; i < BENCH_FRAMES && err == OK; i++)
		if (installed(o, i))
			err = one_set(&out[i], &file, o, i, why);
	buf_finish(&file);
	return err;
}
