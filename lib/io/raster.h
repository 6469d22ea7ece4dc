/* SPDX-License-Identifier: ISC */
/*
 * A picture as those who write files take it: rows from the top, the samples of a pixel together,
 * made when they are wanted, so that no second copy of the picture stands in memory.
 */
#ifndef LEAT_IO_RASTER_H
#define LEAT_IO_RASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"

/*
 * Writes rows first … first + count - 1 to out, without a gap between them, in native byte order;
 * `out` is aligned to a sample. Several threads may call it at once.
 */
typedef void raster_rows_fn(const void *arg, size_t first, size_t count, void *out);

struct raster {
	size_t width, height; /* px */
	unsigned planes;      /* 1 gray; 3 red, green and blue */
	unsigned bits;	      /* of a sample: 8 (u8), 16 (u16) or 32 (f32) */
	bool srgb;	      /* the values are sRGB-encoded (IEC 61966-2-1) */
	raster_rows_fn *rows;
	const void *arg;
};

static inline size_t raster_row_size(const struct raster *r)
{
	return r->width * r->planes * (r->bits / 8);
}

/* 0, or EXIT_USAGE if a side is not 1 … side_max or planes are not 1 or 3. */
int raster_check(const struct raster *r, const char *format, size_t side_max, struct error *e);

/* How many rows make a piece of about `size` bytes; at least one, at most all. */
size_t raster_rows_in(const struct raster *r, size_t size);

/* As r->rows, by all threads of the pool (which may be NULL). */
void raster_fill(const struct raster *r, size_t first, size_t count, void *out, struct pool *pool);

/* What fails in writing to fd, for errno: EXIT_DOWNSTREAM (EPIPE) or EXIT_IO. */
int raster_write_error(const char *format, int number, struct error *e);

#endif
