/* SPDX-License-Identifier: ISC */
/*
 * iq-dc: takes the constant part off a signal. In: IQ, complex or real, any type. Out: IQ, cf32 or
 * f32; output n stands for input n.
 */
#include <stdlib.h>

#include "dsp/dc.h"
#include "radio/iq_step.h"

struct options {
	double width;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'w', "width", OPT_FREQUENCY, AT(width), "Hz", "10", 1e-6, 1e12, NULL, OPT_OUTPUT,
		"width of the notch at 0 between its -3 dB points"},
	OPTIONS_END,
};

struct notch {
	struct iq_step step;
	double width; /* cycles per sample */
	struct chain *chain;
	struct dc *dc; /* of each subchannel */
};

static struct chain *begin(struct filter *f, const struct iq_form *form, unsigned workers)
{
	const struct options *o = f->options;
	struct notch *n = f->state;

	n->width = o->width / rate_hz(form->rate);
	if (n->width >= 0.5)
		die(EXIT_DATA, "--width: %g Hz: must be below half the rate of %g", o->width,
			rate_hz(form->rate));
	free(n->dc);
	n->dc = xcalloc(form->subchannels, sizeof(*n->dc));
	n->chain = chain_new(workers, dtype_complex(form->dtype));
	return n->chain;
}

static void make(struct filter *f, const struct iq_job *job)
{
	struct notch *n = f->state;

	if (job->fresh)
		n->dc[job->subchannel] = dc_begin(n->width);
	chain_run(n->chain, job->worker, job->in, job->index, job->n, job->out);
	dc_run(&n->dc[job->subchannel], job->out, job->n, chain_geometry(n->chain).complex ? 2 : 1);
}

static void prepare(struct filter *f)
{
	struct notch *n = f->state = xcalloc(1, sizeof(*n));

	n->step.begin = begin;
	n->step.make = make;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	(void)f;
	(void)in;
	iq_step_head(out, 1, 1);
}

static const struct command command = {
	.name = "iq-dc",
	.summary = "take the constant part off a signal",
	.operands = "",
	.example = "--width 20",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_IQ),
	.dtypes_out = "cf32 f32",
	.changes = CHANGES_VALUES | CHANGES_COUNT,
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
