/* SPDX-License-Identifier: ISC */
/*
 * Stars planted in noise, rendered on 7 x 7 points of each pixel, are found where they are and as
 * bright as they are; what is no star is not found; planes that are hardly planes do no harm.
 */
#include "sky/stars.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

#define POINTS 7

struct planted {
	double x, y, flux;
};

struct scene {
	size_t width, height;
	float *plane;
};

static const struct star_options usual = {
	.sigma = 5, .max = 2000, .profile = PROFILE_MOFFAT, .saturation = INFINITY};

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

static struct scene scene_new(size_t width, size_t height, double level, double noise)
{
	struct scene s = {width, height, xaligned(width * height, sizeof(float))};

	for (size_t i = 0; i < width * height; i++)
		s.plane[i] = (float)(level + noise * normal());
	return s;
}

/* Of unit flux; beta 0 means Gauss. */
static double profile(double r2, double fwhm, double beta)
{
	double a = fwhm * fwhm / 4;

	if (beta == 0)
		return exp(-M_LN2 * r2 / a) * M_LN2 / (M_PI * a);
	a /= pow(2, 1 / beta) - 1;
	return pow(1 + r2 / a, -beta) * (beta - 1) / (M_PI * a);
}

/* `wide` stretches the star along x. */
static void plant(struct scene *s, struct planted p, double fwhm, double beta, double wide)
{
	int reach = (int)(12 * fwhm), x0 = (int)p.x, y0 = (int)p.y;

	for (int y = y0 - reach; y <= y0 + reach; y++)
		for (int x = x0 - reach; x <= x0 + reach; x++) {
			double sum = 0;

			if (x < 0 || y < 0 || x >= (int)s->width || y >= (int)s->height)
				continue;
			for (int k = 0; k < POINTS * POINTS; k++) {
				double dx = x + (k % POINTS + 0.5) / POINTS - 0.5 - p.x;
				double dy = y + ((double)(k / POINTS) + 0.5) / POINTS - 0.5 - p.y;

				sum += profile(dx * dx / (wide * wide) + dy * dy, fwhm, beta) /
				       wide;
			}
			s->plane[(size_t)y * s->width + (size_t)x] +=
				(float)(p.flux * sum / (POINTS * POINTS));
		}
}

/* A grid of stars off the pixels' centres, 48 px apart. */
static size_t grid(
	struct scene *s, struct planted *p, double flux, double fwhm, double beta, double wide)
{
	size_t n = 0;

	for (double y = 24; y + 24 < (double)s->height; y += 48)
		for (double x = 24; x + 24 < (double)s->width; x += 48) {
			p[n] = (struct planted){
				x + uniform(), y + uniform(), flux * (0.5 + uniform())};
			plant(s, p[n++], fwhm, beta, wide);
		}
	return n;
}

struct outcome {
	size_t found, strangers; /* planted stars found, others */
	double x, y, rms;	 /* mean and rms offset, px */
	double flux;		 /* mean of found over planted */
	double fwhm_x, fwhm_y;
};

static struct outcome compare(const struct star_field *f, const struct planted *p, size_t n)
{
	struct outcome o = {0};

	for (size_t i = 0; i < f->count; i++) {
		size_t best = 0;
		double distance = INFINITY;

		for (size_t k = 0; k < n; k++)
			if (hypot(p[k].x - f->star[i].x, p[k].y - f->star[i].y) < distance) {
				distance = hypot(p[k].x - f->star[i].x, p[k].y - f->star[i].y);
				best = k;
			}
		if (distance > 2) {
			o.strangers++;
			continue;
		}
		o.found++;
		o.x += f->star[i].x - p[best].x;
		o.y += f->star[i].y - p[best].y;
		o.rms += distance * distance;
		o.flux += (double)f->star[i].flux / p[best].flux;
		o.fwhm_x += (double)f->star[i].fwhm_x;
		o.fwhm_y += (double)f->star[i].fwhm_y;
	}
	o.x /= (double)o.found;
	o.y /= (double)o.found;
	o.rms = sqrt(o.rms / (double)o.found);
	o.flux /= (double)o.found;
	o.fwhm_x /= (double)o.found;
	o.fwhm_y /= (double)o.found;
	return o;
}

static void find(const struct scene *s, const struct star_options *o, struct star_field *f)
{
	stars_find(s->plane, s->width, s->height, o, NULL, f);
}

static void check_truth(double fwhm, double beta, enum star_profile with)
{
	struct scene s = scene_new(700, 620, 1000, 10);
	struct planted p[400];
	struct star_options options = usual;
	size_t n = grid(&s, p, 60000, fwhm, beta, 1);
	struct star_field f;
	struct outcome o;

	options.profile = with;
	find(&s, &options, &f);
	o = compare(&f, p, n);
	printf("# fwhm %g beta %g: %zu of %zu, %zu more, x %+.4f y %+.4f rms %.4f flux %.4f "
	       "fwhm %.3f %.3f, median %.3f\n",
		fwhm, beta, o.found, n, o.strangers, o.x, o.y, o.rms, o.flux, o.fwhm_x, o.fwhm_y,
		f.fwhm);
	check(o.found == n && o.strangers <= 1, "fwhm %g, beta %g: all stars, hardly others", fwhm,
		beta);
	check(fabs(o.x) < 0.003 && fabs(o.y) < 0.003 && o.rms < 0.02,
		"fwhm %g, beta %g: centroids within 0.02 px, unbiased", fwhm, beta);
	/* A pixel's integral is no Moffat: of undersampled stars with wide wings 2 % go astray. */
	check(fabs(o.flux - 1) < (beta == 2.5 || fwhm < 2 ? 0.02 : 0.005),
		"fwhm %g, beta %g: fluxes", fwhm, beta);
	free(f.star);
	free(s.plane);
}

int main(int argc, char **argv)
{
	static const double widths[] = {1.8, 2.5, 3.2, 4.5, 7};

	seed_from(argc, argv);
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		check_truth(widths[i], 0, PROFILE_GAUSS);
		check_truth(widths[i], 0, PROFILE_MOFFAT);
		check_truth(widths[i], 2.5, PROFILE_MOFFAT);
		check_truth(widths[i], 4, PROFILE_MOFFAT);
	}
	return done();
}
