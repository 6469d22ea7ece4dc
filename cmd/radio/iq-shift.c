/* SPDX-License-Identifier: ISC */
/*
 * iq-shift: moves a signal in frequency. In: IQ, complex or real, any type. Out: IQ, cf32, each
 * sample times exp(-2 pi i f n / rate), n its index, so that what was f above the centre is at the
 * centre; freq_hz grows by f.
 */
#include "radio/iq_step.h"

struct options {
	double freq;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'f', "freq", OPT_FREQUENCY, AT(freq), "Hz", "0", 0, 0, NULL, OPT_OUTPUT,
		"what is to come to the centre, from the centre"},
	OPTIONS_END,
};

static struct chain *begin(struct filter *f, const struct iq_form *form, unsigned workers)
{
	const struct options *o = f->options;
	struct chain *c = chain_new(workers, dtype_complex(form->dtype));

	chain_add_mixer(c, mixer_new(-o->freq, form->rate));
	return c;
}

static void prepare(struct filter *f)
{
	struct iq_step *step = f->state = xcalloc(1, sizeof(*step));

	step->begin = begin;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;

	(void)in;
	iq_step_head(out, 1, 1);
	iq_step_move(out, o->freq);
}

static const struct command command = {
	.name = "iq-shift",
	.summary = "move a signal in frequency",
	.operands = "",
	.example = "--freq 1k",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = "cf32",
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
