/* SPDX-License-Identifier: ISC */
/* Stretches: curves that bring linear values to a display, found from the values or given. */
#ifndef LEAT_SKY_STRETCH_H
#define LEAT_SKY_STRETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

enum stretch_method {
	STRETCH_AUTO,	 /* STRETCH_MTF with black and shape found */
	STRETCH_MTF,	 /* midtones transfer function */
	STRETCH_ARCSINH, /* asinh of each plane */
	STRETCH_ASINH,	 /* asinh of the luminance, so that colours stay (Lupton et al. 2004) */
	STRETCH_LINEAR,
	STRETCH_LOG,
};

/*
 * What is wanted; NAN = find it. Values are in units of full scale, or percentiles (0 … 100) of the
 * plane if `percent`.
 */
struct stretch_options {
	enum stretch_method method;
	bool percent;
	double black, white; /* become 0 and 1 */
	double mid;  /* AUTO: what the background becomes; else the value, between black 0 and white
			1, that becomes 0.5. 0 < mid < 1; ARCSINH, ASINH and LOG: < 0.5 */
	bool linked; /* one curve for all planes */
};

/* One plane's curve: u = clip((v - black) / (white - black)) goes through the method's curve. */
struct stretch_curve {
	enum stretch_method method; /* not AUTO */
	float black, white;	    /* in the unit of the values, black < white */
	float shape;		    /* m of MTF, a of ARCSINH, ASINH and LOG */
};

/*
 * Finds the curves of planes of n values each, `full_scale` being the value of saturation.
 *
 * AUTO: sigma = 1.4826 MAD; black = max(0, median - 2.8 sigma), white 1, m such that the curve
 * brings median - black to mid (0.25), or the median itself where an end is given; a plane whose
 * median is above 0.5 is taken as inverted;
 * linked: black and median are means over the planes (PixInsight's ScreenTransferFunction, as Siril
 * has it).
 * MTF, LINEAR: 0, 1, m 0.5. LOG: 0, 1, a 1000 (as SAOImage DS9).
 * ARCSINH: black 0.001, white 1. ASINH: the percentiles 0.5 and 99.95. Without mid, a is 20, 10 or
 * 5 as the coefficient of variation of u, sigma / mean, is above 0.5, above 0.3 or not (as the
 * Seestar's own pictures look).
 * A plane without data, and one whose white would not be above its black, gets the curve of 0 to 1.
 */
void stretch_find(const float *v, size_t planes, size_t n, double full_scale,
	const struct stretch_options *options, struct pool *pool, struct stretch_curve *curve);

/*
 * Values to 0 … 1, and back: exact where nothing was clipped, to the rounding of f32. ASINH of
 * three planes keeps the ratios of their u (see colour_curve in kern.h), other numbers of planes go
 * one by one. out may be v.
 */
void stretch_apply(float *out, const float *v, size_t planes, size_t n,
	const struct stretch_curve *curve, struct pool *pool);
void stretch_undo(float *out, const float *v, size_t planes, size_t n,
	const struct stretch_curve *curve, struct pool *pool);

/* Whether a curve from elsewhere can be used. */
bool stretch_curve_valid(const struct stretch_curve *curve);

/* The shape that brings mid to 0.5. */
float stretch_shape(enum stretch_method method, double mid);

#endif
