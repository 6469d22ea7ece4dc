/* SPDX-License-Identifier: ISC */
/*
 * Rice's code for tiles of images (FITS standard 4.0, 10.4.1; Rice, Yeh & Miller 1993): differences
 * of neighbours in blocks, each with as many low bits written plainly as suits it.
 */
#ifndef LEAT_IO_FITS_RICE_H
#define LEAT_IO_FITS_RICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"

#define FITS_RICE_BLOCK 32

/* A table of one column of variable length, as the file holds it. */
struct fits_rice {
	uint8_t *bytes; /* `tiles` descriptors of 8 bytes, then the heap, then zeros up to a word */
	size_t size, tiles, heap_size, longest;
};

/*
 * Encodes rows of `width` words of `size` 1, 2 or 4 bytes, native order; offset: the sign bit is
 * turned over first. 0, or EXIT_DATA if the table becomes too large for its descriptors.
 */
int fits_rice_encode(struct fits_rice *r, const void *pixels, size_t rows, size_t width,
	size_t size, bool offset, struct pool *pool, struct error *e);
void fits_rice_free(struct fits_rice *r);

/*
 * Decodes n words of `size` 1, 2 or 4 bytes from a tile into out, sign-extended unless size is 1.
 * block: 16, 32 or what the header says. False if the tile ends before its words.
 */
bool fits_rice_decode(
	int32_t *out, size_t n, const uint8_t *tile, size_t tile_size, size_t size, size_t block);

#endif
