/* SPDX-License-Identifier: ISC */
/* The background mesh against what the planes were made of. */
#include "sky/background.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

#define CELL 64

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

static float *slope(size_t width, size_t height, double noise)
{
	float *v = xaligned(width * height, sizeof(*v));

	for (size_t i = 0; i < width * height; i++)
		v[i] = (float)(500 + 0.1 * (double)(i % width) - 0.05 * (double)(i / width) +
			       noise * normal());
	return v;
}

/* Between the centres of the outermost cells a slope comes back; beyond them it is level. */
static void check_slope(void)
{
	size_t width = 1000, height = 700;
	float *v = slope(width, height, 10), *level = xaligned(width, sizeof(*level));
	float *noise = xaligned(width, sizeof(*noise)), at, at_noise;
	double worst = 0, worst_noise = 0;
	struct background b;
	bool same = true;

	check(background_new(&b, v, width, height, CELL, NULL), "a slope has a background");
	for (size_t y = CELL; y + CELL < height; y++) {
		background_row(&b, y, level, noise);
		for (size_t x = CELL; x + CELL < width; x++) {
			double truth = 500 + 0.1 * (double)x - 0.05 * (double)y;

			worst = fmax(worst, fabs((double)level[x] - truth));
			worst_noise = fmax(worst_noise, fabs((double)noise[x] - 10));
		}
		for (int i = 0; i < 10; i++) {
			size_t x = below(width);

			background_at(&b, x, y, &at, &at_noise);
			same = same && fabsf(at - level[x]) < 1e-3f &&
			       fabsf(at_noise - noise[x]) < 1e-3f;
		}
	}
	check(worst < 3.5, "level within a third of the noise: %.3f", worst);
	check(worst_noise < 1, "noise within a tenth: %.3f", worst_noise);
	check(same, "a pixel has what its row has");
	background_free(&b);
	free(v);
	free(level);
	free(noise);
}

/* A tenth of the values are bright, a corner is missing. */
static void check_crowded(void)
{
	size_t width = 600, height = 500;
	float *v = slope(width, height, 10);
	struct background one, many;
	struct pool *pool = pool_new(3);
	double level, noise, bare, bare_noise;

	background_new(&one, v, width, height, CELL, NULL);
	background_medians(&one, &bare, &bare_noise);
	background_free(&one);
	for (size_t i = 0; i < width * height; i++) {
		if (below(10) == 0)
			v[i] += (float)(3000 * uniform());
		if (i % width < 200 && i / width < 200)
			v[i] = below(2) ? NAN : -INFINITY;
	}
	background_new(&one, v, width, height, CELL, NULL);
	background_new(&many, v, width, height, CELL, pool);
	background_medians(&one, &level, &noise);
	check(fabs(level - bare) < 4 && fabs(noise - bare_noise) < 2,
		"a tenth of bright values and a hole: %.2f +- %.2f, without %.2f +- %.2f", level,
		noise, bare, bare_noise);
	check(!memcmp(one.level, many.level, one.across * one.down * sizeof(float)) &&
			!memcmp(one.noise, many.noise, one.across * one.down * sizeof(float)),
		"the same with 1 and 3 threads");
	for (size_t i = 0; i < one.across * one.down; i++)
		if (!isfinite(one.level[i]) || !isfinite(one.noise[i]))
			check(false, "cell %zu is finite", i);
	background_free(&one);
	background_free(&many);
	pool_free(pool);
	free(v);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* The same by the book, on sorted values; ten times it is clipped. */
static void plain(float *v, size_t n, double *median, double *sigma)
{
	size_t before = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (int round = 0; round <= 10 && n != before; round++) {
		double sum = 0;
		size_t kept = 0;

		*median =
			n % 2 ? (double)v[n / 2] : 0.5 * ((double)v[n / 2 - 1] + (double)v[n / 2]);
		for (size_t i = 0; i < n; i++)
			sum += ((double)v[i] - *median) * ((double)v[i] - *median);
		*sigma = sqrt(sum / (double)n);
		before = n;
		for (size_t i = 0; i < before; i++)
			if (fabs((double)v[i] - *median) <= 3 * *sigma)
				v[kept++] = v[i];
		n = kept;
	}
}

static void check_clipping(void)
{
	bool right = true;

	for (int turn = 0; turn < 300; turn++) {
		size_t n = 1 + below(1500);
		float *v = xaligned(3 * n, sizeof(*v)), median, sigma;
		double plain_median, plain_sigma;

		for (size_t i = 0; i < n; i++)
			v[i] = (float)(turn % 3 == 0 ? (double)below(9)
						     : 100 * normal() * normal());
		memcpy(v + 2 * n, v, n * sizeof(*v));
		clipped_median(v, n, v + n, &median, &sigma);
		plain(v + 2 * n, n, &plain_median, &plain_sigma);
		right = right && fabs((double)median - plain_median) <= 0.02 * plain_sigma &&
			fabs((double)sigma * 0.98658 - plain_sigma) <= 0.02 * plain_sigma;
		free(v);
	}
	check(right, "clipped medians as by the book");
}

int main(int argc, char **argv)
{
	float missing[6] = {NAN, INFINITY, NAN, NAN, -INFINITY, NAN}, one = 3;
	struct background b;
	float level, noise;

	seed_from(argc, argv);
	check_slope();
	check_crowded();
	check_clipping();
	check(!background_new(&b, missing, 3, 2, CELL, NULL), "no finite value, no background");
	check(background_new(&b, &one, 1, 1, CELL, NULL), "one value has one");
	background_at(&b, 0, 0, &level, &noise);
	check(level == 3 && noise == 0, "which is itself");
	background_free(&b);
	return done();
}
