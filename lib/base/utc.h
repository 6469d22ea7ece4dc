/* SPDX-License-Identifier: ISC */
/*
 * Time in integers: POSIX UTC (no leap seconds) in whole seconds and nanoseconds, sample indices
 * at a rational rate. Nothing here rounds through a floating-point number.
 */
#ifndef LEAT_BASE_UTC_H
#define LEAT_BASE_UTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct utc {
	int64_t sec;  /* since 1970-01-01T00:00:00Z */
	int32_t nsec; /* 0 … 999999999 */
};

/* Samples per second, num/den, both > 0. */
struct rate {
	uint64_t num, den;
};

/* Reads YYYY-MM-DDThh:mm:ss[.n][Z] (a space or '-' … as printed by leat only). */
bool utc_parse(const char *text, struct utc *t);

/* "2024-06-27T14:49:00Z"; `digits` decimals of the second (0–9), -1 = as many as needed. */
#define UTC_TEXT 48
char *utc_format(char out[UTC_TEXT], struct utc t, int digits);

/* floor(index / rate) after t, exact. */
struct utc utc_after(struct utc t, int64_t index, struct rate rate);

/* a - b in nanoseconds, saturated. */
int64_t utc_minus(struct utc a, struct utc b);

/* The smallest index i with origin + i/rate >= t. */
int64_t utc_index_ceil(struct utc origin, struct utc t, struct rate rate);

/*
 * The index i whose origin + i/rate is nearest to t, the later one of two; *off, unless NULL, is
 * i - (t - origin) * rate, in -0.5 … 0.5 samples, and 0 only if that is exact.
 */
int64_t utc_index_nearest(struct utc origin, struct utc t, struct rate rate, double *off);

/* round(nanoseconds * rate), half away from 0, saturated. */
int64_t ns_to_samples(int64_t ns, struct rate rate);

/* samples / rate in seconds, for display. */
double samples_to_s(int64_t samples, struct rate rate);

static inline double rate_hz(struct rate r)
{
	return (double)r.num / (double)r.den;
}

#endif
