/* SPDX-License-Identifier: ISC */
/*
 * The noise around each bin of a power spectrum, and the bins that stand above it, with a constant
 * false-alarm rate: ordered-statistic CFAR (Rohling, IEEE Transactions AES-19 (1983) 608).
 *
 * The noise of a bin is told from `train` bins to each side beyond `guard` bins, more on one side
 * where the other ends: the value a third of the way up among them, divided by what that value is
 * on the average of noise of mean 1. So up to some 60 % of them may hold signals. It is at most
 * four times (6 dB) what the lower 40 % of the whole row tell, so that a signal wider than the
 * window does not hide itself. Bins above the threshold, with `guard` bins around them, are then
 * left out and the noise is told again, as long as more are found; in them it is interpolated.
 *
 * A row is the mean of `transforms` spectra of Gaussian noise, so its powers have the distribution
 * gamma of that shape. Neighbouring bins are taken to be correlated as those of a Hann window are:
 * 2 train bins count as 2 train / 1.94. What is not finite is no data and is no part of anything.
 */
#ifndef LEAT_DSP_CFAR_H
#define LEAT_DSP_CFAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CFAR_TRAIN_MIN 4
#define CFAR_TRANSFORMS_MAX 10000 /* more count as so many */

struct cfar_threshold {
	double db;  /* over the mean noise; of no meaning if pfa > 0 */
	double pfa; /* false-alarm probability of a bin, 0 < pfa < 0.5; else 0 */
};

/*
 * Reads "noise:DB" (0 < DB <= 200) or "pfa:P" (1e-15 <= P < 0.5); false if it is neither.
 */
bool cfar_parse_threshold(const char *text, struct cfar_threshold *threshold);

struct cfar;

/*
 * train 0: an eighth of the bins, 32 to 256. Cut to what the bins allow. 0, or EXIT_DATA if fewer
 * than 2 guard + 1 + 2 CFAR_TRAIN_MIN bins are there.
 */
int cfar_new(struct cfar **c, size_t bins, size_t guard, size_t train,
	const struct cfar_threshold *threshold, struct error *e);
void cfar_free(struct cfar *c);

/*
 * Writes the mean noise of each bin, > 0, and whether the bin is above it by more than the
 * threshold (1, else 0), and returns how many are. transforms >= 1 need not be whole. Where there
 * is no data nothing is above; where fewer bins hold data than guards and window need, all noise
 * is NaN.
 */
size_t cfar_row(
	struct cfar *c, double transforms, const float *power, float *noise, uint8_t *above);

/* power / noise at the threshold, for rows of so many transforms. */
double cfar_factor(struct cfar *c, double transforms);

/*
 * So many independent spectra have the variance of `count` ones of n samples, hop samples from one
 * to the next, under a Hann window (Welch, IEEE Transactions AU-15 (1967) 70).
 */
double cfar_independent(uint64_t count, size_t n, size_t hop);

#endif
