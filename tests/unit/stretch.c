/* SPDX-License-Identifier: ISC */
/*
 * Stretches: the rules by which their curves are found, checked on planted backgrounds; curves
 * against their definitions; inverses; the same bits with any number of threads.
 */
#include "sky/stretch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "sky/statistics.h"

#define N 200000

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double gauss(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

/* Background and noise of each plane, stars over 2 % of it, some pixels without data. */
static float *sky(const double *level, size_t planes)
{
	float *v = xaligned(planes * N, sizeof(*v));

	for (size_t i = 0; i < planes * N; i++) {
		double star = uniform() < 0.02 ? 50000 * uniform() : 0;

		v[i] = uniform() < 0.01 ? NAN : (float)(level[i / N] + 20 * gauss() + star);
	}
	return v;
}

static struct stretch_options find(enum stretch_method method)
{
	return (struct stretch_options){.method = method, .black = NAN, .white = NAN, .mid = NAN};
}

static bool near(double a, double b, double e)
{
	return fabs(a - b) <= e;
}

static double mtf(double u, double m)
{
	return (m - 1) * u / ((2 * m - 1) * u - m);
}

static void test_auto(struct pool *pool)
{
	static const double levels[] = {1000, 2000, 1500}, full = 65535;
	struct stretch_options o = find(STRETCH_AUTO);
	float *v = sky(levels, 3), *out = xaligned(3 * N, sizeof(*out));
	struct stretch_curve c[3];
	double sum_black = 0, sum_median = 0;
	bool right = true;

	stretch_find(v, 3, N, full, &o, pool, c);
	stretch_apply(out, v, 3, N, c, pool);
	for (int p = 0; p < 3; p++) {
		double median = median_f32(v + p * N, N, NULL) / full;
		double sigma = 1.4826 * mad_f32(v + p * N, N, median * full, NULL) / full;
		double black = fmax(0, median - 2.8 * sigma);

		right = right && c[p].method == STRETCH_MTF && near(c[p].white, full, 0) &&
			near(c[p].black, black * full, 1e-3) &&
			near(c[p].shape, mtf(median - black, 0.25), 1e-6) &&
			near(median_f32(out + p * N, N, NULL), 0.25, 0.01);
		sum_black += black;
		sum_median += median;
	}
	check(right, "auto: each plane's background becomes 0.25");
	o.linked = true;
	stretch_find(v, 3, N, full, &o, pool, c);
	check(!memcmp(&c[0], &c[1], sizeof(c[0])) && !memcmp(&c[0], &c[2], sizeof(c[0])) &&
			near(c[0].black, sum_black / 3 * full, 1e-3) &&
			near(c[0].shape, mtf((sum_median - sum_black) / 3, 0.25), 1e-6),
		"auto, linked: the means of the planes");
	o = find(STRETCH_AUTO);
	o.mid = 0.1;
	stretch_find(v, 1, N, full, &o, pool, c);
	stretch_apply(out, v, 1, N, c, pool);
	check(near(median_f32(out, N, NULL), 0.1, 0.003), "auto: the background becomes --mid");
	for (size_t i = 0; i < N; i++)
		v[i] = (float)full - v[i];
	stretch_find(v, 1, N, full, &o, pool, c);
	stretch_apply(out, v, 1, N, c, pool);
	check(near(median_f32(out, N, NULL), 0.9, 0.003) && near(c->black, 0, 0) &&
			(double)c->white < full,
		"auto: an inverted plane is treated in mirror image");
	free(v);
	free(out);
}

/* Plain definitions in f64, of u that is in 0 … 1. */
static double defined(const struct stretch_curve *c, double u)
{
	double a = (double)c->shape;

	switch (c->method) {
	case STRETCH_MTF:
		return mtf(u, a);
	case STRETCH_LOG:
		return log1p(a * u) / log1p(a);
	case STRETCH_LINEAR:
		return u;
	default:
		return asinh(a * u) / asinh(a);
	}
}

static double unit(const struct stretch_curve *c, float v)
{
	return ((double)v - (double)c->black) / ((double)c->white - (double)c->black);
}

/* The largest error of a round trip, in units of what f32 can hold at that slope. */
static bool comes_back(const struct stretch_curve *c, const float *v, const float *out,
	const float *back, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double u = unit(c, v[i]), slope, allowed;

		if (isnan(v[i])) {
			if (!isnan(out[i]) || !isnan(back[i]))
				return false;
			continue;
		}
		if (out[i] <= 0 || out[i] >= 1)
			continue;
		slope = (defined(c, fmin(u + 1e-6, 1)) - defined(c, fmax(u - 1e-6, 0))) / 2e-6;
		allowed = fmax(1e-6, 1.2e-7 / slope);
		if (!near(unit(c, back[i]), u, allowed)) {
			printf("# method %d: %g became %g\n", c->method, u, unit(c, back[i]));
			return false;
		}
	}
	return true;
}

static void test_curves(struct pool *pool)
{
	static const char *const names[] = {"auto", "mtf", "arcsinh", "asinh", "linear", "log"};
	static const double level[] = {1000};
	float *v = sky(level, 1), *out = xaligned(N, sizeof(*out)),
	      *back = xaligned(N, sizeof(*out));
	float *alone = xaligned(N, sizeof(*alone));

	for (enum stretch_method m = STRETCH_MTF; m <= STRETCH_LOG; m++) {
		struct stretch_options o = find(m);
		struct stretch_curve c;
		bool right = true;

		o.black = 0.01;
		o.white = 0.8;
		o.mid = 0.02 + 0.3 * uniform();
		stretch_find(v, 1, N, 65535, &o, pool, &c);
		stretch_apply(out, v, 1, N, &c, pool);
		stretch_apply(alone, v, 1, N, &c, NULL);
		for (size_t i = 0; i < N; i++) {
			double u = fmin(fmax(unit(&c, v[i]), 0), 1);

			right = right &&
				(isnan(v[i]) ? isnan(out[i])
					     : near(out[i], defined(&c, u), 1e-6 + 1e-6 / o.mid));
		}
		check(right && !memcmp(out, alone, N * sizeof(*out)), "%s: as defined", names[m]);
		if (m != STRETCH_LINEAR)
			check(near(defined(&c, o.mid), 0.5, 1e-6), "%s: --mid becomes 0.5",
				names[m]);
		stretch_undo(back, out, 1, N, &c, pool);
		check(stretch_curve_valid(&c) && comes_back(&c, v, out, back, N), "%s: undone",
			names[m]);
	}
	free(v);
	free(out);
	free(back);
	free(alone);
}

static void test_colours(struct pool *pool)
{
	static const double levels[] = {3000, 2000, 1000};
	struct stretch_options o = find(STRETCH_ASINH);
	float *v = sky(levels, 3), *out = xaligned(3 * N, sizeof(*out));
	float *back = xaligned(3 * N, sizeof(*back));
	struct stretch_curve c[3];
	bool ratios = true, returned = true, linked = true;

	stretch_find(v, 3, N, 65535, &o, pool, c);
	for (int p = 0; p < 3; p++)
		linked = linked &&
			 near(c[p].black, quantile_f32(v + p * N, N, 0.005, NULL), 1e-2) &&
			 near(c[p].white, quantile_f32(v + p * N, N, 0.9995, NULL), 1e-1) &&
			 near(c[p].shape, 20, 0);
	check(linked, "asinh: percentiles 0.5 and 99.95 of each plane, a = 20 for a dark sky");
	stretch_apply(out, v, 3, N, c, pool);
	stretch_undo(back, out, 3, N, c, pool);
	for (size_t i = 0; i < N; i++) {
		double u[3], cut = 0;

		for (int p = 0; p < 3; p++) {
			u[p] = unit(&c[p], v[p * N + i]);
			cut = fmax(cut, out[p * N + i] >= 1 || u[p] <= 0);
		}
		if (isnan(u[0] + u[1] + u[2]))
			ratios = ratios && isnan(out[i]) && isnan(out[N + i]) &&
				 isnan(out[2 * N + i]);
		if (cut > 0 || isnan(u[0] + u[1] + u[2]))
			continue;
		ratios = ratios && near(u[0] * (double)out[N + i], u[1] * (double)out[i], 1e-6) &&
			 near(u[0] * (double)out[2 * N + i], u[2] * (double)out[i], 1e-6);
		for (int p = 0; p < 3; p++)
			returned = returned && near(unit(&c[p], back[p * N + i]), u[p], 2e-6);
	}
	check(ratios, "asinh: the ratios of colours stay");
	check(returned, "asinh: colours undone");
	o.linked = true;
	stretch_find(v, 3, N, 65535, &o, pool, c);
	check(!memcmp(&c[0], &c[1], sizeof(c[0])) &&
			near(c[0].white, quantile_f32(v, 3 * N, 0.9995, NULL), 1e-1),
		"asinh, linked: percentiles of all planes together");
	free(v);
	free(out);
	free(back);
}

/* a follows the coefficient of variation of u. */
static void test_variation(void)
{
	static const struct {
		double spread, a;
	} cases[] = {{0.2, 5}, {0.4, 10}, {0.55, 20}};
	float *v = xaligned(N, sizeof(*v));

	for (size_t k = 0; k < COUNT_OF(cases); k++) {
		struct stretch_options o = find(STRETCH_ARCSINH);
		struct stretch_curve c;

		/* uniform in 0.5 (1 +- s): coefficient s / sqrt(3); its halves: two values, s */
		for (size_t i = 0; i < N; i++)
			v[i] = (float)(0.001 +
				       0.999 * 0.5 * (1 + (i % 2 ? 1 : -1) * cases[k].spread));
		stretch_find(v, 1, N, 1, &o, NULL, &c);
		check(near(c.shape, cases[k].a, 0) && near(c.black, 0.001, 1e-9) &&
				near(c.white, 1, 0),
			"arcsinh: variation %g makes a %g", cases[k].spread, cases[k].a);
	}
	free(v);
}

static void test_odd(void)
{
	float *v = xaligned(N, sizeof(*v));
	bool right = true;

	for (int kind = 0; kind < 4; kind++) {
		for (size_t i = 0; i < N; i++)
			v[i] = kind == 0 ? NAN : kind == 1 ? 0 : kind == 2 ? 65535 : 700;
		for (enum stretch_method m = STRETCH_AUTO; m <= STRETCH_LOG; m++)
			for (int linked = 0; linked < 2; linked++) {
				struct stretch_options o = find(m);
				struct stretch_curve c[2];
				float out[10];

				o.linked = linked;
				stretch_find(v, 2, N / 2, 65535, &o, NULL, c);
				stretch_apply(out, v, 2, 5, c, NULL);
				for (int i = 0; i < 10; i++)
					right = right && (kind == 0 ? isnan(out[i])
								    : out[i] >= 0 && out[i] <= 1);
				right = right && stretch_curve_valid(&c[0]) &&
					stretch_curve_valid(&c[1]);
			}
	}
	check(right, "planes without data and of one value get a curve");
	for (size_t i = 0; i < N; i++)
		v[i] = (float)i;
	{
		struct stretch_options o = find(STRETCH_LINEAR);
		struct stretch_curve c;

		o.percent = true;
		o.black = 0.1;
		o.white = 99.9;
		stretch_find(v, 1, N, 65535, &o, NULL, &c);
		check(near(c.black, 0.001 * (N - 1), 0.02) && near(c.white, 0.999 * (N - 1), 0.02),
			"percentiles");
	}
	free(v);
}

int main(int argc, char **argv)
{
	struct pool *pool = pool_new(3);

	seed_from(argc, argv);
	test_auto(pool);
	test_curves(pool);
	test_colours(pool);
	test_variation();
	test_odd();
	pool_free(pool);
	return done();
}
