/* SPDX-License-Identifier: ISC */
/* Accumulating rows in bounded memory, against means and maxima taken over all rows at once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "dsp/rowgrid.h"

/* Row k holds k + 1 + bin / 8 everywhere. */
static void add_ramp(struct rowgrid *grid, size_t bins, int64_t start, int64_t step, size_t rows)
{
	float *row = xmalloc(bins * sizeof(*row));

	for (size_t k = 0; k < rows; k++) {
		for (size_t b = 0; b < bins; b++)
			row[b] = (float)k + 1 + (float)b / 8;
		rowgrid_add(grid, start + (int64_t)k * step, step, row);
	}
	free(row);
}

static void test_few_rows(void)
{
	struct rowgrid_config config = {1, 4, 4, 100, ROWGRID_MEAN};
	struct rowgrid *grid = rowgrid_new(&config);
	float out[16 * 8];
	bool exact = true;
	int64_t from, to;

	rowgrid_render(grid, 0, 8, 4, out);
	check(!rowgrid_extent(grid, &from, &to) && isnan(out[0]) && isnan(out[31]),
		"without rows all is NaN");
	add_ramp(grid, 4, -1000, 10, 8);
	check(rowgrid_extent(grid, &from, &to) && from == -1000 && to == -920,
		"the extent is that of the rows");
	rowgrid_render(grid, 0, 16, 8, out);
	for (size_t y = 0; y < 16; y++)
		for (size_t x = 0; x < 8; x++)
			exact = exact && out[y * 8 + x] == (float)(y / 2) + 1 + (float)(x / 2) / 8;
	check(exact, "a larger picture repeats rows and columns exactly");
	rowgrid_render(grid, 0, 4, 4, out);
	check(out[0] == 1.5f && out[4 * 3 + 3] == 7.875f, "a smaller one joins them");
	check(!rowgrid_add(grid, -1000, 10, out), "a row that goes back in time is refused");
	rowgrid_free(grid);
}

static void test_columns(void)
{
	struct rowgrid_config config = {2, 5, 2, 4, ROWGRID_MEAN};
	const float row[10] = {1, 2, 3, 4, 11, NAN, 8, NAN, NAN, NAN};
	struct rowgrid *grid = rowgrid_new(&config);
	float out[4];

	rowgrid_add(grid, 0, 1, row);
	rowgrid_render(grid, 0, 1, 2, out);
	rowgrid_render(grid, 1, 1, 2, out + 2);
	check(out[0] == 1.5f && out[1] == 6 && out[2] == 8 && isnan(out[3]),
		"bins are joined to columns by the mean of those that are not NaN");
	rowgrid_free(grid);

	config.stat = ROWGRID_MAX;
	grid = rowgrid_new(&config);
	rowgrid_add(grid, 0, 1, row);
	rowgrid_render(grid, 0, 1, 2, out);
	rowgrid_render(grid, 1, 1, 2, out + 2);
	check(out[0] == 2 && out[1] == 11 && out[2] == 8 && isnan(out[3]),
		"or by the maximum of those that are not NaN");
	rowgrid_free(grid);
}

/* A gap of whole pixels, in a picture made of many joined rows. */
static void test_gap(void)
{
	struct rowgrid_config config = {1, 1, 1, 200, ROWGRID_MEAN};
	struct rowgrid *grid = rowgrid_new(&config);
	const size_t height = 100;
	float out[100], last = 5500;
	bool right = true;

	/* 100000 samples in rows of 10; nothing in 30000 … 45000, then half a row later. */
	add_ramp(grid, 1, 0, 10, 3000);
	add_ramp(grid, 1, 45005, 10, 5499);
	rowgrid_add(grid, 99990, 10, &last);
	rowgrid_render(grid, 0, height, 1, out);
	for (size_t y = 0; y < height; y++)
		right = right && isnan(out[y]) == (y >= 30 && y < 45);
	check(right, "a gap shows where it is, to the pixel");
	check(fabs(out[0] - 50.5) < 32 && fabs(out[99] - 5450) < 32,
		"the first and last rows are where they were, to half a cell");
	rowgrid_free(grid);
}

/* Against sums over all rows. The picture's rows are whole cells, so nothing is weighted. */
static void test_against_direct(enum rowgrid_stat stat, const char *name)
{
	enum { BINS = 7, HEIGHT = 64, ROWS_PER_PIXEL = 37, CHANNELS = 3 };
	struct rowgrid_config config = {CHANNELS, BINS, BINS, HEIGHT * 2, stat};
	struct rowgrid *grid = rowgrid_new(&config);
	double direct[HEIGHT][CHANNELS * BINS];
	float row[CHANNELS * BINS], out[HEIGHT * BINS];
	double worst = 0;

	for (size_t k = 0; k < HEIGHT * ROWS_PER_PIXEL; k++) {
		size_t y = k / ROWS_PER_PIXEL;

		for (size_t i = 0; i < CHANNELS * BINS; i++) {
			row[i] = (float)below(1000000) / 1000;
			if (k % ROWS_PER_PIXEL == 0)
				direct[y][i] = row[i];
			else if (stat == ROWGRID_MEAN)
				direct[y][i] += row[i];
			else
				direct[y][i] = fmax(direct[y][i], row[i]);
		}
		rowgrid_add(grid, (int64_t)k * 100, 100, row);
	}
	for (size_t c = 0; c < CHANNELS; c++) {
		double total = 0, wanted = 0;

		rowgrid_render(grid, c, HEIGHT, BINS, out);
		for (size_t y = 0; y < HEIGHT; y++)
			for (size_t b = 0; b < BINS; b++) {
				double value = direct[y][c * BINS + b];

				total += out[y * BINS + b];
				wanted += stat == ROWGRID_MEAN ? value / ROWS_PER_PIXEL : value;
			}
		worst = fmax(worst, fabs(total / wanted - 1));
	}
	check(worst < (stat == ROWGRID_MEAN ? 1e-6 : 0.02), "%s of all is kept (off by %.2g)", name,
		worst);
	rowgrid_free(grid);
}

/* Whatever comes, memory stays and the picture has data where there are some. */
static void test_hostile(void)
{
	bool right = true;

	for (int run = 0; run < 200 && right; run++) {
		struct rowgrid_config config = {
			1, 3, 1 + below(3), 4 + below(30), run % 2 ? ROWGRID_MAX : ROWGRID_MEAN};
		struct rowgrid *grid = rowgrid_new(&config);
		int64_t start = run % 3 ? INT64_MIN : -(int64_t)below(1000);
		int64_t step = 1 + below(1000), from, to;
		const float row[3] = {1, 1, 1};
		float out[50 * 3];
		bool any = false;

		for (int k = 0; k < 2000; k++) {
			int64_t jump = (int64_t)((uint64_t)below(UINT32_MAX) << below(31));

			rowgrid_add(grid, start, step, row);
			if (__builtin_add_overflow(start, below(10) ? step : jump, &start))
				start = INT64_MAX;
		}
		rowgrid_extent(grid, &from, &to);
		rowgrid_render(grid, 0, 50, 3, out);
		for (size_t i = 0; i < 150; i++) {
			any = any || out[i] == 1;
			right = right && (isnan(out[i]) || fabs(out[i] - 1) < 1e-6);
		}
		right = right && any && from < to && !isnan(out[0]);
		rowgrid_free(grid);
	}
	check(right, "random gaps over the whole range of int64 do no harm");
}

/* 1e15 samples in: the last row is still where it belongs. */
static void test_long(void)
{
	struct rowgrid_config config = {1, 1, 1, 64, ROWGRID_MAX};
	struct rowgrid *grid = rowgrid_new(&config);
	const int64_t origin = 1000000000000000;
	float out[4], row = 1;

	for (int64_t k = 0; k < 100000; k++) {
		row = k == 76000 ? 9 : 1;
		rowgrid_add(grid, origin + k * 33333, 33333, &row);
	}
	rowgrid_render(grid, 0, 4, 1, out);
	check(out[2] == 1 && out[3] == 9, "a peak stays in its pixel at large indices");
	rowgrid_free(grid);
}

static void test_weights(void)
{
	struct rowgrid_config config = {1, 4, 4, 100, ROWGRID_MEAN};
	struct rowgrid *grid = rowgrid_new(&config);
	const float one[4] = {1, 1, 1, 1}, four[4] = {4, 8, 12, NAN};
	float out[6];

	/* Both in one pixel: by time. Cells weigh by their overlap, rows of a cell by their step. */
	rowgrid_add(grid, 0, 10, one);
	rowgrid_add(grid, 10, 20, four);
	rowgrid_render(grid, 0, 1, 4, out);
	check(fabsf(out[0] - 3) < 1e-6f && fabsf(out[1] - 17.0f / 3) < 1e-6f && out[3] == 1,
		"a row weighs as much as the time it stands for");
	rowgrid_render(grid, 0, 3, 2, out);
	check(out[0] == 1 && out[1] == 1, "a narrower picture joins columns");
	rowgrid_render(grid, 0, 1, 1, out);
	check(fabsf(out[0] - (4 * 1 + 2 * (4 + 8 + 12)) / 10.0f) < 1e-6f, "those without NaN");
	rowgrid_free(grid);
}

/* Rows of 2 and 4 at once make the picture that single rows make. */
static void test_rows_at_once(void)
{
	struct rowgrid_config config = {1, 1, 1, 16, ROWGRID_MEAN};
	struct rowgrid *single = rowgrid_new(&config), *joined = rowgrid_new(&config);
	float a[16], b[16], worst = 0;

	for (int k = 0; k < 512; k++) {
		float v = (float)(k % 37);

		rowgrid_add(single, k, 1, &v);
	}
	for (int k = 0, n; k < 512; k += n) {
		float v = 0;

		n = k < 32 ? 1 : k < 64 ? 2 : 4;
		for (int i = 0; i < n; i++)
			v += (float)((k + i) % 37) / (float)n;
		rowgrid_add(joined, k, n, &v);
	}
	rowgrid_render(single, 0, 16, 1, a);
	rowgrid_render(joined, 0, 16, 1, b);
	for (int i = 0; i < 16; i++)
		worst = fmaxf(worst, fabsf(a[i] - b[i]));
	check(worst < 1e-4f, "rows added several at once make the same picture (%g)",
		(double)worst);
	rowgrid_free(single);
	rowgrid_free(joined);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_few_rows();
	test_columns();
	test_gap();
	test_against_direct(ROWGRID_MEAN, "the mean");
	test_against_direct(ROWGRID_MAX, "the maximum");
	test_hostile();
	test_long();
	test_weights();
	test_rows_at_once();
	return done();
}
