/* SPDX-License-Identifier: MIT */
#include "gallery/scan.h"

#include <float.h>
#include <string.h>

/*
 * One copy of the loop for each vector width, chosen when the program starts. Not under
 * the sanitizers: they are not ready yet when the choice is made.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
	__has_feature(thread_sanitizer)
#define SCAN_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCAN_SANITIZED 1
#endif
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(SCAN_SANITIZED)
#define SCAN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SCAN_CLONES
#endif

/* A vector of the compiler: one register of AVX-512, two of AVX2, four of SSE or NEON. */
typedef float lanes __attribute__((vector_size(SCAN_LANES * sizeof(float))));

enum { ROWS_AT_ONCE = 4 };

SCAN_CLONES
void scan_squared(const float *row, const float *probe, size_t stride, size_t rows, float *out)
{
	size_t i = 0;
	for (; i + ROWS_AT_ONCE <= rows; i += ROWS_AT_ONCE) {
		const lanes *a = (const lanes *)(const void *)(row + i * stride);
		const lanes *p = (const lanes *)(const void *)probe;
		size_t step = stride / SCAN_LANES;
		lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
		for (size_t j = 0; j < step; j++) {
			lanes d0 = a[j] - p[j], d1 = a[j + step] - p[j];
			lanes d2 = a[j + 2 * step] - p[j], d3 = a[j + 3 * step] - p[j];
			s0 += d0 * d0;
			s1 += d1 * d1;
			s2 += d2 * d2;
			s3 += d3 * d3;
		}
		float t0 = 0, t1 = 0, t2 = 0, t3 = 0;
		for (size_t l = 0; l < SCAN_LANES; l++) {
			t0 += s0[l];
			t1 += s1[l];
			t2 += s2[l];
			t3 += s3[l];
		}
		out[i] = t0;
		out[i + 1] = t1;
		out[i + 2] = t2;
		out[i + 3] = t3;
	}
	for (; i < rows; i++) {
		float sum = 0;
		for (size_t j = 0; j < stride; j++) {
			float d = row[i * stride + j] - probe[j];
			sum += d * d;
		}
		out[i] = sum;
	}
}

double scan_exact(const float *row, const float *probe, size_t dim)
{
	double sum = 0;
	for (size_t j = 0; j < dim; j++) {
		double d = (double)row[j] - (double)probe[j];
		sum += d * d;
	}
	return sum;
}

double scan_lower_bound(float squared, size_t stride)
{
	double terms = (double)stride + 3;
	double unit = 0.5 * FLT_EPSILON * terms;
	double value = squared < FLT_MAX ? squared : FLT_MAX;
	/* value <= true * (1 + g) + underflow, with g = unit / (1 - unit). */
	double g = unit / (1 - unit);
	return (value - terms * FLT_MIN) / (1 + g);
}
