/* SPDX-License-Identifier: ISC */
/* A growing string, and the two ways leat writes foreign text: escaped and quoted. */
#ifndef LEAT_BASE_STR_H
#define LEAT_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

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

/* Adds text as one JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void str_add_json(struct str *s, const char *text);

/* Adds text as one word of a POSIX shell: as it stands if harmless, else in single quotes. */
void str_add_shell(struct str *s, const char *text);

/*
 * Writes n bytes of text to out with control characters and bytes that are not UTF-8 as \xHH;
 * cuts at size - 1. Returns out.
 */
char *escape(char *out, size_t size, const char *text, size_t n);

/* Length of the valid UTF-8 character at s (at most n bytes), 0 if there is none. */
size_t utf8_length(const char *s, size_t n);

/* The same of a printable one: 0 also for control characters (C0, DEL, C1). */
size_t printable_length(const char *s, size_t n);

/* The part of a path after its last slash. */
const char *base_name(const char *path);

/* Whether s begins with prefix. */
bool starts_with(const char *s, const char *prefix);

#endif
