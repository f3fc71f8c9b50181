/* SPDX-License-Identifier: MIT */
#include "gallery/sketch.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
	QUAD = 4, /* components side by side */
	GROUP_QUAD = SKETCH_GROUP * QUAD,
	ROW_LIMIT = 127,
	/*
	 * Half of what fits: then two products of neighbours, 2 x 255 x 63, fit 16 bits, which
	 * is as much as AVX2's multiplication of bytes can hold.
	 */
	PROBE_LIMIT = 63,
	ZERO = 128, /* how a 0 of a row is written */
};

/*
 * Outside of these nothing is worth a sketch: squares would come near the ends of single
 * precision's range. What is smaller is all error (q = 0), what is larger has no bound.
 */
#define SMALLEST 0x1p-40F
#define LARGEST 0x1p50F

/*
 * Shares by which bounds are moved to the safe side. In single precision the square of
 * the distance comes out within 7 u (A + B) of the truth, u = 2^-24, for squared norms A and
 * B (2 s r |q . t| <= A + B; three roundings there, one of A, one of B, two sums): norms are
 * taken 2^-19 smaller than they are. What is added on the other side, three roundings, is
 * taken 2^-20 larger.
 */
#define NORM_SHARE (1 - 0x1p-19)
#define REACH_SHARE (1 + 0x1p-20)

/* Not below x, whatever single precision makes of it; x >= 0. */
static float at_least(double x)
{
	x *= REACH_SHARE;
	return x < (double)FLT_MAX ? (float)x + FLT_MIN : INFINITY;
}

/* --- making ---------------------------------------------------------------------------------- */

static size_t group_bytes(size_t stride)
{
	return SKETCH_GROUP * (stride + SKETCH_ROW_BYTES);
}

size_t sketch_bytes(size_t rows, size_t stride)
{
	return rows / SKETCH_GROUP * group_bytes(stride);
}

/* A group's parts. */
struct group {
	float *error, *scale, *norm;
	uint8_t *code;
};

static inline __attribute__((always_inline)) struct group group_at(
	const struct sketch *s, size_t group, size_t stride)
{
	float *at = (float *)(void *)(s->group + group * group_bytes(stride));
	return (struct group){
		at, at + SKETCH_GROUP, at + 2 * SKETCH_GROUP, (uint8_t *)(at + 3 * SKETCH_GROUP)};
}

/* A row or probe in whole numbers. */
struct coded {
	int8_t code[SKETCH_STRIDE_MAX];
	float norm, scale, error;
	int32_t sum;
};

static float largest_of(const float *value, size_t count)
{
	float largest = 0;
	for (size_t i = 0; i < count; i++)
		largest = fabsf(value[i]) > largest ? fabsf(value[i]) : largest;
	return largest;
}

/* Codes of -limit..limit; whether they are the nearest does not matter, the error is measured. */
static void code_all(struct coded *c, const float *value, size_t count, int limit)
{
	const float largest = largest_of(value, count);
	c->scale = largest >= SMALLEST && largest <= LARGEST ? largest / (float)limit : 0;
	const float inverse = c->scale > 0 ? 1 / c->scale : 0;
	int32_t sum = 0, squares = 0;
	for (size_t i = 0; i < count; i++) {
		const float x = largest <= LARGEST ? value[i] * inverse : 0;
		int32_t q = (int32_t)(x + (x < 0 ? -0.5F : 0.5F));
		q = q > limit ? limit : q < -limit ? -limit : q;
		c->code[i] = (int8_t)q;
		sum += q;
		squares += q * q;
	}
	double error[QUAD] = {0};
	for (size_t i = 0; i < count; i++) {
		const double e = (double)value[i] - (double)c->scale * c->code[i];
		error[i % QUAD] += e * e;
	}
	const double length = sqrt((error[0] + error[1]) + (error[2] + error[3]));
	c->sum = sum;
	c->error = at_least(length);
	c->norm = (float)((double)c->scale * c->scale * squares * NORM_SHARE);
	if (largest > LARGEST) {
		c->norm = -INFINITY;
		c->error = 0;
	}
}

void sketch_put(struct sketch *s, size_t row, const float *value, size_t stride)
{
	struct coded c;
	code_all(&c, value, stride, ROW_LIMIT);
	const struct group g = group_at(s, row / SKETCH_GROUP, stride);
	const size_t at = row % SKETCH_GROUP;
	uint8_t *to = g.code + at * QUAD;
	for (size_t i = 0; i < stride; i += QUAD, to += GROUP_QUAD) {
		for (size_t k = 0; k < QUAD; k++)
			to[k] = (uint8_t)(c.code[i + k] + ZERO);
	}
	g.norm[at] = c.norm;
	g.scale[at] = c.scale;
	g.error[at] = c.error;
	explicit_bzero(&c, sizeof(c));
}

void sketch_probe(struct sketch_probe *p, const float *value, size_t stride)
{
	struct coded c;
	code_all(&c, value, stride, PROBE_LIMIT);
	memcpy(p->code, c.code, stride);
	p->stride = stride;
	p->norm = c.norm;
	p->scale = 2 * c.scale;
	p->error = c.error;
	p->offset = ZERO * c.sum;
}

float sketch_reach(const struct sketch_probe *p, double squared)
{
	return at_least(sqrt(squared) + (double)p->error);
}

/* --- screening ------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) struct group group_of(
	const struct sketch_screen *s, size_t group)
{
	return group_at(s->sketch, s->from + group, s->probe->stride);
}

static void screen_plain(const struct sketch_screen *s, uint16_t *mask)
{
	const struct sketch_probe *p = s->probe;
	for (size_t g = 0; g < s->groups; g++) {
		const struct group group = group_of(s, g);
		const uint8_t *code = group.code;
		int32_t dot[SKETCH_GROUP] = {0};
		for (size_t k = 0; k < p->stride; k += QUAD, code += GROUP_QUAD) {
			for (size_t i = 0; i < SKETCH_GROUP; i++)
				dot[i] += code[QUAD * i] * p->code[k] +
					code[QUAD * i + 1] * p->code[k + 1] +
					code[QUAD * i + 2] * p->code[k + 2] +
					code[QUAD * i + 3] * p->code[k + 3];
		}
		for (size_t lane = 0; lane < s->lanes; lane++)
			mask[lane * s->groups + g] = 0;
		for (size_t i = 0; i < SKETCH_GROUP; i++) {
			const float product = group.scale[i] * p->scale;
			const float squared =
				group.norm[i] + p->norm - product * (float)(dot[i] - p->offset);
			for (size_t lane = 0; lane < s->lanes; lane++) {
				const float edge = s->reach[lane] + group.error[i];
				/* Also when it is no number. */
				const unsigned near = !(squared > edge * edge);
				mask[lane * s->groups + g] |= (uint16_t)(near << i);
			}
		}
	}
}

#if defined(__x86_64__)

#include <immintrin.h>

static inline int32_t quad_at(const int8_t *code)
{
	int32_t quad;
	memcpy(&quad, code, sizeof(quad));
	return quad;
}

/* Multiplies and adds the bytes of sixteen rows with one instruction. */
__attribute__((target("avx512f,avx512vnni"))) static void screen_avx512(
	const struct sketch_screen *s, uint16_t *mask)
{
	const struct sketch_probe *p = s->probe;
	const __m512i offset = _mm512_set1_epi32(p->offset);
	const __m512 norm = _mm512_set1_ps(p->norm), scale = _mm512_set1_ps(p->scale);
	for (size_t g = 0; g < s->groups; g++) {
		const struct group group = group_of(s, g);
		const uint8_t *code = group.code;
		__m512i even = _mm512_setzero_si512(), odd = _mm512_setzero_si512();
		for (size_t k = 0; k < p->stride; k += 2 * QUAD, code += 2 * GROUP_QUAD) {
			even = _mm512_dpbusd_epi32(even, _mm512_load_si512(code),
				_mm512_set1_epi32(quad_at(p->code + k)));
			odd = _mm512_dpbusd_epi32(odd, _mm512_load_si512(code + GROUP_QUAD),
				_mm512_set1_epi32(quad_at(p->code + k + QUAD)));
		}
		const __m512 dot =
			_mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_add_epi32(even, odd), offset));
		const __m512 product = _mm512_mul_ps(_mm512_load_ps(group.scale), scale);
		const __m512 squared = _mm512_fnmadd_ps(
			product, dot, _mm512_add_ps(_mm512_load_ps(group.norm), norm));
		const __m512 error = _mm512_load_ps(group.error);
		for (size_t lane = 0; lane < s->lanes; lane++) {
			const __m512 edge = _mm512_add_ps(error, _mm512_set1_ps(s->reach[lane]));
			mask[lane * s->groups + g] =
				_mm512_cmp_ps_mask(squared, _mm512_mul_ps(edge, edge), _CMP_NGT_UQ);
		}
	}
}

/* Eight rows: their four products each, added up in two steps. */
__attribute__((target("avx2"))) static inline __m256i add_eight(
	__m256i sum, const uint8_t *code, __m256i quad)
{
	const __m256i pairs =
		_mm256_maddubs_epi16(_mm256_load_si256((const __m256i *)(const void *)code), quad);
	return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

__attribute__((target("avx2"))) static inline unsigned near_eight(
	const struct sketch_probe *p, const struct group *g, size_t row, __m256i sum, float reach)
{
	const __m256 dot = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum, _mm256_set1_epi32(p->offset)));
	const __m256 product =
		_mm256_mul_ps(_mm256_load_ps(g->scale + row), _mm256_set1_ps(p->scale));
	const __m256 norms = _mm256_add_ps(_mm256_load_ps(g->norm + row), _mm256_set1_ps(p->norm));
	const __m256 squared = _mm256_sub_ps(norms, _mm256_mul_ps(product, dot));
	const __m256 edge = _mm256_add_ps(_mm256_load_ps(g->error + row), _mm256_set1_ps(reach));
	return (unsigned)_mm256_movemask_ps(
		_mm256_cmp_ps(squared, _mm256_mul_ps(edge, edge), _CMP_NGT_UQ));
}

__attribute__((target("avx2"))) static void screen_avx2(
	const struct sketch_screen *s, uint16_t *mask)
{
	const struct sketch_probe *p = s->probe;
	for (size_t g = 0; g < s->groups; g++) {
		const struct group group = group_of(s, g);
		const uint8_t *code = group.code;
		__m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();
		for (size_t k = 0; k < p->stride; k += QUAD, code += GROUP_QUAD) {
			const __m256i quad = _mm256_set1_epi32(quad_at(p->code + k));
			low = add_eight(low, code, quad);
			high = add_eight(high, code + GROUP_QUAD / 2, quad);
		}
		for (size_t lane = 0; lane < s->lanes; lane++) {
			const float reach = s->reach[lane];
			mask[lane * s->groups + g] =
				(uint16_t)(near_eight(p, &group, 0, low, reach) |
					near_eight(p, &group, SKETCH_GROUP / 2, high, reach) << 8);
		}
	}
}

size_t sketch_screen_all(sketch_screen_fn *out[static SKETCH_KINDS_MAX])
{
	size_t count = 0;
	__builtin_cpu_init();
	out[count++] = screen_plain;
	if (__builtin_cpu_supports("avx2"))
		out[count++] = screen_avx2;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni"))
		out[count++] = screen_avx512;
	return count;
}

#elif defined(__aarch64__)

#include <arm_neon.h>

/* Four rows: their four products each, added up in two steps. */
static inline int32x4_t add_four(int32x4_t sum, const uint8_t *code, int8x16_t quad)
{
	const int8x16_t q = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(code), vdupq_n_u8(ZERO)));
	const int16x8_t low = vmull_s8(vget_low_s8(q), vget_low_s8(quad));
	const int16x8_t high = vmull_high_s8(q, quad);
	return vpadalq_s16(sum, vpaddq_s16(low, high));
}

static inline unsigned near_four(
	const struct sketch_probe *p, const struct group *g, size_t row, int32x4_t dot, float reach)
{
	static const uint32_t bits[] = {1, 2, 4, 8};
	const float32x4_t product = vmulq_n_f32(vld1q_f32(g->scale + row), p->scale);
	const float32x4_t norms = vaddq_f32(vld1q_f32(g->norm + row), vdupq_n_f32(p->norm));
	const float32x4_t squared = vsubq_f32(norms, vmulq_f32(product, vcvtq_f32_s32(dot)));
	const float32x4_t edge = vaddq_f32(vld1q_f32(g->error + row), vdupq_n_f32(reach));
	const uint32x4_t far = vcgtq_f32(squared, vmulq_f32(edge, edge));
	return vaddvq_u32(vbicq_u32(vld1q_u32(bits), far));
}

static void screen_neon(const struct sketch_screen *s, uint16_t *mask)
{
	const struct sketch_probe *p = s->probe;
	for (size_t g = 0; g < s->groups; g++) {
		const struct group group = group_of(s, g);
		const uint8_t *code = group.code;
		int32x4_t dot[QUAD] = {
			vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
		for (size_t k = 0; k < p->stride; k += QUAD, code += GROUP_QUAD) {
			int32_t four;
			memcpy(&four, p->code + k, sizeof(four));
			const int8x16_t quad = vreinterpretq_s8_s32(vdupq_n_s32(four));
			for (size_t i = 0; i < QUAD; i++)
				dot[i] = add_four(dot[i], code + i * GROUP_QUAD / QUAD, quad);
		}
		for (size_t lane = 0; lane < s->lanes; lane++) {
			unsigned near = 0;
			for (size_t i = 0; i < QUAD; i++)
				near |= near_four(p, &group, QUAD * i, dot[i], s->reach[lane])
					<< QUAD * i;
			mask[lane * s->groups + g] = (uint16_t)near;
		}
	}
}

size_t sketch_screen_all(sketch_screen_fn *out[static SKETCH_KINDS_MAX])
{
	out[0] = screen_plain;
	out[1] = screen_neon;
	return 2;
}

#else

size_t sketch_screen_all(sketch_screen_fn *out[static SKETCH_KINDS_MAX])
{
	out[0] = screen_plain;
	return 1;
}

#endif

sketch_screen_fn *sketch_screen_here(void)
{
	sketch_screen_fn *all[SKETCH_KINDS_MAX];
	return all[sketch_screen_all(all) - 1];
}
