/* SPDX-License-Identifier: ISC */
/*
 * iq-metrics: what there is to measure of a signal, window after window. In: IQ, complex or real,
 * any type and number of subchannels. Out: TABLE, one row for each window and subchannel; with
 * --psd also SPECTRA, the density of each window. Windows begin with the segment and after gaps.
 * All that is science stands in lib/dsp/metrics.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/meter.h"
#include "stream/iq.h"
#include "stream/table.h"
#include "stream/windows.h"

#define N_MAX (1 << 26)
#define N_CHOSEN_MAX (1 << 22) /* longer ones need -n: the rate is only what a stream claims */
#define ROWS_PER_SECOND 20     /* so many are sent at least, so that live streams stay live */
#define ROWS_MAX 1024
#define HEIMDALL_BAND_HZ 10e3

struct options {
	int64_t window, size;
	double offset, band;
	const char *cal;
	int compat;
	bool psd;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "window", OPT_DURATION, AT(window), "s", "1s", 1e-9, 1e9, NULL, OPT_OUTPUT,
		"length of a window, at least one transform"},
	{'n', "size", OPT_INT, AT(size), "samples", "0", 0, N_MAX, NULL, OPT_OUTPUT,
		"transform length; 0 = least power of two >= 1024 with >= 32 bins in the band"},
	{0, "offset", OPT_FREQUENCY, AT(offset), "Hz", "0", 0, 0, NULL, OPT_OUTPUT,
		"middle of the band, from the tuned frequency"},
	{0, "band", OPT_FREQUENCY, AT(band), "Hz", "0", 0, 0, NULL, OPT_OUTPUT,
		"full width of the band; 0 = the rate"},
	{0, "cal", OPT_TEXT, AT(cal), "dBm", NULL, 0, 0, "DBM", OPT_OUTPUT,
		"power of a full-scale tone: adds columns in dBm"},
	{0, "compat", OPT_ENUM, AT(compat), "", "none", 0, 0, "none|heimdall", OPT_OUTPUT,
		"columns by the names that Heimdall gives them"},
	{0, "psd", OPT_FLAG, AT(psd), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"also the density spectrum of each window, as SPECTRA"},
	OPTIONS_END,
};

enum compat { COMPAT_NONE, COMPAT_HEIMDALL };

struct state {
	double cal_db;

	/* of the segment */
	struct rate rate;
	size_t n;
	int64_t window;
	unsigned head_subchannels; /* that the columns in HEAD are for; 0 = not known */

	/* the same, from its first frame on */
	struct iq_form form;
	struct meter *meter; /* NULL before it */
	struct windows *transforms, *blocks;
	struct table *table;
	size_t block; /* samples whose sums are made at once: no more than a window has */
	size_t rows_per_frame;
	int64_t next; /* index of the next row if nothing is missing */
	int64_t table_index, partial_windows, short_windows;
	bool table_gap;
};

static void prepare(struct filter *f);

static double decibel(double ratio)
{
	return 10 * log10(ratio);
}

/* The columns for so many subchannels. */
static struct table *new_table(const struct filter *f, unsigned subchannels)
{
	static const struct table_column ours[] = {{"time_s", "f64", "s"},
		{"power_dbfs", "f64", "dBFS"}, {"noise_dbfs_hz", "f64", "dBFS/Hz"},
		{"snr_db", "f64", "dB"}, {"offset_hz", "f64", "Hz"}, {"occupied_hz", "f64", "Hz"},
		{"clipped_fraction", "f64", "-"}, {"dc_i", "f64", "FS"}, {"dc_q", "f64", "FS"},
		{"gain_imbalance_db", "f64", "dB"}, {"phase_imbalance_deg", "f64", "deg"},
		{"crest_db", "f64", "dB"}};
	const struct options *o = f->options;
	const char *unit = o->cal ? "dBm" : "dBFS", *density = o->cal ? "dBm/Hz" : "dBFS/Hz";
	struct table_column column[COUNT_OF(ours) + 3] = {{"time_s", "f64", "s"},
		{"snr_db", "f64", "dB"}, {"psd_dbm", "f64", density},
		{"frequency_offset_hz", "f64", "Hz"}, {"signal_power_dbm", "f64", unit},
		{"noise_power_dbm", "f64", unit}};
	size_t count = 6;

	if (o->compat == COMPAT_NONE) {
		memcpy(column, ours, sizeof(ours));
		count = COUNT_OF(ours);
		if (o->cal) {
			column[count++] = (struct table_column){"power_dbm", "f64", "dBm"};
			column[count++] = (struct table_column){"noise_dbm_hz", "f64", "dBm/Hz"};
		}
	}
	if (subchannels > 1)
		column[count++] = (struct table_column){"subchannel", "u32", "-"};
	return table_new(column, count);
}

static void add_row(struct filter *f, const struct meter_row *row, unsigned subchannel)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	const struct metrics_spectrum *x = &row->spectra[subchannel];
	const struct metrics_levels *l = &row->levels[subchannel];
	double time_s = samples_to_s(row->index, s->rate), cal = o->cal ? s->cal_db : 0;
	const double ours[] = {time_s, decibel(l->power), decibel(x->noise), decibel(x->snr),
		x->offset_hz, x->occupied_hz, l->clipped, l->dc_i, l->dc_q, decibel(l->gain),
		l->phase_rad * 180 / M_PI, decibel(l->crest), decibel(l->power) + cal,
		decibel(x->noise) + cal};
	const double theirs[] = {time_s, decibel(x->snr), decibel(x->centre) + cal, x->offset_hz,
		decibel(x->signal) + cal, decibel(x->noise_power) + cal};
	const double *value = o->compat == COMPAT_HEIMDALL ? theirs : ours;
	size_t count = o->compat == COMPAT_HEIMDALL ? COUNT_OF(theirs) : COUNT_OF(ours);

	if (value == ours && !o->cal)
		count -= 2;
	table_row(s->table);
	for (size_t i = 0; i < count; i++)
		table_set(s->table, i, value[i]);
	if (s->form.subchannels > 1)
		table_set_i64(s->table, count, subchannel);
}

static void send_rows(struct filter *f, uint64_t partial)
{
	struct state *s = f->state;
	struct meta own = {0};

	if (table_rows(s->table) == 0)
		return;
	if (s->head_subchannels != s->form.subchannels)
		table_describe(s->table, &own);
	if (partial)
		meta_setf(&own, "partial", "%llu", (unsigned long long)partial);
	table_put(f, s->table, s->table_index, s->table_gap ? FRAME_DISCONTINUITY : 0, &own);
	meta_clear(&own);
}

/* The density of a window as a frame of one row. */
static void put_density(struct filter *f, const struct meter_row *row, bool gap)
{
	struct state *s = f->state;
	size_t bins = meter_bins(s->meter);
	struct frame out = {.kind = KIND_SPECTRA,
		.dtype = DTYPE_F32,
		.ndim = 3,
		.index = row->index,
		.flags = gap ? FRAME_DISCONTINUITY : 0,
		.dim = {1, s->form.subchannels, bins},
		.payload = row->density,
		.payload_len = s->form.subchannels * bins * sizeof(*row->density)};
	double step = rate_hz(s->rate) / (double)s->n;
	struct meta own = {0};

	meta_set(&own, "unit", spectrum_unit(SPECTRUM_DENSITY));
	meta_set_f64(
		&own, "%bin0_hz", dtype_complex(s->form.dtype) ? -(double)(s->n / 2) * step : 0);
	meta_set_f64(&own, "%bin_step_hz", step);
	if (row->partial)
		meta_setf(&own, "partial", "%llu", (unsigned long long)row->transforms);
	filter_put_with(f, &out, &own);
	meta_clear(&own);
}

/* A window's rows; those of a partial one have a frame of their own. */
static void put_rows(void *arg, const struct meter_row *row)
{
	struct filter *f = arg;
	const struct options *o = f->options;
	struct state *s = f->state;
	bool gap = row->index != s->next;

	if (row->partial || gap)
		send_rows(f, 0);
	if (o->psd)
		put_density(f, row, gap);
	if (table_rows(s->table) == 0) {
		s->table_index = row->index;
		s->table_gap = gap;
	}
	for (unsigned c = 0; c < s->form.subchannels; c++)
		add_row(f, row, c);
	if (row->partial || table_rows(s->table) >= s->rows_per_frame)
		send_rows(f, row->partial ? row->transforms : 0);
	s->partial_windows += row->partial;
	if (row->partial || __builtin_add_overflow(row->index, s->window, &s->next))
		s->next = INT64_MIN; /* something is missing before the next one */
}

static double band_of(const struct options *o, struct rate rate)
{
	double most = rate_hz(rate), wish = o->band;

	if (wish == 0)
		wish = o->compat == COMPAT_HEIMDALL ? HEIMDALL_BAND_HZ : most;
	return wish < most ? wish : most;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	struct table *table;

	s->rate = iq_rate(in);
	s->n = o->size ? (size_t)o->size
		       : metrics_length(rate_hz(s->rate), band_of(o, s->rate), N_CHOSEN_MAX);
	if (s->n == 0)
		die(EXIT_USAGE,
			"--band: %g Hz at %g samples/s: -n must say how long transforms are",
			o->band, rate_hz(s->rate));
	s->window = ns_to_samples(o->window, s->rate);
	if (s->window < (int64_t)s->n)
		s->window = (int64_t)s->n;
	s->head_subchannels = 0;
	if (f->first && f->first->kind == KIND_IQ)
		s->head_subchannels = (unsigned)f->first->dim[1];
	table = new_table(f, s->head_subchannels);
	table_describe(table, out);
	table_free(table);
	meta_remove(out, "unit");
	meta_remove(out, "zero");
	meta_remove(out, "full_scale");
	if (!o->psd)
		return;
	meta_setf(out, "row_step", "%lld", (long long)s->window);
	meta_setf(out, "row_span", "%lld", (long long)s->window);
}

static void begin(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct state *s = f->state;
	double rate = rate_hz(s->rate), half = band_of(o, s->rate) / 2, lowest;
	size_t hop = metrics_hop(s->n), row;
	struct meter_config c = {.n = s->n, .rate_hz = rate};
	struct error e;

	s->form = iq_form_of(f, frame);
	lowest = dtype_complex(s->form.dtype) ? -rate / 2 : 0;
	c.samples = (struct metrics_samples){
		s->form.dtype, s->form.subchannels, s->form.full_scale, s->form.zero};
	c.low_hz = fmax(o->offset - half, lowest);
	c.high_hz = fmin(o->offset + half, rate / 2);
	c.transforms = 1 + ((uint64_t)s->window - s->n) / hop;
	if (meter_new(&s->meter, &c, f->pool, put_rows, f, &e))
		die_with(&e);
	row = dtype_size(s->form.dtype) * s->form.subchannels;
	s->transforms = windows_new(s->n, hop, row);
	s->block = s->window < METRICS_BLOCK ? (size_t)s->window : METRICS_BLOCK;
	s->blocks = windows_new(s->block, s->block, row);
	windows_every(s->transforms, s->window);
	windows_every(s->blocks, s->window);
	s->table = new_table(f, s->form.subchannels);
	s->rows_per_frame = (size_t)fmin(rate / ROWS_PER_SECOND / (double)s->window, ROWS_MAX);
	s->next = frame->index;
}

static void take_runs(struct filter *f)
{
	struct state *s = f->state;
	size_t row = dtype_size(s->form.dtype) * s->form.subchannels;
	struct window_run run;

	while (windows_next(s->blocks, &run)) {
		const char *at = run.data;

		for (size_t i = 0; i < run.count; i++, at += s->block * row)
			meter_block(s->meter, at, s->block, run.index + (int64_t)(i * s->block));
		if (run.rest > 0)
			meter_block(s->meter, at, run.rest, run.index);
		if (run.count == 0)
			s->short_windows += !meter_blocks_end(s->meter);
	}
	while (windows_next(s->transforms, &run)) {
		if (run.count > 0)
			meter_transforms(s->meter, run.data, run.count, run.index);
		else
			meter_transforms_end(s->meter);
	}
	meter_run(s->meter);
}

static void measure(struct filter *f, const struct frame *frames, size_t count)
{
	struct state *s = f->state;

	if (!s->meter)
		begin(f, frames);
	for (size_t i = 0; i < count; i++)
		iq_check_form(f, &s->form, &frames[i]);
	windows_feed(s->blocks, frames, count);
	windows_feed(s->transforms, frames, count);
	take_runs(f);
}

static void end(struct filter *f, const struct meta *meta)
{
	struct state *s = f->state;

	(void)meta;
	if (!s->meter)
		return;
	windows_end(s->blocks);
	windows_end(s->transforms);
	take_runs(f);
	send_rows(f, 0);
	if (s->partial_windows)
		filter_note(f, "partial_windows", s->partial_windows);
	if (s->short_windows)
		filter_note(f, "short_windows", s->short_windows);
	s->partial_windows = s->short_windows = 0;
	meter_free(s->meter);
	windows_free(s->transforms);
	windows_free(s->blocks);
	table_free(s->table);
	s->meter = NULL;
}

#define COMMAND                                                                                   \
	.name = "iq-metrics", .summary = "measure a signal, window after window", .operands = "", \
	.example = "", .role = ROLE_FILTER, .in = KIND_BIT(KIND_IQ),                              \
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT, .parallel = true,              \
	.options = options, .options_size = sizeof(struct options), .prepare = prepare,           \
	.head = head, .frames = measure, .end = end

static const struct command command = {
	COMMAND,
	.out = KIND_BIT(KIND_TABLE),
	.dtypes_out = "columns",
};

static const struct command with_psd = {
	COMMAND,
	.out = KIND_BIT(KIND_TABLE) | KIND_BIT(KIND_SPECTRA),
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct state *s = f->state = xcalloc(1, sizeof(*s));

	if (o->size && o->size < METRICS_N_MIN)
		die(EXIT_USAGE, "-n: %lld: must be 0 or at least %d", (long long)o->size,
			METRICS_N_MIN);
	if (o->band < 0)
		die(EXIT_USAGE, "--band: %g: must be a width in Hz > 0", o->band);
	if (o->cal && (!parse_real(o->cal, &s->cal_db) || !isfinite(s->cal_db)))
		die(EXIT_USAGE, "--cal: '%s': must be a number of dBm", o->cal);
	if (o->psd)
		f->command = &with_psd;
}

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
