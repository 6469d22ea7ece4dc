/* SPDX-License-Identifier: ISC */
/* The grid that registered frames are put on, told by where it lies in the reference frame. */
#ifndef LEAT_SKY_FRAMING_H
#define LEAT_SKY_FRAMING_H

#include <stddef.h>

#include "sky/transform.h"

/* Areas of the reference frame that a grid may have: frames far apart are no night. */
#define FRAMING_AREA_MOST 16

enum framing { FRAMING_REFERENCE, FRAMING_MIN, FRAMING_MAX };

/* Pixel (x, y) of the grid is at ((x + 1/2) / scale - 1/2 + left, the same with y and top). */
struct grid {
	double left, top; /* whole px of the reference frame */
	double scale;	  /* pixels of the grid to one of the reference */
	size_t width, height;
};

struct framed {
	struct transform transform; /* from the reference frame to this one */
	size_t width, height;
};

/*
 * The grid for n frames: the reference's own, the rectangle in which all of them have data
 * (FRAMING_MIN: the largest that a simple search from the four sides finds), or the one that holds
 * all of all. False if there is no such rectangle, or it has a side over side_max or an area over
 * FRAMING_AREA_MOST.
 */
bool framing_grid(enum framing framing, double scale, size_t width, size_t height,
	const struct framed *frame, size_t n, size_t side_max, struct grid *grid);

/* From pixels of the grid to those of the frame. */
struct transform framing_transform(const struct grid *grid, const struct transform *transform);

#endif
