/* SPDX-License-Identifier: MIT */
/* Graphs: shapes, sizes, and that the first mistake is the one told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "infer/graph.h"
#include "infer/graph_int.h"

static const float some[16 * 16] = {0};

static struct graph *new_graph(void)
{
	struct graph *g;
	struct error why = {0};
	assert_int_equal(graph_new(&g, &why), OK);
	return g;
}

static void assert_shape(const struct graph *g, size_t output, size_t h, size_t w, size_t c)
{
	const struct shape s = graph_output_shape(g, output);
	assert_int_equal(s.h, h);
	assert_int_equal(s.w, w);
	assert_int_equal(s.c, c);
}

static void finish(struct graph *g)
{
	struct error why = {0};
	if (graph_finish(g, &why) != OK)
		fail_msg("%s", why.text);
}

/* Finishing must fail with `code`, saying `reason`; frees the graph. */
static void assert_fails(struct graph *g, enum err code, const char *reason)
{
	struct error why = {0};
	assert_int_equal(graph_finish(g, &why), code);
	if (strstr(why.text, reason) == NULL)
		fail_msg("'%s' does not say '%s'", why.text, reason);
	graph_free(g);
}

static void padding_follows_tensorflow(void **state)
{
	(void)state;
	static const struct {
		size_t in, size, stride, dilation;
		enum padding padding;
		size_t out, before, after;
	} cases[] = {
		{8, 3, 1, 1, PAD_SAME, 8, 1, 1},
		{8, 3, 2, 1, PAD_SAME, 4, 0, 1},
		{7, 3, 2, 1, PAD_SAME, 4, 1, 1},
		{13, 2, 1, 1, PAD_SAME, 13, 0, 1},
		{207, 2, 2, 1, PAD_SAME, 104, 0, 1},
		{8, 3, 1, 2, PAD_SAME, 8, 2, 2},
		{5, 1, 3, 1, PAD_SAME, 2, 0, 0},
		{150, 7, 2, 1, PAD_VALID, 72, 0, 0},
		{72, 3, 2, 1, PAD_VALID, 35, 0, 0},
		{8, 3, 1, 2, PAD_VALID, 4, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct graph *g = new_graph();
		const struct conv conv = {.filter_h = cases[i].size,
			.filter_w = cases[i].size,
			.in = 1,
			.out = 2,
			.filter = some,
			.window = {.stride = cases[i].stride,
				.dilation = cases[i].dilation,
				.padding = cases[i].padding}};
		int x = graph_input(g, (struct shape){cases[i].in, cases[i].in, 1});
		int y = graph_conv(g, x, &conv);
		graph_output(g, y);
		finish(g);
		assert_shape(g, 0, cases[i].out, cases[i].out, 2);
		const struct window w = graph_op(g, (size_t)y)->window;
		assert_int_equal(w.top, cases[i].before);
		assert_int_equal(w.left, cases[i].before);
		assert_int_equal(w.bottom, cases[i].after);
		assert_int_equal(w.right, cases[i].after);
		graph_free(g);
	}
}

static void shapes_and_operations_are_counted(void **state)
{
	(void)state;
	struct graph *g = new_graph();
	int x = graph_input(g, (struct shape){6, 4, 2});
	const struct conv conv = {.filter_h = 3,
		.filter_w = 3,
		.in = 2,
		.out = 5,
		.filter = some,
		.window = {.padding = PAD_SAME}};
	const struct conv depthwise = {
		.filter_h = 3, .filter_w = 1, .in = 5, .out = 5, .filter = some};
	int a = graph_conv(g, x, &conv);                                            /* 6 x 4 x 5 */
	int b = graph_depthwise(g, a, &depthwise);                                  /* 4 x 4 x 5 */
	int c = graph_max_pool(g, b, (struct window){.h = 2, .w = 2, .stride = 2}); /* 2 x 2 x 5 */
	int d = graph_avg_pool(g, b, (struct window){.h = 2, .w = 2, .stride = 2});
	int e = graph_add(g, c, d, ACT_RELU);
	int f = graph_pad_end(g, e, 1, 2, 3); /* 3 x 4 x 8 */
	int unused = graph_sigmoid(g, f);
	int h = graph_dense(g, e, 7, some, NULL);
	graph_output(g, f);
	graph_output(g, graph_global_avg(g, f));
	graph_output(g, h);
	finish(g);
	assert_true(unused >= 0 && !graph_op(g, (size_t)unused)->live);
	assert_int_equal(graph_inputs(g), 1);
	assert_int_equal(graph_outputs(g), 3);
	assert_int_equal(graph_input_shape(g, 0).h, 6);
	assert_shape(g, 0, 3, 4, 8);
	assert_shape(g, 1, 1, 1, 8);
	assert_shape(g, 2, 1, 1, 7);
	const double conv_flops = 6 * 4 * 5 * 9 * 2 * 2, depthwise_flops = 4 * 4 * 5 * 3 * 2,
		     pools = 2 * (2 * 2 * 5 * 4), add = 2 * 2 * 5, average = 3 * 4 * 8,
		     dense = 20 * 7 * 2;
	assert_true(graph_flops(g) == conv_flops + depthwise_flops + pools + add + average + dense);
	graph_free(g);
	graph_free(NULL);
}

static void folding_puts_scale_and_offset_into_filter_and_bias(void **state)
{
	(void)state;
	static const float filter[] = {1, 2, 3, 4, 5, 6}; /* HWIO: 1 x 1 x 3 x 2 */
	static const float bias[] = {10, 20}, scale[] = {2, -1}, offset[] = {0.5F, 0.25F};
	static const float want[] = {2, 6, 10, -2, -4, -6}; /* OHWI */
	struct graph *g = new_graph();
	const struct conv conv = {.filter_h = 1,
		.filter_w = 1,
		.in = 3,
		.out = 2,
		.filter = filter,
		.bias = bias,
		.scale = scale,
		.offset = offset};
	int y = graph_conv(g, graph_input(g, (struct shape){1, 1, 3}), &conv);
	graph_output(g, y);
	finish(g);
	float folded[6], folded_bias[2];
	assert_int_equal(op_filter_count(graph_op(g, (size_t)y)), 6);
	op_fold_filter(graph_op(g, (size_t)y), folded);
	op_fold_bias(graph_op(g, (size_t)y), folded_bias);
	assert_memory_equal(folded, want, sizeof(want));
	assert_true(folded_bias[0] == 20.5F && folded_bias[1] == -19.75F);
	graph_free(g);
}

static void the_first_mistake_sticks(void **state)
{
	(void)state;
	struct graph *g = new_graph();
	int x = graph_input(g, (struct shape){4, 4, 3});
	const struct conv conv = {.filter_h = 3, .filter_w = 3, .in = 2, .out = 2, .filter = some};
	int y = graph_conv(g, x, &conv);
	assert_true(y < 0);
	assert_true(graph_add(g, y, x, ACT_NONE) < 0);
	assert_true(graph_sigmoid(g, x) < 0);
	assert_null(graph_floats(g, 4));
	graph_output(g, y);
	assert_fails(g, ERR_ARG, "another number of channels");
}

static void impossible_operations_are_refused(void **state)
{
	(void)state;
	const struct conv big = {.filter_h = 5, .filter_w = 5, .in = 3, .out = 2, .filter = some};
	const struct conv none = {.filter_h = 1, .filter_w = 1, .in = 3, .out = 2};
	const struct conv flat = {.filter_h = 0, .filter_w = 1, .in = 3, .out = 2, .filter = some};
	const struct conv endless = {
		.filter_h = 1, .filter_w = 1, .in = 3, .out = SIZE_MAX, .filter = some};
	const struct shape shape = {4, 4, 3};

	struct graph *g = new_graph();
	graph_conv(g, graph_input(g, shape), &big);
	assert_fails(g, ERR_ARG, "larger than its operand");
	g = new_graph();
	graph_conv(g, graph_input(g, shape), &none);
	assert_fails(g, ERR_ARG, "without filter");
	g = new_graph();
	graph_conv(g, graph_input(g, shape), &flat);
	assert_fails(g, ERR_ARG, "larger than its operand");
	g = new_graph();
	graph_conv(g, graph_input(g, shape), &endless);
	assert_fails(g, ERR_LIMIT, "too large a filter");
	g = new_graph();
	graph_depthwise(g, graph_input(g, shape), &none);
	assert_fails(g, ERR_ARG, "without filter");
	g = new_graph();
	graph_max_pool(g, graph_input(g, shape), (struct window){.h = 1, .w = 1});
	assert_fails(g, ERR_ARG, "one cell");
	g = new_graph();
	graph_avg_pool(g, graph_input(g, shape), (struct window){.h = 2, .w = 2, .dilation = 2});
	assert_fails(g, ERR_UNSUPPORTED, "with dilation");
	g = new_graph();
	graph_activation(g, graph_input(g, shape), ACT_LEAKY, 2);
	assert_fails(g, ERR_ARG, "slope");
	g = new_graph();
	graph_add(g, graph_input(g, shape), graph_input(g, (struct shape){4, 4, 2}), ACT_NONE);
	assert_fails(g, ERR_ARG, "different shapes");
	g = new_graph();
	graph_pad_end(g, graph_input(g, shape), SIZE_MAX, 0, 0);
	assert_fails(g, ERR_ARG, "too much padding");
	g = new_graph();
	graph_sigmoid(g, 3);
	assert_fails(g, ERR_ARG, "does not exist");
}

static void wrong_ports_are_refused(void **state)
{
	(void)state;
	const struct shape shape = {4, 4, 3};
	struct graph *g = new_graph();
	assert_fails(g, ERR_ARG, "needs an input");
	g = new_graph();
	graph_input(g, (struct shape){0, 4, 3});
	assert_fails(g, ERR_ARG, "empty or too large");
	g = new_graph();
	graph_input(g, (struct shape){65536, 65536, 3});
	assert_fails(g, ERR_ARG, "empty or too large");
	g = new_graph();
	graph_output(g, graph_input(g, shape));
	assert_fails(g, ERR_ARG, "an input is no output");
	g = new_graph();
	int y = graph_sigmoid(g, graph_input(g, shape));
	graph_output(g, y);
	graph_output(g, y);
	assert_fails(g, ERR_ARG, "named twice");
	g = new_graph();
	graph_output(g, graph_sigmoid(g, graph_input(g, shape)));
	graph_input(g, shape);
	assert_fails(g, ERR_ARG, "no output needs");
	g = new_graph();
	for (int i = 0; i <= GRAPH_PORTS_MAX; i++)
		graph_input(g, shape);
	assert_fails(g, ERR_LIMIT, "too many inputs");
}

static void floats_live_as_long_as_the_graph(void **state)
{
	(void)state;
	struct graph *g = new_graph();
	float *a = graph_floats(g, 100), *b = graph_floats(g, 3);
	assert_true(a != NULL && b != NULL && a[99] == 0);
	a[99] = b[2] = 1;
	assert_null(graph_floats(g, SIZE_MAX / 2));
	assert_fails(g, ERR_NOMEM, "out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding_follows_tensorflow),
		cmocka_unit_test(shapes_and_operations_are_counted),
		cmocka_unit_test(folding_puts_scale_and_offset_into_filter_and_bias),
		cmocka_unit_test(the_first_mistake_sticks),
		cmocka_unit_test(impossible_operations_are_refused),
		cmocka_unit_test(wrong_ports_are_refused),
		cmocka_unit_test(floats_live_as_long_as_the_graph),
	};
	return cmocka_run_group_tests_name("infer_graph", tests, NULL, NULL);
}
