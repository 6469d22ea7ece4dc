/* SPDX-License-Identifier: ISC */
/*
 * FITS cards as keys of a stream, by one table: cards that a typed key says become
 * that key (with the names that capture programs use for the same thing), cards that describe the
 * file's structure are dropped, all others travel verbatim as fits.card, %fits.card (geometry) or
 * ~fits.card (values); see leat-stream(5).
 */
#ifndef LEAT_IO_FITS_KEYS_H
#define LEAT_IO_FITS_KEYS_H

#include "io/fits.h"

typedef void fits_key_fn(void *arg, const char *key, const char *value);

enum fits_scope {
	FITS_PLAIN,
	FITS_GEOMETRY,
	FITS_VALUES,
	FITS_SCALING,	/* BSCALE, BZERO, BLANK */
	FITS_STRUCTURE, /* what the writer sets itself */
};

enum fits_scope fits_card_scope(const char *card);

/*
 * Tells the keys of one image of an HDU, in the order of its cards, typed ones first. native: cards
 * that scale values are kept, as values are not scaled. Values hold no NUL; whatever else is
 * in the file is in them.
 */
void fits_keys(const struct fits_hdu *hdu, bool native, fits_key_fn *key, void *arg);

#endif
