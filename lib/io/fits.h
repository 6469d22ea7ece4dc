/* SPDX-License-Identifier: ISC */
/*
 * Images out of FITS files: plain, gzipped whole (.gz), and tile-compressed (FITS standard 4.0,
 * chapter 10: RICE_1, GZIP_1, GZIP_2, HCOMPRESS_1, PLIO_1, NOCOMPRESS). Headers are scanned
 * strictly before pixels are looked at, and the decoders are our own: they serve inside the sandbox
 * and on all threads, and take no more memory than the file can fill.
 *
 * Integers stay integers: those that are unsigned by the convention of BZERO become u16, u32, u64
 * or i8. Any other BZERO and BSCALE, or a BLANK, make f32 (of 8 and 16 bits, and of f32) or f64,
 * NaN where the value is BLANK. Natively, values are as they stand: u8 i16 i32 i64 f32 f64.
 */
#ifndef LEAT_IO_FITS_H
#define LEAT_IO_FITS_H

#include "base/pool.h"
#include "io/fits_header.h"

struct fits_file;

/*
 * Scans a file, of which fd is a descriptor that stays the caller's and must stay open; `path` is
 * for messages. 0, or EXIT_DATA, EXIT_IO, EXIT_NOINPUT (no regular file).
 */
int fits_file_open(struct fits_file **file, int fd, const char *path, struct error *e);
void fits_file_close(struct fits_file *file);

const struct fits_hdus *fits_file_hdus(const struct fits_file *file);

/* An HDU as images: NAXIS3 = 3 is planes, all other axes beyond the second count images. */
struct fits_form {
	size_t planes, height, width, images;
	unsigned dtype; /* of the pixels handed out */
};

void fits_form(const struct fits_hdu *hdu, bool native, struct fits_form *form);

/*
 * Reads image `number` of an HDU into out: planes * height * width elements of form->dtype, aligned
 * to 64 bytes. pool may be NULL. 0, or EXIT_DATA (damage), EXIT_IO, with *e naming the file.
 */
int fits_file_read(struct fits_file *file, size_t hdu, size_t number, bool native, void *out,
	struct pool *pool, struct error *e);

#endif
