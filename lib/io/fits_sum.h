/* SPDX-License-Identifier: ISC */
/* The sums of DATASUM and CHECKSUM (FITS standard 4.0, appendix J). */
#ifndef LEAT_IO_FITS_SUM_H
#define LEAT_IO_FITS_SUM_H

#include <stddef.h>
#include <stdint.h>

/* Adds n bytes, a multiple of 4, to a sum: big-endian words, the carry added at the low end. */
uint32_t fits_sum(uint32_t sum, const void *bytes, size_t n);

/* Sixteen letters and digits that add up to the complement of sum. */
#define FITS_SUM_TEXT 17
void fits_sum_text(uint32_t sum, char out[FITS_SUM_TEXT]);

#endif
