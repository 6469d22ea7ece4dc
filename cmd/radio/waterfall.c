/* SPDX-License-Identifier: ISC */
/*
 * waterfall: spectra as a picture, time running down. In: SPECTRA, any number of rows, subchannels
 * and segments. Out: IMAGE, u8 RGB, one for the whole stream, or with --every one now and then.
 */
#include <stdlib.h>
#include <sys/param.h>

#include "dsp/range.h"
#include "dsp/spectrum.h"
#include "radio/timeline.h"

#define WIDTH_DEFAULT 1024 /* of all panels together, as far as there are bins */
#define PANELS_WIDE 4      /* that share it; more make the picture wider */

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

struct waterfall {
	struct range range;
	struct colormap map;
	struct chart_fonts *fonts;

	struct timeline line;
	size_t width;
	struct axis x[TIMELINE_SUBCHANNELS_MAX];
	uint64_t periods; /* of --every, that have passed */
	int64_t pictures;
	bool begun; /* the segment has rows */
	bool shown; /* the last picture has all rows */
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

static void begin_picture(struct filter *f)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	size_t subchannels = w->line.form.subchannels, bins = w->line.form.bins;

	w->width = (size_t)o->width;
	if (w->width == 0)
		w->width = MIN(bins, WIDTH_DEFAULT / MIN(subchannels, PANELS_WIDE));
	if (w->width * subchannels > CHART_SIDE_MAX)
		die(EXIT_USAGE, "%zu panels of %zu pixels are too wide: use --width", subchannels,
			w->width);
	timeline_grid(&w->line, MIN(bins, w->width), (size_t)o->height,
		o->stat ? ROWGRID_MAX : ROWGRID_MEAN);
}

static void begin_segment(struct filter *f, const struct frame *frame)
{
	struct waterfall *w = f->state;
	const struct meta *meta = filter_meta(f, frame);
	struct spectra_form form = spectra_form_of(frame, meta);
	int64_t row_step;

	if (!meta_i64(meta, "row_step", &row_step) || row_step <= 0)
		die(EXIT_DATA, "row_step: missing or not positive");
	w->begun = true;
	timeline_segment(&w->line, &form, meta, row_step);
	if (!w->line.grid)
		begin_picture(f);
}

static struct chart make_chart(const struct filter *f, const float *db)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	size_t height = (size_t)o->height, panels = w->line.form.subchannels;
	struct axis level = {
		.kind = AXIS_NUMBER, .name = spectrum_level_name(w->line.form.unit)};

	range_find(&w->range, db, panels * height * w->width, &level.from, &level.to);
	for (size_t i = 0; i < panels; i++)
		w->x[i] = timeline_band_axis(&w->line, i);
	timeline_place_markers(&w->line, height);
	return (struct chart){
		.width = w->width,
		.height = height,
		.panels = panels,
		.panel_name = panels > 1 ? "subchannel" : NULL,
		.x = w->x,
		.y = timeline_time_axis(&w->line),
		.range = level,
		.map = &w->map,
		.axes = !o->no_axes,
		.colorbar = !o->no_colorbar,
		.title = o->title,
		.markers = w->line.retune,
		.marker_count = w->line.retunes,
	};
}

static void put_picture(struct filter *f)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	float *db = timeline_levels(&w->line, (size_t)o->height, w->width);
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

/* With --every: a picture of all so far, when its time has come. */
static void picture_now_and_then(struct filter *f, int64_t every_ns)
{
	struct waterfall *w = f->state;
	int64_t every = ns_to_samples(every_ns, w->line.form.rate), from, to;
	uint64_t periods;

	rowgrid_extent(w->line.grid, &from, &to);
	periods = ((uint64_t)to - (uint64_t)from) / (uint64_t)(every > 0 ? every : 1);
	if (periods > w->periods)
		put_picture(f);
	w->periods = periods;
}

static void add_rows(struct filter *f, const struct frame *frame)
{
	const struct options *o = f->options;
	struct waterfall *w = f->state;
	const struct spectra_form *form = &w->line.form;

	if (frame->dim[0] == 0)
		return;
	if (!w->begun)
		begin_segment(f, frame);
	if (frame->dim[1] != form->subchannels || frame->dim[2] != form->bins)
		die(EXIT_DATA, "the shape of the spectra changes within a segment");
	for (size_t k = 0; k < frame->dim[0]; k++) {
		w->shown = false;
		timeline_add(&w->line, w->line.first_row ? filter_meta(f, frame) : NULL,
			frame->index, k, 1,
			(const float *)frame->payload + k * form->subchannels * form->bins);
		if (o->every)
			picture_now_and_then(f, o->every);
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

	if (w->line.grid) {
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
