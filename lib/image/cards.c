/* SPDX-License-Identifier: ISC */
#include "image/cards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "io/fits_header.h"

#define KEY_SIZE 8
#define VALUE_AT 10

/* What a new grid does to a card. */
enum fate {
	KEPT,
	MOVED_X, /* a pixel's number along x */
	MOVED_Y,
	STEP,	  /* degrees or so to a pixel */
	OF_SCALE, /* right only while pixels keep their size */
	GONE,
};

static enum fate fate_of(const char *card)
{
	static const struct {
		const char *prefix;
		enum fate fate;
	} table[] = {{"CRPIX1  ", MOVED_X}, {"CRPIX2  ", MOVED_Y}, {"CDELT1  ", STEP},
		{"CDELT2  ", STEP}, {"CD1_1   ", STEP}, {"CD1_2   ", STEP}, {"CD2_1   ", STEP},
		{"CD2_2   ", STEP}, {"BAYER", GONE}, {"XBAYROFF", GONE}, {"YBAYROFF", GONE},
		{"COLORTYP", GONE}, {"CTYPE", KEPT}, {"CRVAL", KEPT}, {"CUNIT", KEPT},
		{"CROTA", KEPT}, {"PC1_", KEPT}, {"PC2_", KEPT}, {"LONPOLE", KEPT},
		{"LATPOLE", KEPT}, {"RADESYS", KEPT}, {"RADECSYS", KEPT}, {"EQUINOX", KEPT},
		{"WCSAXES", KEPT}, {"PV1_", KEPT}, {"PV2_", KEPT}};

	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (starts_with(card, table[i].prefix))
			return table[i].fate;
	return OF_SCALE;
}

/* The card with another number; its comment stays. NULL if it has no number. */
static char *with_number(const char *card, double add, double factor)
{
	char number[NUMBER_TEXT], *end, *text;
	const char *slash;
	double value;

	if (strlen(card) <= VALUE_AT || card[KEY_SIZE] != '=')
		return NULL;
	value = strtod(card + VALUE_AT, &end);
	if (end == card + VALUE_AT)
		return NULL;
	slash = strstr(end, " /");
	text = xcalloc(1, 256);
	snprintf(text, 81, "%.8s= %20s%.50s", card, format_f64(number, (value + add) * factor),
		slash ? slash : "");
	return text;
}

static void add_card(struct meta *to, const char *card, double left, double top, double scale)
{
	char *changed = NULL;

	switch (fate_of(card)) {
	case KEPT:
		meta_add(to, "%fits.card", card);
		return;
	case GONE:
		return;
	case OF_SCALE:
		if (scale == 1)
			meta_add(to, "%fits.card", card);
		return;
	case STEP:
		changed = with_number(card, 0, 1 / scale);
		break;
	case MOVED_X:
		/* A pixel's centre p, counted from 1, goes to (p - left - 1/2) scale + 1/2. */
		changed = with_number(card, 0.5 / scale - 0.5 - left, scale);
		break;
	case MOVED_Y:
		changed = with_number(card, 0.5 / scale - 0.5 - top, scale);
		break;
	}
	if (left == 0 && top == 0 && scale == 1)
		meta_add(to, "%fits.card", card);
	else if (changed)
		meta_add(to, "%fits.card", changed);
	free(changed);
}

void cards_copy_geometry(
	struct meta *to, const struct meta *from, double left, double top, double scale)
{
	const char *value;

	if ((value = meta_get(from, "%row_order")))
		meta_set(to, "%row_order", value);
	if ((value = meta_get(from, "%axis")))
		meta_set(to, "%axis", value);
	meta_remove(to, "%fits.card");
	for (size_t at = 0; (value = meta_next(from, "%fits.card", &at));)
		add_card(to, value, left, top, scale);
}

/* A card as files hold it: metadata leave blanks at its end out. */
static char *padded(const char *text, char card[FITS_CARD + 1])
{
	snprintf(card, FITS_CARD + 1, "%-80s", text);
	return card;
}

bool cards_value(
	const struct meta *meta, const char *key, const char *keyword, char value[CARD_TEXT])
{
	char card[FITS_CARD + 1];
	const struct fits_header header = {card, 1};
	struct str found = {0};
	enum fits_value kind = FITS_UNDEFINED;
	const char *text;

	for (size_t at = 0; kind <= FITS_UNDEFINED && (text = meta_next(meta, key, &at));)
		if (fits_card_is(padded(text, card), keyword))
			kind = fits_value(&header, 0, &found);
	if (kind > FITS_UNDEFINED && kind != FITS_MALFORMED)
		snprintf(value, CARD_TEXT, "%s", found.p ? found.p : "");
	str_free(&found);
	return kind > FITS_UNDEFINED && kind != FITS_MALFORMED;
}

static bool is_one_of(const char *text, const char *const *keywords)
{
	char card[FITS_CARD + 1];

	padded(text, card);
	for (; *keywords; keywords++)
		if (fits_card_is(card, *keywords))
			return true;
	return false;
}

void cards_remove(struct meta *meta, const char *key, const char *const *keywords)
{
	struct meta before = {0};
	const char *text;

	meta_copy(&before, meta);
	meta_remove(meta, key);
	for (size_t at = 0; (text = meta_next(&before, key, &at));)
		if (!is_one_of(text, keywords))
			meta_add(meta, key, text);
	meta_clear(&before);
}
