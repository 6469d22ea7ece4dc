/* SPDX-License-Identifier: ISC */
/*
 * Mixers, decimators, resamplers and filters by what comes out of planted tones and chirps, beside
 * their analytic values: ripple, stop bands, images, time. chain [SEED]
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "dsp/chain.h"
#include "dsp/dc.h"

#define OUTPUTS 400

/* exp(2 pi i (f n + slope n^2 / 2)), complex or its real part. */
struct planted {
	struct source source;
	double f, slope;
	bool complex;
};

static void fetch(const struct source *source, int64_t index, size_t n, float *out)
{
	const struct planted *p = (const struct planted *)source;

	for (size_t k = 0; k < n; k++) {
		long double at = (long double)(index + (int64_t)k);
		long double turns = ((long double)p->f + (long double)p->slope * at / 2) * at;
		double angle = 2 * M_PI * (double)(turns - floorl(turns));

		if (p->complex) {
			out[2 * k] = (float)cos(angle);
			out[2 * k + 1] = (float)sin(angle);
		} else {
			out[k] = (float)cos(angle);
		}
	}
}

static double uniform(double from, double to)
{
	return from + (to - from) * (double)(random64() >> 11) * 0x1p-53;
}

static double decibel(double power)
{
	return 10 * log10(power > 1e-30 ? power : 1e-30);
}

/*
 * What a chain makes of a tone: its power where it is expected, at f down / up cycles per output,
 * as seen in phase (so a shift of time shows as loss), and the power of all that is left.
 */
struct seen {
	double in_phase, rest, power;
};

static struct seen see(struct chain *c, double f, bool complex, int64_t from)
{
	struct chain_geometry g = chain_geometry(c);
	struct planted p = {{fetch}, f, 0, complex};
	static float out[2 * OUTPUTS];
	double re = 0, im = 0, all = 0, scale = complex == g.complex ? 1 : 2;
	size_t parts = g.complex ? 2 : 1;

	chain_run(c, 0, &p.source, from, OUTPUTS, out);
	for (size_t k = 0; k < OUTPUTS; k++) {
		long double turns = (long double)f * (long double)(from + (int64_t)k) *
				    (long double)g.down / (long double)g.up;
		double angle = 2 * M_PI * (double)(turns - floorl(turns)),
		       a = (double)out[k * parts];
		double b = g.complex ? (double)out[2 * k + 1] : 0;

		re += a * cos(angle) + b * sin(angle);
		im += b * cos(angle) - a * sin(angle);
		all += a * a + b * b;
	}
	re *= scale / OUTPUTS;
	im *= scale / OUTPUTS;
	all /= OUTPUTS;
	return (struct seen){re, all - (re * re + im * im) / (scale * scale), all};
}

static void test_decimator(uint64_t factor)
{
	struct chain *c = chain_new(1, true);
	double ripple = 0, noise = 0, alias = 0;

	chain_add_decimator(c, factor);
	for (int turn = 0; turn < (factor > 100 ? 12 : 60); turn++) {
		double inside = turn ? uniform(-0.4, 0.4) : 0.4,
		       outside = uniform(0.6, (double)factor / 2);
		struct seen s = see(c, inside / (double)factor, true, (int64_t)below(1000000));

		ripple = fmax(ripple, fabs(20 * log10(s.in_phase)));
		noise = fmax(noise, s.rest);
		if (turn < 2)
			outside = turn ? 0.6 : factor > 2 ? 1 : 0.7;
		s = see(c, (turn % 2 ? -outside : outside) / (double)factor, true, 77);
		alias = fmax(alias, s.power);
	}
	printf("# by %d: ripple %.5f dB, the rest of a tone %.1f dB, aliases %.1f dB\n",
		(int)factor, ripple, decibel(noise), decibel(alias));
	check(ripple < 0.001 && decibel(noise) < -90 && decibel(alias) < -FIR_ATTENUATION_DB,
		"decimation by %d: flat in phase to 0.4, stopped from 0.6 on", (int)factor);
	chain_free(c);
}

static void test_resampler(uint64_t up, uint64_t down, bool complex)
{
	struct chain *c = chain_new(1, complex);
	struct error e;
	double ripple = 0, images = 0, stop = 0, ratio = (double)up / (double)down;
	double lower = ratio < 1 ? ratio : 1;

	check(chain_add_resampler(c, up, down, &e) == 0, "a resampler by %d/%d", (int)up,
		(int)down);
	for (int turn = 0; turn < 40; turn++) {
		/* A real tone shows its image at 0 unless it turns often. */
		double inside = turn ? uniform(complex ? -0.4 : 0.05, 0.4) : 0.4, outside;
		struct seen s = see(c, inside * lower, complex, (int64_t)below(1000000000));

		if (complex) {
			ripple = fmax(ripple, fabs(20 * log10(s.in_phase)));
			images = fmax(images, s.rest);
		}
		outside = uniform(0.6, 0.5 / lower);
		s = see(c, outside * lower, complex, 5);
		if (lower < 1 / 1.3)
			stop = fmax(stop, s.power);
	}
	printf("# by %d/%d: ripple %.5f dB, images %.1f dB, aliases %.1f dB\n", (int)up, (int)down,
		ripple, decibel(images), decibel(stop));
	check(ripple < 0.001 && decibel(images) < -FIR_ATTENUATION_DB &&
			decibel(stop) < -FIR_ATTENUATION_DB,
		"resampling by %d/%d, %s: flat in phase to 0.4, no image, no alias", (int)up,
		(int)down, complex ? "complex" : "real");
	chain_free(c);
}

/* The designs' gains on a fine grid, of the taps as they are used. */
static void test_low_pass(void)
{
	size_t taps = fir_length(0.01);
	struct fir *f = fir_lowpass(taps, 0.105, 1, 1, 2), *band = fir_bandpass(taps, 0.055, 0.25);
	double ripple = 0, stop = 0, band_ripple = 0, band_stop = 0;

	for (int i = 0; i <= 20000; i++) {
		double at = i / 40000.0, gain = fir_gain(f, at), other = fir_gain(band, at);

		if (at <= 0.1)
			ripple = fmax(ripple, fabs(20 * log10(gain)));
		if (at >= 0.11)
			stop = fmax(stop, fabs(gain));
		if (fabs(at - 0.25) <= 0.05)
			band_ripple = fmax(band_ripple, fabs(20 * log10(other)));
		if (fabs(at - 0.25) >= 0.06)
			band_stop = fmax(band_stop, fabs(other));
	}
	printf("# %zu taps: ripple %.5f dB, stop %.1f dB; band: %.5f dB, %.1f dB\n", taps, ripple,
		20 * log10(stop), band_ripple, 20 * log10(band_stop));
	check(ripple < 0.001 && 20 * log10(stop) < -FIR_ATTENUATION_DB,
		"a low-pass by its response");
	check(band_ripple < 0.001 && 20 * log10(band_stop) < -FIR_ATTENUATION_DB,
		"a band-pass by its response");
	fir_free(f);
	fir_free(band);
}

/* Phasors at rational frequencies, whose phase is known in integers at any index. */
static void test_mixer(void)
{
	double worst = 0;

	for (int turn = 0; turn < 60; turn++) {
		uint64_t num = 1 + below((uint64_t)1 << 40), den = 1 + below(1000);
		int64_t hz = (int64_t)below(1000000) - 500000;
		int64_t index = (int64_t)(random64() >> (1 + below(60))) * (below(2) ? 1 : -1);
		struct mixer *m = mixer_new((double)hz, (struct rate){num, den});
		static float x[2 * 2000], out[2 * 2000];
		double error = 0;

		index /= 4; /* no overflow at the end of the piece */
		for (size_t k = 0; k < 2000; k++) {
			x[2 * k] = 1;
			x[2 * k + 1] = 0;
		}
		mixer_run(m, out, x, 2000, 2, index);
		for (size_t k = 0; k < 2000; k++) {
			/* hz den n mod num, over num */
			__int128 step = (__int128)hz * (__int128)den % (__int128)num,
				 n = index + (int64_t)k;
			__int128 left = n % (__int128)num * step % (__int128)num;
			double angle = 2 * M_PI * (double)((long double)left / (long double)num);

			error += pow((double)out[2 * k] - cos(angle), 2) +
				 pow((double)out[2 * k + 1] - sin(angle), 2);
		}
		worst = fmax(worst, error / 2000);
		mixer_free(m);
	}
	printf("# phasors: %.1f dBc\n", decibel(worst));
	check(decibel(worst) < -140, "phasors at any index are right to -140 dBc");
	check(mixer_turn(0.25, (struct rate){1, 1}) == (unsigned __int128)1 << 126 &&
			mixer_turn(-0.25, (struct rate){1, 1}) == (unsigned __int128)3 << 126 &&
			mixer_turn(3, (struct rate){1, 1}) == 0 &&
			mixer_turn(1e300, (struct rate){1, 1}) == 0 &&
			mixer_turn(0x1p-64, (struct rate){1, 1}) == (unsigned __int128)1 << 64 &&
			mixer_turn(5e-324, (struct rate){1, 1}) == 0 &&
			mixer_turn(0x1p40, (struct rate){3, 1}) >> 64 == 0x5555555555555555,
		"turns of a sample at the ends of what a frequency can be");
}

/* The issue's: a chirp through a shift and a decimation is the chirp. */
static void test_chirp(void)
{
	struct rate rate = {1000000, 1};
	struct chain *c = chain_new(1, true);
	/* From 80 to 120 kHz within 10 000 outputs of a 16th of the rate: to -+20 of 62.5 kHz. */
	double from = 0.08, slope = 0.04 / 160000, error = 0, power = 0;
	struct planted p = {{fetch}, from, slope, true};
	static float out[2 * 9900];

	chain_add_mixer(c, mixer_new(-100e3, rate));
	chain_add_decimator(c, 16);
	chain_run(c, 0, &p.source, 50, 9900, out);
	for (size_t k = 0; k < 9900; k++) {
		double n = 16.0 * (double)(k + 50), turns = (from - 0.1 + slope * n / 2) * n;
		double angle = 2 * M_PI * (turns - floor(turns));

		error += pow((double)out[2 * k] - cos(angle), 2) +
			 pow((double)out[2 * k + 1] - sin(angle), 2);
		power += 1;
	}
	printf("# chirp: error %.1f dB\n", decibel(error / power));
	check(decibel(error / power) < -60, "a chirp is recovered within -60 dB");
	chain_free(c);
}

/* Any piece has the bits it has in the whole. */
static void test_pieces(void)
{
	static float whole[2 * 6000], piece[2 * 6000];
	bool right = true;

	for (int turn = 0; turn < 30; turn++) {
		struct chain *c = chain_new(2, true);
		struct planted p = {{fetch}, uniform(-0.5, 0.5), 0, true};
		struct error e;
		int64_t from = (int64_t)below(1 << 20) - (1 << 19);

		chain_add_mixer(c, mixer_new(uniform(-1, 1), (struct rate){3, 1}));
		if (turn % 3 == 0)
			chain_add_decimator(c, 1 + below(20));
		else if (turn % 3 == 1)
			right = right && !chain_add_resampler(c, 1 + below(20), 1 + below(20), &e);
		else
			chain_add_fir(c, fir_lowpass(2 * below(300) + 1, 0.1, 1, 1, 2));
		chain_run(c, 0, &p.source, from, 6000, whole);
		for (size_t at = 0; at < 6000;) {
			size_t n = 1 + below(below(2) ? 3000 : 20);

			n = n < 6000 - at ? n : 6000 - at;
			chain_run(c, (unsigned)below(2), &p.source, from + (int64_t)at, n, piece);
			right = right && !memcmp(piece, whole + 2 * at, 2 * n * sizeof(float));
			at += n;
		}
		chain_free(c);
	}
	check(right, "pieces have the bits of the whole");
}

/* A long filter by transforms beside its sums, with a NaN in one piece. */
struct noisy {
	struct source source;
	int64_t nan;
};

static void fetch_noise(const struct source *source, int64_t index, size_t n, float *out)
{
	const struct noisy *s = (const struct noisy *)source;

	for (size_t k = 0; k < n; k++, index++) {
		uint64_t bits = (uint64_t)index * 0x9e3779b97f4a7c15u;

		bits = (bits ^ bits >> 29) * 0xbf58476d1ce4e5b9u;
		out[2 * k] = (float)(int32_t)(bits >> 32) * 0x1p-31f;
		out[2 * k + 1] = index == s->nan ? NAN : (float)(int32_t)bits * 0x1p-31f;
	}
}

static void test_convolver(void)
{
	static float sums[2 * 9000], fast[2 * 9000];
	double worst = 0;
	size_t nans = 0;
	bool right = true;

	for (size_t taps = 385; taps < 3000; taps = taps * 2 + 1) {
		struct chain *c = chain_new(1, true), *d = chain_new(1, true);
		struct noisy s = {{fetch_noise}, taps == 385 ? 3000 : INT64_MAX};
		int64_t from = (int64_t)below(1000) - 500;

		chain_add_last_fir(c, fir_lowpass(taps, 0.1, 1, 1, 2));
		chain_add_fir(d, fir_lowpass(taps, 0.1, 1, 1, 2));
		right = right && chain_geometry(c).grain > 1 && chain_geometry(d).grain == 1;
		chain_run(c, 0, &s.source, from, 9000, fast);
		chain_run(d, 0, &s.source, from, 9000, sums);
		for (size_t k = 0; k < 2 * 9000; k++) {
			right = right && isnan(fast[k]) == isnan(sums[k]);
			nans += isnan(fast[k]);
			if (!isnan(sums[k]))
				worst = fmax(worst, fabs((double)fast[k] - (double)sums[k]));
		}
		chain_free(c);
		chain_free(d);
	}
	printf("# transforms: %.2g from the sums\n", worst);
	check(right && worst < 3e-6 && nans == 385,
		"long filters by transforms are their sums, NaN and all");
}

/* Only the support that the geometry tells is used: what lies beyond may be anything finite. */
struct bounded {
	struct source source;
	int64_t from, to;
	float beyond;
};

static void fetch_bounded(const struct source *source, int64_t index, size_t n, float *out)
{
	const struct bounded *b = (const struct bounded *)source;

	for (size_t k = 0; k < n; k++, index++) {
		bool inside = index >= b->from && index < b->to;

		out[2 * k] = inside ? (float)(index % 7) : b->beyond;
		out[2 * k + 1] = inside ? (float)(index % 11) : b->beyond;
	}
}

static void test_support(void)
{
	bool right = true;

	for (int turn = 0; turn < 40; turn++) {
		struct chain *c = chain_new(1, true);
		struct chain_geometry g;
		struct error e;
		float a[2], b[2];
		int64_t k = (int64_t)below(100000);
		struct bounded s = {{fetch_bounded}, 0, 0, 0};

		if (turn % 2)
			chain_add_decimator(c, 2 + below(40));
		else
			right = right && !chain_add_resampler(c, 1 + below(40), 1 + below(40), &e);
		if (turn % 4 == 0)
			chain_add_fir(c, fir_lowpass(31, 0.2, 1, 1 + below(2), 2));
		g = chain_geometry(c);
		s.from = chain_place(k, g.up, g.down) - (int64_t)g.before;
		s.to = chain_place(k, g.up, g.down) + (int64_t)g.after + 1;
		chain_run(c, 0, &s.source, k, 1, a);
		s.beyond = 1000;
		chain_run(c, 0, &s.source, k, 1, b);
		right = right && !memcmp(a, b, sizeof(a));
		chain_free(c);
	}
	check(right, "an output needs no more than its support");
}

static void test_dc(void)
{
	const double width = 1e-3;
	double worst = 0, left = 0;

	for (int i = 0; i < 8; i++) {
		static const double at[] = {0.1, 0.5, 1, 2, 5, 20, 100, 499.9};
		struct dc dc = dc_begin(width);
		double f = at[i] * width, power = 0, expected;
		static float x[2 * 40000];

		for (size_t k = 0; k < 40000; k++) {
			x[2 * k] = (float)cos(2 * M_PI * f * (double)k) + 0.25f;
			x[2 * k + 1] = (float)sin(2 * M_PI * f * (double)k) - 0.5f;
		}
		dc_run(&dc, x, 40000, 2);
		for (size_t k = 20000; k < 40000; k++)
			power += (double)x[2 * k] * (double)x[2 * k] +
				 (double)x[2 * k + 1] * (double)x[2 * k + 1];
		power /= 20000;
		/* The bilinear transform of f / (f - i w/2). */
		expected = pow(tan(M_PI * f) / tan(M_PI_2 * width), 2);
		expected /= 1 + expected;
		worst = fmax(worst, fabs(decibel(power) - decibel(expected)));
	}
	printf("# dc: %.4f dB from the curve\n", worst);
	check(worst < 0.02, "the notch has its curve, 3 dB at half its width");
	for (int length = 1; length < 2000; length *= 3) {
		struct dc dc = dc_begin(1e-4);
		float x[2000];

		for (int k = 0; k < length; k++)
			x[k] = 0.7f;
		dc_run(&dc, x, (size_t)length, 1);
		for (int k = 0; k < length; k++)
			left = fmax(left, fabs((double)x[k]));
	}
	check(left < 1e-7, "a constant is gone from the first sample on");
}

int main(int argc, char **argv)
{
	static const uint64_t factors[] = {2, 3, 7, 16, 60, 1000};

	seed_from(argc, argv);
	test_mixer();
	test_low_pass();
	for (size_t i = 0; i < COUNT_OF(factors); i++)
		test_decimator(factors[i]);
	test_resampler(3, 4, true);
	test_resampler(160, 147, true);
	test_resampler(147, 160, true);
	test_resampler(5, 1, true);
	test_resampler(12, 625, true);
	test_resampler(2, 7, false);
	test_chirp();
	test_pieces();
	test_convolver();
	test_support();
	test_dc();
	return done();
}
