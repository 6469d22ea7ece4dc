/* SPDX-License-Identifier: ISC */
/*
 * What FITS cards mean in a stream. One table sorts them: those with a typed key (under the names
 * that capture programs give them), those of geometry, those of values, those of the file's
 * structure, which go, and the rest, which travels verbatim.
 */
#ifndef LEAT_IO_FITS_CARDS_H
#define LEAT_IO_FITS_CARDS_H

#include "io/fits.h"

/* Gives the keys and values of leat-stream(5) that an image of this HDU has, in order. */
typedef void fits_key_fn(void *arg, const char *key, const char *value);
void fits_cards_keys(const struct fits_hdu *hdu, bool native, fits_key_fn *add, void *arg);

enum fits_card_class {
	FITS_PLAIN,	/* fits.card */
	FITS_GEOMETRY,	/* %fits.card */
	FITS_VALUES,	/* ~fits.card */
	FITS_STRUCTURE, /* of the file: dropped, the writer makes its own */
};

enum fits_card_class fits_card_class(const char *card);

/* The typed key that a keyword means, NULL if none: "exposure_s" for EXPTIME. */
const char *fits_card_key(const char *keyword);

/* The keyword a typed key is written as, NULL if none: "EXPTIME" for exposure_s. */
const char *fits_key_keyword(const char *key);

#endif
