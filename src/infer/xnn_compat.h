/* SPDX-License-Identifier: MIT */
/*
 * The differences between XNNPACK's versions, and the only place that knows them:
 * Debian 12 and Ubuntu 24.04 have a function for each operation, Debian 13 has
 * families (unary, binary, reduce) and a run-time that is set up in two steps.
 * meson.build tries each call and says which one compiles.
 */
#ifndef INFER_XNN_COMPAT_H
#define INFER_XNN_COMPAT_H

#include <xnnpack.h>

#include <math.h>

/* max(a + b into [min, max]) */
static inline enum xnn_status compat_add(
	xnn_subgraph_t g, float min, float max, uint32_t a, uint32_t b, uint32_t out)
{
#ifdef XNN_HAS_BINARY
	const struct xnn_binary_params params = {
		.output_min = (double)min, .output_max = (double)max};
	return xnn_define_binary(g, xnn_binary_add, &params, a, b, out, 0);
#else
	return xnn_define_add2(g, min, max, a, b, out, 0);
#endif
}

static inline enum xnn_status compat_clamp(
	xnn_subgraph_t g, float min, float max, uint32_t in, uint32_t out)
{
#ifdef XNN_HAS_UNARY
	const union xnn_unary_params params = {.clamp = {.min = min, .max = max}};
	return xnn_define_unary(g, xnn_unary_clamp, &params, in, out, 0);
#else
	return xnn_define_clamp(g, min, max, in, out, 0);
#endif
}

static inline enum xnn_status compat_leaky(xnn_subgraph_t g, float slope, uint32_t in, uint32_t out)
{
#ifdef XNN_HAS_UNARY
	const union xnn_unary_params params = {.leaky_relu = {.negative_slope = slope}};
	return xnn_define_unary(g, xnn_unary_leaky_relu, &params, in, out, 0);
#else
	return xnn_define_leaky_relu(g, slope, in, out, 0);
#endif
}

static inline enum xnn_status compat_sigmoid(xnn_subgraph_t g, uint32_t in, uint32_t out)
{
#ifdef XNN_HAS_UNARY
	return xnn_define_unary(g, xnn_unary_sigmoid, NULL, in, out, 0);
#else
	return xnn_define_sigmoid(g, in, out, 0);
#endif
}

/* The mean over rows and columns, (n, h, w, c) to (n, 1, 1, c). */
static inline enum xnn_status compat_global_avg(xnn_subgraph_t g, uint32_t in, uint32_t out)
{
#ifdef XNN_HAS_REDUCE
	const size_t axes[] = {1, 2};
	return xnn_define_static_reduce(g, xnn_reduce_mean, 2, axes, in, out, XNN_FLAG_KEEP_DIMS);
#elif defined(XNN_FLAG_KEEP_DIMS)
	return xnn_define_global_average_pooling_2d(
		g, -INFINITY, INFINITY, in, out, XNN_FLAG_KEEP_DIMS);
#else
	return xnn_define_global_average_pooling_2d(g, -INFINITY, INFINITY, in, out, 0);
#endif
}

/* Sizes all buffers and binds the ports. Called once: running allocates nothing. */
static inline enum xnn_status compat_setup(
	xnn_runtime_t runtime, size_t ports, const struct xnn_external_value *port)
{
#ifdef XNN_HAS_SETUP_V2
	enum xnn_status status = xnn_reshape_runtime(runtime);
	if (status != xnn_status_success)
		return status;
	return xnn_setup_runtime_v2(runtime, ports, port);
#else
	return xnn_setup_runtime(runtime, ports, port);
#endif
}

#endif
