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

/*
 * Natural logarithm of x >= 1 (normal, finite): x = 2^e m with m in sqrt(1/2) … sqrt(2), and ln m =
 * 2 (t + t^3/3 + …), t = (m - 1) / (m + 1).
 */
INLINE float logarithm(float x)
{
	int32_t exponent = (bits_of(x) - 0x3f3504f3) >> 23;
	float m = float_of(bits_of(x) - (int32_t)((uint32_t)exponent << 23));
	float t = (m - 1) / (m + 1), t2 = t * t;
	float series = t2 * (1 / 3.0f + t2 * (1 / 5.0f + t2 * (1 / 7.0f + t2 * (1 / 9.0f))));

	return (float)exponent * 0x1.62e43p-1f + 2 * (t + t * series);
}

/*
 * exp(x) of x <= -0, by 2^i times the series of the rest, and that of -86 below it. Of negative
 * floats the bits, taken as integers, grow as the values fall.
 */
INLINE float exponential(float x)
{
	const float round = 0x1.8p23f;
	int32_t least = bits_of(-125.0f), bits = bits_of(x * 0x1.715476p+0f);
	float t = float_of(bits < least ? bits : least), whole = t + round, series;
	float r = (t - (whole - round)) * 0x1.62e43p-1f;
	series = 1 / 24.0f + r * (1 / 120.0f + r * (1 / 720.0f));
	series = 1 + r * (1 + r * (0.5f + r * (1 / 6.0f + r * series)));
	return series *
	       float_of((int32_t)((uint32_t)(bits_of(whole) - bits_of(round) + 127) << 23));
}

INLINE void derive(float *restrict work, const float *restrict x, const float *restrict y,
	const float *restrict value, const float *restrict weight, size_t n,
	const struct kern_profile *p, int wings)
{
	const float amplitude = p->amplitude, background = p->background, x0 = p->x, y0 = p->y;
	const float xx = p->xx, xy = p->xy, yy = p->yy, wing = p->wing;
	const float per_wing = wings ? 1 / wing : 0;
	float *restrict d[9];

	for (int i = 0; i < 9; i++)
		d[i] = work + (size_t)i * n;
	for (size_t k = 0; k < n; k++) {
		float dx = x[k] - x0, dy = y[k] - y0, w = weight[k];
		float ax = xx * dx + xy * dy, ay = xy * dx + yy * dy;
		float q = fabsf(dx * ax + dy * ay);
		float base = 1 + wing * q;
		float ln = wings ? logarithm(base) * per_wing : q;
		float f = exponential(-ln) * w, slope = amplitude * f / base;

		d[0][k] = f;
		d[1][k] = w;
		d[2][k] = 2 * slope * ax;
		d[3][k] = 2 * slope * ay;
		d[4][k] = -slope * dx * dx;
		d[5][k] = -2 * slope * dx * dy;
		d[6][k] = -slope * dy * dy;
		d[7][k] = wings ? (amplitude * f * ln - slope * q) * per_wing : 0;
		d[8][k] = (value[k] - background) * w - amplitude * f;
	}
}

#define LANES 16

INLINE float dot(const float *restrict a, const float *restrict b, size_t n)
{
	float lane[LANES] = {0};

	for (size_t k = 0; k < n; k += LANES)
		for (size_t l = 0; l < LANES; l++)
			lane[l] += a[k + l] * b[k + l];
	for (size_t width = LANES / 2; width > 0; width /= 2)
		for (size_t l = 0; l < width; l++)
			lane[l] += lane[l + width];
	return lane[0];
}

void KERN(profile)(float *sums, float *work, const float *x, const float *y, const float *value,
	const float *weight, size_t n, const struct kern_profile *p)
{
	if (p->wing > 0)
		derive(work, x, y, value, weight, n, p, 1);
	else
		derive(work, x, y, value, weight, n, p, 0);
	for (size_t i = 0; i < 9; i++)
		for (size_t j = i; j < 9; j++)
			*sums++ = dot(work + i * n, work + j * n, n);
}
