/* SPDX-License-Identifier: ISC */
/*
 * A strip of the rows of a PNG file: filtered, and compressed as a piece of the file's one deflate
 * stream (io/deflate.h). How, each strip decides for itself, by looking at samples of its bytes.
 */
#ifndef LEAT_IO_PNG_STRIP_H
#define LEAT_IO_PNG_STRIP_H

#include "io/deflate.h"
#include "io/raster.h"

/* What a thread needs. */
struct png_strip {
	const struct raster *raster;
	size_t rows_max;
	int level; /* 0 … 9 */
	struct deflate *deflate;
	uint8_t *rows;	   /* one row above the strip, then its own */
	uint8_t *filtered; /* its rows, each with the number of its filter before it */
};

/* False: out of memory. Whatever has come of it, png_strip_end gives it back. */
bool png_strip_begin(struct png_strip *s, const struct raster *raster, size_t rows_max, int level);
void png_strip_end(struct png_strip *s);

/* The most bytes a strip becomes. */
size_t png_strip_bound(const struct png_strip *s);

/*
 * Compresses rows first … first + count - 1, count <= rows_max. *raw_size and *adler are of what
 * the reader unpacks. Returns the size in out, which has room for png_strip_bound; 0 if that
 * failed.
 */
size_t png_strip_make(struct png_strip *s, size_t first, size_t count, uint8_t *out,
	size_t *raw_size, uint32_t *adler);

#endif
