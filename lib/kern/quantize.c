/* SPDX-License-Identifier: ISC */
/* Samples made another element type. */
#include <math.h>

#include "kern/level.h"

#define BLOCK 512 /* values on their way through the nearest cache */

/* `low` and `high` are what the type holds, `high` of 64 bits the greatest such f64. */
#define INTEGER(name, type, low, high)                                                             \
	static void to_##name(type *restrict out, const double *restrict v, size_t n, double zero, \
		struct kern_quantized *q)                                                          \
	{                                                                                          \
		uint64_t clipped = 0, missing = 0;                                                 \
                                                                                                   \
		for (size_t k = 0; k < n; k++) {                                                   \
			double x = v[k] == v[k] ? v[k] : zero;                                     \
                                                                                                   \
			missing += v[k] != v[k];                                                   \
			clipped += (x > (high) + 1.0) | (x < (low)-1.0);                           \
			x = __builtin_rint(x);                                                     \
			x = x > (low) ? x : (low);                                                 \
			x = x < (high) ? x : (high);                                               \
			out[k] = (type)x;                                                          \
		}                                                                                  \
		q->clipped += clipped;                                                             \
		q->missing += missing;                                                             \
	}

INTEGER(u8, uint8_t, 0.0, 255.0)
INTEGER(i8, int8_t, -128.0, 127.0)
INTEGER(u16, uint16_t, 0.0, 65535.0)
INTEGER(i16, int16_t, -32768.0, 32767.0)
INTEGER(u32, uint32_t, 0.0, 4294967295.0)
INTEGER(i32, int32_t, -2147483648.0, 2147483647.0)
INTEGER(u64, uint64_t, 0.0, 18446744073709549568.0)
INTEGER(i64, int64_t, -9223372036854775808.0, 9223372036854774784.0)

static void to_f32(float *restrict out, const double *restrict v, size_t n, double zero,
	struct kern_quantized *q)
{
	(void)zero;
	(void)q;
	for (size_t k = 0; k < n; k++)
		out[k] = (float)v[k];
}

static void to_f64(double *restrict out, const double *restrict v, size_t n, double zero,
	struct kern_quantized *q)
{
	(void)zero;
	(void)q;
	for (size_t k = 0; k < n; k++)
		out[k] = v[k];
}

#define FROM(name, type)                                                                           \
	static void from_##name(                                                                   \
		double *restrict v, const type *restrict x, size_t n, const struct kern_levels *l) \
	{                                                                                          \
		double zero = l->zero, scale = l->to_full_scale / l->full_scale, to = l->to_zero;  \
                                                                                                   \
		for (size_t k = 0; k < n; k++)                                                     \
			v[k] = ((double)x[k] - zero) * scale + to;                                 \
	}

#define TYPES(X)                    \
	X(DTYPE_U8, u8, uint8_t)    \
	X(DTYPE_I8, i8, int8_t)     \
	X(DTYPE_U16, u16, uint16_t) \
	X(DTYPE_I16, i16, int16_t)  \
	X(DTYPE_U32, u32, uint32_t) \
	X(DTYPE_I32, i32, int32_t)  \
	X(DTYPE_U64, u64, uint64_t) \
	X(DTYPE_I64, i64, int64_t)  \
	X(DTYPE_F32, f32, float)    \
	X(DTYPE_F64, f64, double)

#define FROM_EACH(code, name, type) FROM(name, type)
TYPES(FROM_EACH)

void KERN(quantize)(void *out, unsigned to, const void *x, size_t n, unsigned dtype,
	const struct kern_levels *levels, struct kern_quantized *q)
{
	double v[BLOCK] __attribute__((aligned(64)));
	double zero = levels->to_zero;

	for (size_t at = 0; at < n; at += BLOCK) {
		size_t count = n - at < BLOCK ? n - at : BLOCK;

		switch (dtype) {
#define CASE(code, name, type)                                       \
	case code:                                                   \
		from_##name(v, (const type *)x + at, count, levels); \
		break;
			TYPES(CASE)
#undef CASE
		}
		switch (to) {
#define CASE(code, name, type)                                  \
	case code:                                              \
		to_##name((type *)out + at, v, count, zero, q); \
		break;
			TYPES(CASE)
#undef CASE
		}
	}
}
