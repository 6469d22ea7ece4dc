/* SPDX-License-Identifier: ISC */
/* The GPS stamps in KiwiSDR's WAV files: what they say of time, and of samples that were lost. */
#ifndef LEAT_IO_KIWI_H
#define LEAT_IO_KIWI_H

#include "io/wav.h"

/* A stamp is taken for the time of day if its solution is at most so old. */
#define KIWI_SOLUTION_S 60

/*
 * The time in UTC of a GPS time of the week, in the week that brings it nearest to `near`; false if
 * that is more than 12 hours off. Leap seconds are known as of 2026, those after 2012-07-01.
 */
bool kiwi_utc(int64_t week_ns, struct utc near, struct utc *time);

/* Zero-initialise, set rate. */
struct kiwi_clock {
	struct rate rate;
	bool known;	 /* there was a stamp, */
	int64_t week_ns; /* this, */
	int64_t samples; /* so many ago */
	int64_t chunk;	 /* samples of the last chunk */
};

/* So many samples came. */
void kiwi_samples(struct kiwi_clock *c, int64_t samples);

/*
 * The next chunk has this stamp: the samples missing before it, 0 if it follows, -1 if the stamp
 * cannot be: before the last one, or more than an hour after. Half a chunk is the least that
 * counts; what is nearly a number of whole chunks is that number, as chunks are lost whole.
 */
int64_t kiwi_missing(struct kiwi_clock *c, const struct wav_stamp *stamp);

#endif
