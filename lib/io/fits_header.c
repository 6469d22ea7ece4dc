/* SPDX-License-Identifier: ISC */
#include "io/fits_header.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

bool fits_card_is(const char *card, const char *name)
{
	size_t n = strlen(name);

	if (n > 8 || memcmp(card, name, n))
		return false;
	for (; n < 8; n++)
		if (card[n] != ' ')
			return false;
	return true;
}

char *fits_card_name(const char *card, char name[FITS_NAME])
{
	size_t n = 8;

	while (n > 0 && card[n - 1] == ' ')
		n--;
	memcpy(name, card, n);
	name[n] = '\0';
	return name;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

/* What follows a value: nothing, or a comment. */
static bool ends_well(const char *p, const char *end)
{
	p = skip_blanks(p, end);
	return p == end || *p == '/';
}

/* The string whose quote opens at p; false if it does not close. */
static bool quoted(const char *p, const char *end, struct str *text)
{
	size_t from = text->len;

	for (p++; p < end; p++) {
		if (*p == '\'' && (p + 1 == end || p[1] != '\'')) {
			while (text->len > from && text->p[text->len - 1] == ' ')
				text->p[--text->len] = '\0';
			return ends_well(p + 1, end);
		}
		p += *p == '\'';
		/* NUL is no text; C strings end there. */
		str_add_bytes(text, *p ? p : "?", 1);
	}
	return false;
}

static bool continues(const struct fits_header *h, size_t i, const struct str *text)
{
	return text->len > 0 && text->p[text->len - 1] == '&' && i < h->count &&
	       !memcmp(fits_card(h, i), "CONTINUE  ", 10);
}

enum fits_value fits_value(const struct fits_header *h, size_t i, struct str *text)
{
	const char *card = fits_card(h, i), *end = card + FITS_CARD, *p, *stop;
	double number;

	str_clear(text);
	str_add(text, "");
	if (memcmp(card + 8, "= ", 2) || fits_card_is(card, "COMMENT") ||
		fits_card_is(card, "HISTORY") || fits_card_is(card, ""))
		return FITS_COMMENTARY;
	p = skip_blanks(card + 10, end);
	if (p == end || *p == '/')
		return FITS_UNDEFINED;
	if (*p == '\'') {
		if (!quoted(p, end, text))
			return FITS_MALFORMED;
		while (continues(h, ++i, text)) {
			p = skip_blanks(fits_card(h, i) + 10, fits_card(h, i) + FITS_CARD);
			text->p[--text->len] = '\0';
			if (p == fits_card(h, i) + FITS_CARD || *p != '\'' ||
				!quoted(p, fits_card(h, i) + FITS_CARD, text))
				return FITS_MALFORMED;
		}
		return FITS_TEXT;
	}
	for (stop = p; stop < end && *stop != ' ' && *stop != '/'; stop++)
		str_add_bytes(text, *stop ? stop : "?", 1);
	if (!ends_well(stop, end))
		return FITS_MALFORMED;
	if (!strcmp(text->p, "T") || !strcmp(text->p, "F"))
		return FITS_LOGICAL;
	return fits_parse_f64(text->p, &number) ? FITS_NUMBER : FITS_MALFORMED;
}

size_t fits_find(const struct fits_header *h, const char *name)
{
	size_t i = 0;

	while (i < h->count && !fits_card_is(fits_card(h, i), name))
		i++;
	return i;
}

bool fits_parse_f64(const char *text, double *v)
{
	char plain[FITS_CARD + 1];
	size_t n = 0;

	for (text += *text == '+'; *text; text++) {
		if (n == FITS_CARD || !strchr("0123456789+-.EeDd", *text))
			return false;
		plain[n++] = *text == 'D' || *text == 'd' ? 'E' : *text;
	}
	plain[n] = '\0';
	/* "1." is a real of FITS. */
	return parse_f64(plain, false, v) && isfinite(*v);
}

static bool parse_integer(const char *text, int64_t *v)
{
	return parse_i64(text + (*text == '+'), v);
}

int fits_i64(
	const struct fits_header *h, const char *name, int64_t *v, bool *there, struct error *e)
{
	size_t i = fits_find(h, name);
	struct str text = {0};
	bool right;

	*there = i < h->count;
	if (!*there)
		return 0;
	right = fits_value(h, i, &text) == FITS_NUMBER && parse_integer(text.p, v);
	str_free(&text);
	return right ? 0 : fail(e, EXIT_DATA, "%s: must be an integer", name);
}

int fits_f64(const struct fits_header *h, const char *name, double *v, bool *there, struct error *e)
{
	size_t i = fits_find(h, name);
	struct str text = {0};
	bool right;

	*there = i < h->count;
	if (!*there)
		return 0;
	right = fits_value(h, i, &text) == FITS_NUMBER && fits_parse_f64(text.p, v);
	str_free(&text);
	return right ? 0 : fail(e, EXIT_DATA, "%s: must be a finite number", name);
}

bool fits_text(const struct fits_header *h, const char *name, struct str *text)
{
	size_t i = fits_find(h, name);

	return i < h->count && fits_value(h, i, text) == FITS_TEXT;
}

/* An integer within bounds that must be there, unless `fallback` is within them. */
static int bounded(const struct fits_header *h, const char *name, int64_t min, int64_t max,
	int64_t fallback, int64_t *v, struct error *e)
{
	bool there;

	if (fits_i64(h, name, v, &there, e))
		return e->code;
	if (!there && (fallback < min || fallback > max))
		return fail(e, EXIT_DATA, "no card %s", name);
	if (!there)
		*v = fallback;
	if (*v < min || *v > max)
		return fail(e, EXIT_DATA, "%s %lld: must be %lld to %lld", name, (long long)*v,
			(long long)min, (long long)max);
	return 0;
}

/* Reads cards until END; *at ends behind the last block. */
static int read_header(struct fits_header *h, uint64_t *at, uint64_t size, fits_read_fn *read,
	void *arg, struct error *e)
{
	size_t room = 0;

	*h = (struct fits_header){0};
	for (;;) {
		char *block;

		if (size - *at < FITS_BLOCK)
			return fail(e, EXIT_DATA, "cut short in a header, or without END");
		if (h->count + FITS_BLOCK / FITS_CARD > room) {
			room = room ? 2 * room : 4 * FITS_BLOCK / FITS_CARD;
			h->cards = xrealloc(h->cards, room, FITS_CARD);
		}
		block = h->cards + h->count * FITS_CARD;
		if (read(arg, *at, block, FITS_BLOCK, e))
			return e->code;
		*at += FITS_BLOCK;
		for (size_t i = 0; i < FITS_BLOCK / FITS_CARD; i++) {
			const char *card = block + i * FITS_CARD;

			if (fits_card_is(card, "END"))
				return 0;
			for (size_t k = 0; k < 8; k++)
				if (card[k] < ' ' || card[k] > '~')
					return fail(e, EXIT_DATA,
						"card %zu: its keyword is no text", h->count + 1);
			if (++h->count > FITS_CARDS_MAX)
				return fail(e, EXIT_DATA, "more than %d cards in a header",
					FITS_CARDS_MAX);
		}
	}
}

static int only_once(const struct fits_header *h, const char *name, struct error *e)
{
	size_t found = 0;

	for (size_t i = 0; i < h->count; i++)
		found += fits_card_is(fits_card(h, i), name);
	return found > 1 ? fail(e, EXIT_DATA, "%s stands there %zu times", name, found) : 0;
}

/* BITPIX, NAXIS, NAXISn, or the same of a compressed image with their Z. */
static int read_shape(struct fits_hdu *u, const char *prefix, struct error *e)
{
	int64_t bitpix, axes, length;
	char name[16];

	snprintf(name, sizeof(name), "%sBITPIX", prefix);
	if (only_once(&u->header, name, e) ||
		bounded(&u->header, name, -64, 64, INT64_MIN, &bitpix, e))
		return e->code;
	if (bitpix != 8 && bitpix != 16 && bitpix != 32 && bitpix != 64 && bitpix != -32 &&
		bitpix != -64)
		return fail(e, EXIT_DATA, "%s %lld: must be 8, 16, 32, 64, -32 or -64", name,
			(long long)bitpix);
	snprintf(name, sizeof(name), "%sNAXIS", prefix);
	if (only_once(&u->header, name, e) ||
		bounded(&u->header, name, 0, FITS_AXES_MAX, INT64_MIN, &axes, e))
		return e->code;
	u->bitpix = (int)bitpix;
	u->axes = (unsigned)axes;
	u->pixels = axes > 0;
	for (unsigned i = 0; i < u->axes; i++) {
		snprintf(name, sizeof(name), "%sNAXIS%u", prefix, i + 1);
		if (only_once(&u->header, name, e) ||
			bounded(&u->header, name, 0, INT32_MAX, INT64_MIN, &length, e))
			return e->code;
		u->axis[i] = (uint64_t)length;
		if (!mul_fits(u->pixels, u->axis[i], &u->pixels) || u->pixels > INT64_MAX / 16)
			return fail(e, EXIT_DATA, "%s: the axes' product is too large", name);
	}
	return 0;
}

static int read_scale(struct fits_hdu *u, struct error *e)
{
	bool there;

	u->zero = 0;
	u->scale = 1;
	if (fits_f64(&u->header, "BZERO", &u->zero, &there, e) ||
		fits_f64(&u->header, "BSCALE", &u->scale, &there, e))
		return e->code;
	if (u->scale == 0)
		return fail(e, EXIT_DATA, "BSCALE 0: must not be 0");
	u->scaled = u->zero != 0 || u->scale != 1;
	if (u->bitpix < 0)
		return 0;
	if (fits_i64(&u->header, u->compressed ? "ZBLANK" : "BLANK", &u->blank, &u->has_blank, e))
		return e->code;
	return !u->has_blank && u->compressed
		       ? fits_i64(&u->header, "BLANK", &u->blank, &u->has_blank, e)
		       : 0;
}

static bool has_logical(const struct fits_header *h, const char *name, const char *value)
{
	size_t i = fits_find(h, name);
	struct str text = {0};
	bool is = i < h->count && fits_value(h, i, &text) == FITS_LOGICAL && !strcmp(text.p, value);

	str_free(&text);
	return is;
}

/* What the header claims of its data: bytes, kind, shape. */
static int read_claims(struct fits_hdu *u, bool first, struct error *e)
{
	struct str kind = {0};
	int64_t parameters, groups, fields;
	bool table = false, image = first;

	if (!first) {
		if (fits_text(&u->header, "XTENSION", &kind)) {
			table = !strcmp(kind.p, "BINTABLE");
			image = !strcmp(kind.p, "IMAGE");
		}
		str_free(&kind);
	}
	if (read_shape(u, "", e) ||
		bounded(&u->header, "PCOUNT", 0, INT64_MAX / 16, 0, &parameters, e) ||
		bounded(&u->header, "GCOUNT", 1, INT64_MAX / 16, 1, &groups, e))
		return e->code;
	if (image && u->axes > 0 && u->pixels == 0)
		return fail(e, EXIT_DATA,
			"an axis of length 0: random groups and empty images are not read");
	if (image && (parameters != 0 || groups != 1))
		return fail(e, EXIT_DATA, "PCOUNT and GCOUNT of an image: must be 0 and 1");
	if (!mul_fits(u->pixels + (uint64_t)parameters, (uint64_t)groups, &u->size) ||
		!mul_fits(u->size, (uint64_t)abs(u->bitpix) / 8, &u->size) || u->size > INT64_MAX)
		return fail(e, EXIT_DATA, "its size is no number of bytes");
	if (!table || !has_logical(&u->header, "ZIMAGE", "T")) {
		u->image = image && u->axes > 0;
		return u->image ? read_scale(u, e) : 0;
	}
	if (u->bitpix != 8 || u->axes != 2 || groups != 1)
		return fail(e, EXIT_DATA, "BITPIX, NAXIS, GCOUNT of a table: must be 8, 2, 1");
	if (bounded(&u->header, "TFIELDS", 1, 999, INT64_MIN, &fields, e) || read_shape(u, "Z", e))
		return e->code;
	if (u->axes > 0 && u->pixels == 0)
		return fail(e, EXIT_DATA, "ZNAXISn: an axis of length 0");
	u->image = u->axes > 0;
	u->compressed = true;
	return read_scale(u, e);
}

static int scan_hdu(struct fits_hdu *u, bool first, uint64_t *at, uint64_t size, fits_read_fn *read,
	void *arg, struct error *e)
{
	uint64_t padded;

	if (read_header(&u->header, at, size, read, arg, e))
		return e->code;
	if (u->header.count == 0 || (first && !has_logical(&u->header, "SIMPLE", "T")))
		return fail(e, EXIT_DATA, "SIMPLE: must be T");
	if (read_claims(u, first, e))
		return e->code;
	u->data = *at;
	if (u->size > size - *at)
		return fail(e, EXIT_DATA, "cut short: %llu bytes of data, %llu are there",
			(unsigned long long)u->size, (unsigned long long)(size - *at));
	padded = round_up(u->size, FITS_BLOCK);
	*at += padded < size - *at ? padded : size - *at;
	return 0;
}

int fits_scan(struct fits_hdus *out, uint64_t size, fits_read_fn *read, void *arg, struct error *e)
{
	uint64_t at = 0;
	char start[10];

	*out = (struct fits_hdus){0};
	for (;;) {
		bool first = out->count == 0;
		struct error inner;

		if (!first && size - at < FITS_BLOCK)
			return 0;
		if (size - at < sizeof(start))
			return fail(e, EXIT_DATA, "not a FITS file");
		if (read(arg, at, start, sizeof(start), e))
			break;
		if (memcmp(start, first ? "SIMPLE  = " : "XTENSION= ", sizeof(start))) {
			if (!first)
				return 0; /* special records, or what a transfer left there */
			fail(e, EXIT_DATA, "not a FITS file");
			break;
		}
		if (out->count == FITS_HDUS_MAX) {
			fail(e, EXIT_DATA, "more than %d HDUs", FITS_HDUS_MAX);
			break;
		}
		out->hdu = xrealloc(out->hdu, out->count + 1, sizeof(*out->hdu));
		out->hdu[out->count] = (struct fits_hdu){0};
		if (scan_hdu(&out->hdu[out->count++], first, &at, size, read, arg, &inner)) {
			fail(e, inner.code, "HDU %zu: %s", out->count - 1, inner.text);
			break;
		}
	}
	fits_hdus_free(out);
	return e->code;
}

void fits_hdus_free(struct fits_hdus *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->hdu[i].header.cards);
	free(h->hdu);
	*h = (struct fits_hdus){0};
}
