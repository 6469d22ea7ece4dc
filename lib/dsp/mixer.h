/* SPDX-License-Identifier: ISC */
/*
 * A signal moved in frequency: x[n] exp(2 pi i hz n / rate). The phase of a sample is reckoned from
 * its index, in integers, so pieces of a signal agree however far they are apart: it is exact to
 * 2^-64 turns, and the phasor to -140 dBc.
 */
#ifndef LEAT_DSP_MIXER_H
#define LEAT_DSP_MIXER_H

#include <stddef.h>
#include <stdint.h>

#include "base/utc.h"

struct mixer;

struct mixer *mixer_new(double hz, struct rate rate);
void mixer_free(struct mixer *m);

/* Samples of `parts` floats (1 real, 2 complex) to complex ones; out may be a complex x. */
void mixer_run(
	const struct mixer *m, float *out, const float *x, size_t n, size_t parts, int64_t index);

/* hz / rate in turns of one sample, modulo 1, in units of 2^-128. */
unsigned __int128 mixer_turn(double hz, struct rate rate);

#endif
