/* SPDX-License-Identifier: ISC */
/* Rows of levels in dB, each of the n samples of one transform; bins ascend in frequency. */
#ifndef LEAT_DSP_LEVEL_ROW_H
#define LEAT_DSP_LEVEL_ROW_H

#include <stddef.h>

#include "base/err.h"

/* The least level of LEVEL_DBFS, so that silence can be drawn. */
#define LEVEL_LEAST_DB (-300)

enum level_kind {
	/* As of dsp/spectrum.h: hann, SPECTRUM_DBFS; n bins, or n/2 + 1 of real input. */
	LEVEL_DBFS,
	/*
	 * As the waterfall of the SDS gateway (spectrumx/sds-code) computes them with numpy:
	 * 10 log10(|X|^2 + 1e-12) in f64, X the unscaled transform, without a window, of the raw
	 * values as they are (f64 ones, others in f32); n bins from -rate/2 of real input too.
	 */
	LEVEL_SDS,
};

struct level_row_config {
	enum level_kind kind;
	size_t n;
	unsigned dtype, subchannels; /* of interleaved samples */
	double full_scale, zero;     /* of LEVEL_DBFS */
};

/* A plan; threads may share it. */
struct level_row;

/* Scratch of one thread, with the row it made last. */
struct level_row_scratch;

/* 0, or what spectrum_new() says. */
int level_row_new(struct level_row **row, const struct level_row_config *config, struct error *e);
void level_row_free(struct level_row *row);
size_t level_row_bins(const struct level_row *row);

struct level_row_scratch *level_row_scratch_new(const struct level_row *row);
void level_row_scratch_free(struct level_row_scratch *scratch);

/* The row of n samples from x on, where all subchannels begin; NaN for what a NaN gets into. */
const float *level_row_make(const struct level_row *row, struct level_row_scratch *scratch,
	const void *x, unsigned subchannel);

#endif
