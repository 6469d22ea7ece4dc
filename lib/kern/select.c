/* SPDX-License-Identifier: ISC */
/* What order statistics and moments need of each value, in one pass. */
#include <math.h>
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

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

/* Bit l of the result says whether lane l of a comparison is true. */
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

struct lane_counts {
	ivec valid, below, at_low, at_high;
};

/* One vector; returns how many it kept. */
INLINE size_t bracket_vector(struct lane_counts *c, float *kept, vec v, const struct kern_window *w,
	float low, float high, bool deviation)
{
	vec t = v;
	ivec valid = (v >= w->low) & (v <= w->high);
	unsigned inside;
	size_t k = 0;

	if (deviation)
		t = (vec)((ivec)((v - w->centre) - w->rest) & INT32_MAX);
	c->valid -= valid;
	c->below -= valid & (t < low);
	c->at_low -= valid & (t == low);
	c->at_high -= valid & (t == high);
	inside = lanes_of(valid & (t > low) & (t < high));
	for (; inside; inside &= inside - 1)
		kept[k++] = t[__builtin_ctz(inside)];
	return k;
}

/* Adds the lanes to the counts, before 32 bits are full. */
INLINE void gather(struct kern_bracket *b, struct lane_counts *c)
{
	for (unsigned l = 0; l < LANES; l++) {
		b->valid += (size_t)c->valid[l];
		b->below += (size_t)c->below[l];
		b->at_low += (size_t)c->at_low[l];
		b->at_high += (size_t)c->at_high[l];
	}
	memset(c, 0, sizeof(*c));
}

INLINE void bracket_loop(
	struct kern_bracket *b, float *kept, const float *v, size_t n, bool deviation)
{
	const struct kern_window w = b->window;
	struct lane_counts c = {0};
	float low = b->low, high = b->high, tail[LANES];
	size_t i, count = 0;
	vec x;

	for (i = 0; i + LANES <= n; i += LANES) {
		memcpy(&x, v + i, sizeof(x));
		count += bracket_vector(&c, kept + count, x, &w, low, high, deviation);
		if (i % (1u << 30) == 0)
			gather(b, &c);
	}
	for (unsigned l = 0; l < LANES; l++)
		tail[l] = i + l < n ? v[i + l] : NAN;
	memcpy(&x, tail, sizeof(x));
	count += bracket_vector(&c, kept + count, x, &w, low, high, deviation);
	gather(b, &c);
	b->kept = count;
}

void KERN(bracket)(struct kern_bracket *b, float *kept, const float *v, size_t n)
{
	b->valid = b->below = b->at_low = b->at_high = 0;
	if (b->deviation)
		bracket_loop(b, kept, v, n, true);
	else
		bracket_loop(b, kept, v, n, false);
}

/* Sums are made in so many lanes at every level, so that every level rounds alike. */
#define SUMS 16

INLINE double sum_of(const double *lane)
{
	double sum = 0;

	for (unsigned l = 0; l < SUMS; l++)
		sum += lane[l];
	return sum;
}

struct moment_lanes {
	double sum[SUMS], square[SUMS];
	float min[SUMS], max[SUMS];
	int32_t count[SUMS];
};

INLINE void moment_block(struct moment_lanes *restrict m, const float *restrict v, double shift)
{
	for (unsigned l = 0; l < SUMS; l++) {
		float x = v[l];
		double d = (double)x - shift;

		d = x == x ? d : 0;
		m->sum[l] += d;
		m->square[l] += d * d;
		m->min[l] = x < m->min[l] ? x : m->min[l];
		m->max[l] = x > m->max[l] ? x : m->max[l];
		m->count[l] += x == x;
	}
}

void KERN(moments)(struct kern_moments *out, const float *v, size_t n, double shift)
{
	struct moment_lanes m = {0};
	float tail[SUMS];
	size_t i;

	for (unsigned l = 0; l < SUMS; l++) {
		m.min[l] = INFINITY;
		m.max[l] = -INFINITY;
	}
	for (i = 0; i + SUMS <= n; i += SUMS)
		moment_block(&m, v + i, shift);
	for (unsigned l = 0; l < SUMS; l++)
		tail[l] = i + l < n ? v[i + l] : NAN;
	moment_block(&m, tail, shift);
	*out = (struct kern_moments){.sum = sum_of(m.sum),
		.square = sum_of(m.square),
		.min = INFINITY,
		.max = -INFINITY};
	for (unsigned l = 0; l < SUMS; l++) {
		out->count += (size_t)m.count[l];
		out->min = m.min[l] < out->min ? m.min[l] : out->min;
		out->max = m.max[l] > out->max ? m.max[l] : out->max;
	}
}

INLINE void biweight_block(double *restrict up, double *restrict down, int32_t *restrict count,
	const float *restrict v, const struct kern_window *w, float reach)
{
	for (unsigned l = 0; l < SUMS; l++) {
		float d = (v[l] - w->centre) - w->rest, u = d * reach, u2 = u * u, rest = 1 - u2;
		bool valid = (v[l] >= w->low) & (v[l] <= w->high), inside = valid & (u2 < 1);
		float a = d * d * (rest * rest * (rest * rest)), b = rest * (1 - 5 * u2);

		up[l] += inside ? (double)a : 0;
		down[l] += inside ? (double)b : 0;
		count[l] += valid;
	}
}

void KERN(biweight)(struct kern_biweight *out, const float *v, size_t n,
	const struct kern_window *w, float reach)
{
	double up[SUMS] = {0}, down[SUMS] = {0};
	int32_t count[SUMS] = {0};
	float tail[SUMS];
	size_t i;

	for (i = 0; i + SUMS <= n; i += SUMS)
		biweight_block(up, down, count, v + i, w, reach);
	for (unsigned l = 0; l < SUMS; l++)
		tail[l] = i + l < n ? v[i + l] : NAN;
	biweight_block(up, down, count, tail, w, reach);
	*out = (struct kern_biweight){.up = sum_of(up), .down = sum_of(down)};
	for (unsigned l = 0; l < SUMS; l++)
		out->count += (size_t)count[l];
}

void KERN(third_difference)(float *out, const float *v, size_t n)
{
	for (size_t i = 0; i + 4 < n; i++)
		out[i] = fabsf((v[i + 2] - v[i]) + (v[i + 2] - v[i + 4]));
}
