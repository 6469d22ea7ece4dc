/* SPDX-License-Identifier: ISC */
/*
 * The metadata of N frames that become one. Keys equal in all stay; cards of FITS are those of the
 * first frame; time_start is the earliest one, exposure_s the sum if all have it, stack_count the
 * sum, a frame without counting as 1. Everything here dies on bad data.
 */
#ifndef LEAT_IMAGE_REDUCTION_H
#define LEAT_IMAGE_REDUCTION_H

#include "image/image.h"
#include "image/tally.h"

/* Zero-initialise. */
struct reduction {
	struct image shape; /* of the first frame; its pixels are not there any more */
	struct tally tally;
	struct meta common, cards;
};

/* Refuses an image of another shape, unit or full_scale than the first, both named. */
void reduction_check(const struct reduction *r, const struct image *image);

/* Joins a frame of the filter's input, which is checked. */
void reduction_add(struct reduction *r, struct filter *f, const struct frame *frame,
	const struct image *image);

/*
 * The metadata of the result, for filter_head: what segments have in common (history), and what
 * frames have. The caller changes it and clears it.
 */
void reduction_meta(struct reduction *r, struct filter *f, struct meta *meta);

#endif
