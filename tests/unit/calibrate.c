/* SPDX-License-Identifier: ISC */
/*
 * Calibration undoes what was planted: bias, dark current, vignetting, hot and cold pixels; the
 * scale of a dark is found again; flats and defects against plain references.
 */
#include "sky/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/dtype.h"
#include "base/mem.h"
#include "sky/cosmetic.h"

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double gauss(void)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += uniform();
	return sum - 6;
}

static float *new_plane(size_t n)
{
	return xaligned(n, sizeof(float));
}

/* A light made of a sky is that sky again; masters are exact, so what is left is rounding. */
static void test_identity(void)
{
	double worst = 0;
	bool same = true;

	for (int turn = 0; turn < 20; turn++) {
		size_t w = 3 + below(150), h = 3 + below(90), planes = 1 + below(2) * 2,
		       stride = w + below(9);
		size_t n = planes * w * h, plane = w * h;
		float *bias = new_plane(n), *slope = new_plane(n), *flat = new_plane(n),
		      *sky = new_plane(n);
		float *out = new_plane(n), *again = new_plane(n);
		float *raw = xcalloc(planes * stride * h, sizeof(*raw));
		double scale = 2 * uniform(), shift = 10 * uniform(), add = 100 * uniform(), c[3];
		struct calibration all = {planes, h, w, bias, slope, flat};
		struct raw_frame frame = {raw, DTYPE_F32, stride, stride * h, scale, -shift, add};
		struct pool *pool = pool_new(3);
		size_t holes = 0;
		struct error e;

		for (size_t i = 0; i < n; i++) {
			double x = (double)(i % w) / (double)w - 0.5,
			       y = (double)(i % plane / w) / (double)h - 0.5;

			bias[i] = (float)(500 + 5 * gauss());
			slope[i] = below(100) ? (float)(20 * uniform()) : 5000;
			flat[i] = (float)(30000 * (1 - x * x - y * y) * (1 + 0.01 * gauss()));
			sky[i] = (float)(800 + 50 * gauss());
		}
		for (size_t p = 0; p < planes; p++) {
			double sum = 0, count = 0;

			for (size_t y = h / 3; y < (2 * h / 3 > h / 3 ? 2 * h / 3 : h / 3 + 1); y++)
				for (size_t x = w / 3;
					x < (2 * w / 3 > w / 3 ? 2 * w / 3 : w / 3 + 1); x++) {
					sum += (double)flat[p * plane + y * w + x];
					count++;
				}
			c[p] = sum / count;
		}
		for (size_t i = 0; i < n; i++)
			raw[i / plane * stride * h + i % plane / w * stride + i % w] =
				(float)((double)sky[i] * (double)flat[i] / c[i / plane] +
					(double)bias[i] + scale * (double)slope[i] + shift);
		for (size_t p = 0; p < planes; p++)
			if (flat_to_factor(flat + p * plane, h, w, false, &holes, &e))
				abort();
		calibrate(out, &all, &frame, NULL);
		calibrate(again, &all, &frame, pool);
		for (size_t i = 0; i < n; i++)
			worst = fmax(worst, fabs((double)out[i] - (double)sky[i] - add));
		same = same && holes == 0 && !memcmp(out, again, n * sizeof(*out));
		pool_free(pool);
		free(bias);
		free(slope);
		free(flat);
		free(sky);
		free(out);
		free(again);
		free(raw);
	}
	check(worst < 0.01, "a light made of a sky is that sky again: to %.2g of 800 adu", worst);
	check(same, "the same bytes on three threads");
}

static void test_types(void)
{
	const uint16_t words[] = {0, 65535, 700, 1};
	const int16_t signed_words[] = {-32768, 32767, 0, 5};
	const double doubles[] = {-1e5, 0.25, 1e6, NAN};
	const float base[] = {1, 2, 3, 4};
	const struct calibration c = {1, 2, 2, base, NULL, NULL};
	struct raw_frame frame = {words, DTYPE_U16, 2, 4, 0, 0, 10};
	float out[4];
	size_t negative;

	negative = calibrate(out, &c, &frame, NULL);
	check(negative == 2 && out[0] == 9 && out[1] == 65543 && out[2] == 707 && out[3] == 7,
		"u16");
	frame.pixels = signed_words;
	frame.dtype = DTYPE_I16;
	negative = calibrate(out, &c, &frame, NULL);
	check(negative == 2 && out[0] == -32759 && out[1] == 32775 && out[2] == 7 && out[3] == 11,
		"i16");
	frame.pixels = doubles;
	frame.dtype = DTYPE_F64;
	negative = calibrate(out, &c, &frame, NULL);
	check(negative == 2 && out[0] == -99991 && out[1] == 8.25f && out[2] == 1000007 &&
			isnan(out[3]),
		"f64, no data stays none");
}

static void test_flat(void)
{
	float flat[36], bad[36] = {0};
	double mean[4] = {0};
	size_t holes = 0;
	struct error e;

	for (size_t i = 0; i < 36; i++)
		flat[i] = (float)(100 * (1 + i / 6 % 2 * 2 + i % 2) + 1);
	flat[0] = 0;
	flat[1] = -3;
	flat[2] = NAN;
	check(flat_to_factor(flat, 6, 6, true, &holes, &e) == 0 && holes == 3 && isnan(flat[0]) &&
			isnan(flat[1]) && isnan(flat[2]),
		"what is not above 0 becomes no data");
	for (size_t i = 6; i < 36; i++)
		mean[i / 6 % 2 * 2 + i % 2] += (double)flat[i] / (i / 6 % 2 ? 9 : 6);
	check(fabs(mean[0] - 1) < 1e-6 && fabs(mean[1] - 1) < 1e-6 && fabs(mean[2] - 1) < 1e-6 &&
			fabs(mean[3] - 1) < 1e-6,
		"equalized: colours of a flat do nothing");
	check(flat_to_factor(bad, 6, 6, false, &holes, &e) == EXIT_DATA, "a flat of 0 is refused");
	bad[14] = bad[15] = bad[20] = 1;
	check(flat_to_factor(bad, 6, 6, true, &holes, &e) == EXIT_DATA,
		"one place of 0 cannot be equalized");
}

static void test_scale(void)
{
	enum { SIDE = 200 };
	float *light = new_plane(SIDE * SIDE), *dark = new_plane(SIDE * SIDE);
	double worst = 0;

	for (int turn = 0; turn < 6; turn++) {
		double k = 0.1 + 1.8 * uniform();

		for (size_t i = 0; i < SIDE * SIDE; i++) {
			double x = (double)(i % SIDE), y = (double)(i / SIDE),
			       d = below(30) ? 2 * uniform() : 300 * uniform();

			dark[i] = (float)d;
			light[i] = (float)(k * d + 500 + 0.3 * x + 5 * gauss() +
					   20000 * exp(-(pow(x - 60, 2) + pow(y - 70, 2)) / 8));
		}
		light[SIDE * 3 + 7] = NAN;
		worst = fmax(worst, fabs(dark_scale_find(light, dark, SIDE, SIDE) - k));
	}
	check(worst < 0.01, "a dark's scale is found again: to %.4f", worst);
	memset(dark, 0, SIDE * SIDE * sizeof(*dark));
	check(dark_scale_find(light, dark, SIDE, SIDE) == 1, "1 of a dark that says nothing");
	check(dark_scale_find(light, dark, 4, 4) == 1, "1 of frames too narrow");
	free(light);
	free(dark);
}

static int ascending(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What a defect shall become, from the frame as it was. */
static double mended(const struct defects *d, const float *v, long at, long step)
{
	long w = (long)d->width, h = (long)d->height, x0 = at % w, y0 = at / w;
	long reach = d->kind[at] == DEFECT_HOT ? 1 : 2, n = 0;
	float good[24];
	double sum = 0;

	for (long y = y0 - reach * step; y <= y0 + reach * step; y += step)
		for (long x = x0 - reach * step; x <= x0 + reach * step; x += step)
			if (x >= 0 && y >= 0 && x < w && y < h && !d->kind[y * w + x] &&
				!isnan(v[y * w + x])) {
				sum += (double)v[y * w + x];
				good[n++] = v[y * w + x];
			}
	qsort(good, (size_t)n, sizeof(*good), ascending);
	if (n == 0)
		return NAN;
	return reach == 1 ? sum / (double)n : ((double)good[n / 2] + (double)good[(n - 1) / 2]) / 2;
}

static void test_defects(void)
{
	enum { W = 90, H = 70 };
	float dark[W * H], v[W * H], before[W * H];
	bool hot[W * H] = {false}, cold[W * H] = {false}, found = true, right = true;
	struct pool *pool = pool_new(2);

	for (long step = 1; step <= 2; step++) {
		struct defects d;

		memset(hot, 0, sizeof(hot));
		memset(cold, 0, sizeof(cold));
		for (size_t i = 0; i < W * H; i++) {
			dark[i] = (float)(100 + 2 * fmin(fmax(gauss(), -2.5), 2.5));
			v[i] = before[i] = below(40) ? (float)(1000 + 30 * gauss()) : NAN;
			hot[i] = below(30) == 0;
			cold[i] = !hot[i] && below(60) == 0;
			dark[i] += hot[i] ? 50 : cold[i] ? -50 : 0;
		}
		dark[5] = NAN;
		hot[5] = cold[5] = false;
		defects_find(dark, 1, H, W, 10, 10, 0, pool, &d);
		for (size_t i = 0; i < W * H; i++)
			found = found && d.kind[i] == (hot[i]		? DEFECT_HOT
							      : cold[i] ? DEFECT_COLD
									: 0);
		found = found && d.count == d.hot + d.cold;
		defects_mend(&d, v, (size_t)step, pool);
		for (size_t i = 0; i < W * H; i++) {
			double expected =
				d.kind[i] ? mended(&d, before, (long)i, step) : (double)before[i];

			right = right && (isnan(expected) ? isnan(v[i])
							  : fabs((double)v[i] - expected) < 1e-3);
		}
		defects_free(&d);
	}
	check(found, "planted hot and cold pixels are found");
	check(right, "they get the mean or the median of good neighbours");
	for (size_t i = 0; i < W * H; i++)
		dark[i] = i == 77 ? 500 : 100;
	{
		struct defects d;

		defects_find(dark, 1, H, W, 3, 3, 0.289, NULL, &d);
		check(d.count == 1 && d.at[0] == 77, "a dark of one value but for one pixel");
		defects_free(&d);
	}
	pool_free(pool);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_identity();
	test_types();
	test_flat();
	test_scale();
	test_defects();
	return done();
}
