/* SPDX-License-Identifier: ISC */
/*
 * Filters of finite length and linear phase, that may change the rate: `up` samples are made of
 * `down`. Output k stands at the input's time k down / up: the group delay is compensated, and it
 * does not matter where a signal is cut.
 *
 * The designs are Kaiser's windowed sinc (Kaiser 1974; Oppenheim and Schafer, section 7.5).
 */
#ifndef LEAT_DSP_FIR_H
#define LEAT_DSP_FIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the designs are held to: in the stop band at least so much less; the ripple in the pass band
 * is of the same size, 0.0003 dB. (The designs aim 2 dB higher.)
 */
#define FIR_ATTENUATION_DB 90
#define FIR_TAPS_MAX ((size_t)1 << 24)

struct fir {
	uint64_t up, down;
	size_t length;	      /* taps of a phase */
	size_t before, after; /* samples needed around the whole part of an output's place */
	size_t pad;	      /* behind them, samples that are read and count for nothing */
	size_t parts;	      /* of a sample: 1 real, 2 complex */
	bool dense;	      /* not changing the rate: taps as they are */
	size_t row;	      /* else floats of a phase */
	float *taps;
};

/* How many taps, odd, have a transition of so many cycles per sample; and the other way round. */
size_t fir_length(double transition);
double fir_transition(size_t taps);

/*
 * A low-pass of `taps` taps (odd) whose gain is 1 at 0 and 1/2 at `cutoff` cycles per sample of the
 * rate times `up`.
 */
struct fir *fir_lowpass(size_t taps, double cutoff, uint64_t up, uint64_t down, size_t parts);

/* The same moved to the frequencies -+ centre: a band-pass for real signals. */
struct fir *fir_bandpass(size_t taps, double cutoff, double centre);

/* Taps of such a low-pass, cutoff in cycles per sample, whose sum is `gain`; the caller's. */
double *fir_design(size_t count, double cutoff, double gain);

/*
 * Any odd number of taps; the middle one meets the sample at an output's place (of the signal with
 * up
 * - 1 zeros put behind each sample), the next one the sample before it in a phase but 0, behind it
 * without phases: y[k] = sum of taps[middle + i] x[k + i].
 */
struct fir *fir_new(const double *taps, size_t count, uint64_t up, uint64_t down, size_t parts);
void fir_free(struct fir *f);

/* The gain at a frequency in cycles per sample of a filter with up 1, of the taps as they are used.
 */
double fir_gain(const struct fir *f, double frequency);

#endif
