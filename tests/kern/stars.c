/* SPDX-License-Identifier: ISC */
/*
 * What finding and fitting stars does with every pixel, at every level: against plain loops and
 * libm in f64, and the same bits as the plain level. stars [SEED] tests; stars --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define MOST 1500
#define R KERN_SMOOTH_RADIUS
#define ROWS (2 * R + 1)
#define PIXELS 400

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static bool same_bits(const float *a, const float *b, size_t n)
{
	return memcmp(a, b, n * sizeof(*a)) == 0;
}

/* Values of which some are no data. */
static void fill(float *v, size_t n, unsigned one_in)
{
	for (size_t i = 0; i < n; i++)
		v[i] = one_in && below(one_in) == 0 ? (below(2) ? NAN : INFINITY)
						    : (float)(2000 * uniform() - 1000);
}

static bool test_rows(const struct kern *k, size_t n)
{
	static float in[ROWS][MOST + ROWS], out[MOST], plain[MOST], base[MOST];
	const float weight[R + 1] = {0.3f, 0.2f, 0.1f, 0.04f, 0.01f};
	const float *row[ROWS];
	bool right = true;

	for (size_t i = 0; i < ROWS; i++) {
		fill(in[i], n + ROWS, 0);
		row[i] = in[i];
	}
	k->smooth(out, in[0], weight, n);
	kern_level(1)->smooth(plain, in[0], weight, n);
	right = same_bits(out, plain, n);
	for (size_t x = 0; x < n; x++) {
		double sum = 0;

		for (size_t i = 0; i < ROWS; i++)
			sum += (double)weight[i > R ? i - R : R - i] * (double)in[0][x + i];
		right = right && fabs((double)out[x] - sum) < 1e-3;
	}
	k->smooth_rows(out, row, weight, n);
	kern_level(1)->smooth_rows(plain, row, weight, n);
	right = right && same_bits(out, plain, n);
	for (size_t x = 0; x < n; x++) {
		double sum = 0;

		for (size_t i = 0; i < ROWS; i++)
			sum += (double)weight[i > R ? i - R : R - i] * (double)in[i][x];
		right = right && fabs((double)out[x] - sum) < 1e-3;
	}
	fill(in[0], n, 9);
	fill(base, n, 0);
	k->excess(out, in[0], base, n);
	for (size_t x = 0; x < n; x++)
		right = right && out[x] == (isfinite(in[0][x]) ? in[0][x] - base[x] : 0);
	return right;
}

static bool test_find(const struct kern *k, size_t n)
{
	static float v[MOST], limit[MOST];
	size_t at = 0;

	fill(v, n, 50);
	for (size_t i = 0; i < n; i++)
		limit[i] = below(40) ? 1e4f : v[i];
	for (int i = 0; n > 0 && i < 5; i++)
		limit[below(n)] = -2000;
	do {
		size_t expected = at;

		while (expected < n && !(v[expected] > limit[expected]))
			expected++;
		if (k->find_above(v, limit, n, at) != expected)
			return false;
		at = expected + 1;
	} while (at < n);
	return true;
}

static double value_of(const double p[8], double x, double y)
{
	double dx = x - p[2], dy = y - p[3];
	double q = p[4] * dx * dx + 2 * p[5] * dx * dy + p[6] * dy * dy;

	return p[1] + p[0] * (p[7] > 0 ? pow(1 + p[7] * q, -1 / p[7]) : exp(-q));
}

/* The eight derivatives by differences in f64, and the residual. */
static void vectors(const double p[8], double x, double y, double v, double out[9])
{
	for (int i = 0; i < 8; i++) {
		double step = 1e-5, up[8], down[8];

		memcpy(up, p, sizeof(up));
		memcpy(down, p, sizeof(down));
		up[i] += step;
		down[i] -= step;
		out[i] = i == 7 && p[7] == 0
				 ? 0
				 : (value_of(up, x, y) - value_of(down, x, y)) / (2 * step);
	}
	out[8] = v - value_of(p, x, y);
}

static bool test_profile(const struct kern *k, bool gauss)
{
	static float x[PIXELS], y[PIXELS], v[PIXELS], w[PIXELS], work[9 * PIXELS], plain[9 * PIXELS];
	float sums[KERN_PROFILE_SUMS], plain_sums[KERN_PROFILE_SUMS];
	double p[8] = {0.2 + uniform(), uniform() - 0.5, 2 * uniform() - 1, 2 * uniform() - 1,
		0.05 + uniform(), 0, 0.05 + uniform(), gauss ? 0 : 0.05 + 0.7 * uniform()};
	double expected[KERN_PROFILE_SUMS] = {0}, size[KERN_PROFILE_SUMS] = {0};
	size_t n = 16 * (1 + below(PIXELS / 16));
	struct kern_profile profile;
	bool right;

	p[5] = (uniform() - 0.5) * sqrt(p[4] * p[6]);
	profile = (struct kern_profile){(float)p[0], (float)p[1], (float)p[2], (float)p[3],
		(float)p[4], (float)p[5], (float)p[6], (float)p[7]};
	p[0] = (double)profile.amplitude;
	p[1] = (double)profile.background;
	p[2] = (double)profile.x;
	p[3] = (double)profile.y;
	p[4] = (double)profile.xx;
	p[5] = (double)profile.xy;
	p[6] = (double)profile.yy;
	p[7] = (double)profile.wing;
	for (size_t i = 0; i < n; i++) {
		double d[9];
		size_t s = 0;

		x[i] = (float)below(21) - 10;
		y[i] = (float)below(21) - 10;
		v[i] = (float)uniform();
		w[i] = (float)(below(5) > 0);
		vectors(p, (double)x[i], (double)y[i], (double)v[i], d);
		for (size_t a = 0; a < 9; a++)
			for (size_t b = a; b < 9; b++, s++) {
				expected[s] += (double)w[i] * d[a] * d[b];
				size[s] += fabs(d[a] * d[b]);
			}
	}
	k->profile(sums, work, x, y, v, w, n, &profile);
	kern_level(1)->profile(plain_sums, plain, x, y, v, w, n, &profile);
	right = same_bits(sums, plain_sums, KERN_PROFILE_SUMS) && same_bits(work, plain, 9 * n);
	/* A small wing's derivative is a difference of near equals: f32 leaves it 5e-4. */
	for (size_t s = 0; s < KERN_PROFILE_SUMS; s++)
		right = right && fabs((double)sums[s] - expected[s]) < 1e-5 + 1e-3 * size[s];
	return right;
}

static void test(const struct kern *k)
{
	bool rows = true, found = true, moffat = true, gauss = true;

	for (int turn = 0; turn < 200; turn++) {
		size_t n = turn < 150 ? (size_t)turn : (size_t)below(MOST);

		rows = test_rows(k, n) && rows;
		found = test_find(k, n) && found;
		moffat = test_profile(k, false) && moffat;
		gauss = test_profile(k, true) && gauss;
	}
	check(rows, "excess, smooth and smooth_rows at level %d", k->level);
	check(found, "find_above at level %d", k->level);
	check(moffat, "profile of Moffat at level %d", k->level);
	check(gauss, "profile of Gauss at level %d", k->level);
}

static void bench(const struct kern *k)
{
	enum { N = 3008 };
	float *v = xaligned((ROWS + 3) * (size_t)(N + ROWS), sizeof(*v)), *out = v + ROWS * N + ROWS;
	const float weight[R + 1] = {0.3f, 0.2f, 0.1f, 0.04f, 0.01f};
	struct kern_profile p = {1, 0, 0.1f, 0.2f, 0.3f, 0.01f, 0.3f, 0.3f};
	const float *row[ROWS];
	float sums[KERN_PROFILE_SUMS];

	fill(v, ROWS * N, 0);
	for (size_t i = 0; i < ROWS; i++)
		row[i] = v + i * N;
	RATE(k, "excess", N, k->excess(out, v, v + N, N));
	RATE(k, "smooth", N, k->smooth(out, v, weight, N));
	RATE(k, "smooth_rows", N, k->smooth_rows(out, row, weight, N));
	for (size_t i = 0; i < N; i++)
		out[i] = INFINITY;
	RATE(k, "find_above", N, k->find_above(v, out, N, 0));
	fill(v, 4 * 256, 0);
	RATE(k, "profile", 256, k->profile(sums, v + 4 * 256, v, v + 256, v + 512, v + 768, 256, &p));
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
