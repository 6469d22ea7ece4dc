/* SPDX-License-Identifier: ISC */
/*
 * Test signals whose every sample is a function of its index: sums of tones and noise, quantised to
 * an element type. Tones have phase 0 at index 0 (drifting and limited ones at their beginning).
 */
#ifndef LEAT_DSP_SIGNAL_H
#define LEAT_DSP_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/utc.h"

struct signal;

#define SIGNAL_BLOCK 65536 /* most samples made at once */

struct signal_tone {
	double from_hz, to_hz; /* from the centre; they differ in a linear chirp, over begin … end */
	double amplitude;      /* 1 = full scale */
	int64_t begin, end;    /* sample indices, half-open */
};

/*
 * noise: standard deviation sigma, E|n|^2 = sigma^2 for complex and real samples alike, different
 * in each subchannel. clip: limit of each component, 0 = none. Integer types round to the nearest
 * and saturate. full scale and zero are those of base/dtype.h.
 */
struct signal *signal_new(unsigned dtype, unsigned subchannels, struct rate rate, double noise,
	double clip, uint64_t seed);
void signal_add_tone(struct signal *s, const struct signal_tone *tone);

/* Writes n <= SIGNAL_BLOCK samples [n][subchannels] of the type from index on. */
void signal_make(struct signal *s, int64_t index, size_t n, void *out);

void signal_free(struct signal *s);

#endif
