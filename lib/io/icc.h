/* SPDX-License-Identifier: ISC */
/* ICC profiles (ISO 15076-1:2010, version 4) for files of sRGB pictures, made from the numbers. */
#ifndef LEAT_IO_ICC_H
#define LEAT_IO_ICC_H

#include <stddef.h>
#include <stdint.h>

#define ICC_SIZE_MAX 1024

/*
 * The sRGB colour space (IEC 61966-2-1:1999), or, for 1 plane, gray with its curve. Primaries and
 * white are adapted to D50 by the Bradford transform (ISO 15076-1, annex E). The same bytes always.
 * Returns the profile's size.
 */
size_t icc_srgb(unsigned planes, uint8_t out[ICC_SIZE_MAX]);

#endif
