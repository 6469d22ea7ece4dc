/* SPDX-License-Identifier: ISC */
/*
 * Numbers as text, in the C locale whatever the environment says: as users write them (units,
 * multipliers) and as streams hold them (shortest text that reads back equal).
 */
#ifndef LEAT_BASE_NUM_H
#define LEAT_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/utc.h"

/* All: the whole text must be the number, false otherwise and when it does not fit. */

/* Plain decimal integers. */
bool parse_i64(const char *text, int64_t *v);
bool parse_u64(const char *text, uint64_t *v);

/* A plain double ("1e-3"); nan and inf only if `special`. */
bool parse_f64(const char *text, bool special, double *v);

/* An integer with k M G T (decimal) or Ki Mi Gi Ti (binary): "64Ki", "1.5M" if that is whole. */
bool parse_count(const char *text, int64_t *v);

/* A double with k M G T or Ki Mi Gi Ti. */
bool parse_real(const char *text, double *v);

/* Hz: a double with k M G or Hz kHz MHz GHz. */
bool parse_frequency(const char *text, double *hz);

/* Nanoseconds: a number with ns us ms s min h d; a bare number is seconds. Exact. */
bool parse_duration(const char *text, int64_t *ns);

/* A rate in samples per second: "100000/3", "2.5M", "48k", "10MHz". Exact, in lowest terms, > 0. */
bool parse_rate(const char *text, struct rate *rate);

/* "A:B", "A:", ":B" or ":", half-open: 0 <= A <= B, by default 0 and INT64_MAX. */
bool parse_span(const char *text, int64_t *first, int64_t *end);

/* The greatest common divisor; of 0 and b, b. */
uint64_t common_divisor(uint64_t a, uint64_t b);

/* Shortest text that reads back as v: "0.1", "1e+22", "nan", "-inf". */
#define NUMBER_TEXT 40
char *format_f64(char out[NUMBER_TEXT], double v);
char *format_f32(char out[NUMBER_TEXT], float v);

/* "12.3 MiB" and the like, for people. */
char *format_bytes(char out[NUMBER_TEXT], uint64_t bytes);

#endif
