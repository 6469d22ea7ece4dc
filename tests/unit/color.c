/* SPDX-License-Identifier: ISC */
/* Colour balance: planted grey stars come to equal channels, the background becomes grey. */
#include "sky/color.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "sky/statistics.h"

#define W 700
#define H 500
#define STARS 120

static const double sky[3] = {500, 900, 650}, response[3] = {0.55, 1, 0.8};

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double gauss(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

struct planted {
	double x, y, flux;
};

/* Grey stars seen through unequal channels, noise, and a nebula that is all red. */
static float *field(struct planted *star, size_t stars, double nebula)
{
	float *v = xaligned(3 * W * H, sizeof(*v));

	for (size_t i = 0; i < stars; i++)
		star[i] = (struct planted){20 + uniform() * (W - 40), 20 + uniform() * (H - 40),
			exp(10 + 4 * uniform())};
	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < (size_t)W * H; i++) {
			double x = (double)(i % W) - W / 2.0, y = (double)(i / W) - H / 2.0;
			double glow = p == 0 ? nebula * exp(-(x * x + y * y) / 4000) : 0;

			v[p * W * H + i] = (float)(sky[p] + glow + 12 * gauss());
		}
	for (size_t k = 0; k < stars; k++)
		for (int dy = -9; dy <= 9; dy++)
			for (int dx = -9; dx <= 9; dx++) {
				int x = (int)star[k].x + dx, y = (int)star[k].y + dy;
				double u = x - star[k].x, w = y - star[k].y;
				double at = star[k].flux * exp(-(u * u + w * w) / (2 * 1.8 * 1.8)) /
					    (2 * M_PI * 1.8 * 1.8);

				for (size_t p = 0; p < 3; p++)
					v[p * W * H + (size_t)y * W + (size_t)x] +=
						(float)(at * response[p]);
			}
	for (size_t i = 0; i < 3ul * W * H; i++)
		v[i] = fminf(v[i], 65535);
	return v;
}

static void test_stars(struct pool *pool)
{
	struct planted star[STARS];
	float *v = field(star, STARS, 3000), *out = xaligned(3 * W * H, sizeof(*out));
	struct color_plane plane[3], alone[3];
	double background[3], least = INFINITY;
	enum color_source source = color_measure(v, W, H, 0.9 * 65535, pool, plane);

	check(source == COLOR_STARS, "stars are taken where there are some");
	for (int p = 0; p < 3; p++)
		least = fmin(least, plane[p].gain);
	check(least == 1, "the least gain is 1");
	for (int p = 0; p < 3; p += 2) {
		double ratio = plane[p].gain / plane[1].gain * response[p];

		check(fabs(ratio - 1) < 0.02, "plane %d: grey stars come out at %.4f of green", p,
			ratio);
	}
	color_apply(out, v, 3, W * H, plane, pool);
	for (size_t p = 0; p < 3; p++) {
		/* a corner, where the nebula does not shine */
		float corner[40 * 40];

		for (size_t i = 0; i < 1600; i++)
			corner[i] = out[p * W * H + i / 40 * W + i % 40];
		background[p] = median_f32(corner, 1600, NULL);
	}
	check(fabs(background[0] - background[1]) < 5 && fabs(background[2] - background[1]) < 3,
		"the background is grey: %.1f %.1f %.1f", background[0], background[1],
		background[2]);
	color_measure(v, W, H, 0.9 * 65535, NULL, alone);
	check(!memcmp(plane, alone, sizeof(plane)), "threads change nothing");
	free(v);
	free(out);
}

static void test_pixels(void)
{
	struct color_plane plane[3];
	float *v = field(NULL, 0, 0);

	check(color_measure(v, W, H, 60000, NULL, plane) == COLOR_NONE && plane[0].gain == 1 &&
			plane[2].gain == 1 && fabs(plane[0].background - sky[0]) < 0.5,
		"an empty sky: only its background is told");
	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < (size_t)W * H; i++) {
			double x = (double)(i % W) - W / 2.0, y = (double)(i / W) - H / 2.0;

			v[p * W * H + i] +=
				(float)(response[p] * 2000 * exp(-(x * x + y * y) / 8000));
		}
	check(color_measure(v, W, H, 60000, NULL, plane) == COLOR_PIXELS &&
			fabs(plane[0].gain / plane[1].gain * response[0] - 1) < 0.02 &&
			fabs(plane[2].gain / plane[1].gain * response[2] - 1) < 0.02,
		"a grey cloud without stars: its pixels (%.4f, %.4f)", plane[0].gain * response[0],
		plane[2].gain * response[2]);
	for (size_t i = 0; i < 3ul * W * H; i++)
		v[i] = NAN;
	check(color_measure(v, W, H, 60000, NULL, plane) == COLOR_NONE, "no data");
	free(v);
}

int main(int argc, char **argv)
{
	struct pool *pool = pool_new(3);

	seed_from(argc, argv);
	test_stars(pool);
	test_pixels();
	pool_free(pool);
	return done();
}
