/* SPDX-License-Identifier: ISC */
/*
 * Stars of one plane: peaks of the smoothed plane above a background mesh (sky/background.h), and
 * profiles fitted to them by least squares (Levenberg 1944, Marquardt 1963) on the pixels around.
 *
 * Gauss is background + peak exp(-q), Moffat (1969) background + peak (1 + q / beta)^-beta with one
 * beta for the plane, q being a quadratic form of the distance. Flux is the profile's integral:
 * within 0.5 % for well exposed stars of a FWHM of 2 px and more, if their wings are Moffat's (with
 * PROFILE_MOFFAT) or none (with PROFILE_GAUSS); 2 % below that and for beta < 3, as a pixel's
 * integral then is no Moffat. Centres are within 0.02 px.
 *
 * Left out are hot pixels, cosmic rays, trails and nebulae, by their shape. Saturated pixels do not
 * count; a star with them is fitted by its slopes. The work is bounded: the brightest 2 max + 100
 * peaks are fitted, so a small max is quick.
 */
#ifndef LEAT_SKY_STARS_H
#define LEAT_SKY_STARS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

struct star {
	double x, y;	      /* px; the centre of the first pixel is (0, 0) */
	float flux;	      /* sum above the background, in the plane's unit */
	float peak;	      /* highest value of the profile above the background */
	float background;     /* local */
	float fwhm_x, fwhm_y; /* px, of the major and the minor axis */
	float angle;	      /* rad, of the major axis from x to y */
	float eccentricity;   /* sqrt(1 - (minor/major)^2) */
	float snr;	      /* flux over its standard error */
	bool saturated;
};

enum star_profile { PROFILE_GAUSS, PROFILE_MOFFAT };

struct star_options {
	double sigma; /* of detection above the background's noise, > 0 */
	size_t max;   /* at most so many, the brightest */
	enum star_profile profile;
	double saturation; /* values from here on are saturated; INFINITY = none */
};

struct star_field {
	struct star *star; /* brightest first; free() it */
	size_t count;
	size_t found; /* in all; where not all peaks were fitted, as many as the share of those tells */
	double background, noise, fwhm; /* medians over the plane; fwhm NaN without stars */
};

/*
 * Finds the stars of a plane of width * height > 0 values; those that are not finite are no data.
 * Never fails: an empty plane has no stars, and a background of NaN. The same result whatever the
 * number of threads (pool may be NULL).
 */
void stars_find(const float *plane, size_t width, size_t height, const struct star_options *options,
	struct pool *pool, struct star_field *field);

#endif
