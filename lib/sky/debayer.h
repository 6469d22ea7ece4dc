/* SPDX-License-Identifier: ISC */
/* Three colours of a mosaic (Bayer 1976): a cell of 2 x 2 pixels with one red, two green, one blue.
 */
#ifndef LEAT_SKY_DEBAYER_H
#define LEAT_SKY_DEBAYER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

enum debayer_method {
	/* Means of the two or four nearest pixels of a colour. */
	DEBAYER_BILINEAR,
	/* A cell becomes a pixel, its green the mean of both; an odd last row or column is lost. */
	DEBAYER_SUPERPIXEL,
	/*
	 * Variable number of gradients (Chang, Cheung & Pan 1999): means of differences of colours
	 * over those of eight directions in which values vary least.
	 */
	DEBAYER_VNG,
	/*
	 * Ratio corrected demosaicing (Sanz Rodriguez 2015, version 2.3): green along or across by
	 * the energy of a high pass, corrected by ratios of a low pass; then differences of colours
	 * in the same way. Ratios are kept within -1 … 1, so that values about 0 do no harm.
	 */
	DEBAYER_RCD,
};

/* A mosaic of at least 2 x 2 pixels. */
struct mosaic {
	const void *pixels; /* [height][width] */
	unsigned dtype;	    /* a real type */
	size_t height, width;
	unsigned red_x, red_y; /* 0 or 1: the column and row of the cell's red pixel */
	double full_scale;     /* > 0; RCD takes 1e-5 of it for nothing */
};

/* Where red is in RGGB, BGGR, GRBG, GBRG; false for another pattern. */
bool mosaic_pattern(const char *pattern, unsigned *red_x, unsigned *red_y);

/*
 * Fills out, [3][height][width] in red, green, blue (SUPERPIXEL: half of each, rounded down).
 * Beyond its edges the mosaic is mirrored at the middle of its last pixels. NaN in the mosaic is
 * NaN in the planes in which bilinear means would contain it, a pixel around at most; other values
 * there are reckoned as if it were what is near of its colour. The same bytes whatever the number
 * of threads; pool may be NULL.
 */
void debayer(float *out, const struct mosaic *m, enum debayer_method method, struct pool *pool);

#endif
