/* SPDX-License-Identifier: ISC */
/*
 * waterfall: spectra as a picture, time running down. In: SPECTRA, any number of rows, subchannels
 * and segments. Out: IMAGE, u8 RGB, one for the whole stream, or with --every one now and then.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "dsp/range.h"
#include "dsp/rowgrid.h"
#include "dsp/spectrum.h"
#include "kern/kern.h"
#include "plot/chart.h"
#include "stream/filter.h"
#include "stream/spectra.h"

#define WIDTH_DEFAULT 1024 /* of all panels together, as far as there are bins */
#define PANELS_WIDE 4      /* that share it; more make the picture wider */
#define RETUNES_MAX 256
#define SUBCHANNELS_MAX 256

struct options {
	int64_t height, width, every;
	int stat, cmap;
	const char *db, *title;
	bool no_axes, no_colorbar;
};

#define AT(member) offsetof(struct options, member)

static const struct option options[] = {
	{0, "height", OPT_INT, AT(height), "px", "800", 1, 20000, NULL, OPT_OUTPUT,
		"of the data area"},
	{0, "width", OPT_INT, AT(width), "px", "0", 0, 20000, NULL, OPT_OUTPUT,
		"of a subchannel's data area; 0 = its bins, up to 1024 for all together"},
	{0, "stat", OPT_ENUM, AT(stat), "", "mean", 0, 0, "mean|max", OPT_OUTPUT,
		"what a pixel shows of the powers that fall into it"},
	{0, "db", OPT_TEXT, AT(db), "dB", "auto", 0, 0, RANGE_FORMS, OPT_OUTPUT,
		"range of the colours: levels, or percentiles such as p1:p99"},
	{0, "cmap", OPT_ENUM, AT(cmap), "", "magma", 0, 0, COLORMAP_NAMES, OPT_OUTPUT, "colour map"},
	{0, "no-axes", OPT_FLAG, AT(no_axes), "", NULL, 0, 0, NULL, OPT_OUTPUT, "draw no axes"},
	{0, "no-colorbar", OPT_FLAG, AT(no_colorbar), "", NULL, 0, 0, NULL, OPT_OUTPUT,
		"draw no colour bar"},
	{0, "title", OPT_TEXT, AT(title), "", NULL, 0, 0, NULL, OPT_OUTPUT, "text above the picture"},
	{0, "every", OPT_DURATION, AT(every), "s", "0", 0, 1e9, NULL, OPT_OUTPUT,
		"a picture of all so far each time so much signal has come; 0 = never"},
	OPTIONS_END,
};

/* Samples are counted as in the first segment. */
struct waterfall {
	struct range range;
	struct colormap map;
	struct chart_fonts *fonts;

	struct rowgrid *grid; /* NULL before the first row */
	struct spectra_form form;
	size_t subchannels, bins, width;
	const char *level_name;
	struct rate rate;
	struct utc time0;
	bool has_time0, one_centre;
	double centre_hz[SUBCHANNELS_MAX]; /* the latest; 0 = unknown */
	struct axis x[SUBCHANNELS_MAX];
	struct chart_marker retune[RETUNES_MAX];
	int64_t retune_at[RETUNES_MAX];
	size_t retunes;
	uint64_t periods; /* of --every, that have passed */
	int64_t pictures;
	bool shown; /* the last picture has all rows */

	/* of the segment */
	bool begun;
	int64_t row_step, shift; /* shift is added to its indices */
};

static void prepare(struct filter *f)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state = xcalloc(1, sizeof(*w));
	struct error e;

	if (!range_parse(o->db, &w->range))
		die(EXIT_USAGE, "--db: '%s': " RANGE_HINT, o->db);
	colormap_make(&w->map, (enum colormap_name)o->cmap);
	if (chart_warm_up(&w->fonts, &e))
		die_with(&e);
}

static void begin_picture(struct filter *f, const struct frame *frame, const struct meta *meta)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	struct rowgrid_config config = {
		.subchannels = frame->dim[1],
		.bins = frame->dim[2],
		.capacity = 2 * (size_t)o->height + 2,
		.stat = o->stat ? ROWGRID_MAX : ROWGRID_MEAN,
	};

	if (frame->dim[1] > SUBCHANNELS_MAX)
		die(EXIT_DATA, "%llu subchannels: at most %d can be shown",
			(unsigned long long)frame->dim[1], SUBCHANNELS_MAX);
	w->subchannels = config.subchannels;
	w->bins = config.bins;
	w->width = (size_t)o->width;
	if (w->width == 0)
		w->width = MIN(w->bins, WIDTH_DEFAULT / MIN(w->subchannels, PANELS_WIDE));
	if (w->width * w->subchannels > CHART_SIDE_MAX)
		die(EXIT_USAGE, "%zu panels of %zu pixels are too wide: use --width",
			w->subchannels, w->width);
	config.columns = MIN(w->bins, w->width);
	w->grid = rowgrid_new(&config);
	w->level_name = spectrum_level_name(w->form.unit);
	w->rate = w->form.rate;
	w->has_time0 = meta_utc(meta, "time0", &w->time0);
	w->one_centre = true;
	for (size_t i = 0; i < w->subchannels; i++)
		w->centre_hz[i] = spectra_centre_hz(meta, i);
}

static void begin_segment(struct filter *f, const struct frame *frame)
{
	struct waterfall *w = f->state;
	const struct meta *meta = filter_meta(f, frame);
	struct spectra_form form = spectra_form_of(frame, meta);
	struct utc time0;

	w->begun = true;
	w->shift = 0;
	if (!meta_i64(meta, "row_step", &w->row_step) || w->row_step <= 0)
		die(EXIT_DATA, "row_step: missing or not positive");
	if (!w->grid) {
		w->form = form;
		begin_picture(f, frame, meta);
	}
	spectra_same_form(&w->form, &form);
	if (w->has_time0 && meta_utc(meta, "time0", &time0))
		w->shift = ns_to_samples(utc_minus(time0, w->time0), w->rate);
}

/* Compares the centres with those before; a change at sample `at` is marked. */
static void follow_centres(struct waterfall *w, const struct meta *meta, int64_t at)
{
	for (size_t i = 0; i < w->subchannels; i++) {
		double before = w->centre_hz[i], now = spectra_centre_hz(meta, i);
		bool marked = w->retunes > 0 && w->retune_at[w->retunes - 1] == at;

		w->centre_hz[i] = now;
		if (now == before)
			continue;
		w->one_centre = false;
		if (marked || w->retunes == RETUNES_MAX)
			continue;
		w->retune_at[w->retunes] = at;
		axis_change_text(w->retune[w->retunes++].label, before, now);
	}
}

/* Levels in dB, [subchannels][height][width]. */
static float *make_levels(const struct waterfall *w, size_t height)
{
	size_t plane = height * w->width, n = w->subchannels * plane;
	float *db = xaligned(n, sizeof(*db));

	for (size_t i = 0; i < w->subchannels; i++)
		rowgrid_render(w->grid, i, height, w->width, db + i * plane);
	kern()->decibel(db, db, n);
	return db;
}

static struct chart make_chart(const struct filter *f, const float *db)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	size_t height = (size_t)o->height, n = w->subchannels * height * w->width;
	struct axis level = {.kind = AXIS_NUMBER, .name = w->level_name};
	int64_t from, to;

	rowgrid_extent(w->grid, &from, &to);
	range_find(&w->range, db, n, &level.from, &level.to);
	for (size_t i = 0; i < w->subchannels; i++)
		w->x[i] = axis_of_band(w->one_centre ? w->centre_hz[i] : 0,
			w->form.bin0_hz - w->form.bin_step_hz / 2,
			w->form.bin_step_hz * (double)w->bins);
	for (size_t i = 0; i < w->retunes; i++)
		w->retune[i].row = (size_t)(((__int128)w->retune_at[i] - from) * o->height /
			((__int128)to - from));
	return (struct chart){
		.width = w->width,
		.height = height,
		.panels = w->subchannels,
		.panel_name = w->subchannels > 1 ? "subchannel" : NULL,
		.x = w->x,
		.y = axis_of_samples(from, to, w->rate, w->has_time0 ? &w->time0 : NULL),
		.range = level,
		.map = &w->map,
		.axes = !o->no_axes,
		.colorbar = !o->no_colorbar,
		.title = o->title,
		.markers = w->retune,
		.marker_count = w->retunes,
	};
}

static void put_picture(struct filter *f)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	float *db = make_levels(w, (size_t)o->height);
	struct chart chart = make_chart(f, db);
	struct chart_layout layout;
	uint8_t *picture;
	struct error e;

	if (chart_layout(&chart, w->fonts, &layout, &e))
		die_with(&e);
	picture = xaligned(3 * layout.width, layout.height);
	chart_paint(&chart, &layout, db, picture);
	free(db);
	if (chart_draw(&chart, w->fonts, &layout, picture, &e))
		die_with(&e);
	if (w->pictures == 0)
		spectra_picture_head(f);
	spectra_picture_put(f, w->pictures++, picture, layout.width, layout.height);
	filter_flush(f);
	w->shown = true;
	free(picture);
}

/* The sample at which row k of a frame begins. */
static int64_t row_start(const struct waterfall *w, const struct frame *frame, size_t k)
{
	__int128 start = (__int128)frame->index + w->shift + (__int128)k * w->row_step;

	if (start > INT64_MAX || start < INT64_MIN)
		die(EXIT_DATA, "row %zu: its index is out of range", k);
	return (int64_t)start;
}

/* The first row of a segment; one that would lie before what there is goes behind it instead. */
static void add_first_row(struct filter *f, const struct frame *frame)
{
	struct waterfall *w = f->state;
	int64_t from, to;

	begin_segment(f, frame);
	if (!rowgrid_add(w->grid, row_start(w, frame, 0), w->row_step, frame->payload)) {
		rowgrid_extent(w->grid, &from, &to);
		warn("a segment begins before the one before it ends: drawn below it, where the "
			"time axis does not hold");
		w->shift = (int64_t)((uint64_t)to - (uint64_t)frame->index);
		rowgrid_add(w->grid, to, w->row_step, frame->payload);
	}
	follow_centres(w, filter_meta(f, frame), row_start(w, frame, 0));
}

/* With --every: a picture of all so far, when its time has come. */
static void picture_now_and_then(struct filter *f, int64_t every_ns)
{
	struct waterfall *w = f->state;
	int64_t every = ns_to_samples(every_ns, w->rate), from, to;
	uint64_t periods;

	rowgrid_extent(w->grid, &from, &to);
	periods = ((uint64_t)to - (uint64_t)from) / (uint64_t)(every > 0 ? every : 1);
	if (periods > w->periods)
		put_picture(f);
	w->periods = periods;
}

static void add_rows(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	size_t rows = frame->dim[0], k = 0;

	if (!w->begun) {
		w->shown = false;
		add_first_row(f, frame);
		k = 1;
	}
	if (frame->dim[1] != w->subchannels || frame->dim[2] != w->bins)
		die(EXIT_DATA, "the shape of the spectra changes within a segment");
	for (;; k++) {
		if (o->every)
			picture_now_and_then(f, o->every);
		if (k == rows)
			break;
		w->shown = false;
		if (!rowgrid_add(w->grid, row_start(w, frame, k), w->row_step,
			(const float *)frame->payload + k * w->subchannels * w->bins))
			die(EXIT_DATA, "spectra go back in time");
	}
}

static void head(struct filter *f, const struct meta *in, struct meta *out)
{
	struct waterfall *w = f->state;

	(void)in;
	(void)out;
	w->begun = false;
}

static void finish(struct filter *f)
{
	struct waterfall *w = f->state;

	if (w->grid) {
		if (!w->shown)
			put_picture(f);
		return;
	}
	warn("no spectra came, so there is no picture");
	spectra_picture_head(f);
}

static const struct command command = {
	.name = "waterfall",
	.summary = "any number of spectra as one picture, time running down",
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
