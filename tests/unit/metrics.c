/* SPDX-License-Identifier: ISC */
/*
 * Measures against planted signals: tones and bands of noise 3 kHz wide in white noise, windows
 * just so long that an ideal estimator's standard deviation is a third of the limit (or, with
 * margin N, N times as long). metrics [SEED] runs a small grid and the corners; metrics --grid
 * [SEED [MARGIN]] the large one and prints its worst errors.
 */
#include "dsp/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/dtype.h"
#include "base/mem.h"
#include "dsp/fft.h"
#include "dsp/meter.h"

#define SNR_LIMIT_DB 0.2
#define NOISE_LIMIT_DB 0.1
#define OFFSET_LIMIT_BINS 0.05
#define WIDE_HZ 3000.0
#define CHUNK (1 << 17) /* samples fed at once, whole blocks */
#define TAPS 24		/* of a phase of the interpolator */

/* A cell of the grid. */
struct cell {
	bool wide; /* a band of noise, else a tone */
	double rate_hz, offset_hz, snr_db;
	double band_hz; /* in which the SNR is told, around the offset if it is not the rate */
	double margin;
	unsigned dtype;
};

struct result {
	double snr_db, noise_db, offset_bins; /* errors */
	struct metrics_spectrum measured;
	struct metrics_levels levels;
	uint64_t samples;
	size_t n;
};

static double uniform(void)
{
	return ((double)(random64() >> 11) + 0.5) * 0x1p-53;
}

static void normal_pair(double out[2], double deviation)
{
	double radius = deviation * sqrt(-2 * log(uniform())), angle = 2 * M_PI * uniform();

	out[0] = radius * cos(angle);
	out[1] = radius * sin(angle);
}

/* Noise 3 kHz wide at a low rate, of mean power 1 over its length, and the filter that brings it to
 * the cell's rate. */
struct wide_signal {
	size_t factor, length;
	float *base;	/* complex */
	double *filter; /* [factor][TAPS] */
};

/* Kaiser's window of beta 10: images are 100 dB down, as the band is a quarter of the low rate. */
static double kaiser_i0(double x)
{
	double term = 1, sum = 1;

	for (int k = 1; term > 1e-12 * sum; k++)
		sum += term *= (x / 2 / k) * (x / 2 / k);
	return sum;
}

static struct wide_signal wide_new(double rate_hz, uint64_t samples)
{
	struct wide_signal s = {.factor = (size_t)fmax(1, floor(rate_hz / 12000))};
	double low_rate = rate_hz / (double)s.factor, power = 0;
	size_t n = (size_t)(samples / s.factor) + 2 * TAPS;
	float *in = xaligned(2 * n, sizeof(*in));
	struct fft *fft;
	struct error e;

	memset(in, 0, 2 * n * sizeof(*in));
	for (size_t b = 0; b < n; b++) {
		double f = (b > n / 2 ? (double)b - (double)n : (double)b) * low_rate / (double)n,
		       v[2];

		if (fabs(f) > WIDE_HZ / 2)
			continue;
		normal_pair(v, 1);
		in[2 * b] = (float)v[0];
		in[2 * b + 1] = (float)v[1];
	}
	s.base = xaligned(2 * n, sizeof(*s.base));
	s.length = n;
	if (fft_new(&fft, n, false, &e))
		abort();
	fft_run(fft, in, s.base);
	fft_free(fft);
	free(in);
	for (size_t i = 0; i < 2 * n; i++)
		power += (double)s.base[i] * (double)s.base[i] / (double)n;
	for (size_t i = 0; i < 2 * n; i++)
		s.base[i] = (float)((double)s.base[i] / sqrt(power));
	s.filter = xcalloc(s.factor, TAPS * sizeof(*s.filter));
	for (size_t p = 0; p < s.factor; p++)
		for (int t = 0; t < TAPS; t++) {
			double x = t - TAPS / 2 + 1 - (double)p / (double)s.factor,
			       u = x / (TAPS / 2.0);
			double sinc = x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);

			s.filter[p * TAPS + (size_t)t] =
				fabs(u) > 1
					? 0
					: sinc * kaiser_i0(10 * sqrt(1 - u * u)) / kaiser_i0(10);
		}
	return s;
}

static void wide_sample(const struct wide_signal *s, uint64_t i, double out[2])
{
	const double *h = s->filter + i % s->factor * TAPS;
	const float *x = s->base + 2 * (i / s->factor);

	out[0] = out[1] = 0;
	if (s->factor == 1) {
		out[0] = (double)x[0];
		out[1] = (double)x[1];
		return;
	}
	for (int t = 0; t < TAPS; t++) {
		out[0] += h[t] * (double)x[2 * t];
		out[1] += h[t] * (double)x[2 * t + 1];
	}
}

/* Samples after which an ideal estimator is good enough for both limits. */
static uint64_t samples_for(const struct cell *c)
{
	double snr = pow(10, c->snr_db / 10), width = c->wide ? WIDE_HZ : 0;
	double in_noise = snr * c->band_hz / c->rate_hz, share = width / c->rate_hz;
	double relative = 2 / in_noise + share / (in_noise * in_noise) +
			  pow(1 + share / in_noise, 2) / (1 - share) +
			  (c->wide ? 1 / share : 0); /* of the band's own power */
	double per_db = 10 / log(10);
	double for_snr = relative * pow(per_db / (SNR_LIMIT_DB / 3), 2);
	double for_noise = pow(per_db / (NOISE_LIMIT_DB / 3), 2) / (1 - share);

	return (uint64_t)(fmax(for_snr, for_noise) * c->margin);
}

struct source {
	const struct cell *cell;
	double amplitude, noise, turn, phase;
	struct wide_signal wide;
	uint64_t at;
};

static void make(struct source *s, size_t n, float *out)
{
	for (size_t i = 0; i < n; i++, s->at++) {
		double x[2] = {1, 0}, v[2], turns = s->phase + s->turn * (double)s->at, re, im;

		turns = 2 * M_PI * (turns - floor(turns));
		if (s->cell->wide)
			wide_sample(&s->wide, s->at, x);
		re = cos(turns);
		im = sin(turns);
		normal_pair(v, s->noise * M_SQRT1_2);
		out[2 * i] = (float)(s->amplitude * (x[0] * re - x[1] * im) + v[0]);
		out[2 * i + 1] = (float)(s->amplitude * (x[0] * im + x[1] * re) + v[1]);
	}
}

static void keep(void *arg, const struct meter_row *row)
{
	struct result *r = arg;

	r->measured = row->spectra[0];
	r->levels = row->levels[0];
}

static int16_t *quantised(const float *x, size_t n)
{
	int16_t *q = xmalloc(n * sizeof(*q));

	for (size_t i = 0; i < n; i++)
		q[i] = (int16_t)fmax(-32768, fmin(32767, rint((double)x[i] * 32768)));
	return q;
}

/* One window of the cell. */
static struct result run(const struct cell *c)
{
	double snr = pow(10, c->snr_db / 10), noise = 0.05;
	struct result r = {.n = metrics_length(c->rate_hz, c->band_hz, 1 << 26)};
	size_t hop = metrics_hop(r.n), carried = 0, size = dtype_size(c->dtype), done = 0;
	uint64_t samples = samples_for(c);
	struct meter_config config = {.samples = {.dtype = c->dtype,
					      .subchannels = 1,
					      .full_scale = dtype_full_scale(c->dtype)},
		.n = r.n,
		.rate_hz = c->rate_hz};
	double middle = c->band_hz < c->rate_hz ? c->offset_hz : 0;
	struct source s = {.cell = c, .turn = c->offset_hz / c->rate_hz, .phase = uniform()};
	float *x = xaligned(2 * CHUNK, sizeof(*x));
	char *buffer = xaligned(CHUNK + 2 * r.n, size);
	struct meter *m;
	struct error e;

	if (samples < 2 * r.n)
		samples = 2 * r.n;
	samples = r.n + (samples - r.n + hop - 1) / hop * hop;
	r.samples = samples;
	/* The greater of signal and noise is small enough not to be clipped. */
	s.amplitude = noise * sqrt(snr * c->band_hz / c->rate_hz);
	if (s.amplitude > 0.15) {
		noise *= 0.15 / s.amplitude;
		s.amplitude = 0.15;
	}
	s.noise = noise;
	if (c->wide)
		s.wide = wide_new(c->rate_hz, samples);
	config.low_hz = middle - c->band_hz / 2;
	config.high_hz = middle + c->band_hz / 2;
	config.transforms = 1 + (samples - r.n) / hop;
	if (meter_new(&m, &config, NULL, keep, &r, &e))
		abort();
	while (done < samples) {
		size_t count = samples - done < CHUNK ? (size_t)(samples - done) : CHUNK, ready;
		int16_t *q;

		make(&s, count, x);
		q = c->dtype == (DTYPE_COMPLEX | DTYPE_I16) ? quantised(x, 2 * count) : NULL;
		memcpy(buffer + carried * size, q ? (void *)q : (void *)x, count * size);
		free(q);
		for (size_t b = 0; b < count; b += METRICS_BLOCK)
			meter_block(m, buffer + (carried + b) * size,
				count - b < METRICS_BLOCK ? count - b : METRICS_BLOCK,
				(int64_t)(done + b));
		done += count;
		carried += count;
		ready = carried < r.n ? 0 : 1 + (carried - r.n) / hop;
		if (ready > 0)
			meter_transforms(m, buffer, ready, (int64_t)(done - carried));
		if (done == samples)
			meter_blocks_end(m);
		meter_run(m);
		carried -= ready * hop;
		memmove(buffer, buffer + ready * hop * size, carried * size);
	}
	meter_free(m);
	free(buffer);
	free(x);
	free(s.wide.base);
	free(s.wide.filter);
	r.snr_db = 10 * log10(r.measured.snr) - c->snr_db;
	r.noise_db = 10 * log10(r.measured.noise * c->rate_hz / (noise * noise));
	r.offset_bins = (r.measured.offset_hz - c->offset_hz) / c->rate_hz * (double)r.n;
	return r;
}

/* How errors of a measure spread, as shares of its limit. */
struct spread {
	size_t count, beyond;
	double sum, square, worst;
};

static void add(struct spread *s, double error, double limit)
{
	double share = error / limit;

	s->count++;
	s->beyond += !(fabs(share) <= 1);
	s->sum += share;
	s->square += share * share;
	if (!(fabs(share) <= fabs(s->worst)))
		s->worst = share;
}

static void print(const char *what, const char *unit, const struct spread *s, double limit)
{
	double mean = s->sum / (double)s->count;

	if (s->count == 0)
		return;
	printf("#   %-7s %4zu cells, limit %.2f %-4s mean %+7.4f, rms %6.4f, worst %+7.4f, beyond "
	       "%zu\n",
		what, s->count, limit, unit, mean * limit,
		sqrt(s->square / (double)s->count) * limit, s->worst * limit, s->beyond);
}

static const double rates[] = {12e3, 12.5e3, 48e3, 200e3, 250e3, 2.5e6};
static const double places[] = {-0.45, -0.31, -0.1003, -0.0004, 0, 0.0107, 0.2, 0.375, 0.45};

struct spreads {
	struct spread snr, noise, offset;
};

static bool fits(const struct cell *c)
{
	double half = c->wide ? WIDE_HZ / 2 : 0;

	if (c->band_hz < c->rate_hz)
		half = c->band_hz / 2;
	return fabs(c->offset_hz) + half <= c->rate_hz / 2;
}

static void run_into(struct spreads *s, const struct cell *c, bool say)
{
	struct result r = run(c);

	add(&s->snr, r.snr_db, SNR_LIMIT_DB);
	add(&s->noise, r.noise_db, NOISE_LIMIT_DB);
	if (!c->wide && c->snr_db >= 10)
		add(&s->offset, r.offset_bins, OFFSET_LIMIT_BINS);
	if (say &&
		(fabs(r.snr_db) > SNR_LIMIT_DB || fabs(r.noise_db) > NOISE_LIMIT_DB ||
			(!c->wide && c->snr_db >= 10 && fabs(r.offset_bins) > OFFSET_LIMIT_BINS)))
		printf("#     beyond: %s rate %g offset %g band %g snr %g, n %zu, %llu samples: "
		       "errors %.4f dB, noise %.4f dB, %.4f bins\n",
			c->wide ? "wide" : "tone", c->rate_hz, c->offset_hz, c->band_hz, c->snr_db,
			r.n, (unsigned long long)r.samples, r.snr_db, r.noise_db, r.offset_bins);
}

/* Every cell whose window has at most so many samples; the others are counted. */
static size_t run_grid(uint64_t most, double margin)
{
	size_t beyond = 0;

	for (int wide = 0; wide <= 1; wide++)
		for (int narrow = 0; narrow <= 1; narrow++)
			for (size_t r = 0; r < COUNT_OF(rates); r++) {
				struct spreads s = {0};
				size_t left_out = 0;

				for (double snr = -10; snr <= 60; snr += 10)
					for (size_t p = 0; p < COUNT_OF(places); p++) {
						struct cell c = {wide, rates[r],
							places[p] * rates[r] +
								(uniform() - 0.5) * rates[r] /
									1024 *
									(p > 0 &&
										p < COUNT_OF(
											    places) -
												1 &&
										p != 4),
							snr, narrow ? WIDE_HZ : rates[r], margin,
							DTYPE_COMPLEX | DTYPE_F32};

						if (!fits(&c))
							continue;
						if (samples_for(&c) > most)
							left_out++;
						else
							run_into(&s, &c, true);
					}
				printf("# %s, B = %s, rate %g (%zu cells too long)\n",
					wide ? "3 kHz band" : "tone", narrow ? "3 kHz" : "rate",
					rates[r], left_out);
				print("SNR", "dB", &s.snr, SNR_LIMIT_DB);
				print("noise", "dB", &s.noise, NOISE_LIMIT_DB);
				if (!wide)
					print("offset", "bin", &s.offset, OFFSET_LIMIT_BINS);
				beyond += s.snr.beyond + s.noise.beyond + s.offset.beyond;
				fflush(stdout);
			}
	return beyond;
}

/* Cells at random whose windows make the ideal error a sixth of the limit: none may be beyond. */
static void small_grid(void)
{
	struct spreads s = {0};
	uint64_t left = 6000000;

	for (int turn = 0; turn < 400 && left > 0; turn++) {
		struct cell c = {.wide = below(3) == 0,
			.rate_hz = rates[below(COUNT_OF(rates))],
			.snr_db = -10 + 70 * uniform(),
			.margin = 4};
		uint64_t samples;

		c.band_hz = below(2) ? c.rate_hz : WIDE_HZ * (1 + uniform());
		c.dtype = c.snr_db < 40 && below(2) ? DTYPE_COMPLEX | DTYPE_I16
						    : DTYPE_COMPLEX | DTYPE_F32;
		c.offset_hz = (below(8) ? 0.9 * (uniform() - 0.5) : 0) * c.rate_hz;
		samples = samples_for(&c);
		if (!fits(&c) || samples > 500000)
			continue;
		left -= samples < left ? samples : left;
		run_into(&s, &c, true);
	}
	print("SNR", "dB", &s.snr, SNR_LIMIT_DB);
	print("noise", "dB", &s.noise, NOISE_LIMIT_DB);
	print("offset", "bin", &s.offset, OFFSET_LIMIT_BINS);
	check(s.snr.count > 20 && s.snr.beyond == 0, "planted signals: SNR within 0.2 dB");
	check(s.noise.beyond == 0, "planted signals: noise floor within 0.1 dB");
	check(s.offset.count > 5 && s.offset.beyond == 0, "planted tones: offset within 0.05 bin");
}

/* What another program gets wrong by 1 to 40 dB. */
static void tone_of_300_hz(void)
{
	for (int fast = 0; fast <= 1; fast++)
		for (double snr = 0; snr <= 40; snr += 20) {
			double rate = fast ? 200e3 : 12.5e3;
			struct cell c = {false, rate, 300, snr, rate, 9, DTYPE_COMPLEX | DTYPE_F32};
			struct result r = run(&c);

			check(fabs(r.snr_db) < SNR_LIMIT_DB &&
					fabs(r.offset_bins) < OFFSET_LIMIT_BINS,
				"a tone of 300 Hz at %g S/s and %g dB: %.3f dB at %.2f Hz", rate,
				snr, 10 * log10(r.measured.snr), r.measured.offset_hz);
		}
}

/* Rows of densities as white noise has them: means of `transforms` exponential deviates. */
static void random_row(float *density, size_t bins, unsigned transforms)
{
	for (size_t b = 0; b < bins; b++) {
		double sum = 0, v[2];

		for (unsigned t = 0; t < transforms && transforms < 1000; t++)
			sum -= log(uniform()) / transforms;
		if (transforms >= 1000) {
			normal_pair(v, 1);
			sum = 1 + v[0] / sqrt(transforms);
		}
		density[b] = (float)sum;
	}
}

static struct metrics *measures(bool real, double low, double high)
{
	struct metrics_config c = {1024, real, 1024, low, high};
	struct metrics *m;
	struct error e;

	if (metrics_new(&m, &c, &e))
		abort();
	return m;
}

/* A single transform is enough, on the average. */
static void unbiased_noise(void)
{
	struct metrics *m = measures(false, -512, 512);
	float density[1024];

	for (unsigned transforms = 1; transforms <= 32; transforms *= 2) {
		struct metrics_spectrum out;
		double sum = 0, error_db;
		int rows = 0, found = 0;

		for (; rows < 200; rows++) {
			random_row(density, 1024, transforms);
			metrics_measure(m, density, transforms, &out);
			sum += out.noise;
			found += !isnan(out.offset_hz);
		}
		error_db = 10 * log10(sum / rows);
		check(fabs(error_db) < 0.05, "means of %u transforms: noise floor off by %.4f dB",
			transforms, error_db);
		check(found <= 10, "of %d of noise alone, %d show a signal", rows, found);
	}
	metrics_free(m);
}

/* Noise of level 1 with plateaus: the level and the power that is found of them. */
static void crowded(const char *what, double share, double level, double low, double high,
	double signal, double noise_limit)
{
	struct metrics *m = measures(false, low, high);
	struct metrics_spectrum out;
	float density[1024];

	random_row(density, 1024, 40000);
	for (size_t b = 0; b < 1024; b++)
		if ((double)b < share * 1024)
			density[b] += (float)level;
	metrics_measure(m, density, 40000, &out);
	check(fabs(10 * log10(out.noise)) < noise_limit, "%s: noise floor %.3f dB", what,
		10 * log10(out.noise));
	check(signal > 0 ? fabs(10 * log10(out.signal / signal)) < 0.1 : out.signal < 2,
		"%s: signal %.3f, expected %.3f", what, out.signal, signal);
	metrics_free(m);
}

/* The floor of a receiver that falls by 3 dB to both ends, and a line in it. */
static void dome(void)
{
	struct metrics *m = measures(false, -512, 512);
	struct metrics_spectrum out;
	float density[1024];

	for (unsigned transforms = 30; transforms <= 30000; transforms *= 10) {
		double sum = 0;

		random_row(density, 1024, transforms);
		for (size_t b = 0; b < 1024; b++) {
			double floor = pow(10, -0.3 * pow(((double)b - 512) / 512, 2));

			density[b] *= (float)floor;
			sum += floor / 1024;
		}
		metrics_measure(m, density, transforms, &out);
		check(fabs(10 * log10(out.noise / sum)) < 0.5 && out.signal < 0.01 * sum * 1024,
			"a floor that is not flat, %u transforms: %.3f dB from its mean, signal "
			"%.2f",
			transforms, 10 * log10(out.noise / sum), out.signal);
		density[700] += 90;
		metrics_measure(m, density, transforms, &out);
		check(fabs(10 * log10(out.noise / sum)) < 0.5 && fabs(out.offset_hz - 188) < 0.1 &&
				fabs(out.signal - 90) < 3,
			"a line in it: %.2f at %.2f Hz", out.signal, out.offset_hz);
	}
	metrics_free(m);
}

static void measure_flat(
	struct metrics *m, float *density, size_t bin, struct metrics_spectrum *out)
{
	static const float hann[] = {1 / 6.0f, 2 / 3.0f, 1 / 6.0f};

	for (size_t b = 0; b < 1024; b++)
		density[b] = 1e-3f * (1 + 0.01f * (float)(b % 7));
	for (size_t j = 0; j < 3; j++)
		density[(bin + 1023 + j) % 1024] += 1000 * hann[j];
	metrics_measure(m, density, 1000, out);
}

static void corners(void)
{
	struct metrics *m = measures(false, -512, 512);
	struct metrics_spectrum out;
	struct metrics_config narrow = {1024, false, 1024, 600, 700};
	struct metrics *none;
	float density[1024] = {0};
	struct error e;

	measure_flat(m, density, 512, &out);
	check(fabs(out.offset_hz) < 0.001 && fabs(out.signal - 1000) < 1,
		"a carrier at 0 Hz is a signal: %.3f at %.4f Hz", out.signal, out.offset_hz);
	measure_flat(m, density, 0, &out);
	check(fabs(fabs(out.offset_hz) - 512) < 0.001 && fabs(out.signal - 1000) < 1,
		"a tone at half the rate is in one piece: %.3f at %.4f Hz", out.signal,
		out.offset_hz);
	check(out.occupied_hz > 1 && out.occupied_hz < 3, "it occupies %.2f bins", out.occupied_hz);
	density[77] = NAN;
	metrics_measure(m, density, 10, &out);
	check(isnan(out.noise) && isnan(out.snr) && isnan(out.signal) && isnan(out.offset_hz),
		"a NaN makes NaN of all");
	memset(density, 0, sizeof(density));
	metrics_measure(m, density, 10, &out);
	check(out.noise == 0 && out.signal == 0 && isnan(out.snr), "nothing is nothing");
	metrics_free(m);
	check(metrics_new(&none, &narrow, &e) == EXIT_USAGE && !none,
		"a band outside the spectrum is refused");
	check(metrics_length(12e3, 12e3, 1 << 26) == 1024 &&
			metrics_length(96e3, 3e3, 1 << 26) == 1024 &&
			metrics_length(97e3, 3e3, 1 << 26) == 2048 &&
			metrics_length(2.5e6, 3e3, 1 << 26) == 32768 &&
			metrics_length(1e9, 1, 1 << 26) == 0,
		"32 bins in the band, at least 1024 in all");
}

/* Real input: one-sided densities, half a bin at both ends. */
static void real_input(void)
{
	struct metrics *m = measures(true, 0, 512);
	struct metrics_spectrum out;
	float density[513];

	random_row(density, 513, 2000);
	density[0] /= 2;
	density[512] /= 2;
	density[100] += 60;
	density[99] += 15;
	density[101] += 15;
	metrics_measure(m, density, 2000, &out);
	check(fabs(out.noise - 1) < 0.01 && fabs(out.signal - 90) < 0.5 &&
			fabs(out.offset_hz - 100) < 0.01 &&
			fabs(out.snr * 512 * out.noise - out.signal) < 1e-9,
		"real input: noise %.4f, signal %.3f at %.3f Hz", out.noise, out.signal,
		out.offset_hz);
	metrics_free(m);
}

#define SAMPLES 8000

/* I = cos, Q = gain sin(+ phase), both with an offset: the textbook's imbalanced receiver. */
static void levels(void)
{
	struct metrics_samples of = {DTYPE_COMPLEX | DTYPE_F64, 2, 2, 0};
	double *x = xcalloc(4 * SAMPLES, sizeof(*x)), gain = 0.9, phase = 0.05;
	struct kern_iq_sums sums = {0}, piece;
	struct metrics_levels l;

	for (size_t i = 0; i < SAMPLES; i++) {
		double a = 2 * M_PI * 0.01 * (double)i;

		x[4 * i + 2] = 2 * (0.5 * cos(a) + 0.1);
		x[4 * i + 3] = 2 * (gain * 0.5 * sin(a + phase) - 0.05);
	}
	for (size_t i = 0; i < 4; i++) { /* of which one is just short of full scale */
		x[4 * (10 * i) + 2] = i == 3 ? 1.9999 : i % 2 ? -2 : 2.5;
	}
	for (size_t at = 0; at < SAMPLES; at += 1000) {
		metrics_sums(&of, x + 4 * at, 1000, 1, &piece);
		metrics_join(&sums, &piece);
	}
	metrics_levels(&of, &sums, &l);
	check(sums.count == SAMPLES && fabs(l.clipped - 3.0 / SAMPLES) < 1e-12,
		"3 samples are clipped");
	check(fabs(l.dc_i - 0.1) < 1e-3 && fabs(l.dc_q + 0.05) < 1e-6, "DC %.5f %.5f", l.dc_i,
		l.dc_q);
	check(fabs(10 * log10(l.gain) + 20 * log10(gain)) < 0.05 &&
			fabs(l.phase_rad - phase) < 1e-3,
		"gain imbalance %.4f dB, phase imbalance %.5f rad", 10 * log10(l.gain),
		l.phase_rad);
	check(fabs(l.power - (0.125 * (1 + gain * gain) + 0.0125)) < 1e-3, "power %.5f", l.power);
	check(fabs(l.crest * l.power - (1.25 * 1.25 + pow(x[83] / 2, 2))) < 1e-6, "crest %.4f",
		l.crest);
	free(x);
}

/* The ends of types, and a full scale of less. */
static void clipping(void)
{
	static const uint8_t u8[] = {0, 7, 7, 255, 254, 1, 0, 255};
	static const int16_t i16[] = {-32768, 0, 32767, 5, 32766, -32767, 2047, -2048};
	static const float f32[] = {1, 0, -1, 0, 0.999999f, -0.999999f, 0, 2};
	struct metrics_samples of = {DTYPE_COMPLEX | DTYPE_U8, 1, 127.5, 127.5};
	struct kern_iq_sums s;

	metrics_sums(&of, u8, 4, 0, &s);
	check(s.clipped == 3, "cu8: 0 and 255 are clipped, 1 and 254 are not");
	of = (struct metrics_samples){DTYPE_COMPLEX | DTYPE_I16, 1, 32768, 0};
	metrics_sums(&of, i16, 4, 0, &s);
	check(s.clipped == 2, "ci16: -32768 and 32767 are clipped, -32767 and 32766 are not");
	of.full_scale = 2048;
	metrics_sums(&of, i16, 4, 0, &s);
	check(s.clipped == 4, "ci16 of full scale 2048: 2047 and -2048 are clipped");
	of = (struct metrics_samples){DTYPE_COMPLEX | DTYPE_F32, 1, 1, 0};
	metrics_sums(&of, f32, 4, 0, &s);
	check(s.clipped == 3, "cf32: 1, -1 and 2 are clipped, less is not");
}

int main(int argc, char **argv)
{
	bool grid = argc > 1 && !strcmp(argv[1], "--grid");

	seed_from(argc - grid, argv + grid);
	if (grid)
		return run_grid(argc > 4 ? strtoull(argv[4], NULL, 10) : 30000000,
			       argc > 3 ? strtod(argv[3], NULL) : 1) > 0;
	small_grid();
	tone_of_300_hz();
	unbiased_noise();
	crowded("a plateau of 30 % of the bins", 0.3, 0.5, -512, 512, 0.15 * 1024, 0.1);
	crowded("a plateau of 70 % of the bins", 0.7, 10, -512, 512, 7168, 0.1);
	crowded("a strong plateau outside the band", 0.3, 1e6, 100, 400, 0, 0.1);
	crowded("a weak plateau that is all the band", 0.25, 0.1, -512, -256, 25.6, 0.02);
	dome();
	corners();
	real_input();
	levels();
	clipping();
	return done();
}
