/* SPDX-License-Identifier: ISC */
/* JPEG files (ISO/IEC 10918, JFIF), written with libjpeg. */
#ifndef LEAT_IO_JPEG_H
#define LEAT_IO_JPEG_H

#include "io/raster.h"

#define JPEG_SIDE_MAX 65500 /* px */

/* From this quality on colour keeps its full resolution (4:4:4), below it has half (4:2:0). */
#define JPEG_QUALITY_FULL_COLOUR 90

/*
 * Writes a raster of 8 bits to a file descriptor, which is left open; baseline, with Huffman tables
 * of its own, and with an ICC profile if it is sRGB. quality 1 … 100. The same raster gives the
 * same bytes. pool may be NULL. 0, or EXIT_USAGE for a raster or quality out of range, EXIT_IO,
 * EXIT_DOWNSTREAM (EPIPE), EXIT_OS.
 */
int jpeg_encode(
	int fd, const struct raster *raster, int quality, struct pool *pool, struct error *e);

#endif
