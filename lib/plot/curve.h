/* SPDX-License-Identifier: ISC */
/* Lines through many values, with cairo. */
#ifndef LEAT_PLOT_CURVE_H
#define LEAT_PLOT_CURVE_H

#include <cairo.h>
#include <stddef.h>

/* Where values appear: a rectangle in px, hi at its upper edge, lo < hi at its lower one. */
struct curve_box {
	double x, y;
	size_t width, height;
	double lo, hi;
};

/*
 * Adds to the path of cr a line through `count` values that lie in the middles of as many equal
 * parts of the width. Where several fall into a column of pixels, it runs through the first, least,
 * greatest and last of them, so what one sees is as if all had been joined and none is lost (M4;
 * Jugel et al., Proceedings of the VLDB 7 (2014) 797). NaN breaks the line; a value alone between
 * breaks is as wide as its part. Values beyond the box lead out of it; clipping is the caller's.
 */
void curve_path(cairo_t *cr, const struct curve_box *box, const float *values, size_t count);

#endif
