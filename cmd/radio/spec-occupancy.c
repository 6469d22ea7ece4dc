/* SPDX-License-Identifier: ISC */
/*
 * spec-occupancy: how much of the time each frequency is in use. In: SPECTRA, any number of
 * segments. Out: one TABLE, a row for each bin of each subchannel and centre frequency.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/cfar.h"
#include "dsp/occupancy.h"
#include "dsp/spectrum.h"
#include "stream/spectra.h"
#include "stream/table.h"

#define CENTRES_MAX 65536 /* of all subchannels together */

struct options {
	const char *threshold;
	int64_t guard, train;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "threshold", OPT_TEXT, AT(threshold), "", "pfa:1e-4", 0, 0, "DB|noise:DB|pfa:P",
		OPT_OUTPUT,
		"level in dB of the spectra's unit, or dB over the noise, or false-alarm "
		"probability"},
	{0, "guard", OPT_INT, AT(guard), "bins", "3", 0, 65536, NULL, OPT_OUTPUT,
		"to each side that say nothing of the noise"},
	{0, "k", OPT_INT, AT(train), "bins", "0", 0, 1 << 24, NULL, OPT_OUTPUT,
		"to each side that tell the noise; 0 = an eighth of all, 32 to 256"},
	OPTIONS_END,
};

enum column { FREQ, OCCUPANCY, MEAN, MAX, COUNTED, ROWS, SUBCHANNEL, COLUMNS };

/* What a subchannel heard at one centre frequency. */
struct centre {
	double hz;
	size_t subchannel;
	struct occupancy *occupancy;
};

struct state {
	bool by_level;
	double level_db; /* in the unit */
	struct cfar_threshold threshold;

	struct spectra_form form; /* of all segments; bins 0 before the first row */
	struct cfar *cfar;
	struct centre *centre;
	size_t centres, room;
	int64_t total; /* samples of all rows */
	float *noise;
	uint8_t *above;

	/* of the segment */
	bool begun;
	size_t *at; /* of each subchannel, which centre; sized as the form's subchannels */
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));

	s->by_level = parse_f64(o->threshold, false, &s->level_db);
	if (!s->by_level && !cfar_parse_threshold(o->threshold, &s->threshold))
		die(EXIT_USAGE,
			"--threshold: '%s': must be a level in dB, noise:DB, above 0 to 200, or "
			"pfa:P, 1e-15 to 0.5",
			o->threshold);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct state *s = f->state;

	(void)in;
	(void)out;
	s->begun = false;
}

static size_t find_centre(struct state *s, size_t subchannel, double hz)
{
	size_t i = 0;

	while (i < s->centres && (s->centre[i].hz != hz || s->centre[i].subchannel != subchannel))
		i++;
	if (i < s->centres)
		return i;
	if (s->centres == CENTRES_MAX)
		die(EXIT_DATA, "more than %d centre frequencies", CENTRES_MAX);
	if (s->centres == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		s->centre = xrealloc(s->centre, s->room, sizeof(*s->centre));
	}
	s->centre[s->centres++] = (struct centre){
		.hz = hz, .subchannel = subchannel, .occupancy = occupancy_new(s->form.bins)};
	return i;
}

static void begin(struct filter *f, const struct spectra_form *form)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct error e;

	s->form = *form;
	s->noise = xaligned(form->bins, sizeof(*s->noise));
	s->above = xaligned(form->bins, 1);
	s->at = xcalloc(form->subchannels, sizeof(*s->at));
	if (!s->by_level && cfar_new(&s->cfar, form->bins, (size_t)o->guard, (size_t)o->train,
				    &s->threshold, &e))
		die_with(&e);
}

static void begin_segment(struct filter *f, const struct meta *meta, const struct frame *frame)
{
	struct state *s = f->state;
	struct spectra_form form = spectra_form_of(frame, meta);

	s->begun = true;
	if (s->form.bins == 0)
		begin(f, &form);
	spectra_same_form(&s->form, &form);
	for (size_t i = 0; i < form.subchannels; i++)
		s->at[i] = find_centre(s, i, spectra_centre_hz(meta, i));
}

static void take_row(
	struct state *s, const struct spectra_rows *rows, double independent, const float *row)
{
	double level = pow(10, s->level_db / 10);

	if (__builtin_add_overflow(s->total, rows->length, &s->total))
		die(EXIT_DATA, "the rows are longer than 64 bits of samples");
	for (size_t i = 0; i < s->form.subchannels; i++, row += s->form.bins) {
		if (s->by_level)
			for (size_t b = 0; b < s->form.bins; b++)
				s->above[b] = (double)row[b] > level;
		else
			cfar_row(s->cfar, independent, row, s->noise, s->above);
		occupancy_row(s->centre[s->at[i]].occupancy, (uint64_t)rows->length, row, s->above);
	}
}

static void take_rows(struct filter *f, const struct frame *frame)
{
	struct state *s = f->state;
	const struct meta *meta = filter_meta(f, frame);
	struct spectra_rows rows;
	double independent;

	if (!s->begun)
		begin_segment(f, meta, frame);
	if (frame->dim[1] != s->form.subchannels || frame->dim[2] != s->form.bins)
		die(EXIT_DATA, "the shape of the spectra changes within a segment");
	rows = spectra_rows_of(&s->form, meta);
	independent = cfar_independent(rows.transforms, (size_t)rows.n, (size_t)rows.hop);
	for (size_t k = 0; k < frame->dim[0]; k++)
		take_row(s, &rows, independent,
			(const float *)frame->payload + k * s->form.subchannels * s->form.bins);
}

/* By subchannel, then by frequency. */
static int in_order(const void *a, const void *b)
{
	const struct centre *x = a, *y = b;

	if (x->subchannel != y->subchannel)
		return x->subchannel < y->subchannel ? -1 : 1;
	return x->hz < y->hz ? -1 : x->hz > y->hz;
}

static double decibel(double power)
{
	return power >= 0 ? 10 * log10(power) : NAN;
}

static void add_centre(const struct state *s, struct table *table, const struct centre *c)
{
	for (size_t b = 0; b < s->form.bins; b++) {
		struct occupancy_bin bin = occupancy_bin(c->occupancy, b);
		double offset_hz = s->form.bin0_hz + (double)b * s->form.bin_step_hz;

		table_row(table);
		table_set(table, FREQ, c->hz + offset_hz);
		table_set(table, OCCUPANCY, (double)bin.above / (double)bin.samples);
		table_set(table, MEAN, decibel(bin.mean));
		table_set(table, MAX, decibel(bin.max));
		table_set(table, COUNTED, (double)bin.samples / rate_hz(s->form.rate));
		table_set_i64(table, ROWS, (int64_t)bin.rows);
		table_set_i64(table, SUBCHANNEL, (int64_t)c->subchannel);
	}
}

static void finish(struct filter *f)
{
	static const char *const gone[] = {"row_step", "row_span", "unit", "full_scale", "zero"};
	struct state *s = f->state;
	struct meta *meta = filter_joined(f);
	const char *unit =
		spectrum_level_name(s->form.bins ? s->form.unit : meta_get(meta, "unit"));
	const struct table_column columns[COLUMNS] = {
		[FREQ] = {"freq_hz", "f64", "Hz"},
		[OCCUPANCY] = {"occupancy", "f64", "-"},
		[MEAN] = {"mean_db", "f64", unit},
		[MAX] = {"max_db", "f64", unit},
		[COUNTED] = {"counted_s", "f64", "s"},
		[ROWS] = {"rows", "i64", "-"},
		[SUBCHANNEL] = {"subchannel", "u32", "-"},
	};
	struct table *table = table_new(columns, COLUMNS);

	for (size_t i = 0; i < COUNT_OF(gone); i++)
		meta_remove(meta, gone[i]);
	table_describe(table, meta);
	filter_head(f, meta);
	if (s->centres > 0)
		qsort(s->centre, s->centres, sizeof(*s->centre), in_order);
	for (size_t i = 0; i < s->centres; i++)
		add_centre(s, table, &s->centre[i]);
	if (s->centres > 0)
		table_put(f, table, 0, 0, NULL);
	else
		warn("no spectra came, so there is nothing to tell");
	table_free(table);
}

static const struct command command = {
	.name = "spec-occupancy",
	.summary = "share of the time that each frequency is in use",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_SPECTRA),
	.out = KIND_BIT(KIND_TABLE),
	.dtypes_in = "f32",
	.dtypes_out = "columns",
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = take_rows,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
