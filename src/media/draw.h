/* SPDX-License-Identifier: MIT */
/* Boxes and text on an image, for people to look at. One thread at a time an object. */
#ifndef MEDIA_DRAW_H
#define MEDIA_DRAW_H

#include "base/err.h"
#include "media/image.h"

struct colour {
	uint8_t r, g, b;
};

/* A rectangle's outline of `thickness` pixels, clipped at the edges. */
void draw_box(struct image *image, const struct rect *box, int thickness, struct colour colour);

/* A filled disc, clipped at the edges. */
void draw_disc(struct image *image, double x, double y, double radius, struct colour colour);

struct font;

/*
 * Opens the machine's best sans-serif font (fontconfig) at `pixels` height.
 * ERR_NOT_FOUND when there is no font at all.
 */
enum err font_open(struct font **out, int pixels, struct error *why) MUST_USE;
void font_close(struct font *f);

/* Width in pixels of UTF-8 `text`; characters no font has are drawn as boxes. */
int font_width(struct font *f, const char *text);

/* Height in pixels of draw_label's label, which is padded by a quarter of the font's height. */
int font_label_height(const struct font *f);

struct label_style {
	struct colour ink, paper;
};

/* Text on a filled label whose top left corner is (x, y), moved inside the image if needed. */
void draw_label(struct image *image, struct font *f, int x, int y, const char *text,
	const struct label_style *style);

#endif
