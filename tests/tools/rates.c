/* SPDX-License-Identifier: ISC */
/*
 * rates: what `make bench` wants to know of single steps, 2 threads, best of many: the exact median
 * of 12 Mpix, and dark and flat taken off 12 Mpix of u16 beside the memory traffic that takes.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/pool.h"
#include "kern/kern.h"
#include "sky/statistics.h"

#define PIXELS ((size_t)12000000)
#define PIECE ((size_t)1 << 14)
#define RUNS 15

struct frame {
	const uint16_t *raw;
	const float *dark, *gain;
	float *out;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void calibrate_piece(void *arg, size_t i, unsigned worker)
{
	const struct frame *f = arg;
	size_t first = i * PIECE, n = PIXELS - first < PIECE ? PIXELS - first : PIECE;
	struct kern_calibration c = {.base = f->dark + first, .factor = f->gain + first};

	(void)worker;
	kern()->convert(f->out + first, f->raw + first, n, DTYPE_U16, 0, 1);
	kern()->calibrate(f->out + first, n, &c);
}

/* As many bytes read and written, and nothing else done. */
static void move_piece(void *arg, size_t i, unsigned worker)
{
	const struct frame *f = arg;
	size_t first = i * PIECE, n = PIXELS - first < PIECE ? PIXELS - first : PIECE;
	const float *raw = (const float *)(const void *)(f->raw + first);

	(void)worker;
	for (size_t k = 0; k < n; k++)
		f->out[first + k] = f->dark[first + k] + f->gain[first + k];
	for (size_t k = 0; k < n / 2; k++)
		f->out[first + k] += raw[k];
}

static double best_of(struct pool *pool, pool_fn *fn, struct frame *f)
{
	double best = INFINITY;

	for (int run = 0; run < RUNS; run++) {
		double start = now_s();

		pool_run(pool, (PIXELS + PIECE - 1) / PIECE, fn, f);
		best = fmin(best, now_s() - start);
	}
	return best;
}

int main(void)
{
	struct pool *pool = pool_new(2);
	uint16_t *raw = xaligned(PIXELS, sizeof(*raw));
	float *dark = xaligned(PIXELS, sizeof(*dark)), *gain = xaligned(PIXELS, sizeof(*gain));
	struct frame f = {raw, dark, gain, xaligned(PIXELS, sizeof(float))};
	uint64_t state = 1;
	double median = INFINITY;

	for (size_t i = 0; i < PIXELS; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		raw[i] = (uint16_t)(1000 + (state >> 55));
		dark[i] = (float)(500 + (state >> 60));
		gain[i] = 1 + 1e-3f * (float)(state >> 58);
	}
	printf("calibrate %.0f Mpix/s\n", 1e-6 * PIXELS / best_of(pool, calibrate_piece, &f));
	printf("move %.0f Mpix/s\n", 1e-6 * PIXELS / best_of(pool, move_piece, &f));
	for (int run = 0; run < RUNS; run++) {
		double start = now_s();

		if (!(median_f32(f.out, PIXELS, pool) > 0))
			return 1;
		median = fmin(median, now_s() - start);
	}
	printf("median %.2f ms\n", 1e3 * median);
	pool_free(pool);
	return 0;
}
