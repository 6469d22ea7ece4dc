/* SPDX-License-Identifier: ISC */
#include "dsp/fir.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dsp/spectrum.h"
#include "kern/kern.h"

#define AIM_DB (FIR_ATTENUATION_DB + 2)

/* Kaiser's empirical formulas, for attenuations above 50 dB. */
#define BETA (0.1102 * (AIM_DB - 8.7))
#define LENGTH ((AIM_DB - 7.95) / 14.36)

size_t fir_length(double transition)
{
	double half = ceil(LENGTH / transition / 2);

	return half < (double)FIR_TAPS_MAX ? 2 * (size_t)half + 1 : 2 * FIR_TAPS_MAX + 1;
}

double fir_transition(size_t taps)
{
	return LENGTH / (double)(taps > 1 ? taps - 1 : 1);
}

double *fir_design(size_t count, double cutoff, double gain)
{
	double *taps = xcalloc(count, sizeof(*taps)), sum = 0;
	double middle = (double)(count / 2);

	for (size_t i = 0; i < count; i++) {
		double at = (double)i - middle, x = 2 * M_PI * cutoff * at;

		taps[i] = (at == 0 ? 1 : sin(x) / x) *
			  (count > 1 ? window_kaiser(at / middle, BETA) : 1);
		sum += taps[i];
	}
	for (size_t i = 0; i < count; i++)
		taps[i] *= gain / sum;
	return taps;
}

struct fir *fir_new(const double *taps, size_t count, uint64_t up, uint64_t down, size_t parts)
{
	struct fir *f = xcalloc(1, sizeof(*f));
	size_t middle = count / 2, phases = (size_t)up;

	f->up = up;
	f->down = down;
	f->parts = parts;
	f->before = middle / phases;
	f->after = (middle + phases - 1) / phases;
	f->length = f->before + f->after + 1;
	f->dense = up == 1 && down == 1;
	f->row = f->dense ? f->length : (size_t)round_up(f->length * parts, KERN_FIR_LANES);
	f->pad = f->dense ? 0 : f->row / parts - f->length;
	f->taps = xaligned(phases, f->row * sizeof(*f->taps));
	for (size_t i = 0; i < phases * f->row; i++)
		f->taps[i] = 0;
	for (size_t phase = 0; phase < phases; phase++) {
		float *row = f->taps + phase * f->row;

		for (size_t j = 0; j < f->length; j++) {
			/* Sample j - before from an output's place meets this tap. */
			ptrdiff_t i = ((ptrdiff_t)j - (ptrdiff_t)f->before) * (ptrdiff_t)phases +
				      (ptrdiff_t)middle - (ptrdiff_t)phase;
			float tap = i < 0 || i >= (ptrdiff_t)count ? 0 : (float)taps[i];

			for (size_t part = 0; part < (f->dense ? 1 : parts); part++)
				row[f->dense ? j : j * parts + part] = tap;
		}
	}
	return f;
}

void fir_free(struct fir *f)
{
	if (!f)
		return;
	free(f->taps);
	free(f);
}

struct fir *fir_lowpass(size_t taps, double cutoff, uint64_t up, uint64_t down, size_t parts)
{
	double *h = fir_design(taps, cutoff, (double)up);
	struct fir *f = fir_new(h, taps, up, down, parts);

	free(h);
	return f;
}

struct fir *fir_bandpass(size_t taps, double cutoff, double centre)
{
	double *h = fir_design(taps, cutoff, 1);
	struct fir *f;

	for (size_t i = 0; i < taps; i++)
		h[i] *= 2 * cos(2 * M_PI * centre * ((double)i - (double)(taps / 2)));
	f = fir_new(h, taps, 1, 1, 1);
	free(h);
	return f;
}

double fir_gain(const struct fir *f, double frequency)
{
	double sum = 0;
	size_t apart = f->dense ? 1 : f->parts;

	for (size_t j = 0; j < f->length; j++)
		sum += (double)f->taps[j * apart] *
		       cos(2 * M_PI * frequency * ((double)j - (double)f->before));
	return sum;
}
