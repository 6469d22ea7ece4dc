/* SPDX-License-Identifier: ISC */
/* Points in square cells, so that the one nearest to a place is found among few. */
#ifndef LEAT_SKY_NEAREST_H
#define LEAT_SKY_NEAREST_H

#include <stddef.h>

#include "sky/transform.h"

struct nearest {
	const struct point *point; /* the caller's */
	struct point origin;
	double cell;
	size_t columns, rows;
	size_t *start; /* of each cell in `member`; one more than cells */
	unsigned *member;
};

/* The smallest box around n > 0 points. */
void points_bounds(const struct point *p, size_t n, struct point *low, struct point *high);

/*
 * Sorts n > 0 finite points, which stay where they are until nearest_free. Cells are of `radius` at
 * least, so that 3 x 3 of them hold all that is so near.
 */
void nearest_make(struct nearest *g, const struct point *p, size_t n, double radius);

/*
 * The number of the point nearest to p, nearer than radius (which is at most nearest_make's), and
 * its distance; of equal ones the first. SIZE_MAX if there is none.
 */
size_t nearest_of(const struct nearest *g, struct point p, double radius, double *distance);

void nearest_free(struct nearest *g);

#endif
