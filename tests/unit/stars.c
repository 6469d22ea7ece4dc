/* SPDX-License-Identifier: ISC */
/*
 * Stars planted in noise, rendered on 5 x 5 points of each pixel, are found where they are and as
 * bright as they are; what is no star is not found; planes that are hardly planes do no harm.
 */
#include "sky/stars.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"

#define POINTS 5

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
	int reach = (int)fmin(12 * fwhm, 60), x0 = (int)p.x, y0 = (int)p.y;

	for (int y = y0 - reach; y <= y0 + reach; y++)
		for (int x = x0 - reach; x <= x0 + reach; x++) {
			int points = hypot(x - p.x, y - p.y) < 3 * fwhm ? POINTS : 1;
			double sum = 0;

			if (x < 0 || y < 0 || x >= (int)s->width || y >= (int)s->height)
				continue;
			for (int k = 0; k < points * points; k++) {
				double dx = x + (k % points + 0.5) / points - 0.5 - p.x;
				double dy = y + ((double)(k / points) + 0.5) / points - 0.5 - p.y;
				double r2 = dx * dx / (wide * wide) + dy * dy;

				sum += profile(r2, fwhm, beta) / (wide * points * points);
			}
			s->plane[(size_t)y * s->width + (size_t)x] += (float)(p.flux * sum);
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

/* Hot pixels, a trail and tracks of cosmic rays around the stars of a grid. */
static void check_strangers(void)
{
	struct scene s = scene_new(700, 620, 1000, 10);
	struct planted p[400];
	size_t n = grid(&s, p, 60000, 3, 3.5, 1);
	struct star_field f;
	struct outcome o;

	for (int i = 0; i < 600; i++)
		s.plane[below(s.width * s.height)] += (float)(100 + 5000 * uniform());
	for (int i = 0; i < 40; i++) {
		double x = 20 + 650 * uniform(), y = 20 + 570 * uniform(), angle = 6.3 * uniform();
		float charge = (float)(1000 + 3000 * uniform());

		for (int step = 0; step < 3 + i % 6; step++)
			s.plane[(size_t)(y + step * sin(angle)) * s.width +
				(size_t)(x + step * cos(angle))] += charge;
	}
	for (size_t y = 0; y < s.height; y++)
		for (size_t x = 0; x < s.width; x++) {
			double d = 0.6 * (double)x - 0.8 * (double)y + 13;

			s.plane[y * s.width + x] += (float)(900 * exp(-d * d / 4));
		}
	find(&s, &usual, &f);
	o = compare(&f, p, n);
	printf("# among strangers: %zu of %zu, %zu more, rms %.4f\n", o.found, n, o.strangers,
		o.rms);
	check(o.found >= n * 9 / 10 && o.strangers <= 3,
		"hot pixels, a trail and cosmic rays are no stars");
	free(f.star);
	free(s.plane);
}

/* Mean of neighbours at the missing places of a chessboard, as green after bilinear debayering. */
static void interpolate(struct scene *s)
{
	for (size_t y = 1; y + 1 < s->height; y++)
		for (size_t x = 1 + y % 2; x + 1 < s->width; x += 2) {
			float *v = s->plane + y * s->width + x;

			*v = 0.25f * (v[-1] + v[1] + v[-(ptrdiff_t)s->width] + v[s->width]);
		}
}

static void check_noise(bool interpolated)
{
	struct scene s = scene_new(2000, 1500, 1000, 10);
	struct star_options o = usual;
	struct star_field f;

	if (interpolated)
		interpolate(&s);
	find(&s, &usual, &f);
	/* Peaks of smoothed noise so high: 0.8 (Adler 1981); 7 are rarer than one in 10^5. */
	check(f.count <= 6, "%s noise: %zu stars at 5 sigma", interpolated ? "correlated" : "white",
		f.count);
	check(fabs(f.background - 1000) < 0.1 && (interpolated || fabs(f.noise - 10) < 0.1),
		"its background is %.3f +- %.3f", f.background, f.noise);
	free(f.star);
	o.sigma = 3;
	find(&s, &o, &f);
	/* Of 2000 * 1500 / 28 independent values 0.00135 lie so high, peaks are rather more. */
	check(f.count < 1000, "%zu stars at 3 sigma", f.count);
	free(f.star);
	free(s.plane);
}

static void check_interpolated(void)
{
	struct scene s = scene_new(700, 620, 1000, 10);
	struct planted p[400];
	size_t n = grid(&s, p, 60000, 3.2, 3.5, 1);
	struct star_field f;
	struct outcome o;

	interpolate(&s);
	find(&s, &usual, &f);
	o = compare(&f, p, n);
	check(o.found == n && o.strangers == 0, "interpolated plane: all stars and no others");
	check(o.rms < 0.03 && fabs(o.x) < 0.005 && fabs(o.y) < 0.005 && fabs(o.flux - 1) < 0.02,
		"interpolated plane: rms %.4f px, flux %.4f", o.rms, o.flux);
	free(f.star);
	free(s.plane);
}

/* Clipped at a tenth of the height; once as the option says it, once to be seen. */
static void check_saturated(double known)
{
	struct scene s = scene_new(700, 620, 1000, 10);
	struct star_options options = usual;
	struct planted p[400];
	size_t n = grid(&s, p, 2e6, 3.2, 3.5, 1), saturated = 0;
	struct star_field f;
	struct outcome o;

	for (size_t i = 0; i < s.width * s.height; i++)
		s.plane[i] = fminf(s.plane[i], 9000);
	options.saturation = known;
	find(&s, &options, &f);
	o = compare(&f, p, n);
	for (size_t i = 0; i < f.count; i++)
		saturated += f.star[i].saturated;
	printf("# clipped: %zu of %zu, %zu more, %zu saturated, rms %.4f flux %.4f\n", o.found, n,
		o.strangers, saturated, o.rms, o.flux);
	check(o.found >= n - 1 && o.strangers == 0 && saturated >= n - 1,
		"clipped stars are found once, and are called saturated");
	check(o.rms < 0.05, "their centres are right");
	free(f.star);
	free(s.plane);
}

static void check_shape(void)
{
	struct scene s = scene_new(700, 620, 1000, 10);
	struct planted p[400];
	size_t n = grid(&s, p, 60000, 3, 0, 1.4), aligned = 0;
	struct star_field f;
	struct outcome o;

	find(&s, &usual, &f);
	o = compare(&f, p, n);
	for (size_t i = 0; i < f.count; i++)
		aligned += fabsf(f.star[i].angle) < 0.1f &&
			   fabsf(f.star[i].eccentricity - 0.69f) < 0.05f;
	check(o.found == n && aligned == f.count && fabs(o.fwhm_x - 4.2) < 0.15 &&
			fabs(o.fwhm_y - 3) < 0.15,
		"elongated stars: %zu of %zu, axes %.3f and %.3f", aligned, n, o.fwhm_x, o.fwhm_y);
	free(f.star);
	free(s.plane);
}

/* Pairs 2 FWHM apart, the second with a third of the light. */
static void check_pairs(void)
{
	struct scene s = scene_new(700, 620, 1000, 10);
	struct planted p[400];
	size_t n = grid(&s, p, 60000, 3, 0, 1), both = n;
	struct star_field f;
	struct outcome o;

	for (size_t i = 0; i < n; i++) {
		double angle = 6.3 * uniform();

		p[both] = (struct planted){
			p[i].x + 6 * cos(angle), p[i].y + 6 * sin(angle), p[i].flux / 3};
		plant(&s, p[both++], 3, 0, 1);
	}
	find(&s, &usual, &f);
	o = compare(&f, p, both);
	check(o.found >= both - both / 20 && o.strangers <= 1 && o.rms < 0.1 &&
			fabs(o.flux - 1) < 0.03,
		"pairs: %zu of %zu, rms %.4f, flux %.4f", o.found, both, o.rms, o.flux);
	free(f.star);
	free(s.plane);
}

/* Far wider than the smoothing: a star has many peaks, and is one. */
static void check_wide(double fwhm, double peak)
{
	struct scene s = scene_new(720, 600, 1000, 10);
	struct planted p[30];
	struct star_field f;
	struct outcome o;
	size_t n = 0;

	for (double y = 60; y < 600; y += 120)
		for (double x = 60; x < 720; x += 120) {
			p[n] = (struct planted){x + uniform(), y + uniform(),
				peak * fwhm * fwhm * 1.133 * (0.5 + uniform())};
			plant(&s, p[n++], fwhm, 0, 1);
		}
	find(&s, &usual, &f);
	o = compare(&f, p, n);
	check(o.found == n && o.strangers == 0 && fabs(f.fwhm / fwhm - 1) < 0.03,
		"fwhm %g, peak %g: %zu of %zu stars, %zu more, median %.2f", fwhm, peak, o.found, n,
		o.strangers, f.fwhm);
	free(f.star);
	free(s.plane);
}

static bool same_star(const struct star *a, const struct star *b)
{
	return a->x == b->x && a->y == b->y && a->flux == b->flux && a->snr == b->snr &&
	       a->fwhm_x == b->fwhm_x && a->fwhm_y == b->fwhm_y && a->angle == b->angle;
}

static void check_threads(void)
{
	struct scene s = scene_new(500, 450, 1000, 10);
	struct planted p[400];
	struct star_options options = usual;
	struct star_field one, many;
	bool same = true, ordered = true;

	grid(&s, p, 30000, 3, 3, 1);
	for (int i = 0; i < 20000; i++)
		s.plane[below(s.width * s.height)] = NAN;
	find(&s, &usual, &one);
	for (unsigned threads = 2; threads <= 5; threads++) {
		struct pool *pool = pool_new(threads);

		stars_find(s.plane, s.width, s.height, &usual, pool, &many);
		same = same && many.count == one.count && many.background == one.background;
		for (size_t i = 0; same && i < one.count; i++)
			same = same_star(&one.star[i], &many.star[i]);
		free(many.star);
		pool_free(pool);
	}
	check(one.count > 50 && same, "the same %zu stars with 1 to 5 threads", one.count);
	for (size_t i = 1; i < one.count; i++)
		ordered = ordered && one.star[i - 1].flux >= one.star[i].flux;
	check(ordered, "brightest first");
	options.max = 10;
	find(&s, &options, &many);
	check(many.count == 10, "at most so many as are asked for");
	free(one.star);
	free(many.star);
	free(s.plane);
}

/* A field of stars of which a part is NaN or infinite. */
static void check_missing(void)
{
	struct scene s = scene_new(700, 620, 1000, 10);
	struct planted p[400], left[400];
	size_t n = grid(&s, p, 60000, 3, 3.5, 1), there = 0;
	struct star_field f;
	struct outcome o;

	for (size_t y = 0; y < s.height; y++)
		for (size_t x = 0; x < s.width; x++)
			if (x < 290 && y < 330)
				s.plane[y * s.width + x] = y < 100 ? INFINITY : NAN;
	for (size_t i = 0; i < n; i++)
		if (p[i].x >= 295 || p[i].y >= 335)
			left[there++] = p[i];
	find(&s, &usual, &f);
	o = compare(&f, left, there);
	check(o.found == there && o.strangers <= 2 && o.rms < 0.03,
		"a corner without data: %zu of %zu stars, %zu more", o.found, there, o.strangers);
	free(f.star);
	free(s.plane);
}

static void check_odd_plane(
	size_t width, size_t height, double level, double noise, const char *what)
{
	struct scene s = scene_new(width, height, level, noise);
	struct star_options options = usual;
	struct star_field f;
	size_t count;

	find(&s, &options, &f);
	count = f.count;
	free(f.star);
	options.profile = PROFILE_GAUSS;
	options.saturation = 1000;
	find(&s, &options, &f);
	check(count <= 1 && f.count <= 1, "%zu x %zu, %s: %zu and %zu stars", width, height, what,
		count, f.count);
	check(isnan(level) ? isnan(f.background) && isnan(f.noise)
			   : fabs(f.background - level) <= 4 * noise,
		"its background is %g", f.background);
	check(f.count > 0 || isnan(f.fwhm), "without stars there is no width");
	free(f.star);
	free(s.plane);
}

/* Random rubbish: steps, spikes, gradients, huge and tiny values. */
static void check_rubbish(void)
{
	for (int turn = 0; turn < 60; turn++) {
		size_t width = 1 + below(200), height = 1 + below(200);
		struct scene s = scene_new(width, height, 0, exp(40 * uniform() - 20));
		struct star_options options = usual;
		struct star_field f;
		bool sound = true;

		for (size_t i = 0; i < below(3000); i++)
			s.plane[below(width * height)] =
				(float)(normal() * exp(80 * uniform() - 20));
		for (size_t i = 0; i < width * height && turn % 3 == 0; i++)
			s.plane[i] += (float)(i / width > height / 2 ? 1e6 : 0);
		options.sigma = 1 + 4 * uniform();
		options.saturation = turn % 2 ? 1e5 : INFINITY;
		find(&s, &options, &f);
		for (size_t i = 0; i < f.count; i++)
			sound = sound && isfinite(f.star[i].x) && isfinite(f.star[i].y) &&
				f.star[i].flux > 0 && f.star[i].fwhm_x >= f.star[i].fwhm_y &&
				f.star[i].eccentricity >= 0 && f.star[i].eccentricity < 1;
		if (!sound)
			check(false, "rubbish of %zu x %zu: sound numbers", width, height);
		free(f.star);
		free(s.plane);
	}
	check(true, "rubbish does no harm");
}

int main(int argc, char **argv)
{
	static const double widths[] = {1.8, 2.5, 3.5, 6};

	seed_from(argc, argv);
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		check_truth(widths[i], 0, PROFILE_GAUSS);
		check_truth(widths[i], 0, PROFILE_MOFFAT);
		check_truth(widths[i], 2.5, PROFILE_MOFFAT);
		check_truth(widths[i], 4, PROFILE_MOFFAT);
	}
	check_noise(false);
	check_noise(true);
	check_strangers();
	check_interpolated();
	check_saturated(8990);
	check_saturated(INFINITY);
	check_shape();
	check_pairs();
	check_wide(12, 100);
	check_wide(18, 3000);
	check_threads();
	check_missing();
	check_odd_plane(1, 1, 7, 0, "one value");
	check_odd_plane(1000, 3, 7, 1, "three rows");
	check_odd_plane(2, 900, 7, 1, "two columns");
	check_odd_plane(300, 200, 500, 0, "constant");
	check_odd_plane(300, 200, 65535, 0, "all saturated");
	check_odd_plane(300, 200, NAN, 0, "no data");
	check_odd_plane(65, 129, 0, 1, "a little more than a cell");
	check_rubbish();
	return done();
}
