/* SPDX-License-Identifier: ISC */
/* What the files of the FITS reader share; not for others. */
#ifndef LEAT_IO_FITS_PARTS_H
#define LEAT_IO_FITS_PARTS_H

#include "base/dtype.h"
#include "io/fits.h"

struct fits_file {
	char *path;
	int fd;		 /* of a plain file */
	uint8_t *memory; /* of a gzipped one, inflated */
	uint64_t size;
	struct fits_hdus hdus;

	/* Of tile-compressed images, the HDU decoded last. */
	void *decoded; /* pixels in the order of the machine */
	size_t decoded_hdu;
	uint64_t decoded_mask;
};

/* How the pixels of an HDU become what is handed out. */
struct fits_conversion {
	unsigned raw;	/* u8 i16 i32 i64 f32 f64 */
	unsigned dtype; /* handed out */
	bool physical;	/* by zero, scale and blank; else by mask alone */
	uint64_t mask;	/* the sign bit, if it is turned over */
};

void fits_conversion(const struct fits_hdu *hdu, bool native, struct fits_conversion *c);

/* Reads within the file's size. */
fits_read_fn fits_file_bytes;

/* *e with the path and HDU before its text. */
int fits_fail(const struct fits_file *file, size_t hdu, const struct error *inner, struct error *e);

/*
 * fits_tiles.c: decodes a tile-compressed image, all of it, xor mask, into out: hdu->pixels
 * elements of the raw type. *e does not name the file.
 */
int fits_decode_tiles(struct fits_file *file, const struct fits_hdu *hdu, uint64_t mask, void *out,
	struct pool *pool, struct error *e);

#endif
