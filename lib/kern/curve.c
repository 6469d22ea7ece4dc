/* SPDX-License-Identifier: ISC */
/*
 * Tone curves of images. Logarithms and exponentials are reckoned in f64 by series that are right
 * to 1e-11, so that what is undone comes back; no branch, so that the loops become vectors.
 */
#include <math.h>
#include <string.h>

#include "base/loop.h"
#include "kern/level.h"

INLINE uint64_t bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

INLINE double double_of(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* Chosen by bits: written as conditions, the compiler makes branches of them. */
INLINE double choose(bool first, double a, double b)
{
	uint64_t mask = -(uint64_t)first;

	return double_of((bits_of(a) & mask) | (bits_of(b) & ~mask));
}

/* To 0 … 1; keeps NaN. */
INLINE float clip(float x)
{
	const int32_t one = 0x3f800000;
	int32_t bits, below = -(x < 0), above = -(x > 1);

	memcpy(&bits, &x, sizeof(bits));
	bits = (bits & ~(below | above)) | (one & above);
	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* x = 2^e m with m in sqrt(1/2) … sqrt(2); ln m = 2 (t + t^3/3 + …), t = (m - 1) / (m + 1). */
INLINE double log_of(double x)
{
	const uint64_t root_half = 0x3fe6a09e667f3bcd, bias = UINT64_C(1024) << 52;
	const double whole = 0x1p52;
	uint64_t exponent = (bits_of(x) - root_half + bias) >> 52;
	double m = double_of(bits_of(x) - ((exponent - 1024) << 52));
	double e = double_of(exponent | bits_of(whole)) - (whole + 1024);
	double t = (m - 1) / (m + 1), q = t * t, series;

	series = q *
		 (1 / 3.0 +
			 q * (1 / 5.0 + q * (1 / 7.0 + q * (1 / 9.0 + q * (1 / 11.0 + q / 13.0)))));
	return e * M_LN2 + 2 * t * (1 + series);
}

/* |x| < 700 */
INLINE double exp_of(double x)
{
	const double whole = 0x1.8p52, ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
	double shifted = x * M_LOG2E + whole, k = shifted - whole;
	double r = x - k * ln2_high - k * ln2_low, series = 1 / 3628800.0;

	series = 1 / 362880.0 + r * series;
	series = 1 / 40320.0 + r * series;
	series = 1 / 5040.0 + r * series;
	series = 1 / 720.0 + r * series;
	series = 1 / 120.0 + r * series;
	series = 1 / 24.0 + r * series;
	series = 1 / 6.0 + r * series;
	series = 1 / 2.0 + r * series;
	return (1 + r * (1 + r * series)) * double_of((bits_of(shifted) + 1023) << 52);
}

INLINE double asinh_of(double x)
{
	return log_of(x + sqrt(x * x + 1));
}

INLINE double sinh_of(double x)
{
	double e = exp_of(x);

	return (e - 1 / e) / 2;
}

/* IEC 61966-2-1. What the branch not taken makes of its argument does not matter. */
INLINE double srgb_encode(double u)
{
	double power = exp_of(log_of(choose(u > 0.003, u, 0.003)) * (1 / 2.4));

	return choose(u <= 0.0031308, 12.92 * u, 1.055 * power - 0.055);
}

INLINE double srgb_decode(double u)
{
	double power = exp_of(log_of((u + 0.055) * (1 / 1.055)) * 2.4);

	return choose(u <= 0.04045, u * (1 / 12.92), power);
}

/* Of terms that do not cancel, so that it stays exact near 0 and 1. */
INLINE float mtf(float u, float p, float q)
{
	return p * u / (p * u + q * (1 - u));
}

/* The value of a curve over u, 0 … 1, for each kind; `norm` is what brings u = 1 to 1. */
INLINE float curve_of(float u, enum kern_curve_kind kind, float shape, double norm)
{
	double x = (double)u, a = (double)shape;

	switch (kind) {
	case KERN_CURVE_MTF:
		return mtf(u, 1 - shape, shape);
	case KERN_CURVE_MTF_UNDO:
		return mtf(u, shape, 1 - shape);
	case KERN_CURVE_ASINH:
		return (float)(asinh_of(a * x) / norm);
	case KERN_CURVE_SINH:
		return (float)(sinh_of(x * norm) / a);
	case KERN_CURVE_LOG:
		return (float)(log_of(1 + a * x) / norm);
	case KERN_CURVE_EXP:
		return (float)((exp_of(x * norm) - 1) / a);
	case KERN_CURVE_SRGB_ENCODE:
		return (float)srgb_encode(x);
	case KERN_CURVE_SRGB_DECODE:
		return (float)srgb_decode(x);
	default:
		return u;
	}
}

INLINE double norm_of(enum kern_curve_kind kind, float shape)
{
	bool hyperbolic = kind == KERN_CURVE_ASINH || kind == KERN_CURVE_SINH;

	return hyperbolic ? asinh_of((double)shape) : log_of(1 + (double)shape);
}

INLINE void curve_loop(
	float *out, const float *v, size_t n, const struct kern_curve *c, enum kern_curve_kind kind)
{
	const struct kern_curve curve = *c;
	const double norm = norm_of(kind, curve.shape);

	ROUNDS_APART
	for (size_t k = 0; k < n; k++) {
		float u = clip((v[k] - curve.low) * curve.scale);

		u = clip(curve_of(u, kind, curve.shape, norm)) + (u - u); /* 0, or NaN */
		out[k] = curve.out_low + curve.out_scale * u;
	}
}

void KERN(curve)(float *out, const float *v, size_t n, const struct kern_curve *c)
{
	switch (c->kind) {
	case KERN_CURVE_LINEAR:
		curve_loop(out, v, n, c, KERN_CURVE_LINEAR);
		break;
	case KERN_CURVE_MTF:
		curve_loop(out, v, n, c, KERN_CURVE_MTF);
		break;
	case KERN_CURVE_MTF_UNDO:
		curve_loop(out, v, n, c, KERN_CURVE_MTF_UNDO);
		break;
	case KERN_CURVE_ASINH:
		curve_loop(out, v, n, c, KERN_CURVE_ASINH);
		break;
	case KERN_CURVE_SINH:
		curve_loop(out, v, n, c, KERN_CURVE_SINH);
		break;
	case KERN_CURVE_LOG:
		curve_loop(out, v, n, c, KERN_CURVE_LOG);
		break;
	case KERN_CURVE_EXP:
		curve_loop(out, v, n, c, KERN_CURVE_EXP);
		break;
	case KERN_CURVE_SRGB_ENCODE:
		curve_loop(out, v, n, c, KERN_CURVE_SRGB_ENCODE);
		break;
	case KERN_CURVE_SRGB_DECODE:
		curve_loop(out, v, n, c, KERN_CURVE_SRGB_DECODE);
		break;
	}
}

/* Rec. 709, the luminance of sRGB's primaries. */
#define RED 0.2126
#define GREEN 0.7152
#define BLUE 0.0722

/* u, without a limit above. */
INLINE double raised(float v, const struct kern_curve *c)
{
	double u = (double)((v - c->low) * c->scale);

	return choose(u < 0, 0, u);
}

/* What keeps the ratios of a colour of luminance l: curve(l) / l, which is even below 1e-7. */
INLINE double lift(double l, bool undo, double a, double norm)
{
	bool none = l < 1e-7;
	double x = choose(none, 1e-7, choose(undo & (l > 1), 1, l));
	double y = undo ? sinh_of(x * norm) / a : asinh_of(a * x) / norm;

	y = y / x;
	return choose(l == l, y, l);
}

INLINE void colour_loop(float *const out[3], const float *const v[3], size_t n,
	const struct kern_curve c[3], bool undo)
{
	const struct kern_curve c0 = c[0], c1 = c[1], c2 = c[2];
	const double a = (double)c0.shape, norm = norm_of(KERN_CURVE_ASINH, c0.shape);
	const float *v0 = v[0], *v1 = v[1], *v2 = v[2];
	float *out0 = out[0], *out1 = out[1], *out2 = out[2];

	ROUNDS_APART
	for (size_t k = 0; k < n; k++) {
		double r = raised(v0[k], &c0), g = raised(v1[k], &c1), b = raised(v2[k], &c2);
		double factor = lift(RED * r + GREEN * g + BLUE * b, undo, a, norm);

		out0[k] = c0.out_low + c0.out_scale * clip((float)(r * factor));
		out1[k] = c1.out_low + c1.out_scale * clip((float)(g * factor));
		out2[k] = c2.out_low + c2.out_scale * clip((float)(b * factor));
	}
}

void KERN(colour_curve)(
	float *const out[3], const float *const v[3], size_t n, const struct kern_curve c[3])
{
	if (c[0].kind == KERN_CURVE_SINH)
		colour_loop(out, v, n, c, true);
	else
		colour_loop(out, v, n, c, false);
}
