/* SPDX-License-Identifier: ISC */
/*
 * Rows of averaged power spectra, made by all threads of a pool. A row's transforms are cut into
 * blocks of SPECTRUM_BLOCK, counted from its first, each summed by one thread and joined in order:
 * so neither the number of threads nor how the transforms come in changes a bit.
 */
#ifndef LEAT_DSP_AVERAGER_H
#define LEAT_DSP_AVERAGER_H

#include "base/pool.h"
#include "dsp/spectrum.h"

struct averager;

/* A finished row. */
struct averager_row {
	const float *power;  /* [subchannels][bins], valid during the call */
	int64_t index;       /* of its first transform's first sample */
	uint64_t transforms; /* in it */
	bool partial;        /* fewer than asked for, or the last one padded with zeros */
};
typedef void averager_fn(void *arg, const struct averager_row *row);

/*
 * average: transforms to a row, >= 1; hop: samples from one to the next. Rows are given to row(arg)
 * in order, from within averager_run() and, where much comes at once, the calls that add. 0, or
 * what spectrum_new() says.
 */
int averager_new(struct averager **a, const struct spectrum_config *config, size_t hop,
	uint64_t average, struct pool *pool, averager_fn *row, void *arg, struct error *e);
void averager_free(struct averager *a);

const struct spectrum_config *averager_config(const struct averager *a);
size_t averager_bins(const struct averager *a);

/* Another number of transforms to a row, while none is open (see averager_close). */
void averager_set_average(struct averager *a, uint64_t average);

/* `count` transforms, hop samples apart; data must stay until averager_run(). */
void averager_add(struct averager *a, const void *data, size_t count, int64_t index);

/* One transform of `samples` < n samples and zeros; its row is partial. */
void averager_add_padded(struct averager *a, const void *data, size_t samples, int64_t index);

/* Transforms of the row that is not full yet. */
uint64_t averager_open(const struct averager *a);

/* That row ends with what it has, or is forgotten; both work off the rows before it. */
void averager_close(struct averager *a);
void averager_drop(struct averager *a);

/* Works off all that was added. */
void averager_run(struct averager *a);

#endif
