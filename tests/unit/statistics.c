/* SPDX-License-Identifier: ISC */
/*
 * Order statistics against a sort, noise and scales against plain formulas and planted noise, and
 * the same result with any number of threads.
 */
#include "sky/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

#define MOST 700000

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double gauss(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

enum shape {
	GAUSS,
	UNIFORM,
	CONSTANT,
	TWO,
	WHOLE,
	SPARSE,
	HOLES,
	RISING,
	FALLING,
	INFINITE,
	SKY,
	HEAVY,
	BLOCKS,
	SHAPES
};

static const char *const shape_names[] = {"gauss", "uniform", "constant", "two values",
	"whole numbers", "nearly all NaN", "a third NaN", "rising", "falling", "with infinities",
	"sky with stars", "over all exponents", "blocks"};

static float value_of(enum shape shape, size_t i, size_t n)
{
	switch (shape) {
	case GAUSS:
		return (float)(1000 + 10 * gauss());
	case UNIFORM:
		return (float)(uniform() - 0.5);
	case CONSTANT:
		return 3.25f;
	case TWO:
		return uniform() < 0.5 ? -1 : 7;
	case WHOLE:
		return (float)round(1200 + 5 * gauss());
	case SPARSE:
		return uniform() < 0.001 ? (float)gauss() : NAN;
	case HOLES:
		return uniform() < 0.33 ? NAN : (float)gauss();
	case RISING:
		return (float)i;
	case FALLING:
		return (float)(n - i);
	case INFINITE:
		return uniform() < 0.3 ? INFINITY : uniform() < 0.3 ? -INFINITY : (float)gauss();
	case SKY:
		return (float)(0.02 + 0.001 * gauss() + (uniform() < 0.02 ? uniform() : 0));
	case HEAVY:
		return (float)(gauss() * exp(40 * (uniform() - 0.5)));
	default:
		return i < n / 3 ? -5 : i < 2 * (n / 3) ? (float)gauss() : 5;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The values that are not NaN in order, or their distances from a centre. */
static size_t ordered(double *out, const float *v, size_t n, const double *centre)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			out[count++] = centre ? fabs((double)v[i] - *centre) : (double)v[i];
	qsort(out, count, sizeof(*out), by_value);
	return count;
}

static double at_share(const double *sorted, size_t n, double share)
{
	double at = share * (double)(n - 1), t = at - floor(at);
	size_t k = (size_t)at;

	if (n == 0)
		return NAN;
	if (k + 1 >= n || t == 0 || sorted[k] == sorted[k + 1])
		return sorted[k];
	return sorted[k] * (1 - t) + sorted[k + 1] * t;
}

static bool near(double got, double expected, double relative)
{
	return got == expected || (isnan(got) && isnan(expected)) ||
	       fabs(got - expected) <= relative * fabs(expected);
}

static bool orders(enum shape shape, size_t n, struct pool *pool)
{
	static const double shares[] = {0, 0.001, 0.25, 0.5, 0.9, 0.9995, 1};
	float *v = xaligned(n, sizeof(*v));
	double *sorted = xmalloc(n * sizeof(*sorted) + 1), median, mad;
	bool right = true;
	size_t count;

	for (size_t i = 0; i < n; i++)
		v[i] = value_of(shape, i, n);
	count = ordered(sorted, v, n, NULL);
	median = median_f32(v, n, pool);
	right = near(median, at_share(sorted, count, 0.5), 1e-15);
	for (size_t k = 0; k < COUNT_OF(shares); k++)
		right = near(quantile_f32(v, n, shares[k], pool),
				at_share(sorted, count, shares[k]), 1e-12) &&
			right;
	if (isfinite(median)) {
		mad = mad_f32(v, n, median, pool);
		count = ordered(sorted, v, n, &median);
		right = near(mad, at_share(sorted, count, 0.5), 3e-7) && right;
	}
	if (!right)
		printf("# %s, %zu values\n", shape_names[shape], n);
	free(v);
	free(sorted);
	return right;
}

static void test_orders(struct pool *pool)
{
	for (enum shape shape = 0; shape < SHAPES; shape++) {
		bool right = orders(shape, MOST, pool);

		for (size_t n = 0; n < 40; n++)
			right = orders(shape, n, pool) && right;
		for (int i = 0; i < 20; i++)
			right = orders(shape, random_bits(16), pool) && right;
		check(right, "median, MAD and quantiles: %s", shape_names[shape]);
	}
}

static void test_u16(struct pool *pool)
{
	bool right = true;

	for (int turn = 0; turn < 60; turn++) {
		size_t n = turn < 20 ? (size_t)turn : (size_t)random_bits(19);
		unsigned bits = 1 + (unsigned)below(16);
		uint16_t *v = xcalloc(n + 1, sizeof(*v));
		double *sorted = xmalloc(n * sizeof(*sorted) + 1), median, centre;

		for (size_t i = 0; i < n; i++)
			sorted[i] = v[i] = (uint16_t)(random64() >> (64 - bits));
		qsort(sorted, n, sizeof(*sorted), by_value);
		median = median_u16(v, n, turn % 2 ? pool : NULL);
		right = near(median, at_share(sorted, n, 0.5), 0) && right;
		centre = turn % 3 ? median : 70000 * (uniform() - 0.1);
		for (size_t i = 0; i < n; i++)
			sorted[i] = fabs(v[i] - centre);
		qsort(sorted, n, sizeof(*sorted), by_value);
		right = near(mad_u16(v, n, centre, pool), at_share(sorted, n, 0.5), 1e-12) && right;
		free(v);
		free(sorted);
	}
	check(right, "median and MAD of u16");
}

static void test_few(void)
{
	bool right = true;

	for (size_t n = 0; n < 300; n++) {
		float v[300];
		double sorted[300];
		size_t count;

		for (size_t i = 0; i < n; i++)
			v[i] = value_of(n % 2 ? HOLES : TWO, i, n);
		count = ordered(sorted, v, n, NULL);
		right = near(median_few(v, n), at_share(sorted, count, 0.5), 1e-7) && right;
		for (size_t i = 0; i < count; i++)
			right = (double)v[i] == sorted[i] && right;
	}
	check(right, "median_few, and its order");
}

/* The definitions, plainly. */
static void plain_scale(const float *v, size_t n, double *location, double *scale)
{
	double *kept = xmalloc(n * sizeof(*kept)), *sorted = xmalloc(n * sizeof(*sorted));
	double median, mad, up = 0, down = 0;
	size_t count = ordered(sorted, v, n, NULL), left = 0;

	median = at_share(sorted, count, 0.5);
	count = ordered(sorted, v, n, &median);
	mad = at_share(sorted, count, 0.5);
	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]) && fabs((double)v[i] - median) <= 6 * mad)
			kept[left++] = (double)v[i];
	qsort(kept, left, sizeof(*kept), by_value);
	*location = at_share(kept, left, 0.5);
	for (size_t i = 0; i < left; i++)
		sorted[i] = fabs(kept[i] - *location);
	qsort(sorted, left, sizeof(*sorted), by_value);
	mad = at_share(sorted, left, 0.5);
	for (size_t i = 0; i < left; i++) {
		double d = kept[i] - *location, u = d / (9 * mad);

		if (fabs(u) < 1) {
			up += d * d * pow(1 - u * u, 4);
			down += (1 - u * u) * (1 - 5 * u * u);
		}
	}
	*scale = mad > 0 ? 0.991 * sqrt((double)left * up) / fabs(down) : mad;
	free(kept);
	free(sorted);
}

static void test_scales(struct pool *pool)
{
	static const enum shape shapes[] = {GAUSS, UNIFORM, CONSTANT, HOLES, SKY};
	float *v = xaligned(MOST, sizeof(*v));
	double location, scale, plain_location, expected;

	for (size_t k = 0; k < COUNT_OF(shapes); k++) {
		for (size_t i = 0; i < MOST; i++)
			v[i] = value_of(shapes[k], i, MOST);
		location_scale(v, MOST, pool, &location, &scale);
		plain_scale(v, MOST, &plain_location, &expected);
		check(near(location, plain_location, 1e-7) && near(scale, expected, 1e-6),
			"location and scale: %s (%.9g, %.9g; %.9g, %.9g)", shape_names[shapes[k]],
			location, scale, plain_location, expected);
	}
	for (size_t i = 0; i < MOST; i++)
		v[i] = (float)(500 + 4 * gauss() + (uniform() < 0.05 ? 300 * uniform() : 0));
	location_scale(v, MOST, pool, &location, &scale);
	check(fabs(location - 500) < 0.4 && fabs(scale - 4) < 0.25,
		"scale of planted noise with 5 %% of outliers: %g, %g", location, scale);
	free(v);
}

static void test_noise(struct pool *pool)
{
	size_t width = 1000, height = 700;
	float *v = xaligned(width * height, sizeof(*v));
	double noise;

	for (size_t i = 0; i < width * height; i++)
		v[i] = (float)(7 * gauss() + 3 * (double)(i % width) + 2000 * (uniform() < 0.01) +
			       5 * (double)(i / width));
	noise = noise_f32(v, width, height, pool);
	check(fabs(noise - 7) < 0.3, "noise 7 under stars and slopes: %g", noise);
	for (size_t i = 0; i < width * height; i++)
		v[i] = i % width < 3 ? NAN : 5;
	check(noise_f32(v, width, height, pool) == 0, "noise of a flat plane is 0");
	check(isnan(noise_f32(v, 4, 100, pool)), "rows of four have no noise");
	free(v);
}

static void test_plane(struct pool *pool)
{
	size_t width = 997, height = 401, n = width * height, count = 0;
	float *v = xaligned(n, sizeof(*v));
	struct plane_statistics s, alone;
	double sum = 0, square = 0, min = INFINITY, max = -INFINITY;

	for (size_t i = 0; i < n; i++)
		v[i] = uniform() < 0.1 ? NAN : (float)(1e5 + gauss());
	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i])) {
			sum += (double)v[i] - 1e5;
			min = fmin(min, (double)v[i]);
			max = fmax(max, (double)v[i]);
			count++;
		}
	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			square += pow((double)v[i] - 1e5 - sum / (double)count, 2);
	plane_statistics(v, width, height, pool, &s);
	plane_statistics(v, width, height, NULL, &alone);
	check(!memcmp(&s, &alone, sizeof(s)), "threads change no statistic");
	check(s.count == count && s.missing == n - count && s.min == min && s.max == max &&
			near(s.mean, 1e5 + sum / (double)count, 1e-13) &&
			near(s.sigma, sqrt(square / (double)count), 1e-9),
		"count, extremes, mean and sigma");
	for (size_t i = 0; i < n; i++)
		v[i] = NAN;
	plane_statistics(v, width, height, pool, &s);
	check(s.count == 0 && s.missing == n && isnan(s.min) && isnan(s.mean) && isnan(s.sigma) &&
			isnan(s.median) && isnan(s.mad) && isnan(s.noise),
		"a plane without data");
	free(v);
}

int main(int argc, char **argv)
{
	struct pool *pool = pool_new(3);

	seed_from(argc, argv);
	test_orders(pool);
	test_orders(NULL);
	test_u16(pool);
	test_few();
	test_scales(pool);
	test_noise(pool);
	test_plane(pool);
	pool_free(pool);
	return done();
}
