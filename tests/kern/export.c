/* SPDX-License-Identifier: ISC */
/*
 * Samples of pictures and the filters of PNG, at every level against plain C. export [SEED] tests;
 * export --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

static const unsigned reals[] = {DTYPE_U8, DTYPE_I8, DTYPE_U16, DTYPE_I16, DTYPE_U32, DTYPE_I32,
	DTYPE_U64, DTYPE_I64, DTYPE_F32, DTYPE_F64};

static double element(const void *x, unsigned dtype, size_t k)
{
	switch (dtype) {
	case DTYPE_U8:
		return ((const uint8_t *)x)[k];
	case DTYPE_I8:
		return ((const int8_t *)x)[k];
	case DTYPE_U16:
		return ((const uint16_t *)x)[k];
	case DTYPE_I16:
		return ((const int16_t *)x)[k];
	case DTYPE_U32:
		return ((const uint32_t *)x)[k];
	case DTYPE_I32:
		return ((const int32_t *)x)[k];
	case DTYPE_U64:
		return (double)((const uint64_t *)x)[k];
	case DTYPE_I64:
		return (double)((const int64_t *)x)[k];
	case DTYPE_F32:
		return ((const float *)x)[k];
	default:
		return ((const double *)x)[k];
	}
}

/* In the middle of the range, at halves, outside, and no number at all. */
static double random_value(double full_scale, double top)
{
	switch (below(8)) {
	case 0:
		return NAN;
	case 1:
		return below(2) ? INFINITY : -INFINITY;
	case 2:
		return -full_scale * 1e-3;
	case 3:
		return ((double)below((uint64_t)top) + 0.5) * full_scale / top;
	case 4:
		return full_scale * (1 + (double)below(3));
	default:
		return full_scale * (double)(random64() >> 11) * 0x1p-53;
	}
}

static void fill(void *x, unsigned dtype, size_t n, double full_scale, double top)
{
	for (size_t k = 0; k < n * dtype_size(dtype); k++)
		((uint8_t *)x)[k] = (uint8_t)random64();
	for (size_t k = 0; k < n && dtype_float(dtype); k++) {
		double v = random_value(full_scale, top);

		if (dtype == DTYPE_F32)
			((float *)x)[k] = (float)v;
		else
			((double *)x)[k] = v;
	}
}

static unsigned integer(double v, double top, double mul, double div)
{
	double scaled = v * mul / div;

	if (isnan(scaled) || scaled < 0.5)
		return 0;
	return (unsigned)(scaled > top ? top : round(scaled));
}

static bool right_sample(const void *out, size_t k, double v, unsigned bits, double mul, double div)
{
	float f;

	if (bits == 8)
		return ((const uint8_t *)out)[k] == integer(v, 255, mul, div);
	if (bits == 16)
		return ((const uint16_t *)out)[k] == integer(v, 65535, mul, div);
	f = ((const float *)out)[k];
	return isnan(v) ? isnan(f) : f == (float)v;
}

static bool test_pixels(
	const struct kern *k, unsigned dtype, unsigned bits, size_t planes, size_t n)
{
	static const double scales[] = {1, 255, 4095, 65535, 1000, 2e9, 0.37, 1e18};
	double top = bits == 32 ? 1 : ldexp(1, (int)bits) - 1;
	double full_scale = scales[below(COUNT_OF(scales))];
	void *plane[3] = {NULL}, *out = malloc(n * planes * (bits / 8) + 1);
	bool right = true, whole = fmod(top, full_scale) == 0;
	double mul = whole ? top / full_scale : top, div = whole ? 1 : full_scale;

	for (size_t p = 0; p < planes; p++) {
		plane[p] = malloc(n * dtype_size(dtype) + 1);
		fill(plane[p], dtype, n, full_scale, top);
	}
	k->pixels(out, (const void *const *)plane, planes, n, dtype, bits, mul, div);
	for (size_t i = 0; i < n * planes && right; i++) {
		double v = element(plane[i % planes], dtype, i / planes);

		right = right_sample(out, i, v, bits, mul, div);
		if (!right)
			printf("# %s, %u bits, %g of %g\n", dtype_name(dtype), bits, v, full_scale);
	}
	for (size_t p = 0; p < planes; p++)
		free(plane[p]);
	free(out);
	return right;
}

/* Of the standard's text, 9.4. */
static int paeth(int a, int b, int c)
{
	int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);

	if (pa <= pb && pa <= pc)
		return a;
	return pb <= pc ? b : c;
}

static bool test_filter(const struct kern *k, enum kern_png_filter filter, size_t n, size_t step)
{
	uint8_t *x = malloc(n + 1), *above = malloc(n + 1), *out = malloc(n + 1);
	bool right = true;

	for (size_t i = 0; i < n; i++) {
		x[i] = (uint8_t)random64();
		above[i] = (uint8_t)(below(3) ? random64() : x[i]);
	}
	k->png_filter(out, x, above, n, step, filter);
	for (size_t i = 0; i < n; i++) {
		int a = i < step ? 0 : x[i - step], b = above[i],
		    c = i < step ? 0 : above[i - step];
		const int predicted[] = {0, a, b, (a + b) / 2, paeth(a, b, c)};

		right = right && out[i] == (uint8_t)(x[i] - predicted[filter]);
	}
	free(x);
	free(above);
	free(out);
	return right;
}

static void test_level(const struct kern *k)
{
	bool right = true;

	for (size_t i = 0; i < COUNT_OF(reals) * 60; i++)
		right = test_pixels(k, reals[i / 60], 8u << i % 3, i % 2 ? 3 : 1,
				i % 20 == 0 ? 1500 + below(3000) : below(150)) &&
			right;
	check(right, "level %d: samples of all types are scaled, rounded, clipped", k->level);
	right = true;
	for (size_t i = 0; i < 1000; i++)
		right = test_filter(k, (enum kern_png_filter)(i % KERN_PNG_FILTERS), below(300),
				1 + below(6)) &&
			right;
	check(right, "level %d: filters are those of the standard", k->level);
}

static void bench(const struct kern *k)
{
	enum { N = 4096 };
	float *x = xaligned(3 * N, sizeof(*x));
	uint8_t *out = xaligned(12 * N, 1), *rows = xaligned(6 * N, 1);
	const void *plane[] = {x, x + N, x + 2 * N};

	for (size_t i = 0; i < 3 * N; i++)
		x[i] = (float)i / (3 * N);
	for (size_t i = 0; i < 6 * N; i++)
		rows[i] = (uint8_t)(i * i >> 5);
	RATE(k, "f32 to u16, 3 planes", 3 * N,
		k->pixels(out, plane, 3, N, DTYPE_F32, 16, 65535, 1));
	RATE(k, "f32 to u16, divided", 3 * N,
		k->pixels(out, plane, 3, N, DTYPE_F32, 16, 65535, 4095));
	RATE(k, "f32 to u8, 3 planes", 3 * N, k->pixels(out, plane, 3, N, DTYPE_F32, 8, 255, 1));
	RATE(k, "f32 to u8, 1 plane", N, k->pixels(out, plane, 1, N, DTYPE_F32, 8, 255, 1));
	RATE(k, "f32 to f32, 3 planes", 3 * N, k->pixels(out, plane, 3, N, DTYPE_F32, 32, 1, 1));
	RATE(k, "u16 to u16, 3 planes", 3 * N, k->pixels(out, plane, 3, N, DTYPE_U16, 16, 1, 1));
	RATE(k, "PNG up", 3 * N, k->png_filter(out, rows, rows + 3 * N, 3 * N, 3, KERN_PNG_UP));
	RATE(k, "PNG average", 3 * N,
		k->png_filter(out, rows, rows + 3 * N, 3 * N, 3, KERN_PNG_AVERAGE));
	RATE(k, "PNG paeth", 3 * N,
		k->png_filter(out, rows, rows + 3 * N, 3 * N, 3, KERN_PNG_PAETH));
	free(rows);
	free(out);
	free(x);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--bench")) {
		RATE_HEADING;
		for (int level = 1; level <= kern_best(); level++)
			bench(kern_level(level));
		return 0;
	}
	seed_from(argc, argv);
	for (int level = 1; level <= kern_best(); level++)
		test_level(kern_level(level));
	return done();
}
