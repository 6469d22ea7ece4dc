/* SPDX-License-Identifier: ISC */
/*
 * Combining on planes: forms of --reject, strips and threads that change no byte, outliers at the
 * default bounds against a plain reference, normalisation of planted levels, piles in memory and in
 * a spool. (tests/kern/stack.c compares every method sample by sample.)
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "image/pile.h"
#include "sky/normalize.h"

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double gauss(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

static void test_forms(void)
{
	static const struct {
		const char *text;
		enum kern_reject method;
		double low, high;
	} right[] = {{"none", KERN_REJECT_NONE, 0, 0}, {"sigma:2.5,3", KERN_REJECT_SIGMA, 2.5, 3},
		{"winsor:3", KERN_REJECT_WINSOR, 3, 3}, {"mad:1e1,.5", KERN_REJECT_MAD, 10, 0.5},
		{"percentile:0.1,0.2", KERN_REJECT_PERCENTILE, 0.1, 0.2},
		{"minmax:0,2", KERN_REJECT_MINMAX, 0, 2}};
	static const char *const wrong[] = {"", "winsor", "winsor:", "winsor:,", "winsor:3,",
		"winsor:,3", "winsor:0", "winsor:-1,2", "sigma:3,3,3", "sigma:inf", "sigma:nan,1",
		"sigma:3 ", "minmax:0.5", "minmax:-1", "sigm:3", "sigmas:3", "none:3", "sigma:1e9"};
	struct rejection r;
	struct error e;
	bool all = true;

	for (size_t i = 0; i < COUNT_OF(right); i++)
		all = all && !rejection_parse(right[i].text, &r, &e) &&
		      r.method == right[i].method && r.low == (float)right[i].low &&
		      r.high == (float)right[i].high;
	check(all, "every form of --reject");
	all = true;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		all = all && rejection_parse(wrong[i], &r, &e) == EXIT_USAGE;
	check(all, "and none but these");
}

#define FRAMES 40
#define PIXELS 40007

struct planes {
	struct kern_stack_row row[FRAMES];
	float *values[FRAMES];
};

static struct planes *planted(bool outliers)
{
	struct planes *p = xcalloc(1, sizeof(*p));

	for (size_t k = 0; k < FRAMES; k++) {
		p->values[k] = xaligned(PIXELS * sizeof(float) + COMBINE_SLACK, 1);
		memset(p->values[k] + PIXELS, 0, COMBINE_SLACK);
		for (size_t i = 0; i < PIXELS; i++) {
			p->values[k][i] = (float)(1000 + 20 * gauss());
			if (outliers && below(50) == 0)
				p->values[k][i] = below(4) ? 60000 : below(2) ? NAN : -2000;
		}
		p->row[k] = (struct kern_stack_row){p->values[k], DTYPE_F32, 1, 0, 1, NULL};
	}
	return p;
}

static void free_planes(struct planes *p)
{
	for (size_t k = 0; k < FRAMES; k++)
		free(p->values[k]);
	free(p);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double deviation(const double *v, size_t n, double low, double high)
{
	double sum = 0, square = 0;

	for (size_t i = 0; i < n; i++) {
		double x = fmin(fmax(v[i], low), high);

		sum += x;
		square += x * x;
	}
	return sqrt(fmax(square - sum * sum / (double)n, 0) / (double)(n - 1));
}

/* winsor:3,3 of a column, plainly; the mean, and how many were rejected. */
static double plain(const struct planes *p, size_t pixel, size_t *rejected)
{
	double v[FRAMES], m, sigma, before, sum = 0;
	size_t n = 0, from = 0, to, a, b;

	for (size_t k = 0; k < FRAMES; k++)
		if (!isnan(p->values[k][pixel]))
			v[n++] = (double)p->values[k][pixel] - 1000;
	qsort(v, n, sizeof(*v), by_value);
	to = n;
	for (bool again = true; again && to - from > 3;) {
		int turn = 0;

		m = 0.5 * (v[(from + to - 1) / 2] + v[(from + to) / 2]);
		sigma = deviation(v + from, to - from, -INFINITY, INFINITY);
		do {
			before = sigma;
			sigma = 1.134 *
				deviation(v + from, to - from, m - 1.5 * sigma, m + 1.5 * sigma);
		} while (fabs(sigma - before) > 5e-4 * sigma && ++turn < 20);
		for (a = from; v[a] < m - 3 * sigma; a++)
			;
		for (b = to; v[b - 1] > m + 3 * sigma; b--)
			;
		again = a != from || b != to;
		from = a;
		to = b;
	}
	for (size_t i = from; i < to; i++)
		sum += v[i];
	*rejected = n - (to - from);
	return 1000 + sum / (double)(to - from);
}

static void test_planes(struct pool *pool)
{
	struct planes *p = planted(true);
	struct combine_strip s = {.row = p->row,
		.frames = FRAMES,
		.pixels = PIXELS,
		.combine = KERN_COMBINE_MEAN,
		.rejection = {KERN_REJECT_WINSOR, 3, 3}};
	float *out = xmalloc(PIXELS * sizeof(*out)), *other = xmalloc(PIXELS * sizeof(*other));
	uint16_t *rejected = xmalloc(PIXELS * sizeof(*rejected));
	struct combine_counts counts = {0}, again = {0};
	uint64_t otherwise = 0, total = 0, gone = 0, step = 96 * COMBINE_STEP;
	double worst = 0;

	combine(&s, out, rejected, &counts, pool);
	for (size_t i = 0; i < PIXELS; i++) {
		size_t expected;
		double value = plain(p, i, &expected);

		otherwise += (uint64_t)llabs((long long)expected - rejected[i]);
		gone += rejected[i];
		if (expected == rejected[i])
			worst = fmax(worst, fabs((double)out[i] - value) / 1000);
		for (size_t k = 0; k < FRAMES; k++)
			total += !isnan(p->values[k][i]);
	}
	check((double)otherwise <= 1e-6 * (double)total + 1 && worst <= 1e-6,
		"winsor:3,3 as defined: %llu of %llu samples otherwise, values within %.2g",
		(unsigned long long)otherwise, (unsigned long long)total, worst);
	check(counts.samples == total && counts.low + counts.high == gone, "the counts are right");
	for (size_t first = 0; first < PIXELS; first += step) {
		struct combine_strip strip = s;
		struct kern_stack_row row[FRAMES];

		for (size_t k = 0; k < FRAMES; k++) {
			row[k] = p->row[k];
			row[k].samples = p->values[k] + first;
		}
		strip.row = row;
		strip.pixels = PIXELS - first < step ? PIXELS - first : step;
		combine(&strip, other + first, NULL, &again, NULL);
	}
	check(!memcmp(out, other, PIXELS * sizeof(*out)) &&
			!memcmp(&counts, &again, sizeof(counts)),
		"strips and threads change no byte");
	free(out);
	free(other);
	free(rejected);
	free_planes(p);
}

static void test_levels(struct pool *pool)
{
	size_t n = 200000;
	float *reference = xmalloc(n * sizeof(*reference)), *frame = xmalloc(n * sizeof(*frame));
	struct norm_terms t;
	const char *why;
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double star = below(100) ? 0 : 5000 * uniform();

		reference[i] = i < 1000 ? NAN : (float)(800 + 10 * gauss() + star);
		frame[i] = i > n - 1000 ? NAN : (float)(300 + 5 * gauss() + star / 2);
	}
	for (enum norm norm = NORM_ADD; norm <= NORM_MULSCALE; norm++) {
		static const double factor[] = {1, 1, 800.0 / 300, 2, 2 * 800.0 / 300};
		static const double offset[] = {0, -500, 0, 2 * 300 - 800, 0};
		why = normalize(norm, reference, frame, n, false, pool, &t);

		check(!why && fabs((double)t.factor / factor[norm] - 1) < 0.02 &&
				fabs((double)t.offset - offset[norm]) < 0.02 * 300,
			"terms of planted levels, norm %d: %g, %g", norm, (double)t.factor,
			(double)t.offset);
	}
	check(!normalize(NORM_ADDSCALE, reference, reference, n, true, pool, &t) && t.factor == 1 &&
			t.offset == 0,
		"the reference stays as it is");
	/* A gradient, of which each has a half and 5000 pixels more: only those count. */
	for (size_t i = 0; i < n; i++) {
		sum = (double)i / 1000;
		reference[i] = i < n / 2 + 5000 ? (float)(sum + gauss()) : NAN;
		frame[i] = i >= n / 2 - 5000 ? (float)(sum + gauss() + 7) : NAN;
	}
	why = normalize(NORM_ADD, reference, frame, n, false, pool, &t);
	check(!why && fabs((double)t.offset - 7) < 0.3, "only pixels that both have count: %g",
		(double)t.offset);
	for (size_t i = 0; i < n; i++)
		reference[i] = i < n / 2 - 5000 ? 1 : NAN;
	check(normalize(NORM_ADD, reference, frame, n, false, pool, &t) != NULL, "none in common");
	for (size_t i = 0; i < n; i++) {
		reference[i] = 100;
		frame[i] = -50;
	}
	check(normalize(NORM_MUL, reference, frame, n, false, pool, &t) != NULL,
		"no factor for a background below 0");
	check(!normalize(NORM_ADDSCALE, reference, frame, n, false, pool, &t) && t.factor == 1 &&
			t.offset == -150,
		"planes without scatter have one scale");
	free(reference);
	free(frame);
}

#define SIDE_X 331
#define SIDE_Y 67
#define PLANES 3

/* A pile of frames of u16 and f32, some with weights, combined within so much memory. */
static void combine_pile(uint64_t memory, uint64_t seed, float *out, uint16_t *rejected,
	struct combine_counts *counts, struct pool *pool)
{
	struct spool *spool = spool_open();
	struct pile *pile = pile_new(spool, memory);
	struct image shape = {.planes = PLANES, .height = SIDE_Y, .width = SIDE_X};
	size_t n = image_count(&shape);
	struct pile_terms terms[PLANES];
	struct combine_strip method = {.combine = KERN_COMBINE_MEAN,
		.weighted = true,
		.rejection = {KERN_REJECT_WINSOR, 2, 2}};

	random_state = seed;
	for (size_t k = 0; k < FRAMES; k++) {
		struct pile_frame f = {.dtype = k % 3 ? DTYPE_F32 : DTYPE_U16};

		f.pixels = f.own = xaligned(n, sizeof(*f.own));
		f.weights = k % 5 ? NULL : xaligned(n, sizeof(*f.weights));
		for (size_t i = 0; i < n; i++) {
			if (f.dtype == DTYPE_U16)
				((uint16_t *)f.own)[i] = (uint16_t)below(1000);
			else
				f.own[i] = below(9) ? (float)below(1000) : NAN;
			if (f.weights)
				f.weights[i] = (float)uniform();
		}
		for (size_t plane = 0; plane < PLANES; plane++)
			terms[plane] = (struct pile_terms){
				(float)(1 + uniform()), (float)below(9), (float)uniform()};
		pile_add(pile, &shape, &f, terms);
	}
	pile_combine(pile, &method, NULL, out, rejected, counts, pool);
	pile_free(pile);
	spool_close(spool);
}

static void test_pile(struct pool *pool)
{
	size_t n = (size_t)PLANES * SIDE_Y * SIDE_X;
	float *out = xmalloc(n * sizeof(*out)), *other = xmalloc(n * sizeof(*other));
	uint16_t *rejected = xmalloc(2 * n * sizeof(*rejected));
	struct combine_counts counts, again;
	uint64_t seed = random64() | 1;
	bool same = true;

	combine_pile(1 << 30, seed, out, rejected, &counts, pool);
	for (uint64_t memory = 1; memory < 16 << 20; memory = 3 * memory + below(1000)) {
		combine_pile(memory, seed, other, rejected + n, &again, pool);
		same = same && !memcmp(out, other, n * sizeof(*out)) &&
		       !memcmp(rejected, rejected + n, n * sizeof(*rejected)) &&
		       !memcmp(&counts, &again, sizeof(counts));
	}
	check(same && counts.low + counts.high > 0, "a spool of any part changes no byte");
	free(out);
	free(other);
	free(rejected);
}

int main(int argc, char **argv)
{
	struct pool *pool = pool_new(3);

	seed_from(argc, argv);
	test_forms();
	test_planes(pool);
	test_levels(pool);
	test_pile(pool);
	pool_free(pool);
	return done();
}
