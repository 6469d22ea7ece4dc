/* SPDX-License-Identifier: ISC */
#include "radio/spectrogram_chart.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "dsp/spectrum.h"

/* The chart of one subchannel. */
static struct chart panel_chart(
	const struct spectrogram_chart *c, size_t panel, const struct axis *level, size_t width)
{
	const struct timeline *line = c->line;

	return (struct chart){
		.width = width,
		.height = c->data_height,
		.panels = 1,
		.panel_name = line->form.subchannels > 1 ? "subchannel" : NULL,
		.panel_first = panel,
		.x = &c->time,
		.y = timeline_band_axis(line, panel),
		.y_upward = true,
		.range = *level,
		.map = &c->map,
		.axes = c->axes,
		.colorbar = c->colorbar,
		.title = panel == 0 ? c->title : NULL,
		.markers = line->retune,
		.marker_count = line->retunes,
		.markers_upright = true,
	};
}

static struct chart_layout lay_out(const struct spectrogram_chart *c, const struct chart *chart)
{
	struct chart_layout layout;
	struct error e;

	if (chart_layout(chart, c->fonts, &layout, &e))
		die_with(&e);
	return layout;
}

/* What is around the data areas of all subchannels, px. */
static size_t height_around(const struct spectrogram_chart *c)
{
	const struct axis level = {
		.kind = AXIS_NUMBER, .name = spectrum_level_name(c->line->form.unit), .to = 1};
	size_t around = 0;

	for (size_t i = 0; i < c->line->form.subchannels; i++) {
		struct chart chart = panel_chart(c, i, &level, c->width);

		around += lay_out(c, &chart).height - chart.height;
	}
	return around;
}

/* The largest height of the data with which the picture is not higher than asked for. */
static size_t fitting_height(struct spectrogram_chart *c)
{
	size_t panels = c->line->form.subchannels, most = 0, fits = 0;

	c->data_height = MAX(c->height / panels, 1);
	for (int i = 0; i < 4 && fits != c->data_height; i++) {
		most = MAX(most, height_around(c));
		if (c->height < most + panels)
			die(EXIT_USAGE, "--height: %zu px: needs at least %zu, or --no-axes",
				c->height, most + panels);
		fits = c->data_height;
		c->data_height = (c->height - most) / panels;
	}
	return c->data_height;
}

void spectrogram_chart_fit(struct spectrogram_chart *c, size_t height)
{
	size_t bins = c->line->form.bins, fixed;

	if (height > CHART_SIDE_MAX)
		die(EXIT_USAGE, "%zu subchannels: a picture %zu px high is too high: use --height",
			c->line->form.subchannels, height);
	c->height = height;
	c->time = (struct axis){.kind = AXIS_ELAPSED, .span_ns = 1000000000};
	/* A retune may come and change the name of the axis. */
	fixed = fitting_height(c);
	c->line->one_centre = false;
	c->data_height = MIN(fixed, fitting_height(c));
	c->line->one_centre = true;
	/* Rows that keep all their bins are added in a fraction of the time. */
	timeline_grid(c->line, bins <= 2 * c->data_height ? bins : c->data_height, c->width,
		ROWGRID_MEAN);
}

/* The largest width of the data with which no subchannel's picture is wider than asked for. */
static size_t fitting_width(const struct spectrogram_chart *c, const struct axis *level)
{
	size_t width = c->width, most = 0, before = 0;

	for (int i = 0; i < 4 && before != width; i++) {
		for (size_t k = 0; k < c->line->form.subchannels; k++) {
			struct chart chart = panel_chart(c, k, level, width);

			most = MAX(most, lay_out(c, &chart).width - width);
		}
		if (c->width < most + 1)
			die(EXIT_USAGE, "--width: %zu px: needs at least %zu, or --no-axes",
				c->width, most + 1);
		before = width;
		width = c->width - most;
	}
	return width;
}

float *spectrogram_chart_levels(const struct spectrogram_chart *c, size_t width)
{
	return timeline_levels(c->line, width, c->data_height);
}

/* levels[time][bins] become rows of time, the highest frequency first. */
static float *turn(const float *levels, size_t width, size_t height)
{
	float *turned = xaligned(width * height, sizeof(*turned));

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++)
			turned[y * width + x] = levels[x * height + height - 1 - y];
	return turned;
}

/* One subchannel, drawn by itself: a picture of the layout's size; to be freed. */
static uint8_t *draw_panel(const struct spectrogram_chart *c, const struct chart *chart,
	const struct chart_layout *layout, const float *levels)
{
	float *turned = turn(levels, chart->width, chart->height);
	uint8_t *picture = xaligned(3 * layout->width, layout->height);
	struct error e;

	chart_paint(chart, layout, turned, picture);
	free(turned);
	if (chart_draw(chart, c->fonts, layout, picture, &e))
		die_with(&e);
	return picture;
}

/* The planes of a panel's picture below what there is; returns where the next one goes. */
static size_t put_panel(const struct spectrogram_chart *c, const struct chart_layout *layout,
	const uint8_t *panel, size_t top, uint8_t *picture)
{
	size_t height = MIN(layout->height, c->height - top);

	for (size_t i = 0; i < 3; i++)
		memcpy(picture + (i * c->height + top) * c->width,
			panel + i * layout->width * layout->height, height * c->width);
	return top + height;
}

uint8_t *spectrogram_chart_draw(struct spectrogram_chart *c, const struct axis *level)
{
	size_t panels = c->line->form.subchannels, top = 0, width;
	uint8_t *picture = NULL, *panel;
	float *levels;

	c->time = timeline_time_axis(c->line);
	width = fitting_width(c, level);
	timeline_place_markers(c->line, width);
	levels = spectrogram_chart_levels(c, width);
	for (size_t i = 0; i < panels; i++) {
		struct chart chart = panel_chart(c, i, level, width);
		struct chart_layout layout = lay_out(c, &chart);

		layout.width = c->width; /* what is left over stands at the right … */
		if (i == panels - 1 && layout.height + top < c->height)
			layout.height = c->height - top; /* … and at the bottom */
		panel = draw_panel(c, &chart, &layout, levels + i * width * c->data_height);
		if (panels == 1 && layout.height == c->height) {
			free(levels);
			return panel;
		}
		if (!picture)
			picture = xaligned(3 * c->width, c->height);
		top = put_panel(c, &layout, panel, top, picture);
		free(panel);
	}
	free(levels);
	return picture;
}
