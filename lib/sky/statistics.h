/* SPDX-License-Identifier: ISC */
/*
 * Order statistics and robust noise of planes of f32. NaN is no data and never counts; where
 * nothing is left the result is NaN. Results are exact (selections, not estimates) and do not
 * depend on the number of threads. pool may be NULL.
 */
#ifndef LEAT_SKY_STATISTICS_H
#define LEAT_SKY_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

/* sigma of a Gaussian = MAD_TO_SIGMA times its median absolute deviation. */
#define MAD_TO_SIGMA 1.4826

/* The middle value; of an even count the mean of the middle two. */
double median_f32(const float *v, size_t n, struct pool *pool);

/* Median of |v - centre|, not scaled to a sigma; deviations are f32, right to 1e-7 of themselves.
 */
double mad_f32(const float *v, size_t n, double centre, struct pool *pool);

/*
 * The value below which `share` (0 … 1) of the values lie, interpolated linearly as numpy does. (A
 * waterfall's quantile, in lib/dsp, is one of the values.)
 */
double quantile_f32(const float *v, size_t n, double share, struct pool *pool);

/* Median of u16 by counting, and their MAD. */
double median_u16(const uint16_t *v, size_t n, struct pool *pool);
double mad_u16(const uint16_t *v, size_t n, double centre, struct pool *pool);

/* The median of a few values, which are put in order, NaN last; NaN if there is no other. */
float median_few(float *v, size_t n);

/*
 * Location and scale of a plane for normalisation: of the values within 6 MAD of the median, the
 * median, and 0.991 times the root of the biweight midvariance (Lax 1985; Beers, Flynn & Gebhardt
 * 1990, eq. 9, without their factor n/(n-1)). If their MAD is 0, so is the scale.
 */
void location_scale(const float *v, size_t n, struct pool *pool, double *location, double *scale);

/*
 * Noise of the background: 1.4826 / sqrt(6) times the median of |2 v[x] - v[x-2] - v[x+2]| along
 * rows, so that stars, slopes and the correlation of neighbours hardly count (DER_SNR: Stoehr et
 * al. 2008; NOISE3 of CFITSIO). NaN for rows shorter than 5.
 */
double noise_f32(const float *plane, size_t width, size_t height, struct pool *pool);

struct plane_statistics {
	uint64_t count, missing; /* values, NaN */
	double min, max, mean;
	double sigma; /* root of the mean square distance from the mean, nothing clipped */
	double median, mad, noise;
};

/*
 * Only count, missing, min, max, mean and sigma, of n values; sums are of differences from `near`,
 * any value not far from the mean.
 */
void plane_moments(
	const float *v, size_t n, double near, struct pool *pool, struct plane_statistics *s);

void plane_statistics(const float *plane, size_t width, size_t height, struct pool *pool,
	struct plane_statistics *s);

#endif
