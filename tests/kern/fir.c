/* SPDX-License-Identifier: ISC */
/*
 * Filters and mixer at every level: the same sums in f64, reads within bounds, and the same bits as
 * the plain level. fir [SEED] tests; fir --bench prints rates.
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

#define MOST 300

static float uniform(void)
{
	return (float)((double)(random64() >> 11) * 0x1p-52 - 1);
}

/* n floats that end where memory does. */
struct room {
	char *map;
	size_t size;
	float *v;
};

static struct room room_new(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = round_up(n * sizeof(float) + 1, page);
	struct room r = {.size = size + page};

	r.map = mmap(NULL, r.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r.map == MAP_FAILED || mprotect(r.map, size, PROT_READ | PROT_WRITE))
		exit(1);
	r.v = (float *)(void *)(r.map + size) - n;
	for (size_t i = 0; i < n; i++)
		r.v[i] = uniform();
	return r;
}

static void room_free(struct room *r)
{
	munmap(r->map, r->size);
}

static bool same_bits(const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(a + i, b + i, 4) && !(isnan(a[i]) && isnan(b[i])))
			return false;
	return true;
}

static bool near(double value, double expected, double limit, const char *what)
{
	if (isnan(expected) ? isnan(value) : fabs(value - expected) <= limit)
		return true;
	printf("# %s: %g, expected %g\n", what, value, expected);
	return false;
}

static bool test_fir(const struct kern *k, size_t n)
{
	size_t parts = 1 + below(2), row = KERN_FIR_LANES * (1 + below(8));
	struct kern_fir f = {
		.row = row, .up = 1 + (below(2) ? below(9) : 0), .down = 1 + below(20)};
	size_t phase = below(f.up), last = n ? (size_t)((phase + (n - 1) * f.down) / f.up) : 0;
	struct room x = room_new(last * parts + row), taps = room_new(f.up * row);
	struct room out = room_new(n * parts), first = room_new(n * parts);
	bool right = true;

	f.taps = taps.v;
	if (below(4) == 0)
		x.v[below(last * parts + row)] = NAN;
	k->fir(out.v, x.v, n, parts, &f, phase);
	kern_level(1)->fir(first.v, x.v, n, parts, &f, phase);
	right = same_bits(out.v, first.v, n * parts);
	for (size_t i = 0; i < n && right; i++) {
		size_t at = phase + i * (size_t)f.down;
		const float *from = x.v + at / f.up * parts, *t = f.taps + at % f.up * row;
		double sum[2] = {0};

		for (size_t j = 0; j < row; j++)
			sum[j % parts] += (double)from[j] * (double)t[j];
		for (size_t part = 0; part < parts; part++)
			right = right &&
				near(out.v[i * parts + part], sum[part], 1e-5 * (double)row, "fir");
	}
	room_free(&x);
	room_free(&taps);
	room_free(&out);
	room_free(&first);
	return right;
}

static bool test_dense(const struct kern *k, size_t n)
{
	size_t parts = 1 + below(2), length = 1 + below(200);
	struct room x = room_new((n + length) * parts), taps = room_new(length);
	struct room out = room_new(n * parts), first = room_new(n * parts);
	bool right = true;

	k->fir_dense(out.v, x.v + parts, n, parts, taps.v, length);
	kern_level(1)->fir_dense(first.v, x.v + parts, n, parts, taps.v, length);
	right = same_bits(out.v, first.v, n * parts);
	for (size_t i = 0; i < n * parts && right; i++) {
		double sum = 0;

		for (size_t j = 0; j < length; j++)
			sum += (double)x.v[parts + i + j * parts] * (double)taps.v[j];
		right = near(out.v[i], sum, 1e-5 * (double)length, "fir_dense");
	}
	room_free(&x);
	room_free(&taps);
	room_free(&out);
	room_free(&first);
	return right;
}

static bool test_mix(const struct kern *k, size_t n)
{
	size_t parts = 1 + below(2);
	struct room x = room_new(n * parts), table = room_new(2 * n);
	struct room out = room_new(2 * n), first = room_new(2 * n);
	float re = uniform(), im = uniform();
	bool right;

	if (n > 0 && below(3) == 0)
		x.v[below(n * parts)] = NAN;
	k->mix(out.v, x.v, n, parts, table.v, re, im);
	kern_level(1)->mix(first.v, x.v, n, parts, table.v, re, im);
	right = same_bits(out.v, first.v, 2 * n);
	for (size_t i = 0; i < n && right; i++) {
		double a = (double)x.v[i * parts], b = parts == 2 ? (double)x.v[2 * i + 1] : 0;
		double t = (double)table.v[2 * i], u = (double)table.v[2 * i + 1];
		double c = t * (double)re - u * (double)im, s = t * (double)im + u * (double)re;

		right = near(out.v[2 * i], a * c - b * s, 1e-6, "mix") &&
			near(out.v[2 * i + 1], a * s + b * c, 1e-6, "mix");
	}
	if (parts == 2) { /* in place */
		k->mix(x.v, x.v, n, 2, table.v, re, im);
		right = right && same_bits(x.v, out.v, 2 * n);
	}
	room_free(&x);
	room_free(&table);
	room_free(&out);
	room_free(&first);
	return right;
}

static void test(const struct kern *k)
{
	static const struct {
		const char *name;
		bool (*one)(const struct kern *k, size_t n);
	} tests[] = {{"fir", test_fir}, {"fir_dense", test_dense}, {"mix", test_mix}};

	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		bool right = true;

		for (int turn = 0; turn < 200; turn++)
			right = tests[i].one(k, turn < 40 ? (size_t)turn : (size_t)below(MOST)) &&
				right;
		check(right, "%s at level %d", tests[i].name, k->level);
	}
}

#define N 1024

static void bench(const struct kern *k)
{
	static float x[2 * (N * 16 + 512)], out[2 * N], taps[1024], table[2 * N];
	struct kern_fir by_4 = {.taps = taps, .row = 64, .up = 1, .down = 4};
	struct kern_fir sharp = {.taps = taps, .row = 208, .up = 1, .down = 4};
	struct kern_fir phases = {.taps = taps, .row = 64, .up = 3, .down = 4};

	for (size_t i = 0; i < COUNT_OF(x); i++)
		x[i] = uniform();
	RATE(k, "fir: 32 taps, 1 of 4, complex", 4 * N, k->fir(out, x, N, 2, &by_4, 0));
	RATE(k, "fir: 104 taps, 1 of 4, complex", 4 * N, k->fir(out, x, N, 2, &sharp, 0));
	RATE(k, "fir: 32 taps, 3 of 4, complex", 4 * N / 3, k->fir(out, x, N, 2, &phases, 0));
	RATE(k, "fir_dense: 101 taps, complex", N, k->fir_dense(out, x, N, 2, taps, 101));
	RATE(k, "mix, complex", N, k->mix(out, x, N, 2, table, 0.6f, 0.8f));
	RATE(k, "mix, real", N, k->mix(out, x, N, 1, table, 0.6f, 0.8f));
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
