/* SPDX-License-Identifier: ISC */
/* The stars of a plane as points to match, and the match between two planes. */
#ifndef LEAT_SKY_ALIGN_H
#define LEAT_SKY_ALIGN_H

#include "sky/match.h"
#include "sky/stars.h"

#define ALIGN_STARS_MAX 250 /* the brightest that are measured */
#define ALIGN_SIGMA 5.0	    /* of the background's noise: fainter stars are not looked for */

struct align_stars {
	struct point *point; /* px, brightest first */
	double *error_px;
	size_t count;
	size_t found; /* in the whole plane */
	double fwhm_px; /* median, NaN without stars */
};

/*
 * Finds the stars of a plane of width * height values, of which those from `saturation` on are
 * saturated. A star's error is what photon noise makes of its place, FWHM / (2.355 SNR) (King
 * 1983), three tenths of a px if it is saturated. Free with align_stars_free.
 */
void align_stars_find(const float *plane, size_t width, size_t height, double saturation,
	struct pool *pool, struct align_stars *stars);
void align_stars_free(struct align_stars *stars);

/*
 * The transform that takes points of the reference to points of the other, or why there is none,
 * as match_points says it.
 */
const char *align_match(const struct align_stars *reference, const struct align_stars *other,
	enum transform_model model, struct match *match);

#endif
