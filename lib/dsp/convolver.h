/* SPDX-License-Identifier: ISC */
/*
 * Long filters by transforms (overlap-save; Stockham 1966): pieces of `step` outputs, on a grid of
 * absolute indices, so that a sample does not depend on how the signal is asked for. FFTW is in it,
 * so the bits are the same on one CPU only; they agree with the sums to 3e-6 of the largest
 * amplitude.
 */
#ifndef LEAT_DSP_CONVOLVER_H
#define LEAT_DSP_CONVOLVER_H

#include "dsp/fir.h"
#include "dsp/source.h"

/* Filters from so many taps on are faster this way. */
#define CONVOLVER_LEAST 384

struct convolver;
struct convolver_scratch; /* of one thread */

/* For a dense filter, which must outlive it; NULL if the transform cannot be had. */
struct convolver *convolver_new(const struct fir *f);
void convolver_free(struct convolver *c);

/* Outputs of a piece. */
size_t convolver_step(const struct convolver *c);

struct convolver_scratch *convolver_scratch_new(const struct convolver *c);
void convolver_scratch_free(struct convolver_scratch *s);

/* Outputs k to k + n - 1. A piece with a NaN or an infinity in its support is made by sums. */
void convolver_run(const struct convolver *c, struct convolver_scratch *s, const struct source *in,
	int64_t k, size_t n, float *out);

#endif
