/* SPDX-License-Identifier: ISC */
/*
 * Power spectra of windowed pieces of a signal.
 *
 * Conventions. x[k], k = 0 … n-1, is the signal with full scale 1; w[k] the periodic window;
 * X[b] = sum w[k] x[k] exp(-2 pi i b k / n). Complex input gives n bins, ascending in frequency:
 * bin b of a row stands for (b - n/2 rounded down) * rate / n from the centre. Real input gives
 * n/2 + 1 bins from 0 to rate/2.
 */
#ifndef LEAT_DSP_SPECTRUM_H
#define LEAT_DSP_SPECTRUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum window_kind {
	WINDOW_HANN,
	WINDOW_RECT,
	WINDOW_HAMMING,
	WINDOW_BLACKMAN,
	WINDOW_BLACKMANHARRIS,
	WINDOW_FLATTOP,
	WINDOW_KAISER, /* parameter: beta, 0 to WINDOW_KAISER_BETA_MAX */
	WINDOW_GAUSS,  /* parameter: standard deviation in samples > 0 */
	WINDOW_GAUSS_SYMMETRIC, /* the same about the middle sample, (n - 1) / 2 */
};

#define WINDOW_KAISER_BETA_MAX 700 /* beyond it, I0 leaves f64 */

/*
 * Writes the periodic window of n samples, w[k] for k/n of the period, computed in f64. The cosine
 * sums are those of Harris (1978) and, for flattop, of D'Antona and Ferrero as in ISO 18431-2;
 * kaiser is I0(beta sqrt(1 - (2k/n - 1)^2)) / I0(beta); gauss exp(-((k - n/2)/s)^2 / 2), and
 * symmetric exp(-((k - (n-1)/2)/s)^2 / 2).
 */
void window_make(float *w, size_t n, enum window_kind kind, double parameter);

/* Kaiser's window at u = -1 … 1: I0(beta sqrt(1 - u^2)) / I0(beta). */
double window_kaiser(double u, double beta);

enum spectrum_stat { SPECTRUM_MEAN, SPECTRUM_MAX, SPECTRUM_MIN };

enum spectrum_norm {
	SPECTRUM_DBFS,    /* FS^2: |X|^2 / (sum w)^2; real input: x 4 but at 0 and rate/2 */
	SPECTRUM_DENSITY, /* FS^2/Hz: |X|^2 / (rate sum w^2); real input: x 2 but at 0 and rate/2 */
	SPECTRUM_NONE,    /* count^2: |X|^2 of the raw values less their zero */
};

struct spectrum_config {
	size_t n;             /* transform length, >= 2 */
	unsigned dtype;       /* element type of the input (base/dtype.h) */
	unsigned subchannels; /* interleaved: sample k of subchannel c is element k * subchannels + c */
	double full_scale;    /* value of amplitude 1, FULL_SCALE_MIN … FULL_SCALE_MAX */
	double zero;          /* value of amplitude 0 */
	double rate_hz;
	enum window_kind window;
	double window_parameter;
	enum spectrum_stat stat;
	enum spectrum_norm norm;
};

/* A plan; read-only after spectrum_new, so threads may share it. */
struct spectrum;

/* Scratch of one thread. */
struct spectrum_scratch;

/*
 * 0, or an error: EXIT_USAGE for a config that cannot be served, such as a window whose power is
 * too small for f32; EXIT_OS.
 */
int spectrum_new(struct spectrum **s, const struct spectrum_config *config, struct error *e);
void spectrum_free(struct spectrum *s);

struct spectrum_scratch *spectrum_scratch_new(const struct spectrum *s);
void spectrum_scratch_free(struct spectrum_scratch *scratch);

/* n for complex input, n/2 + 1 for real input. */
size_t spectrum_bins(const struct spectrum *s);

/* Floats of one accumulator of one subchannel; its inner order is the plan's own business. */
size_t spectrum_accumulator_size(const struct spectrum *s);

/*
 * Adds the powers of `count` transforms to acc (64-byte aligned), one after the other in order:
 * transform t reads n samples from x + t * hop samples. x: any alignment its dtype allows.
 * first: acc is overwritten by the first transform instead of added to. Adding is in f32 (or max,
 * min), so cut a long average into blocks of at most SPECTRUM_BLOCK transforms and sum those with
 * spectrum_collect(). The result does not depend on how calls divide the transforms of a block.
 * A NaN in the input makes NaN of the transforms that hold it.
 */
#define SPECTRUM_BLOCK 64
void spectrum_add(const struct spectrum *s, struct spectrum_scratch *scratch, const void *x,
	size_t count, size_t hop, unsigned subchannel, bool first, float *acc);

/*
 * As spectrum_add of one transform of which only the first `samples` (1 … n) are there; the others
 * count as amplitude 0.
 */
void spectrum_add_padded(const struct spectrum *s, struct spectrum_scratch *scratch, const void *x,
	size_t samples, unsigned subchannel, bool first, float *acc);

/* Joins a block to a row's sum in f64 (spectrum_accumulator_size doubles): add, max or min. */
void spectrum_collect(const struct spectrum *s, const float *acc, bool first, double *sum);

/*
 * Makes a row of spectrum_bins floats, ascending in frequency, in the unit of the norm, of the sum
 * of `transforms` transforms.
 */
void spectrum_row(const struct spectrum *s, const double *sum, uint64_t transforms, float *row);

/* "FS^2", "FS^2/Hz" or "count^2". */
const char *spectrum_unit(enum spectrum_norm norm);

/* What 10 log10 of a unit is called: "dBFS", "dBFS/Hz", "dB" for any other and for NULL. */
const char *spectrum_level_name(const char *unit);

#endif
