/* SPDX-License-Identifier: ISC */
/*
 * Resampling: an image seen on another grid.
 *
 * Interpolation is by tables of 2048 phases a pixel (a place is rounded by at most 0.00025 px).
 * bicubic is Catmull and Rom's (Keys 1981, a = -1/2), lanczos3 sinc(x) sinc(x/3) (Duchon 1979).
 * lanczos4 is sinc(cut x) sinc(x/4) with cut = 2.12 / FWHM within 0.66 … 1: Lanczos' window of 4 px
 * over a sinc that lets through what the stars have (at its end a Gaussian's spectrum has fallen to
 * exp(-4)) and not the noise beyond. At 3 px FWHM a stack's noise is 0.63 of a frame's (the
 * mean over phases) instead of 0.91 with cut 1, and stars are as sharp. Weights are corrected to
 * add up to 1 and keep a slope. All three are clamped, so that no dark rings form: what is below
 * the least of the 4 x 4 pixels around is lifted to it. The identity copies, but with a cut below
 * 1, which filters it as it does every other place: images that are compared after must be alike.
 *
 * Where the kernel reaches over the edge or meets NaN, the value is the bilinear one, and that is
 * NaN if one of its pixels of any weight is not there. So NaN grows by less than a pixel.
 */
#ifndef LEAT_SKY_WARP_H
#define LEAT_SKY_WARP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "sky/transform.h"

enum warp_interp { WARP_NEAREST, WARP_BILINEAR, WARP_BICUBIC, WARP_LANCZOS3, WARP_LANCZOS4 };

#define WARP_NAMES "nearest|bilinear|bicubic|lanczos3|lanczos4" /* in that order */

/* Sides of images are below this. */
#define WARP_SIDE_MAX 262144

struct warp_image {
	size_t planes, height, width;
	const float *pixels; /* [planes][height][width] */
};

struct warper;

/* fwhm_px: of the stars, for lanczos4; 0 or NaN if that is unknown, then cut is 1. */
struct warper *warper_new(enum warp_interp interp, double fwhm_px);
void warper_free(struct warper *w);

/*
 * Fills out[in->planes][height][width] with `in` at the places t takes its pixels to. fluxes:
 * values are multiplied by the area of a pixel in `in`, so that a star keeps its flux whatever the
 * scale; else a surface keeps its brightness (masks, weights). Kernels are not widened, so an image
 * made smaller than half aliases. The same bytes whatever the number of threads; pool may be NULL.
 */
void warp(const struct warper *w, const struct warp_image *in, const struct transform *t,
	bool fluxes, float *out, size_t width, size_t height, struct pool *pool);

#endif
