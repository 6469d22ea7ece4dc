/* SPDX-License-Identifier: ISC */
/*
 * FITS files (FITS Standard 4.0): images in every HDU, read by our own strict scan of all headers
 * before any value is believed. Plain and gzipped files are read here; the compressed images of
 * tables (ZIMAGE) are named as such and left to io/fits_packed.h.
 */
#ifndef LEAT_IO_FITS_H
#define LEAT_IO_FITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"

#define FITS_BLOCK 2880
#define FITS_CARD 80
#define FITS_AXES 8	      /* more are refused; CFITSIO 4.2 crashes on 120 */
#define FITS_CARDS_MAX 20000 /* of one header */
#define FITS_HDUS_MAX 10000  /* of one file */

struct fits_hdu {
	char *cards; /* [card_count][FITS_CARD], END left out, as they stand in the file */
	size_t card_count;
	bool image;	 /* the primary HDU or an IMAGE extension, or a table that packs an image */
	bool packed;	 /* that table */
	int bitpix;	 /* of the image: 8, 16, 32, 64, -32, -64 */
	unsigned naxis;	 /* of the image, 0 … FITS_AXES */
	uint64_t axis[FITS_AXES]; /* fastest first; 0 beyond naxis */
	double bscale, bzero;
	bool has_blank;
	int64_t blank;
	uint64_t header_offset, data_offset, data_size; /* bytes; data_size without fill */
};

struct fits;

/*
 * Opens a file of this literal name and scans its headers. 0, or EXIT_NOINPUT (cannot be opened),
 * EXIT_DATA (not FITS, or against the standard in a way that matters), EXIT_IO; *e does not name
 * the file.
 */
int fits_open(struct fits **f, const char *path, struct error *e);
void fits_close(struct fits *f);

size_t fits_hdu_count(const struct fits *f);
const struct fits_hdu *fits_hdu(const struct fits *f, size_t i);

/* How an HDU's values are given: see fits_read. */
unsigned fits_dtype(const struct fits_hdu *hdu, bool native);

/* Planes of one image (3 for a cube whose third axis is 3, else 1), and images in the HDU. */
size_t fits_planes(const struct fits_hdu *hdu);
uint64_t fits_images(const struct fits_hdu *hdu);

/*
 * Reads image `number` of HDU i, which is not packed, into out: [planes][height][width] of
 * fits_dtype. Unsigned integers by their BZERO stay integers; other scales and BLANK make f32 (of 8
 * and 16 bits and of -32) or f64, BLANK becoming NaN. native: the numbers as they stand, BZERO,
 * BSCALE and BLANK not applied. 0, or EXIT_DATA (truncated), EXIT_IO.
 */
int fits_read(struct fits *f, size_t i, uint64_t number, bool native, void *out, struct pool *pool,
	struct error *e);

/*
 * Scans the headers of a whole file through read_at(arg, offset, bytes, n), which returns the number
 * of bytes it had there. hdu: an array that grows; free each hdu's cards and the array. For fits_open
 * and for the fuzzer.
 */
typedef size_t fits_read_at_fn(void *arg, uint64_t offset, void *bytes, size_t n);
int fits_scan(fits_read_at_fn *read_at, void *arg, uint64_t size, struct fits_hdu **hdu, size_t *count,
	struct error *e);
void fits_scan_free(struct fits_hdu *hdu, size_t count);

/* One card: whether it is `KEY     = value`; keyword without blanks; its value as text, strings
 * without quotes and trailing blanks, anything else without comment. */
#define FITS_TEXT 81
bool fits_card_is(const char *card, const char *keyword);
void fits_card_keyword(const char *card, char keyword[9]);
bool fits_card_value(const char *card, char value[FITS_TEXT]);

/* The value of the first card with that keyword; false if there is none. */
bool fits_value(const struct fits_hdu *hdu, const char *keyword, char value[FITS_TEXT]);
bool fits_value_i64(const struct fits_hdu *hdu, const char *keyword, int64_t *v);
bool fits_value_f64(const struct fits_hdu *hdu, const char *keyword, double *v);

#endif
