/* SPDX-License-Identifier: ISC */
/*
 * Frames become one: at each pixel outliers are rejected and what is left is combined. The methods
 * are defined with struct kern_stack (kern/kern.h). Samples that are not finite are missing; a
 * pixel without samples becomes NaN. The same bytes whatever the number of threads.
 */
#ifndef LEAT_SKY_COMBINE_H
#define LEAT_SKY_COMBINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "kern/kern.h"

/* Bytes behind the last sample of a strip (and of base and weights) that must be readable. */
#define COMBINE_SLACK (KERN_STACK_PIXELS * sizeof(float))

/* Strips begin at pixels that are multiples of this, so that their bounds change no byte. */
#define COMBINE_STEP KERN_STACK_PIXELS

#define COMBINE_NAMES "mean|median|sum|min|max"
#define REJECT_FORMS "none|sigma:L,H|winsor:L,H|mad:L,H|percentile:L,H|minmax:L,H"

struct rejection {
	enum kern_reject method;
	float low, high; /* sigmas, shares or counts */
};

/* Reads one of REJECT_FORMS; one number stands for both. 0, or EXIT_USAGE with *e. */
int rejection_parse(const char *text, struct rejection *r, struct error *e);

struct combine_strip {
	const struct kern_stack_row *row; /* [frames] */
	size_t frames;
	const float *base; /* subtracted from every frame first; NULL = 0 */
	bool weighted;	   /* for KERN_COMBINE_MEAN */
	enum kern_combine combine;
	struct rejection rejection;
	size_t pixels;
};

struct combine_counts {
	uint64_t samples, low, high; /* that were there; of them rejected */
};

/* rejected: samples rejected at each pixel, at most 65535; or NULL. Adds to *counts. */
void combine(const struct combine_strip *s, float *out, uint16_t *rejected,
	struct combine_counts *counts, struct pool *pool);

#endif
