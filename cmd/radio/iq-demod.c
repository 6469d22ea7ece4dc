/* SPDX-License-Identifier: ISC */
/*
 * iq-demod: sound of a radio signal. In: IQ, complex or real, any type, any number of subchannels.
 * Out: IQ, real f32, at the sound's rate.
 */
#include <stdlib.h>

#include "dsp/dc.h"
#include "dsp/demod.h"
#include "radio/iq_step.h"

#define CARRIER_HZ 10 /* AM: fading slower than half of this is evened out */

struct options {
	int mode;
	double freq, width, deviation;
	struct rate audio_rate;
	const char *deemph;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'m', "mode", OPT_ENUM, AT(mode), "", "am", 0, 0, "am|fm|wfm|usb|lsb", OPT_OUTPUT,
		"modulation"},
	{'f', "freq", OPT_FREQUENCY, AT(freq), "Hz", "0", 0, 0, NULL, OPT_OUTPUT,
		"of the carrier, from the centre"},
	{'w', "width", OPT_FREQUENCY, AT(width), "Hz", "0", 0, 1e9, NULL, OPT_OUTPUT,
		"of the channel; 0 = 10k am, 16k fm, 200k wfm, 2700 usb lsb"},
	{0, "deviation", OPT_FREQUENCY, AT(deviation), "Hz", "0", 0, 1e9, NULL, OPT_OUTPUT,
		"of fm and wfm, that makes amplitude 1; 0 = 5k fm, 75k wfm"},
	{0, "deemph", OPT_TEXT, AT(deemph), "s", NULL, 0, 0, "50us|75us|DURATION|0", OPT_OUTPUT,
		"time constant of the de-emphasis; default 50us of wfm, else 0"},
	{'r', "audio-rate", OPT_RATE, AT(audio_rate), "samples/s", NULL, 0, 0, NULL, OPT_OUTPUT,
		"rate of the output; default 48k of wfm, else 12k"},
	OPTIONS_END,
};

struct receiver {
	struct iq_step step;
	struct demod demod;
	struct chain *chain;
	struct carrier *carrier; /* of AM, of each subchannel */
};

static struct chain *begin(struct filter *f, const struct iq_form *form, unsigned workers)
{
	struct receiver *r = f->state;
	struct error e;

	if (demod_new(&r->chain, &r->demod, form->rate, workers, dtype_complex(form->dtype), &e))
		die_with(&e);
	free(r->carrier);
	r->carrier = xcalloc(form->subchannels, sizeof(*r->carrier));
	return r->chain;
}

/* The envelope becomes what modulates it. */
static void make_am(struct filter *f, const struct iq_job *job)
{
	struct receiver *r = f->state;

	if (job->fresh)
		r->carrier[job->subchannel] = carrier_begin(CARRIER_HZ / rate_hz(r->demod.audio));
	chain_run(r->chain, job->worker, job->in, job->index, job->n, job->out);
	carrier_divide(&r->carrier[job->subchannel], job->out, job->n);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct receiver *r = f->state = xcalloc(1, sizeof(*r));
	enum demod_mode mode = (enum demod_mode)o->mode;
	int64_t deemph_ns = mode == DEMOD_WFM ? 50000 : 0;

	if (o->deemph &&
		(!parse_duration(o->deemph, &deemph_ns) || deemph_ns < 0 || deemph_ns > 10000000))
		die(EXIT_USAGE, "--deemph: '%s': must be 0 to 10ms, such as 50us or 75us",
			o->deemph);
	r->demod = (struct demod){
		.mode = mode,
		.freq_hz = o->freq,
		.width_hz = o->width > 0 ? o->width : demod_width_hz(mode),
		.deviation_hz = o->deviation > 0 ? o->deviation : demod_deviation_hz(mode),
		.deemph_s = (double)deemph_ns * 1e-9,
		.audio = o->audio_rate,
	};
	if (!o->audio_rate.num)
		r->demod.audio = (struct rate){mode == DEMOD_WFM ? 48000 : 12000, 1};
	if (rate_hz(r->demod.audio) < 4 * CARRIER_HZ)
		die(EXIT_USAGE, "--audio-rate: %g: must be at least %d", rate_hz(r->demod.audio),
			4 * CARRIER_HZ);
	r->step.begin = begin;
	r->step.make = mode == DEMOD_AM ? make_am : NULL;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct receiver *r = f->state;
	uint64_t up, down;
	const char *freq_hz;

	iq_step_ratio(r->demod.audio, iq_rate(in), &up, &down);
	iq_step_head(out, up, down);
	iq_step_move(out, r->demod.freq_hz);
	/* Sound has no place among radio frequencies; where it came from, that key tells. */
	if ((freq_hz = meta_get(out, "freq_hz")))
		meta_set(out, "x.carrier_hz", freq_hz);
	meta_remove(out, "freq_hz");
}

static const struct command command = {
	.name = "iq-demod",
	.summary = "sound of a radio signal: am, fm, wfm, usb, lsb",
	.operands = "",
	.example = "--mode am",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = "f32",
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT,
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
