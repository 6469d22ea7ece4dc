/* SPDX-License-Identifier: ISC */
/*
 * A command that makes IQ of IQ by a step of DSP: it says what the step is, and when; frames, gaps,
 * threads and indices are dealt with here.
 *
 * Output k stands at the input's index k up / down, exactly, so time0 stays. Only outputs whose
 * whole support lies between two gaps are made; how many were not, END tells (dropped_samples).
 * Frames are cut, and threads work, by the absolute index, so neither -j nor the framing of the
 * input changes a byte. Out: cf32 or f32 of full scale 1, NaN where a NaN was in the support.
 */
#ifndef LEAT_RADIO_IQ_STEP_H
#define LEAT_RADIO_IQ_STEP_H

#include "dsp/chain.h"
#include "stream/iq.h"

/* Samples of the output to be made. */
struct iq_job {
	int64_t index;
	size_t n;
	unsigned subchannel, worker;
	bool fresh; /* the first ones since the beginning or a gap */
	const struct source *in;
	float *out; /* [n], (re, im) if complex */
};

/*
 * The first member of the command's f->state. The command sets the callbacks in prepare(), gives
 * iq_step_frames and iq_step_end to the struct command, and calls iq_step_head() in its head().
 */
struct iq_step {
	/* A segment begins: makes the chain for input of this form. */
	struct chain *(*begin)(struct filter *f, const struct iq_form *form, unsigned workers);
	/*
	 * NULL: the chain makes all. Else this is called for one piece after the other, in order,
	 * and may keep what it needs of each subchannel; `in` is what the chain made.
	 */
	void (*make)(struct filter *f, const struct iq_job *job);
	struct iq_step_inner *inner;
};

/* The levels of the output, and a rate times up / down. */
void iq_step_head(struct meta *out, uint64_t up, uint64_t down);

/* up / down = to / from in lowest terms; dies with EXIT_DATA if that is no fraction of 64 bits. */
void iq_step_ratio(struct rate to, struct rate from, uint64_t *up, uint64_t *down);

/* Adds hz to every centre frequency that HEAD tells. */
void iq_step_move(struct meta *out, double hz);

void iq_step_frames(struct filter *f, const struct frame *frames, size_t count);
void iq_step_end(struct filter *f, const struct meta *end);

#endif
