/* SPDX-License-Identifier: MIT */
#include "gallery/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "gallery/scan.h"
#include "media/sample.h"

/* One photo and its template. */
struct sample {
	const struct pair_photo *photo; /* borrowed from the pairs */
	bool found;
	float vector[FACE_DIM_MAX];
};

/* Sorted by photo, each once. */
struct samples {
	struct sample *item;
	size_t count, dim; /* dim: of a vector */
};

void evaluation_finish(struct evaluation *e)
{
	free(e->same);
	free(e->different);
	*e = (struct evaluation){0};
}

static int by_photo(const void *a, const void *b)
{
	const struct sample *left = a, *right = b;
	return pair_photo_compare(left->photo, right->photo);
}

static enum err samples_of(const struct pair_list *pairs, struct samples *out, struct error *why)
{
	*out = (struct samples){.item = mem_array(pairs->count * 2, sizeof(*out->item))};
	if (out->item == NULL)
		return err_set(
			why, ERR_NOMEM, "no memory for the photos of %zu pairs", pairs->count);
	size_t all = pairs->count * 2;
	for (size_t i = 0; i < all; i++)
		out->item[i].photo = &pairs->item[i / 2].photo[i % 2];
	qsort(out->item, all, sizeof(*out->item), by_photo);
	for (size_t i = 0; i < all; i++) {
		if (i == 0 || by_photo(&out->item[out->count - 1], &out->item[i]) != 0)
			out->item[out->count++] = out->item[i];
	}
	return OK;
}

static const struct sample *sample_find(const struct samples *s, const struct pair_photo *photo)
{
	struct sample key = {.photo = photo};
	return bsearch(&key, s->item, s->count, sizeof(*s->item), by_photo);
}

const struct face *face_nearest_centre(const struct face_list *faces, const struct image *photo)
{
	const struct face *nearest = NULL;
	float least = INFINITY;
	for (size_t i = 0; i < faces->count; i++) {
		const struct box *b = &faces->face[i].box;
		float x = b->x + b->w / 2 - (float)photo->width / 2;
		float y = b->y + b->h / 2 - (float)photo->height / 2;
		if (x * x + y * y < least) {
			least = x * x + y * y;
			nearest = &faces->face[i];
		}
	}
	return nearest;
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

enum err evaluate_photo(const char *path, double scale, struct image *out, struct error *why)
{
	struct image full;
	enum err err = image_load(path, &(struct image_options){0}, &full, NULL, NULL, why);
	*out = full;
	if (err != OK || scale == 0 || scale == 1)
		return err;
	int width = (int)lround(fmin(full.width * scale, IMAGE_SIDE_MAX));
	int height = (int)lround(fmin(full.height * scale, IMAGE_SIDE_MAX));
	*out = (struct image){0};
	err = sample_resize(&full, width > 0 ? width : 1, height > 0 ? height : 1, out, why);
	image_finish(&full);
	return err;
}

static enum err embed_photo(struct pipeline *p, const struct image *photo, struct face_list *faces,
	struct sample *sample, struct evaluation *out, struct error *why)
{
	struct pipeline_times ms = {0};
	enum err err = pipeline_run(p, photo, PIPELINE_TEMPLATE, faces, &ms, why);
	if (err != OK)
		return err;
	const struct face *face = face_nearest_centre(faces, photo);
	sample->found = face != NULL;
	if (face != NULL)
		memcpy(sample->vector, face->embedding, sizeof(sample->vector));
	out->photos_failed += face == NULL;
	out->photos_several += faces->count > 1;
	out->ms.detect += ms.detect;
	out->ms.landmarks += ms.landmarks;
	out->ms.embed += ms.embed;
	return OK;
}

static enum err embed_file(struct pipeline *p, const struct evaluate_options *options,
	struct face_list *faces, struct sample *sample, struct evaluation *out, struct error *why)
{
	struct image photo = {0};
	char *path = pair_photo_path(options->images, sample->photo);
	if (path == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a path");
	double from = now_ms();
	enum err err = evaluate_photo(path, options->scale, &photo, why);
	out->ms_decode += now_ms() - from;
	if (err == OK)
		err = embed_photo(p, &photo, faces, sample, out, why);
	image_finish(&photo);
	free(path);
	return err;
}

static enum err embed_all(struct pipeline *p, const struct evaluate_options *options,
	struct samples *s, struct evaluation *out, struct error *why)
{
	struct face_list faces = {0};
	enum err err = OK;
	out->photos = s->count;
	for (size_t i = 0; err == OK && i < s->count; i++) {
		err = embed_file(p, options, &faces, &s->item[i], out, why);
		if (err == OK && options->progress != NULL)
			err = options->progress(options->ctx, i + 1, s->count);
	}
	face_list_finish(&faces);
	return err;
}

static double distance(const struct samples *s, const struct sample *a, const struct sample *b)
{
	if (!a->found || !b->found)
		return NAN;
	return sqrt(scan_exact(a->vector, b->vector, s->dim));
}

static enum err measure_pairs(const struct pair_list *pairs, const struct samples *s,
	struct verification *out, struct error *why)
{
	struct comparison *c = mem_array(pairs->count, sizeof(*c));
	if (c == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu pairs", pairs->count);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct pair *pair = &pairs->item[i];
		c[i].distance = distance(
			s, sample_find(s, &pair->photo[0]), sample_find(s, &pair->photo[1]));
		c[i].same = pair->same;
		c[i].fold = pair->fold;
	}
	enum err err = verify_measure(c, pairs->count, pairs->folds, out, why);
	free(c);
	return err;
}

/* Of bins that reach as far as any two of the vectors can be apart: twice the longest. */
static double bin_width(const struct samples *s)
{
	static const float origin[FACE_DIM_MAX];
	double most = 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->item[i].found)
			most = fmax(most, sqrt(scan_exact(s->item[i].vector, origin, s->dim)));
	return distances_step(fmax(2 * most, 1e-6) / DISTANCE_BINS);
}

static enum err measure_all(const struct samples *s, struct evaluation *out, struct error *why)
{
	out->same = mem_array(1, sizeof(*out->same));
	out->different = mem_array(1, sizeof(*out->different));
	if (out->same == NULL || out->different == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the distances");
	out->same->width = out->different->width = bin_width(s);
	size_t count = s->count < EVALUATE_ALL_MAX ? s->count : EVALUATE_ALL_MAX;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct sample *a = &s->item[i], *b = &s->item[j];
			if (!a->found || !b->found)
				continue;
			bool same = strcmp(a->photo->name, b->photo->name) == 0;
			distances_add(same ? out->same : out->different, distance(s, a, b));
		}
	}
	return OK;
}

enum err evaluate_run(struct pipeline *p, const struct evaluate_options *options,
	struct evaluation *out, struct error *why)
{
	struct samples s;
	*out = (struct evaluation){0};
	enum err err = samples_of(options->pairs, &s, why);
	if (err == OK)
		err = embed_all(p, options, &s, out, why);
	s.dim = pipeline_dim(p);
	if (err == OK)
		err = measure_pairs(options->pairs, &s, &out->pairs, why);
	if (err == OK)
		err = measure_all(&s, out, why);
	free(s.item);
	return err;
}
