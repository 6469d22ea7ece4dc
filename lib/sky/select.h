/* SPDX-License-Identifier: ISC */
/* Exact selection by rank from arrays of f32 of any size: what the statistics stand on. */
#ifndef LEAT_SKY_SELECT_H
#define LEAT_SKY_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"
#include "kern/kern.h"

/* Every value but NaN. */
extern const struct kern_window window_all;

/* low … high with a centre to measure deviations from; within 1e-7 of the deviations. */
struct kern_window window_around(double low, double high, double centre);

/*
 * Of the values that count (or of their deviations), the one at position share * (count - 1) of
 * their order, interpolated linearly between neighbours (as numpy's "linear"); NaN if none counts.
 * share 0 … 1; pool may be NULL and changes nothing. About 1.05 passes over v: a sample brackets
 * the value, one pass counts and keeps what lies within the bracket, the rest is looked for there
 * (Floyd & Rivest 1975).
 */
double select_share(const float *v, size_t n, const struct kern_window *window, bool deviation,
	double share, struct pool *pool);

#endif
