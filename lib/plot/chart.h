/* SPDX-License-Identifier: ISC */
/*
 * Charts: data areas side by side, one per panel, with axes, a colour bar or a legend, a title and
 * marker lines. A chart is laid out first; then the caller colours the data areas in a picture of
 * the size found, pixel by pixel as they shall appear, or has curves drawn there; then the rest is
 * drawn around them.
 */
#ifndef LEAT_PLOT_CHART_H
#define LEAT_PLOT_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plot/axis.h"
#include "plot/colormap.h"

/* The longest side of a picture in px. */
#define CHART_SIDE_MAX 32000

/*
 * A line across all panels between data rows row - 1 and row, which it covers in black and white.
 * Its label stands below the line, or above it where it would meet another line or label, or not
 * at all. Of upright markers the row is a column; their labels stand right of the line, or left.
 */
struct chart_marker {
	size_t row; /* 1 … height - 1, or column 1 … width - 1; others are not drawn */
	char label[AXIS_CHANGE_TEXT];
};

/* A line through data, one part of it in each panel. */
struct chart_curve {
	const char *name;    /* in the legend */
	uint32_t rgb;	     /* 0xRRGGBB */
	const float *values; /* [panels][points], in the unit of the y axis; NaN is a break */
};

/* Texts are UTF-8; what is not UTF-8 and control characters appear as \xHH. */
struct chart {
	size_t width, height; /* of each data area, px, > 0 */
	size_t panels;
	const char *panel_name; /* "subchannel" labels panels "subchannel 0" …; NULL = no labels */
	size_t panel_first;	/* the number of the first panel in its label */
	const struct axis *x;	/* of each panel, from left to right */
	struct axis y;		/* from top to bottom */
	bool y_upward;		/* from bottom to top instead */
	bool axes;		/* also panel labels */
	bool colorbar;
	const struct colormap *map;
	struct axis range;		    /* of the colour bar: AXIS_NUMBER, name = unit */
	const char *title;		    /* NULL = none */
	const struct chart_marker *markers; /* rows ascending */
	size_t marker_count;
	bool markers_upright;
	const struct chart_curve *curves; /* the last one above the others */
	size_t curve_count;		  /* several have a legend, if there are axes and room */
	size_t points;			  /* in the middles of as many equal parts of the x axis */
};

/* Where things are in the picture. Panel i's data area begins at (x + i * pitch, y). */
struct chart_layout {
	size_t width, height; /* of the picture */
	size_t x, y, pitch;
	size_t bar_x; /* left edge of the colour bar */
	struct axis_ticks y_ticks, range_ticks;
};

/* The fonts, loaded once; read-only afterwards. */
struct chart_fonts;

/*
 * Loads the fonts. What follows opens no file, so a process may give up the right to. 0, or
 * EXIT_UNAVAILABLE.
 */
int chart_warm_up(struct chart_fonts **fonts, struct error *e);
void chart_fonts_free(struct chart_fonts *fonts);

/* 0, or EXIT_USAGE if the picture would be larger than CHART_SIDE_MAX. */
int chart_layout(const struct chart *chart, const struct chart_fonts *fonts,
	struct chart_layout *layout, struct error *e);

/*
 * Colours the data areas of the picture (see chart_draw) by values, [panels][height][width], in the
 * unit of chart->range: chart->map over that range.
 */
void chart_paint(const struct chart *chart, const struct chart_layout *layout, const float *values,
	uint8_t *picture);

/*
 * Draws chart->curves into the data areas of the picture (see chart_draw), on white and, if there
 * are axes, a grid through the ticks. The y axis is one of numbers, upward, from < to. 0 or
 * EXIT_OS.
 */
int chart_trace(const struct chart *chart, const struct chart_fonts *fonts,
	const struct chart_layout *layout, uint8_t *picture, struct error *e);

/*
 * Completes the picture, u8 [3][layout->height][layout->width] top-down, whose data areas hold
 * their colours; nothing in them changes but where markers are. 0 or EXIT_OS.
 */
int chart_draw(const struct chart *chart, const struct chart_fonts *fonts,
	const struct chart_layout *layout, uint8_t *picture, struct error *e);

#endif
