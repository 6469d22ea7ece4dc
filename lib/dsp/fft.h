/* SPDX-License-Identifier: ISC */
/* Discrete Fourier transforms of any length, by FFTW. */
#ifndef LEAT_DSP_FFT_H
#define LEAT_DSP_FFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A plan; threads may share it. */
struct fft;

/*
 * A plan for n samples, 2 <= n <= INT_MAX; 0, or EXIT_OS. It depends on n and the CPU only: FFTW is
 * asked for an estimate, never for measurements, and may be called from several threads.
 */
int fft_new(struct fft **f, size_t n, bool real, struct error *e);
void fft_free(struct fft *f);

/* Floats of the input and of the output. */
size_t fft_in_size(size_t n, bool real);
size_t fft_out_size(size_t n, bool real);

/*
 * out[b] = sum in[k] exp(-2 pi i b k / n): complex (re, im), b = 0 … n-1, or of real input b = 0 …
 * n/2. Both 64-byte aligned and apart; in may be overwritten.
 */
void fft_run(const struct fft *f, float *in, float *out);

#endif
