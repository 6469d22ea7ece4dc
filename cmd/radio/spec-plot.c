/* SPDX-License-Identifier: ISC */
/*
 * spec-plot: power against frequency. In: SPECTRA, any number of rows, subchannels and segments.
 * Out: one IMAGE, u8 RGB, of the mean of all rows and, with --max, the maximum of each bin, as
 * lines, a panel for each subchannel. What is kept is one number of each kind for each bin.
 */
#include <math.h>
#include <stdlib.h>

#include "dsp/range.h"
#include "dsp/spectrum.h"
#include "kern/kern.h"
#include "plot/chart.h"
#include "stream/filter.h"
#include "stream/spectra.h"

#define WIDTH_DEFAULT 1000 /* of all panels together */
#define PANELS_WIDE 4	   /* that share it; more make the picture wider */
#define SUBCHANNELS_MAX 256
#define MEAN_RGB 0x1f4e8c
#define MAX_RGB 0xf2b27a

struct options {
	int64_t height, width;
	bool max, no_axes;
	const char *db, *title;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "height", OPT_INT, AT(height), "px", "500", 1, 20000, NULL, OPT_OUTPUT,
		"of the data area"},
	{0, "width", OPT_INT, AT(width), "px", "0", 0, 20000, NULL, OPT_OUTPUT,
		"of a subchannel's data area; 0 = 1000 for all together"},
	{0, "max", OPT_FLAG, AT(max), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"also the maximum of each bin"},
	{0, "db", OPT_TEXT, AT(db), "dB", "auto", 0, 0, RANGE_FORMS, OPT_OUTPUT,
		"range of the level axis: levels, or percentiles such as p1:p99"},
	{0, "no-axes", OPT_FLAG, AT(no_axes), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"draw neither axes nor grid"},
	{0, "title", OPT_TEXT, AT(title), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"text above the picture"},
	OPTIONS_END,
};

struct plot {
	struct range range;
	struct chart_fonts *fonts;
	struct spectra_form form;
	size_t width, values; /* of a panel; subchannels * bins, 0 before the first row */
	double centre_hz[SUBCHANNELS_MAX]; /* 0 = unknown */
	bool one_centre, begun;		   /* begun: of the segment */
	double *sum;			   /* of each value … */
	uint64_t *rows;			   /* … and of how many */
	float *greatest;
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct plot *p = f->state = xcalloc(1, sizeof(*p));
	struct error e;

	if (!range_parse(o->db, &p->range))
		die(EXIT_USAGE, "--db: '%s': " RANGE_HINT, o->db);
	if (chart_warm_up(&p->fonts, &e))
		die_with(&e);
}

static void begin_plot(struct filter *f, const struct spectra_form *form, const struct meta *meta)
{
	const struct options *o = f->options;
	struct plot *p = f->state;
	size_t sharing = form->subchannels < PANELS_WIDE ? form->subchannels : PANELS_WIDE;

	if (form->subchannels > SUBCHANNELS_MAX)
		die(EXIT_DATA, "%zu subchannels: at most %d can be shown", form->subchannels,
			SUBCHANNELS_MAX);
	p->width = o->width ? (size_t)o->width : WIDTH_DEFAULT / sharing;
	if (p->width * form->subchannels > CHART_SIDE_MAX)
		die(EXIT_USAGE, "%zu panels of %zu pixels are too wide: use --width",
			form->subchannels, p->width);
	p->form = *form;
	p->values = form->subchannels * form->bins;
	p->sum = xcalloc(p->values, sizeof(*p->sum));
	p->rows = xcalloc(p->values, sizeof(*p->rows));
	p->greatest = xaligned(p->values, sizeof(*p->greatest));
	for (size_t i = 0; i < p->values; i++)
		p->greatest[i] = -INFINITY;
	p->one_centre = true;
	for (size_t i = 0; i < form->subchannels; i++)
		p->centre_hz[i] = spectra_centre_hz(meta, i);
}

/* Spectra of several centres have only the offset from it in common. */
static void follow_centres(struct plot *p, const struct meta *meta)
{
	char change[AXIS_CHANGE_TEXT];

	for (size_t i = 0; p->one_centre && i < p->form.subchannels; i++) {
		double now = spectra_centre_hz(meta, i);

		if (now == p->centre_hz[i])
			continue;
		axis_change_text(change, p->centre_hz[i], now);
		warn("the centre changes, %s: what is shown is over the offset from it", change);
		p->one_centre = false;
	}
}

static void begin_segment(struct filter *f, const struct frame *frame)
{
	struct plot *p = f->state;
	const struct meta *meta = filter_meta(f, frame);
	struct spectra_form form = spectra_form_of(frame, meta);

	p->begun = true;
	if (p->values == 0)
		begin_plot(f, &form, meta);
	spectra_same_form(&p->form, &form);
	follow_centres(p, meta);
}

static void add_row(struct plot *p, const float *row)
{
	for (size_t i = 0; i < p->values; i++) {
		bool there = row[i] == row[i];

		p->sum[i] += there ? row[i] : 0;
		p->rows[i] += there;
		p->greatest[i] = row[i] > p->greatest[i] ? row[i] : p->greatest[i];
	}
}

static void add_rows(struct filter *f, const struct frame *frame)
{
	struct plot *p = f->state;

	if (!p->begun)
		begin_segment(f, frame);
	if (frame->dim[1] != p->form.subchannels || frame->dim[2] != p->form.bins)
		die(EXIT_DATA, "the shape of the spectra changes within a segment");
	for (size_t k = 0; k < frame->dim[0]; k++)
		add_row(p, (const float *)frame->payload + k * p->values);
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct plot *p = f->state;

	(void)in;
	(void)out;
	p->begun = false;
}

/* Levels in dB: the means, then the maxima; a bin without data is NaN. */
static float *make_levels(const struct plot *p)
{
	float *db = xaligned(2 * p->values, sizeof(*db)), *greatest = db + p->values;

	for (size_t i = 0; i < p->values; i++) {
		db[i] = (float)(p->sum[i] / (double)p->rows[i]);
		greatest[i] = p->rows[i] ? p->greatest[i] : NAN;
	}
	kern()->decibel(db, db, 2 * p->values);
	return db;
}

/* The automatic range cuts off no peak: it reaches beyond the greatest level. */
static void find_range(const struct range *range, const float *db, size_t n, double *lo, double *hi)
{
	static const struct range all_peaks = {.form = RANGE_SHARES, .lo = 0.01, .hi = 1};
	double margin;

	range_find(range->form == RANGE_AUTO ? &all_peaks : range, db, n, lo, hi);
	if (range->form != RANGE_AUTO)
		return;
	margin = fmax((*hi - *lo) / 20, (20 - (*hi - *lo)) / 2);
	*lo = floor(*lo - margin);
	*hi = ceil(*hi + margin);
}

static void put_picture(struct filter *f, const struct chart *chart)
{
	struct plot *p = f->state;
	struct chart_layout layout;
	uint8_t *picture;
	struct error e;

	if (chart_layout(chart, p->fonts, &layout, &e))
		die_with(&e);
	picture = xcalloc(3 * layout.width, layout.height);
	if (chart_trace(chart, p->fonts, &layout, picture, &e) ||
		chart_draw(chart, p->fonts, &layout, picture, &e))
		die_with(&e);
	spectra_picture_put(f, 0, picture, layout.width, layout.height);
	free(picture);
}

static void draw(struct filter *f)
{
	const struct options *o = f->options;
	struct plot *p = f->state;
	float *db = make_levels(p);
	const struct chart_curve curves[] = {
		{"maximum", MAX_RGB, db + p->values}, {"mean", MEAN_RGB, db}};
	struct axis x[SUBCHANNELS_MAX];
	struct axis y = {.kind = AXIS_NUMBER, .name = spectrum_level_name(p->form.unit)};
	double step = p->form.bin_step_hz;

	find_range(&p->range, db, (o->max ? 2 : 1) * p->values, &y.from, &y.to);
	for (size_t i = 0; i < p->form.subchannels; i++)
		x[i] = axis_of_band(p->one_centre ? p->centre_hz[i] : 0, p->form.bin0_hz - step / 2,
			step * (double)p->form.bins);
	put_picture(f, &(struct chart){
			       .width = p->width,
			       .height = (size_t)o->height,
			       .panels = p->form.subchannels,
			       .panel_name = p->form.subchannels > 1 ? "subchannel" : NULL,
			       .x = x,
			       .y = y,
			       .y_upward = true,
			       .range = y,
			       .axes = !o->no_axes,
			       .title = o->title,
			       .curves = o->max ? curves : curves + 1,
			       .curve_count = o->max ? 2 : 1,
			       .points = p->form.bins,
		       });
	free(db);
}

static void finish(struct filter *f)
{
	struct plot *p = f->state;

	spectra_picture_head(f);
	if (p->values > 0)
		draw(f);
	else
		warn("no spectra came, so there is no picture");
}

static const struct command command = {
	.name = "spec-plot",
	.summary = "the mean of all spectra as a line, power against frequency",
	.operands = "",
	.example = "--height 64",
	.role = ROLE_FILTER,
	.segments = SEGMENTS_JOIN,
	.in = KIND_BIT(KIND_SPECTRA),
	.out = KIND_BIT(KIND_IMAGE),
	.dtypes_in = "f32",
	.dtypes_out = "u8",
	.unit_out = "display",
	.changes = CHANGES_SHAPE | CHANGES_VALUES | CHANGES_COUNT,
	.options = options,
	.options_size = sizeof(struct options),
	.prepare = prepare,
	.head = head,
	.frame = add_rows,
	.finish = finish,
};

int main(int argc, char **argv)
{
	return command_main(&command, argc, argv);
}
