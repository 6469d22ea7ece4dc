/* SPDX-License-Identifier: ISC */
#ifndef LEAT_DSP_QUANTILE_H
#define LEAT_DSP_QUANTILE_H

#include <stddef.h>

/*
 * The smallest of the n values such that a share of at least `share` (0 … 1) of the finite ones is
 * not above it: exact, one of them. NaN if none is finite. Order of the values is of no account.
 */
float quantile(const float *values, size_t n, double share);

#endif
