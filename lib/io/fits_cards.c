/* SPDX-License-Identifier: ISC */
#include "io/fits_cards.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "io/fits_keys.h"

#define TEXT_MAX 67 /* characters of a string that goes on */
#define WORDS_MAX (FITS_CARD - 8)

/* Cards of printable ASCII alone; others become \xHH. */
static void add_ascii(struct str *out, const char *text)
{
	for (; *text; text++)
		if (*text >= ' ' && *text <= '~')
			str_add_bytes(out, text, 1);
		else
			str_addf(out, "\\x%02X", (unsigned)(uint8_t)*text);
}

/* A card, cut or filled up to its length. */
static void add_card(struct str *text, const char *card)
{
	static const char blanks[FITS_CARD + 1] = "                                        "
						  "                                        ";
	size_t n = strlen(card);

	n = n < FITS_CARD ? n : FITS_CARD;
	str_add_bytes(text, card, n);
	str_add_bytes(text, blanks, FITS_CARD - n);
}

static void add_value(struct str *text, const char *name, const char *value, const char *comment)
{
	struct str card = {0};

	str_addf(&card, "%-8s= %20s", name, value);
	if (comment)
		str_addf(&card, " / %s", comment);
	add_card(text, card.p);
	str_free(&card);
}

void fits_add_real(struct str *text, const char *name, double value, const char *comment)
{
	char number[NUMBER_TEXT], out[NUMBER_TEXT + 4];
	size_t digits;

	if (!isfinite(value))
		return;
	format_f64(number, value);
	digits = strcspn(number, ".e");
	snprintf(out, sizeof(out), "%.*s%s%s", (int)digits, number,
		number[digits] == '.' ? "" : ".0", number + digits);
	for (char *p = out; *p; p++)
		if (*p == 'e')
			*p = 'E';
	add_value(text, name, out, comment);
}

void fits_add_integer(struct str *text, const char *name, int64_t value, const char *comment)
{
	char number[NUMBER_TEXT];

	snprintf(number, sizeof(number), "%lld", (long long)value);
	add_value(text, name, number, comment);
}

void fits_add_logical(struct str *text, const char *name, bool value, const char *comment)
{
	add_value(text, name, value ? "T" : "F", comment);
}

void fits_add_text(struct str *text, const char *name, const char *value, const char *comment)
{
	struct str ascii = {0}, card = {0};
	const char *p, *keyword = name;

	str_add(&ascii, "");
	add_ascii(&ascii, value);
	p = ascii.p;
	do {
		size_t used = 0;
		bool more;

		str_clear(&card);
		str_addf(&card, keyword == name ? "%-8s= '" : "%-8s  '", keyword);
		/* A quote is written twice and must not be torn apart. */
		while (*p && used + (*p == '\'' ? 2 : 1) <= TEXT_MAX) {
			used += *p == '\'' ? 2 : 1;
			str_addf(&card, *p == '\'' ? "''" : "%c", *p);
			p++;
		}
		more = *p;
		for (; used < 8 && !more; used++)
			str_add(&card, " ");
		str_add(&card, more ? "&'" : "'");
		while (comment && keyword == name && !more && card.len < 30)
			str_add(&card, " ");
		if (comment && keyword == name && !more)
			str_addf(&card, " / %s", comment);
		add_card(text, card.p);
		keyword = "CONTINUE";
	} while (*p);
	str_free(&ascii);
	str_free(&card);
}

void fits_add_commentary(struct str *text, const char *name, const char *words)
{
	struct str ascii = {0}, card = {0};

	str_add(&ascii, "");
	add_ascii(&ascii, words);
	for (size_t at = 0; at == 0 || at < ascii.len; at += WORDS_MAX) {
		str_clear(&card);
		str_addf(&card, "%-8s%.*s", name, WORDS_MAX, ascii.p + at);
		add_card(text, card.p);
	}
	str_free(&ascii);
	str_free(&card);
}

static const char *get(const struct fits_key *keys, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(keys[i].key, key))
			return keys[i].value;
	return NULL;
}

static bool get_number(const struct fits_key *keys, size_t count, const char *key, double *v)
{
	const char *text = get(keys, count, key);

	return text && parse_f64(text, false, v);
}

static void add_exposure(struct str *text, const struct fits_key *keys, size_t count)
{
	double exposure, frames = 1;
	bool exposed = get_number(keys, count, "exposure_s", &exposure);
	bool stacked = get_number(keys, count, "stack_count", &frames) && frames >= 1;

	if (exposed)
		fits_add_real(text, "EXPTIME", stacked ? exposure / frames : exposure,
			stacked && frames > 1 ? "[s] exposure of one frame, on average"
					      : "[s] exposure");
	if (stacked)
		fits_add_integer(text, "STACKCNT", (int64_t)frames, "frames in this one");
	if (exposed && stacked && frames > 1) {
		fits_add_real(text, "LIVETIME", exposure, "[s] exposure of all frames");
		fits_add_real(text, "TOTALEXP", exposure, "[s] exposure of all frames");
	}
}

/*
 * ROWORDER turns the meaning of BAYERPAT, so a frame that is bottom-up as FITS is by default does
 * without it where there is a pattern.
 */
static void add_geometry(struct str *text, const struct fits_key *keys, size_t count)
{
	const char *order = get(keys, count, "%row_order"), *bayer = get(keys, count, "%bayer");
	bool top_down = order && !strcmp(order, "top-down");

	if (order && (top_down || !bayer))
		fits_add_text(text, "ROWORDER", top_down ? "TOP-DOWN" : "BOTTOM-UP",
			"how the first row is shown");
	if (bayer)
		fits_add_text(text, "BAYERPAT", bayer, "colours from the first row on");
}

static void add_typed(struct str *text, const struct fits_key *keys, size_t count)
{
	const char *value;
	double number;

	if ((value = get(keys, count, "object")))
		fits_add_text(text, "OBJECT", value, NULL);
	if ((value = get(keys, count, "filter")))
		fits_add_text(text, "FILTER", value, NULL);
	if ((value = get(keys, count, "time_start"))) {
		size_t n = strlen(value);
		struct str time = {0};

		str_add_bytes(&time, value, n > 0 && value[n - 1] == 'Z' ? n - 1 : n);
		fits_add_text(text, "DATE-OBS", time.p ? time.p : "", "UTC, start");
		str_free(&time);
	}
	add_exposure(text, keys, count);
	if (get_number(keys, count, "gain", &number))
		fits_add_real(text, "GAIN", number, "as set at the camera");
	if (get_number(keys, count, "temperature_c", &number))
		fits_add_real(text, "CCD-TEMP", number, "[deg C] sensor");
	add_geometry(text, keys, count);
}

/* Whether one card may stand in any header: a legal keyword with a value that can be read. */
static bool is_valid(const char *card)
{
	const struct fits_header one = {(char *)(uintptr_t)card, 1};
	struct str value = {0};
	char name[FITS_NAME];
	enum fits_value kind;
	bool valid;

	fits_card_name(card, name);
	if (!*name || !strcmp(name, "COMMENT") || !strcmp(name, "HISTORY") ||
		!strcmp(name, "HIERARCH") || !strncmp(card, "CONTINUE  '", 11))
		return true;
	kind = fits_value(&one, 0, &value);
	valid = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(name) &&
		kind != FITS_COMMENTARY && kind != FITS_MALFORMED &&
		(kind != FITS_NUMBER || !strpbrk(value.p, "ed"));
	str_free(&value);
	return valid;
}

/* Whether a card of that name stands in the text already; some names may come again. */
static bool is_there(const struct str *text, const char *card)
{
	static const char *const many[] = {"", "COMMENT", "HISTORY", "HIERARCH", "CONTINUE"};

	for (size_t i = 0; i < sizeof(many) / sizeof(*many); i++)
		if (fits_card_is(card, many[i]))
			return false;
	for (size_t at = 0; at < text->len; at += FITS_CARD)
		if (!memcmp(text->p + at, card, 8))
			return true;
	return false;
}

static void add_travelled(struct str *text, const char *words, bool scaling, bool *left_out)
{
	struct str ascii = {0}, card = {0};
	enum fits_scope scope;

	str_add(&ascii, "");
	add_ascii(&ascii, words);
	add_card(&card, ascii.p);
	scope = fits_card_scope(card.p);
	if (fits_card_is(card.p, "CONTINUE") && *left_out) {
		/* of a card that is not there */
	} else if (scope == FITS_STRUCTURE || (scope == FITS_SCALING && !scaling) ||
		   is_there(text, card.p)) {
		*left_out = true;
	} else if (ascii.len > FITS_CARD || !is_valid(card.p)) {
		*left_out = true;
		fits_add_commentary(text, "COMMENT", words);
	} else {
		*left_out = false;
		str_add_bytes(text, card.p, FITS_CARD);
	}
	str_free(&ascii);
	str_free(&card);
}

void fits_add_cards(struct str *text, const struct fits_key *keys, size_t count, bool scaling)
{
	static const char *const scopes[] = {"fits.card", "%fits.card", "~fits.card"};
	bool left_out = false;
	size_t start = text->len;

	add_typed(text, keys, count);
	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; i < count; i++)
			if (!strcmp(keys[i].key, scopes[s]))
				add_travelled(text, keys[i].value, scaling, &left_out);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(keys[i].key, "history"))
			fits_add_commentary(text, "HISTORY", keys[i].value);
	for (size_t at = start; at < text->len; at += FITS_CARD)
		if (fits_card_is(text->p + at, "CONTINUE")) {
			fits_add_text(text, "LONGSTRN", "OGIP 1.0", "CONTINUE is used");
			break;
		}
}
