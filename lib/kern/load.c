/* SPDX-License-Identifier: ISC */
/* Recorded elements made f32, and bytes put in order. */
#include <string.h>

#include "kern/level.h"

/*
 * `wide` is the type that holds every value and its distance from zero; `parts` is 2 for complex
 * elements, and a constant, like stride, where the loop shall become vectors.
 */
#define TYPE(name, type, wide)                                                                     \
	INLINE void load_parts_##name(float *restrict out, const type *restrict x, size_t n,       \
		size_t parts, size_t stride, wide zero, wide scale, const float *restrict window)  \
	{                                                                                          \
		for (size_t k = 0; k < n; k++)                                                     \
			for (size_t part = 0; part < parts; part++) {                              \
				float value =                                                      \
					(float)(((wide)x[k * stride * parts + part] - zero) *      \
						scale);                                            \
				out[k * parts + part] = window ? value * window[k] : value;        \
			}                                                                          \
	}                                                                                          \
                                                                                                   \
	static void load_##name(float *out, const type *x, size_t n, size_t parts, size_t stride,  \
		wide zero, wide scale, const float *window)                                        \
	{                                                                                          \
		if (stride == 1 && parts == 1)                                                     \
			load_parts_##name(out, x, n, 1, 1, zero, scale, window);                   \
		else if (stride == 1)                                                              \
			load_parts_##name(out, x, n, 2, 1, zero, scale, window);                   \
		else                                                                               \
			load_parts_##name(out, x, n, parts, stride, zero, scale, window);          \
	}                                                                                          \
                                                                                                   \
	static void convert_##name(                                                                \
		float *restrict out, const type *restrict x, size_t n, wide zero, wide full_scale) \
	{                                                                                          \
		for (size_t k = 0; k < n; k++)                                                     \
			out[k] = (float)(((wide)x[k] - zero) / full_scale);                        \
	}

TYPE(u8, uint8_t, float)
TYPE(i8, int8_t, float)
TYPE(u16, uint16_t, float)
TYPE(i16, int16_t, float)
TYPE(u32, uint32_t, double)
TYPE(i32, int32_t, double)
TYPE(u64, uint64_t, double)
TYPE(i64, int64_t, double)
TYPE(f32, float, float)
TYPE(f64, double, double)

#define TYPES(X)                  \
	X(DTYPE_U8, u8, float)    \
	X(DTYPE_I8, i8, float)    \
	X(DTYPE_U16, u16, float)  \
	X(DTYPE_I16, i16, float)  \
	X(DTYPE_U32, u32, double) \
	X(DTYPE_I32, i32, double) \
	X(DTYPE_U64, u64, double) \
	X(DTYPE_I64, i64, double) \
	X(DTYPE_F32, f32, float)  \
	X(DTYPE_F64, f64, double)

void KERN(load)(float *out, const void *x, size_t n, unsigned dtype, size_t stride, double zero,
	double scale, const float *window)
{
	size_t parts = dtype_complex(dtype) ? 2 : 1;

	switch (dtype_real(dtype)) {
#define CASE(code, name, wide)                                                          \
	case code:                                                                      \
		load_##name(out, x, n, parts, stride, (wide)zero, (wide)scale, window); \
		break;
		TYPES(CASE)
#undef CASE
	}
}

void KERN(convert)(
	float *out, const void *x, size_t n, unsigned dtype, double zero, double full_scale)
{
	n *= dtype_complex(dtype) ? 2 : 1;
	switch (dtype_real(dtype)) {
#define CASE(code, name, wide)                                           \
	case code:                                                       \
		convert_##name(out, x, n, (wide)zero, (wide)full_scale); \
		break;
		TYPES(CASE)
#undef CASE
	}
}

#define SWAP(bits, swapped)                                                                       \
	INLINE void swap##bits(char *out, const char *in, size_t n, uint##bits##_t mask)          \
	{                                                                                         \
		for (size_t k = 0; k < n; k++) {                                                  \
			uint##bits##_t word;                                                      \
			memcpy(&word, in + k * sizeof(word), sizeof(word));                       \
			word = (uint##bits##_t)((swapped) ^ mask);                                \
			memcpy(out + k * sizeof(word), &word, sizeof(word));                      \
		}                                                                                 \
	}

SWAP(8, word)
SWAP(16, __builtin_bswap16(word))
SWAP(32, __builtin_bswap32(word))
SWAP(64, __builtin_bswap64(word))

void KERN(swap)(void *out, const void *in, size_t n, size_t size)
{
	if (size == 2)
		swap16(out, in, n, 0);
	else if (size == 4)
		swap32(out, in, n, 0);
	else
		swap64(out, in, n, 0);
}

void KERN(swap_mask)(void *out, const void *in, size_t n, size_t size, uint64_t mask)
{
	if (size == 1)
		swap8(out, in, n, (uint8_t)mask);
	else if (size == 2)
		swap16(out, in, n, (uint16_t)mask);
	else if (size == 4)
		swap32(out, in, n, (uint32_t)mask);
	else
		swap64(out, in, n, mask);
}
