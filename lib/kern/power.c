/* SPDX-License-Identifier: ISC */
/* Powers: summed, compared, in decibels. */
#include <math.h>
#include <string.h>

#include "kern/level.h"

/* Conditions do not short-circuit, so that the loops become vectors. */
#define BEATS(old, than, new) ((old than new) | (old != old))
#define JOINED(old, new, join)                                                  \
	((join) == KERN_SET	     ? (new)                                    \
		: (join) == KERN_ADD ? (old) + (new)                            \
		: (join) == KERN_MAX ? (BEATS((old), >, (new)) ? (old) : (new)) \
				     : (BEATS((old), <, (new)) ? (old) : (new)))

INLINE void power_loop(float *restrict acc, const float *restrict x, size_t n, enum kern_join join)
{
	for (size_t k = 0; k < n; k++) {
		float power = x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1];

		acc[k] = JOINED(acc[k], power, join);
	}
}

INLINE void join_loop(float *restrict acc, const float *restrict x, size_t n, enum kern_join join)
{
	for (size_t k = 0; k < n; k++)
		acc[k] = JOINED(acc[k], x[k], join);
}

INLINE void collect_loop(
	double *restrict sum, const float *restrict x, size_t n, enum kern_join join)
{
	for (size_t k = 0; k < n; k++)
		sum[k] = JOINED(sum[k], (double)x[k], join);
}

#define EACH_JOIN(loop, to, x, n, join)   \
	switch (join) {                   \
	case KERN_SET:                    \
		loop(to, x, n, KERN_SET); \
		break;                    \
	case KERN_ADD:                    \
		loop(to, x, n, KERN_ADD); \
		break;                    \
	case KERN_MAX:                    \
		loop(to, x, n, KERN_MAX); \
		break;                    \
	case KERN_MIN:                    \
		loop(to, x, n, KERN_MIN); \
		break;                    \
	}

void KERN(power)(float *acc, const float *x, size_t n, enum kern_join join)
{
	EACH_JOIN(power_loop, acc, x, n, join)
}

void KERN(join)(float *acc, const float *x, size_t n, enum kern_join join)
{
	EACH_JOIN(join_loop, acc, x, n, join)
}

void KERN(collect)(double *sum, const float *x, size_t n, enum kern_join join){
	EACH_JOIN(collect_loop, sum, x, n, join)}

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

/*
 * x = 2^e m with m in sqrt(1/2) … sqrt(2); ln m = 2 (t + t^3/3 + …), t = (m - 1) / (m + 1), which
 * after t^9 is right to 2e-9. 10 log10(2) is cut in two so that e times the first part is exact and
 * only the last sum rounds. Cases are told apart without conditional arithmetic, which would
 * keep the loop from becoming vectors.
 */
INLINE float decibel(float x)
{
	const float per_e_high = 0x1.815p+1f, per_e_low = 0x1.824c76p-15f, per_t = 0x1.15f2cep+3f;
	const int32_t infinity = 0x7f800000;
	const uint32_t least_normal = 0x00800000, root_half = 0x3f3504f3;
	int32_t bits = bits_of(x), scaled, exponent;
	int32_t shift = (int32_t)((uint32_t)bits - least_normal) >> 31 & 24; /* of denormals */
	float e, m, t, t2, series, special;

	scaled = bits_of(x * float_of((127 + shift) << 23));
	exponent = (int32_t)((uint32_t)scaled - root_half) >> 23;
	m = float_of((int32_t)((uint32_t)scaled - ((uint32_t)exponent << 23)));
	e = (float)(exponent - shift);
	t = (m - 1.0f) / (m + 1.0f);
	t2 = t * t;
	series = t2 * (1 / 3.0f + t2 * (1 / 5.0f + t2 * (1 / 7.0f + t2 * (1 / 9.0f))));
	special = bits == infinity ? INFINITY : NAN;
	special = (bits & INT32_MAX) == 0 ? -INFINITY : special;
	special = ((bits > 0) & (bits < infinity)) ? 0.0f : special;
	return e * per_e_high + (e * per_e_low + (t * per_t + t * per_t * series)) + special;
}

void KERN(decibel)(float *out, const float *x, size_t n)
{
	for (size_t k = 0; k < n; k++)
		out[k] = decibel(x[k]);
}
