/* SPDX-License-Identifier: MIT */
/*
 * What one core can do at best, to hold a network's speed against. Both functions
 * keep the calling thread busy for about `seconds` of wall-clock time and give the
 * best of several windows. Any thread; another load on the machine lowers the result.
 */
#ifndef INFER_PEAK_H
#define INFER_PEAK_H

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

#endif
