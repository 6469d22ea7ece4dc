/* SPDX-License-Identifier: ISC */
#include "base/str.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void reserve(struct str *s, size_t more)
{
	if (s->len + more + 1 <= s->size)
		return;
	s->size = (s->len + more + 1) * 2;
	s->p = xrealloc(s->p, s->size, 1);
}

void str_add_bytes(struct str *s, const void *bytes, size_t n)
{
	reserve(s, n);
	memcpy(s->p + s->len, bytes, n);
	s->len += n;
	s->p[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_bytes(s, text, strlen(text));
}

void str_addf(struct str *s, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	reserve(s, (size_t)n);
	va_start(ap, format);
	vsnprintf(s->p + s->len, (size_t)n + 1, format, ap);
	va_end(ap);
	s->len += (size_t)n;
}

void str_clear(struct str *s)
{
	s->len = 0;
	if (s->p)
		s->p[0] = '\0';
}

void str_free(struct str *s)
{
	free(s->p);
	*s = (struct str){0};
}

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

void str_add_json(struct str *s, const char *text)
{
	size_t n = strlen(text), length;

	str_add(s, "\"");
	for (const char *p = text; n > 0; p += length, n -= length) {
		length = utf8_length(p, n);
		if (length == 0) {
			str_add(s, "\xef\xbf\xbd");
			length = 1;
		} else if (*p == '"' || *p == '\\') {
			str_addf(s, "\\%c", *p);
		} else if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			str_addf(s, "\\u%04x", (unsigned)*p);
		} else {
			str_add_bytes(s, p, length);
		}
	}
	str_add(s, "\"");
}

void str_add_shell(struct str *s, const char *text)
{
	const char *harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       "%+,-./:=@_";

	if (*text && text[strspn(text, harmless)] == '\0') {
		str_add(s, text);
		return;
	}
	str_add(s, "'");
	for (; *text; text++) {
		if (*text == '\'')
			str_add(s, "'\\''");
		else
			str_add_bytes(s, text, 1);
	}
	str_add(s, "'");
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
