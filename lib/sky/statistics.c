/* SPDX-License-Identifier: ISC */
#include "sky/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kern/kern.h"
#include "sky/select.h"

#define PIECE ((size_t)1 << 17) /* values a thread looks at at a time */
#define LEVELS 65536		/* of u16 */
#define TABLES 4 /* of counts for each thread, so that equal neighbours do not wait */

double median_f32(const float *v, size_t n, struct pool *pool)
{
	return select_share(v, n, &window_all, false, 0.5, pool);
}

double mad_f32(const float *v, size_t n, double centre, struct pool *pool)
{
	struct kern_window window = window_around(-INFINITY, INFINITY, centre);

	return select_share(v, n, &window, true, 0.5, pool);
}

double quantile_f32(const float *v, size_t n, double share, struct pool *pool)
{
	return select_share(v, n, &window_all, false, share, pool);
}

static size_t pieces_of(size_t n)
{
	return (n + PIECE - 1) / PIECE;
}

static size_t piece_length(size_t n, size_t i)
{
	return n - i * PIECE < PIECE ? n - i * PIECE : PIECE;
}

struct counting {
	const uint16_t *v;
	size_t n;
	uint32_t *table; /* [threads][TABLES][LEVELS] */
};

static void count_levels(void *arg, size_t i, unsigned worker)
{
	const struct counting *c = arg;
	const uint16_t *v = c->v + i * PIECE;
	size_t n = piece_length(c->n, i), k;
	uint32_t *table = c->table + (size_t)worker * TABLES * LEVELS;

	for (k = 0; k + TABLES <= n; k += TABLES)
		for (size_t t = 0; t < TABLES; t++)
			table[t * LEVELS + v[k + t]]++;
	for (; k < n; k++)
		table[v[k]]++;
}

/* How often each value stands in v; free() it. */
static size_t *histogram(const uint16_t *v, size_t n, struct pool *pool)
{
	size_t tables = pool_threads(pool) * TABLES;
	struct counting c = {v, n, xcalloc(tables * LEVELS, sizeof(*c.table))};
	size_t *count = xcalloc(LEVELS, sizeof(*count));

	pool_run(pool, pieces_of(n), count_levels, &c);
	for (size_t t = 0; t < tables; t++)
		for (size_t level = 0; level < LEVELS; level++)
			count[level] += c.table[t * LEVELS + level];
	free(c.table);
	return count;
}

double median_u16(const uint16_t *v, size_t n, struct pool *pool)
{
	size_t *count, seen = 0, low = 0, high;

	if (n == 0)
		return NAN;
	count = histogram(v, n, pool);
	while (seen + count[low] <= (n - 1) / 2)
		seen += count[low++];
	high = low;
	while (seen + count[high] <= n / 2)
		seen += count[high++];
	free(count);
	return (double)(low + high) / 2;
}

/* The levels in order of their distance from a centre. */
struct outward {
	const size_t *count;
	double centre;
	int below, above; /* the next ones */
	size_t seen;
};

/* The distance of the value of that rank, ranks being asked for in order. */
static double walk_to(struct outward *o, size_t rank)
{
	double distance = 0;

	while (o->seen <= rank) {
		double down = o->below >= 0 ? o->centre - o->below : INFINITY;
		double up = o->above < LEVELS ? o->above - o->centre : INFINITY;

		distance = down < up ? down : up;
		o->seen += o->count[down < up ? o->below-- : o->above++];
	}
	return distance;
}

double mad_u16(const uint16_t *v, size_t n, double centre, struct pool *pool)
{
	struct outward o = {.centre = centre};
	double first, second;
	size_t *count;

	if (n == 0 || !isfinite(centre))
		return NAN;
	o.above = (int)ceil(fmin(fmax(centre, 0), LEVELS));
	o.below = o.above - 1;
	o.count = count = histogram(v, n, pool);
	first = walk_to(&o, (n - 1) / 2);
	second = o.seen > n / 2 ? first : walk_to(&o, n / 2);
	free(count);
	return (first + second) / 2;
}

float median_few(float *v, size_t n)
{
	static const size_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1}; /* Ciura 2001 */
	size_t valid = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i])) {
			float swap = v[valid];

			v[valid++] = v[i];
			v[i] = swap;
		}
	if (valid == 0)
		return NAN;
	for (size_t g = 0; g < COUNT_OF(gaps); g++)
		for (size_t i = gaps[g]; i < valid; i++) {
			float value = v[i];
			size_t k = i;

			for (; k >= gaps[g] && v[k - gaps[g]] > value; k -= gaps[g])
				v[k] = v[k - gaps[g]];
			v[k] = value;
		}
	return valid % 2 ? v[valid / 2] : 0.5f * v[valid / 2 - 1] + 0.5f * v[valid / 2];
}

struct weighing {
	const float *v;
	size_t n;
	struct kern_window window;
	float reach;
	struct kern_biweight *piece;
};

static void weigh_piece(void *arg, size_t i, unsigned worker)
{
	const struct weighing *w = arg;

	(void)worker;
	kern()->biweight(
		&w->piece[i], w->v + i * PIECE, piece_length(w->n, i), &w->window, w->reach);
}

/* n sum(d^2 (1 - u^2)^4) / sum((1 - u^2)(1 - 5 u^2))^2 with u = d / (9 MAD), |u| < 1. */
static double biweight_midvariance(
	const float *v, size_t n, const struct kern_window *window, double mad, struct pool *pool)
{
	struct weighing w = {v, n, *window, (float)(1 / (9 * mad)), NULL};
	double up = 0, down = 0;
	size_t pieces = pieces_of(n), count = 0;

	w.piece = xcalloc(pieces, sizeof(*w.piece));
	pool_run(pool, pieces, weigh_piece, &w);
	for (size_t i = 0; i < pieces; i++) {
		up += w.piece[i].up;
		down += w.piece[i].down;
		count += w.piece[i].count;
	}
	free(w.piece);
	return (double)count * up / (down * down);
}

void location_scale(const float *v, size_t n, struct pool *pool, double *location, double *scale)
{
	double median = median_f32(v, n, pool), mad = mad_f32(v, n, median, pool);
	struct kern_window window = window_around(median - 6 * mad, median + 6 * mad, median);

	*location = select_share(v, n, &window, false, 0.5, pool);
	window = window_around(median - 6 * mad, median + 6 * mad, *location);
	mad = select_share(v, n, &window, true, 0.5, pool);
	*scale = mad > 0 ? 0.991 * sqrt(biweight_midvariance(v, n, &window, mad, pool)) : mad;
}

struct differing {
	const float *plane;
	size_t width, height, rows; /* rows: of one piece */
	float *out;		    /* [height][width - 4] */
};

static void differ_rows(void *arg, size_t piece, unsigned worker)
{
	const struct differing *d = arg;

	(void)worker;
	for (size_t y = piece * d->rows; y < (piece + 1) * d->rows && y < d->height; y++)
		kern()->third_difference(
			d->out + y * (d->width - 4), d->plane + y * d->width, d->width);
}

double noise_f32(const float *plane, size_t width, size_t height, struct pool *pool)
{
	struct differing d = {plane, width, height, 1, NULL};
	double median;

	if (width < 5 || height == 0)
		return NAN;
	d.rows = width < PIECE ? PIECE / width : 1;
	d.out = xaligned((width - 4) * height, sizeof(*d.out));
	pool_run(pool, (height + d.rows - 1) / d.rows, differ_rows, &d);
	median = median_f32(d.out, (width - 4) * height, pool);
	free(d.out);
	return MAD_TO_SIGMA / sqrt(6) * median;
}

struct adding {
	const float *v;
	size_t n;
	double shift;
	struct kern_moments *piece;
};

static void add_piece(void *arg, size_t i, unsigned worker)
{
	const struct adding *a = arg;

	(void)worker;
	kern()->moments(&a->piece[i], a->v + i * PIECE, piece_length(a->n, i), a->shift);
}

void plane_moments(
	const float *v, size_t n, double near, struct pool *pool, struct plane_statistics *s)
{
	struct adding a = {v, n, isfinite(near) ? near : 0, NULL};
	size_t pieces = pieces_of(n);
	double sum = 0, square = 0, count;

	a.piece = xcalloc(pieces, sizeof(*a.piece));
	pool_run(pool, pieces, add_piece, &a);
	s->count = 0;
	s->min = INFINITY;
	s->max = -INFINITY;
	for (size_t i = 0; i < pieces; i++) {
		s->count += a.piece[i].count;
		sum += a.piece[i].sum;
		square += a.piece[i].square;
		s->min = fmin(s->min, (double)a.piece[i].min);
		s->max = fmax(s->max, (double)a.piece[i].max);
	}
	free(a.piece);
	s->missing = n - s->count;
	count = (double)s->count;
	s->mean = a.shift + sum / count;
	s->sigma = sqrt(fmax(square / count - sum / count * (sum / count), 0));
	if (s->count == 0)
		s->min = s->max = s->mean = s->sigma = NAN;
}

void plane_statistics(const float *plane, size_t width, size_t height, struct pool *pool,
	struct plane_statistics *s)
{
	size_t n = width * height;

	*s = (struct plane_statistics){.median = median_f32(plane, n, pool)};
	s->mad = mad_f32(plane, n, s->median, pool);
	s->noise = noise_f32(plane, width, height, pool);
	plane_moments(plane, n, s->median, pool, s);
}
