/* SPDX-License-Identifier: ISC */
/*
 * Cosmetic correction: pixels that a master dark shows to be hot or cold get their value from good
 * neighbours.
 */
#ifndef LEAT_SKY_COSMETIC_H
#define LEAT_SKY_COSMETIC_H

#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

struct defects {
	size_t planes, height, width;
	uint8_t *kind; /* [planes][height][width]: 0 good, or an enum defect */
	size_t *at;    /* their places in that array, in order */
	size_t count, hot, cold;
};

enum defect { DEFECT_HOT = 1, DEFECT_COLD };

/*
 * Hot is what lies above median + hot * sigma of its plane, cold what lies below median - cold *
 * sigma; sigma is 1.4826 MAD, or if that is below `sigma_min` (of rounded values 0.29, their
 * rounding), that; if both are 0, the standard deviation. hot or cold INFINITY: there are none. NaN
 * is neither. defects_free() afterwards.
 */
void defects_find(const float *dark, size_t planes, size_t height, size_t width, double hot,
	double cold, double sigma_min, struct pool *pool, struct defects *d);
void defects_free(struct defects *d);

/*
 * Mends a frame [planes][height][width] of that size: a hot pixel becomes the mean of the good ones
 * among its 8 neighbours, a cold one the median of the good ones among 24; neighbours are `step`
 * pixels apart (2 on a mosaic of colours, else 1). NaN and defects are not good; without a good
 * neighbour a pixel becomes NaN. pool may be NULL and changes nothing.
 */
void defects_mend(const struct defects *d, float *v, size_t step, struct pool *pool);

#endif
