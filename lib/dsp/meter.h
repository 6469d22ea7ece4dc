/* SPDX-License-Identifier: ISC */
/*
 * The measures of dsp/metrics.h for window after window of a signal, made by all threads of a pool.
 * A window comes twice: as transforms and as blocks of samples, each in order; its row is given
 * when both are there. Neither the number of threads nor how they come in changes a bit.
 */
#ifndef LEAT_DSP_METER_H
#define LEAT_DSP_METER_H

#include "base/pool.h"
#include "dsp/metrics.h"

struct meter;

struct meter_config {
	struct metrics_samples samples;
	size_t n; /* transform length */
	double rate_hz, low_hz, high_hz;
	uint64_t transforms; /* of a whole window: metrics_hop(n) apart */
};

/* A window's measures; [subchannels] of levels and of spectra. */
struct meter_row {
	int64_t index; /* of its first sample */
	uint64_t transforms;
	bool partial; /* fewer transforms than a whole window has */
	struct metrics_levels *levels;
	struct metrics_spectrum *spectra;
	const float *density; /* [subchannels][bins] */
};
typedef void meter_fn(void *arg, const struct meter_row *row);

/* Rows are given to row(arg) from within meter_run(). 0, or an exit code and *e. */
int meter_new(struct meter **m, const struct meter_config *config, struct pool *pool, meter_fn *row,
	void *arg, struct error *e);
void meter_free(struct meter *m);

size_t meter_bins(const struct meter *m);

/* `count` transforms of a window, and that it has no more; data must stay until meter_run(). */
void meter_transforms(struct meter *m, const void *data, size_t count, int64_t index);
void meter_transforms_end(struct meter *m);

/*
 * The next `samples` of a window, METRICS_BLOCK at most; and that these were all. The index of the
 * first block is the window's. data must stay until meter_run(). A window too short for a transform
 * has no row; returns false then.
 */
void meter_block(struct meter *m, const void *data, size_t samples, int64_t index);
bool meter_blocks_end(struct meter *m);

/* Works off all that was added. */
void meter_run(struct meter *m);

#endif
