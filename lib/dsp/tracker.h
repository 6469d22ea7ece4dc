/* SPDX-License-Identifier: ISC */
/*
 * Signals among the bins that stand above the noise, row after row: what hangs together in time and
 * frequency is one. Bins with at most `guard` others between them hang together, in a row and from
 * one row to the next; a signal may be absent for `hold` rows. Two that meet are one from then on.
 *
 * Memory is bounded by the bins of a row and by `most` signals at a time; what begins beyond them
 * is counted and left out.
 */
#ifndef LEAT_DSP_TRACKER_H
#define LEAT_DSP_TRACKER_H

#include <stddef.h>
#include <stdint.h>

struct tracker_config {
	size_t bins, guard, hold, most;
};

/*
 * A signal that has ended. Its excess is what is above the noise, in its bins and up to two to each
 * side, in the rows from its first to its last.
 */
struct track {
	int64_t begin, end; /* as the rows say, of the first and of the last it is in */
	double bin;	    /* centroid of the excess; 0 is the middle of bin 0 */
	double width;	    /* bins that hold all but 0.5 % of the excess to each side */
	double snr;	    /* excess of a row / (noise of a bin * width) */
	double peak;	    /* the greatest power of a bin */
	double noise;	    /* mean power of the noise in a bin */
};

typedef void tracker_fn(void *arg, const struct track *track);

struct tracker;

/* ended(arg) gets each signal as it ends, those of a row in the order of their beginning. */
struct tracker *tracker_new(const struct tracker_config *config, tracker_fn *ended, void *arg);
void tracker_free(struct tracker *t);

/* The next row: samples begin … end - 1, and what cfar_row() says of it. */
void tracker_row(struct tracker *t, int64_t begin, int64_t end, const float *power,
	const float *noise, const uint8_t *above);

/* Nothing follows: all signals end. */
void tracker_end(struct tracker *t);

/* How many were left out because too many were there at a time. */
uint64_t tracker_left_out(const struct tracker *t);

#endif
