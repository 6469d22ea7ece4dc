/* SPDX-License-Identifier: ISC */
/*
 * physical at every level: against the formula in plain C, and the same bits as the plain level.
 * (swap_mask is tested with swap in kern.c.) fits [SEED] tests; fits --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/dtype.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define MOST 3000

static const unsigned types[] = {DTYPE_U8, DTYPE_I16, DTYPE_I32, DTYPE_I64, DTYPE_F32, DTYPE_F64};

static void fill(void *x, size_t n, unsigned dtype)
{
	for (size_t k = 0; k < n; k++) {
		uint64_t v = random_bits(64) * (below(2) ? 1 : UINT64_MAX);
		float single = below(9) ? (float)(int64_t)v * 1e-9f : below(2) ? NAN : -INFINITY;
		double wide = below(9) ? (double)(int64_t)v * 1e-9 : below(2) ? (double)NAN : 1e300;

		if (dtype == DTYPE_F32)
			((float *)x)[k] = single;
		else if (dtype == DTYPE_F64)
			((double *)x)[k] = wide;
		else
			memcpy((char *)x + k * dtype_size(dtype), &v, dtype_size(dtype));
	}
}

static double value_at(const void *x, size_t k, unsigned dtype)
{
	switch (dtype) {
	case DTYPE_U8:
		return ((const uint8_t *)x)[k];
	case DTYPE_I16:
		return ((const int16_t *)x)[k];
	case DTYPE_I32:
		return ((const int32_t *)x)[k];
	case DTYPE_I64:
		return (double)((const int64_t *)x)[k];
	case DTYPE_F32:
		return (double)((const float *)x)[k];
	default:
		return ((const double *)x)[k];
	}
}

static int64_t integer_at(const void *x, size_t k, unsigned dtype)
{
	return dtype == DTYPE_U8    ? ((const uint8_t *)x)[k]
	       : dtype == DTYPE_I16 ? ((const int16_t *)x)[k]
	       : dtype == DTYPE_I32 ? ((const int32_t *)x)[k]
				    : ((const int64_t *)x)[k];
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool test_once(const struct kern *k, unsigned dtype, unsigned to, size_t n)
{
	static const double scales[] = {1, 0.1, -2.5, 1e-5, 1e300},
			    zeros[] = {0, 32768, -7.25, 1e10};
	double scale = scales[below(5)], zero = zeros[below(4)];
	/* From an odd place: aligned to an element, not to a vector. */
	size_t skip = below(8), size = dtype_size(dtype), out_size = dtype_size(to);
	bool real = dtype_float(dtype), has_blank = !real && below(3), right = true;
	char *room = xaligned(n + skip, size), *x = room + skip * size;
	char *out = xaligned(n + skip, out_size), *first = xaligned(n + skip, out_size);
	int64_t blank = 0;

	fill(x, n, dtype);
	/* A value that is there, or one that the type cannot hold. */
	if (has_blank)
		blank = n && below(4) ? integer_at(x, below(n), dtype) : INT64_C(1) << 40;
	k->physical(out + skip * out_size, to, x, n, dtype, zero, scale, has_blank ? &blank : NULL);
	kern_level(1)->physical(
		first + skip * out_size, to, x, n, dtype, zero, scale, has_blank ? &blank : NULL);
	for (size_t i = 0; i < n; i++) {
		double wanted = zero + scale * value_at(x, i, dtype);
		double got = value_at(out + skip * out_size, i, to);

		if (has_blank && integer_at(x, i, dtype) == blank)
			wanted = (double)NAN;
		right = right && same(got, to == DTYPE_F32 ? (double)(float)wanted : wanted);
		/* NaN is any NaN; all else is bit for bit. */
		right = right && (isnan(got) || !memcmp(out + (skip + i) * out_size,
							first + (skip + i) * out_size, out_size));
	}
	free(room);
	free(out);
	free(first);
	return right;
}

static void test(const struct kern *k)
{
	for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
		bool right = true;

		for (unsigned turn = 0; turn < 120; turn++) {
			size_t n = turn < 70 ? turn : (size_t)below(MOST);

			right = test_once(k, types[t], turn % 2 ? DTYPE_F32 : DTYPE_F64, n) &&
				right;
		}
		check(right, "physical of %s at level %d", dtype_name(types[t]), k->level);
	}
}

#define N 16384

static void bench(const struct kern *k)
{
	void *x = xaligned(N, 8), *out = xaligned(N, 8);
	int64_t blank = -1;
	char name[40];

	for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
		memset(x, 1, N * 8);
		snprintf(name, sizeof(name), "physical %s to f32", dtype_name(types[t]));
		RATE(k, name, N, k->physical(out, DTYPE_F32, x, N, types[t], 3, 0.5, NULL));
	}
	RATE(k, "physical i16 to f32, blank", N,
		k->physical(out, DTYPE_F32, x, N, DTYPE_I16, 3, 0.5, &blank));
	RATE(k, "swap_mask 2", N, k->swap_mask(out, x, N, 2, 0x8000));
	free(x);
	free(out);
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
		test(kern_level(level));
	return done();
}
