/* SPDX-License-Identifier: ISC */
/* Values of FITS files, scaled. */
#include <math.h>

#include "kern/level.h"

#define PHYSICAL(name, type, out_type, missing)                                                 \
	static void name(out_type *restrict out, const type *restrict x, size_t n, double zero, \
		double scale, type blank)                                                       \
	{                                                                                       \
		for (size_t k = 0; k < n; k++) {                                                \
			out_type value = (out_type)(zero + scale * (double)x[k]);               \
			out[k] = (missing) ? (out_type)NAN : value;                             \
		}                                                                               \
		(void)blank;                                                                    \
	}

#define INTEGER(name, type)                                    \
	PHYSICAL(name##_f32, type, float, false)               \
	PHYSICAL(name##_f64, type, double, false)              \
	PHYSICAL(name##_blank_f32, type, float, x[k] == blank) \
	PHYSICAL(name##_blank_f64, type, double, x[k] == blank)

INTEGER(u8, uint8_t)
INTEGER(i16, int16_t)
INTEGER(i32, int32_t)
INTEGER(i64, int64_t)
PHYSICAL(f32_f32, float, float, false)
PHYSICAL(f32_f64, float, double, false)
PHYSICAL(f64_f32, double, float, false)
PHYSICAL(f64_f64, double, double, false)

void KERN(physical)(void *out, unsigned to, const void *x, size_t n, unsigned dtype, double zero,
	double scale, const int64_t *blank)
{
	bool single = to == DTYPE_F32;

	switch (dtype) {
#define CASE(code, name, type)                                                          \
	case code:                                                                      \
		if (blank && *blank == (type)*blank) {                                  \
			if (single)                                                     \
				name##_blank_f32(out, x, n, zero, scale, (type)*blank); \
			else                                                            \
				name##_blank_f64(out, x, n, zero, scale, (type)*blank); \
		} else if (single) {                                                    \
			name##_f32(out, x, n, zero, scale, 0);                          \
		} else {                                                                \
			name##_f64(out, x, n, zero, scale, 0);                          \
		}                                                                       \
		break;
		CASE(DTYPE_U8, u8, uint8_t)
		CASE(DTYPE_I16, i16, int16_t)
		CASE(DTYPE_I32, i32, int32_t)
		CASE(DTYPE_I64, i64, int64_t)
#undef CASE
	case DTYPE_F32:
		if (single)
			f32_f32(out, x, n, zero, scale, 0);
		else
			f32_f64(out, x, n, zero, scale, 0);
		break;
	default:
		if (single)
			f64_f32(out, x, n, zero, scale, 0);
		else
			f64_f64(out, x, n, zero, scale, 0);
	}
}
