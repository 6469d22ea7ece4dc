/* SPDX-License-Identifier: ISC */
/* Samples made louder or of another element type. */
#ifndef LEAT_DSP_RESCALE_H
#define LEAT_DSP_RESCALE_H

#include <stddef.h>
#include <stdint.h>

struct rescale {
	unsigned from, to;	    /* real types of base/dtype.h */
	double zero, gain, to_zero; /* out = (x - zero) gain + to_zero */
};

struct rescale_count {
	uint64_t clipped, missing; /* beyond the type's range; NaN, which integers cannot hold */
};

/*
 * n values, in f64. Integers are rounded to the nearest (halves to even) and saturate; a NaN
 * becomes to_zero there.
 */
void rescale(
	const struct rescale *r, const void *x, void *out, size_t n, struct rescale_count *count);

#endif
