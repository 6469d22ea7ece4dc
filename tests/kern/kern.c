/* SPDX-License-Identifier: ISC */
/*
 * Every kernel at every level against plain C, on random input between guard pages.
 * kern [SEED] tests; kern --bench prints millions of elements per second.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "kern/kern.h"
#include "../test.h"

#define ARENA (4 << 20)
#define LARGE 10007

/* Memory with a page before and after that may not be touched. */
struct arena {
	char *start, *end;
};

enum { IN, OUT, WINDOW, EXPECTED, ARENAS };

static struct arena arenas[ARENAS];
static uint64_t seed = 1;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * UINT64_C(2685821657736338717);
}

/* -1 … 1 */
static double uniform(void)
{
	return (double)(random64() >> 11) * 0x1p-52 - 1;
}

static void make_arenas(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (int i = 0; i < ARENAS; i++) {
		char *p =
			mmap(NULL, ARENA + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || mprotect(p + page, ARENA, PROT_READ | PROT_WRITE))
			exit(1);
		arenas[i].start = p + page;
		arenas[i].end = p + page + ARENA;
	}
}

/* `size` bytes that touch the guard page after them, or the one before. */
static void *place(int arena, size_t size, bool at_end)
{
	return at_end ? arenas[arena].end - size : arenas[arena].start;
}

static bool same_f32(const float *a, const float *b, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (memcmp(&a[k], &b[k], sizeof(*a)) && !(isnan(a[k]) && isnan(b[k])))
			return false;
	return true;
}

static bool same_f64(const double *a, const double *b, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (memcmp(&a[k], &b[k], sizeof(*a)) && !(isnan(a[k]) && isnan(b[k])))
			return false;
	return true;
}

/* Powers of all sizes, some equal, some zero, some NaN. */
static float random_power(void)
{
	unsigned what = (unsigned)(random64() >> 40);

	if (what % 17 == 0)
		return NAN;
	if (what % 17 == 1)
		return 0;
	if (what % 17 == 2)
		return INFINITY;
	return (float)(what % 17 < 6 ? what % 5 : exp(40 * uniform()));
}

static const unsigned reals[] = {DTYPE_U8, DTYPE_I8, DTYPE_U16, DTYPE_I16, DTYPE_U32, DTYPE_I32,
	DTYPE_U64, DTYPE_I64, DTYPE_F32, DTYPE_F64};
#define REALS (sizeof(reals) / sizeof(reals[0]))

static double element(const char *x, unsigned real, size_t i)
{
	union {
		uint8_t u8;
		int8_t i8;
		uint16_t u16;
		int16_t i16;
		uint32_t u32;
		int32_t i32;
		uint64_t u64;
		int64_t i64;
		float f32;
		double f64;
	} v;

	memcpy(&v, x + i * dtype_size(real), dtype_size(real));
	switch (real) {
	case DTYPE_U8:
		return v.u8;
	case DTYPE_I8:
		return v.i8;
	case DTYPE_U16:
		return v.u16;
	case DTYPE_I16:
		return v.i16;
	case DTYPE_U32:
		return v.u32;
	case DTYPE_I32:
		return v.i32;
	case DTYPE_U64:
		return (double)v.u64;
	case DTYPE_I64:
		return (double)v.i64;
	case DTYPE_F32:
		return v.f32;
	default:
		return v.f64;
	}
}

static void random_elements(char *x, unsigned real, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		uint64_t bits = random64();
		float f32 = (float)uniform();
		double f64 = uniform();

		if (real == DTYPE_F32)
			memcpy(x + 4 * k, &f32, 4);
		else if (real == DTYPE_F64)
			memcpy(x + 8 * k, &f64, 8);
		else
			memcpy(x + k * dtype_size(real), &bits, dtype_size(real));
	}
}

static bool narrow(unsigned real)
{
	return real <= DTYPE_I16 || real == DTYPE_F32;
}

static bool test_load(const struct kern *k, unsigned dtype, size_t n, bool at_end)
{
	unsigned real = dtype_real(dtype);
	size_t parts = dtype_complex(dtype) ? 2 : 1, stride = n % 3 + 1;
	size_t used = n ? ((n - 1) * stride + 1) * parts : 0;
	char *x = place(IN, used * dtype_size(real), at_end);
	float *out = place(OUT, n * parts * sizeof(*out), at_end);
	float *window = place(WINDOW, n * sizeof(*window), at_end);
	float *expected = place(EXPECTED, n * parts * sizeof(*expected), at_end);
	double zero = dtype_zero(dtype), scale = ldexp(1, -ilogb(dtype_full_scale(dtype)));
	bool windowed = n % 5 != 0;

	random_elements(x, real, used);
	for (size_t i = 0; i < n; i++)
		window[i] = (float)uniform();
	for (size_t i = 0; i < n * parts; i++) {
		double value = element(x, real, i / parts * stride * parts + i % parts);
		float f = narrow(real) ? ((float)value - (float)zero) * (float)scale
				       : (float)((value - zero) * scale);

		expected[i] = windowed ? f * window[i / parts] : f;
	}
	k->load(out, x, n, dtype, stride, zero, scale, windowed ? window : NULL);
	return same_f32(out, expected, n * parts);
}

static bool test_convert(const struct kern *k, unsigned dtype, size_t n, bool at_end)
{
	unsigned real = dtype_real(dtype);
	size_t count = n * (dtype_complex(dtype) ? 2 : 1);
	char *x = place(IN, count * dtype_size(real), at_end);
	float *out = place(OUT, count * sizeof(*out), at_end);
	float *expected = place(EXPECTED, count * sizeof(*expected), at_end);
	double zero = dtype_zero(dtype), full = dtype_full_scale(dtype);

	random_elements(x, real, count);
	for (size_t i = 0; i < count; i++)
		expected[i] = narrow(real)
				      ? ((float)element(x, real, i) - (float)zero) / (float)full
				      : (float)((element(x, real, i) - zero) / full);
	k->convert(out, x, n, dtype, zero, full);
	return same_f32(out, expected, count);
}

static bool test_swap(const struct kern *k, bool masked, size_t size, size_t n, bool at_end)
{
	char *x = place(IN, n * size, at_end), *out = place(OUT, n * size, at_end);
	char *expected = place(EXPECTED, n * size, at_end);
	uint64_t mask;

	random_elements(x, DTYPE_U8, n * size);
	for (size_t i = 0; i < n * size; i++)
		expected[i] = x[i / size * size + size - 1 - i % size];
	if (!masked) {
		k->swap(out, x, n, size);
		k->swap(x, x, n, size);
		return !memcmp(out, expected, n * size) && !memcmp(x, expected, n * size);
	}
	mask = random64();
	for (size_t i = 0; i < n * size; i++)
		expected[i] = (char)(expected[i] ^ (char)(mask >> i % size * 8));
	k->swap_mask(out, x, n, size, mask);
	k->swap_mask(x, x, n, size, mask);
	return !memcmp(out, expected, n * size) && !memcmp(x, expected, n * size);
}

static double joined(double old, double new, enum kern_join join)
{
	if (join == KERN_SET || (isnan(new) && join != KERN_SET))
		return new;
	if (isnan(old))
		return old;
	if (join == KERN_ADD)
		return old + new;
	return (join == KERN_MAX) == (old > new) ? old : new;
}

static bool test_power(const struct kern *k, enum kern_join join, size_t n, bool at_end)
{
	float *x = place(IN, 2 * n * sizeof(*x), at_end);
	float *acc = place(OUT, n * sizeof(*acc), at_end);
	float *expected = place(EXPECTED, n * sizeof(*expected), at_end);

	for (size_t i = 0; i < 2 * n; i++)
		x[i] = random64() % 23 ? (float)uniform() : NAN;
	for (size_t i = 0; i < n; i++) {
		float power = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1];

		acc[i] = random_power();
		expected[i] =
			join == KERN_ADD ? acc[i] + power : (float)joined(acc[i], power, join);
	}
	k->power(acc, x, n, join);
	return same_f32(acc, expected, n);
}

static bool test_join(const struct kern *k, enum kern_join join, size_t n, bool at_end)
{
	float *x = place(IN, n * sizeof(*x), at_end), *acc = place(OUT, n * sizeof(*acc), at_end);
	float *expected = place(EXPECTED, n * sizeof(*expected), at_end);

	for (size_t i = 0; i < n; i++) {
		x[i] = random_power();
		acc[i] = random_power();
		expected[i] = join == KERN_ADD ? acc[i] + x[i] : (float)joined(acc[i], x[i], join);
	}
	k->join(acc, x, n, join);
	return same_f32(acc, expected, n);
}

static bool test_collect(const struct kern *k, enum kern_join join, size_t n, bool at_end)
{
	float *x = place(IN, n * sizeof(*x), at_end);
	double *sum = place(OUT, n * sizeof(*sum), at_end);
	double *expected = place(EXPECTED, n * sizeof(*expected), at_end);

	for (size_t i = 0; i < n; i++) {
		x[i] = random_power();
		sum[i] = (double)random_power() * (1 + 0x1p-40);
		expected[i] = joined(sum[i], x[i], join);
	}
	k->collect(sum, x, n, join);
	return same_f64(sum, expected, n);
}

static bool decibel_right(float x, float y)
{
	double right = 10 * log10((double)x);

	if (isnan(x) || x < 0)
		return isnan(y);
	if (x == 0 || isinf(x))
		return (double)y == right;
	return fabs((double)y - right) <= 2e-5;
}

static bool test_decibel(const struct kern *k, size_t n, bool at_end)
{
	float *x = place(IN, n * sizeof(*x), at_end), *out = place(OUT, n * sizeof(*out), at_end);
	float *first = place(EXPECTED, n * sizeof(*first), at_end);
	bool right = true;

	for (size_t i = 0; i < n; i++) {
		uint32_t bits = (uint32_t)random64();

		memcpy(&x[i], &bits, sizeof(bits));
		if (i % 4 == 0)
			x[i] = random_power();
		else if (i % 4 != 1)
			x[i] = fabsf(x[i]);
	}
	k->decibel(out, x, n);
	kern_level(1)->decibel(first, x, n);
	for (size_t i = 0; i < n; i++)
		right = right && decibel_right(x[i], out[i]);
	return right && same_f32(out, first, n);
}

/* Every mantissa at a few exponents, every exponent from denormal to the greatest. */
static bool test_decibel_wide(const struct kern *k)
{
	static const uint32_t exponents[] = {1, 2, 60, 125, 126, 127, 128, 200, 254};
	enum { N = 1 << 16 };
	float *x = place(IN, N * sizeof(*x), true), *out = place(OUT, N * sizeof(*out), true);
	bool right = true;

	for (size_t block = 0; block < 9 * 128 + 256; block++) {
		for (uint32_t i = 0; i < N; i++) {
			uint32_t bits = block < 9 * 128
						? exponents[block / 128] << 23 |
							  (uint32_t)(block % 128) << 16 | i
						: (uint32_t)(block - 9 * 128) << 23 | i * 128;

			memcpy(&x[i], &bits, sizeof(bits));
		}
		k->decibel(out, x, N);
		for (size_t i = 0; i < N; i++)
			right = right && decibel_right(x[i], out[i]);
	}
	return right;
}

static bool component_is_fill(const char *x, unsigned real, size_t i)
{
	double value = element(x, real, i);

	if (dtype_float(real))
		return isnan(value);
	return value == (real % 2 ? 0 : -ldexp(1, 8 * (int)dtype_size(real) - 1));
}

static bool row_is_fill(const char *x, unsigned real, size_t components, size_t row)
{
	for (size_t i = 0; i < components; i++)
		if (!component_is_fill(x, real, row * components + i))
			return false;
	return true;
}

static void put_fill(char *x, unsigned real, size_t i)
{
	size_t size = dtype_size(real);

	memset(x + i * size, dtype_float(real) ? 0xff : 0, size);
	if (real % 2 == 0 && !dtype_float(real))
		x[i * size + size - 1] = (char)0x80;
}

static bool test_fill(const struct kern *k, unsigned dtype, size_t width, size_t rows, bool at_end)
{
	unsigned real = dtype_real(dtype);
	size_t components = width * (dtype_complex(dtype) ? 2 : 1);
	char *x = place(IN, rows * components * dtype_size(real), at_end);
	bool right = true, fill = false;
	size_t next_fill = rows, next_data = rows;

	random_elements(x, real, rows * components);
	for (size_t row = 0; row < rows; row++) {
		if (random64() % 200 == 0)
			fill = !fill;
		for (size_t i = 0; i < components; i++)
			if (fill || random64() % 8 == 0)
				put_fill(x, real, row * components + i);
	}
	right = k->find_fill(x, rows, width, dtype, rows) == rows &&
		k->find_data(x, rows, width, dtype, rows) == rows;
	for (size_t row = rows; row-- > 0;) {
		if (row_is_fill(x, real, components, row))
			next_fill = row;
		else
			next_data = row;
		if (rows > 200 && row % 97)
			continue;
		right = right && k->find_fill(x, rows, width, dtype, row) == next_fill &&
			k->find_data(x, rows, width, dtype, row) == next_data;
	}
	return right;
}

/* The transform of n numbers (re, im), n a power of two, in f64; scratch as large as x. */
static void transform(double *x, double *scratch, size_t n)
{
	size_t half = n / 2;

	if (n == 1)
		return;
	for (size_t k = 0; k < n; k++)
		memcpy(scratch + 2 * (k % 2 * half + k / 2), x + 2 * k, 2 * sizeof(*x));
	transform(scratch, x, half);
	transform(scratch + n, x + n, half);
	for (size_t k = 0; k < half; k++) {
		double c = cos(2 * M_PI * (double)k / (double)n);
		double s = -sin(2 * M_PI * (double)k / (double)n);
		double *even = scratch + 2 * k, *odd = even + n;
		double re = odd[0] * c - odd[1] * s, im = odd[0] * s + odd[1] * c;

		x[2 * k] = even[0] + re;
		x[2 * k + 1] = even[1] + im;
		x[n + 2 * k] = even[0] - re;
		x[n + 2 * k + 1] = even[1] - im;
	}
}

struct fft_case {
	struct kern_fft fft;
	char *x;
	float *work, *acc;
};

static struct fft_case fft_case(const struct kern *k, unsigned dtype, size_t n, bool at_end)
{
	struct fft_case c;
	float *window = place(WINDOW, n * sizeof(*window), at_end);
	float *table = xaligned(kern_fft_table_size(n), sizeof(*table));

	c.x = place(IN, n * dtype_size(dtype), at_end);
	c.acc = place(OUT, n * sizeof(*c.acc), at_end);
	c.work = xaligned(kern_fft_work_size(n), sizeof(*c.work));
	for (size_t i = 0; i < n; i++) {
		window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)n));
		c.acc[i] = (float)(uniform() + 1);
	}
	k->fft_table(table, n);
	random_elements(c.x, dtype_real(dtype), 2 * n);
	c.fft = (struct kern_fft){n, dtype, (float)dtype_zero(dtype),
		(float)ldexp(1, -ilogb(dtype_full_scale(dtype))), window, table};
	return c;
}

static void fft_case_free(struct fft_case *c)
{
	free(c->work);
	free((void *)c->fft.table);
}

/* The error of the powers beside the greatest one. */
static double fft_error(const struct fft_case *c, const float *old, enum kern_join join)
{
	size_t n = c->fft.n;
	double *x = xmalloc(4 * n * sizeof(*x)), greatest = 0, error = 0;

	for (size_t i = 0; i < 2 * n; i++)
		x[i] = (element(c->x, dtype_real(c->fft.dtype), i) - (double)c->fft.zero) *
		       (double)c->fft.scale * (double)c->fft.window[i / 2];
	transform(x, x + 2 * n, n);
	for (size_t i = 0; i < n; i++) {
		double power = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1];

		greatest = fmax(greatest, power);
		error = fmax(error, fabs(joined(old[i], power, join) - (double)c->acc[i]));
	}
	free(x);
	return error / greatest;
}

static bool test_fft(
	const struct kern *k, unsigned dtype, size_t n, enum kern_join join, bool at_end)
{
	struct fft_case c = fft_case(k, dtype, n, at_end);
	float *old = xmalloc(n * sizeof(*old)), *first = xmalloc(n * sizeof(*first));
	bool same;
	double error;

	memcpy(old, c.acc, n * sizeof(*old));
	kern_level(1)->fft_power(&c.fft, c.work, c.x, c.acc, join);
	memcpy(first, c.acc, n * sizeof(*first));
	memcpy(c.acc, old, n * sizeof(*old));
	k->fft_power(&c.fft, c.work, c.x, c.acc, join);
	same = same_f32(c.acc, first, n);
	error = fft_error(&c, old, join);
	fft_case_free(&c);
	free(old);
	free(first);
	if (error > 1e-6)
		printf("# fft of %zu: error %g\n", n, error);
	return same && error <= 1e-6;
}

static bool test_fft_nan(const struct kern *k, enum kern_join join)
{
	struct fft_case c = fft_case(k, DTYPE_COMPLEX | DTYPE_F32, 128, true);
	const float nan = NAN;
	bool right = true;

	memcpy(c.x + 4 * 77, &nan, sizeof(nan));
	k->fft_power(&c.fft, c.work, c.x, c.acc, join);
	memset(c.x, 0, 4);
	if (join != KERN_SET)
		k->fft_power(&c.fft, c.work, c.x, c.acc, join);
	for (size_t i = 0; i < 128; i++)
		right = right && isnan(c.acc[i]);
	fft_case_free(&c);
	return right;
}

static void test_loads(const struct kern *k)
{
	for (size_t t = 0; t < 2 * REALS; t++) {
		unsigned dtype = reals[t / 2] | (t % 2 ? DTYPE_COMPLEX : 0);
		bool load = true, convert = true, fill = true;

		for (size_t n = 0; n <= 101; n++)
			for (int end = 0; end < 2; end++) {
				size_t length = n == 101 ? LARGE : n;

				load = test_load(k, dtype, length, end) && load;
				convert = test_convert(k, dtype, length, end) && convert;
				for (size_t width = 1; width <= 3; width++)
					fill = test_fill(k, dtype, width, length, end) && fill;
			}
		check(load, "load %s at level %d", dtype_name(dtype), k->level);
		check(convert, "convert %s at level %d", dtype_name(dtype), k->level);
		check(fill, "find_fill, find_data %s at level %d", dtype_name(dtype), k->level);
	}
}

static void test_plain(const struct kern *k)
{
	static const char *const names[] = {"set", "add", "max", "min"};
	bool swap = true, decibel = true, power[4] = {1, 1, 1, 1}, join[4] = {1, 1, 1, 1};
	bool collect[4] = {1, 1, 1, 1};

	for (size_t n = 0; n <= 101; n++)
		for (int end = 0; end < 2; end++) {
			size_t length = n == 101 ? LARGE : n;

			for (size_t size = 1; size <= 8; size *= 2) {
				swap = (size == 1 || test_swap(k, false, size, length, end)) && swap;
				swap = test_swap(k, true, size, length, end) && swap;
			}
			decibel = test_decibel(k, length, end) && decibel;
			for (enum kern_join j = KERN_SET; j <= KERN_MIN; j++) {
				power[j] = test_power(k, j, length, end) && power[j];
				join[j] = test_join(k, j, length, end) && join[j];
				collect[j] = test_collect(k, j, length, end) && collect[j];
			}
		}
	check(swap, "swap, swap_mask at level %d", k->level);
	check(decibel, "decibel at level %d", k->level);
	for (enum kern_join j = KERN_SET; j <= KERN_MIN; j++)
		check(power[j] && join[j] && collect[j], "power, join, collect: %s at level %d",
			names[j], k->level);
}

static void test_ffts(const struct kern *k)
{
	static const unsigned types[] = {DTYPE_U8, DTYPE_I8, DTYPE_I16, DTYPE_F32};

	for (size_t n = KERN_FFT_MIN; n <= KERN_FFT_MAX; n *= 2) {
		bool right = true;

		for (unsigned t = 0; t < 4; t++)
			for (enum kern_join j = KERN_SET; j <= KERN_MIN; j++)
				right = test_fft(k, types[t] | DTYPE_COMPLEX, n, j, (t + j) % 2) &&
					right;
		check(right, "fft_power %zu at level %d", n, k->level);
	}
	for (enum kern_join j = KERN_SET; j <= KERN_MIN; j++)
		check(test_fft_nan(k, j), "fft_power carries NaN, join %d, level %d", j, k->level);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define N 16384

#define RUNS 32 /* between looks at the clock */

/* Does `work`, of `elements`, for 0.06 s, five times, and prints the best rate. */
#define RATE(name, elements, work)                                                     \
	do {                                                                           \
		double best = 0;                                                       \
		for (int turn = 0; turn < 5; turn++) {                                 \
			double start = now(), spent;                                   \
			size_t runs = 0;                                               \
			do {                                                           \
				for (int run = 0; run < RUNS; run++, runs++) {         \
					work;                                          \
				}                                                      \
			} while ((spent = now() - start) < 0.06);                      \
			best = fmax(best, (double)(runs * (elements)) / spent * 1e-6); \
		}                                                                      \
		printf("%d\t%s\t%.0f\n", k->level, name, best);                        \
	} while (0)

static void bench_fft(const struct kern *k, unsigned dtype, size_t n)
{
	struct fft_case c = fft_case(k, dtype, n, true);
	size_t bytes = n * dtype_size(dtype), at = 0, set = bytes > 131072 ? 2 * bytes : 262144;
	char *data = xaligned(set, 1), name[64];

	random_elements(data, dtype_real(dtype), set / dtype_size(dtype_real(dtype)));
	snprintf(name, sizeof(name), "fft_power %s %zu", dtype_name(dtype), n);
	RATE(name, n, {
		k->fft_power(&c.fft, c.work, data + at, c.acc, runs ? KERN_ADD : KERN_SET);
		at = at + bytes < set ? at + bytes : 0;
	});
	free(data);
	fft_case_free(&c);
}

static void bench(const struct kern *k)
{
	static const unsigned loads[] = {DTYPE_COMPLEX | DTYPE_I16, DTYPE_COMPLEX | DTYPE_I8,
		DTYPE_COMPLEX | DTYPE_U8, DTYPE_COMPLEX | DTYPE_F32, DTYPE_I16, DTYPE_F32,
		DTYPE_COMPLEX | DTYPE_I32, DTYPE_COMPLEX | DTYPE_F64};
	float *out = place(OUT, 2 * N * sizeof(*out), true);
	float *window = place(WINDOW, N * sizeof(*window), true);
	char *x = place(IN, N * 16, true), name[64];

	for (size_t i = 0; i < N; i++)
		window[i] = 0.5f;
	for (size_t t = 0; t < sizeof(loads) / sizeof(loads[0]); t++) {
		random_elements(x, dtype_real(loads[t]), 2 * N);
		snprintf(name, sizeof(name), "load %s", dtype_name(loads[t]));
		RATE(name, N, k->load(out, x, N, loads[t], 1, 0, 0.5, window));
		snprintf(name, sizeof(name), "convert %s", dtype_name(loads[t]));
		RATE(name, N, k->convert(out, x, N, loads[t], 0, 32768));
	}
	random_elements(x, DTYPE_F32, 2 * N);
	RATE("swap 2", N, k->swap(out, x, N, 2));
	RATE("swap 8", N, k->swap(out, x, N, 8));
	RATE("swap_mask 2", N, k->swap_mask(out, x, N, 2, 0x8000));
	RATE("power add", N, k->power(out, (float *)x, N, KERN_ADD));
	RATE("power max", N, k->power(out, (float *)x, N, KERN_MAX));
	RATE("join add", N, k->join(out, (float *)x, N, KERN_ADD));
	RATE("join max", N, k->join(out, (float *)x, N, KERN_MAX));
	RATE("collect add", N, k->collect((double *)out, (float *)x, N, KERN_ADD));
	for (size_t i = 0; i < N; i++)
		((float *)x)[i] = 1 + (float)i;
	RATE("decibel", N, k->decibel(out, (float *)x, N));
	RATE("find_fill ci16", N, k->find_fill(x, N, 1, DTYPE_COMPLEX | DTYPE_I16, 0));
	RATE("find_fill cf32", N, k->find_fill(x, N, 1, DTYPE_COMPLEX | DTYPE_F32, 0));
	memset(x, 0, 16 * N);
	RATE("find_data cu8", N, k->find_data(x, N, 1, DTYPE_COMPLEX | DTYPE_U8, 0));
	for (size_t n = KERN_FFT_MIN; n <= KERN_FFT_MAX; n *= 2)
		bench_fft(k, DTYPE_COMPLEX | DTYPE_I16, n);
	bench_fft(k, DTYPE_COMPLEX | DTYPE_U8, 1024);
	bench_fft(k, DTYPE_COMPLEX | DTYPE_I8, 1024);
	bench_fft(k, DTYPE_COMPLEX | DTYPE_F32, 1024);
}

int main(int argc, char **argv)
{
	make_arenas();
	if (argc > 1 && !strcmp(argv[1], "--bench")) {
		printf("level\tkernel\tmillion elements/s\n");
		for (int level = 1; level <= kern_best(); level++)
			bench(kern_level(level));
		return 0;
	}
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) | 1 : (uint64_t)time(NULL) * 2 + 1;
	printf("# seed %llu\n", (unsigned long long)seed);
	for (int level = 1; level <= kern_best(); level++) {
		const struct kern *k = kern_level(level);

		test_loads(k);
		test_plain(k);
		test_ffts(k);
		check(test_decibel_wide(k), "decibel over all exponents at level %d", level);
	}
	check(!kern_level(0) && !kern_level(kern_best() + 1), "no level that is not there");
	return done();
}
