/* SPDX-License-Identifier: ISC */
/*
 * The background of a plane and its noise on a mesh of square cells: in each cell the median and
 * the standard deviation of a seventh of its values, clipped at 3 sigma until nothing more goes
 * (as SExtractor does, Bertin & Arnouts 1996), cells without data taken from their neighbours, the
 * median of 3 x 3 cells, between cells bilinear. The same whatever the number of threads.
 */
#ifndef LEAT_SKY_BACKGROUND_H
#define LEAT_SKY_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

struct background {
	size_t width, height; /* of the plane, px */
	size_t cell;	      /* side of a cell, px, even */
	size_t across, down;  /* cells */
	float *level, *noise; /* [down][across], in the plane's unit; finite */
};

/*
 * False, with nothing to free, if the plane has no finite value. Only finite values count. pool
 * may be NULL.
 */
bool background_new(struct background *b, const float *plane, size_t width, size_t height,
	size_t cell, struct pool *pool);
void background_free(struct background *b);

/* Level and noise along row y: `width` values each. */
void background_row(const struct background *b, size_t y, float *level, float *noise);

/* Level and noise at a pixel. */
void background_at(const struct background *b, size_t x, size_t y, float *level, float *noise);

/* Their medians over the cells. */
void background_medians(const struct background *b, double *level, double *noise);

/*
 * Median and standard deviation of n > 0 finite values, clipped at 3 sigma; they are put in order,
 * work has room for n.
 */
void clipped_median(float *v, size_t n, float *work, float *median, float *sigma);

#endif
