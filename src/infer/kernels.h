/* SPDX-License-Identifier: MIT */
/*
 * The innermost loops of convolutions, for processors where ours are faster than
 * XNNPACK's (docs/decisions/0005-own-kernels.md). All images NHWC. Any thread.
 */
#ifndef INFER_KERNELS_H
#define INFER_KERNELS_H

#include <stddef.h>

enum {
	KERNEL_LANES = 16,      /* channels that are worked on together */
	KERNEL_ROWS_MAX = 64,   /* entries of a table of rows */
	KERNEL_WINDOW_MAX = 15, /* rows of a convolution's window */
};

/* What becomes of a sum: y = clamp(sloped(x + add)). */
struct finish {
	float low, high;
	const float *slope; /* of negative values, one a channel, padded to whole lanes; or NULL */
};

/*
 * Several lines of results of a convolution over all channels. Line i reads the rows
 * row[i * line_rows] and the rows - 1 after it, of each `run` floats from pixel * step on.
 * Weights are packed: for each 32 outputs (16 at the end, filled up with zeros) the biases
 * and then for each float of the window one weight an output.
 */
struct dense {
	const float *const *row;
	size_t lines, line_rows, rows, run, step;
	const float *weights;
	size_t outputs, pixels;
	float *out;       /* (lines, pixels, outputs) */
	const float *add; /* likewise; or NULL */
	struct finish finish;
};

/*
 * A line of results of a convolution of each channel by itself: windows of rows x columns,
 * `stride` pixels apart. Weights are packed: for each 16 channels the biases, then the
 * window.
 */
struct depthwise {
	const float *const *row;
	size_t rows, columns, stride;
	const float *weights;
	size_t channels, pixels;
	float *out;
	struct finish finish;
};

struct kernels {
	void (*dense)(const struct dense *d);
	void (*depthwise)(const struct depthwise *d);
	/* The largest of 2x2 cells of two rows; `pixels` results. */
	void (*largest)(const float *const row[2], size_t channels, size_t pixels, float *out);
};

/* Those for this processor; NULL where XNNPACK's are to be used. */
const struct kernels *kernels_here(void);

#endif
