/* SPDX-License-Identifier: ISC */
/*
 * Images as FITS files (FITS standard 4.0), plain or as tiles of RICE_1, one for each row. Nothing
 * in a file depends on the clock: same image, same bytes.
 */
#ifndef LEAT_IO_FITS_WRITE_H
#define LEAT_IO_FITS_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"

struct fits_output {
	size_t planes, height, width;
	const void *pixels; /* [planes][height][width] */
	unsigned dtype;	    /* of pixels, real */
	/*
	 * In the file, any real type; u16, u32, u64 and i8 by BZERO. Floats become
	 * round(value * maximum / full_scale) of integers, integers keep their values; both are
	 * clipped, NaN is 0.
	 */
	unsigned target;
	double full_scale;
	const char *cards; /* that follow those of the structure */
	size_t card_bytes;
	bool rice; /* integers of 8, 16 and 32 bits only */
	bool checksum;
};

/* Writes to fd from its current offset on, which must be able to seek. 0, EXIT_DATA, EXIT_IO. */
int fits_write(int fd, const struct fits_output *o, struct pool *pool, struct error *e);

#endif
