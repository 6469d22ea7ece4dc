/* SPDX-License-Identifier: ISC */
/* Looking at text, without memory of its own: UTF-8, escapes for messages, names. */
#ifndef LEAT_BASE_TEXT_H
#define LEAT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

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
