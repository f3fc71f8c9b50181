/* SPDX-License-Identifier: MIT */
/*
 * Makes a class photo of 12 megapixels with 30 faces from photos with some:
 *	class OUT.jpg MODELS-FOLDER PHOTO...
 * Faces that the detector finds in the photos are put side by side on a wall that is not quite
 * even, 100 to 180 pixels wide; where there are fewer than 30, mirrored ones follow.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "media/sample.h"
#include "vision/pipeline.h"

enum {
	WIDTH = 4000,
	HEIGHT = 3000,
	COLUMNS = 6,
	ROWS = 5,
	HEADS_MAX = 60,
	CELL = 500,
	FACE_LEAST = 100, /* pixels across, as they are put on the wall */
	FACE_STEP = 16,
	FACE_SIZES = 6,
	JPEG_QUALITY = 90,
};

#define ROOM 1.0 /* beside a face, in parts of it */

struct heads {
	struct image item[HEADS_MAX];
	double face[HEADS_MAX]; /* width of the face in it */
	size_t count;
};

static void finish(struct heads *h)
{
	for (size_t i = 0; i < h->count; i++)
		image_finish(&h->item[i]);
}

/* Numbers that are the same on every machine and in every run. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u; /* Numerical Recipes, section 7.1 */
	return *state >> 8;
}

static enum err cut_heads(struct heads *h, const struct image *photo, const struct face_list *faces,
	struct error *why)
{
	for (size_t i = 0; i < faces->count && h->count < HEADS_MAX; i++) {
		const struct box *b = &faces->face[i].box;
		const double side = fmax((double)b->w, (double)b->h);
		const struct rect part = {.x = (int)((double)b->x - ROOM * side),
			.y = (int)((double)b->y - ROOM * side),
			.width = (int)((1 + 2 * ROOM) * side),
			.height = (int)((1 + 2 * ROOM) * side)};
		enum err err = sample_crop(photo, &part, &h->item[h->count], why);
		if (err != OK)
			return err;
		h->face[h->count++] = (double)b->w;
	}
	return OK;
}

static enum err find_heads(
	struct heads *h, const char *models, char **photo, size_t photos, struct error *why)
{
	struct pipeline *p = NULL;
	struct face_list faces = {0};
	enum err err = pipeline_open(&p, &(struct pipeline_options){.models = models}, why);
	for (size_t i = 0; i < photos && err == OK; i++) {
		struct image image = {0};
		err = image_load(photo[i], &(struct image_options){0}, &image, NULL, NULL, why);
		if (err == OK)
			err = pipeline_run(p, &image, PIPELINE_DETECT, &faces, NULL, why);
		if (err == OK)
			err = cut_heads(h, &image, &faces, why);
		image_finish(&image);
	}
	face_list_finish(&faces);
	pipeline_close(p);
	if (err == OK && h->count == 0)
		err = err_set(why, ERR_NOT_FOUND, "no face in the photos");
	return err;
}

static enum err make_wall(struct image *wall, struct error *why)
{
	uint32_t state = 1;
	enum err err = image_new(wall, WIDTH, HEIGHT, why);
	for (size_t i = 0; err == OK && i < (size_t)WIDTH * HEIGHT; i++) {
		const int x = (int)(i % WIDTH), y = (int)(i / WIDTH);
		const int shade = 150 + 40 * x / WIDTH - 50 * y / HEIGHT;
		for (int k = 0; k < 3; k++)
			wall->rgb[3 * i + (size_t)k] =
				(uint8_t)(shade + 6 * k + (int)(next_number(&state) % 12));
	}
	return err;
}

/* Puts a head into cell `i` of the wall. */
static enum err put_head(struct image *wall, const struct heads *h, size_t i, struct error *why)
{
	struct image head = {0};
	const size_t n = i % h->count;
	const bool mirrored = i / h->count % 2 == 1;
	const double scale = (FACE_LEAST + FACE_STEP * (double)(i % FACE_SIZES)) / h->face[n];
	const int width = (int)(h->item[n].width * scale),
		  height = (int)(h->item[n].height * scale);
	const int left = (int)(i % COLUMNS) * WIDTH / COLUMNS + (WIDTH / COLUMNS - CELL) / 2;
	const int top = (int)(i / COLUMNS) * HEIGHT / ROWS + (HEIGHT / ROWS - CELL) / 2;
	enum err err = sample_resize(&h->item[n], width, height, &head, why);
	for (int y = 0; err == OK && y < height && y < CELL; y++) {
		for (int x = 0; x < width && x < CELL; x++) {
			const size_t from =
				(size_t)y * (size_t)width + (size_t)(mirrored ? width - 1 - x : x);
			const size_t to = (size_t)(top + y) * WIDTH + (size_t)(left + x);
			memcpy(wall->rgb + 3 * to, head.rgb + 3 * from, 3);
		}
	}
	image_finish(&head);
	return err;
}

int main(int argc, char **argv)
{
	struct error why = {0};
	struct heads *heads = mem_array(1, sizeof(*heads));
	struct image wall = {0};
	if (argc < 4 || heads == NULL) {
		fprintf(stderr, "usage: class OUT.jpg MODELS-FOLDER PHOTO...\n");
		free(heads);
		return 2;
	}
	enum err err = find_heads(heads, argv[2], argv + 3, (size_t)argc - 3, &why);
	if (err == OK)
		err = make_wall(&wall, &why);
	for (size_t i = 0; i < COLUMNS * ROWS && err == OK; i++)
		err = put_head(&wall, heads, i, &why);
	if (err == OK)
		err = image_save(&wall, argv[1], &why);
	if (err != OK)
		fprintf(stderr, "class: %s\n", why.text);
	finish(heads);
	free(heads);
	image_finish(&wall);
	return err == OK ? 0 : 1;
}
