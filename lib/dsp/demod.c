/* SPDX-License-Identifier: ISC */
#include "dsp/demod.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"

#define ROOM 1.25      /* the rate of the channel, in its widths */
#define TRANSITION 0.1 /* of the channel's filter, in its widths */
#define PASS 0.4       /* of the sound's rate */
#define STOP 0.6
#define WFM_PASS_HZ 15000 /* the sum channel of broadcast ends, the pilot tone */
#define WFM_STOP_HZ 19000
#define DEEMPH_LENGTH 14 /* time constants that its response is followed for: to 1e-6 */

double demod_width_hz(enum demod_mode mode)
{
	static const double widths[] = {[DEMOD_AM] = 10e3,
		[DEMOD_FM] = 16e3,
		[DEMOD_WFM] = 200e3,
		[DEMOD_USB] = 2700,
		[DEMOD_LSB] = 2700};

	return widths[mode];
}

double demod_deviation_hz(enum demod_mode mode)
{
	return mode == DEMOD_WFM ? 75e3 : 5e3;
}

static void envelope(float *out, const float *x, size_t n)
{
	for (size_t k = 0; k < n; k++)
		out[k] = (float)sqrt((double)x[2 * k] * (double)x[2 * k] +
				     (double)x[2 * k + 1] * (double)x[2 * k + 1]);
}

/* The angle from each sample to the next, in turns; 0 where there is no signal. */
static void discriminate(float *out, const float *x, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		double a = (double)x[2 * k], b = (double)x[2 * k + 1];
		double c = (double)x[2 * k + 2], d = (double)x[2 * k + 3];

		out[k] = (float)(atan2(d * a - c * b, c * a + d * b) / (2 * M_PI));
	}
}

static void real_part(float *out, const float *x, size_t n)
{
	for (size_t k = 0; k < n; k++)
		out[k] = x[2 * k];
}

/* Filters a response by 1 / (1 + s tau), by the bilinear transform, true at the corner. */
static void deemphasize(double *h, size_t count, double tau, double rate)
{
	double corner = tan(0.5 / (tau * rate)), pole = (1 - corner) / (1 + corner);
	double share = corner / (1 + corner), in = 0, out = 0;

	for (size_t i = 0; i < count; i++) {
		out = share * (h[i] + in) + pole * out;
		in = h[i];
		h[i] = out;
	}
}

/*
 * The difference of phases over one sample is softer than the frequency's, by sin(w/2) / (w/2) at w
 * radians per sample. With s = sin^2(w/2), which is the filter (-1/4, 1/2, -1/4), this is undone by
 * arcsin(sqrt s) / sqrt s = 1 + s/6 + 3 s^2 / 40 + 5 s^3 / 112 … Needs SHARPENED taps of 0 at both
 * ends.
 */
#define SHARPENED 3
static void sharpen(double *taps, size_t count)
{
	static const double series[SHARPENED] = {5. / 112, 3. / 40, 1. / 6};
	double *sum = xcalloc(count, sizeof(*sum)), *next = xcalloc(count, sizeof(*next));

	for (unsigned term = 0; term < SHARPENED; term++) { /* Horner's scheme */
		for (size_t i = 0; i < count; i++)
			sum[i] += series[term] * taps[i];
		for (size_t i = 1; i + 1 < count; i++)
			next[i] = sum[i] / 2 - (sum[i - 1] + sum[i + 1]) / 4;
		for (size_t i = 0; i < count; i++)
			sum[i] = next[i];
	}
	for (size_t i = 0; i < count; i++)
		taps[i] += sum[i];
	free(sum);
	free(next);
}

/*
 * From the channel's rate to the sound's, in one filter that is reckoned only where a sample is
 * kept: a low-pass, the de-emphasis and, for FM, half a sample, as a difference lies between its
 * two. The response is made at FINE times the rate and then sampled, so it is that of the analogue
 * ones.
 */
#define FINE 8
static void add_audio(struct chain *c, const struct demod *d, uint64_t factor, double gain)
{
	bool fm = d->mode == DEMOD_FM || d->mode == DEMOD_WFM;
	double audio = rate_hz(d->audio), rate = audio * (double)factor;
	double pass = PASS * audio, stop = STOP * audio;
	size_t half, tail = (size_t)(DEEMPH_LENGTH * d->deemph_s * rate) + 1, length, fine;
	double *h, *taps;

	if (factor == 1 && !(d->deemph_s > 0))
		return;
	if (d->mode == DEMOD_WFM && stop > WFM_STOP_HZ) {
		pass = WFM_PASS_HZ;
		stop = WFM_STOP_HZ;
	}
	half = fir_length((stop - pass) / rate) / 2;
	fine = FINE * (2 * half + tail) + 1;
	h = fir_design(2 * FINE * half + 1, (pass + stop) / 2 / rate / FINE, gain * FINE);
	h = xrealloc(h, fine, sizeof(*h));
	for (size_t i = 2 * FINE * half + 1; i < fine; i++)
		h[i] = 0;
	if (d->deemph_s > 0)
		deemphasize(h, fine, d->deemph_s, rate * FINE);
	/* Tap i meets the sample i - middle from the output's place: h at minus that. */
	length = 2 * (half + tail + SHARPENED) + 1;
	taps = xcalloc(length, sizeof(*taps));
	for (size_t i = 0; i < length; i++) {
		ptrdiff_t back = (ptrdiff_t)(length / 2) - (ptrdiff_t)i;
		ptrdiff_t at = (back + (ptrdiff_t)half) * FINE + (fm ? FINE / 2 : 0);

		if (at >= 0 && at < (ptrdiff_t)fine)
			taps[i] = h[at];
	}
	if (fm)
		sharpen(taps, length);
	chain_add_fir(c, fir_new(taps, length, 1, factor, 1));
	free(taps);
	free(h);
}

static void add_sideband(struct chain *c, const struct demod *d, struct rate rate)
{
	double side = d->mode == DEMOD_USB ? 1 : -1;
	double middle_hz = side * (DEMOD_SSB_LOW_HZ + d->width_hz / 2);
	double transition = DEMOD_SSB_LOW_HZ / rate_hz(rate), width = d->width_hz / rate_hz(rate);

	chain_add_mixer(c, mixer_new(-middle_hz, rate));
	chain_add_fir(c, fir_lowpass(fir_length(transition), (width + transition) / 2, 1, 1, 2));
	chain_add_mixer(c, mixer_new(middle_hz, rate));
	chain_add_function(c, real_part, 0);
}

int demod_new(struct chain **chain, const struct demod *d, struct rate rate, unsigned workers,
	bool complex, struct error *e)
{
	bool sideband = d->mode == DEMOD_USB || d->mode == DEMOD_LSB;
	double width = d->width_hz + (sideband ? 2 * DEMOD_SSB_LOW_HZ : 0);
	/* A sideband lies on one side of the carrier, and needs room there. */
	double needed = ROOM * (sideband ? 2 * (d->width_hz + DEMOD_SSB_LOW_HZ) : width);
	bool fm = d->mode == DEMOD_FM || d->mode == DEMOD_WFM;
	double factors = fmax(ceil(needed / rate_hz(d->audio)), fm ? 2 : 1);
	struct rate channel = d->audio;
	struct chain *c;
	uint64_t a, b, up, down;
	int code;

	*chain = NULL;
	if (factors > DECIMATION_MAX || !mul_fits(channel.num, (uint64_t)factors, &channel.num))
		return fail(e, EXIT_USAGE, "audio rate %g Hz: too low for a channel of %g Hz",
			rate_hz(d->audio), d->width_hz);
	a = common_divisor(channel.num, rate.num);
	b = common_divisor(channel.den, rate.den);
	if (!mul_fits(channel.num / a, rate.den / b, &up) ||
		!mul_fits(rate.num / a, channel.den / b, &down))
		return fail(e, EXIT_USAGE, "audio rate %g Hz: no fraction of the rate in 64 bits",
			rate_hz(d->audio));
	c = chain_new(workers, complex);
	chain_add_mixer(c, mixer_new(-d->freq_hz, rate));
	if ((code = chain_add_resampler(c, up, down, e))) {
		chain_free(c);
		return code;
	}
	if (sideband) {
		add_sideband(c, d, channel);
		add_audio(c, d, (uint64_t)factors, 1);
	} else {
		double transition = TRANSITION * width / rate_hz(channel);

		chain_add_fir(c, fir_lowpass(fir_length(transition),
					 (width / rate_hz(channel) + transition) / 2, 1, 1, 2));
		chain_add_function(c, d->mode == DEMOD_AM ? envelope : discriminate,
			d->mode == DEMOD_AM ? 0 : 1);
		add_audio(c, d, (uint64_t)factors,
			d->mode == DEMOD_AM ? 1 : rate_hz(channel) / d->deviation_hz);
	}
	*chain = c;
	return 0;
}
