/* SPDX-License-Identifier: ISC */
/* Stars of one plane: detection, moments and profile fits. */
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
	double background, noise, fwhm; /* medians over the plane; fwhm NaN without stars */
};

/*
 * Finds the stars of a plane of width * height values, NaN being no data. Never fails: an empty
 * plane has no stars. The same result whatever the number of threads (pool may be NULL).
 */
void stars_find(const float *plane, size_t width, size_t height, const struct star_options *options,
	struct pool *pool, struct star_field *field);

#endif
