/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "gallery/labels.h"
#include "media/image.h"

#define SAME_OVERLAP 0.3f
#define SAME_SIDES 2.0f

/* --- which boxes are right --------------------------------------------------------------- */

static float overlap(const struct box *a, const struct box *b)
{
	float width = fminf(a->x + a->w, b->x + b->w) - fmaxf(a->x, b->x);
	float height = fminf(a->y + a->h, b->y + b->h) - fmaxf(a->y, b->y);
	if (!(width > 0 && height > 0))
		return 0;
	float shared = width * height;
	return shared / (a->w * a->h + b->w * b->h - shared);
}

static bool holds(const struct box *b, float x, float y)
{
	return x >= b->x && y >= b->y && x < b->x + b->w && y < b->y + b->h;
}

static bool within(float a, float b)
{
	return a <= SAME_SIDES * b && b <= SAME_SIDES * a;
}

/* How well a found box fits a label: 0 not at all. */
static float fit(const struct box *found, const struct box *label)
{
	float shared = overlap(found, label);
	bool centred = holds(label, found->x + found->w / 2, found->y + found->h / 2) &&
		within(found->w, label->w) && within(found->h, label->h);
	return shared > SAME_OVERLAP || centred ? fmaxf(shared, 1e-6f) : 0;
}

static bool counts(const struct label *l, bool points, float min_side)
{
	return points || fmaxf(l->box.w, l->box.h) >= min_side;
}

/* The label that a box is of: the best of those not yet taken; `count` if none. */
static size_t match_box(
	const struct label *labels, size_t count, const bool *taken, const struct box *found)
{
	size_t best = count;
	float best_fit = 0;
	for (size_t i = 0; i < count; i++) {
		float f = labels[i].face && !taken[i] ? fit(found, &labels[i].box) : 0;
		if (f > best_fit) {
			best_fit = f;
			best = i;
		}
	}
	return best;
}

/* The one point in a box, if it is not taken; `count` if there is none or several. */
static size_t match_point(
	const struct label *labels, size_t count, const bool *taken, const struct box *found)
{
	size_t best = count, inside = 0;
	for (size_t i = 0; i < count; i++) {
		if (!labels[i].face || !holds(found, labels[i].box.x, labels[i].box.y))
			continue;
		inside++;
		best = i;
	}
	return inside == 1 && !taken[best] ? best : count;
}

enum err labels_match(const struct label *labels, size_t count, bool points, float min_side,
	const struct face_list *faces, struct labels_result *out)
{
	bool *taken = mem_array(count, sizeof(*taken));
	size_t false_before = out->false_boxes;
	if (taken == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < faces->count; i++) {
		const struct box *box = &faces->face[i].box;
		size_t best = points ? match_point(labels, count, taken, box)
				     : match_box(labels, count, taken, box);
		if (best < count)
			taken[best] = true;
		else
			out->false_boxes++;
	}
	for (size_t i = 0; i < count; i++) {
		if (!labels[i].face)
			continue;
		bool large = counts(&labels[i], points, min_side);
		out->faces += large;
		out->smaller += !large;
		out->found += large && taken[i];
	}
	out->photos++;
	out->photos_false += out->false_boxes > false_before;
	free(taken);
	return OK;
}

/* --- the photos --------------------------------------------------------------------------- */

/* Names of photos, sorted. */
struct names {
	char (*item)[LABEL_NAME_BYTES];
	size_t count, capacity;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_photo(const char *name)
{
	static const char *const ending[] = {".jpg", ".jpeg", ".png", ".webp"};
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot != NULL && i < sizeof(ending) / sizeof(ending[0]); i++)
		if (strcasecmp(dot, ending[i]) == 0)
			return name[0] != '.' && strlen(name) < LABEL_NAME_BYTES;
	return false;
}

static enum err name_add(struct names *n, const char *name, struct error *why)
{
	if (!mem_grow((void **)&n->item, n->count, &n->capacity, sizeof(*n->item)))
		return err_set(why, ERR_NOMEM, "no memory for %zu photos", n->count + 1);
	memccpy(n->item[n->count], name, '\0', LABEL_NAME_BYTES);
	n->count++;
	return OK;
}

/* All photos of the folder, and those of labels, which must be there. */
static enum err list_photos(
	struct names *out, const struct labels_options *options, struct error *why)
{
	DIR *dir = opendir(options->images);
	if (dir == NULL)
		return err_errno(why, ERR_IO, "cannot list '%s'", options->images);
	enum err err = OK;
	for (struct dirent *e = readdir(dir); err == OK && e != NULL; e = readdir(dir))
		if (is_photo(e->d_name))
			err = name_add(out, e->d_name, why);
	closedir(dir);
	for (size_t i = 0; err == OK && i < options->labels->count; i++)
		err = name_add(out, options->labels->item[i].file, why);
	if (err != OK || out->count == 0)
		return err;
	qsort(out->item, out->count, sizeof(*out->item), by_name);
	size_t kept = 1;
	for (size_t i = 1; i < out->count; i++)
		if (strcmp(out->item[i], out->item[kept - 1]) != 0)
			memmove(out->item[kept++], out->item[i], LABEL_NAME_BYTES);
	out->count = kept;
	return OK;
}

static enum err run_photo(struct pipeline *p, const char *path, struct face_list *faces,
	struct labels_result *out, struct error *why)
{
	struct image photo = {0};
	struct pipeline_times ms = {0};
	enum err err = image_load(path, &(struct image_options){0}, &photo, NULL, NULL, why);
	if (err == OK)
		err = pipeline_run(p, &photo, PIPELINE_DETECT, faces, &ms, why);
	out->ms.detect += ms.detect;
	out->ms.landmarks += ms.landmarks;
	image_finish(&photo);
	return err;
}

enum err labels_run(struct pipeline *p, const struct labels_options *options,
	struct labels_result *out, struct error *why)
{
	const struct label_list *l = options->labels;
	struct names names = {0};
	struct face_list faces = {0};
	size_t first = 0;
	*out = (struct labels_result){0};
	enum err err = list_photos(&names, options, why);
	for (size_t i = 0; err == OK && i < names.count; i++) {
		size_t end = first;
		while (end < l->count && strcmp(l->item[end].file, names.item[i]) == 0)
			end++;
		char *path = path_join(options->images, names.item[i]);
		err = path != NULL ? run_photo(p, path, &faces, out, why)
				   : err_set(why, ERR_NOMEM, "no memory for a path");
		free(path);
		if (err == OK &&
			labels_match(l->item + first, end - first, l->points, options->min_side,
				&faces, out) != OK)
			err = err_set(why, ERR_NOMEM, "no memory for %zu labels", end - first);
		if (err == OK && options->progress != NULL)
			err = options->progress(options->ctx, i + 1, names.count);
		first = end;
	}
	face_list_finish(&faces);
	free(names.item);
	return err;
}
