/* SPDX-License-Identifier: ISC */
#include "image/section.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "image/cards.h"

#define SIDE_MAX INT32_MAX

/* The next whole number of a text, ended by `end`; *text moves behind it. */
static bool next_number(const char **text, char end, int64_t *v)
{
	const char *stop = end ? strchr(*text, end) : *text + strlen(*text);
	char number[16] = "";
	size_t n;

	if (!stop || (n = (size_t)(stop - *text)) >= sizeof(number))
		return false;
	while (n > 0 && **text == ' ')
		(*text)++, n--;
	while (n > 0 && (*text)[n - 1] == ' ')
		n--;
	memcpy(number, *text, n);
	*text = end ? stop + 1 : stop;
	return parse_i64(number, v) && *v >= 0 && *v <= SIDE_MAX;
}

bool section_parse(const char *text, struct section *s)
{
	int64_t x, y, w, h;

	if (!next_number(&text, ',', &x) || !next_number(&text, ',', &y) ||
		!next_number(&text, ',', &w) || !next_number(&text, 0, &h) || w == 0 || h == 0)
		return false;
	*s = (struct section){(size_t)x, (size_t)y, (size_t)w, (size_t)h};
	return true;
}

bool section_of_card(const struct meta *meta, const char *keyword, struct section *s)
{
	char value[CARD_TEXT];
	const char *text = value;
	int64_t x1, x2, y1, y2;

	if (!cards_value(meta, "%fits.card", keyword, value))
		return false;
	if (*text++ != '[' || !next_number(&text, ':', &x1) || !next_number(&text, ',', &x2) ||
		!next_number(&text, ':', &y1) || !next_number(&text, ']', &y2) || x1 < 1 ||
		y1 < 1 || x2 < x1 || y2 < y1)
		die(EXIT_DATA, "%s '%s': must be [x1:x2,y1:y2], counted from 1", keyword, value);
	*s = (struct section){
		(size_t)x1 - 1, (size_t)y1 - 1, (size_t)(x2 - x1 + 1), (size_t)(y2 - y1 + 1)};
	return true;
}

bool section_fits(const struct section *s, const struct image *i)
{
	return s->left + s->width <= i->width && s->top + s->height <= i->height;
}

void *section_cut(const struct section *s, const struct image *i)
{
	size_t size = dtype_size(i->dtype), row = s->width * size;
	char *pixels = xaligned(i->planes * s->height, row), *out = pixels;
	const char *in = i->pixels;

	for (size_t p = 0; p < i->planes; p++)
		for (size_t y = 0; y < s->height; y++, out += row)
			memcpy(out, in + ((p * i->height + s->top + y) * i->width + s->left) * size,
				row);
	return pixels;
}

void section_meta(struct meta *to, const struct meta *from, const struct section *s)
{
	static const char *const sections[] = {"TRIMSEC", "BIASSEC", "DATASEC", "CCDSEC", "DETSEC",
		"AMPSEC", "LTV1", "LTV2", NULL};
	const char *pattern = image_bayer(from);
	char moved[5] = "";

	for (size_t i = 0; pattern && i < 4; i++)
		moved[i] = pattern[(i / 2 + s->top) % 2 * 2 + (i + s->left) % 2];
	cards_copy_geometry(to, from, (double)s->left, (double)s->top, 1);
	cards_remove(to, "%fits.card", sections);
	if (pattern)
		meta_set(to, "%bayer", moved);
}
