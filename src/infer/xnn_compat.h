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

/* The operations that only need an operand. */
enum compat_unary {
	COMPAT_SIGMOID,
	COMPAT_HARDSWISH,
	COMPAT_ABS,
	COMPAT_CEIL,
	COMPAT_FLOOR,
	COMPAT_NEG,
	COMPAT_SQUARE,
	COMPAT_SQRT,
};

/* The operations on two operands, clamped to [min, max]; the last two are never clamped. */
enum compat_binary {
	COMPAT_ADD,
	COMPAT_SUB,
	COMPAT_MUL,
	COMPAT_DIV,
	COMPAT_MAX,
	COMPAT_MIN,
};

static inline enum xnn_status compat_binary(xnn_subgraph_t g, enum compat_binary how,
	const float limits[2], uint32_t a, uint32_t b, uint32_t out)
{
#ifdef XNN_HAS_BINARY
	static const enum xnn_binary_operator of[] = {xnn_binary_add, xnn_binary_subtract,
		xnn_binary_multiply, xnn_binary_divide, xnn_binary_maximum, xnn_binary_minimum};
	const struct xnn_binary_params params = {
		.output_min = (double)limits[0], .output_max = (double)limits[1]};
	return xnn_define_binary(g, of[how], &params, a, b, out, 0);
#else
	switch (how) {
	case COMPAT_ADD:
		return xnn_define_add2(g, limits[0], limits[1], a, b, out, 0);
	case COMPAT_SUB:
		return xnn_define_subtract(g, limits[0], limits[1], a, b, out, 0);
	case COMPAT_MUL:
		return xnn_define_multiply2(g, limits[0], limits[1], a, b, out, 0);
	case COMPAT_DIV:
		return xnn_define_divide(g, limits[0], limits[1], a, b, out, 0);
	case COMPAT_MAX:
		return xnn_define_maximum2(g, a, b, out, 0);
	default:
		return xnn_define_minimum2(g, a, b, out, 0);
	}
#endif
}

static inline enum xnn_status compat_prelu(
	xnn_subgraph_t g, uint32_t in, uint32_t slopes, uint32_t out)
{
#ifdef XNN_HAS_BINARY
	return xnn_define_binary(g, xnn_binary_prelu, NULL, in, slopes, out, 0);
#else
	return xnn_define_prelu(g, in, slopes, out, 0);
#endif
}

static inline enum xnn_status compat_elu(xnn_subgraph_t g, float alpha, uint32_t in, uint32_t out)
{
#ifdef XNN_HAS_UNARY
	const union xnn_unary_params params = {.elu = {.alpha = alpha}};
	return xnn_define_unary(g, xnn_unary_elu, &params, in, out, 0);
#else
	return xnn_define_elu(g, alpha, in, out, 0);
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

static inline enum xnn_status compat_unary(
	xnn_subgraph_t g, enum compat_unary how, uint32_t in, uint32_t out)
{
#ifdef XNN_HAS_UNARY
	static const enum xnn_unary_operator of[] = {xnn_unary_sigmoid, xnn_unary_hardswish,
		xnn_unary_abs, xnn_unary_ceiling, xnn_unary_floor, xnn_unary_negate,
		xnn_unary_square, xnn_unary_square_root};
	return xnn_define_unary(g, of[how], NULL, in, out, 0);
#else
	static enum xnn_status (*const of[])(xnn_subgraph_t, uint32_t, uint32_t, uint32_t) = {
		xnn_define_sigmoid, xnn_define_hardswish, xnn_define_abs, xnn_define_ceiling,
		xnn_define_floor, xnn_define_negate, xnn_define_square, xnn_define_square_root};
	return of[how](g, in, out, 0);
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
