/* SPDX-License-Identifier: ISC */
/* How far two planes differ. */
#ifndef LEAT_SKY_DIFFERENCE_H
#define LEAT_SKY_DIFFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

struct plane_difference {
	uint64_t count;	  /* places where both have data */
	uint64_t missing; /* places where only one has */
	double mean;	  /* of a - b */
	double rmse;	  /* root of the mean of (a - b)^2 */
	double max_abs;	  /* greatest |a - b|, and its first place */
	size_t at;
};

/*
 * n values each; NaN is no data, in both planes it is no difference, and so are equal infinities.
 * Without a place where both have data mean, rmse and max_abs are NaN. Does not depend on the
 * number of threads (pool may be NULL).
 */
void plane_difference(const float *a, const float *b, size_t n, struct pool *pool,
	struct plane_difference *difference);

#endif
