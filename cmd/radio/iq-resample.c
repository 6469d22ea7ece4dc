/* SPDX-License-Identifier: ISC */
/*
 * iq-resample: changes the rate by a fraction. In: IQ, complex or real, any type. Out: IQ, cf32 or
 * f32, at rate num / den; output k stands at the input's time k den / num, exactly.
 */
#include "radio/iq_step.h"

struct options {
	int64_t num, den;
	struct rate rate;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "num", OPT_INT, AT(num), "", "1", 1, 1e9, NULL, OPT_OUTPUT, "so many samples are made"},
	{0, "den", OPT_INT, AT(den), "", "1", 1, 1e9, NULL, OPT_OUTPUT, "of so many"},
	{'r', "rate", OPT_RATE, AT(rate), "samples/s", NULL, 0, 0, NULL, OPT_OUTPUT,
		"the new rate, in place of num/den; a fraction such as 100000/3 allowed"},
	OPTIONS_END,
};

struct resample {
	struct iq_step step;
	uint64_t up, down; /* of the segment */
};

static struct chain *begin(struct filter *f, const struct iq_form *form, unsigned workers)
{
	const struct resample *s = f->state;
	struct chain *c = chain_new(workers, dtype_complex(form->dtype));
	struct error e;

	if (chain_add_resampler(c, s->up, s->down, &e))
		die_with(&e);
	return c;
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct resample *s = f->state = xcalloc(1, sizeof(*s));

	if (o->rate.num && (o->num != 1 || o->den != 1))
		die(EXIT_USAGE, "--rate: the ratio is given twice: leave out --num and --den");
	s->step.begin = begin;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;
	struct resample *s = f->state;

	s->up = (uint64_t)o->num;
	s->down = (uint64_t)o->den;
	if (o->rate.num)
		iq_step_ratio(o->rate, iq_rate(in), &s->up, &s->down);
	iq_step_head(out, s->up, s->down);
}

static const struct command command = {
	.name = "iq-resample",
	.summary = "change the sample rate by a fraction",
	.operands = "",
	.example = "--num 3 --den 4",
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
