/* SPDX-License-Identifier: MIT */
/*
 * Rows in a quarter of their size: eight bits a component, and how far that can be from the
 * truth. A search reads these, and the rows themselves only where they could matter; it
 * finds what it would find without them. Writing: one thread. Screening: any.
 *
 * A row x is s q + e with whole numbers q in -127..127 and a scale s; a probe p likewise
 * is r t + f, t in -63..63. By the triangle inequality |x - p| >= |s q - r t| - |e| - |f|,
 * and |s q - r t|^2 = |s q|^2 + |r t|^2 - 2 s r (q . t), of which only the product of whole
 * numbers must be computed for each pair; it is exact.
 */
#ifndef GALLERY_SKETCH_H
#define GALLERY_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gallery/scan.h"

/* Rows are screened in groups. Limits of what is screened at all: else it is a candidate. */
enum { SKETCH_GROUP = 16, SKETCH_STRIDE_MAX = 1024 };
/* What a sketch has beside a byte a component. */
enum { SKETCH_ROW_BYTES = 3 * sizeof(float) };

/*
 * Sketches of rows, group by group in one piece, so that a search reads a single stream:
 * of each row at least |e| and s, and of |s q|^2 what it is at least (-INFINITY: no bound);
 * then its components, q + 128, four of each row of the group side by side.
 *	float error[16], scale[16], norm[16]; uint8_t code[stride / 4][16][4]
 */
struct sketch {
	uint8_t *group; /* on a 64-byte boundary; the caller's */
};

/* What `rows` rows of `stride` floats need, a multiple of SKETCH_GROUP: zeroed bytes. */
size_t sketch_bytes(size_t rows, size_t stride);

/* Writes the sketch of row `row`: `stride` finite floats, stride a multiple of SCAN_LANES. */
void sketch_put(struct sketch *s, size_t row, const float *value, size_t stride);

/* A probe, made ready once a search. */
struct sketch_probe {
	_Alignas(64) int8_t code[SKETCH_STRIDE_MAX]; /* t */
	size_t stride;
	float norm, scale, error; /* |r t|^2 as above; 2 r; |f| */
	int32_t offset;           /* what 128 in each component of a row adds to the product */
};
void sketch_probe(struct sketch_probe *p, const float *value, size_t stride);

/* `reach` for all rows whose squared distance to the probe is at most this (or INFINITY). */
float sketch_reach(const struct sketch_probe *p, double squared);

/*
 * Bit i of mask[g]: row i of group from + g may be within reach[0] of the probe, for `groups`
 * groups; a bit that is not set says for certain that it is not. The same in mask[groups + g]
 * for reach[1] where there are two `lanes`.
 */
struct sketch_screen {
	const struct sketch *sketch;
	const struct sketch_probe *probe;
	size_t from, groups, lanes;
	float reach[2];
};
typedef void sketch_screen_fn(const struct sketch_screen *s, uint16_t *mask);

/* The fastest here. */
sketch_screen_fn *sketch_screen_here(void);
/* All that this processor can do, the plainest first; how many. For tests. */
enum { SKETCH_KINDS_MAX = 3 };
size_t sketch_screen_all(sketch_screen_fn *out[static SKETCH_KINDS_MAX]);

#endif
