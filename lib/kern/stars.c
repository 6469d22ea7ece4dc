/* SPDX-License-Identifier: ISC */
/* What finding and fitting stars does with every pixel. */
#include <math.h>
#include <string.h>

#include "kern/level.h"

INLINE int32_t bits_of(float x)
{
	int32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

INLINE float float_of(int32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* Conditions are masks of bits, so that the loops become vectors. */
void KERN(excess)(
	float *restrict out, const float *restrict v, const float *restrict base, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		float excess = v[k] - base[k];
		int32_t exponent = bits_of(v[k]) & 0x7f800000;

		out[k] = float_of(bits_of(excess) & -(int32_t)(exponent != 0x7f800000));
	}
}

#define TAPS(at, weight)                                                            \
	((at(0) * (weight)[0] + (at(-1) + at(1)) * (weight)[1]) +                   \
		((at(-2) + at(2)) * (weight)[2] + (at(-3) + at(3)) * (weight)[3]) + \
		(at(-4) + at(4)) * (weight)[4])

void KERN(smooth_rows)(float *restrict out, const float *const row[2 * KERN_SMOOTH_RADIUS + 1],
	const float *weight, size_t n)
{
	const float w[] = {weight[0], weight[1], weight[2], weight[3], weight[4]};
	const float *r0 = row[0], *r1 = row[1], *r2 = row[2], *r3 = row[3], *r4 = row[4];
	const float *r5 = row[5], *r6 = row[6], *r7 = row[7], *r8 = row[8];

	for (size_t k = 0; k < n; k++)
		out[k] = (r4[k] * w[0] + (r3[k] + r5[k]) * w[1]) +
			 ((r2[k] + r6[k]) * w[2] + (r1[k] + r7[k]) * w[3]) + (r0[k] + r8[k]) * w[4];
}

void KERN(smooth)(float *restrict out, const float *restrict in, const float *weight, size_t n)
{
	const float w[] = {weight[0], weight[1], weight[2], weight[3], weight[4]};

#define AT(offset) in[k + KERN_SMOOTH_RADIUS + (offset)]
	for (size_t k = 0; k < n; k++)
		out[k] = TAPS(AT, w);
#undef AT
}

size_t KERN(find_above)(const float *v, const float *limit, size_t n, size_t start)
{
	enum { LANES = 64 };
	size_t k = start;

	for (; k + LANES <= n; k += LANES) {
		int above = 0;

		for (size_t l = 0; l < LANES; l++)
			above |= v[k + l] > limit[k + l];
		if (above)
			break;
	}
	while (k < n && !(v[k] > limit[k]))
		k++;
	return k;
}

#if KERN_LEVEL == 4
#define LANES 16
#elif KERN_LEVEL == 3
#define LANES 8
#else
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef vec loose __attribute__((aligned(4), may_alias)); /* anywhere in an array */
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

INLINE vec get(const float *p)
{
	return *(const loose *)p;
}

INLINE void put(float *p, vec v)
{
	*(loose *)p = v;
}

/*
 * Natural logarithm of x >= 1 (normal, finite): x = 2^e m with m in sqrt(1/2) … sqrt(2), and ln m =
 * 2 (t + t^3/3 + …), t = (m - 1) / (m + 1).
 */
INLINE vec logarithm(vec x)
{
	ivec exponent = ((ivec)x - 0x3f3504f3) >> 23;
	vec m = (vec)((ivec)x - (exponent << 23)), t = (m - 1) / (m + 1), t2 = t * t;
	vec series = t2 * (1 / 3.0f + t2 * (1 / 5.0f + t2 * (1 / 7.0f + t2 * (1 / 9.0f))));

	return __builtin_convertvector(exponent, vec) * 0x1.62e43p-1f + 2 * (t + t * series);
}

/* exp(x) of x <= 0, by 2^i times the series of the rest; of x below -86 that of -86. */
INLINE vec exponential(vec x)
{
	const float round = 0x1.8p23f;
	vec t = x * 0x1.715476p+0f, whole, r, series;
	ivec small = t < -125;

	t = (vec)((small & (ivec)(t * 0 - 125)) | (~small & (ivec)t));
	whole = t + round;
	r = (t - (whole - round)) * 0x1.62e43p-1f;
	series = 1 / 24.0f + r * (1 / 120.0f + r * (1 / 720.0f));
	series = 1 + r * (1 + r * (0.5f + r * (1 / 6.0f + r * series)));
	return series * (vec)(((ivec)whole - 0x4b400000 + 127) << 23);
}

INLINE void derive(float *work, const float *x, const float *y, const float *value,
	const float *weight, size_t n, const struct kern_profile *p, int wings)
{
	const float xx = p->xx, xy = p->xy, yy = p->yy, wing = p->wing;
	const float per_wing = wings ? 1 / wing : 0;

	for (size_t k = 0; k < n; k += LANES) {
		vec dx = get(x + k) - p->x, dy = get(y + k) - p->y, w = get(weight + k);
		vec ax = xx * dx + xy * dy, ay = xy * dx + yy * dy;
		vec q = (vec)((ivec)(dx * ax + dy * ay) & INT32_MAX); /* rounding may be below 0 */
		vec base = 1 + wing * q, ln = wings ? logarithm(base) * per_wing : q;
		vec f = exponential(-ln) * w, slope = p->amplitude * f / base, half = slope * dx;

		put(work + k, f);
		put(work + n + k, w);
		put(work + 2 * n + k, 2 * slope * ax);
		put(work + 3 * n + k, 2 * slope * ay);
		put(work + 4 * n + k, -half * dx);
		put(work + 5 * n + k, -2 * half * dy);
		put(work + 6 * n + k, -slope * dy * dy);
		put(work + 7 * n + k, (p->amplitude * f * ln - slope * q) * per_wing);
		put(work + 8 * n + k, (get(value + k) - p->background) * w - p->amplitude * f);
	}
}

#define PARTS 16 /* of a sum, added in pairs: the same at all levels */
#define VECTORS 9
#define GROUP 3	 /* sums at a time, or each waits for its own last addition */

/* Scalar products of a with GROUP vectors, the g-th at b + g n; `a` may be the first of them. */
INLINE void dots(float part[GROUP][PARTS], const float *a, const float *b, size_t n)
{
	vec sum[GROUP][PARTS / LANES] = {{{0}}};

	for (size_t k = 0; k < n; k += PARTS)
		for (size_t v = 0; v < PARTS / LANES; v++) {
			vec left = get(a + k + v * LANES);

			for (size_t g = 0; g < GROUP; g++)
				sum[g][v] += left * get(b + g * n + k + v * LANES);
		}
	for (size_t g = 0; g < GROUP; g++)
		for (size_t v = 0; v < PARTS / LANES; v++)
			put(part[g] + v * LANES, sum[g][v]);
}

/* The triangle is covered by runs of three; what lies beyond it is left out. */
void KERN(profile)(float *sums, float *work, const float *x, const float *y, const float *value,
	const float *weight, size_t n, const struct kern_profile *p)
{
	float part[GROUP][PARTS];

	if (p->wing > 0)
		derive(work, x, y, value, weight, n, p, 1);
	else
		derive(work, x, y, value, weight, n, p, 0);
	for (size_t i = 0; i < VECTORS; i++)
		for (size_t j = i / GROUP * GROUP; j < VECTORS; j += GROUP) {
			dots(part, work + i * n, work + j * n, n);
			for (size_t g = 0; g < GROUP; g++) {
				if (j + g < i)
					continue;
				for (size_t width = PARTS / 2; width > 0; width /= 2)
					for (size_t l = 0; l < width; l++)
						part[g][l] += part[g][l + width];
				*sums++ = part[g][0];
			}
		}
}
