/* SPDX-License-Identifier: ISC */
#include "dsp/rescale.h"

#include <math.h>

#include "base/dtype.h"

#define PIECE 1024

/* The type, the least and the greatest double that it holds. */
#define INTEGERS(X)                                 \
	X(DTYPE_U8, uint8_t, 0, UINT8_MAX)          \
	X(DTYPE_I8, int8_t, INT8_MIN, INT8_MAX)     \
	X(DTYPE_U16, uint16_t, 0, UINT16_MAX)       \
	X(DTYPE_I16, int16_t, INT16_MIN, INT16_MAX) \
	X(DTYPE_U32, uint32_t, 0, UINT32_MAX)       \
	X(DTYPE_I32, int32_t, INT32_MIN, INT32_MAX) \
	X(DTYPE_U64, uint64_t, 0, 0x1p64 - 2048)    \
	X(DTYPE_I64, int64_t, -0x1p63, 0x1p63 - 1024)

static void read_values(const struct rescale *r, const void *x, size_t at, size_t n, double *v)
{
	switch (r->from) {
#define READ(type)                     \
	for (size_t k = 0; k < n; k++) \
		v[k] = ((double)((const type *)x)[at + k] - r->zero) * r->gain + r->to_zero;
#define CASE(code, type, low, high) \
	case code:                  \
		READ(type)          \
		break;
		INTEGERS(CASE)
#undef CASE
	case DTYPE_F32:
		READ(float)
		break;
	case DTYPE_F64:
		READ(double)
		break;
	}
}

/* Rounds and limits; what was NaN is to_zero. */
static void limit(
	double *v, size_t n, double low, double high, double missing, struct rescale_count *count)
{
	uint64_t clipped = 0, nans = 0;

	for (size_t k = 0; k < n; k++) {
		double whole = rint(v[k]), kept = whole < low ? low : whole > high ? high : whole;

		clipped += kept != whole && whole == whole;
		nans += whole != whole;
		v[k] = whole == whole ? kept : missing;
	}
	count->clipped += clipped;
	count->missing += nans;
}

static void write_values(const struct rescale *r, double *v, void *out, size_t at, size_t n,
	struct rescale_count *count)
{
	switch (r->to) {
#define WRITE(type)                    \
	for (size_t k = 0; k < n; k++) \
		((type *)out)[at + k] = (type)v[k];
#define CASE(code, type, low, high)                                                  \
	case code:                                                                   \
		limit(v, n, (double)(low), (double)(high), rint(r->to_zero), count); \
		WRITE(type)                                                          \
		break;
		INTEGERS(CASE)
#undef CASE
	case DTYPE_F32:
		WRITE(float)
		break;
	case DTYPE_F64:
		WRITE(double)
		break;
	}
}

void rescale(
	const struct rescale *r, const void *x, void *out, size_t n, struct rescale_count *count)
{
	double v[PIECE];

	for (size_t at = 0; at < n; at += PIECE) {
		size_t some = n - at < PIECE ? n - at : PIECE;

		read_values(r, x, at, some, v);
		write_values(r, v, out, at, some, count);
	}
}
