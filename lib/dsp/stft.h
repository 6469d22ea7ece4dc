/* SPDX-License-Identifier: ISC */
/*
 * Where scipy's ShortTimeFFT (1.12) lays its frames of n samples over a signal that begins at
 * sample 0: frame p begins at p hop - n/2 (rounded down), p from the first to the last that has a
 * sample of weight in the signal; what lies outside the signal counts as 0.
 */
#ifndef LEAT_DSP_STFT_H
#define LEAT_DSP_STFT_H

#include <stddef.h>
#include <stdint.h>

/* The zeros before the signal, up to the first frame's beginning; < n. */
size_t stft_zeros_before(size_t n, size_t hop);

/*
 * The zeros after a signal of `samples`, up to the last frame's end; <= n. idle: the samples at the
 * window's beginning whose square is 0.
 */
size_t stft_zeros_after(size_t n, size_t hop, uint64_t samples, size_t idle);

/* The same samples of the symmetric Gaussian window, in f64. */
size_t stft_idle_gauss(size_t n, double standard_deviation);

#endif
