/* SPDX-License-Identifier: ISC */
/*
 * How much light became one image, and since when: what the metadata of frames add up to
 * (leat-stream(5), reducers).
 */
#ifndef LEAT_IMAGE_TALLY_H
#define LEAT_IMAGE_TALLY_H

#include <stdbool.h>

#include "base/utc.h"
#include "stream/meta.h"

/* Zero-initialise. */
struct tally {
	size_t frames, exposures; /* exposures: frames that have one */
	int64_t stack_count;	  /* a frame that does not count is 1 */
	double exposure_s;	  /* sum */
	struct utc start;	  /* the earliest */
	bool has_start;
};

/* Adds a frame of which meta is all that holds; dies on a stack_count that is none. */
void tally_add(struct tally *t, const struct meta *meta);

/*
 * Sets stack_count, time_start if any frame has one, exposure_s if all have one. Of no frames
 * nothing is said.
 */
void tally_put(const struct tally *t, struct meta *meta);

#endif
