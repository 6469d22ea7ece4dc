/* SPDX-License-Identifier: ISC */
#include "sky/cosmetic.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sky/statistics.h"

#define PIECE 1024 /* defects that a thread mends at a time */

static double sigma_of(const float *dark, size_t n, double median, double least, struct pool *pool)
{
	double sigma = MAD_TO_SIGMA * mad_f32(dark, n, median, pool);
	struct plane_statistics s;

	if (sigma < least)
		sigma = least;
	if (sigma == 0) {
		plane_moments(dark, n, median, pool, &s);
		sigma = s.sigma;
	}
	return sigma;
}

void defects_find(const float *dark, size_t planes, size_t height, size_t width, double hot,
	double cold, double sigma_min, struct pool *pool, struct defects *d)
{
	size_t n = height * width, found = 0;

	*d = (struct defects){
		.planes = planes, .height = height, .width = width, .kind = xcalloc(planes * n, 1)};
	for (size_t p = 0; p < planes; p++) {
		const float *v = dark + p * n;
		double median = median_f32(v, n, pool);
		double sigma = sigma_of(v, n, median, sigma_min, pool);
		float high = (float)(median + hot * sigma), low = (float)(median - cold * sigma);

		for (size_t i = 0; i < n; i++) {
			bool is_hot = v[i] > high, is_cold = v[i] < low;

			d->kind[p * n + i] = is_hot ? DEFECT_HOT : is_cold ? DEFECT_COLD : 0;
			d->hot += is_hot;
			d->cold += is_cold && !is_hot;
		}
	}
	d->count = d->hot + d->cold;
	d->at = xcalloc(d->count + 1, sizeof(*d->at));
	for (size_t i = 0; i < planes * n; i++)
		if (d->kind[i])
			d->at[found++] = i;
}

void defects_free(struct defects *d)
{
	free(d->kind);
	free(d->at);
	*d = (struct defects){0};
}

/* The good values within `reach` steps of pixel `at`, itself left out. */
static size_t gather(
	const struct defects *d, const float *v, size_t at, int reach, size_t step, float good[24])
{
	size_t plane = at / (d->height * d->width) * d->height * d->width, count = 0;
	ptrdiff_t y0 = (ptrdiff_t)((at - plane) / d->width),
		  x0 = (ptrdiff_t)((at - plane) % d->width);

	for (int j = -reach; j <= reach; j++)
		for (int i = -reach; i <= reach; i++) {
			ptrdiff_t y = y0 + j * (ptrdiff_t)step, x = x0 + i * (ptrdiff_t)step;
			size_t k = plane + (size_t)y * d->width + (size_t)x;

			if (x < 0 || y < 0 || x >= (ptrdiff_t)d->width ||
				y >= (ptrdiff_t)d->height || d->kind[k] || isnan(v[k]))
				continue;
			good[count++] = v[k];
		}
	return count;
}

static float mean_few(const float *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)v[i];
	return n ? (float)(sum / (double)n) : NAN;
}

struct mending {
	const struct defects *d;
	float *v;
	size_t step;
};

/* Only good pixels are read and only others written, so the order is all one. */
static void mend(void *arg, size_t piece, unsigned worker)
{
	const struct mending *m = arg;
	const struct defects *d = m->d;
	float good[24];

	(void)worker;
	for (size_t i = piece * PIECE; i < d->count && i < (piece + 1) * PIECE; i++) {
		bool hot = d->kind[d->at[i]] == DEFECT_HOT;
		size_t n = gather(d, m->v, d->at[i], hot ? 1 : 2, m->step, good);

		m->v[d->at[i]] = hot ? mean_few(good, n) : median_few(good, n);
	}
}

void defects_mend(const struct defects *d, float *v, size_t step, struct pool *pool)
{
	struct mending m = {d, v, step};

	pool_run(pool, (d->count + PIECE - 1) / PIECE, mend, &m);
}
