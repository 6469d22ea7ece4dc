/* SPDX-License-Identifier: ISC */
/*
 * What brings a frame to the background and scale of a reference, so that outliers stand out:
 * x becomes x * factor - offset. With (l, s) and (l0, s0) location and scale (sky/statistics.h) of
 * frame and reference over the pixels that both have:
 *
 *	add	  x + (l0 - l)
 *	mul	  x * l0/l
 *	addscale  (x - l) * s0/s + l0
 *	mulscale  x * s0/s * l0/l	(as Siril's "multiplicative with scaling")
 *
 * A scale of 0, of a frame or of the reference, counts as s = s0.
 */
#ifndef LEAT_SKY_NORMALIZE_H
#define LEAT_SKY_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

#define NORM_NAMES "none|add|mul|addscale|mulscale"

enum norm { NORM_NONE, NORM_ADD, NORM_MUL, NORM_ADDSCALE, NORM_MULSCALE };

struct norm_terms {
	float factor, offset;
};

/*
 * Statistics look at whole rows, evenly spaced, of about so many values: the error of a location is
 * then 1.25 / 512 of the noise of a pixel, that of a scale 0.2 %.
 */
#define NORM_SAMPLE ((size_t)1 << 18)

/* One row in so many is looked at. */
size_t norm_row_step(size_t width, size_t height);

/* How many values that is. */
size_t norm_sample_size(size_t width, size_t height);

/*
 * The terms for a frame, from n values of it and those of the reference at the same pixels; `same`
 * says that it is the reference. NULL, or why there are none: a few words such as "no pixel in
 * common".
 */
const char *normalize(enum norm norm, const float *reference, const float *frame, size_t n,
	bool same, struct pool *pool, struct norm_terms *terms);

#endif
