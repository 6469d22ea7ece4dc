/* SPDX-License-Identifier: ISC */
/* Signals of bins that are above the noise, drawn by hand; and the share of time of bins. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "dsp/occupancy.h"
#include "dsp/tracker.h"

#define BINS 40
#define FOUND_MAX 64

struct found {
	struct track track[FOUND_MAX];
	size_t count;
};

static void add(void *arg, const struct track *track)
{
	struct found *f = arg;

	if (f->count < FOUND_MAX)
		f->track[f->count] = *track;
	f->count++;
}

/*
 * Rows of ten samples each: '#' is power 11, '+' 6, both above the noise of 1; '.' is 1, ' ' no
 * data. The end of the rows is the end of all.
 */
static struct found draw(size_t guard, size_t hold, size_t most, const char *const *rows)
{
	struct tracker_config config = {BINS, guard, hold, most};
	struct found found = {0};
	struct tracker *t = tracker_new(&config, add, &found);
	float power[BINS], noise[BINS];
	uint8_t above[BINS];

	for (int64_t k = 0; rows[k]; k++) {
		size_t n = strlen(rows[k]);

		for (size_t b = 0; b < BINS; b++) {
			char c = b < n ? rows[k][b] : '.';

			power[b] = c == '#' ? 11 : c == '+' ? 6 : c == ' ' ? NAN : 1;
			above[b] = c == '#' || c == '+';
			noise[b] = 1;
		}
		tracker_row(t, k * 10, k * 10 + 10, power, noise, above);
	}
	tracker_end(t);
	if (tracker_left_out(t))
		found.count += 1000 * tracker_left_out(t);
	tracker_free(t);
	return found;
}

#define DRAW(guard, hold, ...) draw(guard, hold, 100, (const char *const[]){__VA_ARGS__, NULL})

static bool is(const struct track *t, int64_t begin, int64_t end, double bin, double width)
{
	bool right = t->begin == begin && t->end == end && fabs(t->bin - bin) < 1e-9 &&
		     fabs(t->width - width) < 1e-9;

	if (!right)
		printf("# %lld to %lld, bin %.9g, width %.9g\n", (long long)t->begin,
			(long long)t->end, t->bin, t->width);
	return right;
}

static void test_one(void)
{
	struct found f = DRAW(0, 0, "..........", "..###.....", "..###.....", "..........");

	/* Three bins less 0.5 % of the whole on each side. */
	check(f.count == 1 && is(&f.track[0], 10, 30, 3, 3 - 2 * 0.015), "a block");
	check(f.track[0].peak == 11 && f.track[0].noise == 1 &&
			fabs(f.track[0].snr - 30 / (3 - 2 * 0.015)) < 1e-9,
		"its strength");
	f = DRAW(0, 0, "..+#+.....");
	check(f.count == 1 && is(&f.track[0], 0, 10, 3, 3 - 2 * 0.005 * 20 / 5),
		"the width of a peak");
	f = DRAW(0, 0, "#.........", "#.......##");
	check(f.count == 2 && is(&f.track[0], 0, 20, 0, 0.99) && is(&f.track[1], 10, 20, 8.5, 1.98),
		"what lasts to the end ends there");
}

static void test_joins(void)
{
	struct found f = DRAW(0, 0, "#.#");

	check(f.count == 2, "without a guard, one bin between separates");
	f = DRAW(1, 0, "#.#..#");
	check(f.count == 2 && f.track[0].begin == 0 && fabs(f.track[0].bin - 1) < 1e-9,
		"with a guard of one, two");
	f = DRAW(0, 0, "##......", "..##....", "....##..");
	check(f.count == 1 && is(&f.track[0], 0, 30, 2.5, 6 - 2 * 0.005 * 6), "a slope");
	f = DRAW(0, 0, "##......", "...##...");
	check(f.count == 2, "too steep");
	f = DRAW(0, 0, "#..#", "#..#", "####", "#..#");
	check(f.count == 1 && f.track[0].begin == 0 && f.track[0].end == 40,
		"two that meet are one");
	f = DRAW(0, 0, "....#...", "...###..", "..#...#.", ".#.....#");
	check(f.count == 1 && f.track[0].end == 40, "and one that parts stays one");
	f = DRAW(0, 0, "#.....#.....#", "##...###...##", ".##.##.##.##.", "..###...###..",
		"...#.....#...", "....#...#....", ".....###.....");
	check(f.count == 1 && f.track[0].begin == 0 && f.track[0].end == 70, "a net is one");
}

static void test_hold(void)
{
	struct found f = DRAW(0, 1, "..#..", ".....", "..#..", ".....", ".....", "..#..");

	check(f.count == 2 && f.track[0].begin == 0 && f.track[0].end == 30 &&
			f.track[1].begin == 50 && f.track[1].end == 60,
		"absent for one row it is the same, for two another");
	/* 10 of the two rows, 0 of the one between. */
	check(fabs(f.track[0].snr - 20. / 3 / 0.99) < 1e-9, "the row between counts");
	/* The older one was absent, another brings it back, and is one with it. */
	f = DRAW(0, 1, "#.....#", "......#", "#.....#", ".#...#.", "..###..", ".......", "...#...");
	check(f.count == 1 && f.track[0].begin == 0 && f.track[0].end == 70,
		"what meets while held");
	f = DRAW(0, 1, "#..#", "...#", "####", "....", "#...");
	check(f.count == 1 && f.track[0].end == 50, "and is held anew");
	f = DRAW(0, 2, "..#..", "     ", "..#..");
	check(f.count == 1 && fabs(f.track[0].snr - 10 / 0.99) < 1e-9, "but not if it has no data");
}

static void test_bounds(void)
{
	static const char *const rows[] = {"#.#.#.#", "#.#.#.#", ".......", "#......", NULL};
	struct found f = draw(0, 0, 3, rows);

	check(f.count == 2000 + 4, "what begins beyond the most is counted");
}

/* Wide ones are seen in cells of several bins; drifting ones cover more than they are wide. */
static void test_wide(void)
{
	const size_t bins = 20000;
	struct tracker_config config = {bins, 3, 2, 100};
	struct found f = {0};
	struct tracker *t = tracker_new(&config, add, &f);
	float *power = xmalloc(bins * sizeof(*power)), *noise = xmalloc(bins * sizeof(*noise));
	uint8_t *above = xcalloc(bins, 1);
	double worst = 0;

	for (size_t b = 0; b < bins; b++)
		power[b] = noise[b] = 1;
	for (size_t width = 1; width < bins / 2; width = width * 3 + 1) {
		size_t low = 1000 + below(bins / 2 - 1000);

		for (size_t b = low; b < low + width; b++) {
			power[b] = 101;
			above[b] = 1;
		}
		f.count = 0;
		tracker_row(t, 0, 1, power, noise, above);
		tracker_end(t);
		worst = fmax(worst, fabs(f.track[0].width - 0.99 * (double)width) / (double)width);
		worst = fmax(worst,
			f.count == 1 ? fabs(f.track[0].bin - (double)low - ((double)width - 1) / 2)
				     : 1);
		for (size_t b = low; b < low + width; b++) {
			power[b] = 1;
			above[b] = 0;
		}
	}
	check(worst < 0.012, "widths of up to 4921 bins to %.2g of them", worst);
	f.count = 0;
	for (int64_t k = 0; k < 1800; k++) { /* down, so that the profile grows to the left */
		size_t b = 18000 - 10 * (size_t)k;

		memset(above, 0, bins);
		for (size_t i = 0; i < 10; i++) {
			power[b + i] = 2;
			above[b + i] = 1;
		}
		tracker_row(t, k, k + 1, power, noise, above);
		for (size_t i = 0; i < 10; i++)
			power[b + i] = 1;
	}
	tracker_end(t);
	check(f.count == 1 && fabs(f.track[0].width / 18000 - 0.99) < 0.01 &&
			fabs(f.track[0].bin - 9009.5) < 0.01,
		"a drift is as wide as it goes: %.0f bins", f.track[0].width);
	tracker_free(t);
	free(power);
	free(noise);
	free(above);
}

/* However it looks, all is told of and every row lies in what is told. */
static void test_random(void)
{
	struct tracker_config config = {BINS, 0, 0, 16384};
	float power[BINS], noise[BINS];
	uint8_t above[BINS];
	bool right = true;

	for (int round = 0; round < 300; round++) {
		struct found f = {0};
		struct tracker *t;
		size_t rows = 1 + below(30), often = 1 + below(20);

		config.guard = below(4);
		config.hold = below(3);
		t = tracker_new(&config, add, &f);
		for (size_t k = 0; k < rows; k++) {
			for (size_t b = 0; b < BINS; b++) {
				above[b] = below(often) == 0;
				noise[b] = 1;
				power[b] = above[b] ? 5 : (float)below(3);
				if (below(50) == 0)
					power[b] = NAN;
			}
			tracker_row(t, (int64_t)k, (int64_t)k + 1, power, noise, above);
		}
		tracker_end(t);
		for (size_t i = 0; i < f.count && i < FOUND_MAX; i++)
			right = right && f.track[i].begin >= 0 &&
				f.track[i].begin < f.track[i].end &&
				f.track[i].end <= (int64_t)rows && f.track[i].width >= 0 &&
				f.track[i].width <= BINS && f.track[i].bin >= 0 &&
				f.track[i].bin <= BINS - 1;
		tracker_free(t);
	}
	check(right, "random rows");
}

static void test_occupancy(void)
{
	const float rows[4][3] = {{1, NAN, NAN}, {3, 5, NAN}, {2, 7, NAN}, {8, NAN, NAN}};
	const uint8_t above[4][3] = {{0, 1, 1}, {1, 1, 1}, {0, 0, 1}, {1, 1, 1}};
	const uint64_t samples[4] = {10, 10, 10, 5};
	struct occupancy *o = occupancy_new(3);
	struct occupancy_bin bin;

	for (size_t k = 0; k < 4; k++)
		occupancy_row(o, samples[k], rows[k], above[k]);
	bin = occupancy_bin(o, 0);
	check(bin.samples == 35 && bin.above == 15 && bin.rows == 4 && bin.max == 8 &&
			fabs(bin.mean - 100. / 35) < 1e-12,
		"time above, mean by time, maximum");
	bin = occupancy_bin(o, 1);
	check(bin.samples == 20 && bin.above == 10 && bin.rows == 2 && bin.max == 7 &&
			bin.mean == 6,
		"rows without data do not count");
	bin = occupancy_bin(o, 2);
	check(bin.samples == 0 && bin.above == 0 && isnan(bin.mean) && isnan(bin.max),
		"nor does a bin without any");
	occupancy_free(o);
}

int main(int argc, char **argv)
{
	seed_from(argc, argv);
	test_one();
	test_joins();
	test_hold();
	test_bounds();
	test_wide();
	test_random();
	test_occupancy();
	return done();
}
