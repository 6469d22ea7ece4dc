/* SPDX-License-Identifier: ISC */
/*
 * H-compress, decoding (White, Postman & Lattanzi 1992; FITS standard 4.0, 10.4.4): a pyramid of
 * sums and differences of 2x2 pixels, its bit planes coded as quadtrees. Blocks are not smoothed,
 * whatever the header's SMOOTH asks for.
 */
#ifndef LEAT_IO_FITS_HCOMPRESS_H
#define LEAT_IO_FITS_HCOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that decoding a tile of these sides works in. */
size_t fits_hcompress_work(size_t width, size_t height);

/*
 * Decodes a tile of that shape into out [height][width]. work: fits_hcompress_work() bytes aligned
 * to 8. False if the tile has another shape or is damaged.
 */
bool fits_hcompress_decode(
	int32_t *out, size_t width, size_t height, const uint8_t *tile, size_t size, void *work);

#endif
