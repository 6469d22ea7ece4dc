/* SPDX-License-Identifier: ISC */
/* FITS cards of geometry, as metadata hold them (%fits.card). */
#ifndef LEAT_IMAGE_CARDS_H
#define LEAT_IMAGE_CARDS_H

#include "stream/meta.h"

/*
 * Adds to `to` what `from` says of the plane of an image: %row_order, %axis and the cards, all
 * still right when its first pixel becomes pixel (-left, -top) and its pixels `scale` smaller ones:
 * the world coordinates' reference pixel and steps follow (Greisen & Calabretta 2002); where scale
 * is not 1, cards that tell distances in pixels otherwise (SIP, sections, LTV) go, as do those of a
 * mosaic of colours always.
 */
void cards_copy_geometry(
	struct meta *to, const struct meta *from, double left, double top, double scale);

/*
 * The value of the first card of that keyword under key: a string without quotes, anything else as
 * it stands; false if no card has one.
 */
#define CARD_TEXT 81
bool cards_value(
	const struct meta *meta, const char *key, const char *keyword, char value[CARD_TEXT]);

/* Takes away the cards under key whose keyword is one of a list that NULL ends. */
void cards_remove(struct meta *meta, const char *key, const char *const *keywords);

#endif
