/* SPDX-License-Identifier: ISC */
/* Quantiles against sorted values, and the ranges made of them. */
#include <math.h>
#include <stdlib.h>

#include "../seed.h"
#include "../test.h"
#include "dsp/quantile.h"
#include "dsp/range.h"

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void test_quantile(void)
{
	enum { N = 5001 };
	float v[N + 3], sorted[N];
	bool right = true;

	for (size_t i = 0; i < N; i++) {
		v[i] = ((float)below(200001) - 100000) / 7 * powf(10, below(5));
		sorted[i] = v[i];
	}
	v[N] = NAN;
	v[N + 1] = -INFINITY;
	v[N + 2] = INFINITY;
	qsort(sorted, N, sizeof(float), ascending);
	for (int i = 0; i <= 1000; i++) {
		size_t rank = (size_t)fmax(ceil(i / 1000.0 * N) - 1, 0);

		right = right && quantile(v, N + 3, i / 1000.0) == sorted[rank];
	}
	check(right, "quantiles are those of the sorted finite values");
	check(isnan(quantile(v + N, 3, 0.5)), "without finite values the quantile is NaN");
	check(quantile(sorted, 1, 0) == sorted[0] && quantile(sorted, 1, 1) == sorted[0],
		"one value is every quantile");
}

static bool parses(const char *text, int form, double lo, double hi)
{
	struct range r;

	return range_parse(text, &r) && (int)r.form == form && r.lo == lo && r.hi == hi;
}

static void test_parse(void)
{
	static const char *const wrong[] = {"", ":", "1", "1:", ":1", "1:1", "2:1", "p1:2", "1:p2",
		"p-1:p50", "p0:p101", "nan:1", "0:inf", "auto:", "1:2:3", "-1e7:0",
		"0000000000000000000000000000000000000000001:2"};
	struct range r;
	bool refused = true;

	check(parses("auto", RANGE_AUTO, 0, 0) && parses("-120:-20.5", RANGE_FIXED, -120, -20.5) &&
			parses("p1:p99.5", RANGE_SHARES, 0.01, 0.995) &&
			parses("p0:p100", RANGE_SHARES, 0, 1),
		"ranges are read");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		refused = refused && !range_parse(wrong[i], &r);
	check(refused, "what is no range is refused");
}

static bool finds(const char *text, const float *v, size_t n, double lo, double hi)
{
	struct range r;
	double got_lo, got_hi;

	range_parse(text, &r);
	range_find(&r, v, n, &got_lo, &got_hi);
	if (got_lo == lo && got_hi == hi)
		return true;
	printf("# %s: got %g … %g\n", text, got_lo, got_hi);
	return false;
}

static void test_find(void)
{
	const float none[2] = {NAN, -INFINITY}, same[2] = {-7.5f, -7.5f};
	float v[1000];

	for (int i = 0; i < 1000; i++)
		v[i] = -(float)i / 10;
	check(finds("-3:4", v, 1000, -3, 4), "limits that are given stay");
	check(finds("p0:p100", v, 1000, v[999], 0), "percentiles are those of the values");
	check(finds("auto", v, 1000, -99, 0), "automatic limits are whole dB");
	check(finds("auto", same, 2, -8, 12), "and at least 20 dB apart");
	check(finds("p1:p99", same, 2, -7.5, 12.5), "equal percentiles make a range as well");
	check(finds("auto", none, 2, -100, -80) && finds("p1:p99", none, 2, -100, -80),
		"without finite values there is a range still");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_quantile();
	test_parse();
	test_find();
	return done();
}
