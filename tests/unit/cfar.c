/* SPDX-License-Identifier: ISC */
/*
 * The threshold against the closed form for exponential powers, the noise against a plain sort,
 * the false-alarm rate against noise as a Hann window makes it. cfar [SEED].
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "dsp/cfar.h"

#define BINS 600

static struct cfar *make(size_t bins, size_t guard, size_t train, double db, double pfa)
{
	struct cfar_threshold threshold = {db, pfa};
	struct cfar *c;
	struct error e;

	if (cfar_new(&c, bins, guard, train, &threshold, &e))
		abort();
	return c;
}

static double uniform(void)
{
	return ((double)(random64() >> 11) + 0.5) / 0x1p53;
}

static double digamma(double x)
{
	return (lgamma(x + 1e-4) - lgamma(x - 1e-4)) / 2e-4;
}

/*
 * One transform: the ordered value's Pfa is a ratio of gamma functions (Rohling 1983, for n and k
 * that need not be whole), its mean a difference of two digamma functions.
 */
static void test_closed_form(void)
{
	const size_t trains[] = {8, 32, 128, 256};
	const double pfas[] = {1e-2, 1e-4, 1e-6, 1e-9};
	double worst = 0;

	for (size_t i = 0; i < COUNT_OF(trains); i++)
		for (size_t j = 0; j < COUNT_OF(pfas); j++) {
			struct cfar *c = make(BINS, 2, trains[i], 0, pfas[j]);
			double both = 2 * (double)trains[i],
			       n = both / (1 + 2 * (4. / 9 + 1. / 36));
			double k = (floor((both - 1) / 3) + 0.5) / both * n + 0.5, alpha, pfa;

			alpha = cfar_factor(c, 1) / (digamma(n + 1) - digamma(n - k + 1));
			pfa = exp(lgamma(n + 1) + lgamma(n - k + 1 + alpha) - lgamma(n - k + 1) -
				  lgamma(n + 1 + alpha));
			worst = fmax(worst, fabs(pfa / pfas[j] - 1));
			cfar_free(c);
		}
	check(worst < 0.01, "exponential powers: the probability to %.2g of itself", worst);
}

/* Of many transforms the powers are nearly Gaussian, and the window's error is small. */
static void test_many_transforms(void)
{
	struct cfar *c = make(2000, 2, 900, 0, 1e-3);
	double factor = cfar_factor(c, 2500), expected = 1 + 3.0902 / 50;

	check(fabs(factor - expected) < 0.003, "2500 transforms: %.4f, 3.09 sigma are %.4f", factor,
		expected);
	check(cfar_factor(c, 1e9) == cfar_factor(c, CFAR_TRANSFORMS_MAX),
		"more than the most count as these");
	cfar_free(c);
	c = make(2000, 2, 0, 10, 0);
	check(fabs(cfar_factor(c, 1) - 10) < 1e-12 && fabs(cfar_factor(c, 7) - 10) < 1e-12,
		"decibels are what they are");
	cfar_free(c);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* The value a third of the way up among the cells of a window, by a sort. */
static float by_sorting(const float *row, size_t n, size_t guard, size_t train, size_t i)
{
	float *window = xmalloc(2 * train * sizeof(*window)), value;
	size_t left = i > guard ? i - guard : 0, right = n > i + guard + 1 ? n - i - guard - 1 : 0;
	size_t before = train, after;

	if (before > left)
		before = left;
	after = 2 * train - before;
	if (after > right) {
		after = right;
		before = 2 * train - after;
	}
	memcpy(window, row + left - before, before * sizeof(*window));
	memcpy(window + before, row + i + guard + 1, after * sizeof(*window));
	qsort(window, 2 * train, sizeof(*window), by_value);
	value = window[(2 * train - 1) / 3];
	free(window);
	return value;
}

static void test_sliding(void)
{
	float row[BINS], noise[BINS];
	uint8_t above[BINS];
	bool right = true;

	for (int round = 0; round < 60; round++) {
		size_t guard = below(8), train = 4 + below(60), bins;
		size_t least = 2 * (guard + train) + 1;
		struct cfar *c;
		double ratio = 0;

		bins = least + below(BINS - least + 1);
		c = make(bins, guard, train, 200, 0);
		for (size_t b = 0; b < bins; b++) /* with many equal ones */
			row[b] = round % 2 ? (float)(1 + below(4)) : (float)(2 + uniform());
		cfar_row(c, 1e6, row, noise, above);
		for (size_t b = 0; b < bins; b++) {
			double now =
				(double)noise[b] / (double)by_sorting(row, bins, guard, train, b);

			ratio = b ? ratio : now;
			right = right && fabs(now / ratio - 1) < 1e-6;
		}
		cfar_free(c);
	}
	check(right, "the sliding window has what a sort has, at the edges too");
}

/* A row of the mean of `transforms` powers of noise seen through a Hann window, mean 1. */
static void hann_noise(float *row, size_t bins, int transforms)
{
	double *re = xmalloc((bins + 2) * sizeof(*re)), *im = xmalloc((bins + 2) * sizeof(*im));

	memset(row, 0, bins * sizeof(*row));
	for (int t = 0; t < transforms; t++) {
		for (size_t b = 0; b < bins + 2; b++) {
			double r = sqrt(-log(uniform())), phase = 2 * M_PI * uniform();

			re[b] = r * cos(phase);
			im[b] = r * sin(phase);
		}
		for (size_t b = 0; b < bins; b++) {
			double x = re[b + 1] - (re[b] + re[b + 2]) / 2;
			double y = im[b + 1] - (im[b] + im[b + 2]) / 2;

			row[b] += (float)((x * x + y * y) / 1.5 / transforms);
		}
	}
	free(re);
	free(im);
}

static void test_false_alarms(int transforms, size_t rows)
{
	struct cfar *c = make(BINS, 3, 64, 0, 1e-3);
	float row[BINS], noise[BINS];
	uint8_t above[BINS];
	double sum = 0, cells = (double)(rows * BINS), rate;
	size_t found = 0;

	for (size_t k = 0; k < rows; k++) {
		hann_noise(row, BINS, transforms);
		found += cfar_row(c, transforms, row, noise, above);
		for (size_t b = 0; b < BINS; b++)
			sum += (double)noise[b];
	}
	rate = (double)found / cells / 1e-3;
	check(rate > 0.5 && rate < 1.2,
		"noise of %d transforms: %.2f of the false alarms asked for", transforms, rate);
	check(fabs(sum / cells - 1) < 0.02, "and its mean told as %.4f", sum / cells);
	cfar_free(c);
}

/* A band as wide as two thirds of the window is seen whole, and its neighbours are not. */
static void test_wide_signal(size_t width)
{
	struct cfar *c = make(BINS, 3, 64, 0, 1e-9);
	float row[BINS], noise[BINS];
	uint8_t above[BINS];
	size_t inside = 0, outside = 0;
	double worst = 0;

	hann_noise(row, BINS, 8);
	for (size_t b = 200; b < 200 + width; b++)
		row[b] *= 1000;
	cfar_row(c, 8, row, noise, above);
	for (size_t b = 0; b < BINS; b++) {
		*(b >= 200 && b < 200 + width ? &inside : &outside) += above[b];
		worst = fmax(worst, fabs(log10((double)noise[b])));
	}
	check(inside == width && outside == 0, "a band of %zu bins: %zu above, and %zu beside it",
		width, inside, outside);
	check(worst < 0.2, "the noise under and beside it is right to %.1f dB", 10 * worst);
	cfar_free(c);
}

static void test_no_data(void)
{
	struct cfar *c = make(BINS, 3, 64, 0, 1e-9);
	float row[BINS], noise[BINS];
	uint8_t above[BINS];
	size_t found, finite = 0;

	hann_noise(row, BINS, 8);
	for (size_t b = 100; b < 300; b++)
		row[b] = b % 3 ? NAN : INFINITY;
	row[99] = row[400] = 1000;
	found = cfar_row(c, 8, row, noise, above);
	for (size_t b = 0; b < BINS; b++)
		finite += noise[b] > 0.3f && noise[b] < 3;
	check(found == 2 && above[99] && above[400] && finite == BINS,
		"bins without data are above nothing and tell nothing");
	for (size_t b = 0; b < BINS - 100; b++)
		row[b] = NAN;
	check(cfar_row(c, 8, row, noise, above) == 0 && isnan(noise[0]) && isnan(noise[BINS - 1]),
		"where too few are left there is no noise");
	memset(row, 0, sizeof(row));
	row[50] = 1;
	check(cfar_row(c, 8, row, noise, above) == 1 && above[50] && noise[50] > 0,
		"a signal above nothing is a signal");
	cfar_free(c);
}

static void test_words(void)
{
	struct cfar_threshold t;
	struct cfar *c;
	struct error e;

	check(cfar_parse_threshold("noise:6", &t) && t.db == 6 && t.pfa == 0, "noise:6");
	check(cfar_parse_threshold("pfa:1e-7", &t) && t.pfa == 1e-7, "pfa:1e-7");
	check(!cfar_parse_threshold("pfa:0", &t) && !cfar_parse_threshold("pfa:0.5", &t) &&
			!cfar_parse_threshold("pfa:nan", &t) &&
			!cfar_parse_threshold("noise:0", &t) &&
			!cfar_parse_threshold("noise:", &t) && !cfar_parse_threshold("6", &t) &&
			!cfar_parse_threshold("noise:6x", &t),
		"others are refused");
	t = (struct cfar_threshold){10, 0};
	check(cfar_new(&c, 14, 3, 0, &t, &e) == EXIT_DATA && !c && strstr(e.text, "15"),
		"too few bins are refused");
	check(cfar_new(&c, 15, 3, 1 << 20, &t, &e) == 0, "just enough are not");
	cfar_free(c);
}

static void test_independent(void)
{
	check(cfar_independent(1, 1024, 256) == 1 && cfar_independent(50, 1024, 1024) == 50,
		"transforms that do not overlap are independent");
	/* Welch: overlapping by half, a Hann window's transforms have a correlation of 1/36. */
	check(fabs(cfar_independent(1000, 1024, 512) - 1000 / (1 + 2. / 36)) < 0.5,
		"by half, 18/19 of them");
	check(fabs(cfar_independent(1, 7, 1) - 1) < 1e-12, "one is one");
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_words();
	test_closed_form();
	test_many_transforms();
	test_independent();
	test_sliding();
	test_false_alarms(1, 1500);
	test_false_alarms(4, 500);
	for (size_t width = 10; width <= 250; width += 80)
		test_wide_signal(width);
	test_no_data();
	return done();
}
