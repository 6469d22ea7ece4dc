/* SPDX-License-Identifier: ISC */
#include "dsp/signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "base/mem.h"

/* A tone is stepped by a table from exact phases this many samples apart. */
#define STEP 1024

#define CYCLE 18446744073709551616.0 /* 2^64: phases are fractions of a turn in 64 bits */

struct tone {
	struct signal_tone what;
	uint64_t turn;        /* per sample, of a steady tone */
	double (*step)[2];    /* its first STEP phasors */
};

struct signal {
	unsigned dtype, subchannels;
	struct rate rate;
	double noise, clip;
	uint64_t seed;
	struct tone *tone;
	size_t tones;
	double (*sum)[2]; /* SIGNAL_BLOCK complex samples */
};

struct signal *signal_new(unsigned dtype, unsigned subchannels, struct rate rate, double noise,
	double clip, uint64_t seed)
{
	struct signal *s = xcalloc(1, sizeof(*s));

	s->dtype = dtype;
	s->subchannels = subchannels;
	s->rate = rate;
	s->noise = noise;
	s->clip = clip;
	s->seed = seed;
	s->sum = xaligned(SIGNAL_BLOCK, sizeof(*s->sum));
	return s;
}

void signal_free(struct signal *s)
{
	for (size_t i = 0; i < s->tones; i++)
		free(s->tone[i].step);
	free(s->tone);
	free(s->sum);
	free(s);
}

/* Hz as turns per sample, modulo 1, in 64 bits. */
static uint64_t turn_of(double hz, struct rate rate)
{
	long double turns = (long double)hz * (long double)rate.den / (long double)rate.num;

	turns -= floorl(turns);
	return (uint64_t)(unsigned __int128)(turns * (long double)CYCLE + 0.5L);
}

static void phasor(uint64_t turn, double out[2])
{
	double angle = 2 * M_PI * ((double)(int64_t)turn / CYCLE);

	out[0] = cos(angle);
	out[1] = sin(angle);
}

void signal_add_tone(struct signal *s, const struct signal_tone *tone)
{
	struct tone *t;

	s->tone = xrealloc(s->tone, s->tones + 1, sizeof(*s->tone));
	t = &s->tone[s->tones++];
	*t = (struct tone){.what = *tone, .turn = turn_of(tone->from_hz, s->rate)};
	t->step = xcalloc(STEP, sizeof(*t->step));
	for (size_t i = 0; i < STEP; i++)
		phasor(t->turn * i, t->step[i]);
}

static void add_steady(const struct tone *t, int64_t index, size_t n, double (*sum)[2])
{
	for (size_t i = 0; i < n;) {
		int64_t base = (index + (int64_t)i) / STEP * STEP;
		size_t k = (size_t)(index + (int64_t)i - base), upto = STEP - k < n - i ? STEP - k : n - i;
		double p[2];

		phasor(t->turn * (uint64_t)base, p);
		p[0] *= t->what.amplitude;
		p[1] *= t->what.amplitude;
		for (size_t j = 0; j < upto; j++) {
			const double *w = t->step[k + j];

			sum[i + j][0] += p[0] * w[0] - p[1] * w[1];
			sum[i + j][1] += p[0] * w[1] + p[1] * w[0];
		}
		i += upto;
	}
}

/* A chirp's phase is f0 t + (f1 - f0) t^2 / 2T, in turns. */
static void add_chirp(
	const struct tone *t, struct rate rate, int64_t index, size_t n, double (*sum)[2])
{
	double length_s = samples_to_s(t->what.end - t->what.begin, rate);
	double slope = (t->what.to_hz - t->what.from_hz) / (2 * length_s);

	for (size_t i = 0; i < n; i++) {
		double at_s = samples_to_s(index + (int64_t)i - t->what.begin, rate);
		double turns = (t->what.from_hz + slope * at_s) * at_s;
		double angle = 2 * M_PI * (turns - floor(turns));

		sum[i][0] += t->what.amplitude * cos(angle);
		sum[i][1] += t->what.amplitude * sin(angle);
	}
}

static void add_tone(
	const struct signal *s, const struct tone *t, int64_t index, size_t n, double (*sum)[2])
{
	int64_t begin = t->what.begin > index ? t->what.begin : index;
	int64_t end = t->what.end < index + (int64_t)n ? t->what.end : index + (int64_t)n;

	if (begin >= end)
		return;
	sum += begin - index;
	if (t->what.from_hz == t->what.to_hz)
		add_steady(t, begin, (size_t)(end - begin), sum);
	else
		add_chirp(t, s->rate, begin, (size_t)(end - begin), sum);
}

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014): a hash good enough to number noise with. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* Box and Muller's pair of normal deviates for one sample of one subchannel. */
static void normal_pair(uint64_t key, int64_t index, double out[2])
{
	uint64_t a = mix(key + (uint64_t)index * 0x9e3779b97f4a7c15u), b = mix(a ^ key);
	double u = ((double)(a >> 11) + 0.5) * 0x1p-53, angle = 2 * M_PI * (double)(b >> 11) * 0x1p-53;
	double radius = sqrt(-2 * log(u));

	out[0] = radius * cos(angle);
	out[1] = radius * sin(angle);
}

static double limited(double v, double limit)
{
	return v > limit ? limit : v < -limit ? -limit : v;
}

/* v of full scale 1 as a whole number of the type, rounded to even, saturated. */
static double quantised(const struct signal *s, double v)
{
	unsigned real = dtype_real(s->dtype);
	double scale = dtype_full_scale(real), zero = dtype_zero(real), low, high;

	v = rint(v * scale + zero);
	low = zero > 0 ? 0 : -scale;
	high = zero > 0 ? 2 * scale : scale - 1;
	/* 64-bit limits are no doubles: the greatest double below them stands in. */
	if (dtype_size(real) == 8)
		high = zero > 0 ? 0x1p64 - 2048 : 0x1p63 - 1024;
	return v < low ? low : v > high ? high : v;
}

static void store(const struct signal *s, void *out, size_t i, double v)
{
	if (s->clip > 0)
		v = limited(v, s->clip);
	if (!dtype_float(s->dtype))
		v = quantised(s, v);
	switch (dtype_real(s->dtype)) {
	case DTYPE_U8:
		((uint8_t *)out)[i] = (uint8_t)v;
		break;
	case DTYPE_I8:
		((int8_t *)out)[i] = (int8_t)v;
		break;
	case DTYPE_U16:
		((uint16_t *)out)[i] = (uint16_t)v;
		break;
	case DTYPE_I16:
		((int16_t *)out)[i] = (int16_t)v;
		break;
	case DTYPE_U32:
		((uint32_t *)out)[i] = (uint32_t)v;
		break;
	case DTYPE_I32:
		((int32_t *)out)[i] = (int32_t)v;
		break;
	case DTYPE_U64:
		((uint64_t *)out)[i] = (uint64_t)v;
		break;
	case DTYPE_I64:
		((int64_t *)out)[i] = (int64_t)v;
		break;
	case DTYPE_F32:
		((float *)out)[i] = (float)v;
		break;
	case DTYPE_F64:
		((double *)out)[i] = v;
		break;
	}
}

void signal_make(struct signal *s, int64_t index, size_t n, void *out)
{
	bool complex = dtype_complex(s->dtype);
	double part = complex ? s->noise * M_SQRT1_2 : s->noise;

	memset(s->sum, 0, n * sizeof(*s->sum));
	for (size_t t = 0; t < s->tones; t++)
		add_tone(s, &s->tone[t], index, n, s->sum);
	for (unsigned c = 0; c < s->subchannels; c++) {
		uint64_t key = mix(s->seed * 0x2545f4914f6cdd1du + c + 1);

		for (size_t i = 0; i < n; i++) {
			double v[2] = {s->sum[i][0], s->sum[i][1]}, noise[2];
			size_t at = i * s->subchannels + c;

			if (part > 0) {
				normal_pair(key, index + (int64_t)i, noise);
				v[0] += part * noise[0];
				v[1] += part * noise[1];
			}
			if (complex) {
				store(s, out, 2 * at, v[0]);
				store(s, out, 2 * at + 1, v[1]);
			} else {
				store(s, out, at, v[0]);
			}
		}
	}
}
