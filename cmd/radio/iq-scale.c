/* SPDX-License-Identifier: ISC */
/*
 * iq-scale: makes a signal louder or softer, or of another element type. In: IQ, any type. Out: IQ,
 * of the same type or that of --type, frame by frame; the level of full scale stays that of the
 * type. What integers cannot hold is limited, and counted in END.
 */
#include <math.h>
#include <stdlib.h>

#include "dsp/rescale.h"
#include "stream/iq.h"

struct options {
	double db;
	const char *type;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'g', "db", OPT_REAL, AT(db), "dB", "0", -1000, 1000, NULL, OPT_OUTPUT,
		"gain in amplitude: 20 is ten times"},
	{0, "type", OPT_TEXT, AT(type), "", NULL, 0, 0,
		"cu8|ci8|cu16|ci16|cu32|ci32|cu64|ci64|cf32|cf64", OPT_OUTPUT,
		"element type; complex stays complex, real real"},
	OPTIONS_END,
};

struct scale {
	double gain;
	int type; /* real; -1: as it comes */
	struct iq_form form;
	bool has_form;
	void *rows;
	size_t size;
	struct rescale_count count;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct scale *s = f->state = xcalloc(1, sizeof(*s));
	int type = o->type ? dtype_parse(o->type) : -1;

	if (o->type && type < 0)
		die(EXIT_USAGE, "--type: %s: must be one of %s", o->type,
			option_find(options, "type")->choices);
	s->type = type < 0 ? -1 : (int)dtype_real((unsigned)type);
	s->gain = pow(10, o->db / 20);
}

static void set_levels(struct meta *m, unsigned type)
{
	meta_set_f64(m, "full_scale", dtype_full_scale(type));
	meta_remove(m, "zero");
	if (dtype_zero(type) != 0)
		meta_set_f64(m, "zero", dtype_zero(type));
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct scale *s = f->state;

	(void)in;
	s->has_form = false;
	if (s->type >= 0)
		set_levels(out, (unsigned)s->type);
}

/* Passes on what a frame says itself, but for levels that are those of HEAD now. */
static void put(struct filter *f, const struct frame *out)
{
	const struct scale *s = f->state;
	struct meta own = {0};

	if (out->meta_len == 0) {
		filter_put(f, out);
		return;
	}
	filter_own_meta(f, out, &own);
	if (s->type >= 0) {
		meta_remove(&own, "full_scale");
		meta_remove(&own, "zero");
	}
	filter_put_with(f, out, &own);
	meta_clear(&own);
}

static void frame(struct filter *f, const struct frame *in)
{
	struct scale *s = f->state;
	struct frame out = *in;
	unsigned from = dtype_real(in->dtype), to = s->type < 0 ? from : (unsigned)s->type;
	size_t values = (size_t)(in->payload_len / dtype_size(from));
	struct rescale r;

	if (!s->has_form)
		s->form = iq_form_of(f, in);
	iq_check_form(f, &s->form, in);
	s->has_form = true;
	r = (struct rescale){.from = from,
		.to = to,
		.zero = s->form.zero,
		.gain = s->gain,
		.to_zero = s->form.zero};
	if (s->type >= 0) {
		r.gain = s->gain * (dtype_full_scale(to) / s->form.full_scale);
		r.to_zero = dtype_zero(to);
	}
	out.dtype = (uint8_t)(to | (in->dtype & DTYPE_COMPLEX));
	out.payload_len = values * dtype_size(to);
	if (s->size < out.payload_len) {
		free(s->rows);
		s->size = (size_t)out.payload_len;
		s->rows = xaligned(s->size, 1);
	}
	out.payload = s->rows;
	rescale(&r, in->payload, s->rows, values, &s->count);
	put(f, &out);
}

static void end(struct filter *f, const struct meta *meta)
{
	struct scale *s = f->state;

	(void)meta;
	if (s->count.clipped)
		filter_note(f, "clipped", (int64_t)s->count.clipped);
	if (s->count.missing)
		filter_note(f, "nan", (int64_t)s->count.missing);
	s->count = (struct rescale_count){0};
}

static const struct command command = {
	.name = "iq-scale",
	.summary = "change the level or the element type of a signal",
	.operands = "",
	.example = "--db -6",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_IQ),
	.changes = CHANGES_VALUES | CHANGES_COUNT,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = frame,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
