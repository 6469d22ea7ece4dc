/* SPDX-License-Identifier: ISC */
#include "plot/axis.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define NS INT64_C(1000000000)
#define MINUS "\xe2\x88\x92" /* U+2212, as wide as a figure */

typedef __int128 wide;

struct axis axis_of_samples(int64_t from, int64_t to, struct rate rate, const struct utc *time0)
{
	struct utc origin = time0 ? *time0 : (struct utc){0};
	struct utc start = utc_after(origin, from, rate);

	return (struct axis){
		.kind = time0 ? AXIS_UTC : AXIS_ELAPSED,
		.name = "Time",
		.start = start,
		.span_ns = utc_minus(utc_after(origin, to, rate), start),
	};
}

struct axis axis_of_band(double centre_hz, double low_hz, double width_hz)
{
	return (struct axis){
		.kind = AXIS_FREQUENCY,
		.name = centre_hz != 0 ? "Frequency" : "Frequency offset",
		.from = centre_hz + low_hz,
		.to = centre_hz + low_hz + width_hz,
	};
}

/* A round step of numbers: mantissa * 10^exponent, the mantissa 1, 2 or 5. */
struct step {
	int mantissa, exponent;
};

static const int mantissas[] = {1, 2, 5};
static const char *const frequency_units[] = {"Hz", "kHz", "MHz", "GHz"};

static double times_ten_to(double v, int exponent)
{
	return exponent >= 0 ? v * pow(10, exponent) : v / pow(10, -exponent);
}

static double step_size(struct step step)
{
	return times_ten_to(step.mantissa, step.exponent);
}

/* The multiples of the step between the edges, with a little grace for rounding. */
static void multiples(const struct axis *axis, struct step step, double *first, double *last)
{
	*first = ceil(axis->from / step_size(step) - 1e-6);
	*last = floor(axis->to / step_size(step) + 1e-6);
}

static struct step finest_step(const struct axis *axis, unsigned most)
{
	int exponent = (int)floor(log10((axis->to - axis->from) / most)) - 1;
	struct step step;
	double first, last;

	for (unsigned i = 0;; i++) {
		step = (struct step){mantissas[i % 3], exponent + (int)(i / 3)};
		multiples(axis, step, &first, &last);
		if (last - first < most)
			return step;
	}
}

/* The smallest unit in which frequencies up to `largest` Hz have four figures before the point. */
static int short_exponent(double largest)
{
	int exponent = 0;

	while (exponent < 9 && !(largest < times_ten_to(1e4, exponent)))
		exponent += 3;
	return exponent;
}

/*
 * The power of ten in which frequencies up to `largest` Hz read best: the largest unit that needs
 * at most one decimal, else the shortest.
 */
static int frequency_exponent(double largest, struct step step)
{
	for (int exponent = 9; exponent >= 0; exponent -= 3)
		if (exponent - step.exponent <= 1 && largest < times_ten_to(1e4, exponent))
			return exponent;
	return short_exponent(largest);
}

void axis_change_text(char out[AXIS_CHANGE_TEXT], double from_hz, double to_hz)
{
	int exponent = short_exponent(fmax(fabs(from_hz), fabs(to_hz)));
	char from[NUMBER_TEXT], to[NUMBER_TEXT];

	format_f64(from, times_ten_to(from_hz, -exponent));
	format_f64(to, times_ten_to(to_hz, -exponent));
	snprintf(out, AXIS_CHANGE_TEXT, "%.39s \xe2\x86\x92 %.39s %s", from, to,
		frequency_units[exponent / 3]);
}

static void divide_numbers(const struct axis *axis, unsigned most, struct axis_ticks *ticks)
{
	double largest = fmax(fabs(axis->from), fabs(axis->to)), span = axis->to - axis->from;
	int unit = 0, decimals;
	struct step step;
	double first, last;

	snprintf(ticks->label, sizeof(ticks->label), "%s", axis->name);
	if (!(span > 0) || !(largest < 1e18) || span < largest * 1e-12 || span < 1e-18)
		return;
	step = finest_step(axis, most);
	if (axis->kind == AXIS_FREQUENCY) {
		unit = frequency_exponent(largest, step);
		snprintf(ticks->label, sizeof(ticks->label), "%s (%s)", axis->name,
			frequency_units[unit / 3]);
	}
	decimals = unit > step.exponent ? unit - step.exponent : 0;
	multiples(axis, step, &first, &last);
	for (double k = first; k <= last; k++) {
		struct axis_tick *tick = &ticks->tick[ticks->count++];
		double value = times_ten_to(k * step.mantissa, step.exponent);

		tick->position = fmin(fmax((value - axis->from) / span, 0), 1);
		snprintf(tick->text, sizeof(tick->text), "%s%.*f", value < 0 ? MINUS : "", decimals,
			fabs(times_ten_to(k * step.mantissa, step.exponent - unit)));
	}
}

static wide floor_div(wide a, wide b)
{
	wide q = a / b;

	return q * b > a ? q - 1 : q;
}

static wide total_ns(struct utc t)
{
	return (wide)t.sec * NS + t.nsec;
}

static struct utc utc_of(wide ns)
{
	wide sec = floor_div(ns, NS);

	return (struct utc){.sec = (int64_t)sec, .nsec = (int32_t)(ns - sec * NS)};
}

/* 1, 2, 5, 10, 20 … */
static int64_t decade_step(unsigned i)
{
	int64_t step = mantissas[i % 3];

	for (i /= 3; i > 0; i--)
		step *= 10;
	return step;
}

#define SECOND_STEP 27 /* the first step of a second */
#define DAY_STEP 44    /* the first of a day */
#define STEPS 60       /* up to 100000 days; int64_t ns hold 106751 */

/* The i-th round step of times in ns. */
static int64_t time_step(unsigned i)
{
	static const int32_t clock_steps_s[DAY_STEP - SECOND_STEP] = {
		1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200};

	if (i < SECOND_STEP)
		return decade_step(i);
	if (i < DAY_STEP)
		return clock_steps_s[i - SECOND_STEP] * NS;
	return decade_step(i - DAY_STEP) * 86400 * NS;
}

/* Decimals that multiples of step need when counted in a unit of 10^digits ns. */
static int decimals_of(int64_t step, int digits)
{
	for (; digits > 0 && step % 10 == 0; digits--)
		step /= 10;
	return digits;
}

static void date_text(char out[UTC_TEXT], struct utc t)
{
	utc_format(out, t, 0);
	out[strcspn(out, "T")] = '\0';
}

/* "14:49", "14:49:05", "14:49:05.25" or, for steps of days, the date. */
static void utc_text(char *out, size_t size, wide ns, int64_t step)
{
	char text[UTC_TEXT];
	char *clock;

	if (step >= 86400 * NS) {
		date_text(text, utc_of(ns));
		snprintf(out, size, "%.31s", text);
		return;
	}
	utc_format(text, utc_of(ns), decimals_of(step, 9));
	clock = strchr(text, 'T');
	clock = clock ? clock + 1 : text;
	clock[step % (60 * NS) == 0 ? strlen("14:49") : strlen(clock) - 1] = '\0';
	snprintf(out, size, "%.31s", clock);
}

static void utc_label(const struct axis *axis, int64_t step, struct axis_ticks *ticks)
{
	char first[UTC_TEXT], last[UTC_TEXT];

	date_text(first, axis->start);
	date_text(last, utc_of(total_ns(axis->start) + axis->span_ns - 1));
	if (step >= 86400 * NS)
		snprintf(ticks->label, sizeof(ticks->label), "UTC");
	else if (strcmp(first, last) == 0)
		snprintf(ticks->label, sizeof(ticks->label), "UTC %s", first);
	else
		snprintf(ticks->label, sizeof(ticks->label), "UTC %.36s to %.36s", first, last);
}

#define CLOCK 10 /* h:mm:ss rather than a unit of 10^digits ns */

/* The unit of elapsed times, as digits of ns. */
static int elapsed_digits(const struct axis *axis, int64_t step)
{
	wide from = total_ns(axis->start), to = from + axis->span_ns;
	wide largest = to > -from ? to : -from;

	if (step >= 60 * NS)
		return CLOCK;
	return largest >= NS ? 9 : largest >= 1000000 ? 6 : largest >= 1000 ? 3 : 0;
}

static void elapsed_text(char *out, size_t size, wide ns, int64_t step, int digits)
{
	const char *sign = ns < 0 ? MINUS : "";
	wide rest = ns < 0 ? -ns : ns, unit = 1;
	long long whole;
	char fraction[16];

	if (digits == CLOCK) {
		whole = (long long)(rest / NS);
		snprintf(out, size, "%s%lld:%02d:%02d", sign, whole / 3600, (int)(whole / 60 % 60),
			(int)(whole % 60));
		return;
	}
	for (int i = 0; i < digits; i++)
		unit *= 10;
	whole = (long long)(rest / unit);
	snprintf(fraction, sizeof(fraction), ".%0*lld", digits, (long long)(rest % unit));
	digits = decimals_of(step, digits);
	fraction[digits > 0 ? digits + 1 : 0] = '\0';
	snprintf(out, size, "%s%lld%s", sign, whole, fraction);
}

static void elapsed_label(const struct axis *axis, int digits, struct axis_ticks *ticks)
{
	static const char *const units[] = {
		[0] = "ns", [3] = "\xc2\xb5s", [6] = "ms", [9] = "s", [CLOCK] = "h:mm:ss"};

	snprintf(ticks->label, sizeof(ticks->label), "%s (%s)", axis->name, units[digits]);
}

static void divide_time(const struct axis *axis, unsigned most, struct axis_ticks *ticks)
{
	wide from = total_ns(axis->start), to = from + axis->span_ns, first, last;
	int64_t step;
	unsigned i = 0;
	int digits;

	do {
		step = time_step(i);
		first = -floor_div(-from, step);
		last = floor_div(to, step);
	} while (last - first >= most && ++i < STEPS);
	digits = elapsed_digits(axis, step);
	if (axis->kind == AXIS_UTC)
		utc_label(axis, step, ticks);
	else
		elapsed_label(axis, digits, ticks);
	if (axis->span_ns <= 0 || i == STEPS)
		return;
	for (wide k = first; k <= last; k++) {
		struct axis_tick *tick = &ticks->tick[ticks->count++];

		tick->position = (double)(k * step - from) / (double)axis->span_ns;
		if (axis->kind == AXIS_UTC)
			utc_text(tick->text, sizeof(tick->text), k * step, step);
		else
			elapsed_text(tick->text, sizeof(tick->text), k * step, step, digits);
	}
}

void axis_divide(const struct axis *axis, unsigned most, struct axis_ticks *ticks)
{
	ticks->count = 0;
	if (axis->kind == AXIS_NUMBER || axis->kind == AXIS_FREQUENCY)
		divide_numbers(axis, most, ticks);
	else
		divide_time(axis, most, ticks);
}
