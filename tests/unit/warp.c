/* SPDX-License-Identifier: ISC */
/* Resampling planted stars: places, fluxes, noise, dark rings, missing pixels, any threads. */
#include "sky/warp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "base/pool.h"
#include "sky/framing.h"

#define WIDTH 300
#define HEIGHT 260
#define STARS 12

static const char *const names[] = {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos4"};

struct star_truth {
	double x, y, flux;
};

static double uniform(double from, double to)
{
	return from + (to - from) * ((double)(random64() >> 11) * 0x1p-53);
}

static double gauss(void)
{
	return sqrt(-2 * log(uniform(1e-12, 1))) * cos(uniform(0, 2 * M_PI));
}

/* Gaussian stars on a lattice that leaves room between them, each somewhere on its pixel. */
static float *planted(struct star_truth star[STARS], double fwhm, double sky)
{
	float *v = xaligned(WIDTH * HEIGHT, sizeof(*v));
	double sigma = fwhm / 2.35482;

	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		v[i] = (float)sky;
	for (int s = 0; s < STARS; s++) {
		star[s] = (struct star_truth){60 + 60 * (s % 4) + uniform(-3, 3),
			60 + 60 * (s / 4) + uniform(-3, 3), exp(uniform(6, 11))};
		for (int y = 0; y < HEIGHT; y++)
			for (int x = 0; x < WIDTH; x++) {
				double dx = x - star[s].x, dy = y - star[s].y;

				v[y * WIDTH + x] +=
					(float)(star[s].flux / (2 * M_PI * sigma * sigma) *
						exp(-(dx * dx + dy * dy) / (2 * sigma * sigma)));
			}
	}
	return v;
}

static struct transform turned(double degrees, double scale, double dx, double dy)
{
	double c = scale * cos(degrees * M_PI / 180), s = scale * sin(degrees * M_PI / 180);
	double x = WIDTH / 2.0, y = HEIGHT / 2.0;

	return (struct transform){
		{c, -s, x - c * x + s * y + dx, s, c, y - s * x - c * y + dy, 0, 0, 1}};
}

static void warp_plane(enum warp_interp interp, const float *v, const struct transform *t,
	bool fluxes, double fwhm, float *out, size_t width, size_t height, struct pool *pool)
{
	struct warp_image in = {1, HEIGHT, WIDTH, v};
	struct warper *w = warper_new(interp, fwhm);

	warp(w, &in, t, fluxes, out, width, height, pool);
	warper_free(w);
}

/* Flux and centroid of what lies within `radius` of a place. */
static struct star_truth measure(const float *v, size_t width, struct point at, double radius)
{
	struct star_truth m = {0, 0, 0};

	for (int y = (int)(at.y - radius); y <= (int)(at.y + radius); y++)
		for (int x = (int)(at.x - radius); x <= (int)(at.x + radius); x++) {
			double value = (double)v[(size_t)y * width + (size_t)x];

			m.flux += value;
			m.x += value * x;
			m.y += value * y;
		}
	m.x /= m.flux;
	m.y /= m.flux;
	return m;
}

static void stars_keep(enum warp_interp interp, double scale, double fwhm)
{
	struct star_truth star[STARS];
	float *v = planted(star, fwhm, 0), *out;
	struct transform t = turned(uniform(-4, 4), 1, uniform(-4, 4), uniform(-4, 4)), back, grid;
	struct grid g = {3, -2, scale, (size_t)(WIDTH * scale), (size_t)(HEIGHT * scale)};
	double worst_flux = 0, worst_place = 0;

	t.m[6] = 2e-5;
	t.m[7] = -1e-5;
	grid = framing_transform(&g, &t);
	transform_invert(&grid, &back);
	out = xcalloc(g.width * g.height, sizeof(*out));
	warp_plane(interp, v, &grid, true, fwhm, out, g.width, g.height, NULL);
	for (int s = 0; s < STARS; s++) {
		struct point at = transform_point(&back, (struct point){star[s].x, star[s].y});
		double radius = scale * 4 * fwhm;
		struct star_truth m;

		if (!(at.x > radius + 6 && at.y > radius + 6 &&
			    at.x < (double)g.width - radius - 6 &&
			    at.y < (double)g.height - radius - 6))
			continue;
		m = measure(out, g.width, at, radius);
		worst_flux = fmax(worst_flux, fabs(m.flux / star[s].flux - 1));
		worst_place = fmax(worst_place, hypot(m.x - at.x, m.y - at.y) / scale);
	}
	check(worst_flux < 0.005 && worst_place < 0.01,
		"%s, FWHM %.1f px, scale %.2f: fluxes within %.2f %%, places %.4f px",
		names[interp], fwhm, scale, worst_flux * 100, worst_place);
	free(v);
	free(out);
}

static void identity(enum warp_interp interp)
{
	struct star_truth star[STARS];
	float *v = planted(star, 2.5, 100), *out = xcalloc(WIDTH * HEIGHT, sizeof(*out));
	struct transform shift = transform_identity;
	bool same = true;

	v[777] = NAN;
	/* Stars of 2 px leave lanczos4 its full band. */
	warp_plane(interp, v, &transform_identity, true, 2, out, WIDTH, HEIGHT, NULL);
	check(!memcmp(v, out, WIDTH * HEIGHT * sizeof(*v)), "%s: the identity copies",
		names[interp]);
	if (interp != WARP_LANCZOS4) {
		v[777] = 100;
		shift.m[2] = 5;
		shift.m[5] = -7;
		warp_plane(interp, v, &shift, true, 3, out, WIDTH, HEIGHT, NULL);
		for (int y = 7; y < HEIGHT; y++)
			for (int x = 0; x < WIDTH - 5; x++)
				same = same &&
				       fabsf(out[y * WIDTH + x] - v[(y - 7) * WIDTH + x + 5]) <=
					       1e-6f * v[(y - 7) * WIDTH + x + 5];
		check(same, "%s: whole pixels are moved as they are", names[interp]);
	}
	check(isnan(out[0]) || interp == WARP_LANCZOS4, "%s: nothing beyond the edge",
		names[interp]);
	free(v);
	free(out);
}

/* A slope is kept by kernels that are right to the first order, up to the edge. */
static void slope(enum warp_interp interp)
{
	float *v = xaligned(WIDTH * HEIGHT, sizeof(*v)),
	      *out = xcalloc(WIDTH * HEIGHT, sizeof(*out));
	struct transform t = turned(2, 1, 0.3, -0.4);
	double worst = 0;
	size_t there = 0;

	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			v[y * WIDTH + x] = (float)(500 + 2 * x - y);
	warp_plane(interp, v, &t, true, 3, out, WIDTH, HEIGHT, NULL);
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			struct point p = transform_point(&t, (struct point){x, y});
			bool in = p.x >= 1e-3 && p.y >= 1e-3 && p.x < WIDTH - 1.001 &&
				  p.y < HEIGHT - 1.001;
			float value = out[y * WIDTH + x];

			there += in;
			if (in)
				worst = fmax(worst,
					isnan(value) ? INFINITY
						     : fabs((double)value - (500 + 2 * p.x - p.y)));
		}
	check(there > WIDTH * HEIGHT * 9 / 10 && worst < 0.05,
		"%s: a slope of 2 a px is kept within %.3f, up to the edge", names[interp], worst);
	free(v);
	free(out);
}

/* A hot pixel makes no hole in the sky around it. */
static void rings(enum warp_interp interp)
{
	float *v = xaligned(WIDTH * HEIGHT, sizeof(*v)),
	      *out = xcalloc(WIDTH * HEIGHT, sizeof(*out));
	struct transform t = turned(1, 1, 0.37, 0.61);
	float least = INFINITY;

	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		v[i] = 100;
	for (int i = 0; i < 40; i++)
		v[(20 + below(HEIGHT - 40)) * WIDTH + 20 + below(WIDTH - 40)] = 60000;
	warp_plane(interp, v, &t, true, 3, out, WIDTH, HEIGHT, NULL);
	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		least = fminf(least, out[i]);
	check(least > 99.99f, "%s: no dark rings round hot pixels (least %.3f of 100)",
		names[interp], (double)least);
	free(v);
	free(out);
}

/* Noise keeps its mean (clamping is one-sided) and loses what the header says. */
static void noise(enum warp_interp interp, double expected)
{
	float *v = xaligned(WIDTH * HEIGHT, sizeof(*v)),
	      *out = xcalloc(WIDTH * HEIGHT, sizeof(*out));
	struct transform t = turned(3, 1, 0.37, 0.61);
	double sum = 0, square = 0, was = 0, frames = 0, n = 0;
	double *stack = xcalloc(WIDTH * HEIGHT, sizeof(*stack));

	for (int frame = 0; frame < 12; frame++, frames++) {
		t = turned(uniform(-3, 3), 1, uniform(-1, 1), uniform(-1, 1));
		for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
			v[i] = (float)(10 * gauss());
			was += (double)v[i];
		}
		warp_plane(interp, v, &t, true, 3, out, WIDTH, HEIGHT, NULL);
		for (size_t i = 0; i < WIDTH * HEIGHT; i++)
			stack[i] += (double)out[i];
	}
	for (int y = 20; y < HEIGHT - 20; y++)
		for (int x = 20; x < WIDTH - 20; x++) {
			double value = stack[y * WIDTH + x];

			sum += value;
			square += value * value;
			n++;
		}
	square = sqrt(square / n / frames) / 10;
	sum = sum / n / frames - was / frames / (WIDTH * HEIGHT);
	check(fabs(square / expected - 1) < 0.04 && fabs(sum) < 0.1,
		"%s: noise in a stack %.3f of a frame's, bias %.3f sigma", names[interp], square,
		sum / 10);
	free(v);
	free(out);
	free(stack);
}

static void missing(enum warp_interp interp)
{
	struct star_truth star[STARS];
	float *v = planted(star, 3, 100), *out = xcalloc(WIDTH * HEIGHT, sizeof(*out));
	struct transform t = turned(0, 1, 0.5, 0.5);
	size_t count = 0, other = 0;

	v[130 * WIDTH + 150] = NAN;
	warp_plane(interp, v, &t, true, 3, out, WIDTH, HEIGHT, NULL);
	for (int y = 8; y < HEIGHT - 8; y++)
		for (int x = 8; x < WIDTH - 8; x++)
			if (isnan(out[y * WIDTH + x])) {
				count++;
				other += !((x == 149 || x == 150) && (y == 129 || y == 130));
			}
	check(other == 0 && count == (interp == WARP_NEAREST ? 1 : 4),
		"%s: a missing pixel makes %zu missing ones around it", names[interp], count);
	free(v);
	free(out);
}

static void threads(enum warp_interp interp)
{
	struct star_truth star[STARS];
	float *v = planted(star, 3, 100), *one = xcalloc(WIDTH * HEIGHT, sizeof(*one)),
	      *many = xcalloc(WIDTH * HEIGHT, sizeof(*many));
	struct transform t = turned(7, 1.01, -20, 31);
	struct pool *pool = pool_new(3);

	warp_plane(interp, v, &t, true, 3, one, WIDTH, HEIGHT, NULL);
	warp_plane(interp, v, &t, true, 3, many, WIDTH, HEIGHT, pool);
	check(!memcmp(one, many, WIDTH * HEIGHT * sizeof(*one)), "%s: threads change nothing",
		names[interp]);
	pool_free(pool);
	free(v);
	free(one);
	free(many);
}

/* Frames of any small size, any transform: nothing is read outside. */
static void odd_sizes(void)
{
	for (int i = 0; i < 2000; i++) {
		size_t width = 1 + below(20), height = 1 + below(20);
		size_t out_width = 1 + below(30), out_height = 1 + below(30);
		float *v = xcalloc(width * height, sizeof(*v));
		float *out = xcalloc(out_width * out_height, sizeof(*out));
		struct transform t = turned(uniform(-180, 180), uniform(0.1, 3), -140, -120);
		struct warp_image in = {1, height, width, v};
		struct warper *w = warper_new((enum warp_interp)below(5), uniform(0, 5));

		if (below(3) == 0)
			t.m[6] = uniform(-0.1, 0.1);
		warp(w, &in, &t, below(2), out, out_width, out_height, NULL);
		warper_free(w);
		free(v);
		free(out);
	}
	check(true, "small frames");
}

int main(int argc, char **argv)
{
	static const double noises[] = {1, 0.667, 0.814, 0.893, 0.629};

	seed_from(argc, argv);
	for (enum warp_interp i = WARP_NEAREST; i <= WARP_LANCZOS4; i++) {
		identity(i);
		missing(i);
		threads(i);
		noise(i, noises[i]);
		if (i == WARP_NEAREST)
			continue;
		slope(i);
		rings(i);
		stars_keep(i, 1, i == WARP_BICUBIC ? 2.4 : 2.2); /* whose spectrum falls early */
		stars_keep(i, 1, 3.5);
		if (i > WARP_BILINEAR) /* which aliases */
			stars_keep(i, 0.6, 4);
		stars_keep(i, 1, 2.83);
		stars_keep(i, 2, 2.5);
	}
	odd_sizes();
	return done();
}
