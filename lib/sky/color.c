/* SPDX-License-Identifier: ISC */
#include "sky/color.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "sky/select.h"
#include "sky/stars.h"
#include "sky/statistics.h"

#define PIECE ((size_t)1 << 16) /* values a thread takes at a time */
#define STARS_MIN 5
#define STARS_MAX 500
#define SIGMA_STARS 8 /* a star's peak in the mean plane */
#define SNR_MIN 20    /* a star that is measured */
#define SIGMA_PIXELS 10
#define RADIUS_MAX 12 /* px, of the square a star is measured in */
#define RING 3	      /* px, of the frame around it */
#define PIXELS_MAX ((size_t)1 << 18)

struct field {
	const float *v;
	size_t width, height;
	double saturation;
};

static double background_of(const float *v, size_t n, double *sigma, struct pool *pool)
{
	double median = median_f32(v, n, pool);
	struct kern_window window;

	*sigma = MAD_TO_SIGMA * mad_f32(v, n, median, pool);
	window = window_around(median - 2.8 * *sigma, median + 2.0 * *sigma, median);
	return select_share(v, n, &window, false, 0.5, pool);
}

struct averaging {
	const float *v;
	float *out;
	size_t n;
};

static void average_piece(void *arg, size_t i, unsigned worker)
{
	const struct averaging *a = arg;
	size_t end = (i + 1) * PIECE < a->n ? (i + 1) * PIECE : a->n;

	(void)worker;
	for (size_t k = i * PIECE; k < end; k++)
		a->out[k] = (a->v[k] + a->v[a->n + k] + a->v[2 * a->n + k]) * (1 / 3.0f);
}

/* A star's flux in one plane above the ring around it; false if it cannot be trusted. */
static bool flux_in(
	const struct field *f, size_t plane, size_t x, size_t y, size_t radius, double *flux)
{
	const float *v = f->v + plane * f->width * f->height;
	float ring[4 * RING * (2 * RADIUS_MAX + RING + 1)];
	size_t reach = radius + RING, ring_count = 0, count = 0;
	double sum = 0, sky;

	for (size_t row = y - reach; row <= y + reach; row++)
		for (size_t column = x - reach; column <= x + reach; column++) {
			float value = v[row * f->width + column];
			bool inside = row + radius >= y && row <= y + radius &&
				      column + radius >= x && column <= x + radius;

			if (isnan(value) || (double)value >= f->saturation)
				return false;
			if (inside) {
				sum += (double)value;
				count++;
			} else {
				ring[ring_count++] = value;
			}
		}
	sky = (double)median_few(ring, ring_count);
	*flux = sum - sky * (double)count;
	return *flux > 0;
}

/* Fluxes of the planes relative to the green one. */
struct ratios {
	float *red, *blue;
	size_t count;
};

static void add_ratio(struct ratios *r, const double value[3])
{
	r->red[r->count] = (float)(value[0] / value[1]);
	r->blue[r->count++] = (float)(value[2] / value[1]);
}

static void add_star(struct ratios *r, const struct field *f, const struct star *s, size_t radius)
{
	size_t reach = radius + RING, x = (size_t)lround(s->x), y = (size_t)lround(s->y);
	double flux[3];

	if (s->saturated || s->snr < SNR_MIN || x < reach || y < reach || x + reach >= f->width ||
		y + reach >= f->height)
		return;
	for (size_t p = 0; p < 3; p++)
		if (!flux_in(f, p, x, y, radius, &flux[p]))
			return;
	add_ratio(r, flux);
}

static void measure_stars(struct ratios *r, const struct field *f, struct pool *pool)
{
	size_t n = f->width * f->height, radius = 3;
	struct star_options options = {.sigma = SIGMA_STARS,
		.max = STARS_MAX,
		.profile = PROFILE_GAUSS,
		.saturation = f->saturation};
	struct averaging a = {f->v, xaligned(n, sizeof(*a.out)), n};
	struct star_field field;

	pool_run(pool, (n + PIECE - 1) / PIECE, average_piece, &a);
	stars_find(a.out, f->width, f->height, &options, pool, &field);
	if (field.fwhm > 0)
		radius = (size_t)fmin(fmax(ceil(1.5 * field.fwhm), 2), RADIUS_MAX);
	for (size_t i = 0; i < field.count; i++)
		add_star(r, f, &field.star[i], radius);
	free(field.star);
	free(a.out);
}

/* Bright pixels, evenly thinned out to what r holds. */
static void measure_pixels(struct ratios *r, const struct field *f, const struct color_plane *plane,
	const double *sigma)
{
	size_t n = f->width * f->height, step = n / PIXELS_MAX + 1;

	for (size_t i = 0; i < n; i += step) {
		double value[3];
		bool bright = true;

		for (size_t p = 0; p < 3; p++) {
			double v = (double)f->v[p * n + i];

			value[p] = v - plane[p].background;
			bright = bright && value[p] > SIGMA_PIXELS * sigma[p] && value[p] > 0 &&
				 v < f->saturation;
		}
		if (bright)
			add_ratio(r, value);
	}
}

enum color_source color_measure(const float *v, size_t width, size_t height, double saturation,
	struct pool *pool, struct color_plane plane[3])
{
	struct field f = {v, width, height, saturation};
	enum color_source source = COLOR_STARS;
	struct ratios r = {xaligned(PIXELS_MAX + 1, sizeof(float)),
		xaligned(PIXELS_MAX + 1, sizeof(float)), 0};
	double sigma[3], level = 0, least;

	for (size_t p = 0; p < 3; p++) {
		plane[p].background =
			background_of(v + p * width * height, width * height, &sigma[p], pool);
		plane[p].gain = 1;
		level += plane[p].background / 3;
	}
	for (size_t p = 0; p < 3; p++)
		plane[p].level = level;
	measure_stars(&r, &f, pool);
	if (r.count < STARS_MIN) {
		r.count = 0;
		measure_pixels(&r, &f, plane, sigma);
		source = r.count < STARS_MIN ? COLOR_NONE : COLOR_PIXELS;
	}
	if (source != COLOR_NONE) {
		plane[0].gain = 1 / median_f32(r.red, r.count, NULL);
		plane[2].gain = 1 / median_f32(r.blue, r.count, NULL);
		least = fmin(fmin(plane[0].gain, plane[2].gain), 1);
		for (size_t p = 0; p < 3; p++)
			plane[p].gain /= least;
	}
	free(r.red);
	free(r.blue);
	return source;
}

struct applying {
	float *out;
	const float *v;
	size_t n, pieces;
	const struct color_plane *plane;
};

static void apply_piece(void *arg, size_t i, unsigned worker)
{
	const struct applying *a = arg;
	size_t p = i / a->pieces, first = i % a->pieces * PIECE;
	size_t end = first + PIECE < a->n ? first + PIECE : a->n;
	float background = (float)a->plane[p].background, gain = (float)a->plane[p].gain;
	float level = (float)a->plane[p].level, *out = a->out + p * a->n;
	const float *v = a->v + p * a->n;

	(void)worker;
	ROUNDS_APART
	for (size_t k = first; k < end; k++)
		out[k] = (v[k] - background) * gain + level;
}

void color_apply(float *out, const float *v, size_t planes, size_t n,
	const struct color_plane *plane, struct pool *pool)
{
	struct applying a = {out, v, n, (n + PIECE - 1) / PIECE, plane};

	pool_run(pool, planes * a.pieces, apply_piece, &a);
}
