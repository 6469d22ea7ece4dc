/* SPDX-License-Identifier: ISC */
/*
 * Frames of a pile brought to the level of the first: what sky/normalize.h says, of each plane of
 * an image, from rows spread over it.
 */
#ifndef LEAT_IMAGE_LEVELS_H
#define LEAT_IMAGE_LEVELS_H

#include "image/pile.h"
#include "sky/normalize.h"

/* Set the first three. */
struct levels {
	enum norm norm;
	bool by_noise;	   /* weights are 1 / noise^2 after normalisation */
	const float *base; /* [planes][height][width] subtracted from each frame first, or NULL */
	float *reference;  /* the first frame's rows, plane by plane; levels_free frees it */
};

/*
 * Fills terms[planes] of a frame; `first` makes it the reference, in place of any before. Weights
 * are 1 unless by_noise, where noise is the frame's, NAN if it is to be measured. NULL, or why there
 * are none.
 */
const char *levels_find(struct levels *l, const struct image *i, const struct pile_frame *frame,
	bool first, double noise, struct pool *pool, struct pile_terms *terms);

void levels_free(struct levels *l);

#endif
