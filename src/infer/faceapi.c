/* SPDX-License-Identifier: MIT */
#include "infer/faceapi.h"

#include <math.h>
#include <stdio.h>

#include "infer/graph_int.h"

enum { TENSOR_NAME_MAX = 128, INPUT_SIDE_MAX = 4096, INPUT_STEP = 32, TINY_OUT = 25 };

/* ssdMobilenetv1/mobileNetV1.ts: epsilon. */
static const double ssd_epsilon = 0.0010000000474974513;
/* tinyYolov2/leaky.ts. */
static const float tiny_slope = 0.10000000149011612F;

/* A network being made; keeps the first failure, like the graph itself. */
struct maker {
	struct graph *g;
	const struct weights *w;
	enum err code;
	struct error *why;
};

/* --- tensors by name ------------------------------------------------------------------- */

static void shape_text(int rank, const size_t *dims, char *out, size_t room)
{
	size_t used = 0;
	out[0] = '\0';
	for (int i = 0; i < rank && used < room; i++)
		used += (size_t)snprintf(
			out + used, room - used, "%s%zu", i > 0 ? "x" : "", dims[i]);
}

/* The values of tensor "prefix/suffix", which must have exactly this shape; else NULL. */
static const float *take(
	struct maker *m, const char *prefix, const char *suffix, int rank, const size_t *dims)
{
	char name[TENSOR_NAME_MAX], have[96], want[96];
	if (m->code != OK)
		return NULL;
	snprintf(name, sizeof(name), "%s%s", prefix, suffix);
	const struct tensor *t = weights_find(m->w, name);
	if (t == NULL) {
		m->code = err_set(m->why, ERR_FORMAT, "tensor '%s' is missing", name);
		return NULL;
	}
	bool same = t->rank == rank;
	for (int i = 0; same && i < rank; i++)
		same = t->dims[i] == dims[i];
	if (same)
		return t->data;
	shape_text(t->rank, t->dims, have, sizeof(have));
	shape_text(rank, dims, want, sizeof(want));
	m->code = err_set(
		m->why, ERR_FORMAT, "tensor '%s' has the shape %s, not %s", name, have, want);
	return NULL;
}

static const float *take_vector(
	struct maker *m, const char *prefix, const char *suffix, size_t count)
{
	return take(m, prefix, suffix, 1, &count);
}

/* A convolution of `size` x `size` from `in` to `out` channels, its filter "prefix/suffix". */
static struct conv take_conv(
	struct maker *m, const char *prefix, const char *suffix, size_t size, const size_t ch[2])
{
	const size_t dims[] = {size, size, ch[0], ch[1]};
	return (struct conv){.window = {.padding = PAD_SAME},
		.filter_h = size,
		.filter_w = size,
		.in = ch[0],
		.out = ch[1],
		.filter = take(m, prefix, suffix, 4, dims)};
}

static struct conv take_depthwise(
	struct maker *m, const char *prefix, const char *suffix, size_t channels)
{
	struct conv c = take_conv(m, prefix, suffix, 3, (const size_t[]){channels, 1});
	c.out = channels;
	return c;
}

/* common/depthwiseSeparableConv.ts, with 'same' padding. */
static int separable(
	struct maker *m, int x, const char *prefix, const size_t ch[2], struct conv how)
{
	struct conv depthwise = take_depthwise(m, prefix, "/depthwise_filter", ch[0]);
	struct conv pointwise = take_conv(m, prefix, "/pointwise_filter", 1, ch);
	depthwise.window.stride = how.window.stride;
	pointwise.bias = take_vector(m, prefix, "/bias", ch[1]);
	pointwise.act = how.act;
	return graph_conv(m->g, graph_depthwise(m->g, x, &depthwise), &pointwise);
}

/* Makes the graph with `fill`, finishes it, hands it out. */
static enum err make(struct graph **out, const struct weights *w,
	void (*fill)(struct maker *m, struct shape input), struct shape input, struct error *why)
{
	struct maker m = {.w = w, .why = why};
	*out = NULL;
	enum err e = graph_new(&m.g, why);
	if (e != OK)
		return e;
	fill(&m, input);
	e = m.code != OK ? m.code : graph_finish(m.g, why);
	if (e != OK)
		graph_free(m.g);
	else
		*out = m.g;
	return e;
}

/* The detectors halve their input again and again. */
static enum err check_size(size_t height, size_t width, struct error *why)
{
	const size_t side[] = {height, width};
	for (size_t i = 0; i < 2; i++)
		if (side[i] == 0 || side[i] % INPUT_STEP != 0 || side[i] > INPUT_SIDE_MAX)
			return err_set(why, ERR_ARG,
				"the detector's size %zu is no multiple of %d up to %d", side[i],
				INPUT_STEP, INPUT_SIDE_MAX);
	return OK;
}

/* --- ssdMobilenetv1/ -------------------------------------------------------------------- */

/* pointwiseConvLayer.ts */
static int ssd_conv(
	struct maker *m, int x, const char *prefix, size_t size, const size_t ch[2], size_t stride)
{
	struct conv c = take_conv(m, prefix, "/weights", size, ch);
	c.bias = take_vector(m, prefix, "/convolution_bn_offset", ch[1]);
	c.window.stride = stride;
	c.act = ACT_RELU6;
	return graph_conv(m->g, x, &c);
}

/* mobileNetV1.ts: batch norm as a scale and an offset. */
static void ssd_batch_norm(struct maker *m, const char *prefix, struct conv *c)
{
	const size_t n = c->out;
	const float *gamma = take_vector(m, prefix, "/BatchNorm/gamma", n);
	const float *beta = take_vector(m, prefix, "/BatchNorm/beta", n);
	const float *mean = take_vector(m, prefix, "/BatchNorm/moving_mean", n);
	const float *variance = take_vector(m, prefix, "/BatchNorm/moving_variance", n);
	float *scale = graph_floats(m->g, n), *offset = graph_floats(m->g, n);
	if (m->code != OK || scale == NULL || offset == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		double spread = (double)variance[i] + ssd_epsilon;
		double factor = (double)gamma[i] / sqrt(spread > 0 ? spread : ssd_epsilon);
		scale[i] = (float)factor;
		offset[i] = (float)((double)beta[i] - (double)mean[i] * factor);
	}
	c->scale = scale;
	c->offset = offset;
}

static int ssd_depthwise(struct maker *m, int x, const char *prefix, size_t channels, size_t stride)
{
	struct conv c = take_depthwise(m, prefix, "/depthwise_weights", channels);
	ssd_batch_norm(m, prefix, &c);
	c.window.stride = stride;
	c.act = ACT_RELU6;
	return graph_depthwise(m->g, x, &c);
}

/* boxPredictionLayer.ts: the two outputs of one feature map. */
static void ssd_predict(struct maker *m, int x, int index, size_t in, size_t anchors)
{
	static const struct {
		const char *name;
		size_t values; /* an anchor */
	} head[] = {{"BoxEncodingPredictor", 4}, {"ClassPredictor", 3}};
	for (size_t i = 0; i < 2; i++) {
		char prefix[TENSOR_NAME_MAX];
		const size_t ch[] = {in, anchors * head[i].values};
		snprintf(prefix, sizeof(prefix), "Prediction/BoxPredictor_%d/%s", index,
			head[i].name);
		struct conv c = take_conv(m, prefix, "/weights", 1, ch);
		c.bias = take_vector(m, prefix, "/biases", ch[1]);
		graph_output(m->g, graph_conv(m->g, x, &c));
	}
}

/* predictionLayer.ts */
static void ssd_predictions(struct maker *m, int conv11, int conv13)
{
	static const struct {
		size_t size, in, out, stride;
	} layer[] = {{1, 1024, 256, 1}, {3, 256, 512, 2}, {1, 512, 128, 1}, {3, 128, 256, 2},
		{1, 256, 128, 1}, {3, 128, 256, 2}, {1, 256, 64, 1}, {3, 64, 128, 2}};
	ssd_predict(m, conv11, 0, 512, 3);
	ssd_predict(m, conv13, 1, 1024, 6);
	int x = conv13;
	for (int i = 0; i < 8; i++) {
		char prefix[TENSOR_NAME_MAX];
		const size_t ch[] = {layer[i].in, layer[i].out};
		snprintf(prefix, sizeof(prefix), "Prediction/Conv2d_%d_pointwise", i);
		x = ssd_conv(m, x, prefix, layer[i].size, ch, layer[i].stride);
		if (i % 2 == 1)
			ssd_predict(m, x, 2 + i / 2, ch[1], 6);
	}
}

static void ssd_fill(struct maker *m, struct shape input)
{
	static const size_t channels[] = {
		32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024};
	const size_t anchor_dims[] = {1, SSD_ANCHORS, 4};
	(void)take(m, "Output", "/extra_dim", 3, anchor_dims); /* whoever decodes needs it */
	int x = graph_input(m->g, input), conv11 = -1;
	x = ssd_conv(m, x, "MobilenetV1/Conv2d_0_pointwise", 3, (const size_t[]){3, 32}, 2);
	for (int i = 1; i <= 13; i++) {
		char prefix[TENSOR_NAME_MAX];
		const bool halve = i == 2 || i == 4 || i == 6 || i == 12;
		snprintf(prefix, sizeof(prefix), "MobilenetV1/Conv2d_%d_depthwise", i);
		x = ssd_depthwise(m, x, prefix, channels[i - 1], halve ? 2 : 1);
		snprintf(prefix, sizeof(prefix), "MobilenetV1/Conv2d_%d_pointwise", i);
		x = ssd_conv(m, x, prefix, 1, &channels[i - 1], 1);
		if (i == 11)
			conv11 = x;
	}
	ssd_predictions(m, conv11, x);
}

enum err faceapi_ssd_sized(
	struct graph **out, const struct weights *w, size_t height, size_t width, struct error *why)
{
	*out = NULL;
	enum err err = check_size(height, width, why);
	return err != OK ? err : make(out, w, ssd_fill, (struct shape){height, width, 3}, why);
}

enum err faceapi_ssd(struct graph **out, const struct weights *w, struct error *why)
{
	return faceapi_ssd_sized(out, w, SSD_SIZE, SSD_SIZE, why);
}

/* --- tinyFaceDetector/, tinyYolov2/TinyYolov2Base.ts: runMobilenet ---------------------- */

/*
 * The reference applies the leaky activation before it pools. It never decreases, so
 * pooling first gives the same bits, with a quarter of the work.
 */
static int tiny_pool(struct maker *m, int x, size_t stride)
{
	const struct window pool = {.h = 2, .w = 2, .stride = stride, .padding = PAD_SAME};
	return graph_activation(m->g, graph_max_pool(m->g, x, pool), ACT_LEAKY, tiny_slope);
}

static void tiny_fill(struct maker *m, struct shape input)
{
	static const size_t channels[] = {3, 16, 32, 64, 128, 256, 512};
	int x = graph_input(m->g, input);
	struct conv first = take_conv(m, "conv0", "/filters", 3, channels);
	first.bias = take_vector(m, "conv0", "/bias", channels[1]);
	first.window.padding = PAD_VALID;
	x = tiny_pool(m, graph_conv(m->g, x, &first), 2);
	for (int i = 1; i <= 5; i++) {
		char prefix[TENSOR_NAME_MAX];
		snprintf(prefix, sizeof(prefix), "conv%d", i);
		x = separable(m, x, prefix, &channels[i], (struct conv){.act = ACT_NONE});
		x = tiny_pool(m, x, i < 5 ? 2 : 1);
	}
	const size_t ch[] = {channels[6], TINY_OUT};
	struct conv last = take_conv(m, "conv8", "/filters", 1, ch);
	last.bias = take_vector(m, "conv8", "/bias", TINY_OUT);
	graph_output(m->g, graph_conv(m->g, x, &last));
}

enum err faceapi_tiny_sized(
	struct graph **out, const struct weights *w, size_t height, size_t width, struct error *why)
{
	*out = NULL;
	enum err err = check_size(height, width, why);
	return err != OK ? err : make(out, w, tiny_fill, (struct shape){height, width, 3}, why);
}

enum err faceapi_tiny(struct graph **out, const struct weights *w, size_t size, struct error *why)
{
	return faceapi_tiny_sized(out, w, size, size, why);
}

/* --- faceLandmarkNet/, faceFeatureExtractor/ -------------------------------------------- */

/* denseBlock.ts: denseBlock4. Each layer adds to the sum of those before it. */
static int dense_block(struct maker *m, int x, int block, const size_t ch[2])
{
	char prefix[TENSOR_NAME_MAX];
	const size_t wide[] = {ch[1], ch[1]};
	snprintf(prefix, sizeof(prefix), "dense%d/conv0", block);
	if (block == 0) {
		struct conv c = take_conv(m, prefix, "/filters", 3, ch);
		c.bias = take_vector(m, prefix, "/bias", ch[1]);
		c.window.stride = 2;
		c.act = ACT_RELU;
		x = graph_conv(m->g, x, &c);
	} else {
		const struct conv how = {.window = {.stride = 2}, .act = ACT_RELU};
		x = separable(m, x, prefix, ch, how);
	}
	int sum = x; /* out1 + out2 + ..., before the activation */
	for (int i = 1; i <= 3; i++) {
		snprintf(prefix, sizeof(prefix), "dense%d/conv%d", block, i);
		int out = separable(m, x, prefix, wide, (struct conv){.act = ACT_NONE});
		x = graph_add(m->g, sum, out, ACT_RELU);
		if (i < 3)
			sum = graph_add(m->g, sum, out, ACT_NONE);
	}
	return x;
}

static void landmarks_fill(struct maker *m, struct shape input)
{
	static const size_t channels[] = {3, 32, 64, 128, 256};
	const size_t points = (size_t)2 * LANDMARK_POINTS;
	int x = graph_input(m->g, input);
	for (int i = 0; i < 4; i++)
		x = dense_block(m, x, i, &channels[i]);
	/* The reference's 7x7 window is all there is left. */
	x = graph_global_avg(m->g, x);
	const float *matrix = take(m, "fc", "/weights", 2, (const size_t[]){256, points});
	const float *bias = take_vector(m, "fc", "/bias", points);
	graph_output(m->g, graph_dense(m->g, x, points, matrix, bias));
}

enum err faceapi_landmarks(struct graph **out, const struct weights *w, struct error *why)
{
	return make(out, w, landmarks_fill, (struct shape){LANDMARK_SIZE, LANDMARK_SIZE, 3}, why);
}

/* --- faceRecognitionNet/ ---------------------------------------------------------------- */

/* convLayer.ts: "prefix/conv" and then "prefix/scale"; `how` has window and activation. */
static int embed_conv(struct maker *m, int x, const char *prefix, size_t size, const size_t ch[2],
	struct conv how)
{
	struct conv c = take_conv(m, prefix, "/conv/filters", size, ch);
	c.bias = take_vector(m, prefix, "/conv/bias", ch[1]);
	c.scale = take_vector(m, prefix, "/scale/weights", ch[1]);
	c.offset = take_vector(m, prefix, "/scale/biases", ch[1]);
	c.window = how.window;
	c.act = how.act;
	return graph_conv(m->g, x, &c);
}

static struct shape shape_of(const struct maker *m, int x)
{
	return x >= 0 ? graph_op(m->g, (size_t)x)->shape : (struct shape){0};
}

/* residualLayer.ts; when it halves, the shorter of the two sides is filled up with zeros. */
static int residual(struct maker *m, int x, const char *name, const size_t ch[2], bool halve)
{
	static const struct conv down = {
		.window = {.stride = 2, .padding = PAD_VALID}, .act = ACT_RELU};
	static const struct conv same = {.window = {.padding = PAD_SAME}, .act = ACT_RELU};
	static const struct conv linear = {.window = {.padding = PAD_SAME}};
	const size_t wide[] = {ch[1], ch[1]};
	char prefix[TENSOR_NAME_MAX];
	snprintf(prefix, sizeof(prefix), "%s/conv1", name);
	int out = embed_conv(m, x, prefix, 3, ch, halve ? down : same);
	snprintf(prefix, sizeof(prefix), "%s/conv2", name);
	out = embed_conv(m, out, prefix, 3, wide, linear);
	if (halve) {
		x = graph_avg_pool(m->g, x, (struct window){.h = 2, .w = 2, .stride = 2});
		const struct shape a = shape_of(m, out), b = shape_of(m, x);
		const size_t more = a.h != b.h || a.w != b.w ? 1 : 0;
		out = graph_pad_end(m->g, out, more, more, 0);
		x = graph_pad_end(m->g, x, 0, 0, ch[1] - ch[0]);
	}
	return graph_add(m->g, x, out, ACT_RELU);
}

static void embed_fill(struct maker *m, struct shape input)
{
	static const struct {
		const char *name;
		size_t ch[2];
		bool halve;
	} layer[] = {
		{"conv32_1", {32, 32}, false},
		{"conv32_2", {32, 32}, false},
		{"conv32_3", {32, 32}, false},
		{"conv64_down", {32, 64}, true},
		{"conv64_1", {64, 64}, false},
		{"conv64_2", {64, 64}, false},
		{"conv64_3", {64, 64}, false},
		{"conv128_down", {64, 128}, true},
		{"conv128_1", {128, 128}, false},
		{"conv128_2", {128, 128}, false},
		{"conv256_down", {128, 256}, true},
		{"conv256_1", {256, 256}, false},
		{"conv256_2", {256, 256}, false},
		{"conv256_down_out", {256, 256}, true},
	};
	const struct conv down = {.window = {.stride = 2, .padding = PAD_VALID}, .act = ACT_RELU};
	int x = graph_input(m->g, input);
	x = embed_conv(m, x, "conv32_down", 7, (const size_t[]){3, 32}, down);
	x = graph_max_pool(m->g, x, (struct window){.h = 3, .w = 3, .stride = 2});
	for (size_t i = 0; i < sizeof(layer) / sizeof(layer[0]); i++)
		x = residual(m, x, layer[i].name, layer[i].ch, layer[i].halve);
	x = graph_global_avg(m->g, x);
	const float *matrix = take(m, "fc", "", 2, (const size_t[]){256, EMBED_DIM});
	graph_output(m->g, graph_dense(m->g, x, EMBED_DIM, matrix, NULL));
}

enum err faceapi_embed(struct graph **out, const struct weights *w, struct error *why)
{
	return make(out, w, embed_fill, (struct shape){EMBED_SIZE, EMBED_SIZE, 3}, why);
}
