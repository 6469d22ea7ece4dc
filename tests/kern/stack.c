/* SPDX-License-Identifier: ISC */
/*
 * stack at every level: against the definitions in f64, sample by sample, and the same bits as the
 * plain level. stack [SEED] tests; stack --bench prints rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "kern/kern.h"
#include "rate.h"

#define WIDTH KERN_STACK_PIXELS
#define AT 5 /* the first pixel looked at: rows need no alignment */

static const char *const reject_names[] = {
	"none", "sigma", "winsor", "mad", "percentile", "minmax"};
static const char *const combine_names[] = {"mean", "median", "sum", "min", "max"};

static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-53;
}

static double gauss(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *v, size_t n)
{
	return 0.5 * (v[(n - 1) / 2] + v[n / 2]);
}

static double deviation(const double *v, size_t n)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < n; i++)
		mean += v[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		square += (v[i] - mean) * (v[i] - mean);
	return sqrt(square / (double)(n - 1));
}

static double winsorised(const double *v, size_t n, double m)
{
	double *w = xmalloc(n * sizeof(*w)), sigma = deviation(v, n), before;
	int turn = 0;

	do {
		for (size_t i = 0; i < n; i++)
			w[i] = fmin(fmax(v[i], m - 1.5 * sigma), m + 1.5 * sigma);
		before = sigma;
		sigma = 1.134 * deviation(w, n);
	} while (fabs(sigma - before) > 5e-4 * sigma && ++turn < 20);
	free(w);
	return sigma;
}

static double mad(const double *v, size_t n, double m)
{
	double *w = xmalloc(n * sizeof(*w)), middle;

	for (size_t i = 0; i < n; i++)
		w[i] = fabs(v[i] - m);
	qsort(w, n, sizeof(*w), by_value);
	middle = median(w, n);
	free(w);
	return 1.4826 * middle;
}

struct plain {
	double value, scale; /* what its error is measured by */
	size_t valid, low, high;
};

/* v: sorted; leaves what is kept in v + from … v + to. */
static void plain_reject(
	const double *v, size_t n, const struct kern_stack *s, size_t *from, size_t *to)
{
	*from = 0;
	*to = n;
	if (n < 4 || s->reject == KERN_REJECT_NONE)
		return;
	if (s->reject == KERN_REJECT_MINMAX) {
		if ((double)n > (double)s->low + (double)s->high) {
			*from = (size_t)s->low;
			*to = n - (size_t)s->high;
		}
		return;
	}
	for (bool again = true; again && *to - *from > 3;) {
		const double *left = v + *from;
		size_t count = *to - *from, a = *from, b = *to;
		double m = median(left, count), sigma = 0;

		switch (s->reject) {
		case KERN_REJECT_SIGMA:
			sigma = deviation(left, count);
			break;
		case KERN_REJECT_WINSOR:
			sigma = winsorised(left, count, m);
			break;
		case KERN_REJECT_MAD:
			sigma = mad(left, count, m);
			break;
		default:
			sigma = fabs(m);
		}
		while (a < b && v[a] < m - (double)s->low * sigma)
			a++;
		while (b > a && v[b - 1] > m + (double)s->high * sigma)
			b--;
		again = a < b && (a != *from || b != *to) && s->reject != KERN_REJECT_PERCENTILE;
		if (a < b) {
			*from = a;
			*to = b;
		}
	}
}

static double sample(const struct kern_stack *s, size_t k, size_t i)
{
	const struct kern_stack_row *row = &s->row[k];
	float x = row->dtype == DTYPE_U16 ? ((const uint16_t *)row->samples)[i]
					  : ((const float *)row->samples)[i];

	if (s->base)
		x -= s->base[i];
	return (double)(x * row->factor - row->offset);
}

static struct plain plain_stack(const struct kern_stack *s, size_t i)
{
	double *v = xmalloc(s->n * sizeof(*v)), sum = 0, weights = 0, weighted = 0;
	struct plain p = {0};
	size_t from, to;

	for (size_t k = 0; k < s->n; k++)
		if (isfinite(sample(s, k, i)))
			v[p.valid++] = sample(s, k, i);
	qsort(v, p.valid, sizeof(*v), by_value);
	plain_reject(v, p.valid, s, &from, &to);
	p.low = from;
	p.high = p.valid - to;
	for (size_t k = from; k < to; k++)
		sum += v[k];
	for (size_t k = 0; k < s->n && s->weighted; k++) {
		double x = sample(s, k, i), w = (double)s->row[k].weight;

		if (s->row[k].weights)
			w *= (double)s->row[k].weights[i];
		if (p.valid && x >= v[from] && x <= v[to - 1]) {
			weighted += w * x;
			weights += w;
		}
	}
	p.value = NAN;
	p.scale = p.valid ? 1 + fabs(median(v, p.valid)) + fmax(fabs(v[from]), fabs(v[to - 1])) : 1;
	if (s->combine == KERN_COMBINE_SUM)
		p.scale *= (double)(to - from);
	if (p.valid)
		switch (s->combine) {
		case KERN_COMBINE_MEAN:
			p.value = weights > 0 ? weighted / weights : sum / (double)(to - from);
			break;
		case KERN_COMBINE_MEDIAN:
			p.value = median(v + from, to - from);
			break;
		case KERN_COMBINE_SUM:
			p.value = sum;
			break;
		case KERN_COMBINE_MIN:
			p.value = v[from];
			break;
		case KERN_COMBINE_MAX:
			p.value = v[to - 1];
		}
	free(v);
	return p;
}

/* What the samples are like. */
enum shape { NOISE, OUTLIERS, TIES, MISSING, FEW, SHAPES };

static double value_of(enum shape shape, size_t i)
{
	switch (shape) {
	case NOISE:
		return 1000 + 60 * gauss();
	case OUTLIERS:
		return 1000 + 20 * gauss() + (uniform() < 0.05 ? 30000 * uniform() : 0) -
		       (uniform() < 0.03 ? 500 * uniform() : 0);
	case TIES:
		return 100 + (double)below(3);
	case MISSING:
		return uniform() < (double)(i % 7) / 6 ? (i % 2 ? NAN : INFINITY)
						       : 500 + 5 * gauss();
	default:
		return uniform() < 0.9 ? NAN : 50 + 10 * gauss();
	}
}

struct frames {
	struct kern_stack s;
	struct kern_stack_row *row;
	float *base, *weights;
};

static struct frames random_frames(enum shape shape)
{
	struct frames f = {.s = {.n = below(8) ? 1 + below(120) : 1 + below(700)}};
	bool whole = shape == NOISE || shape == OUTLIERS || shape == TIES;
	bool words = whole && below(2), plain = below(2);

	f.row = xcalloc(f.s.n, sizeof(*f.row));
	f.base = xmalloc((AT + WIDTH) * sizeof(*f.base));
	f.weights = xmalloc((AT + WIDTH) * sizeof(*f.weights));
	for (size_t i = 0; i < AT + WIDTH; i++) {
		f.base[i] = (float)below(50);
		f.weights[i] = (float)uniform();
	}
	for (size_t k = 0; k < f.s.n; k++) {
		void *samples = xcalloc(AT + WIDTH, sizeof(float));

		for (size_t i = 0; i < AT + WIDTH; i++) {
			double v = value_of(shape, i);

			if (words)
				((uint16_t *)samples)[i] = (uint16_t)fmax(v, 0);
			else
				((float *)samples)[i] = (float)v;
		}
		f.row[k] = (struct kern_stack_row){samples, words ? DTYPE_U16 : DTYPE_F32,
			plain ? 1 : (float)(0.5 + uniform()), plain ? 0 : (float)below(100),
			(float)uniform(), below(2) ? f.weights : NULL};
	}
	f.s.row = f.row;
	f.s.base = plain ? NULL : f.base;
	f.s.as_words = words && plain;
	f.s.weighted = !f.s.as_words && below(2);
	return f;
}

static void free_frames(struct frames *f)
{
	for (size_t k = 0; k < f->s.n; k++)
		free((void *)f->row[k].samples);
	free(f->row);
	free(f->base);
	free(f->weights);
}

static void random_method(struct kern_stack *s)
{
	s->reject = (enum kern_reject)below(6);
	s->combine = (enum kern_combine)below(5);
	if (below(2))
		s->combine = KERN_COMBINE_MEAN;
	s->low = (float)(0.5 + 3 * uniform());
	s->high = (float)(0.5 + 3 * uniform());
	if (s->reject == KERN_REJECT_PERCENTILE)
		s->low = s->high = (float)(0.2 * uniform());
	if (s->reject == KERN_REJECT_MINMAX) {
		s->low = (float)below(4);
		s->high = (float)below(4);
		s->weighted = false;
	}
}

/*
 * Disagreement over all that was compared. Bounds of half a sigma lie where samples are dense, and
 * one that falls otherwise moves the next pass's bounds: hence 4e-6 here. At 3 sigma it is 1e-6.
 */
struct tally {
	uint64_t samples, rejected_otherwise;
	double worst; /* relative difference of values, where the same samples were kept */
	bool same_bits;
};

static void compare(struct tally *t, const struct kern_stack *s, const struct kern_stacked *out)
{
	for (size_t i = 0; i < WIDTH; i++) {
		struct plain p = plain_stack(s, AT + i);
		uint64_t other = (uint64_t)llabs((long long)p.low - out->low[i]) +
				 (uint64_t)llabs((long long)p.high - out->high[i]);
		double error = fabs((double)out->value[i] - p.value) / p.scale;

		t->samples += s->n;
		t->rejected_otherwise += other;
		if ((size_t)out->valid[i] != p.valid || isnan(out->value[i]) != (p.valid == 0))
			t->rejected_otherwise += s->n;
		else if (p.valid && other == 0 && !(error <= t->worst))
			t->worst = error;
	}
}

static void test(void)
{
	struct kern_stacked first, out;

	for (enum shape shape = 0; shape < SHAPES; shape++) {
		struct tally t = {.same_bits = true};

		for (int turn = 0; turn < 400; turn++) {
			struct frames f = random_frames(shape);
			float *work = xaligned(kern_stack_work_size(f.s.n), sizeof(*work));

			random_method(&f.s);
			kern_level(1)->stack(&first, &f.s, AT, work);
			compare(&t, &f.s, &first);
			for (int level = 2; level <= kern_best(); level++) {
				kern_level(level)->stack(&out, &f.s, AT, work);
				if (!memcmp(&out, &first, sizeof(out)))
					continue;
				if (t.same_bits)
					printf("# level %d differs: %s, %s, n %zu\n", level,
						reject_names[f.s.reject],
						combine_names[f.s.combine], f.s.n);
				t.same_bits = false;
			}
			free(work);
			free_frames(&f);
		}
		check(t.same_bits, "shape %d: the same bits at every level", shape);
		check((double)t.rejected_otherwise <= 4e-6 * (double)t.samples + 2 &&
				t.worst <= 1e-6,
			"shape %d: %llu of %llu samples rejected otherwise, values within %.2g",
			shape, (unsigned long long)t.rejected_otherwise,
			(unsigned long long)t.samples, t.worst);
	}
}

/* Sorting alone: n values in any order come out as ranks. */
static void test_order(void)
{
	bool right = true;

	for (size_t n = 1; n <= 300; n++) {
		struct kern_stack_row *row = xcalloc(n, sizeof(*row));
		struct kern_stack s = {.n = n, .row = row, .reject = KERN_REJECT_MINMAX};
		float *work = xaligned(kern_stack_work_size(n), sizeof(*work));
		float *values = xmalloc(n * WIDTH * sizeof(*values));

		for (size_t i = 0; i < WIDTH; i++)
			for (size_t k = 0; k < n; k++) {
				size_t other = below(k + 1);

				values[k * WIDTH + i] = values[other * WIDTH + i];
				values[other * WIDTH + i] = (float)k;
			}
		for (size_t k = 0; k < n; k++)
			row[k] = (struct kern_stack_row){
				values + k * WIDTH, DTYPE_F32, 1, 0, 1, NULL};
		for (int level = 1; level <= kern_best(); level++) {
			struct kern_stacked out;
			size_t rank = below(n);

			s.low = (float)rank;
			s.high = (float)(n - 1 - rank);
			s.combine = KERN_COMBINE_MAX;
			if (n < 4)
				rank = n - 1;
			kern_level(level)->stack(&out, &s, 0, work);
			for (size_t i = 0; i < WIDTH; i++)
				right = right && (size_t)out.value[i] == rank;
		}
		free(row);
		free(work);
		free(values);
	}
	check(right, "every rank of 1 to 300 samples");
}

#define N 100
#define PIXELS 2048

static void bench(const struct kern *k, unsigned dtype)
{
	struct kern_stack_row row[N];
	struct kern_stack s = {
		.n = N, .row = row, .low = 3, .high = 3, .as_words = dtype == DTYPE_U16};
	float *work = xaligned(kern_stack_work_size(N), sizeof(*work));
	size_t size = dtype_size(dtype), stride = PIXELS * size + 192, at = 0;
	char *samples = xaligned(N, stride), name[64];
	struct kern_stacked out;

	for (size_t f = 0; f < N; f++) {
		row[f] = (struct kern_stack_row){samples + f * stride, dtype, 1, 0, 1, NULL};
		for (size_t i = 0; i < PIXELS; i++) {
			double v = 1000 + 60 * gauss() + (below(1024) == 7 ? 20000 : 0);

			if (dtype == DTYPE_U16)
				((uint16_t *)row[f].samples)[i] = (uint16_t)v;
			else
				((float *)row[f].samples)[i] = (float)v;
		}
	}
	for (int reject = KERN_REJECT_NONE; reject <= KERN_REJECT_MINMAX; reject++) {
		s.reject = (enum kern_reject)reject;
		snprintf(name, sizeof(name), "stack of 100 %s, %s", dtype_name(dtype),
			reject_names[reject]);
		RATE(k, name, N * WIDTH,
			(k->stack(&out, &s, at, work), at = (at + WIDTH) % PIXELS));
	}
	free(samples);
	free(work);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--bench")) {
		RATE_HEADING;
		for (int level = 1; level <= kern_best(); level++) {
			bench(kern_level(level), DTYPE_U16);
			bench(kern_level(level), DTYPE_F32);
		}
		return 0;
	}
	seed_from(argc, argv);
	test_order();
	test();
	return done();
}
