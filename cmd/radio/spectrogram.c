/* SPDX-License-Identifier: ISC */
/*
 * spectrogram: a signal as a picture in one call, time to the right, frequency upward. In: IQ of
 * any type, number of subchannels, length. Out: one IMAGE, u8 RGB, of the size asked for.
 *
 * Where there will be more transforms than the picture can show, powers are averaged before they
 * get to the timeline: so many at once as can never make a cell of its grid longer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/averager.h"
#include "dsp/range.h"
#include "dsp/stft.h"
#include "kern/kern.h"
#include "radio/padded.h"
#include "radio/spectrogram_chart.h"
#include "stream/iq.h"
#include "stream/windows.h"

#define SHARE_HEIGHT 4 /* subchannels that share the default height; more make it higher */
#define FLOOR 1e-12f   /* the least power of SDS */

enum compat { COMPAT_NONE, COMPAT_SDS };

struct options {
	int64_t size, hop, width, height;
	double std;
	int cmap, compat;
	const char *db, *title;
	bool no_axes, no_colorbar;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{'n', "size", OPT_INT, AT(size), "samples", "1024", 2, 1 << 22, NULL, OPT_OUTPUT,
		"transform length"},
	{0, "hop", OPT_INT, AT(hop), "samples", "500", 1, 1 << 30, NULL, OPT_OUTPUT,
		"from one transform to the next"},
	{0, "std", OPT_REAL, AT(std), "samples", "100", 1e-3, 1e9, NULL, OPT_OUTPUT,
		"standard deviation of the Gaussian window"},
	{0, "cmap", OPT_ENUM, AT(cmap), "", "magma", 0, 0, COLORMAP_NAMES, OPT_OUTPUT,
		"colour map"},
	{0, "db", OPT_TEXT, AT(db), "dB", "auto", 0, 0, RANGE_FORMS, OPT_OUTPUT,
		"range of the colours: levels, or percentiles such as p1:p99"},
	{0, "width", OPT_INT, AT(width), "px", "1500", 1, 20000, NULL, OPT_OUTPUT,
		"of the whole picture"},
	{0, "height", OPT_INT, AT(height), "px", "0", 0, 20000, NULL, OPT_OUTPUT,
		"of the whole picture; 0 = 900, or 225 for each of more than 4 subchannels"},
	{0, "title", OPT_TEXT, AT(title), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"text above the picture"},
	{0, "no-axes", OPT_FLAG, AT(no_axes), "", NULL, 0, 0, NULL, OPT_OUTPUT, "draw no axes"},
	{0, "no-colorbar", OPT_FLAG, AT(no_colorbar), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"draw no colour bar"},
	{0, "compat", OPT_ENUM, AT(compat), "", "none", 0, 0, "none|sds", OPT_OUTPUT,
		"sds: powers, frames and limits as the SDS gateway has them"},
	OPTIONS_END,
};

struct spectrogram {
	struct range range;
	struct spectrogram_chart chart;
	struct timeline line;
	uint64_t average, transforms; /* of a row now; of all rows so far */

	/* of the segment */
	struct rate rate;
	struct iq_form form;
	struct meta meta;	   /* of its first frame */
	struct averager *averager; /* NULL before the first frame */
	struct windows *windows;
	int64_t lead; /* from a transform's first sample to where its row begins */

	/* of --compat */
	struct padded *padded;
	float *row, *least, *greatest;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct spectrogram *s = f->state = xcalloc(1, sizeof(*s));
	struct error e;

	if (!range_parse(o->db, &s->range))
		die(EXIT_USAGE, "--db: '%s': " RANGE_HINT, o->db);
	s->chart = (struct spectrogram_chart){
		.line = &s->line,
		.width = (size_t)o->width,
		.axes = !o->no_axes,
		.colorbar = !o->no_colorbar,
		.title = o->title,
	};
	colormap_make(&s->chart.map, (enum colormap_name)o->cmap);
	if (chart_warm_up(&s->chart.fonts, &e))
		die_with(&e);
	s->average = 1;
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct spectrogram *s = f->state;

	(void)out;
	s->rate = iq_rate(in);
}

/* Limits are those of all values, each at least FLOOR; NaN stays out of it. */
static const float *follow_limits(struct spectrogram *s, const float *power)
{
	size_t n = s->line.form.subchannels * s->line.form.bins;

	for (size_t i = 0; i < n; i++)
		s->row[i] = power[i] < FLOOR ? FLOOR : power[i];
	kern()->join(s->least, s->row, n, KERN_MIN);
	kern()->join(s->greatest, s->row, n, KERN_MAX);
	return s->row;
}

static void add_row(void *arg, const struct averager_row *row)
{
	struct filter *f = arg;
	struct spectrogram *s = f->state;
	int64_t start;

	if (__builtin_add_overflow(row->index, s->lead, &start))
		die(EXIT_DATA, "index %lld: the row runs beyond 64 bits", (long long)row->index);
	timeline_add(&s->line, &s->meta, start, 0, row->transforms,
		s->row ? follow_limits(s, row->power) : row->power);
}

static void begin_picture(struct filter *f, int64_t first)
{
	const struct options *o = f->options;
	struct spectrogram *s = f->state;
	size_t panels = s->line.form.subchannels, n = panels * s->line.form.bins;
	size_t height = (size_t)o->height;

	if (height == 0)
		height = panels > SHARE_HEIGHT ? panels * 225 : 900;
	spectrogram_chart_fit(&s->chart, height);
	if (!o->compat)
		return;
	s->line.slack = 2 * (o->size + o->hop);
	s->line.one_centre = false;
	s->line.elapsed = true;
	s->line.origin = first;
	s->row = xaligned(n, sizeof(*s->row));
	s->least = xaligned(n, sizeof(*s->least));
	s->greatest = xaligned(n, sizeof(*s->greatest));
	for (size_t i = 0; i < n; i++) {
		s->least[i] = INFINITY;
		s->greatest[i] = 0;
	}
}

/* The timeline's rows are those of the transforms, their middles where the transforms' are. */
static void begin_line(struct filter *f, int64_t first)
{
	const struct options *o = f->options;
	struct spectrogram *s = f->state;
	bool complex = dtype_complex(s->form.dtype);
	struct spectra_form form = {
		.subchannels = s->form.subchannels,
		.bins = averager_bins(s->averager),
		.rate = s->rate,
		.bin_step_hz = rate_hz(s->rate) / (double)o->size,
	};

	form.bin0_hz = complex ? -(double)(o->size / 2) * form.bin_step_hz : 0;
	snprintf(form.unit, sizeof(form.unit), "%s",
		spectrum_unit(o->compat ? SPECTRUM_NONE : SPECTRUM_DBFS));
	s->lead = (o->size - o->hop) / 2;
	timeline_segment(&s->line, &form, &s->meta, o->hop);
	if (!s->line.grid)
		begin_picture(f, first);
}

/*
 * With t transforms so far the timeline has cells of more than t / capacity of them, so that many,
 * down to a power of two, may be averaged here. What counts are transforms alone, so the framing
 * of the input does not matter.
 */
static void add_transforms(struct filter *f, const struct window_run *run)
{
	const struct options *o = f->options;
	struct spectrogram *s = f->state;
	uint64_t capacity = TIMELINE_CAPACITY(s->chart.width);
	const char *data = run->data;
	size_t step = (size_t)o->hop * dtype_size(averager_config(s->averager)->dtype) *
		      s->form.subchannels;

	for (size_t done = 0; done < run->count;) {
		uint64_t left = 2 * capacity * s->average - s->transforms;
		size_t count = run->count - done;

		if (!o->compat && count > left)
			count = (size_t)left;
		averager_add(s->averager, data + done * step, count,
			run->index + (int64_t)(done * (size_t)o->hop));
		done += count;
		s->transforms += count;
		if (o->compat || s->transforms < 2 * capacity * s->average)
			continue;
		averager_close(s->averager);
		averager_set_average(s->averager, s->average *= 2);
	}
}

static void take_runs(void *arg, struct windows *windows)
{
	struct filter *f = arg;
	struct spectrogram *s = f->state;
	struct window_run run;

	while (windows_next(windows, &run)) {
		if (run.count > 0)
			add_transforms(f, &run);
		else
			averager_close(s->averager);
	}
	averager_run(s->averager);
}

static void begin(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct spectrogram *s = f->state;
	unsigned float_type = DTYPE_F32 | (frame->dtype & DTYPE_COMPLEX);
	struct spectrum_config c;
	struct error e;

	s->form = iq_form_of(f, frame);
	meta_copy(&s->meta, filter_meta(f, frame));
	c = (struct spectrum_config){
		.n = (size_t)o->size,
		.dtype = o->compat ? float_type : s->form.dtype,
		.subchannels = s->form.subchannels,
		.full_scale = o->compat ? 1 : s->form.full_scale,
		.zero = o->compat ? 0 : s->form.zero,
		.rate_hz = rate_hz(s->rate),
		.window = WINDOW_GAUSS_SYMMETRIC,
		.window_parameter = o->std,
		.norm = o->compat ? SPECTRUM_NONE : SPECTRUM_DBFS,
	};
	if (averager_new(&s->averager, &c, (size_t)o->hop, s->average, f->pool, add_row, f, &e))
		die_with(&e);
	s->windows = windows_new(c.n, (size_t)o->hop, dtype_size(c.dtype) * c.subchannels);
	if (o->compat)
		s->padded = padded_new(c.n, (size_t)o->hop, s->form.dtype, c.subchannels,
			stft_idle_gauss(c.n, o->std), take_runs, f);
	begin_line(f, frame->index);
}

static void take(struct filter *f, const struct frame *frames, size_t count)
{
	const struct options *o = f->options;
	struct spectrogram *s = f->state;

	if (!s->averager)
		begin(f, frames);
	for (size_t i = 0; i < count; i++)
		iq_check_form(f, &s->form, &frames[i]);
	for (size_t i = 0; o->compat && i < count; i++)
		padded_feed(s->padded, &frames[i]);
	if (o->compat)
		return;
	windows_feed(s->windows, frames, count);
	take_runs(f, s->windows);
}

static void end(struct filter *f, const struct meta *meta)
{
	struct spectrogram *s = f->state;

	(void)meta;
	if (!s->averager)
		return;
	if (s->padded)
		padded_end(s->padded);
	windows_end(s->windows);
	take_runs(f, s->windows);
	averager_free(s->averager);
	windows_free(s->windows);
	padded_free(s->padded);
	s->averager = NULL;
	s->padded = NULL;
}

/* As a plotting library finds them: the least and the greatest of all values. */
static bool limits_of_all(const struct spectrogram *s, struct axis *level)
{
	size_t n = s->line.form.subchannels * s->line.form.bins;
	float limits[2] = {INFINITY, 0};

	for (size_t i = 0; i < n; i++) {
		limits[0] = s->least[i] < limits[0] ? s->least[i] : limits[0];
		limits[1] = s->greatest[i] > limits[1] ? s->greatest[i] : limits[1];
	}
	if (!(limits[0] <= limits[1] && isfinite(limits[1])))
		return false;
	kern()->decibel(limits, limits, 2);
	level->from = (double)limits[0];
	level->to = limits[1] > limits[0] ? (double)limits[1] : level->from + 1;
	return true;
}

static struct axis find_level(struct spectrogram *s)
{
	struct axis level = {.kind = AXIS_NUMBER, .name = spectrum_level_name(s->line.form.unit)};
	float *db;

	if (s->range.form == RANGE_AUTO && s->row && limits_of_all(s, &level))
		return level;
	db = spectrogram_chart_levels(&s->chart, s->chart.width);
	range_find(&s->range, db, s->line.form.subchannels * s->chart.width * s->chart.data_height,
		&level.from, &level.to);
	free(db);
	return level;
}

static void finish(struct filter *f)
{
	struct spectrogram *s = f->state;
	struct axis level;
	uint8_t *picture;
	int64_t from, to;

	spectra_picture_head(f);
	if (!s->line.grid || !rowgrid_extent(s->line.grid, &from, &to)) {
		warn("nowhere are there enough samples for a transform, so there is no picture");
		return;
	}
	level = find_level(s);
	picture = spectrogram_chart_draw(&s->chart, &level);
	spectra_picture_put(f, 0, picture, s->chart.width, s->chart.height);
	free(picture);
}

static const struct command command = {
	.name = "spectrogram",
	.summary = "a signal as one picture, time to the right and frequency upward",
	.operands = "",
	.example = "--height 200 --width 300",
	.role = ROLE_FILTER,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_IQ),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_out = "u8",
	.unit_out = "display",
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT,
	.parallel = true,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frames = take,
	.end = end,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
