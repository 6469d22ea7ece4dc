/* SPDX-License-Identifier: ISC */
/* The two halves of stars_find: peaks in a smoothed plane, and profiles fitted to them. */
#ifndef LEAT_SKY_STAR_PARTS_H
#define LEAT_SKY_STAR_PARTS_H

#include "kern/kern.h"
#include "sky/background.h"
#include "sky/stars.h"

/* A plane to search; noise is finite and > 0 where its background's is used. */
struct star_plane {
	const float *plane;
	size_t width, height;
	struct background background;
	float correlation; /* noise of smoothed values over what white noise would leave, ~ 1 */
	float noise_floor; /* > 0: rounding */
	double saturation;
};

struct peak {
	int x, y;     /* px */
	float height; /* of the smoothed plane over the background */
};

/*
 * Local maxima that stand sigma noises above the background after smoothing with a Gaussian of
 * 1.5 px, hot pixels and lines left out; highest first. Sets s->correlation. free(*peaks).
 */
size_t star_peaks(struct star_plane *s, double sigma, struct pool *pool, struct peak **peaks);

/* What a fit begins with, and how far it may go. */
struct fit_start {
	double fwhm;   /* px */
	double wing;   /* of struct kern_profile; 0 = Gaussian */
	bool fit_wing; /* else it stays as it is */
	double radius; /* of the pixels that count, px; saturated stars take more */
};

#define FIT_OTHERS 32
#define FIT_RADIUS_MAX 32
#define FIT_PIXELS_MAX ((2 * FIT_RADIUS_MAX + 1) * (2 * FIT_RADIUS_MAX + 1) + 16)

/* Room for one fit at a time; free() it. */
struct fit_scratch {
	float x[FIT_PIXELS_MAX], y[FIT_PIXELS_MAX], value[FIT_PIXELS_MAX], weight[FIT_PIXELS_MAX];
	float work[9 * FIT_PIXELS_MAX];
};

struct fitted {
	struct star star;
	struct kern_profile profile; /* in the plane's px and unit */
	bool good;		     /* converged, near its peak, of a star's shape */
};

/* What stands near a star. */
struct fit_others {
	const struct peak *masked[FIT_OTHERS];	      /* pixels nearer to these do not count */
	const struct kern_profile *known[FIT_OTHERS]; /* these are subtracted */
	size_t masks, knowns;
};

void star_fit(const struct star_plane *s, const struct peak *peak, const struct fit_others *others,
	const struct fit_start *start, struct fit_scratch *scratch, struct fitted *out);

/* The profile above its background at a place of the plane. */
double profile_at(const struct kern_profile *p, double x, double y);

/* Whether a peak's pixel is saturated. */
bool star_saturated(const struct star_plane *s, const struct peak *p);

#endif
