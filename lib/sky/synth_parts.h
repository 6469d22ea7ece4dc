/* SPDX-License-Identifier: ISC */
/* What the parts of lib/sky/synth share: the scene, the detector, random numbers. */
#ifndef LEAT_SKY_SYNTH_PARTS_H
#define LEAT_SKY_SYNTH_PARTS_H

#include "sky/synth.h"

#define QUANTILES 4096 /* of the Gaussian */
#define CLOUDS 5       /* that the nebula is made of */

/* What a number belongs to. */
enum stream {
	OF_STARS = 1,
	OF_CLOUDS,
	OF_DUST,
	OF_RESPONSE,
	OF_HOT,
	OF_COLD,
	OF_COLUMNS,
	OF_FRAMES,
	OF_NOISE,
	OF_COSMIC
};

struct cloud {
	double x, y, scale_x, scale_y, amount;
};

struct synth {
	struct synth_options o;
	struct synth_star *star;
	struct synth_frame *frame;
	struct cloud cloud[CLOUDS];
	float *response, *hot, *column; /* [height][width], the same, [width] adu */
	int cfa[2][2];			/* colours */
	float quantile[QUANTILES];
};

/* The finaliser of splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint64_t hash(uint64_t key, uint64_t n)
{
	return mix(key + (n + 1) * 0x9e3779b97f4a7c15u);
}

static inline uint64_t key_of(const struct synth *s, enum stream stream, uint64_t part)
{
	return hash(hash(s->o.seed, (uint64_t)stream), part);
}

/* 0 <= u < 1 */
static inline double uniform(uint64_t key, uint64_t n)
{
	return (double)(hash(key, n) >> 11) * 0x1p-53;
}

/* A Gaussian number of variance 1. */
static inline float gauss(const float *quantile, uint64_t bits)
{
	return (quantile[bits >> 52] + quantile[bits >> 40 & (QUANTILES - 1)]) +
	       (quantile[bits >> 28 & (QUANTILES - 1)] + quantile[bits >> 16 & (QUANTILES - 1)]);
}

#endif
