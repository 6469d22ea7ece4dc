/* SPDX-License-Identifier: ISC */
/*
 * Resampling at every level: places and values against the same sums in f64, the least of the 4 x 4
 * pixels as the floor, and the same bits as the plain level. resample [SEED] tests; resample
 * --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define MOST 700
#define TABLE ((size_t)KERN_PHASES * 8)

static double uniform(double from, double to)
{
	return from + (to - from) * ((double)(random64() >> 11) * 0x1p-53);
}

static bool same_bits(const void *a, const void *b, size_t n)
{
	const float *p = a, *q = b;

	for (size_t i = 0; i < n; i++)
		if (memcmp(p + i, q + i, 4) && !(isnan(p[i]) && isnan(q[i])))
			return false;
	return true;
}

static bool test_places(const struct kern *k, size_t n, bool bent)
{
	int32_t *x = xcalloc(4 * n + 1, sizeof(*x)), *y = x + n, *first_x = y + n,
		*first_y = first_x + n;
	float *area = xcalloc(2 * n + 1, sizeof(*area)), *first_area = area + n;
	struct kern_line line = {
		uniform(-1e4, 1e4), uniform(-1e4, 1e4), 1, uniform(-2, 2), uniform(-2, 2), 0, 1.5};
	bool right = true;

	if (bent) {
		line.w = uniform(0.9, 1.1);
		line.dw = below(10) ? uniform(-1e-4, 1e-4) : uniform(-1, 1);
	}
	k->place(x, y, area, n, &line);
	kern_level(1)->place(first_x, first_y, first_area, n, &line);
	right = !memcmp(x, first_x, n * sizeof(*x)) && !memcmp(y, first_y, n * sizeof(*y)) &&
		same_bits(area, first_area, n);
	for (size_t i = 0; i < n; i++) {
		double w = line.w + line.dw * (double)i;
		double px = (line.x + line.dx * (double)i) / w,
		       py = (line.y + line.dy * (double)i) / w;

		if (w <= 0)
			right = right && abs(x[i]) > 900000000;
		else if (fabs(px) < 4e5 && fabs(py) < 4e5)
			right = right &&
				fabs(x[i] / (double)KERN_PHASES - px) < 0.501 / KERN_PHASES &&
				fabs(y[i] / (double)KERN_PHASES - py) < 0.501 / KERN_PHASES;
		if (bent && w > 0.1)
			right = right && fabs(area[i] * w * w * w / line.area - 1) < 1e-5;
	}
	free(x);
	free(area);
	return right;
}

/* Places that are nowhere. */
static bool test_nowhere(const struct kern *k)
{
	const double odd[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};
	bool right = true;

	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		struct kern_line line = {odd[i], odd[i], 1, 0, 0, 0, 1};
		int32_t x[3], y[3];
		float area[3];

		k->place(x, y, area, 3, &line);
		right = right && abs(x[1]) > 900000000 && abs(y[2]) > 900000000;
	}
	return right;
}

/* A plane that ends where memory does. */
struct plane {
	size_t width, height, size;
	char *map;
	float *v;
};

static struct plane plane_new(size_t width, size_t height)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = round_up(width * height * sizeof(float), page);
	struct plane p = {width, height, size + 2 * page, NULL, NULL};

	p.map = mmap(NULL, p.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p.map == MAP_FAILED || mprotect(p.map + page, size, PROT_READ | PROT_WRITE))
		exit(1);
	p.v = (float *)(void *)(p.map + page + size) - width * height;
	if (below(2))
		p.v = (float *)(void *)(p.map + page);
	for (size_t i = 0; i < width * height; i++)
		p.v[i] = below(50) ? (float)uniform(-100, 1000) : (float)uniform(0, 65535);
	return p;
}

static double direct(const struct plane *p, int32_t x, int32_t y, const float *table, size_t rows)
{
	const float *across = table + (x % KERN_PHASES) * 8;
	const float *down = table + (y % KERN_PHASES) * 8 + (8 - rows) / 2;
	double sum = 0;

	for (size_t i = 0; i < rows; i++)
		for (size_t j = rows == 2 ? 3 : 0; j < (rows == 2 ? 5 : 8); j++)
			sum += (double)down[i] * (double)across[j] *
			       (double)p->v[((size_t)(y / KERN_PHASES) + i - (rows / 2 - 1)) *
						    p->width +
					    (size_t)(x / KERN_PHASES) + j - 3];
	return sum;
}

static double least_of_16(const struct plane *p, int32_t x, int32_t y)
{
	double least = INFINITY;

	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 4; j++)
			least = fmin(
				least, (double)p->v[((size_t)(y / KERN_PHASES) + i - 1) * p->width +
						    (size_t)(x / KERN_PHASES) + j - 1]);
	return least;
}

static int32_t somewhere(size_t before, size_t pixels, size_t reach)
{
	uint64_t whole = before + below(pixels - reach + 1);
	static const uint64_t phases[] = {0, 1, KERN_PHASES / 2, KERN_PHASES - 1};

	return (int32_t)(whole * KERN_PHASES + (below(4) ? below(KERN_PHASES) : phases[below(4)]));
}

static bool test_values(const struct kern *k, size_t rows, size_t n, const float *table)
{
	bool right = true, linear = rows == 2;
	size_t planes = linear ? 1 : 1 + below(3), height = 8 + below(40);
	struct plane p = plane_new(8 + below(40), planes * height);
	int32_t *x = xcalloc(2 * n + 1, sizeof(*x)), *y = x + n;
	float *out = xcalloc(2 * planes * n + 1, sizeof(*out)), *first = out + planes * n;
	struct kern_planes from = {
		.v = p.v, .width = p.width, .stride = p.width * height, .count = planes};
	struct kern_planes to = {.out = out, .stride = n}, to_first = {.out = first, .stride = n};

	if (below(3) == 0)
		p.v[below(p.width * p.height)] = NAN;
	p.height = height;
	for (size_t i = 0; i < n; i++) {
		x[i] = linear ? somewhere(0, p.width, 2) : somewhere(3, p.width, 8);
		y[i] = somewhere(rows / 2 - 1, p.height, rows);
	}
	if (linear) {
		k->bilinear(out, p.v, p.width, x, y, n);
		kern_level(1)->bilinear(first, p.v, p.width, x, y, n);
	} else {
		k->resample(&to, &from, x, y, n, table, rows);
		kern_level(1)->resample(&to_first, &from, x, y, n, table, rows);
	}
	right = same_bits(out, first, planes * n);
	for (size_t i = 0; i < planes * n && right; i++) {
		struct plane one = p;
		size_t at = i % n;
		double expected;

		one.v += i / n * from.stride;
		expected = direct(&one, x[at], y[at], table, rows);
		if (!isnan(expected) && !linear)
			expected = fmax(expected, least_of_16(&one, x[at], y[at]));
		right = isnan(expected) ? isnan(out[i]) || linear : fabs(out[i] - expected) < 0.1;
		if (!right)
			printf("# %zu rows at %d, %d: %g, expected %g\n", rows, x[at], y[at],
				(double)out[i], expected);
	}
	munmap(p.map, p.size);
	free(x);
	free(out);
	return right;
}

/* Weights of an own kind: no interpolation needs to be right here, only sums. */
static float *random_table(void)
{
	float *table = xaligned(TABLE, sizeof(*table));

	for (size_t i = 0; i < TABLE; i++)
		table[i] = (float)uniform(-0.3, 0.5);
	return table;
}

/* Between two pixels; its eight columns are 0 but two. */
static float *linear_table(void)
{
	float *table = xcalloc(TABLE, sizeof(*table));

	for (size_t phase = 0; phase < KERN_PHASES; phase++) {
		table[phase * 8 + 3] = 1 - (float)phase / KERN_PHASES;
		table[phase * 8 + 4] = (float)phase / KERN_PHASES;
	}
	return table;
}

static void test(const struct kern *k)
{
	float *table = random_table(), *linear = linear_table();
	bool right = true;

	for (int turn = 0; turn < 200; turn++)
		right = test_places(k, turn < 20 ? (size_t)turn : (size_t)below(MOST), turn % 2) &&
			right;
	check(right && test_nowhere(k), "places at level %d", k->level);
	for (size_t rows = 4; rows <= 8; rows += 2) {
		right = true;
		for (int turn = 0; turn < 200; turn++)
			right = test_values(k, rows, turn < 20 ? (size_t)turn : (size_t)below(MOST),
					table) &&
				right;
		check(right, "%zu rows at level %d", rows, k->level);
	}
	right = true;
	for (int turn = 0; turn < 200; turn++)
		right = test_values(k, 2, turn < 20 ? (size_t)turn : (size_t)below(MOST), linear) &&
			right;
	check(right, "bilinear at level %d", k->level);
	free(table);
	free(linear);
}

#define N 512
#define SIDE 1024

/* A row of a slightly turned frame. */
static void bench(const struct kern *k)
{
	struct plane p = plane_new(SIDE, SIDE);
	struct kern_line line = {100.3, 200.2, 1, 0.99996, 0.0087, 0, 1},
			 bent = {100.3, 200.2, 1.001, 0.99996, 0.0087, 1e-9, 1};
	float *table = random_table(), out[N], area[N], outs[3 * N];
	struct kern_planes from = {.v = p.v, .width = SIDE, .stride = SIDE * 255 + 48, .count = 1};
	struct kern_planes three = from, to = {.out = outs, .stride = N};
	int32_t x[N], y[N];

	three.count = 3;

	RATE(k, "places, bent", N, k->place(x, y, area, N, &bent));
	RATE(k, "places", N, k->place(x, y, area, N, &line));
	RATE(k, "8 rows", N, k->resample(&to, &from, x, y, N, table, 8));
	RATE(k, "6 rows", N, k->resample(&to, &from, x, y, N, table, 6));
	RATE(k, "4 rows", N, k->resample(&to, &from, x, y, N, table, 4));
	RATE(k, "8 rows, 3 planes", 3 * N, k->resample(&to, &three, x, y, N, table, 8));
	RATE(k, "bilinear", N, k->bilinear(out, p.v, SIDE, x, y, N));
	munmap(p.map, p.size);
	free(table);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--bench")) {
		RATE_HEADING;
		for (int level = 1; level <= kern_best(); level++)
			bench(kern_level(level));
		return 0;
	}
	seed_from(argc, argv);
	for (int level = 1; level <= kern_best(); level++)
		test(kern_level(level));
	return done();
}
