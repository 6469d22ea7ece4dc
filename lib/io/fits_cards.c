/* SPDX-License-Identifier: ISC */
#include "io/fits_cards.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/utc.h"

/*
 * Typed keys under the keywords of capture programs; of several the one that stands first here is
 * taken, and it is the one written.
 */
static const struct alias {
	const char *key, *keyword;
} aliases[] = {
	{"object", "OBJECT"},
	{"filter", "FILTER"},
	{"filter", "FILT-1"},
	{"exposure_s", "EXPTIME"},
	{"exposure_s", "EXPOSURE"},
	{"exposure_s", "EXP"},
	{"time_start", "DATE-OBS"},
	{"gain", "GAIN"},
	{"temperature_c", "CCD-TEMP"},
	{"temperature_c", "CCD_TEMP"},
	{"temperature_c", "CCDTEMP"},
	{"temperature_c", "TEMPERAT"},
	{"temperature_c", "CAMTCCD"},
	{"stack_count", "STACKCNT"},
	{"stack_count", "NCOMBINE"},
	{"stack_count", "NUMFRAME"},
	{"stack_count", "SNAPSHOT"},
	{"full_scale", "FULLSCAL"},
	{"%row_order", "ROWORDER"},
	{"%bayer", "BAYERPAT"},
};

/* A '#' stands for one digit or more. */
static const struct class {
	const char *pattern;
	enum fits_card_class class;
} classes[] = {
	{"SIMPLE", FITS_STRUCTURE},    {"XTENSION", FITS_STRUCTURE}, {"BITPIX", FITS_STRUCTURE},
	{"NAXIS", FITS_STRUCTURE},     {"NAXIS#", FITS_STRUCTURE},   {"EXTEND", FITS_STRUCTURE},
	{"PCOUNT", FITS_STRUCTURE},    {"GCOUNT", FITS_STRUCTURE},   {"GROUPS", FITS_STRUCTURE},
	{"BSCALE", FITS_STRUCTURE},    {"BZERO", FITS_STRUCTURE},    {"BLANK", FITS_STRUCTURE},
	{"CHECKSUM", FITS_STRUCTURE},  {"DATASUM", FITS_STRUCTURE},  {"INHERIT", FITS_STRUCTURE},
	{"TFIELDS", FITS_STRUCTURE},   {"TTYPE#", FITS_STRUCTURE},   {"TFORM#", FITS_STRUCTURE},
	{"TUNIT#", FITS_STRUCTURE},    {"THEAP", FITS_STRUCTURE},    {"ZIMAGE", FITS_STRUCTURE},
	{"ZCMPTYPE", FITS_STRUCTURE},  {"ZBITPIX", FITS_STRUCTURE},  {"ZNAXIS", FITS_STRUCTURE},
	{"ZNAXIS#", FITS_STRUCTURE},   {"ZTILE#", FITS_STRUCTURE},   {"ZNAME#", FITS_STRUCTURE},
	{"ZVAL#", FITS_STRUCTURE},     {"ZQUANTIZ", FITS_STRUCTURE}, {"ZDITHER0", FITS_STRUCTURE},
	{"ZBLANK", FITS_STRUCTURE},    {"ZSIMPLE", FITS_STRUCTURE},  {"ZTENSION", FITS_STRUCTURE},
	{"ZEXTEND", FITS_STRUCTURE},   {"ZPCOUNT", FITS_STRUCTURE},  {"ZGCOUNT", FITS_STRUCTURE},
	{"ZHECKSUM", FITS_STRUCTURE},  {"ZDATASUM", FITS_STRUCTURE}, {"ZSCALE", FITS_STRUCTURE},
	{"ZZERO", FITS_STRUCTURE},
	{"WCSAXES", FITS_GEOMETRY},    {"CTYPE#", FITS_GEOMETRY},    {"CUNIT#", FITS_GEOMETRY},
	{"CRVAL#", FITS_GEOMETRY},     {"CRPIX#", FITS_GEOMETRY},    {"CDELT#", FITS_GEOMETRY},
	{"CROTA#", FITS_GEOMETRY},     {"CD#_#", FITS_GEOMETRY},     {"PC#_#", FITS_GEOMETRY},
	{"PV#_#", FITS_GEOMETRY},      {"PS#_#", FITS_GEOMETRY},     {"A_ORDER", FITS_GEOMETRY},
	{"B_ORDER", FITS_GEOMETRY},    {"AP_ORDER", FITS_GEOMETRY},  {"BP_ORDER", FITS_GEOMETRY},
	{"A_#_#", FITS_GEOMETRY},      {"B_#_#", FITS_GEOMETRY},     {"AP_#_#", FITS_GEOMETRY},
	{"BP_#_#", FITS_GEOMETRY},     {"A_DMAX", FITS_GEOMETRY},    {"B_DMAX", FITS_GEOMETRY},
	{"LONPOLE", FITS_GEOMETRY},    {"LATPOLE", FITS_GEOMETRY},   {"RADESYS", FITS_GEOMETRY},
	{"RADECSYS", FITS_GEOMETRY},   {"EQUINOX", FITS_GEOMETRY},   {"LTV#", FITS_GEOMETRY},
	{"LTM#_#", FITS_GEOMETRY},     {"DATASEC", FITS_GEOMETRY},   {"TRIMSEC", FITS_GEOMETRY},
	{"BIASSEC", FITS_GEOMETRY},    {"CCDSEC", FITS_GEOMETRY},    {"DETSEC", FITS_GEOMETRY},
	{"AMPSEC", FITS_GEOMETRY},     {"XBAYROFF", FITS_GEOMETRY},  {"YBAYROFF", FITS_GEOMETRY},
	{"BAYOFFX", FITS_GEOMETRY},    {"BAYOFFY", FITS_GEOMETRY},   {"XORGSUBF", FITS_GEOMETRY},
	{"YORGSUBF", FITS_GEOMETRY},   {"FLIPSTAT", FITS_GEOMETRY},
	{"BUNIT", FITS_VALUES},	       {"DATAMIN", FITS_VALUES},     {"DATAMAX", FITS_VALUES},
	{"CALSTAT", FITS_VALUES},      {"PEDESTAL", FITS_VALUES},    {"CBLACK", FITS_VALUES},
	{"CWHITE", FITS_VALUES},       {"MIPS-HI", FITS_VALUES},     {"MIPS-LO", FITS_VALUES},
	{"SATURATE", FITS_VALUES},
};

static bool matches(const char *pattern, const char *keyword)
{
	for (; *pattern; pattern++) {
		if (*pattern != '#') {
			if (*keyword++ != *pattern)
				return false;
			continue;
		}
		if (!isdigit((unsigned char)*keyword))
			return false;
		while (isdigit((unsigned char)*keyword))
			keyword++;
	}
	/* An alternate WCS has one letter more. */
	return !*keyword || (isupper((unsigned char)*keyword) && !keyword[1] && keyword[-1] != 'X' &&
				    isdigit((unsigned char)keyword[-1]));
}

enum fits_card_class fits_card_class(const char *card)
{
	char keyword[9];

	fits_card_keyword(card, keyword);
	for (size_t i = 0; i < COUNT_OF(classes); i++)
		if (matches(classes[i].pattern, keyword))
			return classes[i].class;
	return FITS_PLAIN;
}

const char *fits_card_key(const char *keyword)
{
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		if (!strcmp(aliases[i].keyword, keyword))
			return aliases[i].key;
	return NULL;
}

const char *fits_key_keyword(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		if (!strcmp(aliases[i].key, key))
			return aliases[i].keyword;
	return NULL;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* FITS writes UTC without a Z; a day alone is midnight. */
static bool time_value(const char *text, char out[UTC_TEXT])
{
	char whole[FITS_TEXT + 12];
	struct utc t;

	snprintf(whole, sizeof(whole), strlen(text) == 10 ? "%sT00:00:00Z" : "%s", text);
	if (!utc_parse(whole, &t))
		return false;
	utc_format(out, t, -1);
	return true;
}

static bool number_value(const char *text, char out[NUMBER_TEXT])
{
	double v;

	if (!parse_f64(text + (*text == '+'), false, &v))
		return false;
	format_f64(out, v);
	return true;
}

/*
 * BAYERPAT is the pattern as displayed from the first pixel that X/YBAYROFF leave out; those shift
 * it, so that %bayer speaks of the array's row 0.
 */
static bool bayer_value(const struct fits_hdu *hdu, const char *text, char out[8])
{
	int64_t dx = 0, dy = 0;

	if (strlen(text) != 4 || strspn(text, "RGBrgb") != 4)
		return false;
	if (!fits_value_i64(hdu, "XBAYROFF", &dx))
		fits_value_i64(hdu, "BAYOFFX", &dx);
	if (!fits_value_i64(hdu, "YBAYROFF", &dy))
		fits_value_i64(hdu, "BAYOFFY", &dy);
	for (int i = 0; i < 4; i++) {
		int x = (int)((i % 2 + (dx & 1)) % 2), y = (int)((i / 2 + (dy & 1)) % 2);

		out[i] = (char)toupper((unsigned char)text[2 * y + x]);
	}
	out[4] = 0;
	return true;
}

/* The value a typed key has for what the card says; false if it makes no sense as such. */
static bool typed_value(const struct fits_hdu *hdu, const char *key, const char *text, bool native,
	char out[FITS_TEXT + 8])
{
	int64_t count;

	if (!*text)
		return false;
	if (!strcmp(key, "object") || !strcmp(key, "filter")) {
		strcpy(out, text);
		return true;
	}
	if (!strcmp(key, "time_start"))
		return time_value(text, out);
	if (!strcmp(key, "%bayer"))
		return bayer_value(hdu, text, out);
	if (!strcmp(key, "stack_count")) {
		strcpy(out, text);
		return parse_i64(text, &count) && count > 0;
	}
	if (!strcmp(key, "%row_order")) {
		strcpy(out, text);
		lower(out);
		return !strcmp(out, "top-down") || !strcmp(out, "bottom-up");
	}
	if (!strcmp(key, "full_scale") && (native || fits_dtype(hdu, false) < 10))
		return false;
	return number_value(text, out);
}

/* The card that a key is taken from: of its keywords the first that is there and makes sense. */
static size_t card_of_key(const struct fits_hdu *hdu, const char *key, bool native,
	char out[FITS_TEXT + 8])
{
	char text[FITS_TEXT];

	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		for (size_t k = 0; !strcmp(aliases[i].key, key) && k < hdu->card_count; k++) {
			const char *card = hdu->cards + k * FITS_CARD;

			if (fits_card_is(card, aliases[i].keyword) && fits_card_value(card, text) &&
				typed_value(hdu, key, text, native, out))
				return k;
		}
	return SIZE_MAX;
}

static void add_card(const char *card, fits_key_fn *add, void *arg)
{
	static const char *const keys[] = {
		[FITS_PLAIN] = "fits.card", [FITS_GEOMETRY] = "%fits.card", [FITS_VALUES] = "~fits.card"};
	enum fits_card_class class = fits_card_class(card);
	char text[FITS_CARD + 1];
	size_t n = FITS_CARD;

	while (n > 0 && card[n - 1] == ' ')
		n--;
	if (n == 0 || class == FITS_STRUCTURE)
		return;
	memcpy(text, card, n);
	text[n] = 0;
	add(arg, keys[class], text);
}

void fits_cards_keys(const struct fits_hdu *hdu, bool native, fits_key_fn *add, void *arg)
{
	bool *taken = xcalloc(hdu->card_count + 1, sizeof(*taken)), has_order = false;
	char value[FITS_TEXT + 8], keyword[9];
	const char *before = "";

	for (size_t i = 0; i < COUNT_OF(aliases); i++) {
		const char *key = aliases[i].key;
		size_t k;

		if (!strcmp(key, before))
			continue;
		before = key;
		k = card_of_key(hdu, key, native, value);
		if (k == SIZE_MAX)
			continue;
		taken[k] = true;
		has_order = has_order || !strcmp(key, "%row_order");
		add(arg, key, value);
	}
	if (!has_order)
		add(arg, "%row_order", "bottom-up");
	for (size_t k = 0; k < hdu->card_count; k++) {
		const char *card = hdu->cards + k * FITS_CARD;

		fits_card_keyword(card, keyword);
		/* Offsets of the pattern are in %bayer now. */
		if (!taken[k] && strcmp(keyword, "XBAYROFF") != 0 && strcmp(keyword, "YBAYROFF") != 0)
			add_card(card, add, arg);
	}
	free(taken);
}
