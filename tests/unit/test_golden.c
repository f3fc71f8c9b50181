/* SPDX-License-Identifier: MIT */
/*
 * The networks against the npm package they come from: tests/golden/make.mjs has written
 * what the package gave for an input, here the same input goes through ours. Skipped
 * without the folders $ROLLCALL_GOLDEN and $ROLLCALL_MODELS.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/file.h"
#include "infer/faceapi.h"
#include "infer/session.h"
#include "tests/support/samples.h"

enum { FILE_MAX = 64 << 20, MAPS = 6, TINY_ANCHORS = 5, TINY_VALUES = 5 };

/* What the issue asks for: boxes and scores, pixels of landmarks, distance of embeddings. */
static const double box_tolerance = 1e-3, point_tolerance = 0.5, embed_tolerance = 0.01;

/* tinyFaceDetector/const.ts, width and height in cells. */
static const double tiny_anchor[TINY_ANCHORS][2] = {{1.603231, 2.094468}, {6.041143, 7.080126},
	{2.882459, 3.518061}, {4.266906, 5.178857}, {9.041765, 10.66308}};

struct network {
	struct weights *w;
	struct session *s;
};

static void read_file(const char *folder, const char *name, struct buf *out)
{
	struct error why = {0};
	char *path = path_join(folder, name);
	assert_non_null(path);
	buf_init(out, FILE_MAX);
	if (file_read(path, out, &why) != OK)
		fail_msg("%s", why.text);
	free(path);
}

static json_t *read_index(const char *folder)
{
	struct buf b;
	read_file(folder, "index.json", &b);
	json_t *index = json_loadb(buf_str(&b), b.len, 0, NULL);
	buf_finish(&b);
	assert_int_equal(json_integer_value(json_object_get(index, "format")), 1);
	return index;
}

/* The floats of {"file": ..., "shape": ...}, of which there must be `count`; for free(3). */
static float *read_tensor(const char *folder, const json_t *entry, size_t count)
{
	struct buf b;
	assert_non_null(entry);
	read_file(folder, json_string_value(json_object_get(entry, "file")), &b);
	assert_int_equal(b.len, count * sizeof(float));
	return (float *)(void *)b.data;
}

static float *read_output(const char *folder, const json_t *one, const char *name, size_t count)
{
	return read_tensor(folder, json_object_get(json_object_get(one, "outputs"), name), count);
}

/* A session of one network, with its weights kept for their anchors. */
static struct network open_network(const char *model,
	enum err (*make)(struct graph **, const struct weights *, struct error *))
{
	struct error why = {0};
	struct network n = {0};
	struct graph *g = NULL;
	char name[128];
	snprintf(name, sizeof(name), "%s_model-weights_manifest.json", model);
	char *path = path_join(folder_or_skip("ROLLCALL_MODELS"), name);
	if (weights_load(&n.w, path, &why) != OK || make(&g, n.w, &why) != OK ||
		session_open(&n.s, g, 1, 1, &why) != OK)
		fail_msg("%s", why.text);
	graph_free(g);
	free(path);
	return n;
}

static void close_network(struct network *n)
{
	session_close(n->s);
	weights_free(n->w);
}

static void run(struct network *n, const char *folder, const json_t *one, size_t count)
{
	struct error why = {0};
	float *input = read_tensor(folder, json_object_get(one, "input"), count);
	memcpy(session_input(n->s, 0), input, count * sizeof(float));
	free(input);
	if (session_run(n->s, &why) != OK)
		fail_msg("%s", why.text);
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

/* outputLayer.ts: one box (top, left, bottom, right) from its anchor and four values. */
static void ssd_decode(const float *anchor, const float *value, double box[4])
{
	for (size_t axis = 0; axis < 2; axis++) {
		const double size = (double)anchor[axis + 2] - (double)anchor[axis];
		const double centre = (double)anchor[axis] + size / 2;
		const double middle = (double)value[axis] / 10 * size + centre;
		const double half = exp((double)value[axis + 2] / 5) * size / 2;
		box[axis] = middle - half;
		box[axis + 2] = middle + half;
	}
}

static double ssd_difference(const struct network *n, const float *boxes, const float *scores)
{
	static const size_t per_map[MAPS] = {
		32 * 32 * 3, 16 * 16 * 6, 8 * 8 * 6, 4 * 4 * 6, 2 * 2 * 6, 1 * 1 * 6};
	const float *anchor = weights_find(n->w, "Output/extra_dim")->data;
	double worst = 0;
	size_t at = 0;
	for (size_t map = 0; map < MAPS; map++) {
		const float *value = session_output(n->s, 2 * map);
		const float *class = session_output(n->s, 2 * map + 1);
		for (size_t i = 0; i < per_map[map]; i++, at++) {
			double box[4];
			ssd_decode(anchor + 4 * at, value + 4 * i, box);
			for (size_t k = 0; k < 4; k++)
				worst = fmax(worst, fabs(box[k] - (double)boxes[4 * at + k]));
			const double score = sigmoid((double)class[3 * i + 1]);
			worst = fmax(worst, fabs(score - (double)scores[at]));
		}
	}
	assert_int_equal(at, SSD_ANCHORS);
	return worst;
}

static void ssd_boxes_and_scores_are_those_of_the_package(void **state)
{
	(void)state;
	const char *folder = folder_or_skip("ROLLCALL_GOLDEN");
	struct network n = open_network("ssd_mobilenetv1", faceapi_ssd);
	json_t *index = read_index(folder), *one;
	size_t i, cases = 0;
	json_array_foreach(json_object_get(index, "cases"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "network")), "ssd") != 0)
			continue;
		float *boxes = read_output(folder, one, "boxes", (size_t)SSD_ANCHORS * 4);
		float *scores = read_output(folder, one, "scores", SSD_ANCHORS);
		run(&n, folder, one, (size_t)SSD_SIZE * SSD_SIZE * 3);
		double worst = ssd_difference(&n, boxes, scores);
		print_message("ssd, case %zu: largest difference %.2g\n", i, worst);
		assert_true(worst < box_tolerance);
		free(boxes);
		free(scores);
		cases++;
	}
	assert_true(cases >= 3);
	json_decref(index);
	close_network(&n);
}

/* TinyYolov2Base.ts, extractBoxes: centre and size in cells, score, of one anchor. */
static void tiny_decode(const float *v, size_t x, size_t y, size_t anchor, double out[5])
{
	out[0] = (double)x + sigmoid((double)v[0]);
	out[1] = (double)y + sigmoid((double)v[1]);
	out[2] = exp((double)v[2]) * tiny_anchor[anchor][0];
	out[3] = exp((double)v[3]) * tiny_anchor[anchor][1];
	out[4] = sigmoid((double)v[4]);
}

static double tiny_difference(const float *ours, const float *theirs, size_t cells)
{
	double worst = 0;
	for (size_t i = 0; i < cells * cells * TINY_ANCHORS; i++) {
		const size_t anchor = i % TINY_ANCHORS, cell = i / TINY_ANCHORS;
		double a[5], b[5];
		tiny_decode(ours + TINY_VALUES * i, cell % cells, cell / cells, anchor, a);
		tiny_decode(theirs + TINY_VALUES * i, cell % cells, cell / cells, anchor, b);
		for (size_t k = 0; k < 5; k++)
			worst = fmax(worst, fabs(a[k] - b[k]) / (k < 4 ? (double)cells : 1));
	}
	return worst;
}

static size_t tiny_size; /* cmocka's way: the makers take no size */

static enum err make_tiny(struct graph **out, const struct weights *w, struct error *why)
{
	return faceapi_tiny(out, w, tiny_size, why);
}

static void tiny_boxes_and_scores_are_those_of_the_package(void **state)
{
	(void)state;
	const char *folder = folder_or_skip("ROLLCALL_GOLDEN");
	json_t *index = read_index(folder), *one;
	size_t i, cases = 0;
	json_array_foreach(json_object_get(index, "cases"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "network")), "tiny") != 0)
			continue;
		const json_t *input = json_object_get(one, "input");
		const json_t *side = json_array_get(json_object_get(input, "shape"), 1);
		tiny_size = (size_t)json_integer_value(side);
		const size_t cells = tiny_size / 32;
		struct network n = open_network("tiny_face_detector", make_tiny);
		float *grid = read_output(
			folder, one, "grid", cells * cells * TINY_ANCHORS * TINY_VALUES);
		run(&n, folder, one, tiny_size * tiny_size * 3);
		double worst = tiny_difference(session_output(n.s, 0), grid, cells);
		print_message("tiny %zu, case %zu: largest difference %.2g\n", tiny_size, i, worst);
		assert_true(worst < box_tolerance);
		free(grid);
		close_network(&n);
		cases++;
	}
	assert_true(cases >= 6);
	json_decref(index);
}

static void landmarks_are_those_of_the_package(void **state)
{
	(void)state;
	const char *folder = folder_or_skip("ROLLCALL_GOLDEN");
	struct network n = open_network("face_landmark_68", faceapi_landmarks);
	json_t *index = read_index(folder), *one;
	size_t i, cases = 0;
	json_array_foreach(json_object_get(index, "cases"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "network")), "landmarks") != 0)
			continue;
		float *theirs = read_output(folder, one, "points", (size_t)2 * LANDMARK_POINTS);
		run(&n, folder, one, (size_t)LANDMARK_SIZE * LANDMARK_SIZE * 3);
		const float *ours = session_output(n.s, 0);
		double worst = 0;
		for (size_t k = 0; k < (size_t)2 * LANDMARK_POINTS; k++)
			worst = fmax(worst, fabs((double)ours[k] - (double)theirs[k]));
		worst *= LANDMARK_SIZE;
		print_message("landmarks, case %zu: largest difference %.2g pixels\n", i, worst);
		assert_true(worst < point_tolerance);
		free(theirs);
		cases++;
	}
	assert_true(cases >= 3);
	json_decref(index);
	close_network(&n);
}

static void embeddings_are_those_of_the_package(void **state)
{
	(void)state;
	const char *folder = folder_or_skip("ROLLCALL_GOLDEN");
	struct network n = open_network("face_recognition", faceapi_embed);
	json_t *index = read_index(folder), *one;
	size_t i, cases = 0;
	json_array_foreach(json_object_get(index, "cases"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "network")), "embed") != 0)
			continue;
		float *theirs = read_output(folder, one, "descriptor", EMBED_DIM);
		run(&n, folder, one, (size_t)EMBED_SIZE * EMBED_SIZE * 3);
		const float *ours = session_output(n.s, 0);
		double sum = 0, length = 0;
		for (size_t k = 0; k < EMBED_DIM; k++) {
			const double d = (double)ours[k] - (double)theirs[k];
			sum += d * d;
			length += (double)theirs[k] * (double)theirs[k];
		}
		print_message("embed, case %zu: distance %.2g\n", i, sqrt(sum));
		assert_true(sqrt(length) > 0.5); /* a network of zeros would agree with anything */
		assert_true(sqrt(sum) < embed_tolerance);
		free(theirs);
		cases++;
	}
	assert_true(cases >= 3);
	json_decref(index);
	close_network(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssd_boxes_and_scores_are_those_of_the_package),
		cmocka_unit_test(tiny_boxes_and_scores_are_those_of_the_package),
		cmocka_unit_test(landmarks_are_those_of_the_package),
		cmocka_unit_test(embeddings_are_those_of_the_package),
	};
	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
