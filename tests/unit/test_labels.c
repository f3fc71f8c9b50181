/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gallery/labels.h"
#include "media/image.h"
#include "media/sample.h"
#include "vision/boxes.h"

static enum err parse(struct label_list *out, const char *text)
{
	struct error why = {0};
	return labels_parse(out, text, strlen(text), &why);
}

static void boxes_are_read_and_sorted_by_file(void **unused)
{
	struct label_list l;
	assert_int_equal(parse(&l, "file,x,y,w,h\nb.jpg,1,2,30,40\r\na b.jpg,-5,6.5,7,8\n"), OK);
	assert_int_equal(l.count, 2);
	assert_false(l.points);
	assert_string_equal(l.item[0].file, "a b.jpg");
	assert_true(l.item[0].box.x == -5 && l.item[0].box.y == 6.5f);
	assert_true(l.item[1].face && l.item[1].box.w == 30 && l.item[1].box.h == 40);
	label_list_finish(&l);
}

static void points_are_read_and_a_photo_may_have_none(void **unused)
{
	struct label_list l;
	assert_int_equal(parse(&l, "file,faces,nose_points\na.jpg,2,\"1,2 3,4\"\nb.jpg,0,\n"), OK);
	assert_int_equal(l.count, 3);
	assert_true(l.points && l.item[0].face && l.item[1].face && !l.item[2].face);
	label_list_finish(&l);
}

static void what_is_no_label_is_refused(void **unused)
{
	static const char *const bad[] = {"", "x,y\n", "file,x,y,w,h\na.jpg,1,2,3\n",
		"file,x,y,w,h\na.jpg,1,2,3,0\n", "file,x,y,w,h\n../a.jpg,1,2,3,4\n",
		"file,x,y,w,h\na.jpg,1,2,3,4,5\n", "file,x,y,w,h\na.jpg,1e9,2,3,4\n",
		"file,faces,nose_points\na.jpg,2,\"1,2\"\n",
		"file,faces,nose_points\na.jpg,1,\"1,2\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct label_list l;
		assert_int_equal(parse(&l, bad[i]), ERR_FORMAT);
		assert_null(l.item);
	}
}

static void add_face(struct face_list *list, struct box box)
{
	struct face *f = face_list_add(list);
	assert_non_null(f);
	f->box = box;
}

static void a_label_counts_once_and_what_is_left_is_false(void **unused)
{
	static const struct label labels[] = {{"a", true, {0, 0, 40, 40}},
		{"a", true, {100, 0, 40, 40}}, {"a", true, {200, 0, 10, 10}}};
	struct face_list faces = {0};
	struct labels_result r = {0};
	add_face(&faces, (struct box){-5, -5, 50, 50}); /* overlaps */
	add_face(&faces, (struct box){2, 2, 36, 36});   /* the same again */
	add_face(&faces,
		(struct box){110, 10, 79, 79}); /* neither overlaps nor has its middle in it */
	add_face(&faces, (struct box){200, 0, 10, 10}); /* too small to count, and no error */
	assert_int_equal(labels_match(labels, 3, false, 20, &faces, &r), OK);
	assert_int_equal(r.faces, 2);
	assert_int_equal(r.smaller, 1);
	assert_int_equal(r.found, 1);
	assert_int_equal(r.false_boxes, 2);
	assert_int_equal(r.photos_false, 1);
	face_list_finish(&faces);
}

static void a_box_with_two_noses_is_no_face(void **unused)
{
	static const struct label labels[] = {
		{"a", true, {10, 10, 0, 0}}, {"a", true, {30, 10, 0, 0}}};
	struct face_list faces = {0};
	struct labels_result r = {0};
	add_face(&faces, (struct box){0, 0, 50, 50});
	add_face(&faces, (struct box){20, 0, 20, 20});
	assert_int_equal(labels_match(labels, 2, true, 20, &faces, &r), OK);
	assert_int_equal(r.found, 1);
	assert_int_equal(r.false_boxes, 1);
	face_list_finish(&faces);
}

static void a_window_is_the_mean_of_what_it_covers(void **unused)
{
	uint8_t rgb[4 * 2 * 3];
	float out[3 * 2 * 3];
	struct error why = {0};
	struct image image = {4, 2, rgb};
	for (int i = 0; i < 8; i++)
		memset(rgb + (size_t)3 * i, 10 * (i + 1), 3);
	struct sample_window w = {0, 0, 2, 3, 2};
	assert_int_equal(sample_view(&image, &w, out, &why), OK);
	assert_true(out[0] == (10 + 20 + 50 + 60) / 4.0f);
	assert_true(out[3] == (30 + 40 + 70 + 80) / 4.0f);
	assert_true(out[6] == 0 && out[9] == 0); /* beyond it */
	struct sample_window same = {1, 0, 1, 2, 1}, none = {0, 0, 0, 2, 1};
	assert_int_equal(sample_view(&image, &same, out, &why), OK);
	assert_true(out[0] == 20 && out[3] == 30);
	struct sample_window half = {0.5, 0, 1, 1, 1};
	assert_int_equal(sample_view(&image, &half, out, &why), OK);
	assert_true(out[0] == 15);
	assert_int_equal(sample_view(&image, &none, out, &why), ERR_ARG);
}

static void merging_drops_what_lies_in_a_better_box(void **unused)
{
	struct detections list = {0};
	struct error why = {0};
	const struct detection boxes[] = {
		{0, 0, 100, 100, 0.9f}, {10, 10, 30, 30, 0.8f}, {90, 90, 190, 190, 0.7f}};
	for (int i = 0; i < 3; i++)
		assert_int_equal(detections_add(&list, &boxes[i], &why), OK);
	assert_int_equal(suppress(&list, 0.5f, 10, &why), OK);
	assert_int_equal(list.count, 3);
	assert_int_equal(merge(&list, 0.5f, 10, &why), OK);
	assert_int_equal(list.count, 2);
	assert_true(list.item[1].score == 0.7f);
	detections_finish(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boxes_are_read_and_sorted_by_file),
		cmocka_unit_test(points_are_read_and_a_photo_may_have_none),
		cmocka_unit_test(what_is_no_label_is_refused),
		cmocka_unit_test(a_label_counts_once_and_what_is_left_is_false),
		cmocka_unit_test(a_box_with_two_noses_is_no_face),
		cmocka_unit_test(a_window_is_the_mean_of_what_it_covers),
		cmocka_unit_test(merging_drops_what_lies_in_a_better_box),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
