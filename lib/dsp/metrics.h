/* SPDX-License-Identifier: ISC */
/*
 * Measures of a signal, of a density spectrum averaged over a window of time (Welch) and of sums
 * over its samples. Full scale is 1; densities are in FS^2/Hz, one-sided for real input.
 *
 * The spectra are those of dsp/spectrum.h: METRICS_WINDOW, metrics_hop(n) samples from one
 * transform to the next, SPECTRUM_DENSITY. Hann's side lobes fall by 18 dB per octave, so a tone
 * 87 dB above the noise (60 dB in the whole of 1024 bins) is below it 25 bins on, and half
 * overlapping transforms lose only 6 % of what the samples know of the noise.
 */
#ifndef LEAT_DSP_METRICS_H
#define LEAT_DSP_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dsp/spectrum.h"
#include "kern/kern.h"

#define METRICS_WINDOW WINDOW_HANN
#define METRICS_N_MIN 32

static inline size_t metrics_hop(size_t n)
{
	return n / 2;
}

/* The least power of two >= 1024 that puts >= 32 bins in the band; 0 if that is over `most`. */
size_t metrics_length(double rate_hz, double band_hz, size_t most);

struct metrics_config {
	size_t n; /* transform length, >= METRICS_N_MIN */
	bool real;
	double rate_hz;
	double low_hz, high_hz; /* the band, from the tuned frequency, in ±rate/2 or 0 … rate/2 */
};

/* All NaN where the spectrum has a NaN. */
struct metrics_spectrum {
	double noise;	    /* density */
	double signal;	    /* power in the band, >= 0 */
	double noise_power; /* noise * width of the band */
	double snr;	    /* signal / noise_power, a ratio; NaN of 0 / 0 */
	double offset_hz;   /* of the signal; NaN if there is none */
	double occupied_hz; /* 99 % of the signal's power; NaN if there is none */
	double centre;	    /* density at the middle of the band */
};

struct metrics;

/* 0, or EXIT_USAGE if there is no bin in the band. */
int metrics_new(struct metrics **m, const struct metrics_config *config, struct error *e);
void metrics_free(struct metrics *m);

/*
 * Measures a row of spectrum_bins() densities, the mean of so many transforms.
 *
 * Noise: white, so the same in all bins, each of which is distributed as Gamma(K, 1/K), K being the
 * number of independent transforms (Welch 1967). Its level is that of the lowest group of bins that
 * agree with one level, if a third of the greatest such group, and then the mean of those between
 * the quantiles at -3 and 3 sigma, over the mean of that part of the distribution: it is as good as
 * a mean, and no signal disturbs it. Bins that stand out, alone or as groups of up to 64, are taken
 * out first. Where the bins below the level scatter by far more than white noise, K becomes what
 * their scatter says, and groups tell nothing. Bins outside the band are looked at if they are 1/8
 * of all, else all are.
 *
 * Signal: the sum of density - noise, times the bins' width, over the bins of the band that stand
 * out; over all of the band, if what does not stand out is significant as a whole (4 sigma), or if
 * nothing stands out. Offset: the power-weighted mean frequency of the strongest emission (bins
 * that stand out, next to each other) if that has half of the power, else of all.
 */
void metrics_measure(
	struct metrics *m, const float *density, uint64_t transforms, struct metrics_spectrum *out);

/* Sums over samples as kern->iq_sums makes them, joined over pieces. */
void metrics_join(struct kern_iq_sums *sums, const struct kern_iq_sums *piece);

struct metrics_levels {
	double power;	   /* mean |x|^2 */
	double crest;	   /* peak |x|^2 / mean |x|^2 */
	double dc_i, dc_q; /* means */
	double clipped;	   /* share of the samples with a component at a limit */
	double gain;	   /* var I / var Q */
	double phase_rad;  /* asin(cov(I, Q) / sqrt(var I var Q)) */
};

/* What n <= METRICS_BLOCK samples add; x and the rest as for spectrum_add. */
#define METRICS_BLOCK 8192
struct metrics_samples {
	unsigned dtype, subchannels;
	double full_scale, zero;
};
void metrics_sums(const struct metrics_samples *of, const void *x, size_t n, unsigned subchannel,
	struct kern_iq_sums *sums);

/* Levels in full scale of such sums; dc_q, gain and phase of real samples are NaN. */
void metrics_levels(const struct metrics_samples *of, const struct kern_iq_sums *sums,
	struct metrics_levels *out);

#endif
