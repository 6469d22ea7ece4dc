/* SPDX-License-Identifier: ISC */
/*
 * Amplitudes made another element type, at every level against plain C. quantize [SEED] tests;
 * quantize --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define N 1111

static const unsigned reals[] = {DTYPE_U8, DTYPE_I8, DTYPE_U16, DTYPE_I16, DTYPE_U32, DTYPE_I32,
	DTYPE_U64, DTYPE_I64, DTYPE_F32, DTYPE_F64};
#define REALS (sizeof(reals) / sizeof(reals[0]))

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

static void limits(unsigned dtype, double *low, double *high)
{
	int bits = (int)(8 * dtype_size(dtype));
	bool is_signed = dtype % 2 == 0;

	*low = is_signed ? -ldexp(1, bits - 1) : 0;
	*high = ldexp(1, is_signed ? bits - 1 : bits) - 1;
	if (bits == 64) /* the greatest below */
		*high = nextafter(ldexp(1, is_signed ? 63 : 64), 0);
}

static double random_value(const struct kern_levels *l)
{
	switch (below(10)) {
	case 0:
		return NAN;
	case 1:
		return below(2) ? INFINITY : -INFINITY;
	case 2: /* a whole step, and a half, beyond full scale */
		return l->full_scale * (1 + (double)below(5) / 2 / l->to_full_scale);
	case 3: /* halves */
		return ((double)below(256) + 0.5 - 128) * l->full_scale / l->to_full_scale +
		       l->zero;
	default:
		return l->zero + l->full_scale * ((double)(random64() >> 11) * 0x1p-52 - 1) * 1.01;
	}
}

static void fill(void *x, unsigned dtype, const struct kern_levels *l)
{
	for (size_t k = 0; k < N; k++) {
		if (dtype == DTYPE_F32)
			((float *)x)[k] = (float)random_value(l);
		else if (dtype == DTYPE_F64)
			((double *)x)[k] = random_value(l);
		else
			((uint64_t *)x)[k * dtype_size(dtype) / 8] = random64();
	}
}

/* What the header says, a value at a time. */
static bool is_right(const void *out, unsigned to, const void *x, unsigned dtype, size_t n,
	const struct kern_levels *l, const struct kern_quantized *q)
{
	struct kern_quantized wanted = {0};
	double low, high;
	bool right = true;

	limits(to, &low, &high);
	for (size_t k = 0; k < n; k++) {
		double scale = l->to_full_scale / l->full_scale, got = element(out, to, k);
		double v = (element(x, dtype, k) - l->zero) * scale + l->to_zero;

		if (to == DTYPE_F32 || to == DTYPE_F64) {
			v = to == DTYPE_F32 ? (float)v : v;
			right = right && (got == v || (isnan(got) && isnan(v)));
			continue;
		}
		wanted.missing += isnan(v);
		v = isnan(v) ? l->to_zero : v;
		wanted.clipped += v > high + 1 || v < low - 1;
		v = nearbyint(v);
		v = v < low ? low : v > high ? high : v;
		right = right && got == v;
	}
	return right && wanted.missing == q->missing && wanted.clipped == q->clipped;
}

static void test_level(const struct kern *k)
{
	char *x = xaligned(N, 8), *out = xaligned(N + 1, 8);

	for (size_t i = 0; i < REALS; i++) {
		bool right = true;

		for (size_t j = 0; j < REALS; j++) {
			struct kern_levels l = {dtype_zero(reals[i]), dtype_full_scale(reals[i]),
				dtype_zero(reals[j]), dtype_full_scale(reals[j])};
			size_t n = below(4) ? N : (size_t)below(N), end = n * dtype_size(reals[j]);
			struct kern_quantized q = {0};

			fill(x, reals[i], &l);
			memset(out, 0x5a, (N + 1) * 8);
			k->quantize(out, reals[j], x, n, reals[i], &l, &q);
			right = right && is_right(out, reals[j], x, reals[i], n, &l, &q) &&
				out[end] == 0x5a;
		}
		check(right, "level %d: %s to all types", k->level, dtype_name(reals[i]));
	}
	free(x);
	free(out);
}

static void plain_cases(void)
{
	static const float x[] = {0, 1, -1, 0.5f / 32768, 1.5f / 32768, 1.0001f, -1.0001f, NAN};
	static const int16_t wanted[] = {0, 32767, -32768, 0, 2, 32767, -32768, 0};
	static const uint8_t bytes[] = {0, 127, 128, 255};
	static const float amplitudes[] = {-1, -0.5f / 127.5f, 0.5f / 127.5f, 1};
	struct kern_levels l = {0, 1, 0, 32768}, from_u8 = {127.5, 127.5, 0, 1};
	struct kern_quantized q = {0};
	int16_t got[8];
	float f[4];

	kern()->quantize(got, DTYPE_I16, x, 8, DTYPE_F32, &l, &q);
	check(!memcmp(got, wanted, sizeof(got)), "halves go to even, ends saturate");
	check(q.clipped == 2 && q.missing == 1, "a full-scale value is not clipped, more is");
	kern()->quantize(f, DTYPE_F32, bytes, 4, DTYPE_U8, &from_u8, &q);
	check(!memcmp(f, amplitudes, sizeof(f)), "cu8 has its zero between 127 and 128");
}

static void print_rates(void)
{
	static float x[1 << 16];
	static int16_t y[1 << 16];
	struct kern_levels l = {0, 1, 0, 32768}, back = {0, 32768, 0, 1};
	struct kern_quantized q = {0};

	RATE_HEADING;
	for (int level = 1; level <= KERN_LEVELS; level++) {
		const struct kern *k = kern_level(level);

		if (!k)
			continue;
		RATE(k, "quantize f32 to i16", 1 << 16,
			k->quantize(y, DTYPE_I16, x, 1 << 16, DTYPE_F32, &l, &q));
		RATE(k, "quantize i16 to f32", 1 << 16,
			k->quantize(x, DTYPE_F32, y, 1 << 16, DTYPE_I16, &back, &q));
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--bench")) {
		print_rates();
		return 0;
	}
	seed_from(argc, argv);
	plain_cases();
	for (int level = 1; level <= KERN_LEVELS; level++)
		if (kern_level(level))
			test_level(kern_level(level));
	return done();
}
