/* SPDX-License-Identifier: MIT */
#include "media/draw.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/mem.h"

enum {
	FONT_PIXELS_MIN = 6,
	FONT_PIXELS_MAX = 512,
	TEXT_BYTES_MAX = 4096, /* of a label; the rest is not drawn */
	PART_OF_PADDING = 4,   /* around a label's text, of the font's height */
};

/* A clipped rectangle, right and bottom exclusive. */
struct clipped {
	int left, top, right, bottom;
};

static int clamp(int64_t value, int max)
{
	return value < 0 ? 0 : value > max ? max : (int)value;
}

static struct clipped clip(
	const struct image *image, int64_t x, int64_t y, int64_t width, int64_t height)
{
	return (struct clipped){.left = clamp(x, image->width),
		.top = clamp(y, image->height),
		.right = clamp(x + width, image->width),
		.bottom = clamp(y + height, image->height)};
}

static uint8_t *pixel_at(struct image *image, int x, int y)
{
	return image->rgb + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

/* `cover` 0..255: how much of the pixel the colour takes. */
static void blend(uint8_t *pixel, struct colour colour, unsigned cover)
{
	const unsigned ink[3] = {colour.r, colour.g, colour.b};
	for (int c = 0; c < 3; c++)
		pixel[c] = (uint8_t)((ink[c] * cover + pixel[c] * (255 - cover) + 127) / 255);
}

static void fill(struct image *image, int64_t x, int64_t y, int64_t width, int64_t height,
	struct colour colour)
{
	struct clipped r = clip(image, x, y, width, height);
	for (int row = r.top; row < r.bottom; row++) {
		for (int column = r.left; column < r.right; column++)
			blend(pixel_at(image, column, row), colour, 255);
	}
}

void draw_box(struct image *image, const struct rect *box, int thickness, struct colour colour)
{
	/* Wide enough for any sum of two. */
	int64_t x = box->x, y = box->y, width = box->width, height = box->height;
	if (width <= 0 || height <= 0 || thickness <= 0)
		return;
	int64_t thick = thickness;
	if (thick * 2 >= width || thick * 2 >= height) {
		fill(image, x, y, width, height, colour);
		return;
	}
	fill(image, x, y, width, thick, colour);
	fill(image, x, y + height - thick, width, thick, colour);
	fill(image, x, y + thick, thick, height - 2 * thick, colour);
	fill(image, x + width - thick, y + thick, thick, height - 2 * thick, colour);
}

void draw_disc(struct image *image, double x, double y, double radius, struct colour colour)
{
	/* Also false for NaN; beyond it nothing of an image can be inside. */
	const double far = 1e6;
	if (!(fabs(x) < far && fabs(y) < far && radius > 0 && radius < far))
		return;
	int64_t left = (int64_t)floor(x - radius), top = (int64_t)floor(y - radius);
	int64_t size = (int64_t)ceil(2 * radius) + 3;
	struct clipped r = clip(image, left, top, size, size);
	for (int row = r.top; row < r.bottom; row++) {
		for (int column = r.left; column < r.right; column++) {
			double inside = radius + 0.5 - hypot(column - x, row - y);
			double cover = inside < 0 ? 0 : inside > 1 ? 1 : inside;
			blend(pixel_at(image, column, row), colour, (unsigned)(cover * 255 + 0.5));
		}
	}
}

/* One font of the machine, opened when a character needs it. */
struct font_file {
	FcPattern *pattern; /* borrowed from the set */
	FT_Face face;
	bool broken;
};

/*
 * The fonts that match best, best first; each character is drawn by the first that has
 * it. There is no shaping: scripts whose letters join are drawn letter by letter.
 */
struct font {
	FcConfig *config;
	FcFontSet *set;
	FT_Library library;
	struct font_file *file;
	size_t file_count;
	int pixels;
	int ascent, height; /* of the first font, in pixels */
};

static FcPattern *wanted_pattern(int pixels)
{
	FcPattern *pattern = FcPatternCreate();
	if (pattern == NULL)
		return NULL;
	FcPatternAddString(pattern, FC_FAMILY, (const FcChar8 *)"sans-serif");
	FcPatternAddDouble(pattern, FC_PIXEL_SIZE, pixels);
	FcPatternAddBool(pattern, FC_SCALABLE, FcTrue);
	return pattern;
}

/* Outlines only: bitmap fonts come in one size, and coloured ones are no letters. */
static bool is_usable(FcPattern *pattern)
{
	FcBool scalable = FcFalse, colour = FcFalse;
	(void)FcPatternGetBool(pattern, FC_SCALABLE, 0, &scalable);
	(void)FcPatternGetBool(pattern, FC_COLOR, 0, &colour);
	return scalable && !colour;
}

static enum err find_fonts(struct font *f, struct error *why)
{
	FcResult result;
	f->config = FcInitLoadConfigAndFonts();
	FcPattern *pattern = wanted_pattern(f->pixels);
	if (f->config != NULL && pattern != NULL &&
		FcConfigSubstitute(f->config, pattern, FcMatchPattern)) {
		FcDefaultSubstitute(pattern);
		f->set = FcFontSort(f->config, pattern, FcTrue, NULL, &result);
	}
	if (pattern != NULL)
		FcPatternDestroy(pattern);
	if (f->set == NULL || f->set->nfont == 0)
		return err_set(why, ERR_NOT_FOUND, "no font found: install fonts-dejavu-core");
	f->file = mem_array((size_t)f->set->nfont, sizeof(*f->file));
	if (f->file == NULL)
		return err_set(why, ERR_NOMEM, "cannot open a font: out of memory");
	for (int i = 0; i < f->set->nfont; i++) {
		if (is_usable(f->set->fonts[i]))
			f->file[f->file_count++].pattern = f->set->fonts[i];
	}
	return OK;
}

/* The face of a file, opened now if need be; NULL when it cannot be. */
static FT_Face face_of(struct font *f, struct font_file *file)
{
	FcChar8 *path = NULL;
	int index = 0;
	if (file->face != NULL || file->broken)
		return file->face;
	(void)FcPatternGetInteger(file->pattern, FC_INDEX, 0, &index);
	file->broken = true;
	if (FcPatternGetString(file->pattern, FC_FILE, 0, &path) != FcResultMatch ||
		FT_New_Face(f->library, (const char *)path, index, &file->face) != 0) {
		file->face = NULL;
		return NULL;
	}
	if (FT_Set_Pixel_Sizes(file->face, 0, (FT_UInt)f->pixels) != 0) {
		FT_Done_Face(file->face);
		file->face = NULL;
		return NULL;
	}
	file->broken = false;
	return file->face;
}

enum err font_open(struct font **out, int pixels, struct error *why)
{
	*out = NULL;
	struct font *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return err_set(why, ERR_NOMEM, "cannot open a font: out of memory");
	f->pixels = pixels < FONT_PIXELS_MIN ? FONT_PIXELS_MIN
		: pixels > FONT_PIXELS_MAX   ? FONT_PIXELS_MAX
					     : pixels;
	enum err err = OK;
	FT_Face first = NULL;
	if (FT_Init_FreeType(&f->library) != 0)
		err = err_set(why, ERR_NOMEM, "cannot start FreeType: out of memory");
	if (err == OK)
		err = find_fonts(f, why);
	for (size_t i = 0; err == OK && first == NULL && i < f->file_count; i++)
		first = face_of(f, &f->file[i]);
	if (err == OK && first == NULL)
		err = err_set(
			why, ERR_NOT_FOUND, "no font can be opened: install fonts-dejavu-core");
	if (err != OK) {
		font_close(f);
		return err;
	}
	f->ascent = (int)(first->size->metrics.ascender >> 6);
	f->height = (int)((first->size->metrics.ascender - first->size->metrics.descender) >> 6);
	*out = f;
	return OK;
}

void font_close(struct font *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->file_count; i++) {
		if (f->file[i].face != NULL)
			FT_Done_Face(f->file[i].face);
	}
	free(f->file);
	if (f->library != NULL)
		FT_Done_FreeType(f->library);
	if (f->set != NULL)
		FcFontSetDestroy(f->set);
	/* Not FcFini: another thread may have a font open. */
	if (f->config != NULL)
		FcConfigDestroy(f->config);
	free(f);
}

/* Loads and renders a character; false when no font has it. */
static bool load_glyph(struct font *f, utf8proc_int32_t character, FT_GlyphSlot *out)
{
	for (size_t i = 0; i < f->file_count; i++) {
		FcCharSet *has = NULL;
		if (FcPatternGetCharSet(f->file[i].pattern, FC_CHARSET, 0, &has) != FcResultMatch ||
			!FcCharSetHasChar(has, (FcChar32)character))
			continue;
		FT_Face face = face_of(f, &f->file[i]);
		if (face == NULL || FT_Load_Char(face, (FT_ULong)character, FT_LOAD_RENDER) != 0)
			continue;
		*out = face->glyph;
		return (*out)->bitmap.pixel_mode == FT_PIXEL_MODE_GRAY ||
			(*out)->bitmap.buffer == NULL;
	}
	return false;
}

static void draw_glyph(
	struct image *image, FT_GlyphSlot glyph, int x, int baseline, struct colour ink)
{
	const FT_Bitmap *bitmap = &glyph->bitmap;
	int left = x + glyph->bitmap_left, top = baseline - glyph->bitmap_top;
	if (bitmap->buffer == NULL)
		return;
	struct clipped r = clip(image, left, top, bitmap->width, bitmap->rows);
	for (int row = r.top; row < r.bottom; row++) {
		const uint8_t *from = bitmap->buffer + (ptrdiff_t)(row - top) * bitmap->pitch;
		for (int column = r.left; column < r.right; column++)
			blend(pixel_at(image, column, row), ink, from[column - left]);
	}
}

/* Walks along the text, drawing if `image` is not NULL; returns its width. */
static int walk(struct font *f, const char *text, struct image *image, int x, int baseline,
	struct colour ink)
{
	const uint8_t *at = (const uint8_t *)text;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strnlen(text, TEXT_BYTES_MAX);
	int begin = x;
	while (left > 0) {
		utf8proc_int32_t character;
		utf8proc_ssize_t used = utf8proc_iterate(at, left, &character);
		if (used < 1) {
			used = 1;
			character = 0xFFFD;
		}
		at += used;
		left -= used;
		FT_GlyphSlot glyph;
		if (load_glyph(f, character, &glyph)) {
			if (image != NULL)
				draw_glyph(image, glyph, x, baseline, ink);
			x += (int)(glyph->advance.x >> 6);
			continue;
		}
		/* What no font has: an empty box. */
		int width = f->pixels / 2 + 1, height = f->pixels * 2 / 3;
		if (image != NULL)
			draw_box(image, &(struct rect){x + 1, baseline - height, width - 2, height},
				1, ink);
		x += width;
	}
	return x - begin;
}

int font_width(struct font *f, const char *text)
{
	return walk(f, text, NULL, 0, 0, (struct colour){0});
}

int font_label_height(const struct font *f)
{
	return f->height + 2 * (f->pixels / PART_OF_PADDING);
}

static int move_inside(int at, int size, int room)
{
	if (at > room - size)
		at = room - size;
	return at < 0 ? 0 : at;
}

void draw_label(struct image *image, struct font *f, int x, int y, const char *text,
	const struct label_style *style)
{
	int padding = f->pixels / PART_OF_PADDING;
	int width = font_width(f, text) + 2 * padding, height = font_label_height(f);
	x = move_inside(x, width, image->width);
	y = move_inside(y, height, image->height);
	fill(image, x, y, width, height, style->paper);
	(void)walk(f, text, image, x + padding, y + padding + f->ascent, style->ink);
}
