/* SPDX-License-Identifier: ISC */
/*
 * Tone curves at every level: against libm in f64, undone by their inverses, and the same bits as
 * the plain level. curve [SEED] tests; curve --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define MOST 3000

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

/* The curves by their definitions. */
static double plain(enum kern_curve_kind kind, double u, double a)
{
	switch (kind) {
	case KERN_CURVE_MTF:
		return (a - 1) * u / ((2 * a - 1) * u - a);
	case KERN_CURVE_MTF_UNDO:
		return -a * u / ((1 - 2 * a) * u - (1 - a));
	case KERN_CURVE_ASINH:
		return asinh(a * u) / asinh(a);
	case KERN_CURVE_SINH:
		return sinh(u * asinh(a)) / a;
	case KERN_CURVE_LOG:
		return log1p(a * u) / log1p(a);
	case KERN_CURVE_EXP:
		return expm1(u * log1p(a)) / a;
	case KERN_CURVE_SRGB_ENCODE:
		return u <= 0.0031308 ? 12.92 * u : 1.055 * pow(u, 1 / 2.4) - 0.055;
	case KERN_CURVE_SRGB_DECODE:
		return u <= 0.04045 ? u / 12.92 : pow((u + 0.055) / 1.055, 2.4);
	default:
		return u;
	}
}

static const char *const names[] = {
	"linear", "mtf", "mtf undone", "asinh", "sinh", "log", "exp", "srgb encode", "srgb decode"};

static float random_shape(enum kern_curve_kind kind)
{
	return (float)(kind == KERN_CURVE_MTF || kind == KERN_CURVE_MTF_UNDO
			       ? 1e-4 + 0.9998 * uniform()
			       : exp(18 * uniform() - 4));
}

static bool same_bits(const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(a + i, b + i, sizeof(*a)) && !(isnan(a[i]) && isnan(b[i])))
			return false;
	return true;
}

static float random_value(void)
{
	return below(20) == 0 ? NAN
			      : (float)(below(2) ? uniform() * 1.5 - 0.2 : exp(-12 * uniform()));
}

static bool test_curve(const struct kern *k, enum kern_curve_kind kind, size_t n)
{
	struct kern_curve c = {kind, 0, 1, random_shape(kind), 0, 1};
	float *v = xmalloc(n * sizeof(*v) + 1), *out = xmalloc(n * sizeof(*out) + 1);
	float *first = xmalloc(n * sizeof(*first) + 1);
	bool right = true;

	if (below(2)) {
		c.low = (float)(0.3 * uniform());
		c.scale = 1 / (1 - c.low);
		c.out_low = 100;
		c.out_scale = 1000;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = random_value();
	k->curve(out, v, n, &c);
	kern_level(1)->curve(first, v, n, &c);
	right = same_bits(out, first, n);
	for (size_t i = 0; i < n; i++) {
		float u = fminf(fmaxf((v[i] - c.low) * c.scale, 0), 1);
		double expected = (double)c.out_low +
				  (double)c.out_scale * plain(kind, (double)u, (double)c.shape);

		if (isnan(v[i]) ? !isnan(out[i])
				: !(fabs((double)out[i] - expected) <=
					  3e-7 * fabs((double)c.out_scale))) {
			printf("# %s of %g, shape %g: %.9g, expected %.9g\n", names[kind],
				(double)u, (double)c.shape, (double)out[i], expected);
			right = false;
			break;
		}
	}
	k->curve(v, v, n, &c);
	right = same_bits(v, out, n) && right;
	free(v);
	free(out);
	free(first);
	return right;
}

static bool test_colour(const struct kern *k, size_t n, bool undo)
{
	float a = (float)exp(12 * uniform()), *data = xmalloc(9 * n * sizeof(*data) + 1), *v[3],
	      *out[3];
	float *first[3];
	struct kern_curve c[3];
	bool right = true;

	for (int p = 0; p < 3; p++) {
		v[p] = data + p * n;
		out[p] = data + (3 + p) * n;
		first[p] = data + (6 + p) * n;
		c[p] = (struct kern_curve){
			undo ? KERN_CURVE_SINH : KERN_CURVE_ASINH, 0.01f * p, 1, a, 0, 1};
		for (size_t i = 0; i < n; i++)
			v[p][i] = random_value();
	}
	k->colour_curve(out, (const float *const *)v, n, c);
	kern_level(1)->colour_curve(first, (const float *const *)v, n, c);
	right = same_bits(out[0], first[0], 3 * n);
	for (size_t i = 0; i < n; i++) {
		double u[3], l, factor;

		for (int p = 0; p < 3; p++)
			u[p] = isnan(v[p][i]) ? NAN : fmax((double)(v[p][i] - c[p].low), 0);
		l = 0.2126 * u[0] + 0.7152 * u[1] + 0.0722 * u[2];
		factor = l > 0 ? plain(c->kind, undo ? fmin(l, 1) : l, (double)a) /
					 (undo ? fmin(l, 1) : l)
			       : 0;
		for (int p = 0; p < 3 && right; p++)
			right = isnan(l) ? isnan(out[p][i])
					 : fabs((double)out[p][i] - fmin(u[p] * factor, 1)) <= 3e-7;
	}
	free(data);
	return right;
}

static void test(const struct kern *k)
{
	for (enum kern_curve_kind kind = KERN_CURVE_LINEAR; kind <= KERN_CURVE_SRGB_DECODE;
		kind++) {
		bool right = true;

		for (int turn = 0; turn < 120; turn++)
			right = test_curve(
					k, kind, turn < 40 ? (size_t)turn : (size_t)below(MOST)) &&
				right;
		check(right, "%s at level %d", names[kind], k->level);
	}
	for (int undo = 0; undo < 2; undo++) {
		bool right = true;

		for (int turn = 0; turn < 120; turn++)
			right = test_colour(
					k, turn < 40 ? (size_t)turn : (size_t)below(MOST), undo) &&
				right;
		check(right, "colour %s at level %d", undo ? "sinh" : "asinh", k->level);
	}
}

#define N 16384

static void bench(const struct kern *k)
{
	float *v = xaligned(6 * N, sizeof(*v));
	const float *in[3] = {v, v + N, v + 2 * N};
	float *out[3] = {v + 3 * N, v + 4 * N, v + 5 * N};
	struct kern_curve c[3];

	for (size_t i = 0; i < 3 * N; i++)
		v[i] = (float)uniform();
	for (enum kern_curve_kind kind = KERN_CURVE_LINEAR; kind <= KERN_CURVE_SRGB_DECODE;
		kind++) {
		c[0] = c[1] = c[2] = (struct kern_curve){
			kind, 0.01f, 1.01f, kind <= KERN_CURVE_MTF_UNDO ? 0.1f : 20, 0, 1};
		RATE(k, names[kind], N, k->curve(out[0], v, N, c));
		if (kind == KERN_CURVE_ASINH || kind == KERN_CURVE_SINH)
			RATE(k, "the same of colours", 3 * N, k->colour_curve(out, in, N, c));
	}
	free(v);
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
