/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t utf8_length(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c;
	size_t length;

	if (n == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] < 0xe0)
		length = 2, c = u[0] & 0x1f;
	else if (u[0] >= 0xe0 && u[0] < 0xf0)
		length = 3, c = u[0] & 0x0f;
	else if (u[0] >= 0xf0 && u[0] < 0xf5)
		length = 4, c = u[0] & 0x07;
	else
		return 0;
	if (n < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if ((length == 3 && c < 0x800) || (length == 4 && (c < 0x10000 || c > 0x10ffff)) ||
		(c >= 0xd800 && c < 0xe000))
		return 0;
	return length;
}

size_t printable_length(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t length = utf8_length(s, n);

	if (length == 1 && (*u < 0x20 || *u == 0x7f))
		return 0;
	return length == 2 && u[0] == 0xc2 && u[1] < 0xa0 ? 0 : length;
}

char *escape(char *out, size_t size, const char *text, size_t n)
{
	size_t used = 0;

	while (n > 0) {
		size_t length = printable_length(text, n), room = length ? length : 4;

		if (used + room >= size)
			break;
		if (length)
			memcpy(out + used, text, length);
		else
			snprintf(out + used, 5, "\\x%02X", (unsigned char)*text);
		used += room;
		length += !length;
		text += length;
		n -= length;
	}
	out[used] = '\0';
	return out;
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}
