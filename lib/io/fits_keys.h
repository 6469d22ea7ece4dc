/* SPDX-License-Identifier: ISC */
/*
 * FITS cards and the keys of a stream, both ways, by one table: cards that a typed key says become
 * that key (with the names that capture programs use for the same thing), cards that describe the
 * file's structure are dropped, all others travel verbatim as fits.card, %fits.card (geometry) or
 * ~fits.card (values); see leat-stream(5).
 */
#ifndef LEAT_IO_FITS_KEYS_H
#define LEAT_IO_FITS_KEYS_H

#include "io/fits.h"

typedef void fits_key_fn(void *arg, const char *key, const char *value);

/*
 * Tells the keys of one image of an HDU, in the order of its cards, typed ones first. native: cards
 * that scale values are kept, as values are not scaled. Values hold no NUL; whatever else is
 * in the file is in them.
 */
void fits_keys(const struct fits_hdu *hdu, bool native, fits_key_fn *key, void *arg);

/* Whether a card may stand in any header: a legal keyword and value, nothing the writer sets. */
bool fits_card_writable(const char card[FITS_CARD]);

/* One pair of a stream's metadata. */
struct fits_key {
	const char *key, *value;
};

/*
 * Adds the cards for metadata: typed ones, then those that travelled, then the history. What is not
 * a valid card becomes a COMMENT; characters that are not ASCII are written \xHH. The structure is
 * the caller's; height is needed for BAYERPAT. `text` grows by whole cards.
 */
void fits_cards(const struct fits_key *keys, size_t count, size_t height, struct str *text);

/* Adds one card; a long text is continued (CONTINUE). */
void fits_add_text(struct str *text, const char *name, const char *value, const char *comment);
void fits_add_number(struct str *text, const char *name, double value, const char *comment);
void fits_add_integer(struct str *text, const char *name, int64_t value, const char *comment);
void fits_add_logical(struct str *text, const char *name, bool value, const char *comment);

#endif
