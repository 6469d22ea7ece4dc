/* SPDX-License-Identifier: ISC */
/* lib/dsp/spectrum.h against formulas and a transform in f64. spectrum [SEED] */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/dtype.h"
#include "base/mem.h"
#include "dsp/spectrum.h"
#include "kern/kern.h"

#include "../test.h"

#define CI16 (DTYPE_COMPLEX | DTYPE_I16)
#define CU8 (DTYPE_COMPLEX | DTYPE_U8)
#define CF32 (DTYPE_COMPLEX | DTYPE_F32)
#define CF64 (DTYPE_COMPLEX | DTYPE_F64)

static const struct {
	const char *name;
	enum window_kind kind;
	double parameter;
} windows[] = {
	{"hann", WINDOW_HANN, 0},
	{"rect", WINDOW_RECT, 0},
	{"hamming", WINDOW_HAMMING, 0},
	{"blackman", WINDOW_BLACKMAN, 0},
	{"blackmanharris", WINDOW_BLACKMANHARRIS, 0},
	{"flattop", WINDOW_FLATTOP, 0},
	{"kaiser:8.6", WINDOW_KAISER, 8.6},
	{"gauss:100", WINDOW_GAUSS, 100},
};
#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * UINT64_C(2685821657736338717);
}

/* Normal, of variance 1. */
static double gaussian(void)
{
	double u = ((double)(random64() >> 11) + 1) * 0x1p-53;

	return sqrt(-2 * log(u)) * cos(2 * M_PI * (double)(random64() >> 11) * 0x1p-53);
}

static struct spectrum_config config_of(unsigned dtype, size_t n)
{
	return (struct spectrum_config){
		.n = n,
		.dtype = dtype,
		.subchannels = 1,
		.full_scale = dtype_full_scale(dtype),
		.zero = dtype_zero(dtype),
		.rate_hz = 1e6,
	};
}

/* Element i (component) of x = value, in units of full scale; integers round and saturate. */
static void put(void *x, unsigned dtype, size_t i, double value)
{
	double raw = value * dtype_full_scale(dtype) + dtype_zero(dtype);

	switch (dtype_real(dtype)) {
	case DTYPE_I16:
		((int16_t *)x)[i] = (int16_t)fmax(-32768, fmin(32767, rint(raw)));
		break;
	case DTYPE_U8:
		((uint8_t *)x)[i] = (uint8_t)fmax(0, fmin(255, rint(raw)));
		break;
	case DTYPE_F32:
		((float *)x)[i] = (float)raw;
		break;
	default:
		((double *)x)[i] = raw;
	}
}

static void put_tone(void *x, unsigned dtype, size_t n, int64_t cycles)
{
	for (size_t k = 0; k < n; k++) {
		int64_t turn = cycles * (int64_t)k % (int64_t)n;
		double angle = 2 * M_PI * (double)turn / (double)n;

		if (dtype_complex(dtype)) {
			put(x, dtype, 2 * k, cos(angle));
			put(x, dtype, 2 * k + 1, sin(angle));
		} else {
			put(x, dtype, k, cos(angle));
		}
	}
}

static struct spectrum *make(const struct spectrum_config *config)
{
	struct spectrum *s;
	struct error e;

	if (spectrum_new(&s, config, &e)) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	return s;
}

/* The row of `count` transforms, one block per `block` transforms; freed by the caller. */
static float *row_of(const struct spectrum_config *config, const void *x, size_t count, size_t hop,
	unsigned subchannel, size_t block)
{
	struct spectrum *s = make(config);
	struct spectrum_scratch *scratch = spectrum_scratch_new(s);
	size_t step = hop * config->subchannels * dtype_size(config->dtype);
	float *acc = xaligned(spectrum_accumulator_size(s), sizeof(*acc));
	float *row = xaligned(spectrum_bins(s), sizeof(*row));
	double *sum = xaligned(spectrum_accumulator_size(s), sizeof(*sum));

	for (size_t t = 0; t < count; t += block) {
		size_t some = count - t < block ? count - t : block;

		spectrum_add(
			s, scratch, (const char *)x + t * step, some, hop, subchannel, true, acc);
		spectrum_collect(s, acc, t == 0, sum);
	}
	spectrum_row(s, sum, count, row);
	free(acc);
	free(sum);
	spectrum_scratch_free(scratch);
	spectrum_free(s);
	return row;
}

static float *one_row(const struct spectrum_config *config, const void *x)
{
	return row_of(config, x, 1, config->n, 0, 1);
}

static bool reads_full_scale(const struct spectrum_config *config, int64_t cycles)
{
	void *x = xaligned(config->n, dtype_size(config->dtype));
	bool complex = dtype_complex(config->dtype);
	size_t bin = (size_t)(cycles + (complex ? (int64_t)(config->n / 2) : 0));
	float *row;
	double level;

	put_tone(x, config->dtype, config->n, cycles);
	row = one_row(config, x);
	level = 10 * log10((double)row[bin]);
	if (fabs(level) > 0.02)
		printf("# n %zu cycles %lld: %g dBFS\n", config->n, (long long)cycles, level);
	free(x);
	free(row);
	return fabs(level) <= 0.02;
}

static void test_tones(void)
{
	static const size_t lengths[] = {8, 16, 64, 100, 128, 1000, 1024, 4096, 4099, 65536};
	static const unsigned dtypes[] = {CI16, CF32};

	for (size_t w = 0; w < WINDOWS; w++)
		for (size_t t = 0; t < 2; t++) {
			bool right = true;

			for (size_t i = 0; i < COUNT_OF(lengths); i++) {
				struct spectrum_config c = config_of(dtypes[t], lengths[i]);
				int64_t n = (int64_t)c.n,
					cycles[] = {0, 1, -1, n / 4, -n / 4, -(n / 2)};

				c.window = windows[w].kind;
				c.window_parameter = windows[w].parameter;
				for (size_t k = 0; k < COUNT_OF(cycles); k++)
					right = reads_full_scale(&c, cycles[k]) && right;
			}
			check(right, "a full-scale %s tone on a bin reads 0.0 dBFS, %s",
				dtype_name(dtypes[t]), windows[w].name);
		}
}

static void test_real(void)
{
	static const size_t lengths[] = {64, 1000, 1024, 1001};
	static const unsigned dtypes[] = {DTYPE_I16, DTYPE_F32};
	bool tones = true, edges = true, density = true;

	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < COUNT_OF(lengths); i++) {
			struct spectrum_config c = config_of(dtypes[t], lengths[i]);

			tones = reads_full_scale(&c, (int64_t)c.n / 4) && tones;
			edges = reads_full_scale(&c, 0) && edges;
			if (c.n % 2 == 0)
				edges = reads_full_scale(&c, (int64_t)c.n / 2) && edges;
		}
	check(tones, "a full-scale real tone reads 0.0 dBFS");
	check(edges, "real input at 0 and rate/2 reads 0.0 dBFS, not 6");
	for (size_t n = 9; n <= 10; n++) {
		struct spectrum_config c = config_of(DTYPE_F32, n);
		float x[10] = {1}, *row;

		c.window = WINDOW_RECT;
		c.norm = SPECTRUM_DENSITY;
		row = one_row(&c, x);
		for (size_t b = 0; b < n / 2 + 1; b++) {
			double right = (b == 0 || 2 * b == n ? 1 : 2) / (1e6 * (double)n);

			density = density && fabs((double)row[b] / right - 1) < 1e-6;
		}
		free(row);
	}
	check(density, "density of real input is one-sided, but at 0 and rate/2");
}

static void test_noise(unsigned dtype, size_t n)
{
	struct spectrum_config c = config_of(dtype, n);
	size_t count = 400000 / n, total = count * n, parts = dtype_complex(dtype) ? 2 : 1;
	float *x = xaligned(total * parts, sizeof(*x)), *row;
	double mean = 0, level, sigma = 0.1;

	for (size_t k = 0; k < total * parts; k++)
		x[k] = (float)(sigma / sqrt((double)parts) * gaussian());
	c.norm = SPECTRUM_DENSITY;
	row = row_of(&c, x, count * 2 - 1, n / 2, 0, SPECTRUM_BLOCK);
	for (size_t b = 1; b < n / 2; b++)
		mean += (double)row[b] / (double)(n / 2 - 1);
	level = 10 * log10(mean * c.rate_hz / (parts == 2 ? 1 : 2) / (sigma * sigma));
	check(fabs(level) <= 0.05, "density of %s noise, n = %zu: off by %.3f dB",
		dtype_name(dtype), n, level);
	free(x);
	free(row);
}

static void test_parseval(void)
{
	static const size_t lengths[] = {2, 3, 64, 97, 1000, 4096, 32768};
	bool right = true;

	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct spectrum_config c = config_of(CI16, lengths[i]);
		int16_t *x = xaligned(2 * c.n, sizeof(*x));
		double energy = 0, sum = 0;
		float *row;

		for (size_t k = 0; k < 2 * c.n; k++) {
			x[k] = (int16_t)random64();
			energy += (double)x[k] * (double)x[k];
		}
		c.window = WINDOW_RECT;
		c.norm = SPECTRUM_NONE;
		row = one_row(&c, x);
		for (size_t b = 0; b < c.n; b++)
			sum += (double)row[b];
		right = right && fabs(sum / (double)c.n / energy - 1) < 1e-6;
		free(x);
		free(row);
	}
	check(right, "Parseval holds for rect, in count^2");
}

/* The greatest difference from a plain transform in f64, beside the row's maximum. */
static double error_beside_f64(const struct spectrum_config *c, const float *x)
{
	size_t n = c->n, parts = dtype_complex(c->dtype) ? 2 : 1;
	size_t first = parts == 2 ? (n + 1) / 2 : 0, bins = parts == 2 ? n : n / 2 + 1;
	float *row = one_row(c, x), *w = xaligned(n, sizeof(*w));
	double greatest = 0, error = 0;

	window_make(w, n, c->window, c->window_parameter);
	for (size_t b = 0; b < bins; b++) {
		double re = 0, im = 0, power;

		for (size_t k = 0; k < n; k++) {
			double angle = -2 * M_PI * (double)((b + first) * k % n) / (double)n;
			double xr = (double)x[parts * k] * (double)w[k];
			double xi = parts == 2 ? (double)x[2 * k + 1] * (double)w[k] : 0;

			re += xr * cos(angle) - xi * sin(angle);
			im += xr * sin(angle) + xi * cos(angle);
		}
		power = re * re + im * im;
		greatest = fmax(greatest, power);
		error = fmax(error, fabs((double)row[b] - power));
	}
	free(row);
	free(w);
	return error / greatest;
}

static void test_accuracy(void)
{
	static const size_t more[] = {97, 100, 127, 128, 243, 255, 256, 499, 512, 1000, 1024, 1031};
	double complex_error = 0, real_error = 0;

	for (size_t i = 0; i < 63 + COUNT_OF(more); i++) {
		size_t n = i < 63 ? i + 2 : more[i - 63];
		struct spectrum_config c = config_of(CF32, n);
		float *x = xaligned(2 * n, sizeof(*x));

		c.norm = SPECTRUM_NONE;
		for (size_t k = 0; k < 2 * n; k++)
			x[k] = (float)gaussian();
		complex_error = fmax(complex_error, error_beside_f64(&c, x));
		c.dtype = DTYPE_F32;
		real_error = fmax(real_error, error_beside_f64(&c, x));
		free(x);
	}
	check(complex_error <= 1e-6, "complex rows beside f64: %.2g of the maximum", complex_error);
	check(real_error <= 1e-6, "real rows beside f64: %.2g of the maximum", real_error);
}

static void test_unsigned(void)
{
	struct spectrum_config c = config_of(CU8, 64);
	uint8_t x[128];
	float *row;

	c.window = WINDOW_RECT;
	for (size_t k = 0; k < 128; k++)
		x[k] = 127 + (k / 2 + k) % 2;
	row = one_row(&c, x);
	check(row[32] == 0 &&
			fabs(10 * log10((double)row[0]) + 20 * log10(127.5 / sqrt(0.5))) < 1e-3,
		"cu8 about 127.5 has no DC; half a count at rate/2 reads its level");
	free(row);
	for (size_t k = 0; k < 128; k++)
		x[k] = k % 2 ? 127 : 255;
	row = one_row(&c, x);
	check(fabs(10 * log10((double)row[32])) < 1e-3, "cu8 of 255 reads 0 dBFS");
	free(row);
}

static bool same(const float *a, const float *b, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (memcmp(&a[k], &b[k], sizeof(*a)))
			return false;
	return true;
}

static void test_subchannels(unsigned dtype, size_t n)
{
	struct spectrum_config c = config_of(dtype, n), single = c;
	size_t size = dtype_size(dtype), total = 5 * n;
	char *x = xaligned(3 * total, size), *alone = xaligned(total, size);
	bool right = true;

	c.subchannels = 3;
	for (size_t k = 0; k < 3 * total * size / dtype_size(dtype_real(dtype)); k++)
		put(x, dtype, k, 0.1 * gaussian());
	for (unsigned subchannel = 0; subchannel < 3; subchannel++) {
		float *row = row_of(&c, x, 9, n / 2, subchannel, 64), *expected;

		for (size_t k = 0; k < total; k++)
			memcpy(alone + k * size, x + (3 * k + subchannel) * size, size);
		expected = row_of(&single, alone, 9, n / 2, 0, 64);
		right = right && same(row, expected, dtype_complex(dtype) ? n : n / 2 + 1);
		free(row);
		free(expected);
	}
	check(right, "three subchannels of %s, n = %zu, equal each alone", dtype_name(dtype), n);
	free(x);
	free(alone);
}

static void test_stats(unsigned dtype, size_t n)
{
	struct spectrum_config c = config_of(dtype, n);
	size_t count = 150, bins = dtype_complex(dtype) ? n : n / 2 + 1;
	size_t elements = count * n * (dtype_complex(dtype) ? 2 : 1);
	char *x = xaligned(elements, dtype_size(dtype_real(dtype)));
	float *mean, *max, *min;
	bool right = true, mean_right = true;
	double *sum = xcalloc(bins, sizeof(*sum));

	for (size_t k = 0; k < elements; k++)
		put(x, dtype, k, 0.1 * gaussian());
	mean = row_of(&c, x, count, n, 0, SPECTRUM_BLOCK);
	c.stat = SPECTRUM_MAX;
	max = row_of(&c, x, count, n, 0, SPECTRUM_BLOCK);
	c.stat = SPECTRUM_MIN;
	min = row_of(&c, x, count, n, 0, SPECTRUM_BLOCK);
	for (size_t t = 0; t < count; t++) {
		float *row = one_row(&c, x + t * n * dtype_size(dtype));

		for (size_t b = 0; b < bins; b++) {
			sum[b] += (double)row[b] / (double)count;
			right = right && row[b] <= max[b] && row[b] >= min[b];
			if (row[b] == max[b])
				max[b] = INFINITY;
			if (row[b] == min[b])
				min[b] = -INFINITY;
		}
		free(row);
	}
	for (size_t b = 0; b < bins; b++) {
		right = right && isinf(max[b]) && isinf(min[b]);
		mean_right = mean_right && fabs((double)mean[b] / sum[b] - 1) < 2e-6;
	}
	check(right, "max and min of %s, n = %zu, are those of the rows", dtype_name(dtype), n);
	check(mean_right, "mean of %s, n = %zu, is that of the rows", dtype_name(dtype), n);
	free(x);
	free(mean);
	free(max);
	free(min);
	free(sum);
}

static void test_split(unsigned dtype, size_t n, enum spectrum_stat stat)
{
	struct spectrum_config c = config_of(dtype, n);
	size_t hop = n / 4, total = n + hop * (SPECTRUM_BLOCK - 1), size = dtype_size(dtype);
	size_t parts = dtype_complex(dtype) ? 2 : 1;
	char *x = xaligned(total, size);
	struct spectrum *s;
	struct spectrum_scratch *scratch;
	float *whole, *cut;

	for (size_t k = 0; k < total * parts; k++)
		put(x, dtype, k, 0.1 * gaussian());
	c.stat = stat;
	s = make(&c);
	scratch = spectrum_scratch_new(s);
	whole = xaligned(spectrum_accumulator_size(s), sizeof(*whole));
	cut = xaligned(spectrum_accumulator_size(s), sizeof(*cut));
	spectrum_add(s, scratch, x, SPECTRUM_BLOCK, hop, 0, true, whole);
	for (size_t t = 0, some; t < SPECTRUM_BLOCK; t += some) {
		some = random64() % 7;
		if (some > SPECTRUM_BLOCK - t)
			some = SPECTRUM_BLOCK - t;
		spectrum_add(s, scratch, x + t * hop * size, some, hop, 0, t == 0, cut);
	}
	check(same(whole, cut, spectrum_accumulator_size(s)),
		"calls cut at random give the same bits: %s, n = %zu, stat %d", dtype_name(dtype),
		n, stat);
	spectrum_scratch_free(scratch);
	spectrum_free(s);
	free(x);
	free(whole);
	free(cut);
}

static void test_nan(size_t n)
{
	static const enum spectrum_stat stats[] = {SPECTRUM_MEAN, SPECTRUM_MAX, SPECTRUM_MIN};
	struct spectrum_config c = config_of(CF32, n);
	float *x = xcalloc(6 * n, sizeof(*x));
	bool right = true;

	x[3 * n] = NAN;
	for (size_t i = 0; i < 3; i++) {
		float *row, *clean;

		c.stat = stats[i];
		row = row_of(&c, x, 3, n, 0, 2);
		clean = row_of(&c, x, 1, n, 0, 1);
		for (size_t b = 0; b < n; b++)
			right = right && isnan(row[b]) && !isnan(clean[b]);
		free(row);
		free(clean);
	}
	check(right, "NaN in one transform of three is carried to the row, n = %zu", n);
	free(x);
}

static uint64_t hash_row(uint64_t hash, const float *row, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		uint32_t bits;

		memcpy(&bits, &row[k], sizeof(bits));
		hash = (hash ^ bits) * UINT64_C(1099511628211);
	}
	return hash;
}

/* Of rows of the fused lengths, from a fixed seed. */
static uint64_t hash_of_fused(void)
{
	static const unsigned dtypes[] = {CI16, CU8, CF32, CF64};
	uint64_t hash = UINT64_C(14695981039346656037);

	seed = 88172645463325252;
	for (size_t n = KERN_FFT_MIN; n <= KERN_FFT_MAX; n *= 2)
		for (size_t t = 0; t < COUNT_OF(dtypes); t++) {
			struct spectrum_config c = config_of(dtypes[t], n);
			char *x = xaligned(3 * n, dtype_size(dtypes[t]));
			float *row;

			for (size_t k = 0; k < 6 * n; k++)
				put(x, dtypes[t], k, 0.1 * gaussian());
			c.stat = (enum spectrum_stat)(t % 3);
			row = row_of(&c, x, 5, n / 2, 0, 2);
			hash = hash_row(hash, row, n);
			free(row);
			free(x);
		}
	return hash;
}

/* The hash a process of its own finds at a level; 0 if it fails. */
static uint64_t hash_at_level(int level)
{
	char command[64];
	unsigned long long hash = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "LEAT_CPU=%d \"$LEAT_TEST_SELF\" --hash", level);
	pipe = popen(command, "r");
	if (!pipe)
		return 0;
	if (fscanf(pipe, "%llx", &hash) != 1)
		hash = 0;
	return pclose(pipe) ? 0 : hash;
}

static void test_levels(const char *self)
{
	uint64_t first;

	setenv("LEAT_TEST_SELF", self, 1);
	first = hash_at_level(1);
	check(first, "fused rows at LEAT_CPU=1");
	for (int level = 2; level <= kern_best(); level++)
		check(hash_at_level(level) == first, "the same bits at LEAT_CPU=%d", level);
}

/* Sums of the cosine windows: a0 n and n (a0^2 + (a1^2 + …) / 2). */
static void test_cosine_window(const char *name, enum window_kind kind, const double a[5])
{
	static const size_t lengths[] = {16, 100, 1001, 1024, 4099};
	bool sums = true, symmetric = true, peak = true;

	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		size_t n = lengths[i];
		float *w = xaligned(n, sizeof(*w));
		double sum = 0, squares = 0, square_sum = a[0] * a[0];

		for (int k = 1; k < 5; k++)
			square_sum += a[k] * a[k] / 2;
		window_make(w, n, kind, 0);
		for (size_t k = 0; k < n; k++) {
			sum += (double)w[k];
			squares += (double)w[k] * (double)w[k];
			symmetric = symmetric && fabs((double)w[k] - (double)w[(n - k) % n]) < 1e-7;
		}
		sums = sums && fabs(sum / (double)n / a[0] - 1) < 1e-6 &&
		       fabs(squares / (double)n / square_sum - 1) < 1e-6;
		if (n % 2 == 0)
			peak = peak &&
			       fabs((double)w[n / 2] - (a[0] + a[1] + a[2] + a[3] + a[4])) < 1e-6;
		free(w);
	}
	check(sums, "sum and square sum of %s", name);
	check(symmetric && peak, "%s is symmetric about n/2, its peak", name);
}

static void test_windows(void)
{
	static const double hann[5] = {0.5, 0.5}, rect[5] = {1}, hamming[5] = {0.54, 0.46};
	static const double blackman[5] = {0.42, 0.5, 0.08};
	static const double harris[5] = {0.35875, 0.48829, 0.14128, 0.01168};
	static const double flattop[5] = {
		0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368};
	float w[1000], rectangle[1000];
	double sum = 0;

	test_cosine_window("hann", WINDOW_HANN, hann);
	test_cosine_window("rect", WINDOW_RECT, rect);
	test_cosine_window("hamming", WINDOW_HAMMING, hamming);
	test_cosine_window("blackman", WINDOW_BLACKMAN, blackman);
	test_cosine_window("blackmanharris", WINDOW_BLACKMANHARRIS, harris);
	test_cosine_window("flattop", WINDOW_FLATTOP, flattop);
	window_make(w, 1000, WINDOW_GAUSS, 50);
	for (size_t k = 0; k < 1000; k++)
		sum += (double)w[k];
	check(fabs(sum / (50 * sqrt(2 * M_PI)) - 1) < 1e-6 && w[500] == 1 &&
			fabs((double)w[550] - exp(-0.5)) < 1e-7 && w[450] == w[550],
		"gauss: sum, peak, one standard deviation");
	window_make(w, 1000, WINDOW_GAUSS_SYMMETRIC, 50);
	for (size_t k = 0, unequal = 0; k < 1000; k++) {
		unequal += w[k] != w[999 - k];
		if (k == 999)
			check(!unequal && fabs((double)w[550] - exp(-0.5 * 1.01 * 1.01)) < 1e-7,
				"gauss-sym: symmetric about the middle of the samples");
	}
	window_make(w, 1000, WINDOW_KAISER, 8.6);
	for (size_t k = 1, unequal = 0; k < 1000; k++) {
		unequal += w[k] != w[1000 - k];
		if (k == 999)
			check(!unequal && w[500] == 1 && fabs((double)w[0] * 750.46 - 1) < 1e-4,
				"kaiser: symmetric, 1 at n/2, 1/I0(beta) at 0");
	}
	window_make(w, 1000, WINDOW_KAISER, 0);
	window_make(rectangle, 1000, WINDOW_RECT, 0);
	check(!memcmp(w, rectangle, sizeof(w)), "kaiser of beta 0 is rect");
	window_make(w, 1000, WINDOW_KAISER, 700);
	check(w[500] == 1 && isfinite(w[499]) && w[0] == 0, "kaiser of beta 700 stays finite");
}

static bool refused(struct spectrum_config c)
{
	struct spectrum *s;
	struct error e = {0};
	int code = spectrum_new(&s, &c, &e);

	return code == EXIT_USAGE && e.code == code && e.text[0] && !s;
}

static void test_refusals(void)
{
	struct spectrum_config c[8];

	for (size_t i = 0; i < COUNT_OF(c); i++)
		c[i] = config_of(CI16, 1024);
	c[0].n = 1;
	c[1].n = SIZE_MAX;
	c[2].dtype = 9;
	c[3].subchannels = 0;
	c[4].full_scale = 0;
	c[5].norm = SPECTRUM_DENSITY;
	c[5].rate_hz = NAN;
	c[6].window = WINDOW_KAISER;
	c[6].window_parameter = -1;
	c[7].window = WINDOW_GAUSS;
	for (size_t i = 0; i < COUNT_OF(c); i++)
		check(refused(c[i]), "a plan that makes no sense is refused (%zu)", i);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--hash")) {
		printf("%llx\n", (unsigned long long)hash_of_fused());
		return 0;
	}
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) | 1 : (uint64_t)time(NULL) * 2 + 1;
	printf("# seed %llu\n", (unsigned long long)seed);
	test_windows();
	test_tones();
	test_real();
	test_noise(CF32, 1024);
	test_noise(CF32, 1000);
	test_noise(DTYPE_F32, 1024);
	test_parseval();
	test_accuracy();
	test_unsigned();
	test_subchannels(CI16, 256);
	test_subchannels(CF32, 100);
	test_subchannels(DTYPE_I16, 128);
	test_stats(CI16, 64);
	test_stats(CF32, 100);
	test_stats(DTYPE_F32, 128);
	for (enum spectrum_stat stat = SPECTRUM_MEAN; stat <= SPECTRUM_MIN; stat++) {
		test_split(CI16, 1024, stat);
		test_split(CF32, 1000, stat);
		test_split(DTYPE_I16, 512, stat);
	}
	test_nan(128);
	test_nan(99);
	test_refusals();
	test_levels(argv[0]);
	return done();
}
