/* SPDX-License-Identifier: ISC */
/*
 * The power spectrum of one transform in log4(n) passes over cache.
 *
 * A pass of Stockham's algorithm with stride s reads x[j + k n/4], k = 0 … 3, turns them by
 * w^(k p), p = j / s, w = exp(-2 pi i s / n), and writes y[4 s p + s k + (j mod s)]. Reading is
 * always contiguous in j; for s = 1 and 4, writing shuffles within four vectors. Vectors are as
 * wide as the level's registers; each lane does the same arithmetic at every width.
 */
#include <math.h>
#include <string.h>

#include "kern/level.h"

#if KERN_LEVEL == 4
#define LANES 16
#elif KERN_LEVEL == 3
#define LANES 8
#else
#define LANES 4
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef int16_t i16vec __attribute__((vector_size(2 * LANES)));
typedef uint16_t u16vec __attribute__((vector_size(2 * LANES)));

struct cvec {
	vec re, im;
};

/* Bytes the first pass fetches ahead of its use: the next transform of a short one. */
#define AHEAD_MIN 4096
#define AHEAD_MAX 32768

INLINE vec get(const float *p)
{
	return *(const vec *)p;
}

INLINE void put(float *p, vec v)
{
	*(vec *)p = v;
}

/* Zips runs of 1 or 4 lanes of a and b. */
#if LANES == 16
#define LOW1 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH1 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW4 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23
#define HIGH4 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif LANES == 8
#define LOW1 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH1 4, 12, 5, 13, 6, 14, 7, 15
#define LOW4 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH4 4, 5, 6, 7, 12, 13, 14, 15
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#else
#define LOW1 0, 4, 1, 5
#define HIGH1 2, 6, 3, 7
#define LOW4 0, 1, 2, 3
#define HIGH4 4, 5, 6, 7
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#endif
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

INLINE vec zip_low(vec a, vec b, int run)
{
	return run == 1 ? SHUFFLE(a, b, LOW1) : SHUFFLE(a, b, LOW4);
}

INLINE vec zip_high(vec a, vec b, int run)
{
	return run == 1 ? SHUFFLE(a, b, HIGH1) : SHUFFLE(a, b, HIGH4);
}

/* Writes runs of a, b, c, d in turn. */
INLINE void put_zipped(float *p, vec a, vec b, vec c, vec d, int run)
{
	vec ac_low = zip_low(a, c, run), ac_high = zip_high(a, c, run);
	vec bd_low = zip_low(b, d, run), bd_high = zip_high(b, d, run);

	put(p, zip_low(ac_low, bd_low, run));
	put(p + LANES, zip_high(ac_low, bd_low, run));
	put(p + 2 * LANES, zip_low(ac_high, bd_high, run));
	put(p + 3 * LANES, zip_high(ac_high, bd_high, run));
}

/* As dtype_size() of the four types, but known to the compiler. */
INLINE size_t sample_size(unsigned dtype)
{
	return dtype_real(dtype) == DTYPE_F32 ? 8 : dtype_real(dtype) == DTYPE_I16 ? 4 : 2;
}

/* The samples at p; dtype is a constant. */
INLINE struct cvec read_samples(const char *p, unsigned dtype)
{
	struct cvec v;
	vec low, high;
	ivec pairs;
	i16vec signed_bytes;
	u16vec bytes;

	switch (dtype_real(dtype)) {
	case DTYPE_I16:
		memcpy(&pairs, p, sizeof(pairs));
		v.re = __builtin_convertvector((ivec)(pairs << 16) >> 16, vec);
		v.im = __builtin_convertvector(pairs >> 16, vec);
		return v;
	case DTYPE_I8:
		memcpy(&signed_bytes, p, sizeof(signed_bytes));
		pairs = __builtin_convertvector(signed_bytes, ivec);
		v.re = __builtin_convertvector((ivec)(pairs << 24) >> 24, vec);
		v.im = __builtin_convertvector(pairs >> 8, vec);
		return v;
	case DTYPE_U8:
		memcpy(&bytes, p, sizeof(bytes));
		pairs = __builtin_convertvector(bytes, ivec);
		v.re = __builtin_convertvector(pairs & 255, vec);
		v.im = __builtin_convertvector(pairs >> 8, vec);
		return v;
	default:
		memcpy(&low, p, sizeof(low));
		memcpy(&high, p + sizeof(low), sizeof(high));
		v.re = SHUFFLE(low, high, EVEN);
		v.im = SHUFFLE(low, high, ODD);
		return v;
	}
}

INLINE struct cvec add(struct cvec a, struct cvec b)
{
	return (struct cvec){a.re + b.re, a.im + b.im};
}

INLINE struct cvec subtract(struct cvec a, struct cvec b)
{
	return (struct cvec){a.re - b.re, a.im - b.im};
}

/* -i a */
INLINE struct cvec turn(struct cvec a)
{
	return (struct cvec){a.im, -a.re};
}

INLINE struct cvec times(struct cvec a, vec re, vec im)
{
	return (struct cvec){a.re * re - a.im * im, a.re * im + a.im * re};
}

/* The transform of four numbers, in place. */
INLINE void butterfly(struct cvec *a, struct cvec *b, struct cvec *c, struct cvec *d)
{
	struct cvec sum_ac = add(*a, *c), sum_bd = add(*b, *d);
	struct cvec difference_ac = subtract(*a, *c), turned_bd = turn(subtract(*b, *d));

	*a = add(sum_ac, sum_bd);
	*b = add(difference_ac, turned_bd);
	*c = subtract(sum_ac, sum_bd);
	*d = subtract(difference_ac, turned_bd);
}

/* Butterfly, factors of each lane (six arrays of n/4), and zipped writing: strides 1 and 4. */
INLINE void finish_short(struct cvec a, struct cvec b, struct cvec c, struct cvec d,
	const float *factors, size_t n, size_t j, int run, float *out)
{
	const float *w = factors + j;
	size_t quarter = n / 4;

	butterfly(&a, &b, &c, &d);
	b = times(b, get(w), get(w + quarter));
	c = times(c, get(w + 2 * quarter), get(w + 3 * quarter));
	d = times(d, get(w + 4 * quarter), get(w + 5 * quarter));
	put_zipped(out + 4 * j, a.re, b.re, c.re, d.re, run);
	put_zipped(out + n + 4 * j, a.im, b.im, c.im, d.im, run);
}

INLINE struct cvec at(const float *in, size_t n, size_t i)
{
	return (struct cvec){get(in + i), get(in + n + i)};
}

INLINE struct cvec first_read(
	const struct kern_fft *fft, const char *x, size_t i, size_t ahead, unsigned dtype)
{
	const char *p = x + i * sample_size(dtype);
	struct cvec v = read_samples(p, dtype);
	vec window = get(fft->window + i);

	__builtin_prefetch(p + ahead);
	if (sample_size(dtype) * LANES > 64)
		__builtin_prefetch(p + ahead + 64);
	v.re = (v.re - fft->zero) * fft->scale * window;
	v.im = (v.im - fft->zero) * fft->scale * window;
	return v;
}

INLINE void first_pass(const struct kern_fft *fft, const char *x, float *out, unsigned dtype)
{
	size_t n = fft->n, bytes = n * sample_size(dtype);
	size_t ahead = bytes < AHEAD_MIN || bytes > AHEAD_MAX ? AHEAD_MIN : bytes;

	for (size_t j = 0; j < n / 4; j += LANES)
		finish_short(first_read(fft, x, j, ahead, dtype),
			first_read(fft, x, j + n / 4, ahead, dtype),
			first_read(fft, x, j + n / 2, ahead, dtype),
			first_read(fft, x, j + n / 4 * 3, ahead, dtype), fft->table, n, j, 1, out);
}

static void read_and_pass(const struct kern_fft *fft, const char *x, float *out)
{
	switch (dtype_real(fft->dtype)) {
	case DTYPE_U8:
		first_pass(fft, x, out, DTYPE_COMPLEX | DTYPE_U8);
		break;
	case DTYPE_I8:
		first_pass(fft, x, out, DTYPE_COMPLEX | DTYPE_I8);
		break;
	case DTYPE_I16:
		first_pass(fft, x, out, DTYPE_COMPLEX | DTYPE_I16);
		break;
	default:
		first_pass(fft, x, out, DTYPE_COMPLEX | DTYPE_F32);
		break;
	}
}

/* The pass of stride 4. */
static void second_pass(const float *in, float *out, size_t n, const float *factors)
{
	for (size_t j = 0; j < n / 4; j += LANES)
		finish_short(at(in, n, j), at(in, n, j + n / 4), at(in, n, j + n / 2),
			at(in, n, j + n / 4 * 3), factors, n, j, 4, out);
}

/* A pass of stride s >= 16: p, and so the six factors, is the same in all lanes. */
static void later_pass(const float *in, float *out, size_t n, size_t s, const float *factors)
{
	for (size_t p = 0; p < n / 4 / s; p++, factors += 6, in += s, out += 4 * s)
		for (size_t q = 0; q < s; q += LANES) {
			struct cvec a = at(in, n, q), b = at(in, n, q + n / 4);
			struct cvec c = at(in, n, q + n / 2), d = at(in, n, q + n / 4 * 3);
			const vec one = {0};

			butterfly(&a, &b, &c, &d);
			b = times(b, one + factors[0], one + factors[1]);
			c = times(c, one + factors[2], one + factors[3]);
			d = times(d, one + factors[4], one + factors[5]);
			put(out + q, a.re);
			put(out + q + n, a.im);
			put(out + q + s, b.re);
			put(out + q + s + n, b.im);
			put(out + q + 2 * s, c.re);
			put(out + q + 2 * s + n, c.im);
			put(out + q + 3 * s, d.re);
			put(out + q + 3 * s + n, d.im);
		}
}

INLINE vec choose(ivec condition, vec yes, vec no)
{
	return (vec)((condition & (ivec)yes) | (~condition & (ivec)no));
}

INLINE void join_power(float *acc, struct cvec v, enum kern_join join)
{
	vec power = v.re * v.re + v.im * v.im, old;

	if (join != KERN_SET) {
		old = get(acc);
		if (join == KERN_ADD)
			power = old + power;
		else if (join == KERN_MAX)
			power = choose((old > power) | (old != old), old, power);
		else
			power = choose((old < power) | (old != old), old, power);
	}
	put(acc, power);
}

INLINE void last_pass4(const float *in, float *acc, size_t n, enum kern_join join)
{
	for (size_t j = 0; j < n / 4; j += LANES) {
		struct cvec a = at(in, n, j), b = at(in, n, j + n / 4);
		struct cvec c = at(in, n, j + n / 2), d = at(in, n, j + n / 4 * 3);

		butterfly(&a, &b, &c, &d);
		join_power(acc + j, a, join);
		join_power(acc + j + n / 4, b, join);
		join_power(acc + j + n / 2, c, join);
		join_power(acc + j + n / 4 * 3, d, join);
	}
}

/* Of a and b = the element 4 later: the sum, and the difference turned by exp(-2 pi i k / 8). */
INLINE void split(struct cvec *a, struct cvec *b, int k)
{
	const float half_root = 0x1.6a09e6p-1f;
	struct cvec sum = add(*a, *b), v = subtract(*a, *b);

	if (k >= 2)
		v = turn(v);
	if (k % 2)
		v = (struct cvec){(v.re + v.im) * half_root, (v.im - v.re) * half_root};
	*a = sum;
	*b = v;
}

INLINE void last_pass8(const float *in, float *acc, size_t n, enum kern_join join)
{
	size_t s = n / 8;

	for (size_t j = 0; j < s; j += LANES) {
		struct cvec a = at(in, n, j), b = at(in, n, j + s), c = at(in, n, j + 2 * s);
		struct cvec d = at(in, n, j + 3 * s), e = at(in, n, j + 4 * s);
		struct cvec f = at(in, n, j + 5 * s), g = at(in, n, j + 6 * s);
		struct cvec h = at(in, n, j + 7 * s);

		split(&a, &e, 0);
		split(&b, &f, 1);
		split(&c, &g, 2);
		split(&d, &h, 3);
		butterfly(&a, &b, &c, &d);
		join_power(acc + j, a, join);
		join_power(acc + j + 2 * s, b, join);
		join_power(acc + j + 4 * s, c, join);
		join_power(acc + j + 6 * s, d, join);
		butterfly(&e, &f, &g, &h);
		join_power(acc + j + s, e, join);
		join_power(acc + j + 3 * s, f, join);
		join_power(acc + j + 5 * s, g, join);
		join_power(acc + j + 7 * s, h, join);
	}
}

INLINE void last_pass(const float *in, float *acc, size_t n, bool eight, enum kern_join join)
{
	if (eight)
		last_pass8(in, acc, n, join);
	else
		last_pass4(in, acc, n, join);
}

void KERN(fft_power)(
	const struct kern_fft *fft, float *work, const void *x, float *acc, enum kern_join join)
{
	size_t n = fft->n, s = 16;
	const float *factors = fft->table + n / 4 * 12;
	float *in = work, *out = work + 2 * n, *other;

	read_and_pass(fft, x, out);
	second_pass(out, in, n, fft->table + n / 4 * 6);
	for (; n / s > 8; s *= 4) {
		later_pass(in, out, n, s, factors);
		factors += n / 4 / s * 6;
		other = in;
		in = out;
		out = other;
	}
	switch (join) {
	case KERN_SET:
		last_pass(in, acc, n, n / s == 8, KERN_SET);
		break;
	case KERN_ADD:
		last_pass(in, acc, n, n / s == 8, KERN_ADD);
		break;
	case KERN_MAX:
		last_pass(in, acc, n, n / s == 8, KERN_MAX);
		break;
	case KERN_MIN:
		last_pass(in, acc, n, n / s == 8, KERN_MIN);
		break;
	}
}

/* exp(-2 pi i k / n) */
static void factor(float *re, float *im, size_t k, size_t n)
{
	double angle = -2 * M_PI * (double)(k % n) / (double)n;

	*re = (float)cos(angle);
	*im = (float)sin(angle);
}

void KERN(fft_table)(float *table, size_t n)
{
	size_t quarter = n / 4;

	for (size_t s = 1; s <= 4; s *= 4, table += 6 * quarter)
		for (size_t j = 0; j < quarter; j++)
			for (size_t k = 1; k <= 3; k++) {
				float *w = table + (2 * k - 2) * quarter + j;

				factor(w, w + quarter, k * s * (j / s), n);
			}
	for (size_t s = 16; n / s > 8; s *= 4)
		for (size_t p = 0; p < quarter / s; p++, table += 6)
			for (size_t k = 1; k <= 3; k++)
				factor(&table[2 * k - 2], &table[2 * k - 1], k * s * p, n);
}
