/* SPDX-License-Identifier: ISC */
#include "sky/warp.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kern/kern.h"

#define COLUMNS 8     /* of the kernels' tables */
#define BEFORE 3      /* of them stand before the place */
#define RUN 512	      /* pixels placed at a time */
#define PIECE_ROWS 16 /* of output, that a thread makes at a time */
#define CUT_MIN 0.66  /* of the finest frequency a grid holds: what lanczos4 lets through */
#define CUT_FWHM 2.12 /* over FWHM: there a Gaussian's spectrum has fallen to exp(-4) */

struct warper {
	enum warp_interp interp;
	size_t rows;  /* that the kernel reaches over; 2 bilinear, 1 nearest */
	bool filters; /* also where nothing moves */
	float *table;
};

static double sinc(double x)
{
	return x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);
}

/* The sinc that lets frequencies up to `cut` through, under Lanczos' window. */
static double lanczos(double x, double reach, double cut)
{
	return fabs(x) < reach ? sinc(cut * x) * sinc(x / reach) : 0;
}

static double catmull_rom(double x)
{
	x = fabs(x);
	if (x < 1)
		return (1.5 * x - 2.5) * x * x + 1;
	return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static double kernel(enum warp_interp interp, double x, double cut)
{
	if (interp == WARP_BICUBIC)
		return catmull_rom(x);
	return interp == WARP_LANCZOS3 ? lanczos(x, 3, 1) : lanczos(x, 4, cut);
}

/* Weights of one phase, made right for a constant and for a slope. */
static void weights(enum warp_interp interp, double phase, double cut, float *out)
{
	double weight[COLUMNS], sum = 0, moment = 0;

	for (int i = 0; i < COLUMNS; i++)
		sum += weight[i] = kernel(interp, i - BEFORE - phase, cut);
	for (int i = 0; i < COLUMNS; i++)
		moment += (weight[i] /= sum) * (i - BEFORE - phase);
	weight[BEFORE] += moment;
	weight[BEFORE + 1] -= moment;
	for (int i = 0; i < COLUMNS; i++)
		out[i] = (float)weight[i];
}

struct warper *warper_new(enum warp_interp interp, double fwhm_px)
{
	static const size_t rows[] = {[WARP_NEAREST] = 1,
		[WARP_BILINEAR] = 2,
		[WARP_BICUBIC] = 4,
		[WARP_LANCZOS3] = 6,
		[WARP_LANCZOS4] = 8};
	struct warper *w = xcalloc(1, sizeof(*w));
	double cut = fwhm_px > 0 ? fmin(1, fmax(CUT_MIN, CUT_FWHM / fwhm_px)) : 1;

	w->interp = interp;
	w->rows = rows[interp];
	w->filters = interp == WARP_LANCZOS4 && cut < 1;
	if (w->rows < 4)
		return w;
	w->table = xaligned(KERN_PHASES * COLUMNS, sizeof(*w->table));
	for (int phase = 0; phase < KERN_PHASES; phase++)
		weights(interp, phase / (double)KERN_PHASES, cut,
			w->table + (size_t)phase * COLUMNS);
	return w;
}

void warper_free(struct warper *w)
{
	if (w)
		free(w->table);
	free(w);
}

struct task {
	const struct warper *warper;
	const struct warp_image *in;
	float *out;
	size_t width, height; /* of out */
	const struct transform *transform;
	bool fluxes;
};

static float pixel(const struct warp_image *in, const float *plane, int32_t x, int32_t y)
{
	if (x < 0 || y < 0 || (size_t)x >= in->width || (size_t)y >= in->height)
		return NAN;
	return plane[(size_t)y * in->width + (size_t)x];
}

static float nearest(const struct warp_image *in, const float *plane, int32_t x, int32_t y)
{
	return pixel(in, plane, (x + KERN_PHASES / 2) / KERN_PHASES - (x + KERN_PHASES / 2 < 0),
		(y + KERN_PHASES / 2) / KERN_PHASES - (y + KERN_PHASES / 2 < 0));
}

/* Linear, of those of the four pixels that have a weight. */
static float careful(const struct warp_image *in, const float *plane, int32_t x, int32_t y)
{
	int32_t column = x / KERN_PHASES, row = y / KERN_PHASES;
	float fx = (float)(x - column * KERN_PHASES) / KERN_PHASES;
	float fy = (float)(y - row * KERN_PHASES) / KERN_PHASES;
	float line[2] = {0, 0};

	if (x < 0 || y < 0)
		return NAN;
	for (int i = 0; i < (fy > 0 ? 2 : 1); i++) {
		line[i] = pixel(in, plane, column, row + i);
		if (fx > 0)
			line[i] += (pixel(in, plane, column + 1, row + i) - line[i]) * fx;
	}
	return fy > 0 ? line[0] + (line[1] - line[0]) * fy : line[0];
}

/* Whether all pixels that the kernel reads are there. */
static bool inside(const struct task *t, int32_t x, int32_t y)
{
	size_t wide = t->warper->rows > 2 ? COLUMNS : 2, before = wide / 2 - 1;
	size_t high = t->warper->rows, above = high / 2 - 1;
	size_t column = (size_t)(x / KERN_PHASES), row = (size_t)(y / KERN_PHASES);

	return x >= 0 && y >= 0 && column >= before && row >= above &&
	       column - before + wide <= t->in->width && row - above + high <= t->in->height;
}

/* The same of a whole run: it lies on a line, so of its ends, a pixel apart from the edges. */
static bool all_inside(const struct task *t, const int32_t *x, const int32_t *y, size_t n)
{
	for (size_t end = 0; end<n; end += n> 1 ? n - 1 : 1)
		for (int32_t side = -KERN_PHASES; side <= KERN_PHASES; side += 2 * KERN_PHASES)
			if (!inside(t, x[end] + side, y[end] + side))
				return false;
	return true;
}

/* Places inside, by the kernel; where that meets a missing pixel, with care. */
static void sample_inside(
	const struct task *t, const int32_t *x, const int32_t *y, size_t n, float *out)
{
	const struct warper *w = t->warper;
	struct kern_planes from = {.v = t->in->pixels,
		.width = t->in->width,
		.stride = t->in->width * t->in->height,
		.count = t->in->planes};
	struct kern_planes to = {.out = out, .stride = t->width * t->height};

	if (w->interp == WARP_BILINEAR)
		for (size_t c = 0; c < from.count; c++)
			kern()->bilinear(out + c * to.stride, from.v + c * from.stride, from.width, x,
				y, n);
	else
		kern()->resample(&to, &from, x, y, n, w->table, w->rows);
	for (size_t c = 0; c < from.count; c++, out += to.stride) {
		bool missing = false;

		for (size_t k = 0; k < n; k++)
			missing |= out[k] != out[k];
		for (size_t k = 0; missing && k < n; k++)
			if (isnan(out[k]))
				out[k] = careful(t->in, from.v + c * from.stride, x[k], y[k]);
	}
}

static void sample_careful(
	const struct task *t, const int32_t *x, const int32_t *y, size_t n, float *out)
{
	for (size_t c = 0; c < t->in->planes; c++)
		for (size_t k = 0; k < n; k++)
			out[c * t->width * t->height + k] = careful(t->in,
				t->in->pixels + c * t->in->width * t->in->height, x[k], y[k]);
}

static void sample(const struct task *t, const int32_t *x, const int32_t *y, size_t n, float *out)
{
	size_t k = 0, first;

	while (k < n) {
		for (first = k; k < n && inside(t, x[k], y[k]); k++)
			;
		sample_inside(t, x + first, y + first, k - first, out + first);
		for (first = k; k < n && !inside(t, x[k], y[k]); k++)
			;
		sample_careful(t, x + first, y + first, k - first, out + first);
	}
}

static void sample_nearest(
	const struct task *t, const int32_t *x, const int32_t *y, size_t n, float *out)
{
	for (size_t c = 0; c < t->in->planes; c++)
		for (size_t k = 0; k < n; k++)
			out[c * t->width * t->height + k] = nearest(t->in,
				t->in->pixels + c * t->in->width * t->in->height, x[k], y[k]);
}

/* A run of a row, in all planes. */
static void warp_run(const struct task *t, size_t row, size_t first, size_t n)
{
	const double *m = t->transform->m;
	double x = (double)first, y = (double)row;
	double determinant = fabs(transform_determinant(t->transform));
	struct kern_line line = {m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5],
		m[6] * x + m[7] * y + m[8], m[0], m[3], m[6], determinant};
	bool bent = line.dw != 0 || line.w != 1;
	float *out = t->out + row * t->width + first;
	int32_t at_x[RUN], at_y[RUN];
	float area[RUN];

	kern()->place(at_x, at_y, area, n, &line);
	if (t->warper->interp == WARP_NEAREST)
		sample_nearest(t, at_x, at_y, n, out);
	else if (all_inside(t, at_x, at_y, n))
		sample_inside(t, at_x, at_y, n, out);
	else
		sample(t, at_x, at_y, n, out);
	for (size_t c = 0; t->fluxes && c < t->in->planes; c++, out += t->width * t->height) {
		for (size_t k = 0; bent && k < n; k++)
			out[k] *= fabsf(area[k]);
		for (size_t k = 0; !bent && determinant != 1 && k < n; k++)
			out[k] *= (float)determinant;
	}
}

static void warp_piece(void *arg, size_t piece, unsigned worker)
{
	const struct task *t = arg;
	size_t first = piece * PIECE_ROWS;

	(void)worker;
	for (size_t row = first; row < first + PIECE_ROWS && row < t->height; row++)
		for (size_t x = 0; x < t->width; x += RUN)
			warp_run(t, row, x, t->width - x < RUN ? t->width - x : RUN);
}

static bool is_identity(const struct transform *t)
{
	for (int i = 0; i < 9; i++)
		if (t->m[i] != transform_identity.m[i])
			return false;
	return true;
}

void warp(const struct warper *w, const struct warp_image *in, const struct transform *t,
	bool fluxes, float *out, size_t width, size_t height, struct pool *pool)
{
	struct task task = {w, in, out, width, height, t, fluxes};

	if (!w->filters && is_identity(t) && in->width == width && in->height == height)
		memcpy(out, in->pixels, in->planes * width * height * sizeof(*out));
	else
		pool_run(pool, (height + PIECE_ROWS - 1) / PIECE_ROWS, warp_piece, &task);
}
