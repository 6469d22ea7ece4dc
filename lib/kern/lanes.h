/* SPDX-License-Identifier: ISC */
/*
 * Vectors as wide as a level's registers, and what C has no operator for. Each operation gives the
 * same bits in each lane at every level.
 */
#ifndef LEAT_KERN_LANES_H
#define LEAT_KERN_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "kern/level.h"

#if KERN_LEVEL == 4
#define LANES 16
#elif KERN_LEVEL == 3
#define LANES 8
#else
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t ivec __attribute__((vector_size(4 * LANES), may_alias));
typedef uint16_t words __attribute__((vector_size(4 * LANES), may_alias)); /* 2 LANES of them */

/* The lesser and the greater of values that are not NaN. */
INLINE vec vec_min(vec a, vec b)
{
#if KERN_LEVEL == 4
	return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif KERN_LEVEL == 3
	return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__x86_64__)
	return (vec)_mm_min_ps((__m128)a, (__m128)b);
#else
	ivec mask = a < b;

	return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
#endif
}

INLINE vec vec_max(vec a, vec b)
{
#if KERN_LEVEL == 4
	return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif KERN_LEVEL == 3
	return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__x86_64__)
	return (vec)_mm_max_ps((__m128)a, (__m128)b);
#else
	ivec mask = a > b;

	return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
#endif
}

INLINE words words_min(words a, words b)
{
#if KERN_LEVEL == 4
	return (words)_mm512_min_epu16((__m512i)a, (__m512i)b);
#elif KERN_LEVEL == 3
	return (words)_mm256_min_epu16((__m256i)a, (__m256i)b);
#elif KERN_LEVEL == 2
	return (words)_mm_min_epu16((__m128i)a, (__m128i)b);
#else
	words mask = (words)(a < b);

	return (a & mask) | (b & ~mask);
#endif
}

INLINE words words_max(words a, words b)
{
#if KERN_LEVEL == 4
	return (words)_mm512_max_epu16((__m512i)a, (__m512i)b);
#elif KERN_LEVEL == 3
	return (words)_mm256_max_epu16((__m256i)a, (__m256i)b);
#elif KERN_LEVEL == 2
	return (words)_mm_max_epu16((__m128i)a, (__m128i)b);
#else
	words mask = (words)(a > b);

	return (a & mask) | (b & ~mask);
#endif
}

INLINE vec vec_sqrt(vec a)
{
#if KERN_LEVEL == 4
	return (vec)_mm512_sqrt_ps((__m512)a);
#elif KERN_LEVEL == 3
	return (vec)_mm256_sqrt_ps((__m256)a);
#elif defined(__x86_64__)
	return (vec)_mm_sqrt_ps((__m128)a);
#else
	for (unsigned l = 0; l < LANES; l++)
		a[l] = sqrtf(a[l]);
	return a;
#endif
}

/* The same value in every lane. */
INLINE vec vec_of(float x)
{
	return x - (vec){0};
}

INLINE ivec ivec_of(int32_t x)
{
	return x - (ivec){0};
}

INLINE vec vec_load(const float *p)
{
	vec v;

	memcpy(&v, p, sizeof(v));
	return v;
}

INLINE void vec_store(float *p, vec v)
{
	memcpy(p, &v, sizeof(v));
}

/* LANES values of u16 as f32. */
INLINE vec vec_of_words(const uint16_t *p)
{
#if KERN_LEVEL == 4
	return (vec)_mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)));
#elif KERN_LEVEL == 3
	return (vec)_mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)));
#else
	return (vec){p[0], p[1], p[2], p[3]};
#endif
}

INLINE vec vec_of_ints(ivec a)
{
	return __builtin_convertvector(a, vec);
}

/* Masks have all bits or none in a lane. */
INLINE vec vec_select(ivec mask, vec yes, vec no)
{
	return (vec)(((ivec)yes & mask) | ((ivec)no & ~mask));
}

INLINE ivec ivec_select(ivec mask, ivec yes, ivec no)
{
	return (yes & mask) | (no & ~mask);
}

INLINE vec vec_where(ivec mask, vec v)
{
	return (vec)((ivec)v & mask);
}

INLINE vec vec_abs(vec v)
{
	return (vec)((ivec)v & INT32_MAX);
}

/* Bit l of the result says whether lane l of a mask is set. */
INLINE unsigned lanes_of(ivec mask)
{
#if KERN_LEVEL == 4
	return _mm512_movepi32_mask((__m512i)mask);
#elif KERN_LEVEL == 3
	return (unsigned)_mm256_movemask_ps((__m256)mask);
#elif defined(__x86_64__)
	return (unsigned)_mm_movemask_ps((__m128)mask);
#else
	unsigned lanes = 0;

	for (unsigned l = 0; l < LANES; l++)
		lanes |= (unsigned)(mask[l] & 1) << l;
	return lanes;
#endif
}

#endif
