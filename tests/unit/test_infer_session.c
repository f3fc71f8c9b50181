/* SPDX-License-Identifier: MIT */
/* Sessions on XNNPACK against plain loops over the same numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "infer/graph.h"
#include "infer/session.h"
#include "tests/support/faults.h"

enum { SIDE = 11, IN = 3, MID = 9, OUT = 6, WEIGHTS = 4096, WEIGHTS_SEED = 7 };

/* A tensor of one image for the plain loops. */
struct plain {
	size_t h, w, c;
	float *v;
};

/* Numbers from -0.5 to 0.5, the same every time. */
static float next_number(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (float)(*seed >> 8) / (float)(1u << 24) - 0.5F;
}

static void fill(float *v, size_t count, uint32_t seed)
{
	for (size_t i = 0; i < count; i++)
		v[i] = next_number(&seed);
}

static struct plain plain_new(size_t h, size_t w, size_t c)
{
	struct plain p = {h, w, c, mem_array(h * w * c, sizeof(float))};
	assert_non_null(p.v);
	return p;
}

static float at(struct plain p, long y, long x, size_t c)
{
	if (y < 0 || x < 0 || y >= (long)p.h || x >= (long)p.w)
		return 0;
	return p.v[((size_t)y * p.w + (size_t)x) * p.c + c];
}

static double activate(double v, enum activation act, float slope)
{
	if (act == ACT_LEAKY)
		return v < 0 ? v * (double)slope : v;
	if (act == ACT_NONE)
		return v;
	return fmin(fmax(v, 0), act == ACT_RELU6 ? 6 : HUGE_VAL);
}

/* The sum of one window, for a full (depth is in) or a depthwise convolution. */
static double window_sum(
	struct plain in, const struct conv *k, long y, long x, size_t o, bool depthwise)
{
	double sum = 0;
	for (size_t i = 0; i < k->filter_h * k->filter_w; i++) {
		const long sy = y + (long)(i / k->filter_w), sx = x + (long)(i % k->filter_w);
		if (depthwise) {
			sum += (double)at(in, sy, sx, o) * (double)k->filter[i * k->out + o];
			continue;
		}
		for (size_t c = 0; c < k->in; c++)
			sum += (double)at(in, sy, sx, c) *
				(double)k->filter[(i * k->in + c) * k->out + o];
	}
	return sum;
}

/* `top` rows and columns of zeros before the first; the rest follows from the result's size. */
static struct plain plain_conv(
	struct plain in, const struct conv *k, size_t side, long top, bool depthwise)
{
	const long stride = k->window.stride > 0 ? (long)k->window.stride : 1;
	struct plain out = plain_new(side, side, k->out);
	for (size_t i = 0; i < side * side * k->out; i++) {
		const size_t o = i % k->out, x = i / k->out % side, y = i / k->out / side;
		double v = window_sum(
			in, k, (long)y * stride - top, (long)x * stride - top, o, depthwise);
		v += k->bias != NULL ? (double)k->bias[o] : 0;
		v = v * (k->scale != NULL ? (double)k->scale[o] : 1) +
			(k->offset != NULL ? (double)k->offset[o] : 0);
		out.v[i] = (float)activate(v, k->act, k->slope);
	}
	free(in.v);
	return out;
}

static struct plain plain_pool(struct plain in, size_t size, size_t stride, size_t side, bool max)
{
	struct plain out = plain_new(side, side, in.c);
	for (size_t i = 0; i < side * side * in.c; i++) {
		const size_t c = i % in.c, x = i / in.c % side, y = i / in.c / side;
		double best = -HUGE_VAL, sum = 0;
		for (size_t k = 0; k < size * size; k++) {
			const size_t sy = y * stride + k / size, sx = x * stride + k % size;
			if (sy >= in.h || sx >= in.w)
				continue;
			const double v = (double)at(in, (long)sy, (long)sx, c);
			best = fmax(best, v);
			sum += v;
		}
		out.v[i] = (float)(max ? best : sum / (double)(size * size));
	}
	return out;
}

static void assert_near(const float *have, const float *want, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!(fabs((double)have[i] - (double)want[i]) < 1e-4))
			fail_msg("value %zu is %g, not %g", i, (double)have[i], (double)want[i]);
	}
}

/* The tested network: 11x11x3, one of each kind of operation. */
struct net {
	float *weight; /* poisoned and freed once the session is open */
	struct conv first, depthwise, point;
	struct graph *g;
};

static void net_weights(struct net *n, uint32_t seed)
{
	n->weight = mem_array(WEIGHTS, sizeof(float));
	assert_non_null(n->weight);
	fill(n->weight, WEIGHTS, seed);
	const float *w = n->weight;
	n->first = (struct conv){.window = {.stride = 2, .padding = PAD_SAME},
		.filter_h = 3,
		.filter_w = 3,
		.in = IN,
		.out = MID,
		.filter = w,
		.bias = w + 300,
		.scale = w + 320,
		.offset = w + 340,
		.act = ACT_LEAKY,
		.slope = 0.1F};
	n->depthwise = (struct conv){.window = {.padding = PAD_SAME},
		.filter_h = 3,
		.filter_w = 3,
		.in = MID,
		.out = MID,
		.filter = w + 400,
		.scale = w + 500,
		.offset = w + 520,
		.act = ACT_RELU6};
	n->point = (struct conv){.filter_h = 1,
		.filter_w = 1,
		.in = MID,
		.out = OUT,
		.filter = w + 600,
		.bias = w + 700};
}

static void net_new(struct net *n, uint32_t seed)
{
	struct error why = {0};
	net_weights(n, seed);
	assert_int_equal(graph_new(&n->g, &why), OK);
	struct graph *g = n->g;
	int x = graph_input(g, (struct shape){SIDE, SIDE, IN});
	x = graph_conv(g, x, &n->first);              /* 6x6x9 */
	int y = graph_depthwise(g, x, &n->depthwise); /* 6x6x9 */
	x = graph_add(g, x, y, ACT_NONE);
	x = graph_conv(g, x, &n->point); /* 6x6x6 */
	graph_output(g, x);              /* an output that others use, too */
	int max = graph_max_pool(
		g, x, (struct window){.h = 2, .w = 2, .stride = 1, .padding = PAD_SAME});
	int avg = graph_avg_pool(g, max, (struct window){.h = 2, .w = 2, .stride = 2}); /* 3x3x6 */
	int padded = graph_pad_end(g, avg, 1, 1, 2);                                    /* 4x4x8 */
	graph_output(g, graph_sigmoid(g, padded));
	graph_output(g, graph_dense(g, avg, 5, n->weight + 800, n->weight + 1200));
	graph_output(g, graph_global_avg(g, graph_activation(g, avg, ACT_RELU, 0)));
	if (graph_finish(g, &why) != OK)
		fail_msg("%s", why.text);
}

/* Opens a session and then destroys everything it was made from. */
static struct session *net_open_like(
	const struct session *like, uint32_t seed, size_t batch, size_t threads)
{
	struct net n;
	struct session *s;
	struct error why = {0};
	net_new(&n, seed);
	if (session_open_like(&s, n.g, like, batch, threads, &why) != OK)
		fail_msg("%s", why.text);
	graph_free(n.g);
	for (size_t i = 0; i < WEIGHTS; i++)
		n.weight[i] = NAN;
	free(n.weight);
	return s;
}

static struct session *net_open(size_t batch, size_t threads)
{
	return net_open_like(NULL, WEIGHTS_SEED, batch, threads);
}

static void run(struct session *s)
{
	struct error why = {0};
	if (session_run(s, &why) != OK)
		fail_msg("%s", why.text);
}

static void a_network_gives_what_plain_loops_give(void **state)
{
	(void)state;
	struct net n;
	net_new(&n, WEIGHTS_SEED);
	graph_free(n.g);
	struct session *s = net_open(1, 1);
	struct plain x = plain_new(SIDE, SIDE, IN);
	fill(x.v, (size_t)SIDE * SIDE * IN, 99);
	memcpy(session_input(s, 0), x.v, sizeof(float) * SIDE * SIDE * IN);
	run(s);

	x = plain_conv(x, &n.first, 6, 1, false); /* 11 at stride 2: one before, one after */
	struct plain copy = plain_new(6, 6, MID);
	memcpy(copy.v, x.v, sizeof(float) * 6 * 6 * MID);
	struct plain y = plain_conv(copy, &n.depthwise, 6, 1, true);
	for (size_t i = 0; i < (size_t)6 * 6 * MID; i++)
		x.v[i] += y.v[i];
	x = plain_conv(x, &n.point, 6, 0, false);
	assert_near(session_output(s, 0), x.v, (size_t)6 * 6 * OUT);

	struct plain max = plain_pool(x, 2, 1, 6, true), avg = plain_pool(max, 2, 2, 3, false);
	struct plain padded = plain_new(4, 4, OUT + 2);
	float mean[OUT] = {0}, dense[5];
	for (size_t i = 0; i < (size_t)4 * 4 * (OUT + 2); i++) {
		const size_t c = i % (OUT + 2), px = i / (OUT + 2) % 4, py = i / (OUT + 2) / 4;
		const double v = c < OUT ? (double)at(avg, (long)py, (long)px, c) : 0;
		padded.v[i] = (float)(1 / (1 + exp(-v)));
	}
	assert_near(session_output(s, 1), padded.v, (size_t)4 * 4 * (OUT + 2));
	for (size_t o = 0; o < 5; o++) {
		dense[o] = n.weight[1200 + o];
		for (size_t i = 0; i < (size_t)3 * 3 * OUT; i++)
			dense[o] += avg.v[i] * n.weight[800 + i * 5 + o];
	}
	assert_near(session_output(s, 2), dense, 5);
	for (size_t i = 0; i < (size_t)3 * 3 * OUT; i++)
		mean[i % OUT] += fmaxf(avg.v[i], 0) / 9;
	assert_near(session_output(s, 3), mean, OUT);

	free(x.v);
	free(y.v);
	free(max.v);
	free(avg.v);
	free(padded.v);
	free(n.weight);
	session_close(s);
}

static void assert_same_outputs(const struct session *a, const struct session *b, size_t image)
{
	static const size_t size[] = {6 * 6 * OUT, 4 * 4 * (OUT + 2), 5, OUT};
	for (size_t i = 0; i < 4; i++)
		assert_near(session_output(a, i) + image * size[i], session_output(b, i), size[i]);
}

static void each_image_of_a_batch_is_as_if_alone(void **state)
{
	(void)state;
	enum { BATCH = 5 };
	const size_t image = (size_t)SIDE * SIDE * IN;
	struct session *many = net_open(BATCH, 1), *one = net_open(1, 1);
	fill(session_input(many, 0), BATCH * image, 5);
	run(many);
	for (size_t i = 0; i < BATCH; i++) {
		memcpy(session_input(one, 0), session_input(many, 0) + i * image,
			image * sizeof(float));
		run(one);
		assert_same_outputs(many, one, i);
	}
	session_close(many);
	session_close(one);
}

static void threads_do_not_change_the_result(void **state)
{
	(void)state;
	struct session *two = net_open(3, 2), *one = net_open(3, 1);
	const size_t image = (size_t)SIDE * SIDE * IN;
	for (uint32_t seed = 1; seed < 4; seed++) {
		fill(session_input(two, 0), 3 * image, seed);
		memcpy(session_input(one, 0), session_input(two, 0), 3 * image * sizeof(float));
		run(two);
		run(one);
		assert_same_outputs(two, one, 0);
	}
	session_close(two);
	session_close(one);
}

/* One of the same network, one of another of the same shape, which only looks like it. */
static void sessions_that_share_weights_give_what_each_gives_alone(void **state)
{
	(void)state;
	const size_t image = (size_t)SIDE * SIDE * IN;
	struct session *first = net_open(1, 1), *more = net_open_like(first, WEIGHTS_SEED, 1, 1);
	struct session *alone = net_open(1, 1);
	struct session *other = net_open_like(more, 99, 1, 1);
	struct session *other_alone = net_open_like(NULL, 99, 1, 1);
	struct session *all[] = {first, more, alone, other, other_alone};
	for (int round = 0; round < 2; round++) {
		for (size_t i = round == 0 ? 0 : 1; i < 5; i++) {
			fill(session_input(all[i], 0), image, 4);
			run(all[i]);
		}
		assert_same_outputs(more, alone, 0);
		assert_same_outputs(other, other_alone, 0);
		if (round == 0) /* the others keep what they share with it */
			session_close(first);
	}
	for (size_t i = 1; i < 5; i++)
		session_close(all[i]);
}

/* One convolution of a line, by our own kernels (one thread) or by XNNPACK (two). */
static struct session *open_line(const float *weight, size_t width, size_t outputs, size_t threads)
{
	struct graph *g;
	struct session *s = NULL;
	struct error why = {0};
	const struct conv conv = {.window = {.padding = PAD_SAME},
		.filter_h = 3,
		.filter_w = 3,
		.in = IN,
		.out = outputs,
		.filter = weight,
		.bias = weight + 1200,
		.act = ACT_RELU6};
	assert_int_equal(graph_new(&g, &why), OK);
	graph_output(g, graph_conv(g, graph_input(g, (struct shape){2, width, IN}), &conv));
	if (graph_finish(g, &why) != OK || session_open(&s, g, 1, threads, &why) != OK)
		fail_msg("%s", why.text);
	graph_free(g);
	return s;
}

static void lines_of_every_length_give_the_same(void **state)
{
	(void)state;
	static const size_t outputs[] = {7, 16, 20, 32, 41};
	float weight[1300];
	fill(weight, 1300, 11);
	for (size_t width = 1; width <= 33; width++) {
		for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
			struct session *one = open_line(weight, width, outputs[i], 1);
			struct session *two = open_line(weight, width, outputs[i], 2);
			fill(session_input(one, 0), 2 * width * IN, 6);
			fill(session_input(two, 0), 2 * width * IN, 6);
			run(one);
			run(two);
			assert_near(session_output(one, 0), session_output(two, 0),
				2 * width * outputs[i]);
			session_close(one);
			session_close(two);
		}
	}
}

static void running_again_with_the_same_input_gives_the_same_bits(void **state)
{
	(void)state;
	struct session *s = net_open(2, 1);
	float first[2 * 5];
	fill(session_input(s, 0), (size_t)2 * SIDE * SIDE * IN, 3);
	run(s);
	memcpy(first, session_output(s, 2), sizeof(first));
	run(s);
	assert_memory_equal(first, session_output(s, 2), sizeof(first));
	session_close(s);
}

static void running_allocates_nothing(void **state)
{
	(void)state;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct session *s = net_open(3, 1);
	struct error why = {0};
	long live = faults_live();
	faults_arm_all(1);
	enum err e = session_run(s, &why);
	faults_disarm();
	assert_int_equal(e, OK);
	assert_int_equal(faults_hit(), 0);
	assert_int_equal(faults_live(), live);
	session_close(s);
}

/* Only the allocations of our own: not every version of XNNPACK survives the lack of memory. */
static void opening_says_when_there_is_no_memory(void **state)
{
	(void)state;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct net n;
	net_new(&n, WEIGHTS_SEED);
	session_close(net_open(1, 1)); /* what XNNPACK keeps for ever */
	for (unsigned long k = 1; k <= 2; k++) {
		struct session *s;
		struct error why = {0};
		const long live = faults_live();
		faults_arm(k);
		enum err e = session_open(&s, n.g, 1, 1, &why);
		faults_disarm();
		assert_int_equal(e, ERR_NOMEM);
		assert_null(s);
		assert_int_equal(faults_live(), live);
	}
	graph_free(n.g);
	free(n.weight);
}

static void senseless_sessions_are_refused(void **state)
{
	(void)state;
	struct net n;
	struct session *s;
	struct error why = {0};
	net_new(&n, WEIGHTS_SEED);
	assert_int_equal(session_open(&s, n.g, 0, 1, &why), ERR_ARG);
	assert_int_equal(session_open(&s, n.g, SESSION_BATCH_MAX + 1, 1, &why), ERR_ARG);
	assert_int_equal(session_open(&s, n.g, 1, 0, &why), ERR_ARG);
	assert_int_equal(session_open(&s, n.g, 1, SESSION_THREADS_MAX + 1, &why), ERR_ARG);
	assert_null(s);
	graph_free(n.g);
	free(n.weight);
	assert_int_equal(graph_new(&n.g, &why), OK);
	assert_int_equal(session_open(&s, n.g, 1, 1, &why), ERR_ARG);
	graph_free(n.g);
	session_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_gives_what_plain_loops_give),
		cmocka_unit_test(each_image_of_a_batch_is_as_if_alone),
		cmocka_unit_test(threads_do_not_change_the_result),
		cmocka_unit_test(sessions_that_share_weights_give_what_each_gives_alone),
		cmocka_unit_test(lines_of_every_length_give_the_same),
		cmocka_unit_test(running_again_with_the_same_input_gives_the_same_bits),
		cmocka_unit_test(running_allocates_nothing),
		cmocka_unit_test(opening_says_when_there_is_no_memory),
		cmocka_unit_test(senseless_sessions_are_refused),
	};
	return cmocka_run_group_tests_name("infer_session", tests, NULL, NULL);
}
