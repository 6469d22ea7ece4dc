/* SPDX-License-Identifier: ISC */
/* Images of any role resampled, as commands that change geometry do it. */
#ifndef LEAT_IMAGE_WARPED_H
#define LEAT_IMAGE_WARPED_H

#include "image/image.h"
#include "sky/align.h"
#include "sky/warp.h"

struct image_warper;

struct image_warper *image_warper_new(enum warp_interp interp, struct pool *pool);

/* Dies on an image that is not to be matched and resampled: a mosaic of colours, or too large. */
void image_warper_check(const struct image *i, const struct meta *meta);

/*
 * The stars of an image's plane, of three planes the second one, which is green. Free with
 * align_stars_free.
 */
void image_warper_find(struct image_warper *w, const struct image *i, struct align_stars *stars);

/* Tells how large stars are, see warper_new; until then that is unknown. */
void image_warper_stars(struct image_warper *w, double fwhm_px);

/*
 * The image's values as f32, of unit display as 0 … 1. They are the image's own or stay in the
 * warper until it is asked about another image.
 */
const float *image_warper_values(struct image_warper *w, const struct image *i);

/*
 * Fills *out with i at the places that t takes out's pixels to, width * height of them; its pixels
 * stay in the warper until the next call. Science is interpolated as image_warper_new was told and
 * keeps fluxes; masks and maps of rejection are taken from the nearest pixel and keep u8 (0 where
 * there is no data); others are bilinear. All but u8 masks come out as f32.
 */
void image_warp(struct image_warper *w, const struct image *i, const struct transform *t,
	size_t width, size_t height, struct image *out);

#endif
