/* SPDX-License-Identifier: ISC */
/* Samples as files of pictures hold them, and the filters of PNG. */
#include <string.h>

#include "kern/level.h"

#define BLOCK 512 /* samples of a plane on their way through the nearest cache */

/* The greatest f64 below 1/2: added before cutting off, it rounds every value right. */
#define HALF 0x1.fffffffffffffp-2

/* A NaN fails the first comparison. */
INLINE uint16_t clipped(double v, double top)
{
	v += HALF;
	v = v > 0 ? v : 0;
	v = v < top ? v : top;
	return (uint16_t)(int32_t)v;
}

#define TYPE(name, type)                                                                      \
	static void integers_##name(uint16_t *restrict out, const type *restrict x, size_t n, \
		double top, double mul, double div)                                           \
	{                                                                                     \
		if (div == 1)                                                                 \
			for (size_t k = 0; k < n; k++)                                        \
				out[k] = clipped((double)x[k] * mul, top);                    \
		else                                                                          \
			for (size_t k = 0; k < n; k++)                                        \
				out[k] = clipped((double)x[k] * mul / div, top);              \
	}                                                                                     \
                                                                                              \
	static void floats_##name(float *restrict out, const type *restrict x, size_t n)      \
	{                                                                                     \
		for (size_t k = 0; k < n; k++)                                                \
			out[k] = (float)x[k];                                                 \
	}

TYPE(u8, uint8_t)
TYPE(i8, int8_t)
TYPE(u16, uint16_t)
TYPE(i16, int16_t)
TYPE(u32, uint32_t)
TYPE(i32, int32_t)
TYPE(u64, uint64_t)
TYPE(i64, int64_t)
TYPE(f32, float)
TYPE(f64, double)

#define TYPES(X)          \
	X(DTYPE_U8, u8)   \
	X(DTYPE_I8, i8)   \
	X(DTYPE_U16, u16) \
	X(DTYPE_I16, i16) \
	X(DTYPE_U32, u32) \
	X(DTYPE_I32, i32) \
	X(DTYPE_U64, u64) \
	X(DTYPE_I64, i64) \
	X(DTYPE_F32, f32) \
	X(DTYPE_F64, f64)

static void integers(uint16_t *restrict out, const void *x, size_t n, unsigned dtype, double top,
	double mul, double div)
{
	const uint16_t *u16 = x;
	uint16_t most = (uint16_t)top;

	if (dtype == DTYPE_U16 && mul == 1 && div == 1) {
		for (size_t k = 0; k < n; k++)
			out[k] = u16[k] < most ? u16[k] : most;
		return;
	}
	switch (dtype) {
#define CASE(code, name)                                   \
	case code:                                         \
		integers_##name(out, x, n, top, mul, div); \
		break;
		TYPES(CASE)
#undef CASE
	}
}

static void floats(float *out, const void *x, size_t n, unsigned dtype)
{
	switch (dtype) {
#define CASE(code, name)                  \
	case code:                        \
		floats_##name(out, x, n); \
		break;
		TYPES(CASE)
#undef CASE
	}
}

#define TOGETHER(name, to, from)                                              \
	static void together_##name(to *restrict out, const from *restrict a, \
		const from *restrict b, const from *restrict c, size_t n)     \
	{                                                                     \
		for (size_t k = 0; k < n; k++) {                              \
			out[3 * k] = (to)a[k];                                \
			out[3 * k + 1] = (to)b[k];                            \
			out[3 * k + 2] = (to)c[k];                            \
		}                                                             \
	}

TOGETHER(u8, uint8_t, uint16_t)
TOGETHER(u16, uint16_t, uint16_t)
TOGETHER(f32, float, float)

static void narrow(uint8_t *restrict out, const uint16_t *restrict in, size_t n)
{
	for (size_t k = 0; k < n; k++)
		out[k] = (uint8_t)in[k];
}

void KERN(pixels)(void *out, const void *const *plane, size_t planes, size_t n, unsigned dtype,
	unsigned bits, double mul, double div)
{
	union {
		uint16_t integer[3][BLOCK];
		float real[3][BLOCK];
	} block;
	double top = bits == 8 ? 255 : 65535;

	if (mul == div)
		mul = div = 1;
	for (size_t at = 0; at < n; at += BLOCK) {
		size_t count = n - at < BLOCK ? n - at : BLOCK;
		char *to = (char *)out + at * planes * (bits / 8);

		for (size_t p = 0; p < planes; p++) {
			const char *x = (const char *)plane[p] + at * dtype_size(dtype);

			if (bits == 32)
				floats(planes == 1 ? (float *)(void *)to : block.real[p], x, count,
					dtype);
			else
				integers(planes == 1 && bits == 16 ? (uint16_t *)(void *)to
								   : block.integer[p],
					x, count, dtype, top, mul, div);
		}
		if (planes == 1 && bits == 8)
			narrow((uint8_t *)to, block.integer[0], count);
		else if (planes == 3 && bits == 8)
			together_u8((uint8_t *)to, block.integer[0], block.integer[1],
				block.integer[2], count);
		else if (planes == 3 && bits == 16)
			together_u16((uint16_t *)(void *)to, block.integer[0], block.integer[1],
				block.integer[2], count);
		else if (planes == 3)
			together_f32((float *)(void *)to, block.real[0], block.real[1],
				block.real[2], count);
	}
}

INLINE uint8_t nearest_of(int a, int b, int c)
{
	int from_a = b - c, from_b = a - c, from_c = from_a + from_b;

	from_a = from_a < 0 ? -from_a : from_a;
	from_b = from_b < 0 ? -from_b : from_b;
	from_c = from_c < 0 ? -from_c : from_c;
	c = from_b <= from_c ? b : c;
	from_b = from_b <= from_c ? from_b : from_c;
	return (uint8_t)(from_a <= from_b ? a : c);
}

/* The loops begin after the first pixel, which has no other to its left. */
void KERN(png_filter)(uint8_t *restrict out, const uint8_t *restrict x,
	const uint8_t *restrict above, size_t n, size_t step, enum kern_png_filter filter)
{
	size_t k;

	switch (filter) {
	case KERN_PNG_NONE:
		memcpy(out, x, n);
		break;
	case KERN_PNG_SUB:
		memcpy(out, x, n < step ? n : step);
		for (k = step; k < n; k++)
			out[k] = (uint8_t)(x[k] - x[k - step]);
		break;
	case KERN_PNG_UP:
		for (k = 0; k < n; k++)
			out[k] = (uint8_t)(x[k] - above[k]);
		break;
	case KERN_PNG_AVERAGE:
		for (k = 0; k < step && k < n; k++)
			out[k] = (uint8_t)(x[k] - above[k] / 2);
		for (k = step; k < n; k++)
			out[k] = (uint8_t)(x[k] - (x[k - step] + above[k]) / 2);
		break;
	case KERN_PNG_PAETH:
		for (k = 0; k < step && k < n; k++)
			out[k] = (uint8_t)(x[k] - above[k]);
		for (k = step; k < n; k++)
			out[k] = (uint8_t)(x[k] -
					   nearest_of(x[k - step], above[k], above[k - step]));
		break;
	}
}
