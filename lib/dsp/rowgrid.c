/* SPDX-License-Identifier: ISC */
#include "dsp/rowgrid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What is known of a cell besides its values. */
struct cell {
	int64_t start, end; /* samples */
	double rows; /* counted in `unit` */
};

struct rowgrid {
	struct rowgrid_config config;
	size_t size;	   /* values of a cell: subchannels * columns */
	uint64_t length;   /* of the grid's cells in samples; 0 while every row has its own */
	struct cell *cell; /* closed ones; behind them a place for the open one */
	float *values;	   /* [places][size] */
	size_t closed, places;

	/* The cell that rows are being added to. */
	struct cell open;
	int64_t last_start, from, to; /* of all rows */
	int64_t unit;		      /* samples of the first row, which weighs 1 */
	double *sum;		      /* [size], or the maximum */
	double *seen;		      /* [size], values in sum */
};

struct rowgrid *rowgrid_new(const struct rowgrid_config *config)
{
	struct rowgrid *grid = xcalloc(1, sizeof(*grid));

	grid->config = *config;
	grid->size = config->subchannels * config->columns;
	grid->sum = xaligned(grid->size, sizeof(*grid->sum));
	grid->seen = xaligned(grid->size, sizeof(*grid->seen));
	return grid;
}

void rowgrid_free(struct rowgrid *grid)
{
	if (!grid)
		return;
	free(grid->cell);
	free(grid->values);
	free(grid->sum);
	free(grid->seen);
	free(grid);
}

static void clear(enum rowgrid_stat stat, double *sum, double *seen, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sum[i] = stat == ROWGRID_MEAN ? 0 : -INFINITY;
		seen[i] = 0;
	}
}

/* Sum or maximum of the values that are not NaN, and how many they are. */
static void join_values(
	enum rowgrid_stat stat, const float *v, size_t n, double weight, double *sum, double *seen)
{
	if (stat == ROWGRID_MEAN) {
		for (size_t i = 0; i < n; i++) {
			*sum += isnan(v[i]) ? 0 : weight * v[i];
			*seen += isnan(v[i]) ? 0 : weight;
		}
	} else {
		for (size_t i = 0; i < n; i++) {
			*sum = v[i] > *sum ? v[i] : *sum;
			*seen += isnan(v[i]) ? 0 : weight;
		}
	}
}

/* Each value joins its own sum; written so that it becomes vector code. */
static void join_weighted(
	enum rowgrid_stat stat, const float *v, size_t n, double weight, double *sum, double *seen)
{
	if (stat == ROWGRID_MEAN) {
		for (size_t i = 0; i < n; i++) {
			sum[i] += isnan(v[i]) ? 0 : weight * v[i];
			seen[i] += isnan(v[i]) ? 0 : weight;
		}
	} else {
		for (size_t i = 0; i < n; i++) {
			sum[i] = v[i] > sum[i] ? v[i] : sum[i];
			seen[i] += isnan(v[i]) ? 0 : weight;
		}
	}
}

static void join_row(struct rowgrid *grid, const float *row, double weight)
{
	size_t bins = grid->config.bins, columns = grid->config.columns;
	double *sum = grid->sum, *seen = grid->seen;

	if (bins == columns) {
		join_weighted(grid->config.stat, row, grid->size, weight, sum, seen);
		return;
	}
	for (size_t c = 0; c < grid->config.subchannels; c++, row += bins)
		for (size_t i = 0, first = 0; i < columns; i++) {
			size_t end = (i + 1) * bins / columns;

			join_values(grid->config.stat, row + first, end - first, weight, sum++,
				seen++);
			first = end;
		}
}

/* Makes room for one cell behind the closed ones. */
static void reserve(struct rowgrid *grid)
{
	size_t most = grid->config.capacity + 1;

	if (grid->closed < grid->places)
		return;
	grid->places = grid->places ? 2 * grid->places : 16;
	if (grid->places > most)
		grid->places = most;
	grid->cell = xrealloc(grid->cell, grid->places, sizeof(*grid->cell));
	grid->values = xrealloc(grid->values, grid->places, grid->size * sizeof(*grid->values));
}

/* Writes the open cell behind the closed ones, where it counts as one of them. */
static void settle(struct rowgrid *grid)
{
	bool mean = grid->config.stat == ROWGRID_MEAN;
	float *values;

	reserve(grid);
	values = grid->values + grid->closed * grid->size;
	grid->cell[grid->closed] = grid->open;
	for (size_t i = 0; i < grid->size; i++) {
		double value = mean ? grid->sum[i] / grid->seen[i] : grid->sum[i];

		values[i] = grid->seen[i] > 0 ? (float)value : NAN;
	}
}

static uint64_t place(const struct rowgrid *grid, int64_t start)
{
	return ((uint64_t)start - (uint64_t)grid->from) / grid->length;
}

/* Joins the values of cell b to those of cell a. */
static void join_cells(struct rowgrid *grid, size_t a, size_t b)
{
	float *x = grid->values + a * grid->size, *y = grid->values + b * grid->size;
	struct cell *to = &grid->cell[a], *from = &grid->cell[b];
	double rows = to->rows + from->rows;

	for (size_t i = 0; i < grid->size; i++) {
		if (isnan(x[i]))
			x[i] = y[i];
		else if (!isnan(y[i]) && grid->config.stat == ROWGRID_MEAN)
			x[i] = (float)((x[i] * to->rows + y[i] * from->rows) / rows);
		else if (y[i] > x[i])
			x[i] = y[i];
	}
	to->rows = rows;
	to->end = from->end > to->end ? from->end : to->end;
}

static void move_cell(struct rowgrid *grid, size_t to, size_t from)
{
	if (to == from)
		return;
	grid->cell[to] = grid->cell[from];
	memcpy(grid->values + to * grid->size, grid->values + from * grid->size,
		grid->size * sizeof(*grid->values));
}

/* Halves the resolution until a quarter of the capacity is free. */
static void coarsen(struct rowgrid *grid, int64_t step)
{
	do {
		size_t last = 0;

		grid->length = grid->length ? 2 * grid->length : 2 * (uint64_t)step;
		for (size_t i = 1; i < grid->closed; i++) {
			if (place(grid, grid->cell[i].start) == place(grid, grid->cell[last].start))
				join_cells(grid, last, i);
			else
				move_cell(grid, ++last, i);
		}
		grid->closed = last + 1;
	} while (grid->closed > grid->config.capacity / 4 * 3);
}

/* Closes the open cell, if there is one, and opens another. */
static void open_cell(struct rowgrid *grid, int64_t start, int64_t step)
{
	if (grid->open.rows > 0) {
		settle(grid);
		if (++grid->closed == grid->config.capacity)
			coarsen(grid, step);
	}
	clear(grid->config.stat, grid->sum, grid->seen, grid->size);
	grid->open = (struct cell){.start = start, .end = start};
}

bool rowgrid_add(struct rowgrid *grid, int64_t start, int64_t step, const float *row)
{
	bool first = grid->open.rows == 0;
	double weight;
	int64_t end;

	if (__builtin_add_overflow(start, step, &end))
		end = INT64_MAX;
	if (first) {
		grid->from = start;
		grid->to = end;
		grid->unit = step;
	} else if (start < grid->last_start) {
		return false;
	}
	if (first || !grid->length || place(grid, start) != place(grid, grid->open.start))
		open_cell(grid, start, step);
	weight = (double)step / (double)grid->unit;
	join_row(grid, row, weight);
	grid->open.end = end > grid->open.end ? end : grid->open.end;
	grid->open.rows += weight;
	grid->last_start = start;
	grid->to = end > grid->to ? end : grid->to;
	return true;
}

bool rowgrid_extent(const struct rowgrid *grid, int64_t *from, int64_t *to)
{
	*from = grid->from;
	*to = grid->to;
	return grid->open.rows > 0;
}

/* A cell's place in the picture, in pixel rows. */
struct stretch {
	double start, end;
};

static struct stretch stretch_of(const struct rowgrid *grid, const struct cell *cell, size_t height)
{
	double scale = (double)height / (double)((uint64_t)grid->to - (uint64_t)grid->from);

	return (struct stretch){
		.start = (double)((uint64_t)cell->start - (uint64_t)grid->from) * scale,
		.end = (double)((uint64_t)cell->end - (uint64_t)grid->from) * scale,
	};
}

/*
 * How much of pixel row y it covers. Less than a millionth of a pixel is rounding, unless it is all
 * there is of the cell.
 */
static double overlap(struct stretch s, size_t y)
{
	double common = fmin(s.end, (double)y + 1) - fmax(s.start, (double)y);

	return common > fmin(1e-6, (s.end - s.start) / 2) ? common : 0;
}

/* The values of the columns repeated over the width, or neighbours joined. */
static void spread(
	const struct rowgrid *grid, const double *sum, const double *seen, size_t width, float *out)
{
	bool mean = grid->config.stat == ROWGRID_MEAN;
	size_t columns = grid->config.columns;

	for (size_t x = 0; x < width; x++) {
		size_t first = x * columns / width, end = (x + 1) * columns / width;
		double value = sum[first], count = seen[first];

		for (size_t i = first + 1; i < end; i++) {
			value = mean ? value + sum[i] : fmax(value, sum[i]);
			count += seen[i];
		}
		out[x] = count > 0 ? (float)(mean ? value / count : value) : NAN;
	}
}

void rowgrid_render(
	struct rowgrid *grid, size_t subchannel, size_t height, size_t width, float *out)
{
	enum rowgrid_stat stat = grid->config.stat;
	size_t columns = grid->config.columns, cells = 0, first = 0;
	double *sum = xmalloc(columns * sizeof(*sum)), *seen = xmalloc(columns * sizeof(*seen));

	if (grid->open.rows > 0) {
		settle(grid);
		cells = grid->closed + 1;
	}
	for (size_t y = 0; y < height; y++) {
		clear(stat, sum, seen, columns);
		while (first < cells &&
			stretch_of(grid, &grid->cell[first], height).end <= (double)y)
			first++;
		for (size_t k = first; k < cells; k++) {
			struct stretch s = stretch_of(grid, &grid->cell[k], height);
			double weight = overlap(s, y);

			if (s.start >= (double)y + 1)
				break;
			if (weight > 0)
				join_weighted(stat,
					grid->values + k * grid->size + subchannel * columns,
					columns, weight, sum, seen);
		}
		spread(grid, sum, seen, width, out + y * width);
	}
	free(sum);
	free(seen);
}
