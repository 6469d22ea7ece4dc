/* SPDX-License-Identifier: ISC */
/*
 * calibrate and mosaic at every level: against plain loops, and the same bits as the plain level.
 * mosaic [SEED] tests; mosaic --bench prints rates.
 */
#include <math.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define MOST 300
#define ROWS 20

static float value(void)
{
	return below(50) ? (float)below(65536) - 1000 : below(2) ? NAN : 0;
}

static float *values(size_t n)
{
	float *v = xaligned(n, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = value();
	return v;
}

static bool same_bits(const float *a, const float *b, size_t n)
{
	return !memcmp(a, b, n * sizeof(*a));
}

static bool test_calibrate(const struct kern *k, size_t n)
{
	float *v = values(MOST), *again = xaligned(MOST, sizeof(*again));
	float *base = values(MOST), *slope = values(MOST), *factor = values(MOST);
	struct kern_calibration c = {below(3) ? base : NULL, NULL, below(2) ? factor : NULL,
		(float)below(3) * 0.4f, (float)below(2) * 7, (float)below(2) * 100};
	size_t below_zero = 0, count;
	bool right;

	c.slope = c.base && below(2) ? slope : NULL;
	memcpy(again, v, MOST * sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		float x = again[i] + c.shift;

		if (c.slope)
			x = x - (c.base[i] + c.scale * c.slope[i]);
		else if (c.base)
			x = x - c.base[i];
		if (c.factor)
			x = x * c.factor[i];
		below_zero += x < 0;
		again[i] = x + c.add;
	}
	count = k->calibrate(v, n, &c);
	right = count == below_zero;
	for (size_t i = 0; i < MOST; i++)
		right = right && (v[i] == again[i] || (isnan(v[i]) && isnan(again[i])));
	free(v);
	free(again);
	free(base);
	free(slope);
	free(factor);
	return right;
}

/* Tiles of all widths, with nothing written beside the output. */
static bool test_mosaic(const struct kern *k, int width, int height, enum kern_mosaic_method method)
{
	ptrdiff_t stride = width + 2 * KERN_MOSAIC_MARGIN + KERN_MOSAIC_BEYOND;
	ptrdiff_t out_stride = width + (ptrdiff_t)below(5);
	size_t in_count = (size_t)((height + 2 * KERN_MOSAIC_MARGIN) * stride);
	size_t out_count = (size_t)(height * out_stride + 1);
	float *in = values(in_count), *work = values(KERN_MOSAIC_PLANES * in_count);
	float *out = values(3 * out_count), *plain = xaligned(3 * out_count, sizeof(*plain));
	struct kern_mosaic m = {.in = in + KERN_MOSAIC_MARGIN * stride + KERN_MOSAIC_MARGIN,
		.in_stride = stride,
		.out_stride = out_stride,
		.width = width,
		.height = height,
		.red_x = (unsigned)below(2),
		.red_y = (unsigned)below(2),
		.floor = 0.65f};
	struct kern_mosaic p = m;
	bool right;

	/* What NaN have for a payload differs between levels; rates of NaN are tested above. */
	for (size_t i = 0; i < in_count; i++)
		in[i] = isnan(in[i]) ? 5 : in[i];
	memcpy(plain, out, 3 * out_count * sizeof(*out));
	for (size_t i = 0; i < 3; i++) {
		m.out[i] = out + i * out_count;
		p.out[i] = plain + i * out_count;
	}
	k->mosaic(&m, method, work);
	kern_level(1)->mosaic(&p, method, work);
	right = same_bits(out, plain, 3 * out_count);
	free(in);
	free(work);
	free(out);
	free(plain);
	return right;
}

static void bench(const struct kern *k)
{
	static const char *const names[] = {"mosaic bilinear", "mosaic vng", "mosaic rcd"};
	enum { SIDE = 128, STRIDE = SIDE + 2 * KERN_MOSAIC_MARGIN + KERN_MOSAIC_BEYOND };
	size_t count = (SIDE + 2 * KERN_MOSAIC_MARGIN) * STRIDE;
	float *in = values(count), *work = values(KERN_MOSAIC_PLANES * count);
	float *out = values((size_t)3 * SIDE * SIDE);
	struct kern_mosaic m = {.in = in + KERN_MOSAIC_MARGIN * STRIDE + KERN_MOSAIC_MARGIN,
		.in_stride = STRIDE,
		.out = {out, out + SIDE * SIDE, out + 2 * SIDE * SIDE},
		.out_stride = SIDE,
		.width = SIDE,
		.height = SIDE,
		.floor = 1};
	struct kern_calibration c = {in, NULL, in, 0, 0, 0};

	for (int method = 0; method < 3; method++)
		RATE(k, names[method], SIDE * SIDE,
			k->mosaic(&m, (enum kern_mosaic_method)method, work));
	RATE(k, "calibrate", 4096, k->calibrate(out, 4096, &c));
	free(in);
	free(work);
	free(out);
}

int main(int argc, char **argv)
{
	bool rates = argc > 1 && !strcmp(argv[1], "--bench");

	if (rates)
		RATE_HEADING;
	else
		seed_from(argc, argv);
	for (int level = 1; level <= KERN_LEVELS; level++) {
		const struct kern *k = kern_level(level);
		bool calibrate = true, mosaic[3] = {true, true, true};

		if (!k)
			continue;
		if (rates) {
			bench(k);
			continue;
		}
		for (int turn = 0; turn < 300; turn++)
			calibrate = calibrate && test_calibrate(k, below(MOST));
		for (int turn = 0; turn < 120; turn++)
			for (int i = 0; i < 3; i++)
				mosaic[i] =
					mosaic[i] &&
					test_mosaic(k, 1 + (int)below(turn < 60 ? 20 : 200),
						1 + (int)below(ROWS), (enum kern_mosaic_method)i);
		check(calibrate, "level %d: calibrate as plain loops do", level);
		check(mosaic[0], "level %d: bilinear colours, the bits of level 1", level);
		check(mosaic[1], "level %d: VNG, the bits of level 1", level);
		check(mosaic[2], "level %d: RCD, the bits of level 1", level);
	}
	return rates ? 0 : done();
}
