/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gallery/decide.h"
#include "gallery/gallery.h"
#include "gallery/scan.h"
#include "gallery/sketch.h"

enum { DIM_MAX = 1024, ROWS_MAX = 6000 };

/* A small generator of our own, so that a failing case comes again. */
static uint64_t state = 1;

static uint32_t random_u32(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32);
}

static float random_unit(void)
{
	return (float)((double)random_u32() / 4294967296.0 * 2 - 1);
}

/* What the gallery must agree with: its rows, kept apart, and a loop over them. */
struct model {
	size_t dim, rows;
	int person[ROWS_MAX];
	float row[ROWS_MAX][DIM_MAX];
};

static struct model model;

static void person_id(int person, char out[static UUID_TEXT])
{
	snprintf(out, UUID_TEXT, "person-%d", person);
}

static void model_reset(size_t dim)
{
	model.dim = dim;
	model.rows = 0;
}

static float *model_row(int person)
{
	assert_true(model.rows < ROWS_MAX);
	model.person[model.rows] = person;
	return model.row[model.rows++];
}

/* Rank of a person: the row at which they were first added. */
static size_t first_row(int person)
{
	size_t row = 0;
	while (model.person[row] != person)
		row++;
	return row;
}

struct answer {
	int person;
	double squared;
	size_t rank;
};

static struct answer nearest_but(const float *probe, int but)
{
	struct answer best = {-1, INFINITY, SIZE_MAX};
	for (size_t i = 0; i < model.rows; i++) {
		if (model.person[i] == but)
			continue;
		double squared = 0;
		for (size_t j = 0; j < model.dim; j++) {
			double d = (double)model.row[i][j] - (double)probe[j];
			squared += d * d;
		}
		if (squared > best.squared)
			continue;
		size_t rank = first_row(model.person[i]);
		if (squared < best.squared || rank < best.rank)
			best = (struct answer){model.person[i], squared, rank};
	}
	return best;
}

static void assert_person(const char *found, int expected)
{
	char id[UUID_TEXT];
	if (expected < 0) {
		assert_null(found);
		return;
	}
	person_id(expected, id);
	assert_non_null(found);
	assert_string_equal(found, id);
}

static void assert_agrees(const struct gallery *g, const float *probe)
{
	struct answer first = nearest_but(probe, -1);
	struct answer second = nearest_but(probe, first.person);
	if (first.person < 0)
		second = first;
	struct hit hit = gallery_search(g, probe);
	assert_person(hit.person_id, first.person);
	assert_person(hit.second_id, second.person);
	assert_true(hit.distance == sqrt(first.squared));
	assert_true(hit.second_distance == sqrt(second.squared));
}

static struct gallery *gallery_of_model(void)
{
	struct gallery *g;
	struct error why = {0};
	assert_int_equal(gallery_new(&g, model.dim, &why), OK);
	for (size_t i = 0; i < model.rows; i++) {
		char id[UUID_TEXT];
		person_id(model.person[i], id);
		assert_int_equal(gallery_add(g, id, model.row[i], &why), OK);
	}
	assert_int_equal(gallery_templates(g), model.rows);
	return g;
}

static void check_model(int probes, float scale)
{
	struct gallery *g = gallery_of_model();
	float probe[DIM_MAX];
	for (int i = 0; i < probes; i++) {
		for (size_t j = 0; j < model.dim; j++)
			probe[j] = random_unit() * scale;
		assert_agrees(g, probe);
	}
	/* Probes that are templates: distance 0, and whatever ties there are. */
	for (int i = 0; i < probes && model.rows > 0; i++)
		assert_agrees(g, model.row[random_u32() % model.rows]);
	gallery_free(g);
}

static void fill_random(size_t dim, size_t rows, int people, float scale)
{
	model_reset(dim);
	for (size_t i = 0; i < rows; i++) {
		float *row = model_row((int)(random_u32() % (uint32_t)people));
		for (size_t j = 0; j < dim; j++)
			row[j] = random_unit() * scale;
	}
}

static void search_agrees_on_random_templates(void **unused)
{
	static const size_t dims[] = {1, 2, 3, 15, 16, 17, 127, 128, 129, 512, 1024};
	for (size_t d = 0; d < sizeof(dims) / sizeof(dims[0]); d++) {
		fill_random(dims[d], 1 + random_u32() % 3000, 1 + (int)(random_u32() % 900), 0.3f);
		check_model(10, 0.3f);
	}
}

static void search_agrees_at_block_borders(void **unused)
{
	static const size_t rows[] = {0, 1, 2, 3, 4, 5, 1023, 1024, 1025, 2047, 2048, 2049};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill_random(128, rows[i], 50, 0.3f);
		check_model(5, 0.3f);
	}
}

static void search_agrees_when_single_precision_cannot_tell(void **unused)
{
	/* All templates within rounding of each other, far from the probe. */
	model_reset(128);
	for (int i = 0; i < 3000; i++) {
		float *row = model_row(i / 2);
		for (size_t j = 0; j < model.dim; j++)
			row[j] = 0.1f + (random_u32() % 3 == 0 ? 0x1p-26f : 0);
	}
	check_model(20, 0.5f);
}

static void search_agrees_when_each_template_is_a_little_nearer(void **unused)
{
	model_reset(128);
	for (int i = 0; i < 3000; i++) {
		float *row = model_row(i);
		for (size_t j = 0; j < model.dim; j++)
			row[j] = 1;
		row[0] = 1 + (float)(3000 - i) * 0x1p-22f;
	}
	struct gallery *g = gallery_of_model();
	float probe[DIM_MAX] = {0};
	assert_agrees(g, probe);
	gallery_free(g);
}

static void search_agrees_on_huge_and_tiny_values(void **unused)
{
	static const float scales[] = {
		1e38f, FLT_MAX, 1e19f, 1e18f, 1e-18f, 1e-19f, 1e-22f, 1e-37f, 1e-45f};
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		fill_random(128, 1500, 400, scales[i]);
		check_model(10, scales[i]);
	}
	/* All of them in one gallery. */
	fill_random(128, 3000, 400, 1);
	for (size_t i = 0; i < model.rows; i++)
		for (size_t j = 0; j < model.dim; j++)
			model.row[i][j] *= scales[i % (sizeof(scales) / sizeof(scales[0]))];
	check_model(20, 1e-18f);
	check_model(20, FLT_MAX);
}

/* Templates around a few centres, as near to each other as the eight bits of a sketch can tell. */
static void search_agrees_among_near_ties(void **unused)
{
	static const float spreads[] = {0, 1e-7f, 1e-4f, 0.003f, 0.02f};
	enum { CENTRES = 4, DIM = 128 };
	static float centre[CENTRES][DIM];
	for (size_t s = 0; s < sizeof(spreads) / sizeof(spreads[0]); s++) {
		for (size_t i = 0; i < CENTRES * (size_t)DIM; i++)
			centre[i / DIM][i % DIM] = random_unit() * 0.2f;
		model_reset(DIM);
		for (int i = 0; i < 4000; i++) {
			float *row = model_row(i % 1500);
			for (size_t j = 0; j < DIM; j++)
				row[j] = centre[i % CENTRES][j] + random_unit() * spreads[s];
		}
		check_model(10, 0.2f);
	}
}

static void search_agrees_on_zeros_and_on_rows_all_the_same(void **unused)
{
	static const float values[] = {0, 1, -0.1f, 0x1p-41f, 0x1p-40f, 0x1p50f, 0x1.8p50f};
	for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
		model_reset(40);
		for (int i = 0; i < 1300; i++) {
			float *row = model_row(i);
			for (size_t j = 0; j < model.dim; j++)
				row[j] = values[v];
		}
		check_model(5, values[v]);
		/* One row that is not like the others in each group of sixteen. */
		for (size_t i = 5; i < model.rows; i += 16)
			model.row[i][7] += i % 32 < 16 ? 1 : 1e30f;
		check_model(5, 1);
	}
}

static void of_equally_near_people_the_first_added_wins(void **unused)
{
	/* Person 7 is added first and again last; 3 and 5 have the same template. */
	static const int order[] = {7, 3, 5, 3, 5, 7};
	model_reset(4);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		float *row = model_row(order[i]);
		for (size_t j = 0; j < 4; j++)
			row[j] = i == 0 ? 9 : 1;
	}
	struct gallery *g = gallery_of_model();
	float probe[4] = {0};
	struct hit hit = gallery_search(g, probe);
	assert_string_equal(hit.person_id, "person-7");
	assert_string_equal(hit.second_id, "person-3");
	assert_true(hit.distance == 2 && hit.second_distance == 2);
	assert_agrees(g, probe);
	gallery_free(g);
}

static void second_is_another_person_not_another_template(void **unused)
{
	struct gallery *g;
	struct error why = {0};
	assert_int_equal(gallery_new(&g, 1, &why), OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(gallery_add(g, "ann", &(float){(float)i}, &why), OK);
	struct hit alone = gallery_search(g, &(float){0});
	assert_null(alone.second_id);
	assert_true(isinf(alone.second_distance));
	assert_int_equal(gallery_add(g, "bob", &(float){100}, &why), OK);
	struct hit hit = gallery_search(g, &(float){0});
	assert_string_equal(hit.person_id, "ann");
	assert_string_equal(hit.second_id, "bob");
	assert_true(hit.second_distance == 100);
	assert_int_equal(gallery_people(g), 2);
	assert_int_equal(gallery_templates(g), 6);
	gallery_free(g);
}

static void an_empty_gallery_knows_nobody(void **unused)
{
	struct gallery *g;
	struct error why = {0};
	assert_int_equal(gallery_new(&g, 128, &why), OK);
	float probe[128] = {0};
	struct hit hit = gallery_search(g, probe);
	assert_null(hit.person_id);
	assert_true(isinf(hit.distance));
	assert_false(gallery_remove(g, "ann"));
	gallery_free(g);
	gallery_free(NULL);
}

static void a_probe_that_is_no_number_is_like_nobody(void **unused)
{
	fill_random(16, 100, 10, 1);
	struct gallery *g = gallery_of_model();
	float probe[16] = {0};
	probe[3] = NAN;
	assert_null(gallery_search(g, probe).person_id);
	probe[3] = INFINITY;
	assert_null(gallery_search(g, probe).person_id);
	gallery_free(g);
}

static void bad_templates_are_refused(void **unused)
{
	struct gallery *g;
	struct error why = {0};
	assert_int_equal(gallery_new(&g, 0, &why), ERR_ARG);
	assert_null(g);
	assert_int_equal(gallery_new(&g, GALLERY_DIM_MAX + 1, &why), ERR_ARG);
	assert_int_equal(gallery_new(&g, 2, &why), OK);
	float nan[2] = {0, NAN}, fine[2] = {0, 1};
	assert_int_equal(gallery_add(g, "ann", nan, &why), ERR_ARG);
	assert_int_equal(gallery_add(g, "", fine, &why), ERR_ARG);
	assert_int_equal(
		gallery_add(g, "a name that is longer than any UUID has to be", fine, &why),
		ERR_ARG);
	assert_int_equal(gallery_people(g), 0);
	assert_int_equal(gallery_templates(g), 0);
	gallery_free(g);
}

static void model_remove(int person)
{
	size_t kept = 0;
	for (size_t i = 0; i < model.rows; i++) {
		if (model.person[i] == person)
			continue;
		memmove(model.row[kept], model.row[i], sizeof(model.row[i]));
		model.person[kept++] = model.person[i];
	}
	model.rows = kept;
}

static void removing_people_leaves_the_others(void **unused)
{
	fill_random(128, 4000, 300, 0.3f);
	struct gallery *g = gallery_of_model();
	for (int round = 0; round < 299; round++) {
		int person = (int)(random_u32() % 300);
		char id[UUID_TEXT];
		person_id(person, id);
		size_t before = model.rows;
		model_remove(person);
		assert_int_equal(gallery_remove(g, id), before != model.rows);
		assert_int_equal(gallery_templates(g), model.rows);
		if (round % 10 != 0 || model.rows == 0)
			continue;
		float probe[DIM_MAX];
		for (size_t j = 0; j < model.dim; j++)
			probe[j] = random_unit() * 0.3f;
		assert_agrees(g, probe);
		assert_agrees(g, model.row[random_u32() % model.rows]);
	}
	gallery_free(g);
}

static void somebody_added_again_counts_as_added_last(void **unused)
{
	struct gallery *g;
	struct error why = {0};
	float same[2] = {1, 1}, probe[2] = {0, 0};
	assert_int_equal(gallery_new(&g, 2, &why), OK);
	assert_int_equal(gallery_add(g, "ann", same, &why), OK);
	assert_int_equal(gallery_add(g, "bob", same, &why), OK);
	assert_string_equal(gallery_search(g, probe).person_id, "ann");
	assert_true(gallery_remove(g, "ann"));
	assert_int_equal(gallery_add(g, "ann", same, &why), OK);
	assert_string_equal(gallery_search(g, probe).person_id, "bob");
	assert_string_equal(gallery_search(g, probe).second_id, "ann");
	gallery_free(g);
}

static void the_bound_is_never_above_the_truth(void **unused)
{
	static const float scales[] = {1e38f, 1e19f, 1, 1e-10f, 1e-19f, 1e-22f, 1e-38f, 1e-45f};
	enum { ROWS = 8 };
	_Alignas(64) static float row[ROWS * DIM_MAX], probe[DIM_MAX];
	for (int round = 0; round < 2000; round++) {
		size_t stride = SCAN_LANES * (1 + random_u32() % (DIM_MAX / SCAN_LANES));
		float scale = scales[random_u32() % (sizeof(scales) / sizeof(scales[0]))];
		for (size_t j = 0; j < stride; j++)
			probe[j] = random_unit() * scale;
		for (size_t j = 0; j < ROWS * stride; j++)
			row[j] = random_u32() % 4 == 0 ? random_unit() * scale : probe[j % stride];
		float squared[ROWS];
		size_t rows = 1 + random_u32() % ROWS;
		scan_squared(row, probe, stride, rows, squared);
		for (size_t i = 0; i < rows; i++) {
			double truth = scan_exact(row + i * stride, probe, stride);
			double bound = scan_lower_bound(squared[i], stride);
			assert_true(bound <= truth);
			/* And it is worth something where nothing under- or overflows. */
			if (scale == 1)
				assert_true(bound >= truth * (1 - 2e-4) - 1e-30);
		}
	}
}

/* Rows of all kinds round a probe: like it, nearly like it, and of quite another size. */
static void fill_round(const float *probe, float *row, size_t stride, float scale)
{
	static const float sizes[] = {0, 1e-30f, 1e-12f, 1, 1, 1, 3, 1e6f, 1e16f, 1e38f};
	const uint32_t kind = random_u32() % 4;
	const float size = sizes[random_u32() % (sizeof(sizes) / sizeof(sizes[0]))];
	for (size_t j = 0; j < stride; j++) {
		row[j] = kind == 0  ? probe[j]
			: kind == 1 ? probe[j] * (1 + random_unit() * 0.01f)
			: kind == 2 ? random_unit() * scale
				    : random_unit() * size;
		if (!isfinite(row[j]))
			row[j] = FLT_MAX;
	}
}

/* Every kernel against the truth, with reaches about as long as the distances there are. */
static void assert_screened(const struct sketch *s, const float *row, const float *probe,
	size_t stride, size_t groups, bool normal)
{
	sketch_screen_fn *kernel[SKETCH_KINDS_MAX];
	static struct sketch_probe p;
	double truth[64];
	uint16_t mask[2 * 4];
	sketch_probe(&p, probe, stride);
	for (size_t i = 0; i < groups * SKETCH_GROUP; i++)
		truth[i] = scan_exact(row + i * stride, probe, stride);
	const double limit[] = {truth[random_u32() % 16], truth[random_u32() % 16] * 0.999};
	const size_t kernels = sketch_screen_all(kernel);
	for (size_t k = 0; k < kernels; k++) {
		kernel[k](
			&(struct sketch_screen){.sketch = s,
				.probe = &p,
				.groups = groups,
				.lanes = 2,
				.reach = {sketch_reach(&p, limit[0]), sketch_reach(&p, limit[1])}},
			mask);
		for (size_t i = 0; i < 2 * groups * SKETCH_GROUP; i++) {
			const size_t at = i % (groups * SKETCH_GROUP);
			const double reach = limit[i / (groups * SKETCH_GROUP)];
			const bool near = (mask[i / SKETCH_GROUP] >> i % SKETCH_GROUP & 1) != 0;
			assert_true(near || truth[at] > reach);
			/* And it is worth something where the numbers are like templates'. */
			if (normal)
				assert_true(
					!near || truth[at] < 1.1 * reach + 0.03 * (double)stride);
		}
	}
}

static void a_screen_never_hides_who_is_within_reach(void **unused)
{
	static const float scales[] = {1, 0.2f, 1e-10f, 1e-13f, 1e-38f, 1e14f, 1e16f, 1e38f, 0};
	enum { GROUPS_MAX = 4 };
	_Alignas(64) static float row[GROUPS_MAX * SKETCH_GROUP * DIM_MAX], probe[DIM_MAX];
	for (int round = 0; round < 1500; round++) {
		const size_t groups = 1 + random_u32() % GROUPS_MAX;
		const size_t stride = SCAN_LANES *
			(1 + random_u32() % (round % 20 == 0 ? DIM_MAX / SCAN_LANES : 12));
		const float scale = scales[random_u32() % (sizeof(scales) / sizeof(scales[0]))];
		struct sketch s = {mem_aligned(sketch_bytes(groups * SKETCH_GROUP, stride))};
		assert_non_null(s.group);
		for (size_t j = 0; j < stride; j++)
			probe[j] = random_unit() * scale;
		for (size_t i = 0; i < groups * SKETCH_GROUP; i++) {
			fill_round(probe, row + i * stride, stride, scale);
			sketch_put(&s, i, row + i * stride, stride);
		}
		assert_screened(&s, row, probe, stride, groups, false);
		for (size_t i = 0; i < groups * SKETCH_GROUP * stride; i++)
			row[i] = random_unit() * 0.5f;
		for (size_t i = 0; i < groups * SKETCH_GROUP; i++)
			sketch_put(&s, i, row + i * stride, stride);
		assert_screened(&s, row, probe, stride, groups, scale == 1);
		free(s.group);
	}
}

static struct question question_of(double distance, double second, double quality)
{
	return (struct question){
		.hit = {"ann", distance, isinf(second) ? NULL : "bob", second},
		.guest = {.distance = INFINITY, .second_distance = INFINITY},
		.counter = INFINITY,
		.pair = INFINITY,
		.quality = quality,
	};
}

static const struct decision_rule plain_rule = {
	.match_distance = 0.5,
	.review_distance = 0.6,
	.match_margin = 0.05,
	.look_alike_margin = 0.1,
	.match_quality = 0.3,
	.guest_distance = 0.45,
};

static enum decision decision_of(double distance, double second, double quality)
{
	const struct question q = question_of(distance, second, quality);
	return decide(&plain_rule, &q).decision;
}

static void near_and_clear_is_a_match(void **unused)
{
	assert_int_equal(decision_of(0.30, 0.70, 0.9), DECISION_MATCH);
	assert_int_equal(decision_of(0.50, INFINITY, 0.3), DECISION_MATCH);
	struct question q = question_of(0.3, 0.75, 1);
	struct verdict v = decide(&plain_rule, &q);
	assert_int_equal(v.decision, DECISION_MATCH);
	assert_string_equal(v.reason, "");
	assert_true(v.distance == 0.3 && v.margin == 0.75 - 0.3);
	assert_true(v.threshold == plain_rule.match_distance);
	assert_string_equal(v.second_id, "bob");
}

static void whatever_is_not_sure_goes_to_review(void **unused)
{
	assert_int_equal(decision_of(0.51, 0.9, 1), DECISION_REVIEW);   /* far */
	assert_int_equal(decision_of(0.40, 0.44, 1), DECISION_REVIEW);  /* two alike */
	assert_int_equal(decision_of(0.40, 0.9, 0.2), DECISION_REVIEW); /* poor */
	assert_int_equal(decision_of(0.40, 0.9, NAN), DECISION_REVIEW);
	struct question q = question_of(0.3, 0.31, 1);
	assert_string_not_equal(decide(&plain_rule, &q).reason, "");
}

static void like_nobody_is_unknown(void **unused)
{
	assert_int_equal(decision_of(0.61, 0.9, 1), DECISION_UNKNOWN);
	assert_int_equal(decision_of(INFINITY, INFINITY, 1), DECISION_UNKNOWN);
	assert_int_equal(decision_of(NAN, NAN, 1), DECISION_UNKNOWN);
	struct question q = question_of(INFINITY, INFINITY, 1);
	q.hit.person_id = NULL;
	struct verdict v = decide(&plain_rule, &q);
	assert_int_equal(v.decision, DECISION_UNKNOWN);
	assert_string_equal(v.reason, "nobody is enrolled");
}

static void a_nearer_face_is_never_judged_worse(void **unused)
{
	for (int i = 0; i < 2000; i++) {
		double far = fabs((double)random_unit()), near = far * fabs((double)random_unit());
		double second = far + fabs((double)random_unit());
		double quality = fabs((double)random_unit());
		assert_true(
			decision_of(near, second, quality) >= decision_of(far, second, quality));
	}
}

static void look_alikes_need_a_larger_margin(void **unused)
{
	struct question q = question_of(0.3, 0.37, 1);
	assert_int_equal(decide(&plain_rule, &q).decision, DECISION_MATCH);
	q.pair = 0.4;
	struct verdict v = decide(&plain_rule, &q);
	assert_int_equal(v.decision, DECISION_REVIEW);
	assert_true(v.margin_needed == plain_rule.look_alike_margin);
	assert_non_null(strstr(v.reason, "look alike"));
	q.hit.second_distance = 0.41;
	assert_int_equal(decide(&plain_rule, &q).decision, DECISION_MATCH);
}

static void a_guest_leads_to_review_and_never_to_a_match(void **unused)
{
	struct question q = question_of(0.3, 0.7, 1);
	q.guest = (struct hit){"gus", 0.2, NULL, INFINITY};
	struct verdict v = decide(&plain_rule, &q);
	assert_int_equal(v.decision, DECISION_REVIEW);
	assert_true(v.guest && v.distance == 0.2);
	assert_string_equal(v.second_id, "ann");
	assert_true(fabs(v.margin - 0.1) < 1e-12);
	/* Nearer, though too far to be told: still not somebody on the list. */
	q.hit.distance = 0.49;
	q.guest.distance = 0.48;
	v = decide(&plain_rule, &q);
	assert_int_equal(v.decision, DECISION_REVIEW);
	assert_false(v.guest);
	/* Farther than the person: no matter. */
	q.guest.distance = 0.50;
	assert_int_equal(decide(&plain_rule, &q).decision, DECISION_MATCH);
	/* Nobody on the list is enrolled. */
	q.hit = (struct hit){.distance = INFINITY, .second_distance = INFINITY};
	assert_int_equal(decide(&plain_rule, &q).decision, DECISION_UNKNOWN);
	q.guest.distance = 0.44;
	v = decide(&plain_rule, &q);
	assert_int_equal(v.decision, DECISION_REVIEW);
	assert_true(v.guest && isinf(v.margin));
}

static void a_nearer_counter_example_leads_to_review(void **unused)
{
	struct question q = question_of(0.3, 0.7, 1);
	q.counter = 0.31;
	assert_int_equal(decide(&plain_rule, &q).decision, DECISION_MATCH);
	q.counter = 0.29;
	struct verdict v = decide(&plain_rule, &q);
	assert_int_equal(v.decision, DECISION_REVIEW);
	assert_non_null(strstr(v.reason, "corrected"));
	q.counter = NAN;
	assert_int_equal(decide(&plain_rule, &q).decision, DECISION_REVIEW);
}

/* --- some people and the others --- */

/* What gallery_search finds in a gallery of only some of the people. */
static void assert_split(const struct gallery *g, const bool *in, size_t people)
{
	struct gallery *part[2];
	struct gallery_mask mask;
	struct hit hit[2];
	float probe[GALLERY_DIM_MAX];
	assert_int_equal(gallery_new(&part[0], gallery_dim(g), NULL), OK);
	assert_int_equal(gallery_new(&part[1], gallery_dim(g), NULL), OK);
	assert_int_equal(gallery_mask_init(&mask, g, NULL), OK);
	for (size_t i = 0; i < people; i++)
		if (in[i])
			gallery_mask_add(&mask, g, gallery_person(g, i));
	for (size_t i = 0; i < gallery_templates(g); i++) {
		size_t person;
		const float *row = gallery_row(g, i, &person);
		assert_int_equal(
			gallery_add(part[in[person]], gallery_person(g, person), row, NULL), OK);
	}
	for (int i = 0; i < 50; i++) {
		for (size_t k = 0; k < gallery_dim(g); k++)
			probe[k] = random_unit();
		gallery_search_split(g, &mask, probe, &hit[1], &hit[0]);
		for (int lane = 0; lane < 2; lane++) {
			struct hit alone = gallery_search(part[lane], probe);
			assert_true(alone.distance == hit[lane].distance);
			assert_true(alone.second_distance == hit[lane].second_distance);
			assert_true((alone.person_id == NULL) == (hit[lane].person_id == NULL));
			if (alone.person_id != NULL)
				assert_string_equal(alone.person_id, hit[lane].person_id);
		}
	}
	gallery_mask_finish(&mask);
	gallery_free(part[0]);
	gallery_free(part[1]);
}

static void a_search_of_some_people_is_that_of_a_gallery_of_them(void **unused)
{
	enum { PEOPLE = 300, ROWS = 2500, DIM = 24 };
	struct gallery *g;
	bool in[PEOPLE];
	float row[DIM];
	assert_int_equal(gallery_new(&g, DIM, NULL), OK);
	for (int i = 0; i < ROWS; i++) {
		char id[UUID_TEXT];
		person_id(i % PEOPLE, id);
		for (int k = 0; k < DIM; k++)
			row[k] = random_unit();
		assert_int_equal(gallery_add(g, id, row, NULL), OK);
	}
	static const float share[] = {0, 0.02f, 0.5f, 1};
	for (size_t s = 0; s < sizeof(share) / sizeof(share[0]); s++) {
		for (int i = 0; i < PEOPLE; i++)
			in[i] = share[s] >= 1 || fabsf(random_unit()) < share[s];
		assert_split(g, in, PEOPLE);
	}
	gallery_free(g);
}

static void many_probes_find_what_each_would_alone(void **unused)
{
	enum { PROBES = 21 };
	fill_random(48, 2300, 700, 0.3f);
	struct gallery *g = gallery_of_model();
	struct gallery_mask mask;
	static float value[PROBES][DIM_MAX];
	const float *probe[PROBES];
	struct hit in[PROBES], out[PROBES], all[PROBES];
	assert_int_equal(gallery_mask_init(&mask, g, NULL), OK);
	for (size_t i = 0; i < gallery_people(g); i += 9)
		gallery_mask_add(&mask, g, gallery_person(g, i));
	for (size_t i = 0; i < PROBES; i++) {
		for (size_t j = 0; j < model.dim; j++)
			value[i][j] = random_unit() * 0.3f;
		probe[i] = value[i];
	}
	value[4][1] = NAN;
	gallery_search_many(g, NULL, probe, PROBES, NULL, all);
	gallery_search_many(g, &mask, probe, PROBES, in, out);
	gallery_search_many(g, &mask, probe, 0, NULL, NULL);
	for (size_t i = 0; i < PROBES; i++) {
		struct hit one[3] = {gallery_search(g, probe[i])};
		gallery_search_split(g, &mask, probe[i], &one[1], &one[2]);
		const struct hit many[] = {all[i], in[i], out[i]};
		for (int k = 0; k < 3; k++) {
			assert_ptr_equal(one[k].person_id, many[k].person_id);
			assert_ptr_equal(one[k].second_id, many[k].second_id);
			assert_true(one[k].distance == many[k].distance);
			assert_true(one[k].second_distance == many[k].second_distance);
		}
		assert_true((one[0].person_id == NULL) == (i == 4));
	}
	gallery_mask_finish(&mask);
	gallery_free(g);
}

static void distances_between_single_people_are_the_least_ones(void **unused)
{
	static const float a[] = {0, 0}, a2[] = {0, 1}, b[] = {3, 1}, probe[] = {0, 4};
	struct gallery *g;
	assert_int_equal(gallery_new(&g, 2, NULL), OK);
	assert_int_equal(gallery_add(g, "a", a, NULL), OK);
	assert_int_equal(gallery_add(g, "b", b, NULL), OK);
	assert_int_equal(gallery_add(g, "a", a2, NULL), OK);
	assert_true(gallery_between(g, "a", "b") == 3 && gallery_between(g, "b", "a") == 3);
	assert_true(gallery_distance(g, "a", probe) == 3);
	assert_true(isinf(gallery_between(g, "a", "c")) && isinf(gallery_distance(g, "c", probe)));
	gallery_free(g);
}

static void decisions_have_words(void **unused)
{
	assert_string_equal(decision_word(DECISION_MATCH), "match");
	assert_string_equal(decision_word(DECISION_REVIEW), "review");
	assert_string_equal(decision_word(DECISION_UNKNOWN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(search_agrees_on_random_templates),
		cmocka_unit_test(search_agrees_at_block_borders),
		cmocka_unit_test(search_agrees_when_single_precision_cannot_tell),
		cmocka_unit_test(search_agrees_when_each_template_is_a_little_nearer),
		cmocka_unit_test(search_agrees_on_huge_and_tiny_values),
		cmocka_unit_test(search_agrees_among_near_ties),
		cmocka_unit_test(search_agrees_on_zeros_and_on_rows_all_the_same),
		cmocka_unit_test(of_equally_near_people_the_first_added_wins),
		cmocka_unit_test(second_is_another_person_not_another_template),
		cmocka_unit_test(an_empty_gallery_knows_nobody),
		cmocka_unit_test(a_probe_that_is_no_number_is_like_nobody),
		cmocka_unit_test(bad_templates_are_refused),
		cmocka_unit_test(removing_people_leaves_the_others),
		cmocka_unit_test(somebody_added_again_counts_as_added_last),
		cmocka_unit_test(the_bound_is_never_above_the_truth),
		cmocka_unit_test(a_screen_never_hides_who_is_within_reach),
		cmocka_unit_test(near_and_clear_is_a_match),
		cmocka_unit_test(whatever_is_not_sure_goes_to_review),
		cmocka_unit_test(like_nobody_is_unknown),
		cmocka_unit_test(a_nearer_face_is_never_judged_worse),
		cmocka_unit_test(look_alikes_need_a_larger_margin),
		cmocka_unit_test(a_guest_leads_to_review_and_never_to_a_match),
		cmocka_unit_test(a_nearer_counter_example_leads_to_review),
		cmocka_unit_test(a_search_of_some_people_is_that_of_a_gallery_of_them),
		cmocka_unit_test(many_probes_find_what_each_would_alone),
		cmocka_unit_test(distances_between_single_people_are_the_least_ones),
		cmocka_unit_test(decisions_have_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
