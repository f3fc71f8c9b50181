/* SPDX-License-Identifier: MIT */
/* Boxes and labels; what needs a font is skipped where there is none. */
#include <math.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "media/draw.h"

static const struct colour red = {255, 0, 0}, white = {255, 255, 255}, blue = {0, 0, 255};

static const struct label_style on_red = {.ink = {255, 255, 255}, .paper = {255, 0, 0}};
static const struct label_style on_blue = {.ink = {255, 255, 255}, .paper = {0, 0, 255}};

static const uint8_t *at(const struct image *image, int x, int y)
{
	return image->rgb + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

static bool is(const struct image *image, int x, int y, struct colour c)
{
	const uint8_t *p = at(image, x, y);
	return p[0] == c.r && p[1] == c.g && p[2] == c.b;
}

static int count(const struct image *image, struct colour c)
{
	int n = 0;
	for (int i = 0; i < image->width * image->height; i++)
		n += is(image, i % image->width, i / image->width, c);
	return n;
}

static void setup(struct image *image)
{
	assert_int_equal(image_new(image, 40, 30, NULL), OK);
}

static void a_box_is_an_outline(void **state)
{
	(void)state;
	struct image image;
	setup(&image);
	draw_box(&image, &(struct rect){5, 6, 20, 10}, 2, red);
	assert_int_equal(count(&image, red), 20 * 10 - 16 * 6);
	assert_true(is(&image, 5, 6, red) && is(&image, 24, 15, red) && is(&image, 6, 10, red));
	assert_false(is(&image, 7, 8, red) || is(&image, 25, 15, red) || is(&image, 4, 6, red));
	image_finish(&image);
}

static void a_box_thicker_than_itself_is_full(void **state)
{
	(void)state;
	struct image image;
	setup(&image);
	draw_box(&image, &(struct rect){5, 6, 7, 10}, 4, red);
	assert_int_equal(count(&image, red), 70);
	image_finish(&image);
}

static void what_is_outside_is_clipped(void **state)
{
	(void)state;
	static const struct rect odd[] = {{-10, -10, 60, 50}, {-2147483647, 0, 2147483647, 5},
		{2147483647, 2147483647, 2147483647, 2147483647}, {39, 29, 9, 9}, {0, 0, -4, 5},
		{-2147483647 - 1, -2147483647 - 1, 2147483647, 2147483647}};
	struct image image;
	setup(&image);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		draw_box(&image, &odd[i], 1, red);
		draw_disc(&image, odd[i].x, odd[i].y, fabs((double)odd[i].width), blue);
	}
	draw_disc(&image, NAN, 3, 3, blue);
	draw_disc(&image, 3, 3, INFINITY, blue);
	assert_true(is(&image, 39, 29, blue) || is(&image, 39, 29, red));
	image_finish(&image);
}

static void a_disc_is_round(void **state)
{
	(void)state;
	struct image image;
	setup(&image);
	draw_disc(&image, 20, 15, 8, red);
	assert_true(is(&image, 20, 15, red) && is(&image, 27, 15, red) && is(&image, 20, 8, red));
	assert_true(at(&image, 26, 21)[0] < 255);
	assert_int_equal(at(&image, 13, 8)[0], 0);
	assert_in_range(count(&image, red), 170, 210);
	image_finish(&image);
}

static struct font *open_or_skip(int pixels)
{
	struct font *f;
	struct error why = {0};
	enum err err = font_open(&f, pixels, &why);
	if (err == ERR_NOT_FOUND) {
		print_message("skipped: %s\n", why.text);
		skip();
	}
	assert_int_equal(err, OK);
	return f;
}

static void a_label_shows_its_text(void **state)
{
	(void)state;
	struct font *f = open_or_skip(16);
	struct image image;
	assert_int_equal(image_new(&image, 300, 60, NULL), OK);
	draw_label(&image, f, 10, 10, "Jos\xC3\xA9", &on_red);
	int height = font_label_height(f), width = font_width(f, "Jos\xC3\xA9") + 8;
	assert_true(is(&image, 10, 10, red) && is(&image, 9 + width, 9 + height, red));
	assert_true(is(&image, 9, 10, (struct colour){0}));
	assert_true(is(&image, 10 + width, 10, (struct colour){0}));
	assert_true(count(&image, white) > 10);
	image_finish(&image);
	font_close(f);
}

static void a_label_moves_inside_the_image(void **state)
{
	(void)state;
	struct font *f = open_or_skip(12);
	struct image image;
	assert_int_equal(image_new(&image, 100, 60, NULL), OK);
	draw_label(&image, f, 95, 55, "x", &on_red);
	assert_true(is(&image, 99, 59, red));
	draw_label(&image, f, -20, -20, "x", &on_blue);
	assert_true(is(&image, 0, 0, blue));
	draw_label(&image, f, 50, 30, "a text that is far too long for it", &on_red);
	assert_true(is(&image, 0, 30, red));
	image_finish(&image);
	/* Smaller than any label. */
	assert_int_equal(image_new(&image, 2, 2, NULL), OK);
	draw_label(&image, f, 0, 0, "x", &on_red);
	image_finish(&image);
	font_close(f);
}

static void every_script_and_broken_text_take_room(void **state)
{
	(void)state;
	static const char *const texts[] = {"Jos\xC3\xA9",
		"\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82",
		"\xE7\x8E\x8B\xE5\xB0\x8F\xE6\x98\x8E", "\xF0\x9F\x98\x80", "\xFF\xFE\xC3",
		"\xF4\x8F\xBF\xBF"};
	struct font *f = open_or_skip(20);
	struct image image;
	assert_int_equal(image_new(&image, 200, 60, NULL), OK);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(font_width(f, texts[i]) > 5);
		draw_label(&image, f, 0, 0, texts[i], &on_red);
		/* Whatever it looks like, something is there. */
		int ink = 0;
		for (int n = 0; n < image.width * font_label_height(f); n++)
			ink += image.rgb[3 * n] == 255 && image.rgb[3 * n + 1] > 100;
		assert_true(ink > 5);
	}
	assert_int_equal(font_width(f, ""), 0);
	image_finish(&image);
	font_close(f);
}

static void fonts_come_in_any_size_and_close_twice(void **state)
{
	(void)state;
	struct font *small = open_or_skip(-5), *large = open_or_skip(1000000);
	assert_true(font_width(small, "x") > 0);
	assert_true(font_width(large, "x") > font_width(small, "x"));
	font_close(large);
	assert_true(font_width(small, "x") > 0);
	font_close(small);
	font_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_box_is_an_outline),
		cmocka_unit_test(a_box_thicker_than_itself_is_full),
		cmocka_unit_test(what_is_outside_is_clipped),
		cmocka_unit_test(a_disc_is_round),
		cmocka_unit_test(a_label_shows_its_text),
		cmocka_unit_test(a_label_moves_inside_the_image),
		cmocka_unit_test(every_script_and_broken_text_take_room),
		cmocka_unit_test(fonts_come_in_any_size_and_close_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
