/* SPDX-License-Identifier: MIT */
#include "infer/peak.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "infer/pages.h"

enum {
	/* Dependent operations: more than latency x units of a core, fewer than registers. */
	CHAINS = 12,
	ROUNDS = 100000, /* of all chains in one measured window */
	READ_MIN = 64 << 20,
	READ_MAX = 256 << 20,
	READ_STEP = 8, /* vectors read at a time */
};

/*
 * The kernel, once for each instruction set: `bytes` is the SIMD width. The file is
 * compiled with -ffp-contract=fast, so x * a + b becomes one fused instruction.
 */
#define FMA_KERNEL(name, bytes, attribute)                                                   \
	attribute static double name(void)                                                   \
	{                                                                                    \
		typedef float vec __attribute__((vector_size(bytes)));                       \
		vec x[CHAINS], a, b;                                                         \
		float sum = 0;                                                               \
		for (size_t i = 0; i < bytes / sizeof(float); i++) {                         \
			a[i] = 0.999F;                                                       \
			b[i] = 0.001F;                                                       \
		}                                                                            \
		__asm__ volatile("" : "+m"(a), "+m"(b)); /* no constants to the optimiser */ \
		for (size_t c = 0; c < CHAINS; c++)                                          \
			x[c] = a * (float)c;                                                 \
		for (size_t r = 0; r < ROUNDS; r++) {                                        \
			for (size_t c = 0; c < CHAINS; c++)                                  \
				x[c] = x[c] * a + b;                                         \
		}                                                                            \
		for (size_t c = 0; c < CHAINS; c++)                                          \
			sum += x[c][0];                                                      \
		__asm__ volatile("" : : "m"(sum));                                           \
		return 2.0 * CHAINS * ROUNDS * (bytes / sizeof(float));                      \
	}

FMA_KERNEL(fma_baseline, 16, )
#if defined(__x86_64__)
FMA_KERNEL(fma_avx2, 32, __attribute__((target("avx2,fma"))))
FMA_KERNEL(fma_avx512, 64, __attribute__((target("avx512f"))))
#endif

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

typedef double fma_kernel(void);

static fma_kernel *widest_kernel(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f"))
		return fma_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return fma_avx2;
#endif
	return fma_baseline;
}

double peak_flops(double seconds)
{
	fma_kernel *const kernel = widest_kernel();
	double best = 0;
	const double end = now() + seconds;
	do {
		const double begin = now();
		const double done = kernel();
		const double rate = done / (now() - begin);
		if (rate > best)
			best = rate;
	} while (now() < end);
	return best;
}

static uint64_t read_all(const void *data, size_t bytes)
{
	typedef uint64_t vec __attribute__((vector_size(16)));
	const vec *from = data;
	vec sum[READ_STEP] = {0};
	for (size_t i = 0; i + READ_STEP <= bytes / sizeof(vec); i += READ_STEP) {
		for (size_t k = 0; k < READ_STEP; k++)
			sum[k] ^= from[i + k];
	}
	for (size_t k = 1; k < READ_STEP; k++)
		sum[0] ^= sum[k];
	return sum[0][0] ^ sum[0][1];
}

void peak_read(const void *data, size_t bytes)
{
	uint64_t sum = read_all(data, bytes);
	__asm__ volatile("" : : "r"(sum));
}

/* Four times the last cache, if the system knows it. */
static size_t read_block(void)
{
	long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
	size_t wanted = cache > 0 ? 4 * (size_t)cache : READ_MIN;
	if (wanted < READ_MIN)
		return READ_MIN;
	return wanted < READ_MAX ? wanted : READ_MAX;
}

double peak_read_bytes(double seconds)
{
	struct pages block = {0};
	if (!pages_init(&block, read_block()))
		return 0;
	uint8_t *bytes = block.data;
	for (size_t i = 0; i < block.bytes; i += 4096)
		bytes[i] = (uint8_t)
			i; /* a page never written is read from one and the same page of zeros */
	double best = 0;
	const double end = now() + seconds;
	do {
		const double begin = now();
		peak_read(block.data, block.bytes);
		const double rate = (double)block.bytes / (now() - begin);
		if (rate > best)
			best = rate;
	} while (now() < end);
	pages_finish(&block);
	return best;
}
