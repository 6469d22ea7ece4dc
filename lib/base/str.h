/* SPDX-License-Identifier: ISC */
/* A growing string, and foreign text added to it as JSON or as a word of a shell. */
#ifndef LEAT_BASE_STR_H
#define LEAT_BASE_STR_H

#include <stddef.h>

#include "base/text.h"

/* Zero-initialise; p is NULL or NUL-terminated. */
struct str {
	char *p;
	size_t len, size;
};

void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *bytes, size_t n);
void str_addf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_clear(struct str *s);
void str_free(struct str *s);

/* Adds text with what does not print as \xHH, see escape(). */
void str_add_escaped(struct str *s, const char *text);

/* Adds text as one JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void str_add_json(struct str *s, const char *text);

/* Adds n bytes in base64 (RFC 4648, padded). */
void str_add_base64(struct str *s, const void *bytes, size_t n);

/*
 * Adds text as one word of bash and of POSIX.1-2024 shells: as it stands if harmless, else in
 * single quotes, or as $'…' if it holds what does not print (control characters, bytes that are not
 * UTF-8), so that the word itself is one line of plain text. The one way anything from outside gets
 * into a script.
 */
void str_add_shell(struct str *s, const char *text);

#endif
