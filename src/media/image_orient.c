/* SPDX-License-Identifier: MIT */
#include "media/image_int.h"

#include <libexif/exif-data.h>
#include <libexif/exif-mem.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t exif_prefix[6] = "Exif\0";

/* What to do with a stored pixel (x, y) to have it upright; EXIF 2.32, tag 0x0112. */
static const struct turn {
	bool swap;               /* x and y change places first */
	bool mirror_x, mirror_y; /* then the upright image is mirrored */
} turns[9] = {
	[2] = {.mirror_x = true},
	[3] = {.mirror_x = true, .mirror_y = true},
	[4] = {.mirror_y = true},
	[5] = {.swap = true},
	[6] = {.swap = true, .mirror_x = true},
	[7] = {.swap = true, .mirror_x = true, .mirror_y = true},
	[8] = {.swap = true, .mirror_y = true},
};

bool orientation_swaps(int orientation)
{
	return turns[orientation].swap;
}

static void copy_pixel(uint8_t *to, const uint8_t *from)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
}

void image_place(const uint8_t *rows, int first, int count, const struct image_info *stored,
	struct image *to)
{
	const struct turn *turn = &turns[stored->orientation];
	size_t row_bytes = 3 * (size_t)stored->width;
	ptrdiff_t right = turn->mirror_x ? -3 : 3;
	ptrdiff_t down = 3 * (ptrdiff_t)to->width * (turn->mirror_y ? -1 : 1);
	uint8_t *origin = to->rgb;
	if (turn->mirror_x)
		origin += 3 * (size_t)(to->width - 1);
	if (turn->mirror_y)
		origin += 3 * (size_t)to->width * (size_t)(to->height - 1);
	ptrdiff_t along = turn->swap ? down : right; /* the step to the next stored pixel */
	ptrdiff_t across = turn->swap ? right : down;
	origin += first * across;
	if (!turn->swap) {
		for (int y = 0; y < count; y++) {
			const uint8_t *from = rows + (size_t)y * row_bytes;
			uint8_t *row = origin + y * across;
			for (int x = 0; x < stored->width; x++)
				copy_pixel(row + x * along, from + 3 * (size_t)x);
		}
		return;
	}
	/* Columns outside, so that what is written lies together. */
	for (int x = 0; x < stored->width; x++) {
		const uint8_t *from = rows + 3 * (size_t)x;
		uint8_t *column = origin + x * along;
		for (int y = 0; y < count; y++)
			copy_pixel(column + y * across, from + (size_t)y * row_bytes);
	}
}

enum err image_turn(struct image *image, int orientation, struct error *why)
{
	if (orientation == 1)
		return OK;
	struct image_info stored = {
		.width = image->width, .height = image->height, .orientation = orientation};
	bool swap = orientation_swaps(orientation);
	struct image upright;
	enum err err = image_alloc(&upright, swap ? image->height : image->width,
		swap ? image->width : image->height, 3, why);
	if (err != OK)
		return err;
	enum { ROWS = 16 };
	for (int y = 0; y < stored.height; y += ROWS) {
		int count = stored.height - y < ROWS ? stored.height - y : ROWS;
		image_place(image->rgb + 3 * (size_t)stored.width * (size_t)y, y, count, &stored,
			&upright);
	}
	image_finish(image);
	*image = upright;
	return OK;
}

/*
 * libexif goes on without what it had no memory for, and its allocator takes no argument:
 * this is how a picture is kept from being taken for an upright one in silence.
 */
static _Thread_local bool no_memory;

static void *note(void *memory)
{
	if (memory == NULL)
		no_memory = true;
	return memory;
}

static void *exif_alloc(ExifLong size)
{
	return note(calloc(1, size > 0 ? size : 1));
}

static void *exif_realloc(void *memory, ExifLong size)
{
	return note(realloc(memory, size > 0 ? size : 1));
}

static int entry_orientation(ExifData *data)
{
	ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
	unsigned value = 0;
	if (entry != NULL && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
		value = exif_get_short(entry->data, exif_data_get_byte_order(data));
	else if (entry != NULL && entry->format == EXIF_FORMAT_LONG && entry->size >= 4)
		value = exif_get_long(entry->data, exif_data_get_byte_order(data));
	return value >= 1 && value <= 8 ? (int)value : 1;
}

enum err exif_orientation(const uint8_t *bytes, size_t len, int *orientation, struct error *why)
{
	*orientation = 1;
	if (len > EXIF_BYTES_MAX)
		len = EXIF_BYTES_MAX;
	/* libexif wants the prefix that PNG and WebP do without. */
	bool prefixed =
		len >= sizeof(exif_prefix) && memcmp(bytes, exif_prefix, sizeof(exif_prefix)) == 0;
	size_t skip = prefixed ? 0 : sizeof(exif_prefix);
	no_memory = false;
	uint8_t *copy = exif_alloc((ExifLong)(skip + len));
	ExifMem *mem = exif_mem_new(exif_alloc, exif_realloc, free);
	ExifData *data = mem != NULL ? exif_data_new_mem(mem) : NULL;
	if (copy != NULL && data != NULL) {
		memcpy(copy, exif_prefix, skip);
		memcpy(copy + skip, bytes, len);
		exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
		exif_data_load_data(data, copy, (unsigned)(skip + len));
		*orientation = entry_orientation(data);
	} else {
		no_memory = true;
	}
	if (data != NULL)
		exif_data_unref(data);
	if (mem != NULL)
		exif_mem_unref(mem);
	free(copy);
	if (no_memory)
		return err_set(why, ERR_NOMEM, "cannot read the EXIF data: out of memory");
	return OK;
}
