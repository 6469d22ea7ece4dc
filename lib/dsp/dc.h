/* SPDX-License-Identifier: ISC */
/*
 * Takes the constant part off a signal: y[n] = g (x[n] - m[n]), m[n] = m[n-1] + a (x[n] - m[n-1]),
 * a high-pass of one pole that is 3 dB down at half of `width` from 0; g makes its gain 1 at half
 * the rate. For the first 1/a samples m is the mean of all so far, so nothing has to settle.
 */
#ifndef LEAT_DSP_DC_H
#define LEAT_DSP_DC_H

#include <stddef.h>
#include <stdint.h>

struct dc {
	double share, level; /* a, g */
	double mean[2];
	uint64_t seen; /* samples, while they are fewer than 1/a */
};

/* From its beginning; width in cycles per sample, > 0, < 1/2. */
struct dc dc_begin(double width);

/* n samples in place, of `parts` floats. A NaN stays and counts for nothing. */
void dc_run(struct dc *dc, float *x, size_t n, size_t parts);

/*
 * The level of a carrier: the mean m of the above once more smoothed by the same, so that what
 * modulates it hardly moves it. n real samples in place become x / m - 1; 0 where m is not above 0.
 */
struct carrier {
	struct dc first, second;
};

struct carrier carrier_begin(double width);
void carrier_divide(struct carrier *c, float *x, size_t n);

#endif
