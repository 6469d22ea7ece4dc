/* SPDX-License-Identifier: ISC */
/* Metadata of a stream as FITS cards: the other way of io/fits_keys.h. */
#ifndef LEAT_IO_FITS_CARDS_H
#define LEAT_IO_FITS_CARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* One pair of a stream's metadata. */
struct fits_key {
	const char *key, *value;
};

/*
 * Adds the cards that metadata make: typed keys, then cards that travelled, then the history.
 * What is no valid card becomes a COMMENT, a second card of one name is left out, and characters
 * that are not ASCII are written \xHH. scaling: whether cards
 * BZERO, BSCALE and BLANK (of values read natively) still hold.
 */
void fits_add_cards(struct str *text, const struct fits_key *keys, size_t count, bool scaling);

/* Adds one card of 80 characters; a long text goes on in CONTINUE cards. */
void fits_add_text(struct str *text, const char *name, const char *value, const char *comment);
void fits_add_real(struct str *text, const char *name, double value, const char *comment);
void fits_add_integer(struct str *text, const char *name, int64_t value, const char *comment);
void fits_add_logical(struct str *text, const char *name, bool value, const char *comment);

/* Adds text as cards of COMMENT or HISTORY, as many as it takes. */
void fits_add_commentary(struct str *text, const char *name, const char *words);

#endif
