/* SPDX-License-Identifier: ISC */
/*
 * The next window of n samples, hop samples on from the last: hides the borders of IQ frames, what
 * is carried over them, and gaps. No window holds samples of both sides of a gap; after one the
 * windows start anew at its first sample.
 */
#ifndef LEAT_STREAM_WINDOWS_H
#define LEAT_STREAM_WINDOWS_H

#include "stream/frame.h"

struct windows;

/* A number of windows, each hop samples after the other; or, with count 0, the end of a run. */
struct window_run {
	const void *data; /* the first window; of an end, the samples no window could take */
	size_t count;
	int64_t index;    /* of the first sample at data */
	size_t rest;      /* of an end: samples at data that no whole window holds, < n */
};

/* row_size: bytes of one sample of all subchannels. */
struct windows *windows_new(size_t n, size_t hop, size_t row_size);
void windows_free(struct windows *w);

/*
 * Before the first feed: runs also end every `period` samples (>= n) from where they begin, and the
 * next one begins there, so no window crosses such a border.
 */
void windows_every(struct windows *w, int64_t period);

/*
 * Takes lent IQ frames. What windows_next() then gives points into them or into w, and is valid
 * until the next feed, as long as the frames are.
 */
void windows_feed(struct windows *w, const struct frame *frames, size_t count);

/* The segment is over: the last run ends. */
void windows_end(struct windows *w);

/* The next piece in order; false when all that was fed is given. */
bool windows_next(struct windows *w, struct window_run *run);

#endif
