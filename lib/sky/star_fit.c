/* SPDX-License-Identifier: ISC */
#include <math.h>
#include <string.h>

#include "sky/star_parts.h"

#define P KERN_PROFILE_PARAMETERS
#define STEPS 25 /* of a fit */
#define DAMPING_MAX 1e6
#define CLOSE_ENOUGH 5e-3   /* a last step in px; what is left is its square */
#define WING_MIN 0.01	    /* beta 100: a Gaussian */
#define WING_MAX 0.8	    /* beta 1.25 */
#define AXES_RATIO_MIN 0.5  /* minor over major; below is no star */
#define RESIDUAL_MAX 0.2    /* of the amplitude, beyond noise */
#define SATURATED_TOP 0.97f /* of the peak: what a star that was clipped before calibration has */
#define FLAT_MIN 4	    /* px */
#define PIXELS_MIN 16
#define CORE_SEEN 0.6 /* so much of a star's middle must be there */

enum { AMPLITUDE, BACKGROUND, X, Y, XX, XY, YY, WING };

/* Profiles in units of the peak, px from it. */
struct fit {
	const struct fit_scratch *scratch;
	float *work;
	size_t n, used, free; /* pixels, those with weight, parameters from the first on */
	float scale, noise;   /* of the plane's unit; noise in it */
	double p[P], sums[KERN_PROFILE_SUMS];
	bool current; /* work is of p */
	double radius;
};

double profile_at(const struct kern_profile *p, double x, double y)
{
	double dx = x - (double)p->x, dy = y - (double)p->y;
	double q = p->xx * dx * dx + 2 * p->xy * dx * dy + p->yy * dy * dy;

	return p->wing > 0 ? p->amplitude * pow(1 + p->wing * q, -1 / (double)p->wing)
			   : p->amplitude * exp(-q);
}

/* q at half of the amplitude. */
static double half(double wing)
{
	return wing > 0 ? (pow(2, wing) - 1) / wing : M_LN2;
}

static double product(const double *sums, size_t i, size_t j)
{
	return i <= j ? sums[i * (P + 1) - i * (i - 1) / 2 + j - i] : product(sums, j, i);
}

static double cost(const struct fit *f)
{
	return product(f->sums, P, P);
}

static void evaluate(struct fit *f, const double p[P], double sums[KERN_PROFILE_SUMS])
{
	struct kern_profile k = {(float)p[AMPLITUDE], (float)p[BACKGROUND], (float)p[X],
		(float)p[Y], (float)p[XX], (float)p[XY], (float)p[YY], (float)p[WING]};
	const struct fit_scratch *s = f->scratch;
	float out[KERN_PROFILE_SUMS];

	kern()->profile(out, f->work, s->x, s->y, s->value, s->weight, f->n, &k);
	for (size_t i = 0; i < KERN_PROFILE_SUMS; i++)
		sums[i] = (double)out[i];
}

/* Solves (J'J + damping diag) step = J'r by Cholesky; false if that is not positive definite. */
static bool solve(const struct fit *f, double damping, double step[P])
{
	double l[P][P];
	size_t n = f->free;

	for (size_t i = 0; i < n; i++) {
		double sum = product(f->sums, i, P);

		for (size_t j = 0; j <= i; j++) {
			double v = product(f->sums, i, j) * (i == j ? 1 + damping : 1);

			for (size_t k = 0; k < j; k++)
				v -= l[i][k] * l[j][k];
			if (i == j && !(v > 1e-12 * product(f->sums, i, i)))
				return false;
			l[i][j] = i == j ? sqrt(v) : v / l[j][j];
		}
		for (size_t k = 0; k < i; k++)
			sum -= l[i][k] * step[k];
		step[i] = sum / l[i][i];
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			step[i] -= l[k][i] * step[k];
		step[i] /= l[i][i];
	}
	return true;
}

static bool allowed(const struct fit *f, const double p[P])
{
	double r = f->radius, narrowest = half(p[WING]) * 16, widest = half(p[WING]) / (4 * r * r);

	return p[AMPLITUDE] > 0 && p[AMPLITUDE] < 1e4 && fabs(p[X]) < r && fabs(p[Y]) < r &&
	       p[XX] > widest && p[YY] > widest && p[XX] < narrowest && p[YY] < narrowest &&
	       p[XY] * p[XY] < 0.999 * p[XX] * p[YY] &&
	       (f->free < P || (p[WING] >= WING_MIN && p[WING] <= WING_MAX));
}

/* Levenberg's and Marquardt's least squares. False if it finds no minimum. */
static bool minimise(struct fit *f, size_t free)
{
	double damping = 1e-3;

	f->free = free;
	f->current = true;
	evaluate(f, f->p, f->sums);
	for (int i = 0; i < STEPS && damping < DAMPING_MAX; i++) {
		double step[P] = {0}, trial[P], sums[KERN_PROFILE_SUMS], before = cost(f), moved;

		if (!solve(f, damping, step)) {
			damping *= 10;
			continue;
		}
		for (size_t k = 0; k < P; k++)
			trial[k] = f->p[k] + step[k];
		if (!allowed(f, trial)) {
			damping *= 10;
			continue;
		}
		evaluate(f, trial, sums);
		f->current = sums[KERN_PROFILE_SUMS - 1] < before;
		moved = fabs(step[X]) + fabs(step[Y]) + fabs(step[AMPLITUDE]) / trial[AMPLITUDE];
		if (f->current) {
			memcpy(f->p, trial, sizeof(trial));
			memcpy(f->sums, sums, sizeof(sums));
			if (moved < CLOSE_ENOUGH && before - cost(f) < 1e-3 * before)
				return true;
			damping *= 0.1;
		} else {
			if (moved < CLOSE_ENOUGH)
				return true;
			damping *= 10;
		}
	}
	return damping < DAMPING_MAX;
}

/* Takes away what another star, a hot pixel or a cosmic ray adds; true if there was any. */
static bool drop_strangers(struct fit *f, struct fit_scratch *s)
{
	const float *shape = f->work, *residual = f->work + P * f->n;
	double amplitude = f->p[AMPLITUDE], noise = (double)(f->noise / f->scale);
	size_t dropped = 0;

	if (!f->current)
		evaluate(f, f->p, f->sums);
	for (size_t k = 0; k < f->n; k++) {
		double part = shape[k] < 0.5f ? (double)shape[k] : 0.5;

		if (fabs((double)residual[k]) > 5 * noise + amplitude * (0.02 + 0.15 * part)) {
			s->weight[k] = 0;
			dropped++;
		}
	}
	f->used -= dropped;
	return dropped > 0;
}

/* A star's saturated middle: the values from `clip` on, walked from its peak. */
struct plateau {
	bool there;
	float clip;
	double x, y, radius; /* px */
};

static float value_at(const struct star_plane *s, ptrdiff_t x, ptrdiff_t y)
{
	if (x < 0 || y < 0 || x >= (ptrdiff_t)s->width || y >= (ptrdiff_t)s->height)
		return NAN;
	return s->plane[(size_t)y * s->width + (size_t)x];
}

/* From (x, y) to both sides; the middle, and *run the number of pixels. */
static ptrdiff_t walk(
	const struct star_plane *s, ptrdiff_t x, ptrdiff_t y, bool down, float clip, ptrdiff_t *run)
{
	ptrdiff_t before = 0, after = 0;

	while (before < FIT_RADIUS_MAX &&
		value_at(s, down ? x : x - before - 1, down ? y - before - 1 : y) >= clip)
		before++;
	while (after < FIT_RADIUS_MAX &&
		value_at(s, down ? x : x + after + 1, down ? y + after + 1 : y) >= clip)
		after++;
	*run = before + after + 1;
	return (down ? y : x) + (after - before) / 2;
}

/* The highest value of the 3 x 3 around a peak moves it there. */
static float climb(const struct star_plane *s, ptrdiff_t *x, ptrdiff_t *y)
{
	ptrdiff_t px = *x, py = *y;
	float most = -INFINITY;

	for (ptrdiff_t dy = -1; dy <= 1; dy++)
		for (ptrdiff_t dx = -1; dx <= 1; dx++) {
			float v = value_at(s, px + dx, py + dy);

			if (v > most && v < INFINITY) {
				most = v;
				*x = px + dx;
				*y = py + dy;
			}
		}
	return most;
}

bool star_saturated(const struct star_plane *s, const struct peak *p)
{
	ptrdiff_t x = p->x, y = p->y;

	return (double)climb(s, &x, &y) >= s->saturation;
}

/*
 * Above 0.97 of the top a star is a fifth as wide as at half of it. Where it is twice that, and
 * wide enough for that to be told, something clipped it.
 */
static bool flat(const struct star_plane *s, ptrdiff_t x, ptrdiff_t y, float level, float most,
	ptrdiff_t across, ptrdiff_t down)
{
	float half_way = 0.5f * (level + most);
	ptrdiff_t wide, high;

	if (across < FLAT_MIN || down < FLAT_MIN)
		return false;
	walk(s, x, y, false, half_way, &wide);
	walk(s, x, y, true, half_way, &high);
	return 5 * across > 2 * wide && 5 * down > 2 * high;
}

static struct plateau find_plateau(
	const struct star_plane *s, const struct peak *p, float level, float noise)
{
	ptrdiff_t x = p->x, y = p->y, across = 0, down = 0;
	float most = climb(s, &x, &y);
	bool known = (double)most >= s->saturation;
	struct plateau out = {
		.clip = known ? (float)s->saturation : level + SATURATED_TOP * (most - level)};

	for (int i = 0; i < 2; i++) {
		y = walk(s, x, y, true, out.clip, &down);
		x = walk(s, x, y, false, out.clip, &across);
	}
	out.there =
		known || (most - level > 50 * noise && flat(s, x, y, level, most, across, down));
	out.x = out.there ? (double)x : p->x;
	out.y = out.there ? (double)y : p->y;
	out.radius = out.there ? 0.5 * (double)(across > down ? across : down) : 0;
	return out;
}

static bool nearer_to_another(double x, double y, double own, const struct fit_others *others)
{
	for (size_t i = 0; i < others->masks; i++) {
		double dx = x - others->masked[i]->x, dy = y - others->masked[i]->y;

		if (dx * dx + dy * dy < own)
			return true;
	}
	return false;
}

/* Fills the scratch with the pixels of a circle; returns how much of the core is there, 0 … 1. */
static double gather(const struct star_plane *s, struct fit *f, struct fit_scratch *out,
	const struct plateau *top, float level, double core, const struct fit_others *others)
{
	ptrdiff_t r = (ptrdiff_t)f->radius;
	size_t n = 0, core_pixels = 0, core_seen = 0;

	for (ptrdiff_t dy = -r; dy <= r; dy++)
		for (ptrdiff_t dx = -r; dx <= r; dx++) {
			double d = (double)(dx * dx + dy * dy);
			double x = top->x + (double)dx, y = top->y + (double)dy, more = 0;
			float v;

			if (d > f->radius * f->radius)
				continue;
			v = value_at(s, (ptrdiff_t)x, (ptrdiff_t)y);
			core_pixels += d <= core * core;
			if (!isfinite(v) || (top->there && v >= top->clip) ||
				nearer_to_another(x, y, d, others))
				continue;
			core_seen += d <= core * core;
			for (size_t i = 0; i < others->knowns; i++)
				more += profile_at(others->known[i], x, y);
			out->x[n] = (float)dx;
			out->y[n] = (float)dy;
			out->value[n] = (v - level - (float)more) / f->scale;
			out->weight[n++] = 1;
		}
	f->used = n;
	for (; n % 16; n++)
		out->x[n] = out->y[n] = out->value[n] = out->weight[n] = 0;
	f->n = n;
	return (double)core_seen / (double)core_pixels;
}

/* Axes of the ellipse at half of the amplitude. */
static void shape_of(const double p[P], struct star *star)
{
	double mean = 0.5 * (p[XX] + p[YY]), half_difference = 0.5 * (p[XX] - p[YY]);
	double root = sqrt(half_difference * half_difference + p[XY] * p[XY]);
	double minor = 2 * sqrt(half(p[WING]) / (mean + root));
	double major = 2 * sqrt(half(p[WING]) / (mean - root));

	star->fwhm_x = (float)major;
	star->fwhm_y = (float)minor;
	star->eccentricity = (float)sqrt(1 - minor * minor / (major * major));
	/* The form is steepest along the minor axis. */
	star->angle = root > 0 ? (float)(0.5 * atan2(-p[XY], -half_difference)) : 0;
}

/*
 * Flux: the profile's integral, pi amplitude / (sqrt(det) (1 - wing)). Its error is that of a
 * profile of known shape in the background's noise: noise / sqrt(sum of p^2), p the profile of unit
 * flux, with sum of p^2 = sqrt(det) (1 - wing)^2 / (pi (2 - wing)).
 */
static void describe(const struct fit *f, const struct star_plane *s, const struct plateau *top,
	float level, struct fitted *out)
{
	const double *p = f->p;
	double wing = p[WING], root = sqrt(p[XX] * p[YY] - p[XY] * p[XY]);
	double flux = M_PI * p[AMPLITUDE] * (double)f->scale / (root * (1 - wing));
	double error = (double)(f->noise * s->correlation) /
		       sqrt(root * (1 - wing) * (1 - wing) / (M_PI * (2 - wing)));

	out->star = (struct star){.x = top->x + p[X],
		.y = top->y + p[Y],
		.flux = (float)flux,
		.peak = (float)(p[AMPLITUDE] * (double)f->scale),
		.background = (float)(level + p[BACKGROUND] * (double)f->scale),
		.snr = (float)(flux / error),
		.saturated = top->there};
	shape_of(p, &out->star);
	out->profile =
		(struct kern_profile){out->star.peak, out->star.background, (float)out->star.x,
			(float)out->star.y, (float)p[XX], (float)p[XY], (float)p[YY], (float)wing};
}

static bool like_a_star(const struct fit *f, const struct fitted *out, double reach)
{
	double rms = sqrt(cost(f) / (double)(f->used - f->free)),
	       noise = (double)(f->noise / f->scale);
	double beyond = rms > noise ? sqrt(rms * rms - noise * noise) : 0;

	return hypot(f->p[X], f->p[Y]) <= reach && beyond <= RESIDUAL_MAX * f->p[AMPLITUDE] &&
	       out->star.fwhm_y >= (float)AXES_RATIO_MIN * out->star.fwhm_x &&
	       isfinite(out->star.flux) && isfinite(out->star.snr);
}

static bool inside(const struct star_plane *s, const struct star *star)
{
	return star->x >= -0.5 && star->y >= -0.5 && star->x < (double)s->width - 0.5 &&
	       star->y < (double)s->height - 0.5;
}

void star_fit(const struct star_plane *s, const struct peak *peak, const struct fit_others *others,
	const struct fit_start *start, struct fit_scratch *scratch, struct fitted *out)
{
	struct fit f = {.scratch = scratch, .work = scratch->work};
	double round = 4 * half(start->wing) / (start->fwhm * start->fwhm), seen;
	size_t parameters = start->fit_wing ? P : P - 1;
	float level, noise, most;
	struct plateau top;
	ptrdiff_t x = peak->x, y = peak->y;

	*out = (struct fitted){.good = false};
	background_at(&s->background, (size_t)x, (size_t)y, &level, &noise);
	f.noise = noise > s->noise_floor ? noise : s->noise_floor;
	most = climb(s, &x, &y);
	f.scale = most - level;
	if (!(f.scale > 0))
		return;
	top = find_plateau(s, peak, level, f.noise);
	f.radius = fmin(start->radius + top.radius, FIT_RADIUS_MAX);
	seen = gather(s, &f, scratch, &top, level, 0.75 * start->fwhm, others);
	if (f.used < PIXELS_MIN || (!top.there && seen < CORE_SEEN))
		return;
	memcpy(f.p, (double[P]){1, 0, 0, 0, round, 0, round, start->wing}, sizeof(f.p));
	/* Without its middle a star's shape is badly known: it is the frame's at first. */
	if ((top.there && !minimise(&f, XX)) || !minimise(&f, parameters))
		return;
	if (drop_strangers(&f, scratch) && (f.used < PIXELS_MIN || !minimise(&f, parameters)))
		return;
	describe(&f, s, &top, level, out);
	out->good =
		inside(s, &out->star) && like_a_star(&f, out, 1 + 0.5 * start->fwhm + top.radius);
}
