/* SPDX-License-Identifier: ISC */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sky/star_parts.h"

#define R KERN_SMOOTH_RADIUS
#define ROWS (2 * R + 1)
#define SMOOTH_SIGMA 1.5 /* px; near the best for stars of 2.5 to 6 px FWHM */
#define BAND 128	 /* rows that a thread does at a time, whatever their number */
#define NEAR 1		 /* a peak is the highest within so many px to each side */
#define RING (2 * NEAR + 1)
#define SLOT(y) (((y) + 4 * RING) % RING) /* of a row that may lie before the plane */
#define SHARPEST 0.12f			  /* neighbours over peak; a star of 1.3 px FWHM has 0.19 */
#define PROBES 64			  /* cells that tell the noise of smoothed values */

struct list {
	struct peak *peak;
	size_t count, size;
};

struct search {
	const struct star_plane *s;
	float weight[R + 1];
	float limit; /* of smoothed values, in noises of the background */
	struct list *band;
};

static void gaussian(float weight[R + 1])
{
	double sum = 0;

	for (int i = 0; i <= R; i++)
		sum += (i ? 2 : 1) * exp(-0.5 * i * i / (SMOOTH_SIGMA * SMOOTH_SIGMA));
	for (int i = 0; i <= R; i++)
		weight[i] = (float)(exp(-0.5 * i * i / (SMOOTH_SIGMA * SMOOTH_SIGMA)) / sum);
}

/* What white noise of 1 becomes after smoothing. */
static double white(const float weight[R + 1])
{
	double sum = 0;

	for (int i = 0; i <= R; i++)
		sum += (i ? 2 : 1) * (double)weight[i] * (double)weight[i];
	return sum;
}

/*
 * Rows pass through rings: of values above the background, ROWS of them make one smoothed row, and
 * of smoothed rows, of which RING are looked at. What lies outside the plane is 0.
 */
struct rings {
	size_t width;
	float *level, *noise, *across; /* one row each; across has R more at each side */
	float *excess[ROWS];	       /* row y at y modulo ROWS */
	float *smooth[RING];	       /* likewise */
	float *limit[RING];
	float *zero;
};

static float *take(float **at, size_t n)
{
	float *taken = *at;

	*at += round_up(n, 16);
	return taken;
}

static float *rings_new(struct rings *r, size_t width)
{
	size_t rows = 4 + ROWS + 2 * RING, size = rows * round_up(width + 2 * R, 16);
	float *memory = xaligned(size, sizeof(*memory)), *at = memory;

	memset(memory, 0, size * sizeof(*memory));
	r->width = width;
	r->level = take(&at, width);
	r->noise = take(&at, width);
	r->zero = take(&at, width);
	r->across = take(&at, width + 2 * R);
	for (int i = 0; i < ROWS; i++)
		r->excess[i] = take(&at, width);
	for (int i = 0; i < RING; i++) {
		r->smooth[i] = take(&at, width);
		r->limit[i] = take(&at, width);
	}
	return memory;
}

/* Brings row y into the ring of excesses, and smooths row y - R with its limits. */
static void advance(struct rings *r, const struct search *q, ptrdiff_t y)
{
	const struct star_plane *s = q->s;
	ptrdiff_t centre = y - R;
	const float *row[ROWS], floor = s->noise_floor;
	float *out = r->smooth[SLOT(centre)];
	float *limit = r->limit[SLOT(centre)];

	if (y >= 0 && y < (ptrdiff_t)s->height) {
		background_row(&s->background, (size_t)y, r->level, r->noise);
		kern()->excess(
			r->excess[y % ROWS], s->plane + (size_t)y * s->width, r->level, s->width);
	}
	if (centre < 0 || centre >= (ptrdiff_t)s->height) {
		memset(out, 0, s->width * sizeof(*out));
		return;
	}
	for (int i = 0; i < ROWS; i++) {
		ptrdiff_t at = centre - R + i;

		row[i] = at >= 0 && at < (ptrdiff_t)s->height ? r->excess[at % ROWS] : r->zero;
	}
	kern()->smooth_rows(r->across + R, row, q->weight, s->width);
	kern()->smooth(out, r->across, q->weight, s->width);
	/* The noise of row y stands for that of row y - R: cells are much larger. */
	for (size_t x = 0; x < s->width; x++)
		limit[x] = (r->noise[x] > floor ? r->noise[x] : floor) * q->limit;
}

/* Equal values: the first one in reading order is the peak. */
static bool highest(const struct rings *r, ptrdiff_t x, ptrdiff_t y)
{
	float v = r->smooth[SLOT(y)][x];

	for (ptrdiff_t dy = -NEAR; dy <= NEAR; dy++)
		for (ptrdiff_t dx = -NEAR; dx <= NEAR; dx++) {
			bool before = dy < 0 || (dy == 0 && dx < 0);
			float other;

			if (x + dx < 0 || x + dx >= (ptrdiff_t)r->width || (dx == 0 && dy == 0))
				continue;
			other = r->smooth[SLOT(y + dy)][x + dx];
			if (before ? other >= v : other > v)
				return false;
		}
	return true;
}

static float excess_at(const struct star_plane *s, ptrdiff_t x, ptrdiff_t y, float level)
{
	if (x < 0 || y < 0 || x >= (ptrdiff_t)s->width || y >= (ptrdiff_t)s->height)
		return NAN;
	return s->plane[(size_t)y * s->width + (size_t)x] - level;
}

/*
 * Hot pixels and tracks of cosmic rays are sharper than optics: beside their brightest pixel there
 * is nothing, at least along one axis. A NaN among the neighbours leaves the case open.
 */
static bool sharp(const struct star_plane *s, ptrdiff_t x, ptrdiff_t y)
{
	ptrdiff_t bx = x, by = y;
	float level, noise, most = -INFINITY, along, across;

	background_at(&s->background, (size_t)x, (size_t)y, &level, &noise);
	for (ptrdiff_t dy = -1; dy <= 1; dy++)
		for (ptrdiff_t dx = -1; dx <= 1; dx++) {
			float v = excess_at(s, x + dx, y + dy, level);

			if (v > most) {
				most = v;
				bx = x + dx;
				by = y + dy;
			}
		}
	along = 0.5f * (excess_at(s, bx - 1, by, level) + excess_at(s, bx + 1, by, level));
	across = 0.5f * (excess_at(s, bx, by - 1, level) + excess_at(s, bx, by + 1, level));
	return along < SHARPEST * most || across < SHARPEST * most;
}

static void add(struct list *l, struct peak p)
{
	if (l->count == l->size) {
		l->size = l->size ? 2 * l->size : 64;
		l->peak = xrealloc(l->peak, l->size, sizeof(*l->peak));
	}
	l->peak[l->count++] = p;
}

static void search_band(void *arg, size_t band, unsigned worker)
{
	const struct search *q = arg;
	const struct star_plane *s = q->s;
	ptrdiff_t first = (ptrdiff_t)band * BAND, last = first + BAND;
	struct rings r;
	float *memory = rings_new(&r, s->width);

	(void)worker;
	last = last < (ptrdiff_t)s->height ? last : (ptrdiff_t)s->height;
	for (ptrdiff_t y = first - NEAR - R; y < last + NEAR + R; y++) {
		ptrdiff_t at = y - R - NEAR;
		const float *v, *limit;

		advance(&r, q, y);
		if (at < first)
			continue;
		v = r.smooth[SLOT(at)];
		limit = r.limit[SLOT(at)];
		for (size_t x = 0; (x = kern()->find_above(v, limit, s->width, x)) < s->width; x++)
			if (highest(&r, (ptrdiff_t)x, at) && !sharp(s, (ptrdiff_t)x, at))
				add(&q->band[band], (struct peak){(int)x, (int)at, v[x]});
	}
	free(memory);
}

static int by_height(const void *a, const void *b)
{
	const struct peak *p = a, *q = b;

	if (p->height != q->height)
		return p->height < q->height ? 1 : -1;
	return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : (p->x > q->x) - (p->x < q->x);
}

/* Noise of smoothed values over that of the background, in one cell; NaN if it tells nothing. */
static float probe(const struct star_plane *s, const float weight[R + 1], size_t cx, size_t cy)
{
	const struct background *b = &s->background;
	size_t side = b->cell - 2 * R, count = 0;
	float *v = xaligned(2 * side * side, sizeof(*v)),
	      *above = xaligned(b->cell, sizeof(*above));
	float level = b->level[cy * b->across + cx], noise = b->noise[cy * b->across + cx], sigma;
	const float *row[ROWS];

	for (size_t y = 0; y < side; y++) {
		for (size_t i = 0; i < ROWS; i++)
			row[i] = s->plane + (cy * b->cell + y + i) * s->width + cx * b->cell;
		kern()->smooth_rows(above, row, weight, b->cell);
		kern()->smooth(v + count, above, weight, side);
		for (size_t x = 0, from = count; x < side; x++) {
			v[count] = v[from + x];
			count += isfinite(v[count]) != 0;
		}
	}
	if (count > side && noise > s->noise_floor)
		clipped_median(v, count, v + side * side, &level, &sigma);
	else
		sigma = NAN;
	free(v);
	free(above);
	return sigma / noise;
}

/* The median over some whole cells; white noise's where there is none. */
static float smoothed_noise(const struct star_plane *s, const float weight[R + 1])
{
	const struct background *b = &s->background;
	size_t across = s->width / b->cell, cells = across * (s->height / b->cell), count = 0;
	size_t step = cells / PROBES + 1;
	float value[PROBES], work[PROBES], median = (float)white(weight), sigma;

	for (size_t c = step / 2; c < cells && count < PROBES; c += step) {
		value[count] = probe(s, weight, c % across, c / across);
		count += isfinite(value[count]) != 0;
	}
	if (count > 0)
		clipped_median(value, count, work, &median, &sigma);
	return median;
}

size_t star_peaks(struct star_plane *s, double sigma, struct pool *pool, struct peak **peaks)
{
	size_t bands = (s->height + BAND - 1) / BAND, count = 0;
	struct search q = {.s = s, .band = xcalloc(bands, sizeof(*q.band))};
	float noise;

	gaussian(q.weight);
	noise = smoothed_noise(s, q.weight);
	s->correlation = noise / (float)white(q.weight);
	q.limit = (float)sigma * noise;
	pool_run(pool, bands, search_band, &q);
	for (size_t i = 0; i < bands; i++)
		count += q.band[i].count;
	*peaks = xcalloc(count + 1, sizeof(**peaks));
	count = 0;
	for (size_t i = 0; i < bands; i++) {
		if (q.band[i].count)
			memcpy(*peaks + count, q.band[i].peak, q.band[i].count * sizeof(**peaks));
		count += q.band[i].count;
		free(q.band[i].peak);
	}
	free(q.band);
	qsort(*peaks, count, sizeof(**peaks), by_height);
	return count;
}
