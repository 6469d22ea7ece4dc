/* SPDX-License-Identifier: ISC */
/* What order statistics and moments need of each value, in one pass. */
#include "kern/lanes.h"

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

/* The lanes in vectors of f64 as wide as the level has them (twice that at the lower ones). */
#define GROUP (KERN_LEVEL == 4 ? 8 : 4)
#define GROUPS (SUMS / GROUP)

typedef float fvec __attribute__((vector_size(4 * GROUP)));
typedef int32_t fmask __attribute__((vector_size(4 * GROUP)));
typedef double dvec __attribute__((vector_size(8 * GROUP)));
typedef int64_t dmask __attribute__((vector_size(8 * GROUP)));

struct moment_lanes {
	dvec sum[GROUPS], square[GROUPS];
	fvec min[GROUPS], max[GROUPS];
	fmask count[GROUPS];
};

/* a where the mask is set, else b. */
INLINE fvec choose(fmask mask, fvec a, fvec b)
{
	return (fvec)(((fmask)a & mask) | ((fmask)b & ~mask));
}

INLINE void moment_block(struct moment_lanes *m, const float *v, double shift)
{
	for (unsigned g = 0; g < GROUPS; g++) {
		fvec x;
		dvec wide, d;

		memcpy(&x, v + g * GROUP, sizeof(x));
		wide = __builtin_convertvector(x, dvec);
		d = (dvec)((dmask)(wide - shift) & (wide == wide));
		m->sum[g] += d;
		m->square[g] += d * d;
		m->min[g] = choose(x < m->min[g], x, m->min[g]);
		m->max[g] = choose(x > m->max[g], x, m->max[g]);
		m->count[g] -= x == x;
	}
}

void KERN(moments)(struct kern_moments *out, const float *v, size_t n, double shift)
{
	struct moment_lanes m = {0};
	float tail[SUMS];
	size_t i;

	for (unsigned g = 0; g < GROUPS; g++) {
		m.min[g] = (fvec){0} + INFINITY;
		m.max[g] = (fvec){0} - INFINITY;
	}
	for (i = 0; i + SUMS <= n; i += SUMS)
		moment_block(&m, v + i, shift);
	for (unsigned l = 0; l < SUMS; l++)
		tail[l] = i + l < n ? v[i + l] : NAN;
	moment_block(&m, tail, shift);
	*out = (struct kern_moments){.min = INFINITY, .max = -INFINITY};
	for (unsigned l = 0; l < SUMS; l++) {
		unsigned g = l / GROUP, k = l % GROUP;

		out->sum += m.sum[g][k];
		out->square += m.square[g][k];
		out->count += (size_t)m.count[g][k];
		out->min = m.min[g][k] < out->min ? m.min[g][k] : out->min;
		out->max = m.max[g][k] > out->max ? m.max[g][k] : out->max;
	}
}

struct weight_lanes {
	dvec up[GROUPS], down[GROUPS];
	fmask count[GROUPS];
};

/* BATCH values of each lane are added in f32, then these sums in f64. */
#define BATCH 8

INLINE void weight_batch(
	struct weight_lanes *m, const float *v, const struct kern_window *w, float reach)
{
	for (unsigned g = 0; g < GROUPS; g++) {
		fvec up = {0}, down = {0}, x;

		for (unsigned b = 0; b < BATCH; b++) {
			fvec d, u2, rest;
			fmask valid, inside;

			memcpy(&x, v + b * SUMS + g * GROUP, sizeof(x));
			d = (x - w->centre) - w->rest;
			u2 = (d * reach) * (d * reach);
			rest = 1 - u2;
			valid = (x >= w->low) & (x <= w->high);
			inside = valid & (u2 < 1);
			up += (fvec)((fmask)(d * d * (rest * rest * (rest * rest))) & inside);
			down += (fvec)((fmask)(rest * (1 - 5 * u2)) & inside);
			m->count[g] -= valid;
		}
		m->up[g] += __builtin_convertvector(up, dvec);
		m->down[g] += __builtin_convertvector(down, dvec);
	}
}

void KERN(biweight)(struct kern_biweight *out, const float *v, size_t n,
	const struct kern_window *w, float reach)
{
	const struct kern_window window = *w;
	struct weight_lanes m = {0};
	float tail[BATCH * SUMS];
	size_t i;

	for (i = 0; i + BATCH * SUMS <= n; i += BATCH * SUMS)
		weight_batch(&m, v + i, &window, reach);
	for (unsigned l = 0; l < BATCH * SUMS; l++)
		tail[l] = i + l < n ? v[i + l] : NAN;
	weight_batch(&m, tail, &window, reach);
	*out = (struct kern_biweight){0};
	for (unsigned l = 0; l < SUMS; l++) {
		unsigned g = l / GROUP, k = l % GROUP;

		out->up += m.up[g][k];
		out->down += m.down[g][k];
		out->count += (size_t)m.count[g][k];
	}
}

void KERN(third_difference)(float *out, const float *v, size_t n)
{
	for (size_t i = 0; i + 4 < n; i++)
		out[i] = fabsf((v[i + 2] - v[i]) + (v[i + 2] - v[i + 4]));
}
