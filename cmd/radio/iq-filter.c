/* SPDX-License-Identifier: ISC */
/*
 * iq-filter: passes a band and stops the rest, with linear phase. In: IQ, complex or real, any
 * type. Out: IQ, cf32 or f32; output n stands for input n.
 */
#include <math.h>
#include <string.h>

#include "radio/iq_step.h"

#define TAPS_MAX (1 << 20)

struct options {
	const char *band;
	int64_t taps;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'b', "band", OPT_TEXT, AT(band), "Hz", NULL, 0, 0, "WIDTH|LO:HI", OPT_OUTPUT,
		"what passes, from the centre (of real samples from 0)"},
	{'t', "taps", OPT_INT, AT(taps), "", "0", 0, TAPS_MAX, NULL, OPT_OUTPUT,
		"length, odd; 0 = as a transition of a tenth of the band needs"},
	OPTIONS_END,
};

struct band {
	struct iq_step step;
	double low_hz, high_hz;
};

static bool parse_band(const char *text, struct band *b)
{
	char low[40];
	size_t length = strcspn(text, ":");

	if (!text[length]) {
		if (!parse_frequency(text, &b->high_hz))
			return false;
		b->high_hz /= 2;
		b->low_hz = -b->high_hz;
	} else {
		if (length >= sizeof(low))
			return false;
		memcpy(low, text, length);
		low[length] = '\0';
		if (!parse_frequency(low, &b->low_hz) ||
			!parse_frequency(text + length + 1, &b->high_hz))
			return false;
	}
	return b->low_hz < b->high_hz;
}

/* The taps, and the transition they have, in cycles per sample, beside a band of that width. */
static size_t taps_of(const struct options *o, double width, double *transition)
{
	size_t taps = (size_t)o->taps;

	*transition = fmin(width / 10, (1 - width) / 2);
	if (!taps)
		taps = fir_length(*transition);
	if (taps > TAPS_MAX)
		die(EXIT_DATA,
			"--band: %s: too narrow or too wide for this rate: give --taps, at most "
			"%d",
			o->band, TAPS_MAX);
	if (o->taps)
		*transition = fir_transition(taps);
	return taps;
}

static struct chain *begin(struct filter *f, const struct iq_form *form, unsigned workers)
{
	const struct options *o = f->options;
	const struct band *b = f->state;
	double rate = rate_hz(form->rate), width = (b->high_hz - b->low_hz) / rate, transition;
	double centre_hz = (b->high_hz + b->low_hz) / 2;
	bool complex = dtype_complex(form->dtype), from_zero = b->low_hz == 0 || centre_hz == 0;
	struct chain *c = chain_new(workers, complex);
	size_t taps;

	if (!complex && from_zero)
		width = 2 * b->high_hz / rate;
	if (fabs(b->high_hz) > rate / 2 || fabs(b->low_hz) > rate / 2 || width >= 1 ||
		(!complex && !from_zero && b->low_hz < 0))
		die(EXIT_DATA, "--band: %s: must lie within %s%g Hz", o->band,
			complex ? "-+" : "0 and ", rate / 2);
	taps = taps_of(o, width, &transition);
	if (!complex && !from_zero) {
		chain_add_last_fir(
			c, fir_bandpass(taps, (width + transition) / 2, centre_hz / rate));
		return c;
	}
	if (complex && centre_hz != 0)
		chain_add_mixer(c, mixer_new(-centre_hz, form->rate));
	chain_add_last_fir(c, fir_lowpass(taps, (width + transition) / 2, 1, 1, complex ? 2 : 1));
	if (complex && centre_hz != 0)
		chain_add_mixer(c, mixer_new(centre_hz, form->rate));
	return c;
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct band *b = f->state = xcalloc(1, sizeof(*b));

	b->step.begin = begin;
	if (!o->band)
		die(EXIT_USAGE, "--band: missing: WIDTH or LO:HI in Hz from the centre");
	if (!parse_band(o->band, b))
		die(EXIT_USAGE,
			"--band: '%s': must be WIDTH > 0 or LO:HI with LO < HI, in Hz from the "
			"centre",
			o->band);
	if (o->taps && o->taps % 2 == 0)
		die(EXIT_USAGE, "--taps: %lld: must be odd, so that the delay is whole samples",
			(long long)o->taps);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	(void)f;
	(void)in;
	iq_step_head(out, 1, 1);
}

static const struct command command = {
	.name = "iq-filter",
	.summary = "pass a band of a signal",
	.operands = "",
	.example = "--band 4k",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = "cf32 f32",
	.changes = CHANGES_VALUES | CHANGES_COUNT,
	.parallel = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frames = iq_step_frames,
	.end = iq_step_end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
