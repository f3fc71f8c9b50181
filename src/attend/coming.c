/* SPDX-License-Identifier: MIT */
#include "attend/coming.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/sample.h"
#include "vision/embed.h"

struct coming {
	struct model model;
	struct embed *embed; /* NULL until needed */
};

enum err coming_new(struct coming **out, const char *name, const struct pipeline_options *options,
	struct error *why)
{
	char *shipped = NULL;
	*out = NULL;
	struct coming *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a model");
	enum err err = models_folder(options->models, &shipped, why);
	if (err == OK) {
		const struct model_places places = {options->home_models, shipped};
		err = model_find(&c->model, &places, name, MODEL_EMBEDDING, why);
	}
	free(shipped);
	if (err != OK) {
		coming_free(c);
		return err;
	}
	*out = c;
	return OK;
}

void coming_free(struct coming *c)
{
	if (c == NULL)
		return;
	embed_close(c->embed);
	model_finish(&c->model);
	free(c);
}

const char *coming_model(const struct coming *c)
{
	return c->model.manifest->id;
}

size_t coming_dim(const struct coming *c)
{
	return c->model.manifest->dim;
}

enum err coming_embed(struct coming *c, const struct image *photo, const struct face *face,
	float out[static FACE_DIM_MAX], struct error *why)
{
	enum err err = OK;
	if (c->embed == NULL)
		err = embed_open(&c->embed, &c->model, NULL, why);
	if (err != OK)
		return err;
	struct face copy = *face;
	memset(copy.embedding, 0, sizeof(copy.embedding));
	err = embed_run_twice(c->embed, photo, &copy, why);
	memcpy(out, copy.embedding, sizeof(copy.embedding));
	return err;
}

enum err kept_crop(
	const struct image *photo, const struct face *face, struct buf *jpeg, struct error *why)
{
	const struct box *b = &face->box;
	struct image crop = {0}, small = {0};
	/* As much again: half a face on each side, which is what detectors like to see. */
	float side = 2 * fmaxf(b->w, b->h);
	const struct rect part = {(int)floorf(b->x + b->w / 2 - side / 2),
		(int)floorf(b->y + b->h / 2 - side / 2), (int)ceilf(side), (int)ceilf(side)};
	enum err err = sample_crop(photo, &part, &crop, why);
	int longer = crop.width > crop.height ? crop.width : crop.height;
	if (err == OK && longer > KEPT_SIDE_MAX) {
		double scale = (double)KEPT_SIDE_MAX / longer;
		int width = (int)fmax(1, round(crop.width * scale));
		int height = (int)fmax(1, round(crop.height * scale));
		err = sample_resize(&crop, width, height, &small, why);
	}
	if (err == OK)
		err = image_encode_jpeg(
			small.rgb != NULL ? &small : &crop, KEPT_QUALITY, jpeg, why);
	image_finish(&crop);
	image_finish(&small);
	return err;
}

/* The face that it was cut for: large, and in the middle unless the photo's edge was near. */
static const struct face *subject(const struct face_list *faces, const struct image *photo)
{
	const struct face *best = NULL;
	float most = 0;
	for (size_t i = 0; i < faces->count; i++) {
		const struct box *b = &faces->face[i].box;
		float x = (b->x + b->w / 2) / (float)photo->width - 0.5f;
		float y = (b->y + b->h / 2) / (float)photo->height - 0.5f;
		float worth = b->w * b->h * (1 - fminf(hypotf(x, y), 0.9f));
		if (best == NULL || worth > most) {
			best = &faces->face[i];
			most = worth;
		}
	}
	return best;
}

/* A photo in which no face is found any more is left out: `*done` tells. */
static enum err reembed_one(struct store *store, struct pipeline *p, const struct kept_photo *kept,
	struct face_list *faces, bool *done, struct error *why)
{
	struct buf bytes;
	struct image photo = {0};
	const struct image_options full_size = {0};
	*done = false;
	buf_init(&bytes, STORE_PHOTO_MAX);
	enum err err = store_photo_bytes(store, kept, &bytes, why);
	if (err == OK)
		err = image_decode(bytes.data, bytes.len, &full_size, &photo, NULL, why);
	if (err == OK)
		err = pipeline_run(p, &photo, PIPELINE_TEMPLATE, faces, NULL, why);
	const struct face *face = err == OK ? subject(faces, &photo) : NULL;
	if (face != NULL) {
		struct template_new t = {
			.person_id = kept->person_id,
			.model = pipeline_model(p),
			.vector = face->embedding,
			.dim = pipeline_dim(p),
			.quality = face->quality.score,
		};
		memcpy(t.photo_hash, kept->photo_hash, sizeof(t.photo_hash));
		err = store_template_add(store, &t, clock_now_ms(), why);
		*done = err == OK;
	}
	image_finish(&photo);
	buf_finish(&bytes);
	/* The person was erased, or enrolled anew, in the meantime. */
	return err == ERR_NOT_FOUND || err == ERR_EXISTS ? OK : err;
}

enum err reembed(struct store *store, struct pipeline *p, reembed_progress_fn *progress, void *ctx,
	struct reembedded *out, struct error *why)
{
	struct kept_photo_list list = {0};
	struct face_list faces = {0};
	*out = (struct reembedded){0};
	enum err err = store_photos_without(store, pipeline_model(p), &list, why);
	out->photos = list.count;
	for (size_t i = 0; err == OK && i < list.count; i++) {
		bool done;
		err = reembed_one(store, p, &list.item[i], &faces, &done, why);
		out->done += err == OK && done;
		if (err == OK && !progress(ctx, i + 1, list.count))
			err = err_set(why, ERR_STOPPED,
				"stopped after %zu of %zu photos: the same command goes on there",
				i + 1, list.count);
	}
	face_list_finish(&faces);
	kept_photo_list_finish(&list);
	return err;
}
