/* SPDX-License-Identifier: MIT */
/*
 * The inner loop of the search: squared distances in single precision, and how far
 * they can be from the true ones. Pure, any thread.
 */
#ifndef GALLERY_SCAN_H
#define GALLERY_SCAN_H

#include <stddef.h>

/* Rows are padded with zeros to a multiple of this many floats (one cache line). */
enum { SCAN_LANES = 16 };

/*
 * out[i] = sum over j of (row[i * stride + j] - probe[j])^2 for `rows` rows. `row` and
 * `probe` are on 64-byte boundaries, `stride` is a multiple of SCAN_LANES.
 */
void scan_squared(const float *row, const float *probe, size_t stride, size_t rows, float *out);

/* The same of one row in double precision, summed from the first component to the last. */
double scan_exact(const float *row, const float *probe, size_t dim);

/*
 * No true squared distance whose single-precision value came out as `squared` is below
 * this. Every term of the sum is positive, so its relative error is at most
 * (n + 3) u / (1 - (n + 3) u), u = 2^-24, one u more than needed, whatever the order of
 * summation (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); what
 * underflows adds at most the smallest normal number a term; what overflows is at least
 * about FLT_MAX.
 */
double scan_lower_bound(float squared, size_t stride);

#endif
