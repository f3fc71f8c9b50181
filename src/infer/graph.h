/* SPDX-License-Identifier: MIT */
/*
 * A network as a list of operations on NHWC float tensors, with shapes inferred
 * as it is built. Building is by one thread; a finished graph is const and any
 * thread may open sessions on it.
 *
 * Every graph_* builder returns the id of its result, or a negative id once
 * anything has failed; ids may be passed on unchecked, and graph_finish tells the
 * first failure. Weights are never copied: opening a session folds and packs them.
 */
#ifndef INFER_GRAPH_H
#define INFER_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	GRAPH_OPS_MAX = 4096,
	GRAPH_PORTS_MAX = 32,         /* inputs, and outputs, of one graph */
	GRAPH_ELEMENTS_MAX = 1 << 28, /* of one tensor */
};

struct graph;
struct weights;

/* Height, width and channels of one image of the batch; a flat vector is 1x1xC. */
struct shape {
	size_t h, w, c;
};

enum activation { ACT_NONE, ACT_RELU, ACT_RELU6, ACT_LEAKY /* slope in the options */ };
enum padding { PAD_VALID, PAD_SAME /* TensorFlow's: more at the bottom and right */, PAD_EXPLICIT };

/* How a convolution or pooling window moves. Zero means 1 for stride and dilation. */
struct window {
	size_t h, w; /* size; convolutions take it from the filter */
	size_t stride, dilation;
	size_t stride_w, dilation_w; /* across, where they differ; zero: the same */
	enum padding padding;
	size_t top, right, bottom, left; /* for PAD_EXPLICIT */
};

/* How a filter lies in memory: HWIO (depthwise HWC1), or as ONNX has it, OIHW (C1HW). */
enum filter_order { FILTER_HWIO, FILTER_OIHW };

/*
 * A convolution's arithmetic: y = act((conv(x, filter) + bias) * scale + offset).
 * `filter` is in `order`, the others have one value a channel of the output and may be
 * NULL. scale and offset are folded into filter and bias. With `groups` (0 is 1), of
 * FILTER_OIHW only, `in` counts the channels of one group and `out` those of all.
 * All pointers are borrowed until the graph is freed.
 */
struct conv {
	struct window window;
	size_t filter_h, filter_w, in, out, groups;
	enum filter_order order;
	const float *filter, *bias, *scale, *offset;
	enum activation act;
	float slope; /* for ACT_LEAKY */
};

/* Makes an empty graph. */
enum err graph_new(struct graph **out, struct error *why) MUST_USE;
void graph_free(struct graph *g);

/*
 * `count` zeroed floats that live as long as the graph, for values computed by the
 * caller (a batch norm's scale and offset); NULL after any failure.
 */
float *graph_floats(struct graph *g, size_t count);

/* An input port. */
int graph_input(struct graph *g, struct shape shape);

/* A convolution; the depthwise one has one filter a channel: in == out. */
int graph_conv(struct graph *g, int x, const struct conv *conv);
int graph_depthwise(struct graph *g, int x, const struct conv *conv);
/* y = x * matrix + bias; matrix is (in, out), as TensorFlow has it; x is flattened first. */
int graph_dense(struct graph *g, int x, size_t out, const float *matrix, const float *bias);
int graph_max_pool(struct graph *g, int x, struct window window);
/* Cells of padding are not counted; no dilation. */
int graph_avg_pool(struct graph *g, int x, struct window window);
int graph_global_avg(struct graph *g, int x);
int graph_add(struct graph *g, int a, int b, enum activation act); /* ACT_LEAKY: add one after it */
int graph_activation(struct graph *g, int x, enum activation act, float slope);
int graph_sigmoid(struct graph *g, int x);
/* Zeros after the last row, column and channel. */
int graph_pad_end(struct graph *g, int x, size_t h, size_t w, size_t c);
/* Results, neither an input nor the same one twice. */
void graph_output(struct graph *g, int x);

/*
 * Checks the whole; from here on the graph is const. The first builder failure is
 * reported here; also an input that no output needs. What no output needs is left out.
 */
enum err graph_finish(struct graph *g, struct error *why) MUST_USE;

/* Counts and shapes of the ports, in the order in which they were made. */
size_t graph_inputs(const struct graph *g);
size_t graph_outputs(const struct graph *g);
struct shape graph_input_shape(const struct graph *g, size_t i);
struct shape graph_output_shape(const struct graph *g, size_t i);

/* Floating-point operations of one image (a multiply-add counts two). */
double graph_flops(const struct graph *g);

#endif
