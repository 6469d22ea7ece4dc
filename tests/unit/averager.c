/* SPDX-License-Identifier: ISC */
/*
 * Averaged rows: against sums of single transforms in f64, and the same bits however the transforms
 * come in and however many threads there are.
 */
#include "dsp/averager.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/dtype.h"
#include "base/mem.h"

#define N 16
#define TRANSFORMS 400

struct rows {
	float power[TRANSFORMS + 1][2 * N];
	struct averager_row row[TRANSFORMS + 1];
	size_t count;
};

static void keep(void *arg, const struct averager_row *row)
{
	struct rows *r = arg;

	memcpy(r->power[r->count], row->power, sizeof(r->power[0]));
	r->row[r->count] = *row;
	r->row[r->count++].power = NULL;
}

static struct spectrum_config config(void)
{
	return (struct spectrum_config){
		.n = N, .dtype = DTYPE_I16 | DTYPE_COMPLEX, .subchannels = 2, .full_scale = 32768,
		.rate_hz = 1, .window = WINDOW_HANN};
}

/* Adds all transforms in random portions, runs now and then, and closes. */
static void average(struct rows *out, const int16_t *x, uint64_t per_row, unsigned threads, bool split)
{
	struct spectrum_config c = config();
	struct pool *pool = pool_new(threads);
	struct averager *a;
	struct error e;

	out->count = 0;
	if (averager_new(&a, &c, N, per_row, pool, keep, out, &e))
		abort();
	for (size_t at = 0; at < TRANSFORMS;) {
		size_t count = split ? 1 + below(TRANSFORMS - at) : TRANSFORMS;

		averager_add(a, x + at * N * 4, count, (int64_t)(at * N));
		if (split && below(2))
			averager_run(a);
		at += count;
	}
	averager_run(a);
	averager_close(a);
	averager_free(a);
	pool_free(pool);
}

/* The mean of single-transform rows. */
static bool is_mean(const struct rows *rows, const struct rows *single, uint64_t per_row)
{
	for (size_t r = 0; r < rows->count; r++)
		for (size_t b = 0; b < 2 * N; b++) {
			double sum = 0;
			uint64_t k;

			for (k = 0; k < per_row && r * per_row + k < TRANSFORMS; k++)
				sum += (double)single->power[r * per_row + k][b];
			if (k != rows->row[r].transforms ||
				fabs((double)rows->power[r][b] - sum / (double)k) > 1e-6 * sum / (double)k)
				return false;
		}
	return true;
}

static bool same(const struct rows *a, const struct rows *b)
{
	for (size_t r = 0; r < a->count; r++)
		if (a->row[r].index != b->row[r].index || a->row[r].partial != b->row[r].partial ||
			a->row[r].transforms != b->row[r].transforms)
			return false;
	return a->count == b->count && !memcmp(a->power, b->power, a->count * sizeof(a->power[0]));
}

int main(int argc, char **argv)
{
	static const uint64_t per_row[] = {2, 63, 64, 65, 128, 100, 399, 400, 1000};
	static struct rows single, whole, split;
	int16_t *x = xaligned(TRANSFORMS * N * 4, sizeof(*x));

	seed_from(argc, argv);
	for (size_t i = 0; i < TRANSFORMS * N * 4; i++)
		x[i] = (int16_t)random64();
	average(&single, x, 1, 1, false);
	check(single.count == TRANSFORMS, "one row for each transform");
	for (size_t k = 0; k < COUNT_OF(per_row); k++) {
		uint64_t n = per_row[k], left = TRANSFORMS % n;
		bool equal = true;

		average(&whole, x, n, 1, false);
		for (int i = 0; i < 50; i++) {
			average(&split, x, n, 1 + (unsigned)below(3), true);
			equal = equal && same(&whole, &split);
		}
		check(is_mean(&whole, &single, n), "rows of %d are the means of their transforms", (int)n);
		check(equal, "rows of %d: the same bits in any portions, with 1 to 3 threads", (int)n);
		check(whole.row[whole.count - 1].partial == (left > 0) &&
				whole.row[whole.count - 1].index == (int64_t)((whole.count - 1) * n * N),
			"rows of %d: the last one says whether it is partial", (int)n);
	}
	free(x);
	return done();
}
