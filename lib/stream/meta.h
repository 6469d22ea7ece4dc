/* SPDX-License-Identifier: ISC */
/*
 * Metadata: an ordered list of "key value" lines, repeated keys being lists. Keys that begin with
 * '%' are tied to geometry, with '~' to sample values; leat-stream(5) has the table of keys.
 */
#ifndef LEAT_STREAM_META_H
#define LEAT_STREAM_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/utc.h"

struct meta_item {
	char *key, *value; /* the value unescaped; it holds no NUL */
};

/* Zero-initialise. */
struct meta {
	struct meta_item *item;
	size_t count, size;
};

/* So many lines a frame may have: more than any telescope writes, less than an attack needs. */
#define META_LINES_MAX 32768

/* Replaces m by what n bytes of text say. 0, or EXIT_DATA with *e and m empty. */
int meta_parse(struct meta *m, const char *text, size_t n, struct error *e);

/* Adds the lines to out. Values are escaped so that meta_parse gives them back. */
void meta_format(const struct meta *m, struct str *out);

/* Adds [["key","value"],…], for JSON that keeps order and repeated keys. */
void meta_format_json(const struct meta *m, struct str *out);

void meta_copy(struct meta *to, const struct meta *from);
void meta_clear(struct meta *m);

/* The first value of a key, NULL if it is absent. */
const char *meta_get(const struct meta *m, const char *key);

/* The value of its n-th occurrence, NULL beyond the last. */
const char *meta_nth(const struct meta *m, const char *key, size_t n);
size_t meta_count(const struct meta *m, const char *key);

/* The next value of a key from item *at on, NULL beyond the last; begin with *at = 0. */
const char *meta_next(const struct meta *m, const char *key, size_t *at);

/* Typed: false if the key is absent; a value of another form dies with EXIT_DATA. */
bool meta_i64(const struct meta *m, const char *key, int64_t *v);
bool meta_f64(const struct meta *m, const char *key, double *v);
bool meta_utc(const struct meta *m, const char *key, struct utc *t);

/* rate_num and rate_den; dies with EXIT_DATA if a half is absent or not positive. */
bool meta_rate(const struct meta *m, struct rate *rate);

/* The set of kinds (KIND_BIT) that a HEAD names; unknown words count for nothing. */
unsigned meta_kinds(const struct meta *m);

/* Replaces all values of the key by one, or removes it. add appends one more. */
void meta_set(struct meta *m, const char *key, const char *value);
void meta_setf(struct meta *m, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void meta_set_f64(struct meta *m, const char *key, double v);
void meta_set_rate(struct meta *m, struct rate rate);
void meta_add(struct meta *m, const char *key, const char *value);
void meta_remove(struct meta *m, const char *key);

/* Removes all keys that begin with the scope character. */
void meta_drop_scope(struct meta *m, char scope);

/* The frame's keys replace the segment's: every key present in `over` takes its values. */
void meta_overlay(struct meta *m, const struct meta *over);

/* Keeps only keys whose list of values is the same in both (reducers: N frames to one). */
void meta_keep_equal(struct meta *m, const struct meta *other);

/* What a key's name may be: [%~]?[a-z0-9][a-z0-9._-]{0,62}. */
bool meta_key_valid(const char *key, size_t n);

#endif
