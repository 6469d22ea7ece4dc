/* SPDX-License-Identifier: ISC */
/* Where the samples of one signal come from; steps of DSP are sources made of sources. */
#ifndef LEAT_DSP_SOURCE_H
#define LEAT_DSP_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/*
 * fetch writes the n samples from `index` on: f32, full scale 1, (re, im) if complex. What it gives
 * is a function of the index alone, however the signal is asked for. Samples before the first one
 * and behind the last one are 0.
 */
struct source {
	void (*fetch)(const struct source *source, int64_t index, size_t n, float *out);
};

#endif
