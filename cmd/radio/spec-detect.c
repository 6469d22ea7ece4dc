/* SPDX-License-Identifier: ISC */
/*
 * spec-detect: the signals that stand above the noise. In: SPECTRA. Out: TABLE, a row for each
 * signal when it has ended: where it lies in frequency and time, how wide and how strong it is.
 */
#include <math.h>
#include <stdlib.h>

#include "dsp/cfar.h"
#include "dsp/spectrum.h"
#include "dsp/tracker.h"
#include "stream/spectra.h"
#include "stream/table.h"

#define SIGNALS_MAX 16384 /* at a time, in all subchannels: 2 KiB each */
#define FRAME_ROWS 1024	  /* a frame is put at the latest after so many signals, or a second */

struct options {
	const char *threshold;
	int64_t guard, train, hold;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "threshold", OPT_TEXT, AT(threshold), "", "pfa:1e-9", 0, 0, "DB|noise:DB|pfa:P",
		OPT_OUTPUT,
		"dB over the noise of the row, or the false-alarm probability of a bin"},
	{0, "guard", OPT_INT, AT(guard), "bins", "3", 0, 65536, NULL, OPT_OUTPUT,
		"to each side that say nothing of the noise; also the widest hole in a signal"},
	{0, "k", OPT_INT, AT(train), "bins", "0", 0, 1 << 24, NULL, OPT_OUTPUT,
		"to each side that tell the noise; 0 = an eighth of all, 32 to 256"},
	{0, "hold", OPT_INT, AT(hold), "rows", "2", 0, 1 << 30, NULL, OPT_OUTPUT,
		"that a signal may be absent and still be the same"},
	OPTIONS_END,
};

enum column { FREQ, WIDTH, START, END, SNR, PEAK, NOISE, SUBCHANNEL, INDEX, COUNT, COLUMNS };

struct detector {
	struct filter *f;
	struct cfar_threshold threshold;
	struct table *table;
	int64_t gathered; /* begin of the row in which the table's first signal ended */
	int64_t signals, left_out;

	/* of the segment */
	struct spectra_form form;
	struct spectra_rows rows;
	double independent; /* transforms in a row that count */
	struct cfar *cfar;
	struct tracker **tracker; /* of each subchannel; NULL before the first frame */
	double *centre_hz;	  /* of each subchannel */
	size_t subchannel;	  /* the one at hand */
	float *noise;
	uint8_t *above;
	int64_t next;
};

static struct table *new_table(const char *unit)
{
	const struct table_column columns[COLUMNS] = {
		[FREQ] = {"freq_hz", "f64", "Hz"},
		[WIDTH] = {"width_hz", "f64", "Hz"},
		[START] = {"start_s", "f64", "s"},
		[END] = {"end_s", "f64", "s"},
		[SNR] = {"snr_db", "f64", "dB"},
		[PEAK] = {"peak_db", "f64", unit},
		[NOISE] = {"noise_db", "f64", unit},
		[SUBCHANNEL] = {"subchannel", "u32", "-"},
		[INDEX] = {"index", "i64", "samples"},
		[COUNT] = {"count", "i64", "samples"},
	};

	return table_new(columns, COLUMNS);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct detector *d = f->state = xcalloc(1, sizeof(*d));

	d->f = f;
	if (!cfar_parse_threshold(o->threshold, &d->threshold) &&
		!(parse_f64(o->threshold, false, &d->threshold.db) && d->threshold.db > 0 &&
			d->threshold.db <= 200))
		die(EXIT_USAGE,
			"--threshold: '%s': must be DB or noise:DB, above 0 to 200, or pfa:P, "
			"1e-15 to 0.5",
			o->threshold);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	static const char *const gone[] = {"row_step", "row_span", "unit", "full_scale"};
	struct detector *d = f->state;

	for (size_t i = 0; i < COUNT_OF(gone); i++)
		meta_remove(out, gone[i]);
	d->table = new_table(spectrum_level_name(meta_get(in, "unit")));
	table_describe(d->table, out);
}

static double decibel(double power)
{
	return power > 0 ? 10 * log10(power) : NAN;
}

/* A signal has ended. */
static void add_signal(void *arg, const struct track *track)
{
	struct detector *d = arg;
	double offset_hz = d->form.bin0_hz + track->bin * d->form.bin_step_hz;

	table_row(d->table);
	table_set(d->table, FREQ, d->centre_hz[d->subchannel] + offset_hz);
	table_set(d->table, WIDTH, track->width * d->form.bin_step_hz);
	table_set(d->table, START, samples_to_s(track->begin, d->form.rate));
	table_set(d->table, END, samples_to_s(track->end, d->form.rate));
	table_set(d->table, SNR, decibel(track->snr));
	table_set(d->table, PEAK, decibel(track->peak));
	table_set(d->table, NOISE, decibel(track->noise));
	table_set_i64(d->table, SUBCHANNEL, (int64_t)d->subchannel);
	table_set_i64(d->table, INDEX, track->begin);
	table_set_i64(d->table, COUNT, track->end - track->begin);
	d->signals++;
}

static void put_signals(struct detector *d)
{
	if (table_rows(d->table) == 0)
		return;
	table_put(d->f, d->table, d->gathered, 0, NULL);
}

static void end_signals(struct detector *d)
{
	for (d->subchannel = 0; d->subchannel < d->form.subchannels; d->subchannel++)
		tracker_end(d->tracker[d->subchannel]);
	put_signals(d);
}

static void begin(struct detector *d, const struct frame *frame)
{
	const struct options *o = d->f->options;
	const struct meta *meta = filter_meta(d->f, frame);
	struct tracker_config config = {.guard = (size_t)o->guard, .hold = (size_t)o->hold};
	struct error e;

	d->form = spectra_form_of(frame, meta);
	if (cfar_new(&d->cfar, d->form.bins, config.guard, (size_t)o->train, &d->threshold, &e))
		die_with(&e);
	config.bins = d->form.bins;
	config.most = SIGNALS_MAX / d->form.subchannels;
	if (config.most == 0)
		die(EXIT_DATA, "%zu subchannels: at most %d", d->form.subchannels, SIGNALS_MAX);
	d->tracker = xcalloc(d->form.subchannels, sizeof(struct tracker *));
	d->centre_hz = xcalloc(d->form.subchannels, sizeof(*d->centre_hz));
	for (size_t i = 0; i < d->form.subchannels; i++) {
		d->tracker[i] = tracker_new(&config, add_signal, d);
		d->centre_hz[i] = spectra_centre_hz(meta, i);
	}
	d->noise = xaligned(d->form.bins, sizeof(*d->noise));
	d->above = xaligned(d->form.bins, 1);
}

/*
 * Row k. It stands for the samples around its middle: where rows overlap, or samples between them
 * are not looked at, what it is made of is longer or shorter than from one row to the next.
 */
static void take_row(struct detector *d, const struct frame *frame, size_t k)
{
	const float *row = (const float *)frame->payload + k * d->form.subchannels * d->form.bins;
	int64_t begin = frame->index + (int64_t)k * d->rows.step, shift, end;

	shift = d->rows.length == d->rows.step ? (d->rows.span - d->rows.step) / 2 : 0;
	if (__builtin_add_overflow(begin, shift, &begin) ||
		__builtin_add_overflow(begin, d->rows.length, &end))
		die(EXIT_DATA, "row %zu: it runs beyond 64 bits", k);
	for (d->subchannel = 0; d->subchannel < d->form.subchannels;
		d->subchannel++, row += d->form.bins) {
		size_t had = table_rows(d->table);

		cfar_row(d->cfar, d->independent, row, d->noise, d->above);
		tracker_row(d->tracker[d->subchannel], begin, end, row, d->noise, d->above);
		if (had == 0 && table_rows(d->table) > 0)
			d->gathered = begin;
	}
	if (table_rows(d->table) >= FRAME_ROWS ||
		(table_rows(d->table) > 0 && samples_to_s(begin - d->gathered, d->form.rate) >= 1))
		put_signals(d);
}

static void take_rows(struct filter *f, const struct frame *frame)
{
	struct detector *d = f->state;

	if (!d->tracker)
		begin(d, frame);
	else if (frame->index != d->next)
		end_signals(d);
	if (frame->dim[1] != d->form.subchannels || frame->dim[2] != d->form.bins)
		die(EXIT_DATA, "the shape of the spectra changes within a segment");
	d->rows = spectra_rows_of(&d->form, filter_meta(f, frame));
	d->independent =
		cfar_independent(d->rows.transforms, (size_t)d->rows.n, (size_t)d->rows.hop);
	for (size_t k = 0; k < frame->dim[0]; k++)
		take_row(d, frame, k);
	d->next = frame->index + (int64_t)frame->dim[0] * d->rows.step;
}

static void end(struct filter *f, const struct meta *meta)
{
	struct detector *d = f->state;

	(void)meta;
	if (d->tracker) {
		end_signals(d);
		for (size_t i = 0; i < d->form.subchannels; i++) {
			d->left_out += (int64_t)tracker_left_out(d->tracker[i]);
			tracker_free(d->tracker[i]);
		}
		free(d->tracker);
		free(d->centre_hz);
		free(d->noise);
		free(d->above);
		cfar_free(d->cfar);
		d->tracker = NULL;
	}
	filter_note(f, "signals", d->signals);
	if (d->left_out > 0)
		filter_note(f, "left_out", d->left_out);
	d->signals = d->left_out = 0;
	table_free(d->table);
	d->table = NULL;
}

static const struct command command = {
	.name = "spec-detect",
	.summary = "find signals above the noise of spectra",
	.operands = "",
	.example = "",
	.role = ROLE_FILTER,
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
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
