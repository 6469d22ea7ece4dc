/* SPDX-License-Identifier: ISC */
/*
 * iq_sums at every level: against plain sums in f64, and the same bits as the plain level. iq
 * [SEED] tests; iq --bench prints rates.
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

static bool near(double a, double b, double scale)
{
	return fabs(a - b) <= 1e-6 * scale;
}

static bool test(const struct kern *k, const float *x, size_t n, float low, float high)
{
	struct kern_iq_sums s, first, sum = {.count = n};
	double scale = 1e-30;

	for (size_t i = 0; i < n; i++) {
		float re = x[2 * i], im = x[2 * i + 1], peak = re * re + im * im;

		sum.i += (double)re;
		sum.q += (double)im;
		sum.ii += (double)re * (double)re;
		sum.qq += (double)im * (double)im;
		sum.iq += (double)re * (double)im;
		sum.clipped += re <= low || re >= high || im <= low || im >= high;
		sum.peak = peak > sum.peak ? peak : sum.peak;
		scale += fabs((double)re) + fabs((double)im) + (double)peak;
	}
	memset(&s, 0xff, sizeof(s));
	memset(&first, 0xff, sizeof(first));
	k->iq_sums(&s, x, n, low, high);
	kern_level(1)->iq_sums(&first, x, n, low, high);
	return s.count == n && s.clipped == sum.clipped && near(s.i, sum.i, scale) &&
	       near(s.q, sum.q, scale) && near(s.ii, sum.ii, scale) && near(s.qq, sum.qq, scale) &&
	       near(s.iq, sum.iq, scale) && s.peak == sum.peak && s.clipped == first.clipped &&
	       s.i == first.i && s.q == first.q && s.ii == first.ii && s.qq == first.qq &&
	       s.iq == first.iq && s.peak == first.peak;
}

static bool test_nan(const struct kern *k, float *x, size_t n)
{
	struct kern_iq_sums with, without;
	size_t at = (size_t)below(n);
	float kept[2] = {x[2 * at], x[2 * at + 1]};

	x[2 * at] = x[2 * at + 1] = 0;
	k->iq_sums(&without, x, n, -0.5f, 0.5f);
	x[2 * at] = NAN;
	k->iq_sums(&with, x, n, -0.5f, 0.5f);
	x[2 * at] = kept[0];
	x[2 * at + 1] = kept[1];
	return isnan(with.i) && isnan(with.ii) && isnan(with.iq) && with.q == without.q &&
	       with.qq == without.qq && with.peak == without.peak &&
	       with.clipped == without.clipped;
}

int main(int argc, char **argv)
{
	bool bench = argc > 1 && !strcmp(argv[1], "--bench");
	float *x = xmalloc((2 * MOST + 1) * sizeof(*x));

	seed_from(argc - bench, argv + bench);
	if (bench)
		RATE_HEADING;
	for (int level = 1; level <= KERN_LEVELS; level++) {
		const struct kern *k = kern_level(level);
		bool right = true, nan = true;

		if (!k)
			continue;
		for (int turn = 0; turn < 500; turn++) {
			size_t n = (size_t)below(MOST), shift = (size_t)below(2);

			/* Coarse values, so that components are at the limits and not only beyond
			 * them. */
			for (size_t i = 0; i < 2 * MOST + 1; i++)
				x[i] = (float)((double)(int64_t)(random64() & 0xffff) - 32768) /
				       (below(2) ? 32768.0f : 8192.0f);
			right = right && test(k, x + shift, n, -0.75f, 0.5f) &&
				test(k, x, n, -9, 9) &&
				test(k, x + shift, n & 15, -1, 32767 / 32768.0f);
			nan = nan && (n == 0 || test_nan(k, x + shift, n));
		}
		if (bench) {
			struct kern_iq_sums s;

			RATE(k, "iq_sums", MOST, k->iq_sums(&s, x, MOST, -1, 1));
			continue;
		}
		check(right, "level %d: the sums, the peak and what is clipped", level);
		check(nan, "level %d: a NaN is in the sums it belongs to and in no others", level);
	}
	free(x);
	return bench ? 0 : done();
}
