/* SPDX-License-Identifier: ISC */
/*
 * iq-decimate: keeps one sample of N, of a band around the centre or around --freq. In: IQ, complex
 * or real, any type. Out: IQ, cf32 or f32, at rate / N; output k stands at the input's index k N.
 */
#include "radio/iq_step.h"

struct options {
	int64_t factor;
	double freq;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'n', "factor", OPT_INT, AT(factor), "", "2", 1, DECIMATION_MAX, NULL, OPT_OUTPUT,
		"one sample is kept of so many"},
	{'f', "freq", OPT_FREQUENCY, AT(freq), "Hz", "0", 0, 0, NULL, OPT_OUTPUT,
		"what comes to the centre before, from the centre (as iq-shift)"},
	OPTIONS_END,
};

static struct chain *begin(struct filter *f, const struct iq_form *form, unsigned workers)
{
	const struct options *o = f->options;
	struct chain *c = chain_new(workers, dtype_complex(form->dtype));

	if (o->freq != 0)
		chain_add_mixer(c, mixer_new(-o->freq, form->rate));
	chain_add_decimator(c, (uint64_t)o->factor);
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
	iq_step_head(out, 1, (uint64_t)o->factor);
	iq_step_move(out, o->freq);
}

static const struct command command = {
	.name = "iq-decimate",
	.summary = "keep one sample of N, free of aliases",
	.operands = "",
	.example = "--factor 4",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = "cf32 f32",
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
