/* SPDX-License-Identifier: ISC */
/* The scene and the detector. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sky/synth_parts.h"

#define DUST 12	   /* grains */
#define PRNU 0.006 /* sigma of the pixels' sensitivity */

/* The middles of QUANTILES equal shares of a Gaussian, by Newton's method on erfc. */
static void fill_quantiles(float *quantile)
{
	double square = 0;

	for (int i = QUANTILES / 2; i < QUANTILES; i++) {
		double upper = 1 - (i + 0.5) / QUANTILES, x = 0;

		for (int k = 0; k < 60; k++)
			x += (0.5 * erfc(x * M_SQRT1_2) - upper) * sqrt(2 * M_PI) *
			     exp(0.5 * x * x);
		quantile[i] = (float)x;
		square += 2 * x * x;
	}
	/* four of them are added, so each shall have the variance 1/4 */
	for (int i = QUANTILES / 2; i < QUANTILES; i++) {
		quantile[i] = (float)(0.5 * (double)quantile[i] / sqrt(square / QUANTILES));
		quantile[QUANTILES - 1 - i] = -quantile[i];
	}
}

static void make_stars(struct synth *s)
{
	const struct synth_options *o = &s->o;
	uint64_t key = key_of(s, OF_STARS, 0);
	double margin = 0.08 * (double)o->width + o->shift;

	s->star = xcalloc(o->stars + 1, sizeof(*s->star));
	for (size_t i = 0; i < o->stars; i++) {
		struct synth_star *star = &s->star[i];
		double flux = o->flux * pow(uniform(key, 4 * i) + 1e-6, -1 / 0.75);
		double colour = 0.6 * (uniform(key, 4 * i + 1) - 0.5);

		flux = flux < 4e6 ? flux : 4e6;
		star->flux[0] = flux * (1 + colour);
		star->flux[1] = flux;
		star->flux[2] = flux * (1 - colour);
		star->x = -margin + uniform(key, 4 * i + 2) * ((double)o->width + 2 * margin);
		star->y = -margin + uniform(key, 4 * i + 3) * ((double)o->height + 2 * margin);
	}
}

static void make_clouds(struct synth *s)
{
	uint64_t key = key_of(s, OF_CLOUDS, 0);
	double width = (double)s->o.width, height = (double)s->o.height;

	for (uint64_t i = 0; i < CLOUDS; i++) {
		struct cloud *c = &s->cloud[i];

		c->x = width * (0.2 + 0.6 * uniform(key, 5 * i));
		c->y = height * (0.2 + 0.6 * uniform(key, 5 * i + 1));
		c->scale_x = 1 / (width * (0.08 + 0.2 * uniform(key, 5 * i + 2)));
		c->scale_y = 1 / (width * (0.08 + 0.2 * uniform(key, 5 * i + 3)));
		c->amount = s->o.nebula * (i == 0 ? 0.6 : 0.05 + 0.05 * uniform(key, 5 * i + 4));
	}
}

static void make_frames(struct synth *s)
{
	const struct synth_options *o = &s->o;

	s->frame = xcalloc(o->count, sizeof(*s->frame));
	for (size_t i = 0; i < o->count; i++) {
		uint64_t key = key_of(s, OF_FRAMES, i);
		bool cloudy = o->cloudy && o->cloudy[i];
		double seeing = uniform(key, 3);
		struct synth_frame *f = &s->frame[i];

		*f = (struct synth_frame){.fwhm = o->fwhm, .transparency = 1};
		f->sky = o->sky * (1 + 0.3 * (double)i / (double)o->count) * (cloudy ? 2 : 1);
		if (i > 0) {
			f->dx = o->shift * (2 * uniform(key, 0) - 1);
			f->dy = o->shift * (2 * uniform(key, 1) - 1);
			f->rotation = o->rotation * (2 * uniform(key, 2) - 1);
			f->fwhm = o->fwhm * (1 + 0.3 * seeing * seeing);
			f->transparency = 0.8 + 0.2 * uniform(key, 4);
		}
		if (cloudy)
			f->transparency *= 0.001;
		f->trail_x = (double)o->width * (0.3 + 0.4 * uniform(key, 5));
		f->trail_y = (double)o->height * (0.3 + 0.4 * uniform(key, 6));
		f->trail_angle = 180 * uniform(key, 7);
	}
	/* spread evenly over the frames after the first */
	for (size_t k = 0; k < o->trails && o->count > 1; k++)
		s->frame[1 + k * (o->count - 1) / o->trails].trail = true;
}

static void add_dust(struct synth *s)
{
	uint64_t key = key_of(s, OF_DUST, 0);
	size_t width = s->o.width, height = s->o.height;

	for (uint64_t i = 0; i < DUST; i++) {
		double x = (double)width * uniform(key, 3 * i);
		double y = (double)height * uniform(key, 3 * i + 1);
		double radius =
			(0.005 + 0.013 * uniform(key, 3 * i + 2)) * (double)(width + height);
		double reach = 1.5 * radius;
		size_t top = y > reach ? (size_t)(y - reach) : 0;
		size_t left = x > reach ? (size_t)(x - reach) : 0;

		for (size_t b = top; b < height && (double)b < y + reach; b++)
			for (size_t a = left; a < width && (double)a < x + reach; a++) {
				double dx = (double)a - x, dy = (double)b - y;
				double d = (sqrt(dx * dx + dy * dy) / radius - 0.9) / 0.18;
				double q = 1 + d * d;

				s->response[b * width + a] *= (float)(1 - 0.06 / (q * q));
			}
	}
}

static void add_bad_pixels(struct synth *s)
{
	uint64_t hot = key_of(s, OF_HOT, 0), cold = key_of(s, OF_COLD, 0);
	uint64_t pixels = s->o.width * s->o.height;

	for (size_t i = 0; i < s->o.hot; i++)
		s->hot[hash(hot, 2 * i) % pixels] =
			(float)(0.07 * pow(uniform(hot, 2 * i + 1) + 1e-4, -0.9));
	for (size_t i = 0; i < s->o.cold; i++)
		s->response[hash(cold, 2 * i) % pixels] =
			(float)(0.02 + 0.2 * uniform(cold, 2 * i + 1));
}

static void make_response(void *arg, size_t row, unsigned worker)
{
	struct synth *s = arg;
	size_t width = s->o.width;
	double half_x = 0.5 * (double)width, half_y = 0.5 * (double)s->o.height;
	double dy = (double)row - half_y, square = half_x * half_x + half_y * half_y;
	uint64_t key = key_of(s, OF_RESPONSE, row);

	(void)worker;
	for (size_t x = 0; x < width; x++) {
		double dx = (double)x - half_x, q = (dx * dx + dy * dy) / square;
		double vignetting = 1 - 0.38 * q - 0.05 * q * q;

		s->response[row * width + x] =
			(float)vignetting * (1 + (float)PRNU * gauss(s->quantile, hash(key, x)));
	}
}

struct synth *synth_new(const struct synth_options *options, struct pool *pool)
{
	struct synth *s = xcalloc(1, sizeof(*s));
	size_t width = options->width, pixels = width * options->height;

	s->o = *options;
	for (int i = 0; i < 4 && options->cfa; i++)
		s->cfa[i / 2][i % 2] = options->cfa[i] == 'R' ? 0 : options->cfa[i] == 'G' ? 1 : 2;
	fill_quantiles(s->quantile);
	make_stars(s);
	make_clouds(s);
	make_frames(s);
	s->response = xaligned(pixels, sizeof(*s->response));
	s->hot = xcalloc(pixels, sizeof(*s->hot));
	s->column = xaligned(width, sizeof(*s->column));
	for (size_t x = 0; x < width; x++)
		s->column[x] = 2 * gauss(s->quantile, hash(key_of(s, OF_COLUMNS, 0), x));
	pool_run(pool, options->height, make_response, s);
	add_dust(s);
	add_bad_pixels(s);
	return s;
}

void synth_free(struct synth *s)
{
	if (!s)
		return;
	free(s->star);
	free(s->frame);
	free(s->response);
	free(s->hot);
	free(s->column);
	free(s);
}

const struct synth_star *synth_star(const struct synth *s, size_t i)
{
	return &s->star[i];
}

const struct synth_frame *synth_frame(const struct synth *s, size_t n)
{
	return &s->frame[n];
}

struct synth_pixel synth_pixel(const struct synth *s, size_t x, size_t y)
{
	size_t at = y * s->o.width + x;

	return (struct synth_pixel){s->response[at], s->hot[at]};
}
