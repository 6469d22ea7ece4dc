/* SPDX-License-Identifier: ISC */
/*
 * bracket, moments, biweight and third_difference at every level: against plain loops, and the
 * same bits as the plain level. select [SEED] tests; select --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define MOST 5000

static float value(void)
{
	switch (below(8)) {
	case 0:
		return NAN;
	case 1:
		return (float)below(3);
	case 2:
		return below(2) ? INFINITY : -INFINITY;
	default:
		return (float)((double)(int64_t)random64() * 0x1p-62);
	}
}

static struct kern_bracket random_bracket(void)
{
	static const float ends[] = {-INFINITY, -1, -0.5f, 0, 0.25f, 1, 2, INFINITY};
	struct kern_bracket b = {.deviation = below(2)};
	unsigned low = (unsigned)below(8), window = (unsigned)below(4);

	b.low = ends[low];
	b.high = ends[low + below(8 - low)];
	b.window = (struct kern_window){
		ends[window], ends[window + below(8 - window)], (float)below(3) * 0.25f, 1e-9f};
	return b;
}

static size_t plain_bracket(struct kern_bracket *b, float *kept, const float *v, size_t n)
{
	b->valid = b->below = b->at_low = b->at_high = b->kept = 0;
	for (size_t i = 0; i < n; i++) {
		float t = b->deviation ? fabsf((v[i] - b->window.centre) - b->window.rest) : v[i];

		if (!(v[i] >= b->window.low && v[i] <= b->window.high))
			continue;
		b->valid++;
		b->below += t < b->low;
		b->at_low += t == b->low;
		b->at_high += t == b->high;
		if (t > b->low && t < b->high)
			kept[b->kept++] = t;
	}
	return b->kept;
}

static bool test_bracket(const struct kern *k, const float *v, size_t n)
{
	struct kern_bracket b = random_bracket(), plain = b, again = b;
	float *kept = xmalloc(n * sizeof(*kept) + 1),
	      *expected = xmalloc(n * sizeof(*expected) + 1);
	bool right;

	k->bracket(&b, kept, v, n);
	plain_bracket(&plain, expected, v, n);
	right = b.valid == plain.valid && b.below == plain.below && b.at_low == plain.at_low &&
		b.at_high == plain.at_high && b.kept == plain.kept &&
		!memcmp(kept, expected, b.kept * sizeof(*kept));
	memcpy(kept, v, n * sizeof(*kept));
	k->bracket(&again, kept, kept, n);
	right = right && again.kept == b.kept && !memcmp(kept, expected, b.kept * sizeof(*kept));
	free(kept);
	free(expected);
	return right;
}

static bool close_to(double a, double b, double scale)
{
	return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * scale;
}

static bool test_sums(const struct kern *k, const float *v, size_t n)
{
	struct kern_window w = {-1, 1, 0.1f, 1e-9f};
	struct kern_moments m, first;
	struct kern_biweight b, first_b;
	double sum = 0, square = 0, up = 0, down = 0, min = INFINITY, max = -INFINITY;
	float *finite = xmalloc(n * sizeof(*finite) + 1);
	size_t count = 0, inside = 0;
	bool right;

	for (size_t i = 0; i < n; i++) {
		finite[i] = isinf(v[i]) ? 0 : v[i];
		if (isnan(v[i]))
			continue;
		count++;
		sum += (double)finite[i] - 0.25;
		square += pow((double)finite[i] - 0.25, 2);
		min = fmin(min, (double)finite[i]);
		max = fmax(max, (double)finite[i]);
		if (fabsf(finite[i]) <= 1) {
			float d = (finite[i] - w.centre) - w.rest, u = d * 0.7f;

			inside++;
			if (u * u < 1) {
				up += (double)(d * d) * pow(1 - (double)(u * u), 4);
				down += (1 - (double)(u * u)) * (1 - 5 * (double)(u * u));
			}
		}
	}
	k->moments(&m, finite, n, 0.25);
	kern_level(1)->moments(&first, finite, n, 0.25);
	k->biweight(&b, finite, n, &w, 0.7f);
	kern_level(1)->biweight(&first_b, finite, n, &w, 0.7f);
	right = !memcmp(&m, &first, sizeof(m)) && !memcmp(&b, &first_b, sizeof(b));
	right = right && m.count == count && (double)m.min == min && (double)m.max == max &&
		close_to(m.sum, sum, 1 + square) && close_to(m.square, square, 1 + square);
	right = right && b.count == inside && fabs(b.up - up) <= 1e-6 * (1 + (double)n) &&
		fabs(b.down - down) <= 1e-6 * (1 + (double)n);
	free(finite);
	return right;
}

static bool test_difference(const struct kern *k, const float *v, size_t n)
{
	size_t left = n < 4 ? 0 : n - 4;
	float *out = xmalloc(left * sizeof(*out) + 1);
	bool right = true;

	k->third_difference(out, v, n);
	for (size_t i = 0; i < left; i++) {
		double d = fabs(2 * (double)v[i + 2] - (double)v[i] - (double)v[i + 4]);

		right = right && (isnan(out[i]) == isnan(d)) &&
			(isnan(d) || isinf(d) || fabs((double)out[i] - d) <= 1e-6);
	}
	free(out);
	return right;
}

static void test(const struct kern *k)
{
	bool bracket = true, sums = true, difference = true;

	for (int turn = 0; turn < 600; turn++) {
		size_t n = turn < 70 ? (size_t)turn : (size_t)below(MOST);
		float *v = xmalloc(n * sizeof(*v) + 1);

		for (size_t i = 0; i < n; i++)
			v[i] = value();
		bracket = test_bracket(k, v, n) && bracket;
		sums = test_sums(k, v, n) && sums;
		difference = test_difference(k, v, n) && difference;
		free(v);
	}
	check(bracket, "bracket at level %d", k->level);
	check(sums, "moments, biweight at level %d", k->level);
	check(difference, "third_difference at level %d", k->level);
}

#define N 16384

static void bench(const struct kern *k)
{
	float *v = xaligned(N, sizeof(*v)), *kept = xaligned(N, sizeof(*kept));
	struct kern_bracket b = {{-INFINITY, INFINITY, 0, 0}, false, 0.49f, 0.51f, 0, 0, 0, 0, 0};
	struct kern_window w = {0, 1, 0.5f, 0};
	struct kern_biweight weight;
	struct kern_moments m;

	for (size_t i = 0; i < N; i++)
		v[i] = (float)((double)(random64() >> 11) * 0x1p-53);
	RATE(k, "bracket", N, k->bracket(&b, kept, v, N));
	b.deviation = true;
	RATE(k, "bracket, deviations", N, k->bracket(&b, kept, v, N));
	RATE(k, "moments", N, k->moments(&m, v, N, 0.5));
	RATE(k, "biweight", N, k->biweight(&weight, v, N, &w, 0.3f));
	RATE(k, "third_difference", N, k->third_difference(kept, v, N));
	free(v);
	free(kept);
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
