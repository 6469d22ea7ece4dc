/* SPDX-License-Identifier: ISC */
#include "sky/channels.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "sky/statistics.h"

/* Spelled without case, spaces and signs. */
static const struct alias {
	const char *alias, *name;
} aliases[] = {
	{"red", "r"},
	{"green", "g"},
	{"blue", "b"},
	{"lum", "l"},
	{"luminance", "l"},
	{"luminosity", "l"},
	{"clear", "l"},
	{"h", "ha"},
	{"halpha", "ha"},
	{"hydrogenalpha", "ha"},
	{"hbeta", "hb"},
	{"hydrogenbeta", "hb"},
	{"o", "oiii"},
	{"o3", "oiii"},
	{"oxygen", "oiii"},
	{"oxygen3", "oiii"},
	{"oxygeniii", "oiii"},
	{"s", "sii"},
	{"s2", "sii"},
	{"sulfur", "sii"},
	{"sulphur", "sii"},
	{"sulfur2", "sii"},
	{"sulphur2", "sii"},
	{"sulfurii", "sii"},
	{"sulphurii", "sii"},
	{"n", "nii"},
	{"n2", "nii"},
	{"nitrogenii", "nii"},
};

/* The letters and digits of text in lower case; Greek alpha and beta are a and b. */
static bool plain(const char *text, size_t length, char name[CHANNEL_NAME])
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == 0xce && i + 1 < length && (text[i + 1] == '\xb1' || text[i + 1] == '\xb2'))
			c = text[++i] == '\xb1' ? 'a' : 'b';
		if (!isalnum(c) || c >= 0x80)
			continue;
		if (n == CHANNEL_NAME - 1)
			return false;
		name[n++] = (char)tolower(c);
	}
	name[n] = '\0';
	return n > 0;
}

/* The length of text without a bandwidth such as " 3.5nm" at its end. */
static size_t without_bandwidth(const char *text)
{
	size_t length = strlen(text), end = length;

	if (end < 3 || tolower((unsigned char)text[end - 2]) != 'n' ||
		tolower((unsigned char)text[end - 1]) != 'm')
		return length;
	end -= 2;
	while (end > 0 && text[end - 1] == ' ')
		end--;
	length = end;
	while (end > 0 && (isdigit((unsigned char)text[end - 1]) || text[end - 1] == '.'))
		end--;
	return end > 0 && end < length ? end : strlen(text);
}

bool channel_name(const char *filter, char name[CHANNEL_NAME])
{
	if (!plain(filter, without_bandwidth(filter), name))
		return false;
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		if (!strcmp(name, aliases[i].alias)) {
			strcpy(name, aliases[i].name);
			break;
		}
	return true;
}

struct channel_level channel_level(const float *v, size_t n, struct pool *pool)
{
	double median = median_f32(v, n, pool);

	return (struct channel_level){median, mad_f32(v, n, median, pool)};
}

void channel_match(float *v, size_t n, struct channel_level from, struct channel_level to)
{
	double factor = to.mad / from.mad, offset = to.median - from.median * factor;

	for (size_t i = 0; i < n; i++)
		v[i] = (float)((double)v[i] * factor + offset);
}

void channel_luminance(float *r, float *g, float *b, const float *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float y = 0.2126f * r[i] + 0.7152f * g[i] + 0.0722f * b[i], factor = l[i] / y;
		bool grey = y <= 0;

		r[i] = grey ? l[i] : r[i] * factor;
		g[i] = grey ? l[i] : g[i] * factor;
		b[i] = grey ? l[i] : b[i] * factor;
	}
}
