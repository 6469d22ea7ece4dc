/* SPDX-License-Identifier: ISC */
/* The range of values that colours stand for, as a user asks for it. */
#ifndef LEAT_DSP_RANGE_H
#define LEAT_DSP_RANGE_H

#include <stdbool.h>
#include <stddef.h>

struct range {
	enum { RANGE_AUTO, RANGE_FIXED, RANGE_SHARES } form;
	double lo, hi; /* of RANGE_FIXED values, of RANGE_SHARES 0 … 1; lo < hi */
};

#define RANGE_FORMS "LO:HI|auto|pA:pB"
#define RANGE_HINT "must be auto, LO:HI in dB or percentiles such as p1:p99, ascending"

/* Reads "-120:0", "auto" or percentiles such as "p1:p99.5"; false if it is none of these. */
bool range_parse(const char *text, struct range *range);

/*
 * The limits for n levels in dB, lo < hi. Automatic ones go from the 1st percentile to the 99.9th
 * of the finite values, in whole dB, and at least 20 dB far; without finite values they are -100
 * and -80.
 */
void range_find(const struct range *range, const float *values, size_t n, double *lo, double *hi);

#endif
