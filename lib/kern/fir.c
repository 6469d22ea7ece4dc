/* SPDX-License-Identifier: ISC */
/*
 * Filters of finite length, and the mixer. Sums go through 16 lanes whatever the registers' width,
 * and are folded in one order, so the bits are the same at all levels.
 */
#include "kern/lanes.h"

#define VECS (KERN_FIR_LANES / LANES) /* registers of 16 lanes */
#define GROUP 8			      /* sums that run beside each other, in registers */
#define OUTPUTS (GROUP / VECS)	      /* so many results are made at once */

typedef float quad __attribute__((vector_size(16)));
typedef float half __attribute__((vector_size(2 * LANES)));

#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

struct sums {
	vec v[VECS];
};

INLINE void add_products(struct sums *s, const float *x, const float *taps)
{
	for (unsigned i = 0; i < VECS; i++)
		s->v[i] += vec_load(x + i * LANES) * vec_load(taps + i * LANES);
}

/* 16 lanes folded to four: 8 are added to the first 8, 4 of these to the first 4. */
INLINE quad folded(const struct sums *s)
{
#if KERN_LEVEL == 4
	__m256 low = _mm512_castps512_ps256((__m512)s->v[0]);
	__m256 high = _mm512_extractf32x8_ps((__m512)s->v[0], 1);
	__m256 eight = _mm256_add_ps(low, high);

	return (quad)_mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#elif KERN_LEVEL == 3
	__m256 eight = (__m256)(s->v[0] + s->v[1]);

	return (quad)_mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#else
	return (quad)(s->v[0] + s->v[2]) + (quad)(s->v[1] + s->v[3]);
#endif
}

/* Two complex results (re, im), or two real ones, of two sums. */
INLINE void store_pair(float *out, const struct sums *a, const struct sums *b, size_t parts)
{
	quad p = folded(a), q = folded(b);
	quad two = SHUFFLE(p, q, 0, 1, 4, 5) + SHUFFLE(p, q, 2, 3, 6, 7);

	if (parts == 2) {
		memcpy(out, &two, sizeof(two));
	} else {
		out[0] = two[0] + two[1];
		out[1] = two[2] + two[3];
	}
}

INLINE void store_one(float *out, const struct sums *a, size_t parts)
{
	float pair[4];

	store_pair(pair, a, a, parts);
	memcpy(out, pair, parts * sizeof(*out));
}

#if KERN_LEVEL == 4
#define LOW_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOW_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define HIGH_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LOW_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define FOLD(a, b, low, high) (SHUFFLE(a, b, low) + SHUFFLE(a, b, high))

/* The same for eight sums at once, by a tree of shuffles. */
INLINE void store_all(float *out, const struct sums *s, size_t parts)
{
	vec four[4], two[2], one;

	for (unsigned i = 0; i < 4; i++)
		four[i] = FOLD(s[i].v[0], s[i + 4].v[0], LOW_8, HIGH_8);
	two[0] = FOLD(four[0], four[2], LOW_4, HIGH_4);
	two[1] = FOLD(four[1], four[3], LOW_4, HIGH_4);
	one = FOLD(two[0], two[1], LOW_2, HIGH_2);
	if (parts == 2) {
		vec_store(out, one);
	} else {
		one += SHUFFLE(one, one, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
		for (unsigned i = 0; i < 8; i++)
			out[i] = one[2 * i];
	}
}
#else
INLINE void store_all(float *out, const struct sums *s, size_t parts)
{
	for (unsigned i = 0; i < OUTPUTS; i += 2)
		store_pair(out + i * parts, &s[i], &s[i + 1], parts);
}
#endif

/* Where the next result reads: its first sample, and its row of taps. */
struct place {
	size_t sample, phase;
};

INLINE void step(struct place *at, const struct kern_fir *f)
{
	at->sample += f->down / f->up;
	at->phase += f->down % f->up;
	if (at->phase >= f->up) {
		at->phase -= f->up;
		at->sample++;
	}
}

/* one_row: all results share their taps. parts and one_row are constants. */
INLINE void fir_loop(float *out, const float *x, size_t n, const struct kern_fir *f, size_t phase,
	size_t parts, bool one_row)
{
	struct place at = {.phase = phase};
	size_t k = 0, length = f->row;

	for (; k + OUTPUTS <= n; k += OUTPUTS) {
		const float *from[OUTPUTS], *taps[OUTPUTS];
		struct sums s[OUTPUTS] = {0};

		for (unsigned i = 0; i < OUTPUTS; i++) {
			from[i] = x + at.sample * parts;
			taps[i] = one_row ? f->taps : f->taps + at.phase * length;
			step(&at, f);
		}
		for (size_t j = 0; j < length; j += KERN_FIR_LANES)
			for (unsigned i = 0; i < OUTPUTS; i++)
				add_products(&s[i], from[i] + j, taps[one_row ? 0 : i] + j);
		store_all(out + k * parts, s, parts);
	}
	for (; k < n; k++) {
		const float *from = x + at.sample * parts, *taps = f->taps + at.phase * length;
		struct sums s = {0};

		for (size_t j = 0; j < length; j += KERN_FIR_LANES)
			add_products(&s, from + j, taps + j);
		store_one(out + k * parts, &s, parts);
		step(&at, f);
	}
}

void KERN(fir)(
	float *out, const float *x, size_t n, size_t parts, const struct kern_fir *f, size_t phase)
{
	if (parts == 2 && f->up == 1)
		fir_loop(out, x, n, f, 0, 2, true);
	else if (parts == 2)
		fir_loop(out, x, n, f, phase, 2, false);
	else if (f->up == 1)
		fir_loop(out, x, n, f, 0, 1, true);
	else
		fir_loop(out, x, n, f, phase, 1, false);
}

void KERN(fir_dense)(
	float *out, const float *x, size_t n, size_t parts, const float *taps, size_t length)
{
	size_t k = 0;

	n *= parts;
	for (; k + GROUP * LANES <= n; k += GROUP * LANES) {
		vec sum[GROUP] = {0};

		for (size_t j = 0; j < length; j++)
			for (unsigned i = 0; i < GROUP; i++)
				sum[i] += vec_load(x + k + j * parts + i * LANES) * vec_of(taps[j]);
		for (unsigned i = 0; i < GROUP; i++)
			vec_store(out + k + i * LANES, sum[i]);
	}
	for (; k < n; k++) {
		float sum = 0;

		for (size_t j = 0; j < length; j++)
			sum += x[k + j * parts] * taps[j];
		out[k] = sum;
	}
}

#if KERN_LEVEL == 4
#define PAIRS(a, b)                                                                           \
	a, b, a + 2, b + 2, a + 4, b + 4, a + 6, b + 6, a + 8, b + 8, a + 10, b + 10, a + 12, \
		b + 12, a + 14, b + 14
#define TWICE 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7
#define SIGNS -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1
#elif KERN_LEVEL == 3
#define PAIRS(a, b) a, b, a + 2, b + 2, a + 4, b + 4, a + 6, b + 6
#define TWICE 0, 0, 1, 1, 2, 2, 3, 3
#define SIGNS -1, 1, -1, 1, -1, 1, -1, 1
#else
#define PAIRS(a, b) a, b, a + 2, b + 2
#define TWICE 0, 0, 1, 1
#define SIGNS -1, 1, -1, 1
#endif
#define MIXED (LANES / 2) /* samples in a register */

/*
 * MIXED samples: each turned by the table's phasor, that turned by (re, im). a - b s is written as
 * a + b (-s), which is the same to the bit. (Plain C would do, but for compilers that make vectors
 * of it with fused products although they were told not to.)
 */
INLINE vec mix_some(const float *x, size_t parts, const float *table, vec along, vec across)
{
	const vec signs = {SIGNS};
	vec t = vec_load(table), turned = t * along + SHUFFLE(t, t, PAIRS(1, 0)) * across, v;
	vec c = SHUFFLE(turned, turned, PAIRS(0, 0));
	vec s = SHUFFLE(turned, turned, PAIRS(1, 1)) * signs;

	if (parts == 1) {
		half some;

		memcpy(&some, x, sizeof(some));
		return SHUFFLE(some, some, TWICE) * turned;
	}
	v = vec_load(x);
	return v * c + SHUFFLE(v, v, PAIRS(1, 0)) * s;
}

INLINE void mix_loop(
	float *out, const float *x, size_t n, size_t parts, const float *table, float re, float im)
{
	const vec signs = {SIGNS};
	vec along = vec_of(re), across = vec_of(im) * signs;
	float last_x[LANES] = {0}, last_table[LANES] = {0}, last[LANES];
	size_t k = 0;

	for (; k + MIXED <= n; k += MIXED)
		vec_store(
			out + 2 * k, mix_some(x + parts * k, parts, table + 2 * k, along, across));
	if (k == n)
		return;
	memcpy(last_x, x + parts * k, (n - k) * parts * sizeof(*x));
	memcpy(last_table, table + 2 * k, (n - k) * 2 * sizeof(*table));
	vec_store(last, mix_some(last_x, parts, last_table, along, across));
	memcpy(out + 2 * k, last, (n - k) * 2 * sizeof(*out));
}

void KERN(mix)(
	float *out, const float *x, size_t n, size_t parts, const float *table, float re, float im)
{
	if (parts == 2)
		mix_loop(out, x, n, 2, table, re, im);
	else
		mix_loop(out, x, n, 1, table, re, im);
}
