/* SPDX-License-Identifier: ISC */
/* Colour balance of linear images of three planes. */
#ifndef LEAT_SKY_COLOR_H
#define LEAT_SKY_COLOR_H

#include <stddef.h>

#include "base/pool.h"

/* One plane: v becomes (v - background) * gain + level. */
struct color_plane {
	double background, gain, level;
};

enum color_source {
	COLOR_NONE,   /* neither stars nor bright pixels: gains are 1 */
	COLOR_PIXELS, /* of the bright pixels */
	COLOR_STARS,
};

/*
 * What makes the background and the average star grey. v: three planes of width * height linear
 * values, NaN being no data; `saturation` is the value from which on none is trusted.
 *
 * background: median of what lies within -2.8 and +2.0 sigma (1.4826 MAD) of the plane's median, as
 * Siril's colour calibrations have it; level is their mean, the same for all planes.
 * gain: medians, over the stars found in the mean of the planes, of the ratios of their fluxes
 * above their own surroundings, so that a nebula does not count; with fewer than 5 stars the
 * medians of the ratios of pixels more than 10 sigma above the background. The least gain is 1, so
 * that saturated white stays white when it is cut.
 */
enum color_source color_measure(const float *v, size_t width, size_t height, double saturation,
	struct pool *pool, struct color_plane plane[3]);

/* Applies it to planes of n values; out may be v. NaN is carried. */
void color_apply(float *out, const float *v, size_t planes, size_t n,
	const struct color_plane *plane, struct pool *pool);

#endif
