/* SPDX-License-Identifier: ISC */
/*
 * Values between the pixels of a plane. Eight pixels at a time: for each, the rows around it are
 * weighted and added, eight columns wide; then a tree of shuffles sums the eight vectors across.
 * Vectors have 8 lanes at every level, so the bits are the same.
 */
#include <math.h>
#include <string.h>

#include "kern/level.h"

#define LANES 8
#define PHASE (KERN_PHASES - 1)
#define PHASE_BITS 11
_Static_assert(KERN_PHASES == 1 << PHASE_BITS, "phases are the low bits of a place");

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef float half __attribute__((vector_size(2 * LANES)));

#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define EVEN 0, 2, 8, 10, 4, 6, 12, 14
#define ODD 1, 3, 9, 11, 5, 7, 13, 15
#define LOW 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH 4, 5, 6, 7, 12, 13, 14, 15

/* In units of a phase, rounded; what is far outside or nowhere becomes far outside. */
INLINE int32_t fixed(double v)
{
	const double most = 1e9;
	const int32_t above = 1 << 30; /* makes all positive, where cutting is rounding down */

	v = v < most ? v : most;
	v = v > -most ? v : -most;
	return (int32_t)(v + (above + 0.5)) - above;
}

INLINE void place_loop(int32_t *restrict x, int32_t *restrict y, float *restrict area, size_t n,
	const struct kern_line *line, bool bent)
{
	for (int32_t k = 0; k < (int32_t)n; k++) {
		double at = (double)k;
		double w = line->w + line->dw * at, r = bent ? 1 / (w > 0 ? w : NAN) : 1;

		x[k] = fixed((line->x + line->dx * at) * r * KERN_PHASES);
		y[k] = fixed((line->y + line->dy * at) * r * KERN_PHASES);
		if (bent)
			area[k] = (float)(line->area * r * r * r);
	}
}

void KERN(place)(int32_t *x, int32_t *y, float *area, size_t n, const struct kern_line *line)
{
	if (line->dw != 0 || line->w != 1)
		place_loop(x, y, area, n, line, true);
	else
		place_loop(x, y, area, n, line, false);
}

INLINE vec get(const float *p)
{
	vec v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Of each lane a < b ? a : b. */
INLINE vec lesser(vec a, vec b)
{
#if KERN_LEVEL >= 3
	return __builtin_ia32_minps256(a, b);
#elif KERN_LEVEL == 2
	half low = __builtin_ia32_minps(SHUFFLE(a, a, 0, 1, 2, 3), SHUFFLE(b, b, 0, 1, 2, 3));
	half high = __builtin_ia32_minps(SHUFFLE(a, a, 4, 5, 6, 7), SHUFFLE(b, b, 4, 5, 6, 7));

	return SHUFFLE(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
	ivec less = a < b;

	return (vec)((less & (ivec)a) | (~less & (ivec)b));
#endif
}

INLINE vec add_across(const vec *v)
{
	vec four[2];

	for (int k = 0; k < 2; k++) {
		vec a = SHUFFLE(v[4 * k], v[4 * k + 1], EVEN) +
			SHUFFLE(v[4 * k], v[4 * k + 1], ODD);
		vec b = SHUFFLE(v[4 * k + 2], v[4 * k + 3], EVEN) +
			SHUFFLE(v[4 * k + 2], v[4 * k + 3], ODD);

		four[k] = SHUFFLE(a, b, EVEN) + SHUFFLE(a, b, ODD);
	}
	return SHUFFLE(four[0], four[1], LOW) + SHUFFLE(four[0], four[1], HIGH);
}

INLINE vec least_across(const vec *v)
{
	vec four[2];

	for (int k = 0; k < 2; k++) {
		vec a = lesser(SHUFFLE(v[4 * k], v[4 * k + 1], EVEN),
			SHUFFLE(v[4 * k], v[4 * k + 1], ODD));
		vec b = lesser(SHUFFLE(v[4 * k + 2], v[4 * k + 3], EVEN),
			SHUFFLE(v[4 * k + 2], v[4 * k + 3], ODD));

		four[k] = lesser(SHUFFLE(a, b, EVEN), SHUFFLE(a, b, ODD));
	}
	return lesser(SHUFFLE(four[0], four[1], LOW), SHUFFLE(four[0], four[1], HIGH));
}

/* The weighted sum of the rows from p on, still eight lanes, and the least of the middle ones. */
INLINE vec gather(const float *p, size_t width, const float *down, vec across, size_t rows,
	vec *least)
{
	vec even = get(p) * down[0], odd = get(p + width) * down[1];

	for (size_t i = 2; i < rows; i += 2) {
		even += get(p + i * width) * down[i];
		odd += get(p + (i + 1) * width) * down[i + 1];
	}
	p += (rows / 2 - 2) * width;
	*least = lesser(
		lesser(get(p), get(p + width)), lesser(get(p + 2 * width), get(p + 3 * width)));
	return (even + odd) * across;
}

/* planes is a constant: the weights of a place are fetched once for all of them. */
INLINE void resample_loop(const struct kern_planes *to, const struct kern_planes *from,
	const int32_t *x, const int32_t *y, size_t n, const float *table, size_t rows, size_t planes)
{
	const ivec middle = {0, 0, -1, -1, -1, -1, 0, 0};
	const vec infinite = {
		INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
	size_t width = from->width;

	for (size_t k = 0; k < n; k += LANES) {
		size_t count = n - k < LANES ? n - k : LANES;
		vec sum[3][LANES], least[3][LANES];

		for (size_t i = 0; i < LANES; i++) {
			size_t at = k + (i < count ? i : 0);
			ptrdiff_t top = (y[at] >> PHASE_BITS) - (ptrdiff_t)rows / 2 + 1;
			const float *p = from->v + top * (ptrdiff_t)width + (x[at] >> PHASE_BITS) - 3;
			const float *down = table + (y[at] & PHASE) * LANES + (LANES - rows) / 2;
			vec across = get(table + (x[at] & PHASE) * LANES), low;

			for (size_t c = 0; c < planes; c++) {
				sum[c][i] = gather(
					p + c * from->stride, width, down, across, rows, &low);
				least[c][i] = (vec)(((ivec)low & middle) |
						    ((ivec)infinite & ~middle));
			}
		}
		for (size_t c = 0; c < planes; c++) {
			vec value = add_across(sum[c]), low = least_across(least[c]);
			ivec below = value < low; /* false for NaN, which stays */

			value = (vec)((below & (ivec)low) | (~below & (ivec)value));
			memcpy(to->out + c * to->stride + k, &value, count * sizeof(value[0]));
		}
	}
}

INLINE void resample_rows(const struct kern_planes *to, const struct kern_planes *from,
	const int32_t *x, const int32_t *y, size_t n, const float *table, size_t rows)
{
	if (from->count == 3) {
		resample_loop(to, from, x, y, n, table, rows, 3);
		return;
	}
	for (size_t c = 0; c < from->count; c++) {
		struct kern_planes one = {.v = from->v + c * from->stride, .width = from->width};
		struct kern_planes result = {.out = to->out + c * to->stride};

		resample_loop(&result, &one, x, y, n, table, rows, 1);
	}
}

void KERN(resample)(const struct kern_planes *to, const struct kern_planes *from, const int32_t *x,
	const int32_t *y, size_t n, const float *table, size_t rows)
{
	if (rows == 8)
		resample_rows(to, from, x, y, n, table, 8);
	else if (rows == 6)
		resample_rows(to, from, x, y, n, table, 6);
	else
		resample_rows(to, from, x, y, n, table, 4);
}

void KERN(bilinear)(float *restrict out, const float *restrict plane, size_t width,
	const int32_t *restrict x, const int32_t *restrict y, size_t n)
{
	const float unit = 1.0f / KERN_PHASES;

	for (size_t k = 0; k < n; k++) {
		const float *p = plane + (ptrdiff_t)(y[k] >> PHASE_BITS) * (ptrdiff_t)width +
				 (x[k] >> PHASE_BITS);
		float fx = (float)(x[k] & PHASE) * unit, fy = (float)(y[k] & PHASE) * unit;
		float upper = p[0] + (p[1] - p[0]) * fx;
		float lower = p[width] + (p[width + 1] - p[width]) * fx;

		out[k] = upper + (lower - upper) * fy;
	}
}
