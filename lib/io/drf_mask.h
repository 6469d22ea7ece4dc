/* SPDX-License-Identifier: ISC */
/*
 * Leaves runs of the fill value out of what drf_next gives. A row is fill if every component of
 * every subchannel has the fill value; a run of rows at least as long as asked for is no signal.
 * What is left out depends on the samples alone, not on how they come in pieces.
 */
#ifndef LEAT_IO_DRF_MASK_H
#define LEAT_IO_DRF_MASK_H

#include "io/drf.h"

/* Rows that are data, contiguous from index on; never 0. data is valid during the call only. */
typedef void drf_put_fn(void *arg, int64_t index, size_t rows, const void *data);

/* Fill the first four, zero-initialise the rest. */
struct drf_mask {
	const struct drf_properties *properties;
	size_t fill_rows; /* the shortest run to leave out, > 0 */
	drf_put_fn *put;
	void *arg;

	int64_t masked; /* rows left out so far */

	int64_t end; /* index after the last row seen */
	size_t run;  /* rows of fill that end there */
	bool in_fill;
	uint8_t *held; /* a copy of these rows, while they may be data */
	size_t held_bytes;
};

/*
 * Whether the fill value says by itself that a sample is none: NaN does, and the minimum in both
 * components of a complex signed integer; 0 and the minimum of a real one are ordinary values.
 */
bool drf_fill_is_plain(unsigned dtype);

void drf_mask_piece(struct drf_mask *m, const struct drf_piece *piece);

/* Puts what was held back, frees it; call it once, at the end. */
void drf_mask_end(struct drf_mask *m);

#endif
