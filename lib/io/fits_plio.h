/* SPDX-License-Identifier: ISC */
/* PLIO_1, a code of runs for masks (FITS standard 4.0, 10.4.3). */
#ifndef LEAT_IO_FITS_PLIO_H
#define LEAT_IO_FITS_PLIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes n pixels of a list of big-endian words of 16 bits; what the list does not reach is 0.
 * False if the list is damaged: out then holds anything.
 */
bool fits_plio_decode(int32_t *out, size_t n, const uint8_t *list, size_t bytes);

#endif
