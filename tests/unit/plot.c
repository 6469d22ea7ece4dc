/* SPDX-License-Identifier: ISC */
/* Colour maps against matplotlib, ticks, and charts pixel by pixel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../seed.h"
#include "../test.h"
#include "base/mem.h"
#include "plot/chart.h"

/* Colour maps. */

#define PRINT_MAPS                                           \
	" -c 'import matplotlib\n"                           \
	"for name in \"" COLORMAP_NAMES "\".split(\"|\"):\n" \
	"  m = matplotlib.colormaps[name]\n"                 \
	"  for i in range(256): print(*[round(255 * v) for v in m(i)[:3]])' 2>/dev/null"

/* Largest difference to matplotlib's entries, read from a python; -1 if it has no matplotlib. */
static int map_difference(const char *python, int *name)
{
	char command[1024];
	struct colormap map;
	int worst = 0, rgb[3];
	FILE *pipe;

	snprintf(command, sizeof(command), "%s" PRINT_MAPS, python);
	pipe = popen(command, "r");
	if (!pipe)
		return -1;
	for (int i = 0; i < COLORMAP_COUNT * COLORMAP_SIZE; i++) {
		if (fscanf(pipe, "%d %d %d", &rgb[0], &rgb[1], &rgb[2]) != 3) {
			worst = -1;
			break;
		}
		if (i % COLORMAP_SIZE == 0)
			colormap_make(&map, (enum colormap_name)(i / COLORMAP_SIZE));
		for (int c = 0; c < 3; c++) {
			int difference = abs(rgb[c] - map.rgb[i % COLORMAP_SIZE][c]);

			if (difference > worst) {
				worst = difference;
				*name = i / COLORMAP_SIZE;
			}
		}
	}
	pclose(pipe);
	return worst;
}

static void test_maps_against_matplotlib(void)
{
	int name = 0, worst = map_difference("python3", &name);

	if (worst < 0)
		worst = map_difference("/usr/bin/python3", &name);
	if (worst < 0)
		skip("colour maps against matplotlib", "no matplotlib");
	else
		check(worst <= 1, "colour maps are within 1/255 of matplotlib (worst %d, map %d)",
			worst, name);
}

static void test_apply(void)
{
	const float values[] = {-INFINITY, -100, -50.001f, -50, -0.001f, 0, INFINITY, NAN};
	const int entries[] = {0, 0, 127, 128, 255, 255, 255, -1};
	uint8_t red[8], green[8], blue[8];
	struct colormap map;
	bool right = true;

	colormap_make(&map, COLORMAP_VIRIDIS);
	colormap_apply(&map, values, 8, -100, 0, red, green, blue);
	for (int i = 0; i < 8; i++) {
		const uint8_t none[3] = {COLORMAP_NO_DATA, COLORMAP_NO_DATA, COLORMAP_NO_DATA};
		const uint8_t *rgb = entries[i] < 0 ? none : map.rgb[entries[i]];

		right = right && red[i] == rgb[0] && green[i] == rgb[1] && blue[i] == rgb[2];
	}
	check(right,
		"values at, between and beyond the limits, infinite and NaN get their colours");
}

static void test_no_data_distinct(void)
{
	struct colormap map;
	int nearest = 1000;

	for (int name = 0; name < COLORMAP_GRAY; name++) {
		colormap_make(&map, (enum colormap_name)name);
		for (int i = 0; i < COLORMAP_SIZE; i++) {
			int distance = 0;

			for (int c = 0; c < 3; c++)
				distance += abs(map.rgb[i][c] - COLORMAP_NO_DATA);
			if (distance < nearest)
				nearest = distance;
		}
	}
	check(nearest > 60, "the grey of no data is far from every colour (%d)", nearest);
}

/* Axes. */

static void check_ticks(const struct axis *axis, unsigned most, const char *wanted)
{
	struct axis_ticks ticks;
	char got[1024];
	int n;

	axis_divide(axis, most, &ticks);
	n = snprintf(got, sizeof(got), "%s:", ticks.label);
	for (size_t i = 0; i < ticks.count; i++)
		n += snprintf(got + n, sizeof(got) - (size_t)n, " %s", ticks.tick[i].text);
	check(strcmp(got, wanted) == 0, "ticks \"%s\" (got \"%s\")", wanted, got);
}

static void check_frequency(double from, double to, const char *wanted)
{
	check_ticks(&(struct axis){.kind = AXIS_FREQUENCY, .name = "f", .from = from, .to = to}, 6,
		wanted);
}

static void check_time(enum axis_kind kind, struct utc start, double span_s, const char *wanted)
{
	check_ticks(&(struct axis){.kind = kind,
			    .name = "Time",
			    .start = start,
			    .span_ns = (int64_t)(span_s * 1e9)},
		6, wanted);
}

static void test_ticks(void)
{
	struct utc t;

	check_frequency(1022.75e6, 1025.25e6, "f (MHz): 1023.0 1023.5 1024.0 1024.5 1025.0");
	check_frequency(-16667, 16667,
		"f (kHz): \xe2\x88\x92"
		"10 0 10");
	check_frequency(1024e6 - 16667, 1024e6 + 16667, "f (MHz): 1023.99 1024.00 1024.01");
	check_frequency(2.4e9, 2.5e9, "f (MHz): 2400 2420 2440 2460 2480 2500");
	check_frequency(14.1e9, 14.3e9, "f (GHz): 14.10 14.15 14.20 14.25 14.30");
	check_frequency(7.0e6, 7.011e6, "f (kHz): 7000 7002 7004 7006 7008 7010");
	check_frequency(NAN, 1, "f:");
	check_frequency(1, 1, "f:");
	check_frequency(-INFINITY, INFINITY, "f:");
	check_frequency(1e15, 1e15 + 1e-9, "f:");

	utc_parse("2024-06-27T14:49:00Z", &t);
	check_time(AXIS_UTC, t, 2,
		"UTC 2024-06-27: 14:49:00.0 14:49:00.5 14:49:01.0 14:49:01.5 14:49:02.0");
	check_time(AXIS_UTC, t, 50,
		"UTC 2024-06-27: 14:49:00 14:49:10 14:49:20 14:49:30 14:49:40 14:49:50");
	check_time(AXIS_UTC, t, 900, "UTC 2024-06-27: 14:50 14:55 15:00");
	check_time(
		AXIS_UTC, t, 36000, "UTC 2024-06-27 to 2024-06-28: 16:00 18:00 20:00 22:00 00:00");
	check_time(AXIS_UTC, t, 86400 * 11,
		"UTC: 2024-06-28 2024-06-30 2024-07-02 2024-07-04 2024-07-06 2024-07-08");
	t.nsec = 999999999;
	check_time(AXIS_UTC, t, 2e-9,
		"UTC 2024-06-27: 14:49:00.999999999 14:49:01.000000000 14:49:01.000000001");
	t = (struct utc){0, 0};
	check_time(AXIS_ELAPSED, t, 0.125, "Time (ms): 0 50 100");
	check_time(AXIS_ELAPSED, t, 5e-6, "Time (\xc2\xb5s): 0 1 2 3 4 5");
	check_time(
		AXIS_ELAPSED, t, 7200, "Time (h:mm:ss): 0:00:00 0:30:00 1:00:00 1:30:00 2:00:00");
	t = (struct utc){3600, 0};
	check_time(
		AXIS_ELAPSED, t, 0.004, "Time (s): 3600.000 3600.001 3600.002 3600.003 3600.004");
	t = (struct utc){-1, 0};
	check_time(AXIS_ELAPSED, t, 2,
		"Time (s): \xe2\x88\x92"
		"1.0 \xe2\x88\x92"
		"0.5 0.0 0.5 1.0");
}

static bool ticks_sound(const struct axis_ticks *ticks, unsigned most)
{
	if (ticks->count > most)
		return false;
	for (size_t i = 0; i < ticks->count; i++) {
		const struct axis_tick *tick = &ticks->tick[i];

		if (!(tick->position >= 0 && tick->position <= 1) || !tick->text[0])
			return false;
		if (i > 0 && (tick->position <= tick[-1].position ||
				     strcmp(tick->text, tick[-1].text) == 0))
			return false;
	}
	return true;
}

static void test_random_numbers(void)
{
	bool sound = true;

	for (int i = 0; i < 20000 && sound; i++) {
		double middle = (below(2000001) - 1e6) * pow(10, below(8) - 2.0);
		double span = (1 + below(1000)) * pow(10, below(14) - 5.0);
		unsigned most = 1 + below(AXIS_TICKS_MAX);
		struct axis axis = {.kind = AXIS_FREQUENCY,
			.name = "f",
			.from = middle - span / 2,
			.to = middle + span / 2};
		struct axis_ticks ticks;

		if (span < 1e-7 * fabs(middle))
			continue;
		axis_divide(&axis, most, &ticks);
		sound = ticks_sound(&ticks, most) && (most < 3 || ticks.count > 0);
		if (!sound)
			printf("# %.17g … %.17g, at most %u\n", axis.from, axis.to, most);
	}
	check(sound, "ticks of 20000 random ranges are few, ascending, inside and all different");
}

/* Ticks of UTC that show seconds are read back: each lies exactly where its text says. */
static void test_random_times(void)
{
	bool sound = true, exact = true;

	for (int i = 0; i < 20000 && sound && exact; i++) {
		struct axis axis = {.kind = AXIS_UTC,
			.start = {below(2000000000), (int32_t)below(1000000000)},
			.span_ns = (int64_t)((1 + below(999)) * pow(10, below(11)))};
		unsigned most = 1 + below(AXIS_TICKS_MAX);
		struct axis_ticks ticks;
		char text[UTC_TEXT];
		struct utc t;

		axis_divide(&axis, most, &ticks);
		sound = ticks_sound(&ticks, most);
		for (size_t k = 0; k < ticks.count && axis.span_ns < 60000000000; k++) {
			utc_format(text, axis.start, 0);
			snprintf(text + 11, sizeof(text) - 11, "%s", ticks.tick[k].text);
			if (!utc_parse(text, &t))
				exact = false;
			if (utc_minus(t, axis.start) < 0)
				t.sec += 86400;
			exact = exact && (double)utc_minus(t, axis.start) / (double)axis.span_ns ==
						 ticks.tick[k].position;
		}
		if (!sound || !exact)
			printf("# start %lld.%09d span %lld ns, at most %u\n",
				(long long)axis.start.sec, (int)axis.start.nsec,
				(long long)axis.span_ns, most);
	}
	check(sound, "ticks of 20000 random times are few, ascending, inside and all different");
	check(exact, "ticks of times lie exactly where their texts say");
}

/* Charts. */

#define PANELS_MAX 4

static const struct axis bands[PANELS_MAX] = {
	{.kind = AXIS_FREQUENCY, .name = "Frequency", .from = 1e9, .to = 1.1e9},
	{.kind = AXIS_FREQUENCY, .name = "Frequency", .from = -5e3, .to = 5e3},
	{.kind = AXIS_FREQUENCY, .name = "Frequency offset", .from = -7e6, .to = 7e6},
	{.kind = AXIS_FREQUENCY, .name = "Frequency", .from = 0, .to = 0},
};

static struct colormap gray;

static struct chart some_chart(size_t width, size_t height, size_t panels)
{
	return (struct chart){
		.width = width,
		.height = height,
		.panels = panels,
		.panel_name = panels > 1 ? "subchannel" : NULL,
		.x = bands,
		.y = {.kind = AXIS_UTC, .start = {1719499740, 0}, .span_ns = 2000000000},
		.axes = true,
		.colorbar = true,
		.map = &gray,
		.range = {.kind = AXIS_NUMBER, .name = "dBFS/Hz", .from = -120, .to = -20},
	};
}

/* A colour that neither ink nor paper has, different from pixel to pixel. */
static uint8_t data_value(size_t plane, size_t panel, size_t y, size_t x)
{
	return (uint8_t)(40 + (plane * 31 + panel * 17 + y * 7 + x * 3) % 100);
}

static uint8_t *at(const struct chart_layout *l, uint8_t *picture, size_t plane, size_t panel,
	size_t y, size_t x)
{
	return picture + (plane * l->height + l->y + y) * l->width + l->x + panel * l->pitch + x;
}

/* NULL if it cannot be drawn. */
static uint8_t *draw(
	const struct chart *chart, const struct chart_fonts *fonts, struct chart_layout *l)
{
	struct error e;
	uint8_t *picture;

	if (chart_layout(chart, fonts, l, &e))
		return NULL;
	picture = xcalloc(3 * l->width, l->height);
	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < chart->panels; i++)
			for (size_t y = 0; y < chart->height; y++)
				for (size_t x = 0; x < chart->width; x++)
					*at(l, picture, p, i, y, x) = data_value(p, i, y, x);
	if (chart_draw(chart, fonts, l, picture, &e) == 0)
		return picture;
	free(picture);
	return NULL;
}

/* The number of data pixels that differ from what was put there. */
static size_t changed(const struct chart *chart, const struct chart_layout *l, uint8_t *picture)
{
	size_t count = 0;

	for (size_t i = 0; i < chart->panels; i++)
		for (size_t y = 0; y < chart->height; y++)
			for (size_t x = 0; x < chart->width; x++)
				for (size_t p = 0; p < 3; p++)
					if (*at(l, picture, p, i, y, x) != data_value(p, i, y, x)) {
						count++;
						break;
					}
	return count;
}

/* Whether a border of a few pixels is white: nothing is cut off at the edges of the picture. */
static bool border_white(const struct chart_layout *l, const uint8_t *picture)
{
	const size_t border = 5;

	for (size_t y = 0; y < l->height; y++)
		for (size_t x = 0; x < l->width; x++) {
			bool inside = y >= border && y + border < l->height && x >= border &&
				      x + border < l->width;

			if (!inside && picture[y * l->width + x] != 255)
				return false;
		}
	return true;
}

static size_t dark_pixels(const struct chart_layout *l, const uint8_t *picture, size_t x, size_t y,
	size_t width, size_t height)
{
	size_t count = 0;

	for (size_t row = y; row < y + height && row < l->height; row++)
		for (size_t column = x; column < x + width && column < l->width; column++)
			count += picture[row * l->width + column] < 100;
	return count;
}

static void test_sizes(const struct chart_fonts *fonts)
{
	static const char *const titles[] = {NULL, "A title", "\xff\x01 broken \xe2\x80",
		"A title that is very much longer than any of these pictures is wide, so it must "
		"be "
		"cut somewhere, and that shows as an ellipsis at its end, and still it goes on and "
		"on without a purpose until it has more bytes than any text in a chart may have."};
	bool drawn = true, exact = true, white = true;

	for (int i = 0; i < 60 && drawn && exact && white; i++) {
		struct chart chart = some_chart(1 + below(i % 3 ? 300 : 30),
			1 + below(i % 2 ? 300 : 30), 1 + below(PANELS_MAX));
		struct chart_layout l;
		uint8_t *picture;

		chart.title = titles[i % 4];
		chart.axes = i % 5 != 0;
		chart.colorbar = i % 7 != 0;
		picture = draw(&chart, fonts, &l);
		drawn = picture != NULL;
		if (!drawn)
			break;
		exact = changed(&chart, &l, picture) == 0;
		white = border_white(&l, picture) || !(chart.axes || chart.colorbar || chart.title);
		if (!exact || !white)
			printf("# %zu x %zu, %zu panels, run %d\n", chart.width, chart.height,
				chart.panels, i);
		free(picture);
	}
	check(drawn, "charts of random sizes are drawn");
	check(exact, "data pixels appear 1:1 where the layout says");
	check(white, "nothing is cut off at the borders");
}

static void test_bare(const struct chart_fonts *fonts)
{
	struct chart chart = some_chart(64, 48, 1);
	struct chart_layout l;
	uint8_t *picture;

	chart.axes = chart.colorbar = false;
	picture = draw(&chart, fonts, &l);
	check(picture && l.width == 64 && l.height == 48 && changed(&chart, &l, picture) == 0,
		"without axes, colour bar and title the picture is the data");
	free(picture);
}

static void test_too_large(const struct chart_fonts *fonts)
{
	struct chart chart = some_chart(20000, 10, 2);
	struct chart_layout l;
	struct error e;

	check(chart_layout(&chart, fonts, &l, &e) == EXIT_USAGE, "a picture too wide is refused");
}

static void test_furniture(const struct chart_fonts *fonts)
{
	struct chart chart = some_chart(400, 300, 1);
	struct chart_layout l;
	uint8_t *picture = draw(&chart, fonts, &l);
	size_t below = l.y + chart.height + 2, middle = l.bar_x + 5;

	check(dark_pixels(&l, picture, 0, l.y - 8, l.x - 6, chart.height + 16) > 200,
		"the time axis is lettered");
	check(dark_pixels(&l, picture, l.x, below + 3, chart.width, l.height - below) > 200,
		"the frequency axis is lettered");
	check(dark_pixels(&l, picture, l.bar_x + 20, l.y, l.width, chart.height) > 200,
		"the colour bar is lettered");
	check(picture[l.y * l.width + middle] == 255 &&
			picture[(l.y + chart.height - 1) * l.width + middle] == 0 &&
			abs(picture[(l.y + chart.height / 2) * l.width + middle] - 127) <= 1,
		"the colour bar runs from its last entry down to its first");
	free(picture);
}

static void test_markers(const struct chart_fonts *fonts)
{
	const struct chart_marker markers[] = {{0, "never"}, {50, "1024 \xe2\x86\x92 1030 MHz"},
		{55, "dropped"}, {60, "below"}, {299, "above"}, {300, "never"}};
	struct chart chart = some_chart(400, 300, 2);
	struct chart_layout l;
	uint8_t *picture;
	bool lines = true, labels;
	size_t count;

	chart.markers = markers;
	chart.marker_count = COUNT_OF(markers);
	picture = draw(&chart, fonts, &l);
	for (size_t i = 1; i <= 4; i++)
		for (size_t panel = 0; panel < 2; panel++)
			for (size_t x = 0; x < chart.width; x++)
				lines = lines &&
					*at(&l, picture, 1, panel, markers[i].row, x) == 255 &&
					*at(&l, picture, 1, panel, markers[i].row - 1, x) == 0;
	check(lines, "marker lines cross all panels, none hidden by a label");
	count = changed(&chart, &l, picture) - 4 * 2 * 2 * chart.width;
	labels = count > 15 * 3 * 30 && count < 15 * 3 * 150;
	check(labels, "three of four marker labels find a place (%zu pixels)", count);
	free(picture);
}

/* The uppermost and lowermost row of a data column that hold ink, or false. */
static bool inked_rows(const struct chart *chart, const struct chart_layout *l, uint8_t *picture,
	size_t panel, size_t x, size_t *top, size_t *bottom)
{
	*top = chart->height;
	*bottom = 0;
	for (size_t y = 0; y < chart->height; y++)
		if (*at(l, picture, 0, panel, y, x) < 128) {
			*top = *top < y ? *top : y;
			*bottom = y;
		}
	return *top < chart->height;
}

/* Black curves without axes: what is dark is the curve. */
static uint8_t *trace(struct chart *chart, const struct chart_fonts *fonts, const float *values,
	size_t points, struct chart_layout *l)
{
	struct chart_curve curve = {"black", 0, values};
	struct error e;
	uint8_t *picture;

	chart->axes = chart->colorbar = false;
	chart->y = (struct axis){.kind = AXIS_NUMBER, .name = "dB", .from = 0, .to = 100};
	chart->y_upward = true;
	chart->curves = &curve;
	chart->curve_count = 1;
	chart->points = points;
	if (chart_layout(chart, fonts, l, &e))
		return NULL;
	picture = xcalloc(3 * l->width, l->height);
	if (chart_trace(chart, fonts, l, picture, &e) || chart_draw(chart, fonts, l, picture, &e))
		die_with(&e);
	return picture;
}

#define POINTS 100000

/* Row of the least or greatest value, whichever `sign` makes the greater, in columns from … to. */
static double extreme_row(const float *values, size_t from, size_t to, size_t width, float sign)
{
	float extreme = -INFINITY;

	for (size_t i = from * POINTS / width; i < (to + 1) * POINTS / width; i++)
		extreme = fmaxf(extreme, sign * values[i]);
	return 200 - 2 * sign * extreme;
}

/*
 * Many random values to a column: its ink reaches the least and the greatest, and goes no further
 * than to those of its neighbours, as a line is wider than a column.
 */
static void test_curve_extremes(const struct chart_fonts *fonts)
{
	struct chart chart = some_chart(90, 200, 2);
	float *values = xaligned(2 * POINTS, sizeof(*values));
	struct chart_layout l;
	uint8_t *picture;
	bool right = true;

	for (size_t i = 0; i < 2 * POINTS; i++)
		values[i] = (float)(45 + below(10) + (below(3000) ? 0 : below(80) - 40.0));
	picture = trace(&chart, fonts, values, POINTS, &l);
	for (size_t panel = 0; panel < 2; panel++)
		for (size_t x = 1; x < chart.width - 1; x++) {
			const float *v = values + panel * POINTS;
			size_t top = 0, bottom = 0;

			right = right && inked_rows(&chart, &l, picture, panel, x, &top, &bottom) &&
				(double)top < extreme_row(v, x, x, chart.width, 1) + 2 &&
				(double)top > extreme_row(v, x - 1, x + 1, chart.width, 1) - 3 &&
				(double)bottom > extreme_row(v, x, x, chart.width, -1) - 3 &&
				(double)bottom < extreme_row(v, x - 1, x + 1, chart.width, -1) + 2;
		}
	check(right, "a column of a curve shows its least and greatest value");
	free(picture);
	free(values);
}

static void test_curve_breaks(const struct chart_fonts *fonts)
{
	const float values[] = {50, 50, NAN, 50, NAN, INFINITY, 50, -INFINITY};
	struct chart chart = some_chart(80, 100, 1);
	struct chart_layout l;
	uint8_t *picture = trace(&chart, fonts, values, COUNT_OF(values), &l);
	size_t top = 0, bottom = 0;
	bool right = true;

	for (size_t x = 0; x < 54; x++) {
		bool wanted = (x >= 5 && x < 15) || (x >= 30 && x < 40);

		right = right && inked_rows(&chart, &l, picture, 0, x, &top, &bottom) == wanted &&
			(!wanted || (top == 49 && bottom == 50));
	}
	check(right, "NaN breaks a curve, and a value alone is as wide as its part");
	check(inked_rows(&chart, &l, picture, 0, 64, &top, &bottom) && top == 0 && bottom == 99,
		"infinite values lead out of the data area");
	free(picture);
}

/* Grid lines stand where the ticks stand, outside the frame. */
static void test_grid(const struct chart_fonts *fonts)
{
	struct chart chart = some_chart(300, 200, 2);
	const float none[] = {NAN, NAN};
	const struct chart_curve curves[] = {{"one", 0xff0000, none}, {"two", 0, none}};
	struct chart_layout with, without;
	struct error e;
	uint8_t *picture;
	bool right = true;
	size_t ticks = 0;

	chart.colorbar = false;
	chart.y = (struct axis){.kind = AXIS_NUMBER, .name = "dB", .from = -7, .to = 93};
	chart.y_upward = true;
	chart.curves = curves;
	chart.points = 1;
	chart.panel_name = NULL;
	chart.curve_count = 1;
	chart_layout(&chart, fonts, &without, &e);
	chart.curve_count = 2;
	chart_layout(&chart, fonts, &with, &e);
	check(with.height > without.height && with.width == without.width,
		"two curves have a legend");
	picture = xcalloc(3 * with.width, with.height);
	if (chart_trace(&chart, fonts, &with, picture, &e) ||
		chart_draw(&chart, fonts, &with, picture, &e))
		die_with(&e);
	for (size_t y = 0; y < chart.height; y++) {
		bool tick = picture[(with.y + y) * with.width + with.x - 4] < 200;

		right = right && tick == (*at(&with, picture, 0, 1, y, 1) < 255);
		ticks += tick;
	}
	for (size_t x = 0; x < chart.width; x++) {
		bool tick = picture[(with.y + chart.height + 3) * with.width + with.x + x] < 200;

		right = right && tick == (*at(&with, picture, 0, 0, 0, x) < 255);
		ticks += tick;
	}
	check(right && ticks == 5, "the grid goes through the ticks");
	free(picture);
}

/* With no descriptor to be had, open() fails: charts must look the same. */
static void test_opens_nothing(const struct chart_fonts *fonts)
{
	struct chart chart = some_chart(300, 200, 2);
	struct rlimit before, none;
	struct chart_layout a, b;
	uint8_t *without, *with;

	chart.title = "\xc3\xa4\xc2\xb5\xce\xa9 \xe2\x86\x92 \xe6\x9d\xb1";
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	without = draw(&chart, fonts, &a);
	setrlimit(RLIMIT_NOFILE, &before);
	with = draw(&chart, fonts, &b);
	check(without && with && a.width == b.width && a.height == b.height &&
			memcmp(without, with, 3 * a.width * a.height) == 0,
		"after the warm-up a chart needs no file, and is the same every time");
	free(without);
	free(with);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

int main(int argc, char **argv)
{
	struct chart_fonts *fonts;
	struct error e;
	double start;

	seed_from(argc, argv);
	start = now_ms();
	if (chart_warm_up(&fonts, &e)) {
		check(false, "fonts load: %s", e.text);
		return done();
	}
	printf("# warm-up %.1f ms\n", now_ms() - start);
	colormap_make(&gray, COLORMAP_GRAY);
	test_opens_nothing(fonts);
	test_maps_against_matplotlib();
	test_apply();
	test_no_data_distinct();
	test_ticks();
	test_random_numbers();
	test_random_times();
	test_sizes(fonts);
	test_bare(fonts);
	test_too_large(fonts);
	test_furniture(fonts);
	test_markers(fonts);
	test_curve_extremes(fonts);
	test_curve_breaks(fonts);
	test_grid(fonts);
	chart_fonts_free(fonts);
	return done();
}
