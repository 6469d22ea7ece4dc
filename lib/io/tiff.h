/* SPDX-License-Identifier: ISC */
/* TIFF files (TIFF 6.0; BigTIFF from 4 GB on), written with libtiff, strips by libdeflate. */
#ifndef LEAT_IO_TIFF_H
#define LEAT_IO_TIFF_H

#include "io/raster.h"

#define TIFF_SIDE_MAX 1000000 /* px */

enum tiff_compression { TIFF_PLAIN, TIFF_LZW, TIFF_DEFLATE };

/*
 * Writes a raster of 8, 16 or 32 bits to a file descriptor that can seek, from its start, and
 * leaves it open. The samples of a pixel stand together, little-endian; compressed ones are
 * differences (predictor 2, of f32 predictor 3). An sRGB raster gets an ICC profile; no time is
 * written, so the same raster gives the same bytes. pool may be NULL. 0, or EXIT_USAGE for a raster
 * out of range, EXIT_IO, EXIT_OS.
 */
int tiff_encode(int fd, const struct raster *raster, enum tiff_compression compression,
	struct pool *pool, struct error *e);

#endif
