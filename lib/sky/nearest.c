/* SPDX-License-Identifier: ISC */
#include "sky/nearest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void points_bounds(const struct point *p, size_t n, struct point *low, struct point *high)
{
	*low = *high = p[0];
	for (size_t i = 1; i < n; i++) {
		low->x = fmin(low->x, p[i].x);
		low->y = fmin(low->y, p[i].y);
		high->x = fmax(high->x, p[i].x);
		high->y = fmax(high->y, p[i].y);
	}
}

static size_t cell_of(const struct nearest *g, struct point p)
{
	size_t column = (size_t)((p.x - g->origin.x) / g->cell);
	size_t row = (size_t)((p.y - g->origin.y) / g->cell);

	return row * g->columns + column;
}

void nearest_make(struct nearest *g, const struct point *p, size_t n, double radius)
{
	struct point high;

	g->point = p;
	points_bounds(p, n, &g->origin, &high);
	g->cell =
		fmax(radius, (high.x - g->origin.x + high.y - g->origin.y) / (2 * sqrt((double)n)));
	g->columns = (size_t)((high.x - g->origin.x) / g->cell) + 1;
	g->rows = (size_t)((high.y - g->origin.y) / g->cell) + 1;
	g->start = xcalloc(g->columns * g->rows + 1, sizeof(*g->start));
	g->member = xcalloc(n, sizeof(*g->member));
	for (size_t i = 0; i < n; i++)
		g->start[cell_of(g, p[i]) + 1]++;
	for (size_t c = 0; c < g->columns * g->rows; c++)
		g->start[c + 1] += g->start[c];
	for (size_t i = n; i-- > 0;) /* start[c + 1] walks down to where cell c + 1 begins … */
		g->member[--g->start[cell_of(g, p[i]) + 1]] = (unsigned)i;
	memmove(g->start, g->start + 1, g->columns * g->rows * sizeof(*g->start)); /* … so move */
	g->start[g->columns * g->rows] = n;
}

void nearest_free(struct nearest *g)
{
	free(g->start);
	free(g->member);
}

size_t nearest_of(const struct nearest *g, struct point p, double radius, double *distance)
{
	double column = floor((p.x - g->origin.x) / g->cell);
	double row = floor((p.y - g->origin.y) / g->cell);
	size_t found = SIZE_MAX;

	*distance = radius;
	if (!(column >= -1 && row >= -1 && column <= (double)g->columns && row <= (double)g->rows))
		return SIZE_MAX;
	for (long y = (long)row - 1; y <= (long)row + 1; y++) {
		for (long x = (long)column - 1; x <= (long)column + 1; x++) {
			size_t c = (size_t)y * g->columns + (size_t)x;

			if (x < 0 || y < 0 || x >= (long)g->columns || y >= (long)g->rows)
				continue;
			for (size_t i = g->start[c]; i < g->start[c + 1]; i++) {
				struct point q = g->point[g->member[i]];
				double d = hypot(q.x - p.x, q.y - p.y);

				if (d < *distance || (d == *distance && found != SIZE_MAX &&
							     g->member[i] < found)) {
					*distance = d;
					found = g->member[i];
				}
			}
		}
	}
	return found;
}
