/* SPDX-License-Identifier: ISC */
/*
 * The strict scan of FITS headers. What a header says is checked against the size of the file
 * before it is believed, and what is known to break CFITSIO does not pass.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "io/fits.h"

static bool blank(const char *text, size_t n)
{
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return n == 0;
}

bool fits_card_is(const char *card, const char *keyword)
{
	size_t n = strlen(keyword);

	return n <= 8 && !memcmp(card, keyword, n) && (n == 8 || !memcmp(card + n, "        ", 8 - n));
}

void fits_card_keyword(const char *card, char keyword[9])
{
	size_t n = 8;

	while (n > 0 && card[n - 1] == ' ')
		n--;
	memcpy(keyword, card, n);
	keyword[n] = 0;
}

/* 'it''s  ' with blanks at the end left out; an end without a quote counts as one. */
static void quoted(const char *p, const char *end, char value[FITS_TEXT])
{
	size_t n = 0;

	while (p < end) {
		if (*p == '\'' && (p + 1 == end || p[1] != '\''))
			break;
		p += *p == '\'';
		value[n++] = *p++;
	}
	while (n > 0 && value[n - 1] == ' ')
		n--;
	value[n] = 0;
}

bool fits_card_value(const char *card, char value[FITS_TEXT])
{
	const char *p = card + 10, *end = card + FITS_CARD;
	size_t n = 0;

	if (card[8] != '=' || card[9] != ' ')
		return false;
	while (p < end && *p == ' ')
		p++;
	if (p < end && *p == '\'') {
		quoted(p + 1, end, value);
		return true;
	}
	while (p < end && *p != '/')
		value[n++] = *p++;
	while (n > 0 && value[n - 1] == ' ')
		n--;
	value[n] = 0;
	return n > 0;
}

bool fits_value(const struct fits_hdu *hdu, const char *keyword, char value[FITS_TEXT])
{
	for (size_t i = 0; i < hdu->card_count; i++)
		if (fits_card_is(hdu->cards + i * FITS_CARD, keyword))
			return fits_card_value(hdu->cards + i * FITS_CARD, value);
	return false;
}

bool fits_value_i64(const struct fits_hdu *hdu, const char *keyword, int64_t *v)
{
	char text[FITS_TEXT];
	const char *p = text;

	if (!fits_value(hdu, keyword, text))
		return false;
	p += *p == '+';
	return parse_i64(p, v);
}

bool fits_value_f64(const struct fits_hdu *hdu, const char *keyword, double *v)
{
	char text[FITS_TEXT], *p;

	if (!fits_value(hdu, keyword, text))
		return false;
	for (p = text; *p; p++)
		if (*p == 'D' || *p == 'd')
			*p = 'E';
	p = text + (*text == '+');
	return parse_f64(p, false, v);
}

/* An integer that must be there and within bounds. */
static int need(const struct fits_hdu *hdu, const char *keyword, int64_t min, int64_t max, int64_t *v,
	struct error *e)
{
	if (!fits_value_i64(hdu, keyword, v))
		return fail(e, EXIT_DATA, "%s: missing or no integer", keyword);
	if (*v < min || *v > max)
		return fail(e, EXIT_DATA, "%s %lld: must be %lld to %lld", keyword, (long long)*v,
			(long long)min, (long long)max);
	return 0;
}

/* The same where the standard gives a default. */
static int may(const struct fits_hdu *hdu, const char *keyword, int64_t fallback, int64_t min,
	int64_t max, int64_t *v, struct error *e)
{
	char text[FITS_TEXT];

	*v = fallback;
	return fits_value(hdu, keyword, text) ? need(hdu, keyword, min, max, v, e) : 0;
}

static int read_bitpix(const struct fits_hdu *hdu, const char *keyword, int *bitpix, struct error *e)
{
	int64_t v;
	int code = need(hdu, keyword, -64, 64, &v, e);

	if (code)
		return code;
	if (v != 8 && v != 16 && v != 32 && v != 64 && v != -32 && v != -64)
		return fail(e, EXIT_DATA, "%s %lld: must be 8, 16, 32, 64, -32 or -64", keyword,
			(long long)v);
	*bitpix = (int)v;
	return 0;
}

/* NAXIS and NAXISn, or their doubles with Z; *product is the number of values, 0 without axes. */
static int read_axes(const struct fits_hdu *hdu, const char *prefix, unsigned *naxis,
	uint64_t axis[FITS_AXES], uint64_t *product, struct error *e)
{
	char keyword[16];
	int64_t v;
	int code;

	snprintf(keyword, sizeof(keyword), "%sNAXIS", prefix);
	if ((code = need(hdu, keyword, 0, FITS_AXES, &v, e)))
		return code;
	*naxis = (unsigned)v;
	*product = v > 0;
	for (unsigned i = 0; i < *naxis; i++) {
		snprintf(keyword, sizeof(keyword), "%sNAXIS%u", prefix, i + 1);
		if ((code = need(hdu, keyword, 0, INT64_MAX, &v, e)))
			return code;
		axis[i] = (uint64_t)v;
		if (!mul_fits(*product, axis[i], product))
			return fail(e, EXIT_DATA, "%s: the image has more values than fit", keyword);
	}
	return 0;
}

static int read_scale(struct fits_hdu *hdu, struct error *e)
{
	char text[FITS_TEXT];

	hdu->bscale = 1;
	hdu->bzero = 0;
	if (fits_value(hdu, "BSCALE", text) && !fits_value_f64(hdu, "BSCALE", &hdu->bscale))
		return fail(e, EXIT_DATA, "BSCALE: no number");
	if (fits_value(hdu, "BZERO", text) && !fits_value_f64(hdu, "BZERO", &hdu->bzero))
		return fail(e, EXIT_DATA, "BZERO: no number");
	if (hdu->bscale == 0 || !isfinite(hdu->bscale) || !isfinite(hdu->bzero))
		return fail(e, EXIT_DATA, "BSCALE, BZERO: must be finite and BSCALE not 0");
	hdu->has_blank = hdu->bitpix > 0 && fits_value_i64(hdu, hdu->packed ? "ZBLANK" : "BLANK", &hdu->blank);
	if (hdu->packed && !hdu->has_blank)
		hdu->has_blank = hdu->bitpix > 0 && fits_value_i64(hdu, "BLANK", &hdu->blank);
	return 0;
}

/* A table that packs an image: what the image will be, and what CFITSIO must not meet. */
static int read_packed(struct fits_hdu *hdu, struct error *e)
{
	char keyword[16];
	uint64_t values, tile;
	int64_t v;
	int code;

	if ((code = read_bitpix(hdu, "ZBITPIX", &hdu->bitpix, e)) ||
		(code = read_axes(hdu, "Z", &hdu->naxis, hdu->axis, &values, e)))
		return code;
	tile = 1;
	for (unsigned i = 0; i < hdu->naxis; i++) {
		snprintf(keyword, sizeof(keyword), "ZTILE%u", i + 1);
		if (hdu->axis[i] == 0)
			return fail(e, EXIT_DATA, "ZNAXIS%u 0: must be at least 1", i + 1);
		if ((code = may(hdu, keyword, i == 0 ? (int64_t)hdu->axis[0] : 1, 1,
			     (int64_t)hdu->axis[i], &v, e)))
			return code;
		tile *= (uint64_t)v; /* at most the image, which has been checked */
	}
	if (tile > INT32_MAX)
		return fail(e, EXIT_DATA, "ZTILEn: a tile of %llu values: must be at most %d",
			(unsigned long long)tile, INT32_MAX);
	return 0;
}

/* What the header says about the data after it, in bytes. */
static int read_structure(struct fits_hdu *hdu, bool primary, struct error *e)
{
	char text[FITS_TEXT] = "";
	uint64_t axis[FITS_AXES] = {0}, values, size;
	int64_t pcount, gcount, fields = 0;
	unsigned naxis;
	bool table;
	int code;

	if (!primary)
		fits_card_value(hdu->cards, text);
	table = !strcmp(text, "BINTABLE") || !strcmp(text, "A3DTABLE") || !strcmp(text, "TABLE");
	hdu->image = primary || !strcmp(text, "IMAGE");
	if ((code = read_bitpix(hdu, "BITPIX", &hdu->bitpix, e)) ||
		(code = read_axes(hdu, "", &naxis, axis, &values, e)) ||
		(code = may(hdu, "PCOUNT", 0, 0, INT64_MAX / 16, &pcount, e)) ||
		(code = may(hdu, "GCOUNT", 1, 0, INT64_MAX / 16, &gcount, e)) ||
		(table && (code = may(hdu, "TFIELDS", 0, 0, 999, &fields, e))))
		return code;
	if (fits_value(hdu, "GROUPS", text) && !strcmp(text, "T") && naxis > 0 && axis[0] == 0)
		return fail(e, EXIT_DATA, "random groups: are not read");
	if (__builtin_add_overflow(values, (uint64_t)pcount, &size) ||
		!mul_fits(size, (uint64_t)gcount, &size) ||
		!mul_fits(size, (uint64_t)abs(hdu->bitpix) / 8, &size) || size > INT64_MAX / 2)
		return fail(e, EXIT_DATA, "NAXISn: %s", "the data have more bytes than fit");
	hdu->data_size = size;
	hdu->packed = table && fits_value(hdu, "ZIMAGE", text) && !strcmp(text, "T");
	if (hdu->packed) {
		hdu->image = true;
		code = read_packed(hdu, e);
	} else if (hdu->image) {
		hdu->naxis = naxis;
		memcpy(hdu->axis, axis, sizeof(axis));
	}
	return code || !hdu->image ? code : read_scale(hdu, e);
}

/* Reads blocks up to END. *offset moves behind the header. */
static int read_cards(fits_read_at_fn *read_at, void *arg, uint64_t *offset, struct fits_hdu *hdu,
	struct error *e)
{
	char block[FITS_BLOCK];
	size_t room = 0;

	for (;;) {
		size_t got = read_at(arg, *offset, block, sizeof(block));

		if (got < sizeof(block))
			return fail(e, EXIT_DATA, "the header has no END: truncated or not FITS");
		*offset += sizeof(block);
		for (size_t i = 0; i < sizeof(block); i += FITS_CARD) {
			char *card = block + i;

			for (size_t k = 0; k < FITS_CARD; k++)
				if (!card[k])
					card[k] = ' ';
			if (fits_card_is(card, "END") && blank(card + 8, 2))
				return 0;
			if (hdu->card_count == FITS_CARDS_MAX)
				return fail(e, EXIT_DATA, "a header of more than %d cards",
					FITS_CARDS_MAX);
			if (hdu->card_count == room)
				hdu->cards = xrealloc(hdu->cards, room += 72, FITS_CARD + 1);
			memcpy(hdu->cards + hdu->card_count++ * FITS_CARD, card, FITS_CARD);
		}
	}
}

static bool begins(const struct fits_hdu *hdu, bool primary)
{
	char value[FITS_TEXT];

	if (hdu->card_count == 0)
		return false;
	if (!primary)
		return fits_card_is(hdu->cards, "XTENSION");
	return fits_card_is(hdu->cards, "SIMPLE") && fits_card_value(hdu->cards, value) &&
		!strcmp(value, "T");
}

int fits_scan(fits_read_at_fn *read_at, void *arg, uint64_t size, struct fits_hdu **hdu, size_t *count,
	struct error *e)
{
	uint64_t offset = 0;
	size_t room = 0;
	char start[9] = "";
	int code;

	*hdu = NULL;
	*count = 0;
	do {
		bool primary = *count == 0;
		struct fits_hdu *h;

		/* After the last HDU anything may follow. */
		if (!primary && (read_at(arg, offset, start, 8) < 8 || memcmp(start, "XTENSION", 8) != 0))
			break;
		if (primary && (read_at(arg, 0, start, 8) < 8 || memcmp(start, "SIMPLE  ", 8) != 0))
			return fail(e, EXIT_DATA, "not FITS: must begin with SIMPLE");
		if (*count == FITS_HDUS_MAX)
			return fail(e, EXIT_DATA, "more than %d HDUs", FITS_HDUS_MAX);
		if (*count == room)
			*hdu = xrealloc(*hdu, room += 8, sizeof(**hdu));
		h = &(*hdu)[(*count)++];
		*h = (struct fits_hdu){.header_offset = offset};
		if ((code = read_cards(read_at, arg, &offset, h, e)))
			return code;
		if (!begins(h, primary))
			return fail(e, EXIT_DATA, "HDU %zu: does not begin with %s", *count - 1,
				primary ? "SIMPLE = T" : "XTENSION");
		if ((code = read_structure(h, primary, e)))
			return code;
		h->data_offset = offset;
		if (h->data_size > size || offset > size - h->data_size)
			return fail(e, EXIT_DATA,
				"HDU %zu: truncated: announces %llu bytes of data, the file has %llu after "
				"its header",
				*count - 1, (unsigned long long)h->data_size,
				(unsigned long long)(size - offset));
		offset += round_up(h->data_size, FITS_BLOCK);
	} while (offset < size);
	return 0;
}

void fits_scan_free(struct fits_hdu *hdu, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(hdu[i].cards);
	free(hdu);
}
