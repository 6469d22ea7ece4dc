/* SPDX-License-Identifier: ISC */
/*
 * Raw frames made linear in light: (light - bias - k (dark - bias)) c / flat. Masters and frames
 * are planes of [height][width]; NaN is no data and is carried.
 */
#ifndef LEAT_SKY_CALIBRATE_H
#define LEAT_SKY_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/pool.h"

/* What is done to every frame; the arrays are the caller's, [planes][height][width] or NULL. */
struct calibration {
	size_t planes, height, width;
	const float *base;   /* is subtracted: the bias, or a dark that holds its bias */
	const float *slope;  /* too, times the frame's scale: dark - bias; only with base */
	const float *factor; /* multiplies: c / flat, see flat_to_factor */
};

/* A frame of that size, cut out of rows of `stride` values. */
struct raw_frame {
	const void *pixels;	     /* its first one */
	unsigned dtype;		     /* a real type */
	size_t stride, plane_stride; /* values from row to row, from plane to plane */
	double scale;		     /* of slope */
	double shift;		     /* added before anything is subtracted */
	double add;		     /* added at the end */
};

/*
 * out: [planes][height][width]; returns how many values were negative before `add` came. The same
 * bytes whatever the number of threads; pool may be NULL.
 */
size_t calibrate(
	float *out, const struct calibration *c, const struct raw_frame *raw, struct pool *pool);

/*
 * A plane of a flat field becomes what frames are multiplied by: c / flat, c being its mean over
 * the third of the width and of the height in the middle (at least a pixel of each). Values that
 * are not above 0 count for nothing, become NaN and are counted in *holes. equalize: each of the
 * four places in a cell of 2 x 2 gets the factor that makes its mean c, so that a coloured flat
 * leaves the colours of a mosaic as they were. 0, or EXIT_DATA with *e if there is no mean.
 */
int flat_to_factor(
	float *flat, size_t height, size_t width, bool equalize, size_t *holes, struct error *e);

/*
 * The k in 0 … 2 for which light - k dark has the least noise, both without bias and of width *
 * height: golden section (Kiefer 1953) to 0.001. The noise is the mean of |2 v[x] - v[x-2] -
 * v[x+2]| along rows: differences of pixels of one colour, in which the sky hardly counts, and
 * absolute, so that it has one minimum (it is convex in k) and stars do not rule it. 1 if no three
 * pixels have data.
 */
double dark_scale_find(const float *light, const float *dark, size_t height, size_t width);

#endif
