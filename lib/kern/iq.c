/* SPDX-License-Identifier: ISC */
/* What the statistics of a signal in time need of each sample, in one pass. */
#include "kern/lanes.h"

/* Sums are made in so many lanes at every level, so that every level rounds alike. */
#define SUMS 16
#define VECTORS (SUMS / LANES)

/* Vectors of each lane that are added in f32, before these sums go to f64. */
#define BATCH 32

struct iq_lanes {
	double sum[SUMS], square[SUMS], cross[SUMS];
	vec peak[VECTORS];
	int32_t clipped[SUMS];
};

/* Neighbours change places: I and Q of each sample. */
INLINE vec swapped(vec v)
{
#if LANES == 16
	return __builtin_shufflevector(
		v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#elif LANES == 8
	return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
#else
	return __builtin_shufflevector(v, v, 1, 0, 3, 2);
#endif
}

/* BATCH * SUMS components. */
INLINE void iq_batch(struct iq_lanes *m, const float *x, float low, float high)
{
	float sum[SUMS], square[SUMS], cross[SUMS];
	int32_t clipped[SUMS];

	for (unsigned g = 0; g < VECTORS; g++) {
		vec s = {0}, s2 = {0}, c = {0};
		ivec over = {0};

		for (unsigned b = 0; b < BATCH; b++) {
			vec v = vec_load(x + b * SUMS + g * LANES), w = swapped(v), v2 = v * v;
			ivec beyond = (vec_min(v, w) <= low) | (vec_max(v, w) >= high);

			s += v;
			s2 += v2;
			c += v * w;
			m->peak[g] = vec_max(v2 + w * w, m->peak[g]); /* a NaN leaves the second */
			over -= beyond;
		}
		vec_store(sum + g * LANES, s);
		vec_store(square + g * LANES, s2);
		vec_store(cross + g * LANES, c);
		memcpy(clipped + g * LANES, &over, sizeof(over));
	}
	for (unsigned l = 0; l < SUMS; l++) {
		m->sum[l] += (double)sum[l];
		m->square[l] += (double)square[l];
		m->cross[l] += (double)cross[l];
		m->clipped[l] += clipped[l];
	}
}

void KERN(iq_sums)(struct kern_iq_sums *out, const float *x, size_t n, float low, float high)
{
	struct iq_lanes m = {0};
	float tail[BATCH * SUMS] = {0}, peak[SUMS];
	size_t i;

	for (i = 0; i + BATCH * SUMS <= 2 * n; i += BATCH * SUMS)
		iq_batch(&m, x + i, low, high);
	if (i < 2 * n) {
		memcpy(tail, x + i, (2 * n - i) * sizeof(*tail));
		iq_batch(&m, tail, low, high);
	}
	memcpy(peak, m.peak, sizeof(peak));
	*out = (struct kern_iq_sums){.count = n};
	for (unsigned l = 0; l < SUMS; l += 2) {
		out->i += m.sum[l];
		out->q += m.sum[l + 1];
		out->ii += m.square[l];
		out->qq += m.square[l + 1];
		out->iq += m.cross[l];
		out->clipped += (size_t)m.clipped[l];
		out->peak = peak[l] > out->peak ? peak[l] : out->peak;
	}
}
