/* SPDX-License-Identifier: MIT */
/*
 * What one core can do at best, to hold a network's speed against. The first two
 * functions keep the calling thread busy for about `seconds` of wall-clock time and give the
 * best of several windows. Any thread; another load on the machine lowers the result.
 */
#ifndef INFER_PEAK_H
#define INFER_PEAK_H

#include <stddef.h>

/*
 * Single-precision floating-point operations per second (FLOP/s; a fused
 * multiply-add counts two) in independent chains of the widest SIMD of this
 * processor: AVX-512, AVX2 with FMA, else what the compiler's target has.
 */
double peak_flops(double seconds);

/*
 * Bytes per second read from memory in order, from a block several times larger than
 * the last cache; 0 when there is no memory for that.
 */
double peak_read_bytes(double seconds);

/*
 * Reads a block once, in order, as peak_read_bytes does: for taking turns with something
 * that reads as much. `data` is on a 16-byte boundary.
 */
void peak_read(const void *data, size_t bytes);

#endif
