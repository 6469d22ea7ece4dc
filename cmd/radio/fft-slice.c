/* SPDX-License-Identifier: ISC */
/*
 * fft-slice: power spectra. In: IQ, complex or real, any type and number of subchannels. Out:
 * SPECTRA, linear power, one row for every --average transforms. Frames hold rows by their number,
 * so neither -j nor the framing of the input changes a byte.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/averager.h"
#include "stream/iq.h"
#include "stream/windows.h"

#define FRAME_BYTES (64u << 10)
#define FRAMES_PER_SECOND 20 /* at least, so that live streams stay live */

struct options {
	int64_t size, hop;
	const char *window, *average;
	int stat, norm, tail;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'n', "size", OPT_INT, AT(size), "samples", "1024", 2, 1 << 26, NULL, OPT_OUTPUT,
		"transform length"},
	{0, "hop", OPT_INT, AT(hop), "samples", "0", 0, 1 << 30, NULL, OPT_OUTPUT,
		"from one transform to the next; 0 = the length"},
	{'w', "window", OPT_TEXT, AT(window), "", "hann", 0, 0,
		"hann|rect|hamming|blackman|blackmanharris|flattop|kaiser:B|gauss:S|gauss-sym:S", OPT_OUTPUT,
		"periodic but gauss-sym; B = beta, S = standard deviation in samples"},
	{'a', "average", OPT_TEXT, AT(average), "", "1", 0, 0, "N|DURATION", OPT_OUTPUT,
		"transforms to a row: a number, or a time with its unit (20s, 100ms)"},
	{0, "stat", OPT_ENUM, AT(stat), "", "mean", 0, 0, "mean|max|min", OPT_OUTPUT,
		"what a row holds of its transforms"},
	{0, "norm", OPT_ENUM, AT(norm), "", "dbfs", 0, 0, "dbfs|density|none", OPT_OUTPUT,
		"unit: FS^2, FS^2/Hz, or count^2 (not normalised)"},
	{0, "tail", OPT_ENUM, AT(tail), "", "drop", 0, 0, "drop|pad", OPT_OUTPUT,
		"incomplete rows at gaps and ends: leave out, or pad with zeros"},
	OPTIONS_END,
};

enum tail { TAIL_DROP, TAIL_PAD };

struct slicer {
	enum window_kind window;
	double window_parameter;
	bool bare_average; /* a count, not a duration */
	int64_t average_wish;
	size_t hop;

	/* of the segment */
	struct rate rate;
	struct iq_form form;
	uint64_t average;
	struct averager *averager; /* NULL before the first frame */
	struct windows *windows;
	int64_t dropped_transforms, dropped_rows;

	/* the frame being filled */
	struct frame out;
	float *rows;
	size_t row_floats, rows_per_frame;
	bool has_next;
	int64_t next; /* index that the next row has if nothing is missing */
	struct str meta;
	bool head_is_real; /* HEAD told of real input */
};

static void parse_window(struct slicer *s, const char *text)
{
	static const char *const names[] = {
		"hann", "rect", "hamming", "blackman", "blackmanharris", "flattop", "kaiser:", "gauss:",
		"gauss-sym:"};
	double *p = &s->window_parameter;

	for (int i = 0; i < (int)COUNT_OF(names); i++) {
		size_t n = strlen(names[i]);

		if (i < WINDOW_KAISER ? strcmp(text, names[i]) : strncmp(text, names[i], n))
			continue;
		if (i >= WINDOW_KAISER && (!parse_f64(text + n, false, p) || *p < 0 ||
			*p > (i == WINDOW_KAISER ? WINDOW_KAISER_BETA_MAX : 1e9) ||
			(i >= WINDOW_GAUSS && *p == 0)))
			break;
		s->window = (enum window_kind)i;
		return;
	}
	die(EXIT_USAGE, "--window: '%s': must be one of %s, B 0 to %d", text,
		option_find(options, "window")->choices, WINDOW_KAISER_BETA_MAX);
}

static void parse_average(struct slicer *s, const char *text)
{
	bool has_unit = *text && strchr("sminhd", text[strlen(text) - 1]);

	s->bare_average = !has_unit && parse_count(text, &s->average_wish);
	if ((has_unit && !parse_duration(text, &s->average_wish)) ||
		(!has_unit && !s->bare_average) || s->average_wish <= 0)
		die(EXIT_USAGE, "--average: '%s': must be a number of transforms from 1, or a duration "
			"such as 100ms", text);
}

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct slicer *s = f->state = xcalloc(1, sizeof(*s));

	parse_window(s, o->window);
	parse_average(s, o->average);
	s->hop = (size_t)(o->hop ? o->hop : o->size);
}

/* N = max(1, round(T rate / hop)); a row of N must end within 64 bits. */
static uint64_t transforms_of(const struct slicer *s, const struct options *o)
{
	unsigned __int128 n = (unsigned __int128)s->average_wish, divisor;

	if (!s->bare_average) {
		divisor = (unsigned __int128)1000000000 * s->rate.den * s->hop;
		n = (n * s->rate.num + divisor / 2) / divisor;
	}
	if (n > (uint64_t)(INT64_MAX - o->size) / s->hop)
		die(EXIT_USAGE, "--average: %s: the row is too long", o->average);
	return n < 1 ? 1 : (uint64_t)n;
}

/* What the rows' frequencies are: bin b lies at freq_hz + bin0_hz + b bin_step_hz. */
static void set_bins(struct meta *m, const struct slicer *s, size_t n, bool complex)
{
	double step = rate_hz(s->rate) / (double)n;

	meta_set_f64(m, "%bin0_hz", complex ? -(double)(n / 2) * step : 0);
	meta_set_f64(m, "%bin_step_hz", step);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;

	s->head_is_real = f->first && f->first->kind == KIND_IQ && !dtype_complex(f->first->dtype);
	s->rate = iq_rate(in);
	s->average = transforms_of(s, o);
	s->has_next = false;
	s->out = (struct frame){.kind = KIND_SPECTRA, .dtype = DTYPE_F32, .ndim = 3};
	str_clear(&s->meta);
	meta_setf(out, "row_step", "%llu", (unsigned long long)(s->average * s->hop));
	meta_setf(out, "row_span", "%llu",
		(unsigned long long)((s->average - 1) * s->hop + (uint64_t)o->size));
	meta_set(out, "unit", spectrum_unit((enum spectrum_norm)o->norm));
	set_bins(out, s, (size_t)o->size, !s->head_is_real);
	if (o->norm != SPECTRUM_NONE)
		meta_set(out, "full_scale", "1");
	meta_remove(out, "zero");
}

static void send_rows(struct filter *f)
{
	struct slicer *s = f->state;

	if (s->out.dim[0] == 0)
		return;
	s->out.payload = s->rows;
	s->out.payload_len = s->out.dim[0] * s->row_floats * sizeof(float);
	s->out.meta = s->meta.p;
	s->out.meta_len = (uint32_t)s->meta.len;
	filter_put(f, &s->out);
	s->out.dim[0] = 0;
}

/* A row goes into the frame; a partial one has a frame of its own. */
static void add_row(void *arg, const struct averager_row *row)
{
	struct filter *f = arg;
	struct slicer *s = f->state;
	bool gap = s->has_next && row->index != s->next;

	if (row->partial || s->out.dim[0] == s->rows_per_frame || gap)
		send_rows(f);
	if (s->out.dim[0] == 0) {
		s->out.index = row->index;
		s->out.flags = gap ? FRAME_DISCONTINUITY : 0;
	}
	s->has_next = true;
	if (__builtin_add_overflow(row->index, (int64_t)(s->average * s->hop), &s->next))
		die(EXIT_DATA, "index %lld: the row runs beyond 64 bits", (long long)row->index);
	memcpy(s->rows + s->out.dim[0]++ * s->row_floats, row->power, s->row_floats * sizeof(float));
	if (row->partial) {
		size_t common = s->meta.len;

		str_addf(&s->meta, "partial %llu\n", (unsigned long long)row->transforms);
		send_rows(f);
		s->meta.len = common;
	}
}

/* HEAD said complex, as no IQ frame had come yet: the frames say otherwise. */
static void correct_bins(struct slicer *s, size_t n)
{
	struct meta m = {0};

	set_bins(&m, s, n, false);
	meta_format(&m, &s->meta);
	meta_clear(&m);
}

static void begin(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;
	struct spectrum_config c;
	struct error e;

	s->form = iq_form_of(f, frame);
	c = (struct spectrum_config){
		.n = (size_t)o->size,
		.dtype = s->form.dtype,
		.subchannels = s->form.subchannels,
		.full_scale = s->form.full_scale,
		.zero = s->form.zero,
		.rate_hz = rate_hz(s->rate),
		.window = s->window,
		.window_parameter = s->window_parameter,
		.stat = (enum spectrum_stat)o->stat,
		.norm = (enum spectrum_norm)o->norm,
	};
	if (averager_new(&s->averager, &c, s->hop, s->average, f->pool, add_row, f, &e))
		die_with(&e);
	s->windows = windows_new(c.n, s->hop, dtype_size(c.dtype) * c.subchannels);
	s->out.dim[1] = c.subchannels;
	s->out.dim[2] = averager_bins(s->averager);
	s->row_floats = (size_t)(s->out.dim[1] * s->out.dim[2]);
	s->rows_per_frame = (size_t)(rate_hz(s->rate) / FRAMES_PER_SECOND / (double)s->hop /
		(double)s->average);
	if (s->rows_per_frame > FRAME_BYTES / (s->row_floats * sizeof(float)))
		s->rows_per_frame = FRAME_BYTES / (s->row_floats * sizeof(float));
	if (s->rows_per_frame < 1)
		s->rows_per_frame = 1;
	s->rows = xaligned(s->rows_per_frame * s->row_floats, sizeof(*s->rows));
	if (!dtype_complex(c.dtype) && !s->head_is_real)
		correct_bins(s, c.n);
}

/* A run has ended: what is incomplete is left out and counted, or padded with zeros. */
static void end_run(struct filter *f, const struct window_run *end)
{
	const struct options *o = f->options;
	struct slicer *s = f->state;

	if (o->tail == TAIL_PAD) {
		if (end->rest > 0)
			averager_add_padded(s->averager, end->data, end->rest, end->index);
		averager_close(s->averager);
	} else {
		s->dropped_transforms += end->rest > 0;
		s->dropped_rows += averager_open(s->averager) > 0;
		averager_drop(s->averager);
	}
	send_rows(f);
}

static void take_runs(struct filter *f)
{
	struct slicer *s = f->state;
	struct window_run run;

	while (windows_next(s->windows, &run)) {
		if (run.count > 0)
			averager_add(s->averager, run.data, run.count, run.index);
		else
			end_run(f, &run);
	}
	averager_run(s->averager);
}

static void slice(struct filter *f, const struct frame *frames, size_t count)
{
	struct slicer *s = f->state;

	if (!s->averager)
		begin(f, frames);
	for (size_t i = 0; i < count; i++)
		iq_check_form(f, &s->form, &frames[i]);
	windows_feed(s->windows, frames, count);
	take_runs(f);
}

static void end(struct filter *f, const struct meta *meta)
{
	struct slicer *s = f->state;

	(void)meta;
	if (!s->averager)
		return;
	windows_end(s->windows);
	take_runs(f);
	if (s->dropped_transforms)
		filter_note(f, "dropped_transforms", s->dropped_transforms);
	if (s->dropped_rows)
		filter_note(f, "dropped_rows", s->dropped_rows);
	s->dropped_transforms = s->dropped_rows = 0;
	averager_free(s->averager);
	windows_free(s->windows);
	free(s->rows);
	s->averager = NULL;
}

static const struct command command = {
	.name = "fft-slice",
	.summary = "power spectra of windowed, averaged slices of a signal",
	.operands = "",
	.example = "-n 64",
	.role = ROLE_FILTER,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_SPECTRA),
	.dtypes_out = "f32",
	.unit_out = "FS^2 FS^2/Hz count^2",
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT,
	.parallel = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frames = slice,
	.end = end,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
