/* SPDX-License-Identifier: ISC */
#include "plot/chart.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plot/curve.h"
#include "plot/text.h"

/* Distances in px. */
enum {
	MARGIN = 10,	 /* around everything */
	FRAME = 1,	 /* around data areas and the colour bar */
	TICK = 4,	 /* length */
	PAD = 4,	 /* between a tick and its text */
	GAP = 7,	 /* between rows or columns of text */
	LINE = 14,	 /* height of a line of text */
	ASCENT = 11,	 /* its part above the base line */
	TITLE_LINE = 17, /* the same of a title */
	TITLE_ASCENT = 13,
	PANEL_GAP = 14, /* between what belongs to two panels */
	BAR_GAP = 16,	/* between data and colour bar */
	BAR_WIDTH = 14,
	X_PER_TICK = 90, /* ticks are about as dense as this */
	Y_PER_TICK = 50,
	X_CLEARANCE = 12, /* between the texts of neighbouring ticks, at least */
	Y_CLEARANCE = 6,
	BOX_INSET = 4,	  /* a marker's label from the edges around it */
	LEGEND_LINE = 18, /* a piece of a curve beside its name */
	LEGEND_THICK = 2,
	LEGEND_GAP = 14, /* between two names */
};

#define CURVE_WIDTH 1.5

struct chart_fonts {
	struct fonts fonts;
};

int chart_warm_up(struct chart_fonts **fonts, struct error *e)
{
	int code;

	*fonts = xmalloc(sizeof(**fonts));
	code = fonts_load(&(*fonts)->fonts, e);
	if (code) {
		free(*fonts);
		*fonts = NULL;
	}
	return code;
}

void chart_fonts_free(struct chart_fonts *fonts)
{
	if (fonts)
		fonts_free(&fonts->fonts);
	free(fonts);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static bool has_legend(const struct chart *chart)
{
	return chart->axes && chart->curve_count > 1;
}

/* Ticks and their texts along a horizontal or vertical side. */

/* Whether neighbouring texts keep their distance on a side of `length` px. */
static bool texts_clear(
	const struct fonts *fonts, const struct axis_ticks *ticks, double length, bool upright)
{
	for (size_t i = 1; i < ticks->count; i++) {
		const struct axis_tick *a = &ticks->tick[i - 1], *b = &ticks->tick[i];
		double distance = (b->position - a->position) * length;
		double wanted = fonts->figure_height + Y_CLEARANCE;

		if (!upright)
			wanted = (text_length(fonts, TEXT_PLAIN, a->text) +
					 text_length(fonts, TEXT_PLAIN, b->text)) /
					 2.0 +
				 X_CLEARANCE;
		if (distance < wanted)
			return false;
	}
	return true;
}

static void place_ticks(const struct fonts *fonts, const struct axis *axis, size_t length,
	bool upright, struct axis_ticks *ticks)
{
	size_t most = length / (upright ? Y_PER_TICK : X_PER_TICK);

	most = larger(most, 3);
	if (most > AXIS_TICKS_MAX)
		most = AXIS_TICKS_MAX;
	do
		axis_divide(axis, (unsigned)most, ticks);
	while (!texts_clear(fonts, ticks, (double)length, upright) && --most > 0);
}

static size_t widest_text(const struct fonts *fonts, const struct axis_ticks *ticks)
{
	size_t widest = 0;

	for (size_t i = 0; i < ticks->count; i++)
		widest =
			larger(widest, (size_t)text_length(fonts, TEXT_PLAIN, ticks->tick[i].text));
	return widest;
}

/* How far texts below a panel reach beyond its left or right edge. */
static size_t overhang(const struct fonts *fonts, const struct axis_ticks *ticks, size_t width)
{
	double most = (text_length(fonts, TEXT_PLAIN, ticks->label) - (double)width) / 2;

	for (size_t i = 0; i < ticks->count; i++) {
		double half = text_length(fonts, TEXT_PLAIN, ticks->tick[i].text) / 2.0;
		double at = ticks->tick[i].position * (double)width;

		most = fmax(most, fmax(half - at, at + half - (double)width));
	}
	return most > 0 ? (size_t)ceil(most) : 0;
}

static size_t widest_overhang(const struct chart *chart, const struct fonts *fonts)
{
	struct axis_ticks ticks;
	size_t widest = 0;

	for (size_t i = 0; i < chart->panels; i++) {
		place_ticks(fonts, &chart->x[i], chart->width, false, &ticks);
		widest = larger(widest, overhang(fonts, &ticks, chart->width));
	}
	return widest;
}

/* By how much the texts that stand upright beside the data are longer than the data are high. */
static size_t upright_excess(
	const struct chart *chart, const struct fonts *fonts, const struct chart_layout *l)
{
	size_t longest = 0;

	if (chart->axes)
		longest = (size_t)text_length(fonts, TEXT_UPWARD, l->y_ticks.label);
	if (chart->colorbar)
		longest = larger(
			longest, (size_t)text_length(fonts, TEXT_UPWARD, l->range_ticks.label));
	return longest > chart->height ? longest - chart->height : 0;
}

static void lay_out_columns(
	const struct chart *chart, const struct fonts *fonts, struct chart_layout *l, size_t margin)
{
	size_t over = chart->axes ? widest_overhang(chart, fonts) : 0;
	size_t frame = chart->axes ? FRAME : 0, right;

	l->x = margin + frame + over;
	if (chart->axes)
		l->x = larger(l->x,
			margin + LINE + GAP + widest_text(fonts, &l->y_ticks) + PAD + TICK + FRAME);
	l->pitch = chart->width + 2 * (over + frame) + PANEL_GAP;
	right = l->x + (chart->panels - 1) * l->pitch + chart->width;
	l->width = right + larger(over, frame) + margin;
	l->bar_x = right + BAR_GAP;
	if (chart->colorbar)
		l->width = larger(l->width, l->bar_x + BAR_WIDTH + FRAME + TICK + PAD +
						    widest_text(fonts, &l->range_ticks) + GAP +
						    LINE + margin);
}

static void lay_out_rows(
	const struct chart *chart, const struct fonts *fonts, struct chart_layout *l, size_t margin)
{
	bool labels = chart->axes && (chart->panel_name || has_legend(chart));
	size_t above = labels ? LINE + PAD : 0;

	above = larger(above, upright_excess(chart, fonts, l));
	l->y = margin + above;
	if (chart->title)
		l->y += TITLE_LINE + GAP;
	if (chart->axes || chart->colorbar)
		l->y += FRAME;
	l->height = l->y + chart->height + margin;
	if (chart->axes)
		l->height += FRAME + TICK + PAD + LINE + GAP / 2 + LINE;
	else if (chart->colorbar)
		l->height += FRAME;
}

int chart_layout(const struct chart *chart, const struct chart_fonts *chart_fonts,
	struct chart_layout *l, struct error *e)
{
	const struct fonts *fonts = &chart_fonts->fonts;
	size_t margin = chart->axes || chart->colorbar || chart->title ? MARGIN : 0;

	if (chart->width > CHART_SIDE_MAX || chart->height > CHART_SIDE_MAX ||
		chart->panels > CHART_SIDE_MAX)
		return fail(e, EXIT_USAGE, "picture: %zu panels of %zu x %zu pixels are too large",
			chart->panels, chart->width, chart->height);
	place_ticks(fonts, &chart->y, chart->height, true, &l->y_ticks);
	place_ticks(fonts, &chart->range, chart->height, true, &l->range_ticks);
	lay_out_columns(chart, fonts, l, margin);
	lay_out_rows(chart, fonts, l, margin);
	if (l->width > CHART_SIDE_MAX || l->height > CHART_SIDE_MAX)
		return fail(e, EXIT_USAGE, "picture: %zu x %zu pixels, at most %d are possible",
			l->width, l->height, CHART_SIDE_MAX);
	return 0;
}

void chart_paint(const struct chart *chart, const struct chart_layout *l, const float *values,
	uint8_t *picture)
{
	size_t plane = l->width * l->height;

	for (size_t i = 0; i < chart->panels; i++)
		for (size_t y = 0; y < chart->height; y++, values += chart->width) {
			uint8_t *out = picture + (l->y + y) * l->width + l->x + i * l->pitch;

			colormap_apply(chart->map, values, chart->width, (float)chart->range.from,
				(float)chart->range.to, out, out + plane, out + 2 * plane);
		}
}

/* Drawing. Everything but text is a rectangle of whole pixels. */

struct pen {
	cairo_t *cr;
	const struct chart *chart;
	const struct fonts *fonts;
	const struct chart_layout *layout;
};

static void fill(const struct pen *pen, double x, double y, double width, double height)
{
	cairo_rectangle(pen->cr, x, y, width, height);
	cairo_fill(pen->cr);
}

static void ink_text(const struct pen *pen)
{
	cairo_set_source_rgb(pen->cr, 0.15, 0.15, 0.15);
}

static void ink_line(const struct pen *pen)
{
	cairo_set_source_rgb(pen->cr, 0.55, 0.55, 0.55);
}

static double panel_x(const struct pen *pen, size_t panel)
{
	return (double)(pen->layout->x + panel * pen->layout->pitch);
}

/* A frame of line ink just outside a rectangle; what is inside is covered too. */
static void draw_frame(const struct pen *pen, double x, double y, double width, double height)
{
	ink_line(pen);
	fill(pen, x - FRAME, y - FRAME, width + 2 * FRAME, height + 2 * FRAME);
}

/* The pixel in which a tick lies, 0 … length - 1. */
static double tick_pixel(const struct axis_tick *tick, size_t length)
{
	return fmin(floor(tick->position * (double)length), (double)length - 1);
}

/* The same of a tick of a vertical side, counted in the picture. */
static double tick_row(const struct pen *pen, const struct axis_tick *tick, bool downward)
{
	size_t height = pen->chart->height;
	double pixel = tick_pixel(tick, height);

	return (double)pen->layout->y + (downward ? pixel : (double)height - 1 - pixel);
}

/* Ticks to the right of x if right, else to the left; figures end or begin beside them. */
static void draw_y_ticks(
	const struct pen *pen, const struct axis_ticks *ticks, double x, bool right, bool downward)
{
	for (size_t i = 0; i < ticks->count; i++) {
		const struct axis_tick *tick = &ticks->tick[i];
		double text_x = x + TICK + PAD, y = tick_row(pen, tick, downward);

		if (!right)
			text_x = x - TICK - PAD - text_length(pen->fonts, TEXT_PLAIN, tick->text);
		ink_line(pen);
		fill(pen, right ? x : x - TICK, y, TICK, 1);
		ink_text(pen);
		text_draw(pen->cr, pen->fonts, TEXT_PLAIN, text_x,
			y + (pen->fonts->figure_height + 1) / 2, tick->text);
	}
}

/* A label read upwards, its base line at x, centred on the data or ending at their lower edge. */
static void draw_upright_label(const struct pen *pen, double x, const char *label)
{
	double height = (double)pen->chart->height, y = (double)pen->layout->y + height;
	double length = text_length(pen->fonts, TEXT_UPWARD, label);

	if (length < height)
		y -= floor((height - length) / 2);
	ink_text(pen);
	text_draw(pen->cr, pen->fonts, TEXT_UPWARD, x, y, label);
}

static void draw_x_axis(const struct pen *pen, size_t panel)
{
	double x = panel_x(pen, panel), y = (double)(pen->layout->y + pen->chart->height + FRAME);
	double width = (double)pen->chart->width,
	       text_y = y + TICK + PAD + pen->fonts->figure_height;
	struct axis_ticks ticks;

	place_ticks(pen->fonts, &pen->chart->x[panel], pen->chart->width, false, &ticks);
	for (size_t i = 0; i < ticks.count; i++) {
		const char *text = ticks.tick[i].text;
		double tick_x = x + tick_pixel(&ticks.tick[i], pen->chart->width);

		ink_line(pen);
		fill(pen, tick_x, y, 1, TICK);
		ink_text(pen);
		text_draw(pen->cr, pen->fonts, TEXT_PLAIN,
			floor(tick_x + 0.5 - text_length(pen->fonts, TEXT_PLAIN, text) / 2.0),
			text_y, text);
	}
	ink_text(pen);
	text_draw(pen->cr, pen->fonts, TEXT_PLAIN,
		floor(x + (width - text_length(pen->fonts, TEXT_PLAIN, ticks.label)) / 2),
		y + TICK + PAD + LINE + GAP / 2 + ASCENT, ticks.label);
}

static int legend_length(const struct pen *pen)
{
	const struct chart *chart = pen->chart;
	int length = -LEGEND_GAP;

	for (size_t i = 0; i < chart->curve_count; i++)
		length += LEGEND_GAP + LEGEND_LINE + PAD +
			  text_length(pen->fonts, TEXT_PLAIN, chart->curves[i].name);
	return length;
}

static void ink_curve(const struct pen *pen, const struct chart_curve *curve)
{
	cairo_set_source_rgb(pen->cr, (curve->rgb >> 16 & 255) / 255.0,
		(curve->rgb >> 8 & 255) / 255.0, (curve->rgb & 255) / 255.0);
}

/* Above the right end of the last panel, on the line of the panels' labels. */
static void draw_legend(const struct pen *pen)
{
	const struct chart *chart = pen->chart;
	double x = panel_x(pen, chart->panels - 1) + (double)chart->width - legend_length(pen);
	double y = (double)pen->layout->y - FRAME - PAD - (LINE - ASCENT);

	for (size_t i = chart->curve_count; i-- > 0;) {
		const struct chart_curve *curve = &chart->curves[i];

		ink_curve(pen, curve);
		fill(pen, x, y - (pen->fonts->figure_height + LEGEND_THICK) / 2, LEGEND_LINE,
			LEGEND_THICK);
		x += LEGEND_LINE + PAD;
		ink_text(pen);
		text_draw(pen->cr, pen->fonts, TEXT_PLAIN, x, y, curve->name);
		x += text_length(pen->fonts, TEXT_PLAIN, curve->name) + LEGEND_GAP;
	}
}

static bool legend_fits(const struct pen *pen)
{
	/* Panels' labels are short; half of a panel is theirs. */
	size_t room = pen->chart->panel_name ? pen->chart->width / 2 : pen->chart->width;

	return has_legend(pen->chart) && legend_length(pen) <= (int)room;
}

static void draw_panel_label(const struct pen *pen, size_t panel)
{
	char label[TEXT_MAX], text[TEXT_MAX];

	if (!pen->chart->panel_name)
		return;
	snprintf(label, sizeof(label), "%s %zu", pen->chart->panel_name,
		pen->chart->panel_first + panel);
	text_fit(pen->fonts, TEXT_PLAIN, (int)pen->chart->width, label, text);
	ink_text(pen);
	text_draw(pen->cr, pen->fonts, TEXT_PLAIN, panel_x(pen, panel),
		(double)pen->layout->y - FRAME - PAD - (LINE - ASCENT), text);
}

static void draw_axes(const struct pen *pen)
{
	const struct chart_layout *l = pen->layout;

	for (size_t i = 0; i < pen->chart->panels; i++) {
		draw_frame(pen, panel_x(pen, i), (double)l->y, (double)pen->chart->width,
			(double)pen->chart->height);
		draw_x_axis(pen, i);
		draw_panel_label(pen, i);
	}
	if (legend_fits(pen))
		draw_legend(pen);
	draw_y_ticks(pen, &l->y_ticks, (double)(l->x - FRAME), false, !pen->chart->y_upward);
	draw_upright_label(pen, MARGIN + ASCENT, l->y_ticks.label);
}

static void draw_colorbar(const struct pen *pen)
{
	const struct chart_layout *l = pen->layout;
	double x = (double)l->bar_x, y = (double)l->y, right = x + BAR_WIDTH + FRAME;
	size_t height = pen->chart->height;

	draw_frame(pen, x, y, BAR_WIDTH, (double)height);
	for (size_t row = 0; row < height; row++) {
		const uint8_t *rgb =
			pen->chart->map->rgb[(height - 1 - row) * COLORMAP_SIZE / height];

		cairo_set_source_rgb(pen->cr, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
		fill(pen, x, y + (double)row, BAR_WIDTH, 1);
	}
	draw_y_ticks(pen, &l->range_ticks, right, true, false);
	draw_upright_label(pen, (double)l->width - MARGIN - (LINE - ASCENT), l->range_ticks.label);
}

static void draw_title(const struct pen *pen)
{
	size_t room = pen->layout->width - pen->layout->x - MARGIN;
	char text[TEXT_MAX];

	text_fit(pen->fonts, TEXT_TITLE, (int)room, pen->chart->title, text);
	ink_text(pen);
	text_draw(pen->cr, pen->fonts, TEXT_TITLE, (double)pen->layout->x, MARGIN + TITLE_ASCENT,
		text);
}

/* What markers stand along, px. */
static size_t marker_room(const struct chart *chart)
{
	return chart->markers_upright ? chart->width : chart->height;
}

static bool marker_drawn(const struct chart *chart, const struct chart_marker *marker)
{
	return marker->row > 0 && marker->row < marker_room(chart);
}

static void draw_marker_line(const struct pen *pen, const struct chart_marker *marker)
{
	double width = (double)pen->chart->width, height = (double)pen->chart->height;
	double at = (double)marker->row, y = (double)pen->layout->y;
	bool upright = pen->chart->markers_upright;

	for (size_t i = 0; i < pen->chart->panels; i++) {
		double x = panel_x(pen, i);

		for (int white = 0; white < 2; white++) {
			cairo_set_source_rgb(pen->cr, white, white, white);
			if (upright)
				fill(pen, x + at - 1 + white, y, 1, height);
			else
				fill(pen, x, y + at - 1 + white, width, 1);
		}
	}
}

/* Whether `size` px from `from` on along the markers, and a little more, hold no line or label. */
static bool label_fits(const struct chart *chart, size_t from, size_t size, size_t taken)
{
	if (from < taken || from + size + BOX_INSET > marker_room(chart))
		return false;
	for (size_t i = 0; i < chart->marker_count; i++) {
		const struct chart_marker *m = &chart->markers[i];

		if (marker_drawn(chart, m) && m->row + 1 >= from && m->row <= from + size + 1)
			return false;
	}
	return true;
}

/* A label on its box, whose upper left corner is at (x, y) in the first data area. */
static void draw_marker_label(const struct pen *pen, const char *label, size_t x, size_t y)
{
	double left = (double)(pen->layout->x + x), top = (double)(pen->layout->y + y);
	double length = text_length(pen->fonts, TEXT_PLAIN, label);

	cairo_set_source_rgba(pen->cr, 1, 1, 1, 0.85);
	fill(pen, left, top, length + 2 * BOX_INSET, LINE + 1);
	ink_text(pen);
	text_draw(pen->cr, pen->fonts, TEXT_PLAIN, left + BOX_INSET, top + ASCENT + 1, label);
}

static void draw_markers(const struct pen *pen)
{
	const struct chart *chart = pen->chart;
	bool upright = chart->markers_upright;
	size_t taken = 0; /* what is before this holds labels */

	for (size_t i = 0; i < chart->marker_count; i++) {
		const struct chart_marker *m = &chart->markers[i];
		size_t length = (size_t)text_length(pen->fonts, TEXT_PLAIN, m->label);
		size_t size = upright ? length + 2 * BOX_INSET : LINE;
		size_t across = upright ? LINE : length + 2 * BOX_INSET;
		size_t behind = m->row + BOX_INSET, before = m->row - BOX_INSET - size - 2, at;
		bool narrow =
			across + 2 * BOX_INSET > (upright ? chart->height : chart->width);

		if (!marker_drawn(chart, m))
			continue;
		draw_marker_line(pen, m);
		if (narrow)
			continue;
		if (label_fits(chart, behind, size, taken)) {
			at = behind;
			taken = behind + size + BOX_INSET;
		} else if (m->row > BOX_INSET + size + 2 && label_fits(chart, before, size, taken)) {
			at = before;
			taken = m->row;
		} else {
			continue;
		}
		draw_marker_label(pen, m->label, upright ? at : BOX_INSET, upright ? BOX_INSET : at);
	}
}

static void draw_all(const struct pen *pen)
{
	const struct chart *chart = pen->chart;

	cairo_set_source_rgb(pen->cr, 1, 1, 1);
	cairo_paint(pen->cr);
	if (chart->axes)
		draw_axes(pen);
	if (chart->colorbar)
		draw_colorbar(pen);
	if (chart->title)
		draw_title(pen);
	cairo_set_operator(pen->cr, CAIRO_OPERATOR_CLEAR);
	for (size_t i = 0; i < chart->panels; i++)
		fill(pen, panel_x(pen, i), (double)pen->layout->y, (double)chart->width,
			(double)chart->height);
	cairo_set_operator(pen->cr, CAIRO_OPERATOR_OVER);
	draw_markers(pen);
}

/* A line through every tick. */
static void draw_grid(const struct pen *pen, size_t panel)
{
	const struct axis_ticks *y_ticks = &pen->layout->y_ticks;
	double x = panel_x(pen, panel), y = (double)pen->layout->y;
	double width = (double)pen->chart->width, height = (double)pen->chart->height;
	struct axis_ticks x_ticks;

	place_ticks(pen->fonts, &pen->chart->x[panel], pen->chart->width, false, &x_ticks);
	cairo_set_source_rgb(pen->cr, 0.9, 0.9, 0.9);
	for (size_t i = 0; i < x_ticks.count; i++)
		fill(pen, x + tick_pixel(&x_ticks.tick[i], pen->chart->width), y, 1, height);
	for (size_t i = 0; i < y_ticks->count; i++)
		fill(pen, x, tick_row(pen, &y_ticks->tick[i], !pen->chart->y_upward), width, 1);
}

static void draw_panel_curves(const struct pen *pen, size_t panel)
{
	const struct chart *chart = pen->chart;
	const struct curve_box box = {panel_x(pen, panel), (double)pen->layout->y, chart->width,
		chart->height, chart->y.from, chart->y.to};

	cairo_save(pen->cr);
	cairo_rectangle(pen->cr, box.x, box.y, (double)box.width, (double)box.height);
	cairo_clip(pen->cr);
	cairo_set_source_rgb(pen->cr, 1, 1, 1);
	cairo_paint(pen->cr);
	if (chart->axes)
		draw_grid(pen, panel);
	cairo_set_line_width(pen->cr, CURVE_WIDTH);
	cairo_set_line_join(pen->cr, CAIRO_LINE_JOIN_ROUND);
	for (size_t i = 0; i < chart->curve_count; i++) {
		ink_curve(pen, &chart->curves[i]);
		curve_path(pen->cr, &box, chart->curves[i].values + panel * chart->points,
			chart->points);
		cairo_stroke(pen->cr);
	}
	cairo_restore(pen->cr);
}

static void draw_curves(const struct pen *pen)
{
	for (size_t i = 0; i < pen->chart->panels; i++)
		draw_panel_curves(pen, i);
}

/* Lays the drawing, premultiplied ARGB, over the picture. */
static void lay_over(const struct chart_layout *l, cairo_surface_t *surface, uint8_t *picture)
{
	size_t plane = l->width * l->height;
	int stride = cairo_image_surface_get_stride(surface);

	cairo_surface_flush(surface);
	for (size_t y = 0; y < l->height; y++) {
		const unsigned char *bytes =
			cairo_image_surface_get_data(surface) + (ptrdiff_t)y * stride;

		for (size_t x = 0; x < l->width; x++) {
			uint8_t *out = picture + y * l->width + x;
			uint32_t argb, clear;

			memcpy(&argb, bytes + 4 * x, 4);
			clear = 255 - (argb >> 24);
			out[0] = (uint8_t)((argb >> 16 & 255) + (out[0] * clear + 127) / 255);
			out += plane;
			out[0] = (uint8_t)((argb >> 8 & 255) + (out[0] * clear + 127) / 255);
			out += plane;
			out[0] = (uint8_t)((argb & 255) + (out[0] * clear + 127) / 255);
		}
	}
}

/* What draw draws, laid over the picture. */
static int draw_over(const struct chart *chart, const struct chart_fonts *fonts,
	const struct chart_layout *layout, void (*draw)(const struct pen *pen), uint8_t *picture,
	struct error *e)
{
	cairo_surface_t *surface = cairo_image_surface_create(
		CAIRO_FORMAT_ARGB32, (int)layout->width, (int)layout->height);
	struct pen pen = {cairo_create(surface), chart, &fonts->fonts, layout};
	cairo_status_t status;

	draw(&pen);
	status = cairo_status(pen.cr);
	if (status == CAIRO_STATUS_SUCCESS)
		lay_over(layout, surface, picture);
	cairo_destroy(pen.cr);
	cairo_surface_destroy(surface);
	if (status != CAIRO_STATUS_SUCCESS)
		return fail(e, EXIT_OS, "picture: %s", cairo_status_to_string(status));
	return 0;
}

int chart_draw(const struct chart *chart, const struct chart_fonts *fonts,
	const struct chart_layout *layout, uint8_t *picture, struct error *e)
{
	return draw_over(chart, fonts, layout, draw_all, picture, e);
}

int chart_trace(const struct chart *chart, const struct chart_fonts *fonts,
	const struct chart_layout *layout, uint8_t *picture, struct error *e)
{
	return draw_over(chart, fonts, layout, draw_curves, picture, e);
}
