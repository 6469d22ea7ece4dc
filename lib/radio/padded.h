/* SPDX-License-Identifier: ISC */
/*
 * Windows over IQ as scipy's ShortTimeFFT lays them (dsp/stft.h), each run of samples between gaps
 * being a signal of its own: zeros before and behind it, samples in f32, raw values as they are.
 */
#ifndef LEAT_RADIO_PADDED_H
#define LEAT_RADIO_PADDED_H

#include "stream/windows.h"

struct padded;

/* Windows to work off before it returns; they point to f32, complex where the samples are. */
typedef void padded_fn(void *arg, struct windows *windows);

/* dtype, subchannels: of the frames; idle: see stft_zeros_after(). */
struct padded *padded_new(size_t n, size_t hop, unsigned dtype, unsigned subchannels, size_t idle,
	padded_fn *take, void *arg);
void padded_free(struct padded *p);

/* Dies with EXIT_DATA if windows would begin before or end behind 64 bits. */
void padded_feed(struct padded *p, const struct frame *frame);

/* The segment is over. */
void padded_end(struct padded *p);

#endif
