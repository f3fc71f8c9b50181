/* SPDX-License-Identifier: MIT */
/* What of vision needs no model: boxes, suppression, alignment, quality. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vision/align.h"
#include "vision/boxes.h"
#include "vision/landmarks.h"
#include "vision/net.h"
#include "vision/pipeline.h"
#include "vision/eyes.h"
#include "vision/quality.h"

#define NEAR 1e-4

static void assert_near(double a, double b)
{
	if (!(fabs(a - b) <= NEAR))
		fail_msg("%.9g is not %.9g", a, b);
}

/* --- boxes --- */

static void a_code_of_zeros_is_the_anchor_itself(void **unused)
{
	const float anchor[4] = {0.1f, 0.2f, 0.5f, 0.4f}, code[4] = {0};
	struct detection d = ssd_box(anchor, code);
	assert_near(d.top, 0.1);
	assert_near(d.left, 0.2);
	assert_near(d.bottom, 0.5);
	assert_near(d.right, 0.4);
}

static void an_ssd_code_moves_and_scales_its_anchor(void **unused)
{
	/* Anchor of height 0.4 and width 0.2 about (0.3, 0.3). */
	const float anchor[4] = {0.1f, 0.2f, 0.5f, 0.4f};
	const float code[4] = {10, -5, 5 * logf(2), 5 * logf(0.5f)};
	struct detection d = ssd_box(anchor, code);
	assert_near((d.top + d.bottom) / 2, 0.3 + 0.4);
	assert_near((d.left + d.right) / 2, 0.3 - 0.1);
	assert_near(d.bottom - d.top, 0.8);
	assert_near(d.right - d.left, 0.1);
}

static void a_tiny_code_is_relative_to_its_cell(void **unused)
{
	const float anchor[2] = {2, 3}, code[5] = {0, logf(3), logf(2), 0, 0};
	struct detection d = tiny_box(code, 4, 7, 10, anchor);
	assert_near((d.left + d.right) / 2, (4 + 0.5) / 10);
	assert_near((d.top + d.bottom) / 2, (7 + 0.75) / 10);
	assert_near(d.right - d.left, 4 / 10.0);
	assert_near(d.bottom - d.top, 3 / 10.0);
	assert_near(d.score, 0.5);
}

static void a_yunet_cell_says_where_the_face_and_its_points_are(void **unused)
{
	const float face = 0.64f, object = 0.25f, box[4] = {0.5f, -1, logf(3), logf(2)};
	const float point[2 * FACE_FIVE] = {-1, -1, 1, -1, 0, 0, -0.5f, 1, 0.5f, 1};
	const struct yunet_cell cell = {&face, &object, box, point};
	struct detection d = yunet_box(&cell, 4, 7, 0.1f);
	assert_near(d.score, 0.4);
	assert_near((d.left + d.right) / 2, 0.45);
	assert_near((d.top + d.bottom) / 2, 0.6);
	assert_near(d.right - d.left, 0.3);
	assert_near(d.bottom - d.top, 0.2);
	assert_true(d.pointed);
	assert_near(d.point[0].x, 0.3);
	assert_near(d.point[0].y, 0.6);
	assert_near(d.point[4].x, 0.45);
	assert_near(d.point[4].y, 0.8);
}

static void scores_of_a_yunet_cell_beyond_their_range_are_cut(void **unused)
{
	const float face = 2, object = 0.49f, below = -1, box[4] = {0}, point[2 * FACE_FIVE] = {0};
	const struct yunet_cell high = {&face, &object, box, point};
	const struct yunet_cell low = {&below, &object, box, point};
	assert_near(yunet_box(&high, 0, 0, 1).score, 0.7);
	assert_near(yunet_box(&low, 0, 0, 1).score, 0);
}

static void a_detection_moves_with_its_points(void **unused)
{
	struct detection d = {.left = 1, .top = 2, .right = 3, .bottom = 5, .pointed = true};
	d.point[3] = (struct point){2, 4};
	detection_move(&d, 10, 100, 200);
	assert_near(d.left, 110);
	assert_near(d.top, 220);
	assert_near(d.right, 130);
	assert_near(d.bottom, 250);
	assert_near(d.point[3].x, 120);
	assert_near(d.point[3].y, 240);
}

/* --- the five points --- */

static void the_five_points_are_eyes_nose_and_mouth(void **unused)
{
	struct point landmark[FACE_POINTS], five[FACE_FIVE];
	for (int i = 0; i < FACE_POINTS; i++)
		landmark[i] = (struct point){(float)i, (float)(2 * i)};
	landmarks_five(landmark, five);
	assert_near(five[0].x, 38.5);
	assert_near(five[1].y, 89);
	assert_near(five[2].x, 30);
	assert_near(five[3].x, 48);
	assert_near(five[4].x, 54);
}

static void five_points_are_aligned_wherever_they_are(void **unused)
{
	const struct point chip[FACE_FIVE] = {{38, 52}, {74, 52}, {56, 72}, {42, 92}, {71, 92}};
	struct point face[FACE_FIVE];
	struct affine map;
	/* Turned by a right angle, three times as large, somewhere else. */
	for (int i = 0; i < FACE_FIVE; i++)
		face[i] = (struct point){500 - 3 * chip[i].y, 100 + 3 * chip[i].x};
	assert_true(align_map_five(chip, face, &map));
	assert_near(map.a, 0);
	assert_near(map.b, -3);
	assert_near(map.c, 500);
	assert_near(map.d, 3);
	assert_near(map.e, 0);
	assert_near(map.f, 100);
	const struct point one[FACE_FIVE] = {0};
	assert_false(align_map_five(one, face, &map));
}

static void pixels_are_prepared_as_the_manifest_says(void **unused)
{
	const struct manifest_input bgr = {.bgr = true, .mean = {1, 2, 3}, .std = {1, 2, 10}};
	const struct manifest_input plain = {.std = {1, 1, 1}};
	float pixel[6] = {10, 20, 30, 40, 50, 60};
	net_prepare(pixel, 2, &plain);
	assert_near(pixel[0], 10);
	net_prepare(pixel, 2, &bgr);
	assert_near(pixel[0], 29);
	assert_near(pixel[1], 9);
	assert_near(pixel[2], 0.7);
	assert_near(pixel[5], 3.7);
}

static void overlap_is_shared_by_united_area(void **unused)
{
	struct detection a = {0, 0, 2, 2, 0}, b = {1, 1, 3, 3, 0}, apart = {5, 5, 6, 6, 0};
	struct detection flat = {0, 0, 2, 0, 0}, nan = {NAN, NAN, NAN, NAN, 0};
	assert_near(box_overlap(&a, &a), 1);
	assert_near(box_overlap(&a, &b), 1.0 / 7);
	assert_near(box_overlap(&b, &a), 1.0 / 7);
	assert_near(box_overlap(&a, &apart), 0);
	assert_near(box_overlap(&a, &flat), 0);
	assert_near(box_overlap(&a, &nan), 0);
}

static struct detections list_of(const struct detection *item, size_t count)
{
	struct detections list = {0};
	struct error why = {0};
	for (size_t i = 0; i < count; i++)
		assert_int_equal(detections_add(&list, &item[i], &why), OK);
	return list;
}

static void suppression_keeps_the_best_of_a_heap(void **unused)
{
	const struct detection item[] = {
		{0, 0, 10, 10, 0.6f},  /* goes: nearly the best */
		{20, 0, 30, 10, 0.7f}, /* stays: apart */
		{0, 1, 10, 11, 0.9f},  /* the best */
		{0, 6, 10, 16, 0.8f},  /* stays: overlaps by a third */
		{1, 0, 11, 10, 0.5f},  /* goes */
	};
	struct detections list = list_of(item, 5);
	struct error why = {0};
	assert_int_equal(suppress(&list, 0.5f, 100, &why), OK);
	assert_int_equal(list.count, 3);
	assert_near(list.item[0].score, 0.9);
	assert_near(list.item[1].score, 0.8);
	assert_near(list.item[2].score, 0.7);
	detections_finish(&list);
}

static void what_a_dropped_box_overlaps_may_stay(void **unused)
{
	/* a drops b; c overlaps b but not a. */
	const struct detection item[] = {
		{0, 0, 10, 10, 0.9f}, {0, 3, 10, 13, 0.8f}, {0, 6, 10, 16, 0.7f}};
	struct detections list = list_of(item, 3);
	struct error why = {0};
	assert_int_equal(suppress(&list, 0.5f, 100, &why), OK);
	assert_int_equal(list.count, 2);
	assert_near(list.item[1].score, 0.7);
	detections_finish(&list);
}

static void suppression_stops_at_its_limit_and_keeps_order_of_equals(void **unused)
{
	struct detections list = {0};
	struct error why = {0};
	for (int i = 0; i < 100; i++) {
		struct detection d = {(float)i * 2, 0, (float)i * 2 + 1, 1, 0.5f};
		assert_int_equal(detections_add(&list, &d, &why), OK);
	}
	assert_int_equal(suppress(&list, 0.5f, 7, &why), OK);
	assert_int_equal(list.count, 7);
	for (int i = 0; i < 7; i++)
		assert_near(list.item[i].left, i * 2);
	detections_finish(&list);
	assert_int_equal(suppress(&list, 0.5f, 7, &why), OK); /* an empty list */
}

static void an_area_is_floored_and_clipped(void **unused)
{
	struct area a = box_area(&(struct box){10.7f, 20.2f, 30.9f, 40.9f}, 100, 100);
	assert_int_equal(a.x, 10);
	assert_int_equal(a.y, 20);
	assert_int_equal(a.width, 30);
	assert_int_equal(a.height, 40);
	a = box_area(&(struct box){-5.5f, 90, 20, 20}, 100, 100);
	assert_int_equal(a.x, 0);
	assert_int_equal(a.width, 14); /* from floor(-5.5) = -6 to 14 */
	assert_int_equal(a.height, 10);
}

static void an_area_outside_is_empty(void **unused)
{
	static const struct box outside[] = {{200, 0, 10, 10}, {0, -50, 10, 10}, {5, 5, 0.5f, 9},
		{NAN, 0, 10, 10}, {0, 0, NAN, 10}, {INFINITY, 0, 1, 1}, {-1e30f, 0, 1, 1},
		{0, 0, -3, 5}};
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		struct area a = box_area(&outside[i], 100, 100);
		assert_true(a.width == 0 || a.height == 0 || (a.x >= 0 && a.x + a.width <= 100));
		if (i < 4 || i > 5)
			assert_true(a.width == 0 || a.height == 0);
	}
	struct area all = box_area(&(struct box){-1e30f, -1e30f, INFINITY, INFINITY}, 100, 50);
	assert_true(all.width <= 100 && all.height <= 50);
}

/* --- landmarks --- */

static void landmarks_of_a_tall_crop_lose_the_padding_at_its_sides(void **unused)
{
	float number[2 * FACE_POINTS] = {0.5f, 0.5f, 0.25f, 0, 0.75f, 1};
	struct point p[FACE_POINTS];
	/* 50 wide, 100 high: 25 pixels of padding left and right. */
	landmarks_place(number, &(struct area){10, 20, 50, 100}, p);
	assert_near(p[0].x, 10 + 25);
	assert_near(p[0].y, 20 + 50);
	assert_near(p[1].x, 10);
	assert_near(p[1].y, 20);
	assert_near(p[2].x, 10 + 50);
	assert_near(p[2].y, 20 + 100);
}

/* --- alignment --- */

static struct point through(const struct affine *m, struct point p)
{
	return (struct point){(float)(m->a * (double)p.x + m->b * (double)p.y + m->c),
		(float)(m->d * (double)p.x + m->e * (double)p.y + m->f)};
}

static void the_template_has_dlib_s_corners(void **unused)
{
	struct point p[ALIGN_POINTS];
	align_template(150, 0.25, p);
	/* (0.25 + 0.8595674595992) / 1.5 * 150 and so on. */
	assert_near(p[0].x, 110.95674595992);
	assert_near(p[0].y, 46.34981538014);
	assert_near(p[2].x, 37.05750620789);
	assert_near(p[4].x, 74.01123135679);
	assert_near(p[4].y, 87.77975316475);
	align_template(1, 0, p);
	assert_near(p[3].x, 0.3340850613712);
}

static void a_fit_recovers_the_similarity_it_was_made_with(void **unused)
{
	for (int turn = -180; turn < 180; turn += 15) {
		for (int size = 1; size < 6; size++) {
			double s = size * 0.37, angle = turn * M_PI / 180;
			struct affine made = {s * cos(angle), -s * sin(angle), 31 - turn,
				s * sin(angle), s * cos(angle), size * 17};
			struct point from[ALIGN_POINTS], to[ALIGN_POINTS];
			align_template(150, 0.25, from);
			for (int i = 0; i < ALIGN_POINTS; i++)
				to[i] = through(&made, from[i]);
			struct affine found;
			assert_true(similarity_fit(from, to, ALIGN_POINTS, &found));
			assert_near(found.a, made.a);
			assert_near(found.b, made.b);
			assert_true(fabs(found.c - made.c) < 1e-2);
			assert_near(found.d, made.d);
			assert_near(found.e, made.e);
			assert_true(fabs(found.f - made.f) < 1e-2);
		}
	}
}

static double squared_error(
	const struct affine *m, const struct point *from, const struct point *to, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		double x = m->a * (double)from[i].x + m->b * (double)from[i].y + m->c -
			(double)to[i].x;
		double y = m->d * (double)from[i].x + m->e * (double)from[i].y + m->f -
			(double)to[i].y;
		sum += x * x + y * y;
	}
	return sum;
}

static void a_fit_of_what_does_not_fit_has_the_least_error(void **unused)
{
	const struct point from[4] = {{0, 0}, {10, 0}, {10, 10}, {0, 10}};
	const struct point to[4] = {{1, 2}, {14, 3}, {12, 11}, {-2, 13}};
	struct affine best;
	assert_true(similarity_fit(from, to, 4, &best));
	double least = squared_error(&best, from, to, 4);
	for (int i = 0; i < 16; i++) {
		double step = i % 2 == 0 ? 0.01 : -0.01;
		double turn = i / 2 % 2 * step, scale = i / 4 % 2 * step, move = i / 8 % 2 * step;
		struct affine other = {best.a + scale, best.b - turn, best.c + move, best.d + turn,
			best.e + scale, best.f - move};
		assert_true(squared_error(&other, from, to, 4) >= least);
	}
}

static void points_that_make_no_face_have_no_map(void **unused)
{
	struct point landmark[FACE_POINTS] = {{0}};
	struct affine m;
	assert_false(align_map(landmark, 150, 0.25, &m)); /* all in one place */
	align_template(100, 0, (struct point[ALIGN_POINTS]){{0}});
	landmark[45] = (struct point){NAN, 1};
	assert_false(align_map(landmark, 150, 0.25, &m));
	landmark[45] = (struct point){INFINITY, 1};
	assert_false(align_map(landmark, 150, 0.25, &m));
	const struct point same[3] = {{4, 4}, {4, 4}, {4, 4}}, any[3] = {{1, 2}, {3, 4}, {5, 7}};
	assert_false(similarity_fit(same, any, 3, &m));
}

/* --- quality --- */

enum { PHOTO = 300, FACE = 120, FACE_X = 90, FACE_Y = 80 };

/* A face whose five points are dlib's template at (x, y), `side` pixels wide. */
static struct face face_at(float x, float y, float side)
{
	struct face face = {.box = {x, y, side, side}, .score = 1};
	struct point p[ALIGN_POINTS];
	align_template(1, 0, p);
	for (int i = 0; i < ALIGN_POINTS; i++)
		face.landmark[align_point[i]] =
			(struct point){x + p[i].x * side, y + p[i].y * side};
	face.landmark[30] = face.landmark[33]; /* the tip, above the base */
	return face;
}

/* A picture with squares of a few pixels about a mean brightness. */
static struct image picture(int mean, int contrast, int cell)
{
	struct image image;
	struct error why = {0};
	assert_int_equal(image_new(&image, PHOTO, PHOTO, &why), OK);
	for (int y = 0; y < PHOTO; y++) {
		for (int x = 0; x < PHOTO; x++) {
			int value =
				(x / cell + y / cell) % 2 == 0 ? mean - contrast : mean + contrast;
			memset(image.rgb + 3 * (y * PHOTO + x), value, 3);
		}
	}
	return image;
}

/* Waves of so many pixels: the longer, the less sharp. */
static struct image waves(double length)
{
	struct image image = picture(128, 0, 1);
	for (int y = 0; y < PHOTO; y++) {
		for (int x = 0; x < PHOTO; x++) {
			double wave = sin(2 * M_PI * x / length) * sin(2 * M_PI * y / length);
			memset(image.rgb + 3 * (y * PHOTO + x), (int)(128 + 100 * wave), 3);
		}
	}
	return image;
}

static struct quality quality_of(struct image *image, const struct face *face)
{
	struct quality q = quality_measure(image, face);
	assert_true(q.score >= 0 && q.score <= 1);
	image_finish(image);
	return q;
}

static void a_good_picture_has_no_issue(void **unused)
{
	struct face face = face_at(FACE_X, FACE_Y, FACE);
	struct image image = picture(128, 60, 7);
	struct quality q = quality_of(&image, &face);
	assert_int_equal(q.issues, 0);
	assert_true(q.score > 0.9f);
}

/* A face with drawn eyes: `lid` is how much of the iris shows, 1 all, 0 a line of lashes. */
static struct image drawn_face(const struct face *face, float lid)
{
	enum { SKIN = 170, WHITE = 225, IRIS = 40 };
	struct image image = picture(SKIN, 0, 8);
	struct point p[ALIGN_POINTS];
	align_template(face->box.w, 0, p);
	for (int k = 0; k < 2; k++) {
		float x = face->box.x + (p[2 * k].x + p[2 * k + 1].x) / 2;
		float y = face->box.y + (p[2 * k].y + p[2 * k + 1].y) / 2;
		float half = fabsf(p[2 * k].x - p[2 * k + 1].x) / 2;
		for (float v = -half; v < half; v++) {
			for (float u = -half; u < half; u++) {
				float open = 0.45f * half * lid * (1 - u * u / (half * half));
				bool iris = u * u + v * v < 0.16f * half * half;
				bool lash = fabsf(fabsf(v) - open) < 0.06f * half;
				int value = lash || (iris && fabsf(v) < open) ? IRIS
					: fabsf(v) < open                     ? WHITE
									      : SKIN;
				memset(image.rgb + 3 * ((int)(y + v) * PHOTO + (int)(x + u)), value,
					3);
			}
		}
	}
	return image;
}

static void shut_eyes_are_seen_and_open_ones_too(void **unused)
{
	struct face face = face_at(FACE_X, FACE_Y, FACE);
	float before = 0;
	for (int tenths = 0; tenths <= 10; tenths += 5) {
		struct image image = drawn_face(&face, (float)tenths / 10);
		float open = eyes_open(&image, face.landmark);
		assert_true(open > before);
		bool told = (quality_measure(&image, &face).issues & QUALITY_EYES) != 0;
		if (tenths != 5) /* who squints may be taken for either */
			assert_int_equal(told, tenths == 0);
		image_finish(&image);
		before = open;
	}
	/* In a small face nobody can tell. */
	struct face small = face_at(FACE_X, FACE_Y, 50);
	struct image image = drawn_face(&small, 0);
	assert_false(quality_of(&image, &small).issues & QUALITY_EYES);
	const struct face none = {.box = {0, 0, 100, 100}};
	image = drawn_face(&face, 1);
	assert_true(isnan(eyes_open(&image, none.landmark)));
	image_finish(&image);
}

static void several_faces_are_those_of_comparable_size(void **unused)
{
	struct face face[3] = {
		{.box = {0, 0, 100, 130}}, {.box = {200, 0, 60, 49}}, {.box = {300, 0, 20, 20}}};
	struct face_list list = {face, 3, 3};
	assert_int_equal(quality_several(&list), 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(face[i].quality.issues, 0);
	face[1].box.h = 50;
	assert_int_equal(quality_several(&list), 2);
	assert_int_equal(face[0].quality.issues, QUALITY_SEVERAL);
	assert_int_equal(face[1].quality.issues, QUALITY_SEVERAL);
	assert_int_equal(face[2].quality.issues, 0);
	list.count = 0;
	assert_int_equal(quality_several(&list), 0);
}

static void light_is_judged_at_both_ends(void **unused)
{
	struct face face = face_at(FACE_X, FACE_Y, FACE);
	struct image dark = picture(25, 10, 7), bright = picture(235, 10, 7);
	struct quality q = quality_of(&dark, &face);
	assert_int_equal(q.issues, QUALITY_DARK);
	assert_true(q.score < 0.5f);
	q = quality_of(&bright, &face);
	assert_int_equal(q.issues, QUALITY_BRIGHT);
	assert_true(q.score < 0.5f);
}

static void blur_is_seen_and_the_more_the_worse(void **unused)
{
	struct face face = face_at(FACE_X, FACE_Y, FACE);
	float before = 1;
	for (double length = 20; length <= 160; length *= 2) {
		struct image image = waves(length);
		struct quality q = quality_of(&image, &face);
		assert_true(length == 20 ? q.issues == 0 : q.score < before || q.score == 0);
		before = q.score;
	}
	struct image image = waves(160);
	assert_int_equal(quality_of(&image, &face).issues, QUALITY_BLURRED);
	image = picture(128, 0, 24);
	assert_int_equal(quality_of(&image, &face).issues, QUALITY_BLURRED);
}

static void a_small_face_is_small_and_nothing_else(void **unused)
{
	struct face face = face_at(FACE_X, FACE_Y, 26);
	struct image image = picture(128, 60, 2);
	assert_int_equal(quality_of(&image, &face).issues, QUALITY_SMALL);
}

static void a_turned_head_is_seen_on_both_sides(void **unused)
{
	for (int side = -1; side <= 1; side += 2) {
		struct face face = face_at(FACE_X, FACE_Y, FACE);
		face.landmark[30].x += (float)side * FACE * 0.35f;
		struct image image = picture(128, 60, 7);
		assert_int_equal(quality_of(&image, &face).issues, QUALITY_TURNED);
	}
	/* But a tilted one is set upright by alignment. */
	struct face tilted = face_at(FACE_X, FACE_Y, FACE);
	for (int i = 0; i < FACE_POINTS; i++) {
		struct point *p = &tilted.landmark[i];
		float x = p->x - PHOTO / 2.0f, y = p->y - PHOTO / 2.0f;
		*p = (struct point){
			PHOTO / 2.0f + 0.8f * x - 0.6f * y, PHOTO / 2.0f + 0.6f * x + 0.8f * y};
	}
	struct image image = picture(128, 60, 7);
	assert_int_equal(quality_of(&image, &tilted).issues, 0);
}

static void a_face_over_the_edge_is_cut(void **unused)
{
	struct face face = face_at(-40, FACE_Y, FACE);
	struct image image = picture(128, 60, 7);
	assert_true(quality_of(&image, &face).issues & QUALITY_CUT);
	face = face_at(PHOTO - 60, FACE_Y, FACE);
	image = picture(128, 60, 7);
	assert_true(quality_of(&image, &face).issues & QUALITY_CUT);
	face = face_at(1, 1, FACE);
	image = picture(128, 60, 7);
	assert_false(quality_of(&image, &face).issues & QUALITY_CUT);
}

static void no_face_at_all_scores_nothing(void **unused)
{
	struct face face = {.box = {10, 10, 100, 100}};
	struct image image = picture(128, 60, 7);
	struct quality q = quality_of(&image, &face);
	assert_true(q.score == 0);
	assert_int_not_equal(q.issues, 0);
}

static void every_issue_has_a_word_and_an_advice(void **unused)
{
	for (int i = 0; i < QUALITY_ISSUES; i++) {
		enum quality_issue issue = (enum quality_issue)(1u << i);
		assert_string_not_equal(quality_word(issue), "");
		assert_string_not_equal(quality_advice(issue), "");
	}
	assert_string_equal(quality_word((enum quality_issue)0), "");
	assert_string_equal(quality_advice((enum quality_issue)(1u << QUALITY_ISSUES)), "");
}

/* --- lists and folders --- */

static void a_list_of_faces_grows_and_starts_zeroed(void **unused)
{
	struct face_list list = {0};
	for (int i = 0; i < 100; i++) {
		struct face *face = face_list_add(&list);
		assert_non_null(face);
		assert_true(face->score == 0 && face->embedding[127] == 0);
		face->score = (float)i;
	}
	list.count = 0;
	assert_true(face_list_add(&list)->score == 0); /* used before */
	face_list_finish(&list);
	assert_null(list.face);
}

static void missing_models_are_reported_with_what_to_do(void **unused)
{
	struct error why = {0};
	char *folder;
	assert_int_equal(models_folder("/nowhere/models", &folder, &why), ERR_NOT_FOUND);
	assert_null(folder);
	assert_non_null(strstr(why.text, "/nowhere/models"));
	assert_non_null(strstr(why.text, "./run build"));
	struct pipeline *p;
	struct pipeline_options options = {.models = "/tmp"};
	assert_int_equal(pipeline_open(&p, &options, &why), ERR_NOT_FOUND);
	assert_null(p);
	assert_non_null(strstr(why.text, "ssd_mobilenetv1"));
	assert_non_null(strstr(why.text, "ROLLCALL_MODELS"));
	pipeline_close(NULL);
}

static void absurd_options_are_refused(void **unused)
{
	struct error why = {0};
	struct pipeline *p;
	struct pipeline_options threads = {.models = "/tmp", .threads = 1000};
	struct pipeline_options score = {.models = "/tmp", .min_score = 1.5f};
	struct pipeline_options nan = {.models = "/tmp", .min_score = NAN};
	assert_int_equal(pipeline_open(&p, &threads, &why), ERR_ARG);
	assert_int_equal(pipeline_open(&p, &score, &why), ERR_ARG);
	assert_int_equal(pipeline_open(&p, &nan, &why), ERR_ARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_of_zeros_is_the_anchor_itself),
		cmocka_unit_test(an_ssd_code_moves_and_scales_its_anchor),
		cmocka_unit_test(a_tiny_code_is_relative_to_its_cell),
		cmocka_unit_test(a_yunet_cell_says_where_the_face_and_its_points_are),
		cmocka_unit_test(scores_of_a_yunet_cell_beyond_their_range_are_cut),
		cmocka_unit_test(a_detection_moves_with_its_points),
		cmocka_unit_test(the_five_points_are_eyes_nose_and_mouth),
		cmocka_unit_test(five_points_are_aligned_wherever_they_are),
		cmocka_unit_test(pixels_are_prepared_as_the_manifest_says),
		cmocka_unit_test(overlap_is_shared_by_united_area),
		cmocka_unit_test(suppression_keeps_the_best_of_a_heap),
		cmocka_unit_test(what_a_dropped_box_overlaps_may_stay),
		cmocka_unit_test(suppression_stops_at_its_limit_and_keeps_order_of_equals),
		cmocka_unit_test(an_area_is_floored_and_clipped),
		cmocka_unit_test(an_area_outside_is_empty),
		cmocka_unit_test(landmarks_of_a_tall_crop_lose_the_padding_at_its_sides),
		cmocka_unit_test(the_template_has_dlib_s_corners),
		cmocka_unit_test(a_fit_recovers_the_similarity_it_was_made_with),
		cmocka_unit_test(a_fit_of_what_does_not_fit_has_the_least_error),
		cmocka_unit_test(points_that_make_no_face_have_no_map),
		cmocka_unit_test(a_good_picture_has_no_issue),
		cmocka_unit_test(shut_eyes_are_seen_and_open_ones_too),
		cmocka_unit_test(several_faces_are_those_of_comparable_size),
		cmocka_unit_test(light_is_judged_at_both_ends),
		cmocka_unit_test(blur_is_seen_and_the_more_the_worse),
		cmocka_unit_test(a_small_face_is_small_and_nothing_else),
		cmocka_unit_test(a_turned_head_is_seen_on_both_sides),
		cmocka_unit_test(a_face_over_the_edge_is_cut),
		cmocka_unit_test(no_face_at_all_scores_nothing),
		cmocka_unit_test(every_issue_has_a_word_and_an_advice),
		cmocka_unit_test(a_list_of_faces_grows_and_starts_zeroed),
		cmocka_unit_test(missing_models_are_reported_with_what_to_do),
		cmocka_unit_test(absurd_options_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
