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

void str_add_escaped(struct str *s, const char *text)
{
	size_t n = strlen(text);

	reserve(s, 4 * n);
	escape(s->p + s->len, 4 * n + 1, text, n);
	s->len += strlen(s->p + s->len);
}

void str_add_base64(struct str *s, const void *bytes, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *b = bytes;
	char *out;

	reserve(s, (n + 2) / 3 * 4);
	out = s->p + s->len;
	for (; n > 0; b += 3) {
		size_t have = n < 3 ? n : 3;
		uint32_t word = (uint32_t)b[0] << 16 | (have > 1 ? (uint32_t)b[1] << 8 : 0) |
				(have > 2 ? b[2] : 0);

		*out++ = digits[word >> 18];
		*out++ = digits[word >> 12 & 63];
		*out++ = have > 1 ? digits[word >> 6 & 63] : '=';
		*out++ = have > 2 ? digits[word & 63] : '=';
		n -= have;
	}
	*out = '\0';
	s->len = (size_t)(out - s->p);
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
		} else if (*p == '\xc2' && (unsigned char)p[1] < 0xa0) {
			/* Controls too, of which 9B begins a terminal's sequences. */
			str_addf(s, "\\u%04x", (unsigned)(unsigned char)p[1]);
		} else {
			str_add_bytes(s, p, length);
		}
	}
	str_add(s, "\"");
}

static bool all_print(const char *text)
{
	size_t length, n = strlen(text);

	for (; n > 0; text += length, n -= length)
		if ((length = printable_length(text, n)) == 0)
			return false;
	return true;
}

/* $'…': what does not print as \ooo, so neither a terminal nor make(1) takes it for a command. */
static void add_escaped_word(struct str *s, const char *text)
{
	size_t length;

	str_add(s, "$'");
	for (size_t n = strlen(text); n > 0; text += length, n -= length) {
		length = printable_length(text, n);
		if (length == 0) {
			str_addf(s, "\\%03o", (unsigned)(unsigned char)*text);
			length = 1;
		} else if (*text == '\'' || *text == '\\') {
			str_addf(s, "\\%c", *text);
		} else {
			str_add_bytes(s, text, length);
		}
	}
	str_add(s, "'");
}

void str_add_shell(struct str *s, const char *text)
{
	const char *harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       "%+,-./:=@_";

	if (*text && text[strspn(text, harmless)] == '\0') {
		str_add(s, text);
		return;
	}
	if (!all_print(text)) {
		add_escaped_word(s, text);
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
